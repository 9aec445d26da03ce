/* SPDX-License-Identifier: MIT */
/* A client's request of the Responses API: its parameters and tools. What has been said is read in responses_items.c. */
#include "llm/responses.h"

enum { SEARCHES_MAX = 64 };

/* ---- members ---- */

bool responses_members(struct str object, const struct responses_member *rows, size_t n, void *ret)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, object, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		for (size_t i = 0; i < n; i++) {
			if (!json_key_is(m.key, rows[i].name))
				continue;
			if (!json_is_null(m.value))
				*(struct str *)(void *)((char *)ret + rows[i].at) = m.value;
			break;
		}
	}
	return e.kind == ERR_NONE;
}

static bool refuse(struct err *e, const char *param, const char *code)
{
	e->param = param;
	e->code = code;
	return false;
}

struct str responses_wire_name(struct content *c, struct str space, struct str name)
{
	if (space.n == 0)
		return name;
	return arena_printf(c->arena, "%.*s__%.*s", STR_ARG(space), STR_ARG(name));
}

/* ---- tools ---- */

struct tool_members {
	struct str type, name, description, parameters, strict, format, tools;
};

static const struct responses_member tool_rows[] = {
	{ STR_INIT("type"), offsetof(struct tool_members, type) },
	{ STR_INIT("name"), offsetof(struct tool_members, name) },
	{ STR_INIT("description"), offsetof(struct tool_members, description) },
	{ STR_INIT("parameters"), offsetof(struct tool_members, parameters) },
	{ STR_INIT("strict"), offsetof(struct tool_members, strict) },
	{ STR_INIT("format"), offsetof(struct tool_members, format) },
	{ STR_INIT("tools"), offsetof(struct tool_members, tools) },
};

/* What a client runs without declaring its arguments, because the model knows them. */
static bool is_implied(struct str type)
{
	static const struct str types[] = { STR_INIT("local_shell"), STR_INIT("shell"),
		STR_INIT("apply_patch"), STR_INIT("computer"), STR_INIT("computer_use_preview") };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_eq(type, types[i]))
			return true;
	return false;
}

static void add_tool(
	struct responses_reader *r, const struct tool_members *m, const struct tool_members *space)
{
	bool freeform = str_eq(json_inner(m->type), STR("custom"));
	struct tool *t = content_add_tool(r->c, freeform ? TOOL_FREEFORM : TOOL_FUNCTION);

	t->name = json_inner(m->name);
	t->space = space != NULL ? json_inner(space->name) : STR("");
	t->wire_name = responses_wire_name(r->c, t->space, t->name);
	t->description = json_inner(m->description);
	if (t->description.n == 0 && space != NULL)
		t->description = json_inner(space->description);
	if (freeform)
		t->grammar = m->format;
	else
		t->schema = m->parameters;
	if (m->strict.n > 0)
		t->strict = json_is_true(m->strict);
}

static bool read_list(
	struct responses_reader *r, struct str list, const struct tool_members *space);

static bool read_tool(
	struct responses_reader *r, struct str value, const struct tool_members *space)
{
	struct tool_members m = { .type = { NULL, 0 } };
	struct str type;

	if (!responses_members(value, tool_rows, ARRAY_LEN(tool_rows), &m))
		return err_set(r->e, ERR_INVALID, "'tools' holds what is no object");
	type = json_inner(m.type);
	if (str_eq(type, STR("function")) || str_eq(type, STR("custom"))) {
		add_tool(r, &m, space);
		return true;
	}
	if (str_eq(type, STR("namespace")) && space == NULL)
		return m.tools.n == 0 || read_list(r, m.tools, &m);
	if (is_implied(type)) {
		err_set(r->e, ERR_INVALID, "tool type \"%.*s\" is not available on this route",
			STR_ARG(type));
		return refuse(r->e, "tools", "unsupported_value");
	}
	warn(&r->c->warnings, "server_tool_dropped");
	return true;
}

static bool read_list(struct responses_reader *r, struct str list, const struct tool_members *space)
{
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init_array(&it, list, r->e))
		return err_set(r->e, ERR_INVALID, "'tools' is no array");
	while (json_next(&it, &m, r->e))
		if (!read_tool(r, m.value, space))
			return false;
	return r->e->kind == ERR_NONE;
}

bool responses_read_tools(struct responses_reader *r, struct str list)
{
	return list.n == 0 || read_list(r, list, NULL);
}

/* ---- choice ---- */

struct choice_members {
	struct str type, name, space, mode, tools;
};

static const struct responses_member choice_rows[] = {
	{ STR_INIT("type"), offsetof(struct choice_members, type) },
	{ STR_INIT("name"), offsetof(struct choice_members, name) },
	{ STR_INIT("namespace"), offsetof(struct choice_members, space) },
	{ STR_INIT("mode"), offsetof(struct choice_members, mode) },
	{ STR_INIT("tools"), offsetof(struct choice_members, tools) },
};

/* A choice may leave out the namespace, which is then looked for, though not for any number of names. */
static struct str chosen_name(struct responses_reader *r, const struct choice_members *m)
{
	struct str name = json_inner(m->name), space = json_inner(m->space);

	if (space.n > 0 || content_tool(r->c, name) != NULL)
		return responses_wire_name(r->c, space, name);
	if (r->searches++ < SEARCHES_MAX)
		for (const struct tool *t = r->c->tools; t != NULL; t = t->next)
			if (str_eq(t->name, name))
				return t->wire_name;
	return name;
}

static bool is_named(const struct choice_members *m)
{
	struct str type = json_inner(m->type);

	return (str_eq(type, STR("function")) || str_eq(type, STR("custom"))) &&
	       json_inner(m->name).n > 0;
}

static bool read_allowed(struct responses_reader *r, const struct choice_members *choice)
{
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init_array(&it, choice->tools, r->e))
		return err_set(r->e, ERR_INVALID, "'tool_choice.tools' is no array");
	while (json_next(&it, &m, r->e)) {
		struct choice_members one = { .type = { NULL, 0 } };
		if (responses_members(m.value, choice_rows, ARRAY_LEN(choice_rows), &one) &&
			is_named(&one))
			words_add(&r->c->choice_names, chosen_name(r, &one), r->c->arena);
	}
	r->c->choice = str_eq(json_inner(choice->mode), STR("required")) ? CHOICE_ANY_AMONG
									 : CHOICE_AUTO_AMONG;
	/* All that is left to be used was server tools. */
	if (r->c->choice_names.n == 0)
		r->c->choice = CHOICE_NONE;
	return r->e->kind == ERR_NONE;
}

static bool read_choice(struct responses_reader *r)
{
	struct choice_members m = { .type = { NULL, 0 } };
	struct str word = json_inner(r->choice);

	if (r->choice.n == 0)
		return true;
	if (word.p != NULL) {
		r->c->choice = str_eq(word, STR("required")) ? CHOICE_ANY
			       : str_eq(word, STR("none"))   ? CHOICE_NONE
							     : CHOICE_AUTO;
		return true;
	}
	if (!responses_members(r->choice, choice_rows, ARRAY_LEN(choice_rows), &m))
		return err_set(
			r->e, ERR_INVALID, "'tool_choice' is neither a string nor an object");
	if (str_eq(json_inner(m.type), STR("allowed_tools")))
		return read_allowed(r, &m);
	if (is_named(&m)) {
		r->c->choice = CHOICE_NAMED;
		words_add(&r->c->choice_names, chosen_name(r, &m), r->c->arena);
		return true;
	}
	/* A server tool, which has been dropped. */
	r->c->choice = CHOICE_AUTO;
	warn(&r->c->warnings, "forced_tool_choice_downgraded");
	return true;
}

/* ---- parameters ---- */

struct reasoning_members {
	struct str effort, summary, old_summary;
};

static const struct responses_member reasoning_rows[] = {
	{ STR_INIT("effort"), offsetof(struct reasoning_members, effort) },
	{ STR_INIT("summary"), offsetof(struct reasoning_members, summary) },
	{ STR_INIT("generate_summary"), offsetof(struct reasoning_members, old_summary) },
};

static bool read_reasoning(struct responses_reader *r, struct str value)
{
	struct reasoning_members m = { .effort = { NULL, 0 } };
	struct reasoning_wish *w = &r->c->reasoning;

	if (!responses_members(value, reasoning_rows, ARRAY_LEN(reasoning_rows), &m))
		return err_set(r->e, ERR_INVALID, "'reasoning' is no object");
	w->effort = effort_of(json_inner(m.effort));
	if (w->effort == EFFORT_NONE)
		w->mode = REASONING_OFF;
	if (m.effort.n > 0 && w->effort == EFFORT_UNSET)
		warn_field(&r->c->warnings, STR("reasoning.effort"), r->c->arena);
	w->summary = json_inner(m.summary.n > 0 ? m.summary : m.old_summary);
	if (w->summary.n > 0)
		w->show = str_eq(w->summary, STR("none")) ? SHOW_NOTHING : SHOW_SUMMARY;
	return true;
}

struct format_members {
	struct str type, name, schema, strict;
};

static const struct responses_member format_rows[] = {
	{ STR_INIT("type"), offsetof(struct format_members, type) },
	{ STR_INIT("name"), offsetof(struct format_members, name) },
	{ STR_INIT("schema"), offsetof(struct format_members, schema) },
	{ STR_INIT("strict"), offsetof(struct format_members, strict) },
};

static bool read_format(struct responses_reader *r, struct str value)
{
	struct format_members m = { .type = { NULL, 0 } };
	struct format_wish *w = &r->c->format;

	if (!responses_members(value, format_rows, ARRAY_LEN(format_rows), &m))
		return err_set(r->e, ERR_INVALID, "'text.format' is no object");
	if (str_eq(json_inner(m.type), STR("json_object"))) {
		w->kind = FORMAT_JSON;
	} else if (str_eq(json_inner(m.type), STR("json_schema"))) {
		w->kind = FORMAT_SCHEMA;
		w->name = json_inner(m.name);
		w->schema = m.schema;
		if (m.strict.n > 0)
			w->strict = json_is_true(m.strict);
	}
	return true;
}

struct text_members {
	struct str format, verbosity;
};

static const struct responses_member text_rows[] = {
	{ STR_INIT("format"), offsetof(struct text_members, format) },
	{ STR_INIT("verbosity"), offsetof(struct text_members, verbosity) },
};

static bool read_text(struct responses_reader *r, struct str value)
{
	struct text_members m = { .format = { NULL, 0 } };

	if (!responses_members(value, text_rows, ARRAY_LEN(text_rows), &m))
		return err_set(r->e, ERR_INVALID, "'text' is no object");
	r->c->verbosity = json_inner(m.verbosity);
	return m.format.n == 0 || read_format(r, m.format);
}

static bool read_include(struct responses_reader *r, struct str value)
{
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init_array(&it, value, r->e))
		return err_set(r->e, ERR_INVALID, "'include' is no array");
	while (json_next(&it, &m, r->e))
		if (str_eq(json_inner(m.value), STR("reasoning.encrypted_content")))
			r->c->wants_signature = true;
	return r->e->kind == ERR_NONE;
}

static bool read_max_tokens(struct responses_reader *r, struct str value)
{
	r->c->has_max_tokens = json_u64(value, &r->c->max_tokens);
	return true;
}

static bool read_stream(struct responses_reader *r, struct str value)
{
	r->c->stream = json_is_true(value);
	return true;
}

static bool read_parallel(struct responses_reader *r, struct str value)
{
	r->c->parallel_calls = json_is_true(value);
	return true;
}

static bool read_top_logprobs(struct responses_reader *r, struct str value)
{
	if (!str_eq(value, STR("0")))
		warn(&r->c->warnings, "logprobs_dropped");
	return true;
}

static bool read_context_management(struct responses_reader *r, struct str value)
{
	(void)value;
	warn(&r->c->warnings, "context_management_ignored");
	return true;
}

/* ---- the request ---- */

enum member_how {
	READ,   /* by a function */
	RAW,    /* kept in the content as it is */
	TEXT,   /* a string, kept escaped */
	LATER,  /* kept in the reader */
	SILENT, /* of no consequence for what is answered */
	STATE,  /* refused: it asks for what only its own provider keeps */
};

struct member_row {
	struct str name;
	enum member_how how;
	size_t at;
	bool (*read)(struct responses_reader *r, struct str value);
};

static const struct member_row members[] = {
	{ STR_INIT("model"), SILENT, 0, NULL },
	{ STR_INIT("input"), LATER, offsetof(struct responses_reader, input), NULL },
	{ STR_INIT("instructions"), LATER, offsetof(struct responses_reader, instructions), NULL },
	{ STR_INIT("tools"), LATER, offsetof(struct responses_reader, tools), NULL },
	{ STR_INIT("tool_choice"), LATER, offsetof(struct responses_reader, choice), NULL },
	{ STR_INIT("parallel_tool_calls"), READ, 0, read_parallel },
	{ STR_INIT("reasoning"), READ, 0, read_reasoning },
	{ STR_INIT("store"), SILENT, 0, NULL }, /* nothing is, and the reply says so */
	{ STR_INIT("stream"), READ, 0, read_stream },
	{ STR_INIT("include"), READ, 0, read_include },
	{ STR_INIT("prompt_cache_key"), TEXT, offsetof(struct content, cache_key), NULL },
	{ STR_INIT("text"), READ, 0, read_text },
	{ STR_INIT("client_metadata"), SILENT, 0, NULL },
	{ STR_INIT("max_output_tokens"), READ, 0, read_max_tokens },
	{ STR_INIT("temperature"), RAW, offsetof(struct content, temperature), NULL },
	{ STR_INIT("top_p"), RAW, offsetof(struct content, top_p), NULL },
	{ STR_INIT("service_tier"), TEXT, offsetof(struct content, service_tier), NULL },
	{ STR_INIT("user"), TEXT, offsetof(struct content, user), NULL },
	{ STR_INIT("safety_identifier"), TEXT, offsetof(struct content, user), NULL },
	{ STR_INIT("top_logprobs"), READ, 0, read_top_logprobs },
	{ STR_INIT("context_management"), READ, 0, read_context_management },
	{ STR_INIT("truncation"), SILENT, 0, NULL },
	{ STR_INIT("metadata"), SILENT, 0, NULL },
	{ STR_INIT("stream_options"), SILENT, 0, NULL },
	{ STR_INIT("prompt_cache_options"), SILENT, 0, NULL },
	{ STR_INIT("prompt_cache_retention"), SILENT, 0, NULL },
	{ STR_INIT("previous_response_id"), STATE, 0, NULL },
	{ STR_INIT("conversation"), STATE, 0, NULL },
	{ STR_INIT("background"), STATE, 0, NULL },
	{ STR_INIT("prompt"), STATE, 0, NULL },
};

static bool read_member(struct responses_reader *r, const struct member_row *row, struct str value)
{
	switch (row->how) {
	case READ:
		return row->read(r, value);
	case RAW:
		*(struct str *)(void *)((char *)r->c + row->at) = value;
		return true;
	case TEXT:
		*(struct str *)(void *)((char *)r->c + row->at) = json_inner(value);
		return true;
	case LATER:
		*(struct str *)(void *)((char *)r + row->at) = value;
		return true;
	case SILENT:
		return true;
	case STATE:
		break;
	}
	if (str_eq(value, STR("false"))) /* background */
		return true;
	err_set(r->e, ERR_INVALID,
		"%.*s needs server-side state, which this route does not keep; resend the full input",
		STR_ARG(row->name));
	return refuse(
		r->e, row->name.p, "unsupported_parameter"); /* a literal: it ends with a NUL */
}

static bool read_any(struct responses_reader *r, const struct json_member *m)
{
	if (json_is_null(m->value))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (json_key_is(m->key, members[i].name))
			return read_member(r, &members[i], m->value);
	warn_field(&r->c->warnings, m->key, r->c->arena);
	return true;
}

bool responses_read_content(struct content *ret, const struct chat *c, struct err *e)
{
	struct responses_reader r = { .c = ret, .e = e };
	struct json_iter it;
	struct json_member m;

	ret->reasoning_lost = "reasoning_history_dropped";
	if (!json_iter_init(&it, c->body, e))
		return false;
	while (json_next(&it, &m, e))
		if (!read_any(&r, &m))
			return false;
	if (e->kind != ERR_NONE)
		return false;
	parts_add_text(&ret->system, json_inner(r.instructions), ret->arena);
	return responses_read_tools(&r, r.tools) && read_choice(&r) && responses_read_input(&r);
}
