/* SPDX-License-Identifier: MIT */
/* What is kept of bodies: their beginning, without secrets, also where the end of what is kept cuts one in two. */
#include "unit/core/exchange_fake.h"

#include "core/ledger.h"

#include <stdio.h>

#define KEY "prov-0123456789abcdefghijklmnopqrstuvwxyz"
enum { KEPT = 256 };

static const char *const sets[] = { "record.bodies=true", "record.body_bytes=256",
	"providers.anthropic.api_key=" KEY, NULL };

/* A request whose text has the key so many bytes behind its beginning. */
static struct str body_with_key_at(struct arena *a, size_t at, size_t behind)
{
	static const char head[] = "{\"model\":\"m\",\"x\":\"";
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, STR(head));
	while (b.n < at)
		buf_add_char(&b, '.');
	buf_add(&b, STR(KEY));
	for (size_t i = 0; i < behind; i++)
		buf_add_char(&b, ',');
	buf_add(&b, STR("\"}"));
	struct str s = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* What is kept of it. */
static void keep(struct world *w, const char *store, struct str body, struct buf *ret)
{
	struct err e = { .kind = ERR_NONE };
	int64_t version;

	world_init(w, sets);
	w->svc.ledger = ledger_new(&w->svc, &store_memory, store);
	world_post(w, "/v1/messages", body);
	world_answer(w, STREAM_HEAD, STR(START USAGE STOP));
	ledger_free(w->svc.ledger);
	w->svc.ledger = NULL;
	struct store *s = store_memory.open(store, STORE_READ, &e);
	assert_non_null(s);
	const struct store_key key = { STR("body"), STR(FIRST_ID "/request"), FAKE_START_WALL_MS };
	buf_init(ret, 1 << 20);
	assert_true(s->driver->get(s, &key, ret, &version, &e));
	s->driver->close(s);
	world_release(w);
}

static void no_part_of_a_secret_is_kept(void **state)
{
	const size_t lengths[] = { 0, 1000, 8100, 8200, 9000 };
	struct arena *a = arena_new();
	struct world w;
	char store[40];
	struct buf kept;

	for (size_t at = KEPT - 60; at < KEPT + 8; at++)
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			snprintf(store, sizeof(store), "bodies-%zu-%zu", at, i);
			keep(&w, store, body_with_key_at(a, at, lengths[i]), &kept);
			assert_true(kept.n <= KEPT);
			assert_true(kept.n > KEPT - 64);
			assert_true(str_find(buf_str(&kept), STR("prov-")) == kept.n);
			buf_release(&kept);
		}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_part_of_a_secret_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
