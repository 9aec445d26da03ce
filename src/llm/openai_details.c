/* SPDX-License-Identifier: MIT */
/* reasoning_details as OpenRouter has them: entries that come in pieces, put together by index and type. Texts are joined, of
 * all other members the last one counts; they stay in the order in which they came up. */
#include "llm/openai.h"

#include <string.h>

#include "wire/json_text.h"

void stash_add(struct stash *s, struct str more, struct arena *a)
{
	if (s->cap - s->n < more.n) {
		size_t cap = s->cap < 32 ? 64 : s->cap * 2;
		while (cap - s->n < more.n)
			cap *= 2;
		char *p = arena_alloc(a, cap);
		if (s->n > 0)
			memcpy(p, s->p, s->n);
		s->p = p;
		s->cap = cap;
	}
	if (more.n > 0)
		memcpy(s->p + s->n, more.p, more.n);
	s->n += more.n;
}

static bool is_text_key(struct str key)
{
	return json_key_is(key, STR("text")) || json_key_is(key, STR("summary")) ||
	       json_key_is(key, STR("data"));
}

static struct detail_member *member_of(const struct detail *d, struct str key)
{
	for (size_t i = 0; i < d->n; i++)
		if (str_eq(d->members[i].key, key))
			return &d->members[i];
	return NULL;
}

struct str detail_text(const struct detail *d, struct str key)
{
	const struct detail_member *m = member_of(d, key);

	if (m == NULL)
		return (struct str){ NULL, 0 };
	if (!m->grows)
		return json_inner(m->value);
	return m->text.p != NULL ? stash_str(&m->text) : STR("");
}

static struct detail_member *add_member(struct details *list, struct detail *d, struct str key)
{
	if (d->n == DETAIL_MEMBERS_MAX) {
		list->overflow = true;
		return NULL;
	}
	struct detail_member *m = &d->members[d->n++];
	m->key = arena_dup(list->arena, key);
	return m;
}

/* One member of a piece: more of a text, or a value that replaces the one before. */
static void merge(struct details *list, struct detail *d, const struct json_member *piece)
{
	struct detail_member *m = member_of(d, piece->key);
	bool text = is_text_key(piece->key) && json_is_string(piece->value);

	if (m != NULL && (json_is_null(piece->value) || (!text && str_eq(m->value, piece->value))))
		return;
	list->bytes += piece->value.n;
	if (list->bytes > DETAILS_BYTES_MAX) {
		list->overflow = true;
		return;
	}
	if (m == NULL)
		m = add_member(list, d, piece->key);
	if (m == NULL)
		return;
	m->grows = text;
	if (text)
		stash_add(&m->text, json_inner(piece->value), list->arena);
	else
		m->value = arena_dup(list->arena, piece->value);
}

/* The entry that a piece belongs to. Without an index it is one of its own. */
static struct detail *entry_of(struct details *list, struct str index, struct str type)
{
	for (struct detail *d = index.n > 0 ? list->first : NULL; d != NULL; d = d->next)
		if (str_eq(d->index, index) && str_eq(d->type, type))
			return d;
	if (list->n == DETAILS_MAX) {
		list->overflow = true;
		return NULL;
	}
	struct detail *d = arena_alloc(list->arena, sizeof(*d));
	d->index = arena_dup(list->arena, index);
	d->type = arena_dup(list->arena, type);
	d->members = arena_alloc(list->arena, DETAIL_MEMBERS_MAX * sizeof(*d->members));
	if (list->last != NULL)
		list->last->next = d;
	else
		list->first = d;
	list->last = d;
	list->n++;
	return d;
}

void details_add(struct details *list, struct str array)
{
	struct json_iter items, it;
	struct json_member item, m;
	struct err e = { 0 };

	if (array.n == 0 || array.p[0] != '[' || !json_iter_init_array(&items, array, &e))
		return;
	while (!list->overflow && json_next(&items, &item, &e)) {
		struct err bad = { 0 };
		struct detail *d;
		if (item.value.p[0] != '{' || !json_iter_init(&it, item.value, &bad))
			continue;
		struct str index = json_get(item.value, STR("index"));
		d = entry_of(list, json_is_null(index) ? STR("") : index,
			json_get(item.value, STR("type")));
		while (d != NULL && json_next(&it, &m, &bad))
			merge(list, d, &m);
	}
}

void details_print(struct buf *out, const struct details *list)
{
	buf_add_char(out, '[');
	for (const struct detail *d = list->first; d != NULL; d = d->next) {
		buf_add_char(out, d == list->first ? '{' : ',');
		if (d != list->first)
			buf_add_char(out, '{');
		for (size_t i = 0; i < d->n; i++) {
			const struct detail_member *m = &d->members[i];
			if (i > 0)
				buf_add_char(out, ',');
			json_add_quoted(out, m->key);
			buf_add_char(out, ':');
			if (m->grows)
				json_add_quoted(out, stash_str(&m->text));
			else
				json_add_compact(out, m->value);
		}
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}
