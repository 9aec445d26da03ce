/* SPDX-License-Identifier: MIT */
/* Whom a request is printed for: the manners of the provider's API (a flavor, as a row of a table) and what the model can. */
#ifndef LLM_TARGET_H
#define LLM_TARGET_H

#include "llm/content.h"

/* How an API of the Chat Completions family is told how much to reason. */
enum reasoning_control {
	CONTROL_NONE,
	CONTROL_EFFORT,     /* reasoning_effort */
	CONTROL_DEEPSEEK,   /* thinking{type} and reasoning_effort low|high|max */
	CONTROL_OPENROUTER, /* reasoning{effort,summary} */
	CONTROL_TEMPLATE,   /* chat_template_kwargs{enable_thinking} */
};
/* What it wants back of it. */
enum reasoning_echo {
	ECHO_NOTHING,
	ECHO_TEXT /* reasoning_content */,
	ECHO_DETAILS /* reasoning_details */
};

/* Source: the vendors' API references, see docs/providers.md. */
struct flavor {
	const char *name;
	const char *
		maker; /* whose models it serves, as the price table names them; NULL: those of many */
	const char *code;       /* of its reasoning in envelopes, see native.h */
	bool completion_tokens; /* max_completion_tokens, not max_tokens */
	enum reasoning_control control;
	enum reasoning_echo echo;
	bool json_schema; /* else json_object and a sentence */
	bool pdf;
	bool top_k;
	bool keeps_marks; /* understands cache_control on parts of text */
	bool whole_calls; /* sends each tool call in one piece, maybe without id, index, type */
	bool mixed_calls; /* pieces of several calls may come mixed: they are held back until it is their turn */
	bool cache_key;         /* prompt_cache_key, verbosity, service_tier are its own */
	bool continues_prefill; /* continue_final_message */
	bool short_ids;         /* of calls: nine letters or digits */
	bool responses;         /* serves /v1/responses too */
};

/* By name; "generic" for none. Never NULL. */
const struct flavor *flavor_by_name(struct str name);
extern const struct flavor flavors[];
extern const size_t nflavors;

/* What a model can. */
enum caps_thinking {
	THINKING_NONE,
	THINKING_BUDGET,
	THINKING_ADAPTIVE,
	THINKING_ALWAYS /* adaptive, and cannot be switched off */
};
struct caps {
	bool sampling;     /* takes temperature, top_p, top_k */
	bool stop;         /* takes stop sequences */
	bool reasons;      /* a reasoning model, where the API tells them apart */
	bool forced_tools; /* tool_choice any, or one tool */
	bool prefill;      /* a last message of the assistant is continued */
	bool mid_system;   /* messages with role system in the middle */
	bool vision, pdf, json_schema;
	bool tools_in_chat; /* function tools with reasoning in Chat Completions; else Responses is the way */
	bool between_tools; /* thinking can be switched off up front only by between_tools */
	bool stream_usage;  /* takes stream_options.include_usage */
	enum caps_thinking thinking;
	uint32_t
		efforts; /* bit 1 << enum effort: those it takes; 0: none can be asked for. EFFORT_NONE also says that a THINKING_BUDGET of 0 is
	                   * taken */
	uint64_t max_output; /* tokens; 0: not known */
};

/* The capabilities of a model by its name, from the table in caps.c; unknown names: sampling, stop, forced tools, and no
 * thinking are assumed. flavor may be NULL. */
void caps_of_model(struct caps *ret, const struct flavor *f, struct str model);
/* Sets one by its name in the configuration ("sampling", "forced_tool_choice", "thinking", …); false when there is no such. */
bool caps_set(struct caps *c, struct str name, struct str value) MUSTCHECK;
/* The nearest effort that the model takes: the same, else the next lower that is some effort, else the next higher; UNSET when it takes none, or
 * none is asked for. */
enum effort caps_effort(const struct caps *c, enum effort e);

struct target {
	const struct flavor *flavor;
	struct caps caps;
	struct str model; /* as the provider knows it; not escaped */
	uint64_t
		default_max_tokens; /* where the provider must be told and the client has not said */
	bool placeholders; /* what the model cannot take is named in its place; else the request is refused */
	bool count; /* only the tokens are to be counted */
};

#endif
