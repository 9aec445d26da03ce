/* SPDX-License-Identifier: MIT */
/* What all decoders and all encoders have in common. */
#include "llm/codec.h"

#include "llm/dialect.h"
#include "llm/ids.h"

/* An event of a stream has at most 32 MiB; escaping it twice may make it longer. */
enum { SCRATCH_MAX = 128 << 20 };

void decoder_init(struct decoder *d, const struct dialect *from, const struct target *t,
	struct arena *a, struct sink *to)
{
	*d = (struct decoder){
		.dialect = from, .flavor = t->flavor, .model = t->model, .arena = a, .to = to
	};
	d->warnings = arena_alloc(a, sizeof(*d->warnings));
	buf_init(&d->scratch, SCRATCH_MAX);
	if (from->decode_begin != NULL)
		from->decode_begin(d);
}

void decoder_release(struct decoder *d)
{
	buf_release(&d->scratch);
}

void decoder_frame(struct decoder *d, struct str frame)
{
	if (!d->ended)
		d->dialect->decode_frame(d, frame);
}

void decoder_body(struct decoder *d, struct str body)
{
	if (d->ended)
		return;
	d->dialect->decode_body(d, body);
	if (!d->ended)
		decoder_fail(d, ERR_UPSTREAM, STR("upstream reply has no end"), false);
}

void decoder_end(struct decoder *d)
{
	if (d->ended)
		return;
	if (d->dialect->decode_end != NULL)
		d->dialect->decode_end(d);
	if (!d->ended)
		decoder_fail(d, ERR_UPSTREAM, STR("upstream stream ended without a finish reason"),
			false);
}

/* No counts below "not known". */
static bool is_usage(const struct usage *u)
{
	return u->in >= -1 && u->cache_read >= -1 && u->cache_write >= -1 &&
	       u->cache_write_1h >= -1 && u->out >= -1 && u->reasoning >= -1;
}

/* What event.h promises: parts one after the other, nothing outside of them, all of them closed at a good end. */
static bool is_in_order(struct decoder *d, const struct event *ev)
{
	bool open = d->open, signable = d->signable;

	switch (ev->type) {
	case EV_OPEN:
		d->open = true;
		d->signable = ev->part == PART_REASONING;
		return !open;
	case EV_TEXT:
		return open;
	case EV_SIGN:
		d->signable = false;
		return open && signable;
	case EV_CLOSE:
		d->open = false;
		return open;
	case EV_STOP:
		return !open && ev->stop != STOP_NONE;
	case EV_START:
	case EV_USAGE:
		return is_usage(&ev->usage);
	case EV_RAW:
	case EV_BEGIN:
	case EV_ERROR:
		break;
	}
	return true;
}

/* A decoder that breaks its promise is a mistake of ours, which tests and fuzzers are to find; a client only loses the reply. */
static void fail_order(struct decoder *d)
{
#ifdef __SANITIZE_ADDRESS__
	assert(!"events come in order");
#endif
	decoder_fail(d, ERR_INTERNAL, STR("the provider's reply could not be put in order"), false);
}

void decoder_put(struct decoder *d, const struct event *ev)
{
	if (d->ended)
		return;
	if (!is_in_order(d, ev)) {
		fail_order(d);
		return;
	}
	d->ended = ev->type == EV_STOP || ev->type == EV_ERROR;
	d->to->put(d->to, ev);
}

void decoder_fail(struct decoder *d, enum err_kind kind, struct str message, bool again)
{
	struct event ev = { .type = EV_ERROR,
		.text = str_from(err_anthropic_type(kind)),
		.detail = message,
		.error = kind,
		.again = again,
		.usage = USAGE_UNKNOWN };

	decoder_put(d, &ev);
}

/* The client's names of tools that the provider knows by others, or as functions. */
static void note_tools(struct encoder *e, const struct content *c)
{
	struct native_tool **at = &e->tools;

	for (const struct tool *t = c->tools; t != NULL; t = t->next) {
		bool freeform = t->kind == TOOL_FREEFORM;
		if (!freeform && t->space.n == 0 && str_eq(t->name, t->wire_name))
			continue;
		struct native_tool *n = arena_alloc(e->arena, sizeof(*n));
		n->wire_name = arena_dup(e->arena, t->wire_name);
		n->name = arena_dup(e->arena, t->name);
		n->space = arena_dup(e->arena, t->space);
		n->freeform = freeform;
		*at = n;
		at = &n->next;
	}
}

void encoder_init(struct encoder *e, const struct dialect *to, const struct encoder_wishes *w,
	struct arena *a, struct buf *out)
{
	*e = (struct encoder){ .dialect = to,
		.arena = a,
		.wishes = *w,
		.base = w->random,
		.usage = USAGE_UNKNOWN,
		.out = out };
	e->warnings = arena_alloc(a, sizeof(*e->warnings));
	reply_init(&e->reply, a, w->max_bytes);
	if (w->content != NULL)
		note_tools(e, w->content);
	if (to->encode_begin != NULL)
		to->encode_begin(e);
	e->wishes.content = NULL;
}

void encoder_release(struct encoder *e)
{
	reply_release(&e->reply);
}

static void note(struct encoder *e, const struct event *ev)
{
	struct str base;

	if (ev->type == EV_START) {
		base = id_base(ev->id, e->arena);
		e->base = base.n > 0 ? arena_dup(e->arena, base) : e->wishes.random;
	}
	if (ev->type == EV_START || ev->type == EV_USAGE)
		usage_merge(&e->usage, &ev->usage);
	if (!e->wishes.stream || e->dialect->gathers)
		reply_add(&e->reply, ev);
}

void encoder_put(struct encoder *e, const struct event *ev)
{
	size_t before = e->out->n;

	if (e->ended)
		return;
	note(e, ev);
	if (e->wishes.stream)
		e->dialect->encode_event(e, ev);
	else if (ev->type == EV_STOP && !e->reply.overflow)
		e->dialect->encode_reply(e);
	e->begun = e->begun || e->out->n != before;
	e->ended = ev->type == EV_STOP || ev->type == EV_ERROR;
}

void encoder_ping(struct encoder *e)
{
	if (!e->wishes.stream || !e->begun || e->ended)
		return;
	if (e->dialect->encode_ping != NULL)
		e->dialect->encode_ping(e);
	else
		buf_add(e->out, e->dialect->ping);
}

const struct native_tool *encoder_tool(const struct encoder *e, struct str wire_name)
{
	for (const struct native_tool *t = e->tools; t != NULL; t = t->next)
		if (str_eq(t->wire_name, wire_name))
			return t;
	return NULL;
}
