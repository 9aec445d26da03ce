/* SPDX-License-Identifier: MIT */
/* What can be asked of a ledger of random rows, before and after pruning: the parts add up to the whole, and both stores, of which
 * one keeps sums and the other makes them anew, give the same answers. */
#include "unit/store/ledger_check.h"

enum { ROWS = 1200, DAYS = 6, SEEDS = 2 };

/* The same rows in both. */
struct world {
	struct dice dice;
	struct folder folder;
	struct store *sqlite, *memory;
	struct ledger_exchange rows[ROWS];
	int64_t first_ms; /* a day of UTC begins */
};

static void fill(struct world *w)
{
	for (size_t i = 0, n; i < ROWS; i += n) {
		n = 1 + throw_dice(&w->dice, 150);
		if (n > ROWS - i)
			n = ROWS - i;
		for (size_t k = i; k < i + n; k++) {
			w->rows[k] = some_exchange(&w->dice, "x", (unsigned)k);
			w->rows[k].begin_ms = w->first_ms + (int64_t)throw_dice(&w->dice,
								    DAYS * (uint64_t)DAY_MS);
			/* As a conversation has them. */
			struct str c = w->rows[k].conversation;
			w->rows[k].session = c.n % 2 ? STR("one") : STR("Another");
			w->rows[k].parent = w->rows[k].caller = STR("somebody");
			w->rows[k].project = c.n > 0 && c.p[c.n - 1] % 2 ? STR("/Odd") : STR("");
			if (c.n > 0)
				w->rows[k].kind = STR("turn");
		}
		must_append(w->sqlite, w->rows + i, n);
		must_append(w->memory, w->rows + i, n);
	}
}

static struct world *world_make(uint64_t seed)
{
	struct world *w = must_alloc(sizeof(*w));

	w->dice = (struct dice){ seed, arena_new() };
	w->first_ms = day_of(ANY_TIME_MS);
	folder_make(&w->folder);
	w->sqlite = must_open(&store_sqlite, w->folder.file, STORE_WRITE);
	w->memory = must_open(&store_memory, w->folder.file, STORE_WRITE);
	fill(w);
	return w;
}

static bool found_fault(void *ctx, const char *what)
{
	(void)ctx;
	print_error("fault: %s\n", what);
	fail();
	return true;
}

static void assert_adds_up(struct store *s)
{
	struct err e = { .kind = ERR_NONE };

	assert_ok(s->driver->check(s, found_fault, NULL, &e), e);
}

static void world_free(struct world *w)
{
	assert_adds_up(w->sqlite);
	store_sqlite.close(w->sqlite);
	store_memory.close(w->memory);
	folder_remove(&w->folder);
	arena_free(w->dice.arena);
	free(w);
}

/* ---- answers as text ---- */

static void print_totals(struct buf *b, const struct ledger_totals *t)
{
	for (size_t i = 0; i < totals_columns.n; i++)
		buf_addf(b, " %lld",
			(long long)*(const int64_t *)(const void *)((const char *)t +
								    totals_columns.v[i].offset));
}

static void print_conversation(struct buf *b, const struct ledger_conversation *c)
{
	const struct str *v = &c->id;

	for (size_t i = 0; i < 7; i++)
		buf_addf(b, "[%.*s]", STR_ARG(v[i]));
	for (size_t i = 0; i < b->n; i++)
		if (b->p[i] == '\n' && i + c->models.n > b->n)
			b->p[i] = ',';
	buf_addf(b, " %lld %lld", (long long)c->first_ms, (long long)c->last_ms);
	print_totals(b, &c->totals);
}

static bool print_row(void *ctx, const struct query_row *row)
{
	struct buf *b = ctx;

	if (row->totals != NULL) {
		buf_addf(b, "[%.*s] [%.*s] %lld", STR_ARG(row->totals->name),
			STR_ARG(row->totals->provider), (long long)row->totals->at_ms);
		print_totals(b, row->totals);
	}
	if (row->exchange != NULL)
		buf_addf(b, "%.*s", STR_ARG(row->exchange->id));
	if (row->cause != NULL)
		buf_addf(b, "%.*s %lld %lld %lld", STR_ARG(row->cause->cause),
			(long long)row->cause->count, (long long)row->cause->tokens,
			(long long)row->cause->nusd);
	if (row->conversation != NULL)
		print_conversation(b, row->conversation);
	if (row->latency != NULL)
		for (size_t i = 0; i < 7; i++)
			buf_addf(b, "%lld ", (long long)(&row->latency->count)[i]);
	buf_add_char(b, '\n');
	return true;
}

static struct buf answer_of(struct store *s, const struct query_params *p)
{
	struct err e = { .kind = ERR_NONE };
	struct buf b;

	buf_init(&b, 64 << 20);
	assert_ok(s->driver->query(s, p, print_row, &b, &e), e);
	buf_add_char(&b, '\0');
	return b;
}

/* Returns how many rows the answer has. */
static size_t assert_same(const struct world *w, const struct query_params *p)
{
	struct buf one = answer_of(w->sqlite, p), other = answer_of(w->memory, p);
	size_t lines = 0;

	if (strcmp(one.p, other.p) != 0)
		print_error("question %d by %d, %lld to %lld\n", p->what, p->by,
			(long long)p->from_ms, (long long)p->to_ms);
	assert_string_equal(one.p, other.p);
	for (size_t i = 0; i < one.n; i++)
		lines += one.p[i] == '\n';
	buf_release(&one);
	buf_release(&other);
	return lines;
}

/* ---- the parts and the whole ---- */

static bool add_row(void *ctx, const struct query_row *row)
{
	totals_sum(ctx, row->totals);
	return true;
}

static struct ledger_totals sum_of(struct store *s, struct query_params p)
{
	struct ledger_totals sum = { .name = STR("") };
	struct err e = { .kind = ERR_NONE };

	assert_ok(s->driver->query(s, &p, add_row, &sum, &e), e);
	return sum;
}

static bool add_cause(void *ctx, const struct query_row *row)
{
	*(int64_t *)ctx += row->cause->nusd;
	return true;
}

static int64_t causes_of(struct store *s, struct query_params p, struct str which)
{
	struct err e = { .kind = ERR_NONE };
	int64_t sum = 0;

	p.what = QUERY_CAUSES;
	p.text = which;
	assert_ok(s->driver->query(s, &p, add_cause, &sum, &e), e);
	return sum;
}

/* kept: only of what was not pruned can be told whose conversation it was. */
static void parts_are_the_whole(struct store *s, int64_t from_ms, int64_t to_ms, bool kept)
{
	struct query_params p = { QUERY_TOTALS, from_ms, to_ms, STR("") };
	struct ledger_totals whole = sum_of(s, p), sum;

	p.what = QUERY_SERIES;
	sum = sum_of(s, p);
	assert_totals(&sum, &whole);
	p.what = QUERY_GROUPS;
	for (p.by = 0; p.by < (kept ? GROUPS : GROUP_CONVERSATION); p.by++) {
		sum = sum_of(s, p);
		assert_totals(&sum, &whole);
	}
	assert_int_equal(causes_of(s, p, STR("saved")), whole.saved);
	assert_int_equal(causes_of(s, p, STR("lost")), whole.lost);
}

static int64_t some_time(struct world *w)
{
	return w->first_ms + (int64_t)throw_dice(&w->dice, DAYS * (uint64_t)DAY_MS);
}

/* ---- all questions ---- */

static struct query_params some_question(struct world *w)
{
	struct query_params p = { QUERY_TOTALS, some_time(w), some_time(w), STR(""), 7 };

	p.by = throw_dice(&w->dice, GROUPS);
	if (throw_dice(&w->dice, 3) == 0)
		p.to_ms = EVER_MS;
	return p;
}

static void ask_both(struct world *w)
{
	struct query_params p = some_question(w);
	struct str conversation = some_word(&w->dice, "conversation", 40);

	for (p.what = QUERY_TOTALS; p.what <= QUERY_LATENCY; p.what++) {
		if (p.what == QUERY_EXCHANGE || p.what == QUERY_FIND || p.what == QUERY_SESSION ||
			p.what == QUERY_CONVERSATION || p.what == QUERY_CAUSES)
			continue;
		p.limit = p.what == QUERY_LATENCY ? 1 + throw_dice(&w->dice, ROWS) : 7;
		assert_same(w, &p);
	}
	p.limit = 5;
	assert_same(w, &(struct query_params){ QUERY_FIND, 0, 0, some_word(&w->dice, "x", 20), 5 });
	assert_same(
		w, &(struct query_params){ QUERY_EXCHANGE, 0, 0, some_word(&w->dice, "x", ROWS) });
	assert_same(w, &(struct query_params){ QUERY_CONVERSATION, 0, 0, conversation });
	assert_same(w, &(struct query_params){ QUERY_SESSION, 0, 0, STR("one") });
	p.what = QUERY_HISTORY;
	p.conversation = conversation;
	p.from_ms = INT64_MIN;
	p.to_ms = EVER_MS;
	assert_same(w, &p);
	p = some_question(w);
	p.what = QUERY_CAUSES;
	p.text = throw_dice(&w->dice, 2) ? STR("saved") : STR("lost");
	assert_same(w, &p);
	p.what = QUERY_CONVERSATIONS;
	p.text = throw_dice(&w->dice, 2) ? STR("oDD") : STR("another");
	assert_same(w, &p);
}

static void stores_agree(void **state)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct world *w = world_make(seed);
		for (int i = 0; i < 25; i++)
			ask_both(w);
		assert_same(w, &(struct query_params){
				       QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""), SIZE_MAX });
		world_free(w);
	}
}

static void the_parts_add_up(void **state)
{
	for (uint64_t seed = 11; seed < 11 + SEEDS; seed++) {
		struct world *w = world_make(seed);
		parts_are_the_whole(w->sqlite, INT64_MIN, EVER_MS, true);
		for (int i = 0; i < 25; i++)
			parts_are_the_whole(w->sqlite, some_time(w), some_time(w), true);
		world_free(w);
	}
}

/* Each conversation's totals are those of its history. */
static void pages_of_conversations_are_the_list(void **state)
{
	struct world *w = world_make(21);
	struct query_params p = { QUERY_CONVERSATIONS, INT64_MIN, EVER_MS, STR(""), SIZE_MAX };
	struct buf all = answer_of(w->sqlite, &p), pages;

	buf_init(&pages, 64 << 20);
	for (p.limit = 7;;) {
		struct buf page = answer_of(w->sqlite, &p);
		struct str rest = buf_str(&page), line, last = STR("");
		buf_add(&pages, (struct str){ page.p, page.n - 1 });
		while (str_split(&rest, '\n', &line))
			if (line.n > 1)
				last = line;
		if (last.n == 0) {
			buf_release(&page);
			break;
		}
		size_t end = str_find_char(last, ']');
		p.conversation = arena_dup(w->dice.arena, (struct str){ last.p + 1, end - 1 });
		for (size_t i = 0; i < 7; i++)
			last = str_from_offset(last, str_find_char(last, ']') + 1);
		long long first, latest;
		assert_int_equal(sscanf(last.p, " %lld %lld", &first, &latest), 2);
		p.behind_ms = latest;
		buf_release(&page);
	}
	buf_add_char(&pages, '\0');
	assert_string_equal(pages.p, all.p);
	assert_true(all.n > 1000);
	buf_release(&pages);
	buf_release(&all);
	world_free(w);
}

/* ---- pruning ---- */

static int64_t prune(struct store *s, struct store_limits l)
{
	struct store_pruned step = { .more = true };
	struct err e = { .kind = ERR_NONE };
	int64_t n = 0;

	for (int steps = 0; step.more; steps++) {
		assert_true(steps < ROWS + 50);
		assert_ok(s->driver->prune(s, &l, &step, &e), e);
		n += step.exchanges;
	}
	return n;
}

static size_t older_than(const struct world *w, int64_t ms)
{
	size_t n = 0;

	for (size_t i = 0; i < ROWS; i++)
		n += w->rows[i].begin_ms < ms;
	return n;
}

static void sums_outlive_exchanges(void **state)
{
	for (uint64_t seed = 31; seed < 31 + SEEDS; seed++) {
		struct world *w = world_make(seed);
		struct ledger_totals before[DAYS * 96 + 1], now;
		const int64_t cut_ms = w->first_ms + 3 * (int64_t)DAY_MS;
		struct store_limits l = { .before_ms = cut_ms + 5000,
			.now_ms = w->first_ms + 100 * (int64_t)DAY_MS };

		for (int i = 0; i <= DAYS * 96; i++)
			before[i] = totals_of(w->sqlite, w->first_ms + i * (int64_t)QUARTER_MS,
				w->first_ms + (i + 5) * (int64_t)QUARTER_MS);
		assert_int_equal(prune(w->sqlite, l), older_than(w, cut_ms));
		assert_int_equal(prune(w->memory, l), older_than(w, cut_ms));
		assert_int_equal(prune(w->sqlite, l), 0);
		assert_adds_up(w->sqlite);
		for (int i = 0; i <= DAYS * 96; i++) {
			now = totals_of(w->sqlite, w->first_ms + i * (int64_t)QUARTER_MS,
				w->first_ms + (i + 5) * (int64_t)QUARTER_MS);
			assert_totals(&now, &before[i]);
		}
		parts_are_the_whole(w->sqlite, INT64_MIN, EVER_MS, false);
		parts_are_the_whole(w->sqlite, w->first_ms + DAY_MS, cut_ms, false);
		parts_are_the_whole(
			w->sqlite, w->first_ms + DAY_MS, cut_ms + 3 * QUARTER_MS, false);
		parts_are_the_whole(w->sqlite, cut_ms, EVER_MS, true);
		for (int i = 0; i < 25; i++)
			ask_both(w);
		assert_same(w, &(struct query_params){
				       QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""), SIZE_MAX });
		world_free(w);
	}
}

/* Every group as it was, not only their sum. */
static void groups_of_whole_days_stay_as_they_were(void **state)
{
	struct world *w = world_make(41);
	struct store_limits l = { .before_ms = w->first_ms + 4 * (int64_t)DAY_MS,
		.now_ms = w->first_ms + 100 * (int64_t)DAY_MS };
	struct buf before[GROUP_CONVERSATION], after;

	for (enum group by = 0; by < GROUP_CONVERSATION; by++)
		before[by] = answer_of(
			w->sqlite, &(struct query_params){ QUERY_GROUPS, w->first_ms + DAY_MS,
					   w->first_ms + 5 * (int64_t)DAY_MS, STR(""), 0, by });
	assert_true(prune(w->sqlite, l) > 0);
	prune(w->memory, l);
	for (enum group by = 0; by < GROUP_CONVERSATION; by++) {
		after = answer_of(
			w->sqlite, &(struct query_params){ QUERY_GROUPS, w->first_ms + DAY_MS,
					   w->first_ms + 5 * (int64_t)DAY_MS, STR(""), 0, by });
		assert_string_equal(after.p, before[by].p);
		buf_release(&after);
		buf_release(&before[by]);
	}
	world_free(w);
}

static void the_present_day_stays(void **state)
{
	struct world *w = world_make(51);
	struct store_limits l = { .before_ms = EVER_MS,
		.keep_bytes = 1,
		.now_ms = w->first_ms + 4 * (int64_t)DAY_MS + 7 };

	assert_int_equal(prune(w->sqlite, l), older_than(w, w->first_ms + 4 * (int64_t)DAY_MS));
	assert_int_equal(prune(w->memory, l), older_than(w, w->first_ms + 4 * (int64_t)DAY_MS));
	ask_both(w);
	world_free(w);
}

/* What is remembered besides the ledger does not go with its days. */
static void values_drive_out_no_days(void **state)
{
	enum { LARGE = 8 << 20 };
	struct world *w = world_make(71);
	struct store_limits l = { .before_ms = INT64_MIN,
		.now_ms = w->first_ms + 100 * (int64_t)DAY_MS };
	const struct store_value v = { STR("body"), STR("x"), { must_alloc(LARGE), LARGE }, 1, 0 };
	struct err e = { .kind = ERR_NONE };
	struct stat before;

	assert_ok(w->sqlite->driver->compact(w->sqlite, &e), e);
	assert_int_equal(stat(w->folder.file, &before), 0);
	assert_true(before.st_size < LARGE / 2);
	assert_ok(w->sqlite->driver->put(w->sqlite, &v, 1, &e), e);
	l.keep_bytes = before.st_size + LARGE / 4;
	assert_int_equal(prune(w->sqlite, l), 0);
	free((void *)(uintptr_t)v.value.p);
	world_free(w);
}

static void old_days_go_until_the_rest_is_small_enough(void **state)
{
	struct world *w = world_make(61);
	struct store_limits l = { .before_ms = INT64_MIN,
		.now_ms = w->first_ms + 100 * (int64_t)DAY_MS };
	struct store_pruned dry;
	struct err e = { .kind = ERR_NONE };
	struct stat before, after;

	assert_ok(w->sqlite->driver->compact(w->sqlite, &e), e);
	assert_int_equal(stat(w->folder.file, &before), 0);
	l.keep_bytes = before.st_size * 7 / 10;
	l.dry_run = true;
	assert_ok(w->sqlite->driver->prune(w->sqlite, &l, &dry, &e), e);
	assert_false(dry.more);
	assert_int_equal(all_totals(w->sqlite).exchanges, ROWS);
	l.dry_run = false;
	int64_t gone = prune(w->sqlite, l);
	assert_true(gone > 0 && gone < ROWS);
	assert_true(dry.exchanges > 0);
	bool whole_days = false;
	for (int day = 1; day < DAYS; day++)
		whole_days = whole_days ||
			     gone == (int64_t)older_than(w, w->first_ms + day * (int64_t)DAY_MS);
	assert_true(whole_days);
	assert_int_equal(all_totals(w->sqlite).exchanges, ROWS);
	assert_ok(w->sqlite->driver->compact(w->sqlite, &e), e);
	assert_int_equal(stat(w->folder.file, &after), 0);
	assert_true(after.st_size <= l.keep_bytes + 200000);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_agree),
		cmocka_unit_test(the_parts_add_up),
		cmocka_unit_test(pages_of_conversations_are_the_list),
		cmocka_unit_test(sums_outlive_exchanges),
		cmocka_unit_test(groups_of_whole_days_stay_as_they_were),
		cmocka_unit_test(the_present_day_stays),
		cmocka_unit_test(values_drive_out_no_days),
		cmocka_unit_test(old_days_go_until_the_rest_is_small_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
