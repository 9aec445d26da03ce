/* SPDX-License-Identifier: MIT */
/* The longest beginning that fits decides, so that a new version of a model is as good as its family until it has a row. */
#include "llm/quality.h"

#include "base/base.h"

static const struct {
	const char *prefix;
	int quality;
} table[] = {
	{ "claude-3-haiku", 45 },
	{ "claude-3-5-haiku", 55 },
	{ "claude-haiku-4", 70 },
	{ "claude-haiku-5", 74 },
	{ "claude-haiku", 74 },
	{ "claude-3-5-sonnet", 68 },
	{ "claude-3-7-sonnet", 72 },
	{ "claude-sonnet-4", 80 },
	{ "claude-4-sonnet", 80 },
	{ "claude-sonnet-4-5", 84 },
	{ "claude-sonnet-4-6", 86 },
	{ "claude-sonnet-5", 88 },
	{ "claude-sonnet", 88 },
	{ "claude-3-opus", 65 },
	{ "claude-opus-4", 86 },
	{ "claude-opus-4-5", 90 },
	{ "claude-opus-4-6", 92 },
	{ "claude-opus-4-7", 93 },
	{ "claude-opus-4-8", 94 },
	{ "claude-opus-5", 95 },
	{ "claude-opus", 95 },
	{ "claude-fable", 97 },
	{ "claude-mythos", 97 },
	{ "deepseek", 68 },
	{ "deepseek-chat", 70 },
	{ "deepseek-flash", 74 },
	{ "deepseek-v4-flash", 74 },
	{ "deepseek-v4-pro", 84 },
	{ "gemini-2.5-flash-lite", 50 },
	{ "gemini-2.5-flash", 62 },
	{ "gemini-2.5-pro", 78 },
	{ "gemini-3-flash", 72 },
	{ "gemini-3.1-flash-lite", 64 },
	{ "gemini-3.5-flash-lite", 68 },
	{ "gemini-3", 80 },
	{ "gemini-3-pro", 84 },
	{ "gemini-3.1-pro", 86 },
	{ "gemini-4", 92 },
	{ "gpt-4o", 55 },
	{ "gpt-5", 84 },
	{ "gpt-5-mini", 70 },
	{ "gpt-5-nano", 52 },
	{ "gpt-5.1-codex-mini", 72 },
	{ "gpt-5.4", 90 },
	{ "gpt-5.4-mini", 76 },
	{ "gpt-5.4-nano", 62 },
	{ "gpt-5.5", 92 },
	{ "gpt-5.6", 93 },
	{ "gpt-5.6-luna", 74 },
	{ "gpt-5.6-terra", 86 },
	{ "gpt-6", 92 },
	{ "gpt-6-luna", 74 },
	{ "gpt-6-astra", 97 },
	{ "gpt-6.1", 94 },
	{ "grok-3", 68 },
	{ "grok-3-mini", 58 },
	{ "grok-4", 82 },
	{ "grok-4-fast", 70 },
	{ "grok-4-1-fast", 72 },
	{ "grok-code-fast", 74 },
	{ "mistral", 62 },
	{ "devstral", 68 },
	{ "codestral", 66 },
	{ "kimi-k2", 80 },
	{ "glm-4", 76 },
	{ "glm-5", 82 },
	{ "qwen3-coder", 76 },
	{ "qwen3", 70 },
};

static const struct ladder ladders[] = {
	{ "anthropic", "claude-haiku-4-5", "claude-sonnet-5-5", "claude-opus-5-5" },
	{ "openai", "gpt-6-luna", "gpt-6-sol", "gpt-6.1-sol" },
	{ "google", "gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon" },
	{ "deepseek", "deepseek-v4-flash", "deepseek-v4-pro", "deepseek-v4-pro" },
	{ "x-ai", "grok-code-fast-1", "grok-4.6", "grok-4.6" },
};

int quality_of(struct str model)
{
	size_t longest = 0, slash;
	int best = -1;

	while ((slash = str_find_char(model, '/')) < model.n)
		model = str_from_offset(model, slash + 1);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct str prefix = str_from(table[i].prefix);
		if (prefix.n > longest && str_starts(model, prefix)) {
			longest = prefix.n;
			best = table[i].quality;
		}
	}
	return best;
}

const struct ladder *ladder_of(struct str maker)
{
	for (size_t i = 0; i < ARRAY_LEN(ladders); i++)
		if (str_eq(maker, str_from(ladders[i].maker)))
			return &ladders[i];
	return NULL;
}

struct str ladder_rung(const struct ladder *l, int quality)
{
	enum { BEST = 90, MIDDLE = 78 };

	if (quality < 0 || quality >= BEST)
		return str_from(l->best);
	return str_from(quality >= MIDDLE ? l->middle : l->fast);
}
