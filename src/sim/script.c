/* SPDX-License-Identifier: MIT */
/* One list for all names: scripts are short. */
#include "sim/script.h"

#include <stdlib.h>

struct item {
	struct list link;
	yyjson_doc *doc;
	int64_t times;
};

void script_init(struct script *s)
{
	list_init(&s->items);
	s->n = 0;
}

static void item_free(struct item *it)
{
	list_remove(&it->link);
	yyjson_doc_free(it->doc);
	free(it);
}

void script_clear(struct script *s)
{
	list_each (it, &s->items)
		item_free(container_of(it, struct item, link));
	s->n = 0;
}

static yyjson_doc *copy(yyjson_val *v)
{
	yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
	yyjson_doc *out;

	yyjson_mut_doc_set_root(doc, yyjson_val_mut_copy(doc, v));
	out = yyjson_mut_doc_imut_copy(doc, NULL);
	yyjson_mut_doc_free(doc);
	return out;
}

static void add_one(struct script *s, yyjson_val *v)
{
	struct item *it = must_alloc(sizeof(*it));

	list_init(&it->link);
	it->doc = copy(v);
	if (!tree_int(yyjson_obj_get(v, "times"), &it->times) || it->times < 1)
		it->times = 1;
	list_push(&s->items, &it->link);
	s->n += (size_t)it->times;
}

bool script_add(struct script *s, yyjson_val *items)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(items);

	if (yyjson_is_obj(items)) {
		add_one(s, items);
		return true;
	}
	if (!yyjson_is_arr(items))
		return false;
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		if (!yyjson_is_obj(v))
			return false;
	it = yyjson_arr_iter_with(items);
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		add_one(s, v);
	return true;
}

yyjson_doc *script_take(struct script *s, struct str id)
{
	list_each (l, &s->items) {
		struct item *it = container_of(l, struct item, link);
		if (!str_eq(tree_get(yyjson_doc_get_root(it->doc), "id"), id))
			continue;
		yyjson_doc *doc = copy(yyjson_doc_get_root(it->doc));
		s->n--;
		if (--it->times == 0)
			item_free(it);
		return doc;
	}
	return NULL;
}
