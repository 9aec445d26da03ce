/* SPDX-License-Identifier: MIT */
/* The contents of a client's request, as turns. Many clients give their calls no ids, and others give them to the responses only:
 * what belongs together is found by name then. */
#include "llm/gemini.h"
#include "llm/ids.h"

#include <stdlib.h>
#include <string.h>

/* A call that waits for its response. */
struct waiting {
	struct str name, id;
	size_t order;
	bool made_up;
	size_t next; /* of the first of a name: how many of them have been answered */
};

struct reader {
	struct content *c;
	struct arena *a;
	struct err *e;
	size_t content, part;    /* that is read, for errors */
	unsigned calls;          /* so many in the request */
	struct waiting *waiting; /* of the last content of the model */
	size_t n, cap;
	bool sorted;
	struct turn *turn;
	struct part *run;              /* the text or thought that goes on; NULL without one */
	struct buf text;               /* of it, once there is more than one piece */
	struct part *unsigned_thought; /* the last one since the last call */
	struct part *
		lead; /* the last call and the thoughts right behind it: where one with no place of its own belongs; NULL: in front */
};

/* One part of a content, by its members. */
struct members {
	struct str text, inline_data, file_data, call, response, code, code_result, signature;
	bool thought, unknown, any;
};

static struct str member(struct str object, struct str camel)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct str ret = { NULL, 0 };

	if (object.n == 0 || object.p[0] != '{' || !json_iter_init(&it, object, &e))
		return ret;
	while (json_next(&it, &m, &e))
		if (gemini_key_is(m.key, camel) && !json_is_null(m.value))
			ret = m.value;
	return ret;
}

/* ---- ids ---- */

static void await(struct reader *r, const struct part *call, bool made_up)
{
	if (r->n == r->cap) {
		r->cap = r->cap > 0 ? 2 * r->cap : 8;
		r->waiting = must_realloc(r->waiting, r->cap * sizeof(*r->waiting));
	}
	r->waiting[r->n] = (struct waiting){
		.name = call->name, .id = call->id, .order = r->n, .made_up = made_up
	};
	r->n++;
	r->sorted = false;
}

static int compare_names(struct str a, struct str b)
{
	const size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0; /* empty ones may be NULL */

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_waiting(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;
	int order = compare_names(x->name, y->name);

	return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

/* The first of that name; NULL without one. */
static struct waiting *find_waiting(struct reader *r, struct str name)
{
	size_t low = 0, high = r->n;

	if (!r->sorted && r->n > 1)
		qsort(r->waiting, r->n, sizeof(*r->waiting), compare_waiting);
	r->sorted = true;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_names(r->waiting[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->n && str_eq(r->waiting[low].name, name) ? &r->waiting[low] : NULL;
}

/* The next one of its name that has no answer. */
static const struct waiting *next_waiting(struct reader *r, struct str name)
{
	struct waiting *first = find_waiting(r, name);
	size_t at;

	if (first == NULL)
		return NULL;
	at = (size_t)(first - r->waiting) + first->next;
	if (at >= r->n || !str_eq(r->waiting[at].name, name))
		return NULL;
	first->next++;
	return &r->waiting[at];
}

/* An id of its own counts, unless the call's had to be made up. */
static struct str id_for_result(struct reader *r, struct str id, struct str name)
{
	const struct waiting *w = next_waiting(r, name);

	if (w != NULL && (w->made_up || id.n == 0))
		return w->id;
	return id.n > 0 ? id_of_call(id, "call_", r->a)
			: id_made_up("call_", STR("unasked"), r->calls++, r->a);
}

/* ---- refusals ---- */

static bool refuse(struct reader *r, const char *member, const char *why)
{
	return err_set(r->e, ERR_INVALID, "'contents[%zu].parts[%zu].%s' %s", r->content, r->part,
		member, why);
}

/* ---- parts ---- */

static bool read_members(struct reader *r, struct str part, struct members *ret)
{
	static const struct {
		struct str name;
		size_t to;
	} rows[] = {
		{ STR_INIT("text"), offsetof(struct members, text) },
		{ STR_INIT("functionCall"), offsetof(struct members, call) },
		{ STR_INIT("functionResponse"), offsetof(struct members, response) },
		{ STR_INIT("thoughtSignature"), offsetof(struct members, signature) },
		{ STR_INIT("inlineData"), offsetof(struct members, inline_data) },
		{ STR_INIT("fileData"), offsetof(struct members, file_data) },
		{ STR_INIT("executableCode"), offsetof(struct members, code) },
		{ STR_INIT("codeExecutionResult"), offsetof(struct members, code_result) },
	};
	struct json_iter it;
	struct json_member m;

	*ret = (struct members){ .thought = false };
	if (!json_iter_init(&it, part, r->e))
		return refuse(r, "", "is no object");
	while (json_next(&it, &m, r->e)) {
		size_t i = 0;
		while (i < ARRAY_LEN(rows) && !gemini_key_is(m.key, rows[i].name))
			i++;
		ret->any = ret->any || i < ARRAY_LEN(rows);
		if (i < ARRAY_LEN(rows) && !json_is_null(m.value))
			memcpy((char *)ret + rows[i].to, &m.value, sizeof(m.value));
		else if (gemini_key_is(m.key, STR("thought")))
			ret->thought = json_is_true(m.value);
		else if (gemini_key_is(m.key, STR("toolCall")) ||
			 gemini_key_is(m.key, STR("toolResponse")))
			ret->unknown = true;
	}
	return r->e->kind == ERR_NONE;
}

static bool add_blob(struct reader *r, struct part **ret, struct parts *to, struct str blob)
{
	const struct str mime = json_inner(member(blob, STR("mimeType")));
	enum part_kind kind;

	if (str_starts(mime, STR("image/")))
		kind = PART_IMAGE;
	else if (str_starts(mime, STR("audio/")))
		kind = PART_AUDIO;
	else if (str_eq(mime, STR("application/pdf")))
		kind = PART_DOCUMENT;
	else
		return refuse(r, "inlineData.mimeType", "is no type that this provider takes");
	*ret = parts_add(to, kind, r->a);
	(*ret)->media_type = mime;
	(*ret)->data = json_inner(member(blob, STR("data")));
	(*ret)->name = json_inner(member(blob, STR("displayName")));
	return true;
}

/* ---- text and thoughts ---- */

static void end_run(struct reader *r)
{
	if (r->run != NULL && r->text.n > 0)
		r->run->text = arena_dup(r->a, buf_str(&r->text));
	buf_clear(&r->text);
	r->run = NULL;
}

static struct part *add_part(struct reader *r, enum part_kind kind)
{
	struct parts *to = &r->turn->parts;
	const bool leads = to->last == r->lead && kind == PART_REASONING;
	struct part *p;

	end_run(r);
	p = parts_add(to, kind, r->a);
	if (kind == PART_CALL || leads)
		r->lead = p;
	return p;
}

/* The model's comes back in the pieces in which it was streamed, of which some are but white space. */
static void add_piece(struct reader *r, enum part_kind kind, struct str text)
{
	if (text.n == 0)
		return;
	if (r->run != NULL && r->run->kind == kind && r->turn->role == ROLE_ASSISTANT) {
		if (r->text.n == 0)
			buf_add(&r->text, r->run->text);
		buf_add(&r->text, text);
		return;
	}
	r->run = add_part(r, kind);
	r->run->text = text;
	if (kind == PART_REASONING)
		r->unsigned_thought = r->run;
}

static struct part *insert_thought(struct reader *r)
{
	struct parts *to = &r->turn->parts;
	struct part *p = arena_alloc(r->a, sizeof(*p));

	p->kind = PART_REASONING;
	p->next = r->lead != NULL ? r->lead->next : to->first;
	*(r->lead != NULL ? &r->lead->next : &to->first) = p;
	if (p->next == NULL)
		to->last = p;
	r->lead = p;
	return p;
}

/* The thought since the last call that has come without its signature. Where the client has kept no thoughts, one is made:
 * providers want it in front. */
static struct part *thought_to_sign(struct reader *r)
{
	struct part *p = r->unsigned_thought;

	end_run(r);
	r->unsigned_thought = NULL;
	return p != NULL ? p : insert_thought(r);
}

/* The envelope of another provider; what is Gemini's own is the call's. */
static void read_signature(struct reader *r, struct str signature, struct part *call)
{
	struct str inner = json_inner(signature);
	struct native n;

	if (inner.n == 0 || str_eq(inner, STR("skip_thought_signature_validator")))
		return;
	if (!native_is_envelope(inner)) {
		if (call != NULL)
			call->native = (struct native){ STR("gem"), signature };
		return;
	}
	if (!native_open(inner, r->a, &n)) {
		warn(&r->c->warnings, r->c->reasoning_lost);
		return;
	}
	struct part *p = thought_to_sign(r);
	p->native = n;
	if (p->text.n == 0)
		p->text = json_inner(json_get(n.payload, STR("t")));
}

static bool read_call(struct reader *r, const struct members *m)
{
	struct str id = json_inner(member(m->call, STR("id")));
	struct str args = member(m->call, STR("args"));
	struct part *p;

	if (m->signature.n > 0 && native_is_envelope(json_inner(m->signature)))
		read_signature(r, m->signature, NULL);
	p = add_part(r, PART_CALL);
	p->name = json_inner(member(m->call, STR("name")));
	p->id = id.n > 0 ? id_of_call(id, "call_", r->a)
			 : id_made_up("call_", STR("g"), r->calls, r->a);
	p->text = args.n > 0 && args.p[0] == '{' ? args : STR("{}");
	if (m->signature.n > 0 && !native_is_envelope(json_inner(m->signature)))
		read_signature(r, m->signature, p);
	await(r, p, id.n == 0);
	r->calls++;
	r->unsigned_thought = NULL;
	return true;
}

/* A string as it is, all else as the JSON that it is. */
static struct str text_of(struct reader *r, struct str value)
{
	struct buf b;
	struct str ret;

	if (value.p == NULL || json_is_string(value))
		return json_inner(value);
	buf_init(&b, SIZE_MAX);
	json_add_compact_escaped(&b, value);
	ret = arena_dup(r->a, buf_str(&b));
	buf_release(&b);
	return ret;
}

/* {"output":…} or {"error":…}; any other object is the result itself. */
static void read_outcome(
	struct reader *r, struct str response, struct part *result, struct parts *to)
{
	struct json_iter it;
	struct json_member m = { .key = { NULL, 0 } };
	struct err e = { 0 };
	size_t n = 0;

	if (response.n == 0)
		return;
	if (response.p[0] == '{' && json_iter_init(&it, response, &e))
		while (json_next(&it, &m, &e))
			n++;
	const bool error = n == 1 && gemini_key_is(m.key, STR("error"));
	const bool output = n == 1 && gemini_key_is(m.key, STR("output"));
	result->is_error = error;
	parts_add_text(to, text_of(r, error || output ? m.value : response), r->a);
}

static bool read_response(struct reader *r, const struct members *m)
{
	struct str media = member(m->response, STR("parts"));
	struct str name = json_inner(member(m->response, STR("name")));
	struct str id = json_inner(member(m->response, STR("id")));
	struct part *p = add_part(r, PART_RESULT), *image;
	struct parts inner = { NULL, NULL };
	struct json_iter it;
	struct json_member item;

	p->name = name;
	p->id = id_for_result(r, id, name);
	read_outcome(r, member(m->response, STR("response")), p, &inner);
	if (media.n > 0 && media.p[0] == '[') {
		if (!json_iter_init_array(&it, media, r->e))
			return false;
		while (json_next(&it, &item, r->e)) {
			if (member(item.value, STR("fileData")).n > 0)
				return refuse(r, "functionResponse.parts.fileData",
					"cannot be fetched for this provider");
			struct str blob = member(item.value, STR("inlineData"));
			if (blob.n > 0 && !add_blob(r, &image, &inner, blob))
				return false;
		}
	}
	p->parts = inner.first;
	return r->e->kind == ERR_NONE;
}

/* Code that the provider of the time has run, as text. */
static void flatten(struct reader *r, const struct members *m)
{
	struct str code = json_inner(member(m->code, STR("code")));
	struct str output = json_inner(member(m->code_result, STR("output")));

	warn(&r->c->warnings, "server_tool_history_flattened");
	end_run(r);
	parts_add_text(&r->turn->parts, code, r->a);
	parts_add_text(&r->turn->parts, output, r->a);
}

static bool read_part(struct reader *r, struct str value)
{
	struct members m;
	struct part *p;

	if (!read_members(r, value, &m))
		return false;
	if (m.file_data.n > 0)
		return refuse(r, "fileData", "cannot be fetched for this provider");
	if (m.unknown)
		return refuse(r, "toolCall", "belongs to a tool of another provider");
	if (!m.any)
		return err_set(r->e, ERR_INVALID,
			"'contents[%zu].parts[%zu]' is of no kind that this route can translate",
			r->content, r->part);
	if (m.call.n > 0)
		return read_call(r, &m);
	if (m.response.n > 0)
		return read_response(r, &m);
	if (m.inline_data.n > 0) {
		end_run(r);
		return add_blob(r, &p, &r->turn->parts, m.inline_data);
	}
	if (m.code.n > 0 || m.code_result.n > 0)
		flatten(r, &m);
	else
		add_piece(r, m.thought ? PART_REASONING : PART_TEXT, json_inner(m.text));
	if (m.signature.n > 0)
		read_signature(r, m.signature, NULL);
	return true;
}

/* ---- contents ---- */

static bool read_parts(struct reader *r, struct str list)
{
	struct json_iter it;
	struct json_member m;

	r->part = 0;
	if (list.n == 0)
		return true;
	if (list.p[0] == '{')
		return read_part(r, list);
	if (!json_iter_init_array(&it, list, r->e))
		return err_set(r->e, ERR_INVALID, "'contents[%zu].parts' is no array", r->content);
	for (; json_next(&it, &m, r->e); r->part++)
		if (!read_part(r, m.value))
			return false;
	return r->e->kind == ERR_NONE;
}

/* Streams come back as one content for each chunk: calls of neighbouring ones are one step. */
static void begin_turn(struct reader *r, bool model)
{
	if (model && r->turn != NULL && r->turn->role == ROLE_ASSISTANT)
		return;
	if (model)
		r->n = 0;
	end_run(r);
	r->unsigned_thought = r->lead = NULL;
	r->turn = content_add_turn(r->c, model ? ROLE_ASSISTANT : ROLE_USER);
}

static bool read_turn(struct reader *r, struct str content)
{
	struct str role = { NULL, 0 }, parts = { NULL, 0 };
	struct json_iter it;
	struct json_member m;

	if (!json_iter_init(&it, content, r->e))
		return err_set(r->e, ERR_INVALID, "'contents[%zu]' is no object", r->content);
	while (json_next(&it, &m, r->e)) {
		if (gemini_key_is(m.key, STR("role")))
			role = json_inner(m.value);
		else if (gemini_key_is(m.key, STR("parts")) && !json_is_null(m.value))
			parts = m.value;
	}
	begin_turn(r, str_eq(role, STR("model")));
	return r->e->kind == ERR_NONE && read_parts(r, parts);
}

bool gemini_read_turns(struct content *c, struct str contents, struct err *e)
{
	struct reader r = { .c = c, .a = c->arena, .e = e };
	struct json_iter it;
	struct json_member m;
	bool ok = true;

	buf_init(&r.text, SIZE_MAX);
	if (contents.p[0] == '{') {
		ok = read_turn(&r, contents);
	} else if (!json_iter_init_array(&it, contents, e)) {
		ok = err_set(e, ERR_INVALID, "'contents' is no array");
	} else {
		for (; ok && json_next(&it, &m, e); r.content++)
			ok = read_turn(&r, m.value);
		ok = ok && e->kind == ERR_NONE;
	}
	end_run(&r);
	buf_release(&r.text);
	free(r.waiting);
	return ok;
}

static bool add_system_text(struct content *c, struct str part, struct err *e)
{
	struct str text = member(part, STR("text"));

	if (!json_is_string(text))
		return err_set(
			e, ERR_INVALID, "'systemInstruction' holds something else than text");
	parts_add_text(&c->system, json_inner(text), c->arena);
	return true;
}

bool gemini_read_system(struct content *c, struct str instruction, struct err *e)
{
	struct str list = member(instruction, STR("parts"));
	struct json_iter it;
	struct json_member m;

	c->system = (struct parts){ NULL, NULL };
	if (json_is_string(instruction)) {
		parts_add_text(&c->system, json_inner(instruction), c->arena);
		return true;
	}
	if (list.n == 0)
		return true;
	if (list.p[0] == '{')
		return add_system_text(c, list, e);
	if (!json_iter_init_array(&it, list, e))
		return err_set(e, ERR_INVALID, "'systemInstruction.parts' is no array");
	while (json_next(&it, &m, e))
		if (!add_system_text(c, m.value, e))
			return false;
	return e->kind == ERR_NONE;
}
