/* SPDX-License-Identifier: MIT */
/* What a setting's value may be: parsing it from text and JSON, storing, comparing and printing it. */
#include "base/settings_records.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

enum { ITEMS_MAX = 100 };

/* What a value became, before it is stored. */
struct parsed {
	union {
		bool boolean;
		double number;
		struct str text;
		struct str_list list;
		struct str_map map;
	};
	union { /* what the list or map points to */
		struct str items[ITEMS_MAX];
		struct str_pair pairs[ITEMS_MAX];
	};
};

/* A parser's answer: NULL when all is well, otherwise what is wrong; NOT_THAT when nothing more can be
 * said than what is allowed. */
static const char *const NOT_THAT = "";

static bool is_text(const struct setting_value *v)
{
	return v->kind == VALUE_TEXT || v->kind == VALUE_STRING;
}

static const char *parse_bool(const struct setting_value *v, struct parsed *ret)
{
	static const char *const words[] = { "true", "false", "1", "0", "yes", "no", "on", "off" };
	size_t n = v->kind == VALUE_TEXT ? ARRAY_LEN(words) : v->kind == VALUE_BOOL ? 2 : 0;

	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(str_trim(v->text), str_from(words[i]))) {
			ret->boolean = i % 2 == 0;
			return NULL;
		}
	}
	return NOT_THAT;
}

/* A JSON number at the start of s; *ret_rest is what follows. Does not depend on the locale. */
static bool parse_number(struct str s, double *ret, struct str *ret_rest)
{
	char copy[64] = "";
	yyjson_val number;

	if (s.n == 0 || s.n >= sizeof(copy))
		return false;
	memcpy(copy, s.p, s.n);
	const char *end = yyjson_read_number(copy, &number, YYJSON_READ_NOFLAG, NULL, NULL);
	if (end == NULL)
		return false;
	*ret = yyjson_get_num(&number);
	*ret_rest = str_from_offset(s, (size_t)(end - copy));
	return true;
}

static bool in_bounds(const struct setting *s, double v)
{
	return v >= s->min && v <= s->max;
}

/* INT and SECONDS. */
static const char *parse_count(
	const struct setting *s, const struct setting_value *v, struct parsed *ret)
{
	struct str rest;

	if ((v->kind != VALUE_NUMBER && v->kind != VALUE_TEXT) ||
		!parse_number(str_trim(v->text), &ret->number, &rest) || rest.n > 0 ||
		!in_bounds(s, ret->number))
		return NOT_THAT;
	if (s->type == SETTING_INT && ret->number != (double)(int64_t)ret->number)
		return NOT_THAT;
	return NULL;
}

static const struct unit {
	const char *name;
	double bytes;
} units[] = {
	{ "GiB", 1 << 30 },
	{ "MiB", 1 << 20 },
	{ "KiB", 1 << 10 },
	{ "GB", 1e9 },
	{ "MB", 1e6 },
	{ "KB", 1e3 },
	{ "G", 1 << 30 },
	{ "M", 1 << 20 },
	{ "K", 1 << 10 },
	{ "B", 1 },
	{ "", 1 },
};

static const char *parse_bytes(
	const struct setting *s, const struct setting_value *v, struct parsed *ret)
{
	struct str unit;

	if ((v->kind != VALUE_NUMBER && !is_text(v)) ||
		!parse_number(str_trim(v->text), &ret->number, &unit))
		return NOT_THAT;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (!str_eq_nocase(str_trim(unit), str_from(units[i].name)))
			continue;
		ret->number *= units[i].bytes;
		if (!in_bounds(s, ret->number) || ret->number != (double)(int64_t)ret->number)
			return NOT_THAT;
		return NULL;
	}
	return NOT_THAT;
}

/* Length of the UTF-8 character at the start of s (RFC 3629 section 4); 0 when it is none. */
static size_t utf8_length(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80                   ? 1
		   : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
		   : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
		   : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
						 : 0;

	if (n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
		(p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

const char *setting_text_problem(struct str s)
{
	for (size_t i = 0, n; i < s.n; i += n) {
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
			return "must not hold control characters";
		if ((n = utf8_length(str_from_offset(s, i))) == 0)
			return "must be valid UTF-8";
	}
	return NULL;
}

static const char *parse_text(
	const struct setting *s, const struct setting_value *v, struct parsed *ret)
{
	if (!is_text(v))
		return NOT_THAT;
	ret->text = str_trim(v->text);
	if ((s->flags & SETTING_FILLED) != 0 && ret->text.n == 0)
		return "must not be empty";
	if (s->type != SETTING_SECRET)
		return setting_text_problem(ret->text);
	for (size_t i = 0; i < ret->text.n; i++)
		if (ret->text.p[i] <= ' ' || ret->text.p[i] > '~')
			return "must hold visible ASCII characters only, without spaces";
	return NULL;
}

static const char *parse_enum(
	const struct setting *s, const struct setting_value *v, struct parsed *ret)
{
	struct str rest = str_from(s->choices), choice;

	while (is_text(v) && str_split(&rest, '|', &choice)) {
		if (str_eq(str_trim(v->text), choice)) {
			ret->text = choice;
			return NULL;
		}
	}
	return NOT_THAT;
}

/* Adds the parts of "a, b" that are not empty. */
static const char *add_parts(struct str_list *list, struct str text)
{
	struct str part;
	const char *problem = setting_text_problem(text);

	while (problem == NULL && str_split(&text, ',', &part)) {
		part = str_trim(part);
		if (part.n == 0)
			continue;
		if (list->n == ITEMS_MAX)
			problem = "must hold no more than 100 entries";
		else
			list->v[list->n++] = part;
	}
	return problem;
}

static const char *parse_list(const struct setting_value *v, struct parsed *ret)
{
	const char *problem = NULL;

	ret->list = (struct str_list){ ret->items, 0 };
	if (is_text(v))
		return add_parts(&ret->list, v->text);
	if (v->kind != VALUE_LIST)
		return NOT_THAT;
	for (size_t i = 0; i < v->n && problem == NULL; i++)
		problem = v->members[i].value.kind == VALUE_STRING
				  ? add_parts(&ret->list, v->members[i].value.text)
				  : "must be a list of strings, and holds something else";
	return problem;
}

static const char *add_pair(struct str_map *map, struct str name, struct str value)
{
	const char *problem = setting_text_problem(name);

	if (name.n == 0)
		return "must hold names that are not empty";
	if (map->n == ITEMS_MAX)
		return "must hold no more than 100 entries";
	for (size_t i = 0; i < map->n; i++)
		if (str_eq_nocase(map->v[i].name, name))
			return "must hold each name once, whatever its case";
	if (problem == NULL)
		problem = setting_text_problem(value);
	map->v[map->n++] = (struct str_pair){ name, value };
	return problem;
}

static const char *parse_map(const struct setting_value *v, struct parsed *ret)
{
	struct str rest = v->text, part;
	const char *problem = NULL;

	ret->map = (struct str_map){ ret->pairs, 0 };
	if (v->kind != VALUE_TEXT && v->kind != VALUE_OBJECT)
		return NOT_THAT;
	for (size_t i = 0; i < v->n && problem == NULL; i++) {
		const struct setting_member *m = &v->members[i];
		problem = m->value.kind == VALUE_STRING
				  ? add_pair(&ret->map, str_trim(m->key), str_trim(m->value.text))
				  : "must be an object of strings, and holds something else";
	}
	while (v->kind == VALUE_TEXT && problem == NULL && str_split(&rest, ',', &part)) {
		size_t at = str_find_char(part, '=');
		if (str_trim(part).n == 0)
			continue;
		problem = at < part.n ? add_pair(&ret->map, str_trim((struct str){ part.p, at }),
						str_trim(str_from_offset(part, at + 1)))
				      : "must be written name=value,name=value";
	}
	return problem;
}

static const char *parse(const struct setting *s, const struct setting_value *v, struct parsed *ret)
{
	switch (s->type) {
	case SETTING_BOOL:
		return parse_bool(v, ret);
	case SETTING_INT:
	case SETTING_SECONDS:
		return parse_count(s, v, ret);
	case SETTING_BYTES:
		return parse_bytes(s, v, ret);
	case SETTING_STRING:
	case SETTING_SECRET:
		return parse_text(s, v, ret);
	case SETTING_ENUM:
		return parse_enum(s, v, ret);
	case SETTING_STRINGS:
		return parse_list(v, ret);
	case SETTING_STRING_MAP:
		return parse_map(v, ret);
	case SETTING_RECORDS:
		break; /* is read and stored at once */
	}
	assert(!"a type without parser");
	return NOT_THAT;
}

static struct str_list copy_list(struct arena *a, struct str_list list)
{
	struct str_list copy = { arena_alloc(a, list.n * sizeof(struct str)), list.n };

	for (size_t i = 0; i < list.n; i++)
		copy.v[i] = arena_dup(a, list.v[i]);
	return copy;
}

static struct str_map copy_map(struct arena *a, struct str_map map)
{
	struct str_map copy = { arena_alloc(a, map.n * sizeof(struct str_pair)), map.n };

	for (size_t i = 0; i < map.n; i++)
		copy.v[i] = (struct str_pair){ arena_dup(a, map.v[i].name),
			arena_dup(a, map.v[i].value) };
	return copy;
}

static void store(const struct setting *s, void *obj, const struct parsed *p, struct arena *a)
{
	void *at = (char *)obj + s->offset;

	switch (s->type) {
	case SETTING_BOOL:
		*(bool *)at = p->boolean;
		break;
	case SETTING_INT:
		*(int64_t *)at = (int64_t)p->number;
		break;
	case SETTING_BYTES:
		*(size_t *)at = (size_t)p->number;
		break;
	case SETTING_SECONDS:
		/* Zero often means "never": what is not zero must not become it. */
		*(uint64_t *)at = (uint64_t)(p->number * 1000 + 0.5);
		if (*(uint64_t *)at == 0 && p->number > 0)
			*(uint64_t *)at = 1;
		break;
	case SETTING_STRING:
	case SETTING_SECRET:
	case SETTING_ENUM:
		*(struct str *)at = arena_dup(a, p->text);
		break;
	case SETTING_STRINGS:
		*(struct str_list *)at = copy_list(a, p->list);
		break;
	case SETTING_STRING_MAP:
		*(struct str_map *)at = copy_map(a, p->map);
		break;
	case SETTING_RECORDS:
		break;
	}
}

const char *setting_kind_name(enum setting_value_kind kind)
{
	static const char *const names[] = { [VALUE_TEXT] = "that",
		[VALUE_NULL] = "null",
		[VALUE_BOOL] = "true or false",
		[VALUE_NUMBER] = "a number",
		[VALUE_STRING] = "a string",
		[VALUE_LIST] = "a list",
		[VALUE_OBJECT] = "an object" };

	return names[kind];
}

/* The end of "must be …, not …". */
static void describe_given(const struct setting *s, const struct setting_value *v, struct buf *out)
{
	bool secret = s->type == SETTING_SECRET || (s->flags & SETTING_MASKED) != 0;
	bool number_as_string =
		v->kind == VALUE_STRING &&
		(s->type == SETTING_INT || s->type == SETTING_SECONDS || s->type == SETTING_BOOL);

	if (v->kind == VALUE_NUMBER && !secret)
		buf_addf(out, "%s", setting_quote(v->text).s);
	else if (is_text(v) && !secret)
		buf_addf(out, "%s\"%s\"", number_as_string ? "the string " : "",
			setting_quote(v->text).s);
	else
		buf_addf(out, "%s", setting_kind_name(v->kind));
}

bool setting_assign(const struct setting *s, void *obj, const struct setting_value *v,
	struct arena *a, struct err *e)
{
	struct parsed p;

	if (s->type == SETTING_RECORDS)
		return records_assign(&(struct records_reading){ s, a, SIZE_MAX, e },
			(void *)((char *)obj + s->offset), v);
	const char *problem = parse(s, v, &p);

	if (problem == NULL) {
		store(s, obj, &p, a);
	} else if (problem != NOT_THAT) {
		err_set(e, ERR_INVALID, "%s", problem);
	} else {
		struct buf text;
		buf_init(&text, sizeof(e->text));
		setting_describe(s, &text);
		buf_add(&text, STR(", not "));
		describe_given(s, v, &text);
		err_set(e, ERR_INVALID, "must be %.*s", STR_ARG(buf_str(&text)));
		buf_release(&text);
	}
	return problem == NULL;
}

size_t setting_fault(const struct setting *s, const struct setting_value *v)
{
	struct record_list list;
	struct err e;

	if (s->type != SETTING_RECORDS)
		return SIZE_MAX;
	struct records_reading r = { s, arena_new(), SIZE_MAX, &e };
	(void)!records_assign(&r, &list, v);
	arena_free(r.arena);
	return r.fault;
}

void setting_reset(const struct setting *s, void *obj, struct arena *a)
{
	struct setting_value v = { .kind = VALUE_TEXT, .text = str_from(s->fallback) };
	struct err e;

	/* A row without default may refuse to be set to nothing, but begins as nothing. */
	if ((s->type == SETTING_ENUM || s->type == SETTING_STRING) && v.text.n == 0) {
		*(struct str *)(void *)((char *)obj + s->offset) = STR("");
		return;
	}
	bool ok = setting_assign(s, obj, &v, a, &e);
	assert(ok);
	(void)ok;
}

void settings_reset(const struct settings *t, void *obj, struct arena *a)
{
	for (size_t i = 0; i < t->n; i++)
		setting_reset(&t->rows[i], obj, a);
}

struct str str_map_get(const struct str_map *m, struct str name)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->v[i].name, name))
			return m->v[i].value;
	return (struct str){ NULL, 0 };
}
