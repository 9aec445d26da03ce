/* SPDX-License-Identifier: MIT */
/* Pages of models, in the order of the price table, and one model's capabilities. */
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

static void print_model(struct buf *out, const struct model *m)
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

bool listing_print(
	struct buf *out, const struct prices *prices, struct str query, struct refusal *why)
{
	struct str limit = query_member(query, "limit");
	struct str after = query_member(query, "after_id"), first = STR(""), last = STR("");
	uint64_t most = PAGE, n = 0;
	bool more = false;

	if (limit.p != NULL && (!str_to_u64(limit, &most) || most < 1 || most > PAGE_MAX))
		return refuse(why, 400, "limit: Input should be between 1 and %d", PAGE_MAX);
	buf_add(out, STR("{\"data\":["));
	for (size_t i = row_after(prices, after); i < prices->n && !more; i++) {
		struct model m;
		if (!model_is_served(&prices->rows[i]) ||
			!model_find(&m, prices, prices->rows[i].model))
			continue;
		more = n == most;
		if (more)
			break;
		if (n++ > 0)
			buf_add(out, STR(",\n"));
		else
			first = m.name;
		last = m.name;
		print_model(out, &m);
	}
	buf_addf(out, "],\"has_more\":%s,\"first_id\":", more ? "true" : "false");
	json_add_string(out, first);
	buf_add(out, STR(",\"last_id\":"));
	json_add_string(out, last);
	buf_add_char(out, '}');
	return true;
}

bool listing_print_one(
	struct buf *out, const struct prices *prices, struct str name, struct refusal *why)
{
	struct model m;

	if (!model_find(&m, prices, name))
		return refuse(why, 404, "model: %.*s", STR_ARG(name));
	print_model(out, &m);
	return true;
}
