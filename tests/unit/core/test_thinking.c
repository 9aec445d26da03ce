/* SPDX-License-Identifier: MIT */
/* Thinking in requests that are relayed to another model than the client has asked for, and in those that are not. */
#include "unit/core/exchange_fake.h"

#include "core/candidate.h"
#include "llm/native.h"

#define NATIVE "{\"type\":\"thinking\",\"thinking\":\"a\",\"signature\":\"Er==\"}"
#define CALL   "{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"x\",\"input\":{}}"
#define HEAD(m) \
	"{\"model\":\"" m \
	"\",\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":["
#define TAIL   "]}]}"
#define BUDGET "]}],\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}}"
#define KEEPS \
	"]}],\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000},\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}]}}"
#define ASKED  "claude-opus-5-5"
#define STEADY "claude-opus-4-8"
#define OLD    "claude-sonnet-4-5"

static const char *const as_asked[] = { NULL };
static const char *const override[] = { "override.model=" STEADY "-20260101", NULL };
static const char *const same[] = { "models=" ASKED "=anthropic/" ASKED "-20260101", NULL };
static const char *const steady[] = { "models=" ASKED "=anthropic/" STEADY, NULL };
static const char *const old[] = { "models=" ASKED "=anthropic/" OLD "-20250929", NULL };
/* An envelope of a model, as it stands in a block. */
static struct str envelope(struct arena *a, const char *model)
{
	const struct str value = STR("\"Sig==\"");
	const struct native_signature s = { str_from(model),
		outline_member_hash(STR("signature"), value), value };
	struct buf b;

	buf_init(&b, SIZE_MAX);
	native_seal_signature(&b, &s);
	struct str made =
		arena_printf(a, "{\"type\":\"thinking\",\"thinking\":\"b\",\"signature\":\"%.*s\"}",
			STR_ARG(buf_str(&b)));
	buf_release(&b);
	return made;
}

#define OPENED "{\"type\":\"thinking\",\"thinking\":\"b\",\"signature\":\"Sig==\"}"

/* In blocks, $ stands for an envelope of STEADY, & for one of OLD. */
static const struct {
	const char *const *sets;
	const char *model; /* that goes up */
	const char *blocks, *want, *tail;
	bool warned;
} rows[] = {
	{ as_asked, ASKED, NATIVE ", " CALL, NATIVE ", " CALL, TAIL },
	{ as_asked, ASKED, NATIVE ",$," CALL, NATIVE "," CALL, TAIL, true },
	{ override, STEADY "-20260101", NATIVE ", " CALL, NATIVE ", " CALL, TAIL },
	{ override, STEADY "-20260101", "$," NATIVE, OPENED "," NATIVE, TAIL },
	{ same, ASKED "-20260101", NATIVE ", " CALL, NATIVE ", " CALL, TAIL },
	{ steady, STEADY, NATIVE ",$,&," CALL, OPENED "," CALL, TAIL, true },
	{ steady, STEADY, "$, " CALL, OPENED "," CALL, TAIL },
	{ steady, STEADY, CALL " ", CALL " ", TAIL },
	/* Its provider would leave the thinking of earlier turns out. */
	{ old, OLD "-20250929", NATIVE ",$,&," CALL, CALL, TAIL, true },
	{ old, OLD "-20250929", "&, " CALL, OPENED "," CALL, BUDGET },
	{ old, OLD "-20250929", "&," CALL, OPENED "," CALL, KEEPS },
};

static struct str make_body(
	struct arena *a, const char *model, const char *blocks, const char *tail)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b, HEAD("%s"), model);
	for (; *blocks != '\0'; blocks++) {
		if (*blocks == '$')
			buf_add(&b, envelope(a, STEADY));
		else if (*blocks == '&')
			buf_add(&b, envelope(a, OLD));
		else
			buf_add_char(&b, *blocks);
	}
	buf_add(&b, str_from(tail));
	struct str made = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return made;
}

static void goes_up(void **state)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, rows[i].sets);
		struct conn *c = world_post(
			&w, "/v1/messages", make_body(a, ASKED, rows[i].blocks, rows[i].tail));
		assert_non_null(world_transfer(&w));
		fake_transfer_take(world_transfer(&w), SIZE_MAX);
		check_bytes(buf_str(&world_transfer(&w)->body),
			make_body(a, rows[i].model, rows[i].want, rows[i].tail), __FILE__, (int)i);
		world_answer(&w, JSON_HEAD, STR("{}"));
		assert_header(c, "x-sluice-warnings", rows[i].warned ? "thinking_stripped" : "");
		world_release(&w);
	}
	arena_free(a);
}

/* What the configuration sets of a request says whether there is a budget. */
static void parameters_count(void **state)
{
	struct world w;
	struct thinking_rules r;
	struct exchange x = { 0 };
	struct candidate c = { .model = STR(OLD) };

	world_init(&w, NULL);
	x.svc = &w.svc;
	x.config = w.svc.config;
	x.chat.model = STR(ASKED "[1m]");
	x.chat.outline.whole = true;
	c.provider = config_provider(x.config, STR("anthropic"));
	candidate_thinking(&r, &x, &c);
	assert_true(r.rerouted && r.drop_all && !r.wanted);
	assert_bytes(r.model, OLD);
	c.params = STR("a=1 thinking={\"type\":\"enabled\",\"budget_tokens\":2000}");
	candidate_thinking(&r, &x, &c);
	assert_true(r.rerouted && !r.drop_all);
	x.chat.outline.facts.thinking_manual = true;
	c.params = STR("thinking={\"type\":\"disabled\"}");
	candidate_thinking(&r, &x, &c);
	assert_true(r.drop_all);
	c.model = STR("anthropic/" ASKED "-20261111");
	assert_false(candidate_rerouted(&x, &c));
	c.model = STR("");
	assert_false(candidate_rerouted(&x, &c));
	assert_bytes(candidate_model(&x, &c), ASKED);
	c.model = STR("somebody/else-20260101");
	assert_true(candidate_rerouted(&x, &c));
	assert_bytes(candidate_model(&x, &c), "else");
	world_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_up),
		cmocka_unit_test(parameters_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
