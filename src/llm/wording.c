/* SPDX-License-Identifier: MIT */
/* Tables of beginnings and phrases. Sources: Claude Code, Codex, opencode and Gemini CLI as they were seen on the wire, their tools'
 * published texts. */
#include "llm/wording.h"

#include "wire/json_text.h"

#include <string.h>

enum { NEAR = 256, TAIL = 160, WORDS_NEAR = 400, OWN_NEAR = 4096, FOLDED_MAX = 1024 };

/* ---- pieces ---- */

static struct str near_of(struct str s, size_t n)
{
	return (struct str){ s.p, s.n < n ? s.n : n };
}

static struct str tail_of(struct str s, size_t n)
{
	return s.n > n ? str_from_offset(s, s.n - n) : s;
}

static bool has(struct str s, const char *what)
{
	return str_find(s, str_from(what)) < s.n;
}

static bool has_any(struct str s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (has(s, *list))
			return true;
	return false;
}

static bool starts_any(struct str s, const char *const *list)
{
	for (; s.n > 0 && *list != NULL; list++)
		if (s.p[0] == **list && str_starts(s, str_from(*list)))
			return true;
	return false;
}

/* Behind white space, also where it is escaped. */
static struct str skip_white(struct str s)
{
	for (;;) {
		if (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n'))
			s = str_from_offset(s, 1);
		else if (s.n > 1 && s.p[0] == '\\' &&
			 (s.p[1] == 'n' || s.p[1] == 'r' || s.p[1] == 't'))
			s = str_from_offset(s, 2);
		else
			return s;
	}
}

/* ---- tools ---- */

/* As clients of coding agents call them. */
static const struct str edits[] = { STR_INIT("Edit"), STR_INIT("MultiEdit"), STR_INIT("Write"),
	STR_INIT("NotebookEdit"), STR_INIT("edit"), STR_INIT("multiedit"), STR_INIT("write"),
	STR_INIT("patch"), STR_INIT("replace"), STR_INIT("apply_patch"), STR_INIT("apply_diff"),
	STR_INIT("edit_file"), STR_INIT("write_file"), STR_INIT("create_file"),
	STR_INIT("write_to_file"), STR_INIT("replace_in_file"), STR_INIT("search_replace"),
	STR_INIT("insert_edit_into_file"), STR_INIT("replace_string_in_file") };
static const struct str shells[] = { STR_INIT("exec_command"), STR_INIT("shell"),
	STR_INIT("shell_command"), STR_INIT("local_shell_call"), STR_INIT("container.exec"),
	STR_INIT("bash"), STR_INIT("Bash") };
static const struct str notes[] = { STR_INIT("TodoWrite"), STR_INIT("TodoRead"),
	STR_INIT("TaskCreate"), STR_INIT("TaskUpdate"), STR_INIT("TaskList"), STR_INIT("todowrite"),
	STR_INIT("todoread"), STR_INIT("update_plan"), STR_INIT("write_todos"),
	STR_INIT("update_goal") };
static const struct str waits[] = { STR_INIT("TaskOutput"), STR_INIT("BashOutput"),
	STR_INIT("AgentOutput"), STR_INIT("Monitor"), STR_INIT("ScheduleWakeup"),
	STR_INIT("write_stdin"), STR_INIT("wait"), STR_INIT("sleep") };

static bool is_one_of(struct str name, const struct str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].n == name.n && memcmp(list[i].p, name.p, name.n) == 0)
			return true;
	return false;
}

enum tool_class wording_tool(struct str quoted)
{
	struct str name = json_inner(quoted);

	if (name.n == 0)
		return TOOL_OTHER;
	if (is_one_of(name, edits, ARRAY_LEN(edits)) || str_starts(name, STR("str_replace")))
		return TOOL_EDITS;
	return is_one_of(name, shells, ARRAY_LEN(shells)) ? TOOL_SHELL
	       : is_one_of(name, notes, ARRAY_LEN(notes)) ? TOOL_NOTES
	       : is_one_of(name, waits, ARRAY_LEN(waits)) ? TOOL_WAITS
							  : TOOL_OTHER;
}

bool wording_is_edit(struct str name)
{
	return wording_tool(name) == TOOL_EDITS;
}

bool wording_call_edits(struct str name, struct str input)
{
	enum tool_class class = wording_tool(name);

	if (class == TOOL_SHELL)
		return has(near_of(input, NEAR), "*** Begin Patch");
	return class == TOOL_EDITS &&
	       (!str_starts(name, STR("\"str_replace")) || !has(near_of(input, NEAR), "\"view\""));
}

/* ---- what clients put in ---- */

#define REMINDER     "<system-reminder>"
#define REMINDER_END "</system-reminder>"

bool wording_is_interruption(struct str text)
{
	return str_starts(text, STR("\"[Request interrupted by user"));
}

bool wording_is_own(struct str text)
{
	static const char *const openings[] = { "local-command-", "command-name>",
		"task-notification>", "bash-stdout>", "bash-stderr>", "environment_context>",
		"user_instructions>", "permissions instructions>", "collaboration_mode>",
		"turn_aborted>", "skills_instructions>", "apps_instructions>",
		"plugins_instructions>", "subagent_notification", "skill>", "session_context>",
		NULL };

	if (text.n < 3)
		return false;
	text = skip_white(json_inner(text));
	if (str_starts(text, STR(REMINDER)))
		return !str_ends(text, STR(REMINDER_END)) &&
		       !str_ends(text, STR(REMINDER_END "\\n"));
	if (str_starts(text, STR("<")))
		return !starts_any(str_from_offset(text, 1), openings);
	return !str_starts(text, STR("[Request interrupted by user")) &&
	       !str_starts(text, STR("# AGENTS.md instructions"));
}

struct str wording_own(struct str text)
{
	struct str own = skip_white(json_inner(text));
	size_t at;

	while (own.n > 0 && str_starts(own, STR(REMINDER))) {
		struct str part = near_of(own, 4 * OWN_NEAR);
		at = str_find(part, STR(REMINDER_END));
		if (at == part.n)
			return STR("");
		own = skip_white(str_from_offset(own, at + strlen(REMINDER_END)));
	}
	at = str_find(near_of(own, OWN_NEAR), STR(REMINDER));
	if (at < near_of(own, OWN_NEAR).n)
		own.n = at;
	return own;
}

/* What stands at the beginning of a client's text. */
static enum plan_word plan_at(struct str text)
{
	static const char *const begins[] = { "Plan mode is active", "Plan mode still active",
		"Plan mode ACTIVE", "# Plan Mode", "Collaboration Mode: Plan",
		"Re-entering Plan Mode", "Approval Mode: Plan", NULL },
				 *const ends[] = { "xited plan mode", "xited Plan Mode",
					 "xiting Plan Mode", "changed from plan to build",
					 "Collaboration Mode: Default", NULL };

	text = near_of(text, NEAR);
	/* Few texts go on to the tables. */
	if (!has(text, " mode") && !has(text, " Mode"))
		return PLAN_NOTHING;
	return has_any(text, ends) ? PLAN_ENDS : has_any(text, begins) ? PLAN_BEGINS : PLAN_NOTHING;
}

enum plan_word wording_of_plan(struct str text, bool system, size_t within)
{
	struct str rest = near_of(json_inner(text), within);
	enum plan_word found = system ? plan_at(rest) : PLAN_NOTHING, next;
	size_t at;

	if (!system && str_starts(rest, STR("<collaboration_mode>")))
		found = plan_at(rest);
	while ((at = str_find(rest, STR(REMINDER))) < rest.n) {
		rest = str_from_offset(rest, at + strlen(REMINDER));
		/* What the near end cuts off may be looked at. */
		next = plan_at((struct str){ rest.p, (size_t)(text.p + text.n - rest.p) });
		if (next != PLAN_NOTHING)
			found = next;
	}
	return found;
}

/* ---- results ---- */

/* The first text that is the value of a key near the beginning; p == NULL: there is none. */
static struct str text_behind(struct str near, const char *key)
{
	const size_t n = strlen(key);
	size_t at;

	while ((at = str_find(near, str_from(key))) < near.n) {
		near = skip_white(str_from_offset(near, at + n));
		/* A type of that name has no colon behind it. */
		if (!str_starts(near, STR(":")))
			continue;
		near = skip_white(str_from_offset(near, 1));
		if (str_starts(near, STR("\"")))
			return str_from_offset(near, 1);
	}
	return (struct str){ NULL, 0 };
}

/* The text in it: itself a string, or the first in a list or an object. */
static struct str text_of(struct str result)
{
	static const char *const keys[] = { "\"text\"", "\"output\"", "\"error\"", "\"content\"",
		NULL };

	if (str_starts(result, STR("\"")))
		return str_from_offset(result, 1);
	for (size_t i = 0; keys[i] != NULL; i++) {
		struct str text = text_behind(near_of(result, NEAR), keys[i]);
		if (text.p != NULL)
			return str_from_offset(result, (size_t)(text.p - result.p));
	}
	return result;
}

/* The number behind a label at the beginning of a line: -1 when there is none. */
static int code_behind(struct str s, const char *label)
{
	size_t at = str_find(s, str_from(label)), n = strlen(label);

	if (at == s.n || (at > 0 && s.p[at - 1] != 'n' && s.p[at - 1] != '{' && s.p[at - 1] != ','))
		return -1;
	s = skip_white(str_from_offset(s, at + n));
	if (s.n == 0 || s.p[0] < '0' || s.p[0] > '9')
		return s.n > 0 && s.p[0] == '-' ? 1 : -1;
	return s.p[0] != '0';
}

/* The exit code that a shell's result tells: 0, 1 for any other, -1 for none. */
static int exit_code(struct str text)
{
	static const char *const heads[] = { "Exit code", "Exit Code",
		"Chunk ID:", "Process exited", "Wall time", NULL };
	static const char *const labels[] = { "Exit code:", "Exit code ",
		"Exit Code:", "Process exited with code ", "\\\"exit_code\\\":", NULL };
	struct str head = near_of(text, starts_any(text, heads) ? NEAR : 0),
		   tail = tail_of(text, TAIL);
	int code = -1;

	for (size_t i = 0; head.n > 0 && labels[i] != NULL && code < 0; i++)
		code = code_behind(head, labels[i]);
	if (code >= 0 || !has(tail, "xit"))
		return code;
	for (size_t i = 0; labels[i] != NULL && code < 0; i++)
		code = code_behind(tail, labels[i]);
	return code;
}

static bool says_missed(struct str head)
{
	static const char *const phrases[] = { "String to replace not found", "oldString not found",
		"Could not find oldString", "Failed to find expected lines",
		"Failed to find context", "0 occurrences found",
		"could not find the string to replace", "No match found for repl",
		"No replacement was performed", "matches of the string to replace",
		"multiple matches", "has not been read yet", "modified since read",
		"to replace was not found", NULL };

	return has_any(head, phrases);
}

/* "3 failed", and not "0 failed". */
static bool counts_failures(struct str tail)
{
	size_t at = str_find(tail, STR(" failed"));

	if (at == tail.n || at < 2 || tail.p[at - 1] < '0' || tail.p[at - 1] > '9')
		return false;
	return tail.p[at - 1] != '0' || (tail.p[at - 2] >= '0' && tail.p[at - 2] <= '9');
}

/* What is left of programs that have failed, where no exit code is told. */
static bool ends_badly(struct str text)
{
	static const char *const ends[] = { "make: *** ", "npm ERR!", "npm error ",
		"error: could not compile", "BUILD FAILED", NULL },
				 *const lines[] = { "command not found",
					 "No such file or directory", "Permission denied", NULL };
	struct str tail = tail_of(text, TAIL);

	if (counts_failures(tail) || has_any(tail, ends))
		return true;
	/* Such a line among others may be part of what was asked for. */
	return text.n <= TAIL && has_any(text, lines);
}

static bool says_failed(struct str text)
{
	static const char *const beginnings[] = { "Error:", "error:", "ERROR:", "<tool_use_error>",
		"Traceback (most recent call last)", "apply_patch verification failed",
		"exec_command failed", "Command failed", "Failed to edit",
		"fatal: ", "Tool execution failed", NULL };

	return starts_any(text, beginnings) || ends_badly(text);
}

/* What Gemini's clients send of a tool that failed, {"error": "…"}; also as text. */
static bool is_error_object(struct str result)
{
	const struct str in_text = STR("\"{\\\"error\\\":");
	struct json_iter it;
	struct str key;
	struct err e = { 0 };

	if (str_starts(result, in_text)) {
		result = skip_white(str_from_offset(result, in_text.n));
		return str_starts(result, STR("\\\"")) || str_starts(result, STR("{"));
	}
	return str_starts(result, STR("{")) && json_iter_init(&it, result, &e) &&
	       json_next_key(&it, &key, &e) && json_key_is(key, STR("error")) &&
	       (json_peek(&it) == '"' || json_peek(&it) == '{');
}

static enum outcome outcome_of_user(struct str head)
{
	if (str_starts(head, STR("Entered plan mode")))
		return OUTCOME_PLAN_BEGINS;
	if (str_starts(head, STR("User has approved ")))
		return OUTCOME_PLAN_ENDS;
	if (!str_starts(head, STR("The user doesn't want to ")) &&
		!str_starts(head, STR("The user doesn’t want to ")))
		return OUTCOME_WELL;
	return OUTCOME_REFUSED;
}

enum outcome wording_of_user(struct str result)
{
	return outcome_of_user(skip_white(text_of(result)));
}

enum outcome wording_outcome(struct str result, bool failed)
{
	struct str text = skip_white(text_of(result)), head = near_of(text, NEAR);
	enum outcome by_user = outcome_of_user(text);
	int code;

	if (by_user == OUTCOME_REFUSED && has(near_of(text, 2 * NEAR), "the user said:"))
		return OUTCOME_TOLD;
	if (by_user != OUTCOME_WELL)
		return by_user;
	if (failed)
		return says_missed(head) ? OUTCOME_MISSED : OUTCOME_FAILED;
	code = exit_code(text);
	if (code >= 0)
		return code == 0 ? OUTCOME_WELL : OUTCOME_FAILED;
	if (!says_failed(text) && !is_error_object(result))
		return OUTCOME_WELL;
	return says_missed(head) ? OUTCOME_MISSED : OUTCOME_FAILED;
}

/* ---- what users say ---- */

struct folded {
	char v[FOLDED_MAX];
	size_t n;
};

static unsigned hex4(struct str s)
{
	unsigned v = 0;

	for (size_t i = 0; i < 4; i++) {
		unsigned c = (unsigned char)s.p[i], low = c | 0x20;
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
			return ' ';
		v = v << 4 | (c <= '9' ? c - '0' : low - 'a' + 10);
	}
	return v;
}

/* The next character of what stands between quotes. Of those beyond two bytes only that there is one is told. */
static unsigned take_char(struct str s, size_t *at)
{
	unsigned c = (unsigned char)s.p[(*at)++];

	if (c == '\\' && *at < s.n) {
		c = (unsigned char)s.p[(*at)++];
		if (c != 'u')
			return c == '"' ? '"' : ' ';
		if (s.n - *at < 4)
			return ' ';
		c = hex4(str_from_offset(s, *at));
		*at += 4;
		return c;
	}
	if ((c & 0xE0) == 0xC0 && *at < s.n)
		return (c & 0x1F) << 6 | ((unsigned char)s.p[(*at)++] & 0x3F);
	if (c == 0xE2 && s.n - *at >= 2 && (unsigned char)s.p[*at] == 0x80) {
		*at += 2;
		return (unsigned char)s.p[*at - 1] == 0x99 ? '\'' : ',';
	}
	return c;
}

static unsigned fold_char(unsigned c)
{
	if (c >= 'A' && c <= 'Z')
		return c | 0x20;
	if (c == 0x401 || c == 0x451) /* yo */
		return 0x435;
	return c >= 0x410 && c <= 0x42F ? c + 0x20 : c;
}

static void put(struct folded *f, unsigned c)
{
	if (f->n + 4 > sizeof(f->v))
		return;
	if (c < 0x80) {
		f->v[f->n++] = (char)c;
	} else if (c < 0x800) {
		f->v[f->n++] = (char)(0xC0 | c >> 6);
		f->v[f->n++] = (char)(0x80 | (c & 0x3F));
	}
}

static bool is_pause(unsigned c)
{
	return c == ',' || c == '.' || c == '!' || c == '?' || c == ';' || c == ':';
}

/* Small letters, words apart by one space, and one before the first and behind the last; a pause is a word, ",". Apostrophes are left out. */
static void fold(struct folded *f, struct str s)
{
	f->n = 0;
	put(f, ' ');
	for (size_t at = 0; at < s.n;) {
		unsigned c = fold_char(take_char(s, &at));
		bool word =
			(c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
		if (c == '\'')
			continue;
		if (word) {
			put(f, c);
			continue;
		}
		if (f->v[f->n - 1] != ' ')
			put(f, ' ');
		if (is_pause(c) && f->n > 1 && f->v[f->n - 2] != ',') {
			put(f, ',');
			put(f, ' ');
		}
	}
	if (f->v[f->n - 1] != ' ')
		put(f, ' ');
}

/* A phrase of whole words; one that ends with '*' goes on within its last word. */
static bool says(struct str text, const char *phrase, bool at_beginning)
{
	struct str p = str_from(phrase);

	if (str_ends(p, STR("*")))
		p.n--;
	return at_beginning ? str_starts(text, p) : str_find(text, p) < text.n;
}

static bool says_any(struct str text, const char *const *phrases, bool at_beginning)
{
	for (; *phrases != NULL; phrases++)
		if (says(text, *phrases, at_beginning))
			return true;
	return false;
}

static bool begins_with_complaint(struct str text)
{
	static const char *const english[] = { " no , ", " no thats ", " no that is ", " no this ",
		" no it ", " no i ", " no not ", " no dont ", " no you ", " no the ", " nope ",
		" nah ", " wrong ", " incorrect ", " thats wrong ", " that is wrong ",
		" that was wrong ", " this is wrong ", " its wrong ", " it is wrong ",
		" thats not ", " that is not ", " this is not ", " this isnt ", " that isnt ",
		" thats incorrect ", " not what ", " not like ", " not that ", " still ",
		" it still ", " this still ", " that still ", " undo ", " revert ", " roll back ",
		" rollback ", " put it back ", " you broke ", " you forgot ", " you missed ",
		" you didnt ", " you did not ", " you removed ", " you deleted ",
		" you were supposed ", " it doesnt ", " it does not ", " it didnt ",
		" that doesnt ", " that didnt ", " that does not ", " this doesnt ",
		" this does not ", " doesnt work ", " does not work ", " didnt work ",
		" not working ", " its not working ", " its broken ", " it broke ", " this broke ",
		" that broke ", " i said ", " i asked ", " i told you ", " i meant ",
		" i didnt ask ", " stop , ", " stop it ", " stop that ", " stop doing ",
		" same error ", " same problem ", " same issue ", " it fails ", " it crashes ",
		" now it fails ", " now it crashes ", " now it doesnt ", " hmm no ", " wait no ",
		" actually no ", " why did you ", " that made it worse ", NULL };
	static const char *const russian[] = { " нет , ", " нет это ", " нет я ", " нет не ",
		" нет так ", " не то ", " не так ", " неправильн*", " неверн*", " это не то ",
		" это неправильн*", " это неверн*", " это не так ", " не работает ", " все еще ",
		" все равно ", " опять ", " снова не ", " снова ошибк*", " по прежнему ", " верни ",
		" откати*", " отмени ", " ты сломал*", " ты забыл*", " ты удалил*", " ты не ",
		" я просил*", " я же ", " я имел в виду ", " я говорил*", " зачем ты ",
		" та же ошибк*", " ошибка осталась ", " стоп , ", " теперь не ", " плохо ", NULL };

	return says_any(text, english, true) || says_any(text, russian, true);
}

static bool holds_complaint(struct str text)
{
	static const char *const phrases[] = { " still fail*", " still broken ", " still not ",
		" still doesnt ", " still does not ", " still the same ", " still get ",
		" still crash*", " still see ", " thats wrong ", " not what i ", " doesnt work ",
		" does not work ", " didnt work ", " same error ", " revert that ", " revert it ",
		" revert this ", " revert your ", " undo that ", " undo it ", " undo this ",
		" undo your ", " undo the last ", " put it back ", " change it back ",
		" you broke ", " все еще ", " не работает ", " верни как ", " верни обратно ",
		" верни назад ", " откати ", " та же ошибк*", " то же самое ", " ты сломал*",
		" опять не ", " не то что ", NULL };

	return says_any(text, phrases, false);
}

bool wording_corrects(struct str text)
{
	static const char *const polite[] = { " no , thanks ", " no , thank you ",
		" no , thats fine ", " no , its fine ", " no , all good ", " нет , спасибо ",
		" нет , все хорошо ", NULL };
	struct str own = wording_own(text);
	struct folded f;

	fold(&f, near_of(own, WORDS_NEAR));
	struct str folded = { f.v, f.n };
	if (says_any(folded, polite, true))
		return false;
	/* In a long text such words are more likely part of a story. */
	return begins_with_complaint(folded) || (own.n <= WORDS_NEAR && holds_complaint(folded));
}

bool wording_goes_on(struct str text)
{
	static const char *const phrases[] = { " continue ", " go on ", " go ahead ", " proceed ",
		" resume ", " keep going ", " carry on ", " продолж*", " дальше ", NULL };
	struct folded f;

	fold(&f, near_of(wording_own(text), WORDS_NEAR));
	return says_any((struct str){ f.v, f.n }, phrases, true);
}
