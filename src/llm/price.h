/* SPDX-License-Identifier: MIT */
/* What tokens cost. A table of models is read from JSON (data/prices.json is built in) and never changes; the price of
 * a reply depends on the model, the size of the whole request, the moment, and whether it was a batch.
 *
 * Prices are integer pico-dollars a token ($3 per million tokens is 3,000,000); costs are integer nano-dollars, each
 * component rounded once, half to even. Unknown stays unknown: nothing is guessed. */
#ifndef LLM_PRICE_H
#define LLM_PRICE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "llm/usage.h"

/* Pico-dollars a token; -1: not known. */
struct rates {
	int64_t in, cache_read, cache_write_5m, cache_write_1h, out;
};

/* Members of a tier, a window or a change that are -1 are those of the row itself. */
struct price_tier {
	int64_t above; /* input tokens of all kinds, exclusive; the whole request is billed so */
	struct rates rates;
};

struct price_window {
	unsigned from_min, to_min; /* minutes of the day, UTC; [from, to) */
	unsigned days;             /* bit 0: Sunday … bit 6: Saturday */
	struct rates rates;
};

struct price_change {
	int64_t from_ms; /* wall clock, from when on */
	struct rates rates;
};

struct price {
	struct str provider, model; /* as the table spells them */
	struct rates rates;
	struct rates batch;       /* only in and out */
	struct price_tier *tiers; /* by size, smallest first */
	struct price_window *windows;
	struct price_change *changes; /* by time, earliest first */
	size_t ntiers, nwindows, nchanges;
	int64_t context_tokens, output_tokens; /* the most that it takes and gives; -1: not known */
	struct str source, as_of, confidence, note;
};

struct prices {
	struct price *rows; /* by model, in byte order */
	size_t n;
	struct str as_of;
};

/* Reads a table: this project's format (data/prices.json) or LiteLLM's model_prices_and_context_window.json. Its rows
 * replace those of the same models in *t and join the others; they live in the arena. False, with *t as it was, when the
 * text is no such table. Rows without a price for input or output are left out, and counted in *skipped. */
bool prices_read(struct prices *t, struct str json, struct arena *a, size_t *skipped,
	struct err *e) MUSTCHECK;
/* Sets the rates of one model, known or new, by words like "input=3 output=15 cache_read=0.3 cache_write_5m=3.75", dollars
 * per million tokens; `cache_write` means both writes. What is not named stays as it is, without tiers, windows and
 * changes. */
bool prices_override(struct prices *t, struct str model, struct str words, struct arena *a,
	struct err *e) MUSTCHECK;
/* The text of the table that is built in. */
struct str prices_builtin(void);

/* The row of a model as clients and providers name it: as it is; without `[1m]`; without a vendor before a slash; without
 * a date behind (-20260901, -2026-09-01, @20260901), or `-latest`. NULL: unknown. */
const struct price *prices_find(const struct prices *t, struct str model);
/* The one name of a model that has several: as the table spells it; of what is not in there, all that is cut off above is cut off. */
struct str prices_canonical(const struct prices *t, struct str model);

/* The rates for a request of so many input tokens of all kinds, at a moment of the wall clock. */
struct rates price_rates(const struct price *p, int64_t tokens_in, int64_t at_ms, bool batch);

/* Nano-dollars, by component; total is their sum. */
struct cost {
	int64_t in, cache_read, cache_write_5m, cache_write_1h, out, total;
};
#define COST_UNKNOWN ((struct cost){ -1, -1, -1, -1, -1, -1 })

/* False, with COST_UNKNOWN, when tokens were spent whose rate is not known, or counts are missing, or the sum does not
 * fit. */
bool cost_of(const struct rates *r, const struct usage *u, struct cost *ret);

/* Dollars for people, from nano-dollars: "$0.0303", "$12.41", "$0.00000231"; at least three digits that mean
 * something. */
void cost_print(struct buf *out, int64_t nano);

#endif
