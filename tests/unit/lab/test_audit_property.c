/* SPDX-License-Identifier: MIT */
/* Damaged transcripts: whatever is cut, swapped or overwritten, nothing breaks and every grouping adds up to the total. */
#include "unit/lab/lab_check.h"

#include "lab/report.h"

enum { ROUNDS = 400, LINES = 60, BYTES = 1 << 16 };

static uint64_t seed;

static unsigned below_n(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % n;
}

/* A line of either client, more or less. */
static void add_line(struct buf *out, bool codex)
{
	static const char *const claude[] = {
		"{\"type\":\"assistant\",\"timestamp\":\"2026-02-%02uT10:%02u:02Z\",\"isSidechain\":%s,\"uuid\":"
		"\"u%u\",\"parentUuid\":\"u%u\",\"message\":{\"id\":\"m%u\",\"model\":\"claude-opus-4-6\",\"usage\":{"
		"\"input_tokens\":%u,\"cache_read_input_tokens\":%u00,\"cache_creation_input_tokens\":%u0,"
		"\"output_tokens\":9}}}\n",
		"{\"type\":\"user\",\"timestamp\":\"2026-02-%02uT10:%02u:02Z\",\"isSidechain\":%s,\"uuid\":\"u%u\","
		"\"parentUuid\":\"u%u\",\"x\":[%u,%u,%u,%u]}\n",
		"{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"timestamp\":\"2026-02-%02uT10:%02u:02Z\","
		"\"isSidechain\":%s,\"uuid\":\"u%u\",\"parentUuid\":\"u%u\",\"x\":[%u,%u,%u,%u]}\n",
	};
	static const char rollout[] =
		"{\"timestamp\":\"2026-02-%02uT10:%02u:02Z\",\"type\":\"event_msg\",\"s\":%s,\"payload\":{\"type\":"
		"\"token_count\",\"x\":%u,\"info\":{\"total_token_usage\":{\"input_tokens\":%u00,\"output_tokens\":"
		"%u},\"last_token_usage\":{\"input_tokens\":%u000,\"cached_input_tokens\":%u,\"output_tokens\":%u}}}}\n";
	const char *form = codex ? rollout : claude[below_n(8) < 6 ? 0 : 1 + below_n(2)];
	char line[1024];
	unsigned n[9];

	for (size_t i = 0; i < ARRAY_LEN(n); i++)
		n[i] = below_n(200);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), form, 1 + n[0] % 28, n[1] % 60, n[2] % 3 ? "false" : "true",
		n[3] % 9, n[4] % 9, n[5] % 40, n[6], n[7], n[8]);
#pragma GCC diagnostic pop
	buf_add(out, str_from(line));
}

static void damage(struct buf *b)
{
	for (unsigned i = below_n(6); i > 0 && b->n > 2; i--) {
		unsigned at = below_n((unsigned)b->n - 1);
		switch (below_n(4)) {
		case 0:
			b->p[at] = (char)below_n(256);
			break;
		case 1:
			b->n = at;
			break;
		case 2:
			memmove(b->p + at, b->p + at + 1, b->n - at - 1);
			b->n--;
			break;
		default:
			b->p[at] = "\"\\{}[],:\n0"[below_n(10)];
		}
	}
}

static void add_up(const struct audit *a)
{
	for (size_t by = 0; by < BY_COUNT; by++) {
		const struct tally *t = audit_tally(a, (enum audit_by)by);
		struct amounts sum = { 0 };
		for (size_t i = 0; i < t->n; i++)
			amounts_add(&sum, &t->rows[i].sum);
		/* Padding is zero in both: they are all numbers of 64 bits. */
		assert_memory_equal(&sum, &a->total, sizeof(sum));
	}
	int64_t tokens = 0, nusd = 0;
	for (size_t i = CAUSE_NONE + 1; i < CAUSES; i++) {
		tokens += a->causes[i].tokens;
		nusd += a->causes[i].nusd;
	}
	assert_int_equal(tokens, a->total.lost_tokens);
	assert_int_equal(nusd, a->total.lost_nusd);
	const struct cost *c = &a->total.cost;
	assert_int_equal(
		c->total, c->in + c->cache_read + c->cache_write_5m + c->cache_write_1h + c->out);
	assert_int_equal(a->bill.nusd[PROFILE_OBSERVE], c->total);
	assert_true(a->bill.nusd[PROFILE_CHEAPER_TTL] <= a->bill.nusd[PROFILE_1H]);
	assert_true(a->bill.nusd[PROFILE_CHEAPER_TTL] <= a->bill.nusd[PROFILE_5M]);
	for (size_t i = 1; i < a->nlosses; i++)
		assert_true(a->losses[i - 1].nusd >= a->losses[i].nusd);
}

static void damaged(void **state)
{
	static const char *const names[] = { "p/a.jsonl", "p/a/subagents/agent-acompact-1.jsonl",
		"p/b.jsonl" };
	static const size_t longest[] = { 0, 300, 64 };
	int64_t requests = 0;
	struct buf text;

	buf_init(&text, BYTES);
	for (unsigned round = 0; round < ROUNDS; round++) {
		seed = round + 1;
		for (size_t f = 0; f < ARRAY_LEN(names); f++) {
			bool codex = below_n(4) == 0;
			buf_clear(&text);
			for (unsigned i = below_n(LINES); i > 0; i--)
				add_line(&text, codex);
			damage(&text);
			put(names[f], buf_str(&text));
		}
		struct audit *a = audit_root(&(struct audit_options){
			.until_ms = INT64_MAX, .longest_line = longest[below_n(3)] });
		add_up(a);
		requests += a->total.requests;
		buf_clear(&text);
		audit_text(a, &(struct audit_view){ .by = BY_ALL, .width = below_n(200) }, &text);
		buf_clear(&text);
		audit_json(a, &text);
		done(a);
	}
	buf_release(&text);
	/* Most of it was whole. */
	assert_true(requests > ROUNDS * LINES / 4);
}

/* The order of files does not matter to what was spent, nor how the lines of a reply lie between others. */
static void shuffled(void **state)
{
	struct buf text;

	buf_init(&text, BYTES);
	seed = 7;
	for (unsigned i = 0; i < LINES; i++)
		add_line(&text, false);
	put("p/a.jsonl", buf_str(&text));
	struct audit *once = audit_root(NULL);
	put("p/b.jsonl", buf_str(&text));
	put("q/a.jsonl", buf_str(&text));
	struct audit *thrice = audit_root(NULL);
	assert_memory_equal(&once->total, &thrice->total, sizeof(once->total));
	assert_int_equal(thrice->notes.copies, 2 * once->total.requests);
	done(once);
	done(thrice);
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(damaged, make_root, remove_root),
		cmocka_unit_test_setup_teardown(shuffled, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
