/* SPDX-License-Identifier: MIT */
/* Frames are looked at for thinking only; of all other blocks it is enough to know that there is one. */
#include "lab/replay_reply.h"

#include "core/candidate.h"
#include "core/prefix.h"
#include "lab/replay_read.h"
#include "wire/json_text.h"
#include "wire/sse.h"

#include <string.h>

/* One reply as it comes. */
struct taking {
	struct replay_reply *r;
	const struct candidate *c;
	struct sse_scanner scanner, client_scanner;
	struct buf scratch, joined;
	/* translated */
	struct sink sink;
	struct decoder decoder;
	struct encoder encoder;
	struct buf out;
	size_t read; /* of out */
	bool translated;
	struct str sealed_for;
	/* the client's */
	struct replay_block *blocks; /* THINKING with its JSON; OTHER: a recorded one stands here */
	size_t n;
	struct buf text, signature;
	bool thinks; /* a block of thinking is open */
	bool whole;
};

/* ---- the client's side ---- */

static void add_block(struct taking *t, enum replay_block_kind kind, struct str json)
{
	const struct replay_block b = { .kind = kind, .json = arena_dup(t->r->arena, json) };

	t->blocks = replay_grow(t->r->x->arena, t->blocks, t->n, sizeof(*t->blocks));
	t->blocks[t->n++] = b;
}

static void begin_block(struct taking *t, struct str block)
{
	struct str type = json_inner(json_get(block, STR("type")));

	t->thinks = str_eq(type, STR("thinking"));
	buf_clear(&t->text);
	buf_clear(&t->signature);
	if (t->thinks)
		buf_add(&t->text, json_inner(json_get(block, STR("thinking"))));
	else if (str_eq(type, STR("redacted_thinking")))
		add_block(t, REPLAY_THINKING, block);
	else
		add_block(t, REPLAY_OTHER, STR(""));
}

static void take_delta(struct taking *t, struct str delta)
{
	struct str signature = json_inner(json_get(delta, STR("signature")));

	if (!t->thinks)
		return;
	buf_add(&t->text, json_inner(json_get(delta, STR("thinking"))));
	if (signature.p == NULL)
		return;
	buf_clear(&t->signature);
	buf_add(&t->signature, signature);
}

static void end_block(struct taking *t)
{
	struct buf b;

	if (!t->thinks)
		return;
	t->thinks = false;
	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("{\"type\":\"thinking\",\"thinking\":"));
	json_add_quoted(&b, buf_str(&t->text));
	buf_add(&b, STR(",\"signature\":"));
	json_add_quoted(&b, buf_str(&t->signature));
	buf_add_char(&b, '}');
	add_block(t, REPLAY_THINKING, buf_str(&b));
	buf_release(&b);
}

static void client_frame(struct taking *t, struct str frame)
{
	struct sse_frame f;

	buf_clear(&t->joined);
	sse_parse(frame, &t->joined, &f);
	struct str type = json_inner(json_get(f.data, STR("type")));
	if (str_eq(type, STR("content_block_start")))
		begin_block(t, json_get(f.data, STR("content_block")));
	else if (str_eq(type, STR("content_block_delta")))
		take_delta(t, json_get(f.data, STR("delta")));
	else if (str_eq(type, STR("content_block_stop")))
		end_block(t);
	else if (str_eq(type, STR("message_stop")))
		t->whole = true;
	else if (str_eq(type, STR("error")))
		t->r->error = arena_dup(t->r->x->arena, f.data);
}

/* ---- the proxy's side ---- */

static void note(struct taking *t, const struct event *ev)
{
	usage_merge(&t->r->o->usage, &ev->usage);
	if (ev->type == EV_STOP)
		t->r->o->whole = true;
	if (ev->type == EV_START && !t->translated)
		prefix_learn(t->r->x, t->r->o);
}

static void put(struct sink *self, const struct event *ev)
{
	struct taking *t = container_of(self, struct taking, sink);

	note(t, ev);
	if (ev->type == EV_ERROR && !t->encoder.begun)
		t->r->error = arena_dup(t->r->x->arena, ev->detail);
	else
		encoder_put(&t->encoder, ev);
}

static void relay_frame(struct taking *t, struct str frame)
{
	struct replay_reply *r = t->r;
	struct event ev;
	struct buf sealed;

	buf_init(&sealed, SIZE_MAX);
	if (t->sealed_for.n > 0 && thinking_seal_frame(frame, t->sealed_for, &sealed))
		frame = buf_str(&sealed);
	t->c->dialect->parse_event(frame, &t->scratch, r->x->arena, &ev);
	note(t, &ev);
	client_frame(t, frame);
	buf_release(&sealed);
}

/* What has been encoded for the client since the last time. */
static void read_encoded(struct taking *t)
{
	struct str rest = str_from_offset(buf_str(&t->out), t->read);
	size_t n;

	while (rest.n > 0 && (n = sse_scan(&t->client_scanner, rest)) > 0) {
		client_frame(t, (struct str){ rest.p, n });
		t->read += n;
		rest = str_from_offset(rest, n);
	}
}

static void provider_bytes(struct taking *t, struct str bytes)
{
	size_t n;

	while (bytes.n > 0 && (n = sse_scan(&t->scanner, bytes)) > 0) {
		struct str frame = { bytes.p, n };
		if (t->translated)
			decoder_frame(&t->decoder, frame);
		else
			relay_frame(t, frame);
		bytes = str_from_offset(bytes, n);
	}
}

static void begin_translation(struct taking *t)
{
	struct exchange *x = t->r->x;
	struct target target;
	const struct encoder_wishes wishes = { .model = x->chat.model,
		.random = STR("000000000000000000000000"),
		.id = STR("replay"),
		.created_s = x->begin_wall_ms / 1000,
		.stream = true,
		.max_bytes = SIZE_MAX,
		.content = x->content };

	candidate_target(&target, x, t->c);
	t->sink.put = put;
	buf_init(&t->out, SIZE_MAX);
	encoder_init(&t->encoder, x->dialect, &wishes, x->arena, &t->out);
	decoder_init(&t->decoder, t->c->dialect, &target, x->arena, &t->sink);
}

static void end_translation(struct taking *t)
{
	decoder_end(&t->decoder);
	read_encoded(t);
	decoder_release(&t->decoder);
	encoder_release(&t->encoder);
	buf_release(&t->out);
	prefix_learn(t->r->x, t->r->o);
}

/* ---- what the client keeps ---- */

static const struct replay_block *next_recorded(const struct replay_turn *recorded, size_t *at)
{
	while (*at < recorded->n && recorded->b[*at].kind == REPLAY_THINKING)
		(*at)++;
	return *at < recorded->n ? &recorded->b[(*at)++] : NULL;
}

/* Puts the recorded blocks where they have come. */
static bool match(struct taking *t)
{
	const struct replay_block *b = NULL;
	size_t at = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->blocks[i].kind == REPLAY_THINKING)
			continue;
		b = next_recorded(t->r->recorded, &at);
		if (b == NULL)
			return false;
		t->blocks[i].json = b->json;
	}
	return next_recorded(t->r->recorded, &at) == NULL;
}

static void keep(struct taking *t)
{
	struct replay_reply *r = t->r;
	struct replay_received *to = r->received;

	r->differs = !match(t);
	if (r->differs)
		return;
	to->model = r->recorded->model;
	to->n = t->n;
	to->blocks = arena_alloc(r->arena, (t->n + 1) * sizeof(*to->blocks));
	to->thinking = arena_alloc(r->arena, (t->n + 1) * sizeof(*to->thinking));
	for (size_t i = 0; i < t->n; i++) {
		to->blocks[i] = t->blocks[i].json;
		to->thinking[i] = t->blocks[i].kind == REPLAY_THINKING;
	}
}

static void take_frames(struct taking *t, const struct replay_answer *from)
{
	if (t->translated)
		begin_translation(t);
	for (size_t i = 0; i < from->n; i++) {
		provider_bytes(t, from->pieces[i]);
		if (t->translated)
			read_encoded(t);
	}
	if (t->translated)
		end_translation(t);
	if (!t->whole && t->r->error.p == NULL)
		t->r->error = STR("the reply did not come to its end");
}

void replay_reply_take(struct replay_reply *r, const struct replay_answer *from)
{
	const struct candidate *c = &r->o->candidate;
	struct taking t = { .r = r, .c = c, .translated = exchange_is_translated(r->x, c) };

	r->o->status = from->status;
	if (from->status != 200) {
		r->error = from->n > 0 ? from->pieces[0] : STR("refused");
		return;
	}
	if (candidate_rerouted(r->x, c) && !t.translated && c->dialect->family == API_ANTHROPIC)
		t.sealed_for = candidate_model(r->x, c);
	buf_init(&t.scratch, SIZE_MAX);
	buf_init(&t.joined, SIZE_MAX);
	buf_init(&t.text, SIZE_MAX);
	buf_init(&t.signature, SIZE_MAX);
	take_frames(&t, from);
	if (r->error.p == NULL)
		keep(&t);
	buf_release(&t.scratch);
	buf_release(&t.joined);
	buf_release(&t.text);
	buf_release(&t.signature);
}
