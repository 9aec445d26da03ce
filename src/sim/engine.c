/* SPDX-License-Identifier: MIT */
/* From the request line to the reply: who asks, for what, whether it may be, what comes out, what it costs. */
#include "sim/engine.h"

#include "sim/check.h"
#include "sim/compose.h"
#include "sim/listing.h"
#include "wire/encoding.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_BYTES = 32 * 1024 * 1024, HEADERS_MAX = 64, REPLY_MAX_US = 20 * 1000 * 1000 };

/* One request on its way through. */
struct asking {
	struct engine *engine;
	const struct http_head *head;
	struct str body;
	int64_t now_ms;
	struct engine_reply *reply;
	struct refusal why;
	struct fault fault;
	struct str workspace;
	yyjson_doc *doc;
	struct model model;
	struct message message;
	yyjson_doc *script;
};

struct engine *engine_new(const struct engine_options *o)
{
	struct engine *e = must_alloc(sizeof(*e));

	e->options = o;
	script_init(&e->script);
	script_init(&e->faults);
	engine_reset(e);
	return e;
}

static void clear(struct engine *e)
{
	cache_free(e->cache);
	bill_free(e->bill);
	journal_free(e->journal);
	script_clear(&e->script);
	script_clear(&e->faults);
}

void engine_reset(struct engine *e)
{
	clear(e);
	e->cache = cache_new();
	e->bill = bill_new();
	e->journal = journal_new(e->options->keep_bytes);
	e->serial = 0;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	clear(e);
	free(e);
}

/* ---- who asks ---- */

static struct str bearer(struct str authorization)
{
	if (!str_starts_nocase(authorization, STR("bearer ")))
		return (struct str){ NULL, 0 };
	return str_trim(str_from_offset(authorization, 7));
}

/* The key that counts: the one that fits, or any. */
static bool check_key(struct asking *q)
{
	struct str want = q->engine->options->key;
	struct str key = http_get(q->head, STR("x-api-key"));
	struct str token = bearer(http_get(q->head, STR("authorization")));

	if (key.n == 0 && token.n == 0)
		return refuse(&q->why, 401, "x-api-key header is required");
	q->workspace = key.n > 0 ? key : token;
	if (want.n == 0)
		return true;
	if (!str_eq(key, want) && !str_eq(token, want))
		return refuse(&q->why, 401, "invalid x-api-key");
	q->workspace = want;
	return true;
}

static bool check_version(struct asking *q, enum api_version *ret)
{
	struct str v = http_get(q->head, STR("anthropic-version"));

	if (v.n == 0)
		return refuse(&q->why, 400, "anthropic-version: header is required");
	if (str_eq(v, STR("2026-10-21")))
		*ret = API_2026_10_21;
	else if (str_eq(v, STR("2023-06-01")))
		*ret = API_2023_06_01;
	else
		return refuse(&q->why, 400, "anthropic-version: \"%.*s\" is not a valid version",
			STR_ARG(v));
	return true;
}

static bool has_beta(const struct asking *q, const char *prefix)
{
	struct str rest, one;

	for (size_t i = 0; i < q->head->n; i++) {
		if (!str_eq_nocase(q->head->h[i].name, STR("anthropic-beta")))
			continue;
		rest = q->head->h[i].value;
		while (str_split(&rest, ',', &one))
			if (str_starts(str_trim(one), str_from(prefix)))
				return true;
	}
	return false;
}

/* ---- the body ---- */

static bool decode_body(struct asking *q)
{
	struct str coding = http_get(q->head, STR("content-encoding"));
	enum encoding kind;
	struct err e = { 0 };
	struct buf out;

	if (coding.n == 0)
		return true;
	if (!encoding_parse(coding, &kind, &e))
		return refuse(&q->why, 400, "content-encoding: %s", e.text);
	buf_init(&out, BODY_BYTES);
	struct encoding_decoder *d = encoding_decoder_new(kind);
	bool ok = encoding_decode(d, q->body, &out, &e) && encoding_decode_end(d, &e);
	encoding_decoder_free(d);
	if (ok)
		q->body = arena_dup(q->reply->arena, buf_str(&out));
	buf_release(&out);
	if (!ok && e.kind == ERR_TOO_LARGE)
		return refuse(&q->why, 413, "Request exceeds the maximum size");
	return ok || refuse(&q->why, 400, "The request body could not be decoded: %s", e.text);
}

static bool parse_body(struct asking *q)
{
	yyjson_read_err e;

	if (!decode_body(q))
		return false;
	if (q->body.n > BODY_BYTES)
		return refuse(&q->why, 413, "Request exceeds the maximum size");
	if (q->body.n == 0)
		return refuse(&q->why, 400, "The request body is not valid JSON: it is empty");
	/* Read in place of a copy: yyjson leaves the text alone without YYJSON_READ_INSITU. */
	q->doc = yyjson_read_opts((char *)(uintptr_t)q->body.p, q->body.n, 0, NULL, &e);
	if (q->doc == NULL)
		return refuse(&q->why, 400, "The request body is not valid JSON: %s (char %zu)",
			e.msg, e.pos);
	return true;
}

/* ---- judging ---- */

static bool find_model(struct asking *q, struct str name)
{
	if (!model_find(&q->model, q->engine->options->prices, name))
		return refuse(&q->why, 404, "model: %.*s", STR_ARG(name));
	if ((q->model.family->flags & MODEL_LONG_BETA) != 0 && has_beta(q, "context-1m-"))
		q->model.window = 1000000;
	return true;
}

static bool wants_drop(const struct asking *q)
{
	yyjson_val *thinking = tree_set(yyjson_doc_get_root(q->doc), "thinking");

	return tree_is(tree_set(thinking, "block_binding"), "prefix_mismatch_behavior",
		       "drop_block") &&
	       has_beta(q, "thinking-binding-controls-");
}

static bool check_window(struct asking *q)
{
	long long n = q->reply->prompt.tokens, window = q->model.window;
	int64_t max_tokens = 0;

	if (n > window)
		return refuse(
			&q->why, 400, "prompt is too long: %lld tokens > %lld maximum", n, window);
	if (tree_int(yyjson_obj_get(yyjson_doc_get_root(q->doc), "max_tokens"), &max_tokens) &&
		n + max_tokens > window)
		return refuse(&q->why, 400,
			"input length and `max_tokens` exceed context limit: %lld + %lld > %lld, decrease input length or "
			"`max_tokens` and try again",
			n, (long long)max_tokens, window);
	return true;
}

/* Everything up to a rendered prompt. */
static bool judge(struct asking *q, bool counting)
{
	struct check c = { .model = &q->model, .counting = counting, .why = &q->why };
	struct prompt_request rq = { .model = &q->model };

	if (!check_version(q, &c.version) || !parse_body(q))
		return false;
	c.body = rq.body = yyjson_doc_get_root(q->doc);
	if (!check_shape(&c) || !find_model(q, tree_get(c.body, "model")) || !check_request(&c))
		return false;
	rq.workspace = q->workspace;
	rq.drop_mismatched = wants_drop(q);
	return prompt_render(&q->reply->prompt, &rq, q->reply->arena, &q->why);
}

/* ---- replies ---- */

static void add_header(struct engine_reply *r, struct str name, struct str value)
{
	if (r->n < HEADERS_MAX)
		r->h[r->n++] = (struct http_header){ name, value };
}

static struct engine_reply *reply_new(struct engine *e)
{
	struct engine_reply *r = must_alloc(sizeof(*r));

	r->arena = arena_new();
	r->serial = ++e->serial;
	r->status = 200;
	r->frames.arena = r->arena;
	r->h = arena_alloc(r->arena, HEADERS_MAX * sizeof(*r->h));
	add_header(r, STR("request-id"),
		arena_printf(r->arena, "req_sim%017llu", (unsigned long long)r->serial));
	add_header(
		r, STR("anthropic-organization-id"), STR("5107a7ed-0000-4000-8000-000000000000"));
	return r;
}

static void set_json(struct engine_reply *r, struct str body)
{
	add_header(r, STR("content-type"), STR("application/json"));
	reply_add_frame(&r->frames, 0, body);
}

static void set_refusal(struct engine_reply *r, const struct refusal *why)
{
	struct buf b;

	r->status = why->status;
	buf_init(&b, SIZE_MAX);
	refusal_print(&b, why, r->h[0].value);
	set_json(r, buf_str(&b));
	buf_release(&b);
}

/* ---- endpoints ---- */

static bool hello(struct asking *q)
{
	set_json(q->reply, STR("{\"name\":\"sluice-sim\"}"));
	return true;
}

static bool count_tokens(struct asking *q)
{
	if (!judge(q, true))
		return false;
	set_json(q->reply, arena_printf(q->reply->arena, "{\"input_tokens\":%lld}",
				   (long long)q->reply->prompt.tokens));
	return true;
}

static bool list_models(struct asking *q)
{
	struct buf b;
	bool ok;

	buf_init(&b, SIZE_MAX);
	if (str_eq(q->head->path, STR("/v1/models")))
		ok = listing_print(&b, q->engine->options->prices, q->head->query, &q->why);
	else
		ok = listing_print_one(&b, q->engine->options->prices,
			str_from_offset(q->head->path, sizeof("/v1/models/") - 1), &q->why);
	if (ok)
		set_json(q->reply, buf_str(&b));
	buf_release(&b);
	return ok;
}

static void override(int64_t *n, yyjson_val *usage, const char *member)
{
	int64_t v;

	if (tree_int(yyjson_obj_get(usage, member), &v) && v >= 0)
		*n = v;
}

/* What the reply costs: as planned, unless the script says otherwise. */
static void set_usage(struct asking *q)
{
	yyjson_val *script = yyjson_obj_get(yyjson_doc_get_root(q->script), "usage");
	struct usage *u = &q->message.usage, said = *u;

	*u = q->reply->plan.usage;
	u->out = said.out;
	u->reasoning = said.reasoning;
	override(&u->in, script, "input_tokens");
	override(&u->cache_read, script, "cache_read_input_tokens");
	override(&u->cache_write, script, "cache_creation_input_tokens");
	override(&u->cache_write_1h, yyjson_obj_get(script, "cache_creation"),
		"ephemeral_1h_input_tokens");
	override(&u->out, script, "output_tokens");
	if (u->cache_write_1h > u->cache_write)
		u->cache_write_1h = u->cache_write;
}

static void add_to_bill(struct asking *q, bool streamed)
{
	const struct usage *u = &q->message.usage;
	struct bill_row row = { .n = q->reply->serial,
		.at_ms = q->now_ms,
		.model = q->model.name,
		.script = tree_get(yyjson_doc_get_root(q->script), "id"),
		.status = 200,
		.stream = streamed,
		.usage = *u };
	struct digest d = hash_of(q->workspace);
	struct rates rates = price_rates(
		q->model.price, u->in + u->cache_read + u->cache_write, q->now_ms, false);
	struct buf b;

	buf_init(&b, SIZE_MAX);
	digest_print(&b, &d, 4);
	row.workspace = buf_str(&b);
	if (!cost_of(&rates, u, &row.cost))
		row.cost = COST_UNKNOWN;
	bill_add(q->engine->bill, &row);
	buf_release(&b);
}

/* A request that asks for no output takes no reply from the script. */
static bool compose(struct asking *q)
{
	yyjson_val *body = yyjson_doc_get_root(q->doc);
	struct compose c = { .body = body,
		.model = &q->model,
		.prompt = &q->reply->prompt,
		.serial = q->reply->serial,
		.arena = q->reply->arena };
	int64_t max_tokens = 0;

	if (tree_int(yyjson_obj_get(body, "max_tokens"), &max_tokens) && max_tokens > 0)
		q->script = script_take(&q->engine->script, http_get(q->head, STR("x-sim-script")));
	c.script = yyjson_doc_get_root(q->script);
	if (!compose_message(&q->message, &c, &q->why))
		return false;
	cache_plan(q->engine->cache, &q->reply->prompt, q->model.family->min_prefix, q->now_ms,
		&q->reply->plan);
	set_usage(q);
	return true;
}

static bool messages(struct asking *q)
{
	struct engine_reply *r = q->reply;
	struct pace pace = q->engine->options->pace;

	if (!judge(q, false) || !check_window(q) || !compose(q))
		return false;
	override(&pace.first_ms, yyjson_doc_get_root(q->script), "delay_ms");
	if (q->message.usage.out * pace.per_token_us > REPLY_MAX_US)
		pace.per_token_us = REPLY_MAX_US / q->message.usage.out;
	r->priced = true;
	r->streamed = yyjson_is_true(yyjson_obj_get(yyjson_doc_get_root(q->doc), "stream"));
	if (r->streamed) {
		add_header(r, STR("content-type"), STR("text/event-stream; charset=utf-8"));
		add_header(r, STR("cache-control"), STR("no-cache"));
		reply_print_stream(&r->frames, &q->message, &pace);
	} else {
		add_header(r, STR("content-type"), STR("application/json"));
		reply_print_whole(&r->frames, &q->message, &pace);
	}
	add_to_bill(q, r->streamed);
	return true;
}

/* ---- the whole ---- */

struct route {
	struct str path;
	bool prefix; /* everything below it */
	bool open;   /* no key is asked for */
	enum http_method method;
	bool (*answer)(struct asking *q);
};

static const struct route routes[] = {
	{ STR_INIT("/v1/messages"), false, false, HTTP_POST, messages },
	{ STR_INIT("/v1/messages/count_tokens"), false, false, HTTP_POST, count_tokens },
	{ STR_INIT("/v1/models"), false, false, HTTP_GET, list_models },
	{ STR_INIT("/v1/models/"), true, false, HTTP_GET, list_models },
	{ STR_INIT("/"), false, true, HTTP_GET, hello },
	{ STR_INIT("/api/hello"), false, true, HTTP_GET, hello },
};

static const struct route *find_route(struct asking *q)
{
	struct str path = q->head->path;
	enum http_method method = q->head->method == HTTP_HEAD ? HTTP_GET : q->head->method;

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];
		if (!(r->prefix ? str_starts(path, r->path) && path.n > r->path.n
				: str_eq(path, r->path)))
			continue;
		if (r->method == method)
			return r;
		refuse(&q->why, 405, "Method Not Allowed");
		return NULL;
	}
	refuse(&q->why, 404, "Not Found");
	return NULL;
}

/* Takes what was ordered for this request: by the header's own words, by the name in the header, or the next one. */
static bool take_fault(struct asking *q)
{
	struct str named = http_get(q->head, STR("x-sim-fault"));
	yyjson_doc *doc;
	bool ok;

	if (str_starts(named, STR("{")))
		doc = yyjson_read(named.p, named.n, 0);
	else
		doc = script_take(&q->engine->faults, named);
	if (doc == NULL && named.n > 0)
		return refuse(&q->why, 500, "no fault '%.*s' was ordered", STR_ARG(named));
	if (doc == NULL)
		return true;
	ok = fault_read(&q->fault, yyjson_doc_get_root(doc), q->reply->arena, &q->why);
	yyjson_doc_free(doc);
	return ok;
}

/* The fault's own answer. */
static void answer_fault(struct asking *q)
{
	struct engine_reply *r = q->reply;

	if (q->fault.body.p == NULL) {
		refuse(&q->why, q->fault.status, "simulated failure");
		set_refusal(r, &q->why);
	} else {
		r->status = q->fault.status;
		refuse(&q->why, q->fault.status, "simulated failure");
		set_json(r, q->fault.body);
	}
}

static void note_refusal(struct asking *q)
{
	struct bill_row row = { .n = q->reply->serial,
		.at_ms = q->now_ms,
		.model = tree_get(yyjson_doc_get_root(q->doc), "model"),
		.error = str_from(q->why.text),
		.status = q->why.status,
		.outcome = BILL_REFUSED };

	if (str_eq(q->head->path, STR("/v1/messages")))
		bill_add(q->engine->bill, &row);
}

static void answer(struct asking *q)
{
	const struct route *r = find_route(q);
	bool open = r != NULL && r->open;

	if (r != NULL && (open || (check_key(q) && take_fault(q)))) {
		if (!open && q->fault.status != 0)
			answer_fault(q);
		else if (r->answer(q))
			return;
	}
	note_refusal(q);
	if (q->reply->frames.n == 0)
		set_refusal(q->reply, &q->why);
}

static bool is_replaced(const struct fault *f, struct str name)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq_nocase(f->h[i].name, name))
			return true;
	return false;
}

/* Headers of the fault replace those of the same name. */
static void add_fault_headers(struct engine_reply *r, const struct fault *f)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (!is_replaced(f, r->h[i].name))
			r->h[n++] = r->h[i];
	r->n = n;
	for (size_t i = 0; i < f->n; i++)
		add_header(r, f->h[i].name, f->h[i].value);
}

static struct engine_reply *finish(struct asking *q)
{
	struct engine_reply *r = q->reply;

	add_fault_headers(r, &q->fault);
	r->end = fault_apply(&q->fault, &r->frames, &r->headless);
	journal_set_answer(q->engine->journal, r->serial, r->status,
		tree_get(yyjson_doc_get_root(q->doc), "model"),
		tree_get(yyjson_doc_get_root(q->script), "id"));
	yyjson_doc_free(q->doc);
	yyjson_doc_free(q->script);
	return r;
}

static struct asking begin(
	struct engine *e, const struct http_head *head, struct str body, int64_t now_ms)
{
	struct asking q = { .engine = e, .head = head, .body = body, .now_ms = now_ms };

	q.reply = reply_new(e);
	q.fault = fault_none;
	journal_add(e->journal, q.reply->serial, now_ms, head, body);
	return q;
}

struct engine_reply *engine_answer(
	struct engine *e, const struct http_head *head, struct str body, int64_t now_ms)
{
	struct asking q = begin(e, head, body, now_ms);

	answer(&q);
	return finish(&q);
}

struct engine_reply *engine_refuse(
	struct engine *e, const struct http_head *head, const struct refusal *why, int64_t now_ms)
{
	struct asking q = begin(e, head, STR(""), now_ms);

	q.why = *why;
	note_refusal(&q);
	set_refusal(q.reply, why);
	return finish(&q);
}

void engine_begun(struct engine *e, const struct engine_reply *r, int64_t now_ms)
{
	struct bill_row *row = r->priced ? bill_find(e->bill, r->serial) : NULL;

	if (row == NULL)
		return;
	cache_commit(e->cache, &r->plan, now_ms);
	row->outcome = BILL_BEGUN;
	row->charged = true;
}

void engine_ended(struct engine *e, struct engine_reply *r, bool gone)
{
	struct bill_row *row = r->priced ? bill_find(e->bill, r->serial) : NULL;

	if (row != NULL && row->outcome != BILL_REFUSED)
		row->outcome = gone ? BILL_GONE : r->end == END_WHOLE ? BILL_WHOLE : BILL_CUT;
	arena_free(r->arena);
	free(r);
}
