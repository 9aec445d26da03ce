/* SPDX-License-Identifier: MIT */
/* Reads the conversation of a Chat Completions request. */
#include "llm/openai.h"

#include "wire/json_text.h"

/* What is being read, and where it stands. */
struct reader {
	struct content *c;
	struct arena *arena;
	struct err *e;
	size_t message, part;
	bool in_part;             /* an error is of that part */
	unsigned unnamed;         /* calls of deprecated functions so far, which have no ids */
	const struct turn *calls; /* the last turn of the assistant */
	bool conversation;        /* a message that is no instruction has been seen */
};

struct message {
	struct str role, content, refusal, tool_calls, tool_call_id;
	struct str function_call, reasoning, reasoning_details, mark, name;
};

static bool refuse(struct reader *r, const char *where, const char *what)
{
	struct str part = STR("");

	if (r->in_part)
		part = arena_printf(r->arena, ".content[%zu]", r->part);
	return err_set(r->e, ERR_INVALID, "'messages[%zu]%.*s%s' %s", r->message, STR_ARG(part),
		where, what);
}

/* ---- media ---- */

/* "data:image/png;base64,AAAA" in its two halves; false for another URL. */
static bool split_data_url(struct str url, struct str *ret_type, struct str *ret_data)
{
	size_t comma = str_find_char(url, ',');
	struct str head = { url.p, comma };

	if (!str_starts_nocase(url, STR("data:")) || comma == url.n ||
		!str_ends(head, STR(";base64")))
		return false;
	head = str_from_offset(head, 5);
	*ret_type = (struct str){ head.p, str_find_char(head, ';') };
	*ret_data = str_from_offset(url, comma + 1);
	return true;
}

/* Some write every slash as "\/": the names of media are compared, so that they must be plain. */
static struct str plain(struct str escaped, struct arena *a)
{
	return json_escape(json_unescape(escaped, a), a);
}

static void set_source(struct part *p, struct str url, struct arena *a)
{
	struct str type, data;

	if (split_data_url(url, &type, &data)) {
		p->media_type = plain(type, a);
		p->data = data;
	} else {
		p->url = url;
	}
}

static bool read_image(struct reader *r, struct parts *to, struct str image)
{
	struct str url = json_inner(json_is_string(image) ? image : json_get(image, STR("url")));

	if (url.n == 0)
		return refuse(r, ".image_url", "has no 'url'");
	set_source(parts_add(to, PART_IMAGE, r->arena), url, r->arena);
	return true;
}

static bool read_file(struct reader *r, struct parts *to, struct str file)
{
	struct str data = json_inner(json_get(file, STR("file_data")));
	struct part source = { .kind = PART_DOCUMENT };

	if (data.n == 0)
		return refuse(r, ".file.file_id",
			"cannot be used on this route: send the file itself as 'file_data'");
	set_source(&source, data, r->arena);
	if (source.url.n > 0 && str_find(source.url, STR("://")) == source.url.n) {
		/* The bare data. */
		source.data = source.url;
		source.url = STR("");
		source.media_type = STR("application/pdf");
	}
	if (source.data.n > 0 && str_starts(source.media_type, STR("image/")))
		source.kind = PART_IMAGE;
	else if (source.data.n > 0 && !str_eq(source.media_type, STR("application/pdf")))
		return refuse(r, ".file.file_data", "is no PDF: send text as text");
	source.name = json_inner(json_get(file, STR("filename")));
	*parts_add(to, source.kind, r->arena) = source;
	return true;
}

static bool read_audio(struct reader *r, struct parts *to, struct str audio)
{
	struct str data = json_inner(json_get(audio, STR("data")));
	struct str format = json_inner(json_get(audio, STR("format")));

	if (data.n == 0)
		return refuse(r, ".input_audio", "has no 'data'");
	struct part *p = parts_add(to, PART_AUDIO, r->arena);
	p->data = data;
	p->media_type = arena_printf(r->arena, "audio/%.*s", STR_ARG(format));
	return true;
}

/* ---- parts ---- */

/* A breakpoint in the words of the Anthropic API, or of OpenAI's. */
static struct str mark_of(struct str cache_control, struct str breakpoint)
{
	if (cache_control.n > 0 && cache_control.p[0] == '{')
		return cache_control;
	return breakpoint.n > 0 && breakpoint.p[0] == '{' ? STR("{\"type\":\"ephemeral\"}")
							  : STR("");
}

struct part_members {
	struct str type, text, refusal, image, file, audio, cache_control, breakpoint;
};

static bool walk_part(struct part_members *ret, struct str object, struct err *e)
{
	static const struct {
		struct str name;
		size_t at;
	} rows[] = {
		{ STR_INIT("type"), offsetof(struct part_members, type) },
		{ STR_INIT("text"), offsetof(struct part_members, text) },
		{ STR_INIT("refusal"), offsetof(struct part_members, refusal) },
		{ STR_INIT("image_url"), offsetof(struct part_members, image) },
		{ STR_INIT("file"), offsetof(struct part_members, file) },
		{ STR_INIT("input_audio"), offsetof(struct part_members, audio) },
		{ STR_INIT("cache_control"), offsetof(struct part_members, cache_control) },
		{ STR_INIT("prompt_cache_breakpoint"), offsetof(struct part_members, breakpoint) },
	};
	struct json_iter it;
	struct json_member m;

	*ret = (struct part_members){ .type = STR("") };
	if (!json_iter_init(&it, object, e))
		return false;
	while (json_next(&it, &m, e))
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			if (json_key_is(m.key, rows[i].name))
				*(struct str *)(void *)((char *)ret + rows[i].at) = m.value;
	return e->kind == ERR_NONE;
}

static bool read_part(struct reader *r, struct parts *to, struct str object)
{
	struct part_members m;
	struct part *before = to->last;
	bool ok = true;

	if (object.p[0] != '{')
		return refuse(r, "", "is no object");
	if (!walk_part(&m, object, r->e))
		return false;
	struct str type = json_inner(m.type);
	if (json_key_is(type, STR("text")))
		parts_add_text(to, json_inner(m.text), r->arena);
	else if (json_key_is(type, STR("refusal")))
		parts_add_text(to, json_inner(m.refusal), r->arena);
	else if (json_key_is(type, STR("image_url")))
		ok = read_image(r, to, m.image);
	else if (json_key_is(type, STR("file")))
		ok = read_file(r, to, m.file);
	else if (json_key_is(type, STR("input_audio")))
		ok = read_audio(r, to, m.audio);
	else
		ok = refuse(r, ".type", "is no kind of content that can be translated");
	if (ok && to->last != before)
		to->last->mark = mark_of(m.cache_control, m.breakpoint);
	return ok;
}

/* A string, or an array of parts. */
static bool read_parts(struct reader *r, struct parts *to, struct str content)
{
	struct json_iter it;
	struct json_member m;

	if (json_is_string(content)) {
		parts_add_text(to, json_inner(content), r->arena);
		return true;
	}
	if (content.n == 0)
		return true;
	if (content.p[0] != '[')
		return refuse(r, ".content", "is neither a string nor an array");
	if (!json_iter_init_array(&it, content, r->e))
		return false;
	r->in_part = true;
	for (r->part = 0; json_next(&it, &m, r->e); r->part++)
		if (!read_part(r, to, m.value))
			return false;
	r->in_part = false;
	return r->e->kind == ERR_NONE;
}

/* ---- the assistant's messages ---- */

static struct str string_of(const struct detail *d, struct str key)
{
	struct str s = detail_text(d, key);

	return s.p != NULL ? s : STR("");
}

/* One of Claude's blocks as it was. */
static void add_claude(struct parts *to, const struct detail *d, struct arena *a)
{
	bool hidden = json_key_is(json_inner(d->type), STR("reasoning.encrypted"));
	struct str text = string_of(d, STR("text"));
	struct part *p = parts_add(to, PART_REASONING, a);
	struct buf block;

	buf_init(&block, SIZE_MAX / 2);
	if (hidden) {
		buf_add(&block, STR("{\"b\":[{\"type\":\"redacted_thinking\",\"data\":"));
		json_add_quoted(&block, string_of(d, STR("data")));
	} else {
		buf_add(&block, STR("{\"b\":[{\"type\":\"thinking\",\"thinking\":"));
		json_add_quoted(&block, text);
		buf_add(&block, STR(",\"signature\":"));
		json_add_quoted(&block, string_of(d, STR("signature")));
		p->text = text;
	}
	buf_add(&block, STR("}]}"));
	p->native = (struct native){ STR("ant"), arena_dup(a, buf_str(&block)) };
	buf_release(&block);
}

/* An item of reasoning of the Responses API, of which the text is not needed. */
static void add_responses(struct parts *to, const struct detail *d, struct arena *a)
{
	struct part *p = parts_add(to, PART_REASONING, a);
	struct buf object;

	buf_init(&object, SIZE_MAX / 2);
	buf_add(&object, STR("{\"id\":"));
	json_add_quoted(&object, string_of(d, STR("id")));
	buf_add(&object, STR(",\"e\":"));
	json_add_quoted(&object, string_of(d, STR("data")));
	buf_add_char(&object, '}');
	p->native = (struct native){ STR("oai"), arena_dup(a, buf_str(&object)) };
	buf_release(&object);
}

static bool is_encrypted(const struct detail *d)
{
	return json_key_is(json_inner(d->type), STR("reasoning.encrypted")) &&
	       string_of(d, STR("data")).n > 0;
}

/* A part for each detail that a provider can be given back; the text alone is of use to nobody but the one it came from, who
 * would have been asked in this dialect. */
static void read_reasoning(struct reader *r, struct parts *to, const struct message *m)
{
	struct details list = { .arena = r->arena };
	size_t lost = 0;

	details_add(&list, m->reasoning_details);
	for (const struct detail *d = list.first; d != NULL; d = d->next) {
		struct str format = string_of(d, STR("format"));
		bool text = json_key_is(json_inner(d->type), STR("reasoning.text"));
		if (json_key_is(format, STR(OPENAI_CLAUDE_FORMAT)) &&
			((text && string_of(d, STR("signature")).n > 0) || is_encrypted(d)))
			add_claude(to, d, r->arena);
		else if (json_key_is(format, STR(OPENAI_RESPONSES_FORMAT)) && is_encrypted(d) &&
			 string_of(d, STR("id")).n > 0)
			add_responses(to, d, r->arena);
		else
			lost++;
	}
	if (lost > 0 || list.overflow || (list.n == 0 && json_inner(m->reasoning).n > 0))
		warn(&r->c->warnings, "reasoning_history_dropped");
}

/* Arguments come as text, and should be an object. */
static struct str arguments_of(struct reader *r, struct str escaped)
{
	struct str text = json_unescape(escaped, r->arena);

	if (str_trim(text).n == 0)
		return STR("{}");
	if (json_is_object(text))
		return text;
	warn(&r->c->warnings, "tool_arguments_invalid");
	struct buf wrapped;
	buf_init(&wrapped, SIZE_MAX / 2);
	buf_add(&wrapped, STR("{\"__raw_arguments\":"));
	json_add_quoted(&wrapped, escaped);
	buf_add_char(&wrapped, '}');
	struct str ret = arena_dup(r->arena, buf_str(&wrapped));
	buf_release(&wrapped);
	return ret;
}

/* {"name","arguments"}, or {"name","input"} of a custom tool. */
static void read_function(struct reader *r, struct part *call, struct str object)
{
	struct str name = STR(""), text = STR("");
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };

	if (object.n == 0 || object.p[0] != '{' || !json_iter_init(&it, object, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		if (json_key_is(m.key, STR("name")))
			name = json_inner(m.value);
		else if (json_key_is(m.key, call->freeform ? STR("input") : STR("arguments")))
			text = json_inner(m.value);
	}
	call->name = name;
	call->text = call->freeform ? text : arguments_of(r, text);
}

static struct native signature_of(struct str extra_content)
{
	struct str google = json_get(extra_content, STR("google"));
	struct str signature = json_get(google, STR("thought_signature"));

	if (json_inner(signature).n == 0)
		return (struct native){ .code = STR("") };
	return (struct native){ STR("gem"), signature };
}

/* {"id","type","function" or "custom"} */
static bool read_call(struct reader *r, struct parts *to, struct str object)
{
	struct part *call = parts_add(to, PART_CALL, r->arena);
	struct str function = STR("");
	struct json_iter it;
	struct json_member m;

	call->text = STR("{}");
	if (!json_iter_init(&it, object, r->e))
		return false;
	while (json_next(&it, &m, r->e)) {
		if (json_key_is(m.key, STR("id"))) {
			call->id = json_inner(m.value);
		} else if (json_key_is(m.key, STR("function")) && !call->freeform) {
			function = m.value;
		} else if (json_key_is(m.key, STR("custom")) && m.value.p[0] == '{') {
			function = m.value;
			call->freeform = true;
		} else if (json_key_is(m.key, STR("extra_content"))) {
			call->native = signature_of(m.value);
		}
	}
	read_function(r, call, function);
	return r->e->kind == ERR_NONE;
}

static bool read_calls(struct reader *r, struct parts *to, struct str calls)
{
	struct json_iter it;
	struct json_member m;

	if (calls.n == 0)
		return true;
	if (calls.p[0] != '[')
		return refuse(r, ".tool_calls", "is no array");
	if (!json_iter_init_array(&it, calls, r->e))
		return false;
	while (json_next(&it, &m, r->e)) {
		if (m.value.p[0] != '{')
			return refuse(r, ".tool_calls", "has an item that is no object");
		if (!read_call(r, to, m.value))
			return false;
	}
	return r->e->kind == ERR_NONE;
}

static bool read_assistant(struct reader *r, const struct message *m)
{
	struct turn *t = content_add_turn(r->c, ROLE_ASSISTANT);

	r->calls = t;
	read_reasoning(r, &t->parts, m);
	if (!read_parts(r, &t->parts, m->content))
		return false;
	parts_add_text(&t->parts, json_inner(m->refusal), r->arena);
	if (!read_calls(r, &t->parts, m->tool_calls))
		return false;
	if (m->function_call.n > 0 && m->function_call.p[0] == '{') {
		struct part *call = parts_add(&t->parts, PART_CALL, r->arena);
		call->id = arena_printf(r->arena, "call_function_%u", ++r->unnamed);
		read_function(r, call, m->function_call);
	}
	return true;
}

/* ---- other messages ---- */

/* Texts joined by blank lines are one; with anything else between them they stay. */
static void join_texts(struct reader *r, struct parts *p)
{
	struct buf all;
	struct str mark = STR("");

	if (p->first == p->last)
		return;
	buf_init(&all, SIZE_MAX / 2);
	for (const struct part *x = p->first; x != NULL; x = x->next) {
		if (x->kind != PART_TEXT) {
			buf_release(&all);
			return;
		}
		if (x != p->first)
			buf_add(&all, STR("\\n\\n"));
		buf_add(&all, x->text);
		mark = x->mark.n > 0 ? x->mark : mark;
	}
	*p = (struct parts){ .first = NULL };
	parts_add_text(p, arena_dup(r->arena, buf_str(&all)), r->arena);
	p->last->mark = mark;
	buf_release(&all);
}

/* Whether the result is one of a tool that takes text. */
static bool is_freeform(const struct reader *r, struct str id)
{
	for (const struct part *p = r->calls != NULL ? r->calls->parts.first : NULL; p != NULL;
		p = p->next)
		if (p->kind == PART_CALL && str_eq(p->id, id))
			return p->freeform;
	return false;
}

static bool read_result(struct reader *r, const struct message *m, struct str id)
{
	struct parts inner = { .first = NULL };
	struct part *p =
		parts_add(&content_add_turn(r->c, ROLE_USER)->parts, PART_RESULT, r->arena);

	p->id = id;
	p->freeform = is_freeform(r, id);
	if (!read_parts(r, &inner, m->content))
		return false;
	join_texts(r, &inner);
	p->parts = inner.first;
	if (inner.first != NULL && inner.first == inner.last) {
		p->mark = inner.first->mark;
		inner.first->mark = STR("");
	}
	return true;
}

static bool read_instructions(struct reader *r, const struct message *m)
{
	struct parts all = { .first = NULL };
	struct parts *to = &all;

	if (!read_parts(r, to, m->content))
		return false;
	for (const struct part *p = all.first; p != NULL; p = p->next)
		if (p->kind != PART_TEXT)
			return refuse(r, ".content", "holds something other than text");
	if (r->conversation) {
		content_add_turn(r->c, ROLE_SYSTEM)->parts = all;
	} else if (all.first != NULL) {
		*(r->c->system.last != NULL ? &r->c->system.last->next : &r->c->system.first) =
			all.first;
		r->c->system.last = all.last;
	}
	return true;
}

/* A mark on a message (some clients') stands on its last part. */
static void mark_last(struct reader *r, const struct message *m, bool system)
{
	struct part *last = system ? r->c->system.last : NULL;

	if (!system && r->c->last_turn != NULL)
		last = r->c->last_turn->parts.last;
	if (last != NULL && last->mark.n == 0 && m->mark.n > 0)
		last->mark = mark_of(m->mark, STR(""));
}

static bool read_role(struct reader *r, const struct message *m)
{
	struct str role = json_inner(m->role);
	bool result = json_key_is(role, STR("tool")) || json_key_is(role, STR("function"));

	/* Who of several has spoken is nothing that others can be told. */
	if (m->name.n > 0 && !result)
		warn_field(&r->c->warnings, STR("name"), r->arena);
	if (json_key_is(role, STR("system")) || json_key_is(role, STR("developer"))) {
		if (!read_instructions(r, m))
			return false;
		mark_last(r, m, !r->conversation);
		return true;
	}
	r->conversation = true;
	bool ok;
	if (json_key_is(role, STR("user")))
		ok = read_parts(r, &content_add_turn(r->c, ROLE_USER)->parts, m->content);
	else if (json_key_is(role, STR("assistant")))
		ok = read_assistant(r, m);
	else if (json_key_is(role, STR("tool")))
		ok = read_result(r, m, json_inner(m->tool_call_id));
	else if (json_key_is(role, STR("function")))
		ok = read_result(r, m, arena_printf(r->arena, "call_function_%u", r->unnamed));
	else
		ok = refuse(r, ".role", "is none that is known");
	if (ok)
		mark_last(r, m, false);
	return ok;
}

static struct str *member_of(struct message *m, struct str key)
{
	static const struct {
		struct str name;
		size_t at;
	} rows[] = {
		{ STR_INIT("role"), offsetof(struct message, role) },
		{ STR_INIT("content"), offsetof(struct message, content) },
		{ STR_INIT("tool_calls"), offsetof(struct message, tool_calls) },
		{ STR_INIT("tool_call_id"), offsetof(struct message, tool_call_id) },
		{ STR_INIT("refusal"), offsetof(struct message, refusal) },
		{ STR_INIT("function_call"), offsetof(struct message, function_call) },
		{ STR_INIT("reasoning_content"), offsetof(struct message, reasoning) },
		{ STR_INIT("reasoning"), offsetof(struct message, reasoning) },
		{ STR_INIT("reasoning_details"), offsetof(struct message, reasoning_details) },
		{ STR_INIT("cache_control"), offsetof(struct message, mark) },
		{ STR_INIT("name"), offsetof(struct message, name) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(key, rows[i].name))
			return (struct str *)(void *)((char *)m + rows[i].at);
	return NULL;
}

/* The one before which `it` stands. */
static bool read_message(struct reader *r, struct json_iter *items)
{
	struct message m = { .role = STR("") };
	struct json_iter it;
	struct str key, value;

	if (json_peek(items) != '{')
		return refuse(r, "", "is no object");
	if (!json_enter(items, &it, r->e))
		return false;
	while (json_next_key(&it, &key, r->e)) {
		struct str *to = member_of(&m, key);
		if (!json_take(&it, &value, r->e))
			return false;
		if (json_is_null(value))
			continue;
		if (to != NULL)
			*to = value;
		else if (json_key_is(key, STR("audio")))
			return refuse(r, ".audio", "cannot be used on this route");
	}
	json_leave(items, &it);
	return r->e->kind == ERR_NONE && read_role(r, &m);
}

bool openai_read_messages(struct content *ret, struct json_iter *it, struct err *e)
{
	struct reader r = { .c = ret, .arena = ret->arena, .e = e };
	struct json_iter items;
	struct str none;

	if (json_peek(it) != '[')
		return err_set(e, ERR_INVALID, "'messages' is no array");
	if (!json_enter(it, &items, e))
		return false;
	/* Of duplicates the last counts. */
	ret->system = (struct parts){ .first = NULL };
	ret->turns = ret->last_turn = NULL;
	for (; json_next_key(&items, &none, e); r.message++)
		if (!read_message(&r, &items))
			return false;
	json_leave(it, &items);
	return e->kind == ERR_NONE;
}
