/* SPDX-License-Identifier: MIT */
/* What goes on now: exchanges in work, the last that ended, conversations that are active, sums since the start; and those
 * who watch it as an event stream. Everything is bounded. An exchange pays for it with a link and a few copies. */
#ifndef CORE_LIVE_H
#define CORE_LIVE_H

#include "core/exchange.h"

enum {
	LIVE_ENDED = 100,
	LIVE_CONVERSATIONS = 256,
	LIVE_MINUTES = 5, /* that `recent` goes back */
	LIVE_ACTIVE_MS =
		60 * 60 *
		1000, /* a conversation is active for so long: the longest life of a prompt cache */
	LIVE_TEXT = 80,
};

/* One exchange that has ended. Texts are NUL-terminated, and cut when long. */
struct live_ended {
	uint64_t seq; /* from 1 */
	int64_t at_ms;
	char id[EXCHANGE_ID_MAX], conversation[LIVE_TEXT], project[LIVE_TEXT], kind[24];
	char model[LIVE_TEXT], provider[LIVE_TEXT], error[160], cause[24];
	unsigned status;
	struct usage usage;
	int64_t cost, saved, lost; /* nano-dollars; cost -1: not known */
	int64_t first_us, duration_us;
};

struct live_conversation {
	uint64_t hash; /* of its id; 0: the place is free */
	char id[LIVE_TEXT], session[LIVE_TEXT], project[LIVE_TEXT], model[LIVE_TEXT];
	int64_t last_ms;
	uint64_t exchanges;
	int64_t read_tokens, input_tokens; /* input of all kinds */
	int64_t cost, saved, lost;
};

/* Sums over exchanges other than those of our own endpoints. A cost that is not known counts as nothing. */
struct live_totals {
	uint64_t exchanges, failed;
	int64_t cost, saved, lost;
	int64_t read_tokens, input_tokens;
};

struct live {
	struct services *svc;
	struct list open;                    /* struct exchange, by its member live; oldest first */
	struct live_ended ended[LIVE_ENDED]; /* seq n at place n % LIVE_ENDED */
	uint64_t seq;                        /* of the last that ended; 0: none has */
	struct live_conversation conversations[LIVE_CONVERSATIONS];
	struct live_totals totals;
	struct live_totals minutes[LIVE_MINUTES]; /* minute m at place m % LIVE_MINUTES */
	int64_t minute;                           /* that the last exchange ended in */
	/* Of the ledger: what was spent since midnight, local time. */
	struct live_totals today;
	bool today_known, today_asked;
	uint64_t today_seq; /* what had ended when it was asked */
	int64_t today_from_ms;
	/* watching */
	struct list watchers; /* struct exchange, by its member live */
	struct timer *timer;
	uint64_t changes, sent_changes; /* of what is shown */
	uint64_t sent_ms;
	bool behind; /* a state was not sent to somebody who had not read the one before */
	uint64_t moved, sent_moved; /* bytes of replies that go on */
};

/* svc->loop must be there already. */
struct live *live_new(struct services *svc) MUSTCHECK;
/* After the loop has ended. */
void live_free(struct live *l);

/* An exchange begins, and leaves: any, in pairs. Those of our own endpoints are not listed. */
void live_enter(struct exchange *x);
void live_leave(struct exchange *x);
/* It has ended, and is accounted for. */
void live_record(struct live *l, const struct exchange *x);

/* What the last few minutes came to, this one included. */
struct live_totals live_recent(const struct live *l, int64_t now_ms);
/* The places of active conversations, latest first, at most max. Returns how many. */
size_t live_active(
	const struct live *l, int64_t now_ms, const struct live_conversation **ret, size_t max);

/* What a stream has come to so far. Tokens 0 and cost -1: not known. */
struct live_progress {
	int64_t tokens; /* of output */
	int64_t tokens_per_s;
	int64_t cost;
};
struct live_progress live_progress(const struct exchange *x, uint64_t now_ns);

/* Asks the ledger for today's sums, unless nothing has ended since they were asked for, or they are on their way. */
void live_refresh_today(struct live *l);

/* x, whose reply head is out, gets the state at once and from then on (struct local_endpoint.stream): when it has changed,
 * at most twice a second, and at least every 15 seconds; none while it has not read the one before. Until it is
 * unwatched; at the end of the program its reply is ended and it is resumed. It does not count as in work meanwhile. */
void live_watch(struct exchange *x);
void live_unwatch(struct exchange *x);
/* Ends all of them. */
void live_end_watches(struct live *l);

#endif
