/* SPDX-License-Identifier: MIT */
/* Why the API refuses a request: the status, its error type and the message that clients read. */
#ifndef SIM_REFUSAL_H
#define SIM_REFUSAL_H

#include "base/buf.h"

struct refusal {
	unsigned status; /* 0: not refused */
	char text[600];  /* NUL-terminated; cut when too long, never inside a character */
	char param
		[96]; /* which member of the request is at fault, for the dialects that tell; "" */
	const char *code; /* a word for it, for the dialects that have them; NULL */
};

/* Sets both; returns false, so that `return refuse(…);` ends a check. */
bool refuse(struct refusal *why, unsigned status, const char *fmt, ...) PRINTF(3, 4);

/* Adds a word for the refusal and the member that it is about; NULL leaves out. Returns false as well. */
bool refuse_as(struct refusal *why, const char *code, const char *param);

/* The Messages API's error type of a status. */
const char *refusal_type(unsigned status);
/* Appends the Messages API's error body. */
void refusal_print(struct buf *out, const struct refusal *why, struct str request_id);

#endif
