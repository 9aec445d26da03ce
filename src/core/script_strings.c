/* SPDX-License-Identifier: MIT */
/* The functions of strings that Lua's own library would work on for as long as it takes: repetition, and all that looks for patterns.
 * Their results are those of the Lua 5.4 Reference Manual, section 6.4. */
#include "core/script_private.h"

#include <string.h>

#include "core/pattern.h"

enum {
	STEPS = 8,  /* of a pattern, that count as one instruction */
	BYTES = 64, /* of a string that is copied, the same */
};

int script_rep(lua_State *l)
{
	const struct str s = script_check_str(l, 1), sep = { luaL_optstring(l, 3, ""), 0 };
	const lua_Integer n = luaL_checkinteger(l, 2);
	const size_t nsep = lua_isnoneornil(l, 3) ? 0 : lua_rawlen(l, 3), each = s.n + nsep;
	luaL_Buffer b;

	if (n <= 0) {
		lua_pushliteral(l, "");
		return 1;
	}
	if (each > 0 && (uint64_t)n > script_of(l)->memory_max / each) {
		script_of(l)->cramped = true;
		return luaL_error(l, "not enough memory");
	}
	script_charge(l, (uint64_t)n / 16 + (uint64_t)n * each / BYTES + 1);
	char *p = luaL_buffinitsize(l, &b, (size_t)n * each);
	for (lua_Integer i = 0; i < n; i++) {
		memcpy(p, s.p, s.n);
		p += s.n;
		if (i + 1 == n)
			break;
		memcpy(p, sep.p, nsep);
		p += nsep;
	}
	luaL_pushresultsize(&b, (size_t)n * each - nsep);
	return 1;
}

/* Where a search begins: position i, from 1, or from the end when it is negative. */
static size_t start(lua_State *l, int i, size_t n)
{
	const lua_Integer from = luaL_optinteger(l, i, 1);

	if (from > 0)
		return (uint64_t)from - 1 > n ? n + 1 : (size_t)from - 1;
	if (from == 0 || (uint64_t)-from > n)
		return 0;
	return n - (size_t)-from;
}

static void begin_pattern(lua_State *l, struct pattern *m, struct str subject, struct str pattern)
{
	const int64_t left = script_of(l)->instructions;

	m->subject = subject;
	m->pattern = pattern;
	m->steps = left > 0 ? (uint64_t)left * STEPS : 0;
	m->problem = NULL;
	m->ncaptures = 0;
	m->depth = 0;
}

/* Charges what has been matched so far, and raises the pattern's problem. */
static void charge_pattern(lua_State *l, struct pattern *m)
{
	const int64_t left = script_of(l)->instructions;

	if (m->problem == pattern_too_slow)
		script_charge(l, UINT64_MAX);
	if (m->problem != NULL)
		luaL_error(l, "%s", m->problem);
	script_charge(l, (uint64_t)left - m->steps / STEPS);
}

static void push_capture(lua_State *l, const struct pattern *m, unsigned i)
{
	const struct pattern_capture *c = &m->captures[i];

	if (c->n == PATTERN_POSITION)
		lua_pushinteger(l, (lua_Integer)c->at + 1);
	else
		lua_pushlstring(l, m->subject.p + c->at, c->n);
}

/* All captures, or what was found when there are none and that is wanted. */
static int push_captures(lua_State *l, const struct pattern *m, size_t from, size_t to)
{
	luaL_checkstack(l, PATTERN_CAPTURES_MAX, "too many captures");
	if (m->ncaptures == 0 && to != PATTERN_NONE) {
		lua_pushlstring(l, m->subject.p + from, to - from);
		return 1;
	}
	for (unsigned i = 0; i < m->ncaptures; i++)
		push_capture(l, m, i);
	return (int)m->ncaptures;
}

static int find_plain(lua_State *l, struct str subject, struct str word, size_t from)
{
	script_charge(l, subject.n / BYTES + 1);
	const size_t at = str_find(str_from_offset(subject, from), word);
	if (at + from + word.n > subject.n) {
		lua_pushnil(l);
		return 1;
	}
	lua_pushinteger(l, (lua_Integer)(from + at + 1));
	lua_pushinteger(l, (lua_Integer)(from + at + word.n));
	return 2;
}

static int find_pattern(lua_State *l, bool finds)
{
	const struct str subject = script_check_str(l, 1), pattern = script_check_str(l, 2);
	const size_t from = start(l, 3, subject.n);
	struct pattern m;
	size_t begin, end;

	if (from > subject.n) {
		lua_pushnil(l);
		return 1;
	}
	if (finds && (lua_toboolean(l, 4) || pattern_is_plain(pattern)))
		return find_plain(l, subject, pattern, from);
	begin_pattern(l, &m, subject, pattern);
	bool found = pattern_find(&m, from, &begin, &end);
	charge_pattern(l, &m);
	if (!found) {
		lua_pushnil(l);
		return 1;
	}
	if (!finds)
		return push_captures(l, &m, begin, end);
	lua_pushinteger(l, (lua_Integer)begin + 1);
	lua_pushinteger(l, (lua_Integer)end);
	return push_captures(l, &m, begin, PATTERN_NONE) + 2;
}

int script_find(lua_State *l)
{
	return find_pattern(l, true);
}

int script_match(lua_State *l)
{
	return find_pattern(l, false);
}

/* Upvalues: subject, pattern, where to go on, where the last match ended. */
static int next_match(lua_State *l)
{
	const struct str subject = script_check_str(l, lua_upvalueindex(1));
	const struct str pattern = script_check_str(l, lua_upvalueindex(2));
	const size_t last = (size_t)lua_tointeger(l, lua_upvalueindex(4));
	struct pattern m;

	begin_pattern(l, &m, subject, pattern);
	for (size_t from = (size_t)lua_tointeger(l, lua_upvalueindex(3));
		from <= subject.n && m.problem == NULL; from++) {
		size_t end = pattern_match(&m, from);
		if (end == PATTERN_NONE || end + 1 == last)
			continue;
		charge_pattern(l, &m);
		lua_pushinteger(l, (lua_Integer)end);
		lua_replace(l, lua_upvalueindex(3));
		lua_pushinteger(l, (lua_Integer)end + 1);
		lua_replace(l, lua_upvalueindex(4));
		return push_captures(l, &m, from, end);
	}
	charge_pattern(l, &m);
	return 0;
}

int script_gmatch(lua_State *l)
{
	const struct str subject = script_check_str(l, 1);

	script_check_str(l, 2);
	const size_t from = start(l, 3, subject.n);
	lua_settop(l, 2);
	lua_pushinteger(l, (lua_Integer)from);
	lua_pushinteger(l, 0);
	lua_pushcclosure(l, next_match, 4);
	return 1;
}

/* A replacement that is a string, with its %0 to %9. */
static void add_replacement(lua_State *l, luaL_Buffer *b, const struct pattern *m, struct str found)
{
	const struct str text = script_check_str(l, 3);

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%') {
			luaL_addchar(b, text.p[i]);
			continue;
		}
		const char c = ++i < text.n ? text.p[i] : 0;
		if (c == '%') {
			luaL_addchar(b, '%');
		} else if (c == '0' || (c == '1' && m->ncaptures == 0)) {
			luaL_addlstring(b, found.p, found.n);
		} else if (c >= '1' && c <= '9' && (unsigned)(c - '1') < m->ncaptures) {
			push_capture(l, m, (unsigned)(c - '1'));
			luaL_addvalue(b);
		} else {
			luaL_error(l, "invalid use of '%%' in replacement string");
		}
	}
}

/* What stands for one match. The function or table may run code, which charges the same account. */
static void add_value(lua_State *l, luaL_Buffer *b, const struct pattern *m, struct str found)
{
	const size_t from = (size_t)(found.p - m->subject.p);

	switch (lua_type(l, 3)) {
	case LUA_TFUNCTION:
		lua_pushvalue(l, 3);
		lua_call(l, push_captures(l, m, from, from + found.n), 1);
		break;
	case LUA_TTABLE:
		if (m->ncaptures > 0)
			push_capture(l, m, 0);
		else
			lua_pushlstring(l, found.p, found.n);
		lua_gettable(l, 3);
		break;
	default:
		add_replacement(l, b, m, found);
		return;
	}
	if (!lua_toboolean(l, -1)) {
		lua_pop(l, 1);
		luaL_addlstring(b, found.p, found.n);
	} else if (lua_isstring(l, -1)) {
		luaL_addvalue(b);
	} else {
		luaL_error(l, "invalid replacement value (a %s)", luaL_typename(l, -1));
	}
}

int script_gsub(lua_State *l)
{
	const struct str subject = script_check_str(l, 1);
	struct str pattern = script_check_str(l, 2);
	const lua_Integer most = luaL_optinteger(l, 4, (lua_Integer)subject.n + 1);
	const bool anchored = str_starts(pattern, STR("^"));
	size_t from = 0, last = PATTERN_NONE;
	lua_Integer n = 0;
	struct pattern m;
	luaL_Buffer b;

	luaL_argexpected(l, lua_isstring(l, 3) || lua_istable(l, 3) || lua_isfunction(l, 3), 3,
		"string/function/table");
	if (anchored)
		pattern = str_from_offset(pattern, 1);
	luaL_buffinit(l, &b);
	while (n < most) {
		begin_pattern(l, &m, subject, pattern);
		size_t end = pattern_match(&m, from);
		charge_pattern(l, &m);
		if (end != PATTERN_NONE && end != last) {
			n++;
			add_value(l, &b, &m, (struct str){ subject.p + from, end - from });
			from = last = end;
		} else if (from < subject.n) {
			luaL_addchar(&b, subject.p[from++]);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	if (from < subject.n)
		luaL_addlstring(&b, subject.p + from, subject.n - from);
	luaL_pushresult(&b);
	lua_pushinteger(l, n);
	return 2;
}
