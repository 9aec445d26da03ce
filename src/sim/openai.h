/* SPDX-License-Identifier: MIT */
/* What both of OpenAI's dialects have in common: the walk over a body with the place that an objection is about, lists of members,
 * schemas of tools, errors. */
#ifndef SIM_OPENAI_H
#define SIM_OPENAI_H

#include "sim/ask.h"
#include "sim/refusal.h"

/* A place in a body: "messages[1].content[0].type". */
struct place {
	char text[96];
};

struct place place_of(const char *fmt, ...) PRINTF(1, 2);

/* An objection in OpenAI's shape: a 400 with a code (NULL: none) and the member that it is about (NULL: none). Returns false. */
bool object(const struct ask *q, const char *code, const char *param, const char *fmt, ...)
	PRINTF(4, 5);

/* Whether an object has members of this list only (names with blanks between). OpenAI refuses all others; DeepSeek and xAI take
 * them. */
bool only_members(const struct ask *q, yyjson_val *object, const char *names, const char *at);
/* The member that must be there. */
bool need(const struct ask *q, yyjson_val *object, const char *name, const char *at);
/* Whether a text is one of a list; if not, that is an objection. */
bool one_of(const struct ask *q, yyjson_val *v, const char *names, const char *at);
bool is_one_of(struct str s, const char *names);

/* A function's name, its parameters and `strict`, which is as said when it is missing. */
bool check_function(const struct ask *q, yyjson_val *function, bool strict, const char *at);
/* Whether the arguments of a call are a JSON object, or nothing. */
bool check_arguments(const struct ask *q, struct str arguments, const char *at);
/* Temperature and such: what models that reason do not take. effort: the one that counts. */
bool check_openai_sampling(const struct ask *q, struct str effort);
bool check_effort(const struct ask *q, yyjson_val *effort, const char *at);

/* The effort of reasoning that counts: `said`, or without it the model's; "none" where there is none. */
struct str openai_effort(const struct ask *q, struct str said);

/* One message with text, image and file parts, as it is counted. What it says last becomes the user's words if it is theirs. */
struct feed;
void feed_content(struct feed *f, struct ask *q, yyjson_val *content, char role);
/* Applies prompt_cache_key and what asks for a longer life. */
void feed_options(struct feed *f, const struct ask *q);

/* How a door asks for keys, and what it says without a good one: members of `struct door`. */
#define OPENAI_KEYS \
	.key = "api-key", .request_id = "x-request-id", .no_key = 401, \
	.no_key_text = \
		"You didn't provide an API key. You need to provide your API key in an " \
		"Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).", \
	.wrong_key = 401, .wrong_key_text = "Incorrect API key provided.", \
	.wrong_key_code = "invalid_api_key"

/* The API's error body; DeepSeek's is the same with another code. */
void openai_print_error(struct buf *out, const struct refusal *why, struct str request_id);

#endif
