/* SPDX-License-Identifier: MIT */
/* Records to requests. */
#include "lab/tape.h"

#include "wire/hash.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CALLS = 256, REPLAY_MS = 1000 };

/* ---- names ---- */

static struct str base_of(struct str path)
{
	for (size_t i = path.n; i > 0; i--)
		if (path.p[i - 1] == '/')
			return str_from_offset(path, i);
	return path;
}

/* The folder of a path, without its slash; empty without one. */
static struct str folder_of(struct str path)
{
	struct str base = base_of(path);

	return (struct str){ path.p, path.n > base.n ? path.n - base.n - 1 : 0 };
}

/* The folder that stands for the session of a subagent's file: the one with `subagents` in it. Empty: none. */
static struct str session_folder(const struct tape *t)
{
	struct str folder = folder_of(str_from(t->path));

	for (; folder.n > 0; folder = folder_of(folder))
		if (str_eq(base_of(folder), STR("subagents")))
			return folder_of(folder);
	return STR("");
}

static struct str stem(const struct tape *t)
{
	struct str name = base_of(str_from(t->path));

	if (str_ends(name, STR(".jsonl")))
		name.n -= 6;
	return name;
}

struct str tape_session(const struct tape *t)
{
	struct str folder = session_folder(t);

	if (t->session.p != NULL && (t->agent_file || t->automatic))
		return t->session;
	return t->agent_file && folder.n > 0 ? base_of(folder) : stem(t);
}

struct str tape_project(const struct tape *t)
{
	struct str folder = session_folder(t);

	if (t->project.p != NULL)
		return t->project;
	folder = base_of(folder_of(t->agent_file && folder.n > 0 ? folder : str_from(t->path)));
	return folder.n > 0 ? folder : STR("unknown");
}

/* A text of a line, kept: its escapes resolved. */
static struct str keep(const struct tape *t, struct str raw)
{
	struct str quoted = { raw.p - 1, raw.n + 2 };

	return arena_dup(t->arena, json_string(quoted, t->arena));
}

/* ---- conversations ---- */

/* Agents whose names say what they are for; others are the user's own. */
static enum call_kind kind_of_agent(struct str agent)
{
	static const struct {
		struct str prefix;
		enum call_kind kind;
	} table[] = {
		{ STR_INIT("acompact"), CALL_COMPACTION },
		{ STR_INIT("aprompt_suggestion"), CALL_BACKGROUND },
		{ STR_INIT("aside_question"), CALL_BACKGROUND },
		{ STR_INIT("asession_memory"), CALL_BACKGROUND },
		{ STR_INIT("aextract_memories"), CALL_BACKGROUND },
		{ STR_INIT("aaway_summary"), CALL_BACKGROUND },
		{ STR_INIT("aspeculation"), CALL_BACKGROUND },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (str_starts(agent, table[i].prefix))
			return table[i].kind;
	return CALL_SUBAGENT;
}

static size_t find_conversation(struct tape *t, uint64_t key, enum call_kind kind)
{
	for (size_t i = 0; i < t->nconversations; i++)
		if (t->conversations[i].key == key)
			return i;
	if (t->nconversations == TAPE_CONVERSATIONS_MAX)
		return t->nconversations - 1;
	/* Grows by doubling at each power of two. */
	if ((t->nconversations & (t->nconversations - 1)) == 0)
		t->conversations = must_realloc(
			t->conversations, (t->nconversations * 2 + 1) * sizeof(*t->conversations));
	t->conversations[t->nconversations] =
		(struct tape_conversation){ .key = key, .sent_ms = -1, .kind = kind };
	return t->nconversations++;
}

/* An agent's line without its name belongs where the line does that it follows. */
static size_t find_by_parent(struct tape *t, const struct record *r)
{
	uint64_t line = hash_fast(r->uuid, 1), parent = hash_fast(r->parent, 1);
	size_t ret = SIZE_MAX, n = t->nrecent < TAPE_RECENT ? t->nrecent : TAPE_RECENT;

	for (size_t i = 0; i < n && r->parent.n > 0 && ret == SIZE_MAX; i++)
		if (t->recent[i].line == parent)
			ret = t->recent[i].conversation;
	if (ret == SIZE_MAX)
		ret = find_conversation(t, line, CALL_SUBAGENT);
	t->recent[t->nrecent % TAPE_RECENT].line = line;
	t->recent[t->nrecent++ % TAPE_RECENT].conversation = ret;
	return ret;
}

static size_t conversation_of(struct tape *t, const struct record *r)
{
	struct str agent = r->agent;

	if (t->agent_file && agent.n == 0)
		agent = str_from_offset(stem(t), 6);
	if (agent.n > 0 && (r->sidechain || t->agent_file))
		return find_conversation(t, hash_fast(agent, 2), kind_of_agent(agent));
	if (r->sidechain)
		return find_by_parent(t, r);
	return find_conversation(t, 0, CALL_MAIN);
}

/* ---- calls ---- */

static size_t find_slot(const struct tape *t, uint64_t key)
{
	size_t i = key & (t->nslots - 1);

	while (t->slots[i] != 0 && t->calls[t->slots[i] - 1].key != key)
		i = (i + 1) & (t->nslots - 1);
	return i;
}

static void index_calls(struct tape *t)
{
	memset(t->slots, 0, t->nslots * sizeof(*t->slots));
	for (size_t i = 0; i < t->n; i++)
		t->slots[find_slot(t, t->calls[i].key)] = (uint32_t)(i + 1);
}

static void grow(struct tape *t)
{
	t->cap = t->cap > 0 ? t->cap * 2 : FIRST_CALLS;
	t->calls = must_realloc(t->calls, t->cap * sizeof(*t->calls));
	free(t->slots);
	t->nslots = t->cap * 2;
	t->slots = must_alloc(t->nslots * sizeof(*t->slots));
	index_calls(t);
}

/* The call of that key, new or known; NULL: there is no place. */
static struct call *find_call(struct tape *t, uint64_t key, bool *ret_new)
{
	if (t->n == t->cap && t->cap < TAPE_CALLS_MAX)
		grow(t);
	size_t i = find_slot(t, key);
	*ret_new = t->slots[i] == 0;
	if (!*ret_new)
		return &t->calls[t->slots[i] - 1];
	if (t->n == TAPE_CALLS_MAX)
		return NULL;
	t->slots[i] = (uint32_t)(t->n + 1);
	t->calls[t->n] = (struct call){ .key = key };
	return &t->calls[t->n++];
}

static void open_call(struct tape *t, struct call *c, const struct record *r, size_t conversation)
{
	struct tape_conversation *v = &t->conversations[conversation];

	c->at_ms = r->at_ms;
	c->sent_ms =
		v->sent_ms >= 0 && (r->at_ms < 0 || v->sent_ms < r->at_ms) ? v->sent_ms : r->at_ms;
	c->conversation = conversation;
	c->kind = v->kind;
	c->seam = v->seam;
	c->version = t->version;
	c->automatic = t->automatic;
	v->seam = false;
}

static uint64_t reply_key(const struct record *r)
{
	if (r->message_id.n > 0)
		return fingerprint(r->message_id, r->request_id, STR("message"));
	if (r->request_id.n > 0)
		return fingerprint(r->request_id, STR(""), STR("request"));
	return fingerprint(r->uuid, STR(""), STR("line"));
}

static bool add_reply(struct tape *t, const struct record *r)
{
	size_t conversation = conversation_of(t, r);
	bool new;
	struct call *c = find_call(t, reply_key(r), &new);

	if (c == NULL)
		return false;
	if (new) {
		open_call(t, c, r, conversation);
		c->model = tally_row(t->models, r->model.n > 0 ? r->model : STR("unknown"));
	}
	c->usage = r->usage;
	c->searches = r->searches;
	c->batch = r->batch;
	c->fast = r->fast;
	return true;
}

/* ---- Codex ---- */

static void begin_thread(struct tape *t, const struct record *r)
{
	struct tape_thread *th = &t->thread;

	/* Behind its own head a fork may hold that of its parent. */
	if (th->begun)
		return;
	*th = (struct tape_thread){
		.id = fingerprint(r->session, STR(""), STR("thread")),
		.start_ms = r->start_ms >= 0 ? r->start_ms : r->at_ms,
		.begun = true,
		.replays = r->forked_from.n > 0,
		.total = USAGE_UNKNOWN,
	};
	if (r->forked_from.n > 0)
		th->forked_from = fingerprint(r->forked_from, STR(""), STR("thread"));
	if (r->session.n > 0)
		t->session = keep(t, r->session);
	enum call_kind kind = r->compaction ? CALL_COMPACTION
			      : r->review   ? CALL_BACKGROUND
			      : r->subagent ? CALL_SUBAGENT
					    : CALL_MAIN;
	find_conversation(t, 0, kind);
}

static bool same_usage(const struct usage *a, const struct usage *b)
{
	return a->in == b->in && a->cache_read == b->cache_read &&
	       a->cache_write == b->cache_write && a->out == b->out && a->reasoning == b->reasoning;
}

/* What the sums have grown by; the sums themselves when they began anew. */
static struct usage grown(const struct usage *total, const struct usage *before)
{
	struct usage u = {
		.in = total->in - before->in,
		.cache_read = total->cache_read - before->cache_read,
		.cache_write = total->cache_write - before->cache_write,
		.out = total->out - before->out,
	};

	if (before->in < 0 || u.in < 0 || u.cache_read < 0 || u.cache_write < 0 || u.out < 0)
		u = *total;
	u.cache_write_1h = u.reasoning = 0;
	return u;
}

static uint64_t chain_on(uint64_t chain, const struct usage *u)
{
	const int64_t v[] = { u->in, u->cache_read, u->cache_write, u->out, u->reasoning };

	return hash_fast((struct str){ (const char *)v, sizeof(v) }, chain);
}

/* Whether a count was told before: in the parent's history, or in another copy of the same rollout. */
static bool told_before(struct tape *t, const struct record *r)
{
	struct tape_thread *th = &t->thread;
	bool copy = false;

	th->replays =
		th->replays && (seen_has(t->seen, hash_fast_chain(th->forked_from, th->chain)) ||
				       (r->at_ms >= 0 && r->at_ms <= th->start_ms + REPLAY_MS));
	copy = th->replays;
	return !seen_add(t->seen, hash_fast_chain(th->id, th->chain)) || copy;
}

static bool add_count(struct tape *t, const struct record *r)
{
	struct tape_thread *th = &t->thread;
	bool new, totals = r->total.in >= 0;
	struct usage u;

	/* The same sums again come with news of rate limits. */
	if (totals && same_usage(&r->total, &th->total))
		return true;
	u = r->last ? r->usage : grown(&r->total, &th->total);
	if (usage_input(&u) + u.out == 0)
		return true;
	uint64_t before = th->chain;
	th->chain = chain_on(chain_on(th->chain, &r->total), &u);
	size_t conversation = find_conversation(t, 0, CALL_MAIN);
	struct call *c = find_call(t, hash_fast_chain(th->chain, t->n), &new);
	if (c == NULL) {
		th->chain = before;
		return false;
	}
	if (totals)
		th->total = r->total;
	open_call(t, c, r, conversation);
	c->usage = u;
	c->copy = told_before(t, r);
	c->model = t->model != SIZE_MAX ? t->model : tally_row(t->models, STR("unknown"));
	return true;
}

/* ---- lines ---- */

/* What any line may tell of the whole. */
static void note(struct tape *t, const struct record *r)
{
	t->known = true;
	if (t->project.p == NULL && r->cwd.n > 0)
		t->project = keep(t, r->cwd);
	if (t->session.p == NULL && r->session.n > 0)
		t->session = keep(t, r->session);
	if (r->version.n > 0)
		t->version = hash_fast(r->version, 3);
}

static void sent(struct tape *t, const struct record *r)
{
	size_t conversation = conversation_of(t, r);
	struct tape_conversation *v = &t->conversations[conversation];

	v->seam |= r->type == RECORD_SEAM;
	if (r->type == RECORD_SENT && r->at_ms >= 0)
		v->sent_ms = r->at_ms;
}

bool tape_add(struct tape *t, const struct record *r)
{
	if (r->type == RECORD_FOREIGN)
		return true;
	t->automatic |=
		r->type == RECORD_META || r->type == RECORD_CONTEXT || r->type == RECORD_COUNT;
	if (r->type == RECORD_META)
		begin_thread(t, r);
	note(t, r);
	if (r->type == RECORD_CONTEXT && r->model.n > 0)
		t->model = tally_row(t->models, r->model);
	else if (r->type == RECORD_SENT || r->type == RECORD_SEAM)
		sent(t, r);
	else if (r->type == RECORD_REPLY)
		return add_reply(t, r);
	else if (r->type == RECORD_COUNT)
		return add_count(t, r);
	t->local += r->type == RECORD_LOCAL;
	return true;
}

void tape_drop(struct tape *t, size_t n)
{
	if (n == 0)
		return;
	t->n -= n;
	memmove(t->calls, t->calls + n, t->n * sizeof(*t->calls));
	index_calls(t);
}

void tape_begin(struct tape *t, const char *path)
{
	struct tape old = *t;

	memset(t, 0, sizeof(*t));
	t->path = path;
	t->arena = old.arena;
	t->models = old.models;
	t->seen = old.seen;
	t->calls = old.calls;
	t->cap = old.cap;
	t->slots = old.slots;
	t->nslots = old.nslots;
	if (t->nslots > 0)
		index_calls(t);
	free(old.conversations);
	t->thread = (struct tape_thread){ .total = USAGE_UNKNOWN };
	t->model = SIZE_MAX;
	t->agent_file = str_starts(base_of(str_from(path)), STR("agent-"));
}

void tape_release(struct tape *t)
{
	free(t->calls);
	free(t->slots);
	free(t->conversations);
	memset(t, 0, sizeof(*t));
}
