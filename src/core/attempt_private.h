/* SPDX-License-Identifier: MIT */
/* What the two halves of an attempt share: core/attempt.c begins and ends it, core/attempt_reply.c takes the reply. Nobody else includes
 * this. */
#ifndef CORE_ATTEMPT_PRIVATE_H
#define CORE_ATTEMPT_PRIVATE_H

#include "core/attempt.h"
#include "core/gate.h"
#include "core/translation.h"
#include "wire/sse.h"

/* A model was asked that the client does not know of. */
struct sealing {
	struct str model; /* its canonical name */
	struct buf frame;
};

struct attempt {
	struct exchange *x;
	struct outcome *out;
	void (*done)(struct exchange *x, enum step how);
	struct transfer *transfer;
	struct sink meter, client;       /* the chain: meter, maybe bodies, then client */
	struct translation *translation; /* of another dialect; NULL: relayed */
	struct buf spliced;              /* a request body of our own making */
	bool streamed;                   /* the request's body is relayed as it comes */
	bool begun;                      /* some of it has come, and is not kept to be sent again */

	/* failing over */
	uint64_t begin_ms;
	struct timer
		*watch;    /* for signs of life, while somebody else could be asked; NULL: nobody */
	struct gate *gate; /* of a relayed reply; NULL: it goes on as it comes */
	bool silent;       /* it was given up because it gave none */

	/* the reply */
	const struct dialect *dialect;
	struct sealing *sealing; /* of thinking, on its way; NULL: none */
	bool events;             /* an event stream that is read on its way */
	bool json; /* a JSON reply that is read at its end; of a translation, whatever is no event stream */
	const struct http_header *h; /* of a reply that says why there is none */
	size_t nh;
	int64_t length;   /* as told; -1: not */
	struct buf reply; /* gathered for that */
	struct sse_scanner scanner;
	struct buf held; /* the beginning of a frame whose end has not come */
	bool mid_frame;  /* part of a frame is with the client: nothing may be put in */
	struct buf scratch;
	struct timer *ping;
	uint64_t ping_ms;       /* when the last one was sent */
	bool known;             /* of a translated reply: what kind it is, by its beginning */
	struct timer *end;      /* of a reply that has said all; NULL: it has not */
	struct deferred enough; /* ends a transfer whose rest is of no use */
};

/* ---- the reply ---- */

/* The chain of sinks: meter, for another dialect the encoder, maybe one that keeps bodies, and the client. */
void attempt_make_chain(struct attempt *a);
/* Of struct upstream_events. */
void attempt_head(void *ctx, const struct upstream_reply *r);
void attempt_bytes(void *ctx, struct str bytes);
/* What is held back goes to the client: from now on nobody else can answer. Harmless when nothing is. */
void attempt_open_gate(struct attempt *a);
/* Bytes that are not looked at. */
void attempt_put_raw(struct attempt *a, struct str bytes);
/* A whole reply as JSON that is relayed: what it tells. */
void attempt_read_reply(struct attempt *a, struct str body);
/* All of a reply that comes in one piece and is translated; or why there is none. */
void attempt_translate_reply(struct attempt *a, struct str body);

/* ---- the end ---- */

/* The client has been told the end or a failure, or is to be: whatever else may come. A deferred call. */
void attempt_enough(void *ctx);

#endif
