/* SPDX-License-Identifier: MIT */
/* Nothing is sent to the client before the provider's reply has something to say: what fails until then is an HTTP error like any other, or
 * is tried again. */
#include "core/translation.h"

#include "core/candidate.h"
#include "core/learned.h"
#include "core/recourse.h"
#include "core/secrets.h"
#include "llm/fit.h"
#include "wire/json_text.h"

/* ---- the request ---- */

static bool read_content(struct exchange *x)
{
	struct content *c;

	if (x->content != NULL && !x->content_used)
		return true;
	arena_free(x->content_arena);
	x->content = NULL;
	x->content_used = false;
	x->content_arena = arena_new_small();
	c = arena_alloc(x->content_arena, sizeof(*c));
	content_init(c, x->content_arena);
	if (!x->dialect->read_content(c, &x->chat, &x->err))
		return false;
	content_repair(c);
	x->content = c;
	return true;
}

/* Those of an attempt that was given up do not count. */
static void keep_warnings(struct exchange *x)
{
	const struct warnings *w = &x->content->warnings;

	x->warnings = NULL;
	if (w->n == 0)
		return;
	x->warnings = arena_alloc(x->arena, sizeof(*x->warnings));
	for (size_t i = 0; i < w->n; i++)
		x->warnings->v[x->warnings->n++] = arena_dup(x->arena, w->v[i]);
}

/* What could not be kept of the reply; what comes up when its head is out is only logged. */
static void note_warnings(struct translation *t)
{
	struct exchange *x = t->x;

	if (t->decoder.dialect == NULL || t->decoder.warnings->n + t->encoder.warnings->n == 0)
		return;
	if (x->warnings == NULL)
		x->warnings = arena_alloc(x->arena, sizeof(*x->warnings));
	warnings_add(x->warnings, t->decoder.warnings);
	warnings_add(x->warnings, t->encoder.warnings);
}

bool translation_print(struct exchange *x, const struct candidate *c, struct wire_request *ret)
{
	struct target t;

	buf_init(&ret->body, SIZE_MAX);
	if (!read_content(x))
		return false;
	candidate_target(&t, x, c);
	x->content_used = true;
	bool ok = content_fit(x->content, &t, &x->err) &&
		  c->dialect->print_content(ret, x->content, &t, &x->err);
	keep_warnings(x);
	return ok;
}

/* ---- the head of the reply ---- */

static void add_warnings(struct exchange *x)
{
	struct buf b;

	if (x->warnings == NULL)
		return;
	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < x->warnings->n; i++) {
		buf_add(&b, i > 0 ? STR(",") : STR(""));
		buf_add(&b, x->warnings->v[i]);
	}
	exchange_add_header(x, STR("x-sluice-warnings"), arena_dup(x->arena, buf_str(&b)));
	buf_release(&b);
}

static void begin_stream(struct translation *t)
{
	struct exchange *x = t->x;

	exchange_add_header(x, STR("Cache-Control"), STR("no-cache"));
	exchange_add_header(x, STR("X-Accel-Buffering"), STR("no"));
	exchange_reply_head(x, 200, STR("text/event-stream; charset=utf-8"), CONN_LENGTH_UNKNOWN);
}

/* A stream that has brought no content yet is kept while somebody else could be asked. */
static bool is_held(const struct translation *t)
{
	return !t->content && !conn_replied(t->x->conn) &&
	       t->out.n <= t->x->config->failover_hold_bytes && recourse_has(t->x);
}

/* What is in `out` goes to the client, behind a head if it is the first of it. */
static void flush(struct translation *t)
{
	struct exchange *x = t->x;
	struct event ev = { .type = EV_RAW, .raw = buf_str(&t->out), .usage = USAGE_UNKNOWN };

	if (t->out.n == 0 || x->conn == NULL || is_held(t))
		return;
	if (!conn_replied(x->conn)) {
		x->streamed = x->chat.stream;
		exchange_add_answerer(x, t->candidate);
		note_warnings(t);
		add_warnings(x);
		if (x->chat.stream)
			begin_stream(t);
		else
			exchange_reply_head(x, 200, STR("application/json"), (int64_t)t->out.n);
		exchange_free_body(x); /* it is not needed again */
	}
	sink_pass(&t->encode, &ev);
	buf_clear(&t->out);
}

/* ---- its body ---- */

static void note_failure(struct translation *t, const struct event *ev)
{
	t->failure = (struct failure){ .kind = ev->error,
		.message = arena_dup(t->x->arena, ev->detail),
		.type = arena_dup(t->x->arena, ev->text),
		.retry_after_ms = -1 };
	t->again = ev->again;
}

/* Before the reply has begun it is kept: there may be another try. */
static void put_error(struct translation *t, const struct event *ev)
{
	struct event masked = *ev;

	t->failed = true;
	masked.detail = secrets_masked(t->x, ev->detail);
	if (conn_replied(t->x->conn))
		encoder_put(&t->encoder, &masked);
	else
		note_failure(t, &masked);
}

static void put(struct sink *self, const struct event *ev)
{
	struct translation *t = container_of(self, struct translation, encode);

	t->content = t->content || ev->type == EV_OPEN || ev->type == EV_STOP;
	if (ev->type == EV_ERROR)
		put_error(t, ev);
	else
		encoder_put(&t->encoder, ev);
	t->done = t->encoder.ended;
	flush(t);
}

struct translation *translation_new(
	struct exchange *x, const struct candidate *c, struct sink *next)
{
	struct translation *t = arena_alloc(x->arena, sizeof(*t));
	const struct encoder_wishes w = { .model = x->chat.model,
		.random = str_from(x->id), /* as unique as it gets */
		.id = str_from(x->id),
		.created_s = x->begin_wall_ms / 1000,
		.stream = x->chat.stream,
		.max_bytes = (size_t)x->config->limits_reply_bytes,
		.content = x->content };

	*t = (struct translation){ .x = x, .candidate = c, .encode = { put, next } };
	buf_init(&t->out, SIZE_MAX);
	encoder_init(&t->encoder, x->dialect, &w, x->arena, &t->out);
	return t;
}

void translation_from(struct translation *t, struct sink *first)
{
	struct target target;

	candidate_target(&target, t->x, t->candidate);
	t->learned = learned_end(t->x->svc->learned);
	decoder_init(&t->decoder, t->candidate->dialect, &target, t->x->arena, first);
	t->decoder.call_prefix = t->x->dialect == &dialect_anthropic ? "toolu_" : "call_";
}

void translation_release(struct translation *t)
{
	if (t == NULL)
		return;
	note_warnings(t);
	if (t->decoder.dialect != NULL)
		decoder_release(&t->decoder);
	encoder_release(&t->encoder);
	buf_release(&t->out);
}

void translation_ping(struct translation *t)
{
	encoder_ping(&t->encoder);
	flush(t);
}

/* ---- counts of tokens ---- */

/* Of English and code, about; of an image of middling size. */
enum { TOKEN_BYTES = 4, IMAGE_TOKENS = 1500, PART_TOKENS = 4 };

static uint64_t estimate_parts(const struct part *p)
{
	uint64_t sum = 0;

	for (; p != NULL; p = p->next) {
		sum += (p->text.n + p->name.n) / TOKEN_BYTES + PART_TOKENS;
		if (p->data.n > 0 || p->url.n > 0)
			sum += IMAGE_TOKENS;
		for (const struct part *inner = p->parts; inner != NULL; inner = inner->next)
			sum += inner->text.n / TOKEN_BYTES +
			       (inner->kind == PART_IMAGE ? IMAGE_TOKENS : 0);
	}
	return sum;
}

static uint64_t estimate_tokens(const struct content *c)
{
	uint64_t sum = estimate_parts(c->system.first);

	for (const struct tool *t = c->tools; t != NULL; t = t->next)
		sum += (t->name.n + t->description.n + t->schema.n) / TOKEN_BYTES + PART_TOKENS;
	for (const struct turn *t = c->turns; t != NULL; t = t->next)
		sum += estimate_parts(t->parts.first);
	return sum;
}

static void estimate_count(struct translation *t)
{
	exchange_add_header(t->x, STR("x-sluice-estimate"), STR("1"));
	t->x->dialect->print_count(&t->out, estimate_tokens(t->x->content));
	flush(t);
	t->done = true;
}

/* ---- replies that are none ---- */

/* A provider that will not answer such a prompt has answered it. */
static bool is_refusal(const struct failure *f)
{
	return str_eq(f->type, STR("content_filter")) ||
	       str_eq(f->type, STR("content_policy_violation"));
}

static void refuse(struct translation *t)
{
	struct event start = { .type = EV_START, .usage = USAGE_UNKNOWN }, stop = { .type = EV_STOP,
		.stop = STOP_REFUSAL,
		.detail = json_escape(t->failure.message, t->x->arena),
		.usage = USAGE_UNKNOWN };

	t->failure.kind = ERR_NONE;
	t->encode.put(&t->encode, &start);
	t->encode.put(&t->encode, &stop);
}

void translation_failed(struct translation *t, unsigned status, struct str body,
	const struct http_header *h, size_t n)
{
	struct exchange *x = t->x;
	const struct http_head head = { .h = (struct http_header *)(uintptr_t)h, .n = n };
	struct str after = http_get(&head, STR("retry-after"));

	failure_read(&t->failure, status, body, x->arena);
	t->failure.message = secrets_masked(x, t->failure.message);
	if (x->endpoint == ENDPOINT_COUNT && (status == 404 || status == 405 || status == 501)) {
		t->failure.kind = ERR_NONE;
		estimate_count(t);
		return;
	}
	if (is_refusal(&t->failure)) {
		refuse(t);
		return;
	}
	if (after.n == 0 && t->failure.retry_after_ms >= 0)
		after = arena_printf(
			x->arena, "%lld", (long long)((t->failure.retry_after_ms + 999) / 1000));
	if (after.n > 0)
		exchange_add_header(x, STR("retry-after"), arena_dup(x->arena, after));
	exchange_add_answerer(x, t->candidate);
}

bool translation_count(struct translation *t, struct str body)
{
	struct exchange *x = t->x;
	uint64_t tokens;

	if (!t->candidate->dialect->parse_count(body, &tokens)) {
		t->failure = (struct failure){ .kind = ERR_UPSTREAM,
			.message = STR("the provider's count of tokens could not be read"),
			.retry_after_ms = -1 };
		return false;
	}
	x->dialect->print_count(&t->out, tokens);
	flush(t);
	t->done = true;
	return true;
}

/* ---- failures ---- */

enum { AGAIN_MAX = 2 };

/* A parameter that was refused is left out from now on, for this model. Another exchange may have found that out since it was asked. */
static bool learn(struct translation *t)
{
	const struct candidate *c = t->candidate;
	struct learned *l = t->x->svc->learned;
	struct str lacks = failure_parameter(&t->failure);
	struct str model = c->model.n > 0 ? c->model : t->x->chat.model;

	return lacks.n > 0 &&
	       (learned_add(l, c->provider->name, model, lacks) ||
		       learned_since(l, t->learned, c->provider->name, model, lacks));
}

bool translation_try_again(struct translation *t)
{
	struct exchange *x = t->x;

	if (x->again >= AGAIN_MAX || x->content == NULL)
		return false;
	if (!t->again && !learn(t))
		return false;
	x->again++;
	x->nreply_headers = 0;
	return true;
}

/* Words that clients look for, where their API has no code for a prompt that is too long. */
static struct str in_clients_words(struct exchange *x, enum err_kind kind, struct str said)
{
	static const char *const words[API_FAMILIES] = {
		[API_ANTHROPIC] = "prompt is too long",
		[API_GOOGLE] = "The input token count exceeds the maximum number of tokens allowed",
	};
	const char *begin = words[x->dialect->family];

	if (kind != ERR_CONTEXT || begin == NULL || str_starts(said, str_from(begin)))
		return said;
	return arena_printf(x->arena, "%s: %.*s", begin, STR_ARG(said));
}

void translation_give_up(struct translation *t)
{
	struct exchange *x = t->x;
	struct str said;

	if (t->failure.kind == ERR_NONE)
		t->failure = (struct failure){ .kind = ERR_UPSTREAM,
			.message =
				t->encoder.reply.overflow
					? STR("the provider's reply is longer than 'limits.reply_bytes'")
					: STR("the provider's reply was empty") };
	said = in_clients_words(x, t->failure.kind, t->failure.message);
	err_set(&x->err, t->failure.kind, "%.*s", STR_ARG(said));
	x->err.said = arena_dup(x->arena, said).p;
}

/* ---- answers of our own ---- */

static void reply_json(struct exchange *x, struct buf *body)
{
	exchange_reply(x, 200, STR("application/json"), buf_str(body), NULL);
	buf_release(body);
}

static void answer_count(struct exchange *x)
{
	struct buf body;

	buf_init(&body, SIZE_MAX);
	x->dialect->print_count(&body, estimate_tokens(x->content));
	exchange_add_header(x, STR("x-sluice-estimate"), STR("1"));
	reply_json(x, &body);
}

/* A prompt that is only to be put into the provider's cache, which knows no such request. */
static void answer_prewarm(struct exchange *x)
{
	static const struct event start = { .type = EV_START,
		.id = STR_INIT("local"),
		.usage = { 0, 0, 0, 0, 0, -1 } },
				  stop = { .type = EV_STOP,
					  .stop = STOP_MAX,
					  .usage = { 0, 0, 0, 0, 0, -1 } };
	const struct encoder_wishes w = { .model = x->chat.model,
		.created_s = x->begin_wall_ms / 1000,
		.stream = x->chat.stream,
		.max_bytes = SIZE_MAX,
		.content = x->content };
	struct encoder e;
	struct buf body;

	buf_init(&body, SIZE_MAX);
	encoder_init(&e, x->dialect, &w, x->arena, &body);
	encoder_put(&e, &start);
	encoder_put(&e, &stop);
	encoder_release(&e);
	warn(&x->content->warnings, "prewarm_local");
	keep_warnings(x);
	add_warnings(x);
	x->streamed = x->chat.stream;
	exchange_reply(x, 200,
		x->streamed ? STR("text/event-stream; charset=utf-8") : STR("application/json"),
		buf_str(&body), NULL);
	buf_release(&body);
}

bool translation_answers(struct exchange *x, const struct candidate *c)
{
	if (!exchange_is_translated(x, c) || !read_content(x))
		return false;
	if (x->endpoint == ENDPOINT_COUNT && c->dialect->parse_count == NULL) {
		answer_count(x);
		return true;
	}
	if (x->endpoint == ENDPOINT_MESSAGES && x->content->has_max_tokens &&
		x->content->max_tokens == 0) {
		answer_prewarm(x);
		return true;
	}
	return false;
}
