/* SPDX-License-Identifier: MIT */
/* What every store promises about values, asked of each of them. */
#include "unit/store/ledger_check.h"

#include <sqlite3.h>

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

static struct store_value value_of(const char *key, const char *text, int64_t version)
{
	return (struct store_value){ STR("space"), str_from(key), str_from(text), version, 0 };
}

static void put_one(struct store *s, struct store_value v)
{
	struct err e = { .kind = ERR_NONE };

	assert_ok(s->driver->put(s, &v, 1, &e), e);
}

/* NULL: there is none. */
static void assert_value(struct store *s, const struct store_key *key, const char *want)
{
	struct err e = { .kind = ERR_NONE };
	int64_t version = -5;
	struct buf b;

	buf_init(&b, 1 << 20);
	bool found = s->driver->get(s, key, &b, &version, &e);
	assert_int_equal(found, want != NULL);
	if (found)
		assert_str(buf_str(&b), str_from(want));
	else
		assert_int_equal(e.kind, ERR_NOT_FOUND);
	assert_true(found == (version != -5));
	buf_release(&b);
}

static void values_are_kept_by_name(void **state)
{
	const struct store_key a = { STR("space"), STR("a"), 0 }, b = { STR("space"), STR("b"), 0 },
			       c = { STR("other"), STR("a"), 0 };
	struct site s;

	site_open(&s, state);
	assert_value(s.store, &a, NULL);
	put_one(s.store, value_of("a", "one", 1));
	put_one(s.store, value_of("b", "", 1));
	assert_value(s.store, &a, "one");
	assert_value(s.store, &b, "");
	assert_value(s.store, &c, NULL);
	struct store *reader = must_open(s.driver, s.folder.file, STORE_READ);
	assert_value(reader, &a, "one");
	struct store_value v = value_of("a", "no", 9);
	struct err e = { .kind = ERR_NONE };
	assert_false(reader->driver->put(reader, &v, 1, &e));
	assert_value(reader, &a, "one");
	s.driver->close(reader);
	assert_int_equal(all_totals(s.store).exchanges, 0);
	site_close(&s);
}

static void the_later_version_stands(void **state)
{
	const struct store_key a = { STR("space"), STR("a"), 0 };
	struct site s;

	site_open(&s, state);
	put_one(s.store, value_of("a", "five", 5));
	put_one(s.store, value_of("a", "four", 4));
	assert_value(s.store, &a, "five");
	put_one(s.store, value_of("a", "again", 5));
	assert_value(s.store, &a, "again");
	put_one(s.store, value_of("a", "six", 6));
	assert_value(s.store, &a, "six");
	const struct store_value both[] = { value_of("a", "eight", 8), value_of("a", "seven", 7) };
	struct err e = { .kind = ERR_NONE };
	assert_ok(s.driver->put(s.store, both, 2, &e), e);
	assert_value(s.store, &a, "eight");
	site_close(&s);
}

static void what_has_expired_is_not_there(void **state)
{
	const struct store_key before = { STR("space"), STR("a"), 999 };
	const struct store_key then = { STR("space"), STR("a"), 1000 };
	struct store_value v = value_of("a", "old", 9);
	struct site s;

	v.expires_ms = 1000; /* long ago: another version is no older than nothing */
	site_open(&s, state);
	put_one(s.store, v);
	put_one(s.store, value_of("b", "stays", 1));
	put_one(s.store, v);
	assert_value(s.store, &then, NULL);
	put_one(s.store, value_of("a", "new", 2));
	assert_value(s.store, &before, "new");
	assert_value(s.store, &then, "new");
	v = value_of("a", "young", 3);
	v.expires_ms = EVER_MS;
	put_one(s.store, v);
	put_one(s.store, value_of("a", "older", 2));
	assert_value(s.store, &then, "young");
	site_close(&s);
}

static void rows_and_values_go_together_or_not_at_all(void **state)
{
	const struct store_key a = { STR("space"), STR("a"), 0 };
	struct ledger_exchange rows[] = { a_row("x"), a_row("y") };
	struct store_value v = value_of("a", "one", 1);
	struct err e = { .kind = ERR_NONE };
	struct site s;

	site_open(&s, state);
	assert_ok(s.driver->write(s.store, &(struct store_batch){ rows, 1, NULL, 0 }, &e), e);
	assert_false(s.driver->write(s.store, &(struct store_batch){ rows, 2, &v, 1 }, &e));
	assert_int_equal(e.kind, ERR_INVALID);
	assert_value(s.store, &a, NULL);
	assert_ok(s.driver->write(s.store, &(struct store_batch){ rows + 1, 1, &v, 1 }, &e), e);
	assert_value(s.store, &a, "one");
	assert_int_equal(all_totals(s.store).exchanges, 2);
	site_close(&s);
}

/* However many expire at once: they go with the next values, some at a time. */
static void what_has_expired_makes_room(void **state)
{
	enum { MANY = 2500 };
	struct store_value *v = must_alloc(MANY * sizeof(*v));
	struct err e = { .kind = ERR_NONE };
	struct site s;
	char names[MANY][8];
	sqlite3 *db = NULL;
	sqlite3_stmt *count = NULL;

	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%d", i);
		v[i] = value_of(names[i], "old", 1);
		v[i].expires_ms = 1000;
	}
	site_open(&s, state);
	assert_ok(s.store->driver->put(s.store, v, MANY, &e), e);
	for (int i = 0; i < 3; i++)
		put_one(s.store, value_of("stays", "here", i));
	assert_int_equal(sqlite3_open(s.folder.file, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db, "SELECT count(*) FROM value", -1, &count, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(count), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(count, 0), 1);
	sqlite3_finalize(count);
	sqlite3_close(db);
	site_close(&s);
	free(v);
}

#define TEST(f, driver) cmocka_unit_test_prestate(f, (void *)&(driver))
#define TESTS(driver) \
	{ \
		TEST(values_are_kept_by_name, driver), TEST(the_later_version_stands, driver), \
			TEST(what_has_expired_is_not_there, driver), \
			TEST(rows_and_values_go_together_or_not_at_all, driver), \
	}

int main(void)
{
	const struct CMUnitTest sqlite[] = TESTS(store_sqlite), memory[] = TESTS(store_memory);
	const struct CMUnitTest in_file[] = { TEST(what_has_expired_makes_room, store_sqlite) };
	int bad = cmocka_run_group_tests_name("sqlite", sqlite, NULL, NULL);

	bad += cmocka_run_group_tests_name("sqlite, in its file", in_file, NULL, NULL);
	return bad + cmocka_run_group_tests_name("memory", memory, NULL, NULL);
}
