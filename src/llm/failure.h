/* SPDX-License-Identifier: MIT */
/* What a provider says when it does not answer: its error bodies, in any of the dialects and their variations, as one of our kinds. */
#ifndef LLM_FAILURE_H
#define LLM_FAILURE_H

#include "base/arena.h"
#include "base/err.h"
#include "wire/http.h"

struct failure {
	enum err_kind kind;
	struct str
		message; /* the provider's own words, not escaped, at most FAILURE_MESSAGE_MAX, keys masked; "upstream returned HTTP 500" when it
	                     * has said nothing that can be read */
	struct str type; /* its type, status or code; may be empty */
	int64_t retry_after_ms; /* that it asks for in its body (Gemini's RetryInfo, "try again in 1.2s"); -1: it does not */
};
enum { FAILURE_MESSAGE_MAX = 4096 };

/* From status and body: first what the body says, then the status. Views in the arena. */
void failure_read(struct failure *ret, unsigned status, struct str body, struct arena *a);
/* The same for an error object within a 200 or an event: {"type","message","code",…}. status 0. */
void failure_of_object(struct failure *ret, unsigned status, struct str object, struct arena *a);

/* A request parameter that an "invalid" failure complains of ("temperature", "tool_choice", "thinking", "prefill", "stream_options", …), by the
 * provider's words: the name of a capability to do without (see caps_set()), "" when it is none. */
struct str failure_parameter(const struct failure *f);

#endif
