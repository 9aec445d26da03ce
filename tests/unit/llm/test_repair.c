/* SPDX-License-Identifier: MIT */
/* Conversations are put in order. They are written as one line: "U t:a | A t:b c:x | U r:x=late" is a text of the user, a text and a call of
 * the assistant, and the call's result; S is for instructions, i an image, "r:x!=" a result that is an error. */
#include "unit/base/check.h"

#include "llm/content.h"

#include <stdio.h>

static struct content c;

static void begin(void **state)
{
	content_init(&c, *state);
}

static int set_up(void **state)
{
	*state = arena_new();
	begin(state);
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	return 0;
}

static struct part *add(struct turn *t, enum part_kind kind)
{
	return parts_add(&t->parts, kind, c.arena);
}

static void add_result(struct turn *t, struct str word)
{
	size_t at = str_find_char(word, '=');
	struct part *p = add(t, PART_RESULT);
	struct parts inner = { NULL, NULL };

	p->id = (struct str){ word.p, at };
	/* An empty text within, too. */
	parts_add(&inner, PART_TEXT, c.arena)->text = STR("");
	if (at < word.n)
		parts_add_text(&inner, str_from_offset(word, at + 1), c.arena);
	if (str_ends(word, STR("+i")))
		parts_add(&inner, PART_IMAGE, c.arena)->data = STR("x");
	p->parts = inner.first;
}

static void read_word(struct turn *t, struct str word)
{
	struct str text = str_from_offset(word, word.n < 2 ? word.n : 2);
	struct part *p;

	if (word.n == 0)
		return;
	if (word.p[0] == 't') {
		add(t, PART_TEXT)->text = text;
	} else if (word.p[0] == 'c') {
		p = add(t, PART_CALL);
		p->id = text;
		p->name = STR("tool");
		p->text = STR("{\"a\": 1}");
	} else if (word.p[0] == 'r') {
		add_result(t, text);
	} else {
		add(t, PART_IMAGE)->data = STR("x");
	}
}

static void read_line(const char *line)
{
	struct str rest = str_from(line), turn, word;

	while (str_split(&rest, '|', &turn)) {
		turn = str_trim(turn);
		char role = turn.p[0];
		struct turn *t = content_add_turn(&c, role == 'U'   ? ROLE_USER
						      : role == 'A' ? ROLE_ASSISTANT
								    : ROLE_SYSTEM);
		turn = str_from_offset(turn, 1);
		while (str_split(&turn, ' ', &word))
			read_word(t, word);
	}
}

static void print_part(struct buf *out, const struct part *p)
{
	switch (p->kind) {
	case PART_TEXT:
		buf_add(out, STR(" t:"));
		buf_add(out, p->text);
		break;
	case PART_CALL:
		buf_add(out, STR(" c:"));
		buf_add(out, p->id);
		break;
	case PART_RESULT:
		assert_bytes(p->name, "tool");
		buf_add(out, STR(" r:"));
		buf_add(out, p->id);
		buf_add(out, p->is_error ? STR("!=") : STR("="));
		for (const struct part *in = p->parts; in != NULL; in = in->next)
			buf_add(out, in->kind != PART_TEXT ? STR("")
				     : in->text.n > 0      ? in->text
							   : STR("EMPTY"));
		break;
	default:
		buf_add(out, STR(" i"));
	}
}

/* Also looks whether the lists' ends are right. */
static void print_line(struct buf *out)
{
	static const char roles[] = {
		[ROLE_USER] = 'U', [ROLE_ASSISTANT] = 'A', [ROLE_SYSTEM] = 'S', [ROLE_NONE] = '?'
	};
	const struct turn *last = NULL;

	for (const struct turn *t = c.turns; t != NULL; t = t->next) {
		if (last != NULL)
			buf_add(out, STR(" | "));
		buf_add_char(out, roles[t->role]);
		const struct part *end = NULL;
		for (const struct part *p = t->parts.first; p != NULL; p = p->next) {
			print_part(out, p);
			end = p;
		}
		assert_ptr_equal(t->parts.last, end);
		last = t;
	}
	assert_ptr_equal(c.last_turn, last);
}

static void check_line(const char *want)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	print_line(&out);
	assert_str(buf_str(&out), str_from(want));
	buf_release(&out);
}

static void check(void **state, const char *line, const char *want)
{
	begin(state);
	read_line(line);
	content_repair(&c);
	check_line(want);
}

/* As a list with commas. */
static void check_warnings(const char *want)
{
	char got[1000] = "";

	for (size_t i = 0; i < c.warnings.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%.*s", i > 0 ? "," : "",
			STR_ARG(c.warnings.v[i]));
	assert_string_equal(got, want);
}

static void what_is_right_stays(void **state)
{
	const char *line =
		"U t:a | A t:b c:x c:y | U r:x=1 r:y=2 t:e | A t:f | S t:s | U t:g i | A c:z | U r:z=3";

	check(state, line, line);
	check_warnings("");
	check(state, "A t:first | U t:b", "A t:first | U t:b");
	begin(state);
	content_repair(&c);
	assert_null(c.turns);
	assert_null(c.last_turn);
}

static void neighbours_are_one(void **state)
{
	check(state, "U t:a | U t:b i | A t:c | A t:d | U t:e", "U t:a t:b i | A t:c t:d | U t:e");
	check(state, "S t:a | S t:b | U t:c", "S t:a | S t:b | U t:c");
	check_warnings("");
}

static void empty_texts_go(void **state)
{
	check(state, "U t: t:a t: | A t: | U t:b | A t: c:x | U r:x t:",
		"U t:a | A t:(empty) | U t:b | A c:x | U r:x=");
	check(state, "U | A t:b", "U t:(empty) | A t:b");
	check(state, "U t: | U t:a | A t:b", "U t:a | A t:b");
	check(state, "U t:a | S t: | A t:b", "U t:a | A t:b");
	check_warnings("");
}

/* The vector of that name. */
static void orphans(void **state)
{
	check(state, "U t:a | A t: c:x | U t:never | U r:gone=late | U t:b | U t:c",
		"U t:a | A c:x | U r:x!=[no result provided] t:never t:[result of unknown tool call gone]\\nlate t:b t:c");
	check_warnings("tool_result_synthesised,tool_result_orphan");
	check(state, "U r:gone=late+i", "U t:[result of unknown tool call gone]\\nlate+i i");
	check(state, "A c:x", "A c:x | U r:x!=[no result provided]");
	check(state, "A c:x | A c:y | U r:y=1", "A c:x c:y | U r:y=1 r:x!=[no result provided]");
	check(state, "A c:x | U r:x=1 r:x=2",
		"A c:x | U r:x=1 t:[result of unknown tool call x]\\n2");
	check_warnings("tool_result_orphan");
	/* Before its call it answers nothing. */
	check(state, "U r:x=1 | A c:x | U t:a",
		"U t:[result of unknown tool call x]\\n1 | A c:x | U r:x!=[no result provided] t:a");
}

static void results_go_to_their_calls(void **state)
{
	check(state, "A c:x c:y | U t:a r:y=2 t:b r:x=1", "A c:x c:y | U r:y=2 r:x=1 t:a t:b");
	check(state, "A c:x c:y | U r:y=2 | A t:b | U r:x=1 t:c",
		"A c:x c:y | U r:y=2 r:x=1 | A t:b | U t:c");
	/* A turn that held nothing else goes. */
	check(state, "A c:x | U t:a | A t:b | U r:x=1 | A t:c", "A c:x | U r:x=1 t:a | A t:b t:c");
	check(state, "A c:x | U r:x=1 | A c:y | U r:y=2 | A t:z",
		"A c:x | U r:x=1 | A c:y | U r:y=2 | A t:z");
	check(state, "A c:x | U t:a | A c:y | U r:x=1 r:y=2",
		"A c:x | U r:x=1 t:a | A c:y | U r:y=2");
	check(state, "A c:x r:x=1 t:b", "A c:x t:b | U r:x=1");
	check_warnings("");
}

static void instructions_do_not_stand_between(void **state)
{
	check(state, "A c:x | S t:s | U r:x=1 t:a", "A c:x | U r:x=1 | S t:s | U t:a");
	check(state, "A c:x | S t:s | U r:x=1", "A c:x | U r:x=1 | S t:s");
	check(state, "A c:x | S t:s | A t:b c:y | U r:y=2 r:x=1",
		"A c:x | U r:x=1 | S t:s | A t:b c:y | U r:y=2");
	check_warnings("");
}

static void ids_are_unique(void **state)
{
	check(state, "A c:a | U r:a=1 | A c:a | U r:a=2 | A c:a | U r:a=3",
		"A c:a | U r:a=1 | A c:a_2 | U r:a_2=2 | A c:a_3 | U r:a_3=3");
	check(state, "A c:a c:a c:b | U r:a=1 r:b=3 r:a=2",
		"A c:a c:a_2 c:b | U r:a=1 r:b=3 r:a_2=2");
	check(state, "A c:a_2 c:a c:a c:a_2 | U r:a=1 r:a_2=2 r:a_2=3 r:a=4",
		"A c:a_2 c:a c:a_2_2 c:a_2_3 | U r:a=1 r:a_2=2 r:a_2_3=3 r:a_2_2=4");
	/* One that was left without a result gets none of a later one. */
	check(state, "A c:a | U t:no | A c:a | U r:a=2",
		"A c:a | U r:a!=[no result provided] t:no | A c:a_2 | U r:a_2=2");
	check(state,
		"A c:0123456789012345678901234567890123456789012345678901234567890123 c:0123456789012345678901234567890123456789012345678901234567890123",
		"A c:0123456789012345678901234567890123456789012345678901234567890123 c:01234567890123456789012345678901234567890123456789012345678901_2 | "
		"U r:0123456789012345678901234567890123456789012345678901234567890123!=[no result provided] "
		"r:01234567890123456789012345678901234567890123456789012345678901_2!=[no result provided]");
}

static void a_call_by_the_user_is_text(void **state)
{
	check(state, "U t:a c:x | U r:x=1",
		"U t:a t:[call of tool tool]\\n{\\\"a\\\":1} t:[result of unknown tool call x]\\n1");
}

static void calls_and_results_agree_on_their_form(void **state)
{
	begin(state);
	read_line("A c:x c:y | U r:x=1");
	c.turns->parts.first->freeform = true;
	c.turns->parts.last->freeform = true;
	content_repair(&c);
	for (const struct part *p = c.last_turn->parts.first; p != NULL; p = p->next)
		assert_true(p->freeform);
}

/* A call once has its result behind it, whatever comes, and a second walk finds nothing to do. */
static void whatever_comes(void **state)
{
	static const char *const words[] = { "t:a", "t:", "c:x", "c:y", "c:z", "r:x=1", "r:y=2",
		"r:z=3", "i" };
	uint32_t seed = 12345;
	char line[400];

	for (unsigned n = 0; n < 20000; n++) {
		size_t at = 0;
		for (unsigned t = 0; t < 6; t++) {
			seed = seed * 1664525 + 1013904223;
			at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%c",
				t > 0 ? "|" : "", "UUAAS"[(seed >> 16) % 5]);
			for (unsigned p = 0; p < (seed >> 24) % 4; p++) {
				seed = seed * 1664525 + 1013904223;
				const char *word = words[(seed >> 16) % ARRAY_LEN(words)];
				at += (size_t)snprintf(line + at, sizeof(line) - at, " %s", word);
			}
		}
		struct buf once, twice;
		*state = (arena_free(*state), arena_new());
		begin(state);
		read_line(line);
		content_repair(&c);
		buf_init(&once, 1 << 16);
		buf_init(&twice, 1 << 16);
		print_line(&once);
		c.warnings.n = 0;
		content_repair(&c);
		print_line(&twice);
		if (!str_eq(buf_str(&once), buf_str(&twice)) || c.warnings.n > 0)
			fail_msg(
				"%s\n%.*s\n%.*s", line, (int)once.n, once.p, (int)twice.n, twice.p);
		buf_release(&once);
		buf_release(&twice);
	}
}

/* Quadratic work would take minutes. */
static void long_histories(void **state)
{
	enum { CALLS = 50000 };

	for (unsigned i = 0; i < CALLS; i++) {
		struct part *p = add(content_add_turn(&c, ROLE_ASSISTANT), PART_CALL);
		p->id = i % 2 == 0 ? STR("same") : arena_printf(*state, "id%u", i);
		p->name = STR("tool");
		if (i % 3 == 0)
			continue;
		struct part *r = add(content_add_turn(&c, ROLE_USER), PART_RESULT);
		r->id = p->id;
	}
	content_repair(&c);
	size_t calls = 0, results = 0;
	for (const struct turn *t = c.turns; t != NULL; t = t->next)
		for (const struct part *p = t->parts.first; p != NULL; p = p->next) {
			calls += p->kind == PART_CALL;
			results += p->kind == PART_RESULT;
		}
	assert_int_equal(calls, CALLS);
	assert_int_equal(results, CALLS);
}

static void instructions_become_reminders(void **state)
{
	read_line(
		"U t:u1 | A t:a1 | S t:Now t:formal | S t:more | U t:u2 | A c:x | U r:x=1 | S t:s | A t:b | S t:end");
	content_repair(&c);
	assert_int_equal(c.warnings.n, 0);
	content_fold_system(&c);
	check_line(
		"U t:u1 | A t:a1 | U t:<system-reminder>\\nNow\\n\\nformal\\n</system-reminder> t:<system-reminder>\\nmore\\n</system-reminder> t:u2 | "
		"A c:x | U r:x=1 t:<system-reminder>\\ns\\n</system-reminder> | A t:b | U t:<system-reminder>\\nend\\n</system-reminder>");
	check_warnings("mid_system_downgraded");
}

static void missing_tools_are_declared(void **state)
{
	read_line("A c:x c:y | U r:x=1 r:y=2");
	c.turns->parts.last->name = STR("other");
	content_repair(&c);
	content_declare_tools(&c);
	assert_bytes(c.tools->name, "tool");
	assert_bytes(c.tools->wire_name, "tool");
	assert_bytes(c.tools->schema, "{\"type\":\"object\",\"properties\":{}}");
	assert_bytes(c.tools->next->wire_name, "other");
	assert_null(c.tools->next->next);
	check_warnings("tool_declaration_synthesised");
	begin(state);
	read_line("A c:x | U r:x=1");
	content_add_tool(&c, TOOL_FUNCTION)->wire_name = STR("mine");
	content_declare_tools(&c);
	assert_null(c.tools->next);
	begin(state);
	read_line("A t:x");
	content_declare_tools(&c);
	assert_null(c.tools);
	check_warnings("");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_right_stays),
		TEST(neighbours_are_one),
		TEST(empty_texts_go),
		TEST(orphans),
		TEST(results_go_to_their_calls),
		TEST(instructions_do_not_stand_between),
		TEST(ids_are_unique),
		TEST(a_call_by_the_user_is_text),
		TEST(calls_and_results_agree_on_their_form),
		TEST(whatever_comes),
		TEST(long_histories),
		TEST(instructions_become_reminders),
		TEST(missing_tools_are_declared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
