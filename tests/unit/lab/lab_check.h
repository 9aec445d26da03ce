/* SPDX-License-Identifier: MIT */
/* A folder with invented transcripts, and an audit of it. */
#ifndef UNIT_LAB_LAB_CHECK_H
#define UNIT_LAB_LAB_CHECK_H

#include "unit/base/check.h"

#include "lab/audit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static struct arena *price_arena;
static struct prices price_table;

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static inline int make_root(void **state)
{
	struct err e = { 0 };
	size_t skipped;

	(void)state;
	setenv("TZ", "UTC", 1);
	snprintf(root, sizeof(root), "/tmp/test_labXXXXXX");
	assert_non_null(mkdtemp(root));
	price_arena = arena_new();
	price_table = (struct prices){ 0 };
	assert_true(prices_read(&price_table, prices_builtin(), price_arena, &skipped, &e));
	return 0;
}

static inline int remove_root(void **state)
{
	(void)state;
	arena_free(price_arena);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline const char *below(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

/* Writes a file, and the folders above it. */
static inline void put(const char *name, struct str text)
{
	char path[512];

	snprintf(path, sizeof(path), "%s", below(name));
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
	fclose(f);
}

/* Audits the whole folder. audit_release() and free() afterwards. */
static inline struct audit *audit_root(const struct audit_options *options)
{
	struct audit_options o =
		options != NULL ? *options : (struct audit_options){ .until_ms = INT64_MAX };
	struct audit *a = must_alloc(sizeof(*a));
	struct transcripts t = { 0 };
	struct err e = { 0 };

	o.prices = &price_table;
	audit_init(a, &o);
	assert_true(transcripts_add(&t, root, &e));
	audit_run(a, &t);
	transcripts_release(&t);
	return a;
}

static inline void done(struct audit *a)
{
	audit_release(a);
	free(a);
}

#endif
