/* SPDX-License-Identifier: MIT */
/* Claude Code's settings file, with `sluice statusline` as its status line: one member is replaced, every other byte stays.
 * The user's own status line is kept in a file beside it until it is wanted again. */
#ifndef APP_STATUSLINE_INSTALL_H
#define APP_STATUSLINE_INSTALL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* What became of it. */
enum statusline_change {
	STATUSLINE_SET,      /* there was none, or it was ours */
	STATUSLINE_REPLACED, /* the user's own is kept */
	STATUSLINE_REMOVED,  /* ours; there was none before */
	STATUSLINE_RESTORED, /* ours, and the user's own is back */
	STATUSLINE_NOT_OURS, /* nothing was changed */
	STATUSLINE_NONE,     /* nothing was there to remove */
};

/* The text of a settings file with our command as its status line. *ret_former is the value that was replaced, as it stood
 * there; empty: none, or ours. False when the text is no JSON object: it is nobody's business to mend it. */
bool statusline_put(struct str text, struct str command, struct buf *ret, struct str *ret_former,
	struct err *e) MUSTCHECK;
/* The text without it, or with the user's own where `former` is not empty. */
bool statusline_take(struct str text, struct str former, struct buf *ret,
	enum statusline_change *ret_change, struct err *e) MUSTCHECK;

/* The same with the files of a folder, which is made when it is not there. */
bool statusline_install(const char *folder, struct str command, enum statusline_change *ret,
	struct err *e) MUSTCHECK;
bool statusline_uninstall(const char *folder, enum statusline_change *ret, struct err *e) MUSTCHECK;

#endif
