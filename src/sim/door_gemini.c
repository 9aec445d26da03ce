/* SPDX-License-Identifier: MIT */
/* Gemini: from a body to a prompt and a wish. The path names the model, and whether the answer is a stream. */
#include "sim/gemini.h"

#include "sim/door.h"
#include "sim/feed.h"

static bool find_model(struct ask *q)
{
	if (model_find(&q->model, q->prices, q->named, VENDOR_GOOGLE))
		return true;
	return refuse(q->why, 404,
		"models/%.*s is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see "
		"the list of available models and their supported methods.",
		STR_ARG(q->named));
}

/* ---- the prompt ---- */

static void feed_signature(struct feed *f, yyjson_val *part)
{
	struct str signature = gem_str(part, "thoughtSignature");
	int64_t tokens;

	if (signature.p != NULL && gemini_unseal(signature, &tokens))
		feed_opaque(f, signature, tokens);
}

static void feed_part(struct feed *f, struct ask *q, yyjson_val *part, char role)
{
	yyjson_val *call = gem_get(part, "functionCall");
	yyjson_val *response = gem_get(part, "functionResponse");
	yyjson_val *data = gem_get(part, "inlineData");
	struct str text = tree_get(part, "text");
	bool thought = yyjson_is_true(yyjson_obj_get(part, "thought"));

	feed_signature(f, part);
	if (text.p != NULL) {
		feed_block(f, role,
			thought       ? TOKENS_THINKING
			: role == 's' ? TOKENS_SYSTEM
				      : TOKENS_TEXT);
		feed_text(f, text);
		if (role == 'u')
			q->wish.words = text;
	} else if (call != NULL) {
		feed_block(f, role, TOKENS_CALL);
		feed_text(f, tree_get(call, "name"));
		feed_json(f, yyjson_obj_get(call, "args"));
	} else if (response != NULL) {
		feed_block(f, role, TOKENS_RESULT);
		feed_text(f, tree_get(response, "name"));
		feed_json(f, yyjson_obj_get(response, "response"));
		feed_json(f, yyjson_obj_get(response, "parts"));
	} else if (str_starts(gem_str(data, "mimeType"), STR("image/"))) {
		feed_block(f, role, TOKENS_TEXT);
		feed_image(f, tree_get(data, "data"));
	} else {
		feed_block(f, role, TOKENS_DOCUMENT);
		feed_json(f, part);
	}
}

static void feed_content(struct feed *f, struct ask *q, yyjson_val *content, char role)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(content, "parts"));

	for (yyjson_val *p; (p = yyjson_arr_iter_next(&it)) != NULL;)
		feed_part(f, q, p, role);
}

static void feed_tool(struct feed *f, yyjson_val *tool)
{
	yyjson_val *declarations = gem_get(tool, "functionDeclarations");
	yyjson_arr_iter it = yyjson_arr_iter_with(declarations);

	if (declarations == NULL) {
		feed_block(f, 'd', TOKENS_TOOL);
		feed_json(f, tool);
	}
	for (yyjson_val *d; (d = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *parameters = gem_get(d, "parametersJsonSchema");
		feed_block(f, 'd', TOKENS_TOOL);
		feed_text(f, tree_get(d, "name"));
		feed_text(f, tree_get(d, "description"));
		feed_json(f, parameters != NULL ? parameters : yyjson_obj_get(d, "parameters"));
	}
}

static void render(struct ask *q)
{
	yyjson_arr_iter tools = yyjson_arr_iter_with(gem_get(q->body, "tools"));
	yyjson_arr_iter contents = yyjson_arr_iter_with(yyjson_obj_get(q->body, "contents"));
	struct feed f;

	feed_begin(&f, &q->prompt, &q->model, q->arena);
	feed_apart(&f, q->workspace);
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&tools)) != NULL;)
		feed_tool(&f, t);
	feed_content(&f, q, gem_get(q->body, "systemInstruction"), 's');
	for (yyjson_val *c; (c = yyjson_arr_iter_next(&contents)) != NULL;)
		feed_content(&f, q, c, tree_is(c, "role", "model") ? 'a' : 'u');
	feed_end(&f);
}

/* ---- the wish ---- */

static void read_thinking(struct ask *q, yyjson_val *config)
{
	yyjson_val *t = gem_get(config, "thinkingConfig"), *budget = gem_get(t, "thinkingBudget");

	q->wish.thinks = budget != NULL ? yyjson_get_num(budget) != 0.0
					: (q->model.family->flags & MODEL_THINKS) != 0;
	q->wish.shows_thinking = yyjson_is_true(gem_get(t, "includeThoughts"));
}

static void take_forced(struct ask *q, yyjson_val *tool, struct str wanted)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(gem_get(tool, "functionDeclarations"));

	for (yyjson_val *d; q->wish.forced.p == NULL && (d = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *parameters = gem_get(d, "parametersJsonSchema");
		if (wanted.p != NULL && !str_eq(tree_get(d, "name"), wanted))
			continue;
		q->wish.forced = tree_get(d, "name");
		q->wish.parameters =
			parameters != NULL ? parameters : yyjson_obj_get(d, "parameters");
	}
}

static void read_forced(struct ask *q)
{
	yyjson_val *config = gem_get(gem_get(q->body, "toolConfig"), "functionCallingConfig");
	yyjson_arr_iter it = yyjson_arr_iter_with(gem_get(q->body, "tools"));
	struct str wanted = tree_str(yyjson_arr_get_first(gem_get(config, "allowedFunctionNames")));

	if (!tree_is(config, "mode", "ANY"))
		return;
	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;)
		take_forced(q, t, wanted);
}

static void read_wish(struct ask *q)
{
	yyjson_val *config = gem_get(q->body, "generationConfig");
	yyjson_val *schema = gem_get(config, "responseJsonSchema");

	q->wish = (struct wish){ .max_tokens = -1,
		.stop = gem_get(config, "stopSequences"),
		.schema = schema != NULL ? schema : gem_get(config, "responseSchema"),
		.json = str_eq(gem_str(config, "responseMimeType"), STR("application/json")),
		.call_id = (q->model.family->flags & MODEL_SIGNED_CALLS) != 0 ? "fc-" : NULL };
	if (!tree_int(gem_get(config, "maxOutputTokens"), &q->wish.max_tokens))
		q->wish.max_tokens = -1;
	read_thinking(q, config);
	read_forced(q);
	if (str_ends(q->head->path, STR(":streamGenerateContent"))) {
		q->stream = str_find(q->head->query, STR("alt=sse")) < q->head->query.n;
		q->array = !q->stream;
	}
}

/* A request that counts holds the one that is meant, or contents alone. */
static bool unwrap(struct ask *q)
{
	yyjson_val *inner = gem_get(q->body, "generateContentRequest");

	if (!check_gemini_names(q, q->body, q->counting))
		return false;
	if (q->counting && inner != NULL && yyjson_obj_get(q->body, "contents") != NULL)
		return refuse(q->why, 400,
			"Only one of contents and generate_content_request may be set.");
	if (q->counting && inner != NULL)
		q->body = inner;
	return true;
}

static bool read_gemini(struct ask *q)
{
	if (!find_model(q) || !unwrap(q) || !check_gemini(q) || !check_gemini_contents(q))
		return false;
	read_wish(q);
	render(q);
	return q->counting || q->prompt.tokens <= q->model.window ||
	       refuse(q->why, 400,
		       "The input token count (%lld) exceeds the maximum number of tokens allowed (%lld).",
		       (long long)q->prompt.tokens, (long long)q->model.window);
}

static void print_count(struct buf *out, int64_t tokens)
{
	buf_addf(out,
		"{\"totalTokens\":%lld,\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":%lld}]}",
		(long long)tokens, (long long)tokens);
}

const struct door door_gemini = {
	.key = "x-goog-api-key",
	.request_id = "x-request-id",
	.no_key = 403,
	.no_key_text =
		"Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
		"other form of API consumer identity to call this API.",
	.wrong_key = 400,
	.wrong_key_text = "API key not valid. Please pass a valid API key.",
	.wrong_key_code = "API_KEY_INVALID",
	.vendors = VENDOR_GOOGLE,
	.listing = LISTING_GOOGLE,
	.read = read_gemini,
	.print_whole = print_gemini_whole,
	.print_stream = print_gemini_stream,
	.print_count = print_count,
	.print_error = print_gemini_error,
	.print_break = print_gemini_break,
};
