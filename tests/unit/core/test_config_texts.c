/* SPDX-License-Identifier: MIT */
/* The configuration as text: what is shown can be loaded again, and the documents are those that the
 * tables make. */
#include "unit/core/config_fake.h"

static void check_equal(const struct settings *t, const void *a, const void *b)
{
	for (size_t i = 0; i < t->n; i++)
		if (!setting_equal(&t->rows[i], a, b))
			fail_msg("\"%s\" differs", t->rows[i].path);
}

static void assert_configs_equal(const struct config *a, const struct config *b)
{
	check_equal(&config_settings, a, b);
	assert_int_equal(a->nproviders, b->nproviders);
	for (size_t i = 0; i < a->nproviders; i++) {
		assert_str(a->providers[i].name, b->providers[i].name);
		check_equal(&config_provider_settings, &a->providers[i], &b->providers[i]);
	}
}

/* Loads the settings that are shown of f into g. */
static void load_shown(struct fake *f, struct fake *g)
{
	struct buf shown;

	buf_init(&shown, 1 << 20);
	config_show_settings(f->config, &shown);
	buf_add_char(&shown, '\0');
	memcpy(g->env, f->env, sizeof(g->env));
	g->files[0] = (struct fake_file){ USER_FILE, shown.p };
	memcpy(g->files + 1, f->files + 1, sizeof(g->files) - sizeof(g->files[0]));
	fake_load(g);
	assert_problems(g, "");
	buf_release(&shown);
}

static void shown_and_loaded_again(void **state)
{
	struct fake defaults = { .env = { NULL } }, again = { .env = { NULL } };
	struct fake full = {
		.files = { { USER_FILE,
				   "{\"listen\": [\"127.0.0.1:1\", \"[::1]:2\"], \"override.model\": \"\\\"\\\\é\","
				   "\"auth\": {\"key_file\": \"/key\", \"hosts\": [\"a\"], \"origins\": [\"x://y\"]},"
				   "\"limits\": {\"idle_s\": 0.125, \"body_bytes\": 12345, \"ping_s\": 0},"
				   "\"log\": {\"level\": \"debug\", \"file\": \"x\"},"
				   "\"providers\": {\"openai\": {\"api_key_env\": \"K\", \"http2\": true},"
				   "\"my-own\": {\"dialect\": \"gemini\", \"base_url\": \"http://h:1/p\","
				   "\"ca_file\": \"~/c\", \"proxy\": \"p:1\"}}}" },
			{ "/key", "0123456789abcdefghi" } },
		.env = { "K=key" },
	};
	struct fake full_again = { .env = { NULL } };

	fake_load(&defaults);
	load_shown(&defaults, &again);
	assert_configs_equal(defaults.config, again.config);
	fake_load(&full);
	assert_problems(&full, "");
	load_shown(&full, &full_again);
	assert_configs_equal(full.config, full_again.config);
	fake_release(&defaults);
	fake_release(&again);
	fake_release(&full);
	fake_release(&full_again);
}

/* Each default, as it is shown, typed into a flag and into a variable. */
static void defaults_typed_again(void **state)
{
	struct fake defaults = { .env = { NULL } };

	fake_load(&defaults);
	for (size_t i = 0; i < config_settings.n; i++) {
		const struct setting *row = &config_settings.rows[i];
		struct fake f = { .env = { NULL } };
		struct buf set, env;
		buf_init(&set, 1000);
		buf_init(&env, 1000);
		setting_env_name(STR("SLUICE_"), str_from(row->path), &env);
		buf_add_char(&env, '=');
		setting_print(row, defaults.config, &env);
		buf_add_char(&env, '\0');
		buf_addf(&set, "%s=", row->path);
		setting_print(row, defaults.config, &set);
		buf_add_char(&set, '\0');
		bool word = row->type != SETTING_ENUM || row->fallback[0] != '\0';
		f.sets[0] = i % 2 == 0 && word ? set.p : NULL;
		f.env[0] = i % 2 != 0 && word ? env.p : NULL;
		fake_load(&f);
		assert_problems(&f, "");
		assert_int_equal(f.report.origins[i].layer, i % 2 == 0 ? CONFIG_FLAG : CONFIG_ENV);
		assert_configs_equal(defaults.config, f.config);
		buf_release(&set);
		buf_release(&env);
		fake_release(&f);
	}
	fake_release(&defaults);
}

/* A provider's name stands before the setting's: no name may end with another one. */
static bool name_is_unique(const struct settings *t, size_t row)
{
	bool unique = true;
	struct buf name, other;

	buf_init(&name, 1000);
	buf_init(&other, 1000);
	setting_env_name(STR("_"), str_from(t->rows[row].path), &name);
	for (size_t i = 0; i < t->n && unique; i++) {
		buf_clear(&other);
		setting_env_name(STR("_"), str_from(t->rows[i].path), &other);
		unique = i == row || !str_ends(buf_str(&other), buf_str(&name)) ||
			 (t == &config_settings && other.n != name.n);
	}
	buf_release(&name);
	buf_release(&other);
	return unique;
}

static void tables(void **state)
{
	const struct settings *const both[] = { &config_settings, &config_provider_settings };

	assert_int_equal(config_settings.n, CONFIG_ROWS);
	assert_int_equal(config_provider_settings.n, CONFIG_PROVIDER_ROWS);
	for (size_t k = 0; k < ARRAY_LEN(both); k++) {
		for (size_t i = 0; i < both[k]->n; i++) {
			const struct setting *row = &both[k]->rows[i];
			bool bounded = row->type == SETTING_INT || row->type == SETTING_BYTES ||
				       row->type == SETTING_SECONDS;
			assert_ptr_equal(settings_find(both[k], str_from(row->path)), row);
			assert_int_equal(row->max > row->min, bounded);
			assert_int_equal(row->choices != NULL, row->type == SETTING_ENUM);
			assert_true(strlen(row->text) > 5);
			assert_true(name_is_unique(both[k], i));
			assert_true(strspn(row->path, "abcdefghijklmnopqrstuvwxyz0123456789_.") ==
				    strlen(row->path));
		}
	}
}

static void shown_to_people(void **state)
{
	struct fake f = { .files = { { USER_FILE, "{\"listen\": \"localhost:1\"}" } },
		.env = { "SLUICE_LOG_LEVEL=warn" },
		.sets = { "providers.openai.api_key=sk-0123456789abcdef" } };
	static const char *const lines[] = {
		"listen                                        localhost:1                 " USER_FILE
		":1:2\n",
		"\nlog.level                                     warn                        environment "
		"SLUICE_LOG_LEVEL\n",
		"\noverride.model                                \"\"                          default\n",
		"\nproviders.openai.api_key                      sk-0*********cdef           --set "
		"providers.openai.api_key\n",
		"\nproviders.gemini.dialect                      gemini                      preset\n",
	};
	struct buf out;

	fake_load(&f);
	buf_init(&out, 1 << 20);
	config_show(f.config, &f.report, &out);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (str_find(buf_str(&out), str_from(lines[i])) == out.n)
			fail_msg("missing %s in:\n%.*s", lines[i], STR_ARG(buf_str(&out)));
	buf_clear(&out);
	config_show_json(f.config, &f.report, &out);
	assert_true(str_find(buf_str(&out),
			    STR("\n    \"log.level\": \"environment SLUICE_LOG_LEVEL\"")) < out.n);
	struct setting_value json;
	struct err e;
	size_t pos;
	struct arena *a = arena_new();
	assert_true(setting_read_json(a, buf_str(&out), &json, &pos, &e));
	assert_int_equal(json.n, 2);
	assert_int_equal(json.members[1].value.n, CONFIG_ROWS + 14 * CONFIG_PROVIDER_ROWS);
	arena_free(a);
	buf_release(&out);
	fake_release(&f);
}

static void assert_current(const char *name, void (*print)(struct buf *), const char *command)
{
	char path[4096];
	struct buf want, got;

	snprintf(path, sizeof(path), "%s/../docs/%s", TESTS_DIR, name);
	buf_init(&want, 1 << 20);
	buf_init(&got, 1 << 20);
	print(&want);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_true(buf_reserve(&got, 1 << 19));
	got.n = fread(got.p, 1, 1 << 19, f);
	fclose(f);
	if (!str_eq(buf_str(&got), buf_str(&want)))
		fail_msg("docs/%s is stale: run `sluice config %s > docs/%s`", name, command, name);
	buf_release(&want);
	buf_release(&got);
}

static void documents_are_current(void **state)
{
	assert_current("config.md", config_reference, "reference");
	assert_current("config.schema.json", config_schema, "schema");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shown_and_loaded_again),
		cmocka_unit_test(defaults_typed_again),
		cmocka_unit_test(tables),
		cmocka_unit_test(shown_to_people),
		cmocka_unit_test(documents_are_current),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
