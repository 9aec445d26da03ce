/* SPDX-License-Identifier: MIT */
/* Words drawn by a generator that is the same in any language: FNV-1a of the seed, then Knuth's MMIX generator. */
#include "lab/replay_filler.h"

#include "lab/replay_body.h"
#include "wire/json_text.h"

#include <stdlib.h>
#include <string.h>

#define CHARS_PER_TOKEN 2.7
/* The part of tools and system that tools are; what each one has besides its description. */
#define TOOLS_SHARE 0.62
enum { TOOL_TOKENS = 60, SUBAGENT_TOOLS = 14 };

static const char *const words[] = { "the", "file", "tool", "use", "when", "path", "result",
	"should", "command", "before", "change", "never", "user", "code", "test", "list", "write",
	"always", "output", "search", "error", "line", "name", "value", "task", "agent", "only",
	"read", "must", "content", "first", "run", "each", "call", "edit", "check", "project",
	"request", "state", "return", "string", "option", "default", "exact", "match", "working",
	"directory", "already", "instead", "between", "without", "following", "prefer", "given" };

static const char *const tools[] = { "Task", "Bash", "Glob", "Grep", "Read", "Edit", "MultiEdit",
	"Write", "NotebookEdit", "WebFetch", "WebSearch", "TodoWrite", "TaskOutput", "BashOutput",
	"KillShell", "Skill", "AskUserQuestion", "EnterPlanMode", "ExitPlanMode", "SlashCommand" };

static const struct {
	const char *tool, *inputs;
} known_inputs[] = {
	{ "Read", "file_path offset limit" },
	{ "Edit", "file_path old_string new_string replace_all" },
	{ "MultiEdit", "file_path edits" },
	{ "Write", "file_path content" },
	{ "Bash", "command description timeout run_in_background" },
	{ "Grep", "pattern path glob output_mode" },
	{ "Glob", "pattern path" },
	{ "Task", "description prompt subagent_type model" },
};

static uint64_t seed_of(struct str seed)
{
	uint64_t state = 0xcbf29ce484222325;

	for (size_t i = 0; i < seed.n; i++)
		state = (state ^ (unsigned char)seed.p[i]) * 0x100000001b3;
	return state;
}

static unsigned below(uint64_t *state, unsigned n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((*state >> 33) % n);
}

static void add_line(struct buf *out, uint64_t *state)
{
	unsigned count = 6 + below(state, 9);

	buf_add(out, STR("- "));
	for (unsigned i = 0; i < count; i++) {
		struct str word = str_from(words[below(state, ARRAY_LEN(words))]);
		if (i > 0)
			buf_add_char(out, ' ');
		buf_add_char(out, i == 0 ? (char)(word.p[0] - 'a' + 'A') : word.p[0]);
		buf_add(out, str_from_offset(word, 1));
	}
	buf_add_char(out, '.');
}

void replay_filler(struct buf *out, struct str seed, double tokens)
{
	uint64_t state = seed_of(seed);
	int64_t size = (int64_t)(tokens * CHARS_PER_TOKEN);
	size_t begin = out->n, most = size > 1 ? (size_t)size : 1;

	while ((int64_t)(out->n - begin) < size) {
		add_line(out, &state);
		buf_add_char(out, '\n');
	}
	if (out->n > begin)
		out->n--; /* the last line's end */
	if (out->n - begin > most)
		out->n = begin + most;
	while (out->n > begin && (out->p[out->n - 1] == ' ' || out->p[out->n - 1] == '\n'))
		out->n--;
	if (out->n == begin)
		buf_add_char(out, '-');
}

/* ---- tools ---- */

struct names {
	struct str *v; /* escaped */
	size_t n;
};

static bool has(const struct names *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (str_eq(names->v[i], name))
			return true;
	return false;
}

static int by_bytes(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* Those that a client has, then what else is called, in byte order. */
static void find_names(const struct replay_session *s, size_t conversation, struct names *ret)
{
	size_t cap = ARRAY_LEN(tools) + 256, known = ARRAY_LEN(tools);

	ret->v = must_alloc(cap * sizeof(*ret->v));
	for (size_t i = 0; i < ARRAY_LEN(tools); i++)
		ret->v[ret->n++] = str_from(tools[i]);
	for (size_t i = 0; i < s->nrequests; i++) {
		const struct replay_turn *t = s->requests[i].reply;
		for (size_t j = 0; j < t->n; j++)
			if (s->requests[i].conversation == conversation && ret->n < cap &&
				t->b[j].kind == REPLAY_CALL && !has(ret, t->b[j].name))
				ret->v[ret->n++] = t->b[j].name;
	}
	qsort(ret->v + known, ret->n - known, sizeof(*ret->v), by_bytes);
	if (conversation == 0)
		return;
	ret->n -= known - SUBAGENT_TOOLS;
	memmove(ret->v + SUBAGENT_TOOLS, ret->v + known,
		(ret->n - SUBAGENT_TOOLS) * sizeof(*ret->v));
}

static struct str inputs_of(struct str tool)
{
	for (size_t i = 0; i < ARRAY_LEN(known_inputs); i++)
		if (str_eq(tool, str_from(known_inputs[i].tool)))
			return str_from(known_inputs[i].inputs);
	return STR("input");
}

static void add_schema(struct buf *out, struct str inputs)
{
	struct str rest = inputs, one, first = { inputs.p, str_find_char(inputs, ' ') };
	const char *comma = "";

	buf_add(out, STR("{\"type\":\"object\",\"properties\":{"));
	while (str_split(&rest, ' ', &one)) {
		buf_addf(out, "%s\"%.*s\":{\"type\":\"string\",\"description\":\"The ", comma,
			STR_ARG(one));
		for (size_t i = 0; i < one.n; i++)
			buf_add_char(out, one.p[i] == '_' ? ' ' : one.p[i]);
		buf_add(out, STR(".\"}"));
		comma = ",";
	}
	buf_addf(out, "},\"required\":[\"%.*s\"],\"additionalProperties\":false}", STR_ARG(first));
}

static void add_tool(struct buf *out, struct str name, double tokens)
{
	struct buf text, seed;

	buf_init(&text, SIZE_MAX);
	buf_init(&seed, SIZE_MAX);
	buf_add(&seed, STR("tool "));
	buf_add(&seed, name);
	replay_filler(&text, buf_str(&seed), tokens);
	buf_add(out, STR("{\"name\":"));
	json_add_quoted(out, name);
	buf_add(out, STR(",\"description\":"));
	json_add_string(out, buf_str(&text));
	buf_add(out, STR(",\"input_schema\":"));
	add_schema(out, inputs_of(name));
	buf_add_char(out, '}');
	buf_release(&text);
	buf_release(&seed);
}

double replay_tools(
	const struct replay_session *s, size_t conversation, double fixed, struct buf *out)
{
	struct names names = { NULL, 0 };
	double sum = 0;

	find_names(s, conversation, &names);
	double each = fixed * TOOLS_SHARE / (double)names.n - TOOL_TOKENS;
	for (size_t i = 0; i < names.n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		size_t begin = out->n;
		add_tool(out, names.v[i], each > 20 ? each : 20);
		sum += (double)replay_tokens(out->n - begin);
	}
	free(names.v);
	return sum;
}
