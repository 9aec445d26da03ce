/* SPDX-License-Identifier: MIT */
/* A candidate of another dialect: the request read and printed for it, its reply decoded and encoded for the client. One for each attempt;
 * the content of the request is read once for all of them. */
#ifndef CORE_TRANSLATION_H
#define CORE_TRANSLATION_H

#include "core/exchange.h"
#include "llm/failure.h"

/* The request in the candidate's dialect. False with x->err set. The body is the caller's to release, also then. */
bool translation_print(
	struct exchange *x, const struct candidate *c, struct wire_request *ret) MUSTCHECK;

/* Answers here what needs no provider: filling a cache that nobody has, counting where the provider cannot. True when the reply is out. */
bool translation_answers(struct exchange *x, const struct candidate *c) MUSTCHECK;

/* One reply on its way. */
struct translation {
	struct exchange *x;
	const struct candidate *candidate;
	struct decoder decoder;
	struct encoder encoder;
	struct sink encode; /* takes events, gives on the client's bytes */
	struct buf out;
	struct failure
		failure; /* what went wrong before anything was sent; kind ERR_NONE: nothing */
	size_t learned;  /* learned_end() when it was asked */
	bool again;      /* and may go right the next time */
	bool content;    /* more than a beginning has come */
	bool done;       /* the client has been sent the end of the reply */
	bool failed;     /* it has no good end: nothing that follows is of use */
};

/* Makes one whose bytes for the client go to `next`; events are to be put into translation.encode. The first bytes are preceded by the
 * head of the reply. */
struct translation *translation_new(
	struct exchange *x, const struct candidate *c, struct sink *next) MUSTCHECK;
/* Where the provider's events enter: a sink that leads, maybe through others, to translation.encode. */
void translation_from(struct translation *t, struct sink *first);
void translation_release(struct translation *t);

/* The body of a reply that is none: an error status, or a count of tokens. */
void translation_failed(struct translation *t, unsigned status, struct str body,
	const struct http_header *h, size_t n);
bool translation_count(struct translation *t, struct str body);
/* Nothing of the reply was sent: whether the same request is worth another try, maybe without what the model was just found not to
 * take; and if not, x->err says why. */
bool translation_try_again(struct translation *t);
void translation_give_up(struct translation *t);
/* What keeps a silent stream alive. */
void translation_ping(struct translation *t);

#endif
