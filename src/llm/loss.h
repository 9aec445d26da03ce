/* SPDX-License-Identifier: MIT */
/* Why a request read less from the provider's prompt cache than the request before it in the conversation had left there. */
#ifndef LLM_LOSS_H
#define LLM_LOSS_H

#include "llm/prompt_cache.h"

enum loss_cause {
	LOSS_NONE,
	LOSS_FIRST, /* there was no request before: nothing could be lost */
	LOSS_PROVIDER_SWITCHED,
	LOSS_MODEL_SWITCHED,
	LOSS_TTL, /* the entries had ended */
	LOSS_TOOLS_ORDER,
	LOSS_TOOLS_ADDED,
	LOSS_TOOLS_REMOVED,
	LOSS_TOOLS_CHANGED,
	LOSS_SYSTEM_CHANGED,
	LOSS_TOOL_CHOICE,
	LOSS_THINKING, /* another kind, budget or effort; or earlier thinking that is not read again */
	LOSS_IMAGE,    /* the first image came, or the last one went */
	LOSS_COMPACTION,
	LOSS_HISTORY_EDITED,
	LOSS_BELOW_MINIMUM, /* the prefix is too short to be cached */
	LOSS_NO_BREAKPOINT, /* none stands where the cache could be found from */
	LOSS_LOOKBACK,      /* the last entry is too many blocks before the next breakpoint */
	LOSS_UNEXPLAINED,   /* it should have been there */
	LOSS_CAUSES,
};

/* "ttl", "tools_order". */
const char *loss_cause_name(enum loss_cause c);

/* One block as it was sent. */
struct sent_block {
	uint64_t hash;       /* of content and role */
	float tokens;        /* of the prefix up to and with it */
	uint8_t level, mark; /* of enum block_level, enum breakpoint */
	uint8_t read;        /* by the model: 1; not: 0 */
};

/* A request that was sent, without its text: what the next one is compared with. */
struct sent {
	struct sent_block *blocks;
	size_t n;
	struct level_parameters parameters;
	size_t messages;
	size_t last_mark; /* number of blocks up to the last breakpoint; 0: there was none */
	size_t entry;     /* number of blocks up to the last entry in the cache; 0: there is none */
	int64_t end_ms;   /* when that ends */
};

struct loss {
	enum loss_cause cause;
	size_t common; /* blocks that are as they were; the first that differs stands behind them */
	int64_t tokens, nano; /* paid over a warm prefix */
};

/* A request and what became of it, for the question what it lost. */
struct loss_case {
	const struct sent *before; /* NULL: it is the first */
	const struct prompt_view *view;
	bool provider_switched, model_switched, compacted;
	int64_t at_ms;
	int64_t expected; /* tokens that could have been read, had nothing been lost */
	int64_t read;     /* that were */
};

/* Fills cause, common and tokens. A difference too small to mean anything is none. */
void loss_find(struct loss *ret, const struct loss_case *c);
/* The blocks at the beginning of both that are the same, parameters included. */
size_t loss_common(const struct sent *before, const struct prompt_view *v);

#endif
