/* SPDX-License-Identifier: MIT */
/* What the families of models can, as far as their makers do not tell it by their APIs. Sources: the vendors' pages on models, reasoning and
 * thinking, November 2026. A name is looked for by its beginning and its version; what is not known takes most things. */
#include "llm/target.h"

#include <string.h>

#define BIT(e)   (1U << EFFORT_##e)
#define LOW3     (BIT(LOW) | BIT(MEDIUM) | BIT(HIGH))
#define TO_XHIGH (LOW3 | BIT(XHIGH))
#define TO_MAX   (TO_XHIGH | BIT(MAX))

/* What a model cannot or need not be. */
enum {
	NO_SAMPLING = 1 << 0,
	NO_STOP = 1 << 1,
	NO_FORCE = 1 << 2,
	NO_VISION = 1 << 3,
	NO_PDF = 1 << 4,
	NO_SCHEMA = 1 << 5,
	NO_CHAT = 1 << 6, /* function tools with reasoning: only in Responses */
	REASONS = 1 << 7,
	PREFILL = 1 << 8,
	BETWEEN = 1 << 9,
	NO_MEDIA = NO_VISION | NO_PDF,
};

struct row {
	const char *begins;
	unsigned from,
		to; /* versions, 505 for "5.5", "5-5"; 0, 0: the name has none, or it does not matter */
	const char *has; /* what comes behind, NULL: anything */
	unsigned flags;
	enum caps_thinking thinking;
	uint32_t efforts;
	uint64_t max_output;
};

enum { LATER = 9999, OUT_128K = 128000, OUT_64K = 64000 };

/* The first that fits counts. */
/* clang-format off */
static const struct row rows[] = {
	/* Anthropic. */
	{ "claude-fable", 0, LATER, NULL, NO_SAMPLING | NO_FORCE, THINKING_ALWAYS, TO_MAX, OUT_128K },
	{ "claude-mythos", 0, LATER, NULL, NO_SAMPLING | NO_FORCE, THINKING_ALWAYS, TO_MAX, OUT_128K },
	{ "claude-opus", 505, LATER, NULL, NO_SAMPLING | NO_FORCE, THINKING_ALWAYS, TO_MAX, OUT_128K },
	{ "claude-opus", 407, 504, NULL, NO_SAMPLING, THINKING_ADAPTIVE, TO_MAX, OUT_128K },
	{ "claude-opus", 406, 406, NULL, 0, THINKING_ADAPTIVE, LOW3 | BIT(MAX), OUT_128K },
	{ "claude-opus", 405, 405, NULL, PREFILL, THINKING_BUDGET, LOW3, OUT_64K },
	{ "claude-opus", 401, 404, NULL, PREFILL, THINKING_BUDGET, 0, 32000 },
	{ "claude-opus", 400, 400, NULL, PREFILL | NO_SCHEMA, THINKING_BUDGET, 0, 32000 },
	{ "claude-sonnet", 505, LATER, NULL, NO_SAMPLING | NO_FORCE | BETWEEN, THINKING_ADAPTIVE, TO_MAX, OUT_128K },
	{ "claude-sonnet", 500, 504, NULL, NO_SAMPLING, THINKING_ADAPTIVE, TO_MAX, OUT_128K },
	{ "claude-sonnet", 406, 499, NULL, 0, THINKING_ADAPTIVE, LOW3 | BIT(MAX), OUT_128K },
	{ "claude-sonnet", 405, 405, NULL, PREFILL, THINKING_BUDGET, 0, OUT_64K },
	{ "claude-sonnet", 400, 404, NULL, PREFILL | NO_SCHEMA, THINKING_BUDGET, 0, OUT_64K },
	{ "claude-haiku", 505, LATER, NULL, NO_SAMPLING, THINKING_ADAPTIVE, TO_MAX, OUT_128K },
	{ "claude-haiku", 400, 504, NULL, PREFILL, THINKING_BUDGET, 0, OUT_64K },
	{ "claude-", 307, 307, NULL, PREFILL | NO_SCHEMA, THINKING_BUDGET, 0, OUT_64K },
	{ "claude-", 305, 306, NULL, PREFILL | NO_SCHEMA, THINKING_NONE, 0, 8192 },
	{ "claude-", 300, 304, NULL, PREFILL | NO_SCHEMA, THINKING_NONE, 0, 4096 },

	/* OpenAI. */
	{ "o1-mini", 0, 0, NULL, REASONS | NO_SAMPLING | NO_STOP | NO_MEDIA | NO_SCHEMA, THINKING_ALWAYS, 0, 65536 },
	{ "o1-preview", 0, 0, NULL, REASONS | NO_SAMPLING | NO_STOP | NO_MEDIA | NO_SCHEMA, THINKING_ALWAYS, 0, 32768 },
	{ "o3-mini", 0, 0, NULL, REASONS | NO_SAMPLING | NO_STOP | NO_MEDIA, THINKING_ALWAYS, LOW3, 100000 },
	{ "o1", 0, 0, NULL, REASONS | NO_SAMPLING | NO_STOP, THINKING_ALWAYS, LOW3, 100000 },
	{ "o3", 0, 0, NULL, REASONS | NO_SAMPLING | NO_STOP, THINKING_ALWAYS, LOW3, 100000 },
	{ "o4-mini", 0, 0, NULL, REASONS | NO_SAMPLING | NO_STOP, THINKING_ALWAYS, LOW3, 100000 },
	{ "gpt-oss", 0, 0, NULL, REASONS | NO_MEDIA, THINKING_ALWAYS, LOW3, 0 },
	{ "gpt", 500, LATER, "-chat", 0, THINKING_NONE, 0, 16384 },
	{ "gpt", 601, 601, "-sol", REASONS | NO_SAMPLING | NO_STOP | NO_CHAT, THINKING_ALWAYS, TO_MAX, OUT_128K },
	{ "gpt", 600, 600, "-astra", REASONS | NO_SAMPLING | NO_STOP | NO_CHAT, THINKING_ALWAYS, TO_XHIGH, OUT_128K },
	{ "gpt", 506, LATER, NULL, REASONS | NO_SAMPLING | NO_STOP | NO_CHAT, THINKING_ADAPTIVE, TO_XHIGH | BIT(NONE), OUT_128K },
	{ "gpt", 500, LATER, "-pro", REASONS | NO_SAMPLING | NO_STOP, THINKING_ALWAYS, BIT(HIGH), OUT_128K },
	{ "gpt", 500, 500, "-codex", REASONS | NO_SAMPLING | NO_STOP, THINKING_ALWAYS, LOW3, OUT_128K },
	{ "gpt", 502, 505, NULL, REASONS | NO_SAMPLING | NO_STOP, THINKING_ADAPTIVE, TO_XHIGH | BIT(NONE), OUT_128K },
	{ "gpt", 501, 501, NULL, REASONS | NO_SAMPLING | NO_STOP, THINKING_ADAPTIVE, LOW3 | BIT(NONE), OUT_128K },
	{ "gpt", 500, 500, NULL, REASONS | NO_SAMPLING | NO_STOP, THINKING_ALWAYS, LOW3 | BIT(MINIMAL), OUT_128K },
	{ "gpt", 401, 401, NULL, 0, THINKING_NONE, 0, 32768 },
	{ "gpt-4o", 0, 0, NULL, 0, THINKING_NONE, 0, 16384 },
	{ "gpt", 400, 400, "-turbo", NO_PDF | NO_SCHEMA, THINKING_NONE, 0, 4096 },
	{ "gpt", 300, 400, NULL, NO_MEDIA | NO_SCHEMA, THINKING_NONE, 0, 4096 },

	/* Google. */
	{ "gemini", 400, 400, "-argon", 0, THINKING_ADAPTIVE, LOW3, 65536 },
	{ "gemini", 300, LATER, "-pro", 0, THINKING_ADAPTIVE, LOW3, 65536 },
	{ "gemini", 300, LATER, NULL, 0, THINKING_ADAPTIVE, LOW3 | BIT(MINIMAL), 65536 },
	{ "gemini", 205, 299, "-pro", 0, THINKING_BUDGET, 0, 65536 },
	{ "gemini", 205, 299, NULL, 0, THINKING_BUDGET, BIT(NONE), 65536 },
	{ "gemini", 100, 204, NULL, 0, THINKING_NONE, 0, 8192 },

	{ "gemini-flash", 0, 0, NULL, 0, THINKING_ADAPTIVE, LOW3 | BIT(MINIMAL), 65536 },
	{ "gemini-pro", 0, 0, NULL, 0, THINKING_ADAPTIVE, LOW3, 65536 },

	/* Others. DeepSeek maps efforts to its own. */
	{ "deepseek-v4", 0, 0, NULL, NO_MEDIA, THINKING_ADAPTIVE, TO_MAX | BIT(MINIMAL), 384000 },
	{ "deepseek", 0, 0, NULL, NO_MEDIA, THINKING_ADAPTIVE, TO_MAX | BIT(MINIMAL), 0 },
	{ "grok-3-mini", 0, 0, NULL, REASONS | NO_STOP, THINKING_ALWAYS, BIT(LOW) | BIT(HIGH), 0 },
	{ "grok", 403, LATER, NULL, REASONS | NO_STOP, THINKING_ALWAYS, LOW3, 0 },
	{ "grok", 400, 402, NULL, REASONS | NO_STOP, THINKING_ALWAYS, 0, 0 },
};
/* clang-format on */

static char lower(char c)
{
	if (c == '.')
		return '-';
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

/* Case does not matter, nor whether a dot or a dash. */
static bool begins(struct str s, const char *with)
{
	size_t n = strlen(with);

	for (size_t i = 0; i < n; i++)
		if (i >= s.n || lower(s.p[i]) != lower(with[i]))
			return false;
	return true;
}

static bool contains(struct str s, const char *what)
{
	for (; s.n > 0; s = str_from_offset(s, 1))
		if (begins(s, what))
			return true;
	return false;
}

/* Takes a number of one or two digits from the beginning; dates are longer. */
static bool take_small(struct str *s, unsigned *ret)
{
	size_t n = 0;

	for (*ret = 0; n < s->n && is_digit(s->p[n]); n++)
		*ret = n < 2 ? *ret * 10 + (unsigned)(s->p[n] - '0') : *ret;
	if (n == 0 || n > 2)
		return false;
	*s = str_from_offset(*s, n);
	return true;
}

/* The version that a name goes on with, and what comes behind it: "-5-5-20260901" is 505. 0: none. */
static unsigned take_version(struct str *s)
{
	struct str rest = *s;
	unsigned major, minor;

	if (rest.n > 0 && lower(rest.p[0]) == '-')
		rest = str_from_offset(rest, 1);
	if (!take_small(&rest, &major))
		return 0;
	*s = rest;
	if (rest.n < 2 || lower(rest.p[0]) != '-')
		return major * 100;
	rest = str_from_offset(rest, 1);
	/* "8b", and the like, are sizes. */
	if (!take_small(&rest, &minor) || (rest.n > 0 && is_letter(rest.p[0])))
		return major * 100;
	*s = rest;
	return major * 100 + minor;
}

static bool fits(const struct row *r, struct str name)
{
	struct str rest = name;
	unsigned version;

	if (!begins(name, r->begins))
		return false;
	rest = str_from_offset(name, strlen(r->begins));
	if (r->to != 0) {
		version = take_version(&rest);
		if (version < r->from || version > r->to)
			return false;
	} else if (rest.n > 0 && (is_letter(rest.p[0]) || is_digit(rest.p[0]))) {
		return false;
	}
	return r->has == NULL || contains(rest, r->has);
}

static const struct row *find_row(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (fits(&rows[i], name))
			return &rows[i];
	return NULL;
}

/* In "us.anthropic.claude-opus-5-5-v1:0" or "models/gemini-3.8-flash" the name does not stand at the beginning. */
static const struct row *find_model(struct str model)
{
	const struct row *r = find_row(model);

	for (size_t i = 1; r == NULL && i < model.n; i++)
		if (model.p[i - 1] == '/' || model.p[i - 1] == '.' || model.p[i - 1] == ':')
			r = find_row(str_from_offset(model, i));
	return r;
}

static void apply(struct caps *c, const struct row *r)
{
	c->sampling = (r->flags & NO_SAMPLING) == 0;
	c->stop = (r->flags & NO_STOP) == 0;
	c->forced_tools = (r->flags & NO_FORCE) == 0;
	c->vision = (r->flags & NO_VISION) == 0;
	c->pdf = (r->flags & NO_PDF) == 0;
	c->json_schema = (r->flags & NO_SCHEMA) == 0;
	c->tools_in_chat = (r->flags & NO_CHAT) == 0;
	c->reasons = (r->flags & REASONS) != 0;
	c->prefill = (r->flags & PREFILL) != 0;
	c->between_tools = (r->flags & BETWEEN) != 0;
	c->thinking = r->thinking;
	c->efforts = r->efforts;
	c->max_output = r->max_output;
}

void caps_of_model(struct caps *ret, const struct flavor *f, struct str model)
{
	const struct row *r = find_model(model);

	*ret = (struct caps){ .sampling = true,
		.stop = true,
		.forced_tools = true,
		.vision = true,
		.pdf = true,
		.json_schema = true,
		.tools_in_chat = true,
		.stream_usage = true };
	if (r != NULL)
		apply(ret, r);
	/* It asks in the way that the model's maker wants, and maps efforts to what there are. */
	if (f != NULL && f->control == CONTROL_OPENROUTER) {
		ret->efforts |= TO_XHIGH | BIT(MINIMAL) | (r == NULL ? BIT(NONE) : 0);
		ret->tools_in_chat = true;
		ret->pdf = true;
	}
}

/* The members that are true or false, by their names in the configuration. */
static bool *flag_of(struct caps *c, struct str name)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {
		{ "sampling", &c->sampling },
		{ "stop", &c->stop },
		{ "reasoning", &c->reasons },
		{ "forced_tool_choice", &c->forced_tools },
		{ "prefill", &c->prefill },
		{ "mid_system", &c->mid_system },
		{ "vision", &c->vision },
		{ "pdf", &c->pdf },
		{ "json_schema", &c->json_schema },
		{ "tools_in_chat", &c->tools_in_chat },
		{ "between_tools", &c->between_tools },
		{ "stream_options", &c->stream_usage },
	};

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (str_eq(name, str_from(flags[i].name)))
			return flags[i].flag;
	return NULL;
}

static bool set_thinking(struct caps *c, struct str value)
{
	static const char *const names[] = {
		[THINKING_NONE] = "none",
		[THINKING_BUDGET] = "budget",
		[THINKING_ADAPTIVE] = "adaptive",
		[THINKING_ALWAYS] = "always",
	};

	if (str_eq(value, STR("false")))
		value = STR("none");
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(value, str_from(names[i]))) {
			c->thinking = (enum caps_thinking)i;
			return true;
		}
	return false;
}

/* "low, medium, high"; empty or "false": none. */
static bool set_efforts(struct caps *c, struct str value)
{
	uint32_t efforts = 0;
	struct str word;

	if (str_eq(value, STR("false")))
		value = STR("");
	while (str_split(&value, ',', &word)) {
		word = str_trim(word);
		enum effort e = effort_of(word);
		if (e == EFFORT_UNSET && word.n > 0)
			return false;
		if (e != EFFORT_UNSET)
			efforts |= 1U << e;
	}
	c->efforts = efforts;
	return true;
}

bool caps_set(struct caps *c, struct str name, struct str value)
{
	bool *flag = flag_of(c, name);

	value = str_trim(value);
	if (str_eq(name, STR("thinking")))
		return set_thinking(c, value);
	if (str_eq(name, STR("efforts")))
		return set_efforts(c, value);
	if (str_eq(name, STR("max_output")))
		return str_to_u64(value, &c->max_output);
	if (flag == NULL || (!str_eq(value, STR("true")) && !str_eq(value, STR("false"))))
		return false;
	*flag = str_eq(value, STR("true"));
	return true;
}

enum effort caps_effort(const struct caps *c, enum effort e)
{
	if (e == EFFORT_UNSET || (c->efforts >> e & 1) != 0)
		return e;
	for (unsigned i = e; i > EFFORT_NONE; i--)
		if ((c->efforts >> i & 1) != 0)
			return (enum effort)i;
	for (unsigned i = e + 1U; i < EFFORTS; i++)
		if ((c->efforts >> i & 1) != 0)
			return (enum effort)i;
	return EFFORT_UNSET;
}
