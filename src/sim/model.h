/* SPDX-License-Identifier: MIT */
/* What the simulator knows about models beyond their prices: what each one refuses, how its thinking is bound, its smallest
 * cacheable prefix and its tokenizer. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "llm/price.h"

enum tokenizer { TOKENIZER_CLASSIC, TOKENIZER_CURRENT, TOKENIZER_SMALL, TOKENIZERS };

enum sampling { SAMPLING_FREE, SAMPLING_DEFAULTS, SAMPLING_REFUSED };
enum forced_tools {
	FORCED_YES,
	FORCED_NOT_BUDGET,   /* not together with a thinking budget */
	FORCED_NOT_THINKING, /* not together with thinking of any kind */
	FORCED_NO,
};

enum model_flags {
	MODEL_BUDGET = 1,         /* takes thinking{enabled, budget_tokens} */
	MODEL_ADAPTIVE = 2,       /* takes thinking{adaptive} */
	MODEL_THINKS = 4,         /* thinks unless told not to */
	MODEL_NO_OFF = 8,         /* thinking{disabled} is refused */
	MODEL_BETWEEN_TOOLS = 16, /* takes thinking{between_tools} */
	MODEL_OMITS = 32,         /* thinking comes without its text unless asked for */
	MODEL_BOUND = 64,         /* thinking is bound to the model and to the exact prefix */
	MODEL_STRIPS = 128,       /* thinking of earlier turns is left out of the prompt */
	MODEL_PREFILL = 256,      /* the last message may be the assistant's */
	MODEL_MID_SYSTEM = 512,   /* messages of role system */
	MODEL_LONG_BETA = 1024,   /* a window of a million tokens with the beta for it */
	MODEL_OFF_TO_HIGH = 2048, /* thinking{disabled} only up to effort high */
};

/* A family of models: all whose name begins so. */
struct model_family {
	const char *prefix;
	enum tokenizer tokenizer;
	int64_t min_prefix; /* tokens; a shorter prefix is not cached */
	enum sampling sampling;
	enum forced_tools forced;
	unsigned flags;
	const char *effort; /* when the request names none */
	int64_t max_output; /* when the price table does not say */
};

struct model {
	const struct model_family *family;
	const struct price *price;
	struct str name;      /* as asked for */
	struct str canonical; /* without the date: what the cache is kept by */
	int64_t window, max_output;
};

/* Finds a model of the provider as its API names it: exactly, no vendor in front, no window in brackets. False: it has none
 * of that name. The views point into name and the table. */
bool model_find(struct model *ret, const struct prices *prices, struct str name);

/* Whether a name of the price table is one that the provider serves. */
bool model_is_served(const struct price *row);

#endif
