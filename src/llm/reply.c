/* SPDX-License-Identifier: MIT */
/* Gathering replies. What a provider sends is bounded: each part counts for its texts and for itself. */
#include "llm/reply.h"

void reply_init(struct reply *r, struct arena *a, size_t max_bytes)
{
	*r = (struct reply){ .arena = a, .usage = USAGE_UNKNOWN, .max_bytes = max_bytes };
}

/* Whether so many more may be kept; once they may not, nothing more is. */
static bool have_room(struct reply *r, size_t n)
{
	if (r->overflow || n > r->max_bytes - r->bytes) {
		r->overflow = true;
		return false;
	}
	r->bytes += n;
	return true;
}

static struct native keep_native(const struct reply *r, const struct native *n)
{
	return (struct native){ arena_dup(r->arena, n->code), arena_dup(r->arena, n->payload) };
}

static void open_part(struct reply *r, const struct event *ev)
{
	struct reply_part *p;

	if (!have_room(r,
		    sizeof(*p) + ev->id.n + ev->name.n + ev->native.code.n + ev->native.payload.n))
		return;
	p = arena_alloc(r->arena, sizeof(*p));
	p->kind = ev->part;
	p->freeform = ev->freeform;
	p->id = arena_dup(r->arena, ev->id);
	p->name = arena_dup(r->arena, ev->name);
	p->native = keep_native(r, &ev->native);
	buf_init(&p->text, r->max_bytes);
	*(r->last != NULL ? &r->last->next : &r->first) = p;
	r->last = p;
	r->calls += p->kind == PART_CALL;
}

static void sign_part(struct reply *r, const struct event *ev)
{
	if (r->last != NULL && have_room(r, ev->native.code.n + ev->native.payload.n))
		r->last->native = keep_native(r, &ev->native);
}

void reply_add(struct reply *r, const struct event *ev)
{
	switch (ev->type) {
	case EV_BEGIN:
		break;
	case EV_START:
		r->id = arena_dup(r->arena, ev->id);
		r->model = arena_dup(r->arena, ev->model);
		usage_merge(&r->usage, &ev->usage);
		break;
	case EV_USAGE:
		usage_merge(&r->usage, &ev->usage);
		break;
	case EV_OPEN:
		open_part(r, ev);
		break;
	case EV_TEXT:
		if (r->last != NULL && have_room(r, ev->text.n))
			buf_add(&r->last->text, ev->text);
		break;
	case EV_SIGN:
		sign_part(r, ev);
		break;
	case EV_STOP:
		r->stop = ev->stop;
		r->detail = arena_dup(r->arena, ev->detail);
		break;
	case EV_RAW:
	case EV_ERROR:
	case EV_CLOSE:
		break;
	}
}

void reply_release(struct reply *r)
{
	for (struct reply_part *p = r->first; p != NULL; p = p->next)
		buf_release(&p->text);
}
