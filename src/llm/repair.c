/* SPDX-License-Identifier: MIT */
/* Brings a conversation into the order that every provider takes. Two walks: the first takes each result to its call, by a hash
 * table of ids; the second builds the list of turns anew, with the results behind their calls. Both are linear: histories
 * have thousands of calls. */
#include "llm/content.h"

#include "wire/hash.h"
#include "wire/json_text.h"

enum { ID_MAX = 64, TEXT_MAX = 256 << 20 };

struct call {
	struct call *next;      /* in its turn */
	struct call *next_same; /* the next of its turn with the same id */
	struct part *part;
	struct calls *turn;
	bool answered;
};

/* Of one turn. */
struct calls {
	struct calls *next;
	const struct turn *turn;
	struct call *first, *last;
	struct parts results; /* in the order in which they came */
};

/* All about one id, as the client has it. */
struct entry {
	struct entry *next;
	struct str id;
	struct call *open,
		*last;   /* unanswered calls of the last turn that has made one with this id */
	unsigned copies; /* calls that have it, or would have had it */
};

struct repair {
	struct content *c;
	struct entry **buckets; /* a power of two */
	size_t nbuckets;
	struct calls *first, *last; /* of all turns that make calls */
	struct turn *turns, *end;   /* the new list */
	struct calls *waiting,
		*going; /* for their results to be put behind `end`: from the one up to before the other */
};

static void append(struct parts *to, struct part *p)
{
	p->next = NULL;
	*(to->last != NULL ? &to->last->next : &to->first) = p;
	to->last = p;
}

static struct entry *entry_of(struct repair *r, struct str id)
{
	struct entry **at = &r->buckets[hash_fast(id, 0) & (r->nbuckets - 1)];

	while (*at != NULL && !str_eq((*at)->id, id))
		at = &(*at)->next;
	if (*at == NULL) {
		*at = arena_alloc(r->c->arena, sizeof(**at));
		(*at)->id = id;
	}
	return *at;
}

static void make_buckets(struct repair *r)
{
	size_t ids = 0;

	for (const struct turn *t = r->c->turns; t != NULL; t = t->next)
		for (const struct part *p = t->parts.first; p != NULL; p = p->next)
			ids += p->kind == PART_CALL || p->kind == PART_RESULT;
	for (r->nbuckets = 1; r->nbuckets < ids;)
		r->nbuckets *= 2;
	r->buckets = arena_alloc(r->c->arena, r->nbuckets * sizeof(struct entry *));
}

/* Gives a call an id that no other has: the second "a" becomes "a_2", what has none "call". */
static void make_unique(struct repair *r, struct part *call)
{
	struct entry *e;

	if (call->id.n == 0)
		call->id = STR("call");
	e = entry_of(r, call->id);
	while (e->copies++ > 0) {
		struct str id = call->id;
		struct str suffix = arena_printf(r->c->arena, "_%u", e->copies);
		if (id.n > ID_MAX - suffix.n)
			id.n = ID_MAX - suffix.n;
		call->id = arena_printf(r->c->arena, "%.*s%.*s", STR_ARG(id), STR_ARG(suffix));
		e = entry_of(r, call->id);
	}
}

static struct calls *calls_of(struct repair *r, const struct turn *t)
{
	struct calls *turn = r->last;

	if (turn != NULL && turn->turn == t)
		return turn;
	turn = arena_alloc(r->c->arena, sizeof(*turn));
	turn->turn = t;
	*(r->last != NULL ? &r->last->next : &r->first) = turn;
	r->last = turn;
	return turn;
}

static void note_call(struct repair *r, const struct turn *t, struct part *p)
{
	struct entry *e = entry_of(r, p->id);
	struct call *s = arena_alloc(r->c->arena, sizeof(*s));

	s->part = p;
	s->turn = calls_of(r, t);
	*(s->turn->last != NULL ? &s->turn->last->next : &s->turn->first) = s;
	s->turn->last = s;
	/* Results from here on are of this turn: older calls with the same id have none. */
	if (e->open != NULL && e->open->turn == s->turn)
		e->last->next_same = s;
	else
		e->open = s;
	e->last = s;
	make_unique(r, p);
}

static void drop_empty(struct part **list)
{
	for (struct part **at = list; *at != NULL;)
		if ((*at)->kind == PART_TEXT && (*at)->text.n == 0)
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

/* Takes a result to its call; false when there is none. */
static bool answer(struct repair *r, struct part *result)
{
	struct entry *e = entry_of(r, result->id);
	struct call *s = e->open;

	if (s == NULL)
		return false;
	e->open = s->next_same;
	s->answered = true;
	result->id = s->part->id;
	result->name = s->part->name;
	result->freeform = s->part->freeform;
	drop_empty(&result->parts);
	append(&s->turn->results, result);
	return true;
}

/* A text part, of what is in `text`, which is emptied. */
static void add_buf(struct content *c, struct parts *to, struct buf *text, struct str mark)
{
	struct part *p = parts_add(to, PART_TEXT, c->arena);

	p->text = arena_dup(c->arena, buf_str(text));
	p->mark = mark;
	buf_release(text);
}

/* The texts of a list, with empty lines between them. */
static void join_texts(struct buf *out, const struct part *list)
{
	bool any = false;

	for (const struct part *p = list; p != NULL; p = p->next) {
		if (p->kind != PART_TEXT || p->text.n == 0)
			continue;
		if (any)
			buf_add(out, STR("\\n\\n"));
		buf_add(out, p->text);
		any = true;
	}
}

/* A result without a call, as text, and what it holds besides text behind it. */
static void tell_result(struct content *c, struct parts *to, const struct part *result)
{
	struct buf text;

	warn(&c->warnings, "tool_result_orphan");
	buf_init(&text, TEXT_MAX);
	buf_add(&text, STR("[result of unknown tool call "));
	buf_add(&text, result->id);
	buf_add(&text, STR("]\\n"));
	join_texts(&text, result->parts);
	add_buf(c, to, &text, result->mark);
	for (struct part *p = result->parts, *next; p != NULL; p = next) {
		next = p->next;
		if (p->kind != PART_TEXT)
			append(to, p);
	}
}

/* A call that the assistant has not made, as text. */
static void tell_call(struct content *c, struct parts *to, const struct part *call)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	buf_add(&text, STR("[call of tool "));
	buf_add(&text, call->name);
	buf_add(&text, STR("]\\n"));
	if (call->freeform)
		buf_add(&text, call->text);
	else
		json_add_compact_escaped(&text, call->text);
	add_buf(c, to, &text, call->mark);
}

/* The first walk, in one turn. A turn that had nothing but results of calls before it loses its role. */
static void sort_parts(struct repair *r, struct turn *t)
{
	struct part *p = t->parts.first, *next;
	struct parts kept = { NULL, NULL };
	bool moved = false;

	for (; p != NULL; p = next) {
		next = p->next;
		if (p->kind == PART_CALL && t->role == ROLE_ASSISTANT) {
			note_call(r, t, p);
			append(&kept, p);
		} else if (p->kind == PART_CALL) {
			tell_call(r->c, &kept, p);
		} else if (p->kind == PART_RESULT && answer(r, p)) {
			moved = true;
		} else if (p->kind != PART_TEXT || p->text.n > 0) {
			append(&kept, p);
		}
	}
	t->parts = kept;
	if (kept.first == NULL && moved)
		t->role = ROLE_NONE;
}

/* Puts a turn at the end of the new list, or its parts into the last one, which is of the same role. */
static void put_turn(struct repair *r, struct turn *t)
{
	if (r->end != NULL && r->end->role == t->role && t->role != ROLE_SYSTEM) {
		if (t->parts.first == NULL)
			return;
		*(r->end->parts.last != NULL ? &r->end->parts.last->next : &r->end->parts.first) =
			t->parts.first;
		r->end->parts.last = t->parts.last;
		return;
	}
	t->next = NULL;
	*(r->end != NULL ? &r->end->next : &r->turns) = t;
	r->end = t;
}

static void add_missing(struct repair *r, struct parts *results, const struct calls *turn)
{
	for (const struct call *s = turn->first; s != NULL; s = s->next) {
		struct parts inner = { NULL, NULL };
		if (s->answered)
			continue;
		struct part *p = parts_add(results, PART_RESULT, r->c->arena);
		p->id = s->part->id;
		p->name = s->part->name;
		p->freeform = s->part->freeform;
		p->is_error = true;
		parts_add_text(&inner, STR("[no result provided]"), r->c->arena);
		p->parts = inner.first;
		warn(&r->c->warnings, "tool_result_synthesised");
	}
}

static void put_parts(struct repair *r, const struct parts *parts)
{
	struct turn *t = arena_alloc(r->c->arena, sizeof(*t));

	t->role = ROLE_USER;
	t->parts = *parts;
	put_turn(r, t);
}

/* Behind the last turn, which has made calls, their results: those that have come, then those that have not. */
static void put_results(struct repair *r)
{
	struct parts missing = { NULL, NULL };

	if (r->waiting == r->going)
		return;
	for (; r->waiting != r->going; r->waiting = r->waiting->next) {
		put_parts(r, &r->waiting->results);
		add_missing(r, &missing, r->waiting);
	}
	put_parts(r, &missing);
}

/* What is a result still answers nothing. */
static void tell_results(struct content *c, struct turn *t)
{
	struct parts kept = { NULL, NULL };

	for (struct part *p = t->parts.first, *next; p != NULL; p = next) {
		next = p->next;
		if (p->kind == PART_RESULT)
			tell_result(c, &kept, p);
		else
			append(&kept, p);
	}
	t->parts = kept;
}

/* The second walk, at one turn. */
static void place(struct repair *r, struct turn *t)
{
	const struct calls *calls = r->going;

	if (t->role != ROLE_ASSISTANT)
		put_results(r);
	if (calls != NULL && calls->turn == t)
		r->going = calls->next;
	tell_results(r->c, t);
	if (t->role != ROLE_NONE && (t->role != ROLE_SYSTEM || t->parts.first != NULL))
		put_turn(r, t);
}

void content_repair(struct content *c)
{
	struct repair r = { .c = c };

	make_buckets(&r);
	for (struct turn *t = c->turns; t != NULL; t = t->next)
		sort_parts(&r, t);
	r.waiting = r.going = r.first;
	for (struct turn *t = c->turns, *next; t != NULL; t = next) {
		next = t->next;
		place(&r, t);
	}
	put_results(&r);
	for (struct turn *t = r.turns; t != NULL; t = t->next)
		if (t->parts.first == NULL)
			parts_add_text(&t->parts, STR("(empty)"), c->arena);
	c->turns = r.turns;
	c->last_turn = r.end;
}

/* Makes the texts of a turn one reminder. */
static void remind(struct content *c, struct turn *t)
{
	const struct part *list = t->parts.first;
	struct buf text;

	warn(&c->warnings, "mid_system_downgraded");
	buf_init(&text, TEXT_MAX);
	buf_add(&text, STR("<system-reminder>\\n"));
	join_texts(&text, list);
	buf_add(&text, STR("\\n</system-reminder>"));
	t->role = ROLE_USER;
	t->parts = (struct parts){ NULL, NULL };
	add_buf(c, &t->parts, &text, STR(""));
	for (; list != NULL; list = list->next)
		if (list->mark.n > 0)
			t->parts.first->mark = list->mark;
}

void content_fold_system(struct content *c)
{
	struct repair r = { .c = c };

	for (struct turn *t = c->turns, *next; t != NULL; t = next) {
		next = t->next;
		if (t->role == ROLE_SYSTEM)
			remind(c, t);
		put_turn(&r, t);
	}
	c->turns = r.turns;
	c->last_turn = r.end;
}

static void declare(struct content *c, struct str name)
{
	struct tool *t;

	if (content_tool(c, name) != NULL)
		return;
	t = content_add_tool(c, TOOL_FUNCTION);
	t->name = t->wire_name = name;
	t->schema = STR("{\"type\":\"object\",\"properties\":{}}");
	warn(&c->warnings, "tool_declaration_synthesised");
}

void content_declare_tools(struct content *c)
{
	if (c->tools != NULL)
		return;
	for (const struct turn *t = c->turns; t != NULL; t = t->next)
		for (const struct part *p = t->parts.first; p != NULL; p = p->next)
			if (p->kind == PART_CALL)
				declare(c, p->name);
}
