/* SPDX-License-Identifier: MIT */
/* JSON Schemas as the API takes them. A schema's members are looked at before any is
 * printed, for some of them change what becomes of the others ($ref, allOf); values further down are only passed over then. */
#include "llm/gemini.h"

#include <stdlib.h>
#include <string.h>

enum keyword {
	KW_ID,
	KW_DEFS,
	KW_REF,
	KW_ANCHOR,
	KW_TYPE,
	KW_FORMAT,
	KW_TITLE,
	KW_DESCRIPTION,
	KW_ENUM,
	KW_ITEMS,
	KW_PREFIX_ITEMS,
	KW_MIN_ITEMS,
	KW_MAX_ITEMS,
	KW_MINIMUM,
	KW_MAXIMUM,
	KW_ANY_OF,
	KW_ONE_OF,
	KW_PROPERTIES,
	KW_ADDITIONAL,
	KW_REQUIRED,
	KW_ORDERING,
	KEYWORDS,
	/* Not printed as they are. */
	KW_CONST = KEYWORDS,
	KW_ALL_OF,
	KW_DEFINITIONS,
	KW_NONE,
};

enum shape {
	SHAPE_RAW,
	SHAPE_REF,
	SHAPE_ENUM,
	SHAPE_SCHEMA,
	SHAPE_LIST,
	SHAPE_MAP,
	SHAPE_TYPE,
	SHAPE_COUNT
};

struct row {
	struct str name;
	enum shape shape;
	bool open; /* part of the OpenAPI subset */
};

static const struct row rows[] = {
	[KW_ID] = { STR_INIT("$id"), SHAPE_RAW, false },
	[KW_DEFS] = { STR_INIT("$defs"), SHAPE_MAP, false },
	[KW_REF] = { STR_INIT("$ref"), SHAPE_REF, false },
	[KW_ANCHOR] = { STR_INIT("$anchor"), SHAPE_RAW, false },
	[KW_TYPE] = { STR_INIT("type"), SHAPE_TYPE, true },
	[KW_FORMAT] = { STR_INIT("format"), SHAPE_RAW, true },
	[KW_TITLE] = { STR_INIT("title"), SHAPE_RAW, true },
	[KW_DESCRIPTION] = { STR_INIT("description"), SHAPE_RAW, true },
	[KW_ENUM] = { STR_INIT("enum"), SHAPE_ENUM, true },
	[KW_ITEMS] = { STR_INIT("items"), SHAPE_SCHEMA, true },
	[KW_PREFIX_ITEMS] = { STR_INIT("prefixItems"), SHAPE_LIST, false },
	[KW_MIN_ITEMS] = { STR_INIT("minItems"), SHAPE_COUNT, true },
	[KW_MAX_ITEMS] = { STR_INIT("maxItems"), SHAPE_COUNT, true },
	[KW_MINIMUM] = { STR_INIT("minimum"), SHAPE_RAW, true },
	[KW_MAXIMUM] = { STR_INIT("maximum"), SHAPE_RAW, true },
	[KW_ANY_OF] = { STR_INIT("anyOf"), SHAPE_LIST, true },
	[KW_ONE_OF] = { STR_INIT("oneOf"), SHAPE_LIST, false },
	[KW_PROPERTIES] = { STR_INIT("properties"), SHAPE_MAP, true },
	[KW_ADDITIONAL] = { STR_INIT("additionalProperties"), SHAPE_SCHEMA, false },
	[KW_REQUIRED] = { STR_INIT("required"), SHAPE_LIST, true },
	[KW_ORDERING] = { STR_INIT("propertyOrdering"), SHAPE_RAW, true },
	[KW_CONST] = { STR_INIT("const"), SHAPE_RAW, false },
	[KW_ALL_OF] = { STR_INIT("allOf"), SHAPE_LIST, false },
	[KW_DEFINITIONS] = { STR_INIT("definitions"), SHAPE_MAP, false },
};

/* Members that allOf can bring a second time, and how often. */
enum { PIECES_MAX = 8, ALL_OF_DEPTH_MAX = 8 };
enum joined { JOIN_PROPERTIES, JOIN_REQUIRED, JOIN_DEFS, JOINS, JOIN_NOT = JOINS };

/* One schema: raw values of the members to print, in the order in which they came. */
struct node {
	struct str value[KEYWORDS];
	uint8_t order[KEYWORDS];
	uint8_t n;
	uint8_t npieces[JOINS];
	struct str all_of;
	struct str piece[JOINS][PIECES_MAX];
};

struct filter {
	struct buf *out;
	bool open; /* the OpenAPI subset */
	bool dropped;
};

/* By length first, for every member of every schema comes here. */
static enum keyword keyword_of(struct str key)
{
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		if (key.n == rows[i].name.n && key.p[key.n - 1] == rows[i].name.p[key.n - 1] &&
			memcmp(key.p, rows[i].name.p, key.n) == 0)
			return i;
	return KW_NONE;
}

static enum joined join_of(enum keyword k)
{
	if (k == KW_PROPERTIES)
		return JOIN_PROPERTIES;
	if (k == KW_REQUIRED)
		return JOIN_REQUIRED;
	return k == KW_DEFS ? JOIN_DEFS : JOIN_NOT;
}

static bool is_scalar(struct str v)
{
	return v.n > 0 && (v.p[0] == '"' || v.p[0] == '-' || (v.p[0] >= '0' && v.p[0] <= '9'));
}

static bool begins(struct str v, char c)
{
	return v.n > 0 && v.p[0] == c;
}

/* ---- what a schema says ---- */

static void keep(struct filter *f, struct node *n, enum keyword k, struct str value)
{
	const enum joined j = join_of(k);
	const bool again = n->value[k].p != NULL;

	if (j != JOIN_NOT) {
		if (n->npieces[j] == PIECES_MAX || !begins(value, j == JOIN_REQUIRED ? '[' : '{')) {
			f->dropped = true;
			return;
		}
		n->piece[j][n->npieces[j]++] = value;
	} else if (again) {
		f->dropped |= !str_eq(n->value[k], value);
		return;
	}
	if (!again)
		n->order[n->n++] = (uint8_t)k;
	n->value[k] = value;
}

static void collect_member(struct filter *f, struct node *n, const struct json_member *m)
{
	enum keyword k = keyword_of(m->key);

	if (k == KW_DEFINITIONS)
		k = KW_DEFS;
	if (k == KW_ONE_OF && f->open)
		k = KW_ANY_OF;
	if (k == KW_ALL_OF && n->all_of.p == NULL)
		n->all_of = m->value;
	else if (k == KW_CONST && is_scalar(m->value))
		keep(f, n, KW_ENUM, m->value);
	else if (k < KEYWORDS && (!f->open || rows[k].open))
		keep(f, n, k, m->value);
	else
		f->dropped = true;
}

static void collect(struct filter *f, struct node *n, struct json_iter *it, unsigned depth);

static int compare_strs(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static size_t count_members(struct str object)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	size_t n = 0;

	if (json_iter_init(&it, object, &e))
		while (json_next(&it, &m, &e))
			n++;
	return n;
}

static bool is_empty(struct str object)
{
	struct json_iter it;
	struct str key;
	struct err e = { 0 };

	return !json_iter_init(&it, object, &e) || !json_next_key(&it, &key, &e);
}

/* Whether no property comes in two of the pieces. */
static bool are_disjoint(const struct node *n)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	size_t total = 0, k = 0;
	bool ok = true;

	if (n->npieces[JOIN_PROPERTIES] < 2)
		return true;
	for (unsigned i = 0; i < n->npieces[JOIN_PROPERTIES]; i++)
		total += count_members(n->piece[JOIN_PROPERTIES][i]);
	struct str *names = must_alloc((total + 1) * sizeof(*names));
	for (unsigned i = 0; i < n->npieces[JOIN_PROPERTIES]; i++) {
		if (!json_iter_init(&it, n->piece[JOIN_PROPERTIES][i], &e))
			continue;
		while (k < total && json_next(&it, &m, &e))
			names[k++] = m.key;
	}
	qsort(names, k, sizeof(*names), compare_strs);
	for (size_t i = 1; i < k; i++)
		ok = ok && !str_eq(names[i - 1], names[i]);
	free(names);
	return ok;
}

/* One member says what the schema itself could; several, where they do not contradict each other. */
static void join_all_of(struct filter *f, struct node *n, unsigned depth)
{
	struct node joined = *n;
	struct json_iter it, member;
	struct json_member m;
	struct err e = { 0 };
	unsigned members = 0;
	bool refs = n->value[KW_REF].p != NULL;

	joined.all_of = (struct str){ NULL, 0 };
	if (depth == ALL_OF_DEPTH_MAX || !json_iter_init_array(&it, n->all_of, &e)) {
		f->dropped = true;
		return;
	}
	while (json_next(&it, &m, &e)) {
		members++;
		if (json_iter_init(&member, m.value, &e))
			collect(f, &joined, &member, depth + 1);
		e.kind = ERR_NONE;
		refs = refs || joined.value[KW_REF].p != NULL;
	}
	if ((members > 1 && refs) || !are_disjoint(&joined)) {
		f->dropped = true;
		return;
	}
	*n = joined;
}

/* All members of an object, up to its end. */
static void collect(struct filter *f, struct node *n, struct json_iter *it, unsigned depth)
{
	struct json_member m;
	struct err e = { 0 };

	while (json_next(it, &m, &e))
		collect_member(f, n, &m);
	if (n->all_of.p != NULL) {
		join_all_of(f, n, depth);
		n->all_of = (struct str){ NULL, 0 };
	}
}

static void node_begin(struct node *n)
{
	/* Pieces count only as far as they have been set. */
	memset(n, 0, offsetof(struct node, piece));
}

/* ---- printing ---- */

static void add_schema(struct filter *f, struct str schema);
static void add_next(struct filter *f, struct json_iter *it, struct err *e);

static void add_separator(struct filter *f, bool *first)
{
	if (!*first)
		buf_add_char(f->out, ',');
	*first = false;
}

static void add_key(struct filter *f, struct str name, bool *first)
{
	struct buf *out = f->out;

	if (!buf_reserve(out, name.n + 4))
		return;
	out->p[out->n] = ',';
	out->n += *first ? 0 : 1;
	*first = false;
	out->p[out->n++] = '"';
	memcpy(out->p + out->n, name.p, name.n);
	out->n += name.n;
	out->p[out->n++] = '"';
	out->p[out->n++] = ':';
}

/* "#/definitions/E" is "#/$defs/E" now. */
static void add_ref(struct filter *f, struct str value)
{
	const struct str old = STR("\"#/definitions/");

	if (!str_starts(value, old)) {
		json_add_compact(f->out, value);
		return;
	}
	buf_add(f->out, STR("\"#/$defs/"));
	buf_add(f->out, str_from_offset(value, old.n));
}

/* Strings and numbers only. */
static void add_enum(struct filter *f, struct str value)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	bool first = true;

	buf_add_char(f->out, '[');
	if (!begins(value, '[')) {
		json_add_compact(f->out, value);
	} else if (json_iter_init_array(&it, value, &e)) {
		while (json_next(&it, &m, &e)) {
			if (!is_scalar(m.value)) {
				f->dropped = true;
				continue;
			}
			add_separator(f, &first);
			json_add_compact(f->out, m.value);
		}
	}
	buf_add_char(f->out, ']');
}

static void add_list(struct filter *f, struct str list)
{
	struct json_iter it;
	struct str key;
	struct err e = { 0 };
	bool first = true;

	buf_add_char(f->out, '[');
	if (json_iter_init_array(&it, list, &e))
		while (json_next_key(&it, &key, &e)) {
			add_separator(f, &first);
			add_next(f, &it, &e);
		}
	buf_add_char(f->out, ']');
}

static void add_map(struct filter *f, const struct node *n, enum joined j)
{
	struct json_iter it;
	struct str key;
	struct err e = { 0 };
	bool first = true;

	buf_add_char(f->out, '{');
	for (unsigned i = 0; i < n->npieces[j]; i++) {
		if (!json_iter_init(&it, n->piece[j][i], &e))
			continue;
		while (json_next_key(&it, &key, &e)) {
			add_key(f, key, &first);
			add_next(f, &it, &e);
		}
	}
	buf_add_char(f->out, '}');
}

/* What has escapes is no name of a type, and stays as it is. */
static void add_upper(struct buf *out, struct str inner)
{
	const bool name = str_find_char(inner, '\\') == inner.n;

	buf_add_char(out, '"');
	for (size_t i = 0; i < inner.n; i++) {
		const char c = inner.p[i];
		buf_add_char(out, name && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	buf_add_char(out, '"');
}

/* In the OpenAPI subset one upper-case name, and null as a member of its own. */
static void add_type(struct filter *f, struct str value)
{
	struct json_iter it;
	struct json_member m = { .value = value };
	struct err e = { 0 };
	struct str type = { NULL, 0 };
	bool nullable = false;

	if (!f->open) {
		json_add_compact(f->out, value);
		return;
	}
	if (begins(value, '[') && json_iter_init_array(&it, value, &e)) {
		while (json_next(&it, &m, &e)) {
			const bool is_null = str_eq(m.value, STR("\"null\""));
			nullable = nullable || is_null;
			f->dropped |= !is_null && type.p != NULL;
			if (!is_null && type.p == NULL)
				type = m.value;
		}
	} else {
		type = value;
	}
	add_upper(f->out, type.p != NULL ? json_inner(type) : STR("string"));
	buf_add(f->out, nullable ? STR(",\"nullable\":true") : STR(""));
}

static void add_count(struct filter *f, struct str value)
{
	const bool quote = f->open && !begins(value, '"');

	buf_add(f->out, quote ? STR("\"") : STR(""));
	json_add_compact(f->out, value);
	buf_add(f->out, quote ? STR("\"") : STR(""));
}

static bool is_bool(struct str v)
{
	return begins(v, 't') || begins(v, 'f');
}

/* Whether there is something to be printed of a member. */
static bool is_usable(enum keyword k, struct str v)
{
	if (k == KW_REQUIRED || k == KW_PROPERTIES || k == KW_DEFS)
		return true;
	switch (rows[k].shape) {
	case SHAPE_SCHEMA:
		return begins(v, '{') || (k == KW_ADDITIONAL ? is_bool(v) : begins(v, 't'));
	case SHAPE_LIST:
		return begins(v, '[');
	case SHAPE_ENUM:
		return begins(v, '[') || is_scalar(v);
	default:
		return v.n > 0;
	}
}

static void add_value(struct filter *f, const struct node *n, enum keyword k)
{
	const struct str v = n->value[k];

	switch (rows[k].shape) {
	case SHAPE_REF:
		add_ref(f, v);
		break;
	case SHAPE_ENUM:
		add_enum(f, v);
		break;
	case SHAPE_TYPE:
		add_type(f, v);
		break;
	case SHAPE_COUNT:
		add_count(f, v);
		break;
	case SHAPE_MAP:
		add_map(f, n, join_of(k));
		break;
	case SHAPE_SCHEMA:
		if (k == KW_ADDITIONAL && is_bool(v))
			buf_add(f->out, v);
		else
			add_schema(f, v);
		break;
	case SHAPE_LIST:
		add_list(f, v);
		break;
	case SHAPE_RAW:
		json_add_compact(f->out, v);
		break;
	}
}

/* Names, of all that say some. */
static void add_required(struct filter *f, const struct node *n)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	bool first = true;

	buf_add_char(f->out, '[');
	for (unsigned i = 0; i < n->npieces[JOIN_REQUIRED]; i++) {
		if (!json_iter_init_array(&it, n->piece[JOIN_REQUIRED][i], &e))
			continue;
		while (json_next(&it, &m, &e)) {
			add_separator(f, &first);
			json_add_compact(f->out, m.value);
		}
	}
	buf_add_char(f->out, ']');
}

/* The schema of each item, as it was written before prefixItems had its name. */
static bool is_tuple(const struct node *n, enum keyword k)
{
	return k == KW_ITEMS && begins(n->value[k], '[') && n->value[KW_PREFIX_ITEMS].p == NULL;
}

static void add_member(struct filter *f, const struct node *n, enum keyword k, bool *first)
{
	if (is_tuple(n, k) && !f->open) {
		add_key(f, rows[KW_PREFIX_ITEMS].name, first);
		add_list(f, n->value[k]);
		return;
	}
	if (!is_usable(k, n->value[k])) {
		f->dropped = true;
		return;
	}
	add_key(f, rows[k].name, first);
	if (k == KW_REQUIRED)
		add_required(f, n);
	else
		add_value(f, n, k);
}

/* Beside a $ref nothing may stand but its like. */
static void add_node(struct filter *f, const struct node *n)
{
	const bool ref = n->value[KW_REF].p != NULL;
	bool first = true;

	buf_add_char(f->out, '{');
	for (unsigned i = 0; i < n->n; i++) {
		if (ref && rows[n->order[i]].name.p[0] != '$')
			f->dropped = true;
		else
			add_member(f, n, n->order[i], &first);
	}
	buf_add_char(f->out, '}');
}

/* The one before which the walk stands. true is a schema too, and takes everything; what is none takes everything as well. */
static void add_next(struct filter *f, struct json_iter *it, struct err *e)
{
	struct json_iter child;
	struct node n;
	struct str other;

	node_begin(&n);
	if (json_peek(it) == '{' && json_enter(it, &child, e)) {
		collect(f, &n, &child, 0);
		json_leave(it, &child);
	} else if (json_take(it, &other, e)) {
		f->dropped |= !begins(other, 't');
	}
	add_node(f, &n);
}

static void add_schema(struct filter *f, struct str schema)
{
	struct json_iter it;
	struct node n;
	struct err e = { 0 };

	node_begin(&n);
	if (json_iter_init(&it, schema, &e))
		collect(f, &n, &it, 0);
	else
		f->dropped |= !begins(schema, 't');
	add_node(f, &n);
}

bool gemini_add_schema(struct buf *out, struct str schema, bool open)
{
	struct filter f = { .out = out, .open = open };

	add_schema(&f, schema);
	return f.dropped;
}

/* An object without any members. */
static bool takes_nothing(const struct node *n)
{
	static const enum keyword more[] = { KW_REF, KW_ANY_OF, KW_ONE_OF };
	const struct str rest = n->value[KW_ADDITIONAL];

	for (unsigned i = 0; i < n->npieces[JOIN_PROPERTIES]; i++)
		if (!is_empty(n->piece[JOIN_PROPERTIES][i]))
			return false;
	for (unsigned i = 0; i < ARRAY_LEN(more); i++)
		if (n->value[more[i]].p != NULL)
			return false;
	return !begins(rest, '{') && !begins(rest, 't');
}

bool gemini_add_parameters(struct buf *out, struct str schema, bool open)
{
	struct filter f = { .out = out, .open = open };
	struct json_iter it;
	struct node n;
	struct err e = { 0 };

	node_begin(&n);
	if (!json_iter_init(&it, schema, &e))
		return false;
	collect(&f, &n, &it, 0);
	if (takes_nothing(&n))
		return false;
	buf_add(out, open ? STR(",\"parameters\":") : STR(",\"parametersJsonSchema\":"));
	add_node(&f, &n);
	return f.dropped;
}
