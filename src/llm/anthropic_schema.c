/* SPDX-License-Identifier: MIT */
/* Schemas as the Anthropic API takes them. Of replies: objects must be closed, and bounds of numbers, texts and lists are refused; what
 * other clients send says neither. Of tools: no alternatives at the top. Source: the vendor's pages on structured outputs and tools. */
#include "llm/anthropic.h"
#include "wire/json_text.h"

struct filter {
	struct buf *out;
	bool dropped;
};

enum keyword { KW_OTHER, KW_MAP, KW_SCHEMA, KW_LIST, KW_ADDITIONAL, KW_MIN_ITEMS, KW_BOUND };

static enum keyword keyword_of(struct str key)
{
	static const struct {
		struct str name;
		enum keyword kind;
	} rows[] = {
		{ STR_INIT("properties"), KW_MAP },
		{ STR_INIT("$defs"), KW_MAP },
		{ STR_INIT("definitions"), KW_MAP },
		{ STR_INIT("items"), KW_SCHEMA },
		{ STR_INIT("anyOf"), KW_LIST },
		{ STR_INIT("oneOf"), KW_LIST },
		{ STR_INIT("allOf"), KW_LIST },
		{ STR_INIT("additionalProperties"), KW_ADDITIONAL },
		{ STR_INIT("minItems"), KW_MIN_ITEMS },
		{ STR_INIT("maxItems"), KW_BOUND },
		{ STR_INIT("uniqueItems"), KW_BOUND },
		{ STR_INIT("minLength"), KW_BOUND },
		{ STR_INIT("maxLength"), KW_BOUND },
		{ STR_INIT("minimum"), KW_BOUND },
		{ STR_INIT("maximum"), KW_BOUND },
		{ STR_INIT("exclusiveMinimum"), KW_BOUND },
		{ STR_INIT("exclusiveMaximum"), KW_BOUND },
		{ STR_INIT("multipleOf"), KW_BOUND },
		{ STR_INIT("minProperties"), KW_BOUND },
		{ STR_INIT("maxProperties"), KW_BOUND },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(key, rows[i].name))
			return rows[i].kind;
	return KW_OTHER;
}

static void add_key(struct filter *f, struct str key, const char **comma)
{
	buf_add(f->out, str_from(*comma));
	*comma = ",";
	json_add_quoted(f->out, key);
	buf_add_char(f->out, ':');
}

static void add_schema(struct filter *f, struct json_iter *it, struct err *e);

/* Schemas by names, or in a list; anything else as it is. */
static void add_schemas(struct filter *f, struct json_iter *it, char open, struct err *e)
{
	struct json_iter inner;
	struct str key, other;
	const char *comma = "";

	if (json_peek(it) != open) {
		if (json_take(it, &other, e))
			json_add_compact(f->out, other);
		return;
	}
	if (!json_enter(it, &inner, e))
		return;
	buf_add_char(f->out, open);
	while (e->kind == ERR_NONE && json_next_key(&inner, &key, e)) {
		if (open == '{')
			add_key(f, key, &comma);
		else
			buf_add(f->out, str_from(comma));
		comma = ",";
		add_schema(f, &inner, e);
	}
	buf_add_char(f->out, open == '{' ? '}' : ']');
	json_leave(it, &inner);
}

/* A bound that is left out; of minItems 0 and 1 are taken. */
static void drop_bound(
	struct filter *f, struct str key, struct str value, bool min_items, const char **comma)
{
	if (min_items && (str_eq(value, STR("0")) || str_eq(value, STR("1")))) {
		add_key(f, key, comma);
		buf_add(f->out, value);
		return;
	}
	f->dropped = true;
}

/* Whether the member says that the schema is one of objects. */
static bool tells_object(struct str key, struct str value)
{
	return json_key_is(key, STR("type")) && str_find(value, STR("\"object\"")) < value.n;
}

static bool add_member(
	struct filter *f, struct json_iter *it, struct str key, const char **comma, struct err *e)
{
	const enum keyword k = keyword_of(key);
	struct str value = STR("");

	if (k == KW_MAP || k == KW_SCHEMA || k == KW_LIST) {
		add_key(f, json_key_is(key, STR("oneOf")) ? STR("anyOf") : key, comma);
		if (k == KW_SCHEMA)
			add_schema(f, it, e);
		else
			add_schemas(f, it, k == KW_MAP ? '{' : '[', e);
		return json_key_is(key, STR("properties"));
	}
	if (!json_take(it, &value, e))
		return false;
	if (k == KW_ADDITIONAL) {
		f->dropped = f->dropped || !str_eq(value, STR("false"));
		return true;
	}
	if (k == KW_BOUND || k == KW_MIN_ITEMS) {
		drop_bound(f, key, value, k == KW_MIN_ITEMS, comma);
		return false;
	}
	add_key(f, key, comma);
	json_add_compact(f->out, value);
	return tells_object(key, value);
}

static void add_members(struct filter *f, struct json_iter *it, struct err *e)
{
	struct str key;
	const char *comma = "";
	bool object = false;

	buf_add_char(f->out, '{');
	while (e->kind == ERR_NONE && json_next_key(it, &key, e))
		object |= add_member(f, it, key, &comma, e);
	if (object) {
		add_key(f, STR("additionalProperties"), &comma);
		buf_add(f->out, STR("false"));
	}
	buf_add_char(f->out, '}');
}

/* The one before which the walk stands; true and false are schemas, too. */
static void add_schema(struct filter *f, struct json_iter *it, struct err *e)
{
	struct json_iter inner;
	struct str other;

	if (json_peek(it) == '{' && json_enter(it, &inner, e)) {
		add_members(f, &inner, e);
		json_leave(it, &inner);
	} else if (json_take(it, &other, e)) {
		json_add_compact(f->out, other);
	}
}

bool anthropic_add_schema(struct buf *out, struct str schema)
{
	struct filter f = { .out = out };
	struct json_iter it;
	struct err e = { 0 };

	if (json_iter_init(&it, schema, &e))
		add_members(&f, &it, &e);
	else
		buf_add(out, STR("{}"));
	return f.dropped;
}

bool anthropic_add_parameters(struct buf *out, struct str schema)
{
	struct filter f = { .out = out };
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	const char *comma = "";

	if (schema.n == 0 || !json_iter_init(&it, schema, &e) || !json_next(&it, &m, &e)) {
		buf_add(out, STR("{\"type\":\"object\",\"properties\":{}}"));
		return false;
	}
	buf_add_char(out, '{');
	if (json_get(schema, STR("type")).p == NULL) {
		add_key(&f, STR("type"), &comma);
		buf_add(out, STR("\"object\""));
	}
	do {
		if (keyword_of(m.key) == KW_LIST) {
			f.dropped = true;
			continue;
		}
		add_key(&f, m.key, &comma);
		json_add_compact(out, m.value);
	} while (json_next(&it, &m, &e));
	buf_add_char(out, '}');
	return f.dropped;
}
