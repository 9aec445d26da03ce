/* SPDX-License-Identifier: MIT */
/* Objections in OpenAI's words, and what is counted of a content. */
#include "sim/openai.h"

#include "sim/feed.h"
#include "sim/reply.h"
#include "wire/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAME_BYTES = 64, SCHEMA_DEPTH = 32, HALF_DAY = 12 * 60 * 60 * 1000 };

struct place place_of(const char *fmt, ...)
{
	struct place p;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p.text, sizeof(p.text), fmt, ap);
	va_end(ap);
	return p;
}

bool object(const struct ask *q, const char *code, const char *param, const char *fmt, ...)
{
	char text[sizeof(q->why->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	refuse(q->why, 400, "%s", text);
	if (q->model.vendor == VENDOR_DEEPSEEK)
		return refuse_as(q->why, "invalid_request_error", NULL);
	return refuse_as(q->why, code, param);
}

/* ---- members ---- */

bool is_one_of(struct str s, const char *names)
{
	struct str rest = str_from(names), one;

	while (str_split(&rest, ' ', &one))
		if (str_eq(s, one))
			return true;
	return false;
}

bool only_members(const struct ask *q, yyjson_val *v, const char *names, const char *at)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(v);

	if (q->model.vendor != VENDOR_OPENAI)
		return true;
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;) {
		if (is_one_of(tree_str(key), names))
			continue;
		struct place p =
			place_of("%s%s%s", at, at[0] != '\0' ? "." : "", yyjson_get_str(key));
		return object(q, "unknown_parameter", p.text, "Unknown parameter: '%s'.", p.text);
	}
	return true;
}

bool need(const struct ask *q, yyjson_val *v, const char *name, const char *at)
{
	struct place p = place_of("%s%s%s", at, at[0] != '\0' ? "." : "", name);

	return tree_set(v, name) != NULL || object(q, "missing_required_parameter", p.text,
						    "Missing required parameter: '%s'.", p.text);
}

bool one_of(const struct ask *q, yyjson_val *v, const char *names, const char *at)
{
	struct str rest = str_from(names), one;
	struct buf list;

	if (yyjson_is_str(v) && is_one_of(tree_str(v), names))
		return true;
	if (!yyjson_is_str(v))
		return object(q, "invalid_type", at,
			"Invalid type for '%s': expected one of a set of strings.", at);
	buf_init(&list, SIZE_MAX);
	while (str_split(&rest, ' ', &one))
		buf_addf(&list, "%s'%.*s'", list.n > 0 ? ", " : "", STR_ARG(one));
	object(q, "invalid_value", at, "Invalid value: '%s'. Supported values are: %.*s.",
		yyjson_get_str(v), STR_ARG(buf_str(&list)));
	buf_release(&list);
	return false;
}

/* ---- functions ---- */

static bool is_name(struct str s)
{
	bool ok = s.n >= 1 && s.n <= NAME_BYTES;

	for (size_t i = 0; ok && i < s.n; i++)
		ok = ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') ||
		     (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || s.p[i] == '-';
	return ok;
}

static bool is_strict(yyjson_val *schema, unsigned depth);

static bool requires(yyjson_val *schema, yyjson_val *name)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(schema, "required"));

	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		if (str_eq(tree_str(v), tree_str(name)))
			return true;
	return false;
}

/* A strict object has all its members required, and no others. */
static bool is_strict_object(yyjson_val *schema, unsigned depth)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(yyjson_obj_get(schema, "properties"));

	if (!yyjson_is_false(yyjson_obj_get(schema, "additionalProperties")))
		return false;
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;)
		if (!requires(schema, key) || !is_strict(yyjson_obj_iter_get_val(key), depth + 1))
			return false;
	return true;
}

static bool is_strict(yyjson_val *schema, unsigned depth)
{
	yyjson_val *items = yyjson_obj_get(schema, "items");

	if (depth > SCHEMA_DEPTH)
		return true;
	if (tree_is(schema, "type", "object") && !is_strict_object(schema, depth))
		return false;
	return items == NULL || is_strict(items, depth + 1);
}

static bool check_parameters_of(
	const struct ask *q, yyjson_val *function, bool strict, const char *at)
{
	yyjson_val *schema = tree_set(function, "parameters");
	struct str name = tree_get(function, "name"), type = tree_get(schema, "type");
	struct place p = place_of("%s.parameters", at);

	if (schema == NULL)
		return true;
	if (!yyjson_is_obj(schema))
		return object(q, "invalid_type", p.text,
			"Invalid type for '%s': expected an object.", p.text);
	if (yyjson_obj_size(schema) > 0 && !str_eq(type, STR("object")))
		return object(q, "invalid_function_parameters", p.text,
			"Invalid schema for function '%.*s': schema must be a JSON Schema of 'type: \"object\"', got 'type: "
			"\"%.*s\"'.",
			STR_ARG(name), STR_ARG(type.p != NULL ? type : STR("None")));
	if (strict && q->model.vendor == VENDOR_OPENAI && !is_strict(schema, 0))
		return object(q, "invalid_function_parameters", p.text,
			"Invalid schema for function '%.*s': In context=(), 'additionalProperties' is required to be supplied "
			"and to be false, and 'required' to include every key in properties.",
			STR_ARG(name));
	return true;
}

bool check_function(const struct ask *q, yyjson_val *function, bool strict, const char *at)
{
	yyjson_val *said = tree_set(function, "strict");
	struct place p = place_of("%s.name", at);

	if (!need(q, function, "name", at))
		return false;
	if (!is_name(tree_get(function, "name")))
		return object(q, "invalid_value", p.text,
			"Invalid '%s': string does not match pattern. Expected a string that matches the pattern "
			"'^[a-zA-Z0-9_-]{1,64}$'.",
			p.text);
	if (said != NULL)
		strict = yyjson_is_true(said);
	return check_parameters_of(q, function, strict, at);
}

bool check_arguments(const struct ask *q, struct str arguments, const char *at)
{
	yyjson_doc *doc;
	bool ok;

	if (arguments.p == NULL)
		return object(q, "invalid_type", at,
			"Invalid type for '%s': expected a string, but got something else instead.",
			at);
	if (arguments.n == 0)
		return true;
	doc = yyjson_read(arguments.p, arguments.n, 0);
	ok = yyjson_is_obj(yyjson_doc_get_root(doc));
	yyjson_doc_free(doc);
	return ok || object(q, "invalid_value", at,
			     "Invalid '%s': expected a string that is a JSON object.", at);
}

/* ---- what models do not take ---- */

struct str openai_effort(const struct ask *q, struct str said)
{
	if (said.p != NULL)
		return said;
	return str_from(
		(q->model.family->flags & MODEL_REASONS) != 0 ? q->model.family->effort : "none");
}

bool check_effort(const struct ask *q, yyjson_val *effort, const char *at)
{
	if (effort == NULL || q->model.vendor == VENDOR_DEEPSEEK)
		return true;
	if ((q->model.family->flags & MODEL_REASONS) == 0)
		return object(q, "unsupported_parameter", at,
			"Unsupported parameter: '%s' is not supported with this model.", at);
	if (!model_takes_effort(&q->model, tree_str(effort)))
		return object(q, "unsupported_value", at,
			"Unsupported value: '%s' does not support '%.*s' with this model. Supported values are: %s.",
			at, STR_ARG(tree_str(effort)), q->model.family->efforts);
	return true;
}

bool check_openai_sampling(const struct ask *q, struct str effort)
{
	static const char *const members[] = { "temperature", "top_p", "presence_penalty",
		"frequency_penalty", "logprobs", "top_logprobs", "logit_bias" };
	bool reasons = q->model.vendor == VENDOR_OPENAI &&
		       (q->model.family->flags & MODEL_REASONS) != 0 &&
		       !str_eq(effort, STR("none"));

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		yyjson_val *v = tree_set(q->body, members[i]);
		if (v == NULL)
			continue;
		if (i == 0 && (!yyjson_is_num(v) || yyjson_get_num(v) < 0 || yyjson_get_num(v) > 2))
			return object(q, "decimal_above_max_value", "temperature",
				"Invalid 'temperature': expected a decimal from 0 to 2.");
		if (reasons && i == 0 && yyjson_get_num(v) != 1.0)
			return object(q, "unsupported_value", "temperature",
				"Unsupported value: 'temperature' does not support %g with this model. Only the default (1) value is "
				"supported.",
				yyjson_get_num(v));
		if (reasons && i > 0)
			return object(q, "unsupported_parameter", members[i],
				"Unsupported parameter: '%s' is not supported with this model.",
				members[i]);
	}
	return true;
}

/* ---- counting ---- */

static struct str data_of_url(struct str url)
{
	size_t at = str_find(url, STR("base64,"));

	return at < url.n ? str_from_offset(url, at + 7) : url;
}

static void feed_part(struct feed *f, struct ask *q, yyjson_val *part, char role)
{
	yyjson_val *image = yyjson_obj_get(part, "image_url");
	struct str text = tree_get(part, "text");

	if (text.p == NULL)
		text = tree_get(part, "refusal");
	if (text.p != NULL) {
		feed_text(f, text);
		if (role == 'u')
			q->wish.words = text;
	} else if (image != NULL) {
		feed_image(f, data_of_url(yyjson_is_str(image) ? tree_str(image)
							       : tree_get(image, "url")));
	} else {
		feed_json(f, part);
	}
}

void feed_content(struct feed *f, struct ask *q, yyjson_val *content, char role)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(content);

	if (yyjson_is_str(content)) {
		feed_text(f, tree_str(content));
		if (role == 'u')
			q->wish.words = tree_str(content);
	}
	for (yyjson_val *part; (part = yyjson_arr_iter_next(&it)) != NULL;)
		feed_part(f, q, part, role);
}

void feed_options(struct feed *f, const struct ask *q)
{
	struct str key = tree_get(q->body, "prompt_cache_key");

	feed_apart(f, q->workspace);
	if (q->model.vendor == VENDOR_OPENAI)
		feed_apart(f, key.p != NULL ? key : STR(""));
	if (tree_is(tree_set(q->body, "prompt_cache_options"), "ttl", "12h") && f->to->writes)
		f->to->life_ms = HALF_DAY;
	if (tree_is(q->body, "prompt_cache_retention", "24h"))
		f->to->life_ms = 2 * (int64_t)HALF_DAY;
}

/* ---- errors ---- */

static const struct {
	unsigned status;
	const char *type, *code;
} errors[] = {
	{ 401, "invalid_request_error", NULL },
	{ 402, "unknown_error", "invalid_request_error" },
	{ 403, "permission_error", NULL },
	{ 429, "rate_limit_error", "rate_limit_exceeded" },
	{ 503, "server_error", "overloaded" },
	{ 504, "server_error", "timeout" },
};

void openai_print_error(struct buf *out, const struct refusal *why, struct str request_id)
{
	const char *type = why->status < 500 ? "invalid_request_error" : "server_error";
	const char *code = why->code;

	(void)request_id;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (errors[i].status == why->status) {
			type = errors[i].type;
			code = code != NULL ? code : errors[i].code;
		}
	add_member(out, "{\"error\":{\"message\":", str_from(why->text));
	add_member(out, ",\"type\":", str_from(type));
	add_member(out, ",\"param\":",
		why->param[0] != '\0' ? str_from(why->param) : (struct str){ NULL, 0 });
	add_member(out, ",\"code\":", code != NULL ? str_from(code) : (struct str){ NULL, 0 });
	buf_add(out, STR("}}"));
}
