/* SPDX-License-Identifier: MIT */
/* Turns to requests. */
#include "lab/replay_session.h"

#include "lab/replay_read.h"
#include "wire/hash.h"
#include "wire/json_text.h"

#include <stdlib.h>
#include <string.h>

/* ---- a valid conversation ---- */

/* Results by the calls that they are for. */
struct results {
	const struct replay_block **slots;
	size_t nslots;
};

struct alternating {
	struct arena *arena;
	struct replay_segment *to;
	struct results results;
	size_t *numbers; /* of replies so far */
};

static const struct replay_block **find_result(const struct results *r, struct str id)
{
	size_t i = hash_fast(id, 0) & (r->nslots - 1);

	while (r->slots[i] != NULL && !str_eq(r->slots[i]->id, id))
		i = (i + 1) & (r->nslots - 1);
	return &r->slots[i];
}

static void index_results(struct results *r, const struct replay_segment *from, struct arena *a)
{
	size_t n = 0;

	for (size_t i = 0; i < from->n; i++)
		n += from->v[i].n;
	for (r->nslots = 4; r->nslots < 2 * n + 2; r->nslots *= 2)
		;
	r->slots = arena_alloc(a, r->nslots * sizeof(const struct replay_block *));
	for (size_t i = 0; i < from->n; i++)
		for (size_t j = 0; j < from->v[i].n; j++) {
			const struct replay_block *b = &from->v[i].b[j], **slot;
			if (b->kind != REPLAY_RESULT)
				continue;
			slot = find_result(r, b->id);
			if (*slot == NULL)
				*slot = b;
		}
}

static struct replay_turn *add(struct alternating *w, const struct replay_turn *t)
{
	struct replay_segment *to = w->to;

	to->v = replay_grow(w->arena, to->v, to->n, sizeof(*to->v));
	to->v[to->n] = *t;
	return &to->v[to->n++];
}

/* Blocks are shared until one is added. */
static void add_block(struct alternating *w, struct replay_turn *t, const struct replay_block *b)
{
	t->b = replay_grow(w->arena, t->b, t->n, sizeof(*t->b));
	t->b[t->n++] = *b;
}

static void add_clean(struct alternating *w, struct replay_turn *t, struct str json)
{
	struct replay_block b;

	if (replay_clean(&b, json, w->arena))
		add_block(w, t, &b);
}

static void add_no_result(struct alternating *w, struct replay_turn *t, struct str id)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR("{\"type\":\"tool_result\",\"tool_use_id\":"));
	json_add_quoted(&b, id);
	buf_add(&b, STR(",\"content\":\"[no result was recorded]\"}"));
	add_clean(w, t, buf_str(&b));
	buf_release(&b);
}

/* Results stand right behind their calls. */
static void add_reply(struct alternating *w, const struct replay_turn *t)
{
	struct replay_segment *to = w->to;
	struct replay_turn user = { .at_ms = t->at_ms }, *reply;

	if (to->n == 0 || to->v[to->n - 1].reply) {
		struct replay_turn more = user;
		add_clean(w, &more, STR("\"Continue.\""));
		add(w, &more);
	}
	reply = add(w, t);
	reply->number = (*w->numbers)++;
	for (size_t i = 0; i < t->n; i++) {
		const struct replay_block *b = &t->b[i], *result;
		if (b->kind != REPLAY_CALL)
			continue;
		result = *find_result(&w->results, b->id);
		if (result != NULL)
			add_block(w, &user, result);
		else
			add_no_result(w, &user, b->id);
	}
	if (user.n > 0)
		add(w, &user);
}

static void add_user(struct alternating *w, const struct replay_turn *t)
{
	struct replay_segment *to = w->to;
	struct replay_turn user = { .at_ms = t->at_ms }, *at = &user;

	if (to->n > 0 && !to->v[to->n - 1].reply)
		at = &to->v[to->n - 1];
	for (size_t i = 0; i < t->n; i++)
		if (t->b[i].kind != REPLAY_RESULT)
			add_block(w, at, &t->b[i]);
	if (at == &user && user.n > 0)
		add(w, &user);
}

/* The same turns as a conversation that the API takes. */
static struct replay_segment alternate(
	const struct replay_segment *from, struct arena *a, size_t *numbers)
{
	struct replay_segment ret = { NULL, 0 };
	struct alternating w = { .arena = a, .to = &ret, .numbers = numbers };

	index_results(&w.results, from, a);
	for (size_t i = 0; i < from->n; i++) {
		const struct replay_turn *t = &from->v[i];
		if (!t->reply)
			add_user(&w, t);
		else if (t->n > 0)
			add_reply(&w, t);
	}
	return ret;
}

/* ---- requests ---- */

struct loading {
	struct replay_session *to;
	struct replay_notes *notes;
	struct err *e;
	struct replay_file main; /* alternating */
};

static void add_request(struct replay_session *s, const struct replay_request *r)
{
	s->requests = replay_grow(s->arena, s->requests, s->nrequests, sizeof(*s->requests));
	s->requests[s->nrequests++] = *r;
}

static bool load_file(struct loading *l, const char *path, struct replay_file *ret)
{
	struct replay_session *s = l->to;

	if (!replay_read(ret, path, s->arena, l->notes, l->e))
		return false;
	for (size_t i = 0; i < ret->n; i++)
		ret->segments[i] = alternate(&ret->segments[i], s->arena, &s->nreplies);
	return true;
}

static struct replay_request request_at(
	const struct replay_file *f, size_t segment, size_t before, size_t conversation)
{
	const struct replay_segment *turns = &f->segments[segment];

	return (struct replay_request){ .kind = conversation > 0 ? REPLAY_SUBAGENT : REPLAY_MAIN,
		.conversation = conversation,
		.segment = segment,
		.turns = turns,
		.before = before,
		.reply = &turns->v[before],
		.sent_ms = turns->v[before].sent_ms };
}

static void add_requests(struct replay_session *s, const struct replay_file *f, size_t conversation)
{
	for (size_t i = 0; i < f->n; i++)
		for (size_t j = 0; j < f->segments[i].n; j++) {
			if (!f->segments[i].v[j].reply)
				continue;
			const struct replay_request r = request_at(f, i, j, conversation);
			add_request(s, &r);
		}
}

/* The segment of the main loop that a compaction at that time was asked of; SIZE_MAX: none. */
static size_t compacted_segment(const struct replay_file *main, int64_t at_ms)
{
	size_t ret = SIZE_MAX;

	for (size_t i = 0; i < main->n; i++) {
		const struct replay_segment *s = &main->segments[i];
		if (s->n > 0 && s->v[s->n - 1].at_ms < at_ms)
			ret = i;
	}
	return ret;
}

/* A turn like *t with one more block. */
static struct replay_turn with_block(
	struct arena *a, const struct replay_turn *t, const struct replay_block *more)
{
	struct replay_turn ret = *t;

	ret.b = arena_alloc(a, (t->n + 1) * sizeof(*ret.b));
	if (t->n > 0)
		memcpy(ret.b, t->b, t->n * sizeof(*ret.b));
	ret.b[ret.n++] = *more;
	return ret;
}

static struct replay_segment *with_ask(
	struct arena *a, const struct replay_segment *from, const struct replay_block *ask)
{
	struct replay_segment *ret = arena_alloc(a, sizeof(*ret));
	const struct replay_turn none = { .at_ms = from->v[from->n - 1].at_ms };

	ret->v = arena_alloc(a, (from->n + 1) * sizeof(*ret->v));
	memcpy(ret->v, from->v, from->n * sizeof(*ret->v));
	ret->n = from->n;
	if (ret->v[ret->n - 1].reply)
		ret->v[ret->n++] = none;
	ret->v[ret->n - 1] = with_block(a, &ret->v[ret->n - 1], ask);
	return ret;
}

/* The last reply of a file, with what was sent for it; false: there is none. */
static bool last_request(const struct replay_file *f, struct replay_request *ret)
{
	for (size_t i = f->n; i > 0; i--)
		for (size_t j = f->segments[i - 1].n; j > 0; j--)
			if (f->segments[i - 1].v[j - 1].reply) {
				*ret = request_at(f, i - 1, j - 1, 0);
				return true;
			}
	return false;
}

/* A compaction is recorded with its prompt only: it was asked of the whole segment before it. */
static void add_compaction(struct loading *l, const struct replay_file *f)
{
	struct replay_session *s = l->to;
	const struct replay_turn *prompt;
	struct replay_request r;
	size_t segment;

	if (!last_request(f, &r))
		return;
	segment = compacted_segment(&l->main, r.reply->at_ms);
	prompt = &r.turns->v[r.before - 1];
	if (segment == SIZE_MAX || prompt->n == 0)
		return;
	r.kind = REPLAY_COMPACTION;
	r.segment = segment;
	r.turns = with_ask(s->arena, &l->main.segments[segment], &prompt->b[prompt->n - 1]);
	r.before = r.turns->n;
	add_request(s, &r);
}

/* "agent-NAME.jsonl" is that of NAME. */
static struct str agent_of(struct replay_session *s, const char *path)
{
	const char *base = strrchr(path, '/');
	struct str name = str_from(base != NULL ? base + 1 : path);

	if (str_ends(name, STR(".jsonl")))
		name.n -= 6;
	if (str_starts(name, STR("agent-")))
		name = str_from_offset(name, 6);
	return arena_dup(s->arena, name);
}

static bool load_agent(struct loading *l, const char *path)
{
	struct replay_session *s = l->to;
	struct str agent = agent_of(s, path);
	struct replay_file f;

	if (!load_file(l, path, &f))
		return false;
	if (str_starts(agent, STR("acompact"))) {
		add_compaction(l, &f);
		return true;
	}
	s->conversations = replay_grow(
		s->arena, s->conversations, s->nconversations, sizeof(*s->conversations));
	s->conversations[s->nconversations] = (struct replay_conversation){ .agent = agent };
	add_requests(s, &f, s->nconversations++);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct replay_request *x = a, *y = b;

	if (x->sent_ms != y->sent_ms)
		return x->sent_ms < y->sent_ms ? -1 : 1;
	/* As they were added: replies are numbered so, and compactions come behind the main loop. */
	return x->reply->number < y->reply->number ? -1 : x->reply->number > y->reply->number;
}

bool replay_session_load(struct replay_session *ret, struct str name, const struct replay_files *f,
	struct replay_notes *notes, struct err *e)
{
	struct loading l = { .to = ret, .notes = notes, .e = e };
	bool ok;

	*ret = (struct replay_session){ .arena = arena_new() };
	ret->name = arena_dup(ret->arena, name);
	ret->conversations = replay_grow(ret->arena, NULL, 0, sizeof(*ret->conversations));
	ret->conversations[ret->nconversations++] = (struct replay_conversation){ .nreplies = 0 };
	ok = *f->main == '\0' || load_file(&l, f->main, &l.main);
	if (ok)
		add_requests(ret, &l.main, 0);
	for (size_t i = 0; ok && i < f->nagents; i++)
		ok = load_agent(&l, f->agents[i]);
	if (ret->nrequests > 0)
		qsort(ret->requests, ret->nrequests, sizeof(*ret->requests), by_time);
	return ok;
}

void replay_session_release(struct replay_session *s)
{
	arena_free(s->arena);
	*s = (struct replay_session){ 0 };
}
