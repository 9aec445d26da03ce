/* SPDX-License-Identifier: MIT */
/* The list of all warnings. */
#include "llm/warning.h"

#include <string.h>

const char *const warning_codes[] = {
	/* Parameters that are left out or changed. */
	"top_k_dropped",
	"top_p_dropped",
	"temperature_dropped",
	"seed_dropped",
	"frequency_penalty_dropped",
	"presence_penalty_dropped",
	"logprobs_dropped",
	"logit_bias_dropped",
	"verbosity_dropped",
	"temperature_clamped",
	"max_tokens_raised",
	"stop_truncated",
	"stop_dropped",
	"stop_whitespace_dropped",
	"parallel_flag_dropped",
	/* Reasoning of earlier turns, and its signatures. */
	"thinking_history_dropped",
	"reasoning_history_dropped",
	"tag_ignored",
	"thinking_stripped",
	"thinking_not_disabled",
	"thought_signature_missing",
	/* Calls and results in the history. */
	"tool_result_image_moved",
	"tool_result_synthesised",
	"tool_result_orphan",
	"tool_declaration_synthesised",
	"tool_arguments_invalid",
	/* Tools. */
	"custom_tool_wrapped",
	"server_tool_dropped",
	"server_tool_history_flattened",
	"server_tool_blocks_dropped",
	"forced_tool_choice_downgraded",
	/* Structured output. */
	"schema_keyword_dropped",
	"schema_downgraded",
	"json_object_emulated",
	/* Others. */
	"mid_system_downgraded",
	"prefill_not_continued",
	"citations_lost",
	"context_management_ignored",
	"prewarm_local",
	"image_omitted",
	"document_omitted",
	"reply_unfinished", /* the provider has paused, and wanted to be asked again */
	"more",
	NULL,
};

static bool is_code(const char *code)
{
	for (const char *const *c = warning_codes; *c != NULL; c++)
		if (strcmp(*c, code) == 0)
			return true;
	return false;
}

static void add(struct warnings *w, struct str text)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq(w->v[i], text))
			return;
	if (w->n < WARNINGS_MAX)
		w->v[w->n++] = text;
	else
		w->v[WARNINGS_MAX - 1] = STR("more");
}

void warn(struct warnings *w, const char *code)
{
	assert(is_code(code));
	add(w, str_from(code));
}

void warnings_add(struct warnings *w, const struct warnings *more)
{
	for (size_t i = 0; i < more->n; i++)
		add(w, more->v[i]);
}

/* So that it can stand in a header. */
static bool is_plain(struct str name)
{
	if (name.n == 0 || name.n > WARNING_FIELD_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i], low = (char)(c | 0x20);
		bool alnum = (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z');
		if (!alnum && c != '_' && c != '-' && c != '.')
			return false;
	}
	return true;
}

void warn_field(struct warnings *w, struct str name, struct arena *a)
{
	if (!is_plain(name))
		name = STR("?");
	add(w, arena_printf(a, "field_dropped:%.*s", STR_ARG(name)));
}
