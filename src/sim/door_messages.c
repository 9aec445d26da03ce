/* SPDX-License-Identifier: MIT */
/* The Messages API: Anthropic's own, and DeepSeek's, which takes the same bodies, ignores what it has no use for (versions, cache
 * marks, sampling), wants its thinking back, and has errors of another shape. */
#include "sim/door.h"

#include "sim/check.h"
#include "sim/openai.h"
#include "sim/print_messages.h"

static bool check_version(struct ask *q, enum api_version *ret)
{
	struct str v = http_get(q->head, STR("anthropic-version"));

	*ret = API_2023_06_01;
	if (v.n == 0)
		return refuse(q->why, 400, "anthropic-version: header is required");
	if (str_eq(v, STR("2026-10-21")))
		*ret = API_2026_10_21;
	else if (!str_eq(v, STR("2023-06-01")))
		return refuse(q->why, 400, "anthropic-version: \"%.*s\" is not a valid version",
			STR_ARG(v));
	return true;
}

static bool has_beta(const struct ask *q, const char *prefix)
{
	struct str rest, one;

	for (size_t i = 0; i < q->head->n; i++) {
		if (!str_eq_nocase(q->head->h[i].name, STR("anthropic-beta")))
			continue;
		rest = q->head->h[i].value;
		while (str_split(&rest, ',', &one))
			if (str_starts(str_trim(one), str_from(prefix)))
				return true;
	}
	return false;
}

static bool find_model(struct ask *q)
{
	struct str name = tree_get(q->body, "model");

	if (!model_find(&q->model, q->prices, name, VENDOR_ANTHROPIC))
		return refuse(q->why, 404, "model: %.*s", STR_ARG(name));
	if ((q->model.family->flags & MODEL_LONG_BETA) != 0 && has_beta(q, "context-1m-"))
		q->model.window = 1000000;
	return true;
}

static bool wants_drop(const struct ask *q)
{
	yyjson_val *thinking = tree_set(q->body, "thinking");

	return tree_is(tree_set(thinking, "block_binding"), "prefix_mismatch_behavior",
		       "drop_block") &&
	       has_beta(q, "thinking-binding-controls-");
}

static bool check_window(struct ask *q)
{
	long long n = q->prompt.tokens, window = q->model.window;
	int64_t max_tokens = 0;

	if (q->counting)
		return true;
	if (n > window)
		return refuse(
			q->why, 400, "prompt is too long: %lld tokens > %lld maximum", n, window);
	if (tree_int(yyjson_obj_get(q->body, "max_tokens"), &max_tokens) && n + max_tokens > window)
		return refuse(q->why, 400,
			"input length and `max_tokens` exceed context limit: %lld + %lld > %lld, decrease input length or "
			"`max_tokens` and try again",
			n, (long long)max_tokens, window);
	return true;
}

/* ---- the wish ---- */

/* The last text of the user. */
static struct str last_words(yyjson_val *body)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(body, "messages"));
	struct str found = { NULL, 0 };

	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *content = yyjson_obj_get(m, "content");
		yyjson_arr_iter blocks = yyjson_arr_iter_with(content);
		if (!tree_is(m, "role", "user"))
			continue;
		if (yyjson_is_str(content))
			found = tree_str(content);
		for (yyjson_val *b; (b = yyjson_arr_iter_next(&blocks)) != NULL;)
			if (tree_is(b, "type", "text"))
				found = tree_get(b, "text");
	}
	return found;
}

static void read_thinking(struct ask *q)
{
	yyjson_val *t = tree_set(q->body, "thinking");
	struct str display = tree_get(t, "display");
	unsigned flags = q->model.family->flags;

	q->wish.thinks = t == NULL
				 ? (flags & MODEL_THINKS) != 0
				 : tree_is(t, "type", "adaptive") || tree_is(t, "type", "enabled");
	q->wish.shows_thinking =
		display.p == NULL ? (flags & MODEL_OMITS) == 0 : !str_eq(display, STR("omitted"));
}

static void read_wish(struct ask *q)
{
	yyjson_val *format = tree_set(tree_set(q->body, "output_config"), "format");

	q->wish = (struct wish){ .max_tokens = 0,
		.stop = tree_set(q->body, "stop_sequences"),
		.schema = yyjson_obj_get(format, "schema"),
		.words = last_words(q->body),
		.call_id = q->model.vendor == VENDOR_ANTHROPIC ? "toolu_" : "call_00_" };
	if (!tree_int(yyjson_obj_get(q->body, "max_tokens"), &q->wish.max_tokens))
		q->wish.max_tokens = 0;
	read_thinking(q);
	q->stream = yyjson_is_true(yyjson_obj_get(q->body, "stream"));
}

static bool render(struct ask *q)
{
	struct prompt_request rq = { .body = q->body,
		.model = &q->model,
		.workspace = q->workspace,
		.drop_mismatched = wants_drop(q) };

	return prompt_render(&q->prompt, &rq, q->arena, q->why);
}

static bool read_messages(struct ask *q)
{
	struct check c = {
		.body = q->body, .model = &q->model, .counting = q->counting, .why = q->why
	};

	if (!check_version(q, &c.version) || !check_shape(&c) || !find_model(q) ||
		!check_request(&c) || !render(q) || !check_window(q))
		return false;
	read_wish(q);
	return true;
}

const struct door door_messages = {
	.key = "x-api-key",
	.request_id = "request-id",
	.no_key = 401,
	.no_key_text = "x-api-key header is required",
	.wrong_key = 401,
	.wrong_key_text = "invalid x-api-key",
	.vendors = VENDOR_ANTHROPIC,
	.read = read_messages,
	.print_whole = print_messages_whole,
	.print_stream = print_messages_stream,
	.print_count = print_messages_count,
	.print_error = refusal_print,
	.print_break = print_messages_break,
};

/* ---- DeepSeek's ---- */

static bool has_block(yyjson_val *content, const char *type)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(content);

	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;)
		if (tree_is(b, "type", type))
			return true;
	return false;
}

/* A turn that called tools comes back with what was thought, unless thinking is off. */
static bool check_thoughts(const struct ask *q)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "messages"));
	yyjson_val *t = tree_set(q->body, "thinking");

	if (tree_is(t, "type", "disabled") ||
		(t == NULL && (q->model.family->flags & MODEL_THINKS) == 0))
		return true;
	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *content = yyjson_obj_get(m, "content");
		if (tree_is(m, "role", "assistant") && has_block(content, "tool_use") &&
			!has_block(content, "thinking"))
			return refuse(q->why, 400,
				"The `content[].thinking` in the thinking mode must be passed back to the API.");
	}
	return true;
}

/* Names that DeepSeek does not know are served by its small model. */
static void find_deepseek(struct ask *q)
{
	if (!model_find(&q->model, q->prices, tree_get(q->body, "model"), VENDOR_DEEPSEEK) &&
		!model_find(&q->model, q->prices, STR("deepseek-flash"), VENDOR_DEEPSEEK))
		q->model.family = NULL;
}

static bool read_deepseek(struct ask *q)
{
	struct check c = {
		.body = q->body, .model = &q->model, .counting = q->counting, .why = q->why
	};

	if (!check_shape(&c))
		return false;
	find_deepseek(q);
	if (q->model.family == NULL)
		return refuse(q->why, 400, "Model Not Exist");
	if (!check_request(&c) || !check_thoughts(q) || !render(q) || !check_window(q))
		return false;
	read_wish(q);
	return true;
}

/* Errors of OpenAI's shape, all of the same code. */
static void print_deepseek_error(struct buf *out, const struct refusal *why, struct str request_id)
{
	struct refusal coded = *why;

	coded.code = "invalid_request_error";
	openai_print_error(out, &coded, request_id);
}

const struct door door_deepseek_messages = {
	.key = "x-api-key",
	.request_id = "x-ds-trace-id",
	.no_key = 401,
	.no_key_text = "Authentication Fails (governor)",
	.wrong_key = 401,
	.wrong_key_text = "Authentication Fails, Your api key is invalid",
	.vendors = VENDOR_DEEPSEEK,
	.read = read_deepseek,
	.print_whole = print_messages_whole,
	.print_stream = print_messages_stream,
	.print_count = print_messages_count,
	.print_error = print_deepseek_error,
	.print_break = print_messages_break,
};
