/* SPDX-License-Identifier: MIT */
/* A configuration loaded from a file system, an environment and flags that exist in the test only. */
#ifndef UNIT_CORE_CONFIG_FAKE_H
#define UNIT_CORE_CONFIG_FAKE_H

#include "unit/base/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/config.h"

#define USER_FILE    "/home/me/.config/sluice/config.json"
#define PROJECT_FILE "/home/me/code/.sluice.json"
#define DOTENV_FILE  "/home/me/code/.env"

struct fake_file {
	const char *path, *text;
	unsigned mode; /* 0: 0600 */
	int error;     /* what reading it fails with; 0: nothing */
	bool foreign;
};

struct fake {
	struct fake_file files[8];
	const char *env[8];
	const char *sets[8];
	struct config_input in;
	/* What came of it. */
	struct config *config;
	struct config_report report;
	struct buf problems; /* as they are printed */
};

static inline int fake_read(void *ctx, const char *path, struct config_file *ret)
{
	struct fake *f = ctx;

	for (size_t i = 0; i < ARRAY_LEN(f->files) && f->files[i].path != NULL; i++) {
		const struct fake_file *file = &f->files[i];
		if (strcmp(file->path, path) != 0)
			continue;
		ret->mode = file->mode != 0 ? file->mode : 0600;
		ret->foreign = file->foreign;
		if (file->error == 0)
			buf_add(&ret->text, str_from(file->text));
		return file->error;
	}
	return ENOENT;
}

/* Loads what *f describes; its input's folders are /home/me/code and /home/me unless they are set. */
static inline void fake_load(struct fake *f)
{
	f->in.env = (char *const *)(uintptr_t)f->env;
	if (f->in.home == NULL)
		f->in.home = "/home/me";
	if (f->in.cwd == NULL)
		f->in.cwd = "/home/me/code";
	f->in.sets = f->sets;
	f->in.nsets = 0;
	while (f->in.nsets < ARRAY_LEN(f->sets) && f->sets[f->in.nsets] != NULL)
		f->in.nsets++;
	f->in.read = fake_read;
	f->in.ctx = f;
	f->config = config_load(&f->in, &f->report);
	assert_int_equal(f->config == NULL, f->report.errors > 0);
	buf_init(&f->problems, 1 << 20);
	for (size_t i = 0; i < f->report.n; i++)
		config_problem_print(&f->report.problems[i], &f->problems);
}

static inline void fake_release(struct fake *f)
{
	config_unref(f->config);
	config_report_release(&f->report);
	buf_release(&f->problems);
}

static inline void check_problems(struct fake *f, const char *want, const char *file, int line)
{
	check_bytes(buf_str(&f->problems), str_from(want), file, line);
}

/* All that loading said, as it is printed, or "" for nothing. */
#define assert_problems(f, want) check_problems(f, want, __FILE__, __LINE__)

#endif
