/* SPDX-License-Identifier: MIT */
/* Sessions are opened when the first of their requests is due and closed behind the last, so that no more of them are in memory than went on
 * at the same time. */
#include "lab/replay.h"

#include "base/clock.h"
#include "io/loop.h"
#include "lab/replay_world.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A session on disk, and while it is being replayed. */
struct place {
	struct str name;
	const char *main;
	const char **agents;
	size_t nagents;
	uint64_t bytes;
	int64_t first_ms, last_ms; /* -1: it has no requests */
	/* open: */
	struct replay_session session;
	struct replay_visit *visits; /* by way; NULL: it is not open */
	size_t next, number;
};

struct running {
	struct replay *r;
	struct arena *arena;
	struct place *places;
	size_t n;
	struct replay_world **worlds;
	int64_t now_ms;
	uint64_t bytes, done;
};

/* ---- files ---- */

static struct str base_of(struct str path)
{
	while (str_find_char(path, '/') < path.n)
		path = str_from_offset(path, str_find_char(path, '/') + 1);
	return path;
}

static struct str without(struct str path, struct str end)
{
	return str_ends(path, end) ? (struct str){ path.p, path.n - end.n } : path;
}

/* DIR/SESSION of DIR/SESSION.jsonl and of DIR/SESSION/subagents/NAME.jsonl. */
static struct str session_path(struct str path, bool *ret_agent)
{
	struct str folder = { path.p, path.n - base_of(path).n }, part = STR("/subagents/");
	size_t at = str_find(folder, part);

	*ret_agent = at + part.n == folder.n && at > 0;
	return *ret_agent ? (struct str){ path.p, at } : without(path, STR(".jsonl"));
}

static struct place *place_of(struct running *w, struct str path)
{
	for (size_t i = w->n; i > 0; i--)
		if (str_eq(w->places[i - 1].name, path))
			return &w->places[i - 1];
	w->places[w->n] = (struct place){ .name = path, .main = "", .first_ms = -1 };
	return &w->places[w->n++];
}

static void find_places(struct running *w, const struct transcripts *t)
{
	bool agent;

	w->places = must_alloc((t->n + 1) * sizeof(*w->places));
	for (size_t i = 0; i < t->n; i++) {
		struct str path = str_from(t->v[i].path);
		struct place *p = place_of(w, session_path(path, &agent));
		p->bytes += t->v[i].bytes;
		w->bytes += 2 * t->v[i].bytes; /* each is read twice */
		if (!agent) {
			p->main = path.p;
			continue;
		}
		p->agents = must_realloc(p->agents, (p->nagents + 1) * sizeof(*p->agents));
		p->agents[p->nagents++] = path.p;
	}
}

bool replay_add_agents(struct transcripts *t, struct err *e)
{
	size_t n = t->n;
	bool agent, ok = true;
	struct buf folder;

	buf_init(&folder, SIZE_MAX);
	for (size_t i = 0; ok && i < n; i++) {
		struct str session = session_path(str_from(t->v[i].path), &agent);
		if (agent)
			continue;
		buf_clear(&folder);
		buf_addf(&folder, "%.*s/subagents", STR_ARG(session));
		buf_add_char(&folder, '\0');
		ok = access(folder.p, F_OK) != 0 || transcripts_add(t, folder.p, e);
	}
	buf_release(&folder);
	return ok;
}

static void tell(struct running *w, const struct place *p)
{
	w->done += p->bytes;
	if (w->r->progress != NULL)
		w->r->progress(w->r->ctx, w->done, w->bytes);
}

static bool load(struct place *p, struct replay_notes *notes, struct err *e)
{
	const struct replay_files files = { p->main, p->agents, p->nagents };

	return replay_session_load(&p->session, base_of(p->name), &files, notes, e);
}

/* When each begins and ends. */
static bool survey(struct running *w, struct err *e)
{
	bool ok = true;

	for (size_t i = 0; ok && i < w->n; i++) {
		struct place *p = &w->places[i];
		ok = load(p, &w->r->notes, e);
		if (p->session.nrequests > 0) {
			p->first_ms = p->session.requests[0].sent_ms;
			p->last_ms = p->session.requests[p->session.nrequests - 1].sent_ms;
			w->r->requests += (int64_t)p->session.nrequests;
		}
		replay_session_release(&p->session);
		tell(w, p);
	}
	return ok;
}

static int by_first(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;

	if (x->first_ms != y->first_ms)
		return x->first_ms < y->first_ms ? -1 : 1;
	int order = memcmp(x->name.p, y->name.p, n);
	return order != 0 ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* ---- replaying ---- */

static bool open_place(struct running *w, struct place *p, struct err *e)
{
	struct replay *r = w->r;
	struct replay_notes ignored = { 0 };
	struct str name = base_of(p->name);

	if (!load(p, &ignored, e))
		return false;
	const struct replay_frame *frames = replay_frames(&p->session);
	p->visits = must_alloc(r->nways * sizeof(*p->visits));
	for (size_t i = 0; i < r->nways; i++)
		replay_visit_begin(&p->visits[i], frames);
	p->number = r->nsessions;
	r->names = must_realloc(r->names, (r->nsessions + 1) * sizeof(*r->names));
	r->names[r->nsessions] = must_alloc(name.n + 1);
	memcpy(r->names[r->nsessions++], name.p, name.n);
	for (size_t i = 0; i < r->nways; i++)
		r->ways[i].sessions = must_realloc(
			r->ways[i].sessions, r->nsessions * sizeof(*r->ways[i].sessions));
	return true;
}

static void close_place(struct running *w, struct place *p)
{
	for (size_t i = 0; p->visits != NULL && i < w->r->nways; i++) {
		w->r->ways[i].sessions[p->number] = p->visits[i].nano;
		replay_visit_end(&p->visits[i]);
	}
	free(p->visits);
	p->visits = NULL;
	replay_session_release(&p->session);
	tell(w, p);
}

/* The open one whose next request comes first; NULL: none is open. */
static struct place *next_place(struct running *w)
{
	struct place *ret = NULL;

	for (size_t i = 0; i < w->n; i++) {
		struct place *p = &w->places[i];
		if (p->visits == NULL)
			continue;
		if (ret == NULL || p->session.requests[p->next].sent_ms <
					   ret->session.requests[ret->next].sent_ms)
			ret = p;
	}
	return ret;
}

static void ask(struct running *w, struct place *p)
{
	struct replay *r = w->r;
	const struct replay_request *q = &p->session.requests[p->next++];

	w->now_ms = q->sent_ms;
	r->from_ms = r->from_ms < 0 ? w->now_ms : r->from_ms;
	r->to_ms = w->now_ms;
	for (size_t i = 0; i < r->nways; i++)
		replay_world_ask(w->worlds[i], &p->visits[i], q);
	if (p->next == p->session.nrequests)
		close_place(w, p);
}

static bool run_all(struct running *w, struct err *e)
{
	size_t i = 0;

	for (;;) {
		struct place *p = next_place(w);
		while (i < w->n && w->places[i].first_ms < 0)
			i++;
		bool due = i < w->n && (p == NULL || w->places[i].first_ms <
							     p->session.requests[p->next].sent_ms);
		if (due) {
			if (!open_place(w, &w->places[i++], e))
				return false;
		} else if (p != NULL) {
			ask(w, p);
		} else {
			return true;
		}
	}
}

static void release(struct running *w)
{
	for (size_t i = 0; i < w->n; i++) {
		if (w->places[i].visits != NULL)
			close_place(w, &w->places[i]);
		replay_session_release(&w->places[i].session);
		free(w->places[i].agents);
	}
	for (size_t i = 0; i < w->r->nways; i++)
		replay_world_free(w->worlds[i]);
	free(w->worlds);
	free(w->places);
}

bool replay_run(struct replay *r, const struct transcripts *t, struct err *e)
{
	struct running w = { .r = r };
	struct loop *loop = loop_new();
	const int64_t *clock = clock_fake_wall_ms;

	r->from_ms = r->to_ms = -1;
	w.worlds = must_alloc(r->nways * sizeof(struct replay_world *));
	for (size_t i = 0; i < r->nways; i++)
		w.worlds[i] = replay_world_new(&r->ways[i], loop);
	find_places(&w, t);
	bool ok = survey(&w, e);
	if (ok) {
		qsort(w.places, w.n, sizeof(*w.places), by_first);
		clock_fake_wall_ms = &w.now_ms;
		ok = run_all(&w, e);
		clock_fake_wall_ms = clock;
	}
	release(&w);
	loop_free(loop);
	return ok;
}

void replay_release(struct replay *r)
{
	for (size_t i = 0; i < r->nsessions; i++)
		free(r->names[i]);
	free(r->names);
	for (size_t i = 0; i < r->nways; i++)
		free(r->ways[i].sessions);
	r->names = NULL;
	r->nsessions = 0;
}
