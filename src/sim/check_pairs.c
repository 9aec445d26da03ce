/* SPDX-License-Identifier: MIT */
/* Every tool call has its result at the beginning of the user's next turn, every result its call in the turn before, and no id
 * comes twice. Neighbouring messages of one role are one turn; system messages in between are none. */
#include "sim/check.h"

#include "sim/ids.h"

#include <stdlib.h>
#include <string.h>

/* Walks the blocks of a turn. */
struct turn {
	yyjson_val **messages; /* all of them */
	size_t first, end;     /* indices of those of the turn */
	bool user;
};

struct turn_iter {
	const struct turn *turn;
	size_t message, content; /* of the block that came last */
	yyjson_arr_iter blocks;
	bool started;
};

static bool is_system(yyjson_val *message)
{
	return tree_is(message, "role", "system");
}

/* The turn that begins at `from` or later; messages end with NULL. */
static bool next_turn(yyjson_val **messages, size_t from, struct turn *ret)
{
	while (messages[from] != NULL && is_system(messages[from]))
		from++;
	if (messages[from] == NULL)
		return false;
	*ret = (struct turn){ .messages = messages, .first = from };
	ret->user = tree_is(messages[from], "role", "user");
	for (ret->end = from; messages[ret->end] != NULL; ret->end++)
		if (!is_system(messages[ret->end]) &&
			tree_is(messages[ret->end], "role", "user") != ret->user)
			break;
	return true;
}

static void open_message(struct turn_iter *it, size_t i)
{
	it->message = i;
	yyjson_val *m = it->turn->messages[i];
	it->blocks = yyjson_arr_iter_with(is_system(m) ? NULL : yyjson_obj_get(m, "content"));
	it->started = false;
}

static struct turn_iter turn_begin(const struct turn *t)
{
	struct turn_iter it = { .turn = t };

	open_message(&it, t->first);
	return it;
}

static yyjson_val *turn_next(struct turn_iter *it)
{
	for (;;) {
		yyjson_val *b = yyjson_arr_iter_next(&it->blocks);
		if (b != NULL) {
			it->content = it->started ? it->content + 1 : 0;
			it->started = true;
			return b;
		}
		if (it->message + 1 >= it->turn->end)
			return NULL;
		open_message(it, it->message + 1);
	}
}

/* How many blocks of a type with this id the turn has. */
static unsigned count(const struct turn *t, const char *type, const char *key, struct str id)
{
	struct turn_iter it = turn_begin(t);
	unsigned n = 0;

	for (yyjson_val *b; (b = turn_next(&it)) != NULL;)
		n += tree_is(b, "type", type) && str_eq(tree_get(b, key), id);
	return n;
}

static unsigned count_calls(const struct turn *t, struct str id)
{
	return count(t, "tool_use", "id", id);
}

/* A text in front of the results hides them. */
static bool results_come_first(const struct turn *t)
{
	struct turn_iter it = turn_begin(t);
	yyjson_val *first = turn_next(&it);

	return yyjson_is_arr(yyjson_obj_get(t->messages[t->first], "content")) &&
	       tree_is(first, "type", "tool_result");
}

static bool check_calls(const struct check *c, const struct turn *t, const struct turn *after)
{
	struct turn_iter it = turn_begin(t);
	char missing[300];
	size_t n = 0;

	for (yyjson_val *b; (b = turn_next(&it)) != NULL;) {
		struct str id = tree_get(b, "id");
		if (!tree_is(b, "type", "tool_use"))
			continue;
		bool answered = after != NULL && results_come_first(after) &&
				count(after, "tool_result", "tool_use_id", id) > 0;
		if (answered || n + id.n + 2 >= sizeof(missing))
			continue;
		if (n > 0) {
			memcpy(missing + n, ", ", 2);
			n += 2;
		}
		memcpy(missing + n, id.p, id.n);
		n += id.n;
	}
	if (n > 0)
		return refuse(c->why, 400,
			"messages.%zu: `tool_use` ids were found without `tool_result` blocks immediately after: %.*s. Each "
			"`tool_use` block must have a corresponding `tool_result` block in the next message.",
			t->first, (int)n, missing);
	return true;
}

static bool check_results(const struct check *c, const struct turn *t, const struct turn *before)
{
	struct turn_iter it = turn_begin(t);

	for (yyjson_val *b; (b = turn_next(&it)) != NULL;) {
		struct str id = tree_get(b, "tool_use_id");
		if (!tree_is(b, "type", "tool_result"))
			continue;
		if (before == NULL || count_calls(before, id) == 0)
			return refuse(c->why, 400,
				"messages.%zu.content.%zu: unexpected `tool_use_id` found in `tool_result` blocks: %.*s. Each "
				"`tool_result` block must have a corresponding `tool_use` block in the previous message.",
				it.message, it.content, STR_ARG(id));
		if (count(t, "tool_result", "tool_use_id", id) > 1)
			return refuse(c->why, 400,
				"messages.%zu.content.%zu: each tool_use must have a single result. Found multiple `tool_result` "
				"blocks with id: %.*s",
				it.message, it.content, STR_ARG(id));
	}
	return true;
}

static bool check_turns(const struct check *c, yyjson_val **messages)
{
	struct turn before, t, after;
	bool has_before = false, has_after = next_turn(messages, 0, &t);

	while (has_after) {
		has_after = next_turn(messages, t.end, &after);
		if (!t.user && !check_calls(c, &t, has_after ? &after : NULL))
			return false;
		if (t.user && !check_results(c, &t, has_before ? &before : NULL))
			return false;
		before = t;
		has_before = true;
		t = after;
	}
	return true;
}

/* Writes the ids of all calls into ids, unless that is NULL; how many there are. */
static size_t collect_ids(yyjson_val **messages, struct str *ids)
{
	size_t n = 0;

	for (; *messages != NULL; messages++) {
		yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(*messages, "content"));
		for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;) {
			if (!tree_is(b, "type", "tool_use"))
				continue;
			if (ids != NULL)
				ids[n] = tree_get(b, "id");
			n++;
		}
	}
	return n;
}

static bool check_unique(const struct check *c, yyjson_val **messages)
{
	size_t n = collect_ids(messages, NULL);
	struct str *ids = must_alloc((n + 1) * sizeof(*ids));
	bool unique;

	collect_ids(messages, ids);
	unique = ids_are_unique(ids, n);
	free(ids);
	return unique || refuse(c->why, 400, "messages: `tool_use` ids must be unique");
}

bool check_pairs(const struct check *c)
{
	yyjson_val *list = yyjson_obj_get(c->body, "messages");
	yyjson_val **messages = must_alloc((yyjson_arr_size(list) + 1) * sizeof(yyjson_val *));
	yyjson_arr_iter it = yyjson_arr_iter_with(list);
	size_t n = 0;

	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL;)
		messages[n++] = m;
	bool ok = check_unique(c, messages) && check_turns(c, messages);
	free(messages);
	return ok;
}
