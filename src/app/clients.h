/* SPDX-License-Identifier: MIT */
/* The programs that `sluice run` knows, and what each reads to find the proxy: one table. Nothing here
 * touches how a client authenticates with its provider. */
#ifndef APP_CLIENTS_H
#define APP_CLIENTS_H

#include "base/arena.h"

struct client_var {
	const char *name, *value;
};

enum { CLIENT_VARS_MAX = 16, CLIENT_ARGS_MAX = 8, CLIENT_NOTES_MAX = 8 };

/* What a client is started with. The caller fills in the first part. */
struct client_setup {
	struct arena *arena; /* owns all strings of the second part */
	const char *url;     /* of the proxy: "http://127.0.0.1:7780" */
	const char *key;     /* the proxy's own key; NULL: it asks for none */
	char *const *env;    /* of the user: "NAME=value" …, NULL at the end */
	char *const *words;  /* the command line: the program, its arguments, NULL */
	const char *cwd;     /* the folder it is started in; NULL: unknown */

	struct client_var vars[CLIENT_VARS_MAX]; /* to set */
	size_t nvars;
	const char *args[CLIENT_ARGS_MAX]; /* to put before the user's own arguments */
	size_t nargs;
	const char *notes[CLIENT_NOTES_MAX]; /* one line each: what the user should know */
	size_t nnotes;
};

/* Works out the second part for the program words[0], by the last part of its name. A program that is not
 * known gets the variables that the SDKs read, when `any` says so. */
void client_prepare(struct client_setup *s, bool any);

/* The environment with the variables set: a NULL-terminated array in the arena. */
char **client_environment(const struct client_setup *s);

#endif
