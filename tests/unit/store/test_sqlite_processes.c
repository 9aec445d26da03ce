/* SPDX-License-Identifier: MIT */
/* Several processes on one ledger, and processes that are killed. */
#include "unit/store/ledger_check.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "store/writer.h"

enum { PROCESSES = 6, TRIES = 30, ROWS = 1500, KILLS = 60, QUEUE_ROWS = 1 << 20 };

static void assert_sound(const char *file)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void assert_ended_well(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* Rows, their attempts and the sums of quarters say the same. */
static void assert_consistent(struct store *s, size_t rows)
{
	struct ledger_totals sum = { .exchanges = 0 }, totals = all_totals(s);
	struct answer a = { .n = 0 };

	ask_history(s, &a);
	assert_int_equal(a.n, rows);
	for (size_t i = 0; i < a.n; i++) {
		struct ledger_exchange x = { .attempts = a.exchanges[i]->attempts,
			.nattempts = a.exchanges[i]->nattempts };
		sum_attempts(&x);
		assert_tokens(&x.tokens, &a.exchanges[i]->tokens);
		totals_add(&sum, a.exchanges[i]);
	}
	assert_totals(&totals, &sum);
	answer_release(&a);
}

/* ---- at the same time ---- */

/* All begin at once with a file that is not there. */
static int open_at_once(const char *file, atomic_uint *waiting)
{
	struct err e;

	atomic_fetch_add(waiting, 1);
	while (atomic_load(waiting) < PROCESSES)
		usleep(50);
	struct store *s = store_sqlite.open(file, STORE_WRITE, &e);
	if (s == NULL) {
		fprintf(stderr, "open: %s\n", e.text);
		return 1;
	}
	store_sqlite.close(s);
	return 0;
}

static void many_make_one_ledger(void **state)
{
	atomic_uint *waiting = mmap(
		NULL, sizeof(*waiting), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int round = 0; round < 20; round++) {
		pid_t children[PROCESSES];
		struct folder f;
		folder_make(&f);
		atomic_store(waiting, 0);
		for (int i = 0; i < PROCESSES; i++)
			if ((children[i] = fork()) == 0)
				_exit(open_at_once(f.file, waiting));
		for (int i = 0; i < PROCESSES; i++)
			assert_ended_well(children[i]);
		struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
		assert_consistent(s, 0);
		store_sqlite.close(s);
		folder_remove(&f);
	}
	munmap(waiting, sizeof(*waiting));
}

static int append_many(const char *file, unsigned number)
{
	struct dice d = { number, arena_new() };
	struct store *s = must_open(&store_sqlite, file, STORE_WRITE);
	struct ledger_exchange rows[16];
	char stem[16];

	snprintf(stem, sizeof(stem), "p%u-", number);
	for (unsigned i = 0; i < ROWS;) {
		unsigned n = 1 + (unsigned)throw_dice(&d, ARRAY_LEN(rows));
		struct err e;
		for (unsigned k = 0; k < n; k++)
			rows[k] = some_exchange(&d, stem, i + k);
		if (n > ROWS - i)
			n = ROWS - i;
		bool ok = store_sqlite.append(s, rows, n, &e);
		/* On a machine with much else to do the lock may be held for long: the writer would try again as well. */
		for (unsigned tries = 0; !ok && tries < TRIES; tries++)
			ok = store_sqlite.append(s, rows, n, &e);
		if (!ok) {
			fprintf(stderr, "append: %s\n", e.text);
			return 1;
		}
		i += n;
	}
	store_sqlite.close(s);
	arena_free(d.arena);
	return 0;
}

static bool count_row(void *ctx, const struct query_row *row)
{
	++*(size_t *)ctx;
	return true;
}

/* Reads while others write: what is there never becomes less, and sums and rows never err. */
static int read_along(const char *file, atomic_uint *writers)
{
	const struct query_params p = { QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""), 500 };
	struct store *s = must_open(&store_sqlite, file, STORE_READ);
	int64_t before = 0;
	pid_t parent = getppid();
	struct err e;

	while (atomic_load(writers) > 0 && getppid() == parent) {
		size_t n = 0;
		int64_t now = all_totals(s).exchanges;
		if (now < before || !store_sqlite.query(s, &p, count_row, &n, &e) ||
			n < (size_t)(now < 500 ? now : 500))
			return 1;
		before = now;
	}
	store_sqlite.close(s);
	return 0;
}

static void nobody_loses_a_row(void **state)
{
	atomic_uint *writers = mmap(
		NULL, sizeof(*writers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[3], reader;
	struct folder f;

	folder_make(&f);
	store_sqlite.close(must_open(&store_sqlite, f.file, STORE_WRITE));
	atomic_store(writers, 1);
	if ((reader = fork()) == 0)
		_exit(read_along(f.file, writers));
	for (unsigned i = 0; i < ARRAY_LEN(children); i++)
		if ((children[i] = fork()) == 0)
			_exit(append_many(f.file, i));
	for (unsigned i = 0; i < ARRAY_LEN(children); i++)
		assert_ended_well(children[i]);
	atomic_store(writers, 0);
	assert_ended_well(reader);
	struct store *s = must_open(&store_sqlite, f.file, STORE_READ);
	assert_consistent(s, ARRAY_LEN(children) * ROWS);
	store_sqlite.close(s);
	assert_sound(f.file);
	folder_remove(&f);
	munmap(writers, sizeof(*writers));
}

/* ---- kill -9 ---- */

/* What the child tells before it is killed. */
struct told {
	atomic_uint_fast64_t submitted, written;
};

static void write_for_ever(const char *file, struct told *told, unsigned round)
{
	struct writer *w =
		writer_new(&(struct writer_options){ &store_sqlite, file, 4, QUEUE_ROWS });
	struct writer_state st;
	char stem[16];

	snprintf(stem, sizeof(stem), "r%u-", round);
	for (unsigned i = 0;; i++) {
		struct dice d = { i, arena_new() };
		struct ledger_exchange x = some_exchange(&d, stem, i);
		if (!writer_submit(w, &x))
			_exit(1);
		arena_free(d.arena);
		writer_state(w, &st);
		atomic_store(&told->submitted, st.submitted);
		atomic_store(&told->written, st.written);
		if (i % 16 == 0)
			usleep(300);
	}
}

/* The rows of one round are there from the first on without a gap. Returns how many. */
static size_t count_round(struct store *s, unsigned round, uint64_t submitted)
{
	struct answer a = { .n = 0 };
	size_t n = 0;
	char id[32];

	for (bool there = true; there && n <= submitted + 64; n += there) {
		snprintf(id, sizeof(id), "r%u-%zu", round, n);
		ask(s, &(struct query_params){ .what = QUERY_EXCHANGE, .text = str_from(id) }, &a);
		there = a.n == 1;
	}
	answer_release(&a);
	return n;
}

static void what_was_written_survives_a_kill(void **state)
{
	struct told *told = mmap(
		NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct dice d = { 7, NULL };
	size_t all = 0;
	struct folder f;

	folder_make(&f);
	for (unsigned round = 0; round < KILLS; round++) {
		int status;
		atomic_store(&told->written, 0);
		atomic_store(&told->submitted, 0);
		pid_t child = fork();
		if (child == 0)
			write_for_ever(f.file, told, round);
		while (atomic_load(&told->written) == 0 && waitpid(child, &status, WNOHANG) == 0)
			usleep(200);
		usleep((useconds_t)throw_dice(&d, 20000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
		size_t there = count_round(s, round, atomic_load(&told->submitted));
		assert_true(there >= atomic_load(&told->written));
		all += there;
		assert_int_equal(all_totals(s).exchanges, all);
		store_sqlite.close(s);
		assert_sound(f.file);
	}
	struct store *s = must_open(&store_sqlite, f.file, STORE_READ);
	assert_consistent(s, all);
	store_sqlite.close(s);
	folder_remove(&f);
	munmap(told, sizeof(*told));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_make_one_ledger),
		cmocka_unit_test(nobody_loses_a_row),
		cmocka_unit_test(what_was_written_survives_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
