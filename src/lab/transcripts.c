/* SPDX-License-Identifier: MIT */
/* A walk in byte order that follows links, each thing once. */
#include "lab/transcripts.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEPEST = 64, PATH_BYTES = 4096 };

static bool visit(struct transcripts *t, const struct stat *st)
{
	struct str device = { (const char *)&st->st_dev, sizeof(st->st_dev) };
	struct str inode = { (const char *)&st->st_ino, sizeof(st->st_ino) };

	return seen_add(&t->visited, fingerprint(device, inode, STR("")));
}

static void add_file(struct transcripts *t, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || !visit(t, st))
		return;
	if (t->n == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 64;
		t->v = must_realloc(t->v, t->cap * sizeof(*t->v));
	}
	t->v[t->n++] = (struct transcript){ must_strdup(path), (uint64_t)st->st_size };
	t->bytes += (uint64_t)st->st_size;
}

/* By bytes, where the end counts as a slash: NAME.jsonl comes before the folder NAME. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	const unsigned char *x = (const unsigned char *)(*a)->d_name,
			    *y = (const unsigned char *)(*b)->d_name;

	while (*x != '\0' && *x == *y)
		x++, y++;
	return (*x != '\0' ? *x : '/') - (*y != '\0' ? *y : '/');
}

static int no_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static void walk(struct transcripts *t, const char *folder, int depth)
{
	struct dirent **names = NULL;
	char *path = must_alloc(PATH_BYTES);
	int n = scandir(folder, &names, no_dots, by_name);

	t->unreadable += n < 0;
	for (int i = 0; i < n; i++) {
		struct str name = str_from(names[i]->d_name);
		int size = snprintf(path, PATH_BYTES, "%s/%s", folder, name.p);
		struct stat st;
		if (size < PATH_BYTES && stat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode) && depth < DEEPEST && visit(t, &st))
				walk(t, path, depth + 1);
			else if (str_ends(name, STR(".jsonl")))
				add_file(t, path, &st);
		}
		free(names[i]);
	}
	free(names);
	free(path);
}

bool transcripts_add(struct transcripts *t, const char *path, struct err *e)
{
	struct str root = str_from(path);
	char reason[128];
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID,
			"cannot read '%s': %s", path, strerror_r(errno, reason, sizeof(reason)));
	if (!S_ISDIR(st.st_mode)) {
		add_file(t, path, &st);
		return true;
	}
	while (root.n > 1 && str_ends(root, STR("/")))
		root.n--;
	char *folder = must_alloc(root.n + 1);
	memcpy(folder, root.p, root.n);
	if (visit(t, &st))
		walk(t, folder, 0);
	free(folder);
	return true;
}

void transcripts_release(struct transcripts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].path);
	free(t->v);
	seen_release(&t->visited);
	*t = (struct transcripts){ 0 };
}
