/* SPDX-License-Identifier: MIT */
/* The SQLite store and its file: modes, versions, other people's files, locks, and what may happen to a file in use. */
#include "unit/store/ledger_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include "store/sqlite_private.h"

static void run_sql(const char *file, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		print_error("%s\n", sqlite3_errmsg(db));
		fail();
	}
	sqlite3_close(db);
}

static int number_of(const char *file, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int n = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return n;
}

static void add_one(struct store *s, const char *id)
{
	struct ledger_exchange x = a_row(id);

	must_append(s, &x, 1);
}

static struct err refused(const char *file, enum store_access access)
{
	struct err e = { .kind = ERR_NONE };

	assert_null(store_sqlite.open(file, access, &e));
	assert_true(e.kind != ERR_NONE && e.text[0] != '\0');
	return e;
}

static off_t size_of(const struct folder *f, const char *end)
{
	char name[128];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", f->file, end);
	return stat(name, &st) == 0 ? st.st_size : -1;
}

/* ---- the file ---- */

static void assert_private(const struct folder *f, const char *end)
{
	char name[128];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", f->file, end);
	assert_int_equal(stat(name, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void only_its_owner_may_read_it(void **state)
{
	static const mode_t masks[] = { 0, 022, 077 };

	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		struct folder f;
		folder_make(&f);
		mode_t before = umask(masks[i]);
		struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
		add_one(s, "x");
		umask(before);
		assert_private(&f, "");
		assert_private(&f, "-wal");
		assert_private(&f, "-shm");
		store_sqlite.close(s);
		folder_remove(&f);
	}
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
	assert_int_equal(
		refused("/tmp/no-such-folder/x/ledger.db", STORE_WRITE).kind, ERR_INTERNAL);
	assert_int_equal(
		refused("/tmp/no-such-folder/x/ledger.db", STORE_READ).kind, ERR_NOT_FOUND);
	assert_int_equal(refused("/dev/null/ledger.db", STORE_READ).kind, ERR_NOT_FOUND);
	assert_int_equal(refused("/tmp", STORE_WRITE).kind, ERR_INTERNAL);
	assert_int_equal(refused("/tmp", STORE_READ).kind, ERR_INTERNAL);
}

/* To SQLite these would be no names of files. */
static void any_name_is_a_name(void **state)
{
	static const char *const names[] = { ":memory:", "file:x?mode=memory", "" };
	struct folder f;
	char cwd[4096];
	struct stat st;

	folder_make(&f);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(f.path), 0);
	for (size_t i = 0; i < 2; i++) {
		store_sqlite.close(must_open(&store_sqlite, names[i], STORE_WRITE));
		assert_int_equal(stat(names[i], &st), 0);
		assert_int_equal(unlink(names[i]), 0);
	}
	refused(names[2], STORE_WRITE);
	assert_int_equal(chdir(cwd), 0);
	folder_remove(&f);
}

static void a_closed_ledger_is_one_file(void **state)
{
	struct folder f;

	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	add_one(s, "x");
	assert_true(size_of(&f, "-wal") > 0);
	store_sqlite.close(s);
	assert_int_equal(size_of(&f, "-wal"), -1);
	assert_int_equal(size_of(&f, "-shm"), -1);
	assert_int_equal(number_of(f.file, "SELECT count(*) FROM exchange"), 1);
	folder_remove(&f);
}

/* ---- versions ---- */

static void a_newer_ledger_is_left_alone(void **state)
{
	struct folder f;
	struct err e;

	folder_make(&f);
	store_sqlite.close(must_open(&store_sqlite, f.file, STORE_WRITE));
	int version = number_of(f.file, "PRAGMA user_version");
	assert_true(version > 0);
	run_sql(f.file, "PRAGMA user_version = 1000; PRAGMA journal_mode = DELETE");
	e = refused(f.file, STORE_WRITE);
	assert_non_null(strstr(e.text, "newer"));
	assert_non_null(strstr(e.text, "1000"));
	e = refused(f.file, STORE_READ);
	assert_non_null(strstr(e.text, "newer"));
	assert_int_equal(number_of(f.file, "PRAGMA user_version"), 1000);
	char back[80];
	snprintf(back, sizeof(back), "PRAGMA user_version = %d; PRAGMA journal_mode = DELETE",
		version);
	run_sql(f.file, back);
	store_sqlite.close(must_open(&store_sqlite, f.file, STORE_WRITE));
	folder_remove(&f);
}

static void a_database_of_another_program_is_left_alone(void **state)
{
	static const char *const theirs[] = {
		"CREATE TABLE exchange (x)",
		"PRAGMA user_version = 1",
		"PRAGMA application_id = 7",
	};

	for (size_t i = 0; i < ARRAY_LEN(theirs); i++) {
		struct folder f;
		folder_make(&f);
		run_sql(f.file, theirs[i]);
		int tables = number_of(f.file, "SELECT count(*) FROM sqlite_schema");
		struct err e = refused(f.file, STORE_WRITE);
		assert_non_null(strstr(e.text, "another program"));
		refused(f.file, STORE_READ);
		assert_int_equal(number_of(f.file, "SELECT count(*) FROM sqlite_schema"), tables);
		folder_remove(&f);
	}
}

/* Made, but the first writer has not come further yet. */
static void an_empty_file_is_nothing_to_read_and_a_place_to_write(void **state)
{
	struct folder f;

	folder_make(&f);
	close(open(f.file, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(refused(f.file, STORE_READ).kind, ERR_NOT_FOUND);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	add_one(s, "x");
	store_sqlite.close(s);
	folder_remove(&f);
}

/* Sums are few, and are put in order; exchanges come in theirs. */
static bool sorts(enum statement i)
{
	return (i >= SQL_MODELS && i <= SQL_CAUSES) || i == SQL_CONVERSATIONS;
}

static void assert_searches(sqlite3 *db, enum statement i)
{
	sqlite3_stmt *statement;
	struct buf sql;
	unsigned searches = 0;

	buf_init(&sql, 20000);
	buf_add(&sql, STR("EXPLAIN QUERY PLAN "));
	sqlite_text_of(i, &sql);
	assert_int_equal(sqlite3_prepare_v2(db, sql.p, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		struct str step = str_from((const char *)sqlite3_column_text(statement, 3));
		searches += str_starts(step, STR("SEARCH"));
		/* What was summed up already is looked through. */
		assert_true(i == SQL_CONVERSATIONS || !str_starts(step, STR("SCAN")));
		assert_true(sorts(i) || !str_starts(step, STR("USE TEMP")));
	}
	assert_int_equal(searches, 1);
	sqlite3_finalize(statement);
	buf_release(&sql);
}

/* All questions go through an index. */
static void no_question_reads_the_whole_ledger(void **state)
{
	sqlite3 *db;
	struct folder f;

	folder_make(&f);
	store_sqlite.close(must_open(&store_sqlite, f.file, STORE_WRITE));
	assert_int_equal(sqlite3_open(f.file, &db), SQLITE_OK);
	for (enum statement i = SQL_SESSION; i < SQL_PRUNE_TO; i++)
		if (i != SQL_PRUNED) /* a table of one row */
			assert_searches(db, i);
	sqlite3_close(db);
	folder_remove(&f);
}

/* ---- what may happen to a file in use ---- */

static void a_lock_is_waited_for_and_then_told(void **state)
{
	struct ledger_exchange x = a_row("x");
	struct err e = { .kind = ERR_NONE };
	sqlite3 *other;
	struct folder f;

	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	assert_int_equal(sqlite3_open(f.file, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_false(store_sqlite.append(s, &x, 1, &e));
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_non_null(strstr(e.text, "locked"));
	assert_non_null(strstr(e.text, f.file));
	assert_int_equal(all_totals(s).exchanges, 0);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	must_append(s, &x, 1);
	sqlite3_close(other);
	store_sqlite.close(s);
	folder_remove(&f);
}

/* As root everything is writable: a child gives that up first. */
static int try_as_somebody(const char *file)
{
	struct err e = { .kind = ERR_NONE };

	if (geteuid() == 0 && setuid(65534) != 0)
		return 2;
	struct store *s = store_sqlite.open(file, STORE_WRITE, &e);
	if (s != NULL || e.kind != ERR_INTERNAL || strstr(e.text, "read-only") == NULL)
		return 3;
	return 0;
}

static void a_file_that_may_only_be_read_says_so(void **state)
{
	struct folder f;
	int status;

	folder_make(&f);
	store_sqlite.close(must_open(&store_sqlite, f.file, STORE_WRITE));
	assert_int_equal(chmod(f.path, 0755) | chmod(f.file, 0444), 0);
	pid_t child = fork();
	if (child == 0)
		_exit(try_as_somebody(f.file));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(chmod(f.file, 0600), 0);
	folder_remove(&f);
}

static void scribble(const char *file, off_t from, size_t bytes)
{
	int fd = open(file, O_WRONLY);

	for (size_t i = 0; i < bytes; i += 64)
		assert_int_equal(
			pwrite(fd,
				"this is not what was written here before, and is no page at all ",
				64, from + (off_t)i),
			64);
	close(fd);
}

/* Of a batch the one that is at fault is named, and the others are not added. */
static void a_row_that_is_there_already_is_named(void **state)
{
	const struct ledger_exchange first = a_row("second");
	const struct ledger_exchange rows[] = { a_row("first"), a_row("second"), a_row("third") };
	struct err e = { .kind = ERR_NONE };
	struct folder f;

	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	must_append(s, &first, 1);
	assert_false(s->driver->append(s, rows, ARRAY_LEN(rows), &e));
	assert_int_equal(e.kind, ERR_INVALID);
	assert_non_null(strstr(e.text, "an exchange 'second' already"));
	assert_int_equal(number_of(f.file, "SELECT count(*) FROM exchange"), 1);
	must_append(s, &rows[2], 1);
	assert_int_equal(number_of(f.file, "SELECT count(*) FROM attempt WHERE exchange NOT IN"
					   " (SELECT row FROM exchange)"),
		0);
	store_sqlite.close(s);
	folder_remove(&f);
}

static void garbage_is_no_ledger(void **state)
{
	struct folder f;

	folder_make(&f);
	close(open(f.file, O_CREAT | O_WRONLY, 0600));
	scribble(f.file, 0, 8192);
	assert_non_null(strstr(refused(f.file, STORE_WRITE).text, "not a database"));
	assert_non_null(strstr(refused(f.file, STORE_READ).text, "not a database"));
	folder_remove(&f);
}

static void damage_is_told_and_nothing_is_added(void **state)
{
	struct ledger_exchange x = a_row("x");
	struct answer a = { .n = 0 };
	struct err e = { .kind = ERR_NONE };
	struct folder f;

	folder_make(&f);
	store_sqlite.close(must_open(&store_sqlite, f.file, STORE_WRITE));
	static const char *const pages[] = {
		"SELECT rootpage FROM sqlite_schema WHERE name = 'exchange'",
		"SELECT rootpage FROM sqlite_schema WHERE name = 'quarter'",
	};
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		scribble(f.file, 4096 * (number_of(f.file, pages[i]) - 1), 4096);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	for (int i = 0; i < 3; i++) {
		e.kind = ERR_NONE;
		assert_false(store_sqlite.append(s, &x, 1, &e));
		assert_int_equal(e.kind, ERR_INTERNAL);
		assert_non_null(strstr(e.text, "malformed"));
	}
	assert_false(ask_for(s, &(struct query_params){ QUERY_TOTALS, 0, EVER_MS }, &a, &e));
	assert_int_equal(a.n, 0);
	answer_release(&a);
	store_sqlite.close(s);
	folder_remove(&f);
}

static void a_file_that_was_removed_is_made_anew(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (size_t files = 1; files <= 3; files += 2) {
		struct folder f;
		char name[128];
		folder_make(&f);
		struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
		add_one(s, "lost");
		for (size_t i = 0; i < files; i++) {
			snprintf(name, sizeof(name), "%s%s", f.file, ends[i]);
			assert_int_equal(unlink(name), 0);
		}
		add_one(s, "kept");
		assert_int_equal(all_totals(s).exchanges, 1);
		store_sqlite.close(s);
		assert_int_equal(number_of(f.file, "SELECT count(*) FROM exchange"), 1);
		folder_remove(&f);
	}
}

static void a_folder_that_vanished_comes_back(void **state)
{
	struct ledger_exchange x = a_row("x");
	struct err e = { .kind = ERR_NONE };
	char moved[80];
	struct folder f;

	folder_make(&f);
	snprintf(moved, sizeof(moved), "%s-moved", f.path);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	assert_int_equal(rename(f.path, moved), 0);
	assert_false(store_sqlite.append(s, &x, 1, &e));
	assert_int_equal(e.kind, ERR_INTERNAL);
	assert_int_equal(rename(moved, f.path), 0);
	must_append(s, &x, 1);
	store_sqlite.close(s);
	folder_remove(&f);
}

/* ---- the log stays small ---- */

enum { SLOW_BATCHES = 400, SLOW_BATCH = 500 };

struct slow {
	struct store *writer;
	unsigned batches, heard;
};

static void add_batch(struct slow *slow)
{
	struct ledger_exchange rows[SLOW_BATCH];
	static char ids[SLOW_BATCH][24];

	for (unsigned i = 0; i < SLOW_BATCH; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%u-%u", slow->batches, i);
		rows[i] = a_row(ids[i]);
	}
	slow->batches++;
	must_append(slow->writer, rows, SLOW_BATCH);
}

/* For every row that it hears, 500 more are written. */
static bool hear_slowly(void *ctx, const struct query_row *row)
{
	struct slow *slow = ctx;

	slow->heard++;
	if (slow->batches < SLOW_BATCHES)
		add_batch(slow);
	return slow->heard < 1000;
}

static void a_slow_reader_does_not_keep_the_log_from_home(void **state)
{
	struct slow slow = { .batches = 0 };
	struct err e = { .kind = ERR_NONE };
	struct folder f;

	folder_make(&f);
	slow.writer = must_open(&store_sqlite, f.file, STORE_WRITE);
	add_batch(&slow);
	struct store *reader = must_open(&store_sqlite, f.file, STORE_READ);
	assert_ok(store_sqlite.query(reader,
			  &(struct query_params){ QUERY_HISTORY, 0, EVER_MS, STR(""), SIZE_MAX },
			  hear_slowly, &slow, &e),
		e);
	assert_int_equal(slow.batches, SLOW_BATCHES);
	assert_true(size_of(&f, "") > (off_t)10 << 20);
	assert_true(size_of(&f, "-wal") < (off_t)24 << 20);
	store_sqlite.close(reader);
	store_sqlite.close(slow.writer);
	folder_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_owner_may_read_it),
		cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
		cmocka_unit_test(any_name_is_a_name),
		cmocka_unit_test(a_closed_ledger_is_one_file),
		cmocka_unit_test(a_newer_ledger_is_left_alone),
		cmocka_unit_test(a_database_of_another_program_is_left_alone),
		cmocka_unit_test(an_empty_file_is_nothing_to_read_and_a_place_to_write),
		cmocka_unit_test(no_question_reads_the_whole_ledger),
		cmocka_unit_test(a_lock_is_waited_for_and_then_told),
		cmocka_unit_test(a_file_that_may_only_be_read_says_so),
		cmocka_unit_test(a_row_that_is_there_already_is_named),
		cmocka_unit_test(garbage_is_no_ledger),
		cmocka_unit_test(damage_is_told_and_nothing_is_added),
		cmocka_unit_test(a_file_that_was_removed_is_made_anew),
		cmocka_unit_test(a_folder_that_vanished_comes_back),
		cmocka_unit_test(a_slow_reader_does_not_keep_the_log_from_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
