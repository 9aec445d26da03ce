/* SPDX-License-Identifier: MIT */
/* What must hold of every request that is printed for a provider, whatever a client has sent: it is JSON with each top-level member
 * once, calls and results are paired, ids are unique, roles take turns, no text is empty, and no envelope of ours is in a place where a
 * provider looks for a signature of its own. Tells by ending the program. */
#ifndef UNIT_LLM_REQUEST_SHAPE_H
#define UNIT_LLM_REQUEST_SHAPE_H

#include "llm/dialect.h"
#include "unit/wire/check.h"
#include "wire/json_text.h"

#include <yyjson.h>

enum { SHAPE_CALLS_MAX = 4096 };

/* Calls so far; those from `group` on are of the turn that is being answered. */
struct shape {
	struct str ids[SHAPE_CALLS_MAX];
	bool answered[SHAPE_CALLS_MAX];
	size_t group, n;
};

static struct str shape_text(yyjson_val *v)
{
	return (struct str){ yyjson_get_str(v), yyjson_get_len(v) };
}

static struct str shape_member(yyjson_val *obj, const char *key)
{
	return shape_text(yyjson_obj_get(obj, key));
}

static bool shape_is(yyjson_val *obj, const char *key, const char *want)
{
	return str_eq(shape_member(obj, key), str_from(want));
}

/* ---- calls and results ---- */

static void shape_call(struct shape *s, struct str id)
{
	CHECK(id.n > 0);
	if (s->n == SHAPE_CALLS_MAX)
		return;
	for (size_t i = 0; i < s->n; i++)
		CHECK(!str_eq(s->ids[i], id));
	s->answered[s->n] = false;
	s->ids[s->n++] = id;
}

static void shape_result(struct shape *s, struct str id)
{
	size_t i = s->group;

	while (i < s->n && !str_eq(s->ids[i], id))
		i++;
	if (s->n == SHAPE_CALLS_MAX)
		return;
	CHECK(i < s->n && !s->answered[i]);
	s->answered[i] = true;
}

/* What follows is no result of the calls so far. */
static void shape_close(struct shape *s)
{
	for (; s->group < s->n; s->group++)
		CHECK(s->answered[s->group] || s->n == SHAPE_CALLS_MAX);
}

static bool shape_answering(const struct shape *s)
{
	for (size_t i = s->group; i < s->n; i++)
		if (s->answered[i])
			return true;
	return false;
}

/* A signature, or what goes for one. */
static void shape_foreign(yyjson_val *obj, const char *key)
{
	CHECK(!str_starts(shape_member(obj, key), STR(NATIVE_PREFIX)));
}

/* ---- Anthropic ---- */

static void shape_anthropic_block(struct shape *s, yyjson_val *b, bool user, bool *behind_results)
{
	bool result = shape_is(b, "type", "tool_result");

	CHECK(yyjson_is_obj(b));
	CHECK(!result || (user && !*behind_results));
	*behind_results = *behind_results || !result;
	if (result)
		shape_result(s, shape_member(b, "tool_use_id"));
	if (shape_is(b, "type", "tool_use")) {
		CHECK(!user && yyjson_is_obj(yyjson_obj_get(b, "input")));
		shape_call(s, shape_member(b, "id"));
	}
	if (shape_is(b, "type", "text"))
		CHECK(shape_member(b, "text").n > 0);
	shape_foreign(b, "signature");
	if (shape_is(b, "type", "redacted_thinking"))
		shape_foreign(b, "data");
}

static void shape_anthropic(struct shape *s, yyjson_val *root, const struct target *t)
{
	yyjson_val *content, *m, *b;
	yyjson_arr_iter messages = yyjson_arr_iter_with(yyjson_obj_get(root, "messages")), blocks;
	struct str before = { "", 0 };

	while ((m = yyjson_arr_iter_next(&messages)) != NULL) {
		bool user = shape_is(m, "role", "user"), behind_results = false;
		content = yyjson_obj_get(m, "content");
		CHECK(yyjson_is_str(content) || yyjson_arr_size(content) > 0);
		CHECK(!yyjson_is_str(content) || yyjson_get_len(content) > 0);
		if (shape_is(m, "role", "system")) {
			CHECK(t->caps.mid_system);
			shape_close(s);
			continue;
		}
		CHECK(user || shape_is(m, "role", "assistant"));
		CHECK(!str_eq(before, shape_member(m, "role")));
		before = shape_member(m, "role");
		if (!user)
			shape_close(s);
		blocks = yyjson_arr_iter_with(content);
		while ((b = yyjson_arr_iter_next(&blocks)) != NULL)
			shape_anthropic_block(s, b, user, &behind_results);
		if (user)
			shape_close(s);
	}
	CHECK(yyjson_is_uint(yyjson_obj_get(root, "max_tokens")) ||
		yyjson_is_raw(yyjson_obj_get(root, "max_tokens")) || t->count);
}

/* ---- Chat Completions ---- */

static void shape_openai_calls(struct shape *s, yyjson_val *m)
{
	yyjson_val *calls = yyjson_obj_get(m, "tool_calls"), *v;
	yyjson_arr_iter it = yyjson_arr_iter_with(calls);

	CHECK(calls == NULL || yyjson_arr_size(calls) > 0);
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		shape_call(s, shape_member(v, "id"));
		if (shape_is(v, "type", "function"))
			CHECK(json_is_object(
				shape_member(yyjson_obj_get(v, "function"), "arguments")));
	}
	it = yyjson_arr_iter_with(yyjson_obj_get(m, "reasoning_details"));
	while ((v = yyjson_arr_iter_next(&it)) != NULL) {
		shape_foreign(v, "signature");
		shape_foreign(v, "data");
	}
}

static void shape_openai(struct shape *s, yyjson_val *root, const struct target *t)
{
	yyjson_val *m;
	yyjson_arr_iter messages = yyjson_arr_iter_with(yyjson_obj_get(root, "messages"));

	while ((m = yyjson_arr_iter_next(&messages)) != NULL) {
		if (shape_is(m, "role", "tool")) {
			shape_result(s, shape_member(m, "tool_call_id"));
			continue;
		}
		shape_close(s);
		CHECK(shape_is(m, "role", "user") || shape_is(m, "role", "system") ||
			shape_is(m, "role", "developer") || shape_is(m, "role", "assistant"));
		if (shape_is(m, "role", "assistant"))
			shape_openai_calls(s, m);
		else
			CHECK(!yyjson_is_null(yyjson_obj_get(m, "content")) &&
				yyjson_obj_get(m, "tool_calls") == NULL);
	}
	shape_close(s);
}

/* ---- Responses ---- */

static void shape_responses(struct shape *s, yyjson_val *root, const struct target *t)
{
	yyjson_val *item;
	yyjson_arr_iter items = yyjson_arr_iter_with(yyjson_obj_get(root, "input"));

	while ((item = yyjson_arr_iter_next(&items)) != NULL) {
		bool call = shape_is(item, "type", "function_call") ||
			    shape_is(item, "type", "custom_tool_call");
		if (shape_is(item, "type", "function_call_output") ||
			shape_is(item, "type", "custom_tool_call_output")) {
			shape_result(s, shape_member(item, "call_id"));
			continue;
		}
		if (shape_answering(s) || shape_is(item, "role", "user") ||
			shape_is(item, "role", "developer"))
			shape_close(s);
		if (call)
			shape_call(s, shape_member(item, "call_id"));
		if (shape_is(item, "type", "function_call"))
			CHECK(json_is_object(shape_member(item, "arguments")));
		shape_foreign(item, "encrypted_content");
	}
	shape_close(s);
}

/* ---- Gemini ---- */

static void shape_gemini_part(struct shape *s, yyjson_val *p, bool user, bool *behind_results)
{
	yyjson_val *call = yyjson_obj_get(p, "functionCall"),
		   *result = yyjson_obj_get(p, "functionResponse"), *of = call ? call : result;
	struct str id;

	CHECK(yyjson_is_obj(p));
	shape_foreign(p, "thoughtSignature");
	if (result == NULL)
		*behind_results = true;
	if (of == NULL)
		return;
	CHECK(result == NULL || (user && !*behind_results));
	CHECK(call == NULL || !user);
	id = shape_member(of, "id");
	CHECK(id.n > 0);
	CHECK(shape_member(of, "name").n > 0 || yyjson_is_str(yyjson_obj_get(of, "name")));
	if (call != NULL)
		shape_call(s, id);
	else
		shape_result(s, id);
}

static void shape_gemini(struct shape *s, yyjson_val *root, const struct target *t)
{
	yyjson_val *c, *p;
	yyjson_arr_iter contents = yyjson_arr_iter_with(yyjson_obj_get(root, "contents")), parts;
	bool want_user = true;

	for (; (c = yyjson_arr_iter_next(&contents)) != NULL; want_user = !want_user) {
		bool behind_results = false;
		CHECK(shape_is(c, "role", want_user ? "user" : "model"));
		CHECK(yyjson_arr_size(yyjson_obj_get(c, "parts")) > 0);
		if (!want_user)
			shape_close(s);
		parts = yyjson_arr_iter_with(yyjson_obj_get(c, "parts"));
		while ((p = yyjson_arr_iter_next(&parts)) != NULL)
			shape_gemini_part(s, p, want_user, &behind_results);
		if (want_user)
			shape_close(s);
	}
	shape_close(s);
}

/* ---- all ---- */

static void shape_top(yyjson_val *root)
{
	yyjson_obj_iter a = yyjson_obj_iter_with(root);
	yyjson_val *key;

	CHECK(yyjson_is_obj(root));
	while ((key = yyjson_obj_iter_next(&a)) != NULL) {
		yyjson_obj_iter b = a;
		yyjson_val *other;
		while ((other = yyjson_obj_iter_next(&b)) != NULL)
			CHECK(!str_eq(shape_text(key), shape_text(other)));
	}
}

static void request_shape_check(
	const struct dialect *d, const struct target *t, struct str body, struct arena *a)
{
	struct str copy = arena_dup(a, body);
	yyjson_doc *doc;
	static struct shape kept; /* large */
	struct shape *s = &kept;

	s->group = s->n = 0;
	CHECK(json_is_value(body));
	/* What a client may send and yyjson would not read. */
	json_fix_surrogates((char *)(uintptr_t)copy.p, copy.n);
	doc = yyjson_read(
		copy.p, copy.n, YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_INVALID_UNICODE);
	CHECK(doc != NULL);
	yyjson_val *root = yyjson_doc_get_root(doc);
	if (d == &dialect_gemini && t->count && yyjson_obj_get(root, "generateContentRequest"))
		root = yyjson_obj_get(root, "generateContentRequest");
	shape_top(root);
	if (d == &dialect_anthropic)
		shape_anthropic(s, root, t);
	else if (d == &dialect_openai)
		shape_openai(s, root, t);
	else if (d == &dialect_responses)
		shape_responses(s, root, t);
	else
		shape_gemini(s, root, t);
	yyjson_doc_free(doc);
}

#endif
