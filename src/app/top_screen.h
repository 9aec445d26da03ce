/* SPDX-License-Identifier: MIT */
/* The terminal of `sluice top`: curses, keys and signals; the only file that includes curses. */
#ifndef APP_TOP_SCREEN_H
#define APP_TOP_SCREEN_H

#include "app/top_canvas.h"
#include "base/err.h"

#include <signal.h>

enum top_key {
	TOP_KEY_NONE,
	TOP_KEY_QUIT,
	TOP_KEY_NEXT,
	TOP_KEY_PREVIOUS,
	TOP_KEY_PANEL, /* one by its number */
	TOP_KEY_SORT,
	TOP_KEY_SORT_BACK,
	TOP_KEY_REVERSE,
	TOP_KEY_UP,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_PAUSE,
	TOP_KEY_HELP,
	TOP_KEY_OTHER,
};

struct top_screen {
	bool utf8;
	void *screen;     /* of curses */
	sigset_t waiting; /* the signal mask to wait with: others are held back meanwhile */
};

/* Whether text may be more than ASCII here. Sets the program's character type locale. */
bool top_screen_utf8(void);
/* Takes over the terminal. False, with the terminal as it was, when it cannot be used so. */
bool top_screen_open(struct top_screen *s, struct err *e) MUSTCHECK;
/* Gives it back as it was. */
void top_screen_close(struct top_screen *s);

/* Its size; and whether that has changed since the last call. */
bool top_screen_size(struct top_screen *s, int *ret_rows, int *ret_cols);
void top_screen_show(struct top_screen *s, const struct top_canvas *c);
/* The next key that was typed, which for TOP_KEY_PANEL has a number from 1 on; TOP_KEY_NONE without one. */
enum top_key top_screen_key(struct top_screen *s, int *ret_number);
/* The signal that asks the program to end; 0: none has. */
int top_screen_ended(void);

#endif
