/* SPDX-License-Identifier: MIT */
/* Tool calls of Chat Completions replies, one after the other whatever order their pieces come in. Most providers send one
 * call after the other: a new one ends the one before. Where pieces of several come mixed, the first is passed on as it
 * comes and the others are held until the end. */
#include "llm/openai_decode.h"

#include "wire/json_text.h"

enum { CALLS_MAX = 1024, HELD_MAX = 32 << 20 };

/* A piece of a call. */
struct piece {
	bool has_index;
	uint64_t index;
	struct str id, name, arguments;
	bool freeform;
};

static void take_function(struct piece *p, struct str object)
{
	struct str arguments = json_get(object, STR("arguments"));

	p->name = json_inner(json_get(object, STR("name")));
	p->arguments = json_inner(arguments);
}

static void read_piece(struct piece *p, struct str object)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };

	*p = (struct piece){ .id = STR("") };
	if (object.p[0] != '{' || !json_iter_init(&it, object, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		if (json_key_is(m.key, STR("index"))) {
			p->has_index = json_u64(m.value, &p->index);
		} else if (json_key_is(m.key, STR("id"))) {
			p->id = json_inner(m.value);
		} else if (json_key_is(m.key, STR("function"))) {
			take_function(p, m.value);
		} else if (json_key_is(m.key, STR("custom"))) {
			p->freeform = true;
			p->name = json_inner(json_get(m.value, STR("name")));
			p->arguments = json_inner(json_get(m.value, STR("input")));
		}
	}
}

/* ---- which call it belongs to ---- */

/* A provider that gives every call the same index gives them ids at least. */
static bool belongs(const struct openai_call *c, const struct piece *p)
{
	bool other = p->id.n > 0 && c->id.n > 0 && !str_eq(p->id, stash_str(&c->id));

	if (p->has_index)
		return c->has_index && c->index == p->index && !other;
	return p->id.n > 0 && !other && c->id.n > 0;
}

static struct openai_call *find(const struct openai_decoding *s, const struct piece *p)
{
	struct openai_call *found = NULL;

	/* Without index, id and name it can only be more of the last. */
	if (!p->has_index && p->id.n == 0 && p->name.n == 0)
		return s->last_call;
	for (struct openai_call *c = s->calls; c != NULL; c = c->next)
		if (belongs(c, p))
			found = c;
	return found;
}

static struct openai_call *add_call(struct decoder *d, const struct piece *p)
{
	struct openai_decoding *s = d->state;
	struct openai_call *c;

	if (s->ncalls == CALLS_MAX) {
		decoder_fail(d, ERR_UPSTREAM, STR("upstream reply has too many tool calls"), false);
		return NULL;
	}
	c = arena_alloc(d->arena, sizeof(*c));
	c->has_index = p->has_index;
	c->index = p->index;
	c->freeform = p->freeform;
	*(s->last_call != NULL ? &s->last_call->next : &s->calls) = c;
	s->last_call = c;
	s->ncalls++;
	s->parts = true;
	return c;
}

/* ---- passing it on ---- */

static void put_arguments(struct decoder *d, struct str escaped)
{
	if (escaped.n > 0)
		decoder_put(d, &(struct event){
				       .type = EV_TEXT, .text = escaped, .usage = USAGE_UNKNOWN });
}

/* With what has been held of it. */
static void open_call(struct decoder *d, struct openai_call *c)
{
	if (c->open)
		return;
	c->open = true;
	decoder_put(d, &(struct event){ .type = EV_OPEN,
			       .part = PART_CALL,
			       .id = stash_str(&c->id),
			       .name = stash_str(&c->name),
			       .freeform = c->freeform,
			       .usage = USAGE_UNKNOWN });
	put_arguments(d, stash_str(&c->arguments));
}

static void close_call(struct decoder *d, struct openai_call *c)
{
	if (c == NULL || c->closed)
		return;
	open_call(d, c);
	c->closed = true;
	decoder_put(d, &(struct event){ .type = EV_CLOSE, .usage = USAGE_UNKNOWN });
}

/* The next one to end: by the indexes, then as they came. */
static struct openai_call *next_held(const struct openai_decoding *s)
{
	struct openai_call *next = NULL;

	for (struct openai_call *c = s->calls; c != NULL; c = c->next) {
		if (c->closed)
			continue;
		if (next == NULL || (c->has_index && next->has_index && c->index < next->index))
			next = c;
	}
	return next;
}

void openai_end_calls(struct decoder *d)
{
	struct openai_decoding *s = d->state;

	if (s->live == NULL)
		return;
	close_call(d, s->live);
	s->live = NULL;
	for (struct openai_call *c = next_held(s); c != NULL; c = next_held(s))
		close_call(d, c);
}

/* Keeps what must wait: the id, which is whole, a name in pieces, and arguments before it is their turn. */
static void hold(struct decoder *d, struct openai_call *c, const struct piece *p, bool arguments)
{
	struct openai_decoding *s = d->state;
	const size_t before = c->id.n + c->name.n + c->arguments.n;

	if (c->id.n == 0)
		stash_add(&c->id, p->id, d->arena);
	/* Some repeat the whole name with every piece. */
	if (!c->open && !str_eq(p->name, stash_str(&c->name)))
		stash_add(&c->name, p->name, d->arena);
	if (arguments)
		stash_add(&c->arguments, p->arguments, d->arena);
	s->held += c->id.n + c->name.n + c->arguments.n - before;
	if (s->held > HELD_MAX)
		decoder_fail(d, ERR_UPSTREAM, STR("upstream reply holds too much back"), false);
}

static void put_piece(struct decoder *d, const struct piece *p)
{
	struct openai_decoding *s = d->state;
	struct openai_call *c = find(s, p);

	if (c == NULL)
		c = add_call(d, p);
	if (c == NULL)
		return;
	if (c->closed) {
		if (p->arguments.n > 0)
			decoder_fail(d, ERR_UPSTREAM,
				STR("upstream reply goes on with a tool call that had ended"),
				false);
		return;
	}
	if (s->live == NULL)
		openai_close_part(d);
	if (s->live != NULL && s->live != c && d->flavor->mixed_calls) {
		hold(d, c, p, true);
		return;
	}
	if (s->live != c)
		close_call(d, s->live);
	s->live = c;
	hold(d, c, p, false);
	if (p->arguments.n > 0 && !d->ended) {
		open_call(d, c);
		put_arguments(d, p->arguments);
	}
}

void openai_put_calls(struct decoder *d, struct str calls)
{
	struct json_iter it;
	struct json_member m;
	struct err bad = { 0 };
	struct piece p;

	if (calls.p[0] != '[' || !json_iter_init_array(&it, calls, &bad))
		return;
	while (json_next(&it, &m, &bad)) {
		if (m.value.p[0] != '{')
			continue;
		read_piece(&p, m.value);
		put_piece(d, &p);
	}
}

void openai_put_function(struct decoder *d, struct str function)
{
	struct piece p = { .has_index = true };

	take_function(&p, function);
	put_piece(d, &p);
}
