/* SPDX-License-Identifier: MIT */
/* JSON documents as trees of values that know where they stand in the text. */
#include "base/settings.h"

#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

enum { DEPTH_MAX = 16 };

/* The parse in place leaves each string where it began, which is how a key tells its offset. */
struct reader {
	struct arena *arena;
	const char *start;
	size_t bom;
	size_t pos; /* of the last key seen */
	struct err *err;
};

static bool read_value(struct reader *r, yyjson_val *v, unsigned depth, struct setting_value *ret);

static struct str copy_text(struct reader *r, yyjson_val *v)
{
	bool raw = yyjson_is_raw(v);

	return arena_dup(r->arena,
		(struct str){ raw ? yyjson_get_raw(v) : yyjson_get_str(v), yyjson_get_len(v) });
}

static bool read_object(struct reader *r, yyjson_val *v, unsigned depth, struct setting_value *ret)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(v);

	ret->members = arena_alloc(r->arena, yyjson_obj_size(v) * sizeof(*ret->members));
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL; ret->n++) {
		struct setting_member *m = &ret->members[ret->n];
		m->key = copy_text(r, key);
		m->pos = r->bom + (size_t)(yyjson_get_str(key) - r->start) - 1;
		r->pos = m->pos;
		if (!read_value(r, yyjson_obj_iter_get_val(key), depth, &m->value))
			return false;
	}
	return true;
}

static bool read_list(struct reader *r, yyjson_val *v, unsigned depth, struct setting_value *ret)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(v);

	ret->members = arena_alloc(r->arena, yyjson_arr_size(v) * sizeof(*ret->members));
	for (yyjson_val *item; (item = yyjson_arr_iter_next(&it)) != NULL; ret->n++)
		if (!read_value(r, item, depth, &ret->members[ret->n].value))
			return false;
	return true;
}

static bool read_value(struct reader *r, yyjson_val *v, unsigned depth, struct setting_value *ret)
{
	if (depth > DEPTH_MAX)
		return err_set(r->err, ERR_INVALID, "nested more than %d levels deep", DEPTH_MAX);
	switch (yyjson_get_type(v)) {
	case YYJSON_TYPE_BOOL:
		ret->kind = VALUE_BOOL;
		ret->text = yyjson_get_bool(v) ? STR("true") : STR("false");
		return true;
	case YYJSON_TYPE_RAW:
		ret->kind = VALUE_NUMBER;
		ret->text = copy_text(r, v);
		return true;
	case YYJSON_TYPE_STR:
		ret->kind = VALUE_STRING;
		ret->text = copy_text(r, v);
		ret->pos = r->bom + (size_t)(yyjson_get_str(v) - r->start) - 1;
		return true;
	case YYJSON_TYPE_ARR:
		ret->kind = VALUE_LIST;
		return read_list(r, v, depth + 1, ret);
	case YYJSON_TYPE_OBJ:
		ret->kind = VALUE_OBJECT;
		return read_object(r, v, depth + 1, ret);
	default:
		ret->kind = VALUE_NULL;
		return true;
	}
}

bool setting_read_json(
	struct arena *a, struct str text, struct setting_value *ret, size_t *ret_pos, struct err *e)
{
	const size_t bom = str_starts(text, STR("\xEF\xBB\xBF")) ? 3 : 0;
	const size_t n = text.n - bom;
	char *copy = must_alloc(n + YYJSON_PADDING_SIZE);
	yyjson_read_err err;
	bool ok = false;

	*ret = (struct setting_value){ .kind = VALUE_OBJECT };
	*ret_pos = 0;
	if (n > 0)
		memcpy(copy, text.p + bom, n);
	yyjson_doc *doc = yyjson_read_opts(copy, n,
		YYJSON_READ_INSITU | YYJSON_READ_ALLOW_COMMENTS |
			YYJSON_READ_ALLOW_TRAILING_COMMAS | YYJSON_READ_NUMBER_AS_RAW,
		NULL, &err);
	if (doc != NULL) {
		struct reader r = { .arena = a, .start = copy, .bom = bom, .err = e };
		ok = read_value(&r, yyjson_doc_get_root(doc), 0, ret);
		*ret_pos = r.pos;
	} else if (str_trim((struct str){ text.p + bom, n }).n == 0) {
		ok = true;
	} else {
		*ret_pos = bom + (err.pos <= n ? err.pos : n);
		err_set(e, ERR_INVALID, "not valid JSON: %s", err.msg);
	}
	yyjson_doc_free(doc);
	free(copy);
	return ok;
}

void setting_locate(struct str text, size_t pos, struct setting_place *place)
{
	if (place->line == 0 || pos < place->pos) {
		/* No editor counts the byte order mark. */
		const bool marked = str_starts(text, STR("\xEF\xBB\xBF"));
		*place = (struct setting_place){ marked ? 3 : 0, 1, 1 };
	}
	for (; place->pos < pos && place->pos < text.n; place->pos++) {
		if (text.p[place->pos] == '\n') {
			place->line++;
			place->column = 1;
		} else if (((unsigned char)text.p[place->pos] & 0xC0) != 0x80) {
			place->column++;
		}
	}
}

/* The code unit behind "\\u". */
static unsigned hex4(struct str s)
{
	unsigned unit = 0;

	for (size_t i = 0; i < 4 && i < s.n; i++) {
		unsigned c = (unsigned char)s.p[i] | 0x20u;
		unit = unit * 16 + (c >= 'a' ? c - 'a' + 10 : c - '0');
	}
	return unit;
}

/* The length of the escape at the start of s, and of what it stands for. */
static size_t escape_length(struct str s, size_t *ret_bytes)
{
	*ret_bytes = 1;
	if (s.n < 6 || s.p[1] != 'u')
		return 2;
	const unsigned unit = hex4(str_from_offset(s, 2));
	if (unit >= 0xD800 && unit < 0xDC00) {
		*ret_bytes = 4;
		return 12;
	}
	*ret_bytes = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
	return 6;
}

size_t setting_text_pos(struct str document, size_t pos, size_t n)
{
	size_t at = pos + 1;

	for (size_t bytes, length, done = 0; done < n && at < document.n; done += bytes) {
		bytes = length = 1;
		if (document.p[at] == '\\')
			length = escape_length(str_from_offset(document, at), &bytes);
		if (done + bytes > n || document.p[at] == '"')
			break;
		at += length;
	}
	return at < document.n ? at : document.n;
}
