/* SPDX-License-Identifier: MIT */
/* The subset of OpenAPI in which clients of the API may write their schemas, as JSON Schema. */
#include "llm/gemini.h"

static bool begins(struct str v, char c)
{
	return v.n > 0 && v.p[0] == c;
}

static void add_json_schema(struct buf *out, struct str value);

/* Lower case; null as one of two types. */
static void add_json_type(struct buf *out, struct str value, bool nullable)
{
	struct str inner = json_inner(value);

	if (inner.p == NULL) {
		json_add_compact(out, value);
		return;
	}
	buf_add(out, nullable ? STR("[\"") : STR("\""));
	for (size_t i = 0; i < inner.n; i++)
		buf_add_char(out, inner.p[i] >= 'A' && inner.p[i] <= 'Z'
					  ? (char)(inner.p[i] - 'A' + 'a')
					  : inner.p[i]);
	buf_add(out, nullable ? STR("\",\"null\"]") : STR("\""));
}

static void add_json_items(struct buf *out, struct str value, bool array)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	bool first = true;

	buf_add_char(out, array ? '[' : '{');
	if (array ? json_iter_init_array(&it, value, &e) : json_iter_init(&it, value, &e))
		while (json_next(&it, &m, &e)) {
			buf_add(out, first ? STR("") : STR(","));
			first = false;
			if (!array) {
				json_add_quoted(out, m.key);
				buf_add_char(out, ':');
			}
			add_json_schema(out, m.value);
		}
	buf_add_char(out, array ? ']' : '}');
}

enum open_member { OPEN_TYPE, OPEN_MAP, OPEN_LIST, OPEN_SCHEMA, OPEN_COUNT, OPEN_SILENT, OPEN_RAW };

static const struct {
	struct str name;
	enum open_member kind;
} open_rows[] = {
	{ STR_INIT("type"), OPEN_TYPE },
	{ STR_INIT("properties"), OPEN_MAP },
	{ STR_INIT("items"), OPEN_SCHEMA },
	{ STR_INIT("anyOf"), OPEN_LIST },
	{ STR_INIT("minItems"), OPEN_COUNT },
	{ STR_INIT("maxItems"), OPEN_COUNT },
	{ STR_INIT("minLength"), OPEN_COUNT },
	{ STR_INIT("maxLength"), OPEN_COUNT },
	{ STR_INIT("minProperties"), OPEN_COUNT },
	{ STR_INIT("maxProperties"), OPEN_COUNT },
	{ STR_INIT("nullable"), OPEN_SILENT },
	{ STR_INIT("propertyOrdering"), OPEN_SILENT },
	{ STR_INIT("example"), OPEN_SILENT },
};

static enum open_member open_member_of(struct str key, struct str *ret_name)
{
	for (size_t i = 0; i < ARRAY_LEN(open_rows); i++)
		if (gemini_key_is(key, open_rows[i].name)) {
			*ret_name = open_rows[i].name;
			return open_rows[i].kind;
		}
	*ret_name = key;
	return OPEN_RAW;
}

static void add_json_value(struct buf *out, struct str value, enum open_member kind, bool nullable)
{
	uint64_t count;

	if (kind == OPEN_TYPE)
		add_json_type(out, value, nullable);
	else if (kind == OPEN_MAP && begins(value, '{'))
		add_json_items(out, value, false);
	else if (kind == OPEN_LIST && begins(value, '['))
		add_json_items(out, value, true);
	else if (kind == OPEN_SCHEMA)
		add_json_schema(out, value);
	else if (kind == OPEN_COUNT && str_to_u64(json_inner(value), &count))
		buf_add_number(out, count, 10);
	else
		json_add_compact(out, value);
}

static void add_json_schema(struct buf *out, struct str value)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct str name;
	bool first = true;

	if (!begins(value, '{') || !json_iter_init(&it, value, &e)) {
		json_add_compact(out, value);
		return;
	}
	const bool nullable = json_is_true(json_get(value, STR("nullable")));
	buf_add_char(out, '{');
	while (json_next(&it, &m, &e)) {
		enum open_member kind = open_member_of(m.key, &name);
		if (kind == OPEN_SILENT || str_eq(m.value, STR("\"TYPE_UNSPECIFIED\"")))
			continue;
		buf_add(out, first ? STR("") : STR(","));
		first = false;
		json_add_quoted(out, name);
		buf_add_char(out, ':');
		add_json_value(out, m.value, kind, nullable);
	}
	buf_add_char(out, '}');
}

void gemini_add_json_schema(struct buf *out, struct str open_schema)
{
	add_json_schema(out, open_schema);
}
