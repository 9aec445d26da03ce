/* SPDX-License-Identifier: MIT */
/* Before a request is sent: the conversation's name, and for each model that may have it a view of the request with the tokens of each of its
 * prefixes, measured where they were measured before. */
#include "core/prefix_private.h"

#include "base/clock.h"
#include "core/candidate.h"
#include "core/ledger.h"
#include "core/prefix_store.h"
#include "core/recall.h"
#include "core/sessions.h"
#include "llm/turn.h"
#include "wire/hash.h"

#include <stdlib.h>
#include <string.h>

enum {
	SHADOW = 1,
	PROJECT_MAX = 200,
	SEARCH_MAX = 16384,
	SAVE_MS = 300,
	FRESH_MS =
		1000, /* what we know of a conversation is not asked for again within this time */
	AUTOMATIC_MS =
		3600 *
		1000, /* caches that are kept as their provider sees fit: so long they are believed in */
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

void prefix_save_soon(struct prefixes *p, struct conversation *c)
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
struct model_state *prefix_model(struct prefixes *p, uint64_t who, double density)
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

static struct str agent_of(const struct exchange *x)
{
	struct str agent = http_get(x->head, STR("x-claude-code-agent-id")),
		   thread = http_get(x->head, STR("thread-id"));

	/* Codex: a subagent's thread is another one than the session's. */
	return agent.n > 0 || str_eq(thread, exchange_session(x)) ? agent : thread;
}

/* Background turns have a prefix of their own, so they are conversations of their own; as are subagents, though not all clients say which
 * of them one is. */
static bool is_beside(const struct exchange *x, enum turn_kind kind)
{
	return turn_is_aside(kind) || (kind == TURN_SUBAGENT && agent_of(x).n == 0);
}

static struct str name_conversation(const struct exchange *x, enum turn_kind kind)
{
	struct str session = exchange_session(x), agent = agent_of(x);
	const char *aside = is_beside(x, kind) ? turn_kind_name(kind) : "";

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
	struct str session = exchange_session(x), agent = agent_of(x),
		   parent = http_get(x->head, STR("x-claude-code-parent-agent-id"));

	if (parent.n == 0)
		parent = http_get(x->head, STR("x-codex-parent-thread-id"));
	if (parent.n > 0 && !str_eq(parent, session))
		return arena_printf(x->arena, "%.*s/%.*s", STR_ARG(session), STR_ARG(parent));
	return agent.n > 0 || is_beside(x, kind) ? session : STR("");
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

static struct str model_sent(const struct exchange *x, const struct candidate *c)
{
	return c->model.n > 0 ? c->model : x->chat.model;
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

/* What becomes of thinking is as in the request that will be sent. */
static void make_view(
	struct exchange *x, struct prompt_view *v, const struct thinking_rules *t, uint64_t seed)
{
	const struct outline *o = &x->chat.outline;
	uint64_t *chain = arena_alloc(x->scratch, (o->n + 1) * sizeof(*chain));
	struct chain_rules rules = { .seed = seed };

	v->outline = o;
	v->rules = cache_rules_of(t->model);
	rules.strips_thinking = v->rules.strips_thinking;
	thinking_chain_rules(&rules, t);
	outline_chain(o, &rules, chain);
	v->chain = chain;
	v->tokens = arena_alloc(x->scratch, (o->n + 1) * sizeof(*v->tokens));
}

static struct forecast predict(
	struct prefixes *p, const struct conversation *c, struct prompt_view *v, uint64_t who)
{
	struct model_state *m = prefix_model(p, who, v->rules.density);
	struct forecast f;

	if (m->min_tokens > v->rules.min_tokens)
		v->rules.min_tokens = m->min_tokens;
	fill_tokens(&m->estimator, conversation_lane(c, who), v);
	forecast_make(&f, v, p->cache, clock_wall_ms());
	return f;
}

/* The model that the client named keeps a cache only in thought; what it really read and wrote earlier counts as well. */
static void view_asked(struct exchange *x, uint64_t asked_who)
{
	const struct config_provider *home = config_provider(x->config, str_from(x->dialect->home));
	struct foresight *f = x->prefix;

	f->rerouted = true;
	f->asked_who = asked_who;
	uint64_t seed = seed_of(x, home, asked_who);
	const struct thinking_rules t = { .model = canonical_model(x->svc, x->chat.model) };
	make_view(x, &f->asked_view, &t, hash_fast_chain(seed, SHADOW));
	make_view(x, &f->asked_real, &t, seed);
}

/* Without breakpoints: what was sent there before can be read, if it was not long ago. */
static struct forecast predict_automatic(
	struct prefixes *p, const struct conversation *c, struct prompt_view *v, uint64_t who)
{
	const struct lane *lane = conversation_lane(c, who);
	struct forecast f = { 0 };
	int64_t total;
	size_t common = 0;

	fill_tokens(&prefix_model(p, who, v->rules.density)->estimator, lane, v);
	if (lane != NULL && clock_wall_ms() - lane->at_ms < AUTOMATIC_MS)
		common = loss_common(&lane->sent, v);
	total = (int64_t)(v->tokens[v->outline->n - 1] + 0.5);
	f.read = common > 0 ? (int64_t)(v->tokens[common - 1] + 0.5) : 0;
	f.write_5m = total - f.read;
	return f;
}

static struct foresight *look(struct exchange *x, const struct candidate *to, uint64_t who)
{
	struct prefixes *p = x->svc->prefixes;
	const struct conversation *c = conversations_get(p->conversations, x->conversation);
	struct foresight *f = arena_alloc(x->arena, sizeof(*f));
	struct thinking_rules t;

	f->next = x->foresights;
	x->foresights = f;
	f->hit_rate = -1;
	f->compacted = x->turn->compacted;
	f->provider = hash_fast(to->provider->name, 0);
	f->who = who;
	f->seed = seed_of(x, to->provider, who);
	f->automatic = exchange_is_translated(x, to);
	candidate_thinking(&t, x, to);
	make_view(x, &f->view, &t, f->seed);
	f->forecast = f->automatic ? predict_automatic(p, c, &f->view, who)
				   : predict(p, c, &f->view, who);
	return f;
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

bool prefix_identify(struct exchange *x)
{
	struct prefixes *p = x->svc->prefixes;
	enum turn_kind kind;

	if (x->endpoint == ENDPOINT_COUNT)
		x->kind = "count";
	if (x->endpoint != ENDPOINT_MESSAGES)
		return false;
	x->turn = arena_alloc(x->scratch, sizeof(*x->turn));
	turn_read(x->head, &x->chat, x->turn);
	kind = x->turn->kind;
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

static uint64_t who_of(const struct exchange *x, const struct candidate *c)
{
	return who_is_asked(x, hash_fast(c->provider->name, 0), model_sent(x, c));
}

/* Whom the client means. */
static uint64_t who_is_meant(const struct exchange *x)
{
	if (x->meant != NULL)
		return who_of(x, x->meant);
	return who_is_asked(x, hash_fast(str_from(x->dialect->home), 0), x->chat.model);
}

static struct model_state *model_meant(const struct exchange *x)
{
	struct str model = canonical_model(x->svc, x->chat.model);

	return prefix_model(x->svc->prefixes, who_is_meant(x), cache_rules_of(model).density);
}

static void recalled(void *ctx, struct str conversation, struct str model)
{
	struct exchange *x = ctx;
	struct prefixes *p = x->svc->prefixes;
	struct conversation *c = conversations_get(p->conversations, x->conversation);
	struct model_state *m = model_meant(x), stored;

	if (model.n == sizeof(stored)) {
		memcpy(&stored, model.p, sizeof(stored));
		if (stored.who == m->who && stored.used_ms > m->used_ms)
			*m = stored;
	}
	if (conversation.n > 0 && !prefix_store_read(p->conversations, c, conversation, p->cache))
		c->version = 0; /* of another build: it will be written anew */
	x->recall = NULL;
	name_project(p, x, c);
}

void prefix_recall(struct exchange *x, void (*done)(struct exchange *x))
{
	const struct recall_keys keys = { .ledger = ledger_path(x->svc->ledger),
		.conversation = hash_fast(x->conversation, 0),
		.model = who_is_meant(x) };

	x->recall = recaller_ask(x->svc->prefixes->recaller, &keys, recalled, done, x);
}

void prefix_forget(struct exchange *x)
{
	recall_forget(x->recall);
	x->recall = NULL;
}

const struct foresight *prefix_look(struct exchange *x, const struct candidate *c)
{
	struct foresight *f = x->foresights;
	uint64_t who = who_of(x, c);

	if (!is_foreseen(x) || x->scratch == NULL || !x->chat.outline.whole ||
		x->chat.outline.n == 0)
		return NULL;
	while (f != NULL && f->who != who)
		f = f->next;
	return f != NULL ? f : look(x, c, who);
}

void prefix_foresee(struct exchange *x)
{
	const struct candidate *to = &x->plan.c[x->plan.at];
	uint64_t meant = who_is_meant(x);

	x->prefix = (struct foresight *)(uintptr_t)prefix_look(x, to);
	if (x->prefix != NULL && x->prefix->who != meant && !x->prefix->rerouted)
		view_asked(x, meant);
}

void prefix_foresee_again(struct exchange *x)
{
	x->foresights = NULL;
	prefix_foresee(x);
}

/* ---- the course ---- */

struct course *prefix_course(struct exchange *x)
{
	struct prefixes *p = x->svc->prefixes;

	return is_foreseen(x) ? &conversations_get(p->conversations, x->conversation)->course
			      : NULL;
}

unsigned prefix_remaining(struct exchange *x, bool subagent, unsigned prior)
{
	const struct course *c = prefix_course(x);
	struct model_state *m;

	if (c == NULL)
		return prior;
	m = model_meant(x);
	m->unsaved = true;
	survival_note(&m->lengths[subagent], c->turns + 1);
	return survival_remaining(&m->lengths[subagent], c->turns + 1, prior);
}

bool prefix_is_of(const struct exchange *x, const struct candidate *c)
{
	return x->prefix != NULL && x->prefix->who == who_of(x, c);
}
