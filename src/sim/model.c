/* SPDX-License-Identifier: MIT */
/* The table of model families. Sources: the vendor's model pages and API reference as of November 2026; the smallest prefixes of
 * Opus 5.5, Sonnet 5.5 and Fable 5.1 are not published, those of their predecessors stand in. */
#include "sim/model.h"

#include <string.h>

enum {
	OLD = MODEL_STRIPS | MODEL_PREFILL,
	OLD_BUDGET = OLD | MODEL_BUDGET,
	FOUR_SIX = MODEL_BUDGET | MODEL_ADAPTIVE | MODEL_MID_SYSTEM,
	FOUR_SEVEN = MODEL_ADAPTIVE | MODEL_MID_SYSTEM | MODEL_OMITS,
	FIVE = FOUR_SEVEN | MODEL_THINKS,
	BOUND = FIVE | MODEL_BOUND | MODEL_NO_OFF,
};

/* The longest prefix that fits counts. */
static const struct model_family families[] = {
	{ "claude-2", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_YES, OLD, "high", 4096 },
	{ "claude-3-haiku", TOKENIZER_CLASSIC, 2048, SAMPLING_FREE, FORCED_YES, OLD, "high", 4096 },
	{ "claude-3-5-haiku", TOKENIZER_CLASSIC, 2048, SAMPLING_FREE, FORCED_YES, OLD, "high",
		8192 },
	{ "claude-3-7", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_NOT_BUDGET, OLD_BUDGET,
		"high", 64000 },
	{ "claude-3", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_YES, OLD, "high", 8192 },
	{ "claude-4", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_NOT_BUDGET, OLD_BUDGET, "high",
		32000 },
	{ "claude-opus-4", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_NOT_BUDGET, OLD_BUDGET,
		"high", 32000 },
	{ "claude-sonnet-4", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_NOT_BUDGET,
		OLD_BUDGET | MODEL_LONG_BETA, "high", 64000 },
	{ "claude-haiku-4-5", TOKENIZER_CLASSIC, 4096, SAMPLING_FREE, FORCED_NOT_BUDGET, OLD_BUDGET,
		"high", 64000 },
	{ "claude-opus-4-5", TOKENIZER_CLASSIC, 4096, SAMPLING_FREE, FORCED_NOT_BUDGET,
		MODEL_BUDGET | MODEL_PREFILL, "high", 64000 },
	{ "claude-opus-4-6", TOKENIZER_CLASSIC, 4096, SAMPLING_FREE, FORCED_NOT_BUDGET, FOUR_SIX,
		"high", 128000 },
	{ "claude-sonnet-4-6", TOKENIZER_CLASSIC, 1024, SAMPLING_FREE, FORCED_NOT_BUDGET, FOUR_SIX,
		"high", 64000 },
	{ "claude-opus-4-7", TOKENIZER_CURRENT, 2048, SAMPLING_REFUSED, FORCED_NOT_THINKING,
		FOUR_SEVEN, "high", 128000 },
	{ "claude-opus-4-8", TOKENIZER_CURRENT, 1024, SAMPLING_REFUSED, FORCED_NOT_THINKING,
		FOUR_SEVEN, "high", 128000 },
	{ "claude-opus-5", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_YES,
		FIVE | MODEL_OFF_TO_HIGH, "high", 128000 },
	{ "claude-sonnet-5", TOKENIZER_CURRENT, 1024, SAMPLING_DEFAULTS, FORCED_YES, FIVE, "high",
		128000 },
	{ "claude-haiku-5", TOKENIZER_SMALL, 512, SAMPLING_REFUSED, FORCED_YES, FIVE, "medium",
		128000 },
	{ "claude-fable-5", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_YES, FIVE, "high",
		128000 },
	{ "claude-mythos-5", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_YES, FIVE, "high",
		128000 },
	{ "claude-opus-5-5", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_NO, BOUND, "medium",
		128000 },
	{ "claude-sonnet-5-5", TOKENIZER_CURRENT, 1024, SAMPLING_REFUSED, FORCED_NO,
		BOUND | MODEL_BETWEEN_TOOLS, "high", 128000 },
	{ "claude-fable-5-1", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_NO, BOUND, "high",
		128000 },
	{ "claude-fable-5-2", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_NO, BOUND, "high",
		128000 },
	{ "claude-mythos-5-1", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_NO, BOUND, "high",
		128000 },
	{ "claude-mythos-5-2", TOKENIZER_CURRENT, 512, SAMPLING_REFUSED, FORCED_NO, BOUND, "high",
		128000 },
};

static const struct model_family *family_of(struct str name)
{
	const struct model_family *best = NULL;

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (str_starts(name, str_from(families[i].prefix)) &&
			(best == NULL || strlen(families[i].prefix) > strlen(best->prefix)))
			best = &families[i];
	return best;
}

/* Without a date of eight digits at the end. */
static struct str without_date(struct str name)
{
	size_t n = name.n;

	while (n > 0 && name.p[n - 1] >= '0' && name.p[n - 1] <= '9')
		n--;
	if (name.n - n == 8 && n > 1 && name.p[n - 1] == '-')
		return (struct str){ name.p, n - 1 };
	return name;
}

bool model_is_served(const struct price *row)
{
	return str_eq(row->provider, STR("anthropic")) && family_of(row->model) != NULL &&
	       str_find_char(row->model, ':') == row->model.n;
}

bool model_find(struct model *ret, const struct prices *prices, struct str name)
{
	*ret = (struct model){ .name = name, .family = family_of(name) };
	if (ret->family == NULL || str_find_char(name, '[') < name.n ||
		str_find_char(name, '@') < name.n)
		return false;
	ret->price = prices_find(prices, name);
	if (ret->price == NULL || !model_is_served(ret->price))
		return false;
	ret->canonical = without_date(name);
	ret->window = ret->price->context_tokens > 0 ? ret->price->context_tokens : 200000;
	ret->max_output =
		ret->price->output_tokens > 0 ? ret->price->output_tokens : ret->family->max_output;
	return true;
}
