/* SPDX-License-Identifier: MIT */
/* Pictures and papers for models that cannot see them. */
#include "llm/fit.h"

#include "wire/json_text.h"

static const char *lacking(const struct part *p, const struct target *t)
{
	if (p->kind == PART_IMAGE && !t->caps.vision)
		return "images";
	if (p->kind == PART_DOCUMENT && (!t->caps.pdf || !t->flavor->pdf))
		return "documents";
	return NULL;
}

/* Says in its place what it was. */
static void replace(struct part *p, struct content *c)
{
	struct str type = p->media_type.n > 0 ? p->media_type : STR("by address");

	warn(&c->warnings, p->kind == PART_IMAGE ? "image_omitted" : "document_omitted");
	*p = (struct part){ .next = p->next,
		.kind = PART_TEXT,
		.mark = p->mark,
		.text = arena_printf(c->arena, "[%s omitted: %.*s]",
			p->kind == PART_IMAGE ? "image" : "document", STR_ARG(type)) };
}

static bool fit(struct part *p, struct content *c, const struct target *t, struct err *e)
{
	for (; p != NULL; p = p->next) {
		const char *what = lacking(p, t);
		if (p->kind == PART_RESULT && !fit(p->parts, c, t, e))
			return false;
		if (what == NULL)
			continue;
		if (!t->placeholders)
			return err_set(e, ERR_INVALID, "model '%.*s' takes no %s",
				STR_ARG(t->model), what);
		replace(p, c);
	}
	return true;
}

bool content_fit(struct content *c, const struct target *t, struct err *e)
{
	for (struct turn *turn = c->turns; turn != NULL; turn = turn->next)
		if (!fit(turn->parts.first, c, t, e))
			return false;
	return true;
}
