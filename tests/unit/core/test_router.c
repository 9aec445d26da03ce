/* SPDX-License-Identifier: MIT */
/* Who answers a turn, over whole conversations between a fake client and a fake provider: the order in which the ways of deciding are asked,
 * classes, profiles, and that nothing moves that is to stay. */
#include "unit/core/exchange_fake.h"

#include "llm/quality.h"
#include "wire/json_text.h"

#include <stdio.h>

#define OPUS   "claude-opus-5-5"
#define SONNET "claude-sonnet-5-5"
#define HAIKU  "claude-haiku-4-5"
#define KEY    "sk-ours-0123456789abcdef"
#define KEYS   "providers.deepseek-anthropic.api_key=" KEY, "providers.openai.api_key=" KEY
#define DEEP   "deepseek-anthropic/deepseek-v4-flash"

#define TOOLS \
	"\"tools\":[{\"name\":\"Edit\",\"input_schema\":{}},{\"name\":\"Bash\",\"input_schema\":{}}]"
#define USER(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define SAYS(text) ",{\"role\":\"assistant\",\"content\":\"" text "\"}"
#define THOUGHT    "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"Er==\"},"
#define CALL(id, how) \
	"{\"type\":\"tool_use\",\"id\":\"" id "\",\"name\":\"" how "\",\"input\":{\"a\":\"" id \
	"\"}}"
#define CALLS(id, how)  ",{\"role\":\"assistant\",\"content\":[" CALL(id, how) "]}"
#define THINKS(id, how) ",{\"role\":\"assistant\",\"content\":[" THOUGHT CALL(id, how) "]}"
#define RESULT(id, more) \
	",{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"" id \
	"\",\"content\":\"done\"" more "}]}"
#define FAILED ",\"is_error\":true"

#define ASK_WITH(model, members, messages) \
	"{\"model\":\"" model "\",\"max_tokens\":4000," members TOOLS ",\"messages\":[" messages \
	"]}"
#define ASK(model, messages) ASK_WITH(model, "", messages)

#define MAIN  "x-claude-code-session-id: s1\nuser-agent: claude-cli/2.1.300 (external, cli)\n"
#define AGENT MAIN "x-claude-code-agent-id: a1\n"
#define ASIDE MAIN "x-claude-code-request-class: auxiliary\n"

#define TITLE \
	"{\"model\":\"" OPUS \
	"\",\"max_tokens\":9,\"system\":\"You are a title generator\",\"messages\":[" HI "]}"

#define REPLY \
	"{\"type\":\"message\",\"model\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}"
#define CHAT_REPLY \
	"{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"a\"},\"finish_reason\":\"stop\"}]}"

/* ---- one request ---- */

static char went[400];

/* The provider's address and the model that a request went to, which must be what the client is told; "" when it was not sent. */
static const char *sent_to(const struct world *w)
{
	struct transfer *t = world_transfer(w);

	went[0] = '\0';
	if (t == NULL || t->state != FAKE_WAITING)
		return went;
	fake_transfer_take(t, SIZE_MAX);
	struct str model = json_inner(json_get(buf_str(&t->body), STR("model")));
	const char *host = strstr(t->rq.origin, "//");
	assert_non_null(host);
	snprintf(went, sizeof(went), "%s %.*s", host + 2, STR_ARG(model));
	return went;
}

static const char *ask(struct world *w, const char *headers, struct str body)
{
	struct conn *c = world_post_with(w, "/v1/messages", headers, body);
	const char *to = sent_to(w);
	bool chat = strstr(to, "openai") != NULL;

	if (*to == '\0')
		return to;
	world_answer(w, JSON_HEAD, chat ? STR(CHAT_REPLY) : STR(REPLY));
	assert_int_equal(c->reply.status, 200);
	assert_str(fake_conn_header(c, "x-sluice-model"), str_from(strchr(to, ' ') + 1));
	return to;
}

#define AT_HOME(model)   "api.anthropic.com " model
#define AT_DEEP          "api.deepseek.com deepseek-v4-flash"
#define AT_OPENAI(model) "api.openai.com " model

/* The cheap model of the ladder. */
static const char *fast(void)
{
	static char name[100];

	snprintf(name, sizeof(name), AT_HOME("%s"), ladder_of(STR("anthropic"))->fast);
	return name;
}

struct row {
	const char *headers, *body, *want; /* NULL: fast() */
};

/* Each in a world of its own. */
static void check_rows(const char *const *sets, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct world w;
		world_init(&w, sets);
		const char *to = ask(&w, rows[i].headers, str_from(rows[i].body));
		const char *want = rows[i].want != NULL ? rows[i].want : fast();
		if (strcmp(to, want) != 0)
			print_error("row %zu\n", i);
		assert_string_equal(to, want);
		world_release(&w);
	}
}

#define CHECK_ROWS(sets, rows) check_rows(sets, rows, ARRAY_LEN(rows))

/* ---- the order ---- */

#define HI USER("hi")
#define OWN_RULE \
	"route.rules=[{\"when\": \"has(text, 'ruled')\", \"use\": \"anthropic/by-rule\", \"why\": \"a rule\"}]"

static void order(void **state)
{
	static const char *const sets[] = { KEYS, "models=mapped=anthropic/by-table", OWN_RULE,
		"route.use=default=anthropic/by-use", "route.profile=saver", NULL };
	static const struct row rows[] = {
		{ MAIN, ASK("mapped", USER("ruled")), AT_HOME("by-table") },
		{ MAIN, ASK("openai,gpt-5", USER("ruled")), AT_OPENAI("gpt-5") },
		{ MAIN, ASK("openai/gpt-5", USER("ruled")), AT_OPENAI("gpt-5") },
		{ MAIN, ASK("anthropic,by-name", USER("ruled")), AT_HOME("by-name") },
		{ MAIN, ASK(OPUS, USER("ruled")), AT_HOME("by-rule") },
		{ MAIN, ASK(OPUS, HI), AT_HOME("by-use") },
	};
	static const char *const without[] = { KEYS, OWN_RULE, "route.profile=saver", NULL };
	static const struct row profile[] = {
		{ MAIN, ASK(OPUS, HI), AT_HOME(SONNET) },
		{ MAIN, ASK(OPUS, USER("ruled")), AT_HOME("by-rule") },
	};

	CHECK_ROWS(sets, rows);
	CHECK_ROWS(without, profile);
}

static void forced(void **state)
{
	static const char *const sets[] = { KEYS, "models=mapped=openai/by-table",
		"route.rules=[{\"when\": \"has(text, 'ruled')\", \"use\": \"openai/gpt-5\"}]",
		"route.provider=deepseek-anthropic", NULL };
	struct world w;

	world_init(&w, sets);
	static const char *const bodies[] = { ASK("mapped", HI), ASK("openai,gpt-5", HI),
		ASK(OPUS, USER("ruled")), ASK(OPUS, HI), ASK("sluice", HI) };
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		const char *to = ask(&w, MAIN, str_from(bodies[i]));
		assert_true(str_starts(str_from(to), STR("api.deepseek.com ")));
	}
	/* Its own models are asked by their names. */
	assert_string_equal(ask(&w, MAIN, STR(ASK("deepseek-v4-flash", HI))), AT_DEEP);
	world_release(&w);
}

static void a_rule_may_say_as_asked(void **state)
{
	static const char *const sets[] = { KEYS,
		"route.rules=[{\"when\": \"has(text, 'ruled')\", \"use\": \"asked\"}]",
		"route.use=default=anthropic/by-use", "route.profile=saver", NULL };
	static const struct row rows[] = {
		{ MAIN, ASK(OPUS, USER("ruled")), AT_HOME(OPUS) },
		{ MAIN, ASK(OPUS, HI), AT_HOME("by-use") },
	};

	CHECK_ROWS(sets, rows);
}

static void virtual_names(void **state)
{
	static const char *const used[] = { KEYS, "route.profile=observe",
		"route.use=fast=" DEEP ",best=openai/gpt-5,default=anthropic/by-default", NULL };
	static const struct row by_use[] = {
		{ MAIN, ASK("sluice-fast", HI), AT_DEEP },
		{ MAIN, ASK("claude-sluice-fast", HI), AT_DEEP },
		{ MAIN, ASK("sluice-best", HI), AT_OPENAI("gpt-5") },
		{ MAIN, ASK("sluice", HI), AT_HOME("by-default") },
	};
	static const char *const plain[] = { "route.profile=observe", NULL };
	static const struct row by_ladder[] = {
		{ MAIN, ASK("sluice-fast", HI), NULL },
		{ MAIN, ASK("sluice-best", HI), AT_HOME(OPUS) },
		/* At least as saver: the best until something was changed, a cheaper one for what is simple. */
		{ MAIN, ASK("sluice", USER("Design a distributed consensus protocol and prove it")),
			AT_HOME(OPUS) },
		{ MAIN, ASK("sluice", HI), AT_HOME(SONNET) },
	};

	CHECK_ROWS(used, by_use);
	CHECK_ROWS(plain, by_ladder);
}

/* ---- classes ---- */

#define IMAGE \
	"{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"aGk=\"}}]}"
#define THINKING "\"thinking\":{\"type\":\"adaptive\"},"
#define COMPLEX \
	"Design a distributed consensus protocol with leader election, prove its safety, and migrate the storage architecture"
#define SIMPLE "fix the typo in README"
#define MEDIUM "implement pagination for the list endpoint"

static void classes(void **state)
{
	static const char *const sets[] = { KEYS, "route.profile=observe",
		"route.use=background=anthropic/c-background,think=anthropic/c-think,"
		"image=anthropic/c-image,web_search=anthropic/c-web,subagent=anthropic/c-subagent,"
		"long_context=anthropic/c-long,tool_loop=anthropic/c-loop,title=anthropic/c-title,"
		"default=anthropic/c-default",
		"route.long_context_tokens=2000", NULL };
	static const struct row rows[] = {
		{ MAIN, ASK(OPUS, HI), AT_HOME("c-default") },
		{ MAIN, ASK(HAIKU, HI), AT_HOME("c-background") },
		{ MAIN, ASK("claude-3-5-haiku-20241022", HI), AT_HOME("c-background") },
		{ ASIDE, ASK(OPUS, HI), AT_HOME("c-background") },
		{ MAIN, ASK_WITH(OPUS, THINKING, HI), AT_HOME("c-think") },
		{ ASIDE, ASK_WITH(OPUS, THINKING, HI), AT_HOME("c-background") },
		{ AGENT, ASK(OPUS, HI), AT_HOME("c-subagent") },
		{ MAIN, ASK(OPUS, IMAGE), AT_HOME("c-image") },
		{ MAIN, ASK(OPUS, HI CALLS("a", "Bash") RESULT("a", "")), AT_HOME("c-loop") },
		{ MAIN,
			"{\"model\":\"" OPUS
			"\",\"max_tokens\":9,\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\"}],\"messages\":[" HI
			"]}",
			AT_HOME("c-web") },
		{ MAIN, TITLE, AT_HOME("c-title") },
		{ "", TITLE, AT_HOME("c-default") },
	};

	CHECK_ROWS(sets, rows);
}

static void long_context(void **state)
{
	static const char *const sets[] = { "route.profile=observe",
		"route.use=long_context=anthropic/c-long", "route.long_context_tokens=2000", NULL };
	struct world w;
	struct buf body;

	buf_init(&body, SIZE_MAX);
	for (unsigned i = 0; i < 2; i++) {
		buf_clear(&body);
		world_init(&w, sets);
		buf_addf(&body, "{\"model\":\"" OPUS "\",\"max_tokens\":9," TOOLS ",\"messages\":["
				"{\"role\":\"user\",\"content\":\"");
		for (unsigned k = 0; k < (i == 0 ? 100 : 4000); k++)
			buf_add(&body, STR("some word "));
		buf_add(&body, STR("\"}]}"));
		assert_string_equal(
			ask(&w, MAIN, buf_str(&body)), i == 0 ? AT_HOME(OPUS) : AT_HOME("c-long"));
		world_release(&w);
	}
	buf_release(&body);
}

static void difficulty_goes_only_down(void **state)
{
	static const char *const sets[] = { KEYS, "route.profile=observe",
		"route.use=simple=anthropic/" HAIKU ",medium=anthropic/" SONNET
		",complex=anthropic/" OPUS,
		NULL };
	static const struct row rows[] = {
		{ MAIN, ASK(OPUS, USER(SIMPLE)), AT_HOME(HAIKU) },
		{ MAIN, ASK(OPUS, USER(MEDIUM)), AT_HOME(SONNET) },
		{ MAIN, ASK(OPUS, USER(COMPLEX)), AT_HOME(OPUS) },
		{ MAIN, ASK(SONNET, USER(SIMPLE)), AT_HOME(HAIKU) },
		{ MAIN, ASK(SONNET, USER(COMPLEX)), AT_HOME(SONNET) },
		{ MAIN, ASK("claude-haiku-4-5", USER(MEDIUM)), AT_HOME(HAIKU) },
		{ MAIN, ASK("claude-haiku-4-5", USER(COMPLEX)), AT_HOME(HAIKU) },
		/* What is not a fresh task has no difficulty. */
		{ MAIN, ASK(OPUS, USER(SIMPLE) CALLS("a", "Bash") RESULT("a", "")), AT_HOME(OPUS) },
	};

	CHECK_ROWS(sets, rows);
}

/* The rest of a loop is answered by the model that its task got, with the same parameters, whatever the loop's own class would be. */
static void tool_loops_keep_the_model_of_their_task(void **state)
{
	static const char *const sets[] = { KEYS, "route.profile=observe",
		"route.use=simple=anthropic/" HAIKU " top_k=7,complex=anthropic/" OPUS
		",default=anthropic/" SONNET,
		NULL };
	static const struct {
		const char *task, *loop, *want;
	} rows[] = {
		{ ASK(OPUS, USER(SIMPLE)),
			ASK(OPUS, USER(SIMPLE) CALLS("a", "Bash") RESULT("a", "")),
			AT_HOME(HAIKU) },
		{ ASK(OPUS, USER(COMPLEX)),
			ASK(OPUS, USER(COMPLEX) CALLS("a", "Bash") RESULT("a", "")),
			AT_HOME(OPUS) },
		{ ASK(OPUS, USER(MEDIUM)),
			ASK(OPUS, USER(MEDIUM) CALLS("a", "Bash") RESULT("a", "")),
			AT_HOME(SONNET) },
		{ ASK(OPUS, USER(SIMPLE)),
			ASK(OPUS, USER(SIMPLE) CALLS("a", "Bash") RESULT("a", FAILED)),
			AT_HOME(HAIKU) },
		{ ASK(OPUS, USER(SIMPLE)),
			ASK(OPUS, USER(SIMPLE) CALLS("a", "Edit") RESULT("a", "")),
			AT_HOME(HAIKU) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, sets);
		assert_string_equal(ask(&w, MAIN, str_from(rows[i].task)), rows[i].want);
		assert_string_equal(ask(&w, MAIN, str_from(rows[i].loop)), rows[i].want);
		struct str top_k = json_get(buf_str(&world_transfer(&w)->body), STR("top_k"));
		if (strcmp(rows[i].want, AT_HOME(HAIKU)) == 0)
			assert_bytes(top_k, "7");
		else
			assert_absent(top_k);
		world_release(&w);
	}
}

/* ---- profiles ---- */

#define DAY "route.turns=80", "route.switch_percent=1000"

static void observe_stays(void **state)
{
	static const char *const sets[] = { KEYS, "route.profile=observe", NULL };
	static const char *const heads[] = { MAIN, AGENT, ASIDE };
	static const char *const bodies[] = {
		" { \"max_tokens\": 9, \"temperature\":1,\"model\" : \"" OPUS
		"\"  ,\"messages\" :[" HI "]}\n",
		ASK_WITH(OPUS, "\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},",
			USER(SIMPLE) CALLS("a", "Edit") RESULT("a", "")),
		ASK(OPUS, HI THINKS("a", "Edit") RESULT("a", FAILED)),
	};

	for (size_t i = 0; i < ARRAY_LEN(heads) * ARRAY_LEN(bodies); i++) {
		struct world w;
		struct str body = str_from(bodies[i % 3]);
		world_init(&w, sets);
		assert_string_equal(ask(&w, heads[i / 3], body), AT_HOME(OPUS));
		assert_str(buf_str(&world_transfer(&w)->body), body);
		world_release(&w);
	}
}

static void balanced(void **state)
{
	static const char *const sets[] = { KEYS, DAY, NULL }; /* it is the default */
	static const char *const turns[] = {
		ASK(OPUS, USER(SIMPLE)),
		ASK(OPUS, USER(SIMPLE) CALLS("a", "Edit") RESULT("a", "")),
		ASK(OPUS, USER(SIMPLE) CALLS("a", "Edit") RESULT("a", "") CALLS("b", "Bash")
				  RESULT("b", "")),
		ASK(OPUS, USER(SIMPLE) CALLS("a", "Edit") RESULT("a", "") CALLS("b", "Bash")
				  RESULT("b", "") SAYS("done") "," USER(SIMPLE)),
	};
	struct world w;

	world_init(&w, sets);
	for (size_t i = 0; i < ARRAY_LEN(turns); i++) {
		struct str body = str_from(turns[i]);
		assert_string_equal(ask(&w, MAIN, body), AT_HOME(OPUS));
		assert_str(buf_str(&world_transfer(&w)->body), body);
		/* Its subagent, at the same time. */
		assert_string_equal(ask(&w, AGENT, body), AT_HOME(SONNET));
		assert_string_equal(ask(&w, ASIDE, STR(ASK(OPUS, HI))), fast());
	}
	world_release(&w);
}

/* Some versions say that it is a subagent, but not which: its course is not that of the conversation it works for. */
static void subagents_without_a_name(void **state)
{
	static const char *const sets[] = { KEYS, DAY, NULL };
#define BILLED \
	"\"system\":[{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: cc_version=2.1.300; cc_entrypoint=cli; cc_is_subagent=true;\"}],"
	struct world w;

	world_init(&w, sets);
	assert_string_equal(ask(&w, MAIN, STR(ASK(OPUS, HI))), AT_HOME(OPUS));
	assert_string_equal(
		ask(&w, MAIN, STR(ASK_WITH(OPUS, BILLED, USER("look for it")))), AT_HOME(SONNET));
	/* The conversation's own loop is open, with thinking that was its model's. */
	assert_string_equal(ask(&w, MAIN, STR(ASK(OPUS, HI THINKS("a", "Bash") RESULT("a", "")))),
		AT_HOME(OPUS));
	world_release(&w);
}

static struct conn *post(struct world *w, const char *body)
{
	return world_post_with(w, "/v1/messages", MAIN, str_from(body));
}

/* One turn of a conversation: who has it, and why it says so. */
static void check_turn(struct world *w, const char *body, const char *model, const char *why)
{
	struct conn *c = post(w, body);
	const char *to = sent_to(w);

	assert_true(*to != '\0');
	assert_string_equal(strchr(to, ' ') + 1, model);
	world_answer(w, JSON_HEAD, STR(REPLY));
	assert_header(c, "x-sluice-model", model);
	assert_header(c, "x-sluice-provider", "anthropic");
	if (why == NULL)
		assert_absent(fake_conn_header(c, "x-sluice-why"));
	else
		assert_header(c, "x-sluice-why", why);
}

#define TASK    USER(COMPLEX)
#define LOOKED  TASK CALLS("a", "Bash") RESULT("a", "")
#define EDITED  LOOKED CALLS("b", "Edit") RESULT("b", "")
#define FURTHER EDITED CALLS("c", "Bash") RESULT("c", "")

static void saver_goes_down_once(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=saver", NULL };
	struct world w;

	world_init(&w, sets);
	check_turn(&w, ASK(OPUS, TASK), OPUS, NULL);
	check_turn(&w, ASK(OPUS, LOOKED), OPUS, NULL);
	check_turn(&w, ASK(OPUS, EDITED), SONNET, "planning has ended");
	check_turn(&w, ASK(OPUS, FURTHER), SONNET, "executing what was planned");
	check_turn(&w, ASK(OPUS, FURTHER SAYS("done") "," USER(COMPLEX)), SONNET,
		"executing what was planned");
	world_release(&w);
}

/* The same with thinking: it waits until the loop is over. */
static void saver_waits_for_an_open_loop(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=saver", NULL };
#define THOUGHT_LOOP TASK THINKS("a", "Edit") RESULT("a", "")
	struct world w;

	world_init(&w, sets);
	check_turn(&w, ASK_WITH(OPUS, THINKING, TASK), OPUS, NULL);
	check_turn(&w, ASK_WITH(OPUS, THINKING, THOUGHT_LOOP), OPUS, NULL);
	check_turn(&w, ASK_WITH(OPUS, THINKING, THOUGHT_LOOP THINKS("b", "Bash") RESULT("b", "")),
		OPUS, NULL);
	check_turn(&w,
		ASK_WITH(OPUS, THINKING,
			THOUGHT_LOOP THINKS("b", "Bash") RESULT("b", "")
				SAYS("done") "," USER("and now?")),
		SONNET, "executing what was planned");
	world_release(&w);
}

/* A class, a rule: they do not break into it either. */
static void nobody_breaks_into_an_open_loop(void **state)
{
	static const char *const by_use[] = { KEYS,
		"route.use=tool_loop=anthropic/" HAIKU ",recovery=anthropic/" HAIKU, NULL };
	static const char *const by_rule[] = { KEYS,
		"route.rules=[{\"when\": \"open_loop\", \"use\": \"anthropic/" HAIKU "\"}]", NULL };
	static const struct row rows[] = {
		{ MAIN, ASK(OPUS, HI THINKS("a", "Bash") RESULT("a", "")), AT_HOME(OPUS) },
		{ MAIN, ASK(OPUS, HI CALLS("a", "Bash") RESULT("a", "")), AT_HOME(HAIKU) },
	};
	static const struct row agents[] = {
		{ AGENT, ASK(OPUS, HI THINKS("a", "Bash") RESULT("a", "")), AT_HOME(OPUS) },
		{ AGENT, ASK(OPUS, HI CALLS("a", "Bash") RESULT("a", "")), AT_HOME(HAIKU) },
	};

	CHECK_ROWS(by_use, rows);
	CHECK_ROWS(by_rule, rows);
	CHECK_ROWS(by_rule, agents);
}

#define TROUBLE(id) CALLS(id, "Bash") RESULT(id, FAILED)

static void saver_goes_up_once(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=saver", NULL };
	struct world w;

	world_init(&w, sets);
	check_turn(&w, ASK(OPUS, TASK), OPUS, NULL);
	check_turn(&w, ASK(OPUS, EDITED), SONNET, "planning has ended");
	check_turn(&w, ASK(OPUS, EDITED TROUBLE("d") TROUBLE("e")), SONNET,
		"executing what was planned");
	check_turn(&w, ASK(OPUS, EDITED TROUBLE("d") TROUBLE("e") TROUBLE("f") TROUBLE("g")), OPUS,
		"results of tools keep failing");
	check_turn(&w,
		ASK(OPUS, EDITED TROUBLE("d") TROUBLE("e") TROUBLE("f") TROUBLE("g")
				  CALLS("h", "Edit") RESULT("h", "")),
		OPUS, NULL);
	world_release(&w);
}

#define SUM_UP "Your task is to create a detailed summary of the conversation so far"

/* Whoever has had the conversation sums it up. */
static void compaction_stays(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=saver", NULL };
	struct world w;

	world_init(&w, sets);
	check_turn(&w, ASK(OPUS, TASK), OPUS, NULL);
	check_turn(&w, ASK(OPUS, LOOKED SAYS("so") "," USER(SUM_UP)), OPUS, NULL);
	check_turn(&w, ASK(OPUS, EDITED), SONNET, "planning has ended");
	struct conn *c = post(&w, ASK(OPUS, FURTHER SAYS("so") "," USER(SUM_UP)));
	assert_string_equal(sent_to(&w), AT_HOME(SONNET));
	world_answer(&w, JSON_HEAD, STR(REPLY));
	assert_header(c, "x-sluice-model", SONNET);
	world_release(&w);
}

static void a_class_for_what_is_carried_out(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=saver",
		"route.use=execute=" DEEP " top_k=7", NULL };
	struct world w;

	world_init(&w, sets);
	assert_string_equal(ask(&w, MAIN, STR(ASK(OPUS, TASK))), AT_HOME(OPUS));
	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(
			ask(&w, MAIN, i == 0 ? STR(ASK(OPUS, EDITED)) : STR(ASK(OPUS, FURTHER))),
			AT_DEEP);
		assert_bytes(json_get(buf_str(&world_transfer(&w)->body), STR("top_k")), "7");
	}
	world_release(&w);
}

static void the_cheapest_of_all(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=max", NULL };
	static const char *const alone[] = { DAY, "route.profile=max", NULL };
	struct world w;

	world_init(&w, sets);
	assert_string_equal(ask(&w, MAIN, STR(ASK(OPUS, TASK))), AT_HOME(OPUS));
	const char *to = ask(&w, MAIN, STR(ASK(OPUS, EDITED)));
	assert_null(strstr(to, "anthropic.com"));
	world_release(&w);
	/* Whom there is no key for is not asked. */
	world_init(&w, alone);
	assert_string_equal(ask(&w, MAIN, STR(ASK(OPUS, TASK))), AT_HOME(OPUS));
	to = ask(&w, MAIN, STR(ASK(OPUS, EDITED)));
	assert_true(str_starts(str_from(to), STR("api.anthropic.com ")));
	assert_null(strstr(to, OPUS));
	world_release(&w);
}

/* Classes are alike for all clients. */
static void other_dialects(void **state)
{
	static const char *const sets[] = {
		"route.use=title=openai/c-title,long_context=openai/c-long",
		"route.long_context_tokens=2000", NULL
	};
	static const char *const systems[] = { "You help.", "You are a title generator",
		"You help." };
	static const char *const want[] = { AT_OPENAI("gpt-6.1-sol"), AT_OPENAI("c-title"),
		AT_OPENAI("c-long") };
	struct buf body;
	struct world w;

	buf_init(&body, SIZE_MAX);
	for (unsigned i = 0; i < 3; i++) {
		buf_clear(&body);
		buf_addf(&body,
			"{\"model\":\"gpt-6.1-sol\", \"messages\":[{\"role\":\"system\",\"content\":\"%s\"},{\"role\":\"user\",\"content\":\"",
			systems[i]);
		for (unsigned k = 0; k < (i < 2 ? 10 : 4000); k++)
			buf_add(&body, STR("some word "));
		buf_add(&body, STR("\"}]}"));
		world_init(&w, sets);
		world_post_with(&w, "/v1/chat/completions",
			"authorization: Bearer c\nuser-agent: codex_exec/0.169\n", buf_str(&body));
		assert_string_equal(sent_to(&w), want[i]);
		if (i == 0)
			assert_str(buf_str(&world_transfer(&w)->body), buf_str(&body));
		world_answer(&w, JSON_HEAD, STR(CHAT_REPLY));
		world_release(&w);
	}
	buf_release(&body);
}

/* One that cannot be worked out is told of, and nothing else. */
static void rules_that_fail(void **state)
{
	static const char *const sets[] = { KEYS, "route.profile=observe",
		"route.rules=[{\"when\": \"text + 1 > 0\", \"use\": \"anthropic/by-rule\"}]",
		NULL };
	struct world w;

	world_init(&w, sets);
	assert_string_equal(ask(&w, MAIN, STR(ASK(OPUS, HI))), AT_HOME(OPUS));
	struct str log = world_log(&w);
	assert_true(str_find(log, STR("arithmetic")) < log.n);
	world_release(&w);
}

/* ---- who is asked next ---- */

#define REFUSAL(type) "{\"type\":\"error\",\"error\":{\"type\":\"" type "\",\"message\":\"words\"}}"

static void the_clients_own_choice_comes_next(void **state)
{
	static const char *const sets[] = { KEYS, "failover.retries=0",
		"route.use=subagent=anthropic/gone", NULL };
	static const char *const by_profile[] = { KEYS, DAY, "failover.retries=0", NULL };
	static const char *const heads[] = { "404 Not Found", "529 Overloaded", "500 Oops",
		"400 Bad Request" };
	static const char *const types[] = { "not_found_error", "overloaded_error", "api_error",
		"invalid_request_error" };

	for (unsigned i = 0; i < 8; i++) {
		struct world w;

		world_init(&w, i < 4 ? sets : by_profile);
		struct conn *c = world_post_with(&w, "/v1/messages", AGENT, STR(ASK(OPUS, HI)));
		assert_string_equal(sent_to(&w), i < 4 ? AT_HOME("gone") : AT_HOME(SONNET));
		char body[200];
		snprintf(body, sizeof(body), REFUSAL("%s"), types[i % 4]);
		world_answer(&w, heads[i % 4], str_from(body));
		assert_string_equal(sent_to(&w), AT_HOME(OPUS));
		assert_str(buf_str(&world_transfer(&w)->body), STR(ASK(OPUS, HI)));
		world_answer(&w, JSON_HEAD, STR(REPLY));
		assert_int_equal(c->reply.status, 200);
		assert_header(c, "x-sluice-model", OPUS);
		world_release(&w);
	}
}

/* What must go to one provider goes to no other, not even when that fails. */
static void a_forced_provider_is_alone(void **state)
{
	static const char *const sets[] = { KEYS, "route.provider=deepseek-anthropic",
		"route.fallbacks=openai/gpt-5", "failover.retries=0", NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c = world_post_with(&w, "/v1/messages", AGENT, STR(ASK(OPUS, HI)));
	assert_true(str_starts(str_from(sent_to(&w)), STR("api.deepseek.com ")));
	world_answer(&w, "500 Oops", STR(REFUSAL("api_error")));
	assert_int_equal(c->reply.status, 500);
	world_release(&w);
}

/* Rules make the router look at a turn; the profile has no say in it all the same. */
static void observe_stays_out_of_it(void **state)
{
	static const char *const sets[] = { KEYS, DAY, "route.profile=observe",
		"route.rules=[{\"when\": \"kind == 'none'\", \"use\": \"openai/gpt-5\"}]", NULL };
	struct world w;

	world_init(&w, sets);
	assert_string_equal(ask(&w, MAIN, STR(ASK(SONNET, TASK))), AT_HOME(SONNET));
	assert_string_equal(ask(&w, MAIN, STR(ASK(SONNET, EDITED))), AT_HOME(SONNET));
	assert_string_equal(
		ask(&w, MAIN, STR(ASK(OPUS, FURTHER SAYS("so") "," USER(SUM_UP)))), AT_HOME(OPUS));
	world_release(&w);
}

/* A list names who comes next, also the client's own provider, whose key it brings itself. */
static void those_named_with_it_come_next(void **state)
{
	static const char *const sets[] = { KEYS, "failover.retries=0",
		"route.rules=[{\"when\": \"true\", \"use\": [\"" DEEP
		"\", \"mistral/no-key\", \"anthropic/" HAIKU "\"]}]",
		NULL };
	struct world w;

	world_init(&w, sets);
	struct conn *c =
		world_post_with(&w, "/v1/messages", MAIN "x-api-key: c\n", STR(ASK(OPUS, HI)));
	assert_string_equal(sent_to(&w), AT_DEEP);
	world_answer(&w, "529 Overloaded", STR(REFUSAL("overloaded_error")));
	assert_string_equal(sent_to(&w), AT_HOME(HAIKU));
	world_answer(&w, "529 Overloaded", STR(REFUSAL("overloaded_error")));
	assert_string_equal(sent_to(&w), AT_HOME(OPUS));
	world_answer(&w, JSON_HEAD, STR(REPLY));
	assert_int_equal(c->reply.status, 200);
	world_release(&w);
}

/* ---- keys ---- */

static void keys_that_are_missing(void **state)
{
	static const char *const sets[] = { "route.use=default=mistral/m", NULL };
	static const struct {
		const char *target, *body, *want;
	} rows[] = {
		{ "/v1/messages", ASK(OPUS, HI), "\"type\":\"error\"" },
		{ "/v1/chat/completions",
			"{\"model\":\"gpt-5\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}",
			"\"error\":{\"message\"" },
		{ "/v1/responses", "{\"model\":\"gpt-5\",\"input\":\"hi\"}",
			"\"error\":{\"message\"" },
		{ "/v1beta/models/gemini-3.8-flash:generateContent",
			"{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"hi\"}]}]}",
			"\"status\":\"UNAUTHENTICATED\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w, sets);
		struct conn *c = world_post(&w, rows[i].target, str_from(rows[i].body));
		assert_null(world_transfer(&w));
		assert_int_equal(c->reply.status, 401);
		struct str body = buf_str(&c->body);
		if (str_find(body, str_from(rows[i].want)) == body.n)
			print_error("%.*s\n", STR_ARG(body));
		assert_true(str_find(body, str_from(rows[i].want)) < body.n);
		assert_true(str_find(body, STR("providers.mistral.api_key")) < body.n);
		world_release(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(forced),
		cmocka_unit_test(a_rule_may_say_as_asked),
		cmocka_unit_test(virtual_names),
		cmocka_unit_test(classes),
		cmocka_unit_test(long_context),
		cmocka_unit_test(difficulty_goes_only_down),
		cmocka_unit_test(tool_loops_keep_the_model_of_their_task),
		cmocka_unit_test(observe_stays),
		cmocka_unit_test(balanced),
		cmocka_unit_test(subagents_without_a_name),
		cmocka_unit_test(saver_goes_down_once),
		cmocka_unit_test(saver_waits_for_an_open_loop),
		cmocka_unit_test(nobody_breaks_into_an_open_loop),
		cmocka_unit_test(saver_goes_up_once),
		cmocka_unit_test(compaction_stays),
		cmocka_unit_test(a_class_for_what_is_carried_out),
		cmocka_unit_test(other_dialects),
		cmocka_unit_test(rules_that_fail),
		cmocka_unit_test(the_cheapest_of_all),
		cmocka_unit_test(the_clients_own_choice_comes_next),
		cmocka_unit_test(a_forced_provider_is_alone),
		cmocka_unit_test(observe_stays_out_of_it),
		cmocka_unit_test(those_named_with_it_come_next),
		cmocka_unit_test(keys_that_are_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
