/* SPDX-License-Identifier: MIT */
/* Failures on demand: what one does to a reply, as changes of its frames and of how it ends. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "sim/refusal.h"
#include "sim/reply.h"
#include "wire/http.h"

enum reply_end {
	END_WHOLE,
	END_CUT,   /* the connection is closed in the middle */
	END_RESET, /* the same, by a reset */
	END_NEVER, /* nothing more comes, and nothing is closed */
};

struct fault {
	unsigned status;       /* answer this instead; 0: the true answer */
	struct str body;       /* with it; p == NULL: an error of the API's shape */
	struct http_header *h; /* to be added */
	size_t n;
	int64_t delay_ms;
	int64_t slow_bytes, slow_ms; /* so many bytes at a time, so far apart */
	/* After so many bytes of the body; -1: never. 0 for cut and reset: before the head; an error stands behind the event that
	 * is complete then. */
	int64_t stall_after, cut_after, reset_after, garbage_after, error_after;
	int64_t stall_ms; /* 0: for good */
	struct str error; /* the type of the error event at error_after */
	bool unstreamed;  /* the whole reply as JSON, though a stream was asked for */
};

/* One that does nothing. */
extern const struct fault fault_none;

/* Reads a description. Texts live in the arena. False when it makes no sense, with why set. */
bool fault_read(struct fault *ret, yyjson_val *v, struct arena *a, struct refusal *why) MUSTCHECK;

/* How an error in the middle of a stream looks, and of which message. */
struct fault_voice {
	void (*print_break)(struct buf *out, const struct breaking *b);
	struct str id;
};

/* Changes the frames of a reply. ret_headless: not even the head is to be sent. */
enum reply_end fault_apply(const struct fault *fault, struct frames *f,
	const struct fault_voice *voice, bool *ret_headless);

#endif
