/* SPDX-License-Identifier: MIT */
/* The endpoints that read the ledger: their JSON is sound and adds up over random rows, their cursors lead through all of it, and
 * what cannot be answered is refused with a reason. */
#include "unit/store/ledger_check.h"

#include <yyjson.h>

#include "admin/lookup.h"

enum { ROWS = 1200, DAYS = 3 };

typedef bool lookup_fn(struct buf *body, const char *ledger, struct str query, struct err *e);

struct world {
	struct folder folder;
	struct dice dice;
	struct ledger_exchange rows[ROWS];
};

static struct world *world_make(void)
{
	struct world *w = must_alloc(sizeof(*w));

	w->dice = (struct dice){ 5, arena_new() };
	folder_make(&w->folder);
	struct store *s = must_open(&store_sqlite, w->folder.file, STORE_WRITE);
	for (unsigned i = 0; i < ROWS; i++) {
		w->rows[i] = some_exchange(&w->dice, "x", i);
		w->rows[i].begin_ms =
			ANY_TIME_MS + (int64_t)throw_dice(&w->dice, DAYS * (uint64_t)DAY_MS);
	}
	w->rows[3].project = STR("a \"b\" <script>&\n");
	must_append(s, w->rows, ROWS);
	store_sqlite.close(s);
	return w;
}

static void world_free(struct world *w)
{
	folder_remove(&w->folder);
	arena_free(w->dice.arena);
	free(w);
}

/* ---- asking ---- */

static yyjson_doc *answer(struct world *w, lookup_fn *fn, const char *query)
{
	struct err e = { .kind = ERR_NONE };
	struct buf body;

	buf_init(&body, 64 << 20);
	assert_ok(fn(&body, w->folder.file, str_from(query), &e), e);
	assert_false(body.overflow);
	yyjson_doc *doc = yyjson_read(body.p, body.n, 0);
	assert_non_null(doc);
	buf_release(&body);
	return doc;
}

static void assert_refused(struct world *w, lookup_fn *fn, const char *query, const char *why)
{
	struct err e = { .kind = ERR_NONE };
	struct buf body;

	buf_init(&body, 1 << 20);
	assert_false(fn(&body, w->folder.file, str_from(query), &e));
	if (strstr(e.text, why) == NULL)
		print_error("%s: %s\n", query, e.text);
	assert_non_null(strstr(e.text, why));
	buf_release(&body);
}

static int64_t number_at(yyjson_val *v, const char *pointer)
{
	yyjson_val *found = yyjson_ptr_get(v, pointer);

	assert_true(yyjson_is_int(found));
	return yyjson_get_sint(found);
}

static const char *text_at(yyjson_val *v, const char *name)
{
	const char *s = yyjson_get_str(yyjson_obj_get(v, name));

	assert_non_null(s);
	return s;
}

/* The sum of one figure over a list. */
static int64_t sum_at(yyjson_val *list, const char *pointer)
{
	size_t i, max;
	yyjson_val *v;
	int64_t sum = 0;

	assert_true(yyjson_is_arr(list));
	yyjson_arr_foreach(list, i, max, v) sum += number_at(v, pointer);
	return sum;
}

static const char *const figures[] = { "/exchanges", "/failed", "/unpriced", "/estimated",
	"/tokens/input", "/tokens/cache_read", "/tokens/output", "/tokens/reasoning",
	"/cost_nusd/cache_write_1h", "/cost_nusd/total", "/saved_nusd", "/lost_nusd",
	"/duration_us", "/alarms", "/prediction/off" };

static void assert_adds_up(yyjson_val *list, yyjson_val *totals)
{
	for (size_t i = 0; i < ARRAY_LEN(figures); i++)
		assert_int_equal(sum_at(list, figures[i]), number_at(totals, figures[i]));
}

/* ---- overview and groups ---- */

static void an_overview_adds_up(void **state)
{
	struct world *w = world_make();
	static const char *const spans[] = { "period=all",
		"from_ms=1767225600000&to_ms=1767300000000",
		"from_ms=2026-01-01&to_ms=2026-01-03" };

	for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
		yyjson_doc *doc = answer(w, lookup_overview, spans[i]);
		yyjson_val *root = yyjson_doc_get_root(doc),
			   *totals = yyjson_obj_get(root, "totals");
		assert_true(number_at(totals, "/exchanges") > 100);
		assert_adds_up(yyjson_obj_get(root, "series"), totals);
		assert_adds_up(yyjson_obj_get(root, "models"), totals);
		assert_adds_up(yyjson_obj_get(root, "kinds"), totals);
		assert_int_equal(sum_at(yyjson_obj_get(root, "saved"), "/nusd"),
			number_at(totals, "/saved_nusd"));
		assert_int_equal(sum_at(yyjson_obj_get(root, "lost"), "/nusd"),
			number_at(totals, "/lost_nusd"));
		assert_true(yyjson_arr_size(yyjson_obj_get(root, "series")) <= 400);
		assert_true(number_at(root, "/from_ms") < number_at(root, "/to_ms"));
		assert_true(number_at(root, "/latency/count") > 0);
		assert_true(number_at(root, "/latency/first_us/p50") <=
			    number_at(root, "/latency/first_us/p99"));
		yyjson_doc_free(doc);
	}
	world_free(w);
}

static void a_series_is_in_steps(void **state)
{
	struct world *w = world_make();
	yyjson_doc *doc = answer(w, lookup_overview, "from_ms=2026-01-01&to_ms=2026-01-04");
	yyjson_val *root = yyjson_doc_get_root(doc), *v;
	int64_t step_ms = number_at(root, "/step_ms"), before = INT64_MIN;
	size_t i, max;

	assert_true(step_ms >= 15 * 60000);
	yyjson_arr_foreach(yyjson_obj_get(root, "series"), i, max, v)
	{
		int64_t at_ms = number_at(v, "/at_ms");
		assert_true(before == INT64_MIN || at_ms >= before + step_ms);
		before = at_ms;
	}
	yyjson_doc_free(doc);
	world_free(w);
}

static void an_empty_period_is_empty(void **state)
{
	struct world *w = world_make();
	yyjson_doc *doc = answer(w, lookup_overview, "from_ms=1000&to_ms=2000");
	yyjson_val *root = yyjson_doc_get_root(doc);

	assert_int_equal(number_at(root, "/totals/exchanges"), 0);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "series")), 0);
	assert_true(yyjson_is_null(yyjson_ptr_get(root, "/latency/first_us/p50")));
	yyjson_doc_free(doc);
	world_free(w);
}

static void groups_add_up(void **state)
{
	static const char *const by[] = { "model", "kind", "conversation", "project", "caller",
		"provider", "session", "day" };
	struct world *w = world_make();
	yyjson_doc *all = answer(w, lookup_overview, "period=all");
	yyjson_val *totals = yyjson_obj_get(yyjson_doc_get_root(all), "totals");
	char query[64];

	for (size_t i = 0; i < ARRAY_LEN(by); i++) {
		snprintf(query, sizeof(query), "by=%s&period=all", by[i]);
		yyjson_doc *doc = answer(w, lookup_groups, query);
		yyjson_val *root = yyjson_doc_get_root(doc), *v;
		size_t k, max;
		int64_t before = INT64_MAX;
		assert_string_equal(text_at(root, "by"), by[i]);
		assert_adds_up(yyjson_obj_get(root, "groups"), totals);
		yyjson_arr_foreach(yyjson_obj_get(root, "groups"), k, max, v)
		{
			if (strcmp(by[i], "day") == 0)
				assert_int_equal(strlen(text_at(v, "name")), 10);
			else
				assert_true(number_at(v, "/cost_nusd/total") <= before);
			before = number_at(v, "/cost_nusd/total");
		}
		yyjson_doc_free(doc);
	}
	yyjson_doc_free(all);
	world_free(w);
}

/* ---- lists ---- */

/* Follows the cursors. Returns how many rows there are, and the sum of one of their figures. */
static size_t walk(struct world *w, lookup_fn *fn, const char *query, const char *list)
{
	struct buf next;
	size_t n = 0;

	buf_init(&next, 1000);
	for (;;) {
		buf_add_char(&next, '\0');
		char q[400];
		snprintf(q, sizeof(q), "%s%s%s", query, next.n > 1 ? "&after=" : "", next.p);
		yyjson_doc *doc = answer(w, fn, q);
		yyjson_val *root = yyjson_doc_get_root(doc);
		n += yyjson_arr_size(yyjson_obj_get(root, list));
		const char *more = yyjson_get_str(yyjson_obj_get(root, "next"));
		buf_clear(&next);
		if (more != NULL)
			buf_add(&next, str_from(more));
		yyjson_doc_free(doc);
		if (next.n == 0)
			break;
	}
	buf_release(&next);
	return n;
}

static void cursors_lead_through_everything(void **state)
{
	struct world *w = world_make();
	struct str id = STR("conversation7");
	size_t want = 0;

	for (size_t i = 0; i < ROWS; i++)
		want += str_eq(w->rows[i].conversation, id);
	assert_true(want > 5);
	assert_int_equal(walk(w, lookup_conversations, "period=all&limit=7", "conversations"), 40);
	assert_int_equal(walk(w, lookup_conversations, "period=all&limit=40", "conversations"), 40);
	assert_int_equal(
		walk(w, lookup_conversation, "id=conversation7&limit=4", "exchanges"), want);
	assert_int_equal(
		walk(w, lookup_conversation, "id=%63onversation7&limit=500", "exchanges"), want);
	assert_int_equal(
		walk(w, lookup_conversations, "period=all&q=VERSATION7", "conversations"), 1);
	world_free(w);
}

static void an_exchange_has_all_that_belongs_to_it(void **state)
{
	struct world *w = world_make();
	char query[32];

	for (unsigned i = 0; i < 50; i++) {
		const struct ledger_exchange *x = &w->rows[i];
		snprintf(query, sizeof(query), "id=x%u", i);
		yyjson_doc *doc = answer(w, lookup_exchange, query);
		yyjson_val *root = yyjson_doc_get_root(doc);
		assert_str(str_from(text_at(root, "id")), x->id);
		assert_int_equal(number_at(root, "/begin_ms"), x->begin_ms);
		assert_str(str_from(text_at(yyjson_obj_get(root, "prefix"), "cause")),
			x->prefix.cause);
		assert_int_equal(number_at(root, "/prefix/lost_nusd"), x->prefix.lost_nusd);
		assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "savings")), x->nsavings);
		assert_int_equal(yyjson_arr_size(yyjson_obj_get(root, "attempts")), x->nattempts);
		if (i == 3)
			assert_str(str_from(text_at(root, "project")), x->project);
		yyjson_doc_free(doc);
	}
	world_free(w);
}

static void alarms_are_newest_first(void **state)
{
	struct world *w = world_make();
	yyjson_doc *doc = answer(w, lookup_alarms, "period=all&limit=10000");
	yyjson_val *list = yyjson_obj_get(yyjson_doc_get_root(doc), "alarms"), *v;
	int64_t before = INT64_MAX;
	size_t i, max, want = 0;

	for (size_t k = 0; k < ROWS; k++)
		want += w->rows[k].prefix.alarm > 0;
	assert_int_equal(yyjson_arr_size(list), want);
	yyjson_arr_foreach(list, i, max, v)
	{
		assert_true(number_at(v, "/alarm") > 0);
		assert_true(number_at(v, "/at_ms") <= before);
		before = number_at(v, "/at_ms");
	}
	yyjson_doc_free(doc);
	world_free(w);
}

/* ---- refusals ---- */

static void what_cannot_be_answered_is_refused(void **state)
{
	struct world *w = world_make();

	assert_refused(w, lookup_overview, "period=century", "today, 24h, week");
	assert_refused(w, lookup_overview, "from_ms=5&to_ms=5", "before");
	assert_refused(w, lookup_overview, "from_ms=-1", "'from_ms' must be a date");
	assert_refused(w, lookup_overview, "to_ms=2026-13-01", "'to_ms' must be a date");
	assert_refused(w, lookup_groups, "", "'by' is missing");
	assert_refused(w, lookup_groups, "by=colour", "model, kind, conversation");
	assert_refused(w, lookup_groups, "by=model&limit=1001", "'limit' must be 1 to 1000");
	assert_refused(w, lookup_conversations, "limit=0", "'limit' must be 1 to 1000");
	assert_refused(w, lookup_conversations, "limit=1e3", "'limit' must be 1 to 1000");
	assert_refused(w, lookup_conversations, "q=%4", "'q' has a broken escape");
	assert_refused(w, lookup_conversations, "q=%", "'q' has a broken escape");
	assert_refused(w, lookup_conversations, "q=%00", "'q' has a broken escape");
	assert_refused(w, lookup_conversations, "q=%4g", "'q' has a broken escape");
	assert_refused(w, lookup_conversations, "after=5", "'after' must be");
	assert_refused(w, lookup_conversations, "after=5.", "'after' must be");
	assert_refused(w, lookup_conversations, "after=x.y", "'after' must be");
	assert_refused(w, lookup_conversation, "id=", "'id' is missing");
	assert_refused(w, lookup_conversation, "id=nobody", "no conversation 'nobody'");
	assert_refused(w, lookup_conversation, "id=conversation7&after=nobody", "no exchange");
	assert_refused(w, lookup_exchange, "id=x", "no exchange 'x'");
	assert_refused(w, lookup_alarms, "limit=999999", "'limit' must be 1 to");
	world_free(w);
}

static void a_value_may_be_escaped_in_any_way(void **state)
{
	struct world *w = world_make();
	static const char *const ways[] = { "id=x3", "id=%783", "id=%78%33", "a=b&id=x3&id=nobody",
		"id=x3&" };

	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		yyjson_doc_free(answer(w, lookup_exchange, ways[i]));
	yyjson_doc_free(answer(w, lookup_conversations, "period=all&q=b%22+%3Cscript%3E%26%0A"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_overview_adds_up),
		cmocka_unit_test(a_series_is_in_steps),
		cmocka_unit_test(an_empty_period_is_empty),
		cmocka_unit_test(groups_add_up),
		cmocka_unit_test(cursors_lead_through_everything),
		cmocka_unit_test(an_exchange_has_all_that_belongs_to_it),
		cmocka_unit_test(alarms_are_newest_first),
		cmocka_unit_test(what_cannot_be_answered_is_refused),
		cmocka_unit_test(a_value_may_be_escaped_in_any_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
