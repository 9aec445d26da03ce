/* SPDX-License-Identifier: MIT */
/* What every store promises, asked of each of them. */
#include "unit/store/ledger_check.h"

/* A new place for a ledger, and the driver under test. */
struct site {
	const struct store_driver *driver;
	struct folder folder;
	struct store *store;
};

static void site_open(struct site *s, void **state)
{
	*s = (struct site){ .driver = *state };
	folder_make(&s->folder);
	s->store = must_open(s->driver, s->folder.file, STORE_WRITE);
}

static void site_close(struct site *s)
{
	s->driver->close(s->store);
	folder_remove(&s->folder);
}

/* ---- rows ---- */

static void nothing_is_there_to_read_yet(void **state)
{
	const struct store_driver *d = *state;
	struct folder f;
	struct err e = { .kind = ERR_NONE };

	folder_make(&f);
	assert_null(d->open(f.file, STORE_READ, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_true(e.text[0] != '\0');
	d->close(NULL);
	folder_remove(&f);
}

/* All members different, so that none can be taken for another. */
static void every_member_comes_back(void **state)
{
	const struct ledger_attempt attempts[] = {
		{ STR("p1"), STR("m1"), STR("k1"), STR("timeout"), 504, true,
			{ 101, 102, 103, 104, 105, 106 }, { 111, 112, 113, 114, 115, 116 }, 117,
			118, 119 },
		{ STR("p2"), STR("m2"), STR("k2"), STR("ok"), 200, false,
			{ 201, 202, 203, 204, 205, 206 }, { 211, 212, 213, 214, 215, 216 }, 217,
			218, 219 },
	};
	const struct ledger_saving savings[] = { { STR("s1"), 31, -32 }, { STR("s2"), 33, 15 } };
	struct ledger_exchange x = { STR("id"), STR("session"), STR("conversation"), STR("parent"),
		STR("caller"), STR("project"), STR("dialect"), STR("endpoint"), STR("kind"),
		STR("model_asked"), STR("model"), STR("provider"), STR("plan"), STR("{\"by\":1}"),
		STR("error"), 418, true, false, { 1, 2, 3, 4, 5, 6 }, { 11, 12, 13, 14, 15, 16 },
		{ 41, 42, STR("cause"), STR("at"), 43, 44, 45 }, -17, savings, 2, 18, 19, 20, 21,
		22, attempts, 2 };
	struct ledger_exchange y = x;
	struct answer a = { .n = 0 };
	struct site s;

	y.id = STR("other");
	y.streamed = false;
	y.estimated = true;
	y.decision = STR("");
	y.nattempts = 0;
	y.nsavings = 0;
	site_open(&s, state);
	must_append(s.store, &x, 1);
	must_append(s.store, &y, 1);
	ask(s.store, &(struct query_params){ .what = QUERY_EXCHANGE, .text = STR("id") }, &a);
	assert_int_equal(a.n, 1);
	assert_exchange(a.exchanges[0], &x);
	ask(s.store, &(struct query_params){ .what = QUERY_EXCHANGE, .text = STR("other") }, &a);
	assert_int_equal(a.n, 1);
	assert_exchange(a.exchanges[0], &y);
	ask(s.store, &(struct query_params){ .what = QUERY_EXCHANGE, .text = STR("none") }, &a);
	assert_int_equal(a.n, 0);
	answer_release(&a);
	site_close(&s);
}

static void what_is_unknown_stays_unknown(void **state)
{
	const struct ledger_attempt attempt = { .tokens = { -1, -1, -1, -1, -1, -1 },
		.cost = { -1, -1, -1, -1, -1, -1 },
		.begin_ms = -1,
		.first_us = -1,
		.duration_us = -1 };
	struct ledger_exchange x = { .id = STR("x"),
		.tokens = { -1, -1, -1, -1, -1, -1 },
		.cost = { -1, -1, -1, -1, -1, -1 },
		.saved = -1,
		.prefix = { .read_predicted = -1, .write_predicted = -1 },
		.request_bytes = -1,
		.reply_bytes = -1,
		.begin_ms = -1,
		.first_us = -1,
		.duration_us = -1,
		.attempts = &attempt,
		.nattempts = 1 };
	struct answer a = { .n = 0 };
	struct site s;

	site_open(&s, state);
	must_append(s.store, &x, 1);
	ask_history(s.store, &a);
	assert_int_equal(a.n, 1);
	assert_exchange(a.exchanges[0], &x);
	answer_release(&a);
	struct ledger_totals t = all_totals(s.store);
	assert_totals(&t,
		&(struct ledger_totals){ .exchanges = 1, .failed = 1, .unpriced = 1, .saved = -1 });
	site_close(&s);
}

static void texts_may_hold_anything(void **state)
{
	char *large = must_alloc(3000000);
	struct ledger_exchange x = a_row("\xff'\";--");
	struct answer a = { .n = 0 };
	struct site s;

	memset(large, 'x', 3000000);
	x.session = STR("a\0b");
	x.conversation = STR("\xed\xa0\xbd");
	x.plan = (struct str){ large, 3000000 };
	x.decision = (struct str){ large + 1, 2999999 };
	x.error = STR("\0");
	site_open(&s, state);
	must_append(s.store, &x, 1);
	ask_history(s.store, &a);
	assert_int_equal(a.n, 1);
	assert_exchange(a.exchanges[0], &x);
	assert_int_equal(session_totals(s.store, STR("a\0b")).exchanges, 1);
	assert_int_equal(session_totals(s.store, STR("a")).exchanges, 0);
	answer_release(&a);
	site_close(&s);
	free(large);
}

static void rows_stay(void **state)
{
	struct ledger_exchange x = a_row("x");
	struct site s;

	site_open(&s, state);
	must_append(s.store, &x, 1);
	must_append(s.store, NULL, 0);
	s.driver->close(s.store);
	s.store = must_open(s.driver, s.folder.file, STORE_WRITE);
	assert_int_equal(all_totals(s.store).exchanges, 1);
	site_close(&s);
}

static void an_id_that_is_there_fails_the_whole(void **state)
{
	struct ledger_exchange first[] = { a_row("a"), a_row("b") };
	struct ledger_exchange known[] = { a_row("c"), a_row("d"), a_row("b"), a_row("e") };
	struct ledger_exchange twice[] = { a_row("f"), a_row("f") };
	struct ledger_exchange last = a_row("c");
	struct err e = { .kind = ERR_NONE };
	struct answer a = { .n = 0 };
	struct site s;

	site_open(&s, state);
	must_append(s.store, first, 2);
	struct ledger_totals before = all_totals(s.store);
	assert_false(s.driver->append(s.store, known, 4, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	assert_non_null(strstr(e.text, "'b'"));
	e.kind = ERR_NONE;
	assert_false(s.driver->append(s.store, twice, 2, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	struct ledger_totals after = all_totals(s.store);
	assert_totals(&after, &before);
	ask_history(s.store, &a);
	assert_int_equal(a.n, 2);
	answer_release(&a);
	must_append(s.store, &last, 1);
	assert_int_equal(all_totals(s.store).exchanges, 3);
	site_close(&s);
}

static void a_reader_sees_what_is_added_and_adds_nothing(void **state)
{
	struct ledger_exchange x = a_row("x"), y = a_row("y");
	struct err e = { .kind = ERR_NONE };
	struct site s;

	site_open(&s, state);
	struct store *reader = must_open(s.driver, s.folder.file, STORE_READ);
	assert_int_equal(all_totals(reader).exchanges, 0);
	must_append(s.store, &x, 1);
	assert_int_equal(all_totals(reader).exchanges, 1);
	assert_false(s.driver->append(reader, &y, 1, &e));
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(all_totals(reader).exchanges, 1);
	s.driver->close(reader);
	site_close(&s);
}

/* ---- history ---- */

static void add_at(struct store *s, const char *id, int64_t begin_ms)
{
	struct ledger_exchange x = a_row(id);

	x.begin_ms = begin_ms;
	must_append(s, &x, 1);
}

/* The ids of a history, with blanks between. */
static void assert_history(struct store *s, const struct query_params *p, const char *want)
{
	struct answer a = { .n = 0 };
	char got[256] = "";
	size_t n = 0;

	ask(s, p, &a);
	for (size_t i = 0; i < a.n; i++)
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%.*s", i > 0 ? " " : "",
			STR_ARG(a.exchanges[i]->id));
	assert_string_equal(got, want);
	answer_release(&a);
}

static void a_history_is_newest_first(void **state)
{
	struct site s;

	site_open(&s, state);
	add_at(s.store, "b", 20);
	add_at(s.store, "z", 30);
	add_at(s.store, "y", 30);
	add_at(s.store, "a", -10);
	add_at(s.store, "c", 40);
	const struct query_params all = { QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""), SIZE_MAX };
	struct query_params p = all;
	assert_history(s.store, &p, "c y z b a");
	p.from_ms = 20;
	p.to_ms = 40;
	assert_history(s.store, &p, "y z b");
	p.limit = 2;
	assert_history(s.store, &p, "y z");
	p.limit = 0;
	assert_history(s.store, &p, "");
	p = all;
	p.from_ms = 40;
	p.to_ms = 20;
	assert_history(s.store, &p, "");
	p = all;
	p.text = STR("y");
	assert_history(s.store, &p, "z b a");
	p.limit = 1;
	assert_history(s.store, &p, "z");
	p = all;
	p.text = STR("c");
	p.to_ms = 30;
	assert_history(s.store, &p, "b a");
	p = all;
	p.text = STR("a");
	assert_history(s.store, &p, "");
	site_close(&s);
}

static void a_history_behind_what_is_not_there_fails(void **state)
{
	struct query_params p = { QUERY_HISTORY, 0, EVER_MS, STR("nobody"), 10 };
	struct answer a = { .n = 0 };
	struct err e = { .kind = ERR_NONE };
	struct site s;

	site_open(&s, state);
	add_at(s.store, "a", 1);
	assert_false(ask_for(s.store, &p, &a, &e));
	assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_int_equal(a.n, 0);
	answer_release(&a);
	site_close(&s);
}

static void a_long_history_is_whole(void **state)
{
	enum { ROWS = 1000 };
	struct answer a = { .n = 0 };
	struct site s;
	char id[16];

	site_open(&s, state);
	for (int i = 0; i < ROWS; i++) {
		snprintf(id, sizeof(id), "%d", i);
		add_at(s.store, id, i / 150);
	}
	ask_history(s.store, &a);
	assert_int_equal(a.n, ROWS);
	for (int i = 0; i < ROWS; i++) {
		snprintf(id, sizeof(id), "%d", ROWS - 1 - i);
		assert_str(a.exchanges[i]->id, str_from(id));
	}
	answer_release(&a);
	site_close(&s);
}

static void who_has_heard_enough_hears_no_more(void **state)
{
	struct ledger_exchange rows[] = { a_row("a"), a_row("b"), a_row("c") };
	struct answer a = { .n = 0 };
	struct err e = { .kind = ERR_NONE };
	struct site s;

	rows[0].model = STR("n");
	rows[1].model = STR("o");
	site_open(&s, state);
	must_append(s.store, rows, 3);
	for (enum query what = QUERY_MODELS; what <= QUERY_HISTORY; what++) {
		a.stop_at = 2;
		assert_ok(ask_for(s.store, &(struct query_params){ what, 0, EVER_MS, STR(""), 10 },
				  &a, &e),
			e);
		assert_int_equal(a.n, 2);
		answer_release(&a);
	}
	must_append(s.store, &(struct ledger_exchange){ .id = STR("d") }, 1);
	site_close(&s);
}

/* ---- sums ---- */

static void totals_are_there_without_exchanges(void **state)
{
	const struct ledger_totals none = { .exchanges = 0 };
	struct answer a = { .n = 0 };
	struct site s;

	site_open(&s, state);
	struct ledger_totals t = all_totals(s.store);
	assert_totals(&t, &none);
	t = session_totals(s.store, STR("nobody's"));
	assert_totals(&t, &none);
	ask(s.store, &(struct query_params){ QUERY_MODELS, 0, EVER_MS }, &a);
	assert_int_equal(a.n, 0);
	answer_release(&a);
	site_close(&s);
}

static void totals_take_whole_quarters(void **state)
{
	const int64_t q = ANY_TIME_MS;
	struct site s;

	site_open(&s, state);
	add_at(s.store, "a", q - 1);
	add_at(s.store, "b", q);
	add_at(s.store, "c", q + QUARTER_MS - 1);
	add_at(s.store, "d", q + QUARTER_MS);
	add_at(s.store, "e", -1);
	add_at(s.store, "f", 0);
	assert_int_equal(totals_of(s.store, q, q + QUARTER_MS).exchanges, 2);
	assert_int_equal(totals_of(s.store, q + 5, q + 6).exchanges, 2);
	assert_int_equal(totals_of(s.store, q - 1, q + 1).exchanges, 3);
	assert_int_equal(totals_of(s.store, q, q + QUARTER_MS + 1).exchanges, 3);
	assert_int_equal(totals_of(s.store, q, q).exchanges, 0);
	assert_int_equal(totals_of(s.store, q + 6, q + 5).exchanges, 0);
	assert_int_equal(totals_of(s.store, 0, q).exchanges, 2);
	assert_int_equal(totals_of(s.store, -1, 0).exchanges, 1);
	assert_int_equal(totals_of(s.store, INT64_MIN, 0).exchanges, 1);
	assert_int_equal(totals_of(s.store, -2 * QUARTER_MS - 5, -QUARTER_MS).exchanges, 0);
	assert_int_equal(totals_of(s.store, INT64_MIN, INT64_MAX).exchanges, 6);
	site_close(&s);
}

static void what_failed_is_counted(void **state)
{
	struct ledger_exchange rows[] = { a_row("a"), a_row("b"), a_row("c"), a_row("d"),
		a_row("e"), a_row("f") };
	struct site s;

	rows[0].status = 399;
	rows[1].status = 400;
	rows[2].status = 0;
	rows[3].error = STR("overloaded_error: too many");
	rows[4].estimated = true;
	rows[4].cost.in = -1; /* a part only: the total is known */
	rows[5].cost.total = -1;
	site_open(&s, state);
	must_append(s.store, rows, 6);
	struct ledger_totals t = all_totals(s.store), session = session_totals(s.store, STR("s"));
	assert_totals(&t, &(struct ledger_totals){ .exchanges = 6,
				  .failed = 3,
				  .unpriced = 1,
				  .estimated = 1,
				  .tokens = { 6, 12, 18, 24, 30, 36 },
				  .cost = { 40, 100, 150, 200, 250, 750 },
				  .duration_us = 48,
				  .predicted = 6,
				  .read_found = 12,
				  .read_off = 12 });
	assert_totals(&session, &t);
	site_close(&s);
}

static void models_are_dearest_first(void **state)
{
	struct ledger_exchange rows[] = { a_row("a"), a_row("b"), a_row("c"), a_row("d"),
		a_row("e") };
	struct answer a = { .n = 0 };
	struct site s;

	rows[0].model = STR("small");
	rows[0].cost.total = 100;
	rows[1].model = STR("large");
	rows[1].cost.total = 70;
	rows[2].model = STR("large");
	rows[2].cost.total = 70;
	rows[2].begin_ms += QUARTER_MS;
	rows[3].model = STR("large");
	rows[3].provider = STR("q");
	rows[3].cost.total = 100;
	rows[4].model = STR("mute");
	rows[4].cost.total = -1;
	site_open(&s, state);
	must_append(s.store, rows, 5);
	ask(s.store, &(struct query_params){ QUERY_MODELS, 0, EVER_MS }, &a);
	assert_int_equal(a.n, 4);
	assert_bytes(a.totals[0].model, "large");
	assert_bytes(a.totals[0].provider, "p");
	assert_int_equal(a.totals[0].exchanges, 2);
	assert_int_equal(a.totals[0].cost.total, 140);
	assert_bytes(a.totals[1].model, "large");
	assert_bytes(a.totals[1].provider, "q");
	assert_bytes(a.totals[2].model, "small");
	assert_bytes(a.totals[3].model, "mute");
	assert_int_equal(a.totals[3].unpriced, 1);
	ask(s.store, &(struct query_params){ QUERY_MODELS, ANY_TIME_MS + QUARTER_MS, EVER_MS }, &a);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.totals[0].cost.total, 70);
	answer_release(&a);
	site_close(&s);
}

static void exchanges_without_a_session_are_nobodys(void **state)
{
	struct ledger_exchange x = a_row("x");
	struct site s;

	x.session = STR("");
	site_open(&s, state);
	must_append(s.store, &x, 1);
	assert_int_equal(session_totals(s.store, STR("")).exchanges, 0);
	site_close(&s);
}

/* What a provider may say must not spoil the sums of years. */
static void mad_figures_break_nothing(void **state)
{
	struct ledger_exchange rows[8];
	static const char *const ids[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
	struct answer a = { .n = 0 };
	struct site s;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rows[i] = a_row(ids[i]);
		rows[i].tokens.in = rows[i].cost.total = rows[i].duration_us = INT64_MAX;
		rows[i].saved = i % 2 ? INT64_MIN : INT64_MAX;
		rows[i].begin_ms = i % 2 ? INT64_MIN : INT64_MAX;
	}
	site_open(&s, state);
	must_append(s.store, rows, 4);
	for (size_t i = 4; i < ARRAY_LEN(rows); i++)
		must_append(s.store, &rows[i], 1);
	struct ledger_totals t = totals_of(s.store, 0, EVER_MS);
	assert_int_equal(t.exchanges, 4);
	assert_true(t.tokens.in > 0 && t.cost.total > 0 && t.saved > 0);
	assert_int_equal(session_totals(s.store, STR("s")).exchanges, 8);
	ask(s.store, &(struct query_params){ .what = QUERY_EXCHANGE, .text = STR("3") }, &a);
	assert_exchange(a.exchanges[0], &rows[3]);
	answer_release(&a);
	site_close(&s);
}

/* ---- at random ---- */

enum { RANDOM_ROWS = 1500, SESSIONS = 7 };

/* Sums of its own, so that a mistake in counting is not made twice. */
static void count_in(struct ledger_totals *t, const struct ledger_exchange *x)
{
	const int64_t *tokens = &x->tokens.in, *cost = &x->cost.in;
	int64_t *to = &t->tokens.in, *cost_to = &t->cost.in;

	t->exchanges += 1;
	if (x->error.n != 0 || x->status < 1 || x->status > 399)
		t->failed += 1;
	if (x->cost.total == -1)
		t->unpriced += 1;
	if (x->estimated)
		t->estimated += 1;
	for (size_t i = 0; i < 6; i++) {
		to[i] += tokens[i];
		cost_to[i] += x->cost.total == -1 ? 0 : cost[i];
	}
	t->saved += x->saved;
	t->lost += x->prefix.lost_nusd;
	t->duration_us += x->duration_us == -1 ? 0 : x->duration_us;
	t->alarms += x->prefix.alarm != 0;
	if (x->prefix.read_predicted == -1)
		return;
	t->predicted += 1;
	t->read_predicted += x->prefix.read_predicted;
	t->read_found += x->tokens.cache_read;
	t->read_off += labs(x->prefix.read_predicted - x->tokens.cache_read);
}

static void append_in_pieces(struct store *s, struct dice *d, struct ledger_exchange *rows)
{
	for (size_t i = 0, n; i < RANDOM_ROWS; i += n) {
		n = 1 + throw_dice(d, 200);
		if (n > RANDOM_ROWS - i)
			n = RANDOM_ROWS - i;
		for (size_t k = i; k < i + n; k++)
			rows[k] = some_exchange(d, "x", (unsigned)k);
		must_append(s, rows + i, n);
	}
}

static const struct ledger_exchange *find(const struct ledger_exchange *rows, struct str id)
{
	for (size_t i = 0; i < RANDOM_ROWS; i++)
		if (str_eq(rows[i].id, id))
			return &rows[i];
	return NULL;
}

static void check_rows(struct store *s, const struct ledger_exchange *rows)
{
	struct answer a = { .n = 0 };

	ask_history(s, &a);
	assert_int_equal(a.n, RANDOM_ROWS);
	for (size_t i = 0; i < a.n; i++) {
		const struct ledger_exchange *want = find(rows, a.exchanges[i]->id);
		struct ledger_exchange sum = { .attempts = a.exchanges[i]->attempts,
			.nattempts = a.exchanges[i]->nattempts };
		assert_non_null(want);
		assert_exchange(a.exchanges[i], want);
		assert_true(i == 0 || a.exchanges[i - 1]->begin_ms >= a.exchanges[i]->begin_ms);
		sum_attempts(&sum);
		assert_tokens(&sum.tokens, &a.exchanges[i]->tokens);
		if (a.exchanges[i]->cost.total != -1)
			assert_cost(&sum.cost, &a.exchanges[i]->cost);
	}
	answer_release(&a);
}

static void add_totals(struct ledger_totals *sum, const struct ledger_totals *t)
{
	int64_t *to = &sum->exchanges;
	const int64_t *from = &t->exchanges;

	for (size_t i = 0; i < (sizeof(*t) - offsetof(struct ledger_totals, exchanges)) / 8; i++)
		to[i] += from[i];
}

static void check_sums(struct store *s, const struct ledger_exchange *rows)
{
	struct ledger_totals want = { .exchanges = 0 }, got, sum = { .exchanges = 0 };
	struct answer a = { .n = 0 };

	for (size_t i = 0; i < RANDOM_ROWS; i++)
		count_in(&want, &rows[i]);
	got = all_totals(s);
	assert_totals(&got, &want);
	ask(s, &(struct query_params){ QUERY_MODELS, INT64_MIN, EVER_MS }, &a);
	assert_int_equal(a.n, 4 * 2);
	for (size_t i = 0; i < a.n; i++) {
		struct ledger_totals one = { .exchanges = 0 };
		for (size_t k = 0; k < RANDOM_ROWS; k++)
			if (str_eq(rows[k].model, a.totals[i].model) &&
				str_eq(rows[k].provider, a.totals[i].provider))
				count_in(&one, &rows[k]);
		assert_totals(&a.totals[i], &one);
		assert_true(i == 0 || a.totals[i - 1].cost.total >= a.totals[i].cost.total);
		add_totals(&sum, &a.totals[i]);
	}
	assert_totals(&sum, &want);
	answer_release(&a);
}

static void check_sessions(struct store *s, const struct ledger_exchange *rows)
{
	char name[16];

	for (int i = 0; i < SESSIONS; i++) {
		struct ledger_totals want = { .exchanges = 0 }, got;
		snprintf(name, sizeof(name), "session%d", i);
		for (size_t k = 0; k < RANDOM_ROWS; k++)
			if (str_eq(rows[k].session, str_from(name)))
				count_in(&want, &rows[k]);
		got = session_totals(s, str_from(name));
		assert_totals(&got, &want);
	}
}

/* Quarters that follow each other make up the whole. */
static void check_quarters(struct store *s)
{
	struct ledger_totals want = totals_of(s, ANY_TIME_MS, EVER_MS), sum = { .exchanges = 0 };

	for (int64_t ms = ANY_TIME_MS; ms < ANY_TIME_MS + 5 * QUARTER_MS; ms += QUARTER_MS) {
		struct ledger_totals t = totals_of(s, ms, ms + QUARTER_MS);
		add_totals(&sum, &t);
	}
	assert_totals(&sum, &want);
}

static void sums_are_the_sums_of_rows(void **state)
{
	struct ledger_exchange *rows = must_alloc(RANDOM_ROWS * sizeof(*rows));

	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct dice d = { seed, arena_new() };
		struct site s;
		site_open(&s, state);
		append_in_pieces(s.store, &d, rows);
		check_rows(s.store, rows);
		check_sums(s.store, rows);
		check_sessions(s.store, rows);
		check_quarters(s.store);
		site_close(&s);
		arena_free(d.arena);
	}
	free(rows);
}

/* More models in one call than are gathered at once. */
static void many_models_in_one_call(void **state)
{
	enum { MODELS = 300 };
	struct ledger_exchange rows[2 * MODELS];
	struct arena *arena = arena_new();
	struct answer a = { .n = 0 };
	struct site s;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		rows[i] = a_row("");
		rows[i].id = arena_printf(arena, "%u", i);
		rows[i].model = arena_printf(arena, "m%03u", i % MODELS);
	}
	site_open(&s, state);
	must_append(s.store, rows, ARRAY_LEN(rows));
	ask(s.store, &(struct query_params){ QUERY_MODELS, 0, EVER_MS }, &a);
	assert_int_equal(a.n, MODELS);
	for (size_t i = 0; i < a.n; i++)
		assert_int_equal(a.totals[i].exchanges, 2);
	answer_release(&a);
	site_close(&s);
	arena_free(arena);
}

#define TEST(f, driver) cmocka_unit_test_prestate(f, (void *)&(driver))
#define TESTS(driver) \
	{ \
		TEST(nothing_is_there_to_read_yet, driver), TEST(every_member_comes_back, driver), \
			TEST(what_is_unknown_stays_unknown, driver), \
			TEST(texts_may_hold_anything, driver), TEST(rows_stay, driver), \
			TEST(an_id_that_is_there_fails_the_whole, driver), \
			TEST(a_reader_sees_what_is_added_and_adds_nothing, driver), \
			TEST(a_history_is_newest_first, driver), \
			TEST(a_history_behind_what_is_not_there_fails, driver), \
			TEST(a_long_history_is_whole, driver), \
			TEST(who_has_heard_enough_hears_no_more, driver), \
			TEST(totals_are_there_without_exchanges, driver), \
			TEST(totals_take_whole_quarters, driver), \
			TEST(what_failed_is_counted, driver), \
			TEST(models_are_dearest_first, driver), \
			TEST(exchanges_without_a_session_are_nobodys, driver), \
			TEST(mad_figures_break_nothing, driver), \
			TEST(sums_are_the_sums_of_rows, driver), \
			TEST(many_models_in_one_call, driver), \
	}

int main(void)
{
	const struct CMUnitTest sqlite[] = TESTS(store_sqlite), memory[] = TESTS(store_memory);
	int bad = cmocka_run_group_tests_name("sqlite", sqlite, NULL, NULL);

	return bad + cmocka_run_group_tests_name("memory", memory, NULL, NULL);
}
