/* SPDX-License-Identifier: MIT */
/* docs/providers.md says what the tables say: presets, flavors, capabilities, warnings. */
#include "unit/base/check.h"

#include "core/config_load.h"
#include "llm/target.h"
#include "llm/warning.h"

#include <stdio.h>
#include <string.h>

static struct buf document;

static int read_document(void **state)
{
	FILE *f = fopen(TESTS_DIR "/../docs/providers.md", "r");
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

/* Complains with what should stand there, so that it can be put there. */
static void check_rows(struct buf *wanted)
{
	struct str rest = buf_str(wanted), line;
	int missing = 0;

	while (str_split(&rest, '\n', &line))
		if (line.n > 0 && !says(line)) {
			print_error("%.*s\n", STR_ARG(line));
			missing++;
		}
	buf_release(wanted);
	if (missing > 0)
		fail_msg("these rows are missing in docs/providers.md");
}

static void presets(void **state)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < CONFIG_PRESETS; i++) {
		const struct config_preset *p = &config_presets[i];
		buf_addf(&b, "| `%s` | %s | %s | `%s` | %s%s%s |\n", p->name, p->dialect, p->flavor,
			p->base_url, p->key_env != NULL ? "`" : "",
			p->key_env != NULL ? p->key_env : "–", p->key_env != NULL ? "`" : "");
	}
	check_rows(&b);
}

/* Those whose dialect is not Chat Completions. */
static bool has_own_dialect(const struct flavor *f)
{
	return strcmp(f->code, "ant") == 0 || strcmp(f->code, "gem") == 0;
}

static void all_flavors(void **state)
{
	static const char *const controls[] = {
		[CONTROL_NONE] = "–",
		[CONTROL_EFFORT] = "`reasoning_effort`",
		[CONTROL_DEEPSEEK] = "`thinking`, `reasoning_effort`",
		[CONTROL_OPENROUTER] = "`reasoning`",
		[CONTROL_TEMPLATE] = "`chat_template_kwargs`",
	};
	static const char *const echoes[] = {
		[ECHO_NOTHING] = "–",
		[ECHO_TEXT] = "`reasoning_content`",
		[ECHO_DETAILS] = "`reasoning_details`",
	};
	static const char *const words[] = { "–", "yes" };
	struct buf b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < nflavors; i++) {
		const struct flavor *f = &flavors[i];
		if (has_own_dialect(f)) {
			buf_addf(&b, "`%s`\n", f->name);
			continue;
		}
		buf_addf(&b, "| `%s` | `%s` | %s | %s | %s | %s | %s | %s | %s | %s |\n", f->name,
			f->completion_tokens ? "max_completion_tokens" : "max_tokens",
			controls[f->control], echoes[f->echo], words[f->json_schema], words[f->pdf],
			words[f->top_k], words[f->keeps_marks], words[f->continues_prefill],
			words[f->responses]);
	}
	check_rows(&b);
}

/* Each one that is named is one, with the values that are named. */
static void capabilities(void **state)
{
	struct str rest = buf_str(&document), line, cell, value;
	size_t n = 0;

	while (str_split(&rest, '\n', &line)) {
		if (!str_starts(line, STR("| `caps.")))
			continue;
		struct str name = str_from_offset(line, 8), values;
		name.n = str_find_char(name, '`');
		struct str cells = str_from_offset(line, 2);
		assert_true(str_split(&cells, '|', &cell));
		assert_true(str_split(&cells, '|', &values));
		values = str_trim(values);
		if (str_eq(values, STR("a number")))
			values = STR("1000");
		while (str_split(&values, ',', &value)) {
			struct caps c = { 0 };
			if (!caps_set(&c, name, str_trim(value)))
				fail_msg("caps.%.*s=%.*s", STR_ARG(name), STR_ARG(value));
		}
		n++;
	}
	assert_int_equal(n, 15);
}

static bool is_known_warning(struct str code)
{
	for (const char *const *c = warning_codes; *c != NULL; c++)
		if (str_eq(code, str_from(*c)))
			return true;
	return str_eq(code, STR("field_dropped:NAME"));
}

/* All that there are, and no others. */
static void warnings(void **state)
{
	struct str text = buf_str(&document), line, cell, code;
	struct buf b;

	buf_init(&b, 1 << 16);
	for (const char *const *c = warning_codes; *c != NULL; c++)
		buf_addf(&b, "`%s`\n", *c);
	check_rows(&b);
	text = str_from_offset(text, str_find(text, STR("| code |")));
	assert_true(str_split(&text, '\n', &line) && str_split(&text, '\n', &line));
	while (str_split(&text, '\n', &line) && str_starts(line, STR("| "))) {
		line = str_from_offset(line, 2);
		assert_true(str_split(&line, '|', &cell));
		while (str_split(&cell, ',', &code)) {
			code = str_trim(code);
			if (code.n < 3 || !is_known_warning((struct str){ code.p + 1, code.n - 2 }))
				fail_msg("%.*s", STR_ARG(code));
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(presets),
		cmocka_unit_test(all_flavors),
		cmocka_unit_test(capabilities),
		cmocka_unit_test(warnings),
	};

	return cmocka_run_group_tests(tests, read_document, release_document);
}
