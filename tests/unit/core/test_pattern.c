/* SPDX-License-Identifier: MIT */
/* Patterns find what Lua's own find: on chosen cases, and on thousands that a seeded generator makes of the characters that matter. */
#include "unit/base/check.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>

#include "core/pattern.h"

static lua_State *lua;

static int set_up(void **state)
{
	lua = luaL_newstate();
	luaL_openlibs(lua);
	return 0;
}

static int tear_down(void **state)
{
	lua_close(lua);
	return 0;
}

/* Captures, and whether there was an error: as one line. */
static void describe_ours(
	char *out, size_t size, struct str subject, struct str pattern, size_t from)
{
	struct pattern p = { .subject = subject, .pattern = pattern, .steps = 1000000 };
	size_t start, end, n = 0;

	if (!pattern_find(&p, from, &start, &end)) {
		snprintf(out, size, "%s", p.problem != NULL ? "error" : "nil");
		return;
	}
	n = (size_t)snprintf(out, size, "%zu %zu", start + 1, end);
	for (unsigned i = 0; i < p.ncaptures && n < size; i++) {
		const struct pattern_capture *c = &p.captures[i];
		if (c->n == PATTERN_POSITION)
			n += (size_t)snprintf(out + n, size - n, " %zu", c->at + 1);
		else
			n += (size_t)snprintf(
				out + n, size - n, " '%.*s'", (int)c->n, subject.p + c->at);
	}
}

static void describe_lua(
	char *out, size_t size, struct str subject, struct str pattern, size_t from)
{
	lua_settop(lua, 0);
	lua_getglobal(lua, "string");
	lua_getfield(lua, -1, "find");
	lua_remove(lua, 1);
	lua_pushlstring(lua, subject.p, subject.n);
	lua_pushlstring(lua, pattern.p, pattern.n);
	lua_pushinteger(lua, (lua_Integer)from + 1);
	if (lua_pcall(lua, 3, LUA_MULTRET, 0) != LUA_OK) {
		snprintf(out, size, "error");
		return;
	}
	if (lua_isnil(lua, 1)) {
		snprintf(out, size, "nil");
		return;
	}
	size_t n = (size_t)snprintf(
		out, size, "%lld %lld", lua_tointeger(lua, 1), lua_tointeger(lua, 2));
	for (int i = 3; i <= lua_gettop(lua) && n < size; i++) {
		const char *quote = lua_type(lua, i) == LUA_TNUMBER ? "" : "'";
		n += (size_t)snprintf(
			out + n, size - n, " %s%s%s", quote, lua_tostring(lua, i), quote);
	}
}

static void check_same(struct str subject, struct str pattern, size_t from)
{
	char ours[1024], theirs[1024];

	/* Lua does not look at such a one as a pattern. */
	if (pattern_is_plain(pattern))
		return;
	describe_ours(ours, sizeof(ours), subject, pattern, from);
	describe_lua(theirs, sizeof(theirs), subject, pattern, from);
	if (strcmp(ours, theirs) != 0)
		fail_msg("\"%.*s\" in \"%.*s\": %s, Lua says %s", STR_ARG(pattern),
			STR_ARG(subject), ours, theirs);
}

static void chosen(void **state)
{
	static const char *const cases[][2] = { { "hello world", "o w" }, { "hello", "^h(.-)o$" },
		{ "key = value", "^(%w+)%s*=%s*(%w+)$" }, { "THE (quick) fox", "%((%a+)%)" },
		{ "f(a(b)c)d", "%b()" }, { "THE (quick) fox", "%f[%a]%a+%f[%A]" },
		{ "abcabc", "(abc)%1" }, { "abc", "()b()" }, { "a-b]c", "[]-]" },
		{ "x^y", "[x^]+$" }, { "x^y", "[^x]" }, { "", "" }, { "", "^$" }, { "abc", "$" },
		{ "a$c", "a$c" }, { "aaa", "a-$" }, { "aaab", "a?a?b" }, { "a.b", "%." },
		{ "abc", "[a-" }, { "abc", "%" }, { "abc", "(a" }, { "abc", "a)" }, { "abc", "%1" },
		{ "abc", "(a%1)" }, { "abc", "%f" }, { "abc", "%b" }, { "abc", "%b(" },
		{ "abc", "[%" }, { "abc", "[%]" }, { "abc", "[^]" }, { "x]", "[%]]" },
		{ "a-z", "[a%-z]+" }, { "5", "[%d-x]" }, { "aXb", "%u" }, { "aXb", "[%U]+" },
		{ "abab", "()(ab)()" }, { "aa", "a*a*a*a*b?" }, { "''", "(['\"])%1" },
		{ "ab", "(()(b))" }, { "a", "()%1" } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_same(str_from(cases[i][0]), str_from(cases[i][1]), 0);
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

static void make(char *to, size_t n, const char *of, unsigned *seed)
{
	for (size_t i = 0; i < n; i++)
		to[i] = of[next(seed) % strlen(of)];
	to[n] = '\0';
}

static void made(void **state)
{
	char subject[16], pattern[12];
	unsigned seed = 7;

	for (int i = 0; i < 60000; i++) {
		make(subject, next(&seed) % 12, "aab1 .-]x(A)", &seed);
		make(pattern, next(&seed) % 11, "ab%%[]^$()*+-?.wda1fbA", &seed);
		const struct str s = str_from(subject);
		check_same(s, str_from(pattern), next(&seed) % (s.n + 1));
	}
}

static void steps_are_counted(void **state)
{
	char text[3001];
	size_t start, end;

	memset(text, 'a', 3000);
	text[3000] = '\0';
	struct pattern p = {
		.subject = str_from(text), .pattern = STR(".-.-.-.-b"), .steps = 100000
	};
	assert_false(pattern_find(&p, 0, &start, &end));
	assert_ptr_equal(p.problem, pattern_too_slow);
	assert_int_equal(p.steps, 0);
	p = (struct pattern){ .subject = str_from(text), .pattern = STR("a+"), .steps = 100000 };
	assert_true(pattern_find(&p, 0, &start, &end));
	assert_int_equal(end, 3000);
	assert_true(p.steps > 90000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen),
		cmocka_unit_test(made),
		cmocka_unit_test(steps_are_counted),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
