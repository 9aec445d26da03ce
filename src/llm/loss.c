/* SPDX-License-Identifier: MIT */
/* Finds the first difference, and names it. */
#include "llm/loss.h"

/* Blocks of the request before that are looked for; tools, or blocks of an edited part, that are compared one by one. */
enum { SEARCHED = 64, COMPARED = 1024 };

static const char *const names[LOSS_CAUSES] = {
	[LOSS_NONE] = "",
	[LOSS_FIRST] = "first",
	[LOSS_PROVIDER_SWITCHED] = "provider_switched",
	[LOSS_MODEL_SWITCHED] = "model_switched",
	[LOSS_TTL] = "ttl",
	[LOSS_TOOLS_ORDER] = "tools_order",
	[LOSS_TOOLS_ADDED] = "tools_added",
	[LOSS_TOOLS_REMOVED] = "tools_removed",
	[LOSS_TOOLS_CHANGED] = "tools_changed",
	[LOSS_SYSTEM_CHANGED] = "system_changed",
	[LOSS_TOOL_CHOICE] = "tool_choice",
	[LOSS_THINKING] = "thinking",
	[LOSS_IMAGE] = "image",
	[LOSS_COMPACTION] = "compaction",
	[LOSS_HISTORY_EDITED] = "history_edited",
	[LOSS_BELOW_MINIMUM] = "below_minimum",
	[LOSS_NO_BREAKPOINT] = "no_breakpoint",
	[LOSS_LOOKBACK] = "lookback",
	[LOSS_UNEXPLAINED] = "unexplained",
};

const char *loss_cause_name(enum loss_cause c)
{
	return names[c];
}

/* ---- the first difference ---- */

static bool level_parameters_same(const struct sent *s, const struct outline *o, unsigned level)
{
	if (level == LEVEL_SYSTEM)
		return s->parameters.system == o->parameters.system;
	if (level == LEVEL_MESSAGES)
		return s->parameters.tool_choice == o->parameters.tool_choice &&
		       s->parameters.thinking == o->parameters.thinking &&
		       s->parameters.images == o->parameters.images;
	return true;
}

static size_t level_end(const struct sent *s, size_t at, unsigned level)
{
	while (at < s->n && s->blocks[at].level == level)
		at++;
	return at;
}

static bool same(const struct sent_block *s, const struct prompt_view *v, size_t i)
{
	const struct outline_block *b = &v->outline->blocks[i];

	return s->hash == b->hash && s->read == (v->chain[i] != 0);
}

size_t loss_common(const struct sent *before, const struct prompt_view *v)
{
	const struct outline *o = v->outline;
	size_t i = 0;

	for (unsigned level = 0; level < LEVELS; level++) {
		size_t end = level_end(before, i, level);
		if (!level_parameters_same(before, o, level))
			return i;
		for (; i < end && i < o->level_at[level + 1]; i++)
			if (!same(&before->blocks[i], v, i))
				return i;
		if (i < end || i < o->level_at[level + 1])
			return i;
	}
	return i;
}

/* ---- its name ---- */

/* How many of the tools sent before are among those of now, wherever they stand. */
static size_t tools_kept(const struct sent *s, size_t n, const struct outline *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < o->level_at[LEVEL_SYSTEM]; k++)
			if (s->blocks[i].hash == o->blocks[k].hash) {
				kept++;
				break;
			}
	return kept;
}

static enum loss_cause tools_cause(const struct sent *s, const struct outline *o)
{
	size_t before = level_end(s, 0, LEVEL_TOOLS), now = o->level_at[LEVEL_SYSTEM];

	if (before > COMPARED || now > COMPARED)
		return LOSS_TOOLS_CHANGED;
	size_t kept = tools_kept(s, before, o);
	if (kept == before && before == now)
		return LOSS_TOOLS_ORDER;
	if (kept == before && now > before)
		return LOSS_TOOLS_ADDED;
	return kept == now ? LOSS_TOOLS_REMOVED : LOSS_TOOLS_CHANGED;
}

static bool is_compacted(const struct loss_case *c, size_t common)
{
	const struct outline *o = c->view->outline;

	if (c->compacted)
		return true;
	return common <= o->level_at[LEVEL_MESSAGES] + 1 &&
	       o->facts.messages * 2 <= c->before->messages;
}

static enum loss_cause messages_cause(const struct loss_case *c, size_t common)
{
	const struct sent *s = c->before;
	const struct outline *o = c->view->outline;
	size_t first = o->level_at[LEVEL_MESSAGES];

	if (is_compacted(c, common))
		return LOSS_COMPACTION;
	if (common == first && s->parameters.tool_choice != o->parameters.tool_choice)
		return LOSS_TOOL_CHOICE;
	if (common == first && s->parameters.thinking != o->parameters.thinking)
		return LOSS_THINKING;
	if (common == first && s->parameters.images != o->parameters.images)
		return LOSS_IMAGE;
	if (common < s->n && common < o->n &&
		s->blocks[common].read != (c->view->chain[common] != 0))
		return LOSS_THINKING;
	return LOSS_HISTORY_EDITED;
}

/* The request goes on where the one before ended, and could not find its entry all the same. */
static enum loss_cause grown_cause(const struct loss_case *c)
{
	const struct outline *o = c->view->outline;
	size_t last = c->before->last_mark, mark = 0, steps = 0;

	for (size_t i = o->n; i > 0 && mark == 0; i--)
		if (o->blocks[i - 1].mark != BREAK_NONE)
			mark = i;
	if (mark < last || mark == 0)
		return LOSS_NO_BREAKPOINT;
	if (c->view->tokens[last - 1] < (double)c->view->rules.min_tokens)
		return LOSS_BELOW_MINIMUM;
	/* The first breakpoint from which the entry could be found. */
	for (mark = last; mark <= o->n && o->blocks[mark - 1].mark == BREAK_NONE;)
		mark++;
	for (size_t i = last; i < mark; i++)
		steps += c->view->chain[i] != 0;
	return steps >= CACHE_LOOK_BACK ? LOSS_LOOKBACK : LOSS_UNEXPLAINED;
}

static enum loss_cause cause_of(const struct loss_case *c, size_t common)
{
	const struct sent *s = c->before;
	const struct outline *o = c->view->outline;
	size_t tools = level_end(s, 0, LEVEL_TOOLS);

	if (c->provider_switched)
		return LOSS_PROVIDER_SWITCHED;
	if (c->model_switched)
		return LOSS_MODEL_SWITCHED;
	if (s->entry > 0 && s->end_ms <= c->at_ms)
		return LOSS_TTL;
	if (common < tools || (common < o->level_at[LEVEL_SYSTEM]))
		return tools_cause(s, o);
	if (common < level_end(s, tools, LEVEL_SYSTEM) || common < o->level_at[LEVEL_MESSAGES] ||
		s->parameters.system != o->parameters.system)
		return LOSS_SYSTEM_CHANGED;
	return common < s->last_mark ? messages_cause(c, common) : grown_cause(c);
}

/* The number of blocks up to where the request before ended, or up to the last of it that is still there (*last of those before): tools
 * may have left in front of it, messages been taken out. 0: not found. A block that stands elsewhere now counts together with the one
 * before it only: short texts repeat. */
static size_t still_there(const struct loss_case *c, size_t common, size_t *last)
{
	const struct sent_block *was = c->before->blocks;
	const struct outline *o = c->view->outline;
	size_t i = *last;

	for (size_t tried = 0; tried < SEARCHED && i > common; tried++, i--)
		for (size_t k = o->n; k > common; k--)
			if (was[i - 1].hash == o->blocks[k - 1].hash &&
				(k == i || (k > 1 && i > 1 &&
						   was[i - 2].hash == o->blocks[k - 2].hash))) {
				*last = i;
				return k;
			}
	*last = common;
	return i > common ? 0 : common;
}

static double view_at(const struct prompt_view *v, size_t n)
{
	return n > 0 ? v->tokens[n - 1] : 0;
}

static double sent_at(const struct sent *s, size_t n)
{
	return n > 0 ? (double)s->blocks[n - 1].tokens : 0;
}

/* Blocks of both requests, [from, was_to) and [from, to). */
struct part {
	size_t from, was_to, to;
};

static double came(const struct loss_case *c, const struct part *p)
{
	const struct outline_block *now = c->view->outline->blocks;
	const struct sent_block *was = c->before->blocks;
	double sum = 0;

	for (size_t i = p->from; i < p->to; i++) {
		size_t k = p->from;
		while (k < p->was_to && was[k].hash != now[i].hash)
			k++;
		if (k == p->was_to)
			sum += view_at(c->view, i + 1) - view_at(c->view, i);
	}
	return sum;
}

static double went(const struct loss_case *c, const struct part *p)
{
	const struct outline_block *now = c->view->outline->blocks;
	const struct sent_block *was = c->before->blocks;
	double sum = 0;

	for (size_t i = p->from; i < p->was_to; i++) {
		size_t k = p->from;
		while (k < p->to && now[k].hash != was[i].hash)
			k++;
		if (k == p->to)
			sum += sent_at(c->before, i + 1) - sent_at(c->before, i);
	}
	return sum;
}

/* Tokens up to block n of this request, which was block `last` of the one before: as they were counted then, less those of blocks that
 * went, and with those of blocks that came. */
static double tokens_up_to(const struct loss_case *c, size_t last, size_t n)
{
	const struct sent_block *was = c->before->blocks;
	const struct outline_block *now = c->view->outline->blocks;
	struct part p = { 0, last, n };

	while (p.from < last && p.from < n && was[p.from].hash == now[p.from].hash)
		p.from++;
	while (p.to > p.from && p.was_to > p.from && was[p.was_to - 1].hash == now[p.to - 1].hash) {
		p.to--;
		p.was_to--;
	}
	if (p.to - p.from > COMPARED || p.was_to - p.from > COMPARED)
		return view_at(c->view, n);
	return sent_at(c->before, last) - went(c, &p) + came(c, &p);
}

/* What could have been read, had all that is still there been found. */
static int64_t expected(const struct loss_case *c, size_t common)
{
	size_t last = c->before->last_mark, n;
	double tokens;

	if (common >= last || is_compacted(c, common))
		return c->expected;
	n = still_there(c, common, &last);
	if (n == 0)
		return c->expected;
	tokens = c->model_switched ? view_at(c->view, n) : tokens_up_to(c, last, n);
	return (int64_t)(tokens + 0.5);
}

/* One in a hundred, or a few tokens, are differences of counting. */
static bool is_small(int64_t lost, int64_t expected)
{
	return lost <= 64 || lost * 100 <= expected;
}

void loss_find(struct loss *ret, const struct loss_case *c)
{
	int64_t could, lost;

	*ret = (struct loss){ .cause = LOSS_FIRST };
	if (c->before == NULL)
		return;
	ret->common = loss_common(c->before, c->view);
	ret->cause = LOSS_NONE;
	could = expected(c, ret->common);
	lost = could - c->read;
	if (c->before->last_mark == 0 || is_small(lost, could))
		return;
	ret->tokens = lost;
	ret->cause = cause_of(c, ret->common);
}
