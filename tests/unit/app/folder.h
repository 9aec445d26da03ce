/* SPDX-License-Identifier: MIT */
/* A folder of a test's own, made before it and removed behind it. */
#ifndef UNIT_APP_FOLDER_H
#define UNIT_APP_FOLDER_H

#include "unit/base/check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static inline int folder_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char name[512];

	snprintf(name, sizeof(name), "%s/sluice-XXXXXX", tmp ? tmp : "/tmp");
	*state = mkdtemp(name) ? strdup(name) : NULL;
	return *state ? 0 : -1;
}

static inline int folder_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

static inline int folder_teardown(void **state)
{
	nftw(*state, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

/* Writes a file in the folder; its name may have folders, which are made. */
static inline void folder_write(const char *folder, const char *name, const char *text)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = path + strlen(folder); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		(void)mkdir(path, 0700);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#endif
