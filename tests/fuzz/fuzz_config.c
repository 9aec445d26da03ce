/* SPDX-License-Identifier: MIT */
/* Any bytes as a configuration file; what follows a NUL, as a .env file. Whatever is wrong is said with a
 * place that exists and without control characters; what loads can be shown and loaded again; and as a
 * project's file the same bytes set nothing that such a file must not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The files there are; one without path is not. */
struct files {
	const char *path[3];
	struct str text[3];
};

enum { CONFIG_JSON, DOTENV, KEY };

static void require(bool ok)
{
	if (!ok)
		abort();
}

static int read_file(void *ctx, const char *path, struct config_file *ret)
{
	const struct files *files = ctx;

	for (size_t i = 0; i < ARRAY_LEN(files->path); i++) {
		if (files->path[i] == NULL || strcmp(files->path[i], path) != 0)
			continue;
		ret->mode = 0600;
		buf_add(&ret->text, files->text[i]);
		return 0;
	}
	return ENOENT;
}

static void check_place(const struct files *files, const struct config_problem *p)
{
	struct str text = { NULL, 0 }, line = { NULL, 0 };
	struct setting_place end = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(files->path); i++)
		if (files->path[i] != NULL && str_eq(p->file, str_from(files->path[i])))
			text = files->text[i];
	for (unsigned i = 0; i < p->line; i++)
		require(text.p != NULL && str_split(&text, '\n', &line));
	if (p->line == 0)
		return;
	setting_locate(line, line.n, &end);
	require(p->column >= 1 && p->column <= end.column);
}

static struct config *load(struct files *files, struct config_report *report)
{
	static char key[] = "KEY=0123456789-0123456789", level[] = "SLUICE_LOG_LEVEL=warn";
	static char *env[] = { key, level, NULL };
	const struct config_input in = { .env = env,
		.cwd = "/home/me/code",
		.home = "/home/me",
		.read = read_file,
		.ctx = files };
	struct config *c = config_load(&in, report);

	require((c != NULL) == (report->errors == 0));
	for (size_t i = 0; i < report->n; i++) {
		const struct config_problem *p = &report->problems[i];
		check_place(files, p);
		require(p->text.n > 0);
		for (size_t k = 0; k < p->text.n; k++)
			require((unsigned char)p->text.p[k] >= ' ' && p->text.p[k] != 0x7F);
	}
	return c;
}

/* What is masked when it is shown comes back as its mask. */
static void check_equal(const struct settings *t, const void *a, const void *b)
{
	for (size_t i = 0; i < t->n; i++)
		require(t->rows[i].type == SETTING_SECRET ||
			(t->rows[i].flags & SETTING_MASKED) != 0 ||
			setting_equal(&t->rows[i], a, b));
}

/* What is shown loads again, and gives the same. */
static void check_again(struct files files, const struct config *c)
{
	struct config_report report;
	struct buf shown;

	buf_init(&shown, 16 << 20);
	config_show_settings(c, &shown);
	files.text[CONFIG_JSON] = buf_str(&shown);
	struct config *again = load(&files, &report);
	require(again != NULL && again->nproviders == c->nproviders);
	check_equal(&config_settings, c, again);
	for (size_t i = 0; i < c->nproviders; i++) {
		require(str_eq(c->providers[i].name, again->providers[i].name));
		check_equal(&config_provider_settings, &c->providers[i], &again->providers[i]);
	}
	config_unref(again);
	config_report_release(&report);
	buf_release(&shown);
}

static void check_untouched(const struct settings *t, const struct config_origin *origins)
{
	for (size_t i = 0; i < t->n; i++)
		require((t->rows[i].flags & SETTING_TRUSTED) == 0 ||
			origins[i].layer != CONFIG_PROJECT);
}

static void check_project(struct files files)
{
	struct config_report report;

	files.path[CONFIG_JSON] = "/home/me/code/.sluice.json";
	files.path[DOTENV] = NULL;
	struct config *c = load(&files, &report);
	check_untouched(&config_settings, report.origins);
	for (size_t i = 0; c != NULL && i < c->nproviders; i++)
		check_untouched(&config_provider_settings, report.providers[i].v);
	/* Without its address it cannot have added a provider. */
	require(c == NULL || c->nproviders == 14);
	config_unref(c);
	config_report_release(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = { (const char *)data, size };
	const size_t n = str_find_char(text, '\0');
	struct files files = {
		.path = { "/home/me/.config/sluice/config.json", NULL, "/home/me/key" },
		.text = { { size > 0 ? text.p : "", n }, { NULL, 0 },
			STR("file-0123456789-0123\n") },
	};

	struct config_report report;

	if (n < size) {
		files.path[DOTENV] = "/home/me/code/.env";
		files.text[DOTENV] = str_from_offset(text, n + 1);
	}
	struct config *c = load(&files, &report);
	/* What costs as much again is done for inputs of some lengths. What is not even JSON is so for a project too. */
	if (c != NULL && size % 4 == 0)
		check_again(files, c);
	if (size % 4 == 1 &&
		(report.n == 0 || !str_starts(report.problems[0].text, STR("not valid JSON"))))
		check_project(files);
	config_unref(c);
	config_report_release(&report);
	return 0;
}
