/* SPDX-License-Identifier: MIT */
/* Sizes first, then what is the same in all requests, then requests. */
#include "lab/replay_body.h"

#include "lab/replay_filler.h"
#include "wire/json_text.h"

#include <stdlib.h>

enum {
	MAIN_TOKENS =
		21400, /* tools and system of the main loop, as seen where a compaction keeps nothing else */
	MAX_TOKENS = 32000,
	FIVE_MINUTES_MS = 300 * 1000,
	HOUR_MS = 3600 * 1000,
};
/* The part of tools and system up to the first breakpoint. */
#define SHARED 0.83

/* ---- sizes ---- */

static int64_t prompt_tokens(const struct usage *u)
{
	return u->in + u->cache_read + u->cache_write;
}

static int64_t visible_tokens(const struct replay_request *r)
{
	int64_t sum = 0;

	for (size_t i = 0; i < r->before; i++)
		for (size_t j = 0; j < r->turns->v[i].n; j++)
			sum += r->turns->v[i].b[j].tokens;
	return sum;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* What stands before the recorded messages, by segment. Returns the smallest. */
static double find_hidden(struct replay_frame *f)
{
	const struct replay_session *s = f->session;
	double least = -1;

	for (size_t i = 0; i < s->nrequests; i++)
		if (s->requests[i].conversation == f->conversation &&
			s->requests[i].segment >= f->nsegments)
			f->nsegments = s->requests[i].segment + 1;
	f->hidden = arena_alloc(s->arena, (f->nsegments + 1) * sizeof(*f->hidden));
	for (size_t i = 0; i <= f->nsegments; i++)
		f->hidden[i] = -1;
	for (size_t i = 0; i < s->nrequests; i++) {
		const struct replay_request *r = &s->requests[i];
		if (r->conversation != f->conversation || r->kind == REPLAY_COMPACTION ||
			f->hidden[r->segment] >= 0)
			continue;
		double hidden =
			larger(6000, (double)(prompt_tokens(&r->reply->usage) - visible_tokens(r)));
		f->hidden[r->segment] = hidden;
		least = least < 0 ? hidden : smaller(least, hidden);
	}
	return least < 0 ? 12000 : least;
}

static bool is_hour(const struct replay_frame *f)
{
	const struct replay_session *s = f->session;

	for (size_t i = 0; i < s->nrequests; i++)
		if (s->requests[i].conversation == f->conversation &&
			s->requests[i].reply->usage.cache_write_1h > 0)
			return true;
	return false;
}

/* Where the recording lost the cache of its messages although model, segment and time give no cause: the read falls to what is
 * fixed. */
static void find_losses(struct replay_frame *f)
{
	const struct replay_session *s = f->session;
	const struct replay_request *last = NULL;
	int64_t life = f->hour ? HOUR_MS : FIVE_MINUTES_MS;

	f->losses = arena_alloc(s->arena, (s->nreplies + 1) * sizeof(*f->losses));
	for (size_t i = 0; i < s->nrequests; i++) {
		const struct replay_request *r = &s->requests[i];
		if (r->conversation != f->conversation)
			continue;
		if (last != NULL && str_eq(r->reply->model, last->reply->model) &&
			r->segment == last->segment && r->kind == last->kind &&
			(double)r->reply->usage.cache_read <
				0.6 * (double)prompt_tokens(&last->reply->usage) &&
			r->sent_ms - last->sent_ms < life)
			f->losses[r->reply->number] = true;
		last = r;
	}
}

/* ---- what is the same in all requests ---- */

static void add_mark(const struct replay_frame *f, struct buf *out)
{
	buf_add(out, f->hour ? STR("\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}")
			     : STR("\"cache_control\":{\"type\":\"ephemeral\"}"));
}

static void add_system_block(const struct replay_frame *f, struct str before, struct str seed,
	double tokens, struct buf *out)
{
	struct buf text;

	buf_init(&text, SIZE_MAX);
	buf_add(&text, before);
	replay_filler(&text, seed, tokens);
	buf_add(out, STR(",{\"type\":\"text\",\"text\":"));
	json_add_string(out, buf_str(&text));
	buf_add_char(out, ',');
	add_mark(f, out);
	buf_add_char(out, '}');
	buf_release(&text);
}

/* tools: their tokens. */
static void add_system(const struct replay_frame *f, double tools, struct buf *out)
{
	const struct replay_session *s = f->session;
	struct str agent = s->conversations[f->conversation].agent, name = s->name;
	struct str whose = agent.n > 0 ? agent : name;
	double shared = f->fixed * SHARED;

	buf_addf(out,
		"\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: cc_version=2.1.39.%.*s; "
		"cc_entrypoint=cli;%s\"}",
		(int)(name.n < 3 ? name.n : 3), name.p, agent.n > 0 ? " cc_is_subagent=true;" : "");
	add_system_block(f, STR("You are Claude Code, Anthropic's official CLI for Claude.\n"),
		STR("identity"), larger(200, shared - tools), out);
	struct str seed = arena_printf(s->arena, "system %.*s", STR_ARG(whose));
	add_system_block(f, STR(""), seed, larger(200, f->fixed * (1 - SHARED)), out);
	buf_add_char(out, ']');
}

/* Models that take a budget instead of adaptive thinking: up to the 4.5 ones. */
static bool takes_budget(struct str model)
{
	static const char *const all[] = { "claude-2", "claude-3", "claude-instant" };
	static const char *const some[] = { "claude-opus-4", "claude-sonnet-4", "claude-haiku-4" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_starts(model, str_from(all[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		struct str family = str_from(some[i]), rest;
		if (!str_starts(model, family))
			continue;
		rest = str_from_offset(model, family.n);
		if (rest.n >= 2 && rest.p[0] == '-' && str_find_char(STR("015"), rest.p[1]) < 3)
			rest = str_from_offset(rest, 2);
		return rest.n == 0 || (rest.n == 9 && str_starts(rest, STR("-20")));
	}
	return false;
}

/* Models whose thinking is bound to all that stands before it. */
static bool is_bound(struct str model)
{
	static const char *const all[] = { "claude-opus-5-5", "claude-sonnet-5-5",
		"claude-fable-5-1", "claude-fable-5-2" };

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_starts(model, str_from(all[i])))
			return true;
	return false;
}

static void make_tail(struct replay_frame *f)
{
	const struct replay_session *s = f->session;
	struct buf tools, out, user;

	buf_init(&tools, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	buf_init(&user, SIZE_MAX);
	double size = replay_tools(s, f->conversation, f->fixed, &tools);
	add_system(f, size, &out);
	buf_add(&out, STR(",\"tools\":["));
	buf_add(&out, buf_str(&tools));
	buf_add(&out, STR("],\"metadata\":{\"user_id\":"));
	buf_add(&user, STR("{\"device_id\":"
			   "\"263a4dbe41488fb87214b0032339dbb9f0c8da14c16dfcf13084bf3c2552eca5\","
			   "\"account_uuid\":\"\",\"session_id\":"));
	json_add_string(&user, s->name);
	buf_add_char(&user, '}');
	json_add_string(&out, buf_str(&user));
	buf_addf(&out, "},\"max_tokens\":%d,\"thinking\":", MAX_TOKENS);
	f->tail = arena_dup(s->arena, buf_str(&out));
	buf_release(&tools);
	buf_release(&out);
	buf_release(&user);
}

static void make_head(struct replay_frame *f)
{
	struct arena *a = f->session->arena;
	struct str agent = f->session->conversations[f->conversation].agent;
	const struct http_header all[] = {
		{ STR("Accept"), STR("application/json") },
		{ STR("Content-Type"), STR("application/json") },
		{ STR("User-Agent"), STR("claude-cli/2.1.39 (external, cli)") },
		{ STR("X-Claude-Code-Session-Id"), f->session->name },
		{ STR("anthropic-beta"),
			f->hour ? STR("claude-code-20250219,interleaved-thinking-2025-05-14,"
				      "extended-cache-ttl-2025-04-11")
				: STR("claude-code-20250219,interleaved-thinking-2025-05-14") },
		{ STR("anthropic-version"), STR("2023-06-01") },
		{ STR("x-api-key"), STR("sk-ant-not-a-real-key") },
		{ STR("x-app"), STR("cli") },
		{ STR("x-claude-code-agent-id"), arena_printf(a, "a%.*s", STR_ARG(agent)) },
	};

	f->head = (struct http_head){ .method = HTTP_POST,
		.target = STR("/v1/messages?beta=true"),
		.path = STR("/v1/messages"),
		.query = STR("beta=true"),
		.minor = 1,
		.keep_alive = true,
		.n = ARRAY_LEN(all) - (agent.n == 0) };
	f->head.h = arena_alloc(a, sizeof(all));
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		f->head.h[i] = all[i];
}

static void make_frame(struct replay_frame *f)
{
	double least = find_hidden(f);
	bool agent = f->session->conversations[f->conversation].agent.n > 0;

	f->hour = is_hour(f);
	f->fixed = agent ? larger(2000, least - 1500) : smaller(MAIN_TOKENS, least - 400);
	find_losses(f);
	make_tail(f);
	make_head(f);
}

struct replay_frame *replay_frames(const struct replay_session *s)
{
	struct replay_frame *ret = arena_alloc(s->arena, s->nconversations * sizeof(*ret));

	for (size_t i = 0; i < s->nconversations; i++) {
		ret[i] = (struct replay_frame){ .session = s, .conversation = i };
		make_frame(&ret[i]);
	}
	return ret;
}

/* ---- the client ---- */

void replay_client_init(struct replay_client *c, const struct replay_frame *frames)
{
	const struct replay_session *s = frames->session;

	*c = (struct replay_client){ .frames = frames };
	c->received = must_alloc((s->nreplies + 1) * sizeof(*c->received));
	c->reminders = must_alloc(s->nconversations * sizeof(*c->reminders));
	for (size_t i = 0; i < s->nconversations; i++)
		buf_init(&c->reminders[i].note, SIZE_MAX);
}

void replay_client_release(struct replay_client *c)
{
	if (c->frames == NULL)
		return;
	for (size_t i = 0; i < c->frames->session->nconversations; i++)
		buf_release(&c->reminders[i].note);
	free(c->received);
	free(c->reminders);
	*c = (struct replay_client){ 0 };
}

void replay_client_forget(struct replay_client *c, size_t conversation)
{
	for (size_t i = 0; i < c->frames->session->nreplies; i++)
		if (c->received[i].conversation == conversation)
			c->received[i].forgotten = true;
}

void replay_client_begin(struct replay_client *c, const struct replay_request *r)
{
	if (!c->frames[r->conversation].losses[r->reply->number])
		return;
	c->reminders[r->conversation].epoch++;
	buf_clear(&c->reminders[r->conversation].note);
	if (is_bound(r->reply->model))
		replay_client_forget(c, r->conversation);
}

static struct str reminder(struct replay_client *c, const struct replay_request *r)
{
	const struct replay_frame *f = &c->frames[r->conversation];
	struct replay_reminder *m = &c->reminders[r->conversation];
	struct str name = f->session->name;
	double hidden = f->hidden[r->segment] >= 0 ? f->hidden[r->segment] : f->fixed + 2000;
	struct buf text, seed;

	if (m->note.n > 0 && m->segment == r->segment)
		return buf_str(&m->note);
	buf_init(&text, SIZE_MAX);
	buf_init(&seed, SIZE_MAX);
	buf_clear(&m->note);
	m->segment = r->segment;
	buf_addf(&seed, "reminder %.*s %zu %u", STR_ARG(name), r->segment, m->epoch);
	buf_add(&text, STR("<system-reminder>\n"));
	replay_filler(&text, buf_str(&seed), hidden - f->fixed);
	buf_add(&text, STR("\n</system-reminder>"));
	buf_add(&m->note, STR("{\"type\":\"text\",\"text\":"));
	json_add_string(&m->note, buf_str(&text));
	buf_add_char(&m->note, '}');
	buf_release(&text);
	buf_release(&seed);
	return buf_str(&m->note);
}

/* Another model's thinking is not sent. Returns how many blocks there are. */
static size_t add_received(struct buf *out, const struct replay_received *got, struct str model)
{
	bool thinks = !got->forgotten && str_eq(got->model, model);
	size_t n = 0;

	for (size_t i = 0; i < got->n; i++) {
		if (got->thinking[i] && !thinks)
			continue;
		if (n++ > 0)
			buf_add_char(out, ',');
		buf_add(out, got->blocks[i]);
	}
	return n;
}

static size_t add_recorded(struct buf *out, const struct replay_turn *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (t->reply && t->b[i].kind == REPLAY_THINKING)
			continue;
		if (n++ > 0)
			buf_add_char(out, ',');
		buf_add(out, t->b[i].json);
	}
	return n;
}

static void add_turn(
	struct replay_client *c, const struct replay_request *r, size_t i, struct buf *out)
{
	const struct replay_turn *t = &r->turns->v[i];
	const struct replay_received *got = t->reply ? &c->received[t->number] : NULL;
	size_t n;

	buf_add(out, t->reply ? STR("{\"role\":\"assistant\",\"content\":[")
			      : STR("{\"role\":\"user\",\"content\":["));
	if (i == 0) {
		buf_add(out, reminder(c, r));
		buf_add_char(out, ',');
	}
	n = got != NULL && got->model.p != NULL ? add_received(out, got, r->reply->model)
						: add_recorded(out, t);
	if (n == 0)
		buf_add(out, STR("{\"type\":\"text\",\"text\":\"(no content)\"}"));
	if (i + 1 == r->before) {
		out->n--; /* the brace of the last block */
		buf_add_char(out, ',');
		add_mark(&c->frames[r->conversation], out);
		buf_add_char(out, '}');
	}
	buf_add(out, STR("]}"));
}

void replay_body(struct replay_client *c, const struct replay_request *r, struct buf *out)
{
	buf_add(out, STR("{\"model\":"));
	json_add_quoted(out, r->reply->model);
	buf_add(out, STR(",\"messages\":["));
	for (size_t i = 0; i < r->before; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_turn(c, r, i, out);
	}
	buf_add(out, STR("],"));
	buf_add(out, c->frames[r->conversation].tail);
	if (takes_budget(r->reply->model))
		buf_addf(out, "{\"budget_tokens\":%d,\"type\":\"enabled\"}", MAX_TOKENS - 1);
	else
		buf_add(out, STR("{\"type\":\"adaptive\"}"));
	buf_add(out, STR(",\"stream\":true}"));
}
