/* SPDX-License-Identifier: MIT */
/* What the parts of the sandbox share. Only core/script*.c includes this, and so lua.h. */
#ifndef CORE_SCRIPT_PRIVATE_H
#define CORE_SCRIPT_PRIVATE_H

#include "core/script.h"

#include <lauxlib.h>
#include <lua.h>

struct script_rule {
	int function; /* in the registry */
	struct script_choice then;
	unsigned nfacts; /* arguments of the function, in this order */
	unsigned char facts[SCRIPT_NFACTS];
};

struct script {
	lua_State *lua;
	const struct config *config;
	/* limits */
	size_t memory_bytes, memory_max;
	int64_t instructions; /* that are left to this call */
	uint64_t cpu_end_ns;  /* when it has taken too long altogether */
	bool over;            /* it has passed a limit */
	bool cramped;         /* it was the one on memory */
	/* this call */
	const struct script_facts *facts;
	struct arena *arena;
	struct script_choice *choice;
	bool loading; /* globals may be made */
	/* what there is */
	struct script_rule *rules;
	unsigned nrules;
	bool has_route;
	int route, request; /* in the registry */
	bool wanted[SCRIPT_NFACTS];
	char name[64];     /* of the script, for errors */
	uint64_t *told_ms; /* when a failure was told: the script's, then each rule's */
};

/* Runs a function with an argument under all limits; what it raises goes into *e. Leaves the stack empty. */
bool script_protect(struct script *s, lua_CFunction run, void *with, struct err *e) MUSTCHECK;
/* Pushes one fact's value. */
void script_push_fact(lua_State *l, const struct script_facts *f, enum script_fact fact);
/* Takes n instructions off those that are left; raises an error when there are none. */
void script_charge(lua_State *l, uint64_t n);
/* An argument that must be a string. */
struct str script_check_str(lua_State *l, int i);
/* string.rep and the others of that name, for strings and patterns of any size. */
int script_rep(lua_State *l);
int script_find(lua_State *l);
int script_match(lua_State *l);
int script_gmatch(lua_State *l);
int script_gsub(lua_State *l);
/* The script that a state belongs to. */
struct script *script_of(lua_State *l);
/* The fact of that name; SCRIPT_NFACTS: there is none. */
enum script_fact script_fact_by_name(struct str name);
/* Makes the tables that scripts see. Leaves the environment of conditions, then that of the script on the stack. */
void script_open_library(lua_State *l);
/* Whether a name is a function or table of the library; else offers all of them. */
bool script_library_has(struct str name, struct setting_guess *guess);

#endif
