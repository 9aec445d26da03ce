/* SPDX-License-Identifier: MIT */
/* One walk over the scraps that are kept, from the oldest to the latest. */
#include "llm/trail.h"

#include "llm/wording.h"
#include "wire/hash.h"

enum {
	INPUT_NEAR = 2048,
	PLAN_NEAR = 256,
	PLAN_FAR = 4096,
	LATEST = 6,
	RECENT = 24,
	STEP_SEED = 3
};

struct step {
	uint64_t hash; /* of all its calls, whatever their order */
	unsigned calls, edits, notes, waits;
	unsigned errors, misses;
	bool ended; /* results have come */
};

struct walk {
	struct trail *t;
	const struct sketch *s;
	struct step step;
	uint64_t before[2]; /* hashes of the steps before, the last first */
	bool interrupted;   /* the user has stopped the model in this message */
	bool steered;       /* and has gone on to say something, */
	bool told;          /* or has said what to do in a result of it */
};

/* ---- steps ---- */

/* Takes what the step has come to into the trail. */
static void end_step(struct walk *w)
{
	struct trail *t = w->t;
	const struct step *s = &w->step;

	if (s->calls + s->notes == 0)
		return;
	if (s->ended) {
		t->errors = s->errors > 0 ? t->errors + s->errors : 0;
		t->misses = s->errors > 0 ? t->misses + s->misses : 0;
	}
	bool again = s->hash == w->before[0] || s->hash == w->before[1];
	t->repeats = again && s->waits == 0 ? t->repeats + 1 : 0;
	t->calls = s->calls;
	t->edits = s->edits;
	w->before[1] = w->before[0];
	w->before[0] = s->hash;
}

/* The ends are enough: nobody writes kilobytes by hand that differ in the middle only. */
static uint64_t hash_call(const struct scrap *p)
{
	struct str head = p->value, tail = p->value;

	if (head.n > 2 * INPUT_NEAR) {
		head.n = INPUT_NEAR;
		tail = str_from_offset(tail, tail.n - INPUT_NEAR);
	} else {
		tail.n = 0;
	}
	return hash_fast(head, hash_fast(tail, hash_fast(p->name, STEP_SEED + p->value.n)));
}

static void take_call(struct walk *w, const struct scrap *p)
{
	enum tool_class class = wording_tool(p->name);
	bool edits = wording_call_edits(p->name, p->value);

	if (w->step.ended) {
		end_step(w);
		w->step = (struct step){ .hash = 0 };
	}
	w->step.hash += hash_call(p);
	w->step.notes += class == TOOL_NOTES;
	w->step.calls += class != TOOL_NOTES;
	w->step.edits += edits;
	w->step.waits += class == TOOL_WAITS;
	w->t->edited |= edits;
}

static void note_plan(struct walk *w, enum outcome o)
{
	if (o == OUTCOME_PLAN_BEGINS || o == OUTCOME_PLAN_ENDS)
		w->t->plan_mode = o == OUTCOME_PLAN_BEGINS;
}

static void take_result(struct walk *w, const struct scrap *p)
{
	enum outcome o = wording_outcome(p->value, p->failed);
	bool failed = o == OUTCOME_MISSED || o == OUTCOME_FAILED;

	w->step.ended = true;
	w->step.errors += failed && !p->well;
	w->step.misses += o == OUTCOME_MISSED && !p->well;
	w->told |= o == OUTCOME_TOLD;
	note_plan(w, o);
}

/* ---- texts ---- */

/* What went before has led to something that the user has seen. */
static void begin_again(struct walk *w)
{
	struct trail *t = w->t;

	w->step = (struct step){ .hash = 0 };
	w->before[0] = w->before[1] = 0;
	t->errors = t->misses = t->repeats = t->calls = t->edits = 0;
}

static void take_text(struct walk *w, const struct scrap *p, bool late)
{
	bool system = p->role == SCRAP_SYSTEM;

	if (p->role == SCRAP_ASSISTANT)
		return;
	enum plan_word word = wording_of_plan(p->value, system, late ? PLAN_FAR : PLAN_NEAR);
	if (word != PLAN_NOTHING)
		w->t->plan_mode = word == PLAN_BEGINS;
	if (system)
		return;
	if (wording_is_interruption(p->value)) {
		w->interrupted = true;
	} else if ((p->own || w->interrupted) && wording_is_own(p->value)) {
		begin_again(w);
		w->steered = w->interrupted;
		w->t->prompt = p->value;
	}
}

static void take_scrap(struct walk *w, size_t i)
{
	const struct scraps *scraps = w->s->scraps;
	const struct scrap *p = scraps_at(scraps, i), *before = scraps_at(scraps, i - 1);

	if ((before == NULL || before->message != p->message) && p->role != SCRAP_SYSTEM)
		w->interrupted = w->steered = w->told = false;
	if (p->kind == SCRAP_CALL && i + RECENT < scraps->n)
		w->t->edited |= wording_call_edits(p->name, p->value);
	else if (p->kind == SCRAP_CALL)
		take_call(w, p);
	else if (p->kind == SCRAP_RESULT && i + RECENT < scraps->n)
		note_plan(w, wording_of_user(p->value));
	else if (p->kind == SCRAP_RESULT)
		take_result(w, p);
	else if (p->kind == SCRAP_TEXT)
		take_text(w, p, i + LATEST >= scraps->n);
}

/* ---- the whole ---- */

/* Whether the user speaks now, after the model has done something. */
static bool is_corrected(const struct walk *w, bool speaks)
{
	if (w->told)
		return true;
	if (!speaks || w->s->assistants == 0)
		return false;
	return wording_corrects(w->t->prompt) || (w->steered && !wording_goes_on(w->t->prompt));
}

void trail_read(struct trail *ret, const struct sketch *s)
{
	struct walk w = { .t = ret, .s = s };
	size_t n = s->scraps != NULL ? s->scraps->n : 0, i = 0;

	*ret = (struct trail){ .plan_mode = s->plan_mode || (s->ends_plan && !s->begins_plan),
		.prompt = STR("\"\"") };
	while (i < n && scraps_at(s->scraps, i) == NULL)
		i = s->scraps->high - SCRAPS_KEPT;
	for (; i < n; i++)
		take_scrap(&w, i);
	end_step(&w);
	ret->open_loop = s->last == MESSAGE_RESULTS;
	bool speaks = s->last == MESSAGE_USER || w.steered;
	if (s->asked.p != NULL && ret->prompt.n <= 2)
		ret->prompt = s->asked;
	ret->correction = is_corrected(&w, speaks);
	ret->open_loop &= !w.steered;
	ret->prompt = wording_own(ret->prompt);
}
