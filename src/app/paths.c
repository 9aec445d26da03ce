/* SPDX-License-Identifier: MIT */
/* Where the files of a running proxy lie. */
#include "app/paths.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct str paths_state_dir(struct arena *a, const char *xdg_state_home, const char *home)
{
	if (xdg_state_home && *xdg_state_home == '/')
		return arena_printf(a, "%s/sluice", xdg_state_home);
	if (home && *home == '/')
		return arena_printf(a, "%s/.local/state/sluice", home);
	return (struct str){ "", 0 };
}

static bool make_dir(char *path, struct err *e)
{
	char reason[128];

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	return err_set(e, ERR_INTERNAL, "cannot create folder \"%s\": %s", path,
		strerror_r(errno, reason, sizeof(reason)));
}

bool paths_make_dir(const char *path, struct err *e)
{
	char *copy = must_strdup(path);
	bool ok = true;

	/* mkdir() of an existing parent that is not ours to write to fails with EEXIST or EROFS; only a
	 * missing one is created. */
	for (char *slash = copy; ok && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (access(copy, F_OK) != 0)
			ok = make_dir(copy, e);
		*slash = '/';
	}
	ok = ok && make_dir(copy, e);
	struct stat st;
	if (ok && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		ok = err_set(e, ERR_INTERNAL, "\"%s\" is no folder", path);
	if (ok && access(path, W_OK | X_OK) != 0)
		ok = err_set(e, ERR_INTERNAL, "folder \"%s\" is not writable", path);
	free(copy);
	return ok;
}

const char *paths_home(void)
{
	const char *home = getenv("HOME");

	if (home && *home == '/')
		return home;
	const struct passwd *user = getpwuid(getuid());
	return user ? user->pw_dir : NULL;
}

bool paths_init(struct paths *p, struct err *e)
{
	*p = (struct paths){ .arena = arena_new() };
	p->state_dir = paths_state_dir(p->arena, getenv("XDG_STATE_HOME"), paths_home()).p;
	if (!*p->state_dir)
		return err_set(e, ERR_INTERNAL, "no home folder: set HOME or XDG_STATE_HOME");
	p->state_file = arena_printf(p->arena, "%s/proxy.json", p->state_dir).p;
	p->lock_file = arena_printf(p->arena, "%s/proxy.lock", p->state_dir).p;
	p->run_lock = arena_printf(p->arena, "%s/run.lock", p->state_dir).p;
	p->log_file = arena_printf(p->arena, "%s/sluice.log", p->state_dir).p;
	return paths_make_dir(p->state_dir, e);
}

void paths_release(struct paths *p)
{
	arena_free(p->arena);
	*p = (struct paths){ 0 };
}
