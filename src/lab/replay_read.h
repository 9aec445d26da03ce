/* SPDX-License-Identifier: MIT */
/* The lines of one transcript, folded into turns. */
#ifndef LAB_REPLAY_READ_H
#define LAB_REPLAY_READ_H

#include "lab/replay_session.h"

/* Turns as they were written, between compactions. */
struct replay_file {
	struct replay_segment *segments;
	size_t n;
};

/* False when the file cannot be read. */
bool replay_read(struct replay_file *ret, const char *path, struct arena *a,
	struct replay_notes *notes, struct err *e) MUSTCHECK;

/* A block with the members that the API knows; false: it must not be sent. */
bool replay_clean(struct replay_block *ret, struct str block, struct arena *a) MUSTCHECK;

/* Room for one more in an array of the arena that doubles. */
void *replay_grow(struct arena *a, void *old, size_t n, size_t size) MUSTCHECK;

#endif
