/* SPDX-License-Identifier: MIT */
/* Cache marks: how many, where, and in which order of their lives. */
#include "sim/check.h"

#include "sim/prompt.h"

#include <stdio.h>

enum { MARKS_MAX = 4 };

struct marks {
	const struct check *check;
	unsigned n;
	bool five_minutes; /* one of five minutes has come */
	yyjson_val *last;  /* the last block that can be marked */
};

static bool check_life(struct marks *m, yyjson_val *object, const char *where)
{
	yyjson_val *control = tree_set(object, "cache_control");
	yyjson_val *ttl = tree_set(control, "ttl");

	if (!tree_is(control, "type", "ephemeral"))
		return refuse(m->check->why, 400,
			"%s.cache_control: Input tag '%.*s' found using 'type' does not match any of the expected tags: "
			"'ephemeral'",
			where, STR_ARG(tree_get(control, "type")));
	if (ttl != NULL && !yyjson_equals_str(ttl, "5m") && !yyjson_equals_str(ttl, "1h"))
		return refuse(m->check->why, 400,
			"%s.cache_control.ephemeral.ttl: Input should be '5m' or '1h'", where);
	if (mark_of(object) == MARK_1H && m->five_minutes)
		return refuse(m->check->why, 400,
			"%s.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control "
			"block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.",
			where);
	m->five_minutes |= mark_of(object) == MARK_5M;
	return true;
}

static bool take(struct marks *m, yyjson_val *block, const char *where)
{
	bool thinking =
		tree_is(block, "type", "thinking") || tree_is(block, "type", "redacted_thinking");

	if (!thinking)
		m->last = block;
	if (tree_set(block, "cache_control") == NULL)
		return true;
	if (thinking)
		return refuse(m->check->why, 400,
			"%s.%s.cache_control: Extra inputs are not permitted", where,
			yyjson_get_str(yyjson_obj_get(block, "type")));
	m->n++;
	return check_life(m, block, where);
}

static bool take_list(struct marks *m, yyjson_val *list, const char *where)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(list);
	size_t i = 0;

	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL; i++) {
		yyjson_arr_iter inner = yyjson_arr_iter_with(yyjson_obj_get(b, "content"));
		char at[80];
		snprintf(at, sizeof(at), "%s.%zu", where, i);
		/* Within a result, then the result itself. */
		for (yyjson_val *v; (v = yyjson_arr_iter_next(&inner)) != NULL;)
			if (!take(m, v, at))
				return false;
		if (!take(m, b, at))
			return false;
	}
	return true;
}

static bool take_messages(struct marks *m)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(m->check->body, "messages"));
	size_t i = 0;

	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL; i++) {
		yyjson_val *content = yyjson_obj_get(v, "content");
		char at[48];
		snprintf(at, sizeof(at), "messages.%zu.content", i);
		if (yyjson_is_str(content))
			m->last = NULL; /* a plain text has no mark of its own */
		if (!take_list(m, content, at))
			return false;
	}
	return true;
}

/* The mark at the top level stands on the last block: beside a mark that is there already it must say the same. */
static bool take_automatic(struct marks *m)
{
	yyjson_val *body = m->check->body;

	if (tree_set(body, "cache_control") == NULL)
		return true;
	if (mark_of(m->last) == MARK_NONE)
		m->n++;
	else if (mark_of(m->last) != mark_of(body))
		return refuse(m->check->why, 400,
			"cache_control.ttl: differs from the ttl of the last block's own cache_control");
	return check_life(m, body, "body");
}

bool check_marks(const struct check *c)
{
	struct marks m = { .check = c };

	if (!take_list(&m, tree_set(c->body, "tools"), "tools") ||
		!take_list(&m, tree_set(c->body, "system"), "system") || !take_messages(&m) ||
		!take_automatic(&m))
		return false;
	if (m.n > MARKS_MAX)
		return refuse(c->why, 400,
			"A maximum of 4 blocks with cache_control may be provided. Found %u.", m.n);
	return true;
}
