/* SPDX-License-Identifier: MIT */
/* Where the files of a running proxy lie: all in one folder of the user's own, so that whoever has the
 * same home finds the same proxy, with or without a login session (XDG_RUNTIME_DIR goes away with it). */
#ifndef APP_PATHS_H
#define APP_PATHS_H

#include "base/arena.h"
#include "base/err.h"

struct paths {
	struct arena *arena;    /* owns the strings */
	const char *state_dir;  /* $XDG_STATE_HOME/sluice, else ~/.local/state/sluice */
	const char *state_file; /* what the proxy says of itself once it listens */
	const char *lock_file;  /* locked by the proxy as long as it lives */
	const char *run_lock;   /* locked, shared, by each `sluice run` as long as it lives */
	const char *log_file;   /* of a proxy in the background when no log.file is set */
};

/* Finds the folders of this user and creates what is missing of them (0700). paths_release() in either
 * case. */
bool paths_init(struct paths *p, struct err *e) MUSTCHECK;
void paths_release(struct paths *p);

/* The folder's name for these values, without creating it. A variable that is no absolute path does not
 * count (XDG Base Directory Specification). Empty when home is needed and is NULL. */
struct str paths_state_dir(struct arena *a, const char *xdg_state_home, const char *home);

/* Creates a folder and its missing parents with mode 0700. An existing one must be writable. */
bool paths_make_dir(const char *path, struct err *e) MUSTCHECK;

/* The user's home folder; NULL: none is known. */
const char *paths_home(void);

#endif
