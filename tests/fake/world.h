/* SPDX-License-Identifier: MIT */
/* The whole of core and stages between a fake client and a fake provider: what most tests of exchanges begin with. */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "core/access_log.h"
#include "fake/fake_conn.h"
#include "fake/fake_log.h"
#include "fake/fake_upstream.h"

struct world {
	struct loop *loop;
	struct server *server;
	struct upstream *upstream;
	struct access_log log;
	struct services svc;
	struct arena *arena;
	struct prices prices; /* the table that is built in */
};

/* sets: "path=value" settings, NULL at the end; NULL for none. Ids of exchanges are the same in every run. */
void world_init(struct world *w, const char *const *sets);
/* Asserts that nothing is left over: exchanges, transfers, timers, deferred calls. */
void world_release(struct world *w);
/* A snapshot of other settings takes the place of the current one, as a reload does it. */
void world_reload(struct world *w, const char *const *sets);

/* Frees what fakes keep of exchanges that have ended: for tests that make thousands in one world. */
void world_forget(struct world *w);

/* A complete POST with that body. Returns the client. */
struct conn *world_post(struct world *w, const char *target, struct str body);
/* The same with further header lines ("Name: value\n…"). */
struct conn *world_post_with(
	struct world *w, const char *target, const char *headers, struct str body);
/* The provider's whole answer to the last request: head, body in one piece, end. */
void world_answer(struct world *w, const char *head, struct str body);
/* The transfer that was started last. */
struct transfer *world_transfer(const struct world *w);
/* All log lines so far. */
struct str world_log(const struct world *w);

#endif
