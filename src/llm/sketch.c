/* SPDX-License-Identifier: MIT */
/* The dialects of OpenAI and Google differ in names only: a message is an object with a role or a type, its content a text or a list, a
 * call has a name and an input wherever it stands. So they are walked over alike, by the members that are there. */
#include "llm/sketch.h"

#include "llm/wording.h"
#include "wire/json_text.h"

#include <string.h>

enum { DEEPEST = 3 };

struct walk {
	struct sketch *s;
	struct err *e;
};

/* What is gathered of one object on the way through its members. */
struct draft {
	struct str role, type, name;
	struct str text;   /* or a content that is a plain string */
	struct str input;  /* of a call */
	struct str result; /* response, output */
	struct str content;
	bool called, answered, pictured;
};

/* ---- scraps ---- */

void sketch_begin(struct sketch *s, struct arena *a)
{
	*s = (struct sketch){ .scraps = NULL };
	if (a == NULL)
		return;
	s->scraps = arena_alloc(a, sizeof(*s->scraps));
	s->scraps->n = s->scraps->high = 0;
}

struct scrap *scraps_add(struct scraps *p, enum scrap_kind kind, struct str value)
{
	struct scrap *to = &p->v[p->n++ % SCRAPS_KEPT];

	if (p->n > p->high)
		p->high = p->n;
	*to = (struct scrap){ .kind = kind, .value = value };
	return to;
}

const struct scrap *scraps_at(const struct scraps *p, size_t i)
{
	return i < p->n && i + SCRAPS_KEPT >= p->high ? &p->v[i % SCRAPS_KEPT] : NULL;
}

void sketch_begin_messages(struct sketch *s)
{
	const struct str none = { NULL, 0 };

	s->scraps->n = s->scraps->high = s->messages = s->assistants = 0;
	s->last = MESSAGE_SYSTEM;
	s->images = false;
	s->first_text = s->last_text = s->asked = none;
}

void sketch_begin_tools(struct sketch *s)
{
	s->tools = 0;
	s->tools_given = true;
	s->web_search = s->web_search_only = s->begins_plan = s->ends_plan = false;
}

static uint8_t role_of_kind(enum message_kind kind)
{
	return kind == MESSAGE_SYSTEM      ? SCRAP_SYSTEM
	       : kind == MESSAGE_ASSISTANT ? SCRAP_ASSISTANT
					   : SCRAP_USER;
}

void sketch_end_message(struct sketch *s, enum message_kind kind, size_t from)
{
	struct scraps *p = s->scraps;
	struct str first = { NULL, 0 }, last = first, own = first;

	if (p->n > SCRAPS_KEPT && from < p->n - SCRAPS_KEPT)
		from = p->n - SCRAPS_KEPT;
	for (size_t i = from; i < p->n; i++) {
		struct scrap *scrap = &p->v[i % SCRAPS_KEPT];
		scrap->role = role_of_kind(kind);
		scrap->own = kind == MESSAGE_USER;
		scrap->message = (uint32_t)s->messages;
		if (scrap->kind != SCRAP_TEXT)
			continue;
		last = scrap->value;
		if (first.p == NULL)
			first = last;
		if (!scrap->own || !wording_is_own(scrap->value))
			continue;
		s->asked = scrap->value;
		if (own.p == NULL)
			own = scrap->value;
	}
	if (kind == MESSAGE_SYSTEM) {
		if (s->system.n == 0 && first.p != NULL)
			s->system = first;
	} else {
		s->assistants += kind == MESSAGE_ASSISTANT && s->last != MESSAGE_ASSISTANT;
		s->last = kind;
		s->last_text = kind == MESSAGE_ASSISTANT ? STR("") : last;
	}
	if (kind == MESSAGE_USER && s->first_text.p == NULL)
		s->first_text = own.p != NULL ? own : last.p != NULL ? last : STR("");
	s->messages++;
}

/* ---- objects ---- */

static bool key_is_any(struct str key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_key_is(key, str_from(*names)))
			return true;
	return false;
}

static bool is_text(struct str value, const char *name)
{
	return str_eq(json_inner(value), str_from(name));
}

/* What members of messages and tools are, by all the names that dialects have for them. */
enum member {
	MEMBER_OTHER,
	MEMBER_ROLE,
	MEMBER_TYPE,
	MEMBER_NAME,
	MEMBER_TEXT,
	MEMBER_INPUT,
	MEMBER_CONTENT, /* a text, or a list of parts */
	MEMBER_OUTPUT,  /* a result, or a list of parts */
	MEMBER_PARTS,
	MEMBER_PICTURE,
	MEMBER_CALL,
	MEMBER_ANSWER,
};

static enum member member_of(struct str key)
{
	static const struct {
		struct str key;
		enum member member;
	} rows[] = {
		{ STR_INIT("role"), MEMBER_ROLE },
		{ STR_INIT("type"), MEMBER_TYPE },
		{ STR_INIT("content"), MEMBER_CONTENT },
		{ STR_INIT("text"), MEMBER_TEXT },
		{ STR_INIT("name"), MEMBER_NAME },
		{ STR_INIT("arguments"), MEMBER_INPUT },
		{ STR_INIT("args"), MEMBER_INPUT },
		{ STR_INIT("input"), MEMBER_INPUT },
		{ STR_INIT("action"), MEMBER_INPUT },
		{ STR_INIT("output"), MEMBER_OUTPUT },
		{ STR_INIT("response"), MEMBER_OUTPUT },
		{ STR_INIT("parts"), MEMBER_PARTS },
		{ STR_INIT("tool_calls"), MEMBER_PARTS },
		{ STR_INIT("function"), MEMBER_CALL },
		{ STR_INIT("functionCall"), MEMBER_CALL },
		{ STR_INIT("function_call"), MEMBER_CALL },
		{ STR_INIT("functionResponse"), MEMBER_ANSWER },
		{ STR_INIT("function_response"), MEMBER_ANSWER },
		{ STR_INIT("image_url"), MEMBER_PICTURE },
		{ STR_INIT("inlineData"), MEMBER_PICTURE },
		{ STR_INIT("inline_data"), MEMBER_PICTURE },
		{ STR_INIT("fileData"), MEMBER_PICTURE },
		{ STR_INIT("file_data"), MEMBER_PICTURE },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].key.n == key.n && memcmp(rows[i].key.p, key.p, key.n) == 0)
			return rows[i].member;
	if (str_find_char(key, '\\') == key.n)
		return MEMBER_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (json_key_is(key, rows[i].key))
			return rows[i].member;
	return MEMBER_OTHER;
}

static void note_value(struct draft *d, enum member m, struct str value)
{
	switch (m) {
	case MEMBER_TYPE:
		d->type = value;
		break;
	case MEMBER_TEXT:
		d->text = value;
		break;
	case MEMBER_ROLE:
		d->role = value;
		break;
	case MEMBER_NAME:
		d->name = value;
		break;
	case MEMBER_CONTENT:
		if (json_is_string(value))
			d->text = d->content = value;
		break;
	case MEMBER_OUTPUT:
		d->result = value;
		break;
	case MEMBER_INPUT:
		d->input = value;
		break;
	case MEMBER_PICTURE:
		d->pictured = true;
		break;
	default:
		break;
	}
}

static bool walk_object(struct walk *w, struct json_iter *it, struct draft *d, unsigned depth);

static void add_item(struct walk *w, const struct draft *d)
{
	static const char *const pictures[] = { "image_url", "input_image", "image", NULL };
	struct scraps *p = w->s->scraps;
	bool picture = d->pictured;

	for (size_t i = 0; pictures[i] != NULL && d->type.n > 0; i++)
		picture |= is_text(d->type, pictures[i]);
	w->s->images |= picture;
	if (d->answered)
		scraps_add(p, SCRAP_RESULT, d->result)->name = d->name;
	else if (d->called || d->input.p != NULL)
		scraps_add(p, SCRAP_CALL, d->input)->name = d->name;
	else if (json_is_string(d->text))
		scraps_add(p, SCRAP_TEXT, d->text);
	else
		scraps_add(p, SCRAP_OTHER, d->type);
}

static bool walk_list(struct walk *w, struct json_iter *it, struct draft *d, unsigned depth)
{
	struct json_iter items;
	struct str key, value;

	if (!json_enter(it, &items, w->e))
		return false;
	while (json_next_key(&items, &key, w->e)) {
		struct draft item = { .called = false };
		if (json_peek(&items) == '{') {
			if (!walk_object(w, &items, &item, depth + 1))
				return false;
			d->answered |= item.answered;
			add_item(w, &item);
		} else if (!json_take(&items, &value, w->e)) {
			return false;
		}
	}
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

static bool is_list(enum member m)
{
	return m == MEMBER_CONTENT || m == MEMBER_PARTS || m == MEMBER_OUTPUT;
}

/* An object with all its members; lists of parts are noted scrap by scrap. */
static bool walk_object(struct walk *w, struct json_iter *it, struct draft *d, unsigned depth)
{
	struct json_iter members;
	struct str key, value;

	if (!json_enter(it, &members, w->e))
		return false;
	while (json_next_key(&members, &key, w->e)) {
		const size_t from = members.at;
		const enum member m = member_of(key);
		const char first = depth < DEEPEST ? json_peek(&members) : '\0';
		if (first == '[' && is_list(m)) {
			if (!walk_list(w, &members, d, depth))
				return false;
			value = (struct str){ members.text.p + from, members.at - from };
			if (m == MEMBER_CONTENT)
				d->content = value;
			else if (m == MEMBER_OUTPUT)
				d->result = value;
		} else if (first == '{' && (m == MEMBER_CALL || m == MEMBER_ANSWER)) {
			d->called |= m == MEMBER_CALL;
			d->answered |= m == MEMBER_ANSWER;
			if (!walk_object(w, &members, d, depth + 1))
				return false;
		} else if (!json_take(&members, &value, w->e)) {
			return false;
		} else {
			note_value(d, m, value);
		}
	}
	json_leave(it, &members);
	return w->e->kind == ERR_NONE;
}

/* ---- messages ---- */

/* Of an item that has no role. */
static enum message_kind kind_by_type(const struct draft *d)
{
	struct str type = json_inner(d->type);

	if (type.p == NULL)
		return d->answered ? MESSAGE_RESULTS : MESSAGE_USER;
	if (str_ends(type, STR("_output")))
		return MESSAGE_RESULTS;
	if (str_ends(type, STR("_call")) || str_eq(type, STR("reasoning")))
		return MESSAGE_ASSISTANT;
	return str_eq(type, STR("message")) ? MESSAGE_USER : MESSAGE_SYSTEM;
}

static enum message_kind kind_of_message(const struct draft *d)
{
	struct str role = json_inner(d->role);

	if (role.p == NULL)
		return kind_by_type(d);
	if (str_eq(role, STR("assistant")) || str_eq(role, STR("model")))
		return MESSAGE_ASSISTANT;
	if (str_eq(role, STR("tool")) || str_eq(role, STR("function")))
		return MESSAGE_RESULTS;
	if (str_eq(role, STR("system")) || str_eq(role, STR("developer")))
		return MESSAGE_SYSTEM;
	return d->answered ? MESSAGE_RESULTS : MESSAGE_USER;
}

/* What stands in a message itself, and not in a list of its. */
static void add_flat(struct walk *w, const struct draft *d, enum message_kind kind, size_t from)
{
	struct scraps *p = w->s->scraps;

	if (kind == MESSAGE_RESULTS && !d->answered) {
		/* Its content is what the tool says, and no text of a message. */
		p->n = from;
		scraps_add(p, SCRAP_RESULT, d->result.p != NULL ? d->result : d->content);
	} else if (d->called || (d->input.p != NULL && d->name.p != NULL)) {
		scraps_add(p, SCRAP_CALL, d->input)->name = d->name;
	} else if (kind == MESSAGE_ASSISTANT && str_ends(json_inner(d->type), STR("_call"))) {
		scraps_add(p, SCRAP_CALL, d->input)->name = d->type;
	} else if (json_is_string(d->text)) {
		scraps_add(p, SCRAP_TEXT, d->text);
	}
}

static bool take_message(struct walk *w, struct json_iter *it)
{
	size_t from = w->s->scraps->n;
	struct draft d = { .called = false };
	struct str value;

	if (json_peek(it) != '{')
		return json_take(it, &value, w->e);
	if (!walk_object(w, it, &d, 1))
		return false;
	enum message_kind kind = kind_of_message(&d);
	add_flat(w, &d, kind, from);
	sketch_end_message(w->s, kind, from);
	return true;
}

/* `input` of Responses may be what the user says. */
static void take_words(struct walk *w, struct str value)
{
	size_t from = w->s->scraps->n;

	if (!json_is_string(value))
		return;
	sketch_begin_messages(w->s);
	scraps_add(w->s->scraps, SCRAP_TEXT, value);
	sketch_end_message(w->s, MESSAGE_USER, from);
}

/* ---- tools ---- */

void sketch_add_tool(struct sketch *s, struct str type, struct str name)
{
	bool search = str_starts(json_inner(type), STR("web_search"));

	s->web_search |= search;
	s->web_search_only = search && s->tools == 0;
	s->begins_plan |= is_text(name, "enter_plan_mode");
	s->ends_plan |= is_text(name, "exit_plan_mode");
	s->tools++;
}

static bool take_functions(struct walk *w, struct json_iter *it)
{
	struct json_iter items;
	struct str key, value;

	if (!json_enter(it, &items, w->e))
		return false;
	while (json_next_key(&items, &key, w->e)) {
		struct draft d = { .called = false };
		if (json_peek(&items) != '{') {
			if (!json_take(&items, &value, w->e))
				return false;
		} else if (!walk_object(w, &items, &d, DEEPEST)) {
			return false;
		}
		sketch_add_tool(w->s, d.type, d.name);
	}
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

/* One of the list: itself a tool, or Gemini's lists of them. */
static bool take_tool(struct walk *w, struct json_iter *it)
{
	static const char *const lists[] = { "functionDeclarations", "function_declarations",
		NULL },
				 *const searches[] = { "googleSearch", "google_search", NULL };
	struct json_iter members;
	struct draft d = { .called = false };
	struct str key, value;
	bool list = false;

	if (json_peek(it) != '{')
		return json_take(it, &value, w->e);
	if (!json_enter(it, &members, w->e))
		return false;
	while (json_next_key(&members, &key, w->e)) {
		if (json_peek(&members) == '[' && key_is_any(key, lists)) {
			list = true;
			if (!take_functions(w, &members))
				return false;
		} else if (!json_take(&members, &value, w->e)) {
			return false;
		} else if (key_is_any(key, searches)) {
			d.type = STR("\"web_search\"");
		} else {
			note_value(&d, member_of(key), value);
		}
	}
	json_leave(it, &members);
	if (!list)
		sketch_add_tool(w->s, d.type, d.name);
	return w->e->kind == ERR_NONE;
}

/* ---- the top level ---- */

bool sketch_wants(struct str key)
{
	static const char *const names[] = { "messages", "input", "contents", "tools", NULL };

	return key_is_any(key, names);
}

static bool take_list(struct walk *w, struct json_iter *it, bool tools)
{
	struct json_iter items;
	struct str key;

	if (!json_enter(it, &items, w->e))
		return false;
	if (tools)
		sketch_begin_tools(w->s);
	else
		sketch_begin_messages(w->s);
	while (json_next_key(&items, &key, w->e))
		if (tools ? !take_tool(w, &items) : !take_message(w, &items))
			return false;
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

bool sketch_part(struct sketch *s, struct json_iter *it, struct str key, struct err *e)
{
	struct err inner = { 0 };
	struct walk w = { .s = s, .e = &inner };
	const struct json_iter before = *it;
	struct str value;

	if (json_peek(it) == '[' && take_list(&w, it, json_key_is(key, STR("tools"))))
		return true;
	*it = before;
	if (!json_take(it, &value, e))
		return false;
	take_words(&w, value);
	return true;
}

static void note_thinking(struct sketch *s, struct str value)
{
	struct str effort = json_inner(json_get(value, STR("effort"))),
		   level = json_inner(json_get(value, STR("thinkingLevel"))),
		   type = json_inner(json_get(value, STR("type")));
	uint64_t budget;

	if (effort.n == 0)
		effort = level;
	if (effort.n > 0)
		s->effort = effort;
	if (json_u64(json_get(value, STR("budget_tokens")), &budget) ||
		json_u64(json_get(value, STR("thinkingBudget")), &budget))
		s->budget = budget;
	s->thinks |= s->budget > 0 || str_eq(type, STR("adaptive")) || str_eq(type, STR("enabled"));
	if (effort.n > 0)
		s->thinks |= !str_eq(effort, STR("none"));
}

static void note_gemini_config(struct sketch *s, struct str value)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, value, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (json_key_is(m.key, STR("thinkingConfig")))
			note_thinking(s, m.value);
		else if (json_key_is(m.key, STR("maxOutputTokens")) &&
			 !json_u64(m.value, &s->max_tokens))
			s->max_tokens = 0;
		else if (json_key_is(m.key, STR("responseSchema")) ||
			 json_key_is(m.key, STR("responseJsonSchema")))
			s->format = m.value;
	}
}

static void note_effort(struct sketch *s, struct str value)
{
	s->effort = json_inner(value);
	s->thinks |= s->effort.n > 0 && !str_eq(s->effort, STR("none"));
}

/* Some clients say that they want plain text. */
static void note_format(struct sketch *s, struct str value)
{
	struct str type = json_inner(json_get(value, STR("type")));

	s->format = str_eq(type, STR("text")) || !str_starts(value, STR("{")) ? STR("") : value;
}

void sketch_member(struct sketch *s, struct str key, struct str value)
{
	static const char *const limits[] = { "max_tokens", "max_completion_tokens",
		"max_output_tokens", NULL },
				 *const systems[] = { "systemInstruction", "system_instruction",
					 "instructions", NULL };

	if (key_is_any(key, limits)) {
		if (!json_u64(value, &s->max_tokens))
			s->max_tokens = 0;
	} else if (json_key_is(key, STR("thinking")) || json_key_is(key, STR("reasoning"))) {
		note_thinking(s, value);
	} else if (json_key_is(key, STR("reasoning_effort"))) {
		note_effort(s, value);
	} else if (json_key_is(key, STR("generationConfig"))) {
		note_gemini_config(s, value);
	} else if (key_is_any(key, systems)) {
		struct str near = { value.p, value.n < 32768 ? value.n : 32768 };
		s->system = value;
		s->plan_mode |= str_find(near, STR("# Active Approval Mode: Plan")) < near.n;
	} else if (json_key_is(key, STR("response_format"))) {
		note_format(s, value);
	} else if (json_key_is(key, STR("text"))) {
		note_format(s, json_get(value, STR("format")));
	} else if (json_key_is(key, STR("output_config"))) {
		s->effort = json_inner(json_get(value, STR("effort")));
		note_format(s, json_get(value, STR("format")));
	} else if (json_key_is(key, STR("web_search_options"))) {
		s->web_search = true;
	} else if (json_key_is(key, STR("previous_response_id"))) {
		s->continues = json_is_string(value);
	} else if (json_key_is(key, STR("safeguards"))) {
		struct str near = { value.p, value.n < 8192 ? value.n : 8192 };
		s->plan_mode |= str_find(near, STR("\"permission_mode\":\"plan\"")) < near.n;
	}
}
