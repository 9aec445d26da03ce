/* SPDX-License-Identifier: MIT */
/* The tables of model families. Sources: the vendors' model pages and API references as of November 2026; the smallest prefixes of
 * Opus 5.5, Sonnet 5.5 and Fable 5.1 are not published, those of their predecessors stand in. How long the caches that work by
 * themselves keep a prefix is documented as a span (OpenAI: minutes, half an hour where writes are billed; DeepSeek: hours to days)
 * or not at all (Gemini): one value of it stands here, and so does the unit of Gemini's and xAI's. */
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

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static const struct auto_cache openai_cache = { 128, 10 * MINUTE, false };
static const struct auto_cache openai_billed = { 128, 30 * MINUTE, true };
static const struct auto_cache deepseek_cache = { 64, 4 * HOUR, false };
static const struct auto_cache gemini_cache = { 128, HOUR, false };

#define MINIMAL_UP "minimal low medium high"
#define NONE_UP    "none low medium high xhigh"
#define LOW_UP     "low medium high xhigh"

enum {
	GEMINI_3 = MODEL_THINKS | MODEL_LEVELS | MODEL_SIGNED_CALLS,
	GPT_5_6 = MODEL_REASONS | MODEL_NO_CHAT_TOOLS,
	GPT_5_4 = MODEL_REASONS | MODEL_NO_CHAT_EFFORT,
	DEEPSEEK = MODEL_BUDGET | MODEL_ADAPTIVE | MODEL_PREFILL | MODEL_MID_SYSTEM,
};

#define OTHER(name, prefix_tokens, flag, default_effort, output, whose, how, takes) \
	{ \
		name, TOKENIZER_PLAIN, prefix_tokens, SAMPLING_FREE, FORCED_YES, flag, \
			default_effort, output, whose, how, takes \
	}
#define OPENAI(name, flag, effort, how, takes) \
	OTHER(name, 1024, flag, effort, 128000, VENDOR_OPENAI, how, takes)
#define GEMINI(name, prefix_tokens, flag) \
	OTHER(name, prefix_tokens, flag, "high", 65536, VENDOR_GOOGLE, &gemini_cache, NULL)
#define GROK(name, flag) \
	OTHER(name, 1024, flag, "high", 64000, VENDOR_XAI, &openai_cache, "low medium high")
#define DEEPSEEKS(name, flag, output) \
	{ \
		name, TOKENIZER_PLAIN, 64, SAMPLING_IGNORED, FORCED_YES, flag, "high", output, \
			VENDOR_DEEPSEEK, &deepseek_cache, NULL \
	}

static const struct model_family others[] = {
	OPENAI("gpt-4", 0, NULL, &openai_cache, NULL),
	OPENAI("gpt-5", MODEL_REASONS, "medium", &openai_cache, MINIMAL_UP),
	OPENAI("gpt-5-chat", 0, NULL, &openai_cache, NULL),
	OPENAI("gpt-5.1", MODEL_REASONS, "none", &openai_cache, NONE_UP),
	OPENAI("gpt-5.1-chat", 0, NULL, &openai_cache, NULL),
	OPENAI("gpt-5.2", MODEL_REASONS, "none", &openai_cache, NONE_UP),
	OPENAI("gpt-5.2-chat", 0, NULL, &openai_cache, NULL),
	OPENAI("gpt-5.3", MODEL_REASONS, "none", &openai_cache, NONE_UP),
	OPENAI("gpt-5.3-chat", 0, NULL, &openai_cache, NULL),
	OPENAI("gpt-5.4", GPT_5_4, "none", &openai_cache, NONE_UP),
	OPENAI("gpt-5.5", GPT_5_4, "none", &openai_cache, NONE_UP),
	OPENAI("gpt-5.6", GPT_5_6, "medium", &openai_billed, NONE_UP),
	OPENAI("gpt-6", GPT_5_6, "medium", &openai_billed, NONE_UP),
	OPENAI("gpt-6-astra", GPT_5_6, "medium", &openai_billed, LOW_UP),
	OPENAI("gpt-6.1", GPT_5_6, "medium", &openai_billed, LOW_UP " max"),
	DEEPSEEKS("deepseek-", DEEPSEEK | MODEL_THINKS, 64000),
	DEEPSEEKS("deepseek-chat", DEEPSEEK, 8192),
	DEEPSEEKS("deepseek-v3", DEEPSEEK, 8192),
	GEMINI("gemini-2.5", 2048, MODEL_THINKS | MODEL_BUDGET),
	GEMINI("gemini-2.5-pro", 2048, MODEL_THINKS | MODEL_BUDGET | MODEL_NO_OFF),
	GEMINI("gemini-2.5-flash-lite", 2048, MODEL_BUDGET),
	GEMINI("gemini-3", 4096, GEMINI_3),
	GEMINI("gemini-3-flash", 1024, GEMINI_3),
	GEMINI("gemini-4", 4096, GEMINI_3 | MODEL_NO_BUDGET | MODEL_NO_OFF),
	GROK("grok-", 0),
	GROK("grok-3-mini", MODEL_REASONS | MODEL_THINKS),
	GROK("grok-4", MODEL_REASONS | MODEL_THINKS),
	GROK("grok-4-fast-non", 0),
	GROK("grok-4-1-fast-non", 0),
	GROK("grok-4.20-0309-non", 0),
	GROK("grok-code", MODEL_REASONS | MODEL_THINKS),
};

static const struct model_family *longest(
	const struct model_family *v, size_t n, struct str name, const struct model_family *best)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(name, str_from(v[i].prefix)) &&
			(best == NULL || strlen(v[i].prefix) > strlen(best->prefix)))
			best = &v[i];
	return best;
}

static const struct model_family *family_of(struct str name)
{
	return longest(others, ARRAY_LEN(others), name,
		longest(families, ARRAY_LEN(families), name, NULL));
}

static enum vendor vendor_of(struct str provider)
{
	static const struct {
		const char *name;
		enum vendor vendor;
	} rows[] = { { "anthropic", VENDOR_ANTHROPIC }, { "deepseek", VENDOR_DEEPSEEK },
		{ "google", VENDOR_GOOGLE }, { "openai", VENDOR_OPENAI }, { "x-ai", VENDOR_XAI } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(provider, str_from(rows[i].name)))
			return rows[i].vendor;
	return 0;
}

static bool is_date(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.n == 10 && (i == 4 || i == 7)) {
			if (s.p[i] != '-')
				return false;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n++;
	}
	return n == 8;
}

/* Without a date at the end: -20260901 or -2026-09-01. */
static struct str without_date(struct str name)
{
	for (size_t n = 8; n <= 10; n += 2)
		if (name.n > n + 1 && name.p[name.n - n - 1] == '-' &&
			is_date(str_from_offset(name, name.n - n)))
			return (struct str){ name.p, name.n - n - 1 };
	return name;
}

static enum vendor owner(const struct model_family *f)
{
	return f->vendor != 0 ? f->vendor : VENDOR_ANTHROPIC;
}

bool model_is_served(const struct price *row, unsigned vendors)
{
	const struct model_family *f = family_of(row->model);
	enum vendor v;

	if (f == NULL)
		return false;
	/* A price of one's own does not say whose the model is. */
	v = row->provider.n > 0 ? vendor_of(row->provider) : owner(f);
	return (v & vendors) != 0 && owner(f) == v &&
	       str_find_char(row->model, ':') == row->model.n;
}

bool model_find(struct model *ret, const struct prices *prices, struct str name, unsigned vendors)
{
	*ret = (struct model){ .name = name, .family = family_of(name) };
	if (ret->family == NULL || str_find_char(name, '[') < name.n ||
		str_find_char(name, '@') < name.n)
		return false;
	ret->vendor = owner(ret->family);
	ret->price = prices_find(prices, name);
	if (ret->price == NULL || !model_is_served(ret->price, vendors))
		return false;
	ret->canonical = without_date(name);
	ret->window = ret->price->context_tokens > 0 ? ret->price->context_tokens : 200000;
	ret->max_output =
		ret->price->output_tokens > 0 ? ret->price->output_tokens : ret->family->max_output;
	return true;
}

bool model_takes_effort(const struct model *m, struct str effort)
{
	struct str rest = str_from(m->family->efforts), one;

	if (m->family->efforts == NULL)
		return true;
	while (str_split(&rest, ' ', &one))
		if (str_eq(one, effort))
			return true;
	return false;
}
