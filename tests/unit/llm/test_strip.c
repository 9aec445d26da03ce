/* SPDX-License-Identifier: MIT */
/* Envelopes leave a conversation that goes back to Anthropic, and nothing else does. */
#include "unit/base/check.h"

#include "llm/strip.h"

#define OURS   "{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"slsig1.ds.eyJ9\"}"
#define THEIRS "{\"type\":\"thinking\", \"thinking\":\"x\",\"signature\":\"Er==\"}"
#define CALL   "{\"type\":\"tool_use\",\"id\":\"a\"}"
#define EMPTY  "{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"
#define TEXT   "{\"type\":\"text\",\"text\":\"slsig1. is not\"}"

static const struct row {
	const char *body, *want; /* NULL: stays as it is */
	bool wanted;
} rows[] = {
	{ "{\"messages\":[{\"role\":\"assistant\",\"content\":[" OURS "," TEXT "]}], \"a\":1}",
		"{\"messages\":[{\"role\":\"assistant\",\"content\":[" TEXT "]}], \"a\":1}" },
	{ "{\"messages\":[{\"content\":[" TEXT ", " OURS
	  "],\"role\":\"assistant\"},{\"content\":\"u\"}"
	  ",{\"content\":[" OURS "]}]}",
		"{\"messages\":[{\"content\":[" TEXT "],\"role\":\"assistant\"},{\"content\":\"u\"}"
		",{\"content\":[{\"type\":\"text\",\"text\":\"(no content)\"}]}]}" },
	{ "{\"messages\":[{\"content\":[" THEIRS "," OURS "," THEIRS "]}]}",
		"{\"messages\":[{\"content\":[" THEIRS "," THEIRS "]}]}" },
	{ "{\"messages\":[{\"content\":[" THEIRS "," TEXT "]}]}", NULL },
	{ "{\"messages\":[{\"content\":\"slsig1.ds.x\"}]}", NULL },
	{ "{\"messages\":\"slsig1.\"}", NULL },
	{ "{\"messages\":[{\"content\":[" OURS, NULL },
	{ "{\"messages\":[{\"content\":[" CALL "]},{\"content\":[" THEIRS "," CALL
	  "]},{\"content\":[" TEXT "]}]}",
		"{\"messages\":[{\"content\":[" EMPTY "," CALL "]},{\"content\":[" THEIRS "," CALL
		"]},{\"content\":[" TEXT "]}]}",
		true },
	{ "{\"messages\":[{\"content\":[" OURS "," CALL "]}]}",
		"{\"messages\":[{\"content\":[" EMPTY "," CALL "]}]}", true },
	{ "{\"messages\":[{\"content\":[" CALL "]}]}", NULL, false },
	{ "slsig1.", NULL },
	{ "", NULL },
};

static void bodies(void **state)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool changed = strip_envelopes(str_from(rows[i].body), rows[i].wanted, &out);
		assert_int_equal(changed, rows[i].want != NULL);
		assert_str(buf_str(&out), str_from(rows[i].want != NULL ? rows[i].want : ""));
		buf_clear(&out);
	}
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bodies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
