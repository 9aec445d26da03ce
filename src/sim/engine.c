/* SPDX-License-Identifier: MIT */
/* From the request line to the reply: who asks, at which door, for what, what comes out, what it costs. What differs between
 * dialects is behind their doors; here all are one. */
#include "sim/engine.h"

#include "sim/compose.h"
#include "sim/door.h"
#include "sim/listing.h"
#include "wire/encoding.h"

#include <stdlib.h>
#include <string.h>

enum {
	BODY_BYTES = 32 * 1024 * 1024,
	HEADERS_MAX = 64,
	REPLY_MAX_US = 20 * 1000 * 1000,
	DEPTH_MAX = 256
};

#define ENVELOPE "slsig1."

struct route;

/* One request on its way through. */
struct asking {
	struct engine *engine;
	const struct http_head *head;
	struct str body;
	int64_t now_ms;
	const struct route *route;
	const struct door *door; /* in whose words to answer */
	struct engine_reply *reply;
	struct refusal why;
	struct fault fault;
	struct str workspace;
	yyjson_doc *doc;
	struct ask ask;
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

struct route {
	enum http_method method;
	const char *path;
	const char *end; /* NULL: the path is all; else it goes on behind `path` and ends so */
	const struct door *door;
	bool (*answer)(struct asking *q);
	bool turn;   /* asks a model, and costs */
	bool shared; /* by two dialects */
	bool open;   /* no key is asked for */
};

#define GEMINI "/v1beta/models/"

/* What stands in the path where the route leaves it open; p == NULL when it does not. */
static struct str behind(struct str path, const struct route *r)
{
	struct str rest = str_from_offset(path, str_from(r->path).n);

	if (r->end == NULL)
		return (struct str){ NULL, 0 };
	return (struct str){ rest.p, rest.n - str_from(r->end).n };
}

static struct str named_model(const struct asking *q)
{
	return behind(q->head->path, q->route);
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
	const struct door *d = q->door;
	struct str want = q->engine->options->key;
	struct str key = http_get(q->head, str_from(d->key));
	struct str token = bearer(http_get(q->head, STR("authorization")));

	if (key.n == 0 && token.n == 0)
		return refuse(&q->why, d->no_key, "%s", d->no_key_text);
	q->workspace = key.n > 0 ? key : token;
	if (want.n == 0)
		return true;
	if (!str_eq(key, want) && !str_eq(token, want)) {
		refuse(&q->why, d->wrong_key, "%s", d->wrong_key_text);
		return refuse_as(&q->why, d->wrong_key_code, NULL);
	}
	q->workspace = want;
	return true;
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

/* Whether a text that a proxy put away for itself stands anywhere: those never leave it. */
static bool has_envelope(yyjson_val *v, unsigned depth)
{
	yyjson_arr_iter items = yyjson_arr_iter_with(v);
	yyjson_obj_iter members = yyjson_obj_iter_with(v);

	if (yyjson_is_str(v))
		return str_starts(tree_str(v), STR(ENVELOPE));
	for (yyjson_val *item; (item = yyjson_arr_iter_next(&items)) != NULL;)
		if (depth < DEPTH_MAX && has_envelope(item, depth + 1))
			return true;
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&members)) != NULL;)
		if (depth < DEPTH_MAX && has_envelope(yyjson_obj_iter_get_val(key), depth + 1))
			return true;
	return false;
}

/* Everything up to a prompt and a wish. */
static bool judge(struct asking *q, bool counting)
{
	struct ask *ask = &q->ask;

	if (!parse_body(q))
		return false;
	*ask = (struct ask){ .head = q->head,
		.body = yyjson_doc_get_root(q->doc),
		.prices = q->engine->options->prices,
		.workspace = q->workspace,
		.arena = q->reply->arena,
		.why = &q->why,
		.counting = counting,
		.named = named_model(q),
		.choices = 1 };
	if (str_find(q->body, STR(ENVELOPE)) < q->body.n && has_envelope(ask->body, 0))
		return refuse(&q->why, 400,
			"a value begins with " ENVELOPE
			", which must never leave the proxy that made it");
	if (!q->door->read(ask))
		return false;
	q->reply->prompt = ask->prompt;
	return true;
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
	r->id = arena_printf(r->arena, "req_sim%017llu", (unsigned long long)r->serial);
	return r;
}

/* Headers that every answer of a door has. */
static void add_door_headers(struct asking *q)
{
	add_header(q->reply, str_from(q->door->request_id), q->reply->id);
	if (q->door == &door_messages)
		add_header(q->reply, STR("anthropic-organization-id"),
			STR("5107a7ed-0000-4000-8000-000000000000"));
}

static void set_json(struct engine_reply *r, struct str body)
{
	add_header(r, STR("content-type"), STR("application/json"));
	reply_add_frame(&r->frames, 0, body);
}

static void set_refusal(struct asking *q)
{
	struct buf b;

	q->reply->status = q->why.status;
	buf_init(&b, SIZE_MAX);
	q->door->print_error(&b, &q->why, q->reply->id);
	set_json(q->reply, buf_str(&b));
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
	struct buf b;

	if (!judge(q, true))
		return false;
	buf_init(&b, SIZE_MAX);
	q->door->print_count(&b, q->reply->prompt.tokens);
	set_json(q->reply, buf_str(&b));
	buf_release(&b);
	return true;
}

static bool list_models(struct asking *q)
{
	struct listing l = { .prices = q->engine->options->prices,
		.door = q->door,
		.query = q->head->query,
		.one = behind(q->head->path, q->route),
		.why = &q->why };
	struct buf b;
	bool ok;

	buf_init(&b, SIZE_MAX);
	ok = listing_print(&b, &l);
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
	u->out = said.out * q->ask.choices;
	u->reasoning = said.reasoning * q->ask.choices;
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
		.model = q->ask.model.name,
		.script = tree_get(yyjson_doc_get_root(q->script), "id"),
		.status = 200,
		.stream = streamed,
		.usage = *u };
	struct digest d = hash_of(q->workspace);
	struct rates rates = price_rates(
		q->ask.model.price, u->in + u->cache_read + u->cache_write, q->now_ms, false);
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
	struct compose c = { .ask = &q->ask, .serial = q->reply->serial };

	if (q->ask.wish.max_tokens != 0)
		q->script = script_take(&q->engine->script, http_get(q->head, STR("x-sim-script")));
	c.script = yyjson_doc_get_root(q->script);
	if (!compose_message(&q->message, &c, &q->why))
		return false;
	cache_plan(q->engine->cache, &q->reply->prompt, q->ask.model.family->min_prefix, q->now_ms,
		&q->reply->plan);
	set_usage(q);
	return true;
}

static bool take_turn(struct asking *q)
{
	struct engine_reply *r = q->reply;
	struct pace pace = q->engine->options->pace;
	struct printing p = { &r->frames, &q->message, &pace, &q->ask, q->now_ms };

	if (!judge(q, false) || !compose(q))
		return false;
	override(&pace.first_ms, yyjson_doc_get_root(q->script), "delay_ms");
	if (q->message.usage.out * pace.per_token_us > REPLY_MAX_US)
		pace.per_token_us = REPLY_MAX_US / q->message.usage.out;
	r->priced = true;
	r->streamed = q->ask.stream && !q->fault.unstreamed;
	if (r->streamed) {
		add_header(r, STR("content-type"), STR("text/event-stream; charset=utf-8"));
		add_header(r, STR("cache-control"), STR("no-cache"));
		q->door->print_stream(&p);
	} else {
		add_header(r, STR("content-type"), STR("application/json"));
		q->door->print_whole(&p);
	}
	add_to_bill(q, r->streamed);
	return true;
}

/* ---- the whole ---- */

static const struct route routes[] = {
	{ HTTP_POST, "/v1/messages", NULL, &door_messages, take_turn, .turn = true },
	{ HTTP_POST, "/v1/messages/count_tokens", NULL, &door_messages, count_tokens },
	{ HTTP_POST, "/anthropic/v1/messages", NULL, &door_deepseek_messages, take_turn,
		.turn = true },
	{ HTTP_POST, "/anthropic/v1/messages/count_tokens", NULL, &door_deepseek_messages,
		count_tokens },
	{ HTTP_GET, "/anthropic/v1/models", NULL, &door_deepseek_messages, list_models },
	{ HTTP_GET, "/anthropic/v1/models/", "", &door_deepseek_messages, list_models },
	{ HTTP_POST, "/v1/chat/completions", NULL, &door_chat, take_turn, .turn = true },
	{ HTTP_POST, "/chat/completions", NULL, &door_chat, take_turn, .turn = true },
	{ HTTP_POST, "/v1/responses", NULL, &door_responses, take_turn, .turn = true },
	{ HTTP_POST, "/responses", NULL, &door_responses, take_turn, .turn = true },
	{ HTTP_POST, "/v1/responses/input_tokens", NULL, &door_responses, count_tokens },
	{ HTTP_POST, GEMINI, ":generateContent", &door_gemini, take_turn, .turn = true },
	{ HTTP_POST, GEMINI, ":streamGenerateContent", &door_gemini, take_turn, .turn = true },
	{ HTTP_POST, GEMINI, ":countTokens", &door_gemini, count_tokens },
	{ HTTP_GET, "/v1beta/models", NULL, &door_gemini, list_models },
	{ HTTP_GET, GEMINI, "", &door_gemini, list_models },
	/* Whose list is meant, the headers tell. */
	{ HTTP_GET, "/v1/models", NULL, &door_messages, list_models, .shared = true },
	{ HTTP_GET, "/v1/models/", "", &door_messages, list_models, .shared = true },
	{ HTTP_GET, "/models", NULL, &door_chat, list_models },
	{ HTTP_GET, "/models/", "", &door_chat, list_models },
	{ HTTP_GET, "/", NULL, &door_messages, hello, .open = true },
	{ HTTP_GET, "/api/hello", NULL, &door_messages, hello, .open = true },
};

static bool fits(const struct route *r, struct str path)
{
	struct str start = str_from(r->path), end = str_from(r->end);

	if (r->end == NULL)
		return str_eq(path, start);
	return path.n > start.n + end.n && str_starts(path, start) && str_ends(path, end);
}

/* Sets the door as well: where no path fits, errors are those of the dialect that the path looks like. */
static const struct route *find_route(struct asking *q)
{
	struct str path = q->head->path;
	enum http_method method = q->head->method == HTTP_HEAD ? HTTP_GET : q->head->method;
	bool known = false;

	q->door = str_starts(path, STR("/v1beta/")) ? &door_gemini : &door_messages;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];
		if (!fits(r, path))
			continue;
		known = true;
		if (r->method != method)
			continue;
		q->door = r->shared && http_get(q->head, STR("anthropic-version")).n == 0 &&
					  http_get(q->head, STR("x-api-key")).n == 0
				  ? &door_chat
				  : r->door;
		return r;
	}
	if (known)
		refuse(&q->why, 405, "Method Not Allowed");
	else
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

/* The fault's own answer. What looks like success and has no body of its own is an error all the same. */
static void answer_fault(struct asking *q)
{
	unsigned status = q->fault.status;

	refuse(&q->why, status < 400 ? 500 : status, "simulated failure");
	if (q->fault.body.p == NULL)
		set_refusal(q);
	else
		set_json(q->reply, q->fault.body);
	q->reply->status = q->why.status = status;
}

static void note_refusal(struct asking *q)
{
	struct str model = tree_get(yyjson_doc_get_root(q->doc), "model");
	struct bill_row row = { .n = q->reply->serial,
		.at_ms = q->now_ms,
		.model = model.p != NULL ? model : q->ask.named,
		.error = str_from(q->why.text),
		.status = q->why.status,
		.outcome = BILL_REFUSED };

	if (q->route != NULL && q->route->turn)
		bill_add(q->engine->bill, &row);
}

static void answer(struct asking *q)
{
	const struct route *r = q->route;
	bool open = r != NULL && r->open;

	if (r != NULL && (open || (check_key(q) && take_fault(q)))) {
		if (!open && q->fault.status != 0)
			answer_fault(q);
		else if (r->answer(q))
			return;
	}
	note_refusal(q);
	if (q->reply->frames.n == 0)
		set_refusal(q);
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
	struct str model = tree_get(yyjson_doc_get_root(q->doc), "model");
	struct engine_reply *r = q->reply;
	struct fault_voice voice = { q->door->print_break, q->message.id };

	add_fault_headers(r, &q->fault);
	r->end = fault_apply(&q->fault, &r->frames, &voice, &r->headless);
	journal_set_answer(q->engine->journal, r->serial, r->status,
		model.p != NULL ? model : q->ask.named,
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
	q.route = find_route(&q);
	add_door_headers(&q);
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
	set_refusal(&q);
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
