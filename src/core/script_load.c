/* SPDX-License-Identifier: MIT */
/* Loading: looking through conditions for what Lua would find too late or not at all, compiling, and finding the place of a mistake,
 * of which Lua says the line only. */
#include "core/script_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/script_tokens.h"

enum { NAME_MAX_BYTES = 48 };

/* What Lua reads: letter by letter, so that it is known how far it came. */
struct source {
	struct script *script;
	const char *name; /* "=route.lua" */
	struct str before, text;
	bool begun;
	size_t read; /* of text */
	bool ended;
	int function; /* what came of it */
};

static const char *read_letter(lua_State *l, void *user, size_t *ret_n)
{
	struct source *src = user;

	if (!src->begun && src->before.n > 0) {
		src->begun = true;
		*ret_n = src->before.n;
		return src->before.p;
	}
	*ret_n = src->read < src->text.n;
	src->ended = *ret_n == 0;
	return src->text.p + (*ret_n == 0 ? src->text.n : src->read++);
}

/* What a message says in the end that Lua was at: near 'X'. */
static struct str near_what(struct str message)
{
	size_t at = str_find(message, STR(" near '"));

	if (at == message.n || !str_ends(message, STR("'")))
		return (struct str){ NULL, 0 };
	message = str_from_offset(message, at + sizeof(" near '") - 1);
	return (struct str){ message.p, message.n - 1 };
}

/* Where Lua was when it refused a text: at the last token that it had read, or at the end. It may have looked at the next one already, so
 * the token that it names counts. */
static size_t place_of(const struct source *src, struct str message)
{
	const size_t end = src->ended || src->read == 0 ? src->text.n : src->read - 1;
	const struct str near = near_what(message);
	struct script_token t;
	size_t last = SIZE_MAX, named = SIZE_MAX;

	/* Of what is not closed the beginning counts. */
	if (str_ends(message, STR("near <eof>")) &&
		str_find(message, STR("unfinished")) == message.n)
		return src->text.n;
	for (size_t at = 0; script_token_next(src->text, &at, &t) && t.at < end;) {
		last = t.at;
		if (near.n > 0 && str_eq(t.text, near))
			named = t.at;
	}
	return named != SIZE_MAX ? named : last != SIZE_MAX ? last : 0;
}

static void set_fault(struct script_fault *ret, struct str text, size_t at)
{
	struct setting_place place = { 0 };

	setting_locate(text, at, &place);
	*ret = (struct script_fault){ place.line, place.column, at };
}

/* The same for a line that Lua tells, unless it counts lines where nobody else does: at a lone carriage return. */
static void set_line(struct script_fault *ret, struct str text, unsigned line)
{
	struct setting_place end = { 0 };

	setting_locate(text, text.n, &end);
	if (line > 0 && line <= end.line)
		*ret = (struct script_fault){ line, 1, SIZE_MAX };
}

/* The line that a message of Lua's begins with, "NAME:LINE: "; 0: none. */
static unsigned line_of(struct str message, const char *name)
{
	struct str prefix = str_from(name + 1), digits;
	uint64_t line;

	if (!str_starts(message, prefix))
		return 0;
	message = str_from_offset(message, prefix.n);
	if (!str_split(&message, ':', &digits) || message.p == NULL ||
		!str_split(&message, ':', &digits) || !str_to_u64(digits, &line))
		return 0;
	return (unsigned)line;
}

static int compile(lua_State *l)
{
	struct source *src = lua_touserdata(l, 1);

	if (lua_load(l, read_letter, src, src->name, "t") != LUA_OK)
		return lua_error(l);
	lua_getfield(l, LUA_REGISTRYINDEX, src->before.n > 0 ? "conditions" : "script");
	lua_setupvalue(l, -2, 1);
	src->function = luaL_ref(l, LUA_REGISTRYINDEX);
	return 0;
}

/* Lua's words without its place, which is said otherwise. */
static void shorten(struct err *e, const char *name)
{
	struct str text = str_from(e->text), prefix = str_from(name + 1);
	char copy[sizeof(e->text)];

	if (!str_starts(text, prefix))
		return;
	text = str_from_offset(text, prefix.n);
	size_t at = str_find(text, STR(": "));
	if (at == text.n)
		return;
	str_put(copy, sizeof(copy), str_from_offset(text, at + 2));
	err_set(e, ERR_INVALID, "%s", copy);
}

static bool compile_source(struct source *src, struct script_fault *ret, struct err *e)
{
	if (script_protect(src->script, compile, src, e))
		return true;
	const struct str message = str_from(e->text);
	const unsigned line = line_of(message, src->name);
	set_fault(ret, src->text, place_of(src, message));
	/* Some mistakes are noticed behind the place that is meant. */
	if (line != ret->line)
		set_line(ret, src->text, line);
	shorten(e, src->name);
	return false;
}

/* ---- conditions ---- */

struct hint {
	const char *sign, *next, *meant;
};

/* What people write who know other languages. */
static const struct hint hints[] = {
	{ "=", "", "==" },
	{ "!", "=", "~=" },
	{ "!", "", "not" },
	{ "&", "&", "and" },
	{ "|", "|", "or" },
	{ "?", "", "and … or" },
};

static bool refuse_sign(struct str rest, bool braces, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		const struct hint *h = &hints[i];
		const struct str next = str_from_offset(rest, 1);
		if (!str_starts(rest, str_from(h->sign)) || !str_starts(next, str_from(h->next)) ||
			(braces && h->sign[0] == '='))
			continue;
		err_set(e, ERR_INVALID, "\"%s%s\" is written \"%s\" in Lua", h->sign, h->next,
			h->meant);
		return true;
	}
	return false;
}

/* A condition while it is looked through. */
struct condition {
	struct script_rule *rule;
	struct str text;
	struct script_token before, token;
	unsigned depth, braces;
	bool wants[SCRIPT_NFACTS];
};

static bool check_name(struct condition *c, struct err *e)
{
	const struct str name = c->token.text, before = c->before.text;
	struct setting_guess guess = { 0 };
	size_t at = c->token.at + name.n;
	struct script_token next = { .text = STR("") };

	(void)!script_token_next(c->text, &at, &next);
	/* A field of something, or a key of a table. */
	if (c->before.kind == SCRIPT_SIGN && (str_eq(before, STR(".")) || str_eq(before, STR(":"))))
		return true;
	if (c->braces > 0 && str_eq(next.text, STR("=")))
		return true;
	const enum script_fact fact = script_fact_by_name(name);
	if (fact != SCRIPT_NFACTS) {
		if (!c->wants[fact])
			c->rule->facts[c->rule->nfacts++] = (unsigned char)fact;
		c->wants[fact] = true;
		return true;
	}
	if (script_library_has(name, &guess))
		return true;
	for (size_t i = 0; i < SCRIPT_NFACTS; i++)
		setting_guess(&guess, name, str_from(script_fact_rows[i].name));
	return err_set(e, ERR_INVALID, "unknown name \"%s\"%s%.*s%s", setting_quote(name).s,
		guess.word.n > 0 ? ", did you mean \"" : "", STR_ARG(guess.word),
		guess.word.n > 0 ? "\"?" : "");
}

static bool check_sign(struct condition *c, struct err *e)
{
	const char sign = c->token.text.p[0];

	if (c->token.text.n > 1)
		return true;
	if (refuse_sign(str_from_offset(c->text, c->token.at), c->braces > 0, e))
		return false;
	if (c->depth == 0 && (sign == ',' || sign == ';'))
		return err_set(e, ERR_INVALID, "a condition is one expression");
	c->braces += sign == '{';
	c->braces -= sign == '}' && c->braces > 0;
	c->depth += sign == '(' || sign == '{' || sign == '[';
	c->depth -= (sign == ')' || sign == '}' || sign == ']') && c->depth > 0;
	return true;
}

static bool check_token(struct condition *c, struct err *e)
{
	static const char *const allowed[] = { "and", "or", "not", "true", "false", "nil" };

	if (c->token.kind == SCRIPT_NAME)
		return check_name(c, e);
	if (c->token.kind == SCRIPT_SIGN)
		return check_sign(c, e);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (str_eq(c->token.text, str_from(allowed[i])))
			return true;
	if (c->token.kind == SCRIPT_KEYWORD)
		return err_set(e, ERR_INVALID,
			"\"%.*s\" has no place in a condition, which is an expression",
			STR_ARG(c->token.text));
	return true;
}

/* Looks for what Lua would not complain of before it is too late. */
static bool check_condition(struct condition *c, size_t *ret_at, struct err *e)
{
	size_t at = 0, n = 0;

	for (; script_token_next(c->text, &at, &c->token); n++) {
		*ret_at = c->token.at;
		if (!check_token(c, e))
			return false;
		c->before = c->token;
	}
	if (n == 0)
		return err_set(e, ERR_INVALID, "a condition must not be empty");
	if (n == 1 && c->rule->nfacts == 1 &&
		script_fact_rows[c->rule->facts[0]].type != SCRIPT_BOOLEAN_FACT)
		return err_set(e, ERR_INVALID,
			"\"%s\" alone is always true: compare it with something",
			script_fact_rows[c->rule->facts[0]].name);
	return true;
}

/* The facts that a condition names are the arguments of a function, so that only these are put before it. */
static void print_beginning(const struct script_rule *r, struct buf *out)
{
	for (unsigned i = 0; i < r->nfacts; i++)
		buf_addf(out, "%s%s", i == 0 ? "local " : ",", script_fact_rows[r->facts[i]].name);
	buf_add(out, r->nfacts > 0 ? STR("=... return ") : STR("return "));
}

bool script_add_rule(struct script *s, struct str when, const struct script_choice *then,
	struct script_fault *ret, struct err *e)
{
	struct script_rule rule = { .then = *then };
	struct condition c = { .rule = &rule, .text = when };
	struct source src = { .script = s, .name = "=condition", .text = when };
	struct buf before;
	size_t at = 0;

	rule.then.from = SCRIPT_FROM_RULE;
	rule.then.rule = s->nrules + 1;
	if (!check_condition(&c, &at, e)) {
		set_fault(ret, when, at);
		return false;
	}
	buf_init(&before, SIZE_MAX);
	print_beginning(&rule, &before);
	src.before = buf_str(&before);
	bool ok = compile_source(&src, ret, e);
	buf_release(&before);
	if (!ok)
		return false;
	rule.function = src.function;
	for (size_t i = 0; i < SCRIPT_NFACTS; i++)
		s->wanted[i] = s->wanted[i] || c.wants[i];
	s->rules = must_realloc(s->rules, (s->nrules + 1) * sizeof(*s->rules));
	s->rules[s->nrules++] = rule;
	s->told_ms = must_realloc(s->told_ms, (s->nrules + 1) * sizeof(*s->told_ms));
	s->told_ms[s->nrules] = 0;
	return true;
}

/* ---- scripts ---- */

/* Runs the text, and keeps its route(). */
static int run_script(lua_State *l)
{
	struct source *src = lua_touserdata(l, 1);

	src->script->loading = true;
	lua_rawgeti(l, LUA_REGISTRYINDEX, src->function);
	lua_call(l, 0, 0);
	src->script->loading = false;
	lua_getfield(l, LUA_REGISTRYINDEX, "globals");
	lua_pushliteral(l, "route");
	if (lua_rawget(l, -2) != LUA_TFUNCTION)
		return luaL_error(l, "the script does not define a function route(request)");
	src->script->route = luaL_ref(l, LUA_REGISTRYINDEX);
	lua_pushliteral(l, "request");
	if (lua_rawget(l, -2) != LUA_TTABLE)
		return luaL_error(l, "\"request\" is not for a script to define");
	src->script->request = luaL_ref(l, LUA_REGISTRYINDEX);
	return 0;
}

/* Fields that are named in brackets may be computed: then it may be any of them. */
static void note_wanted(struct script *s, struct str text)
{
	struct script_token t;

	for (size_t at = 0; script_token_next(text, &at, &t);) {
		const enum script_fact fact = script_fact_by_name(t.text);
		const bool any = t.kind == SCRIPT_SIGN && str_eq(t.text, STR("["));
		if (fact != SCRIPT_NFACTS)
			s->wanted[fact] = true;
		for (size_t i = 0; any && i < SCRIPT_NFACTS; i++)
			s->wanted[i] = true;
	}
}

bool script_load(
	struct script *s, struct str name, struct str text, struct script_fault *ret, struct err *e)
{
	struct source src = { .script = s, .text = text };
	const struct setting_quote shown = setting_quote(name);
	char chunk[NAME_MAX_BYTES] = "=";

	str_put(chunk + 1, sizeof(chunk) - 1, str_from(shown.s));
	src.name = chunk;
	if (!compile_source(&src, ret, e))
		return false;
	if (!script_protect(s, run_script, &src, e)) {
		const unsigned line = line_of(str_from(e->text), chunk);
		*ret = (struct script_fault){ .at = SIZE_MAX };
		set_line(ret, text, line);
		shorten(e, chunk);
		s->loading = false;
		return false;
	}
	note_wanted(s, text);
	s->has_route = true;
	return true;
}
