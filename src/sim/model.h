/* SPDX-License-Identifier: MIT */
/* What the simulator knows about models beyond their prices: whose they are, what each one refuses, how its thinking is bound, its
 * smallest cacheable prefix, how its cache works, and its tokenizer. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "llm/price.h"

enum tokenizer {
	TOKENIZER_CLASSIC,
	TOKENIZER_CURRENT,
	TOKENIZER_SMALL,
	TOKENIZER_PLAIN,
	TOKENIZERS
};

/* Whose a model is; a door serves one or several. */
enum vendor {
	VENDOR_ANTHROPIC = 1,
	VENDOR_DEEPSEEK = 2,
	VENDOR_GOOGLE = 4,
	VENDOR_OPENAI = 8,
	VENDOR_XAI = 16,
};

enum sampling {
	SAMPLING_FREE,
	SAMPLING_DEFAULTS,
	SAMPLING_REFUSED,
	SAMPLING_IGNORED, /* taken, and without effect */
};
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
	/* Those of other vendors than Anthropic. */
	MODEL_REASONS = 1 << 12, /* takes an effort of reasoning, and no stop sequences */
	MODEL_NO_CHAT_TOOLS =
		1 << 13, /* no function tools in Chat Completions unless the effort is none */
	MODEL_NO_CHAT_EFFORT = 1 << 14, /* no effort beside function tools in Chat Completions */
	MODEL_LEVELS = 1 << 15,         /* thinks by level (Gemini 3 and later) */
	MODEL_SIGNED_CALLS = 1 << 16,   /* the first call of a step comes back with its signature */
	MODEL_NO_BUDGET = 1 << 17,      /* by level alone */
};

/* A cache that works by itself: by the longest prefix of tokens that was sent before. */
struct auto_cache {
	int64_t unit;    /* prefixes are known at multiples of so many tokens */
	int64_t life_ms; /* from the last use */
	bool writes; /* what is new in the cache is reported, and billed at a price of its own */
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
	enum vendor vendor;
	const struct auto_cache *cache; /* NULL: by breakpoints */
	const char *efforts; /* that it takes, with a blank between; NULL: of no matter */
};

struct model {
	const struct model_family *family;
	const struct price *price;
	struct str name;      /* as asked for */
	struct str canonical; /* without the date: what the cache is kept by */
	int64_t window, max_output;
	enum vendor vendor;
};

/* Finds a model of one of these vendors (a sum of enum vendor) as the API names it: exactly, no vendor in front, no window in
 * brackets. False: there is none of that name. The views point into name and the table. */
bool model_find(struct model *ret, const struct prices *prices, struct str name,
	unsigned vendors) MUSTCHECK;

/* Whether a row of the price table is one that these vendors serve. */
bool model_is_served(const struct price *row, unsigned vendors);
/* Whether the model takes an effort of that name. */
bool model_takes_effort(const struct model *m, struct str effort);

#endif
