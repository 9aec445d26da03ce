/* SPDX-License-Identifier: MIT */
/* Answers which models there are, unless the provider is to say it. */
#include "core/catalog.h"
#include "stages/stages.h"

enum { LIST_MAX = 4 << 20 };

static bool print(struct exchange *x, struct buf *out)
{
	struct str id = model_list_id(x->head->path, x->arena);
	struct model_list list;
	struct listed_model one;

	if (id.n == 0) {
		list = catalog_list(x);
		return model_list_print(out, x->dialect->family, &list, x->head->query, &x->err);
	}
	if (!catalog_find(x, id, &one)) {
		err_set(&x->err, ERR_NOT_FOUND, "no model '%.*s' is known", STR_ARG(id));
		x->err.code = "model_not_found";
		return false;
	}
	model_list_print_one(out, x->dialect->family, &one);
	return true;
}

enum step stage_models(struct exchange *x)
{
	struct buf body;

	if (x->endpoint != ENDPOINT_MODELS || !catalog_is_told(x->config))
		return STEP_NEXT;
	buf_init(&body, LIST_MAX);
	bool ok = print(x, &body);
	if (ok)
		exchange_reply(x, 200, STR("application/json"), buf_str(&body), NULL);
	buf_release(&body);
	return ok ? STEP_REPLY : STEP_FAIL;
}
