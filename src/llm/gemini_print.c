/* SPDX-License-Identifier: MIT */
/* A request for the API: generateContent, streamGenerateContent, countTokens. Its order is fixed: parameters, tools, system, contents, so that
 * a conversation that grows keeps its prefix. */
#include "llm/gemini.h"
#include "wire/hash.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 128 };

/* A signature that is known by its call's id; both as they stand in the envelope, raw. */
struct signature {
	struct str id, value;
};

struct printer {
	struct buf *out;
	struct content *c;
	const struct target *t;
	struct err *e;
	enum gemini_generation generation;
	enum message_role open; /* of the content that is open */
	bool has_call;
	struct signature *v; /* of the turn, by id */
	size_t n, cap;
	struct str next; /* that of the next call */
};

/* ---- names ---- */

static bool is_letter(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

static bool is_name_char(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == ':' || c == '-';
}

static bool is_name(struct str s)
{
	if (s.n == 0 || s.n > NAME_MAX_BYTES || !is_letter(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_name_char(s.p[i]))
			return false;
	return true;
}

/* A function must be called something that the API takes; the same name gives the same one always. */
static struct str fit_name(struct str name, struct arena *a)
{
	struct digest d;
	struct buf b;
	struct str ret;

	if (is_name(name))
		return name;
	buf_init(&b, SIZE_MAX);
	if (name.n == 0 || !is_letter(name.p[0]))
		buf_add_char(&b, '_');
	for (size_t i = 0; i < name.n; i++)
		buf_add_char(&b, is_name_char(name.p[i]) ? name.p[i] : '_');
	if (b.n > NAME_MAX_BYTES) {
		d = hash_of(name);
		b.n = NAME_MAX_BYTES - 17;
		buf_add_char(&b, '_');
		digest_print(&b, &d, 8);
	}
	ret = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return ret;
}

/* Everywhere, so that the reply's names can be told back. */
static void fit_names(struct content *c)
{
	for (struct tool *t = c->tools; t != NULL; t = t->next)
		if (t->kind != TOOL_SERVER)
			t->wire_name = fit_name(t->wire_name, c->arena);
	for (size_t i = 0; i < c->choice_names.n; i++)
		c->choice_names.v[i] = fit_name(c->choice_names.v[i], c->arena);
	for (struct turn *t = c->turns; t != NULL; t = t->next)
		for (struct part *p = t->parts.first; p != NULL; p = p->next)
			if (p->kind == PART_CALL || p->kind == PART_RESULT)
				p->name = fit_name(p->name, c->arena);
}

/* ---- tools ---- */

static void lose(struct printer *p, const char *code)
{
	warn(&p->c->warnings, code);
}

static void add_schema_of(struct printer *p, struct str schema)
{
	if (gemini_add_parameters(p->out, schema, p->generation == GENERATION_OLD))
		lose(p, "schema_keyword_dropped");
}

/* A tool that takes text: the rules of it go into the words. */
static void add_freeform(struct printer *p, const struct tool *t)
{
	const struct str syntax = json_inner(json_get(t->grammar, STR("syntax")));
	const struct str rules = json_inner(json_get(t->grammar, STR("definition")));

	lose(p, "custom_tool_wrapped");
	if (t->description.n > 0 || rules.n > 0) {
		buf_add(p->out, STR(",\"description\":\""));
		buf_add(p->out, t->description);
		if (t->description.n > 0 && rules.n > 0)
			buf_add(p->out, STR("\\n\\n"));
		if (rules.n > 0) {
			buf_add(p->out, STR("The \\\"input\\\" string must match this "));
			buf_add(p->out, syntax);
			buf_add(p->out, STR(" grammar:\\n"));
			buf_add(p->out, rules);
		}
		buf_add_char(p->out, '"');
	}
	add_schema_of(
		p, STR("{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
		       "\"required\":[\"input\"]}"));
}

static void add_tool(struct printer *p, const struct tool *t)
{
	buf_add(p->out, STR("{\"name\":"));
	json_add_quoted(p->out, t->wire_name);
	if (t->kind == TOOL_FREEFORM) {
		add_freeform(p, t);
	} else {
		if (t->description.n > 0) {
			buf_add(p->out, STR(",\"description\":"));
			json_add_quoted(p->out, t->description);
		}
		add_schema_of(p, t->schema);
	}
	buf_add_char(p->out, '}');
}

static void add_choice(struct printer *p)
{
	static const char *const modes[] = { [CHOICE_AUTO] = "AUTO",
		[CHOICE_ANY] = "ANY",
		[CHOICE_NONE] = "NONE",
		[CHOICE_NAMED] = "ANY",
		[CHOICE_AUTO_AMONG] = "VALIDATED", /* AUTO takes no names */
		[CHOICE_ANY_AMONG] = "ANY" };
	const enum tool_choice choice = p->c->choice;

	if (choice == CHOICE_UNSET)
		return;
	buf_addf(p->out, "\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"%s\"",
		modes[choice]);
	if (choice >= CHOICE_NAMED && p->c->choice_names.n > 0) {
		buf_add(p->out, STR(",\"allowedFunctionNames\":"));
		gemini_add_words(p->out, &p->c->choice_names, SIZE_MAX);
	}
	buf_add(p->out, STR("}},"));
}

static void add_tools(struct printer *p)
{
	unsigned n = 0;

	for (const struct tool *t = p->c->tools; t != NULL; t = t->next) {
		if (t->kind == TOOL_SERVER) {
			lose(p, "server_tool_dropped");
			continue;
		}
		buf_add(p->out, n++ > 0 ? STR(",") : STR("\"tools\":[{\"functionDeclarations\":["));
		add_tool(p, t);
	}
	if (n == 0)
		return;
	buf_add(p->out, STR("]}],"));
	add_choice(p);
	if (p->c->parallel_calls == 0)
		lose(p, "parallel_flag_dropped");
}

/* ---- signatures ---- */

static int compare_signatures(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;
	size_t n = x->id.n < y->id.n ? x->id.n : y->id.n;
	int order = n > 0 ? memcmp(x->id.p, y->id.p, n) : 0;

	return order != 0 ? order : (x->id.n > y->id.n) - (x->id.n < y->id.n);
}

/* ["fc", call id, signature]; has been in the client's hands. */
static bool read_signature(struct str triple, struct signature *ret)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct str v[3];
	unsigned n = 0;

	if (triple.n == 0 || triple.p[0] != '[' || !json_iter_init_array(&it, triple, &e))
		return false;
	while (n < 3 && json_next(&it, &m, &e))
		v[n++] = json_inner(m.value).p != NULL ? m.value : STR("");
	if (n < 3 || !str_eq(v[0], STR("\"fc\"")) || v[1].n == 0 || v[2].n <= 2)
		return false;
	*ret = (struct signature){ json_inner(v[1]), v[2] };
	return true;
}

static void keep_signature(struct printer *p, const struct signature *s)
{
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 8;
		p->v = must_realloc(p->v, p->cap * sizeof(*p->v));
	}
	p->v[p->n++] = *s;
}

static void read_envelope(struct printer *p, struct str payload, bool by_id)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct signature s;
	struct str list = json_get(payload, STR("p"));

	if (list.p == NULL || !json_iter_init_array(&it, list, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (!read_signature(m.value, &s))
			continue;
		if (s.id.n > 0 && by_id)
			keep_signature(p, &s);
		else if (s.id.n == 0)
			p->next = s.value;
	}
}

static bool is_ours(const struct part *part)
{
	return part->kind == PART_REASONING && str_eq(part->native.code, STR("gem"));
}

/* All of a turn, for the calls in it. */
static void read_signatures(struct printer *p, const struct turn *t)
{
	p->n = 0;
	for (const struct part *part = t->parts.first; part != NULL; part = part->next)
		if (is_ours(part))
			read_envelope(p, part->native.payload, true);
	if (p->n > 1)
		qsort(p->v, p->n, sizeof(*p->v), compare_signatures);
	p->next = (struct str){ NULL, 0 };
}

static struct str signature_of(struct printer *p, const struct part *call)
{
	const struct signature key = { .id = call->id };
	const struct signature *s;
	struct str next = p->next;

	p->next = (struct str){ NULL, 0 };
	if (str_eq(call->native.code, STR("gem")) && json_inner(call->native.payload).n > 0)
		return call->native.payload;
	s = p->n > 0 ? bsearch(&key, p->v, p->n, sizeof(*p->v), compare_signatures) : NULL;
	return s != NULL ? s->value : next;
}

/* ---- contents ---- */

/* A content is opened by its first part; the first of all must be the user's. */
static void begin_part(struct printer *p, enum message_role role)
{
	const bool model = role == ROLE_ASSISTANT;

	if (p->open == role) {
		buf_add_char(p->out, ',');
		return;
	}
	if (p->open == ROLE_NONE && model)
		buf_add(p->out, STR("{\"role\":\"user\",\"parts\":[{\"text\":\"(continued)\"}]},"));
	else if (p->open != ROLE_NONE)
		buf_add(p->out, STR("]},"));
	buf_add(p->out, model ? STR("{\"role\":\"model\",\"parts\":[")
			      : STR("{\"role\":\"user\",\"parts\":["));
	p->open = role;
	p->has_call = false;
}

static void add_inline(struct printer *p, const struct part *part)
{
	buf_add(p->out, STR("{\"inlineData\":{\"mimeType\":"));
	json_add_quoted(p->out,
		str_eq(part->media_type, STR("image/jpg")) ? STR("image/jpeg") : part->media_type);
	buf_add(p->out, STR(",\"data\":"));
	json_add_quoted(p->out, part->data);
	buf_add(p->out, STR("}}"));
}

static bool is_media(const struct part *part)
{
	return part->kind == PART_IMAGE || part->kind == PART_DOCUMENT || part->kind == PART_AUDIO;
}

static bool check_media(struct printer *p, const struct part *part)
{
	if (part->url.n > 0)
		return err_set(p->e, ERR_INVALID,
			"images and files by URL cannot be sent to this provider, only their data");
	return true;
}

static void add_text(struct printer *p, enum message_role role, struct str text)
{
	begin_part(p, role);
	buf_add(p->out, STR("{\"text\":"));
	json_add_quoted(p->out, text);
	buf_add_char(p->out, '}');
}

/* The first call of a content is the one whose signature is asked for. */
static void add_call(struct printer *p, const struct part *part)
{
	struct str signature = signature_of(p, part);

	begin_part(p, ROLE_ASSISTANT);
	buf_add(p->out, STR("{\"functionCall\":{\"id\":"));
	json_add_quoted(p->out, part->id);
	buf_add(p->out, STR(",\"name\":"));
	json_add_quoted(p->out, part->name);
	buf_add(p->out, STR(",\"args\":"));
	if (part->freeform) {
		buf_add(p->out, STR("{\"input\":"));
		json_add_quoted(p->out, part->text);
		buf_add_char(p->out, '}');
	} else {
		json_add_compact(p->out, part->text.n > 0 ? part->text : STR("{}"));
	}
	buf_add_char(p->out, '}');
	if (signature.n == 0 && !p->has_call && p->generation == GENERATION_3) {
		signature = STR("\"skip_thought_signature_validator\"");
		lose(p, "thought_signature_missing");
	}
	if (signature.n > 0) {
		buf_add(p->out, STR(",\"thoughtSignature\":"));
		buf_add(p->out, signature);
	}
	buf_add_char(p->out, '}');
	p->has_call = true;
}

static void add_result_text(struct printer *p, const struct part *part)
{
	bool first = true;

	buf_add_char(p->out, '"');
	for (const struct part *q = part->parts; q != NULL; q = q->next) {
		if (q->kind != PART_TEXT)
			continue;
		buf_add(p->out, first ? STR("") : STR("\\n\\n"));
		buf_add(p->out, q->text);
		first = false;
	}
	buf_add_char(p->out, '"');
}

/* Within the result, for models that look there. */
static bool add_result_media(struct printer *p, const struct part *part)
{
	const bool within = p->generation == GENERATION_3;
	bool first = true;

	for (const struct part *q = part->parts; q != NULL; q = q->next) {
		if (!is_media(q))
			continue;
		if (!check_media(p, q))
			return false;
		buf_add(p->out, within && first ? STR(",\"parts\":[") : STR(","));
		first = false;
		add_inline(p, q);
	}
	buf_add(p->out, within && !first ? STR("]") : STR(""));
	return true;
}

static bool add_result(struct printer *p, const struct part *part)
{
	begin_part(p, ROLE_USER);
	buf_add(p->out, STR("{\"functionResponse\":{\"id\":"));
	json_add_quoted(p->out, part->id);
	buf_add(p->out, STR(",\"name\":"));
	json_add_quoted(p->out, part->name);
	buf_add(p->out, part->is_error ? STR(",\"response\":{\"error\":")
				       : STR(",\"response\":{\"output\":"));
	add_result_text(p, part);
	buf_add_char(p->out, '}');
	if (p->generation == GENERATION_3 && !add_result_media(p, part))
		return false;
	buf_add(p->out, STR("}}"));
	return true;
}

/* Behind the last result of a turn, what does not go into them. */
static bool add_media_behind(struct printer *p, const struct part *first, const struct part *end)
{
	if (p->generation == GENERATION_3)
		return true;
	for (const struct part *part = first; part != end; part = part->next)
		if (part->kind == PART_RESULT && !add_result_media(p, part))
			return false;
	return true;
}

static bool add_part(struct printer *p, enum message_role role, const struct part *part)
{
	switch (part->kind) {
	case PART_TEXT:
		add_text(p, role, part->text);
		return true;
	case PART_IMAGE:
	case PART_DOCUMENT:
	case PART_AUDIO:
		if (!check_media(p, part))
			return false;
		begin_part(p, role);
		add_inline(p, part);
		return true;
	case PART_CALL:
		add_call(p, part);
		return true;
	case PART_RESULT:
		return add_result(p, part);
	case PART_REASONING:
		if (is_ours(part))
			read_envelope(p, part->native.payload, false);
		else
			lose(p, p->c->reasoning_lost);
		return true;
	}
	return true;
}

static bool add_parts(struct printer *p, const struct turn *t)
{
	const struct part *first = t->parts.first, *part = first;

	/* Results come first. */
	for (; part != NULL && part->kind == PART_RESULT; part = part->next)
		if (!add_part(p, t->role, part))
			return false;
	if (!add_media_behind(p, first, part))
		return false;
	for (; part != NULL; part = part->next)
		if (!add_part(p, t->role, part))
			return false;
	return true;
}

static bool add_contents(struct printer *p)
{
	buf_add(p->out, STR("\"contents\":["));
	for (const struct turn *t = p->c->turns; t != NULL; t = t->next) {
		if (t->role == ROLE_ASSISTANT)
			read_signatures(p, t);
		if (!add_parts(p, t))
			return false;
	}
	if (p->open == ROLE_ASSISTANT)
		lose(p, "prefill_not_continued");
	if (p->open == ROLE_ASSISTANT && p->c->answers_prefill)
		add_text(p, ROLE_USER, STR("(continue)"));
	buf_add(p->out, p->open != ROLE_NONE ? STR("]}]") : STR("]"));
	return true;
}

static void add_system(struct printer *p)
{
	const struct part *part = p->c->system.first;

	if (part == NULL)
		return;
	buf_add(p->out, STR("\"systemInstruction\":{\"parts\":["));
	for (bool first = true; part != NULL; part = part->next, first = false) {
		buf_add(p->out, first ? STR("{\"text\":") : STR(",{\"text\":"));
		json_add_quoted(p->out, part->text);
		buf_add_char(p->out, '}');
	}
	buf_add(p->out, STR("]},"));
}

/* ---- the request ---- */

static struct str bare_model(const struct target *t)
{
	return str_starts(t->model, STR("models/")) ? str_from_offset(t->model, 7) : t->model;
}

/* A model's name may hold anything. */
static void add_escaped_path(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		const char c = name.p[i];
		if (is_name_char(c) || c == '~' || c == '@')
			buf_add_char(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned char)c);
	}
}

static struct str path_of(const struct content *c, const struct target *t)
{
	struct buf b;
	struct str ret;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("/v1beta/models/"));
	add_escaped_path(&b, bare_model(t));
	buf_add(&b, t->count    ? STR(":countTokens")
		    : c->stream ? STR(":streamGenerateContent?alt=sse")
				: STR(":generateContent"));
	ret = arena_dup(c->arena, buf_str(&b));
	buf_release(&b);
	return ret;
}

static bool add_request(struct printer *p)
{
	buf_add_char(p->out, '{');
	if (p->t->count) {
		buf_add(p->out, STR("\"generateContentRequest\":{\"model\":\"models/"));
		json_add_escaped(p->out, bare_model(p->t));
		buf_add(p->out, STR("\","));
	}
	gemini_add_config(p->out, p->c, p->t);
	add_tools(p);
	add_system(p);
	if (!add_contents(p))
		return false;
	buf_add(p->out, p->t->count ? STR("}}") : STR("}"));
	return true;
}

bool gemini_print_content(
	struct wire_request *ret, struct content *c, const struct target *t, struct err *e)
{
	struct printer p = {
		.out = &ret->body, .c = c, .t = t, .e = e, .generation = gemini_generation_of(t)
	};

	content_fold_system(c);
	fit_names(c);
	ret->path = path_of(c, t);
	bool ok = add_request(&p);
	free(p.v);
	return ok;
}
