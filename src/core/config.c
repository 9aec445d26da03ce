/* SPDX-License-Identifier: MIT */
/* The tables of settings and presets, the order of the layers, and the snapshot's life. */
#include "core/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config_load.h"
#include "core/script.h"
#include "text/difficulty.h"

enum { PROBLEMS_MAX = 100, ROOM_FIRST = 8 };

#define ANY
#define RANGE(lo, hi) .min = (lo), .max = (hi)
#define ONE_OF(words) .choices = (words)
#define FILLED        SETTING_FILLED
#define TRUSTED       SETTING_TRUSTED
#define REDIRECTS     SETTING_REDIRECTS
#define EITHER        SETTING_EITHER
#define FILE_NAME     SETTING_FILE
#define MASKED        SETTING_MASKED
#define PARTS(of)     .parts = (of), .nparts = ARRAY_LEN(of)
#define ROW(of, field, type_, path_, fallback_, flags_, text_) \
	.path = path_, .type = SETTING_##type_, .offset = offsetof(of, field), \
	.fallback = fallback_, .flags = (flags_), .text = text_
#define CONFIG_SETTING(field, type, path, fallback, bounds, flags, text) \
	{ ROW(struct config, field, type, path, fallback, flags, text), bounds },
#define CONFIG_PROVIDER_SETTING(field, type, path, fallback, bounds, flags, text) \
	{ ROW(struct config_provider, field, type, path, fallback, flags, text), bounds },

static const struct setting_part rule_parts[] = {
	[CONFIG_RULE_WHEN] = { "when", SETTING_PART_NEEDED,
		"a condition: an expression in Lua, such as `kind == 'subagent' and tokens > 20000`" },
	[CONFIG_RULE_USE] = { "use", SETTING_PART_NEEDED | SETTING_PART_LIST,
		"`PROVIDER/MODEL NAME=VALUE …` as in `models`, or a list of them that are tried in this order, or `asked`: whom the client asks for" },
	[CONFIG_RULE_WHY] = { "why", 0, "what you want to be told about it" },
};

static const struct setting rows[] = { CONFIG_SETTINGS(CONFIG_SETTING) };
static const struct setting provider_rows[] = { CONFIG_PROVIDER_SETTINGS(CONFIG_PROVIDER_SETTING) };

const struct settings config_settings = { rows, ARRAY_LEN(rows) };
const struct settings config_provider_settings = { provider_rows, ARRAY_LEN(provider_rows) };

/* Sources: the vendors' API references and the defaults of the local servers. */
const struct config_preset config_presets[CONFIG_PRESETS] = {
	{ "anthropic", "anthropic", "anthropic", "https://api.anthropic.com", "ANTHROPIC_API_KEY" },
	{ "openai", "openai", "openai", "https://api.openai.com", "OPENAI_API_KEY" },
	{ "gemini", "gemini", "gemini", "https://generativelanguage.googleapis.com",
		"GEMINI_API_KEY" },
	{ "deepseek", "openai", "deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY" },
	{ "deepseek-anthropic", "anthropic", "deepseek", "https://api.deepseek.com/anthropic",
		"DEEPSEEK_API_KEY" },
	{ "openrouter", "openai", "openrouter", "https://openrouter.ai/api", "OPENROUTER_API_KEY" },
	{ "xai", "openai", "xai", "https://api.x.ai", "XAI_API_KEY" },
	{ "groq", "openai", "groq", "https://api.groq.com/openai", "GROQ_API_KEY" },
	{ "mistral", "openai", "mistral", "https://api.mistral.ai", "MISTRAL_API_KEY" },
	{ "litellm", "openai", "litellm", "http://127.0.0.1:4000", "LITELLM_API_KEY" },
	{ "ollama", "openai", "ollama", "http://127.0.0.1:11434", NULL },
	{ "lmstudio", "openai", "lmstudio", "http://127.0.0.1:1234", NULL },
	{ "vllm", "openai", "vllm", "http://127.0.0.1:8000", NULL },
	{ "llamacpp", "openai", "llamacpp", "http://127.0.0.1:8080", NULL },
};

void config_complain(struct config_loading *l, enum config_severity severity,
	const struct config_origin *at, const char *fmt, ...)
{
	struct config_report *report = l->report;
	struct config_problem *p = &report->problems[report->n];
	va_list ap;
	char *text;

	report->errors += severity == CONFIG_ERROR;
	if (config_complaints_full(l))
		return;
	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	*p = (struct config_problem){ .severity = severity };
	p->text = arena_dup(report->arena, (struct str){ text, (size_t)n });
	free(text);
	if (at != NULL) {
		p->file = at->file;
		p->line = at->line;
		p->column = at->column;
	}
	report->n++;
	if (config_complaints_full(l))
		report->problems[report->n++] = (struct config_problem){ .severity = CONFIG_NOTE,
			.text = STR("there may be more, which are not looked for") };
}

bool config_complaints_full(const struct config_loading *l)
{
	return l->report->n >= PROBLEMS_MAX;
}

struct config_origin config_place(struct config_reading *r, size_t pos)
{
	struct config_origin at = { .layer = r->layer, .file = r->file };

	if (pos != SIZE_MAX) {
		setting_locate(r->text, pos, &r->last);
		at.line = r->last.line;
		at.column = r->last.column;
	}
	return at;
}

const struct config_origin config_by_default = { CONFIG_DEFAULT, { "default", 7 }, 0, 0 };

static struct config_provider *find_provider(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->nproviders; i++)
		if (str_eq(c->providers[i].name, name))
			return &c->providers[i];
	return NULL;
}

const struct config_provider *config_provider(const struct config *c, struct str name)
{
	return find_provider(c, name);
}

static bool name_valid(struct str name)
{
	bool valid = name.n > 0 && name.n <= 64 && name.p[0] != '-' && name.p[0] != '_';

	for (size_t i = 0; i < name.n && valid; i++)
		valid = (name.p[i] >= 'a' && name.p[i] <= 'z') ||
			(name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '-' ||
			name.p[i] == '_';
	return valid;
}

/* Two names that the environment could not tell apart. */
static bool names_collide(struct str a, struct str b)
{
	bool collide = a.n == b.n;

	for (size_t i = 0; i < a.n && collide; i++)
		collide = a.p[i] == b.p[i] || (strchr("-_", a.p[i]) && strchr("-_", b.p[i]));
	return collide;
}

static const char *name_problem(const struct config *c, struct str name)
{
	if (!name_valid(name))
		return "is not a name: lower-case letters, digits, - and _, at most 64 characters";
	if (c->nproviders == CONFIG_PROVIDERS_MAX)
		return "is one provider too many: there may be 64";
	for (size_t i = 0; i < c->nproviders; i++)
		if (names_collide(c->providers[i].name, name))
			return "differs from another provider in - and _ only";
	return NULL;
}

/* For one more provider, in arrays that double in size. */
static void make_room(struct config_loading *l)
{
	struct config *c = l->config;
	const size_t n = c->nproviders, room = n < ROOM_FIRST ? ROOM_FIRST : 2 * n;

	if (n != 0 && (n < ROOM_FIRST || (n & (n - 1)) != 0))
		return;
	struct config_provider *p = arena_alloc(c->arena, room * sizeof(*p));
	struct config_provider_origins *o = arena_alloc(l->report->arena, room * sizeof(*o));
	if (n > 0) {
		memcpy(p, c->providers, n * sizeof(*p));
		memcpy(o, l->report->providers, n * sizeof(*o));
	}
	c->providers = p;
	l->report->providers = o;
}

struct config_provider *config_provider_add(
	struct config_loading *l, struct str name, const struct config_origin *at)
{
	struct config *c = l->config;
	struct config_provider *p = find_provider(c, name);
	const char *problem = p == NULL ? name_problem(c, name) : NULL;

	if (problem != NULL)
		config_complain(
			l, CONFIG_ERROR, at, "provider \"%s\" %s", setting_quote(name).s, problem);
	if (p != NULL || problem != NULL)
		return p;
	make_room(l);
	p = &c->providers[c->nproviders];
	*p = l->unset;
	p->name = arena_dup(c->arena, name);
	struct config_provider_origins *origins = &l->report->providers[c->nproviders++];
	origins->first = *at;
	for (size_t i = 0; i < CONFIG_PROVIDER_ROWS; i++)
		origins->v[i] = config_by_default;
	return p;
}

struct config_target config_provider_target(
	struct config_loading *l, const struct config_provider *p, const struct setting *row)
{
	size_t i = (size_t)(p - l->config->providers);

	return (struct config_target){ .table = &config_provider_settings,
		.row = row,
		.obj = &l->config->providers[i],
		.origins = l->report->providers[i].v };
}

static void begin(struct config_loading *l)
{
	struct config_report *report = l->report;
	struct config *c = l->config;

	report->arena = arena_new();
	report->problems =
		arena_alloc(report->arena, (PROBLEMS_MAX + 1) * sizeof(*report->problems));
	report->sources = arena_alloc(report->arena, CONFIG_SOURCES_MAX * sizeof(*report->sources));
	for (size_t i = 0; i < CONFIG_ROWS; i++)
		report->origins[i] = config_by_default;
	settings_reset(&config_settings, c, c->arena);
	settings_reset(&config_provider_settings, &l->unset, c->arena);
}

static void add_presets(struct config_loading *l)
{
	const struct config_origin at = { CONFIG_PRESET, STR("preset"), 0, 0 };

	for (size_t i = 0; i < CONFIG_PRESETS; i++) {
		struct config_provider *p =
			config_provider_add(l, str_from(config_presets[i].name), &at);
		struct config_origin *origins = l->report->providers[i].v;
		p->dialect = str_from(config_presets[i].dialect);
		p->flavor = str_from(config_presets[i].flavor);
		p->base_url = str_from(config_presets[i].base_url);
		origins[CONFIG_PROVIDER_ROW_flavor] = at;
		origins[CONFIG_PROVIDER_ROW_dialect] = at;
		origins[CONFIG_PROVIDER_ROW_base_url] = at;
	}
}

struct config *config_load(const struct config_input *in, struct config_report *report)
{
	struct arena *arena = arena_new();
	struct config *c = arena_alloc(arena, sizeof(*c));
	struct config_loading l = { .in = in, .config = c, .report = report };

	*report = (struct config_report){ 0 };
	*c = (struct config){ .refs = 1, .arena = arena };
	l.scratch = arena_new();
	begin(&l);
	add_presets(&l);
	config_read_files(&l);
	config_read_env(&l);
	config_read_sets(&l);
	config_check(&l);
	arena_free(l.scratch);
	if (report->errors == 0)
		return c;
	config_unref(c);
	return NULL;
}

struct config *config_ref(struct config *c)
{
	c->refs++;
	return c;
}

void config_unref(struct config *c)
{
	if (c == NULL || --c->refs > 0)
		return;
	script_free(c->script);
	classifier_free(c->classifier);
	arena_free(c->arena);
}

void config_report_release(struct config_report *report)
{
	arena_free(report->arena);
	*report = (struct config_report){ 0 };
}
