/* SPDX-License-Identifier: MIT */
/* Every order of events: a client that leaves, a request that breaks off and a provider that fails at every step of
 * exchanges, uploads and replies interleaved in every way, and a long random walk over several exchanges at once. */
#include "unit/core/exchange_fake.h"

#include "unit/wire/check.h"

static const char *const sets[] = { "limits.frame_bytes=1024", NULL };

#define LONG_BYTES 1500

/* One exchange that is taken through steps, a letter each. */
struct run {
	struct world *w;
	struct conn *c;
	struct transfer *t; /* NULL before it was started */
	const char *request;
	struct buf sent; /* by the provider */
	bool answered;   /* the reply is the provider's */
	bool events;     /* an interpreted event stream */
	bool mid_long;   /* part of a long frame is with the client */
};

static const char messages[] = "POST /v1/messages\nHost: localhost\nContent-Length: 14";
static const char upload[] = "POST /v1/files\nHost: localhost\nTransfer-Encoding: chunked";

static void provider_sends(struct run *r, struct str bytes)
{
	fake_transfer_body(r->t, bytes);
	buf_add(&r->sent, bytes);
}

static void send_long(struct run *r)
{
	char piece[LONG_BYTES];

	memset(piece, 'x', sizeof(piece));
	memcpy(piece, "data: ", 6);
	provider_sends(r, (struct str){ piece, sizeof(piece) });
	r->mid_long = true;
}

static void client_step(struct run *r, char what)
{
	switch (what) {
	case 'b': /* half of the body */
		fake_conn_body(r->c, STR("{\"model\""));
		break;
	case 'e': /* its other half, and its end */
		fake_conn_body(r->c, STR(":\"m\"} "));
		fake_conn_end(r->c);
		break;
	case 's':
		r->c->stuck = true;
		break;
	case 'r':
		r->c->stuck = false;
		fake_conn_drain(r->c);
		break;
	case 'T':
		fake_loop_advance(r->w->loop, 15000);
		break;
	default:
		fail();
	}
}

static void step(struct run *r, char what)
{
	if (strchr("dxXLl", what) != NULL && r->t->paused)
		return;
	switch (what) {
	case 't':
		fake_transfer_take(r->t, SIZE_MAX);
		break;
	case 'h':
		fake_transfer_head(r->t, STREAM_HEAD);
		r->answered = true;
		break;
	case 'd':
		provider_sends(r, STR(DELTA));
		break;
	case 'x':
		provider_sends(r, STR("event: content_bl"));
		break;
	case 'X':
		provider_sends(r, STR("ock_stop\ndata: {}\n\n"));
		break;
	case 'L':
		send_long(r);
		break;
	case 'l':
		provider_sends(r, STR("\n\n"));
		r->mid_long = false;
		break;
	case 'z':
		fake_transfer_done(r->t, UPSTREAM_OK, "");
		break;
	default:
		client_step(r, what);
	}
	fake_loop_settle(r->w->loop);
	if (r->t == NULL)
		r->t = world_transfer(r->w);
}

static void begin(struct run *r, struct world *w, const char *request)
{
	world_init(w, sets);
	w->server->limits.queue_bytes = 4096;
	*r = (struct run){ .w = w, .request = request, .events = request == messages };
	buf_init(&r->sent, SIZE_MAX);
	r->c = fake_conn_begin(w->server, request);
	fake_loop_settle(w->loop);
	r->t = world_transfer(w);
}

/* The client has nothing but what the provider sent, in order; pings aside. */
static void check_prefix(const struct run *r)
{
	struct str got = buf_str(&r->c->body), sent = buf_str(&r->sent);

	while (r->answered && got.n > 0) {
		size_t ping = str_find(got, STR(PING));
		struct str part = { got.p, ping };
		if (str_starts(got, STR("event: error\n")))
			return;
		size_t error = str_find(part, STR("event: error\n"));
		part.n = error < part.n ? error : part.n;
		assert_true(str_starts(sent, part));
		sent = str_from_offset(sent, part.n);
		got = str_from_offset(got, part.n);
		if (str_starts(got, STR(PING)))
			got = str_from_offset(got, sizeof(PING) - 1);
	}
	if (r->c->end == FAKE_ENDED && r->t != NULL && r->t->state == FAKE_DONE)
		assert_true(sent.n == 0 || r->events);
}

static void end(struct run *r)
{
	struct world *w = r->w;

	fake_loop_settle(w->loop);
	check_prefix(r);
	assert_int_equal(w->svc.open, 0);
	assert_int_equal(fake_loop_timers(w->loop), 0);
	assert_int_equal(fake_log_lines(w->log.writer), 1);
	fake_conn_drain(r->c);
	fake_loop_advance(w->loop, 1000000);
	buf_release(&r->sent);
	world_release(w);
}

static void check_cancelled(const struct run *r)
{
	if (r->t != NULL)
		assert_int_equal(r->t->state, FAKE_CANCELLED);
}

static void client_leaves(struct run *r)
{
	fake_conn_gone(r->c);
	check_cancelled(r);
	assert_true(str_ends(world_log(r->w), STR(" | the client has gone\n")));
}

static void request_breaks_off(struct run *r)
{
	bool replied = r->c->replied;

	if (r->c->complete) {
		client_leaves(r);
		return;
	}
	fake_conn_broken(r->c, ERR_REQUEST_TIMEOUT, "too slow");
	check_cancelled(r);
	assert_int_equal(r->c->end, replied ? FAKE_ABORTED : FAKE_ENDED);
	if (!replied)
		assert_int_equal(r->c->reply.status, 408);
	assert_true(str_ends(world_log(r->w), STR("| too slow\n")));
}

static void provider_fails(struct run *r)
{
	bool replied = r->c->replied;

	if (r->t == NULL) {
		client_leaves(r);
		return;
	}
	fake_transfer_done(r->t, UPSTREAM_BROKEN, "it broke");
	if (!replied)
		assert_int_equal(r->c->reply.status, 502);
	assert_int_equal(
		r->c->end, replied && (!r->events || r->mid_long) ? FAKE_ABORTED : FAKE_ENDED);
}

static void (*const blows[])(struct run *) = { client_leaves, request_breaks_off, provider_fails };

/* Takes an exchange through the first n steps and strikes; or, when it has ended by then, looks at its end. */
static void strike_after(const char *request, const char *steps, size_t n, size_t blow)
{
	struct world w;
	struct run r;

	begin(&r, &w, request);
	for (size_t i = 0; i < n && r.c->end == FAKE_OPEN; i++)
		step(&r, steps[i]);
	if (r.c->end == FAKE_OPEN)
		blows[blow](&r);
	end(&r);
}

static void strike_everywhere(const char *request, const char *steps)
{
	for (size_t n = 0; n <= strlen(steps); n++)
		for (size_t blow = 0; blow < ARRAY_LEN(blows); blow++)
			strike_after(request, steps, n, blow);
}

static void strikes_at_every_step(void **state)
{
	static const char *const scripts[] = {
		"bethdxXdLlTdz",
		"behtTdxTXz",
		"bethLTlTz",
		"bethsLlLlLTrlTdz",
		"bethsdddddddddddddddddddddddddddddddLrlz",
		"behz",
	};

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		strike_everywhere(messages, scripts[i]);
}

/* Appends to `made` what is left of both scripts, in every order. */
static void interleave(const char *a, const char *b, char *made, size_t n, unsigned *count)
{
	if (*a == '\0' && *b == '\0') {
		made[n] = '\0';
		strike_everywhere(upload, made);
		(*count)++;
		return;
	}
	if (*a != '\0') {
		made[n] = *a;
		interleave(a + 1, b, made, n + 1, count);
	}
	if (*b != '\0') {
		made[n] = *b;
		interleave(a, b + 1, made, n + 1, count);
	}
}

/* A relayed reply may begin, go on and end at any time of the upload. */
static void upload_and_reply_in_every_order(void **state)
{
	char made[16];
	unsigned count = 0;

	interleave("bbe", "thdxz", made, 0, &count);
	assert_int_equal(count, 56);
}

/* ---- a random walk ---- */

enum { WALKERS = 5, STEPS = 60000 };

struct walk {
	struct world w;
	struct run runs[WALKERS];
	uint64_t seed;
	unsigned ended[4], reloads;
};

static size_t below(struct walk *k, size_t n)
{
	return random_below(&k->seed, n);
}

static void walker_begins(struct walk *k, struct run *r)
{
	static const char *const requests[] = { messages, upload, "GET /v1/models\nHost: localhost",
		"GET /nowhere\nHost: localhost" };
	size_t i = below(k, ARRAY_LEN(requests));
	size_t before = k->w.upstream->n;

	buf_release(&r->sent);
	*r = (struct run){ .w = &k->w, .request = requests[i], .events = requests[i] == messages };
	buf_init(&r->sent, SIZE_MAX);
	r->c = fake_conn_begin(k->w.server, r->request);
	r->t = k->w.upstream->n > before ? world_transfer(&k->w) : NULL;
}

static void walker_sends(struct walk *k, struct run *r)
{
	size_t before = k->w.upstream->n;

	if (r->c->complete || r->c->body_paused)
		return;
	if (r->request == messages)
		fake_conn_body(r->c, below(k, 8) != 0 ? STR("{\"model\":\"m\"} ") : STR("{,"));
	else
		for (size_t n = below(k, 4); n > 0 && !r->c->body_paused; n--)
			fake_conn_body(r->c, (struct str){ (char[90000]){ 0 }, 90000 });
	if (r->request == messages || below(k, 4) == 0)
		fake_conn_end(r->c);
	if (k->w.upstream->n > before)
		r->t = world_transfer(&k->w);
}

static void provider_acts(struct walk *k, struct run *r)
{
	static const enum upstream_failure all[] = { UPSTREAM_OK, UPSTREAM_OK, UPSTREAM_OK,
		UPSTREAM_CONNECT, UPSTREAM_BROKEN, UPSTREAM_TIMEOUT, UPSTREAM_BAD_REPLY };
	size_t what = below(k, 16);

	if (r->t == NULL || r->t->state == FAKE_DONE || r->t->state == FAKE_CANCELLED)
		return;
	if (what == 0 && r->t->state == FAKE_WAITING && !r->t->rq.streamed) {
		fake_transfer_done(r->t, UPSTREAM_STALE, "it was dead");
		r->t = r->c->end == FAKE_OPEN ? world_transfer(&k->w) : r->t;
	} else if (what < 3) {
		enum upstream_failure why = all[below(k, ARRAY_LEN(all))];
		if (r->t->state == FAKE_WAITING && why == UPSTREAM_OK)
			why = UPSTREAM_BAD_REPLY;
		fake_transfer_done(r->t, why, "it ended");
	} else if (what < 6) {
		fake_transfer_take(r->t, below(k, 200000));
	} else if (r->t->state == FAKE_WAITING) {
		fake_transfer_head(r->t, below(k, 4) != 0 ? STREAM_HEAD : JSON_HEAD);
		r->answered = true;
	} else if (!r->t->paused) {
		static const char stream[] = START DELTA "data: x\r\n\r\n" USAGE "data: y\r\r";
		size_t at = below(k, sizeof(stream) - 1);
		struct str piece = str_from_offset(str_from(stream), at);
		piece.n = below(k, piece.n) + 1;
		provider_sends(r, piece);
	}
}

static void walker_steps(struct walk *k, struct run *r)
{
	size_t what = below(k, 20);

	if (r->c == NULL || r->c->end != FAKE_OPEN) {
		if (r->c != NULL) {
			k->ended[r->c->end]++;
			check_prefix(r);
		}
		walker_begins(k, r);
	} else if (what < 4) {
		walker_sends(k, r);
	} else if (what == 4) {
		fake_conn_gone(r->c);
	} else if (what == 5 && !r->c->complete) {
		fake_conn_broken(r->c, ERR_INVALID, "broken");
	} else if (what == 6) {
		r->c->stuck = !r->c->stuck;
		if (!r->c->stuck)
			fake_conn_drain(r->c);
	} else {
		provider_acts(k, r);
	}
}

static void world_steps(struct walk *k)
{
	static const char *const other[] = { "limits.ping_s=1", "override.model=o", NULL };
	size_t what = below(k, 100);

	if (what < 10)
		fake_loop_advance(k->w.loop, below(k, 20000));
	else if (what < 50)
		fake_loop_settle(k->w.loop);
	else if (what == 50) {
		world_reload(&k->w, below(k, 2) != 0 ? other : sets);
		k->reloads++;
	}
}

static void random_walk(void **state)
{
	static struct walk k;

	k = (struct walk){ .seed = 20261121 };
	world_init(&k.w, sets);
	k.w.server->limits.queue_bytes = 4096;
	for (unsigned i = 0; i < STEPS; i++) {
		walker_steps(&k, &k.runs[below(&k, WALKERS)]);
		world_steps(&k);
		/* What fakes keep of ended exchanges goes when nothing points at it. */
		if (i % 1000 == 999) {
			for (unsigned n = 0; n < WALKERS; n++)
				if (k.runs[n].c != NULL && k.runs[n].c->end != FAKE_OPEN) {
					check_prefix(&k.runs[n]);
					k.runs[n].c = NULL;
				}
			world_forget(&k.w);
		}
	}
	for (unsigned n = 0; n < WALKERS; n++) {
		if (k.runs[n].c != NULL && k.runs[n].c->end == FAKE_OPEN)
			fake_conn_gone(k.runs[n].c);
		buf_release(&k.runs[n].sent);
	}
	/* It went everywhere. */
	assert_true(k.ended[FAKE_ENDED] > 1000 && k.ended[FAKE_ABORTED] > 100 &&
		    k.ended[FAKE_GONE] > 100 && k.reloads > 100);
	world_release(&k.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strikes_at_every_step),
		cmocka_unit_test(upload_and_reply_in_every_order),
		cmocka_unit_test(random_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
