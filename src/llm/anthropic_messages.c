/* SPDX-License-Identifier: MIT */
/* For a provider of the Anthropic API: the conversation. content_repair() has put it in order; what is done here is what only this API
 * wants: thinking blocks as they were, and a last message that is the user's. */
#include "llm/anthropic.h"

#include "llm/ids.h"
#include "wire/json_text.h"

static const struct str absent = { NULL, 0 };

static void print_mark(struct buf *out, struct str mark)
{
	if (mark.n == 0)
		return;
	buf_add(out, STR(",\"cache_control\":"));
	json_add_compact(out, mark);
}

void anthropic_print_text(struct buf *out, struct str escaped, struct str mark)
{
	buf_add(out, STR("{\"type\":\"text\",\"text\":"));
	json_add_quoted(out, escaped);
	print_mark(out, mark);
	buf_add_char(out, '}');
}

/* ---- thinking ---- */

/* Whether a block is one that thinking consists of, and Anthropic's own. */
static bool is_thinking(struct str block)
{
	struct str type = json_get(block, STR("type"));
	bool plain = str_eq(type, STR("\"thinking\""));

	if (!plain && !str_eq(type, STR("\"redacted_thinking\"")))
		return false;
	return !native_is_envelope(
		json_inner(json_get(block, plain ? STR("signature") : STR("data"))));
}

/* The blocks that an envelope holds, as one array; empty when anything else is among them. */
static struct str thinking_blocks(const struct native *n)
{
	struct str blocks = json_get(n->payload, STR("b"));
	struct json_iter it;
	struct json_member m;
	struct err none = { 0 };
	size_t count = 0;

	if (!str_eq(n->code, STR("ant")) || !json_iter_init_array(&it, blocks, &none))
		return absent;
	for (; json_next(&it, &m, &none); count++)
		if (!is_thinking(m.value))
			return absent;
	return none.kind == ERR_NONE && count > 0 ? blocks : absent;
}

static bool has_thinking(const struct turn *t)
{
	for (const struct part *p = t->parts.first; p != NULL; p = p->next)
		if (p->kind == PART_REASONING && thinking_blocks(&p->native).n > 0)
			return true;
	return false;
}

static bool has_kind(const struct turn *t, enum part_kind kind)
{
	for (const struct part *p = t->parts.first; p != NULL; p = p->next)
		if (p->kind == kind)
			return true;
	return false;
}

bool anthropic_lacks_thinking(const struct content *c)
{
	bool lacks = false;

	for (const struct turn *t = c->turns; t != NULL; t = t->next)
		if (t->role == ROLE_ASSISTANT)
			lacks = has_kind(t, PART_CALL) && !has_thinking(t);
		else if (t->role == ROLE_USER && !has_kind(t, PART_RESULT))
			lacks = false;
	return lacks;
}

/* ---- what is said ---- */

/* Without white space at its end, escaped or not. */
static struct str trim_end(struct str s)
{
	for (;;) {
		size_t slashes = 0;
		char last = s.n > 0 ? s.p[s.n - 1] : '\0';
		if (last == ' ' || last == '\t' || last == '\n' || last == '\r') {
			s.n--;
			continue;
		}
		while (slashes + 1 < s.n && s.p[s.n - 2 - slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0 || (last != 'n' && last != 't' && last != 'r'))
			return s;
		s.n -= 2;
	}
}

bool anthropic_is_blank(const struct part *part)
{
	return part->kind == PART_TEXT && trim_end(part->text).n == 0;
}

/* Reasoning that is not this API's is not printed, and texts of white space only are refused by it. */
static bool is_printed(const struct part *part)
{
	if (part->kind == PART_REASONING)
		return thinking_blocks(&part->native).n > 0;
	return !anthropic_is_blank(part);
}

/* ---- blocks ---- */

/* {"type":"base64",…} or {"type":"url",…}, in a block of that type. */
static void print_media(struct anthropic_printer *p, const struct part *part, const char *type)
{
	struct buf *out = p->out;

	buf_addf(out, "{\"type\":\"%s\",\"source\":{\"type\":", type);
	if (part->url.n > 0) {
		buf_add(out, STR("\"url\",\"url\":"));
		json_add_quoted(out, part->url);
	} else {
		bool jpg = str_eq(part->media_type, STR("image/jpg"));
		buf_add(out, STR("\"base64\",\"media_type\":"));
		json_add_quoted(out, jpg ? STR("image/jpeg") : part->media_type);
		buf_add(out, STR(",\"data\":"));
		json_add_quoted(out, part->data);
	}
	buf_add_char(out, '}');
	if (part->kind == PART_DOCUMENT && part->name.n > 0) {
		buf_add(out, STR(",\"title\":"));
		json_add_quoted(out, part->name);
	}
	print_mark(out, part->mark);
	buf_add_char(out, '}');
}

static void print_call(struct anthropic_printer *p, const struct part *part)
{
	struct buf *out = p->out;

	buf_add(out, STR("{\"type\":\"tool_use\",\"id\":"));
	json_add_quoted(out, id_of_call(part->id, "toolu_", p->arena));
	buf_add(out, STR(",\"name\":"));
	json_add_quoted(out, anthropic_tool_name(part->name, p->arena));
	buf_add(out, STR(",\"input\":"));
	if (part->freeform) {
		buf_add(out, STR("{\"input\":"));
		json_add_quoted(out, part->text);
		buf_add_char(out, '}');
	} else if (part->text.n > 0) {
		json_add_compact(out, part->text);
	} else {
		buf_add(out, STR("{}"));
	}
	print_mark(out, part->mark);
	buf_add_char(out, '}');
}

static bool print_part(struct anthropic_printer *p, const struct part *part);

/* Texts become one string, with blank lines between them; anything else makes blocks of all. */
static bool print_result_content(struct anthropic_printer *p, const struct part *parts)
{
	struct buf *out = p->out;
	bool blocks = false, any = false;

	for (const struct part *part = parts; part != NULL; part = part->next)
		blocks = blocks || part->kind != PART_TEXT || part->mark.n > 0;
	buf_add_char(out, blocks ? '[' : '"');
	for (const struct part *part = parts; part != NULL; part = part->next) {
		if (blocks && !is_printed(part))
			continue;
		if (any)
			buf_add(out, blocks ? STR(",") : STR("\\n\\n"));
		any = true;
		if (!blocks)
			buf_add(out, part->text);
		else if (!print_part(p, part))
			return false;
	}
	buf_add_char(out, blocks ? ']' : '"');
	return true;
}

static bool print_result(struct anthropic_printer *p, const struct part *part)
{
	struct buf *out = p->out;

	buf_add(out, STR("{\"type\":\"tool_result\",\"tool_use_id\":"));
	json_add_quoted(out, id_of_call(part->id, "toolu_", p->arena));
	if (part->is_error)
		buf_add(out, STR(",\"is_error\":true"));
	buf_add(out, STR(",\"content\":"));
	if (!print_result_content(p, part->parts))
		return false;
	print_mark(out, part->mark);
	buf_add_char(out, '}');
	return true;
}

/* The blocks of an envelope without the brackets around them. */
static void print_reasoning(struct anthropic_printer *p, const struct part *part)
{
	struct str blocks = thinking_blocks(&part->native);

	json_add_compact(p->out, (struct str){ blocks.p + 1, blocks.n - 2 });
}

static bool print_part(struct anthropic_printer *p, const struct part *part)
{
	switch (part->kind) {
	case PART_TEXT:
		anthropic_print_text(p->out, part->text, part->mark);
		return true;
	case PART_IMAGE:
		print_media(p, part, "image");
		return true;
	case PART_DOCUMENT:
		print_media(p, part, "document");
		return true;
	case PART_CALL:
		print_call(p, part);
		return true;
	case PART_RESULT:
		return print_result(p, part);
	case PART_REASONING:
		print_reasoning(p, part);
		return true;
	case PART_AUDIO:
		break;
	}
	return err_set(p->e, ERR_INVALID, "audio cannot be sent to this provider");
}

/* ---- messages ---- */

/* Turns that make one message. */
struct run {
	const struct turn *from, *end;
	enum message_role role; /* of those that count */
};

/* What the next part of a run is; NULL at its end. */
struct run_walk {
	const struct run *run;
	const struct turn *turn;
	const struct part *part;
};

static const struct part *run_next(struct run_walk *w)
{
	for (;;) {
		w->part = w->part != NULL ? w->part->next : NULL;
		while (w->part == NULL) {
			w->turn = w->turn == NULL ? w->run->from : w->turn->next;
			if (w->turn == w->run->end)
				return NULL;
			w->part = w->turn->role == w->run->role ? w->turn->parts.first : NULL;
		}
		if (is_printed(w->part))
			return w->part;
	}
}

static void print_role(struct buf *out, enum message_role role, bool *first)
{
	static const char *const names[] = {
		[ROLE_NONE] = "user",
		[ROLE_USER] = "user",
		[ROLE_ASSISTANT] = "assistant",
		[ROLE_SYSTEM] = "system",
	};

	buf_addf(out, "%s{\"role\":\"%s\",\"content\":", *first ? "" : ",", names[role]);
	*first = false;
}

/* DeepSeek wants thinking with every message that makes calls, if only empty. */
static bool print_empty_thinking(struct anthropic_printer *p, const struct run *run)
{
	struct run_walk w = { .run = run };
	const struct part *part;
	bool calls = false;

	while ((part = run_next(&w)) != NULL) {
		if (part->kind == PART_REASONING)
			return false;
		calls = calls || part->kind == PART_CALL;
	}
	if (!calls || p->t->flavor->echo != ECHO_TEXT)
		return false;
	buf_add(p->out, STR("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"));
	return true;
}

/* One text is a string, all else is blocks. */
static bool print_run(struct anthropic_printer *p, const struct run *run, bool *first)
{
	struct run_walk w = { .run = run }, ahead = { .run = run };
	const struct part *one = run_next(&ahead), *part;
	const char *comma = "";

	if (one == NULL)
		return true;
	print_role(p->out, run->role, first);
	if (one->kind == PART_TEXT && one->mark.n == 0 && run_next(&ahead) == NULL) {
		json_add_quoted(p->out, one->text);
		buf_add_char(p->out, '}');
		return true;
	}
	buf_add_char(p->out, '[');
	if (print_empty_thinking(p, run))
		comma = ",";
	while ((part = run_next(&w)) != NULL) {
		buf_add(p->out, str_from(comma));
		comma = ",";
		if (!print_part(p, part))
			return false;
	}
	buf_add(p->out, STR("]}"));
	return true;
}

/* A last message of the assistant: without white space at its end, which the API refuses. */
static bool print_last(struct anthropic_printer *p, const struct turn *t, bool *first)
{
	struct turn copy = { .role = t->role };
	const struct run run = { &copy, NULL, ROLE_ASSISTANT };
	const struct part *last = NULL;

	for (const struct part *part = t->parts.first; part != NULL; part = part->next)
		last = anthropic_is_blank(part) ? last : part;
	if (last == NULL)
		return true;
	for (const struct part *part = t->parts.first; part != last->next; part = part->next) {
		struct part *q = parts_add(&copy.parts, part->kind, p->arena);
		*q = *part;
		q->next = NULL;
		if (part == last && part->kind == PART_TEXT)
			q->text = trim_end(part->text);
	}
	if (!print_run(p, &run, first))
		return false;
	if (p->prefill)
		return true;
	warn(&p->c->warnings, "prefill_not_continued");
	print_role(p->out, ROLE_USER, first);
	buf_add(p->out, STR("\"(continue)\"}"));
	return true;
}

/* What stands between two messages of the assistant: all of the user's, and then what the system says, for the API takes that behind
 * the user's only. */
static bool print_between(struct anthropic_printer *p, struct run run, bool *first)
{
	bool user = false, system = false;

	for (const struct turn *t = run.from; t != run.end; t = t->next) {
		user = user || t->role == ROLE_USER;
		system = system || t->role == ROLE_SYSTEM;
	}
	run.role = ROLE_USER;
	if (user && run_next(&(struct run_walk){ .run = &run }) == NULL) {
		print_role(p->out, ROLE_USER, first);
		buf_add(p->out, STR("\"(empty)\"}"));
	} else if (user && !print_run(p, &run, first)) {
		return false;
	}
	run.role = ROLE_SYSTEM;
	if (system && !user) {
		print_role(p->out, ROLE_USER, first);
		buf_add(p->out, STR("\"(continue)\"}"));
	}
	return !system || print_run(p, &run, first);
}

static void warn_of_lost_reasoning(struct content *c)
{
	for (const struct turn *t = c->turns; t != NULL; t = t->next)
		for (const struct part *p = t->parts.first; p != NULL; p = p->next)
			if (p->kind == PART_REASONING && !is_printed(p) &&
				(p->text.n > 0 || p->native.code.n > 0))
				warn(&c->warnings, c->reasoning_lost);
}

/* A turn of the assistant of which nothing is left stands between nobody. */
static bool says_something(const struct turn *t)
{
	for (const struct part *p = t->parts.first; p != NULL; p = p->next)
		if (is_printed(p))
			return t->role == ROLE_ASSISTANT;
	return false;
}

bool anthropic_print_messages(struct anthropic_printer *p)
{
	const struct turn *t = p->c->turns;
	bool first = true;

	warn_of_lost_reasoning(p->c);
	buf_add(p->out, STR(",\"messages\":["));
	while (t != NULL) {
		struct run run = { t, t->next, ROLE_ASSISTANT };
		bool ok;
		if (!says_something(t)) {
			while (run.end != NULL && !says_something(run.end))
				run.end = run.end->next;
			ok = print_between(p, run, &first);
		} else {
			ok = t->next == NULL ? print_last(p, t, &first)
					     : print_run(p, &run, &first);
		}
		if (!ok)
			return false;
		t = run.end;
	}
	buf_add_char(p->out, ']');
	return true;
}
