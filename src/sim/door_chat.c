/* SPDX-License-Identifier: MIT */
/* Chat Completions, as OpenAI, DeepSeek and xAI have it: from a body to a prompt and a wish. */
#include "sim/chat.h"

#include "sim/door.h"
#include "sim/feed.h"
#include "sim/openai.h"

static bool find_model(struct ask *q)
{
	struct str name = tree_get(q->body, "model");

	if (model_find(&q->model, q->prices, name, door_chat.vendors))
		return true;
	if (str_starts(name, STR("deepseek"))) {
		refuse(q->why, 400, "Model Not Exist");
		return refuse_as(q->why, "invalid_request_error", NULL);
	}
	refuse(q->why, 404, "The model `%.*s` does not exist or you do not have access to it.",
		STR_ARG(name));
	return refuse_as(q->why, "model_not_found", NULL);
}

/* ---- the prompt ---- */

static void feed_call(struct feed *f, yyjson_val *call)
{
	yyjson_val *custom = tree_set(call, "custom"), *inner = tree_set(call, "function");

	feed_block(f, 'a', TOKENS_CALL);
	feed_text(f, tree_get(custom != NULL ? custom : inner, "name"));
	feed_text(f, custom != NULL ? tree_get(custom, "input") : tree_get(inner, "arguments"));
}

static void feed_message(struct feed *f, struct ask *q, yyjson_val *m)
{
	char role = tree_is(m, "role", "user")        ? 'u'
		    : tree_is(m, "role", "assistant") ? 'a'
		    : tree_is(m, "role", "tool")      ? 't'
						      : 's';
	static const struct {
		char role;
		enum token_kind kind;
	} kinds[] = { { 'u', TOKENS_TEXT }, { 'a', TOKENS_TEXT }, { 't', TOKENS_RESULT },
		{ 's', TOKENS_SYSTEM } };
	struct str thought = tree_get(m, "reasoning_content");
	yyjson_arr_iter calls = yyjson_arr_iter_with(yyjson_obj_get(m, "tool_calls"));

	if (thought.n > 0 && q->model.vendor != VENDOR_OPENAI) {
		feed_block(f, 'a', TOKENS_THINKING);
		feed_text(f, thought);
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].role == role && tree_set(m, "content") != NULL)
			feed_block(f, role, kinds[i].kind);
	if (role == 't')
		feed_text(f, tree_get(m, "tool_call_id"));
	feed_content(f, q, yyjson_obj_get(m, "content"), role);
	for (yyjson_val *c; (c = yyjson_arr_iter_next(&calls)) != NULL;)
		feed_call(f, c);
}

static void render(struct ask *q)
{
	yyjson_arr_iter tools = yyjson_arr_iter_with(yyjson_obj_get(q->body, "tools"));
	yyjson_arr_iter messages = yyjson_arr_iter_with(yyjson_obj_get(q->body, "messages"));
	struct feed f;

	feed_begin(&f, &q->prompt, &q->model, q->arena);
	feed_options(&f, q);
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&tools)) != NULL;) {
		yyjson_val *inner = tree_set(t, "function");
		feed_block(&f, 'd', TOKENS_TOOL);
		feed_text(&f, tree_get(inner, "name"));
		feed_text(&f, tree_get(inner, "description"));
		feed_json(&f, inner != NULL ? yyjson_obj_get(inner, "parameters") : t);
	}
	for (yyjson_val *m; (m = yyjson_arr_iter_next(&messages)) != NULL;)
		feed_message(&f, q, m);
	feed_end(&f);
}

static bool check_window(const struct ask *q)
{
	long long n = q->prompt.tokens, window = q->model.window, out = q->wish.max_tokens;

	if (q->model.vendor == VENDOR_DEEPSEEK) {
		out = out > 0 ? out : 0;
		return n + out <= window ||
		       object(q, NULL, NULL,
			       "This model's maximum context length is %lld tokens. However, you requested %lld tokens (%lld in the "
			       "messages, %lld in the completion). Please reduce the length of the messages or completion.",
			       window, n + out, n, out);
	}
	return n <= window ||
	       object(q, "context_length_exceeded", "messages",
		       "This model's maximum context length is %lld tokens. However, your messages resulted in %lld tokens. Please "
		       "reduce the length of the messages.",
		       window, n);
}

/* ---- the wish ---- */

static void read_forced(struct ask *q)
{
	yyjson_val *choice = tree_set(q->body, "tool_choice");
	struct str name = tree_get(yyjson_obj_get(choice, "function"), "name");
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "tools"));

	if (name.p == NULL && !yyjson_equals_str(choice, "required"))
		return;
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *inner = tree_set(t, "function");
		struct str this = tree_get(inner, "name");
		if (this.p == NULL || (name.p != NULL && !str_eq(this, name)))
			continue;
		q->wish.forced = this;
		q->wish.parameters = yyjson_obj_get(inner, "parameters");
		return;
	}
}

static void read_thinking(struct ask *q, struct str effort)
{
	yyjson_val *thinking = tree_set(q->body, "thinking");
	bool openai = q->model.vendor == VENDOR_OPENAI;

	if (openai)
		q->wish.thinks = (q->model.family->flags & MODEL_REASONS) != 0 &&
				 !str_eq(effort, STR("none"));
	else if (q->model.vendor == VENDOR_DEEPSEEK && thinking != NULL)
		q->wish.thinks = !tree_is(thinking, "type", "disabled");
	else
		q->wish.thinks = (q->model.family->flags & MODEL_THINKS) != 0;
	q->wish.shows_thinking = !openai;
}

static void read_wish(struct ask *q, struct str effort)
{
	yyjson_val *format = tree_set(q->body, "response_format");
	yyjson_val *options = tree_set(q->body, "stream_options");

	q->wish = (struct wish){ .max_tokens = -1,
		.stop = tree_set(q->body, "stop"),
		.schema = yyjson_obj_get(tree_set(format, "json_schema"), "schema"),
		.json = tree_is(format, "type", "json_object"),
		.call_id = q->model.vendor == VENDOR_DEEPSEEK ? "call_00_" : "call_" };
	if (!tree_int(yyjson_obj_get(q->body, "max_completion_tokens"), &q->wish.max_tokens) &&
		!tree_int(yyjson_obj_get(q->body, "max_tokens"), &q->wish.max_tokens))
		q->wish.max_tokens = -1;
	read_thinking(q, effort);
	read_forced(q);
	q->stream = yyjson_is_true(yyjson_obj_get(q->body, "stream"));
	q->stream_usage = yyjson_is_true(yyjson_obj_get(options, "include_usage"));
	if (!tree_int(yyjson_obj_get(q->body, "n"), &q->choices))
		q->choices = 1;
}

static bool read_chat(struct ask *q)
{
	struct str effort;

	if (!check_chat_shape(q) || !find_model(q))
		return false;
	effort = openai_effort(q, tree_get(q->body, "reasoning_effort"));
	if (!check_chat(q, effort))
		return false;
	read_wish(q, effort);
	render(q);
	return check_window(q);
}

static void print_count(struct buf *out, int64_t tokens)
{
	buf_addf(out, "{\"input_tokens\":%lld}", (long long)tokens);
}

const struct door door_chat = {
	OPENAI_KEYS,
	.vendors = VENDOR_OPENAI | VENDOR_DEEPSEEK | VENDOR_XAI,
	.listing = LISTING_OPENAI,
	.read = read_chat,
	.print_whole = print_chat_whole,
	.print_stream = print_chat_stream,
	.print_count = print_count,
	.print_error = openai_print_error,
	.print_break = print_chat_break,
};
