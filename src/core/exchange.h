/* SPDX-License-Identifier: MIT */
/* The exchange: one client request and its answer, on its way through the stages; and the runner that
 * takes it there. Fields are grouped by their one writer. */
#ifndef CORE_EXCHANGE_H
#define CORE_EXCHANGE_H

#include "core/config.h"
#include "io/conn.h"
#include "io/upstream.h"
#include "llm/dialect.h"
#include "llm/price.h"

enum { PLAN_MAX = 16, EXCHANGE_ID_MAX = 24 };

/* What a stage tells the runner. */
enum step {
	STEP_NEXT, /* go on with the next stage */
	STEP_WAIT, /* something was started, and x->cancel is set; exchange_resume() follows from the loop */
	STEP_REPLY, /* the reply is out: go on with the closing stages */
	STEP_FAIL, /* x->err says why: tell the client if it can still be told, then the closing stages */
};

struct exchange;
struct services;
struct stage {
	const char *name;
	enum step (*run)(struct exchange *x);
	bool closing; /* runs whatever happened before */
};
/* In order; ends with a row without a name. Defined in stages/. */
extern const struct stage stages[];

/* Who is to answer. Fallback, cascade and retry are all the next candidate. */
struct candidate {
	const struct config_provider *provider;
	const struct dialect *
		dialect; /* in which it is asked; another one than the client's: the exchange is translated */
	struct str model;  /* replaces the client's when not empty */
	struct str params; /* set in its request: "NAME=VALUE …", see core/models.h */
	const struct config_key
		*key; /* of several, the one it is asked with; NULL: it has no list of them */
};
/* What has been tried, and what waits for its moment. See core/recourse.h. */
struct tries {
	uint64_t begin_ms; /* when the first was asked, on the loop's clock */
	uint64_t wait_ms;  /* before the next */
	unsigned retries;  /* of the present candidate */
	uint32_t done;     /* places in the plan of those that have failed, a bit each */
	uint64_t keys;     /* the same of its provider's keys */
	struct timer *pause;
};
struct plan {
	struct candidate *c; /* of the arena: most have one or two */
	unsigned n, at;
	const char *why;
};

/* An endpoint that sluice answers itself. */
enum { LOCAL_HEADERS_MAX = 8 };
struct local_reply {
	unsigned status; /* 304: the body is left out */
	struct str type; /* Content-Type */
	struct buf *body;
	struct http_header more[LOCAL_HEADERS_MAX]; /* further ones */
	size_t nmore;
};
struct local_endpoint {
	struct str path;
	bool open; /* without a key */
	/* One of the three. At once, on the loop: */
	void (*answer)(struct exchange *x, struct local_reply *ret);
	/* From the ledger, on a worker thread; query is that of the request. */
	bool (*look_up)(struct buf *body, const char *ledger, struct str query, struct err *e);
	/* An event stream of states: appends the present one, as a whole event. */
	void (*stream)(struct services *svc, struct buf *event);
	bool below; /* it answers for every path below its own too */
};

/* Proxy variables of the environment, as they were at the start. NUL-terminated, "" without one. */
struct proxy_env {
	const char *http, *https, *none;
};

/* What exchanges share. */
struct services {
	struct loop *loop;
	struct server *server;
	struct upstream *upstream;
	struct access_log *log;
	struct config *config; /* the current snapshot */
	const struct local_endpoint *locals;
	size_t nlocals;
	struct proxy_env proxy;
	int64_t started_wall_ms;
	uint32_t id_seed, id_count;
	size_t open; /* exchanges in work */
	uint64_t total;
	uint64_t reloads, reloads_refused;
	bool draining, ending; /* ending: what is still open is being broken off */
	struct buf spare_body; /* memory of an earlier request body */
	struct timer *tidy;    /* gives memory back to the system; NULL: nobody does */
	size_t untidy_bytes;   /* freed since then in pieces that the heap keeps */
	const struct prices *prices;
	struct sessions *sessions;
	struct prefixes *prefixes;
	struct siblings *siblings; /* NULL: nobody waits for others */
	struct ledger *ledger;     /* NULL: nothing is recorded */
	struct live *live;
	struct metrics *metrics;
	struct learned *learned; /* what models were found not to take */
	struct health *health;
	struct breakers *breakers;           /* NULL: nobody is passed by */
	struct keyring *keyring;             /* NULL: the first key of each */
	const struct config_report *origins; /* of the current snapshot's values; NULL: not known */
};

struct attempt;

/* What one attempt came to. Times are monotonic; 0: that did not happen. */
struct outcome {
	struct outcome *next;
	/* the attempt */
	struct candidate candidate;
	const char *what; /* "ok", "cut", "cancelled", or the kind of failure; NULL while it runs */
	unsigned status;  /* of the provider's reply; 0: none came */
	bool whole;       /* the reply came to its end, and so did its usage */
	bool told;        /* the last figures of its usage have come, whatever became of the rest */
	bool sent;        /* the provider may have had the whole request */
	struct usage usage;
	uint64_t content_frames, content_bytes; /* that carry the answer */
	struct str answered_by;                 /* the model that the provider names */
	struct str error;                       /* type of an error that the provider has told */
	struct str error_text;                  /* its message */
	int64_t begin_wall_ms;
	uint64_t begin_ns, head_ns, first_ns, end_ns;
	/* account */
	struct cost cost;
	bool estimated;
};

/* What one cause has saved against what the client asked for; negative: it cost more. */
enum { SAVINGS_MAX = 8 };
struct saving {
	const char *cause;
	int64_t tokens, nano;
};

struct exchange {
	/* runner */
	char id[EXCHANGE_ID_MAX];
	struct arena *arena;
	struct services *svc;
	struct config *config; /* the snapshot it began with */
	const struct stage *at;
	void (*cancel)(struct exchange *x); /* set by a stage that waits: undo what was started */
	bool running, closing, finished;
	struct err err;   /* why it failed; kind ERR_NONE: it did not (any stage) */
	struct list live; /* core/live: among those in work, or those that watch */

	/* begin */
	struct conn *conn; /* NULL once the client has gone or the reply has ended */
	const struct http_head *head;
	const struct dialect *dialect; /* the client's; never NULL */
	enum endpoint_kind endpoint;
	const struct local_endpoint *local;
	uint64_t begin_ns;
	int64_t begin_wall_ms;

	/* auth */
	const char *
		auth_header; /* lower-case name of the header that held the proxy's own key; NULL: none */

	/* local */
	struct lookup *lookup;

	/* admit */
	struct timer *admission;
	uint64_t admit_at_ms;

	/* receive */
	struct buf body;                  /* all of it, decoded */
	struct encoding_decoder *decoder; /* NULL: it came as it is */
	bool body_wanted;                 /* waits for the rest of it */

	/* decode; translation adds the content of chat's body, where another dialect is to have it */
	struct chat chat;
	struct str
		tag; /* the model that a tag in the prompt has named, see core/names.h; empty: none has */
	struct arena *scratch; /* what of it is needed only until the reply has begun; NULL: gone */

	/* route */
	struct plan plan;
	const struct candidate
		*meant; /* whom the client has named with its provider; NULL: its own one */
	struct decision *decision; /* core/decision.h: why this plan; NULL: plan.why says it all */

	/* foresee */
	struct str conversation; /* whose prefix this continues; empty: not an interpreted turn */
	struct str parent;       /* conversation that this one works for */
	struct str project;
	const char *kind;        /* of turn, see llm/turn.h; never NULL */
	struct turn_facts *turn; /* what it is; as long as the body is there; NULL: not known */
	struct recall *recall;
	struct foresight *
		prefix; /* core/prefix.h: what the prompt cache is expected to do; NULL: nothing is known */
	struct foresight *foresights; /* of all models that were looked at */

	/* gather */
	struct sibling *
		sibling; /* core/siblings.h: it waits for others, or others for it; NULL: neither */
	uint64_t gathered_ms; /* how long it has waited */

	/* call */
	struct attempt *attempt;
	struct tries tries;
	struct bodies *bodies;           /* what is kept of them; NULL: nothing */
	struct outcome *outcomes, *last; /* of all attempts, in order */
	unsigned attempts;
	bool stale;     /* a pooled connection failed: ask on a fresh one */
	unsigned again; /* times that the same candidate was asked again */
	struct arena *
		content_arena; /* of what follows; NULL: it was not read, or is not needed any more */
	bool content_used;     /* it was made to fit one of them: the next one gets it anew */
	struct content *content;           /* of the request, for providers of other dialects */
	struct warnings *warnings;         /* what was lost on the way there; NULL: nothing */
	struct http_header *reply_headers; /* further ones for the client */
	size_t nreply_headers;
	unsigned status;        /* of the reply as the client sees it; 0: none yet */
	uint64_t request_bytes; /* of the body */
	uint64_t reply_bytes;   /* towards the client */
	bool streamed;          /* the reply is an event stream */

	/* account */
	struct usage usage; /* of all attempts together */
	struct cost cost;
	bool estimated;
	struct saving savings[SAVINGS_MAX];
	unsigned nsavings;
	int64_t saved_nano; /* their sum */
	struct str session; /* whose running total is session_nano; empty: none is named */
	int64_t session_nano;
};

/* ---- life ---- */

/* Begins an exchange for a request and runs it as far as it goes. NULL when it has ended already. */
struct exchange *exchange_begin(struct services *svc, struct conn *c, const struct http_head *head);
/* Takes up an exchange that waits; `how` is what became of it. Only from the loop. May free x. */
void exchange_resume(struct exchange *x, enum step how);
/* Frees what was understood of the body but the names of model and session; as early, for the same reason. */
void exchange_free_scratch(struct exchange *x);
/* Frees the request body before the exchange ends: streams stay open for long. */
void exchange_free_body(struct exchange *x);
/* Stops what is being waited for, and ends with x->err, which must be set. May free x. */
void exchange_abandon(struct exchange *x);

/* The conn's events, for server_new(); user is struct services. */
extern const struct server_events exchange_events;

/* A model turn or a count of its tokens, which is read; everything else is relayed or our own. */
static inline bool exchange_is_read(const struct exchange *x)
{
	return x->endpoint == ENDPOINT_MESSAGES || x->endpoint == ENDPOINT_COUNT;
}
/* Whether this candidate speaks another dialect than the client. */
static inline bool exchange_is_translated(const struct exchange *x, const struct candidate *c)
{
	return exchange_is_read(x) && c->dialect != x->dialect;
}

/* Another header for the reply, whatever it will be; more than a dozen are left out. The value must live as long as the exchange. */
void exchange_add_header(struct exchange *x, struct str name, struct str value);

/* Says in the reply who has answered, x-sluice-provider and x-sluice-model, and x-sluice-why where that is not what was asked for. */
void exchange_add_answerer(struct exchange *x, const struct candidate *c);

/* Adds a candidate, at the end of the plan, whose candidates may move. False when it is full. */
bool plan_add(struct exchange *x, const struct candidate *c) MUSTCHECK;

/* ---- replies made here ---- */

/* Sends a whole reply with the exchange's id and a length. more: one further header, or NULL. */
void exchange_reply(struct exchange *x, unsigned status, struct str type, struct str body,
	const struct http_header *more);
/* Only the head of a reply whose body follows. */
void exchange_reply_head(struct exchange *x, unsigned status, struct str type, int64_t length);
/* The same for what an endpoint of our own has answered. */
void exchange_reply_local(struct exchange *x, const struct local_reply *r);
/* Sends x->err in the client's dialect. */
void exchange_reply_error(struct exchange *x);

#endif
