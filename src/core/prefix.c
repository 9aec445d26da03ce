/* SPDX-License-Identifier: MIT */
/* Before: a view of the request with the tokens of each of its prefixes, measured where they were measured before. After: the
 * provider's figures put right the view, the model's estimator, the cache and the conversation, in this order. */
#include "core/prefix.h"

#include "base/clock.h"
#include "core/ledger.h"
#include "core/prefix_store.h"
#include "core/recall.h"
#include "core/sessions.h"
#include "llm/turn.h"
#include "wire/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	MODELS_MAX = 64,
	SHADOW = 1,
	PROJECT_MAX = 200,
	SEARCH_MAX = 16384,
	SAVE_MS = 300,
	LEARNED_ENOUGH = 5,
	FRESH_MS =
		1000, /* what we know of a conversation is not asked for again within this time */
};

/* What was learned of one provider's model. */
struct model_state {
	uint64_t who; /* 0: free */
	struct estimator estimator;
	int64_t min_tokens; /* prefixes up to here were not cached; 0: nothing learned */
	int64_t used_ms;
	bool unsaved;
};

struct prefixes {
	struct services *svc;
	struct conversations *conversations;
	struct prompt_cache *cache;
	struct model_state models[MODELS_MAX];
	struct recaller *recaller;
	struct timer *save; /* NULL: not needed yet */
	bool saving;        /* the timer runs */
};

/* ---- in the store ---- */

static void keep(struct prefixes *p, uint64_t key, struct str bytes, int64_t version)
{
	const struct store_value v = { .space = STR("prefix"),
		.key = { (const char *)&key, sizeof(key) },
		.value = bytes,
		.version = version,
		.expires_ms = clock_wall_ms() + (int64_t)p->svc->config->prefix_keep_ms };

	ledger_keep(p->svc->ledger, &v);
}

static void save_models(struct prefixes *p)
{
	for (size_t i = 0; i < MODELS_MAX; i++) {
		struct model_state *m = &p->models[i];
		if (m->who != 0 && m->unsaved)
			keep(p, m->who, (struct str){ (const char *)m, sizeof(*m) }, m->used_ms);
		m->unsaved = false;
	}
}

static void save(void *ctx)
{
	struct prefixes *p = ctx;
	struct conversation *c;
	struct buf b;

	p->saving = false;
	buf_init(&b, SIZE_MAX);
	while ((c = conversations_take_changed(p->conversations)) != NULL) {
		if (p->svc->config->prefix_keep_ms == 0)
			continue;
		buf_clear(&b);
		prefix_store_print(&b, c);
		keep(p, c->hash, buf_str(&b), c->version);
	}
	buf_release(&b);
	if (p->svc->ledger != NULL && p->svc->config->prefix_keep_ms > 0)
		save_models(p);
}

static void save_soon(struct prefixes *p, struct conversation *c)
{
	if (p->svc->ledger == NULL)
		return;
	conversations_changed(p->conversations, c);
	if (p->save == NULL)
		p->save = timer_new(p->svc->loop, save, p);
	if (!p->saving)
		timer_at(p->save, loop_now_ms(p->svc->loop) + SAVE_MS);
	p->saving = true;
}

struct prefixes *prefixes_new(struct services *svc)
{
	struct prefixes *p = must_alloc(sizeof(*p));

	p->svc = svc;
	p->conversations = conversations_new((size_t)svc->config->prefix_memory_bytes);
	p->cache = prompt_cache_new((size_t)svc->config->prefix_entries);
	p->recaller = recaller_new(svc->loop);
	return p;
}

void prefixes_free(struct prefixes *p)
{
	if (p == NULL)
		return;
	if (p->save != NULL)
		save(p);
	timer_free(p->save);
	recaller_free(p->recaller);
	conversations_free(p->conversations);
	prompt_cache_free(p->cache);
	free(p);
}

size_t prefixes_bytes(const struct prefixes *p)
{
	return conversations_bytes(p->conversations);
}

/* The one that was used longest ago gives its place to a new one. */
static struct model_state *model_state(struct prefixes *p, uint64_t who, double density)
{
	struct model_state *oldest = &p->models[0];

	for (size_t i = 0; i < MODELS_MAX; i++) {
		if (p->models[i].who == who)
			return &p->models[i];
		if (p->models[i].used_ms < oldest->used_ms)
			oldest = &p->models[i];
	}
	*oldest = (struct model_state){ .who = who };
	estimator_init(&oldest->estimator, density);
	return oldest;
}

/* ---- names ---- */

/* Background turns have a prefix of their own, so they are conversations of their own. */
static struct str name_conversation(const struct exchange *x, enum turn_kind kind)
{
	struct str session = exchange_session(x),
		   agent = http_get(x->head, STR("x-claude-code-agent-id"));
	const char *aside = turn_is_aside(kind) ? turn_kind_name(kind) : "";

	if (session.n == 0 && x->chat.outline.n == 0)
		return STR("");
	if (session.n == 0)
		return arena_printf(x->arena, "h-%016llx%s%s",
			(unsigned long long)outline_identity(&x->chat.outline),
			*aside != '\0' ? "/" : "", aside);
	return arena_printf(x->arena, "%.*s%s%.*s%s%s", STR_ARG(session), agent.n > 0 ? "/" : "",
		STR_ARG(agent), *aside != '\0' ? "/" : "", aside);
}

static struct str name_parent(const struct exchange *x, enum turn_kind kind)
{
	struct str session = exchange_session(x),
		   agent = http_get(x->head, STR("x-claude-code-agent-id")),
		   parent = http_get(x->head, STR("x-claude-code-parent-agent-id"));

	if (parent.n > 0)
		return arena_printf(x->arena, "%.*s/%.*s", STR_ARG(session), STR_ARG(parent));
	return agent.n > 0 || turn_is_aside(kind) ? session : STR("");
}

/* Claude Code tells the model where it works: the folder's name is the project's. */
static struct str folder_in(struct str text)
{
	static const char label[] = "orking directory: ";
	struct str part = { text.p, text.n < SEARCH_MAX ? text.n : SEARCH_MAX };
	size_t at = str_find(part, STR(label));

	if (at == part.n)
		return STR("");
	struct str path = str_from_offset(part, at + strlen(label));
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '\\' || path.p[i] == '"' || path.p[i] == '\n')
			path.n = i;
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return str_from_offset(path, i);
	return path;
}

static struct str find_project(const struct exchange *x)
{
	struct str named = http_get(x->head, STR("x-sluice-project"));
	struct str found = named.n > 0 ? named : folder_in(x->chat.outline.facts.system_message);

	if (found.n == 0)
		found = folder_in(x->chat.outline.facts.system_text);
	if (found.n > PROJECT_MAX)
		found.n = PROJECT_MAX;
	return found;
}

static void name_project(struct prefixes *p, struct exchange *x, struct conversation *c)
{
	if (c->project == NULL || http_get(x->head, STR("x-sluice-project")).n > 0)
		conversations_name_project(p->conversations, c, find_project(x));
	x->project = arena_dup(x->arena, str_from(c->project));
}

/* ---- before ---- */

static struct str canonical_model(const struct services *svc, struct str model)
{
	const struct price *row = prices_find(svc->prices, model);

	return row != NULL ? row->model : model;
}

static struct str model_sent(const struct exchange *x)
{
	return x->plan.c[0].model.n > 0 ? x->plan.c[0].model : x->chat.model;
}

/* Caches of different accounts are apart. Bearers are not looked at: they change while the account is the same. */
static uint64_t who_is_asked(const struct exchange *x, uint64_t provider, struct str model)
{
	uint64_t h = hash_fast(canonical_model(x->svc, model), provider);

	return h + (h == 0);
}

static uint64_t seed_of(const struct exchange *x, const struct config_provider *p, uint64_t who)
{
	return p != NULL && p->api_key.n > 0 ? who
					     : hash_fast(http_get(x->head, STR("x-api-key")), who);
}

/* Measured figures of the blocks that were sent before, estimates for what is new. */
static void fill_tokens(const struct estimator *e, const struct lane *before, struct prompt_view *v)
{
	const struct outline *o = v->outline;
	size_t common = before != NULL ? loss_common(&before->sent, v) : 0;
	double sum = 0;

	for (size_t i = 0; i < o->n; i++) {
		if (i < common)
			sum = (double)before->sent.blocks[i].tokens;
		else if (v->chain[i] != 0)
			sum += estimator_block(e, &o->blocks[i]) +
			       (i == 0 && o->blocks[i].kind == BLOCK_TOOL ? e->weight[FEATURE_TOOLS]
									  : 0);
		v->tokens[i] = sum;
	}
}

static void make_view(struct exchange *x, struct prompt_view *v, struct str model, uint64_t seed)
{
	const struct outline *o = &x->chat.outline;
	uint64_t *chain = arena_alloc(x->scratch, (o->n + 1) * sizeof(*chain));

	v->outline = o;
	v->rules = cache_rules_of(canonical_model(x->svc, model));
	outline_chain(o, &(struct chain_rules){ seed, v->rules.strips_thinking }, chain);
	v->chain = chain;
	v->tokens = arena_alloc(x->scratch, (o->n + 1) * sizeof(*v->tokens));
}

static struct forecast predict(
	struct prefixes *p, const struct conversation *c, struct prompt_view *v, uint64_t who)
{
	struct model_state *m = model_state(p, who, v->rules.density);
	struct forecast f;

	if (m->min_tokens > v->rules.min_tokens)
		v->rules.min_tokens = m->min_tokens;
	fill_tokens(&m->estimator, conversation_lane(c, who), v);
	forecast_make(&f, v, p->cache, clock_wall_ms());
	return f;
}

/* The model that the client named keeps a cache only in thought; what it really read and wrote earlier counts as well. */
static void view_asked(struct exchange *x)
{
	const struct config_provider *home = config_provider(x->config, str_from(x->dialect->home));
	struct foresight *f = x->prefix;

	f->rerouted = true;
	uint64_t seed = seed_of(x, home, f->asked_who);
	make_view(x, &f->asked_view, x->chat.model, hash_fast_chain(seed, SHADOW));
	make_view(x, &f->asked_real, x->chat.model, seed);
}

static void predict_all(struct prefixes *p, struct exchange *x, const struct conversation *c)
{
	const struct candidate *to = &x->plan.c[0];
	struct foresight *f = arena_alloc(x->arena, sizeof(*f));

	x->prefix = f;
	f->hit_rate = -1;
	f->compacted = turn_is_compacted(x->head, &x->chat); /* as long as there is a body */
	f->provider = hash_fast(to->provider->name, 0);
	f->who = who_is_asked(x, f->provider, model_sent(x));
	f->seed = seed_of(x, to->provider, f->who);
	f->automatic = exchange_is_translated(x, to);
	f->asked_who = who_is_asked(x, hash_fast(str_from(x->dialect->home), 0), x->chat.model);
	make_view(x, &f->view, model_sent(x), f->seed);
	f->forecast = predict(p, c, &f->view, f->who);
	if (f->asked_who != f->who)
		view_asked(x);
}

/* A first turn goes on with nothing. */
static bool must_recall(const struct prefixes *p, const struct exchange *x, struct conversation *c)
{
	int64_t now = clock_wall_ms();

	if (p->svc->ledger == NULL || x->config->prefix_keep_ms == 0 ||
		!x->chat.outline.facts.assistant || now - c->looked_ms < FRESH_MS ||
		now - c->version < FRESH_MS)
		return false;
	c->looked_ms = now;
	return true;
}

static bool is_foreseen(const struct exchange *x)
{
	return x->endpoint == ENDPOINT_MESSAGES && x->svc->prefixes != NULL &&
	       x->config->prefix_enabled && x->conversation.n > 0;
}

bool prefix_name(struct exchange *x)
{
	struct prefixes *p = x->svc->prefixes;
	enum turn_kind kind;

	if (x->endpoint == ENDPOINT_COUNT)
		x->kind = "count";
	if (x->endpoint != ENDPOINT_MESSAGES)
		return false;
	kind = turn_kind_of(x->head, &x->chat);
	x->kind = turn_kind_name(kind);
	x->conversation = name_conversation(x, kind);
	x->parent = name_parent(x, kind);
	if (!is_foreseen(x)) {
		x->project = arena_dup(x->arena, find_project(x));
		return false;
	}
	struct conversation *c = conversations_get(p->conversations, x->conversation);
	bool recall = must_recall(p, x, c);
	if (!recall)
		name_project(p, x, c);
	return recall;
}

static uint64_t who_of(const struct exchange *x)
{
	return who_is_asked(x, hash_fast(x->plan.c[0].provider->name, 0), model_sent(x));
}

static void recalled(void *ctx, struct str conversation, struct str model)
{
	struct exchange *x = ctx;
	struct prefixes *p = x->svc->prefixes;
	struct conversation *c = conversations_get(p->conversations, x->conversation);
	struct model_state *m = model_state(p, who_of(x),
				   cache_rules_of(canonical_model(x->svc, model_sent(x))).density),
			   stored;

	if (model.n == sizeof(stored)) {
		memcpy(&stored, model.p, sizeof(stored));
		if (stored.who == m->who && stored.used_ms > m->used_ms)
			*m = stored;
	}
	if (conversation.n > 0 && !prefix_store_read(p->conversations, c, conversation, p->cache))
		c->version = 0; /* of another build: it will be written anew */
	name_project(p, x, c);
}

void prefix_recall(struct exchange *x, void (*done)(struct exchange *x))
{
	const struct recall_keys keys = { .ledger = ledger_path(x->svc->ledger),
		.conversation = hash_fast(x->conversation, 0),
		.model = who_of(x) };

	x->recall = recaller_ask(x->svc->prefixes->recaller, &keys, recalled, done, x);
}

void prefix_forget(struct exchange *x)
{
	recall_forget(x->recall);
	x->recall = NULL;
}

void prefix_foresee(struct exchange *x)
{
	struct prefixes *p = x->svc->prefixes;

	x->recall = NULL;
	if (is_foreseen(x) && x->chat.outline.whole && x->chat.outline.n > 0)
		predict_all(p, x, conversations_get(p->conversations, x->conversation));
}

/* ---- after ---- */

/* Makes the prefixes between two blocks, (from, to], fit a figure for the latter; from is a number of blocks. */
static void fit(struct prompt_view *v, size_t from, size_t to, double tokens)
{
	double base = from > 0 ? v->tokens[from - 1] : 0, span;

	if (to <= from)
		return;
	span = v->tokens[to - 1] - base;
	for (size_t i = from; i < to; i++)
		v->tokens[i] =
			span > 0 ? base + (v->tokens[i] - base) * (tokens - base) / span : tokens;
}

/* Moves the prefixes from a block on. */
static void shift(struct prompt_view *v, size_t from, double by)
{
	for (size_t i = from; i < v->outline->n; i++)
		v->tokens[i] += by;
}

/* The number of blocks whose tokens come nearest to a figure. */
static size_t nearest(const struct prompt_view *v, double tokens)
{
	size_t best = 0;
	double off = tokens;

	for (size_t i = 0; i < v->outline->n; i++)
		if (fabs(v->tokens[i] - tokens) < off) {
			off = fabs(v->tokens[i] - tokens);
			best = i + 1;
		}
	return best;
}

static size_t last_mark(const struct outline *o)
{
	for (size_t i = o->n; i > 0; i--)
		if (o->blocks[i - 1].mark != BREAK_NONE)
			return i;
	return 0;
}

/* Puts the view right by what the provider has counted, and says how much it read. */
static void correct(struct foresight *f, const struct usage *u)
{
	struct prompt_view *v = &f->view;
	double read = (double)known(u->cache_read), written = read + (double)known(u->cache_write);
	size_t at = f->forecast.read_blocks, mark = last_mark(v->outline);

	if (fabs(read - (double)f->forecast.read) > 0.02 * read + 64)
		at = read > 0 ? nearest(v, read) : 0;
	if (at > 0) {
		double off = read - v->tokens[at - 1];
		fit(v, 0, at, read);
		shift(v, at, off);
	}
	f->forecast.read_blocks = at;
	if (known(u->cache_write) > 0 && mark > at) {
		double off = written - v->tokens[mark - 1];
		fit(v, at, mark, written);
		shift(v, mark, off);
		f->forecast.write_blocks = mark;
	} else {
		f->forecast.write_blocks = at;
		mark = at;
	}
	fit(v, mark, v->outline->n, written + (double)known(u->in));
}

/* The new blocks were so many tokens. Without a figure of how much was read, all of them. */
static void teach(struct prefixes *p, const struct foresight *f, const struct usage *u,
	int64_t predicted_read)
{
	const struct prompt_view *v = &f->view;
	size_t from = f->forecast.read_blocks;
	struct features new = { { 0 } };
	double tokens = (double)(known(u->in) + known(u->cache_write));

	if (known(u->cache_read) > 0 && llabs(known(u->cache_read) - predicted_read) > 64)
		return;
	for (size_t i = from; i < v->outline->n; i++)
		if (v->chain[i] != 0)
			features_add(&new, &v->outline->blocks[i]);
	if (from > 0)
		new.v[FEATURE_TOOLS] = 0;
	struct model_state *m = model_state(p, f->who, f->view.rules.density);
	estimator_learn(&m->estimator, &new, tokens);
	m->unsaved = true;
}

/* A prefix that ought to have been written and was not is too short. */
static void learn_minimum(struct prefixes *p, const struct foresight *f, const struct usage *u)
{
	struct model_state *m = model_state(p, f->who, f->view.rules.density);
	size_t mark = last_mark(f->view.outline);

	if (mark > 0 && f->forecast.write_5m + f->forecast.write_1h > 0 &&
		known(u->cache_write) == 0 && u->cache_write == 0 && u->cache_read == 0 &&
		f->view.tokens[mark - 1] + 1 > (double)m->min_tokens)
		m->min_tokens = (int64_t)f->view.tokens[mark - 1] + 1;
}

/* What could have been read, in tokens of the model that was asked now. */
static int64_t expected(const struct foresight *f, const struct lane *before, const struct usage *u)
{
	int64_t total = known(u->in) + known(u->cache_read) + known(u->cache_write);
	size_t mark = before->sent.last_mark, common;
	double tokens;

	if (mark == 0)
		return 0;
	if (before->who == f->who) {
		tokens = (double)before->sent.blocks[mark - 1].tokens;
	} else {
		common = loss_common(&before->sent, &f->view);
		common = common < mark ? common : mark;
		tokens = common > 0 ? f->view.tokens[common - 1] : 0;
	}
	return tokens < (double)total ? (int64_t)(tokens + 0.5) : total;
}

/* Two users may share the name of a session, but no cache. */
static bool other_account(const struct foresight *f, const struct lane *before)
{
	return before != NULL && before->who == f->who && before->seed != f->seed;
}

static void find_loss(struct exchange *x, const struct lane *before, const struct usage *u)
{
	struct foresight *f = x->prefix;
	struct loss_case c = {
		.before = before != NULL ? &before->sent : NULL,
		.view = &f->view,
		.compacted = f->compacted,
		.at_ms = x->begin_wall_ms,
		.read = known(u->cache_read),
	};

	if (other_account(f, before)) {
		f->loss = (struct loss){ .cause = c.read > 0 ? LOSS_NONE : LOSS_FIRST };
		return;
	}
	if (before != NULL) {
		c.provider_switched = before->provider != f->provider;
		c.model_switched = before->who != f->who;
		c.expected = expected(f, before, u);
	}
	loss_find(&f->loss, &c);
}

/* What the model that was named would have counted: what the other one has counted, block by block in the proportion of what
 * is known of both; a model of which little is known by what is said of its kind. */
static void count_asked(struct prefixes *p, struct foresight *f)
{
	const struct outline *o = f->view.outline;
	const struct estimator asked = model_state(p, f->asked_who, f->asked_view.rules.density)
					       ->estimator,
			       answered = model_state(p, f->who, f->view.rules.density)->estimator;
	/* The one that answered has just told what this very request was. */
	bool known_both = asked.learned >= LEARNED_ENOUGH && answered.learned > 0;
	double sum = 0, before = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct outline_block *b = &o->blocks[i];
		double ratio = known_both
				       ? estimator_block(&asked, b) / estimator_block(&answered, b)
				       : f->asked_view.rules.density / f->view.rules.density;
		sum += (f->view.tokens[i] - before) * ratio;
		before = f->view.tokens[i];
		f->asked_view.tokens[i] = f->asked_real.tokens[i] = sum;
	}
}

/* What the other model would have read and written, by the figures that this one has told. What ends a prompt belongs to no block. */
static void imagine_asked(
	struct prefixes *p, struct foresight *f, const struct usage *u, int64_t now)
{
	int64_t total = known(u->in) + known(u->cache_read) + known(u->cache_write);
	int64_t rest = total - (int64_t)(f->view.tokens[f->view.outline->n - 1] + 0.5);
	struct forecast real;

	count_asked(p, f);
	forecast_make(&f->asked, &f->asked_view, p->cache, now);
	forecast_make(&real, &f->asked_real, p->cache, now);
	if (real.read > f->asked.read)
		f->asked = real;
	f->asked.in += known(rest);
	forecast_commit(&f->asked, &f->asked_view, p->cache, now);
}

/* The lane becomes what has just been sent. */
static void remember(
	struct prefixes *p, struct conversation *c, const struct foresight *f, int64_t now)
{
	const struct outline *o = f->view.outline;
	struct lane *l = conversations_send(p->conversations, c, f->who, o->n);
	struct sent *s = &l->sent;
	const struct cache_entry *e = NULL;

	l->provider = f->provider;
	l->seed = f->seed;
	l->at_ms = now;
	for (size_t i = 0; i < o->n; i++)
		s->blocks[i] = (struct sent_block){
			.hash = o->blocks[i].hash,
			.tokens = (float)f->view.tokens[i],
			.level = o->blocks[i].level,
			.mark = o->blocks[i].mark,
			.read = f->view.chain[i] != 0,
		};
	s->parameters = o->parameters;
	s->messages = o->facts.messages;
	s->last_mark = last_mark(o);
	s->entry = f->forecast.write_blocks;
	if (s->entry > 0)
		e = prompt_cache_find(p->cache, f->view.chain[s->entry - 1], now);
	s->end_ms = e != NULL ? e->end_ms : 0;
	c->version = now;
}

/* Where the difference stands that was the cause. */
static struct str name_place(struct exchange *x)
{
	const struct foresight *f = x->prefix;
	struct buf b;

	if (f->loss.cause < LOSS_TOOLS_ORDER || f->loss.cause > LOSS_HISTORY_EDITED ||
		f->loss.common >= f->view.outline->n)
		return STR("");
	buf_init(&b, SIZE_MAX);
	outline_place(&b, &f->view.outline->blocks[f->loss.common]);
	struct str at = arena_dup(x->arena, buf_str(&b));
	buf_release(&b);
	return at;
}

void prefix_learn(struct exchange *x, const struct outcome *o)
{
	struct prefixes *p = x->svc->prefixes;
	struct foresight *f = x->prefix;
	const struct usage *u = &o->usage;
	int64_t now = clock_wall_ms(), predicted;

	if (f == NULL || f->learned || u->in < 0 || o->status >= 400)
		return;
	f->learned = true;
	predicted = f->forecast.read;
	struct conversation *c = conversations_get(p->conversations, x->conversation);
	bool first = c->last == NULL;
	model_state(p, f->who, f->view.rules.density)->used_ms = now;
	if (!f->automatic)
		learn_minimum(p, f, u);
	correct(f, u);
	teach(p, f, u, predicted);
	if (!f->automatic)
		find_loss(x, c->last, u);
	forecast_commit(&f->forecast, &f->view, p->cache, now);
	if (f->rerouted)
		imagine_asked(p, f, u, now);
	remember(p, c, f, now);
	save_soon(p, c);
	if (!first && !f->automatic)
		f->hit_rate = hits_add(&c->hits, known(u->cache_read),
			known(u->in) + known(u->cache_read) + known(u->cache_write), &f->alarm);
	f->at = name_place(x);
	f->view = f->asked_view = f->asked_real = (struct prompt_view){ .outline = NULL };
	exchange_free_scratch(x);
}

/* ---- money ---- */

/* Adds what so many tokens cost over reading them; what does not fit, or is not known, is left out. */
static void add_over(int64_t *pico, int64_t tokens, int64_t rate, int64_t read)
{
	int64_t more;

	if (rate >= 0 && read >= 0 && !__builtin_mul_overflow(tokens, rate - read, &more) &&
		__builtin_add_overflow(*pico, more, &more) == 0)
		*pico = more;
}

void prefix_price_loss(struct exchange *x, const struct outcome *o, const struct rates *r)
{
	struct loss *l = &x->prefix->loss;
	const struct usage *u = &o->usage;
	int64_t hour = known(u->cache_write_1h), five = known(u->cache_write) - hour,
		left = l->tokens, pico = 0;
	int64_t by_hour = left < hour ? left : hour, by_five;

	left -= by_hour;
	by_five = left < five ? left : five;
	left -= by_five;
	add_over(&pico, by_hour, r->cache_write_1h, r->cache_read);
	add_over(&pico, by_five, r->cache_write_5m, r->cache_read);
	add_over(&pico, left, r->in, r->cache_read);
	l->nano = pico / 1000 + (pico % 1000 >= 500);
}

bool prefix_counterfactual(const struct exchange *x, const struct outcome *o, struct usage *ret)
{
	const struct foresight *f = x->prefix;

	if (f == NULL || !f->rerouted || !f->learned)
		return false;
	*ret = (struct usage){ .in = f->asked.in,
		.cache_read = f->asked.read,
		.cache_write = f->asked.write_5m + f->asked.write_1h,
		.cache_write_1h = f->asked.write_1h,
		.out = o->usage.out,
		.reasoning = o->usage.reasoning };
	return true;
}
