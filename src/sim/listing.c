/* SPDX-License-Identifier: MIT */
/* Pages of models, in the order of the price table, and what each API tells of one. */
#include "sim/listing.h"

#include "sim/model.h"
#include "wire/json.h"

enum { PAGE = 20, PAGE_MAX = 1000 };

static const char *yes(bool is)
{
	return is ? "{\"supported\":true}" : "{\"supported\":false}";
}

static void print_capabilities(struct buf *out, unsigned flags)
{
	buf_addf(out,
		",\"capabilities\":{\"thinking\":{\"types\":{\"adaptive\":%s,\"enabled\":%s,\"disabled\":%s,"
		"\"between_tools\":%s}},\"image_input\":%s}",
		yes((flags & MODEL_ADAPTIVE) != 0), yes((flags & MODEL_BUDGET) != 0),
		yes((flags & MODEL_NO_OFF) == 0), yes((flags & MODEL_BETWEEN_TOOLS) != 0),
		yes(true));
}

static void print_anthropic(struct buf *out, const struct model *m)
{
	buf_add(out, STR("{\"type\":\"model\",\"id\":"));
	json_add_string(out, m->name);
	buf_add(out, STR(",\"display_name\":"));
	json_add_string(out, m->name);
	buf_addf(out,
		",\"created_at\":\"1970-01-01T00:00:00Z\",\"max_input_tokens\":%lld,\"max_tokens\":%lld",
		(long long)m->window, (long long)m->max_output);
	print_capabilities(out, m->family->flags);
	buf_add_char(out, '}');
}

static struct str query_member(struct str query, const char *name)
{
	struct str part;

	while (str_split(&query, '&', &part)) {
		size_t eq = str_find_char(part, '=');
		if (str_eq((struct str){ part.p, eq }, str_from(name)) && eq < part.n)
			return str_from_offset(part, eq + 1);
	}
	return (struct str){ NULL, 0 };
}

/* The row behind the one of that name; 0 when there is none. */
static size_t row_after(const struct prices *prices, struct str name)
{
	for (size_t i = 0; i < prices->n; i++)
		if (str_eq(prices->rows[i].model, name))
			return i + 1;
	return 0;
}

/* Anthropic's lists come in pages. */
static bool print_page(struct buf *out, const struct listing *l)
{
	struct str limit = query_member(l->query, "limit");
	struct str after = query_member(l->query, "after_id"), first = STR(""), last = STR("");
	uint64_t most = PAGE, n = 0;
	bool more = false;

	if (limit.p != NULL && (!str_to_u64(limit, &most) || most < 1 || most > PAGE_MAX))
		return refuse(l->why, 400, "limit: Input should be between 1 and %d", PAGE_MAX);
	buf_add(out, STR("{\"data\":["));
	for (size_t i = row_after(l->prices, after); i < l->prices->n && !more; i++) {
		struct model m;
		if (!model_find(&m, l->prices, l->prices->rows[i].model, l->door->vendors))
			continue;
		more = n == most;
		if (more)
			break;
		if (n++ > 0)
			buf_add(out, STR(",\n"));
		else
			first = m.name;
		last = m.name;
		print_anthropic(out, &m);
	}
	buf_addf(out, "],\"has_more\":%s,\"first_id\":", more ? "true" : "false");
	json_add_string(out, first);
	buf_add(out, STR(",\"last_id\":"));
	json_add_string(out, last);
	buf_add_char(out, '}');
	return true;
}

static void print_openai(struct buf *out, const struct model *m)
{
	buf_add(out, STR("{\"id\":"));
	json_add_string(out, m->name);
	buf_add(out, STR(",\"object\":\"model\",\"created\":1700000000,\"owned_by\":"));
	json_add_string(out, m->price->provider);
	buf_add_char(out, '}');
}

static void print_google(struct buf *out, const struct model *m)
{
	buf_addf(out,
		"{\"name\":\"models/%.*s\",\"version\":\"001\",\"displayName\":", STR_ARG(m->name));
	json_add_string(out, m->name);
	buf_addf(out,
		",\"inputTokenLimit\":%lld,\"outputTokenLimit\":%lld,\"supportedGenerationMethods\":[\"generateContent\","
		"\"countTokens\"],\"thinking\":%s}",
		(long long)m->window, (long long)m->max_output,
		(m->family->flags & MODEL_THINKS) != 0 ? "true" : "false");
}

static void (*const print_one[])(struct buf *out, const struct model *m) = {
	[LISTING_ANTHROPIC] = print_anthropic,
	[LISTING_OPENAI] = print_openai,
	[LISTING_GOOGLE] = print_google,
};

static void print_all(struct buf *out, const struct listing *l)
{
	bool google = l->door->listing == LISTING_GOOGLE;
	const char *comma = "";

	buf_add(out, google ? STR("{\"models\":[") : STR("{\"object\":\"list\",\"data\":["));
	for (size_t i = 0; i < l->prices->n; i++) {
		struct model m;
		if (!model_find(&m, l->prices, l->prices->rows[i].model, l->door->vendors))
			continue;
		buf_add(out, str_from(comma));
		print_one[l->door->listing](out, &m);
		comma = ",\n";
	}
	buf_add(out, STR("]}"));
}

bool listing_print(struct buf *out, const struct listing *l)
{
	struct model m;

	if (l->one.p == NULL && l->door->listing == LISTING_ANTHROPIC)
		return print_page(out, l);
	if (l->one.p == NULL) {
		print_all(out, l);
		return true;
	}
	if (!model_find(&m, l->prices, l->one, l->door->vendors))
		return refuse(l->why, 404, "model: %.*s", STR_ARG(l->one));
	print_one[l->door->listing](out, &m);
	return true;
}
