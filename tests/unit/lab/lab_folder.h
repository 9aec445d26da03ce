/* SPDX-License-Identifier: MIT */
/* A folder of its own for each test, and the prices that are built in. */
#ifndef UNIT_LAB_LAB_FOLDER_H
#define UNIT_LAB_LAB_FOLDER_H

#include "unit/base/check.h"

#include "llm/price.h"

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

#endif
