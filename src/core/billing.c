/* SPDX-License-Identifier: MIT */
/* Tokens of a stream that has not told them yet, and prices by model and moment. */
#include "core/billing.h"

enum {
	FRAME_BYTES = 112, /* of a text delta around its text */
	TOKEN_BYTES =
		3, /* of text as JSON a token, on the short side: an estimate should not flatter */
};

struct str billing_model(const struct exchange *x, const struct outcome *o)
{
	if (o->answered_by.n > 0)
		return o->answered_by;
	return o->candidate.model.n > 0 ? o->candidate.model : x->chat.model;
}

/* A stream tells its input at once, and only the first few tokens of its output before it ends. */
int64_t billing_output(const struct outcome *o)
{
	uint64_t around = o->content_frames * FRAME_BYTES;
	int64_t text = o->content_bytes > around ? (int64_t)(o->content_bytes - around) : 0;
	int64_t guess = text / TOKEN_BYTES;

	return !o->told && o->usage.in >= 0 && o->usage.out < guess ? guess : o->usage.out;
}

static bool rates_of(const struct exchange *x, struct str model, int64_t at_ms,
	const struct usage *u, struct rates *ret)
{
	const struct price *p = prices_find(x->svc->prices, model);

	if (p != NULL)
		*ret = price_rates(p, known(u->in) + known(u->cache_read) + known(u->cache_write),
			at_ms, false);
	return p != NULL;
}

void billing_price_of(const struct exchange *x, struct str model, int64_t at_ms,
	const struct usage *u, struct cost *ret)
{
	struct rates r;

	*ret = COST_UNKNOWN;
	if (rates_of(x, model, at_ms, u, &r))
		cost_of(&r, u, ret);
}

void billing_price(
	const struct exchange *x, const struct outcome *o, const struct usage *u, struct cost *ret)
{
	billing_price_of(x, billing_model(x, o), o->begin_wall_ms, u, ret);
}

bool billing_rates(const struct exchange *x, const struct outcome *o, struct rates *ret)
{
	return rates_of(x, billing_model(x, o), o->begin_wall_ms, &o->usage, ret);
}

bool billing_is_free(const struct exchange *x, const struct outcome *o)
{
	if (!o->sent || o->status >= 400 || x->endpoint == ENDPOINT_COUNT ||
		x->endpoint == ENDPOINT_MODELS)
		return true;
	/* What was only relayed has told nothing. */
	return x->endpoint == ENDPOINT_RELAY && x->head->method != HTTP_POST;
}
