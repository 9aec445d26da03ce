/* SPDX-License-Identifier: MIT */
/* From a client of the Anthropic API: what stands in messages, in the system prompt and in results of tools. What other dialects have no
 * part for becomes text, in square brackets that say what it was. */
#include "llm/anthropic.h"

#include "wire/json_text.h"

enum {
	B_TYPE,
	B_TEXT,
	B_MARK,
	B_SOURCE,
	B_TITLE,
	B_CONTEXT,
	B_CITATIONS,
	B_CONTENT,
	B_ID,
	B_NAME,
	B_INPUT,
	B_USE_ID,
	B_ERROR,
	B_THINKING,
	B_SIGNATURE,
	B_DATA,
	B_TOOL_NAME,
	/* Of no use elsewhere. */
	B_FILE,
	B_CALLER,
	B_TOOLSET,
	B_TRANSFORMATIONS,
	B_MEMBERS
};
static const struct str member_names[B_MEMBERS] = {
	STR_INIT("type"),
	STR_INIT("text"),
	STR_INIT("cache_control"),
	STR_INIT("source"),
	STR_INIT("title"),
	STR_INIT("context"),
	STR_INIT("citations"),
	STR_INIT("content"),
	STR_INIT("id"),
	STR_INIT("name"),
	STR_INIT("input"),
	STR_INIT("tool_use_id"),
	STR_INIT("is_error"),
	STR_INIT("thinking"),
	STR_INIT("signature"),
	STR_INIT("data"),
	STR_INIT("tool_name"),
	STR_INIT("file_id"),
	STR_INIT("caller"),
	STR_INIT("toolset_name"),
	STR_INIT("transformations"),
};

enum { RENDERED_MAX = 64 << 20 };

bool anthropic_refuse(struct anthropic_reader *r, const char *where, const char *what)
{
	struct buf b;

	buf_init(&b, 128);
	if (r->place == PLACE_SYSTEM)
		buf_add(&b, STR("system"));
	else
		buf_addf(&b, "messages[%zu].content", r->message);
	if (r->depth > 0)
		buf_addf(&b, "[%zu]", r->block);
	if (r->depth > 1)
		buf_addf(&b, ".content[%zu]", r->inner);
	err_set(r->e, ERR_INVALID, "'%.*s%s' %s", (int)b.n, b.p, where, what);
	buf_release(&b);
	return false;
}

static struct part *add(struct anthropic_reader *r, enum part_kind kind)
{
	if (r->to == NULL)
		r->to = &content_add_turn(r->c, ROLE_ASSISTANT)->parts;
	return parts_add(r->to, kind, r->arena);
}

static void add_text(struct anthropic_reader *r, struct str escaped, struct str mark)
{
	struct part *p;

	if (escaped.n == 0)
		return;
	p = add(r, PART_TEXT);
	p->text = escaped;
	p->mark = mark;
}

static bool read_text(struct anthropic_reader *r, const struct str *m)
{
	if (!json_is_string(m[B_TEXT]))
		return anthropic_refuse(r, ".text", "must be a string");
	add_text(r, json_inner(m[B_TEXT]), m[B_MARK]);
	return true;
}

/* ---- media ---- */

enum { S_TYPE, S_MEDIA_TYPE, S_DATA, S_URL, S_CONTENT, S_FILE, S_MEMBERS };
static const struct str source_names[S_MEMBERS] = {
	STR_INIT("type"),
	STR_INIT("media_type"),
	STR_INIT("data"),
	STR_INIT("url"),
	STR_INIT("content"),
	STR_INIT("file_id"),
};

static bool read_source(struct anthropic_reader *r, const struct str *m, struct str *ret)
{
	struct str source = m[B_SOURCE];

	if (source.n == 0 || source.p[0] != '{')
		return anthropic_refuse(r, ".source", "must be an object");
	if (!anthropic_members(source, ANTHROPIC_NAMES(source_names), ret, NULL, r->e))
		return false;
	if (ret[S_FILE].n > 0)
		return anthropic_refuse(
			r, ".source.file_id", "is a file that only its own provider has");
	return true;
}

/* Data or an address; false when it is neither. */
static bool add_media(struct anthropic_reader *r, enum part_kind kind, const struct str *s)
{
	struct str type = json_inner(s[S_TYPE]);
	struct part *p;

	if (str_eq(type, STR("base64")) && json_is_string(s[S_DATA])) {
		p = add(r, kind);
		p->media_type = json_inner(s[S_MEDIA_TYPE]);
		p->data = json_inner(s[S_DATA]);
		return true;
	}
	if (str_eq(type, STR("url")) && json_is_string(s[S_URL])) {
		p = add(r, kind);
		p->url = json_inner(s[S_URL]);
		return true;
	}
	return anthropic_refuse(r, ".source", "is of no kind that this route can translate");
}

static bool read_image(struct anthropic_reader *r, const struct str *m)
{
	struct str s[S_MEMBERS];

	if (!read_source(r, m, s) || !add_media(r, PART_IMAGE, s))
		return false;
	r->to->last->mark = m[B_MARK];
	return true;
}

/* <document title="…" context="…" */
static struct str document_tag(struct anthropic_reader *r, const struct str *m)
{
	struct str title = json_inner(m[B_TITLE]), context = json_inner(m[B_CONTEXT]);
	const struct str quote = STR("\\\"");
	struct str v[7] = { STR("<document") };
	size_t n = 1;

	if (title.n > 0) {
		v[n++] = STR(" title=\\\"");
		v[n++] = title;
		v[n++] = quote;
	}
	if (context.n > 0) {
		v[n++] = STR(" context=\\\"");
		v[n++] = context;
		v[n++] = quote;
	}
	return anthropic_join(r->arena, v, n);
}

static void add_text_document(struct anthropic_reader *r, const struct str *m, struct str text)
{
	const struct str v[] = { document_tag(r, m), STR(">\\n"), text, STR("\\n</document>") };

	add_text(r, anthropic_join(r->arena, v, ARRAY_LEN(v)), m[B_MARK]);
}

/* Texts joined by blank lines; false when something else is among them. */
static bool join_texts(const struct parts *parts, struct arena *a, struct str *ret)
{
	size_t n = 0;
	struct str *v;

	for (const struct part *p = parts->first; p != NULL; p = p->next, n++)
		if (p->kind != PART_TEXT)
			return false;
	v = arena_alloc(a, (2 * n + 1) * sizeof(*v));
	n = 0;
	for (const struct part *p = parts->first; p != NULL; p = p->next) {
		if (n > 0)
			v[n++] = STR("\\n\\n");
		v[n++] = p->text;
	}
	*ret = anthropic_join(a, v, n);
	return true;
}

/* Reads blocks within a block into a list of their own. */
static bool read_inner(struct anthropic_reader *r, enum anthropic_place place, struct str content,
	struct parts *ret)
{
	struct parts *to = r->to;
	enum anthropic_place around = r->place;

	*ret = (struct parts){ NULL, NULL };
	r->to = ret;
	r->place = place;
	if (!anthropic_read_blocks(r, content))
		return false;
	r->place = around;
	r->to = to;
	return true;
}

/* A document of blocks: one text if it is nothing but text. */
static bool read_blocks_document(
	struct anthropic_reader *r, const struct str *m, struct str content)
{
	const struct str open[] = { document_tag(r, m), STR(">") };
	struct parts inner;
	struct str text;

	if (!read_inner(r, PLACE_DOCUMENT, content, &inner))
		return false;
	if (join_texts(&inner, r->arena, &text)) {
		add_text_document(r, m, text);
		return true;
	}
	add_text(r, anthropic_join(r->arena, open, 2), (struct str){ NULL, 0 });
	r->to->last->next = inner.first;
	r->to->last = inner.last;
	add_text(r, STR("</document>"), m[B_MARK]);
	return true;
}

static bool is_enabled(struct str citations)
{
	return json_is_true(json_get(citations, STR("enabled")));
}

static bool read_document(struct anthropic_reader *r, const struct str *m)
{
	struct str s[S_MEMBERS], type;

	if (!read_source(r, m, s))
		return false;
	if (is_enabled(m[B_CITATIONS]))
		warn(&r->c->warnings, "citations_lost");
	type = json_inner(s[S_TYPE]);
	if (str_eq(type, STR("text")) && json_is_string(s[S_DATA])) {
		add_text_document(r, m, json_inner(s[S_DATA]));
		return true;
	}
	if (str_eq(type, STR("content")))
		return read_blocks_document(r, m, s[S_CONTENT]);
	if (m[B_CONTEXT].n > 0) {
		const struct str v[] = { document_tag(r, m), STR("/>") };
		add_text(r, anthropic_join(r->arena, v, 2), (struct str){ NULL, 0 });
	}
	if (!add_media(r, PART_DOCUMENT, s))
		return false;
	r->to->last->name = json_inner(m[B_TITLE]);
	r->to->last->mark = m[B_MARK];
	return true;
}

static bool read_search_result(struct anthropic_reader *r, const struct str *m)
{
	struct parts inner;
	struct str text = STR("");

	if (!read_inner(r, PLACE_DOCUMENT, m[B_CONTENT], &inner))
		return false;
	if (!join_texts(&inner, r->arena, &text))
		return anthropic_refuse(r, ".content", "must be text");
	if (is_enabled(m[B_CITATIONS]))
		warn(&r->c->warnings, "citations_lost");
	const struct str v[] = { STR("[search_result] "), json_inner(m[B_TITLE]),
		STR(" \xE2\x80\x94 "), json_inner(m[B_SOURCE]), STR("\\n"), text };
	add_text(r, anthropic_join(r->arena, v, ARRAY_LEN(v)), m[B_MARK]);
	return true;
}

/* ---- tools ---- */

/* The arguments as one object. */
static struct str arguments(struct anthropic_reader *r, struct str input)
{
	struct buf b;
	struct str ret;

	if (input.n == 0)
		return STR("{}");
	if (input.p[0] == '{')
		return input;
	warn(&r->c->warnings, "tool_arguments_invalid");
	buf_init(&b, RENDERED_MAX);
	buf_add(&b, STR("{\"__raw_arguments\":"));
	json_add_compact(&b, input);
	buf_add_char(&b, '}');
	ret = b.overflow ? STR("{}") : arena_dup(r->arena, buf_str(&b));
	buf_release(&b);
	return ret;
}

static bool read_tool_use(struct anthropic_reader *r, const struct str *m)
{
	struct part *p;

	if (!json_is_string(m[B_ID]))
		return anthropic_refuse(r, ".id", "must be a string");
	if (!json_is_string(m[B_NAME]))
		return anthropic_refuse(r, ".name", "must be a string");
	p = add(r, PART_CALL);
	p->id = json_inner(m[B_ID]);
	p->name = json_inner(m[B_NAME]);
	p->text = arguments(r, m[B_INPUT]);
	p->mark = m[B_MARK];
	return true;
}

static bool read_tool_result(struct anthropic_reader *r, const struct str *m)
{
	struct parts inner = { NULL, NULL };
	struct part *p;

	if (!json_is_string(m[B_USE_ID]))
		return anthropic_refuse(r, ".tool_use_id", "must be a string");
	if (m[B_CONTENT].n > 0 && !read_inner(r, PLACE_RESULT, m[B_CONTENT], &inner))
		return false;
	p = add(r, PART_RESULT);
	p->id = json_inner(m[B_USE_ID]);
	p->is_error = json_is_true(m[B_ERROR]);
	p->parts = inner.first;
	p->mark = m[B_MARK];
	return true;
}

/* A tool that was found, added or taken away. All are declared up front. */
static bool read_tool_name(struct anthropic_reader *r, const struct str *m)
{
	struct str name = json_inner(m[B_TOOL_NAME].n > 0 ? m[B_TOOL_NAME] : m[B_NAME]);
	const struct str v[] = { STR("["), json_inner(m[B_TYPE]), STR("] "), name };

	add_text(r, anthropic_join(r->arena, v, ARRAY_LEN(v)), m[B_MARK]);
	return true;
}

/* ---- reasoning ---- */

static bool read_thinking(struct anthropic_reader *r, const struct str *m)
{
	struct part *p = add(r, PART_REASONING);
	struct str signature = json_inner(m[B_SIGNATURE]);

	p->text = json_inner(m[B_THINKING]);
	if (native_is_envelope(signature)) {
		if (!native_open(signature, r->arena, &p->native))
			p->native = (struct native){ STR(""), STR("") };
	} else if (signature.n > 0) {
		p->native.code = STR("ant");
	}
	return true;
}

static bool read_redacted(struct anthropic_reader *r, const struct str *m)
{
	(void)m;
	add(r, PART_REASONING)->native.code = STR("ant");
	return true;
}

/* ---- what is kept as text ---- */

/* A summary speaks for the user; what follows it in the message is the assistant's again. */
static bool read_summary(struct anthropic_reader *r, const struct str *m)
{
	const struct str v[] = { STR("[conversation summary]\\n"), json_inner(m[B_CONTENT]) };
	struct turn *t = r->c->last_turn;

	if (v[1].n == 0)
		return true;
	warn_field(&r->c->warnings, STR("compaction"), r->arena);
	if (r->to != NULL && r->to->first == NULL)
		t->role = ROLE_USER;
	else
		t = content_add_turn(r->c, ROLE_USER);
	parts_add_text(&t->parts, anthropic_join(r->arena, v, 2), r->arena);
	r->to = NULL;
	return true;
}

/* Ids, and what nobody but its provider can read. */
static bool is_opaque(struct str key)
{
	static const struct str names[] = { STR_INIT("type"), STR_INIT("id"), STR_INIT("data"),
		STR_INIT("signature"), STR_INIT("caller"), STR_INIT("cache_control") };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(key, names[i]))
			return true;
	return str_ends(key, STR("_id")) || str_starts(key, STR("encrypted_"));
}

/* All that can be read in a value: a line for each string and number. The depth of a value is bounded by whoever took it. */
static void render(struct buf *out, struct str key, struct str value)
{
	struct json_iter it;
	struct json_member m;
	struct err none = { 0 };
	bool array = value.n > 0 && value.p[0] == '[';

	if (value.n == 0 || json_is_null(value))
		return;
	if (!array && value.p[0] != '{') {
		if (key.n > 0) {
			buf_add(out, key);
			buf_add(out, STR(": "));
		}
		buf_add(out, json_is_string(value) ? json_inner(value) : value);
		buf_add(out, STR("\\n"));
		return;
	}
	if (array ? !json_iter_init_array(&it, value, &none) : !json_iter_init(&it, value, &none))
		return;
	while (json_next(&it, &m, &none))
		if (array || !is_opaque(m.key))
			render(out, array ? key : m.key, m.value);
}

/* What a tool of the provider was asked and has found. */
static bool flatten(struct anthropic_reader *r, const struct str *m)
{
	struct str name = json_inner(m[B_NAME]);
	struct buf b;

	buf_init(&b, RENDERED_MAX);
	buf_add(&b, STR("\\n["));
	buf_add(&b, name.n > 0 ? name : json_inner(m[B_TYPE]));
	buf_add(&b, STR("]\\n"));
	render(&b, STR(""), m[B_TEXT]);
	render(&b, STR(""), m[B_INPUT]);
	render(&b, STR(""), m[B_CONTENT]);
	warn(&r->c->warnings, "server_tool_history_flattened");
	add_text(r, arena_dup(r->arena, buf_str(&b)), (struct str){ NULL, 0 });
	buf_release(&b);
	return true;
}

static bool read_container_upload(struct anthropic_reader *r, const struct str *m)
{
	(void)m;
	return anthropic_refuse(r, ".file_id", "is a file that only its own provider has");
}

/* ---- all of them ---- */

static const struct row {
	struct str type;
	unsigned places;
	bool (*read)(struct anthropic_reader *r, const struct str *m);
} rows[] = {
	{ STR_INIT("text"), ~0U, read_text },
	{ STR_INIT("tool_use"), PLACE_ASSISTANT, read_tool_use },
	{ STR_INIT("tool_result"), PLACE_USER, read_tool_result },
	{ STR_INIT("thinking"), PLACE_ASSISTANT, read_thinking },
	{ STR_INIT("redacted_thinking"), PLACE_ASSISTANT, read_redacted },
	{ STR_INIT("image"), PLACE_USER | PLACE_RESULT | PLACE_DOCUMENT, read_image },
	{ STR_INIT("document"), PLACE_USER | PLACE_RESULT, read_document },
	{ STR_INIT("search_result"), PLACE_USER | PLACE_RESULT, read_search_result },
	{ STR_INIT("tool_reference"), PLACE_USER | PLACE_RESULT, read_tool_name },
	{ STR_INIT("tool_addition"), PLACE_MIDDLE, read_tool_name },
	{ STR_INIT("tool_removal"), PLACE_MIDDLE, read_tool_name },
	{ STR_INIT("browser_state"), PLACE_RESULT, flatten },
	{ STR_INIT("container_upload"), PLACE_USER | PLACE_ASSISTANT, read_container_upload },
	{ STR_INIT("compaction"), PLACE_ASSISTANT, read_summary },
};

static const struct row *row_of(struct str type)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(type, rows[i].type))
			return &rows[i];
	return NULL;
}

static bool read_block(struct anthropic_reader *r, struct json_iter *list)
{
	struct str m[B_MEMBERS] = { 0 }, other = STR(""), type;
	const struct row *row;

	if (json_peek(list) != '{')
		return anthropic_refuse(r, "", "must be an object");
	if (!anthropic_take_members(list, ANTHROPIC_NAMES(member_names), m, &other, r->e))
		return false;
	type = json_inner(m[B_TYPE]);
	row = row_of(type);
	/* What else an assistant has said are the provider's tools. */
	if (row == NULL && r->place == PLACE_ASSISTANT)
		return flatten(r, m);
	if (row == NULL)
		return anthropic_refuse(r, ".type", "is of no kind that this route can translate");
	if ((row->places & r->place) == 0)
		return anthropic_refuse(r, ".type", "is of a kind that cannot stand here");
	if (other.n > 0 && row->read != flatten && row->read != read_tool_name)
		warn_field(&r->c->warnings, other, r->arena);
	return row->read(r, m);
}

bool anthropic_read_blocks(struct anthropic_reader *r, struct str content)
{
	struct json_iter it;
	struct str key;
	size_t *n = r->depth == 0 ? &r->block : &r->inner;

	if (json_is_string(content)) {
		add_text(r, json_inner(content), (struct str){ NULL, 0 });
		return true;
	}
	if (content.n == 0 || content.p[0] != '[')
		return anthropic_refuse(r, "", "must be a string or an array of blocks");
	if (!json_iter_init_array(&it, content, r->e))
		return false;
	r->depth++;
	for (size_t i = 0; json_next_key(&it, &key, r->e); i++) {
		*n = i;
		if (!read_block(r, &it))
			return false;
	}
	r->depth--;
	return r->e->kind == ERR_NONE;
}
