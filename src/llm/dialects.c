/* SPDX-License-Identifier: MIT */
/* The dialects that are relayed unread, the list of all, and which of them a request speaks. */
#include "llm/dialect.h"

static void print_openai_error(struct buf *out, const struct err *e, struct str id)
{
	const char *code = err_openai_code(e->kind);

	(void)id;
	buf_add(out, STR("{\"error\":{\"message\":"));
	json_add_string(out, str_from(e->text));
	buf_addf(out, ",\"type\":\"%s\",\"param\":null,\"code\":", err_openai_type(e->kind));
	if (code != NULL)
		json_add_string(out, str_from(code));
	else
		buf_add(out, STR("null"));
	buf_add(out, STR("}}"));
}

static void print_gemini_error(struct buf *out, const struct err *e, struct str id)
{
	(void)id;
	buf_addf(out, "{\"error\":{\"code\":%u,\"message\":", err_status(e->kind));
	json_add_string(out, str_from(e->text));
	buf_addf(out, ",\"status\":\"%s\"}}", err_gemini_status(e->kind));
}

const char *endpoint_name(enum endpoint_kind kind)
{
	static const char *const names[] = {
		[ENDPOINT_LOCAL] = "local",
		[ENDPOINT_MESSAGES] = "messages",
		[ENDPOINT_COUNT] = "count_tokens",
		[ENDPOINT_RELAY] = "relay",
		[ENDPOINT_UNKNOWN] = "unknown",
	};

	return names[kind];
}

const struct dialect dialect_openai = {
	.name = "openai",
	.auth_header = STR_INIT("authorization"),
	.auth_prefix = STR_INIT("Bearer "),
	.print_error = print_openai_error,
};

const struct dialect dialect_gemini = {
	.name = "gemini",
	.auth_header = STR_INIT("x-goog-api-key"),
	.print_error = print_gemini_error,
};

static const struct dialect *const dialects[] = { &dialect_anthropic, &dialect_openai,
	&dialect_gemini };

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

enum endpoint_kind endpoint_find(const struct http_head *head, const struct dialect **ret_dialect)
{
	const struct dialect *d = relayed_dialect(head);

	*ret_dialect = d != NULL ? d : &dialect_anthropic;
	if (head->method == HTTP_POST && str_eq(head->path, STR("/v1/messages")))
		return ENDPOINT_MESSAGES;
	if (head->method == HTTP_POST && str_eq(head->path, STR("/v1/messages/count_tokens")))
		return ENDPOINT_COUNT;
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
