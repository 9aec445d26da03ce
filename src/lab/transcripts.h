/* SPDX-License-Identifier: MIT */
/* Finds the transcripts below a folder. */
#ifndef LAB_TRANSCRIPTS_H
#define LAB_TRANSCRIPTS_H

#include "base/err.h"
#include "lab/seen.h"

struct transcript {
	char *path;
	uint64_t bytes;
};

/* Files in the order in which they are to be read: a session before its subagents. */
struct transcripts {
	struct transcript *v;
	size_t n, cap;
	uint64_t bytes;
	uint64_t unreadable; /* folders that could not be opened */
	struct seen
		visited; /* device and inode of each file and folder: links lead nowhere twice */
};

/* Adds a file, or all *.jsonl below a folder. False when there is no such thing. */
bool transcripts_add(struct transcripts *t, const char *path, struct err *e) MUSTCHECK;
void transcripts_release(struct transcripts *t);

#endif
