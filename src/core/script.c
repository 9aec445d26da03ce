/* SPDX-License-Identifier: MIT */
/* Asking rules and scripts, and the limits under which they run: a hook that counts instructions, an allocator that counts
 * bytes, and a ceiling on processor time for what neither of them sees. */
#include "core/script_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	HOOK_EVERY = 100,      /* instructions */
	CPU_MIN_NS = 50000000, /* of processor time that a call may take */
	CPU_INSTRUCTION_NS = 1000,
	TARGETS_MAX = 16,
	TELL_EVERY_MS = 60000,
	WHY_MAX = 200,
};

/* ---- limits ---- */

static void *allocate(void *user, void *p, size_t old, size_t size)
{
	struct script *s = user;

	/* Without a block, old says what it will be for. */
	if (p == NULL)
		old = 0;
	if (size == 0) {
		s->memory_bytes -= old;
		free(p);
		return NULL;
	}
	if (size > old && size - old > s->memory_max - s->memory_bytes) {
		s->cramped = true;
		return NULL;
	}
	s->memory_bytes += size - old;
	return must_realloc(p, size);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Functions of the library work between two instructions, for long when what they work on is large. */
static void count(lua_State *l, lua_Debug *ar)
{
	struct script *s = script_of(l);
	const uint64_t now = cpu_ns();
	uint64_t allowed = (uint64_t)s->config->route_script_instructions * CPU_INSTRUCTION_NS;

	if (s->cpu_end_ns == 0)
		s->cpu_end_ns = now + (allowed > CPU_MIN_NS ? allowed : CPU_MIN_NS);
	else if (now > s->cpu_end_ns)
		script_charge(l, UINT64_MAX);
	script_charge(l, HOOK_EVERY);
}

/* Puts the line in front of a message that was raised in C. */
static int add_line(lua_State *l)
{
	lua_Debug at;

	if (lua_type(l, 1) != LUA_TSTRING) {
		lua_pushfstring(l, "raised an error that is a %s", luaL_typename(l, 1));
		lua_replace(l, 1);
	}
	for (int level = 0; lua_getstack(l, level, &at) != 0; level++) {
		if (lua_getinfo(l, "Sl", &at) == 0 || at.currentline <= 0)
			continue;
		lua_pushfstring(l, "%s:%d: ", at.short_src, at.currentline);
		size_t n;
		const char *place = lua_tolstring(l, -1, &n), *text = lua_tostring(l, 1);
		if (strncmp(place, text, n) == 0) {
			lua_pop(l, 1);
		} else {
			lua_pushvalue(l, 1);
			lua_concat(l, 2);
		}
		break;
	}
	return 1;
}

/* Makes what Lua says fit to be shown: without the name of a condition in front, and without control characters. */
static void take_message(struct script *s, struct err *e)
{
	struct str text = { NULL, 0 };
	char clean[sizeof(e->text)];

	if (lua_type(s->lua, -1) == LUA_TSTRING)
		text.p = lua_tolstring(s->lua, -1, &text.n);
	if (str_starts(text, STR("condition:1: ")))
		text = str_from_offset(text, sizeof("condition:1: ") - 1);
	str_put(clean, sizeof(clean), text);
	for (char *c = clean; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7F)
			*c = '?';
	bool memory = s->cramped && str_ends(text, STR("not enough memory"));
	if (s->over)
		err_set(e, ERR_INVALID,
			"takes more than %lld instructions (route.script_instructions)",
			(long long)s->config->route_script_instructions);
	else if (memory || text.n == 0)
		err_set(e, ERR_INVALID, "takes more than %zu bytes (route.script_memory_bytes)",
			s->config->route_script_memory_bytes);
	else
		err_set(e, ERR_INVALID, "%s", clean);
}

bool script_protect(struct script *s, lua_CFunction run, void *with, struct err *e)
{
	lua_State *l = s->lua;

	s->instructions = s->config->route_script_instructions;
	s->cpu_end_ns = 0;
	s->over = s->cramped = false;
	lua_sethook(l, count, LUA_MASKCOUNT, HOOK_EVERY);
	lua_pushcfunction(l, add_line);
	lua_pushcfunction(l, run);
	lua_pushlightuserdata(l, with);
	bool ok = lua_pcall(l, 1, 0, -3) == LUA_OK;
	if (!ok)
		take_message(s, e);
	lua_settop(l, 0);
	if (!ok && s->cramped)
		lua_gc(l, LUA_GCCOLLECT);
	return ok;
}

/* ---- facts ---- */

#define FACT_ROW(name_, type_, text_) \
	{ .name = #name_, \
		.type = SCRIPT_##type_##_FACT, \
		.text = text_, \
		.offset = offsetof(struct script_facts, name_) },
const struct script_fact_row script_fact_rows[SCRIPT_NFACTS] = { SCRIPT_FACTS(FACT_ROW) };

enum { TEXT_MAX = 4096 };

static void push_text(lua_State *l, struct str s)
{
	if (s.n > TEXT_MAX) {
		s.n = TEXT_MAX;
		while (s.n > 0 && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
			s.n--;
	}
	lua_pushlstring(l, s.n > 0 ? s.p : "", s.n);
}

void script_push_fact(lua_State *l, const struct script_facts *f, enum script_fact fact)
{
	const struct script_fact_row *row = &script_fact_rows[fact];
	const void *at = (const char *)f + row->offset;
	lua_Integer whole;

	switch (row->type) {
	case SCRIPT_STRING_FACT:
		push_text(l, *(const struct str *)at);
		break;
	case SCRIPT_NUMBER_FACT:
		if (lua_numbertointeger(*(const double *)at, &whole))
			lua_pushinteger(l, whole);
		else
			lua_pushnumber(l, *(const double *)at);
		break;
	case SCRIPT_BOOLEAN_FACT:
		lua_pushboolean(l, *(const bool *)at);
		break;
	}
}

enum script_fact script_fact_by_name(struct str name)
{
	size_t i = 0;

	while (i < SCRIPT_NFACTS && !str_eq(name, str_from(script_fact_rows[i].name)))
		i++;
	return (enum script_fact)i;
}

bool script_wants(const struct script *s, enum script_fact f)
{
	return s != NULL && s->wanted[f];
}

void script_reference(struct buf *out)
{
	static const char *const types[] = { "string", "number", "boolean" };

	for (size_t i = 0; i < SCRIPT_NFACTS; i++)
		buf_addf(out, "| `%s` | %s | %s |\n", script_fact_rows[i].name,
			types[script_fact_rows[i].type], script_fact_rows[i].text);
}

/* ---- life ---- */

static int set_up(lua_State *l)
{
	script_open_library(l);
	lua_setfield(l, LUA_REGISTRYINDEX, "script");
	lua_setfield(l, LUA_REGISTRYINDEX, "conditions");
	return 0;
}

struct script *script_new(const struct config *c)
{
	struct script *s = must_alloc(sizeof(*s));
	struct err e;

	s->config = c;
	s->memory_max = SIZE_MAX;
	s->told_ms = must_alloc(sizeof(*s->told_ms));
	s->lua = lua_newstate(allocate, s);
	assert(s->lua != NULL);
	*(struct script **)lua_getextraspace(s->lua) = s;
	bool ok = script_protect(s, set_up, NULL, &e);
	assert(ok);
	(void)ok;
	/* What the library takes is not the script's. */
	s->memory_max = s->memory_bytes + c->route_script_memory_bytes;
	return s;
}

void script_free(struct script *s)
{
	if (s == NULL)
		return;
	lua_close(s->lua);
	free(s->rules);
	free(s->told_ms);
	free(s);
}

/* ---- deciding ---- */

static bool parse_one(struct script *s, struct str text, struct model_entry *ret, struct err *e)
{
	const char *problem = setting_text_problem(text);

	if (problem != NULL)
		return err_set(e, ERR_INVALID, "a target %s", problem);
	if (!script_parse_target(s->config, text, ret, e))
		return false;
	if (str_eq(ret->model, STR("*")))
		ret->model = s->facts->model;
	return true;
}

bool script_parse_target(
	const struct config *c, struct str text, struct model_entry *ret, struct err *e)
{
	if (!models_parse(text, ret, e))
		return false;
	if (config_provider(c, ret->provider) == NULL)
		return err_set(e, ERR_INVALID, "names the provider \"%s\", which is not configured",
			setting_quote(ret->provider).s);
	return true;
}

/* The string at the stack's index as the next target of the choice. */
static void take_target(lua_State *l, int index, struct model_entry *targets)
{
	struct script *s = script_of(l);
	struct err e = { 0 };
	struct str text;

	if (lua_type(l, index) != LUA_TSTRING)
		luaL_error(l, "route() must return strings as targets, not a %s",
			luaL_typename(l, index));
	if (s->choice->n == TARGETS_MAX)
		luaL_error(l, "route() has returned more than %d targets", TARGETS_MAX);
	text.p = lua_tolstring(l, index, &text.n);
	text = arena_dup(s->arena, text);
	if (!parse_one(s, text, &targets[s->choice->n], &e))
		luaL_error(l, "route() has returned \"%s\": %s", setting_quote(text).s, e.text);
	s->choice->n++;
}

/* A string, or a list of them. */
static void take_use(lua_State *l, int index)
{
	struct script_choice *choice = script_of(l)->choice;
	struct model_entry *targets =
		arena_alloc(script_of(l)->arena, TARGETS_MAX * sizeof(*targets));
	const char *text = lua_type(l, index) == LUA_TSTRING ? lua_tostring(l, index) : "";

	choice->targets = targets;
	if (strcmp(text, SCRIPT_AS_ASKED) == 0)
		return;
	if (lua_type(l, index) != LUA_TTABLE) {
		take_target(l, index, targets);
		return;
	}
	const size_t n = lua_rawlen(l, index);
	if (n == 0)
		luaL_error(l, "route() has returned an empty list");
	for (size_t i = 1; i <= n; i++) {
		lua_rawgeti(l, index, (lua_Integer)i);
		take_target(l, -1, targets);
		lua_pop(l, 1);
	}
}

/* What may stand in headers and logs: cut, without control characters, and UTF-8. */
static struct str presentable(struct str text, struct arena *a)
{
	char copy[WHY_MAX];

	str_put(copy, sizeof(copy), text);
	const struct str cut = str_from(copy);
	const bool ascii = setting_text_problem(cut) != NULL;
	for (size_t i = 0; i < cut.n; i++)
		if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7F ||
			(ascii && (unsigned char)copy[i] >= 0x80))
			copy[i] = '?';
	return arena_dup(a, cut);
}

/* What route() has returned, on top of the stack. */
static void take_answer(lua_State *l)
{
	struct script *s = script_of(l);
	const int answer = lua_gettop(l);
	const char *why = NULL;

	if (lua_istable(l, answer)) {
		lua_pushliteral(l, "why");
		lua_rawget(l, answer);
		lua_pushliteral(l, "use");
		lua_rawget(l, answer);
		if (!lua_isnil(l, -2) && lua_type(l, -2) != LUA_TSTRING)
			luaL_error(l, "\"why\" must be a string, not a %s", luaL_typename(l, -2));
		why = lua_tostring(l, -2);
		if (lua_isnil(l, -1) && why != NULL)
			luaL_error(l, "route() has returned \"why\" without \"use\"");
	}
	take_use(l, lua_istable(l, answer) && !lua_isnil(l, -1) ? lua_gettop(l) : answer);
	const struct str told = presentable(str_from(why), s->arena);
	s->choice->why = told.n > 0 ? arena_printf(s->arena, "script: %.*s", STR_ARG(told))
				    : arena_dup(s->arena, STR("script"));
}

static bool ask_route(lua_State *l, struct script *s)
{
	s->choice->from = SCRIPT_FROM_FILE;
	lua_rawgeti(l, LUA_REGISTRYINDEX, s->route);
	lua_rawgeti(l, LUA_REGISTRYINDEX, s->request);
	lua_call(l, 1, 1);
	if (!lua_toboolean(l, -1))
		return false;
	take_answer(l);
	return true;
}

static bool ask_rule(lua_State *l, struct script *s, const struct script_rule *r)
{
	s->choice->from = SCRIPT_FROM_RULE;
	s->choice->rule = r->then.rule;
	luaL_checkstack(l, SCRIPT_NFACTS + 2, NULL);
	lua_rawgeti(l, LUA_REGISTRYINDEX, r->function);
	for (unsigned i = 0; i < r->nfacts; i++)
		script_push_fact(l, s->facts, (enum script_fact)r->facts[i]);
	lua_call(l, (int)r->nfacts, 1);
	bool applies = lua_toboolean(l, -1);
	lua_pop(l, 1);
	return applies;
}

/* The name that was asked for, in the place of "*". */
static void fill_in_model(struct script *s)
{
	struct script_choice *choice = s->choice;
	bool any = false;

	for (size_t i = 0; i < choice->n; i++)
		any = any || str_eq(choice->targets[i].model, STR("*"));
	if (!any)
		return;
	struct model_entry *copy = arena_alloc(s->arena, choice->n * sizeof(*copy));
	for (size_t i = 0; i < choice->n; i++) {
		copy[i] = choice->targets[i];
		if (str_eq(copy[i].model, STR("*")))
			copy[i].model = s->facts->model;
	}
	choice->targets = copy;
}

static int decide(lua_State *l)
{
	struct script *s = script_of(l);

	if (s->has_route && ask_route(l, s))
		return 0;
	for (unsigned i = 0; i < s->nrules; i++) {
		if (!ask_rule(l, s, &s->rules[i]))
			continue;
		*s->choice = s->rules[i].then;
		fill_in_model(s);
		return 0;
	}
	*s->choice = (struct script_choice){ .from = SCRIPT_FROM_NOBODY };
	return 0;
}

bool script_decide(struct script *s, const struct script_facts *f, struct arena *a,
	struct script_choice *ret, struct err *e)
{
	struct err said;

	*ret = (struct script_choice){ .from = SCRIPT_FROM_NOBODY };
	if (s == NULL)
		return true;
	s->facts = f;
	s->arena = a;
	s->choice = ret;
	bool ok = script_protect(s, decide, NULL, &said);
	s->facts = NULL;
	if (ok)
		return true;
	ret->n = 0;
	*e = said;
	ret->why = ret->from == SCRIPT_FROM_RULE
			   ? arena_printf(a, "rule %u of route.rules", ret->rule)
			   : arena_dup(a, STR("route.script"));
	return false;
}

bool script_tells(struct script *s, const struct script_choice *failed, uint64_t now_ms)
{
	uint64_t *told_ms = &s->told_ms[failed->from == SCRIPT_FROM_RULE ? failed->rule : 0];

	/* Zero is for what has never been told. */
	if (*told_ms != 0 && now_ms + 1 - *told_ms < TELL_EVERY_MS)
		return false;
	*told_ms = now_ms + 1;
	return true;
}
