/* SPDX-License-Identifier: MIT */
/* From files to sums: each transcript's requests are put beside the ones before them, priced and added up. */
#include "lab/audit.h"

#include "lab/lines.h"
#include "lab/tape.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/when.h"

enum { SEAMS = 64, PROGRESS_BYTES = 8 << 20 };

/* Where a main conversation stood when its history was replaced: the request that asked for the summary lies in a
 * transcript of its own, and went on from there. */
struct seam {
	struct chain before;
	int64_t next_ms; /* the first request behind it */
};

/* What is kept from file to file, and within one. */
struct audit_reader {
	struct lines lines;
	struct tape tape;
	struct seen seen;
	struct chain *chains; /* by conversation */
	struct profile_bill *bills;
	size_t nchains;
	struct seam seams[SEAMS];
	size_t nseams;
	uint64_t seams_of;           /* fingerprint of the session */
	const struct price **prices; /* by row of the models */
	size_t nprices;
	struct audit_progress progress;
	uint64_t told; /* bytes, when progress was last told */
};

/* ---- prices ---- */

static const struct price *price_of(struct audit *a, size_t model)
{
	struct audit_reader *r = a->reader;

	for (; r->nprices <= model; r->nprices++) {
		/* Grows by doubling at each power of two. */
		if ((r->nprices & (r->nprices - 1)) == 0)
			r->prices = must_realloc(
				r->prices, (r->nprices * 2 + 1) * sizeof(struct price *));
		r->prices[r->nprices] =
			prices_find(a->options.prices, a->models.rows[r->nprices].name);
	}
	return r->prices[model];
}

/* False when the model is unknown. */
static bool rates_of(struct audit *a, const struct call *c, struct rates *ret)
{
	const struct price *p = price_of(a, c->model);

	if (p == NULL)
		return false;
	*ret = price_rates(p, usage_input(&c->usage), c->at_ms > 0 ? c->at_ms : 0, c->batch);
	return true;
}

/* ---- losses ---- */

/* Dearer first; of equal ones more tokens, then the earlier. */
static bool dearer(const struct audit_loss *x, const struct audit_loss *y)
{
	if (x->nusd != y->nusd)
		return x->nusd > y->nusd;
	return x->tokens != y->tokens ? x->tokens > y->tokens : x->at_ms < y->at_ms;
}

static void keep_loss(struct audit *a, const struct audit_loss *l)
{
	size_t at = a->nlosses;

	if (at == AUDIT_LOSSES && !dearer(l, &a->losses[at - 1]))
		return;
	if (at == AUDIT_LOSSES)
		at--;
	else
		a->nlosses++;
	for (; at > 0 && dearer(l, &a->losses[at - 1]); at--)
		a->losses[at] = a->losses[at - 1];
	a->losses[at] = *l;
}

static void add_cause(struct audit_cause *c, int64_t tokens, int64_t nusd)
{
	c->times++;
	c->unpriced += nusd < 0;
	tally_sum(&c->tokens, tokens);
	if (nusd > 0)
		tally_sum(&c->nusd, nusd);
}

static void add_loss(struct audit *a, const struct step *s, const struct audit_loss *l)
{
	const struct usage *u = &s->call->usage;
	int64_t paid = u->in + u->cache_write;

	if (s->first)
		add_cause(&a->first, paid, s->rates != NULL ? chain_price(s->rates, u, paid) : -1);
	if (s->lost_tokens == 0)
		return;
	add_cause(&a->causes[s->cause], s->lost_tokens, s->lost_nusd);
	keep_loss(a, l);
}

/* ---- sums ---- */

static void add_notes(struct audit *a, const struct call *c)
{
	a->notes.fast += c->fast;
	a->notes.batch += c->batch;
	a->notes.automatic += c->automatic;
	a->notes.searches += (uint64_t)c->searches;
	if (c->at_ms < 0)
		return;
	if (a->from_ms < 0 || c->at_ms < a->from_ms)
		a->from_ms = c->at_ms;
	if (c->at_ms > a->to_ms)
		a->to_ms = c->at_ms;
}

static void add_call(struct audit *a, const struct step *s)
{
	const struct call *c = s->call;
	struct tape *t = &a->reader->tape;
	struct amounts sum = { .requests = 1, .tokens = c->usage, .lost_tokens = s->lost_tokens };
	char day[16];

	if (s->rates == NULL || !cost_of(s->rates, &c->usage, &sum.cost)) {
		sum.cost = (struct cost){ 0 };
		sum.unpriced = 1;
	}
	sum.lost_nusd = s->lost_nusd > 0 ? s->lost_nusd : 0;
	size_t project = tally_row(&a->projects, tape_project(t));
	size_t session = tally_row(&a->sessions, tape_session(t));
	tally_add(&a->projects, project, &sum, c->at_ms);
	tally_add(&a->sessions, session, &sum, c->at_ms);
	tally_add(&a->models, c->model, &sum, c->at_ms);
	tally_add(&a->days, tally_row(&a->days, when_day(c->at_ms, day)), &sum, c->at_ms);
	tally_add(
		&a->kinds, tally_row(&a->kinds, str_from(call_kind_name(c->kind))), &sum, c->at_ms);
	amounts_add(&a->total, &sum);
	add_notes(a, c);
	add_loss(a, s,
		&(struct audit_loss){ c->at_ms, s->gap_ms, s->ttl_ms, s->lost_tokens, s->lost_nusd,
			s->cause, s->trace, c->kind, s->updated, project, session, c->model });
	if (sum.unpriced == 0)
		profile_add(&a->reader->bills[c->conversation], s, &sum.cost);
}

/* ---- requests ---- */

/* The chain that a request goes on from. */
static void find_chain(struct audit *a, const struct call *c, struct chain *ret)
{
	struct audit_reader *r = a->reader;

	*ret = r->chains[c->conversation];
	if (c->kind != CALL_COMPACTION || ret->begun ||
		r->seams_of != fingerprint(tape_session(&r->tape), STR(""), STR("")))
		return;
	for (size_t i = 0; i < r->nseams; i++) {
		const struct seam *s = &r->seams[i];
		if (s->before.sent_ms <= c->sent_ms && c->at_ms <= s->next_ms) {
			*ret = s->before;
			return;
		}
	}
}

static void remember_seam(struct audit *a, const struct call *c, const struct chain *before)
{
	struct audit_reader *r = a->reader;
	uint64_t session = fingerprint(tape_session(&r->tape), STR(""), STR(""));

	if (r->seams_of != session)
		r->nseams = 0;
	r->seams_of = session;
	if (r->nseams < SEAMS)
		r->seams[r->nseams++] = (struct seam){ *before, c->at_ms };
}

static void take_call(struct audit *a, struct call *c)
{
	struct audit_reader *r = a->reader;
	struct rates rates;
	struct chain chain;
	struct step step;
	bool priced = rates_of(a, c, &rates);

	if (!c->automatic)
		c->copy = !seen_add(&r->seen, c->key);
	find_chain(a, c, &chain);
	if (c->seam && c->kind == CALL_MAIN && chain.begun)
		remember_seam(a, c, &chain);
	chain_step(&chain, c, priced ? &rates : NULL, &step);
	r->chains[c->conversation] = chain;
	if (c->copy) {
		a->notes.copies++;
	} else if ((c->at_ms >= a->options.since_ms || a->options.since_ms <= 0) &&
		   c->at_ms < a->options.until_ms) {
		add_call(a, &step);
	}
}

/* Settles the first n requests of the transcript at hand. */
static void take_calls(struct audit *a, size_t n)
{
	struct audit_reader *r = a->reader;
	size_t want = r->tape.nconversations;

	if (want > r->nchains) {
		r->chains = must_realloc(r->chains, want * sizeof(*r->chains));
		r->bills = must_realloc(r->bills, want * sizeof(*r->bills));
		memset(r->chains + r->nchains, 0, (want - r->nchains) * sizeof(*r->chains));
		memset(r->bills + r->nchains, 0, (want - r->nchains) * sizeof(*r->bills));
		r->nchains = want;
	}
	for (size_t i = 0; i < n; i++)
		take_call(a, &r->tape.calls[i]);
	tape_drop(&r->tape, n);
}

/* ---- files ---- */

static void tell_progress(struct audit *a, bool always)
{
	struct audit_reader *r = a->reader;
	struct audit_progress p = r->progress;

	p.bytes_done += r->lines.bytes;
	if (a->options.progress == NULL || (!always && p.bytes_done - r->told < PROGRESS_BYTES))
		return;
	r->told = p.bytes_done;
	a->options.progress(a->options.ctx, &p);
}

static void take_line(struct audit *a, struct str line, bool whole, struct audit_trouble *trouble)
{
	struct tape *t = &a->reader->tape;
	struct record record;
	struct err e;

	if (str_trim(line).n == 0)
		return;
	a->notes.lines++;
	if (!record_read(&record, line, &e)) {
		trouble->damaged += whole;
		trouble->unfinished |= !whole;
		return;
	}
	if (!tape_add(t, &record)) {
		take_calls(a, t->n / 2);
		/* There is room now. */
		(void)!tape_add(t, &record);
	}
}

static void read_lines(struct audit *a, int fd, struct audit_trouble *trouble)
{
	struct lines *l = &a->reader->lines;
	enum line_status status;
	struct str line;

	lines_begin(l, fd, a->options.longest_line);
	while ((status = lines_next(l, &line)) != LINE_END && status != LINE_ERROR) {
		if (status == LINE_TOO_LONG)
			trouble->too_long++;
		else
			take_line(a, line, status == LINE_WHOLE, trouble);
		tell_progress(a, false);
	}
	if (status == LINE_ERROR)
		trouble->error = errno;
}

/* Adds what was wrong with a file to the notes, and its name while there is room. */
static void keep_trouble(struct audit *a, const struct audit_trouble *t)
{
	struct audit_notes *n = &a->notes;

	n->damaged += t->damaged;
	n->too_long += t->too_long;
	n->unfinished += t->unfinished;
	n->foreign += t->foreign;
	n->unreadable += t->error != 0;
	if ((t->damaged | t->too_long) == 0 && !t->unfinished && !t->foreign && t->error == 0)
		return;
	if (a->ntroubles == AUDIT_TROUBLES)
		return;
	a->troubles[a->ntroubles] = *t;
	a->troubles[a->ntroubles++].path = must_strdup(t->path);
}

static void end_file(struct audit *a)
{
	struct audit_reader *r = a->reader;

	take_calls(a, r->tape.n);
	for (size_t i = 0; i < r->tape.nconversations; i++) {
		a->notes.conversations += r->chains[i].begun;
		profile_settle(&r->bills[i], &a->bill);
		r->chains[i] = (struct chain){ 0 };
	}
	a->notes.local += r->tape.local;
}

static void read_file(struct audit *a, char *path)
{
	struct audit_reader *r = a->reader;
	struct audit_trouble trouble = { .path = path };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	uint64_t lines = a->notes.lines;

	a->notes.files++;
	tape_begin(&r->tape, path);
	if (fd < 0) {
		trouble.error = errno;
	} else {
		read_lines(a, fd, &trouble);
		close(fd);
		trouble.foreign = !r->tape.known && a->notes.lines > lines;
		a->notes.bytes += r->lines.bytes;
	}
	end_file(a);
	keep_trouble(a, &trouble);
}

void audit_init(struct audit *a, const struct audit_options *o)
{
	*a = (struct audit){ .options = *o, .names = arena_new(), .from_ms = -1, .to_ms = -1 };
	tally_init(&a->days, a->names);
	tally_init(&a->projects, a->names);
	tally_init(&a->models, a->names);
	tally_init(&a->kinds, a->names);
	tally_init(&a->sessions, a->names);
	a->reader = must_alloc(sizeof(*a->reader));
	a->reader->tape.arena = a->names;
	a->reader->tape.models = &a->models;
	a->reader->tape.seen = &a->reader->seen;
}

void audit_release(struct audit *a)
{
	struct audit_reader *r = a->reader;

	for (size_t i = 0; i < a->ntroubles; i++)
		free(a->troubles[i].path);
	lines_release(&r->lines);
	tape_release(&r->tape);
	seen_release(&r->seen);
	free(r->chains);
	free(r->bills);
	free(r->prices);
	free(r);
	tally_release(&a->days);
	tally_release(&a->projects);
	tally_release(&a->models);
	tally_release(&a->kinds);
	tally_release(&a->sessions);
	arena_free(a->names);
}

void audit_run(struct audit *a, const struct transcripts *t)
{
	struct audit_reader *r = a->reader;

	r->progress = (struct audit_progress){ .files = t->n, .bytes = t->bytes };
	for (size_t i = 0; i < t->n; i++) {
		read_file(a, t->v[i].path);
		r->lines.bytes = 0;
		r->progress.files_done = i + 1;
		r->progress.bytes_done += t->v[i].bytes;
		tell_progress(a, i + 1 == t->n);
	}
	a->notes.late = r->seen.ignored;
	a->notes.unreadable += t->unreadable;
}
