/* SPDX-License-Identifier: MIT */
/* From a client of the Anthropic API: the members of its request, for a provider of another dialect. Members come in any order, and each
 * is read where it stands. What only Anthropic could do is refused; what merely tunes it is left out and warned of. */
#include "llm/anthropic.h"

#include "wire/json_text.h"

#include <string.h>

/* The line that Claude Code begins its system prompt with changes with each request. */
static const struct str billing = STR_INIT("x-anthropic-billing-header:");

struct str anthropic_join(struct arena *a, const struct str *v, size_t n)
{
	size_t size = 0, at = 0;
	char *p;

	for (size_t i = 0; i < n; i++)
		size += v[i].n;
	p = arena_alloc(a, size + 1);
	for (size_t i = 0; i < n; i++) {
		if (v[i].n > 0)
			memcpy(p + at, v[i].p, v[i].n);
		at += v[i].n;
	}
	return (struct str){ p, size };
}

static bool walk_members(struct json_iter *it, const struct anthropic_names *names,
	struct str *ret_values, struct str *ret_other, struct err *e)
{
	struct json_member m;
	size_t i;

	memset(ret_values, 0, names->n * sizeof(*ret_values));
	if (ret_other != NULL)
		*ret_other = STR("");
	while (json_next(it, &m, e)) {
		for (i = 0; i < names->n && !json_key_is(m.key, names->v[i]);)
			i++;
		if (i < names->n)
			ret_values[i] = json_is_null(m.value) ? (struct str){ NULL, 0 } : m.value;
		else if (ret_other != NULL)
			*ret_other = m.key;
	}
	return e->kind == ERR_NONE;
}

bool anthropic_members(struct str object, const struct anthropic_names *names,
	struct str *ret_values, struct str *ret_other, struct err *e)
{
	struct json_iter it;

	return json_iter_init(&it, object, e) && walk_members(&it, names, ret_values, ret_other, e);
}

bool anthropic_take_members(struct json_iter *it, const struct anthropic_names *names,
	struct str *ret_values, struct str *ret_other, struct err *e)
{
	struct json_iter object;

	if (json_peek(it) != '{')
		return err_set(e, ERR_INVALID, "json: no object at byte %zu", it->at);
	if (!json_enter(it, &object, e) || !walk_members(&object, names, ret_values, ret_other, e))
		return false;
	json_leave(it, &object);
	return true;
}

/* ---- messages and system ---- */

enum { MSG_ROLE, MSG_CONTENT, MSG_CONFIG, MSG_MEMBERS };
static const struct str message_names[MSG_MEMBERS] = {
	STR_INIT("role"),
	STR_INIT("content"),
	STR_INIT("output_config"),
};

static bool set_role(struct anthropic_reader *r, struct str value)
{
	static const struct {
		struct str name;
		enum message_role role;
		enum anthropic_place place;
	} rows[] = {
		{ STR_INIT("user"), ROLE_USER, PLACE_USER },
		{ STR_INIT("assistant"), ROLE_ASSISTANT, PLACE_ASSISTANT },
		{ STR_INIT("system"), ROLE_SYSTEM, PLACE_MIDDLE },
	};
	struct str role = json_inner(value);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(role, rows[i].name)) {
			r->place = rows[i].place;
			r->to = &content_add_turn(r->c, rows[i].role)->parts;
			return true;
		}
	return err_set(r->e, ERR_INVALID, "'messages[%zu].role' must be user, assistant or system",
		r->message);
}

static bool read_message(struct anthropic_reader *r, struct json_iter *list)
{
	struct str m[MSG_MEMBERS] = { 0 }, other = STR(""), effort;

	if (json_peek(list) != '{')
		return err_set(r->e, ERR_INVALID, "'messages[%zu]' must be an object", r->message);
	if (!anthropic_take_members(list, ANTHROPIC_NAMES(message_names), m, &other, r->e))
		return false;
	if (other.n > 0)
		warn_field(&r->c->warnings, other, r->arena);
	effort = json_inner(json_get(m[MSG_CONFIG], STR("effort")));
	if (effort_of(effort) != EFFORT_UNSET)
		r->turn_effort = effort_of(effort);
	return set_role(r, m[MSG_ROLE]) && anthropic_read_blocks(r, m[MSG_CONTENT]);
}

static bool read_messages(struct anthropic_reader *r, struct json_iter *it)
{
	struct json_iter list;
	struct str key;

	if (json_peek(it) != '[')
		return err_set(r->e, ERR_INVALID, "'messages' must be an array");
	if (!json_enter(it, &list, r->e))
		return false;
	r->c->turns = r->c->last_turn = NULL;
	for (r->message = 0; json_next_key(&list, &key, r->e); r->message++)
		if (!read_message(r, &list))
			return false;
	json_leave(it, &list);
	return r->e->kind == ERR_NONE;
}

/* Where the billing line stands in one text with all else. */
static struct str without_billing_line(struct str text)
{
	size_t end = str_find(text, STR("\\n"));

	if (!str_starts(text, billing))
		return text;
	return end < text.n ? str_from_offset(text, end + 2) : STR("");
}

/* Without the blocks that are the billing line. */
static void drop_billing(struct parts *p)
{
	struct part **at = &p->first;

	p->last = NULL;
	while (*at != NULL) {
		if (str_starts((*at)->text, billing)) {
			*at = (*at)->next;
			continue;
		}
		p->last = *at;
		at = &(*at)->next;
	}
}

static bool read_system(struct anthropic_reader *r, struct str value)
{
	struct parts *system = &r->c->system;

	*system = (struct parts){ NULL, NULL };
	if (json_is_string(value)) {
		parts_add_text(system, without_billing_line(json_inner(value)), r->arena);
		return true;
	}
	r->place = PLACE_SYSTEM;
	r->to = system;
	if (!anthropic_read_blocks(r, value))
		return false;
	drop_billing(system);
	return true;
}

/* ---- tools ---- */

enum {
	TOOL_TYPE,
	TOOL_NAME,
	TOOL_DESCRIPTION,
	TOOL_SCHEMA,
	TOOL_STRICT,
	TOOL_MARK,
	TOOL_EXAMPLES,
	TOOL_CALLERS,
	/* All tools are declared from the start; how arguments are cut into pieces is nobody's promise. */
	TOOL_DEFER,
	TOOL_EAGER,
	TOOL_MEMBERS
};
static const struct str tool_names[TOOL_MEMBERS] = {
	STR_INIT("type"),
	STR_INIT("name"),
	STR_INIT("description"),
	STR_INIT("input_schema"),
	STR_INIT("strict"),
	STR_INIT("cache_control"),
	STR_INIT("input_examples"),
	STR_INIT("allowed_callers"),
	STR_INIT("defer_loading"),
	STR_INIT("eager_input_streaming"),
};

/* Tools that run at Anthropic; all others with a type run in the client and have schemas that only Anthropic's models know. */
static bool is_server_tool(struct str type)
{
	static const struct str starts[] = { STR_INIT("web_search_"), STR_INIT("web_fetch_"),
		STR_INIT("code_execution_"), STR_INIT("advisor_"), STR_INIT("mcp_toolset") };

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (str_starts(type, starts[i]))
			return true;
	return false;
}

/* A tool with a type of its own. Searching for tools is pointless where all are declared. */
static bool read_typed_tool(struct anthropic_reader *r, struct str type, size_t n)
{
	if (str_starts(type, STR("tool_search_tool_"))) {
		warn(&r->c->warnings, "server_tool_dropped");
		return true;
	}
	return err_set(r->e, ERR_INVALID,
		"tools.%zu: %s tool \"%.*s\" is not available on this route", n,
		is_server_tool(type) ? "server" : "client", (int)(type.n < 64 ? type.n : 64),
		type.p);
}

static bool read_tool(struct anthropic_reader *r, struct json_iter *list, size_t n)
{
	struct str m[TOOL_MEMBERS] = { 0 }, other = STR(""), type;
	struct tool *t;

	if (json_peek(list) != '{')
		return err_set(r->e, ERR_INVALID, "'tools[%zu]' must be an object", n);
	if (!anthropic_take_members(list, ANTHROPIC_NAMES(tool_names), m, &other, r->e))
		return false;
	type = json_inner(m[TOOL_TYPE]);
	if (type.n > 0 && !str_eq(type, STR("custom")))
		return read_typed_tool(r, type, n);
	if (!json_is_string(m[TOOL_NAME]))
		return err_set(r->e, ERR_INVALID, "'tools[%zu].name' must be a string", n);
	t = content_add_tool(r->c, TOOL_FUNCTION);
	t->name = t->wire_name = json_inner(m[TOOL_NAME]);
	t->description = json_inner(m[TOOL_DESCRIPTION]);
	t->schema = m[TOOL_SCHEMA];
	t->strict = m[TOOL_STRICT].n == 0 ? -1 : json_is_true(m[TOOL_STRICT]);
	t->mark = m[TOOL_MARK];
	if (m[TOOL_EXAMPLES].n > 0)
		warn_field(&r->c->warnings, tool_names[TOOL_EXAMPLES], r->arena);
	if (m[TOOL_CALLERS].n > 0 && !str_eq(m[TOOL_CALLERS], STR("[\"direct\"]")))
		warn_field(&r->c->warnings, tool_names[TOOL_CALLERS], r->arena);
	if (other.n > 0)
		warn_field(&r->c->warnings, other, r->arena);
	return true;
}

static bool read_tools(struct anthropic_reader *r, struct json_iter *it)
{
	struct json_iter list;
	struct str key;

	if (json_peek(it) != '[')
		return err_set(r->e, ERR_INVALID, "'tools' must be an array");
	if (!json_enter(it, &list, r->e))
		return false;
	r->c->tools = r->c->last_tool = NULL;
	for (size_t n = 0; json_next_key(&list, &key, r->e); n++)
		if (!read_tool(r, &list, n))
			return false;
	json_leave(it, &list);
	return r->e->kind == ERR_NONE;
}

static bool read_tool_choice(struct anthropic_reader *r, struct str value)
{
	static const struct {
		struct str name;
		enum tool_choice choice;
	} rows[] = {
		{ STR_INIT("auto"), CHOICE_AUTO },
		{ STR_INIT("any"), CHOICE_ANY },
		{ STR_INIT("none"), CHOICE_NONE },
		{ STR_INIT("tool"), CHOICE_NAMED },
	};
	struct str type = json_inner(json_get(value, STR("type")));
	struct str name = json_inner(json_get(value, STR("name")));
	size_t i = 0;

	while (i < ARRAY_LEN(rows) && !str_eq(type, rows[i].name))
		i++;
	if (i == ARRAY_LEN(rows))
		return err_set(
			r->e, ERR_INVALID, "'tool_choice.type' must be auto, any, tool or none");
	if (rows[i].choice == CHOICE_NAMED && name.n == 0)
		return err_set(r->e, ERR_INVALID, "'tool_choice.name' must be a string");
	r->c->choice = rows[i].choice;
	r->c->choice_names.n = 0;
	if (rows[i].choice == CHOICE_NAMED)
		words_add(&r->c->choice_names, name, r->arena);
	if (json_is_true(json_get(value, STR("disable_parallel_tool_use"))))
		r->c->parallel_calls = 0;
	return true;
}

/* ---- parameters ---- */

static bool read_max_tokens(struct anthropic_reader *r, struct str value)
{
	if (!json_u64(value, &r->c->max_tokens))
		return err_set(r->e, ERR_INVALID, "'max_tokens' must be a whole number");
	r->c->has_max_tokens = true;
	return true;
}

static bool read_temperature(struct anthropic_reader *r, struct str value)
{
	r->c->temperature = value;
	return true;
}

static bool read_top_p(struct anthropic_reader *r, struct str value)
{
	r->c->top_p = value;
	return true;
}

static bool read_top_k(struct anthropic_reader *r, struct str value)
{
	r->c->top_k = value;
	return true;
}

static bool read_stops(struct anthropic_reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;
	struct err none = { 0 };

	r->c->stops.n = 0;
	if (!json_iter_init_array(&it, value, &none))
		return err_set(r->e, ERR_INVALID, "'stop_sequences' must be an array");
	while (json_next(&it, &m, r->e)) {
		if (!json_is_string(m.value))
			return err_set(r->e, ERR_INVALID, "'stop_sequences[%zu]' must be a string",
				r->c->stops.n);
		words_add(&r->c->stops, json_inner(m.value), r->arena);
	}
	return r->e->kind == ERR_NONE;
}

static bool read_thinking(struct anthropic_reader *r, struct str value)
{
	static const struct {
		struct str name;
		enum reasoning_mode mode;
	} rows[] = {
		{ STR_INIT("adaptive"), REASONING_ADAPTIVE },
		{ STR_INIT("enabled"), REASONING_BUDGET },
		{ STR_INIT("disabled"), REASONING_OFF },
		{ STR_INIT("between_tools"), REASONING_BETWEEN_TOOLS },
	};
	struct reasoning_wish *w = &r->c->reasoning;
	struct str type = json_inner(json_get(value, STR("type")));
	struct str display = json_inner(json_get(value, STR("display")));

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(type, rows[i].name))
			w->mode = rows[i].mode;
	if (w->mode == REASONING_UNSET)
		warn_field(&r->c->warnings, STR("thinking"), r->arena);
	if (w->mode == REASONING_BUDGET &&
		!json_u64(json_get(value, STR("budget_tokens")), &w->budget_tokens))
		return err_set(
			r->e, ERR_INVALID, "'thinking.budget_tokens' must be a whole number");
	/* "updates" (Claude Code) is a summary, too. */
	if (display.n > 0)
		w->show = str_eq(display, STR("omitted")) ? SHOW_NOTHING : SHOW_SUMMARY;
	return true;
}

static bool read_format(struct anthropic_reader *r, struct str value)
{
	struct str schema = json_get(value, STR("schema"));

	if (!str_eq(json_inner(json_get(value, STR("type"))), STR("json_schema")) ||
		schema.n == 0 || schema.p[0] != '{')
		return err_set(r->e, ERR_INVALID, "'output_config.format' must be a json_schema");
	r->c->format.kind = FORMAT_SCHEMA;
	r->c->format.schema = schema;
	return true;
}

enum { CONFIG_EFFORT, CONFIG_FORMAT, CONFIG_MEMBERS };
static const struct str config_names[CONFIG_MEMBERS] = {
	STR_INIT("effort"),
	STR_INIT("format"),
};

static bool read_output_config(struct anthropic_reader *r, struct str value)
{
	struct str m[CONFIG_MEMBERS] = { 0 }, other = STR("");

	if (value.p[0] != '{')
		return err_set(r->e, ERR_INVALID, "'output_config' must be an object");
	if (!anthropic_members(value, ANTHROPIC_NAMES(config_names), m, &other, r->e))
		return false;
	if (other.n > 0)
		warn_field(&r->c->warnings, other, r->arena);
	r->c->reasoning.effort = effort_of(json_inner(m[CONFIG_EFFORT]));
	if (m[CONFIG_EFFORT].n > 0 && r->c->reasoning.effort == EFFORT_UNSET)
		warn_field(&r->c->warnings, config_names[CONFIG_EFFORT], r->arena);
	return m[CONFIG_FORMAT].n == 0 || read_format(r, m[CONFIG_FORMAT]);
}

static bool read_metadata(struct anthropic_reader *r, struct str value)
{
	r->c->user = json_inner(json_get(value, STR("user_id")));
	return true;
}

static bool read_mark(struct anthropic_reader *r, struct str value)
{
	r->mark = value;
	return true;
}

/* "auto" is what all others do anyway. */
static bool read_service_tier(struct anthropic_reader *r, struct str value)
{
	if (!str_eq(value, STR("\"auto\"")))
		warn_field(&r->c->warnings, STR("service_tier"), r->arena);
	return true;
}

static bool read_speed(struct anthropic_reader *r, struct str value)
{
	if (!str_eq(value, STR("\"standard\"")))
		warn_field(&r->c->warnings, STR("speed"), r->arena);
	return true;
}

/* ---- what only Anthropic has ---- */

static bool read_context_management(struct anthropic_reader *r, struct str value)
{
	(void)value;
	warn(&r->c->warnings, "context_management_ignored");
	return true;
}

/* To begin one is harmless; what was said in one before is at Anthropic. */
static bool read_thread(struct anthropic_reader *r, struct str value)
{
	bool goes_on = str_eq(json_get(value, STR("type")), STR("\"continue\"")) ||
		       json_is_string(json_get(value, STR("id"))) ||
		       json_is_string(json_get(value, STR("thread_id"))) || json_is_string(value);

	if (goes_on) {
		err_set(r->e, ERR_INVALID,
			"'thread' needs server-side state, which this route does not keep; send all messages");
		r->e->code = "thread_unsupported_request";
		return false;
	}
	warn_field(&r->c->warnings, STR("thread"), r->arena);
	return true;
}

static bool read_compaction(struct anthropic_reader *r, struct str value)
{
	(void)value;
	return err_set(r->e, ERR_INVALID, "'compaction' is not available on this route");
}

static bool read_container(struct anthropic_reader *r, struct str value)
{
	(void)value;
	return err_set(r->e, ERR_INVALID, "'container' is not available on this route");
}

static bool read_mcp_servers(struct anthropic_reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;
	struct err none = { 0 };

	if (json_iter_init_array(&it, value, &none) && !json_next(&it, &m, &none) &&
		none.kind == ERR_NONE)
		return true;
	return err_set(r->e, ERR_INVALID, "'mcp_servers' is not available on this route");
}

struct row {
	struct str name;
	bool (*read)(struct anthropic_reader *r, struct str value); /* NULL: nothing to do */
};

static const struct row rows[] = {
	{ STR_INIT("model"), NULL },
	{ STR_INIT("stream"), NULL },
	{ STR_INIT("system"), read_system },
	{ STR_INIT("max_tokens"), read_max_tokens },
	{ STR_INIT("temperature"), read_temperature },
	{ STR_INIT("top_p"), read_top_p },
	{ STR_INIT("top_k"), read_top_k },
	{ STR_INIT("stop_sequences"), read_stops },
	{ STR_INIT("tool_choice"), read_tool_choice },
	{ STR_INIT("thinking"), read_thinking },
	{ STR_INIT("output_config"), read_output_config },
	{ STR_INIT("output_format"), read_format },
	{ STR_INIT("metadata"), read_metadata },
	{ STR_INIT("cache_control"), read_mark },
	{ STR_INIT("service_tier"), read_service_tier },
	{ STR_INIT("speed"), read_speed },
	{ STR_INIT("context_management"), read_context_management },
	{ STR_INIT("thread"), read_thread },
	{ STR_INIT("compaction"), read_compaction },
	{ STR_INIT("container"), read_container },
	{ STR_INIT("mcp_servers"), read_mcp_servers },
	/* Of the same body behind other doors. */
	{ STR_INIT("anthropic_version"), NULL },
	{ STR_INIT("anthropic_beta"), NULL },
};

static const struct row *row_of(struct str key)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(key, rows[i].name))
			return &rows[i];
	return NULL;
}

static bool read_member(struct anthropic_reader *r, struct json_iter *it, struct str key)
{
	const struct row *row;
	struct str value;

	if (json_key_is(key, STR("messages")))
		return read_messages(r, it);
	if (json_key_is(key, STR("tools")) && json_peek(it) != 'n')
		return read_tools(r, it);
	if (!json_take(it, &value, r->e))
		return false;
	row = row_of(key);
	if (json_is_null(value))
		return true;
	if (row == NULL)
		warn_field(&r->c->warnings, key, r->arena);
	return row == NULL || row->read == NULL || row->read(r, value);
}

/* What could only be told when all was there. */
static void finish(struct anthropic_reader *r)
{
	struct content *c = r->c;

	if (c->reasoning.effort == EFFORT_UNSET)
		c->reasoning.effort = r->turn_effort;
	if (r->mark.n > 0 && c->last_turn != NULL && c->last_turn->parts.last != NULL &&
		c->last_turn->parts.last->mark.n == 0)
		c->last_turn->parts.last->mark = r->mark;
}

bool anthropic_read_content(struct content *ret, const struct chat *c, struct err *e)
{
	struct anthropic_reader r = { .c = ret, .e = e, .arena = ret->arena };
	struct json_iter it;
	struct str key;

	ret->stream = c->stream;
	ret->wants_usage = ret->wants_signature = true;
	if (!json_iter_init(&it, c->body, e))
		return false;
	while (json_next_key(&it, &key, e))
		if (!read_member(&r, &it, key))
			return false;
	if (e->kind != ERR_NONE)
		return false;
	finish(&r);
	return true;
}
