/* SPDX-License-Identifier: MIT */
/* docs/routing.md: its table of facts is the one in the code, and its examples load and decide what the tables behind them say. */
#include "unit/core/config_fake.h"

#include "core/script.h"

static struct buf document;

static int read_document(void **state)
{
	FILE *f = fopen(TESTS_DIR "/../docs/routing.md", "r");
	char piece[4096];
	size_t n;

	if (f == NULL)
		return -1;
	buf_init(&document, 1 << 20);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&document, (struct str){ piece, n });
	fclose(f);
	return 0;
}

static int release_document(void **state)
{
	buf_release(&document);
	return 0;
}

static bool says(struct str text)
{
	return str_find(buf_str(&document), text) < document.n;
}

static void all_facts(void **state)
{
	struct str rest, line;
	struct buf wanted;
	int missing = 0;

	buf_init(&wanted, 1 << 16);
	script_reference(&wanted);
	rest = buf_str(&wanted);
	while (str_split(&rest, '\n', &line))
		if (line.n > 0 && !says(line)) {
			print_error("%.*s\n", STR_ARG(line));
			missing++;
		}
	buf_release(&wanted);
	if (missing > 0)
		fail_msg("these rows are missing in docs/routing.md");
}

/* ---- examples ---- */

/* A block of the document, loaded, while its table is gone through. */
struct example {
	struct fake fake;
	struct arena *arena;
	bool loaded;
	unsigned cases;
};

static void unload(struct example *x)
{
	if (x->loaded)
		fake_release(&x->fake);
	x->loaded = false;
}

static void load(struct example *x, bool lua, struct str text)
{
	unload(x);
	x->fake = (struct fake){ 0 };
	const char *copy = arena_dup(x->arena, text).p;
	x->fake.files[0] = (struct fake_file){ USER_FILE, copy };
	if (lua) {
		x->fake.files[0].text = "{\"route.script\": \"~/route.lua\"}";
		x->fake.files[1] = (struct fake_file){ "/home/me/route.lua", copy };
	}
	fake_load(&x->fake);
	x->loaded = true;
	assert_problems(&x->fake, "");
}

static void set_fact(struct script_facts *f, struct str name, struct str value)
{
	uint64_t number = 0;
	size_t i = 0;

	while (i < SCRIPT_NFACTS && !str_eq(name, str_from(script_fact_rows[i].name)))
		i++;
	if (i == SCRIPT_NFACTS)
		fail_msg("there is no fact %.*s", STR_ARG(name));
	void *at = (char *)f + script_fact_rows[i].offset;
	switch (script_fact_rows[i].type) {
	case SCRIPT_STRING_FACT:
		*(struct str *)at = value;
		break;
	case SCRIPT_NUMBER_FACT:
		assert_true(str_to_u64(value, &number));
		*(double *)at = (double)number;
		break;
	case SCRIPT_BOOLEAN_FACT:
		*(bool *)at = str_eq(value, STR("true"));
		break;
	}
}

/* "NAME=VALUE, header NAME=VALUE". */
static void set_facts(struct script_facts *f, struct http_head *head, struct str text)
{
	struct str part, name;

	while (str_split(&text, ',', &part)) {
		part = str_trim(part);
		assert_true(str_split(&part, '=', &name) && part.p != NULL);
		if (str_starts(name, STR("header ")))
			head->h[head->n++] = (struct http_header){ str_from_offset(name, 7), part };
		else
			set_fact(f, name, part);
	}
}

static struct str cell(struct str *row)
{
	struct str text = { NULL, 0 };

	assert_true(str_split(row, '|', &text));
	text = str_trim(text);
	if (text.n > 2 && text.p[0] == '`')
		text = (struct str){ text.p + 1, text.n - 2 };
	return text;
}

static void check_case(struct example *x, struct str row)
{
	struct http_header headers[4];
	struct http_head head = { .h = headers };
	struct script_facts f = { .model = STR("claude-opus-4-6"), .head = &head };
	struct script_choice choice;
	struct err e = { 0 };
	struct str got = STR("\xE2\x80\x93"), line = str_from_offset(row, 2);
	struct str given = cell(&line), want = cell(&line);

	set_facts(&f, &head, given);
	if (!script_decide(x->fake.config->script, &f, x->arena, &choice, &e))
		fail_msg("%.*s: %s", STR_ARG(row), e.text);
	if (choice.n > 0)
		got = arena_printf(x->arena, "%.*s/%.*s", STR_ARG(choice.targets[0].provider),
			STR_ARG(choice.targets[0].model));
	else if (choice.from != SCRIPT_FROM_NOBODY)
		got = STR(SCRIPT_AS_ASKED);
	if (!str_eq(got, want))
		fail_msg("%.*s: goes to %.*s", STR_ARG(row), STR_ARG(got));
	x->cases++;
}

/* The block that begins here; *rest moves behind it. */
static struct str block(struct str *rest)
{
	const size_t n = str_find(*rest, STR("\n```\n"));
	const struct str text = { rest->p, n };

	assert_true(n < rest->n);
	*rest = str_from_offset(*rest, n + 5);
	return text;
}

static void examples(void **state)
{
	struct str rest = buf_str(&document), line;
	struct example x = { .arena = arena_new() };
	bool table = false;
	unsigned blocks = 0;

	while (str_split(&rest, '\n', &line)) {
		const bool lua = str_eq(line, STR("```lua")), json = str_eq(line, STR("```json"));
		if (lua || json) {
			load(&x, lua, block(&rest));
			blocks++;
		}
		if (str_eq(line, STR("| a request with | goes to |")))
			table = x.loaded;
		else if (!str_starts(line, STR("|")))
			table = false;
		else if (table && str_starts(line, STR("| `")))
			check_case(&x, line);
	}
	unload(&x);
	arena_free(x.arena);
	assert_true(blocks >= 2);
	assert_true(x.cases >= 16);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_facts),
		cmocka_unit_test(examples),
	};

	return cmocka_run_group_tests(tests, read_document, release_document);
}
