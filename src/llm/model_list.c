/* SPDX-License-Identifier: MIT */
/* A row for each API: how it prints a model, what stands around a list of them, and how its pages are asked for. */
#include "llm/model_list.h"

#include "wire/json.h"

/* Part of a list. */
struct page {
	const struct listed_model *v;
	size_t n;
	bool more; /* others follow; with before_id: precede */
};

struct shape {
	void (*print)(struct buf *out, const struct listed_model *m);
	const char *open;
	/* What follows the models. */
	void (*close)(struct buf *out, const struct page *p);
	const char *limit, *after, *before; /* parameters of the query; NULL: it has none */
	uint64_t limit_default, limit_max;
};

static void add_limit(struct buf *out, const char *name, int64_t tokens)
{
	if (tokens > 0)
		buf_addf(out, ",\"%s\":%lld", name, (long long)tokens);
}

/* ---- Anthropic ---- */

/* When a model came is not known; the API's word for that is the epoch. */
static void print_anthropic(struct buf *out, const struct listed_model *m)
{
	buf_add(out, STR("{\"type\":\"model\",\"id\":"));
	json_add_string(out, m->id);
	buf_add(out, STR(",\"display_name\":"));
	json_add_string(out, m->id);
	buf_add(out, STR(",\"created_at\":\"1970-01-01T00:00:00Z\""));
	add_limit(out, "max_input_tokens", m->context_tokens);
	add_limit(out, "max_tokens", m->output_tokens);
	buf_add_char(out, '}');
}

static void add_id(struct buf *out, const struct page *p, size_t i)
{
	if (p->n > 0)
		json_add_string(out, p->v[i].id);
	else
		buf_add(out, STR("null"));
}

static void close_anthropic(struct buf *out, const struct page *p)
{
	buf_addf(out, "],\"has_more\":%s,\"first_id\":", p->more ? "true" : "false");
	add_id(out, p, 0);
	buf_add(out, STR(",\"last_id\":"));
	add_id(out, p, p->n - 1);
	buf_add_char(out, '}');
}

/* ---- OpenAI ---- */

static void print_openai(struct buf *out, const struct listed_model *m)
{
	buf_add(out, STR("{\"id\":"));
	json_add_string(out, m->id);
	buf_add(out, STR(",\"object\":\"model\",\"created\":0,\"owned_by\":"));
	json_add_string(out, m->owner);
	buf_add_char(out, '}');
}

static void close_openai(struct buf *out, const struct page *p)
{
	(void)p;
	buf_add(out, STR("]}"));
}

/* ---- Google ---- */

static void print_google(struct buf *out, const struct listed_model *m)
{
	buf_add(out, STR("{\"name\":\"models/"));
	json_add_escaped(out, m->id);
	buf_add(out, STR("\",\"displayName\":"));
	json_add_string(out, m->id);
	add_limit(out, "inputTokenLimit", m->context_tokens);
	add_limit(out, "outputTokenLimit", m->output_tokens);
	buf_add(out, STR(",\"supportedGenerationMethods\":[\"generateContent\",\"countTokens\"]}"));
}

static void close_google(struct buf *out, const struct page *p)
{
	buf_add_char(out, ']');
	if (p->more) {
		buf_add(out, STR(",\"nextPageToken\":"));
		json_add_string(out, p->v[p->n - 1].id);
	}
	buf_add_char(out, '}');
}

/* ---- pages ---- */

static const struct shape shapes[API_FAMILIES] = {
	[API_ANTHROPIC] = { print_anthropic, "{\"data\":[", close_anthropic, "limit", "after_id",
		"before_id", 20, 1000 },
	[API_OPENAI] = { print_openai, "{\"object\":\"list\",\"data\":[", close_openai, NULL, NULL,
		NULL, UINT64_MAX, UINT64_MAX },
	[API_GOOGLE] = { print_google, "{\"models\":[", close_google, "pageSize", "pageToken", NULL,
		50, 1000 },
};

/* Of a query, its escapes resolved; p == NULL without it. */
static struct str parameter(struct str query, const char *name, struct arena *a)
{
	struct str part, wanted = str_from(name);

	while (wanted.n > 0 && str_split(&query, '&', &part))
		if (str_starts(part, wanted) && part.n > wanted.n && part.p[wanted.n] == '=')
			return http_unescape(str_from_offset(part, wanted.n + 1), a);
	return (struct str){ NULL, 0 };
}

static bool find_limit(
	const struct shape *s, struct str query, struct arena *a, uint64_t *ret, struct err *e)
{
	struct str text = parameter(query, s->limit, a);

	*ret = s->limit_default;
	if (text.n == 0)
		return true;
	if (!str_to_u64(text, ret) || *ret < 1)
		return err_set(e, ERR_INVALID, "'%s' must be a number from 1 on", s->limit);
	*ret = *ret < s->limit_max ? *ret : s->limit_max;
	return true;
}

/* The place of the model that a parameter names; list->n when it names none. */
static bool find_place(
	const struct model_list *list, struct str id, const char *name, size_t *ret, struct err *e)
{
	for (*ret = 0; *ret < list->n; ++*ret)
		if (str_eq(list->v[*ret].id, id))
			return true;
	return id.p == NULL || err_set(e, ERR_INVALID, "'%s' is no model of the list", name);
}

static bool find_page(const struct shape *s, const struct model_list *list, struct str query,
	struct page *ret, struct err *e)
{
	struct arena *a = arena_new_small();
	struct str after = parameter(query, s->after, a), before = parameter(query, s->before, a);
	size_t from, to;
	uint64_t limit;
	bool ok = find_limit(s, query, a, &limit, e) &&
		  find_place(list, after, s->after, &from, e) &&
		  find_place(list, before, s->before, &to, e);

	if (ok) {
		from = after.p != NULL ? from + 1 : 0;
		to = to < from ? from : to;
		ret->n = to - from < limit ? to - from : (size_t)limit;
		ret->more = ret->n < to - from;
		ret->v = before.p != NULL ? list->v + (to - ret->n) : list->v + from;
	}
	arena_free(a);
	return ok;
}

bool model_list_print(struct buf *out, enum api_family family, const struct model_list *list,
	struct str query, struct err *e)
{
	const struct shape *s = &shapes[family];
	struct page page;

	if (!find_page(s, list, query, &page, e))
		return false;
	buf_add(out, str_from(s->open));
	for (size_t i = 0; i < page.n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		s->print(out, &page.v[i]);
	}
	s->close(out, &page);
	return true;
}

void model_list_print_one(struct buf *out, enum api_family family, const struct listed_model *m)
{
	shapes[family].print(out, m);
}

struct str model_list_id(struct str path, struct arena *a)
{
	const struct str dir = STR("/models/");
	size_t at = str_find(path, dir);

	return at < path.n ? http_unescape(str_from_offset(path, at + dir.n), a) : STR("");
}
