/* SPDX-License-Identifier: MIT */
/* Which of several models a turn is to go to. Pure: from what the turn is, what the conversation has come to, and what each candidate's
 * prompt cache would do, to a choice with its reasons. The proxy and the what-if on transcripts decide by this same function.
 *
 * A conversation keeps its model. It goes down once, when planning has ended; up once, when there is trouble; and a change has to repay
 * what the new model's cold cache costs within the turns that are expected to follow. */
#ifndef LLM_PLANNER_H
#define LLM_PLANNER_H

#include "llm/price.h"
#include "llm/prompt_cache.h"

enum { PLANNER_MAX = 16, COURSE_TARGET_MAX = 120 };
/* Room for the reply that a window has to have, where the client asks for more. */
enum { PLANNER_REPLY_TOKENS = 8192 };

/* How far the choice may go from what was asked for. */
enum route_profile { ROUTE_OBSERVE, ROUTE_BALANCED, ROUTE_SAVER, ROUTE_MAX, ROUTE_PROFILES };
extern const char *const route_profiles[ROUTE_PROFILES];

/* The verdict on a change that has to wait. */
#define PLANNER_HELD "open tool loop with thinking"

/* Where a conversation stands. */
enum course_phase {
	COURSE_PLANNING, /* so far nothing was changed */
	COURSE_EXECUTING, /* what was planned is being carried out, or it was too simple to need a plan */
	COURSE_ESCALATED, /* there was trouble: it stays with the model that was asked for */
	COURSE_PHASES,
};
extern const char *const course_phases[COURSE_PHASES];

/* What is remembered of a conversation's routing; all zero at its beginning. Plain bytes: it is stored as it is. */
struct course {
	char target[COURSE_TARGET_MAX]; /* who answers, "PROVIDER/MODEL"; empty: whoever is asked */
	char named[COURSE_TARGET_MAX];  /* the model that the client named last */
	uint32_t turns;                 /* requests so far */
	uint32_t phase;
	int64_t spent_nano;    /* what changes of the model have cost */
	int64_t baseline_nano; /* what the conversation would have cost without any */
};

/* What a turn is. */
enum turn_role {
	ROLE_MAIN_TURN,  /* of the conversation itself */
	ROLE_SUBAGENT,   /* a conversation that works for another */
	ROLE_ASIDE,      /* titles, summaries of a moment, topics */
	ROLE_COMPACTION, /* the whole conversation is read once more and summed up */
	ROLE_FIXED,      /* goes where it was meant to go: web search, what cannot be told */
};
enum task_size { TASK_UNKNOWN, TASK_SIMPLE, TASK_MEDIUM, TASK_COMPLEX, TASK_SIZES };
extern const char *const task_sizes[TASK_SIZES]; /* "" for the first */

struct planner_turn {
	enum turn_role role;
	enum task_size size; /* of a fresh task, as far as its words tell */
	bool fresh;          /* the first request of its conversation */
	bool edited;         /* a file was changed in it */
	bool plan_mode;      /* the client has its user agree to a plan first */
	bool switchable;     /* no thinking stands in the way of another model */
	unsigned trouble;    /* failing results of tools in a row */
	int64_t out_tokens;  /* that a reply is expected to have */
	int64_t growth;      /* by how many tokens the next request is expected to be longer */
	int64_t max_tokens;  /* that the reply may have; 0: not said */
	unsigned remaining;  /* turns that are expected to follow */
};

/* What came of a candidate, for people; "chosen" or why not. */
struct planner_candidate {
	struct str provider, model, params;
	int quality;  /* -1: not known */
	bool asked;   /* the client's own choice */
	bool current; /* it has answered the conversation so far */
	bool wanted;  /* somebody has named it for such turns: its quality does not matter */
	bool priced;  /* rates are known */
	struct rates rates;
	const char *objection; /* why it cannot have such a turn; NULL: it can */
	int64_t window;        /* tokens; -1: not known */
	struct forecast cache; /* of this request */
	/* planner_choose() */
	int64_t now_nano,
		then_nano; /* this request; and with the turns expected to follow; -1: not known */
	const char *verdict;
};

struct planner_limits {
	unsigned margin_percent, switch_percent, trouble;
};

/* What is to be weighed, before anything is: moves the course on, and says which kind of candidates there is to be. */
enum planner_reach {
	REACH_ASKED,    /* none but the client's own choice */
	REACH_PROVIDER, /* cheaper models of the same provider */
	REACH_ALL,      /* of every provider */
};
struct planner_need {
	enum planner_reach reach;
	int bar;         /* quality that the turn needs */
	const char *use; /* class of route.use that names a model for it; NULL: none */
	const char *why;
};
struct planner_need planner_need(enum route_profile profile, const struct planner_turn *t,
	struct course *c, const struct planner_limits *limits);

/* What there is to choose from. One is `asked`, one `current`; it may be the same one. */
struct planner_choice {
	struct planner_candidate v[PLANNER_MAX];
	size_t n, chosen;
};
/* Fills costs and verdicts, and says which is chosen. */
void planner_choose(struct planner_choice *from, const struct planner_turn *t,
	const struct planner_need *need, const struct course *c,
	const struct planner_limits *limits);
/* Takes the choice over into the course. */
void planner_settle(struct course *c, const struct planner_choice *made);

#endif
