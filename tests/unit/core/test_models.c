/* SPDX-License-Identifier: MIT */
/* The name table: what a value may look like, and which entry answers to a name. */
#include "unit/core/config_fake.h"

#include "core/models.h"

static void values(void **state)
{
	static const struct {
		const char *value, *provider, *model,
			*params; /* provider NULL: refused, model: why */
	} rows[] = {
		{ "openai/gpt-5", "openai", "gpt-5", "" },
		{ " openai/gpt-5 ", "openai", "gpt-5", "" },
		{ "openrouter/qwen/qwen3:free", "openrouter", "qwen/qwen3:free", "" },
		{ "up/*", "up", "*", "" },
		{ "up/m a=1  caps.stop=false", "up", "m", " a=1  caps.stop=false" },
		{ "up/m user=", "up", "m", " user=" },
		{ "up/m a=b=c", "up", "m", " a=b=c" },
		{ "", NULL, "must be PROVIDER/MODEL", NULL },
		{ "gpt-5", NULL, "must be PROVIDER/MODEL", NULL },
		{ "/gpt-5", NULL, "must be PROVIDER/MODEL", NULL },
		{ "openai/", NULL, "must be PROVIDER/MODEL", NULL },
		{ "openai temperature=1/2", NULL, "must be PROVIDER/MODEL", NULL },
		{ "up/m temperature", NULL, "parameters have the form NAME=VALUE", NULL },
		{ "up/m =1", NULL, "parameters have the form NAME=VALUE", NULL },
		{ "up/m caps.wings=true", NULL, "'caps.wings=true' is no capability", NULL },
		{ "up/m caps.stop=perhaps", NULL, "'caps.stop=perhaps' is no capability", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct model_entry entry;
		struct err e = { 0 };
		bool ok = models_parse(str_from(rows[i].value), &entry, &e);
		assert_int_equal(ok, rows[i].provider != NULL);
		if (!ok) {
			assert_int_equal(e.kind, ERR_INVALID);
			assert_string_equal(e.text, rows[i].model);
			continue;
		}
		check_bytes(entry.provider, str_from(rows[i].provider), __FILE__, __LINE__);
		check_bytes(entry.model, str_from(rows[i].model), __FILE__, __LINE__);
		check_bytes(entry.params, str_from(rows[i].params), __FILE__, __LINE__);
	}
}

static void params_one_by_one(void **state)
{
	struct str rest = STR("  a=1 caps.stop=false  b= "), name, value;

	assert_true(models_next_param(&rest, &name, &value));
	assert_bytes(name, "a");
	assert_bytes(value, "1");
	assert_true(models_next_param(&rest, &name, &value));
	assert_bytes(name, "caps.stop");
	assert_bytes(value, "false");
	assert_true(models_next_param(&rest, &name, &value));
	assert_bytes(name, "b");
	assert_int_equal(value.n, 0);
	assert_false(models_next_param(&rest, &name, &value));
}

/* Patterns count in the order of the table, and behind every exact name. */
static void names(void **state)
{
	struct fake f = {
		.files = { { USER_FILE,
			"{\"models\": {\"c*\": \"openai/first\", \"claude-*\": \"openai/second\", "
			"\"claude-x\": \"openai/exact\", \"?\": \"gemini/*\", \"a/b\": \"openai/slash\", "
			"\"[a-c]9\": \"openai/brackets\", \"back\\\\*\": \"openai/back\"}}" } }
	};
	static const struct {
		const char *name, *model; /* NULL: none */
	} rows[] = {
		{ "claude-x", "exact" },
		{ "claude-y", "first" },
		{ "c", "first" },
		{ "d", "d" },
		{ "dd", NULL },
		{ "", NULL },
		{ "a/b", "slash" },
		{ "b9", "brackets" },
		{ "Claude-x", NULL },
		{ "back\\x", "back" },
	};
	struct model_entry entry;
	char longer[400];

	fake_load(&f);
	assert_problems(&f, "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool found = models_find(f.config, str_from(rows[i].name), &entry);
		if (found != (rows[i].model != NULL))
			print_error("%s\n", rows[i].name);
		assert_int_equal(found, rows[i].model != NULL);
		if (found)
			check_bytes(entry.model, str_from(rows[i].model), __FILE__, __LINE__);
	}
	/* A client's name may be anything. */
	memset(longer, 'c', sizeof(longer));
	assert_false(models_find(f.config, (struct str){ longer, sizeof(longer) }, &entry));
	assert_false(models_find(f.config, (struct str){ "c\0x", 3 }, &entry));
	fake_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(params_one_by_one),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
