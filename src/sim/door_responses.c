/* SPDX-License-Identifier: MIT */
/* Responses: from a body to a prompt and a wish. Nothing is stored: who wants to go on sends everything again. */
#include "sim/responses.h"

#include "sim/door.h"
#include "sim/feed.h"
#include "sim/openai.h"

static bool find_model(struct ask *q)
{
	struct str name = tree_get(q->body, "model");

	if (model_find(&q->model, q->prices, name, door_responses.vendors))
		return true;
	object(q, "model_not_found", "model", "The requested model '%.*s' does not exist.",
		STR_ARG(name));
	q->why->status = 404;
	return false;
}

/* ---- the prompt ---- */

static void feed_message(struct feed *f, struct ask *q, yyjson_val *item)
{
	char role = tree_is(item, "role", "user")        ? 'u'
		    : tree_is(item, "role", "assistant") ? 'a'
							 : 's';

	feed_block(f, role, role == 's' ? TOKENS_SYSTEM : TOKENS_TEXT);
	feed_content(f, q, yyjson_obj_get(item, "content"), role);
}

static void feed_reasoning(struct feed *f, yyjson_val *item)
{
	struct str encrypted = tree_get(item, "encrypted_content");
	int64_t tokens = 0;

	feed_block(f, 'a', TOKENS_THINKING);
	if (responses_unseal(encrypted, &tokens))
		feed_opaque(f, encrypted, tokens);
}

static void feed_item(struct feed *f, struct ask *q, yyjson_val *item)
{
	struct str type = tree_get(item, "type"), input = tree_get(item, "input");

	if (type.p == NULL || str_eq(type, STR("message"))) {
		feed_message(f, q, item);
	} else if (str_eq(type, STR("reasoning"))) {
		feed_reasoning(f, item);
	} else if (str_eq(type, STR("function_call")) || str_eq(type, STR("custom_tool_call"))) {
		feed_block(f, 'a', TOKENS_CALL);
		feed_text(f, tree_get(item, "name"));
		feed_text(f, input.p != NULL ? input : tree_get(item, "arguments"));
	} else if (str_ends(type, STR("_output"))) {
		feed_block(f, 't', TOKENS_RESULT);
		feed_text(f, tree_get(item, "call_id"));
		feed_content(f, q, yyjson_obj_get(item, "output"), 't');
	} else {
		feed_block(f, 'o', TOKENS_TEXT);
		feed_json(f, item);
	}
}

static void feed_tool(struct feed *f, yyjson_val *t)
{
	feed_block(f, 'd', TOKENS_TOOL);
	if (!tree_is(t, "type", "function")) {
		feed_json(f, t);
		return;
	}
	feed_text(f, tree_get(t, "name"));
	feed_text(f, tree_get(t, "description"));
	feed_json(f, yyjson_obj_get(t, "parameters"));
}

static void render(struct ask *q)
{
	yyjson_arr_iter tools = yyjson_arr_iter_with(yyjson_obj_get(q->body, "tools"));
	yyjson_val *input = yyjson_obj_get(q->body, "input");
	yyjson_arr_iter items = yyjson_arr_iter_with(input);
	struct str instructions = tree_get(q->body, "instructions");
	struct feed f;

	feed_begin(&f, &q->prompt, &q->model, q->arena);
	feed_options(&f, q);
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&tools)) != NULL;)
		feed_tool(&f, t);
	if (instructions.n > 0) {
		feed_block(&f, 's', TOKENS_SYSTEM);
		feed_text(&f, instructions);
	}
	if (yyjson_is_str(input)) {
		feed_block(&f, 'u', TOKENS_TEXT);
		feed_content(&f, q, input, 'u');
	}
	for (yyjson_val *item; (item = yyjson_arr_iter_next(&items)) != NULL;)
		feed_item(&f, q, item);
	feed_end(&f);
}

/* ---- the wish ---- */

static void read_forced(struct ask *q)
{
	yyjson_val *choice = tree_set(q->body, "tool_choice");
	struct str name = tree_is(choice, "type", "function") ? tree_get(choice, "name")
							      : (struct str){ NULL, 0 };
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "tools"));

	if (name.p == NULL && !yyjson_equals_str(choice, "required"))
		return;
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;) {
		if (!tree_is(t, "type", "function") ||
			(name.p != NULL && !str_eq(tree_get(t, "name"), name)))
			continue;
		q->wish.forced = tree_get(t, "name");
		q->wish.parameters = yyjson_obj_get(t, "parameters");
		return;
	}
}

static bool includes(const struct ask *q, const char *what)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(q->body, "include"));

	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		if (yyjson_equals_str(v, what))
			return true;
	return false;
}

static void read_wish(struct ask *q, struct str effort)
{
	yyjson_val *format = tree_set(tree_set(q->body, "text"), "format");

	q->wish = (struct wish){ .max_tokens = -1,
		.schema = yyjson_obj_get(format, "schema"),
		.json = tree_is(format, "type", "json_object"),
		.thinks = (q->model.family->flags & MODEL_REASONS) != 0 &&
			  !str_eq(effort, STR("none")),
		.shows_thinking = tree_set(tree_set(q->body, "reasoning"), "summary") != NULL,
		.call_id = "call_" };
	if (!tree_int(yyjson_obj_get(q->body, "max_output_tokens"), &q->wish.max_tokens))
		q->wish.max_tokens = -1;
	read_forced(q);
	q->stream = yyjson_is_true(yyjson_obj_get(q->body, "stream"));
	q->encrypted = includes(q, "reasoning.encrypted_content");
}

static bool read_responses(struct ask *q)
{
	struct str effort;

	if (!check_responses_shape(q) || !find_model(q))
		return false;
	effort = openai_effort(q, tree_get(tree_set(q->body, "reasoning"), "effort"));
	if (!check_responses(q, effort))
		return false;
	read_wish(q, effort);
	render(q);
	return q->counting || q->prompt.tokens <= q->model.window ||
	       object(q, "context_length_exceeded", "input",
		       "Your input exceeds the context window of this model. Please adjust your input and try again.");
}

static void print_count(struct buf *out, int64_t tokens)
{
	buf_addf(out, "{\"object\":\"response.input_tokens\",\"input_tokens\":%lld}",
		(long long)tokens);
}

const struct door door_responses = {
	OPENAI_KEYS,
	.vendors = VENDOR_OPENAI | VENDOR_XAI,
	.listing = LISTING_OPENAI,
	.read = read_responses,
	.print_whole = print_responses_whole,
	.print_stream = print_responses_stream,
	.print_count = print_count,
	.print_error = openai_print_error,
	.print_break = print_responses_break,
};
