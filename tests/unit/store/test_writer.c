/* SPDX-License-Identifier: MIT */
/* The writer's thread on a store that does what a test wants: works, fails for a while or for ever, refuses single rows, takes
 * its time. Nothing says how long a thing may take. Also run with the thread sanitizer. */
#include "unit/store/ledger_check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "store/writer.h"

enum { FLUSH_MS = 2, NEVER_S = 60, LONG_MS = 60000, ROOM = 100000 };

/* ---- the store ---- */

static struct {
	atomic_uint open_failures, append_failures; /* so many calls fail first; UINT_MAX: all */
	atomic_bool hold;                           /* append does not return */
	atomic_uint opens, appends, closes, largest;
	atomic_bool held; /* somebody waits in append */
	atomic_uint prunes;
	struct writer *busy; /* gets another row with each write */
	pthread_mutex_t lock;
	struct ledger_exchange **rows; /* what was added, in order */
	size_t n;
	char values[64][32]; /* "key=value", in order */
	size_t nvalues;
} fake = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct store_driver store_fake;
static struct store the_store = { &store_fake };

static bool take_failure(atomic_uint *left)
{
	unsigned n = atomic_load(left);

	if (n != 0 && n != UINT32_MAX)
		atomic_store(left, n - 1);
	return n != 0;
}

static struct store *fake_open(const char *path, enum store_access access, struct err *e)
{
	assert_string_equal(path, "somewhere");
	assert_int_equal(access, STORE_WRITE);
	atomic_fetch_add(&fake.opens, 1);
	if (!take_failure(&fake.open_failures))
		return &the_store;
	err_set(e, ERR_INTERNAL, "cannot open");
	return NULL;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

static void keep(const struct ledger_exchange *row)
{
	struct ledger_exchange *copy = must_alloc(row_bytes(row));

	row_copy(row, copy);
	fake.rows = must_realloc(fake.rows, (fake.n + 1) * sizeof(void *));
	fake.rows[fake.n++] = copy;
}

static void keep_value(const struct store_value *v)
{
	assert_true(fake.nvalues < ARRAY_LEN(fake.values));
	snprintf(fake.values[fake.nvalues++], sizeof(fake.values[0]), "%.*s=%.*s", STR_ARG(v->key),
		STR_ARG(v->value));
}

/* Rows of the kind "bad" are refused. */
static bool fake_write(struct store *s, const struct store_batch *batch, struct err *e)
{
	const struct ledger_exchange *rows = batch->rows;
	size_t n = batch->nrows;

	atomic_fetch_add(&fake.appends, 1);
	if (n > atomic_load(&fake.largest))
		atomic_store(&fake.largest, (unsigned)n);
	for (; atomic_load(&fake.hold); nap())
		atomic_store(&fake.held, true);
	atomic_store(&fake.held, false);
	if (take_failure(&fake.append_failures))
		return err_set(e, ERR_INTERNAL, "cannot write");
	for (size_t i = 0; i < n; i++)
		if (str_eq(rows[i].kind, STR("bad")))
			return err_set(e, ERR_INVALID, "bad row");
	pthread_mutex_lock(&fake.lock);
	for (size_t i = 0; i < n; i++)
		keep(&rows[i]);
	for (size_t i = 0; i < batch->nvalues; i++)
		keep_value(&batch->values[i]);
	pthread_mutex_unlock(&fake.lock);
	if (fake.busy != NULL && atomic_load(&fake.prunes) == 0) {
		struct ledger_exchange more = a_row("more");
		writer_submit(fake.busy, &more);
	}
	return true;
}

static bool fake_prune(
	struct store *s, const struct store_limits *limits, struct store_pruned *ret, struct err *e)
{
	atomic_fetch_add(&fake.prunes, 1);
	*ret = (struct store_pruned){ .exchanges = 7 };
	return true;
}

static void fake_close(struct store *s)
{
	assert_ptr_equal(s, &the_store);
	atomic_fetch_add(&fake.closes, 1);
}

static const struct store_driver store_fake = {
	.name = "fake",
	.open = fake_open,
	.write = fake_write,
	.prune = fake_prune,
	.close = fake_close,
};

static int forget(void **state)
{
	for (size_t i = 0; i < fake.n; i++)
		free(fake.rows[i]);
	free(fake.rows);
	fake.rows = NULL;
	fake.n = fake.nvalues = 0;
	fake.busy = NULL;
	atomic_store(&fake.prunes, 0);
	atomic_store(&fake.open_failures, 0);
	atomic_store(&fake.append_failures, 0);
	atomic_store(&fake.hold, false);
	atomic_store(&fake.opens, 0);
	atomic_store(&fake.appends, 0);
	atomic_store(&fake.closes, 0);
	atomic_store(&fake.largest, 0);
	return 0;
}

/* ---- helpers ---- */

static struct writer *start(uint64_t flush_ms, size_t queue_rows)
{
	return writer_new(
		&(struct writer_options){ &store_fake, "somewhere", flush_ms, queue_rows });
}

static struct writer_state state_of(struct writer *w)
{
	struct writer_state st;

	writer_state(w, &st);
	assert_int_equal(st.submitted, st.written + st.dropped + st.waiting);
	return st;
}

#define until(condition) \
	do { \
		time_t until_start = time(NULL); \
		while (!(condition)) { \
			nap(); \
			if (time(NULL) > until_start + NEVER_S) { \
				print_error("never: %s\n", #condition); \
				fail(); \
			} \
		} \
	} while (0)

static bool submit(struct writer *w, unsigned number, struct str kind)
{
	char id[16];
	struct ledger_exchange x;

	snprintf(id, sizeof(id), "%u", number);
	x = a_row(id);
	x.kind = kind;
	bool taken = writer_submit(w, &x);
	memset(id, '?', sizeof(id)); /* the writer has its own copy */
	return taken;
}

static void submit_many(struct writer *w, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		assert_true(submit(w, i, STR("good")));
}

/* The numbers from 0 on, each once and in order. */
static void assert_kept(size_t n)
{
	char id[16];

	assert_int_equal(fake.n, n);
	for (size_t i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%zu", i);
		assert_str(fake.rows[i]->id, str_from(id));
	}
}

/* ---- a store that is well ---- */

static void rows_arrive_whole_and_in_order(void **state)
{
	enum { ROWS = 3000 };
	struct dice d = { 5, arena_new() };
	struct writer *w = start(FLUSH_MS, ROOM);
	struct ledger_exchange rows[100];

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		rows[i] = some_exchange(&d, "", i);
		assert_true(writer_submit(w, &rows[i]));
	}
	submit_many(w, ARRAY_LEN(rows), ROWS);
	until(state_of(w).written == ROWS);
	struct writer_state st = state_of(w);
	assert_int_equal(st.failures, 0);
	assert_false(st.failing);
	assert_int_equal(st.last.kind, ERR_NONE);
	assert_int_equal(writer_free(w, 0), 0);
	assert_kept(ROWS);
	for (unsigned i = 0; i < ARRAY_LEN(rows); i++)
		assert_exchange(fake.rows[i], &rows[i]);
	assert_int_equal(atomic_load(&fake.opens), 1);
	assert_int_equal(atomic_load(&fake.closes), 1);
	arena_free(d.arena);
}

static void rows_are_written_without_being_asked_again(void **state)
{
	struct writer *w = start(FLUSH_MS, ROOM);

	for (unsigned i = 0; i < 20; i++) {
		submit_many(w, i, i + 1);
		until(state_of(w).written == i + 1);
	}
	assert_int_equal(writer_free(w, 0), 0);
	assert_kept(20);
}

/* An hour is not waited for when there is a batch, nor at the end. */
static void a_batch_does_not_wait(void **state)
{
	struct writer *w = start(3600000, ROOM);

	submit_many(w, 0, 2000);
	until(state_of(w).written >= 512);
	submit_many(w, 2000, 2003);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(2003);
}

/* A handful of rows goes in one transaction. */
static void rows_are_gathered(void **state)
{
	struct writer *w = start(3600000, ROOM);

	submit_many(w, 0, 300);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(300);
	assert_int_equal(atomic_load(&fake.appends), 1);
	assert_int_equal(atomic_load(&fake.largest), 300);
}

static void an_end_without_rows(void **state)
{
	assert_int_equal(writer_free(start(FLUSH_MS, ROOM), LONG_MS), 0);
	assert_int_equal(writer_free(start(FLUSH_MS, ROOM), 0), 0);
	assert_int_equal(writer_free(NULL, 0), 0);
}

/* ---- a full queue ---- */

static void a_full_queue_is_bounded(void **state)
{
	struct writer *w = start(FLUSH_MS, 100);

	assert_true(writer_has_room(w, 100));
	assert_false(writer_has_room(w, 101));
	atomic_store(&fake.hold, true);
	submit_many(w, 0, 1);
	until(atomic_load(&fake.held));
	submit_many(w, 1, 99);
	assert_true(writer_has_room(w, 1));
	assert_false(writer_has_room(w, 2));
	submit_many(w, 99, 100);
	assert_false(writer_has_room(w, 1));
	assert_true(writer_has_room(w, 0));
	for (unsigned i = 0; i < 7; i++)
		assert_false(submit(w, 1000, STR("lost")));
	struct writer_state st = state_of(w);
	assert_int_equal(st.waiting, 100);
	assert_int_equal(st.dropped, 7);
	assert_int_equal(st.submitted, 107);
	atomic_store(&fake.hold, false);
	until(state_of(w).written == 100);
	assert_true(writer_has_room(w, 100));
	submit_many(w, 100, 101);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(101);
}

/* ---- a store that fails ---- */

static void a_batch_is_tried_until_it_succeeds(void **state)
{
	atomic_store(&fake.append_failures, 4);
	struct writer *w = start(FLUSH_MS, ROOM);

	submit_many(w, 0, 50);
	until(state_of(w).failing || state_of(w).written > 0);
	submit_many(w, 50, 80);
	until(state_of(w).written == 80);
	struct writer_state st = state_of(w);
	assert_int_equal(st.failures, 4);
	assert_false(st.failing);
	assert_string_equal(st.last.text, "cannot write");
	assert_int_equal(writer_free(w, 0), 0);
	assert_kept(80);
}

static void a_store_that_does_not_open_is_tried_again(void **state)
{
	atomic_store(&fake.open_failures, 3);
	struct writer *w = start(FLUSH_MS, ROOM);

	submit_many(w, 0, 10);
	until(state_of(w).written == 10);
	assert_int_equal(state_of(w).failures, 3);
	assert_false(state_of(w).failing);
	assert_int_equal(writer_free(w, 0), 0);
	assert_kept(10);
	assert_int_equal(atomic_load(&fake.opens), 4);
}

/* It is known before the first row comes. */
static void a_store_that_never_opens(void **state)
{
	atomic_store(&fake.open_failures, UINT32_MAX);
	struct writer *w = start(FLUSH_MS, ROOM);

	until(state_of(w).failures >= 2);
	assert_true(state_of(w).failing);
	assert_string_equal(state_of(w).last.text, "cannot open");
	submit_many(w, 0, 5);
	assert_int_equal(writer_free(w, 30), 5);
	assert_int_equal(atomic_load(&fake.appends), 0);
	assert_int_equal(atomic_load(&fake.closes), 0);
}

/* What does not work for ever is given up, and told how much it was. */
static void a_store_that_never_works(void **state)
{
	atomic_store(&fake.append_failures, UINT32_MAX);
	struct writer *w = start(FLUSH_MS, ROOM);

	submit_many(w, 0, 600);
	until(state_of(w).failures >= 3);
	submit_many(w, 600, 2000);
	struct writer_state st = state_of(w);
	assert_true(st.failing);
	assert_int_equal(st.waiting, 2000);
	assert_int_equal(st.written, 0);
	assert_int_equal(writer_free(w, 50), 2000);
	assert_int_equal(fake.n, 0);
	assert_int_equal(atomic_load(&fake.closes), 1);
}

/* The end comes amid failures, and the store recovers in time. */
static void the_end_keeps_trying(void **state)
{
	atomic_store(&fake.append_failures, 9);
	struct writer *w = start(FLUSH_MS, ROOM);

	submit_many(w, 0, 1200);
	until(state_of(w).failures >= 7);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(1200);
}

static void *release_later(void *ctx)
{
	for (int i = 0; i < 100; i++)
		nap();
	atomic_store(&fake.hold, false);
	return NULL;
}

/* A try under way is waited for; what comes behind it is lost when time is up. */
static void a_slow_store_at_the_end(void **state)
{
	struct writer *w = start(0, ROOM);
	pthread_t helper;

	atomic_store(&fake.hold, true);
	submit_many(w, 0, 1);
	until(atomic_load(&fake.held));
	submit_many(w, 1, 700);
	pthread_create(&helper, NULL, release_later, NULL);
	size_t lost = writer_free(w, 0);
	pthread_join(helper, NULL);
	assert_int_equal(lost, 699);
	assert_kept(1);
}

/* ---- a row that is refused ---- */

static void a_bad_row_holds_up_nobody(void **state)
{
	struct writer *w = start(3600000, ROOM);
	unsigned bad = 0;

	for (unsigned i = 0, good = 0; i < 400; i++) {
		bool is_bad = i == 0 || i == 17 || i == 18 || i == 399;
		assert_true(submit(w, is_bad ? 9999 : good, is_bad ? STR("bad") : STR("good")));
		good += !is_bad;
		bad += is_bad;
	}
	until(state_of(w).submitted == 400);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_int_equal(bad, 4);
	assert_kept(396);
}

static void a_bad_row_is_counted(void **state)
{
	struct writer *w = start(FLUSH_MS, ROOM);

	submit_many(w, 0, 1);
	assert_true(submit(w, 1, STR("bad")));
	until(state_of(w).waiting == 0);
	struct writer_state st = state_of(w);
	assert_int_equal(st.written, 1);
	assert_int_equal(st.dropped, 1);
	assert_int_equal(st.failures, 1);
	assert_false(st.failing);
	assert_string_equal(st.last.text, "bad row");
	assert_int_equal(writer_free(w, 0), 0);
}

/* ---- values ---- */

static bool put(struct writer *w, const char *key, const char *text, int64_t version)
{
	char copy[32];

	snprintf(copy, sizeof(copy), "%s", text);
	struct store_value v = { STR("space"), str_from(key), str_from(copy), version, 0 };
	bool taken = writer_put(w, &v);
	memset(copy, '?', sizeof(copy));
	return taken;
}

static void values_come_without_rows(void **state)
{
	struct writer *w = start(FLUSH_MS, ROOM);

	assert_true(put(w, "a", "1", 1));
	until(state_of(w).values_waiting == 0);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_int_equal(fake.nvalues, 1);
	assert_string_equal(fake.values[0], "a=1");
	assert_int_equal(fake.n, 0);
}

static void only_the_newest_of_a_name_is_written(void **state)
{
	struct writer *w = start(3600000, ROOM);

	assert_true(put(w, "a", "1", 1));
	assert_true(put(w, "b", "1", 1));
	assert_true(put(w, "a", "3", 3));
	assert_true(put(w, "a", "2", 2));
	submit_many(w, 0, 3);
	struct writer_state st = state_of(w);
	assert_int_equal(st.waiting, 3);
	assert_int_equal(st.values_waiting, 2);
	assert_int_equal(st.value_bytes, 14);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(3);
	assert_int_equal(fake.nvalues, 2);
	assert_string_equal(fake.values[0], "a=3");
	assert_string_equal(fake.values[1], "b=1");
	assert_int_equal(atomic_load(&fake.appends), 1);
}

static void values_are_bounded_in_bytes(void **state)
{
	struct writer *w =
		writer_new(&(struct writer_options){ &store_fake, "somewhere", 3600000, ROOM, 20 });

	assert_true(put(w, "a", "1234567890", 1)); /* 16 with its names */
	assert_false(put(w, "b", "1", 1));
	assert_false(put(w, "a", "123456789012345", 2));
	assert_true(put(w, "a", "12345678901234", 3));
	assert_int_equal(state_of(w).values_dropped, 2);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_int_equal(fake.nvalues, 1);
	assert_string_equal(fake.values[0], "a=12345678901234");
}

static void values_wait_for_a_store_that_fails(void **state)
{
	atomic_store(&fake.append_failures, 4);
	struct writer *w = start(FLUSH_MS, ROOM);

	assert_true(put(w, "a", "1", 1));
	until(state_of(w).failing);
	assert_true(put(w, "a", "2", 2));
	submit_many(w, 0, 5);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(5);
	assert_true(fake.nvalues >= 1);
	assert_string_equal(fake.values[fake.nvalues - 1], "a=2");
}

static void a_bad_row_costs_no_value(void **state)
{
	struct writer *w = start(3600000, ROOM);

	submit_many(w, 0, 2);
	assert_true(submit(w, 9, STR("bad")));
	assert_true(put(w, "a", "1", 1));
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_kept(2);
	assert_int_equal(fake.nvalues, 1);
}

static void values_that_cannot_be_written_do_not_hold_up_the_end(void **state)
{
	atomic_store(&fake.append_failures, UINT32_MAX);
	struct writer *w = start(FLUSH_MS, ROOM);

	assert_true(put(w, "a", "1", 1));
	until(state_of(w).failures >= 2);
	assert_true(put(w, "b", "1", 1));
	assert_int_equal(writer_free(w, 20), 0);
	assert_int_equal(fake.nvalues, 0);
}

/* ---- pruning ---- */

static void old_rows_go_by_themselves(void **state)
{
	const struct writer_options o = { .driver = &store_sqlite,
		.flush_ms = FLUSH_MS,
		.queue_rows = ROOM,
		.keep_days = 30,
		.prune_ms = 1 };
	struct folder f;

	folder_make(&f);
	struct store *s = must_open(&store_sqlite, f.file, STORE_WRITE);
	for (int i = 0; i < 1000; i++) {
		char id[16];
		snprintf(id, sizeof(id), "old%d", i);
		struct ledger_exchange x = a_row(id);
		x.begin_ms = 1000000 + i;
		must_append(s, &x, 1);
	}
	struct writer_options here = o;
	here.path = f.file;
	struct writer *w = writer_new(&here);
	struct ledger_exchange young = a_row("young");
	young.begin_ms = (int64_t)time(NULL) * 1000;
	assert_true(writer_submit(w, &young));
	until(state_of(w).pruned == 1000);
	until(state_of(w).written == 1);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	struct answer a = { .n = 0 };
	ask_history(s, &a);
	assert_int_equal(a.n, 1);
	assert_bytes(a.exchanges[0]->id, "young");
	assert_int_equal(all_totals(s).exchanges, 1001);
	answer_release(&a);
	store_sqlite.close(s);
	folder_remove(&f);
}

/* The next row is there before the last one is written. */
static void a_writer_that_never_rests_prunes(void **state)
{
	const struct writer_options o = { .driver = &store_fake,
		.path = "somewhere",
		.flush_ms = 2,
		.queue_rows = ROOM,
		.keep_days = 30,
		.prune_ms = 20 };
	struct writer *w = writer_new(&o);

	fake.busy = w;
	assert_true(submit(w, 0, STR("good")));
	until(atomic_load(&fake.prunes) > 0);
	assert_int_equal(writer_free(w, LONG_MS), 0);
}

/* ---- many threads, real stores ---- */

struct thread {
	struct writer *w;
	unsigned number;
};

static void *submit_from_a_thread(void *ctx)
{
	struct thread *t = ctx;
	struct writer_state st;
	char id[32];

	for (unsigned i = 0; i < 500; i++) {
		snprintf(id, sizeof(id), "%u-%u", t->number, i);
		struct ledger_exchange x = a_row(id);
		if (!writer_has_room(t->w, 1) || !writer_submit(t->w, &x))
			abort();
		if (i % 50 == 0)
			writer_state(t->w, &st);
	}
	return NULL;
}

static void from_many_threads_to(const struct store_driver *driver)
{
	enum { THREADS = 4 };
	struct folder f;
	pthread_t threads[THREADS];
	struct thread about[THREADS];

	folder_make(&f);
	struct writer *w = writer_new(&(struct writer_options){ driver, f.file, FLUSH_MS, ROOM });
	for (unsigned i = 0; i < THREADS; i++) {
		about[i] = (struct thread){ w, i };
		assert_int_equal(
			pthread_create(&threads[i], NULL, submit_from_a_thread, &about[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(writer_free(w, LONG_MS), 0);
	struct store *s = must_open(driver, f.file, STORE_READ);
	assert_int_equal(all_totals(s).exchanges, THREADS * 500);
	driver->close(s);
	folder_remove(&f);
}

static void many_threads(void **state)
{
	from_many_threads_to(&store_memory);
	from_many_threads_to(&store_sqlite);
}

/* Questions are asked on another thread than the one that writes. */
static void reading_beside_the_writer(void **state)
{
	struct answer a = { .n = 0 };
	struct folder f;

	folder_make(&f);
	struct writer *w =
		writer_new(&(struct writer_options){ &store_sqlite, f.file, FLUSH_MS, ROOM });
	submit_many(w, 0, 1);
	until(state_of(w).written == 1);
	struct store *s = must_open(&store_sqlite, f.file, STORE_READ);
	for (unsigned i = 1; i < 2000; i++) {
		submit_many(w, i, i + 1);
		if (i % 20 == 0)
			ask_history(s, &a);
		assert_true(all_totals(s).exchanges <= i + 1);
	}
	assert_int_equal(writer_free(w, LONG_MS), 0);
	assert_int_equal(all_totals(s).exchanges, 2000);
	answer_release(&a);
	store_sqlite.close(s);
	folder_remove(&f);
}

#define TEST(f) cmocka_unit_test_teardown(f, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_arrive_whole_and_in_order),
		TEST(rows_are_written_without_being_asked_again),
		TEST(a_batch_does_not_wait),
		TEST(rows_are_gathered),
		TEST(an_end_without_rows),
		TEST(a_full_queue_is_bounded),
		TEST(a_batch_is_tried_until_it_succeeds),
		TEST(a_store_that_does_not_open_is_tried_again),
		TEST(a_store_that_never_opens),
		TEST(a_store_that_never_works),
		TEST(the_end_keeps_trying),
		TEST(a_slow_store_at_the_end),
		TEST(a_bad_row_holds_up_nobody),
		TEST(a_bad_row_is_counted),
		TEST(values_come_without_rows),
		TEST(only_the_newest_of_a_name_is_written),
		TEST(values_are_bounded_in_bytes),
		TEST(values_wait_for_a_store_that_fails),
		TEST(a_bad_row_costs_no_value),
		TEST(values_that_cannot_be_written_do_not_hold_up_the_end),
		TEST(old_rows_go_by_themselves),
		TEST(a_writer_that_never_rests_prunes),
		TEST(many_threads),
		TEST(reading_beside_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
