/* SPDX-License-Identifier: MIT */
/* Ledgers of earlier versions are brought up to date with all that is in them, and faults in a ledger are found. */
#include "unit/store/ledger_check.h"

#include <sqlite3.h>

#include "store/sqlite_private.h"

enum { ROWS = 600 };

static void run_on(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		print_error("%s\n", sqlite3_errmsg(db));
		fail();
	}
}

static void run_sql(const char *file, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	run_on(db, sql);
	sqlite3_close(db);
}

/* As rows of the first version are: without what it did not know. */
static void make_rows(struct dice *d, struct ledger_exchange *rows)
{
	for (unsigned i = 0; i < ROWS; i++) {
		rows[i] = some_exchange(d, "x", i);
		rows[i].project = STR("");
		rows[i].decision = STR("");
		rows[i].prefix = (struct ledger_prefix){ -1, -1, STR(""), STR(""), 0, 0, 0 };
		rows[i].saved = 0;
		rows[i].nsavings = 0;
	}
	rows[0].begin_ms = INT64_MIN;
	rows[1].begin_ms = INT64_MAX;
	if (rows[2].nattempts == 0)
		rows[2].tokens.in = INT64_MAX;
}

#define OLD_COLUMNS \
	"in_tokens, cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, out_tokens," \
	" reasoning_tokens, in_nusd, cache_read_nusd, cache_write_5m_nusd," \
	" cache_write_1h_nusd, out_nusd, total_nusd"
#define OLD_EXCHANGE \
	"row, id, session, conversation, parent, caller, dialect, endpoint, kind, model_asked," \
	" model, provider, plan, error, status, streamed, estimated, " OLD_COLUMNS \
	", saved_nusd, request_bytes, reply_bytes, begin_ms, first_us, duration_us"
#define OLD_QUARTER \
	"quarter_ms, model, provider, exchanges, failed, unpriced, estimated, " OLD_COLUMNS \
	", saved_nusd, duration_us"

/* What the first version would have made of the rows of a newer ledger. */
static void make_old(const char *file, const char *newer)
{
	sqlite3 *db = NULL;
	char sql[256];

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	for (const char *const *text = sqlite_versions[0]; *text != NULL; text++)
		run_on(db, *text);
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS newer", newer);
	run_on(db, sql);
	run_on(db, "INSERT INTO main.exchange (" OLD_EXCHANGE ") SELECT " OLD_EXCHANGE
		   " FROM newer.exchange;"
		   "INSERT INTO main.quarter (" OLD_QUARTER ") SELECT " OLD_QUARTER
		   " FROM newer.quarter;"
		   "INSERT INTO main.attempt SELECT * FROM newer.attempt;"
		   "PRAGMA user_version = 1; PRAGMA application_id = 1936483121");
	sqlite3_close(db);
}

static bool fail_on_fault(void *ctx, const char *what)
{
	(void)ctx;
	print_error("fault: %s\n", what);
	fail();
	return true;
}

static void assert_same_answers(
	struct store *one, struct store *other, const struct query_params *p)
{
	struct answer a = { .n = 0 }, b = { .n = 0 };

	ask(one, p, &a);
	ask(other, p, &b);
	assert_int_equal(a.n, b.n);
	for (size_t i = 0; i < a.n; i++) {
		if (a.exchanges != NULL) {
			assert_exchange(a.exchanges[i], b.exchanges[i]);
			continue;
		}
		assert_str(a.totals[i].name, b.totals[i].name);
		assert_str(a.totals[i].provider, b.totals[i].provider);
		assert_totals(&a.totals[i], &b.totals[i]);
	}
	answer_release(&a);
	answer_release(&b);
}

static void an_old_ledger_is_brought_up_to_date(void **state)
{
	struct dice d = { 3, arena_new() };
	struct ledger_exchange *rows = must_alloc(ROWS * sizeof(*rows));
	struct folder newer, older;
	struct err e = { .kind = ERR_NONE };

	folder_make(&newer);
	folder_make(&older);
	make_rows(&d, rows);
	struct store *want = must_open(&store_sqlite, newer.file, STORE_WRITE);
	must_append(want, rows, ROWS);
	make_old(older.file, newer.file);
	assert_null(store_sqlite.open(older.file, STORE_READ, &e));
	assert_non_null(strstr(e.text, "earlier version"));
	struct store *got = must_open(&store_sqlite, older.file, STORE_WRITE);
	assert_ok(got->driver->check(got, fail_on_fault, NULL, &e), e);
	for (enum group by = 0; by < GROUPS; by++)
		assert_same_answers(got, want,
			&(struct query_params){ QUERY_GROUPS, INT64_MIN, EVER_MS, STR(""), 0, by });
	assert_same_answers(got, want,
		&(struct query_params){ QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""), SIZE_MAX });
	struct ledger_exchange more = a_row("after");
	must_append(got, &more, 1);
	assert_int_equal(all_totals(got).exchanges, all_totals(want).exchanges + 1);
	assert_ok(got->driver->check(got, fail_on_fault, NULL, &e), e);
	store_sqlite.close(got);
	store_sqlite.close(want);
	folder_remove(&newer);
	folder_remove(&older);
	free(rows);
	arena_free(d.arena);
}

/* The second version differs by a trigger, and knows of no decisions. */
static void a_ledger_of_the_second_version_is_brought_up_to_date(void **state)
{
	struct ledger_exchange rows[] = { a_row("before"), a_row("after") };
	struct err e = { .kind = ERR_NONE };
	struct answer a = { .n = 0 };
	struct folder f;

	rows[1].decision = STR("{}");
	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	must_append(s, &rows[0], 1);
	store_sqlite.close(s);
	run_sql(f.file,
		"DROP TRIGGER quarter_counted; PRAGMA user_version = 2;"
		"ALTER TABLE exchange DROP COLUMN decision;"
		"CREATE TRIGGER exchange_counted BEFORE INSERT ON exchange BEGIN SELECT counted(0); END");
	s = must_open(&store_sqlite, f.file, STORE_WRITE);
	must_append(s, &rows[1], 1);
	assert_int_equal(all_totals(s).exchanges, 2);
	ask_history(s, &a);
	assert_exchange(a.exchanges[0], &rows[1]);
	assert_exchange(a.exchanges[1], &rows[0]);
	answer_release(&a);
	assert_ok(s->driver->check(s, fail_on_fault, NULL, &e), e);
	store_sqlite.close(s);
	run_sql(f.file, "DROP TRIGGER quarter_counted");
	folder_remove(&f);
}

/* ---- programs of other versions ---- */

/* Adds a row and its sum as the first version does: in one transaction. Returns whether it could. */
static bool add_as_of_old(sqlite3 *old, sqlite3_stmt *const statements[2])
{
	bool ok = true;

	run_on(old, "BEGIN IMMEDIATE");
	for (size_t i = 0; i < 2; i++) {
		ok = ok && sqlite3_step(statements[i]) == SQLITE_DONE;
		sqlite3_reset(statements[i]);
	}
	run_on(old, ok ? "COMMIT" : "ROLLBACK");
	return ok;
}

/* The first version has the file open while another program brings it up to date. */
static void an_older_program_that_runs_on_is_refused(void **state)
{
	static const char row[] =
		"INSERT INTO exchange (id, session, conversation, parent, caller, dialect, endpoint, kind,"
		" model_asked, model, provider, plan, error, status, streamed, estimated, saved_nusd,"
		" begin_ms) VALUES (hex(randomblob(9)), '', '', '', '', '', '', '', '', '', '', '', '', 200,"
		" 0, 0, 0, 7)";
	static const char sum[] =
		"INSERT INTO quarter (" OLD_QUARTER
		") VALUES (0, '', '', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,"
		" 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (quarter_ms, model, provider) DO UPDATE"
		" SET exchanges = exchanges + excluded.exchanges";
	struct err e = { .kind = ERR_NONE };
	sqlite3_stmt *statements[2] = { NULL, NULL };
	sqlite3 *old = NULL;
	struct folder f;

	folder_make(&f);
	assert_int_equal(sqlite3_open(f.file, &old), SQLITE_OK);
	for (const char *const *text = sqlite_versions[0]; *text != NULL; text++)
		run_on(old, *text);
	run_on(old, "PRAGMA user_version = 1; PRAGMA application_id = 1936483121");
	assert_int_equal(sqlite3_prepare_v2(old, row, -1, &statements[0], NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(old, sum, -1, &statements[1], NULL), SQLITE_OK);
	assert_true(add_as_of_old(old, statements));
	assert_true(add_as_of_old(old, statements));
	run_on(old, "DELETE FROM exchange; DELETE FROM quarter");
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	assert_false(add_as_of_old(old, statements));
	assert_false(add_as_of_old(old, statements));
	sqlite3_finalize(statements[0]);
	sqlite3_finalize(statements[1]);
	sqlite3_close(old);
	assert_int_equal(all_totals(s).exchanges, 0);
	assert_ok(s->driver->check(s, fail_on_fault, NULL, &e), e);
	store_sqlite.close(s);
	folder_remove(&f);
}

/* And so are we, when a newer one comes. */
static void a_newer_program_takes_over(void **state)
{
	const struct store_limits limits = { .before_ms = INT64_MIN };
	const struct ledger_exchange row = a_row("late");
	struct err e = { .kind = ERR_NONE };
	struct store_pruned pruned;
	struct folder f;

	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	run_sql(f.file, "PRAGMA user_version = 99");
	assert_false(s->driver->append(s, &row, 1, &e));
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_false(s->driver->append(s, &row, 1, &e));
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.text, "newer sluice"));
	assert_false(s->driver->prune(s, &limits, &pruned, &e));
	run_sql(f.file, "PRAGMA user_version = 4");
	must_append(s, &row, 1);
	assert_int_equal(all_totals(s).exchanges, 1);
	store_sqlite.close(s);
	folder_remove(&f);
}

/* ---- faults ---- */

static bool note_fault(void *ctx, const char *what)
{
	struct buf *b = ctx;

	buf_addf(b, "%s\n", what);
	return true;
}

/* What is wrong after some damage was done. */
static void assert_fault(const char *damage, const char *want)
{
	struct dice d = { 7, arena_new() };
	struct ledger_exchange *rows = must_alloc(ROWS * sizeof(*rows));
	struct err e = { .kind = ERR_NONE };
	struct folder f;
	struct buf faults;

	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	for (unsigned i = 0; i < ROWS; i++)
		rows[i] = some_exchange(&d, "x", i);
	must_append(s, rows, ROWS);
	assert_ok(s->driver->check(s, fail_on_fault, NULL, &e), e);
	store_sqlite.close(s);
	run_sql(f.file, damage);
	s = must_open(&store_sqlite, f.file, STORE_READ);
	buf_init(&faults, 1 << 20);
	assert_ok(s->driver->check(s, note_fault, &faults, &e), e);
	buf_add_char(&faults, '\0');
	if (strstr(faults.p, want) == NULL)
		print_error("%s: %s\n", damage, faults.p);
	assert_non_null(strstr(faults.p, want));
	buf_release(&faults);
	store_sqlite.close(s);
	folder_remove(&f);
	arena_free(d.arena);
	free(rows);
}

static void what_does_not_add_up_is_named(void **state)
{
	assert_fault("UPDATE attempt SET out_tokens = out_tokens + 1 WHERE place = 0 AND exchange ="
		     " (SELECT row FROM exchange WHERE id = (SELECT min(x.id) FROM exchange x,"
		     " attempt a WHERE a.exchange = x.row))",
		"attempts do not add up to it: exchange x");
	assert_fault("UPDATE attempt SET total_nusd = NULL WHERE place = 0",
		"attempts do not add up to it: exchange x");
	assert_fault("UPDATE exchange SET saved_nusd = saved_nusd + 1 WHERE id = 'x5'",
		"savings do not add up to what it saved: exchange x5");
	assert_fault(
		"UPDATE exchange SET in_nusd = in_nusd + 1 WHERE total_nusd >= 0 AND id = (SELECT"
		" min(id) FROM exchange WHERE total_nusd >= 0)",
		"the parts of its cost are not its total: exchange x");
	assert_fault("DELETE FROM exchange WHERE id = 'x7'", "sums by model: 2026-01-01");
	assert_fault("DELETE FROM exchange WHERE id = 'x7'", "sums by kind: ");
	assert_fault("DELETE FROM exchange WHERE id IN (SELECT id FROM exchange x, attempt a"
		     " WHERE a.exchange = x.row LIMIT 1)",
		"attempts of no exchange: row ");
	assert_fault("DELETE FROM exchange WHERE row IN (SELECT exchange FROM saving LIMIT 1)",
		"savings of no exchange: row ");
	assert_fault("UPDATE quarter SET lost_nusd = lost_nusd + 1 WHERE model = 'model1'",
		"losses by cause do not add up: ");
	assert_fault(
		"UPDATE quarter SET read_off_tokens = read_off_tokens + 1 WHERE model = 'model1'",
		"sums by model: ");
	assert_fault("UPDATE part SET exchanges = exchanges + 1 WHERE dimension = 'caller'",
		"sums by model and by kind, project or caller differ: 2026-01-01 00:00 caller");
	assert_fault("UPDATE cause SET nusd = nusd - 1 WHERE dimension = 'saved'",
		"savings by cause do not add up: ");
	assert_fault("DELETE FROM conversation WHERE model = 'model2'", "sums of a conversation: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_ledger_is_brought_up_to_date),
		cmocka_unit_test(a_ledger_of_the_second_version_is_brought_up_to_date),
		cmocka_unit_test(an_older_program_that_runs_on_is_refused),
		cmocka_unit_test(a_newer_program_takes_over),
		cmocka_unit_test(what_does_not_add_up_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
