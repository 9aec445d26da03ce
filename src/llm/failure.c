/* SPDX-License-Identifier: MIT */
/* Error bodies differ more than dialects do, so that they are not read by dialect: whatever object comes is gone through for the few
 * members that say something. What has a precise word for the failure beats the HTTP status, which beats vague words. */
#include "llm/failure.h"

#include "base/redact.h"
#include "wire/json_text.h"

#include <string.h>

enum { DEPTH_MAX = 6, ITEMS_MAX = 64, REDACT_MAX = 16 << 10, TYPE_MAX = 128 };
static const int64_t RETRY_MAX_MS = INT64_C(24) * 60 * 60 * 1000;

struct word {
	const char *word;
	enum err_kind kind;
	bool precise;
};

/* Of several, the first in this list counts. */
static const struct word words[] = {
	{ "context_length_exceeded", ERR_CONTEXT, true },
	{ "exceed_context_size_error", ERR_CONTEXT, true },
	{ "content_filter", ERR_INVALID, true },
	{ "content_policy_violation", ERR_INVALID, true },
	{ "ResponsibleAIPolicyViolation", ERR_INVALID, true },
	{ "insufficient_quota", ERR_BILLING, true },
	{ "billing_error", ERR_BILLING, true },
	{ "billing_hard_limit_reached", ERR_BILLING, true },
	{ "contract_spend_limit_reached", ERR_BILLING, true },
	{ "API_KEY_INVALID", ERR_AUTH, true },
	{ "invalid_api_key", ERR_AUTH, true },
	{ "authentication_error", ERR_AUTH, true },
	{ "UNAUTHENTICATED", ERR_AUTH, true },
	{ "permission_error", ERR_PERMISSION, true },
	{ "PERMISSION_DENIED", ERR_PERMISSION, true },
	{ "model_not_found", ERR_NOT_FOUND, true },
	{ "not_found_error", ERR_NOT_FOUND, true },
	{ "NOT_FOUND", ERR_NOT_FOUND, true },
	{ "rate_limit_exceeded", ERR_RATE, true },
	{ "rate_limit_error", ERR_RATE, true },
	{ "ramp_limit_exceeded", ERR_RATE, true },
	{ "RESOURCE_EXHAUSTED", ERR_RATE, true },
	{ "overloaded_error", ERR_OVERLOADED, true },
	{ "overloaded", ERR_OVERLOADED, true },
	{ "insufficient_system_resource", ERR_OVERLOADED, true },
	{ "UNAVAILABLE", ERR_OVERLOADED, true },
	{ "request_too_large", ERR_TOO_LARGE, true },
	{ "timeout_error", ERR_TIMEOUT, true },
	{ "DEADLINE_EXCEEDED", ERR_TIMEOUT, true },
	{ "conflict_error", ERR_CONFLICT, true },
	{ "ABORTED", ERR_CONFLICT, true },
	{ "invalid_request_error", ERR_INVALID, false },
	{ "invalid_prompt", ERR_INVALID, false },
	{ "INVALID_ARGUMENT", ERR_INVALID, false },
	{ "FAILED_PRECONDITION", ERR_INVALID, false },
	{ "OUT_OF_RANGE", ERR_INVALID, false },
	{ "api_error", ERR_API, false },
	{ "server_error", ERR_API, false },
	{ "INTERNAL", ERR_API, false },
	{ "UNKNOWN", ERR_API, false },
};

struct status_row {
	unsigned from, to;
	enum err_kind kind;
};

/* What is none of these says nothing by itself. */
static const struct status_row statuses[] = {
	{ 401, 401, ERR_AUTH },
	{ 402, 402, ERR_BILLING },
	{ 403, 403, ERR_PERMISSION },
	{ 404, 404, ERR_NOT_FOUND },
	{ 408, 408, ERR_TIMEOUT },
	{ 409, 409, ERR_CONFLICT },
	{ 413, 413, ERR_TOO_LARGE },
	{ 429, 429, ERR_RATE },
	{ 498, 498, ERR_OVERLOADED },
	{ 503, 503, ERR_OVERLOADED },
	{ 529, 529, ERR_OVERLOADED },
	{ 504, 504, ERR_TIMEOUT },
	{ 524, 524, ERR_TIMEOUT },
};

struct phrase {
	const char *text; /* in lower case */
	enum err_kind kind;
};

/* Within the message of a request that is said to be wrong, without a word for what is wrong about it. */
static const struct phrase phrases[] = {
	{ "prompt is too long", ERR_CONTEXT },
	{ "maximum context length", ERR_CONTEXT },
	{ "exceed context limit", ERR_CONTEXT },
	{ "exceeds the available context size", ERR_CONTEXT },
	{ "exceeds the context window", ERR_CONTEXT },
	{ "exceeds the maximum number of tokens allowed", ERR_CONTEXT },
	{ "maximum prompt length", ERR_CONTEXT },
	{ "credit balance is too low", ERR_BILLING },
	{ "insufficient balance", ERR_BILLING },
	{ "api key not valid", ERR_AUTH },
	{ "incorrect api key", ERR_AUTH },
	{ "invalid api key", ERR_AUTH },
};

/* What is found in a body. */
struct reading {
	struct arena *a;
	struct str message, inner; /* inner: what a provider behind the provider has said */
	struct str type;           /* the first of the words that are no numbers */
	const struct word *word;   /* of all, the one that comes first in the list */
	uint64_t code;             /* a number in place of a word: an HTTP status */
	int64_t retry_ms;
	unsigned depth;
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Offset of a text in lower case; s.n when it is not there. */
static size_t find_nocase(struct str s, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i + n <= s.n; i++) {
		size_t same = 0;
		while (same < n && lower(s.p[i + same]) == text[same])
			same++;
		if (same == n)
			return i;
	}
	return s.n;
}

static bool has(struct str s, const char *text)
{
	return find_nocase(s, text) < s.n;
}

struct unit {
	const char *name;
	int64_t ms;
};

static const struct unit units[] = {
	{ "ms", 1 },
	{ "milliseconds", 1 },
	{ "s", 1000 },
	{ "second", 1000 },
	{ "seconds", 1000 },
	{ "m", 60000 },
	{ "minute", 60000 },
	{ "minutes", 60000 },
	{ "h", 3600000 },
	{ "hour", 3600000 },
	{ "hours", 3600000 },
};

/* The milliseconds of the word that s begins with; 0 when it is no unit. */
static int64_t take_unit(struct str *s)
{
	struct str word = str_from_offset(*s, s->n > 0 && s->p[0] == ' ');
	size_t n = 0;

	while (n < word.n && lower(word.p[n]) >= 'a' && lower(word.p[n]) <= 'z')
		n++;
	*s = str_from_offset(word, n);
	word.n = n;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (str_eq_nocase(word, str_from(units[i].name)))
			return units[i].ms;
	return 0;
}

/* Takes up to that many digits from the beginning, as if zeros followed up to `places`, and skips the rest. */
static int64_t take_digits(struct str *s, size_t most, size_t places)
{
	int64_t n = 0;
	size_t at = 0;

	for (; at < s->n && s->p[at] >= '0' && s->p[at] <= '9'; at++)
		if (at < most)
			n = n * 10 + (s->p[at] - '0');
	for (size_t i = at; i < places; i++)
		n *= 10;
	*s = str_from_offset(*s, at);
	return n;
}

/* Takes "1.5s" from the beginning: nanoseconds, at most about those of RETRY_MAX_MS; -1 when it does not begin like that. */
static int64_t take_amount(struct str *s)
{
	struct str rest = *s;
	int64_t whole = take_digits(&rest, 9, 0), millionths = 0, ms;

	if (rest.n == s->n)
		return -1;
	if (rest.n > 0 && rest.p[0] == '.') {
		rest = str_from_offset(rest, 1);
		millionths = take_digits(&rest, 6, 6);
	}
	ms = take_unit(&rest);
	if (ms == 0)
		return -1;
	*s = rest;
	if (whole > RETRY_MAX_MS / ms)
		whole = RETRY_MAX_MS / ms;
	return whole * ms * 1000000 + millionths * ms;
}

/* "34.07s", "6m0s", "20 seconds", rounded up; -1 when it does not begin like one. */
static int64_t duration_ms(struct str s)
{
	int64_t ns = -1, more;

	while ((more = take_amount(&s)) >= 0 && ns < RETRY_MAX_MS * 1000000)
		ns = (ns < 0 ? 0 : ns) + more;
	if (ns < 0)
		return -1;
	ns = (ns + 999999) / 1000000;
	return ns < RETRY_MAX_MS ? ns : RETRY_MAX_MS;
}

static int64_t retry_in_text(struct str message)
{
	static const char *const before[] = { "try again in ", "retry in ", "retry after " };

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		size_t at = find_nocase(message, before[i]);
		int64_t ms = at < message.n
				     ? duration_ms(str_from_offset(message, at + strlen(before[i])))
				     : -1;
		if (ms >= 0)
			return ms;
	}
	return -1;
}

/* A type, status, code or reason. */
static void note_word(struct reading *r, struct str value)
{
	struct str text = json_is_string(value) ? json_string(value, r->a) : value;
	uint64_t number;

	if (str_to_u64(text, &number)) {
		r->code = number;
		return;
	}
	if (!json_is_string(value) || text.n == 0)
		return;
	if (r->type.n == 0 && !str_eq(text, STR("error")))
		r->type = text;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq_nocase(text, str_from(words[i].word)) &&
			(r->word == NULL || &words[i] < r->word))
			r->word = &words[i];
}

static void read_any(struct reading *r, struct str value);

static void note_text(struct reading *r, struct str value)
{
	if (!json_is_string(value))
		read_any(r, value);
	else if (r->message.n == 0)
		r->message = str_trim(json_string(value, r->a));
}

static void note_retry(struct reading *r, struct str value)
{
	if (json_is_string(value))
		r->retry_ms = duration_ms(json_string(value, r->a));
}

static void note_inner(struct reading *r, struct str value)
{
	if (json_is_string(value))
		r->inner = str_trim(json_string(value, r->a));
}

struct member {
	const char *key;
	void (*read)(struct reading *r, struct str value);
};

static const struct member members[] = {
	{ "message", note_text },
	{ "msg", note_text },
	{ "detail", note_text },
	{ "error", note_text },
	{ "type", note_word },
	{ "status", note_word },
	{ "code", note_word },
	{ "reason", note_word },
	{ "error_code", note_word },
	{ "details", read_any },
	{ "innererror", read_any },
	{ "metadata", read_any },
	{ "retryDelay", note_retry },
	{ "raw", note_inner },
};

static void read_member(struct reading *r, const struct json_member *m)
{
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (json_key_is(m->key, str_from(members[i].key)))
			members[i].read(r, m->value);
}

/* Goes through an object, or the first items of an array. */
static void read_any(struct reading *r, struct str value)
{
	struct json_member m;
	struct json_iter it = { 0 };
	struct err e = { 0 };
	bool array = value.n > 0 && value.p[0] == '[';

	if (r->depth == DEPTH_MAX)
		return;
	if (array ? !json_iter_init_array(&it, value, &e) : !json_iter_init(&it, value, &e))
		return;
	r->depth++;
	for (unsigned items = 0; items < ITEMS_MAX && json_next(&it, &m, &e); items++) {
		if (array)
			read_any(r, m.value);
		else
			read_member(r, &m);
	}
	r->depth--;
}

static enum err_kind kind_of_status(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
		if (status >= statuses[i].from && status <= statuses[i].to)
			return statuses[i].kind;
	return ERR_NONE;
}

static enum err_kind kind_of_phrase(struct str message)
{
	for (size_t i = 0; i < ARRAY_LEN(phrases); i++)
		if (has(message, phrases[i].text))
			return phrases[i].kind;
	return has(message, "input token count") && has(message, "exceed") ? ERR_CONTEXT : ERR_NONE;
}

/* What is left when nothing has a word for it. */
static enum err_kind kind_of_class(unsigned status)
{
	if (status >= 400 && status < 500)
		return ERR_INVALID;
	return status == 0 || status == 500 || status == 501 ? ERR_API : ERR_UPSTREAM;
}

static enum err_kind kind_of(const struct reading *r, unsigned status)
{
	bool vague = r->word == NULL || !r->word->precise;
	enum err_kind kind = vague ? kind_of_status(status) : r->word->kind;

	if (kind == ERR_NONE || kind == ERR_TOO_LARGE) {
		enum err_kind said = kind_of_phrase(r->message);
		kind = said != ERR_NONE ? said : kind;
	}
	/* DeepSeek calls everything an invalid request, its own failures as well. */
	if (kind == ERR_NONE && r->word != NULL && (r->word->kind != ERR_INVALID || status < 500))
		kind = r->word->kind;
	return kind != ERR_NONE ? kind : kind_of_class(status);
}

/* What is told: masked, and cut between characters. */
static struct str presentable(struct str message, struct arena *a)
{
	char cut[FAILURE_MESSAGE_MAX + 1];
	struct buf out;

	buf_init(&out, 2 * REDACT_MAX);
	redact(&out, message, NULL, 0);
	str_put(cut, sizeof(cut), buf_str(&out));
	buf_release(&out);
	return arena_dup(a, str_from(cut));
}

static struct str type_of(const struct reading *r)
{
	if (r->word != NULL && r->word->kind == ERR_INVALID && r->word->precise)
		return STR("content_filter");
	return r->word != NULL && r->word->precise ? str_from(r->word->word) : r->type;
}

/* Outlives the body. */
static struct str kept_type(const struct reading *r)
{
	struct str type = type_of(r);

	if (type.n > TYPE_MAX)
		type.n = TYPE_MAX;
	return arena_dup(r->a, type);
}

static void conclude(struct failure *ret, const struct reading *r, unsigned status)
{
	unsigned said = r->code >= 400 && r->code < 600 ? (unsigned)r->code : 0;
	unsigned known = status >= 400 ? status : said != 0 ? said : status;

	ret->kind = kind_of(r, known);
	ret->type = kept_type(r);
	ret->retry_after_ms = r->retry_ms >= 0 ? r->retry_ms : retry_in_text(r->message);
	if (r->message.n > 0)
		ret->message = presentable(r->message, r->a);
	else if (status != 0)
		ret->message = arena_printf(r->a, "upstream returned HTTP %u", status);
	else
		ret->message = STR("upstream reported an error");
}

void failure_of_object(struct failure *ret, unsigned status, struct str object, struct arena *a)
{
	struct reading r = { .a = a, .retry_ms = -1 };

	read_any(&r, object);
	/* OpenRouter's own words for the failure of another. */
	if (r.inner.n > 0 && str_eq(r.message, STR("Provider returned error")))
		r.message = r.inner;
	if (r.message.n > REDACT_MAX)
		r.message.n = REDACT_MAX;
	conclude(ret, &r, status);
}

void failure_read(struct failure *ret, unsigned status, struct str body, struct arena *a)
{
	failure_of_object(ret, status, str_trim(body), a);
}

struct parameter {
	const char *mark; /* in lower case */
	const char *capability;
};

/* The first that is named counts: "thinking" is often only the reason why another is refused. */
static const struct parameter parameters[] = {
	{ "/v1/responses", "tools_in_chat" },
	{ "tool_choice", "forced_tool_choice" },
	{ "temperature", "sampling" },
	{ "top_p", "sampling" },
	{ "top_k", "sampling" },
	{ "prefill", "prefill" },
	{ "stream_options", "stream_options" },
	{ "reasoning_effort", "efforts" },
	{ "reasoning.effort", "efforts" },
	{ "output_config.effort", "efforts" },
	{ "'effort'", "efforts" },
	{ "response_format", "json_schema" },
	{ "output_config.format", "json_schema" },
	{ "stop_sequences", "stop" },
	{ "'stop'", "stop" },
	{ "\"stop\"", "stop" },
	{ "role 'system'", "mid_system" },
	{ "role \"system\"", "mid_system" },
	{ "thinking.type", "thinking" },
	{ "thinking is not", "thinking" },
	{ "'thinking'", "thinking" },
	{ "`thinking`", "thinking" },
};

/* A parameter that is refused altogether, not a value of it. */
static bool refuses(struct str message)
{
	static const char *const marks[] = { "not support", "unsupported", "not allowed",
		"not permitted", "not accept", "not available", "deprecated", "unrecognized",
		"unknown", "extra inputs", "forbidden", "may not", "cannot", "only the default" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (has(message, marks[i]))
			return true;
	return false;
}

struct str failure_parameter(const struct failure *f)
{
	if (f->kind != ERR_INVALID || !refuses(f->message))
		return STR("");
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
		if (has(f->message, parameters[i].mark))
			return str_from(parameters[i].capability);
	return STR("");
}
