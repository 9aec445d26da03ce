/* SPDX-License-Identifier: MIT */
/* The provider without its sockets: a request and a moment in, a reply as timed frames out, and what it costs noted. */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "sim/bill.h"
#include "sim/cache.h"
#include "sim/fault.h"
#include "sim/journal.h"
#include "sim/script.h"

struct engine_options {
	const struct prices *prices;
	struct str key; /* the only one accepted; empty: any */
	struct pace pace;
	size_t keep_bytes; /* of received bodies */
};

struct engine {
	const struct engine_options *options;
	struct cache *cache;
	struct bill *bill;
	struct journal *journal;
	struct script script, faults;
	uint64_t serial; /* of the last request */
};

struct engine_reply {
	struct arena *arena;
	uint64_t serial;
	struct str id; /* of the request, as the client is told */
	unsigned status;
	struct http_header *h;
	size_t n;
	struct frames frames;
	enum reply_end end;
	bool headless; /* ends before its head was sent */
	bool streamed;
	bool priced; /* begins to cost when it begins */
	struct prompt prompt;
	struct cache_plan plan;
};

/* The options must outlive the engine. */
struct engine *engine_new(const struct engine_options *o) MUSTCHECK;
void engine_free(struct engine *e);
/* As if it had just been started. */
void engine_reset(struct engine *e);

/* Answers a request of the API. */
struct engine_reply *engine_answer(
	struct engine *e, const struct http_head *head, struct str body, int64_t now_ms) MUSTCHECK;
/* An error, for requests that never came to be whole. */
struct engine_reply *engine_refuse(struct engine *e, const struct http_head *head,
	const struct refusal *why, int64_t now_ms) MUSTCHECK;
/* The first byte of it leaves: what it wrote can be read from now on, and it is charged. */
void engine_begun(struct engine *e, const struct engine_reply *r, int64_t now_ms);
/* It ended: as it was to, or because the client has left. Frees it. */
void engine_ended(struct engine *e, struct engine_reply *r, bool gone);

#endif
