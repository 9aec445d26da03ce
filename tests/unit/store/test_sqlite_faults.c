/* SPDX-License-Identifier: MIT */
/* The n-th operation on the ledger's files fails, for every n: no row is added in part, none twice, and the next try works. The
 * operations go through a layer of SQLite's own kind (a VFS) that counts them down. */
#include "unit/store/ledger_check.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- the layer ---- */

static sqlite3_vfs *real;
static sqlite3_vfs layer;
static long countdown; /* 0: off; 1: the next one fails */
static bool stays;     /* all that follow fail too */
static bool failed;
static int failure; /* what is said then */

struct layer_file {
	sqlite3_file base;
	sqlite3_file *real;
};

static bool fails(void)
{
	if (stays && failed)
		return true;
	if (countdown == 0 || --countdown > 0)
		return false;
	return failed = true;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
	return ((struct layer_file *)(void *)f)->real;
}

static int layer_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int layer_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return fails() ? SQLITE_IOERR_READ : real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

/* Half of it is written. */
static int layer_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (!fails())
		return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
	real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
	return failure;
}

static int layer_truncate(sqlite3_file *f, sqlite3_int64 n)
{
	return fails() ? SQLITE_IOERR_TRUNCATE : real_of(f)->pMethods->xTruncate(real_of(f), n);
}

static int layer_sync(sqlite3_file *f, int flags)
{
	return fails() ? SQLITE_IOERR_FSYNC : real_of(f)->pMethods->xSync(real_of(f), flags);
}

static int layer_size(sqlite3_file *f, sqlite3_int64 *n)
{
	return fails() ? SQLITE_IOERR_FSTAT : real_of(f)->pMethods->xFileSize(real_of(f), n);
}

static int layer_lock(sqlite3_file *f, int how)
{
	return fails() ? SQLITE_IOERR_LOCK : real_of(f)->pMethods->xLock(real_of(f), how);
}

static int layer_unlock(sqlite3_file *f, int how)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int layer_reserved(sqlite3_file *f, int *ret)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), ret);
}

static int layer_control(sqlite3_file *f, int what, void *arg)
{
	return real_of(f)->pMethods->xFileControl(real_of(f), what, arg);
}

static int layer_sector(sqlite3_file *f)
{
	return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int layer_device(sqlite3_file *f)
{
	return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int layer_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
	if (fails()) {
		*ret = NULL;
		return SQLITE_IOERR_SHMMAP;
	}
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}

static int layer_shm_lock(sqlite3_file *f, int from, int n, int flags)
{
	if (!(flags & SQLITE_SHM_UNLOCK) && fails())
		return SQLITE_IOERR_SHMLOCK;
	return real_of(f)->pMethods->xShmLock(real_of(f), from, n, flags);
}

static void layer_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int layer_shm_unmap(sqlite3_file *f, int remove)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2,
	.xClose = layer_close,
	.xRead = layer_read,
	.xWrite = layer_write,
	.xTruncate = layer_truncate,
	.xSync = layer_sync,
	.xFileSize = layer_size,
	.xLock = layer_lock,
	.xUnlock = layer_unlock,
	.xCheckReservedLock = layer_reserved,
	.xFileControl = layer_control,
	.xSectorSize = layer_sector,
	.xDeviceCharacteristics = layer_device,
	.xShmMap = layer_shm_map,
	.xShmLock = layer_shm_lock,
	.xShmBarrier = layer_shm_barrier,
	.xShmUnmap = layer_shm_unmap,
};

static int layer_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret)
{
	struct layer_file *file = (struct layer_file *)(void *)f;

	file->base.pMethods = NULL;
	if (fails())
		return SQLITE_CANTOPEN;
	file->real = (sqlite3_file *)(void *)(file + 1);
	int rc = real->xOpen(real, name, file->real, flags, ret);
	if (rc == SQLITE_OK)
		file->base.pMethods = &methods;
	return rc;
}

static int layer_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	return fails() ? SQLITE_IOERR_DELETE : real->xDelete(real, name, sync);
}

/* All other ways go straight to the real one, which takes itself from what it is called with. */
static void layer_install(void)
{
	real = sqlite3_vfs_find(NULL);
	layer = *real;
	layer.zName = "failing";
	layer.szOsFile = (int)sizeof(struct layer_file) + real->szOsFile;
	layer.xOpen = layer_open;
	layer.xDelete = layer_delete;
	assert_int_equal(sqlite3_vfs_register(&layer, 1), SQLITE_OK);
}

static void fail_at(long n, bool all, int how)
{
	countdown = n;
	stays = all;
	failure = how;
	failed = false;
}

static void no_more_failures(void)
{
	countdown = 0;
	stays = false;
}

/* ---- checks ---- */

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

enum { BATCH = 15, BATCHES = 2 };

struct rows {
	struct ledger_exchange v[BATCH];
	struct arena *arena;
};

static void rows_make(struct rows *r, uint64_t seed, unsigned first)
{
	struct dice d = { seed, r->arena = arena_new() };

	for (unsigned i = 0; i < BATCH; i++)
		r->v[i] = some_exchange(&d, "x", first + i);
}

/* So many rows are there, and rows, sums and attempts say the same. */
static void assert_rows(struct store *s, size_t want)
{
	struct answer a = { .n = 0 };

	ask_history(s, &a);
	assert_int_equal(a.n, want);
	assert_int_equal(all_totals(s).exchanges, want);
	for (size_t i = 0; i < a.n; i++) {
		struct ledger_exchange sum = { .attempts = a.exchanges[i]->attempts,
			.nattempts = a.exchanges[i]->nattempts };
		sum_attempts(&sum);
		assert_tokens(&sum.tokens, &a.exchanges[i]->tokens);
	}
	answer_release(&a);
}

/* Adds batches, each again until it is there. A try that failed has added nothing. Returns how many failed. */
static unsigned add_all(struct store **s, const char *file, unsigned failures_allowed)
{
	unsigned failures = 0;
	struct err e = { .kind = ERR_NONE };

	for (unsigned b = 0; b < BATCHES; b++) {
		struct rows r;
		rows_make(&r, b, b * BATCH);
		while ((*s == NULL && (*s = store_sqlite.open(file, STORE_WRITE, &e)) == NULL) ||
			!store_sqlite.append(*s, r.v, BATCH, &e)) {
			assert_int_equal(e.kind, ERR_INTERNAL);
			assert_non_null(strstr(e.text, file));
			if (++failures >= failures_allowed)
				no_more_failures();
			assert_true(failures <= failures_allowed);
			if (*s != NULL && countdown == 0 && !stays)
				assert_rows(*s, b * BATCH);
		}
		arena_free(r.arena);
	}
	return failures;
}

/* Fails at each place in turn, until a run is over before it would fail. */
static void fail_everywhere(bool all, int how)
{
	unsigned runs_that_failed = 0;
	bool reached = true;

	for (long n = 1; reached; n++) {
		struct folder f;
		struct store *s = NULL;
		folder_make(&f);
		fail_at(n, all, how);
		runs_that_failed += add_all(&s, f.file, all ? 3 : 1) > 0;
		reached = failed;
		no_more_failures();
		assert_rows(s, (size_t)BATCH * BATCHES);
		store_sqlite.close(s);
		assert_sound(f.file);
		folder_remove(&f);
	}
	assert_true(runs_that_failed > 20);
}

static void one_operation_fails(void **state)
{
	fail_everywhere(false, SQLITE_IOERR_WRITE);
}

static void the_disk_is_full_for_a_while(void **state)
{
	fail_everywhere(true, SQLITE_FULL);
}

/* Closing brings the log home: what fails then is there when it is opened again. */
static void closing_fails(void **state)
{
	bool reached = true;

	for (long n = 1; reached; n++) {
		struct folder f;
		struct store *s = NULL;
		folder_make(&f);
		no_more_failures();
		add_all(&s, f.file, 0);
		fail_at(n, true, SQLITE_FULL);
		store_sqlite.close(s);
		reached = failed;
		no_more_failures();
		s = must_open(&store_sqlite, f.file, STORE_WRITE);
		assert_rows(s, (size_t)BATCH * BATCHES);
		store_sqlite.close(s);
		assert_sound(f.file);
		folder_remove(&f);
	}
}

/* A reader says so, and answers when it can read again. */
static void reading_fails(void **state)
{
	struct folder f;
	struct store *s = NULL;
	unsigned failures = 0;
	bool reached = true;

	folder_make(&f);
	no_more_failures();
	add_all(&s, f.file, 0);
	store_sqlite.close(s);
	for (long n = 1; reached; n++) {
		struct answer a = { .n = 0 };
		struct err e = { .kind = ERR_NONE };
		const struct query_params p = { QUERY_HISTORY, INT64_MIN, EVER_MS, STR(""),
			SIZE_MAX };
		fail_at(n, false, SQLITE_IOERR_WRITE);
		s = store_sqlite.open(f.file, STORE_READ, &e);
		bool ok = s != NULL && ask_for(s, &p, &a, &e);
		reached = failed;
		no_more_failures();
		assert_true(ok || e.kind == ERR_INTERNAL);
		assert_true(!ok || a.n == (size_t)BATCH * BATCHES);
		failures += !ok;
		answer_release(&a);
		if (s != NULL)
			assert_rows(s, (size_t)BATCH * BATCHES);
		store_sqlite.close(s);
	}
	assert_true(failures > 3);
	folder_remove(&f);
}

/* ---- a limit that the system sets ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = bytes < l.rlim_max ? bytes : l.rlim_max;
	setrlimit(RLIMIT_FSIZE, &l);
}

static int fill_to_the_limit(const char *file)
{
	struct err e = { .kind = ERR_NONE };
	size_t there = 0;
	struct rows r;

	signal(SIGXFSZ, SIG_IGN);
	limit_files(400000);
	struct store *s = must_open(&store_sqlite, file, STORE_WRITE);
	for (bool ok = true; ok; there += ok ? BATCH : 0) {
		rows_make(&r, there, (unsigned)there);
		ok = store_sqlite.append(s, r.v, BATCH, &e);
		if (ok)
			arena_free(r.arena);
	}
	if (there == 0 || e.kind != ERR_INTERNAL)
		return 2;
	limit_files(RLIM_INFINITY);
	assert_rows(s, there);
	must_append(s, r.v, BATCH);
	assert_rows(s, there + BATCH);
	arena_free(r.arena);
	store_sqlite.close(s);
	return 0;
}

static void a_file_that_may_not_grow(void **state)
{
	struct folder f;
	int status;

	folder_make(&f);
	pid_t child = fork();
	if (child == 0)
		_exit(fill_to_the_limit(f.file));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_sound(f.file);
	folder_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_operation_fails),
		cmocka_unit_test(the_disk_is_full_for_a_while),
		cmocka_unit_test(closing_fails),
		cmocka_unit_test(reading_fails),
		cmocka_unit_test(a_file_that_may_not_grow),
	};

	/* What the driver sets for all of SQLite comes before its first use. */
	store_sqlite.close(
		store_sqlite.open("/tmp/no-such-folder/x", STORE_READ, &(struct err){ 0 }));
	layer_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
