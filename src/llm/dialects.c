/* SPDX-License-Identifier: MIT */
/* The list of all dialects, and which of them a request speaks. */
#include "llm/dialect.h"

const char *endpoint_name(enum endpoint_kind kind)
{
	static const char *const names[] = {
		[ENDPOINT_LOCAL] = "local",
		[ENDPOINT_MESSAGES] = "messages",
		[ENDPOINT_COUNT] = "count_tokens",
		[ENDPOINT_MODELS] = "models",
		[ENDPOINT_RELAY] = "relay",
		[ENDPOINT_UNKNOWN] = "unknown",
	};

	return names[kind];
}

static const struct dialect *const dialects[] = { &dialect_anthropic, &dialect_openai,
	&dialect_responses, &dialect_gemini };

const struct dialect *dialect_by_name(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (str_eq(name, str_from(dialects[i]->name)))
			return dialects[i];
	return NULL;
}

/* Paths of the OpenAI API below /v1/. Those that the Anthropic API has too (models, files, batches) are
 * told apart by Anthropic's headers first. */
static const char *const openai_paths[] = {
	"chat/completions",
	"completions",
	"responses",
	"conversations",
	"embeddings",
	"models",
	"files",
	"batches",
	"uploads",
	"images",
	"audio",
	"videos",
	"moderations",
	"fine_tuning",
	"vector_stores",
	"assistants",
	"threads",
	"containers",
	"evals",
	"realtime",
};

/* True for `dir` itself and everything below it. */
static bool path_below(struct str path, struct str dir)
{
	return str_starts(path, dir) && (path.n == dir.n || path.p[dir.n] == '/');
}

static bool is_openai_path(struct str path)
{
	if (!str_starts(path, STR("/v1/")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(openai_paths); i++)
		if (path_below(str_from_offset(path, 4), str_from(openai_paths[i])))
			return true;
	return false;
}

static bool has(const struct http_head *head, struct str name)
{
	return http_get(head, name).p != NULL;
}

static bool has_openai_header(const struct http_head *head)
{
	for (size_t i = 0; i < head->n; i++)
		if (str_starts_nocase(head->h[i].name, STR("openai-")))
			return true;
	return str_starts_nocase(http_get(head, STR("authorization")), STR("bearer "));
}

static const struct dialect *relayed_dialect(const struct http_head *head)
{
	if (has(head, STR("anthropic-version")) || has(head, STR("anthropic-beta")) ||
		path_below(head->path, STR("/v1/messages")))
		return &dialect_anthropic;
	if (str_starts(head->path, STR("/v1beta/")) || has(head, STR("x-goog-api-key")))
		return &dialect_gemini;
	if (is_openai_path(head->path) || has_openai_header(head))
		return &dialect_openai;
	return NULL;
}

/* "/v1beta/models/NAME:verb"; the verb, empty when there is none. */
static struct str gemini_verb(struct str path)
{
	struct str rest;

	if (str_starts(path, STR("/v1beta/models/")))
		rest = str_from_offset(path, 15);
	else if (str_starts(path, STR("/v1/models/")))
		rest = str_from_offset(path, 11);
	else
		return STR("");
	size_t colon = str_find_char(rest, ':');
	/* A name may hold colons itself: the verb stands behind the last one. */
	for (size_t next = colon; next < rest.n;
		next += 1 + str_find_char(str_from_offset(rest, next + 1), ':'))
		colon = next;
	return colon < rest.n ? str_from_offset(rest, colon + 1) : STR("");
}

struct endpoint_row {
	const char *path;
	enum endpoint_kind kind;
	const struct dialect *dialect;
};

static const struct endpoint_row posts[] = {
	{ "/v1/messages", ENDPOINT_MESSAGES, &dialect_anthropic },
	{ "/v1/messages/count_tokens", ENDPOINT_COUNT, &dialect_anthropic },
	{ "/v1/chat/completions", ENDPOINT_MESSAGES, &dialect_openai },
	{ "/v1/responses", ENDPOINT_MESSAGES, &dialect_responses },
};
static const struct endpoint_row verbs[] = {
	{ "generateContent", ENDPOINT_MESSAGES, &dialect_gemini },
	{ "streamGenerateContent", ENDPOINT_MESSAGES, &dialect_gemini },
	{ "countTokens", ENDPOINT_COUNT, &dialect_gemini },
};

static const struct endpoint_row *find_row(
	const struct endpoint_row *rows, size_t n, struct str path)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(path, str_from(rows[i].path)))
			return rows[i].dialect->parse_request != NULL ? &rows[i] : NULL;
	return NULL;
}

static bool is_models_path(struct str path)
{
	return path_below(path, STR("/v1/models")) || path_below(path, STR("/v1beta/models"));
}

enum endpoint_kind endpoint_find(const struct http_head *head, const struct dialect **ret_dialect)
{
	const struct dialect *d = relayed_dialect(head);
	const struct endpoint_row *row = NULL;

	*ret_dialect = d != NULL ? d : &dialect_anthropic;
	if (head->method == HTTP_POST) {
		row = find_row(posts, ARRAY_LEN(posts), head->path);
		if (row == NULL)
			row = find_row(verbs, ARRAY_LEN(verbs), gemini_verb(head->path));
	}
	if (row != NULL) {
		*ret_dialect = row->dialect;
		return row->kind;
	}
	if ((head->method == HTTP_GET || head->method == HTTP_HEAD) && d != NULL &&
		is_models_path(head->path))
		return ENDPOINT_MODELS;
	return d != NULL && head->path.n > 0 && head->path.p[0] == '/' ? ENDPOINT_RELAY
								       : ENDPOINT_UNKNOWN;
}

struct str model_short_name(struct str model)
{
	if (str_starts(model, STR("claude-")) && model.n > 7)
		model = str_from_offset(model, 7);
	size_t n = model.n;
	/* A date at the end: "-20260901". */
	if (n > 9 && model.p[n - 9] == '-') {
		uint64_t date;
		if (str_to_u64(str_from_offset(model, n - 8), &date))
			model.n = n - 9;
	}
	return model;
}
