/* SPDX-License-Identifier: MIT */
/* Lists of objects with known members. Each member is kept as a list of strings together with their places in the document, so that
 * whoever reads more into a string can say where it is wrong. */
#include "base/settings_records.h"

#include <stdio.h>

enum { RECORDS_MAX = 100, TEXTS_MAX = 16 };

/* ---- reading ---- */

static bool refuse(struct records_reading *r, size_t entry, size_t pos, const char *text)
{
	r->fault = pos;
	return err_set(r->err, ERR_INVALID, "entry %zu: %s", entry + 1, text);
}

static const struct setting_part *find_part(
	const struct records_reading *r, struct str name, struct setting_guess *guess)
{
	for (size_t i = 0; i < r->row->nparts; i++) {
		const struct setting_part *part = &r->row->parts[i];
		if (str_eq(str_from(part->name), name))
			return part;
		setting_guess(guess, name, str_from(part->name));
	}
	return NULL;
}

static bool refuse_unknown(struct records_reading *r, size_t entry, const struct setting_member *m,
	const struct setting_guess *guess)
{
	char text[200];

	snprintf(text, sizeof(text), "unknown member \"%s\"%s%.*s%s", setting_quote(m->key).s,
		guess->word.n > 0 ? ", did you mean \"" : "", STR_ARG(guess->word),
		guess->word.n > 0 ? "\"?" : "");
	return refuse(r, entry, m->pos, text);
}

/* One string of a member. */
static const char *add_text(
	struct records_reading *r, const struct setting_value *v, struct record_part *part)
{
	const char *problem = setting_text_problem(v->text);

	if (str_trim(v->text).n == 0)
		return "must not be empty";
	if (problem == NULL)
		part->v[part->n++] = (struct record_text){ arena_dup(r->arena, v->text), v->pos };
	return problem;
}

static bool refuse_member(
	struct records_reading *r, size_t entry, const struct setting_member *m, const char *why)
{
	char text[200];

	snprintf(text, sizeof(text), "\"%s\" %s", setting_quote(m->key).s, why);
	return refuse(r, entry, m->pos, text);
}

static bool read_texts(struct records_reading *r, size_t entry, const struct setting_member *m,
	struct record_part *part)
{
	const struct setting_value *v = &m->value;
	const char *problem = v->n == 0 ? "must not be empty" : NULL;

	if (v->n > TEXTS_MAX)
		problem = "must hold no more than 16 strings";
	else
		part->v = arena_alloc(r->arena, v->n * sizeof(*part->v));
	for (size_t i = 0; i < v->n && problem == NULL; i++)
		problem = v->members[i].value.kind == VALUE_STRING
				  ? add_text(r, &v->members[i].value, part)
				  : "must be a list of strings, and holds something else";
	return problem == NULL || refuse_member(r, entry, m, problem);
}

static bool read_member(
	struct records_reading *r, size_t entry, const struct setting_member *m, struct record *ret)
{
	struct setting_guess guess = { 0 };
	const struct setting_part *row = find_part(r, m->key, &guess);
	char text[64];

	if (row == NULL)
		return refuse_unknown(r, entry, m, &guess);
	struct record_part *part = &ret->parts[row - r->row->parts];
	if (part->n > 0)
		return refuse_member(r, entry, m, "is given twice");
	if (m->value.kind == VALUE_LIST && (row->flags & SETTING_PART_LIST) != 0)
		return read_texts(r, entry, m, part);
	if (m->value.kind == VALUE_STRING) {
		part->v = arena_alloc(r->arena, sizeof(*part->v));
		const char *problem = add_text(r, &m->value, part);
		return problem == NULL || refuse_member(r, entry, m, problem);
	}
	snprintf(text, sizeof(text), "must be a string%s, not %s",
		(row->flags & SETTING_PART_LIST) != 0 ? " or a list of strings" : "",
		setting_kind_name(m->value.kind));
	return refuse_member(r, entry, m, text);
}

static bool read_record(
	struct records_reading *r, size_t entry, const struct setting_value *v, struct record *ret)
{
	char text[64];

	if (v->kind != VALUE_OBJECT) {
		snprintf(text, sizeof(text), "must be an object, not %s",
			setting_kind_name(v->kind));
		return refuse(r, entry, v->kind == VALUE_STRING ? v->pos : SIZE_MAX, text);
	}
	ret->parts = arena_alloc(r->arena, r->row->nparts * sizeof(*ret->parts));
	for (size_t i = 0; i < v->n; i++)
		if (!read_member(r, entry, &v->members[i], ret))
			return false;
	for (size_t i = 0; i < r->row->nparts; i++) {
		const struct setting_part *part = &r->row->parts[i];
		if (ret->parts[i].n > 0 || (part->flags & SETTING_PART_NEEDED) == 0)
			continue;
		snprintf(text, sizeof(text), "needs \"%s\"", part->name);
		return refuse(r, entry, v->n > 0 ? v->members[0].pos : SIZE_MAX, text);
	}
	return true;
}

static bool read_list(
	struct records_reading *r, struct record_list *ret, const struct setting_value *v)
{
	struct record_list list = { NULL, v->n };
	struct buf text;

	if (v->kind != VALUE_LIST) {
		buf_init(&text, sizeof(r->err->text));
		records_describe(r->row, &text);
		err_set(r->err, ERR_INVALID, "must be %.*s, not %s", STR_ARG(buf_str(&text)),
			setting_kind_name(v->kind));
		buf_release(&text);
		return false;
	}
	if (v->n > RECORDS_MAX)
		return err_set(
			r->err, ERR_INVALID, "must hold no more than %d entries", RECORDS_MAX);
	list.v = arena_alloc(r->arena, v->n * sizeof(*list.v));
	for (size_t i = 0; i < v->n; i++)
		if (!read_record(r, i, &v->members[i].value, &list.v[i]))
			return false;
	*ret = list;
	return true;
}

/* A text that was read as a document of its own has no places in the one that is being read. */
static void forget_places(const struct records_reading *r, struct record_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		for (size_t k = 0; k < r->row->nparts; k++)
			for (size_t j = 0; j < list->v[i].parts[k].n; j++)
				list->v[i].parts[k].v[j].pos = SIZE_MAX;
}

bool records_assign(
	struct records_reading *r, struct record_list *ret, const struct setting_value *v)
{
	struct setting_value root = { .kind = VALUE_NULL };
	struct record_list list = { NULL, 0 };
	size_t pos;

	if (v->kind != VALUE_TEXT)
		return read_list(r, ret, v);
	if (str_trim(v->text).n == 0) {
		*ret = (struct record_list){ NULL, 0 };
		return true;
	}
	struct arena *a = arena_new();
	bool ok = setting_read_json(a, v->text, &root, &pos, r->err) && read_list(r, &list, &root);
	arena_free(a);
	r->fault = SIZE_MAX;
	if (ok) {
		forget_places(r, &list);
		*ret = list;
	}
	return ok;
}

/* ---- printing ---- */

static void print_text(const struct setting *s, struct str text, struct buf *out)
{
	struct buf masked;

	if ((s->flags & SETTING_MASKED) == 0) {
		setting_print_quoted(text, out);
		return;
	}
	buf_init(&masked, out->max);
	setting_print_masked(text, &masked);
	setting_print_quoted(buf_str(&masked), out);
	buf_release(&masked);
}

static void print_part(const struct setting *s, const struct record_part *part, struct buf *out)
{
	buf_add(out, part->n > 1 ? STR("[") : STR(""));
	for (size_t i = 0; i < part->n; i++) {
		buf_add(out, i > 0 ? STR(", ") : STR(""));
		print_text(s, part->v[i].text, out);
	}
	buf_add(out, part->n > 1 ? STR("]") : STR(""));
}

void records_print(const struct setting *s, const struct record_list *list, struct buf *out)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < list->n; i++) {
		const char *separator = "";
		buf_add(out, i > 0 ? STR(", {") : STR("{"));
		for (size_t k = 0; k < s->nparts; k++) {
			const struct record_part *part = &list->v[i].parts[k];
			if (part->n == 0)
				continue;
			buf_addf(out, "%s\"%s\": ", separator, s->parts[k].name);
			print_part(s, part, out);
			separator = ", ";
		}
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static bool parts_equal(const struct record_part *a, const struct record_part *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		equal = str_eq(a->v[i].text, b->v[i].text);
	return equal;
}

bool records_equal(
	const struct setting *s, const struct record_list *a, const struct record_list *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		for (size_t k = 0; k < s->nparts && equal; k++)
			equal = parts_equal(&a->v[i].parts[k], &b->v[i].parts[k]);
	return equal;
}

void records_describe(const struct setting *s, struct buf *out)
{
	buf_add(out, STR("a list of objects of"));
	for (size_t i = 0; i < s->nparts; i++)
		buf_addf(out, "%s\"%s\"",
			i == 0              ? " "
			: i + 1 < s->nparts ? ", "
					    : " and ",
			s->parts[i].name);
}

void records_print_schema(const struct setting *s, struct buf *out)
{
	const char *separator = "";

	buf_add(out, STR("\"type\": \"array\", \"items\": {\"type\": \"object\", "
			 "\"additionalProperties\": false, \"required\": ["));
	for (size_t i = 0; i < s->nparts; i++) {
		if ((s->parts[i].flags & SETTING_PART_NEEDED) == 0)
			continue;
		buf_addf(out, "%s\"%s\"", separator, s->parts[i].name);
		separator = ", ";
	}
	buf_add(out, STR("], \"properties\": {"));
	for (size_t i = 0; i < s->nparts; i++) {
		buf_addf(out, "%s\"%s\": {\"description\": ", i > 0 ? ", " : "", s->parts[i].name);
		setting_print_quoted(str_from(s->parts[i].text), out);
		buf_add(out, (s->parts[i].flags & SETTING_PART_LIST) != 0
				     ? STR(", \"type\": [\"string\", \"array\"], \"items\": "
					   "{\"type\": \"string\"}}")
				     : STR(", \"type\": \"string\"}"));
	}
	buf_add(out, STR("}}"));
}
