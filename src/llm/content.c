/* SPDX-License-Identifier: MIT */
/* Building the neutral request, and looking things up in it. content_repair() has a file of its own. */
#include "llm/content.h"

#include "wire/hash.h"
#include "wire/json_text.h"

#include <string.h>

/* Finds tools by name: an open hash table of those up to `last`, at most half full, its size a power of two. */
struct tool_index {
	struct tool **slots;
	size_t size, used;
	const struct tool *last;
};

void content_init(struct content *c, struct arena *a)
{
	*c = (struct content){ .arena = a,
		.parallel_calls = -1,
		.format.strict = -1,
		.reasoning_lost = "thinking_history_dropped" };
	c->index = arena_alloc(a, sizeof(*c->index));
}

struct turn *content_add_turn(struct content *c, enum message_role role)
{
	struct turn *t = arena_alloc(c->arena, sizeof(*t));

	t->role = role;
	*(c->last_turn != NULL ? &c->last_turn->next : &c->turns) = t;
	c->last_turn = t;
	return t;
}

struct tool *content_add_tool(struct content *c, enum tool_kind kind)
{
	struct tool *t = arena_alloc(c->arena, sizeof(*t));

	t->kind = kind;
	t->strict = -1;
	*(c->last_tool != NULL ? &c->last_tool->next : &c->tools) = t;
	c->last_tool = t;
	return t;
}

struct part *parts_add(struct parts *p, enum part_kind kind, struct arena *a)
{
	struct part *part = arena_alloc(a, sizeof(*part));

	part->kind = kind;
	*(p->last != NULL ? &p->last->next : &p->first) = part;
	p->last = part;
	return part;
}

void parts_add_text(struct parts *p, struct str escaped, struct arena *a)
{
	if (escaped.n > 0)
		parts_add(p, PART_TEXT, a)->text = escaped;
}

void words_add(struct words *w, struct str word, struct arena *a)
{
	/* There is room for the next power of two. */
	if ((w->n & (w->n - 1)) == 0) {
		struct str *v = arena_alloc(a, (w->n == 0 ? 1 : 2 * w->n) * sizeof(*v));
		if (w->n > 0)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
	}
	w->v[w->n++] = word;
}

/* Where the tool of that name is, or would be. */
static struct tool **slot_of(const struct tool_index *x, struct str name)
{
	size_t at = hash_fast(name, 0) & (x->size - 1);

	while (x->slots[at] != NULL && !str_eq(x->slots[at]->wire_name, name))
		at = (at + 1) & (x->size - 1);
	return &x->slots[at];
}

static void grow(struct tool_index *x, struct arena *a)
{
	struct tool_index old = *x;

	x->size = old.size == 0 ? 16 : 2 * old.size;
	x->slots = arena_alloc(a, x->size * sizeof(struct tool *));
	for (size_t i = 0; i < old.size; i++)
		if (old.slots[i] != NULL)
			*slot_of(x, old.slots[i]->wire_name) = old.slots[i];
}

static void index_tool(struct tool_index *x, struct tool *t, struct arena *a)
{
	struct tool **slot;

	if (2 * x->used >= x->size)
		grow(x, a);
	slot = slot_of(x, t->wire_name);
	if (*slot == NULL) {
		*slot = t;
		x->used++;
	}
}

const struct tool *content_tool(const struct content *c, struct str wire_name)
{
	struct tool_index *x = c->index;
	struct tool *t = x->last == NULL ? c->tools : x->last->next;

	while (t != NULL) {
		index_tool(x, t, c->arena);
		x->last = t;
		t = t->next;
	}
	return x->size > 0 ? *slot_of(x, wire_name) : NULL;
}

struct str content_arguments(struct content *c, struct str escaped)
{
	struct str text = str_trim(json_unescape(escaped, c->arena));

	if (text.n == 0)
		return STR("{}");
	if (json_is_object(text))
		return text;
	warn(&c->warnings, "tool_arguments_invalid");
	return arena_printf(c->arena, "{\"__raw_arguments\":\"%.*s\"}", STR_ARG(escaped));
}

static const char *const efforts[EFFORTS] = {
	[EFFORT_UNSET] = "",
	[EFFORT_NONE] = "none",
	[EFFORT_MINIMAL] = "minimal",
	[EFFORT_LOW] = "low",
	[EFFORT_MEDIUM] = "medium",
	[EFFORT_HIGH] = "high",
	[EFFORT_XHIGH] = "xhigh",
	[EFFORT_MAX] = "max",
};

enum effort effort_of(struct str name)
{
	for (unsigned i = EFFORT_NONE; i < EFFORTS; i++)
		if (str_eq(name, str_from(efforts[i])))
			return (enum effort)i;
	return EFFORT_UNSET;
}

const char *effort_name(enum effort e)
{
	return efforts[e];
}

enum effort effort_of_budget(uint64_t tokens)
{
	return tokens < 4096    ? EFFORT_LOW
	       : tokens < 16384 ? EFFORT_MEDIUM
	       : tokens < 32768 ? EFFORT_HIGH
				: EFFORT_XHIGH;
}
