/* SPDX-License-Identifier: MIT */
/* The state of the running proxy, member by member. Texts come from outside and are escaped; amounts are nano-dollars. */
#include "admin/state.h"

#include "base/clock.h"
#include "core/billing.h"
#include "core/breaker.h"
#include "core/keyring.h"
#include "core/ledger.h"
#include "core/live.h"
#include "core/provider_health.h"
#include "core/sessions.h"

enum {
	OPEN_MAX = 500, /* exchanges in work that are listed, oldest first */
	CONVERSATIONS_MAX = 50,
	TEXT_MAX =
		256, /* of what a client sends: 500 models' names of a megabyte would be no state */
	NS_PER_US = 1000,
};

/* ---- pieces ---- */

/* A comma unless it is the first member or item. */
static void separate(struct buf *b)
{
	char last = b->n > 0 ? b->p[b->n - 1] : '{';

	if (last != '{' && last != '[')
		buf_add_char(b, ',');
}

static void add_number(struct buf *b, const char *name, int64_t v)
{
	separate(b);
	buf_addf(b, "\"%s\":%lld", name, (long long)v);
}

/* Negative is unknown. */
static void add_known(struct buf *b, const char *name, int64_t v)
{
	separate(b);
	if (v < 0)
		buf_addf(b, "\"%s\":null", name);
	else
		buf_addf(b, "\"%s\":%lld", name, (long long)v);
}

static void add_text(struct buf *b, const char *name, struct str v)
{
	separate(b);
	buf_addf(b, "\"%s\":", name);
	v.n = v.n < TEXT_MAX ? v.n : TEXT_MAX;
	json_add_string(b, v.p != NULL ? v : STR(""));
}

static void add_bool(struct buf *b, const char *name, bool v)
{
	separate(b);
	buf_addf(b, "\"%s\":%s", name, v ? "true" : "false");
}

static void open_member(struct buf *b, const char *name, char bracket)
{
	separate(b);
	buf_addf(b, "\"%s\":%c", name, bracket);
}

static void open_item(struct buf *b)
{
	separate(b);
	buf_add_char(b, '{');
}

static void add_rate(struct buf *b, const char *name, int64_t part, int64_t whole)
{
	separate(b);
	if (whole > 0)
		buf_addf(b, "\"%s\":%.4f", name, (double)part / (double)whole);
	else
		buf_addf(b, "\"%s\":null", name);
}

static int64_t us_between(uint64_t from_ns, uint64_t to_ns)
{
	return from_ns != 0 && to_ns >= from_ns ? (int64_t)((to_ns - from_ns) / NS_PER_US) : -1;
}

/* ---- exchanges in work ---- */

static struct str provider_of(const struct exchange *x)
{
	if (x->last != NULL)
		return x->last->candidate.provider->name;
	return x->plan.n > 0 ? x->plan.c[0].provider->name : STR("");
}

static void add_open(struct buf *b, const struct exchange *x, uint64_t now_ns)
{
	const struct outcome *o = x->last;
	struct live_progress p = live_progress(x, now_ns);

	open_item(b);
	add_text(b, "id", str_from(x->id));
	add_text(b, "conversation", x->conversation);
	add_text(b, "session", exchange_session(x));
	add_text(b, "project", x->project);
	add_text(b, "kind", str_from(x->kind));
	add_text(b, "model", o != NULL ? billing_model(x, o) : x->chat.model);
	add_text(b, "provider", provider_of(x));
	add_text(b, "endpoint", str_from(endpoint_name(x->endpoint)));
	add_text(b, "stage", str_from(x->at->name));
	add_number(b, "begin_ms", x->begin_wall_ms);
	add_known(b, "first_us", o != NULL ? us_between(x->begin_ns, o->first_ns) : -1);
	add_bool(b, "streamed", x->streamed);
	add_number(b, "reply_bytes",
		(int64_t)(x->conn != NULL ? conn_sent_bytes(x->conn) : x->reply_bytes));
	add_number(b, "tokens", p.tokens);
	add_number(b, "tokens_per_s", p.tokens_per_s);
	add_known(b, "cost_nusd", p.cost);
	buf_add_char(b, '}');
}

static void add_all_open(struct buf *b, const struct services *svc)
{
	uint64_t now_ns = clock_mono_ns();
	size_t n = 0;

	open_member(b, "open", '[');
	list_each (it, &svc->live->open) {
		if (n++ < OPEN_MAX)
			add_open(b, container_of(it, struct exchange, live), now_ns);
	}
	buf_add_char(b, ']');
	add_number(b, "open_count", (int64_t)n);
}

/* ---- the last ones ---- */

static void add_tokens(struct buf *b, const struct usage *u)
{
	int64_t hour = u->cache_write_1h > 0 ? u->cache_write_1h : 0;
	int64_t five = u->cache_write > hour ? u->cache_write - hour : 0;

	open_member(b, "tokens", '{');
	add_known(b, "input", u->in);
	add_known(b, "cache_read", u->cache_read);
	add_known(b, "cache_write_5m", u->cache_write < 0 ? -1 : five);
	add_known(b, "cache_write_1h", u->cache_write_1h);
	add_known(b, "output", u->out);
	add_known(b, "reasoning", u->reasoning);
	buf_add_char(b, '}');
}

static void add_ended(struct buf *b, const struct live_ended *e)
{
	open_item(b);
	add_number(b, "seq", (int64_t)e->seq);
	add_number(b, "at_ms", e->at_ms);
	add_text(b, "id", str_from(e->id));
	add_text(b, "conversation", str_from(e->conversation));
	add_text(b, "project", str_from(e->project));
	add_text(b, "kind", str_from(e->kind));
	add_text(b, "model", str_from(e->model));
	add_text(b, "provider", str_from(e->provider));
	add_number(b, "status", e->status);
	add_text(b, "error", str_from(e->error));
	add_tokens(b, &e->usage);
	add_known(b, "cost_nusd", e->cost);
	add_number(b, "saved_nusd", e->saved);
	add_number(b, "lost_nusd", e->lost);
	add_text(b, "cause", str_from(e->cause));
	add_known(b, "first_us", e->first_us);
	add_known(b, "duration_us", e->duration_us);
	buf_add_char(b, '}');
}

static void add_all_ended(struct buf *b, const struct live *l)
{
	open_member(b, "ended", '[');
	for (uint64_t seq = l->seq; seq > 0 && seq + LIVE_ENDED > l->seq; seq--)
		add_ended(b, &l->ended[seq % LIVE_ENDED]);
	buf_add_char(b, ']');
}

/* ---- conversations, sums ---- */

static void add_conversations(struct buf *b, const struct live *l)
{
	const struct live_conversation *c[CONVERSATIONS_MAX];
	size_t n = live_active(l, clock_wall_ms(), c, CONVERSATIONS_MAX);

	open_member(b, "conversations", '[');
	for (size_t i = 0; i < n; i++) {
		open_item(b);
		add_text(b, "id", str_from(c[i]->id));
		add_text(b, "session", str_from(c[i]->session));
		add_text(b, "project", str_from(c[i]->project));
		add_text(b, "model", str_from(c[i]->model));
		add_number(b, "last_ms", c[i]->last_ms);
		add_number(b, "exchanges", (int64_t)c[i]->exchanges);
		add_rate(b, "hit_rate", c[i]->read_tokens, c[i]->input_tokens);
		add_number(b, "cost_nusd", c[i]->cost);
		add_number(b, "saved_nusd", c[i]->saved);
		add_number(b, "lost_nusd", c[i]->lost);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

/* Opens an object, which the caller closes. */
static void begin_totals(struct buf *b, const char *name, const struct live_totals *t)
{
	open_member(b, name, '{');
	add_number(b, "exchanges", (int64_t)t->exchanges);
	add_number(b, "failed", (int64_t)t->failed);
	add_number(b, "cost_nusd", t->cost);
	add_number(b, "saved_nusd", t->saved);
	add_number(b, "lost_nusd", t->lost);
	add_rate(b, "hit_rate", t->read_tokens, t->input_tokens);
}

static void add_sums(struct buf *b, const struct live *l)
{
	struct live_totals recent = live_recent(l, clock_wall_ms());

	begin_totals(b, "totals", &l->totals);
	buf_add_char(b, '}');
	begin_totals(b, "recent", &recent);
	add_number(b, "minutes", LIVE_MINUTES);
	buf_add_char(b, '}');
	if (!l->today_known) {
		buf_add(b, STR(",\"today\":null"));
		return;
	}
	begin_totals(b, "today", &l->today);
	buf_add_char(b, '}');
}

/* ---- providers ---- */

static void add_errors(struct buf *b, const struct provider_health *h)
{
	open_member(b, "errors", '{');
	for (int e = 0; h != NULL && e < HEALTH_ERROR_CLASSES; e++)
		if (h->errors[e] > 0)
			add_number(b, health_error_names[e], (int64_t)h->errors[e]);
	buf_add_char(b, '}');
}

static void add_quotas(struct buf *b, const struct provider_health *h)
{
	int64_t now = clock_wall_ms();

	open_member(b, "quota", '[');
	for (size_t i = 0; h != NULL && i < h->limits.n; i++) {
		const struct rate_quota *q = &h->limits.v[i];
		open_item(b);
		add_text(b, "name", str_from(q->name));
		add_known(b, "limit", q->limit);
		add_known(b, "remaining", rate_remaining(q, now));
		add_known(b, "reset_ms", q->reset_ms);
		add_bool(b, "percent", q->percent);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

/* Models that have failed lately, and whether they are passed by. */
static void add_breakers(struct buf *b, const struct services *svc, const struct config_provider *p)
{
	const uint64_t now = loop_now_ms(svc->loop);
	const struct breaker *r;

	open_member(b, "breakers", '[');
	for (size_t i = 0; (r = breaker_at(svc->breakers, i)) != NULL; i++) {
		enum breaker_state state = breaker_state_of(r, now);
		if (!str_eq(str_from(r->provider), p->name) || r->failures == 0)
			continue;
		open_item(b);
		add_text(b, "model", str_from(r->model));
		add_text(b, "state", str_from(breaker_state_name(state)));
		add_number(b, "failures", r->failures);
		add_known(b, "until_ms",
			state == BREAKER_OPEN ? clock_wall_ms() + (int64_t)(r->until_ms - now)
					      : -1);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

/* Of several keys, by their names. */
static void add_keys(struct buf *b, const struct services *svc, const struct config_provider *p)
{
	const uint64_t now = loop_now_ms(svc->loop);

	open_member(b, "keys", '[');
	for (size_t i = 0; i < p->nkeys; i++) {
		const struct keyring_key k = { p, &p->key_list[i] };
		open_item(b);
		add_text(b, "name", k.key->name);
		add_number(b, "weight", k.key->weight);
		add_number(b, "rest_ms", (int64_t)keyring_rest_ms(svc->keyring, &k, now));
		add_number(
			b, "left_percent", keyring_left_percent(svc->keyring, &k, clock_wall_ms()));
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
}

/* A time of the wall clock; 0 is never. */
static void add_when(struct buf *b, const char *name, int64_t ms)
{
	add_known(b, name, ms > 0 ? ms : -1);
}

static void add_provider(struct buf *b, const struct services *svc, const struct config_provider *p)
{
	static const char *const states[] = {
		[HEALTH_UNKNOWN] = "unknown", [HEALTH_OK] = "ok", [HEALTH_FAILING] = "failing"
	};
	static const struct provider_health never = { .name = "" };
	const struct provider_health *known = health_of(svc->health, p->name);
	const struct provider_health *h = known != NULL ? known : &never;

	open_item(b);
	add_text(b, "name", p->name);
	add_text(b, "dialect", p->dialect);
	separate(b);
	buf_add(b, STR("\"base_url\":"));
	setting_print_json(&config_provider_settings.rows[CONFIG_PROVIDER_ROW_base_url], p, b);
	add_text(b, "key", p->api_key.n > 0 ? STR("configured") : STR("client"));
	add_text(b, "health", str_from(states[health_state(h)]));
	add_number(b, "requests", (int64_t)h->requests);
	add_errors(b, h);
	add_when(b, "last_ms", h->last_ms);
	add_text(b, "last_error", str_from(h->last_error));
	add_when(b, "last_error_ms", h->last_error_ms);
	add_when(b, "retry_ms", h->retry_ms);
	add_known(b, "first_us_p50", health_first_us(h));
	add_quotas(b, h);
	add_breakers(b, svc, p);
	add_keys(b, svc, p);
	buf_add_char(b, '}');
}

/* ---- all of it ---- */

static void add_ledger(struct buf *b, const struct services *svc)
{
	struct writer_state s = { 0 };

	if (svc->ledger != NULL)
		ledger_state(svc->ledger, &s);
	open_member(b, "ledger", '{');
	add_text(b, "state",
		svc->ledger == NULL ? STR("off")
		: s.failing         ? STR("failing")
				    : STR("ok"));
	add_number(b, "waiting", (int64_t)s.waiting);
	add_number(b, "lost", (int64_t)s.dropped);
	buf_add_char(b, '}');
}

void state_print(const struct services *svc, struct buf *out)
{
	buf_add_char(out, '{');
	buf_addf(out, "\"at_ms\":%lld", (long long)clock_wall_ms());
	add_text(out, "version", STR(SLUICE_VERSION));
	add_number(out, "started_ms", svc->started_wall_ms);
	add_bool(out, "draining", svc->draining);
	add_number(out, "connections", (int64_t)server_connections(svc->server));
	add_ledger(out, svc);
	add_all_open(out, svc);
	add_all_ended(out, svc->live);
	add_conversations(out, svc->live);
	add_sums(out, svc->live);
	open_member(out, "providers", '[');
	for (size_t i = 0; i < svc->config->nproviders; i++)
		add_provider(out, svc, &svc->config->providers[i]);
	buf_add(out, STR("]}"));
}

void state_event(struct services *svc, struct buf *event)
{
	buf_add(event, STR("event: state\ndata: "));
	state_print(svc, event);
	buf_add(event, STR("\n\n"));
}
