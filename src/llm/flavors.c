/* SPDX-License-Identifier: MIT */
/* The manners of the APIs, one row each. Sources: the vendors' API references and release notes, November 2026. */
#include "llm/target.h"

/* clang-format off */
const struct flavor flavors[] = {
	{ .name = "generic", .code = "txt", .mixed_calls = true },
	{ .name = "openai", .maker = "openai", .code = "oai", .completion_tokens = true, .control = CONTROL_EFFORT, .json_schema = true, .pdf = true,
		.cache_key = true, .responses = true },
	{ .name = "azure", .code = "oai", .completion_tokens = true, .control = CONTROL_EFFORT, .json_schema = true, .pdf = true,
		.cache_key = true, .responses = true },
	{ .name = "deepseek", .maker = "deepseek", .code = "ds", .control = CONTROL_DEEPSEEK, .echo = ECHO_TEXT },
	{ .name = "openrouter", .code = "or", .completion_tokens = true, .control = CONTROL_OPENROUTER, .echo = ECHO_DETAILS,
		.json_schema = true, .pdf = true, .top_k = true, .keeps_marks = true },
	{ .name = "groq", .code = "gq", .completion_tokens = true, .control = CONTROL_EFFORT, .json_schema = true, .whole_calls = true },
	{ .name = "xai", .maker = "x-ai", .code = "xa", .completion_tokens = true, .control = CONTROL_EFFORT, .json_schema = true },
	{ .name = "mistral", .code = "mi", .json_schema = true, .whole_calls = true, .short_ids = true },
	{ .name = "ollama", .code = "ol", .control = CONTROL_EFFORT, .json_schema = true, .top_k = true, .whole_calls = true },
	{ .name = "lmstudio", .code = "lm", .json_schema = true, .top_k = true, .mixed_calls = true },
	{ .name = "vllm", .code = "vl", .control = CONTROL_TEMPLATE, .json_schema = true, .top_k = true, .mixed_calls = true,
		.continues_prefill = true },
	{ .name = "llamacpp", .code = "lc", .control = CONTROL_TEMPLATE, .json_schema = true, .top_k = true, .mixed_calls = true },
	{ .name = "litellm", .code = "ll", .control = CONTROL_EFFORT, .json_schema = true, .pdf = true, .top_k = true,
		.keeps_marks = true, .mixed_calls = true },
	{ .name = "anthropic", .maker = "anthropic", .code = "ant", .json_schema = true, .pdf = true, .top_k = true, .keeps_marks = true },
	{ .name = "bedrock", .code = "ant", .json_schema = true, .pdf = true, .top_k = true, .keeps_marks = true },
	{ .name = "gemini", .maker = "google", .code = "gem", .json_schema = true, .pdf = true, .top_k = true },
	{ .name = "vertex", .code = "gem", .json_schema = true, .pdf = true, .top_k = true },
};
/* clang-format on */
const size_t nflavors = ARRAY_LEN(flavors);

const struct flavor *flavor_by_name(struct str name)
{
	for (size_t i = 0; i < nflavors; i++)
		if (str_eq(name, str_from(flavors[i].name)))
			return &flavors[i];
	return &flavors[0];
}
