/* SPDX-License-Identifier: MIT */
/* The messages of Google's API as far as their members' names go: what is not in the table is not known there. Source: the API
 * reference and the types of @google/genai. */
#include "sim/gemini.h"

#include "sim/openai.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct type;

struct field {
	const char *names;       /* with blanks between, in camel case */
	const struct type *type; /* NULL: whatever it holds */
	bool map;                /* from names to values of that type */
};

struct type {
	const struct field *fields; /* ends with one without names */
};

/* clang-format off */
static const struct type schema;
static const struct field schema_fields[] = {
	{ "type format title description nullable enum maxItems minItems required minProperties maxProperties minLength maxLength pattern "
	  "example propertyOrdering default minimum maximum", NULL, false },
	{ "items anyOf", &schema, false },
	{ "properties", &schema, true },
	{ NULL, NULL, false },
};
static const struct type schema = { schema_fields };

static const struct field call_fields[] = { { "id name args partialArgs willContinue", NULL, false }, { NULL, NULL, false } };
static const struct type call = { call_fields };
static const struct field blob_fields[] = { { "mimeType data displayName", NULL, false }, { NULL, NULL, false } };
static const struct type blob = { blob_fields };
static const struct field response_fields[] = {
	{ "id name response parts willContinue scheduling", NULL, false }, { NULL, NULL, false } };
static const struct type response = { response_fields };

static const struct field part_fields[] = {
	{ "text thought thoughtSignature fileData executableCode codeExecutionResult toolCall toolResponse videoMetadata mediaResolution",
	  NULL, false },
	{ "inlineData", &blob, false },
	{ "functionCall", &call, false },
	{ "functionResponse", &response, false },
	{ NULL, NULL, false },
};
static const struct type part = { part_fields };

static const struct field content_fields[] = { { "role", NULL, false }, { "parts", &part, false }, { NULL, NULL, false } };
static const struct type content = { content_fields };

static const struct field declaration_fields[] = {
	{ "name description parametersJsonSchema responseJsonSchema behavior", NULL, false },
	{ "parameters response", &schema, false },
	{ NULL, NULL, false },
};
static const struct type declaration = { declaration_fields };

static const struct field tool_fields[] = {
	{ "functionDeclarations", &declaration, false },
	{ "googleSearch googleSearchRetrieval urlContext codeExecution googleMaps fileSearch computerUse retrieval mcpServers", NULL, false },
	{ NULL, NULL, false },
};
static const struct type tool = { tool_fields };

static const struct field calling_fields[] = { { "mode allowedFunctionNames", NULL, false }, { NULL, NULL, false } };
static const struct type calling = { calling_fields };
static const struct field tool_config_fields[] = {
	{ "functionCallingConfig", &calling, false },
	{ "retrievalConfig includeServerSideToolInvocations", NULL, false },
	{ NULL, NULL, false },
};
static const struct type tool_config = { tool_config_fields };

static const struct field thinking_fields[] = {
	{ "includeThoughts thinkingBudget thinkingLevel", NULL, false }, { NULL, NULL, false } };
static const struct type thinking = { thinking_fields };
static const struct field generation_fields[] = {
	{ "maxOutputTokens temperature topP topK stopSequences candidateCount seed presencePenalty frequencyPenalty responseLogprobs logprobs "
	  "responseMimeType responseJsonSchema responseModalities mediaResolution speechConfig imageConfig enableEnhancedCivicAnswers", NULL,
	  false },
	{ "responseSchema", &schema, false },
	{ "thinkingConfig", &thinking, false },
	{ NULL, NULL, false },
};
static const struct type generation = { generation_fields };

static const struct field request_fields[] = {
	{ "contents systemInstruction", &content, false },
	{ "tools", &tool, false },
	{ "toolConfig", &tool_config, false },
	{ "generationConfig", &generation, false },
	{ "safetySettings cachedContent serviceTier store model", NULL, false },
	{ NULL, NULL, false },
};
static const struct type request = { request_fields };

static const struct field count_fields[] = {
	{ "contents", &content, false },
	{ "generateContentRequest", &request, false },
	{ "model", NULL, false },
	{ NULL, NULL, false },
};
static const struct type count = { count_fields };
/* clang-format on */

/* ---- names ---- */

/* "systemInstruction" as "system_instruction". */
static void to_snake(char *to, size_t size, const char *camel)
{
	size_t n = 0;

	for (; *camel != '\0' && n + 2 < size; camel++) {
		bool upper = *camel >= 'A' && *camel <= 'Z';
		if (upper)
			to[n++] = '_';
		to[n++] = (char)(upper ? *camel + ('a' - 'A') : *camel);
	}
	to[n] = '\0';
}

yyjson_val *gem_get(yyjson_val *object, const char *camel)
{
	yyjson_val *v = tree_set(object, camel);
	char snake[64];

	if (v != NULL)
		return v;
	to_snake(snake, sizeof(snake), camel);
	return tree_set(object, snake);
}

struct str gem_str(yyjson_val *object, const char *camel)
{
	return tree_str(gem_get(object, camel));
}

static bool is_named(struct str name, const char *camel_names)
{
	struct str rest = str_from(camel_names), one;
	char camel[64], snake[64];

	while (str_split(&rest, ' ', &one)) {
		str_put(camel, sizeof(camel), one);
		to_snake(snake, sizeof(snake), camel);
		if (str_eq(name, one) || str_eq(name, str_from(snake)))
			return true;
	}
	return false;
}

/* ---- the walk ---- */

struct spot {
	const struct ask *q;
	const char *at;
	unsigned depth;
};

static bool check_value(
	const struct spot *s, const struct type *type, yyjson_val *v, const char *at);

static bool refuse_name(const struct spot *s, const char *name)
{
	if (s->at[0] == '\0')
		refuse(s->q->why, 400,
			"Invalid JSON payload received. Unknown name \"%s\": Cannot find field.",
			name);
	else
		refuse(s->q->why, 400,
			"Invalid JSON payload received. Unknown name \"%s\" at '%s': Cannot find field.",
			name, s->at);
	return refuse_as(s->q->why, "FIELD", s->at);
}

static bool check_map(const struct spot *s, const struct type *type, yyjson_val *v, const char *at)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(v);

	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;) {
		struct place inner = place_of("%s.%s", at, yyjson_get_str(key));
		if (!check_value(s, type, yyjson_obj_iter_get_val(key), inner.text))
			return false;
	}
	return true;
}

static bool check_object(const struct spot *s, const struct type *type, yyjson_val *v)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(v);

	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;) {
		const struct field *f = type->fields;
		yyjson_val *inner = yyjson_obj_iter_get_val(key);
		struct place at =
			place_of("%s%s%s", s->at, s->at[0] != '\0' ? "." : "", yyjson_get_str(key));
		while (f->names != NULL && !is_named(tree_str(key), f->names))
			f++;
		if (f->names == NULL)
			return refuse_name(s, yyjson_get_str(key));
		if (f->type == NULL)
			continue;
		if (!(f->map ? check_map(s, f->type, inner, at.text)
			     : check_value(s, f->type, inner, at.text)))
			return false;
	}
	return true;
}

/* A value of a type, or a list of such. */
static bool check_value(
	const struct spot *s, const struct type *type, yyjson_val *v, const char *at)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(v);
	struct spot here = { s->q, at, s->depth + 1 };
	size_t i = 0;

	if (here.depth > DEPTH_MAX)
		return refuse(
			s->q->why, 400, "Invalid JSON payload received. Nesting is too deep.");
	if (yyjson_is_obj(v))
		return check_object(&here, type, v);
	if (!yyjson_is_arr(v) && !yyjson_is_null(v))
		return refuse(s->q->why, 400,
			"Invalid value at '%s': a message was expected, and something else is there.",
			at);
	for (yyjson_val *item; (item = yyjson_arr_iter_next(&it)) != NULL; i++) {
		struct place inner = place_of("%s[%zu]", at, i);
		struct spot there = { s->q, inner.text, here.depth };
		if (!check_object(&there, type, item))
			return false;
	}
	return true;
}

bool check_gemini_names(const struct ask *q, yyjson_val *root, bool counting)
{
	struct spot s = { q, "", 0 };

	if (!yyjson_is_obj(root))
		return refuse(q->why, 400, "Invalid JSON payload received. Expected an object.");
	return check_object(&s, counting ? &count : &request, root);
}
