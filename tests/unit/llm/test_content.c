/* SPDX-License-Identifier: MIT */
/* The neutral request as it is built, and its warnings. */
#include "unit/base/check.h"

#include "llm/content.h"

#include <stdio.h>

static struct content c;

static int set_up(void **state)
{
	*state = arena_new();
	content_init(&c, *state);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static void begins_empty(void **state)
{
	assert_int_equal(c.parallel_calls, -1);
	assert_int_equal(c.format.strict, -1);
	assert_null(c.turns);
	assert_null(c.tools);
	assert_int_equal(c.warnings.n, 0);
	assert_null(content_tool(&c, STR("x")));
}

static void lists_keep_their_order(void **state)
{
	struct turn *a = content_add_turn(&c, ROLE_USER), *b = content_add_turn(&c, ROLE_ASSISTANT);
	char text[8];

	assert_ptr_equal(c.turns, a);
	assert_ptr_equal(a->next, b);
	assert_ptr_equal(c.last_turn, b);
	parts_add_text(&a->parts, STR("x"), *state);
	parts_add_text(&a->parts, STR(""), *state);
	struct part *image = parts_add(&a->parts, PART_IMAGE, *state);
	assert_ptr_equal(a->parts.first->next, image);
	assert_ptr_equal(a->parts.last, image);
	assert_null(b->parts.first);
	struct words w = { 0 };
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "%u", i);
		words_add(&w, arena_dup(*state, str_from(text)), *state);
	}
	assert_int_equal(w.n, 100);
	assert_bytes(w.v[0], "0");
	assert_bytes(w.v[64], "64");
	assert_bytes(w.v[99], "99");
}

static struct tool *add_tool(const char *name)
{
	struct tool *t = content_add_tool(&c, TOOL_FUNCTION);

	t->wire_name = arena_dup(c.arena, str_from(name));
	return t;
}

/* Also those that are added after the first look. */
static void tools_are_found(void **state)
{
	struct tool *first = add_tool("t");
	char name[16];

	assert_int_equal(first->strict, -1);
	assert_ptr_equal(content_tool(&c, STR("t")), first);
	add_tool("t");
	assert_ptr_equal(content_tool(&c, STR("t")), first);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		add_tool(name);
		if (i % 100 == 0)
			assert_ptr_equal(content_tool(&c, str_from(name)), c.last_tool);
	}
	assert_bytes(content_tool(&c, STR("t1234"))->wire_name, "t1234");
	assert_ptr_equal(content_tool(&c, STR("t")), first);
	assert_null(content_tool(&c, STR("t3000")));
	assert_null(content_tool(&c, STR("")));
}

static void arguments_come_out_of_strings(void **state)
{
	assert_bytes(content_arguments(&c, STR("{\\\"a\\\": \\\"\\\\n\\\"}")), "{\"a\": \"\\n\"}");
	assert_bytes(content_arguments(&c, STR("")), "{}");
	assert_bytes(content_arguments(&c, STR(" \\n")), "{}");
	assert_int_equal(c.warnings.n, 0);
	assert_bytes(content_arguments(&c, STR("{oops")), "{\"__raw_arguments\":\"{oops\"}");
	assert_bytes(
		content_arguments(&c, STR("{\\\"a\\\":")), "{\"__raw_arguments\":\"{\\\"a\\\":\"}");
	assert_bytes(content_arguments(&c, STR("[1]")), "{\"__raw_arguments\":\"[1]\"}");
	assert_int_equal(c.warnings.n, 1);
	assert_bytes(c.warnings.v[0], "tool_arguments_invalid");
}

static void efforts(void **state)
{
	for (unsigned e = EFFORT_NONE; e < EFFORTS; e++)
		assert_int_equal(effort_of(str_from(effort_name((enum effort)e))), e);
	assert_int_equal(effort_of(STR("")), EFFORT_UNSET);
	assert_int_equal(effort_of(STR("ultra")), EFFORT_UNSET);
	assert_int_equal(effort_of_budget(1024), EFFORT_LOW);
	assert_int_equal(effort_of_budget(4095), EFFORT_LOW);
	assert_int_equal(effort_of_budget(4096), EFFORT_MEDIUM);
	assert_int_equal(effort_of_budget(16383), EFFORT_MEDIUM);
	assert_int_equal(effort_of_budget(16384), EFFORT_HIGH);
	assert_int_equal(effort_of_budget(32767), EFFORT_HIGH);
	assert_int_equal(effort_of_budget(32768), EFFORT_XHIGH);
}

static void warnings_once_each(void **state)
{
	struct warnings *w = &c.warnings;

	warn(w, "top_k_dropped");
	warn_field(w, STR("mcp_servers"), *state);
	warn(w, "top_k_dropped");
	warn_field(w, STR("mcp_servers"), *state);
	warn_field(w, STR("a,b\r\nx: y"), *state);
	warn_field(w, STR(""), *state);
	assert_int_equal(w->n, 3);
	assert_bytes(w->v[0], "top_k_dropped");
	assert_bytes(w->v[1], "field_dropped:mcp_servers");
	assert_bytes(w->v[2], "field_dropped:?");
}

static void warnings_have_a_bound(void **state)
{
	struct warnings *w = &c.warnings;
	char name[16];

	for (unsigned i = 0; i < WARNINGS_MAX + 9; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		warn_field(w, str_from(name), *state);
		assert_int_equal(w->n, i < WARNINGS_MAX ? i + 1 : WARNINGS_MAX);
	}
	assert_bytes(w->v[WARNINGS_MAX - 2], "field_dropped:f30");
	assert_bytes(w->v[WARNINGS_MAX - 1], "more");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(begins_empty),
		TEST(lists_keep_their_order),
		TEST(tools_are_found),
		TEST(arguments_come_out_of_strings),
		TEST(efforts),
		TEST(warnings_once_each),
		TEST(warnings_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
