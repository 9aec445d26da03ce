/* SPDX-License-Identifier: MIT */
/* Rules and scripts: what they decide, what is said of those that are wrong and where, and that nothing they do takes for ever, gets
 * out of the sandbox or outlives the request. */
#include "unit/core/config_fake.h"

#include "core/script.h"

static struct fake fake;
static struct arena *arena;
static struct script_facts facts;
static struct script_choice choice;
static struct err err;

static int set_up(void **state)
{
	static struct http_header headers[] = { { STR_INIT("x-team"), STR_INIT("blue") },
		{ STR_INIT("authorization"), STR_INIT("Bearer secret") } };
	static struct http_head head = { .h = headers, .n = ARRAY_LEN(headers) };

	fake = (struct fake){ 0 };
	arena = arena_new();
	err = (struct err){ 0 };
	facts = (struct script_facts){ .kind = STR("subagent"),
		.class = STR("subagent"),
		.model = STR("claude-opus-4-6"),
		.text = STR("Please refactor the parser"),
		.tokens = 30000,
		.errors = 2,
		.stream = true,
		.head = &head };
	return 0;
}

static int tear_down(void **state)
{
	fake_release(&fake);
	arena_free(arena);
	return 0;
}

static void load_rules(const char *json)
{
	fake.files[0] = (struct fake_file){ USER_FILE, json };
	fake_load(&fake);
}

static void load_script(const char *text)
{
	fake.files[0] = (struct fake_file){ USER_FILE, "{\"route.script\": \"route.lua\"}" };
	fake.files[1] = (struct fake_file){ "/home/me/.config/sluice/route.lua", text };
	fake_load(&fake);
}

static bool decide(void)
{
	assert_non_null(fake.config);
	return script_decide(fake.config->script, &facts, arena, &choice, &err);
}

#define RULE(when) "{\"route.rules\": [{\"when\": \"" when "\", \"use\": \"openai/gpt-6\"}]}"

/* Whether a condition holds for the facts above. */
static bool holds(const char *when)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_add(&b, STR("{\"route.rules\": [{\"use\": \"openai/gpt-6\", \"when\": "));
	setting_print_quoted(str_from(when), &b);
	buf_add(&b, STR("}]}"));
	buf_add_char(&b, '\0');
	load_rules(b.p);
	buf_release(&b);
	assert_problems(&fake, "");
	bool ok = decide();
	if (!ok)
		fail_msg("%s: %s", when, err.text);
	bool held = choice.from == SCRIPT_FROM_RULE;
	fake_release(&fake);
	fake = (struct fake){ 0 };
	return held;
}

static void decides(void **state)
{
	load_rules(
		"{\"route.rules\": ["
		"{\"when\": \"kind == 'title'\", \"use\": \"openai/gpt-6\"},\n"
		"{\"when\": \"kind == 'subagent' and tokens > 20000\", \"why\": \"long\","
		" \"use\": [\"deepseek/deepseek-v4-pro reasoning_effort=low\", \"anthropic/*\"]},"
		"{\"when\": \"true\", \"use\": \"asked\"}]}");
	assert_problems(&fake, "");
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_RULE);
	assert_int_equal(choice.rule, 2);
	assert_int_equal(choice.n, 2);
	assert_bytes(choice.targets[0].provider, "deepseek");
	assert_bytes(choice.targets[0].model, "deepseek-v4-pro");
	assert_bytes(str_trim(choice.targets[0].params), "reasoning_effort=low");
	assert_bytes(choice.targets[1].model, "claude-opus-4-6");
	assert_bytes(choice.why, "rule 2: long");
	facts.tokens = 20000;
	assert_true(decide());
	assert_int_equal(choice.rule, 3);
	assert_int_equal(choice.n, 0);
	assert_bytes(choice.why, "rule 3: true");
}

static void has_no_opinion(void **state)
{
	load_rules(RULE("tokens > 1e9"));
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_NOBODY);
	assert_true(script_decide(NULL, &facts, arena, &choice, &err));
	assert_int_equal(choice.from, SCRIPT_FROM_NOBODY);
}

static void conditions(void **state)
{
	static const char *const hold[] = { "stream", "not images", "errors >= 2 and errors < 3",
		"model:find('opus')", "model:match('^claude%-(%w+)') == 'opus'",
		"text:lower():find('refactor', 1, true)", "has(text, 'REFACTOR', 'rewrite')",
		"one_of(kind, 'title', 'subagent')", "header('X-Team') == 'blue'",
		"header('x-none') == nil", "({subagent = true})[kind]", "#text > 10",
		"string.sub(model, 1, 6) == 'claude'", "math.max(tokens, 3) == 30000",
		"difficulty == ''", "tokens == 30000 -- a comment", "[[subagent]] == class",
		"tokens // 7 == 4285", "type(tokens) == 'number'", "select('#', 1, 2) == 2",
		"text:gsub('%w+', '') ~= text", "('x'):rep(3) == 'xxx'",
		"math.type(tokens) == 'integer'" };
	static const char *const fail[] = { "images", "errors > 2", "has(text, 'docker')",
		"one_of(kind)", "model:find('haiku')", "nil", "provider == 'x'" };

	for (size_t i = 0; i < ARRAY_LEN(hold); i++)
		if (!holds(hold[i]))
			fail_msg("does not hold: %s", hold[i]);
	for (size_t i = 0; i < ARRAY_LEN(fail); i++)
		if (holds(fail[i]))
			fail_msg("holds: %s", fail[i]);
}

static void every_fact_can_be_seen(void **state)
{
	char when[128];

	for (size_t i = 0; i < SCRIPT_NFACTS; i++) {
		static const char *const types[] = { "string", "number", "boolean" };
		snprintf(when, sizeof(when), "type(%s) == '%s'", script_fact_rows[i].name,
			types[script_fact_rows[i].type]);
		assert_true(holds(when));
	}
}

static void long_texts_are_cut(void **state)
{
	char *text = must_alloc(10000);

	memset(text, 'x', 10000);
	memcpy(text + 4095, "\xD0\x9F", 2);
	facts.text = (struct str){ text, 10000 };
	assert_true(holds("#text == 4095"));
	free(text);
}

/* ---- mistakes in conditions ---- */

static void check_mistake(const char *when, unsigned column, const char *text)
{
	struct buf b, want;

	buf_init(&b, 1 << 20);
	buf_init(&want, 1 << 20);
	buf_addf(&b, "{\"route.rules\": [\n {\"when\": \"%s\", \"use\": \"openai/gpt-6\"}]}", when);
	buf_add_char(&b, '\0');
	buf_addf(&want, USER_FILE ":2:%u: error: rule 1 of \"route.rules\": %s\n", 12 + column,
		text);
	buf_add_char(&want, '\0');
	load_rules(b.p);
	assert_problems(&fake, want.p);
	buf_release(&b);
	buf_release(&want);
	fake_release(&fake);
	fake = (struct fake){ 0 };
}

static void mistakes_in_conditions(void **state)
{
	check_mistake("knd == 'x'", 0, "unknown name \"knd\", did you mean \"kind\"?");
	check_mistake(
		"stream and tokns > 5", 11, "unknown name \"tokns\", did you mean \"tokens\"?");
	check_mistake("os.exit()", 0, "unknown name \"os\"");
	check_mistake("kind = 'x'", 5, "\"=\" is written \"==\" in Lua");
	check_mistake("kind != 'x'", 5, "\"!=\" is written \"~=\" in Lua");
	check_mistake("stream && images", 7, "\"&&\" is written \"and\" in Lua");
	check_mistake("stream || images", 7, "\"||\" is written \"or\" in Lua");
	check_mistake("!stream", 0, "\"!\" is written \"not\" in Lua");
	check_mistake("stream and (images", 18, "')' expected near <eof>");
	check_mistake("kind ==", 7, "unexpected symbol near <eof>");
	check_mistake("kind == == 'x'", 8, "unexpected symbol near '=='");
	check_mistake("stream images", 7, "<eof> expected near 'images'");
	check_mistake("kind == 'x", 8, "unfinished string near <eof>");
	check_mistake("tokens > 3x", 9, "malformed number near '3x'");
	check_mistake("tokens, 3", 6, "a condition is one expression");
	check_mistake("tokens", 0, "\"tokens\" alone is always true: compare it with something");
	check_mistake("while true do end", 0,
		"\"while\" has no place in a condition, which is an expression");
	check_mistake("(function() return 1 end)()", 1,
		"\"function\" has no place in a condition, which is an expression");
	check_mistake("-- nothing", 0, "a condition must not be empty");
}

/* Escapes of JSON take more columns than what they stand for. */
static void places_behind_escapes(void **state)
{
	check_mistake("kind == \\\"\\u041f\\ud83d\\ude00\\\" and knd", 35,
		"unknown name \"knd\", did you mean \"kind\"?");
	check_mistake("kind == 'п' and knd", 16, "unknown name \"knd\", did you mean \"kind\"?");
}

static void mistakes_in_rules(void **state)
{
	load_rules("{\"route\": {\"rules\": [\n"
		   "  {\"when\": \"stream\", \"use\": [\"openai/gpt-6\",\n"
		   "    \"nobody/x\"]},\n"
		   "  {\"when\": \"knd == 1\", \"use\": \"gpt-6\"}\n]}}");
	assert_problems(&fake, USER_FILE
		":3:6: error: rule 1 of \"route.rules\": \"nobody/x\" names the provider "
		"\"nobody\", which is not configured\n" USER_FILE
		":4:32: error: rule 2 of \"route.rules\": \"gpt-6\" must be PROVIDER/MODEL\n" USER_FILE
		":4:13: error: rule 2 of \"route.rules\": unknown name \"knd\", did you "
		"mean \"kind\"?\n");
}

static void mistakes_in_members(void **state)
{
	load_rules("{\"route.rules\": [\n {\"when\": \"stream\", \"use\": \"openai/x\"},\n"
		   " {\"wen\": \"stream\", \"use\": \"openai/x\"}]}");
	assert_problems(&fake, USER_FILE
		":3:3: error: \"route.rules\" entry 2: unknown member \"wen\", did you mean "
		"\"when\"?\n");
}

static void rules_of_the_environment(void **state)
{
	fake.env[0] = "SLUICE_ROUTE_RULES=[{\"when\": \"strem\", \"use\": \"openai/x\"}]";
	fake_load(&fake);
	assert_problems(&fake,
		"environment SLUICE_ROUTE_RULES: error: rule 1 of \"route.rules\", character 1 of "
		"\"when\": unknown name \"strem\", did you mean \"stream\"?\n");
}

static void rules_are_not_for_projects(void **state)
{
	fake.files[0] = (struct fake_file){ PROJECT_FILE, "{\"route.script\": \"route.lua\"}" };
	fake.files[1] = (struct fake_file){ "/home/me/code/route.lua", "function route() end" };
	fake_load(&fake);
	assert_null(fake.config);
}

/* ---- what conditions may cost ---- */

static void check_failure(const char *why, const char *text)
{
	assert_false(decide());
	assert_str(choice.why, str_from(why));
	assert_string_equal(err.text, text);
	assert_int_equal(choice.n, 0);
	/* And the next request is served as if nothing had been. */
	assert_false(decide());
	assert_string_equal(err.text, text);
}

static const char *const too_many =
	"takes more than 100000 instructions (route.script_instructions)";
static const char *const too_much = "takes more than 4194304 bytes (route.script_memory_bytes)";

static void failing_conditions(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ RULE("header('x-none') > 5"), "attempt to compare number with nil" },
		{ RULE("header('Authorization') == ''"),
			"header \"Authorization\" may hold a key and is not shown" },
		{ RULE("header('x-api-key') == ''"),
			"header \"x-api-key\" may hold a key and is not shown" },
		{ RULE("error('no')"), "no" },
		{ RULE("error({})"), "raised an error that is a table" },
		{ RULE("('x'):rep(1e9) == ''"), NULL },
		{ RULE("(''):rep(1e18) == ''"), NULL },
		{ RULE("('a'):rep(3000):find('.-.-.-.-.-b')"), NULL },
		{ RULE("text:bogus()"), "attempt to call a nil value (method 'bogus')" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		load_rules(cases[i].json);
		assert_problems(&fake, "");
		assert_false(decide());
		if (cases[i].text != NULL)
			assert_string_equal(err.text, cases[i].text);
		else if (strcmp(err.text, too_many) != 0)
			assert_string_equal(err.text, too_much);
		assert_bytes(choice.why, "rule 1 of route.rules");
		fake_release(&fake);
		fake = (struct fake){ 0 };
	}
}

static void failures_are_told_once_a_minute(void **state)
{
	load_rules("{\"route.rules\": [{\"when\": \"header('x') > 1\", \"use\": \"openai/x\"}]}");
	assert_false(decide());
	assert_true(script_tells(fake.config->script, &choice, 0));
	assert_false(script_tells(fake.config->script, &choice, 59999));
	assert_true(script_tells(fake.config->script, &choice, 60000));
	choice.from = SCRIPT_FROM_FILE;
	assert_true(script_tells(fake.config->script, &choice, 60000));
}

/* ---- scripts ---- */

static void scripts_decide(void **state)
{
	load_script("local cheap = 'deepseek/deepseek-v4-pro'\n"
		    "function route(request)\n"
		    "  if request.kind == 'subagent' and request.tokens > 20000 then\n"
		    "    return {use = {cheap, 'openai/gpt-6'}, why = 'long\\nsubagents'}\n"
		    "  elseif request.header('x-team') == 'red' then return cheap end\n"
		    "  if request:header('x-team') == 'blue' then return 'asked' end\n"
		    "end");
	assert_problems(&fake, "");
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_FILE);
	assert_int_equal(choice.n, 2);
	assert_bytes(choice.targets[0].provider, "deepseek");
	assert_bytes(choice.targets[1].model, "gpt-6");
	assert_bytes(choice.why, "script: long?subagents");
	facts.tokens = 5;
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_FILE);
	assert_int_equal(choice.n, 0);
	assert_bytes(choice.why, "script");
	facts.head = NULL;
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_NOBODY);
}

static void a_script_comes_before_rules(void **state)
{
	fake.files[0] = (struct fake_file){
		USER_FILE,
		"{\"route.script\": \"~/r.lua\", \"route.rules\": [{\"when\": \"true\", \"use\": \"openai/x\"}]}"
	};
	fake.files[1] = (struct fake_file){ "/home/me/r.lua",
		"function route(r) if r.stream then return {'anthropic/*', 'openai/y'} end end" };
	fake_load(&fake);
	assert_problems(&fake, "");
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_FILE);
	assert_bytes(choice.targets[0].model, "claude-opus-4-6");
	facts.stream = false;
	assert_true(decide());
	assert_int_equal(choice.from, SCRIPT_FROM_RULE);
}

static void mistakes_in_scripts(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "function route(r)\n  if r.stream the\nend",
			"2:15: error: 'then' expected near 'the'" },
		{ "function route(r)\n  return 'x\nend",
			"2:10: error: unfinished string near ''x'" },
		{ "function route(r)\n  if r.stream then\n", "3:1: error: 'end' expected (to close "
							     "'if' at line 2) near <eof>" },
		{ "function rout(r) end",
			" error: the script does not define a function route(request)" },
		{ "", " error: the script does not define a function route(request)" },
		{ "local x = os.time()", "1:1: error: unknown name \"os\"" },
		{ "\n\nprint('hello')", "3:1: error: unknown name \"print\"" },
		{ "strng.rep('x', 2)",
			"1:1: error: unknown name \"strng\", did you mean \"string\"?" },
		{ "x = tokens",
			"1:1: error: unknown name \"tokens\": in a script it is request.tokens" },
		{ "x = request.tokens",
			"1:1: error: there is no request while the script is loaded" },
		{ "while true do end", NULL },
		{ "\x1bLua", "1:1: error: attempt to load a binary chunk (mode is 't')" },
		{ "goto nowhere", "1:6: error: no visible label 'nowhere' for <goto> at line 1" },
		{ "error('no', 0)", "1:1: error: no" },
	};
	static const char prefix[] = "/home/me/.config/sluice/route.lua:";
	struct buf want;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		load_script(cases[i].text);
		buf_init(&want, 4096);
		buf_addf(&want, "%s%s%s\n", prefix, cases[i].want == NULL ? " error: " : "",
			cases[i].want == NULL ? too_many : cases[i].want);
		buf_add_char(&want, '\0');
		assert_problems(&fake, want.p);
		buf_release(&want);
		fake_release(&fake);
		fake = (struct fake){ 0 };
	}
}

static void a_script_that_is_missing(void **state)
{
	fake.files[0] = (struct fake_file){ USER_FILE, "{\"route.script\": \"route.lua\"}" };
	fake_load(&fake);
	assert_problems(&fake,
		USER_FILE ":1:2: error: \"route.script\": cannot read "
			  "\"/home/me/.config/sluice/route.lua\": No such file or directory\n");
}

/* ---- tricks ---- */

static void check_trick(const char *body, const char *text)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_addf(&b, "function route(request) %s end", body);
	buf_add_char(&b, '\0');
	load_script(b.p);
	buf_release(&b);
	assert_problems(&fake, "");
	for (int again = 0; again < 2; again++) {
		if (decide())
			fail_msg("did not fail: %s", body);
		if (text != NULL && strcmp(err.text, text) != 0)
			fail_msg("%s: %s", body, err.text);
		if (text == NULL && strcmp(err.text, too_many) != 0 &&
			strcmp(err.text, too_much) != 0)
			fail_msg("%s: %s", body, err.text);
		assert_int_equal(choice.n, 0);
		assert_bytes(choice.why, "route.script");
	}
	fake_release(&fake);
	fake = (struct fake){ 0 };
}

static void endless_loops(void **state)
{
	check_trick("while true do end", too_many);
	check_trick("repeat until false", too_many);
	check_trick("for i = 1, math.huge do end", too_many);
	check_trick("::again:: goto again", too_many);
	check_trick("local function f() return f() end return f()", too_many);
	check_trick("for w in (' '):rep(100000):gmatch('') do end", too_many);
	check_trick("for k in function() return 1 end do end", too_many);
	check_trick("local t = {} for i = 1, 1e9 do t[1] = i end", too_many);
	check_trick("local s = '' while true do s = s .. '' end", too_many);
}

static void deep_recursion(void **state)
{
	check_trick("local function f() return 1 + f() end return f()", NULL);
	check_trick("local function f(...) return f(1, ...) + 1 end return f()", NULL);
	check_trick("('x'):gsub('x', function() return (('x'):gsub('x', request.f)) end)",
		"route.lua:1: a request has no field \"f\"");
}

static void huge_things(void **state)
{
	check_trick("local s = 'x' while true do s = s .. s end", too_much);
	check_trick("return ('x'):rep(1e9)", too_much);
	check_trick("return (''):rep(1e18)", too_many);
	check_trick("return ('x'):rep(1, ('y'):rep(1e9))", too_much);
	check_trick("return ('x'):rep(2^62)", too_much);
	check_trick("local t = {} while true do t[#t + 1] = {} end", NULL);
	check_trick("local t = {} for i = 1, 1e9 do t[i * 1e5] = ('x'):rep(1000) .. i end", NULL);
	check_trick("local s, t = ('x'):rep(1000):rep(500), {} for i = 1, 12 do t[i] = s .. i end",
		too_much);
	check_trick("return table.concat({('x'):rep(3e6), ('y'):rep(3e6)})", NULL);
	check_trick("return table.unpack({}, 1, 1e7)", too_many);
	check_trick("table.move({}, 1, 1e18, 2)", too_many);
	check_trick("table.move({}, math.mininteger, -1, 2)", too_many);
	check_trick("return table.concat({}, '', 1, math.maxinteger)", too_many);
	check_trick("local t = {} for i = 1, 20000 do t[i] = i end table.sort(t)", too_many);
	check_trick(
		"local t = {} for i = 1, 2000 do t[i] = i end while true do table.insert(t, 1, 0) end",
		too_many);
	check_trick("local s = ('x'):rep(1e6) while true do s:upper() end", too_many);
	check_trick("local s = ('x'):rep(1e6) while true do s:byte(1, 3) end", too_many);
	check_trick(
		"local a, b = ('x'):rep(1e6), ('x'):rep(1e6) .. '' while true do local _ = a < b end",
		too_many);
}

static void slow_patterns(void **state)
{
	check_trick("('a'):rep(3000):find('.-.-.-.-.-b')", too_many);
	check_trick("('a'):rep(3000):match('.*.*.*.*b')", too_many);
	check_trick("('a'):rep(3000):gsub('a-a-a-a-b', '')", too_many);
	check_trick("for _ in ('a'):rep(3000):gmatch('a-a-a-a-b') do end", too_many);
	check_trick("('x'):rep(1e5):gsub('x', function() return 'y' end)", too_many);
	check_trick("while true do request.text:find('%(') end", too_many);
	check_trick("return ('('):rep(500):find(('('):rep(500))", "route.lua:1: too many captures");
	check_trick("return ('a'):rep(300):find(('a?'):rep(300) .. ('a'):rep(300))",
		"route.lua:1: pattern too complex");
}

static void ways_out(void **state)
{
	static const char *const names[] = { "os", "io", "require", "load", "loadstring", "dofile",
		"loadfile", "debug", "package", "collectgarbage", "setmetatable", "getmetatable",
		"rawset", "rawget", "rawequal", "rawlen", "pcall", "xpcall", "coroutine", "_G",
		"utf8", "print", "warn", "arg", "module", "newproxy", "setfenv", "bit32",
		"_VERSION", "jit", "ffi", "sluice" };
	char body[64], want[128];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		snprintf(body, sizeof(body), "return %s.x", names[i]);
		snprintf(want, sizeof(want), "route.lua:1: unknown name \"%s\"", names[i]);
		load_script("function route() end");
		fake_release(&fake);
		fake = (struct fake){ 0 };
		struct buf b;
		buf_init(&b, 4096);
		buf_addf(&b, "function route(request) %s end", body);
		buf_add_char(&b, '\0');
		load_script(b.p);
		assert_false(decide());
		if (strncmp(err.text, want, strlen(want)) != 0)
			fail_msg("%s: %s", names[i], err.text);
		buf_release(&b);
		fake_release(&fake);
		fake = (struct fake){ 0 };
	}
	check_trick("return ('x').dump(route)",
		"route.lua:1: attempt to call a nil value (field 'dump')");
	check_trick("return string.dump(route)",
		"route.lua:1: attempt to call a nil value (field 'dump')");
	check_trick("return math.randomseed(1)",
		"route.lua:1: attempt to call a nil value (field 'randomseed')");
}

static void poison(void **state)
{
	check_trick(
		"string.find = function() return 1 end", "route.lua:1: string cannot be changed");
	check_trick("table.insert(string, 'x')", "route.lua:1: string cannot be changed");
	check_trick("math.pi = 3", "route.lua:1: math cannot be changed");
	check_trick("request.kind = 'x'", "route.lua:1: a request cannot be changed");
	check_trick("local s = 'x' s.find = 1",
		"route.lua:1: attempt to index a string value (local 's')");
	check_trick("has = nil",
		"route.lua:1: global \"has\" cannot be set while routing: make it a local variable");
	check_trick("_ENV.has = nil",
		"route.lua:1: global \"has\" cannot be set while routing: make it a local variable");
	check_trick("local x <close> = {}", "route.lua:1: variable 'x' got a non-closable value");
	check_trick("count = 1",
		"route.lua:1: global \"count\" cannot be set while routing: make it a local variable");
	check_trick("local _ENV = {} return x.y",
		"route.lua:1: attempt to index a nil value (global 'x')");
	check_trick("return request.header('cookie')",
		"route.lua:1: header \"cookie\" may hold a key and is not shown");
}

static void error_objects(void **state)
{
	check_trick("error({})", "route.lua:1: raised an error that is a table");
	check_trick("error()", "route.lua:1: raised an error that is a nil");
	check_trick("error(route)", "route.lua:1: raised an error that is a function");
	check_trick("error('a\\nb\\0c', 0)", "route.lua:1: a?b");
	check_trick("error(request)", "route.lua:1: raised an error that is a table");
	check_trick("assert(false)", "route.lua:1: assertion failed!");
	check_trick("assert(nil, {})", "route.lua:1: raised an error that is a table");
	check_trick("error(42)", "route.lua:1: raised an error that is a number");
}

static void strange_answers(void **state)
{
	check_trick("return 5", "route() must return strings as targets, not a number");
	check_trick("return true", "route() must return strings as targets, not a boolean");
	check_trick("return {}", "route() has returned an empty list");
	check_trick("return {use = {}}", "route() has returned an empty list");
	check_trick("return {why = 'x'}", "route() has returned \"why\" without \"use\"");
	check_trick("return {use = 'openai/x', why = 5}", "\"why\" must be a string, not a number");
	check_trick("return {{'openai/x'}}", "route() must return strings as targets, not a table");
	check_trick("return 'gpt-6'", "route() has returned \"gpt-6\": must be PROVIDER/MODEL");
	check_trick("return 'nobody/x'",
		"route() has returned \"nobody/x\": names the provider \"nobody\", which is not configured");
	check_trick("return 'openai/a\\nb'",
		"route() has returned \"openai/a?b\": a target must not hold control characters");
	check_trick("return 'openai/\\xff'",
		"route() has returned \"openai/\xff\": a target must be valid UTF-8");
	check_trick("local t = {} for i = 1, 17 do t[i] = 'openai/x' end return t",
		"route() has returned more than 16 targets");
	check_trick("return request", "route() has returned an empty list");
	check_trick("return request.tokns",
		"route.lua:1: a request has no field \"tokns\", did you mean \"tokens\"?");
}

/* A failure does not spoil what comes after it. */
static void failures_do_not_last(void **state)
{
	load_script("function route(r)\n"
		    "  if r.stream then local s = 'x' while true do s = s .. s end end\n"
		    "  if r.images then while true do end end\n"
		    "  return 'openai/gpt-6'\n"
		    "end");
	for (int i = 0; i < 20; i++) {
		facts.stream = i % 3 == 0;
		facts.images = i % 3 == 1;
		assert_int_equal(decide(), i % 3 == 2);
	}
}

/* Globals cannot be set; what a script keeps in variables of its own lasts until the configuration is loaded again. */
static void state_between_requests(void **state)
{
	load_script(
		"local n = 0\nlimit = 2\nfunction route(r) n = n + 1 if n > limit then return 'openai/gpt-6' end end");
	for (int i = 1; i <= 4; i++) {
		assert_true(decide());
		assert_int_equal(choice.from, i > 2 ? SCRIPT_FROM_FILE : SCRIPT_FROM_NOBODY);
	}
}

static void only_wanted_facts(void **state)
{
	load_rules(RULE("kind == 'text' and ({warm = 1}).warm"));
	assert_true(script_wants(fake.config->script, SCRIPT_FACT_kind));
	assert_false(script_wants(fake.config->script, SCRIPT_FACT_text));
	assert_false(script_wants(fake.config->script, SCRIPT_FACT_warm));
	assert_false(script_wants(NULL, SCRIPT_FACT_kind));
	fake_release(&fake);
	fake = (struct fake){ 0 };
	load_script("function route(r) return r.text:find('x') and 'openai/gpt-6' end");
	assert_true(script_wants(fake.config->script, SCRIPT_FACT_text));
	assert_false(script_wants(fake.config->script, SCRIPT_FACT_warm));
	fake_release(&fake);
	fake = (struct fake){ 0 };
	load_script("function route(r) return r['wa' .. 'rm'] > 5 and 'openai/gpt-6' end");
	assert_true(script_wants(fake.config->script, SCRIPT_FACT_warm));
}

static void limits_are_settings(void **state)
{
	fake.env[0] = "SLUICE_ROUTE_SCRIPT_INSTRUCTIONS=1000";
	fake.env[1] = "SLUICE_ROUTE_SCRIPT_MEMORY_BYTES=64KiB";
	load_script("function route(r)\n"
		    "  if r.stream then for i = 1, 2000 do end end\n"
		    "  local s = ('x'):rep(1000)\n"
		    "  for i = 1, 8 do s = s .. s end\n"
		    "end");
	assert_problems(&fake, "");
	check_failure(
		"route.script", "takes more than 1000 instructions (route.script_instructions)");
	facts.stream = false;
	check_failure("route.script", "takes more than 65536 bytes (route.script_memory_bytes)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(decides),
		TEST(has_no_opinion),
		TEST(conditions),
		TEST(every_fact_can_be_seen),
		TEST(long_texts_are_cut),
		TEST(mistakes_in_conditions),
		TEST(places_behind_escapes),
		TEST(mistakes_in_rules),
		TEST(mistakes_in_members),
		TEST(rules_of_the_environment),
		TEST(rules_are_not_for_projects),
		TEST(failing_conditions),
		TEST(failures_are_told_once_a_minute),
		TEST(scripts_decide),
		TEST(a_script_comes_before_rules),
		TEST(mistakes_in_scripts),
		TEST(a_script_that_is_missing),
		TEST(endless_loops),
		TEST(deep_recursion),
		TEST(huge_things),
		TEST(slow_patterns),
		TEST(ways_out),
		TEST(poison),
		TEST(error_objects),
		TEST(strange_answers),
		TEST(failures_do_not_last),
		TEST(state_between_requests),
		TEST(only_wanted_facts),
		TEST(limits_are_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
