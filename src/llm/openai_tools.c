/* SPDX-License-Identifier: MIT */
/* Reads the tools of a Chat Completions request and which of them are to be called: today's form, and the deprecated functions. */
#include "llm/openai.h"

#include "wire/json_text.h"

static int strict_of(struct str v)
{
	return json_is_true(v) ? 1 : str_eq(v, STR("false")) ? 0 : -1;
}

/* {"name","description","parameters","strict"} */
static void take_function(struct tool *t, struct str object)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };

	if (object.n == 0 || !json_iter_init(&it, object, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		if (json_key_is(m.key, STR("name")))
			t->name = t->wire_name = json_inner(m.value);
		else if (json_key_is(m.key, STR("description")))
			t->description = json_inner(m.value);
		else if (json_key_is(m.key, STR("parameters")) && m.value.p[0] == '{')
			t->schema = m.value;
		else if (json_key_is(m.key, STR("strict")))
			t->strict = strict_of(m.value);
		else if (json_key_is(m.key, STR("format")) && m.value.p[0] == '{')
			t->grammar = m.value;
	}
}

/* The text form of a custom tool says nothing. Some nest the grammar ({"type":"grammar","grammar":{…}}), as the API has it;
 * the neutral form is that of Responses, which is flat. */
static void flatten_grammar(struct tool *t, struct arena *a)
{
	struct str inner = json_get(t->grammar, STR("grammar"));
	struct str syntax = json_get(inner, STR("syntax"));
	struct str definition = json_get(inner, STR("definition"));

	if (json_key_is(json_inner(json_get(t->grammar, STR("type"))), STR("text")))
		t->grammar = STR("");
	else if (syntax.n > 0 && definition.n > 0)
		t->grammar = arena_printf(a,
			"{\"type\":\"grammar\",\"syntax\":%.*s,\"definition\":%.*s}",
			STR_ARG(syntax), STR_ARG(definition));
}

static void take_tool(struct content *c, struct str object)
{
	struct str type = json_inner(json_get(object, STR("type")));
	struct str function = json_get(object, STR("function"));
	struct str custom = json_get(object, STR("custom"));
	enum tool_kind kind = TOOL_FUNCTION;

	if (custom.n > 0 && json_key_is(type, STR("custom")))
		kind = TOOL_FREEFORM;
	else if (function.n == 0 && !json_key_is(type, STR("function")))
		kind = TOOL_SERVER;
	struct tool *t = content_add_tool(c, kind);
	/* Some leave the object around a function out, as Responses does. */
	take_function(t, kind == TOOL_FREEFORM ? custom : function.n > 0 ? function : object);
	if (kind == TOOL_FREEFORM)
		flatten_grammar(t, c->arena);
	if (kind == TOOL_SERVER)
		t->type = t->name = t->wire_name = type;
	struct str mark = json_get(object, STR("cache_control"));
	if (mark.n > 0 && mark.p[0] == '{')
		t->mark = mark;
}

bool openai_read_tools(struct content *ret, struct str tools, bool deprecated, struct err *e)
{
	struct json_iter it;
	struct json_member m;

	if (tools.p[0] != '[')
		return err_set(
			e, ERR_INVALID, "'%s' is no array", deprecated ? "functions" : "tools");
	if (!json_iter_init_array(&it, tools, e))
		return false;
	ret->tools = ret->last_tool = NULL; /* of duplicates the last counts */
	for (size_t i = 0; json_next(&it, &m, e); i++) {
		if (m.value.p[0] != '{')
			return err_set(e, ERR_INVALID, "'%s[%zu]' is no object",
				deprecated ? "functions" : "tools", i);
		if (deprecated)
			take_function(content_add_tool(ret, TOOL_FUNCTION), m.value);
		else
			take_tool(ret, m.value);
	}
	return e->kind == ERR_NONE;
}

/* {"type":"function","function":{"name"}}, the same with "custom", or {"name"} where functions are deprecated. */
static struct str name_in(struct str object)
{
	static const struct str around[] = { STR_INIT("function"), STR_INIT("custom") };

	for (size_t i = 0; i < ARRAY_LEN(around); i++) {
		struct str inner = json_get(object, around[i]);
		if (inner.n > 0 && inner.p[0] == '{')
			return json_inner(json_get(inner, STR("name")));
	}
	return json_inner(json_get(object, STR("name")));
}

/* {"mode":"auto"|"required","tools":[…]} */
static void take_allowed(struct content *c, struct str allowed)
{
	struct str tools = json_get(allowed, STR("tools"));
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };

	c->choice = json_key_is(json_inner(json_get(allowed, STR("mode"))), STR("required"))
			    ? CHOICE_ANY_AMONG
			    : CHOICE_AUTO_AMONG;
	if (tools.n == 0 || tools.p[0] != '[' || !json_iter_init_array(&it, tools, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		struct str name = name_in(m.value);
		if (name.n > 0)
			words_add(&c->choice_names, name, c->arena);
	}
}

void openai_read_choice(struct content *ret, struct str choice)
{
	struct str word = json_inner(choice), name;

	ret->choice_names = (struct words){ .n = 0 };
	if (word.p != NULL) {
		ret->choice = json_key_is(word, STR("none"))       ? CHOICE_NONE
			      : json_key_is(word, STR("required")) ? CHOICE_ANY
			      : json_key_is(word, STR("auto"))     ? CHOICE_AUTO
								   : ret->choice;
		return;
	}
	struct str allowed = json_get(choice, STR("allowed_tools"));
	if (allowed.n > 0 && allowed.p[0] == '{') {
		take_allowed(ret, allowed);
		return;
	}
	name = name_in(choice);
	if (name.n > 0) {
		ret->choice = CHOICE_NAMED;
		words_add(&ret->choice_names, name, ret->arena);
	}
}
