/* SPDX-License-Identifier: MIT */
/* The user's own word on who is to answer: rules (`route.rules`), whose conditions are Lua expressions, and a router written in Lua
 * (`route.script`). Both run in a sandbox of counted instructions and bounded memory (core/script_library.c). A script belongs to one
 * snapshot of the configuration and to the thread that decides. */
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include "core/models.h"
#include "wire/http.h"

/* clang-format off */
/* What conditions and scripts see of a request: name, type, what it is. A name is a variable in a condition and a field of `request` in
 * a script. docs/routing.md has the same table. */
#define SCRIPT_FACTS(X) \
	X(kind, STRING, "what kind of turn it is: `prompt`, `first`, `tool_loop`, `compaction`, `title` …; empty when that is not known") \
	X(class, STRING, "whose turn it is: `main`, `subagent` or `background`") \
	X(difficulty, STRING, "how hard a fresh task seems: `simple`, `medium` or `complex`; empty: it is no fresh task, or nobody can tell") \
	X(model, STRING, "the model asked for") \
	X(provider, STRING, "the provider that the client means") \
	X(dialect, STRING, "the client's API: `anthropic`, `chat`, `responses` or `gemini`") \
	X(client, STRING, "the client by its user agent: `claude-code`, `codex`, `opencode`, `gemini-cli`, `sdk`; else empty") \
	X(effort, STRING, "the effort of reasoning that is asked for, as the client says it; empty: it says none") \
	X(agent_type, STRING, "the kind of subagent, where the client tells it; else empty") \
	X(conversation, STRING, "the conversation's name in the ledger") \
	X(session, STRING, "the client's session; empty: it names none") \
	X(project, STRING, "the project; empty: none is known") \
	X(text, STRING, "the user's last words, at most 4 KiB of them") \
	X(tokens, NUMBER, "size of the prompt in tokens, estimated") \
	X(max_tokens, NUMBER, "how long the answer may be; 0: the client does not say") \
	X(warm, NUMBER, "how many tokens of the prompt the asked model's cache should still hold") \
	X(bytes, NUMBER, "size of the request in bytes") \
	X(messages, NUMBER, "messages in the conversation") \
	X(turns, NUMBER, "answers of the assistant so far") \
	X(tools, NUMBER, "tools that the model is offered") \
	X(errors, NUMBER, "failing results of tools in a row, up to now") \
	X(repeats, NUMBER, "identical calls of a tool in a row, up to now") \
	X(hour, NUMBER, "hour of the day in UTC, 0 to 23") \
	X(weekday, NUMBER, "day of the week in UTC, 1 (Monday) to 7") \
	X(stream, BOOLEAN, "the answer is to be streamed") \
	X(thinking, BOOLEAN, "extended thinking is asked for") \
	X(images, BOOLEAN, "there are images in the conversation") \
	X(web_search, BOOLEAN, "it is a search in the web that the provider is to do") \
	X(plan_mode, BOOLEAN, "the client is in its planning mode") \
	X(open_loop, BOOLEAN, "the last answer's calls of tools are being answered") \
	X(edited, BOOLEAN, "a file has been edited in this conversation")
/* clang-format on */

#define SCRIPT_C_TYPE_STRING  struct str
#define SCRIPT_C_TYPE_NUMBER  double
#define SCRIPT_C_TYPE_BOOLEAN bool

#define SCRIPT_FACT_FIELD(name, type, text) SCRIPT_C_TYPE_##type name;
#define SCRIPT_FACT_ID(name, type, text)    SCRIPT_FACT_##name,

enum script_fact_type { SCRIPT_STRING_FACT, SCRIPT_NUMBER_FACT, SCRIPT_BOOLEAN_FACT };
enum script_fact { SCRIPT_FACTS(SCRIPT_FACT_ID) SCRIPT_NFACTS };

struct script_facts {
	SCRIPT_FACTS(SCRIPT_FACT_FIELD)
	const struct http_head *head; /* for header("NAME"); NULL: there are no headers */
};

/* The table, for documentation and guesses. */
struct script_fact_row {
	const char *name;
	enum script_fact_type type;
	const char *text;
	size_t offset;
};
extern const struct script_fact_row script_fact_rows[SCRIPT_NFACTS];

/* Where a text that is Lua is wrong. */
struct script_fault {
	unsigned line, column; /* from 1, in characters; 0: not known */
	size_t at;             /* byte offset; SIZE_MAX: not known */
};

/* Who has decided. */
enum script_from { SCRIPT_FROM_NOBODY, SCRIPT_FROM_RULE, SCRIPT_FROM_FILE };
struct script_choice {
	enum script_from from;
	unsigned rule;                     /* FROM_RULE: which one, from 1 */
	const struct model_entry *targets; /* in the order in which they are to be tried */
	size_t n;                          /* 0: as asked */
	struct str why; /* for people: "rule 2: long subagents"; NUL-terminated */
};

struct script;

/* What rules and a script of this configuration, which must live longer, need to run. */
struct script *script_new(const struct config *c) MUSTCHECK;
/* NULL is accepted. */
void script_free(struct script *s);

/* Adds a rule behind those that there are: targets and why must live as long. False when its condition is none; *ret says where in it. */
bool script_add_rule(struct script *s, struct str when, const struct script_choice *then,
	struct script_fault *ret, struct err *e) MUSTCHECK;
/* Loads a router: runs the text, which must define route(). `name` is what errors call it. */
bool script_load(struct script *s, struct str name, struct str text, struct script_fault *ret,
	struct err *e) MUSTCHECK;

/* Whether any rule or the script may look at that fact: others need not be found out. s may be NULL. */
bool script_wants(const struct script *s, enum script_fact f);

/* Asks the script, then the rules, the first that applies. NOBODY: they have no opinion. False when something has failed, which is then
 * what ret->from, ret->rule and ret->why name: the request goes the way it would go without rules and script. What is not of the configuration is
 * of the arena. s may be NULL. */
bool script_decide(struct script *s, const struct script_facts *f, struct arena *a,
	struct script_choice *ret, struct err *e) MUSTCHECK;
/* Whether this failure is to be told: each is once a minute. */
bool script_tells(struct script *s, const struct script_choice *failed, uint64_t now_ms) MUSTCHECK;

/* A target as rules and scripts write it: as in `models` (core/models.h), with a provider that is configured. */
bool script_parse_target(
	const struct config *c, struct str text, struct model_entry *ret, struct err *e) MUSTCHECK;
/* What is written for "as asked". */
#define SCRIPT_AS_ASKED "asked"

/* Appends the rows of docs/routing.md. */
void script_reference(struct buf *out);

#endif
