/* SPDX-License-Identifier: MIT */
/* The contents of a Gemini request: whose turn it is, one data member a part, calls with their responses directly behind them, and
 * the signatures that newer models want back. */
#include "sim/gemini.h"

#include "sim/ids.h"
#include "sim/openai.h"
#include "sim/signature.h"

struct walk {
	const struct ask *q;
	yyjson_val **contents;
	size_t n;
	struct ids ids;
};

/* ---- parts ---- */

static yyjson_val *parts_of(yyjson_val *content)
{
	return yyjson_obj_get(content, "parts");
}

static yyjson_val *call_of(yyjson_val *part)
{
	return gem_get(part, "functionCall");
}

static yyjson_val *response_of(yyjson_val *part)
{
	return gem_get(part, "functionResponse");
}

static size_t count_parts(yyjson_val *content, yyjson_val *(*inner)(yyjson_val *part))
{
	yyjson_arr_iter it = yyjson_arr_iter_with(parts_of(content));
	size_t n = 0;

	for (yyjson_val *p; (p = yyjson_arr_iter_next(&it)) != NULL;)
		n += inner(p) != NULL;
	return n;
}

static bool check_one_datum(const struct ask *q, yyjson_val *part, const char *at)
{
	static const char *const data[] = { "text", "inlineData", "fileData", "functionCall",
		"functionResponse", "executableCode", "codeExecutionResult", "toolCall",
		"toolResponse" };
	struct str text = tree_get(part, "text");
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(data); i++)
		n += gem_get(part, data[i]) != NULL;
	if (n == 0)
		return refuse(q->why, 400,
			"* GenerateContentRequest.%s.data: required oneof field 'data' must have one initialized field",
			at);
	if (n > 1)
		return refuse(q->why, 400,
			"Invalid value at '%s' (oneof), oneof field 'data' is already set.", at);
	if (text.p != NULL && text.n == 0 && gem_get(part, "thoughtSignature") == NULL)
		return refuse(q->why, 400,
			"Unable to submit request because it has an empty text parameter at %s. Add a value to the parameter and "
			"try again.",
			at);
	return true;
}

static bool check_named(
	const struct ask *q, yyjson_val *v, const char *what, const char *object, const char *at)
{
	yyjson_val *inner = yyjson_obj_get(v, object);

	if (tree_get(v, "name").n == 0)
		return refuse(q->why, 400,
			"* GenerateContentRequest.%s.%s.name: Name cannot be empty.", at, what);
	if (inner != NULL && !yyjson_is_obj(inner))
		return refuse(q->why, 400,
			"Invalid value at '%s.%s.%s' (type.googleapis.com/google.protobuf.Struct)",
			at, what, object);
	return true;
}

bool gemini_unseal(struct str signature, int64_t *ret_tokens)
{
	static const struct claims anyone = { .tokens = 0 };

	*ret_tokens = 0;
	if (str_eq(signature, STR("skip_thought_signature_validator")) ||
		str_eq(signature, STR("context_engineering_is_the_way_to_go")))
		return true;
	return signature_verify(signature, STR(""), &anyone, ret_tokens) != SIGNATURE_INVALID;
}

static bool check_part(struct walk *w, yyjson_val *part, bool model, const char *at)
{
	yyjson_val *signature = gem_get(part, "thoughtSignature");
	yyjson_val *call = call_of(part), *response = response_of(part);
	int64_t tokens;

	if (!check_one_datum(w->q, part, at))
		return false;
	if (signature != NULL && !gemini_unseal(tree_str(signature), &tokens))
		return refuse(w->q->why, 400, "Corrupted thought signature.");
	if (call != NULL && !model)
		return refuse(w->q->why, 400,
			"Please ensure that function call parts are only in turns of the model.");
	if (response != NULL && model)
		return refuse(w->q->why, 400,
			"Please ensure that function response turn comes immediately after a function call turn.");
	if (call != NULL && tree_get(call, "id").n > 0)
		ids_add(&w->ids, tree_get(call, "id"));
	return (call == NULL || check_named(w->q, call, "function_call", "args", at)) &&
	       (response == NULL ||
		       check_named(w->q, response, "function_response", "response", at));
}

/* ---- calls and responses ---- */

/* Whether a call of this turn is meant: by its id if the response has one, and by its name. */
static bool has_call(yyjson_val *content, yyjson_val *response)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(parts_of(content));
	struct str id = tree_get(response, "id");

	for (yyjson_val *p; (p = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *call = call_of(p);
		if (call != NULL && str_eq(tree_get(call, "name"), tree_get(response, "name")) &&
			(id.n == 0 || str_eq(tree_get(call, "id"), id)))
			return true;
	}
	return false;
}

static bool check_responses_to(const struct walk *w, yyjson_val *calls, yyjson_val *answers)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(parts_of(answers));
	size_t want = count_parts(calls, call_of), have = count_parts(answers, response_of);

	if (have == 0 && want > 0)
		return refuse(w->q->why, 400,
			"Please ensure that function call turn is followed immediately by a function response turn.");
	if (want == 0 && have > 0)
		return refuse(w->q->why, 400,
			"Please ensure that function response turn comes immediately after a function call turn.");
	if (want != have)
		return refuse(w->q->why, 400,
			"Please ensure that the number of function response parts is equal to the number of function call parts of "
			"the function call turn.");
	for (yyjson_val *p; (p = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *r = response_of(p);
		if (r != NULL && !has_call(calls, r))
			return refuse(w->q->why, 400,
				"Please ensure that each function response has the name and the id of a function call of the turn "
				"before: %.*s has not.",
				STR_ARG(tree_get(r, "name")));
	}
	return true;
}

static bool check_pairs(const struct walk *w)
{
	for (size_t i = 0; i < w->n; i++) {
		yyjson_val *before = i > 0 ? w->contents[i - 1] : NULL;
		yyjson_val *next = i + 1 < w->n ? w->contents[i + 1] : NULL;
		bool model = tree_is(w->contents[i], "role", "model");
		if (!model && !check_responses_to(w, before, w->contents[i]))
			return false;
		if (model && next == NULL && count_parts(w->contents[i], call_of) > 0)
			return check_responses_to(w, w->contents[i], NULL);
	}
	return true;
}

/* ---- signatures ---- */

/* The first content of the current turn: the last of the user that answers no calls. */
static size_t turn_begins(const struct walk *w)
{
	size_t i = w->n;

	while (i-- > 0)
		if (!tree_is(w->contents[i], "role", "model") &&
			count_parts(w->contents[i], response_of) == 0)
			return i;
	return 0;
}

static bool check_signed(const struct walk *w)
{
	if ((w->q->model.family->flags & MODEL_SIGNED_CALLS) == 0)
		return true;
	for (size_t i = turn_begins(w); i < w->n; i++) {
		yyjson_arr_iter it = yyjson_arr_iter_with(parts_of(w->contents[i]));
		yyjson_val *p = yyjson_arr_iter_next(&it);
		while (p != NULL && call_of(p) == NULL)
			p = yyjson_arr_iter_next(&it);
		if (p != NULL && gem_str(p, "thoughtSignature").n == 0)
			return refuse(w->q->why, 400,
				"Function call is missing a thought_signature in functionCall parts. This is required for tools to "
				"work correctly, and missing thought_signature may lead to degraded model performance. Additional "
				"data, function call `default_api:%.*s` , position %zu. Please refer to "
				"https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
				STR_ARG(tree_get(call_of(p), "name")), i + 1);
	}
	return true;
}

/* ---- the walk ---- */

static bool check_role(const struct walk *w, size_t i)
{
	struct str role = tree_get(w->contents[i], "role");
	bool model = str_eq(role, STR("model"));

	if (role.n > 0 && !model && !str_eq(role, STR("user")))
		return refuse(w->q->why, 400, "Please use a valid role: user, model.");
	if (i == 0 && model)
		return refuse(w->q->why, 400,
			"Please ensure that multiturn requests begin with a user turn.");
	if (i > 0 && model == tree_is(w->contents[i - 1], "role", "model"))
		return refuse(w->q->why, 400,
			"Please ensure that multiturn requests alternate between user and model.");
	if (i + 1 == w->n && model && count_parts(w->contents[i], call_of) == 0)
		return refuse(w->q->why, 400,
			"Please ensure that multiturn requests end with a user role or a function response.");
	return true;
}

static bool check_content(struct walk *w, size_t i)
{
	yyjson_val *parts = parts_of(w->contents[i]);
	yyjson_arr_iter it = yyjson_arr_iter_with(parts);
	bool model = tree_is(w->contents[i], "role", "model");
	size_t k = 0;

	if (!check_role(w, i))
		return false;
	if (yyjson_arr_size(parts) == 0)
		return refuse(w->q->why, 400,
			"* GenerateContentRequest.contents[%zu].parts: contents.parts must not be empty.",
			i);
	for (yyjson_val *p; (p = yyjson_arr_iter_next(&it)) != NULL; k++)
		if (!check_part(w, p, model, place_of("contents[%zu].parts[%zu]", i, k).text))
			return false;
	return true;
}

static bool check_all(struct walk *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (!check_content(w, i))
			return false;
	if (!ids_are_unique(w->ids.v, w->ids.n))
		return refuse(w->q->why, 400, "Please ensure that function call ids are unique.");
	return check_pairs(w) && check_signed(w);
}

bool check_gemini_contents(const struct ask *q)
{
	yyjson_val *list = yyjson_obj_get(q->body, "contents");
	yyjson_arr_iter it = yyjson_arr_iter_with(list);
	struct walk w = { .q = q };

	if (yyjson_arr_size(list) == 0)
		return refuse(q->why, 400,
			"* GenerateContentRequest.contents: contents is not specified");
	w.contents = arena_alloc(q->arena, yyjson_arr_size(list) * sizeof(yyjson_val *));
	for (yyjson_val *c; (c = yyjson_arr_iter_next(&it)) != NULL;)
		w.contents[w.n++] = c;
	bool ok = check_all(&w);
	ids_release(&w.ids);
	return ok;
}
