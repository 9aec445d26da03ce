/* SPDX-License-Identifier: MIT */
/* When a conversation keeps its model, when it goes down and when up: by what the change costs and what it saves, at the prices of three
 * models that differ as real ones do. */
#include "unit/base/check.h"

#include "llm/planner.h"

#include <stdio.h>

static const struct rates opus_rates = { 5000000, 500000, 6250000, 10000000, 25000000 };
static const struct rates sonnet_rates = { 2000000, 200000, 2500000, 4000000, 10000000 };
static const struct rates haiku_rates = { 1000000, 100000, 1250000, 2000000, 5000000 };
static const struct rates other_rates = { 150000, 3000, -1, -1, 600000 };
static const struct rates unknown_rates = { -1, -1, -1, -1, -1 };

static const struct planner_limits usual = { 20, 10, 4 };
static const struct planner_limits plain = { 0, 1000, 4 }; /* nothing but the break-even */

static struct planner_candidate candidate(const char *model, int quality, const struct rates *rates)
{
	return (struct planner_candidate){ .provider = STR("anthropic"),
		.model = str_from(model),
		.quality = quality,
		.priced = rates->in >= 0,
		.rates = *rates,
		.window = 1000000 };
}

static void set_warm(struct planner_candidate *c, int64_t context)
{
	c->cache = (struct forecast){ .in = 3, .read = context, .write_5m = 200 };
}

static void set_cold(struct planner_candidate *c, int64_t context)
{
	c->cache = (struct forecast){ .in = 3, .write_5m = context + 200 };
}

enum { OPUS, SONNET, HAIKU };

/* Opus was asked for and has answered so far; the others are cold. */
static struct planner_choice three(int64_t context)
{
	struct planner_choice from = { .n = 3 };

	from.v[OPUS] = candidate("claude-opus-5", 95, &opus_rates);
	from.v[SONNET] = candidate("claude-sonnet-5", 88, &sonnet_rates);
	from.v[HAIKU] = candidate("claude-haiku-4-5", 70, &haiku_rates);
	from.v[OPUS].asked = from.v[OPUS].current = true;
	set_warm(&from.v[OPUS], context);
	set_cold(&from.v[SONNET], context);
	set_cold(&from.v[HAIKU], context);
	return from;
}

static struct planner_turn turn(enum turn_role role, unsigned remaining)
{
	return (struct planner_turn){ .role = role,
		.switchable = true,
		.out_tokens = 50,
		.growth = 200,
		.max_tokens = 32000,
		.remaining = remaining };
}

static struct course at(enum course_phase phase)
{
	struct course c = { .turns = 12, .phase = phase, .baseline_nano = 1000000000 };

	memcpy(c.named, "claude-opus-5", sizeof("claude-opus-5"));
	return c;
}

/* Only who was asked for, and who has answered so far. */
static void keep_few(struct planner_choice *from)
{
	size_t n = 0;

	for (size_t i = 0; i < from->n; i++)
		if (from->v[i].asked || from->v[i].current)
			from->v[n++] = from->v[i];
	from->n = n;
}

/* One request as the proxy decides it. */
static size_t decide(enum route_profile profile, const struct planner_turn *t, struct course *c,
	struct planner_choice *from, const struct planner_limits *limits)
{
	struct planner_need need = planner_need(profile, t, c, limits);

	assert_non_null(need.why);
	if (need.reach == REACH_ASKED)
		keep_few(from);
	planner_choose(from, t, &need, c, limits);
	assert_true(from->chosen < from->n);
	for (size_t i = 0; i < from->n; i++)
		assert_non_null(from->v[i].verdict);
	planner_settle(c, from);
	return from->chosen;
}

static size_t down(int64_t context, unsigned remaining, const struct planner_limits *limits)
{
	struct planner_choice from = three(context);
	struct planner_turn t = turn(ROLE_MAIN_TURN, remaining);
	struct course c = at(COURSE_EXECUTING);

	return decide(ROUTE_SAVER, &t, &c, &from, limits);
}

/* ---- what a change costs ---- */

/* money.md's figure: a change from Opus to Sonnet with a warm cache has repaid itself after five to seven turns. */
static void break_even(void **state)
{
	static const int64_t contexts[] = { 20000, 50000, 100000, 200000 };

	for (size_t i = 0; i < ARRAY_LEN(contexts); i++) {
		unsigned first = 0;
		for (unsigned n = 1; n <= 12; n++) {
			struct planner_choice from = three(contexts[i]);
			struct planner_turn t = turn(ROLE_MAIN_TURN, n);
			struct planner_need need = { REACH_PROVIDER, 80, NULL, "test" };
			struct course c = at(COURSE_EXECUTING);
			planner_choose(&from, &t, &need, &c, &plain);
			if (from.chosen == SONNET && first == 0)
				first = n;
			/* It does not come and go. */
			assert_int_equal(from.chosen, first != 0 ? SONNET : OPUS);
		}
		assert_in_range(first, 5, 7);
	}
}

static void below_the_break_even_it_stays(void **state)
{
	static const int64_t contexts[] = { 20000, 200000 };

	for (size_t i = 0; i < ARRAY_LEN(contexts); i++) {
		assert_int_equal(down(contexts[i], 4, &plain), OPUS);
		assert_int_not_equal(down(contexts[i], 8, &plain), OPUS);
	}
}

static void costs_are_those_of_the_prices(void **state)
{
	struct planner_choice from = three(100000);
	struct planner_turn t = turn(ROLE_MAIN_TURN, 0);
	struct planner_need need = { REACH_PROVIDER, 80, NULL, "test" };
	struct course c = at(COURSE_EXECUTING);

	planner_choose(&from, &t, &need, &c, &plain);
	/* 3 in, 100,000 read, 200 written, 50 out. */
	assert_int_equal(from.v[OPUS].now_nano, 15000 + 50000000 + 1250000 + 1250000);
	assert_int_equal(from.v[SONNET].now_nano, 6000 + 250500000 + 500000);
	assert_true(from.v[OPUS].then_nano >= from.v[OPUS].now_nano);
	assert_int_equal(from.chosen, OPUS);
}

static void margin(void **state)
{
	const struct planner_limits wide = { 500, 1000, 4 };
	unsigned with = 0, without = 0;

	for (unsigned n = 1; n <= 200; n++) {
		if (with == 0 && down(100000, n, &wide) != OPUS)
			with = n;
		if (without == 0 && down(100000, n, &plain) != OPUS)
			without = n;
	}
	assert_true(without > 0 && with > without);
}

static void spending_on_changes_is_capped(void **state)
{
	const struct planner_limits none = { 0, 0, 4 };
	struct planner_choice from;
	struct planner_turn t = turn(ROLE_MAIN_TURN, 20);
	struct course c;

	assert_int_equal(down(100000, 20, &none), OPUS);
	/* What was spent before counts too. */
	for (unsigned spent = 0; spent < 2; spent++) {
		from = three(100000);
		c = at(COURSE_EXECUTING);
		c.baseline_nano = 10000000000;
		c.spent_nano = spent != 0 ? 20000000000 : 0;
		size_t chosen = decide(ROUTE_SAVER, &t, &c, &from, &usual);
		assert_int_equal(chosen == OPUS, spent != 0);
	}
}

static void settling_keeps_the_books(void **state)
{
	struct planner_choice from = three(100000);
	struct planner_turn t = turn(ROLE_MAIN_TURN, 60);
	struct course c = at(COURSE_EXECUTING), before = c;

	c.baseline_nano = before.baseline_nano = 10000000000;
	assert_int_not_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), OPUS);
	assert_true(c.spent_nano > 0);
	assert_true(c.baseline_nano > before.baseline_nano);
	assert_true(str_starts(str_from(c.target), STR("anthropic/claude-")));

	from = three(100000);
	c = before;
	t.remaining = 0;
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), OPUS);
	assert_int_equal(c.spent_nano, 0);
	assert_true(c.baseline_nano > before.baseline_nano);
}

static void a_warm_model_costs_nothing_to_go_to(void **state)
{
	struct planner_choice from = three(100000);
	struct planner_turn t = turn(ROLE_MAIN_TURN, 1);
	struct course c = at(COURSE_EXECUTING);

	set_warm(&from.v[SONNET], 100000);
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), SONNET);
	assert_int_equal(c.spent_nano, 0);
}

/* ---- what can be chosen ---- */

static void a_window_that_is_too_small(void **state)
{
	struct planner_choice from = three(300000);
	struct planner_turn t = turn(ROLE_MAIN_TURN, 100);
	struct planner_need need = { REACH_PROVIDER, 0, NULL, "test" };
	struct course c = at(COURSE_EXECUTING);

	from.v[SONNET].window = from.v[HAIKU].window = 200000;
	planner_choose(&from, &t, &need, &c, &plain);
	assert_int_equal(from.chosen, OPUS);
	assert_string_equal(from.v[OPUS].verdict, "chosen");
	assert_non_null(strstr(from.v[SONNET].verdict, "window"));
	/* The reply must fit too. */
	from = three(195000);
	from.v[SONNET].window = from.v[HAIKU].window = 200000;
	planner_choose(&from, &t, &need, &c, &plain);
	assert_int_equal(from.chosen, OPUS);
	/* It has come to be too long for the one that answered so far. */
	from = three(195000);
	from.v[SONNET].window = 200000;
	from.v[OPUS].current = false;
	from.v[SONNET].current = true;
	set_warm(&from.v[SONNET], 190000);
	set_cold(&from.v[OPUS], 190000);
	planner_choose(&from, &t, &need, &c, &usual);
	assert_int_not_equal(from.chosen, SONNET);
	/* Not known is no reason. */
	from = three(300000);
	from.v[SONNET].window = -1;
	from.v[HAIKU].window = 200000;
	planner_choose(&from, &t, &need, &c, &plain);
	assert_int_equal(from.chosen, SONNET);
}

static void quality(void **state)
{
	static const struct {
		int bar;
		size_t want;
	} rows[] = { { 0, HAIKU }, { 70, HAIKU }, { 71, SONNET }, { 88, SONNET }, { 89, OPUS },
		{ 100, OPUS } };
	struct planner_turn t = turn(ROLE_MAIN_TURN, 100);
	struct course c = at(COURSE_EXECUTING);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct planner_choice from = three(20000);
		struct planner_need need = { REACH_PROVIDER, rows[i].bar, NULL, "test" };
		planner_choose(&from, &t, &need, &c, &plain);
		assert_int_equal(from.chosen, rows[i].want);
		/* Nobody knows how good it is. */
		from = three(20000);
		from.v[HAIKU].quality = from.v[SONNET].quality = -1;
		planner_choose(&from, &t, &need, &c, &plain);
		assert_int_equal(from.chosen, OPUS);
		/* Unless somebody has named it. */
		from.v[HAIKU].wanted = true;
		planner_choose(&from, &t, &need, &c, &plain);
		assert_int_equal(from.chosen, HAIKU);
	}
}

static void prices_that_are_not_known(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 100);
	struct planner_need need = { REACH_ALL, 0, NULL, "test" };
	struct course c = at(COURSE_EXECUTING);
	struct planner_choice from = three(20000);

	for (size_t i = SONNET; i <= HAIKU; i++) {
		from.v[i].priced = false;
		from.v[i].rates = unknown_rates;
	}
	planner_choose(&from, &t, &need, &c, &plain);
	assert_int_equal(from.chosen, OPUS);
	assert_int_equal(from.v[HAIKU].then_nano, -1);
	/* What the asked one costs is not known: nothing is known to be cheaper. */
	from = three(20000);
	from.v[OPUS].priced = false;
	from.v[OPUS].rates = unknown_rates;
	planner_choose(&from, &t, &need, &c, &plain);
	assert_int_equal(from.chosen, OPUS);
	planner_settle(&c, &from);
	assert_true(c.spent_nano == 0 && c.baseline_nano == at(COURSE_EXECUTING).baseline_nano);
}

static void a_provider_without_a_price_for_writing(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 100);
	struct planner_need need = { REACH_ALL, 80, NULL, "test" };
	struct course c = at(COURSE_EXECUTING);
	struct planner_choice from = three(100000);

	from.v[HAIKU] = candidate("deepseek-v4-pro", 84, &other_rates);
	from.v[HAIKU].provider = STR("deepseek");
	from.v[HAIKU].cache = (struct forecast){ .in = 100203 };
	planner_choose(&from, &t, &need, &c, &usual);
	assert_int_equal(from.chosen, HAIKU);
	assert_int_equal(from.v[HAIKU].now_nano, 100203 * 150 + 50 * 600);
	/* Nor does a forecast in the other's words hinder. */
	from.v[HAIKU].cache = (struct forecast){ .in = 3, .write_5m = 100200 };
	planner_choose(&from, &t, &need, &c, &usual);
	assert_int_equal(from.chosen, HAIKU);
	assert_int_equal(from.v[HAIKU].now_nano, 100203 * 150 + 50 * 600);
}

static void never_dearer_than_asked(void **state)
{
	struct planner_choice from = three(20000);
	struct planner_turn t = turn(ROLE_SUBAGENT, 100);
	struct course c = { 0 };

	/* Haiku was asked for. */
	from.v[OPUS].asked = from.v[OPUS].current = false;
	from.v[HAIKU].asked = from.v[HAIKU].current = true;
	for (int bar = 0; bar <= 100; bar += 10) {
		struct planner_need need = { REACH_ALL, bar, NULL, "test" };
		planner_choose(&from, &t, &need, &c, &plain);
		assert_int_equal(from.chosen, HAIKU);
	}
}

/* ---- where a conversation stands ---- */

static void conversations_are_sticky(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 30);
	struct course c = at(COURSE_EXECUTING);
	struct planner_choice from = three(100000);

	c.baseline_nano = 100000000000;
	size_t first = decide(ROUTE_SAVER, &t, &c, &from, &usual);
	assert_int_equal(first, SONNET);
	for (unsigned n = 30; n-- > 0;) {
		from = three(100000);
		from.v[OPUS].current = false;
		from.v[SONNET].current = true;
		set_cold(&from.v[OPUS], 100000);
		set_warm(&from.v[SONNET], 100000);
		t.remaining = n;
		assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), SONNET);
		assert_string_equal(c.target, "anthropic/claude-sonnet-5");
	}
}

static void one_latch_after_the_first_edit(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 60);
	struct course c = { 0 };
	struct planner_choice from;

	/* So long as nothing was changed, it is being planned. */
	t.fresh = true;
	t.size = TASK_COMPLEX;
	for (unsigned i = 0; i < 5; i++) {
		from = three(30000);
		assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), OPUS);
		assert_int_equal(c.phase, COURSE_PLANNING);
		assert_int_equal(c.turns, i + 1);
		t.fresh = false;
		t.size = TASK_UNKNOWN;
		c.baseline_nano += 1000000000;
	}
	t.edited = true;
	from = three(30000);
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), SONNET);
	assert_int_equal(c.phase, COURSE_EXECUTING);
	t.edited = false;
	from = three(30000);
	from.v[OPUS].current = false;
	from.v[SONNET].current = true;
	set_warm(&from.v[SONNET], 30000);
	set_cold(&from.v[OPUS], 30000);
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), SONNET);
	assert_int_equal(c.phase, COURSE_EXECUTING);
}

static void plan_mode_holds_the_latch(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 60);
	struct course c = { 0 };
	struct planner_choice from;

	t.plan_mode = t.edited = true;
	for (unsigned i = 0; i < 3; i++) {
		from = three(30000);
		assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), OPUS);
		assert_int_equal(c.phase, COURSE_PLANNING);
		c.baseline_nano += 1000000000;
	}
	t.plan_mode = false;
	from = three(30000);
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), SONNET);
}

static void one_escalation_and_then_it_holds(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 60);
	struct course c = at(COURSE_EXECUTING);
	struct planner_choice from;

	for (unsigned trouble = 0; trouble < 9; trouble++) {
		from = three(30000);
		from.v[OPUS].current = trouble >= 4 + 1;
		from.v[SONNET].current = !from.v[OPUS].current;
		set_warm(&from.v[SONNET], 30000);
		t.trouble = trouble;
		assert_int_equal(
			decide(ROUTE_SAVER, &t, &c, &from, &usual), trouble < 4 ? SONNET : OPUS);
		assert_int_equal(c.phase, trouble < 4 ? COURSE_EXECUTING : COURSE_ESCALATED);
	}
	t.trouble = 0;
	for (unsigned i = 0; i < 9; i++) {
		from = three(30000);
		t.edited = i % 2 == 0;
		assert_int_equal(decide(ROUTE_MAX, &t, &c, &from, &usual), OPUS);
		assert_int_equal(c.phase, COURSE_ESCALATED);
	}
}

static void not_in_an_open_loop_with_thinking(void **state)
{
	struct planner_turn t = turn(ROLE_MAIN_TURN, 60);
	struct course c = at(COURSE_PLANNING);
	struct planner_choice from = three(30000);

	c.baseline_nano = 10000000000;
	t.edited = true;
	t.switchable = false;
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), OPUS);
	assert_int_equal(c.spent_nano, 0);
	/* It goes when the loop is over. */
	t.edited = false;
	t.switchable = true;
	from = three(30000);
	assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), SONNET);
	/* Nor up. */
	for (unsigned i = 0; i < 2; i++) {
		from = three(30000);
		from.v[OPUS].current = false;
		from.v[SONNET].current = true;
		set_warm(&from.v[SONNET], 30000);
		t.trouble = 9;
		t.switchable = i != 0;
		assert_int_equal(
			decide(ROUTE_SAVER, &t, &c, &from, &usual), i == 0 ? SONNET : OPUS);
	}
}

static void compaction_is_for_whoever_is_warm(void **state)
{
	struct planner_turn t = turn(ROLE_COMPACTION, 1);
	struct course c = at(COURSE_EXECUTING);
	struct planner_choice from;

	c.baseline_nano = 100000000000;
	for (unsigned current = OPUS; current <= SONNET; current++) {
		from = three(150000);
		from.v[OPUS].current = current == OPUS;
		from.v[SONNET].current = current == SONNET;
		from.v[current].wanted = true;
		for (unsigned i = OPUS; i <= SONNET; i++)
			if (i == current)
				set_warm(&from.v[i], 150000);
			else
				set_cold(&from.v[i], 150000);
		assert_int_equal(decide(ROUTE_SAVER, &t, &c, &from, &usual), current);
		assert_int_equal(c.phase, COURSE_EXECUTING);
	}
}

/* ---- profiles ---- */

static const enum turn_role roles[] = { ROLE_MAIN_TURN, ROLE_SUBAGENT, ROLE_ASIDE, ROLE_COMPACTION,
	ROLE_FIXED };

static void observe_never_moves(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(roles) * 8; i++) {
		struct planner_turn t = turn(roles[i / 8], 100);
		struct course c = at(i % 3);
		t.fresh = i % 2 == 0;
		t.edited = i % 4 < 2;
		t.size = i % 8 < 4 ? TASK_SIMPLE : TASK_UNKNOWN;
		struct planner_need need = planner_need(ROUTE_OBSERVE, &t, &c, &usual);
		assert_int_equal(need.reach, REACH_ASKED);
	}
}

static void balanced_leaves_the_main_loop_alone(void **state)
{
	for (unsigned i = 0; i < 24; i++) {
		struct planner_turn t = turn(i < 12 ? ROLE_MAIN_TURN : ROLE_COMPACTION, 100);
		struct course c = at(i % 3);
		struct planner_choice from = three(30000);
		t.fresh = i % 2 == 0;
		t.edited = i % 4 < 2;
		t.size = i % 8 < 4 ? TASK_SIMPLE : TASK_UNKNOWN;
		c.baseline_nano = 100000000000;
		assert_int_equal(decide(ROUTE_BALANCED, &t, &c, &from, &usual), OPUS);
		assert_int_equal(c.spent_nano, 0);
	}
}

static void what_is_fixed_goes_as_asked(void **state)
{
	for (unsigned p = 0; p < ROUTE_PROFILES; p++) {
		struct planner_turn t = turn(ROLE_FIXED, 100);
		struct course c = at(COURSE_EXECUTING);
		struct planner_need need = planner_need(p, &t, &c, &usual);
		assert_int_equal(need.reach, REACH_ASKED);
	}
}

static void others_go_from_their_first_request(void **state)
{
	for (unsigned p = ROUTE_BALANCED; p < ROUTE_PROFILES; p++)
		for (unsigned i = 0; i < 2; i++) {
			struct planner_turn t = turn(i == 0 ? ROLE_SUBAGENT : ROLE_ASIDE, 10);
			struct course c = { 0 };
			struct planner_choice from = three(0);
			for (size_t k = 0; k < from.n; k++)
				set_cold(&from.v[k], 20000);
			t.fresh = true;
			struct course copy = c;
			struct planner_need need = planner_need(p, &t, &copy, &usual);
			assert_int_equal(need.reach, p == ROUTE_BALANCED ? REACH_PROVIDER
						     : p == ROUTE_MAX    ? REACH_ALL
									 : need.reach);
			assert_int_not_equal(need.reach, REACH_ASKED);
			assert_int_not_equal(decide(p, &t, &c, &from, &usual), OPUS);
			/* Nothing was lost by it. */
			assert_int_equal(c.spent_nano, 0);
		}
}

static void names(void **state)
{
	for (unsigned i = 0; i < ROUTE_PROFILES; i++)
		assert_true(strlen(route_profiles[i]) > 2);
	for (unsigned i = 0; i < COURSE_PHASES; i++)
		assert_true(strlen(course_phases[i]) > 2);
	assert_string_equal(route_profiles[ROUTE_OBSERVE], "observe");
	assert_string_equal(route_profiles[ROUTE_BALANCED], "balanced");
	assert_string_equal(route_profiles[ROUTE_SAVER], "saver");
	assert_string_equal(route_profiles[ROUTE_MAX], "max");
}

static void long_names_do_not_stand_half(void **state)
{
	static char model[4 * COURSE_TARGET_MAX];
	struct planner_choice from = three(1000);
	struct course c = { 0 };

	memset(model, 'm', sizeof(model) - 1);
	from.v[SONNET].model = str_from(model);
	from.chosen = SONNET;
	from.v[SONNET].now_nano = from.v[OPUS].now_nano = 1;
	planner_settle(&c, &from);
	assert_non_null(memchr(c.target, '\0', sizeof(c.target)));
	/* A name that is cut off is nobody's. */
	assert_true(c.target[0] == '\0');
}

/* ---- whatever comes ---- */

static uint64_t seed = 0x9E3779B97F4A7C15;

static uint64_t any(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (seed >> 11) % below;
}

static struct planner_candidate any_candidate(void)
{
	static const struct rates *const rates[] = { &opus_rates, &sonnet_rates, &haiku_rates,
		&other_rates, &unknown_rates };
	static char names[8][12];
	unsigned n = (unsigned)any(8);

	snprintf(names[n], sizeof(names[n]), "model-%u", n);
	struct planner_candidate c =
		candidate(names[n], (int)any(102) - 1, rates[any(ARRAY_LEN(rates))]);
	c.priced = c.priced && any(16) != 0;
	c.wanted = any(10) == 0;
	c.window = any(4) == 0 ? -1 : (int64_t)any(400000);
	c.cache = (struct forecast){ .in = (int64_t)any(5000),
		.read = (int64_t)any(2) * (int64_t)any(300000),
		.write_5m = (int64_t)any(2) * (int64_t)any(100000),
		.write_1h = (int64_t)any(2) * (int64_t)any(100000) };
	return c;
}

static struct planner_turn any_turn(void)
{
	return (struct planner_turn){ .role = (enum turn_role)any(5),
		.size = (enum task_size)any(4),
		.fresh = any(4) == 0,
		.edited = any(3) == 0,
		.plan_mode = any(6) == 0,
		.switchable = any(4) != 0,
		.trouble = (unsigned)any(7),
		.out_tokens = (int64_t)any(3000),
		.growth = (int64_t)any(5000),
		.max_tokens = (int64_t)any(2) * (int64_t)any(64000),
		.remaining = (unsigned)any(300) };
}

static struct planner_choice any_choice(void)
{
	struct planner_choice from = { .n = 1 + any(PLANNER_MAX) };
	size_t asked = any(from.n), current = any(2) == 0 ? asked : any(from.n);

	for (size_t i = 0; i < from.n; i++)
		from.v[i] = any_candidate();
	from.v[asked].asked = true;
	from.v[current].current = true;
	return from;
}

static struct course any_course(void)
{
	struct course c = at((enum course_phase)any(COURSE_PHASES));

	c.turns = (uint32_t)any(3) * (uint32_t)any(500);
	c.spent_nano = (int64_t)any(2) * (int64_t)any(1000000000);
	c.baseline_nano = (int64_t)any(2) * (int64_t)any(20000000000);
	return c;
}

static void check_choice(const struct planner_choice *from, const struct planner_turn *t,
	const struct planner_need *need)
{
	const struct planner_candidate *chosen = &from->v[from->chosen], *asked = chosen;

	assert_true(from->chosen < from->n);
	for (size_t i = 0; i < from->n; i++) {
		assert_non_null(from->v[i].verdict);
		assert_true(from->v[i].then_nano >= -1 && from->v[i].now_nano >= -1);
		if (from->v[i].asked)
			asked = &from->v[i];
	}
	if (chosen == asked || chosen->current)
		return;
	assert_true(t->switchable);
	assert_true(chosen->then_nano >= 0 && asked->then_nano >= 0);
	assert_true(chosen->then_nano <= asked->then_nano);
	assert_true(chosen->wanted || chosen->quality >= need->bar);
	if (chosen->window >= 0)
		assert_true(chosen->cache.in + chosen->cache.read + chosen->cache.write_5m +
				    chosen->cache.write_1h <=
			    chosen->window);
}

static void check_course(const struct course *c, const struct course *before)
{
	assert_true(c->phase < COURSE_PHASES);
	assert_true(c->turns == before->turns + 1 || c->turns == before->turns);
	assert_true(c->spent_nano >= before->spent_nano);
	assert_true(c->baseline_nano >= before->baseline_nano);
	assert_non_null(memchr(c->target, '\0', sizeof(c->target)));
	assert_non_null(memchr(c->named, '\0', sizeof(c->named)));
}

static void whatever_comes(void **state)
{
	for (unsigned i = 0; i < 100000; i++) {
		struct planner_choice from = any_choice(), again = from;
		struct planner_turn t = any_turn();
		struct course c = any_course(), before = c, other = c;
		struct planner_limits limits = { (unsigned)any(50), (unsigned)any(40),
			1 + (unsigned)any(6) };
		enum route_profile profile = (enum route_profile)any(ROUTE_PROFILES);
		struct planner_need need = planner_need(profile, &t, &c, &limits);
		struct planner_need same = planner_need(profile, &t, &other, &limits);
		assert_true(need.bar >= 0 && need.bar <= 100 && need.why != NULL);
		planner_choose(&from, &t, &need, &c, &limits);
		planner_choose(&again, &t, &same, &other, &limits);
		check_choice(&from, &t, &need);
		assert_int_equal(from.chosen, again.chosen);
		for (size_t k = 0; k < from.n; k++)
			assert_string_equal(from.v[k].verdict, again.v[k].verdict);
		planner_settle(&c, &from);
		planner_settle(&other, &again);
		assert_memory_equal(&c, &other, sizeof(c));
		check_course(&c, &before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(break_even),
		cmocka_unit_test(below_the_break_even_it_stays),
		cmocka_unit_test(costs_are_those_of_the_prices),
		cmocka_unit_test(margin),
		cmocka_unit_test(spending_on_changes_is_capped),
		cmocka_unit_test(settling_keeps_the_books),
		cmocka_unit_test(a_warm_model_costs_nothing_to_go_to),
		cmocka_unit_test(a_window_that_is_too_small),
		cmocka_unit_test(quality),
		cmocka_unit_test(prices_that_are_not_known),
		cmocka_unit_test(a_provider_without_a_price_for_writing),
		cmocka_unit_test(never_dearer_than_asked),
		cmocka_unit_test(conversations_are_sticky),
		cmocka_unit_test(one_latch_after_the_first_edit),
		cmocka_unit_test(plan_mode_holds_the_latch),
		cmocka_unit_test(one_escalation_and_then_it_holds),
		cmocka_unit_test(not_in_an_open_loop_with_thinking),
		cmocka_unit_test(compaction_is_for_whoever_is_warm),
		cmocka_unit_test(observe_never_moves),
		cmocka_unit_test(balanced_leaves_the_main_loop_alone),
		cmocka_unit_test(what_is_fixed_goes_as_asked),
		cmocka_unit_test(others_go_from_their_first_request),
		cmocka_unit_test(names),
		cmocka_unit_test(long_names_do_not_stand_half),
		cmocka_unit_test(whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
