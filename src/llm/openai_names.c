/* SPDX-License-Identifier: MIT */
/* Tools: their names, the ids of their calls and their schemas in the shape that OpenAI takes, for requests from clients whose own APIs take
 * more. All of it is pure: the same goes out the same way in each request of a conversation. Source: the error messages of the API. */
#include "llm/openai.h"

#include "llm/ids.h"
#include "wire/hash.h"
#include "wire/json_text.h"

enum {
	NAME_MAX_BYTES = 64,
	NAME_KEPT = 51, /* of one that is changed, before '_' and 12 digits */
	ID_MAX_BYTES = 40,
	SHORT_ID = 9,
};

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_name_char(char c)
{
	return is_alnum(c) || c == '_' || c == '-';
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_name_char(s.p[i]))
			return false;
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

static struct str fit_name(struct str escaped, struct arena *a)
{
	struct digest d;
	struct buf b;
	struct str ret;

	if (is_name(escaped))
		return escaped;
	d = hash_of(escaped);
	buf_init(&b, NAME_MAX_BYTES);
	for (size_t i = 0; i < escaped.n && i < NAME_KEPT; i++)
		buf_add_char(&b, is_name_char(escaped.p[i]) ? escaped.p[i] : '_');
	buf_add_char(&b, '_');
	digest_print(&b, &d, 6);
	ret = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return ret;
}

void openai_fit_names(struct content *c)
{
	for (struct tool *t = c->tools; t != NULL; t = t->next)
		if (t->kind != TOOL_SERVER)
			t->wire_name = fit_name(t->wire_name, c->arena);
	for (size_t i = 0; i < c->choice_names.n; i++)
		c->choice_names.v[i] = fit_name(c->choice_names.v[i], c->arena);
	for (struct turn *t = c->turns; t != NULL; t = t->next)
		for (struct part *p = t->parts.first; p != NULL; p = p->next)
			if (p->kind == PART_CALL || p->kind == PART_RESULT)
				p->name = fit_name(p->name, c->arena);
}

static struct str hashed(const char *prefix, struct str id, size_t digits, struct arena *a)
{
	struct digest d = hash_of(id);
	struct buf b;
	struct str ret;

	buf_init(&b, ID_MAX_BYTES);
	buf_add(&b, str_from(prefix));
	digest_print(&b, &d, (digits + 1) / 2);
	ret = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return ret;
}

static bool is_short(struct str id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!is_alnum(id.p[i]))
			return false;
	return id.n == SHORT_ID;
}

struct str openai_call_id(struct str id, const struct flavor *f, struct arena *a)
{
	if (f->short_ids)
		return is_short(id) ? id : (struct str){ hashed("", id, SHORT_ID, a).p, SHORT_ID };
	id = id_of_call(id, "call_", a);
	return f->responses && id.n > ID_MAX_BYTES ? hashed("call_x", id, 24, a) : id;
}

void openai_add_parameters(struct buf *out, struct str schema)
{
	struct json_iter it;
	struct json_member m;
	struct err none = { 0 };
	bool object = false, properties = false;

	if (json_iter_init(&it, schema, &none))
		while (json_next(&it, &m, &none)) {
			object = object || (json_key_is(m.key, STR("type")) &&
						   str_eq(m.value, STR("\"object\"")));
			properties = properties || json_key_is(m.key, STR("properties"));
		}
	json_add_compact(out, schema);
	if (!object || properties || out->overflow)
		return;
	out->n--; /* the brace, which returns */
	buf_add(out, STR(",\"properties\":{}}"));
}

/* "web_search_20260318": tools of the Anthropic API have a date, and its clients rely on those that they ask for. Clients of others
 * list such tools as a matter of habit. */
static bool is_dated(struct str type)
{
	uint64_t date;

	return type.n > 9 && type.p[type.n - 9] == '_' &&
	       str_to_u64(str_from_offset(type, type.n - 8), &date);
}

bool openai_check_server_tools(struct content *c, struct err *e)
{
	size_t i = 0;

	for (const struct tool *t = c->tools; t != NULL; t = t->next, i++) {
		if (t->kind != TOOL_SERVER)
			continue;
		if (is_dated(t->type))
			return err_set(e, ERR_INVALID,
				"tools.%zu: server tool \"%.*s\" is not available on this route", i,
				STR_ARG(t->type));
		warn(&c->warnings, "server_tool_dropped");
	}
	return true;
}
