/* SPDX-License-Identifier: MIT */
/* A client's request of the Responses API: its items, which are put into the turns of a conversation. */
#include "llm/responses.h"

enum { MEDIA_TYPE_MAX = 128 };

/* Of all kinds of items; raw. */
struct item {
	struct str type, role, content, call_id, name, space, arguments, input, output, summary,
		encrypted, action, tools;
};

static const struct responses_member item_rows[] = {
	{ STR_INIT("type"), offsetof(struct item, type) },
	{ STR_INIT("role"), offsetof(struct item, role) },
	{ STR_INIT("content"), offsetof(struct item, content) },
	{ STR_INIT("call_id"), offsetof(struct item, call_id) },
	{ STR_INIT("name"), offsetof(struct item, name) },
	{ STR_INIT("namespace"), offsetof(struct item, space) },
	{ STR_INIT("arguments"), offsetof(struct item, arguments) },
	{ STR_INIT("input"), offsetof(struct item, input) },
	{ STR_INIT("output"), offsetof(struct item, output) },
	{ STR_INIT("summary"), offsetof(struct item, summary) },
	{ STR_INIT("encrypted_content"), offsetof(struct item, encrypted) },
	{ STR_INIT("action"), offsetof(struct item, action) },
	{ STR_INIT("tools"), offsetof(struct item, tools) },
};

struct piece {
	struct str type, text, refusal, image_url, file_id, file_data, file_url, filename, audio;
};

static const struct responses_member piece_rows[] = {
	{ STR_INIT("type"), offsetof(struct piece, type) },
	{ STR_INIT("text"), offsetof(struct piece, text) },
	{ STR_INIT("refusal"), offsetof(struct piece, refusal) },
	{ STR_INIT("image_url"), offsetof(struct piece, image_url) },
	{ STR_INIT("file_id"), offsetof(struct piece, file_id) },
	{ STR_INIT("file_data"), offsetof(struct piece, file_data) },
	{ STR_INIT("file_url"), offsetof(struct piece, file_url) },
	{ STR_INIT("filename"), offsetof(struct piece, filename) },
	{ STR_INIT("input_audio"), offsetof(struct piece, audio) },
};

static bool refuse(struct responses_reader *r, const char *member, const char *why)
{
	err_set(r->e, ERR_INVALID, "'input[%zu]%s' %s", r->item, member, why);
	r->e->param = "input";
	r->e->code = "unsupported_value";
	return false;
}

/* ---- content ---- */

/* "data:image/png;base64,…" */
static bool split_data_url(struct str url, struct str *ret_type, struct str *ret_data)
{
	struct str head = { url.p, url.n < MEDIA_TYPE_MAX ? url.n : MEDIA_TYPE_MAX };
	size_t end = str_find(head, STR(";base64,"));

	if (!str_starts(url, STR("data:")) || end == head.n)
		return false;
	*ret_type = str_from_offset((struct str){ url.p, end }, 5);
	*ret_data = str_from_offset(url, end + 8);
	return true;
}

static bool read_image(struct responses_reader *r, struct parts *to, const struct piece *m)
{
	/* Some clients write it as Chat Completions has it: {"url"}. */
	struct str url = json_inner(
		json_is_string(m->image_url) ? m->image_url : json_get(m->image_url, STR("url")));

	if (url.n == 0)
		return refuse(r, ".content", "has an image without 'image_url'");
	struct part *p = parts_add(to, PART_IMAGE, r->c->arena);
	if (!split_data_url(url, &p->media_type, &p->data))
		p->url = url;
	return true;
}

static bool read_file(struct responses_reader *r, struct parts *to, const struct piece *m)
{
	struct str data = json_inner(m->file_data), url = json_inner(m->file_url);
	struct part *p;

	if (data.n == 0 && url.n == 0)
		return refuse(
			r, ".content", "has a file without 'file_data' and without 'file_url'");
	p = parts_add(to, PART_DOCUMENT, r->c->arena);
	p->name = json_inner(m->filename);
	if (data.n == 0) {
		p->url = url;
		return true;
	}
	p->media_type = STR("application/pdf");
	if (!split_data_url(data, &p->media_type, &p->data))
		p->data = data;
	if (!str_eq(json_unescape(p->media_type, r->c->arena), STR("application/pdf")))
		return refuse(r, ".content", "has a file that is no PDF");
	return true;
}

static bool read_audio(struct responses_reader *r, struct parts *to, const struct piece *m)
{
	struct part *p = parts_add(to, PART_AUDIO, r->c->arena);
	struct str format = json_inner(json_get(m->audio, STR("format")));

	p->data = json_inner(json_get(m->audio, STR("data")));
	p->media_type = arena_printf(r->c->arena, "audio/%.*s", STR_ARG(format));
	return true;
}

static bool read_piece(struct responses_reader *r, struct parts *to, struct str value)
{
	struct piece m = { .type = { NULL, 0 } };
	struct str type;

	if (!responses_members(value, piece_rows, ARRAY_LEN(piece_rows), &m))
		return refuse(r, ".content", "holds what is no object");
	type = json_inner(m.type);
	if (m.file_id.n > 0)
		return refuse(r, ".content", "has a 'file_id', and files are not kept here");
	if (str_eq(type, STR("input_image")))
		return read_image(r, to, &m);
	if (str_eq(type, STR("input_file")))
		return read_file(r, to, &m);
	if (str_eq(type, STR("input_audio")))
		return read_audio(r, to, &m);
	if (!json_is_string(m.text) && !json_is_string(m.refusal))
		return refuse(r, ".content", "has a part of a type that is not known here");
	parts_add_text(to, json_inner(m.text), r->c->arena);
	parts_add_text(to, json_inner(m.refusal), r->c->arena);
	return true;
}

/* A string, or a list of parts. */
static bool read_pieces(
	struct responses_reader *r, struct parts *to, struct str value, const char *member)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (value.n == 0 || json_is_string(value)) {
		parts_add_text(to, json_inner(value), r->c->arena);
		return true;
	}
	if (!json_iter_init_array(&it, value, &e))
		return refuse(r, member, "is neither a string nor an array");
	while (json_next(&it, &m, &e))
		if (!read_piece(r, to, m.value))
			return false;
	return e.kind == ERR_NONE || refuse(r, member, "is no JSON");
}

/* ---- items ---- */

/* Neighbours of one side are one turn. */
static struct parts *turn_of(struct responses_reader *r, enum message_role role)
{
	struct turn *t = r->c->last_turn;

	return &(t != NULL && t->role == role ? t : content_add_turn(r->c, role))->parts;
}

static bool read_message(struct responses_reader *r, const struct item *m)
{
	struct str role = json_inner(m->role);
	struct parts *to;

	if (str_eq(role, STR("user")))
		to = turn_of(r, ROLE_USER);
	else if (str_eq(role, STR("assistant")))
		to = turn_of(r, ROLE_ASSISTANT);
	else if (!str_eq(role, STR("developer")) && !str_eq(role, STR("system")))
		return refuse(r, ".role", "is not known here");
	else
		to = r->c->turns == NULL ? &r->c->system : turn_of(r, ROLE_SYSTEM);
	return read_pieces(r, to, m->content, ".content");
}

static struct part *add_call(struct responses_reader *r, const struct item *m)
{
	struct part *p = parts_add(turn_of(r, ROLE_ASSISTANT), PART_CALL, r->c->arena);

	p->id = json_inner(m->call_id);
	p->name = responses_wire_name(r->c, json_inner(m->space), json_inner(m->name));
	return p;
}

static bool read_call(struct responses_reader *r, const struct item *m)
{
	struct part *p = add_call(r, m);

	p->text = json_is_object(m->arguments) ? m->arguments
					       : content_arguments(r->c, json_inner(m->arguments));
	return true;
}

static bool read_custom_call(struct responses_reader *r, const struct item *m)
{
	struct part *p = add_call(r, m);

	p->freeform = true;
	p->text = json_inner(m->input);
	return true;
}

static bool add_result(struct responses_reader *r, const struct item *m, bool freeform)
{
	struct part *p = parts_add(turn_of(r, ROLE_USER), PART_RESULT, r->c->arena);
	struct parts list = { NULL, NULL };

	p->id = json_inner(m->call_id);
	p->freeform = freeform;
	if (!read_pieces(r, &list, m->output, ".output"))
		return false;
	p->parts = list.first;
	return true;
}

static bool read_result(struct responses_reader *r, const struct item *m)
{
	return add_result(r, m, false);
}

static bool read_custom_result(struct responses_reader *r, const struct item *m)
{
	return add_result(r, m, true);
}

/* ---- reasoning ---- */

/* The texts of a list, with blank lines between them. */
static struct str joined_texts(struct responses_reader *r, struct str list)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct buf b;
	struct str one = { NULL, 0 }, ret;

	if (!json_iter_init_array(&it, list, &e))
		return one;
	buf_init(&b, SIZE_MAX);
	for (unsigned n = 0; json_next(&it, &m, &e);) {
		struct str text = json_inner(json_get(m.value, STR("text")));
		if (text.n == 0)
			continue;
		one = text;
		buf_add(&b, n++ > 0 ? STR("\\n\\n") : STR(""));
		buf_add(&b, text);
	}
	ret = b.n == one.n ? one : arena_dup(r->c->arena, buf_str(&b));
	buf_release(&b);
	return ret;
}

static bool read_reasoning(struct responses_reader *r, const struct item *m)
{
	struct part *p = parts_add(turn_of(r, ROLE_ASSISTANT), PART_REASONING, r->c->arena);
	struct str opaque = json_inner(m->encrypted);

	p->text = joined_texts(r, m->summary);
	if (p->text.n == 0)
		p->text = joined_texts(r, m->content);
	/* Without an envelope it is OpenAI's own, or damaged: nobody else can use it. */
	if (opaque.n > 0 && !native_open(opaque, r->c->arena, &p->native))
		p->native = (struct native){ STR("oai"), { NULL, 0 } };
	/* The client may have dropped the summary. */
	if (p->text.n == 0 && p->native.payload.n > 0)
		p->text = json_inner(json_get(p->native.payload, STR("t")));
	return true;
}

/* ---- what a server has done, and the rest ---- */

/* What a server tool was asked, so that the model knows what it has looked for. */
static bool read_server_item(struct responses_reader *r, const struct item *m)
{
	struct buf b;

	warn(&r->c->warnings, "server_tool_history_flattened");
	if (m->action.n == 0 && m->arguments.n == 0 && m->output.n == 0)
		return true;
	buf_init(&b, SIZE_MAX);
	buf_addf(&b, "[%.*s]", STR_ARG(json_inner(m->type)));
	if (m->name.n > 0)
		buf_addf(&b, " %.*s", STR_ARG(json_inner(m->name)));
	const struct str told[] = { m->action, m->arguments, m->output };
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		if (told[i].n == 0)
			continue;
		buf_add(&b, i < 2 ? STR(" ") : STR("\\n"));
		if (json_is_string(told[i]))
			buf_add(&b, json_inner(told[i]));
		else
			json_add_compact_escaped(&b, told[i]);
	}
	parts_add_text(
		turn_of(r, ROLE_ASSISTANT), arena_dup(r->c->arena, buf_str(&b)), r->c->arena);
	buf_release(&b);
	return true;
}

static bool read_more_tools(struct responses_reader *r, const struct item *m)
{
	return responses_read_tools(r, m->tools);
}

static bool read_update(struct responses_reader *r, const struct item *m)
{
	warn_field(&r->c->warnings, json_inner(m->type), r->c->arena);
	return true;
}

/* What stands at the provider only. */
static bool refuse_state(struct responses_reader *r, const struct item *m)
{
	err_set(r->e, ERR_INVALID,
		"%.*s needs server-side state, which this route does not keep; resend the full input",
		STR_ARG(json_inner(m->type)));
	r->e->param = "input";
	r->e->code = "unsupported_parameter";
	return false;
}

static const struct item_kind {
	struct str type;
	bool (*read)(struct responses_reader *r, const struct item *m);
} kinds[] = {
	{ STR_INIT("message"), read_message },
	{ STR_INIT("function_call"), read_call },
	{ STR_INIT("function_call_output"), read_result },
	{ STR_INIT("reasoning"), read_reasoning },
	{ STR_INIT("custom_tool_call"), read_custom_call },
	{ STR_INIT("custom_tool_call_output"), read_custom_result },
	{ STR_INIT("web_search_call"), read_server_item },
	{ STR_INIT("file_search_call"), read_server_item },
	{ STR_INIT("code_interpreter_call"), read_server_item },
	{ STR_INIT("image_generation_call"), read_server_item },
	{ STR_INIT("mcp_call"), read_server_item },
	{ STR_INIT("mcp_list_tools"), read_server_item },
	{ STR_INIT("mcp_approval_request"), read_server_item },
	{ STR_INIT("mcp_approval_response"), read_server_item },
	{ STR_INIT("additional_tools"), read_more_tools },
	{ STR_INIT("configuration_update"), read_update },
	{ STR_INIT("item_reference"), refuse_state },
	{ STR_INIT("compaction"), refuse_state },
	{ STR_INIT("compaction_trigger"), refuse_state },
};

static bool read_item(struct responses_reader *r, struct str value)
{
	struct item m = { .type = { NULL, 0 } };
	struct str type;

	if (!responses_members(value, item_rows, ARRAY_LEN(item_rows), &m))
		return refuse(r, "", "is no object");
	type = json_inner(m.type);
	if (m.type.n == 0 && m.role.n > 0)
		return read_message(r, &m);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(type, kinds[i].type))
			return kinds[i].read(r, &m);
	return refuse(r, ".type", "is not available on this route");
}

bool responses_read_input(struct responses_reader *r)
{
	struct json_iter it;
	struct json_member m;

	if (r->input.n == 0)
		return true;
	if (json_is_string(r->input)) {
		parts_add_text(turn_of(r, ROLE_USER), json_inner(r->input), r->c->arena);
		return true;
	}
	if (!json_iter_init_array(&it, r->input, r->e))
		return err_set(
			r->e, ERR_INVALID, "'input' is neither a string nor an array of items");
	for (; json_next(&it, &m, r->e); r->item++)
		if (!read_item(r, m.value))
			return false;
	return r->e->kind == ERR_NONE;
}
