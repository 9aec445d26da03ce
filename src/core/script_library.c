/* SPDX-License-Identifier: MIT */
/* What Lua code of users can call: nothing that reaches out of its state, and nothing that works for long without being counted. What
 * Lua's own library does in C for as long as its arguments are large is charged by their size; patterns are matched in counted steps
 * (core/pattern.h). There is no pcall(), so that nobody can go on after a limit, and no metatables. */
#include "core/script_private.h"
#include "core/secrets.h"

#include <ctype.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 64 }; /* of a string that is copied, that count as one instruction */

struct script *script_of(lua_State *l)
{
	return *(struct script **)lua_getextraspace(l);
}

void script_charge(lua_State *l, uint64_t n)
{
	struct script *s = script_of(l);

	if (s->instructions < 0 || n > (uint64_t)s->instructions) {
		s->instructions = -1;
		s->over = true;
		luaL_error(l, "too many instructions");
	}
	s->instructions -= (int64_t)n;
}

struct str script_check_str(lua_State *l, int i)
{
	struct str s;

	s.p = luaL_checklstring(l, i, &s.n);
	return s;
}

/* ---- Lua's own functions, charged by the size of their arguments ---- */

enum charge { BY_STRING, BY_INSERTING, BY_REMOVING, BY_SORTING, BY_RANGE_2, BY_RANGE_3 };

/* From argument i to the one behind it; or the length of a table, where that one is missing. */
static uint64_t range(lua_State *l, int i)
{
	const lua_Integer from = luaL_optinteger(l, i, 1);
	const lua_Integer to = luaL_optinteger(l, i + 1, (lua_Integer)lua_rawlen(l, 1));

	return to < from ? 0 : (uint64_t)to - (uint64_t)from;
}

static int charged(lua_State *l)
{
	const int n = lua_gettop(l);
	const uint64_t size = n > 0 ? lua_rawlen(l, 1) : 0;

	switch ((enum charge)lua_tointeger(l, lua_upvalueindex(2))) {
	case BY_STRING:
		script_charge(l, size / BYTES + 1);
		break;
	case BY_INSERTING:
		/* At the end nothing has to move. */
		script_charge(l, n > 2 ? size + 1 : 1);
		break;
	case BY_REMOVING:
		script_charge(l, n > 1 ? size + 1 : 1);
		break;
	case BY_SORTING:
		script_charge(l, size * 16 + 1);
		break;
	case BY_RANGE_2:
		script_charge(l, range(l, 2));
		break;
	case BY_RANGE_3:
		script_charge(l, range(l, 3));
		break;
	}
	lua_pushvalue(l, lua_upvalueindex(1));
	lua_insert(l, 1);
	lua_call(l, n, LUA_MULTRET);
	return lua_gettop(l);
}

/* ---- what is ours ---- */

/* header("x-name"), request.header("x-name"), request:header("x-name"): nil without one. */
static int header(lua_State *l)
{
	const struct script_facts *f = script_of(l)->facts;
	const struct str name = script_check_str(l, lua_istable(l, 1) ? 2 : 1);

	if (secrets_names_one(name))
		return luaL_error(l, "header \"%s\" may hold a key and is not shown", name.p);
	struct str value = { NULL, 0 };
	if (f != NULL && f->head != NULL)
		value = http_get(f->head, name);
	if (value.p == NULL)
		lua_pushnil(l);
	else
		lua_pushlstring(l, value.p, value.n);
	return 1;
}

/* Whether a word that may begin with that letter occurs. */
static bool occurs(struct str text, struct str word, int letter)
{
	for (size_t at = 0; at < text.n; at++) {
		const char *p = memchr(text.p + at, letter, text.n - at);
		if (p == NULL)
			return false;
		at = (size_t)(p - text.p);
		if (str_starts_nocase(str_from_offset(text, at), word))
			return true;
	}
	return false;
}

static bool holds(struct str text, struct str word)
{
	if (word.n == 0)
		return true;
	const int small = tolower((unsigned char)word.p[0]), big = toupper(small);
	return occurs(text, word, small) || (big != small && occurs(text, word, big));
}

/* has(text, "word", …): whether any of them occurs, whatever its case. */
static int has(lua_State *l)
{
	const struct str text = script_check_str(l, 1);
	const int n = lua_gettop(l);

	for (int i = 2; i <= n; i++) {
		const struct str word = script_check_str(l, i);
		script_charge(l, (uint64_t)text.n / 8 + text.n * word.n / BYTES + 1);
		if (holds(text, word)) {
			lua_pushboolean(l, true);
			return 1;
		}
	}
	lua_pushboolean(l, false);
	return 1;
}

/* one_of(value, …): whether it equals any of them. */
static int one_of(lua_State *l)
{
	const int n = lua_gettop(l);
	bool any = false;

	for (int i = 2; i <= n && !any; i++)
		any = lua_rawequal(l, 1, i);
	lua_pushboolean(l, any);
	return 1;
}

/* ---- facts ---- */

static int unknown(lua_State *l, const char *what, struct str name, const struct setting_guess *g)
{
	const char *quoted = lua_pushlstring(l, g->word.p != NULL ? g->word.p : "", g->word.n);

	if (g->word.n > 0)
		return luaL_error(
			l, "%s \"%s\", did you mean \"%s\"?", what, setting_quote(name).s, quoted);
	return luaL_error(l, "%s \"%s\"", what, setting_quote(name).s);
}

/* request.NAME; upvalues: numbers of the facts by their names, and header(). */
static int request_field(lua_State *l)
{
	const struct str name = script_check_str(l, 2);
	struct setting_guess guess = { 0 };
	struct script *s = script_of(l);

	if (str_eq(name, STR("header"))) {
		lua_pushvalue(l, lua_upvalueindex(2));
		return 1;
	}
	lua_pushvalue(l, 2);
	if (lua_rawget(l, lua_upvalueindex(1)) == LUA_TNUMBER) {
		const lua_Integer fact = lua_tointeger(l, -1);
		if (s->facts == NULL)
			return luaL_error(l, "there is no request while the script is loaded");
		script_push_fact(l, s->facts, (enum script_fact)fact);
		return 1;
	}
	for (size_t i = 0; i < SCRIPT_NFACTS; i++)
		setting_guess(&guess, name, str_from(script_fact_rows[i].name));
	return unknown(l, "a request has no field", name, &guess);
}

static int refuse_change(lua_State *l)
{
	return luaL_error(l, "%s cannot be changed", lua_tostring(l, lua_upvalueindex(1)));
}

/* A global that nobody has made. */
static int unknown_global(lua_State *l)
{
	const struct str name = script_check_str(l, 2);
	struct setting_guess guess = { 0 };

	(void)!script_library_has(name, &guess);
	if (script_fact_by_name(name) != SCRIPT_NFACTS)
		return luaL_error(
			l, "unknown name \"%s\": in a script it is request.%s", name.p, name.p);
	return unknown(l, "unknown name", name, &guess);
}

/* Upvalue: the table that holds the globals. */
static int set_global(lua_State *l)
{
	if (!script_of(l)->loading)
		return luaL_error(l,
			"global \"%s\" cannot be set while routing: make it a local variable",
			setting_quote(script_check_str(l, 2)).s);
	lua_settop(l, 3);
	lua_rawset(l, lua_upvalueindex(1));
	return 0;
}

/* ---- tables ---- */

/* Puts an empty table in the place of the one on top, through which that one can be read. */
static void freeze(lua_State *l, const char *what)
{
	lua_newtable(l);
	lua_createtable(l, 0, 3);
	lua_pushvalue(l, -3);
	lua_setfield(l, -2, "__index");
	lua_pushstring(l, what);
	lua_pushcclosure(l, refuse_change, 1);
	lua_setfield(l, -2, "__newindex");
	lua_pushboolean(l, false);
	lua_setfield(l, -2, "__metatable");
	lua_setmetatable(l, -2);
	lua_remove(l, -2);
}

struct row {
	const char *name;
	lua_CFunction ours; /* NULL: Lua's own */
	int charge;         /* of that one; -1: none */
};

/* Fills the table on top from the library below it. */
static void fill(lua_State *l, const struct row *rows)
{
	for (; rows->name != NULL; rows++) {
		if (rows->ours != NULL)
			lua_pushcfunction(l, rows->ours);
		else
			lua_getfield(l, -2, rows->name);
		if (rows->charge >= 0) {
			lua_pushinteger(l, rows->charge);
			lua_pushcclosure(l, charged, 2);
		}
		lua_setfield(l, -2, rows->name);
	}
}

static const struct row base_rows[] = {
	{ "assert", NULL, -1 },
	{ "error", NULL, -1 },
	{ "ipairs", NULL, -1 },
	{ "next", NULL, -1 },
	{ "pairs", NULL, -1 },
	{ "select", NULL, -1 },
	{ "tonumber", NULL, BY_STRING },
	{ "tostring", NULL, -1 },
	{ "type", NULL, -1 },
	{ "has", has, -1 },
	{ "header", header, -1 },
	{ "one_of", one_of, -1 },
	{ NULL, NULL, 0 },
};

static const struct row string_rows[] = {
	{ "byte", NULL, BY_STRING },
	{ "char", NULL, -1 },
	{ "find", script_find, -1 },
	{ "format", NULL, BY_STRING },
	{ "gmatch", script_gmatch, -1 },
	{ "gsub", script_gsub, -1 },
	{ "len", NULL, -1 },
	{ "lower", NULL, BY_STRING },
	{ "match", script_match, -1 },
	{ "rep", script_rep, -1 },
	{ "reverse", NULL, BY_STRING },
	{ "sub", NULL, BY_STRING },
	{ "upper", NULL, BY_STRING },
	{ NULL, NULL, 0 },
};

static const struct row table_rows[] = {
	{ "concat", NULL, BY_RANGE_3 },
	{ "insert", NULL, BY_INSERTING },
	{ "move", NULL, BY_RANGE_2 },
	{ "pack", NULL, -1 },
	{ "remove", NULL, BY_REMOVING },
	{ "sort", NULL, BY_SORTING },
	{ "unpack", NULL, BY_RANGE_2 },
	{ NULL, NULL, 0 },
};

static const struct row math_rows[] = {
	{ "abs", NULL, -1 },
	{ "ceil", NULL, -1 },
	{ "exp", NULL, -1 },
	{ "floor", NULL, -1 },
	{ "fmod", NULL, -1 },
	{ "huge", NULL, -1 },
	{ "log", NULL, -1 },
	{ "max", NULL, -1 },
	{ "maxinteger", NULL, -1 },
	{ "min", NULL, -1 },
	{ "mininteger", NULL, -1 },
	{ "modf", NULL, -1 },
	{ "pi", NULL, -1 },
	{ "random", NULL, -1 },
	{ "sqrt", NULL, -1 },
	{ "tointeger", NULL, -1 },
	{ "type", NULL, -1 },
	{ "ult", NULL, -1 },
	{ NULL, NULL, 0 },
};

static const struct library {
	const char *name;
	lua_CFunction open;
	const struct row *rows;
} libraries[] = {
	{ "string", luaopen_string, string_rows },
	{ "table", luaopen_table, table_rows },
	{ "math", luaopen_math, math_rows },
};

bool script_library_has(struct str name, struct setting_guess *guess)
{
	for (const struct row *r = base_rows; r->name != NULL; r++) {
		if (str_eq(name, str_from(r->name)))
			return true;
		setting_guess(guess, name, str_from(r->name));
	}
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		if (str_eq(name, str_from(libraries[i].name)))
			return true;
		setting_guess(guess, name, str_from(libraries[i].name));
	}
	return false;
}

/* Strings find their functions through a table that no name leads to. */
static void set_string_metatable(lua_State *l, int functions)
{
	lua_pushliteral(l, "");
	lua_createtable(l, 0, 2);
	lua_pushvalue(l, functions);
	lua_setfield(l, -2, "__index");
	lua_pushboolean(l, false);
	lua_setfield(l, -2, "__metatable");
	lua_setmetatable(l, -2);
	lua_pop(l, 1);
}

/* Adds all of the library to the table on top. */
static void add_library(lua_State *l)
{
	luaL_requiref(l, "_G", luaopen_base, 0);
	lua_pushvalue(l, -2);
	fill(l, base_rows);
	lua_pop(l, 2);
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		luaL_requiref(l, libraries[i].name, libraries[i].open, 0);
		lua_newtable(l);
		fill(l, libraries[i].rows);
		lua_remove(l, -2);
		if (libraries[i].open == luaopen_string)
			set_string_metatable(l, lua_gettop(l));
		freeze(l, libraries[i].name);
		lua_setfield(l, -2, libraries[i].name);
	}
}

/* Makes `request` a field of the table on top. */
static void add_request(lua_State *l)
{
	lua_newtable(l);
	lua_createtable(l, 0, 3);
	lua_createtable(l, 0, SCRIPT_NFACTS);
	for (int i = 0; i < SCRIPT_NFACTS; i++) {
		lua_pushinteger(l, i);
		lua_setfield(l, -2, script_fact_rows[i].name);
	}
	lua_pushcfunction(l, header);
	lua_pushcclosure(l, request_field, 2);
	lua_setfield(l, -2, "__index");
	lua_pushliteral(l, "a request");
	lua_pushcclosure(l, refuse_change, 1);
	lua_setfield(l, -2, "__newindex");
	lua_pushboolean(l, false);
	lua_setfield(l, -2, "__metatable");
	lua_setmetatable(l, -2);
	lua_setfield(l, -2, "request");
}

void script_open_library(lua_State *l)
{
	lua_newtable(l);
	add_library(l);
	/* Those of a script are read through an empty table, so that each write can be refused. */
	lua_newtable(l);
	lua_createtable(l, 0, 3);
	lua_newtable(l);
	lua_pushnil(l);
	while (lua_next(l, -5) != 0) {
		lua_pushvalue(l, -2);
		lua_insert(l, -2);
		lua_rawset(l, -4);
	}
	add_request(l);
	lua_createtable(l, 0, 1);
	lua_pushcfunction(l, unknown_global);
	lua_setfield(l, -2, "__index");
	lua_setmetatable(l, -2);
	lua_pushvalue(l, -1);
	lua_setfield(l, LUA_REGISTRYINDEX, "globals");
	lua_pushvalue(l, -1);
	lua_pushcclosure(l, set_global, 1);
	lua_setfield(l, -3, "__newindex");
	lua_setfield(l, -2, "__index");
	lua_pushboolean(l, false);
	lua_setfield(l, -2, "__metatable");
	lua_setmetatable(l, -2);
	/* Nothing leads to the libraries as they were but their own names in error texts. */
	lua_newtable(l);
	lua_rawseti(l, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
