/* SPDX-License-Identifier: MIT */
/* For a provider of the Anthropic API: the members of a request. What the model would refuse (sampling, forced use of tools, ways of
 * thinking) is decided first, and told to it in another way where there is one. */
#include "llm/anthropic.h"

#include "wire/hash.h"
#include "wire/json_text.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_TOKENS = 32000, /* where nobody says how many */
	BUDGET_MIN = 1024,  /* of thinking, as the API has it */
	NAME_MAX_BYTES = 128,
};

/* What becomes of the wishes. */
struct plan {
	struct anthropic_printer p;
	enum tool_choice choice;
	const char *thinking; /* its type; NULL: nothing is said of it */
	uint64_t budget_tokens;
	enum effort effort;
	struct str sentences[2]; /* added to the system prompt */
	size_t nsentences;
	bool thinks;
	bool tools;         /* any are declared */
	bool some;          /* only these of them */
	struct words among; /* sorted */
};

/* ---- tools ---- */

static bool is_plain_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], low = (char)(c | 0x20);
		if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'z') && c != '_' && c != '-')
			return false;
	}
	return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

struct str anthropic_tool_name(struct str escaped, struct arena *a)
{
	struct digest d;
	struct buf b;
	struct str ret;

	if (is_plain_name(escaped))
		return escaped;
	d = hash_of(escaped);
	buf_init(&b, NAME_MAX_BYTES);
	for (size_t i = 0; i < escaped.n && i < 48; i++) {
		struct str one = { escaped.p + i, 1 };
		buf_add_char(&b, is_plain_name(one) ? escaped.p[i] : '_');
	}
	buf_add_char(&b, '_');
	digest_print(&b, &d, 6);
	ret = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return ret;
}

static int compare_names(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int order = x->n == 0 || y->n == 0 ? 0 : memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

/* The names that the client wants tools to be chosen from, in order. */
static void sort_names(struct plan *p)
{
	const struct words *names = &p->p.c->choice_names;

	p->some = p->p.c->choice == CHOICE_AUTO_AMONG || p->p.c->choice == CHOICE_ANY_AMONG;
	p->among.v = arena_alloc(p->p.arena, (names->n + 1) * sizeof(*p->among.v));
	for (; p->some && p->among.n < names->n; p->among.n++)
		p->among.v[p->among.n] = anthropic_tool_name(names->v[p->among.n], p->p.arena);
	qsort(p->among.v, p->among.n, sizeof(*p->among.v), compare_names);
}

static bool is_declared(const struct plan *p, const struct tool *t)
{
	struct str name;

	if (t->kind == TOOL_SERVER || !p->some)
		return t->kind != TOOL_SERVER;
	name = anthropic_tool_name(t->wire_name, p->p.arena);
	return bsearch(&name, p->among.v, p->among.n, sizeof(name), compare_names) != NULL;
}

/* How a text must look is told in words. */
static void print_freeform(struct buf *out, const struct tool *t)
{
	struct str grammar = t->grammar, inner = json_get(grammar, STR("grammar"));
	struct str syntax, definition;

	if (inner.p != NULL)
		grammar = inner;
	syntax = json_inner(json_get(grammar, STR("syntax")));
	definition = json_inner(json_get(grammar, STR("definition")));
	if (t->description.n > 0 || definition.n > 0) {
		buf_add(out, STR(",\"description\":\""));
		buf_add(out, t->description);
		if (definition.n > 0) {
			buf_add(out, t->description.n > 0 ? STR("\\n\\n") : STR(""));
			buf_add(out, STR("The \\\"input\\\" string must match this "));
			buf_add(out, syntax);
			buf_add(out, syntax.n > 0 ? STR(" grammar:\\n") : STR("grammar:\\n"));
			buf_add(out, definition);
		}
		buf_add_char(out, '"');
	}
	buf_add(out, STR(",\"input_schema\":{\"type\":\"object\",\"properties\":{\"input\":"
			 "{\"type\":\"string\"}},\"required\":[\"input\"]}"));
}

static void print_tool(struct plan *p, const struct tool *t)
{
	struct buf *out = p->p.out;

	buf_add(out, STR("{\"name\":"));
	json_add_quoted(out, t->wire_name);
	if (t->kind == TOOL_FREEFORM) {
		print_freeform(out, t);
	} else {
		if (t->description.n > 0) {
			buf_add(out, STR(",\"description\":"));
			json_add_quoted(out, t->description);
		}
		buf_add(out, STR(",\"input_schema\":"));
		if (anthropic_add_parameters(out, t->schema))
			warn(&p->p.c->warnings, "schema_keyword_dropped");
	}
	if (p->p.t->caps.json_schema && t->strict == 1 && t->kind == TOOL_FUNCTION)
		buf_add(out, STR(",\"strict\":true"));
	if (t->mark.n > 0) {
		buf_add(out, STR(",\"cache_control\":"));
		json_add_compact(out, t->mark);
	}
	buf_add_char(out, '}');
}

static void print_tools(struct plan *p)
{
	const struct content *c = p->p.c;
	struct buf *out = p->p.out;
	bool first = true;

	if (!p->tools)
		return;
	buf_add(out, STR(",\"tools\":["));
	for (const struct tool *t = c->tools; t != NULL; t = t->next) {
		if (!is_declared(p, t))
			continue;
		buf_add(out, first ? STR("") : STR(","));
		print_tool(p, t);
		first = false;
	}
	buf_add_char(out, ']');
}

static void print_tool_choice(struct plan *p)
{
	static const char *const types[] = {
		[CHOICE_UNSET] = NULL,
		[CHOICE_AUTO] = "auto",
		[CHOICE_ANY] = "any",
		[CHOICE_NONE] = "none",
		[CHOICE_NAMED] = "tool",
		[CHOICE_AUTO_AMONG] = "auto",
		[CHOICE_ANY_AMONG] = "any",
	};
	const struct content *c = p->p.c;
	struct buf *out = p->p.out;
	bool one = c->parallel_calls == 0 && p->choice != CHOICE_NONE;

	if (!p->tools || (p->choice == CHOICE_UNSET && !one))
		return;
	buf_add(out, STR(",\"tool_choice\":{\"type\":\""));
	buf_add(out, str_from(p->choice == CHOICE_UNSET ? "auto" : types[p->choice]));
	buf_add_char(out, '"');
	if (p->choice == CHOICE_NAMED && c->choice_names.n > 0) {
		buf_add(out, STR(",\"name\":"));
		json_add_quoted(out, anthropic_tool_name(c->choice_names.v[0], p->p.arena));
	}
	if (one)
		buf_add(out, STR(",\"disable_parallel_tool_use\":true"));
	buf_add_char(out, '}');
}

static void plan_tools(struct plan *p)
{
	struct content *c = p->p.c;

	sort_names(p);
	for (const struct tool *t = c->tools; t != NULL; t = t->next)
		if (t->kind == TOOL_SERVER)
			warn(&c->warnings, "server_tool_dropped");
	for (struct tool *t = c->tools; t != NULL; t = t->next) {
		if (!is_declared(p, t))
			continue;
		p->tools = true;
		if (t->kind == TOOL_FREEFORM)
			warn(&c->warnings, "custom_tool_wrapped");
		/* The reply's encoder finds the client's name by this one. */
		t->wire_name = anthropic_tool_name(t->wire_name, p->p.arena);
	}
	p->choice = c->choice;
}

/* To be called when it is known whether the model thinks by a budget, which forbids forced use, too. */
static void plan_forced(struct plan *p)
{
	struct content *c = p->p.c;
	bool forced = p->choice == CHOICE_ANY || p->choice == CHOICE_NAMED ||
		      p->choice == CHOICE_ANY_AMONG;

	if (!p->tools || !forced || (p->p.t->caps.forced_tools && p->budget_tokens == 0))
		return;
	if (p->choice == CHOICE_NAMED && c->choice_names.n > 0) {
		const struct str v[] = { STR("You must answer by calling the tool \\\""),
			anthropic_tool_name(c->choice_names.v[0], p->p.arena), STR("\\\".") };
		p->sentences[p->nsentences++] = anthropic_join(p->p.arena, v, ARRAY_LEN(v));
	} else {
		p->sentences[p->nsentences++] = STR("You must answer by calling one of the tools.");
	}
	p->choice = CHOICE_AUTO;
	warn(&c->warnings, "forced_tool_choice_downgraded");
}

/* ---- thinking ---- */

static uint64_t max_tokens(const struct plan *p)
{
	const struct content *c = p->p.c;
	const struct target *t = p->p.t;
	uint64_t n = c->has_max_tokens           ? c->max_tokens
		     : t->default_max_tokens > 0 ? t->default_max_tokens
						 : MAX_TOKENS;

	return t->caps.max_output > 0 && n > t->caps.max_output ? t->caps.max_output : n;
}

static uint64_t budget_of(const struct reasoning_wish *w)
{
	static const uint64_t tokens[EFFORTS] = {
		[EFFORT_UNSET] = 8192,
		[EFFORT_MINIMAL] = 1024,
		[EFFORT_LOW] = 4096,
		[EFFORT_MEDIUM] = 8192,
		[EFFORT_HIGH] = 16384,
		[EFFORT_XHIGH] = 32768,
		[EFFORT_MAX] = 32768,
	};

	return w->mode == REASONING_BUDGET ? w->budget_tokens : tokens[w->effort];
}

static void plan_budget(struct plan *p)
{
	uint64_t budget = budget_of(&p->p.c->reasoning), most = max_tokens(p) / 5 * 4;

	if (budget > most)
		budget = most;
	if (budget < BUDGET_MIN || anthropic_lacks_thinking(p->p.c)) {
		warn_field(&p->p.c->warnings, STR("reasoning_effort"), p->p.arena);
		return;
	}
	p->thinking = "enabled";
	p->budget_tokens = budget;
	p->thinks = true;
}

static void plan_adaptive(struct plan *p)
{
	const struct reasoning_wish *w = &p->p.c->reasoning;
	enum effort e = w->effort;

	if (e == EFFORT_UNSET && w->mode == REASONING_BUDGET)
		e = effort_of_budget(w->budget_tokens);
	if (e != EFFORT_UNSET)
		p->effort = caps_effort(&p->p.t->caps, e < EFFORT_LOW ? EFFORT_LOW : e);
	p->thinking = "adaptive";
	p->thinks = true;
}

static void plan_no_thinking(struct plan *p)
{
	const struct caps *caps = &p->p.t->caps;

	if (caps->between_tools) {
		p->thinking = "between_tools";
	} else if (caps->thinking == THINKING_ADAPTIVE) {
		p->thinking = "disabled";
	} else if (caps->thinking == THINKING_ALWAYS) {
		p->effort = caps_effort(caps, EFFORT_LOW);
		p->thinks = true;
		warn(&p->p.c->warnings, "thinking_not_disabled");
	}
}

/* Nothing is said but whether it is to be shown, which is told those that think anyway. */
static void plan_shown(struct plan *p)
{
	const struct caps *caps = &p->p.t->caps;
	bool anyway = caps->thinking == THINKING_ALWAYS ||
		      (caps->thinking == THINKING_ADAPTIVE && caps->between_tools);

	if (anyway && p->p.c->reasoning.show == SHOW_SUMMARY)
		plan_adaptive(p);
	else
		p->thinks = caps->thinking == THINKING_ALWAYS;
}

static void plan_thinking(struct plan *p)
{
	const struct reasoning_wish *w = &p->p.c->reasoning;
	enum caps_thinking thinking = p->p.t->caps.thinking;

	if (w->mode == REASONING_OFF || w->mode == REASONING_BETWEEN_TOOLS ||
		(w->mode == REASONING_UNSET && w->effort == EFFORT_NONE))
		plan_no_thinking(p);
	else if (w->mode == REASONING_UNSET && w->effort == EFFORT_UNSET)
		plan_shown(p);
	else if (thinking == THINKING_NONE)
		warn_field(&p->p.c->warnings, STR("reasoning_effort"), p->p.arena);
	else if (thinking == THINKING_BUDGET)
		plan_budget(p);
	else
		plan_adaptive(p);
}

static void print_thinking(struct plan *p)
{
	struct buf *out = p->p.out;

	if (p->thinking == NULL)
		return;
	buf_addf(out, ",\"thinking\":{\"type\":\"%s\"", p->thinking);
	if (p->budget_tokens > 0) {
		buf_add(out, STR(",\"budget_tokens\":"));
		buf_add_number(out, p->budget_tokens, 10);
	} else if (p->thinks && p->p.c->reasoning.show == SHOW_SUMMARY) {
		buf_add(out, STR(",\"display\":\"summarized\""));
	}
	buf_add_char(out, '}');
}

/* ---- the form of the reply ---- */

/* System prompts are no place for white space alone either. */
static void drop_blanks(struct parts *system)
{
	struct part **at = &system->first;

	system->last = NULL;
	while (*at != NULL) {
		if (anthropic_is_blank(*at)) {
			*at = (*at)->next;
			continue;
		}
		system->last = *at;
		at = &(*at)->next;
	}
}

static void plan_format(struct plan *p)
{
	const struct format_wish *f = &p->p.c->format;

	if (f->kind == FORMAT_JSON) {
		p->sentences[p->nsentences++] =
			STR("Answer with one JSON object and nothing else.");
		warn(&p->p.c->warnings, "json_object_emulated");
	} else if (f->kind == FORMAT_SCHEMA && !p->p.t->caps.json_schema) {
		struct buf b;
		buf_init(&b, 2 * f->schema.n + 256);
		buf_add(&b, STR("Answer with one JSON object that matches this JSON schema, and "
				"nothing else:\\n"));
		json_add_compact_escaped(&b, f->schema);
		p->sentences[p->nsentences++] = arena_dup(p->p.arena, buf_str(&b));
		buf_release(&b);
		warn(&p->p.c->warnings, "schema_downgraded");
	}
}

static void print_output_config(struct plan *p)
{
	struct buf *out = p->p.out;
	const struct format_wish *f = &p->p.c->format;
	bool schema = f->kind == FORMAT_SCHEMA && p->p.t->caps.json_schema;

	if (p->effort == EFFORT_UNSET && !schema)
		return;
	buf_add(out, STR(",\"output_config\":{"));
	if (p->effort != EFFORT_UNSET)
		buf_addf(out, "\"effort\":\"%s\"%s", effort_name(p->effort), schema ? "," : "");
	if (schema) {
		buf_add(out, STR("\"format\":{\"type\":\"json_schema\",\"schema\":"));
		if (anthropic_add_schema(out, f->schema))
			warn(&p->p.c->warnings, "schema_keyword_dropped");
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
}

/* ---- sampling ---- */

/* The exponent of a number in powers of ten, bounded far beyond what matters. */
static int64_t exponent_of(struct str digits)
{
	bool negative = digits.n > 0 && digits.p[0] == '-';
	int64_t v = 0;

	for (size_t i = negative || str_starts(digits, STR("+")) ? 1 : 0; i < digits.n; i++)
		if (v < INT32_MAX && digits.p[i] >= '0' && digits.p[i] <= '9')
			v = v * 10 + (digits.p[i] - '0');
	return negative ? -v : v;
}

/* A raw number: 0.lead… times ten to the power of `before_point`. */
struct digits {
	char lead;            /* the first digit that is not 0 */
	bool more;            /* any behind it are not 0 */
	int64_t before_point; /* digits from the lead up to the point; negative: zeros between them */
};

static void read_digit(struct digits *d, char c, bool behind_point)
{
	if (d->lead == '0' && c == '0') {
		d->before_point -= behind_point;
		return;
	}
	if (d->lead == '0')
		d->lead = c;
	else
		d->more = d->more || c != '0';
	d->before_point += !behind_point;
}

/* How a raw number compares to one: below, equal, above as -1, 0, 1; without making a number of it. */
static int compare_to_one(struct str raw)
{
	struct digits d = { .lead = '0' };
	size_t e = 0;
	bool point = false;

	if (raw.n == 0 || raw.p[0] < '0' || raw.p[0] > '9')
		return -1;
	for (; e < raw.n && (raw.p[e] | 0x20) != 'e'; e++)
		if (raw.p[e] == '.')
			point = true;
		else
			read_digit(&d, raw.p[e], point);
	if (d.lead == '0')
		return -1;
	if (e < raw.n)
		d.before_point += exponent_of(str_from_offset(raw, e + 1));
	if (d.before_point != 1)
		return d.before_point > 1 ? 1 : -1;
	return d.lead > '1' || d.more ? 1 : 0;
}

static void print_raw(struct buf *out, const char *name, struct str raw)
{
	buf_addf(out, ",\"%s\":", name);
	json_add_compact(out, raw);
}

static void print_sampling(struct plan *p)
{
	struct content *c = p->p.c;
	struct buf *out = p->p.out;
	bool takes = p->p.t->caps.sampling && !p->thinks;
	int temperature = compare_to_one(c->temperature);

	if (c->temperature.n > 0 && takes) {
		print_raw(out, "temperature", temperature > 0 ? STR("1") : c->temperature);
		if (temperature > 0)
			warn(&c->warnings, "temperature_clamped");
	} else if (c->temperature.n > 0 && temperature != 0) {
		warn(&c->warnings, "temperature_dropped");
	}
	/* The models refuse the two together. */
	if (c->top_p.n > 0 && takes && c->temperature.n == 0)
		print_raw(out, "top_p", c->top_p);
	else if (c->top_p.n > 0 && compare_to_one(c->top_p) != 0)
		warn(&c->warnings, "top_p_dropped");
	if (c->top_k.n > 0 && takes)
		print_raw(out, "top_k", c->top_k);
	else if (c->top_k.n > 0)
		warn(&c->warnings, "top_k_dropped");
}

/* Whether a raw value asks for anything: not 0, false or an empty object. */
static bool asks(struct str raw)
{
	return raw.n > 0 && !str_eq(raw, STR("false")) && !str_eq(raw, STR("0")) &&
	       !str_eq(raw, STR("0.0")) && !str_eq(raw, STR("{}"));
}

static void warn_of_others(struct content *c)
{
	const struct {
		bool asked;
		const char *code;
	} rows[] = {
		{ asks(c->frequency_penalty), "frequency_penalty_dropped" },
		{ asks(c->presence_penalty), "presence_penalty_dropped" },
		{ c->seed.n > 0, "seed_dropped" },
		{ asks(c->logprobs) || asks(c->top_logprobs), "logprobs_dropped" },
		{ asks(c->logit_bias), "logit_bias_dropped" },
		{ c->verbosity.n > 0, "verbosity_dropped" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].asked)
			warn(&c->warnings, rows[i].code);
}

/* The API refuses stop sequences of white space. */
static void print_stops(struct plan *p)
{
	struct content *c = p->p.c;
	struct buf *out = p->p.out;
	bool first = true;

	if (c->stops.n > 0 && !p->p.t->caps.stop) {
		warn(&c->warnings, "stop_dropped");
		return;
	}
	for (size_t i = 0; i < c->stops.n; i++) {
		if (str_trim(json_unescape(c->stops.v[i], p->p.arena)).n == 0) {
			warn(&c->warnings, "stop_whitespace_dropped");
			continue;
		}
		buf_add(out, first ? STR(",\"stop_sequences\":[") : STR(","));
		json_add_quoted(out, c->stops.v[i]);
		first = false;
	}
	buf_add(out, first ? STR("") : STR("]"));
}

/* ---- all of it ---- */

static void print_service_tier(struct plan *p)
{
	struct content *c = p->p.c;
	struct str tier = c->service_tier;

	if (str_eq(tier, STR("auto")))
		buf_add(p->p.out, STR(",\"service_tier\":\"auto\""));
	else if (str_eq(tier, STR("default")) || str_eq(tier, STR("standard")))
		buf_add(p->p.out, STR(",\"service_tier\":\"standard_only\""));
	else if (tier.n > 0)
		warn_field(&c->warnings, STR("service_tier"), p->p.arena);
}

static bool any_marked(const struct parts *parts)
{
	for (const struct part *p = parts->first; p != NULL; p = p->next)
		if (p->mark.n > 0)
			return true;
	return false;
}

static void print_system_blocks(struct plan *p)
{
	const struct part *first = p->p.c->system.first;
	struct buf *out = p->p.out;

	buf_add_char(out, '[');
	for (const struct part *part = first; part != NULL; part = part->next) {
		buf_add(out, part != first ? STR(",") : STR(""));
		anthropic_print_text(out, part->text, part->mark);
	}
	for (size_t i = 0; i < p->nsentences; i++) {
		buf_add_char(out, ',');
		anthropic_print_text(out, p->sentences[i], (struct str){ NULL, 0 });
	}
	buf_add_char(out, ']');
}

static void print_system(struct plan *p)
{
	const struct parts *system = &p->p.c->system;
	struct buf *out = p->p.out;
	bool first = true;

	if (system->first == NULL && p->nsentences == 0)
		return;
	buf_add(out, STR(",\"system\":"));
	if (any_marked(system)) {
		print_system_blocks(p);
		return;
	}
	buf_add_char(out, '"');
	for (const struct part *part = system->first; part != NULL; part = part->next) {
		buf_add(out, first ? STR("") : STR("\\n\\n"));
		buf_add(out, part->text);
		first = false;
	}
	for (size_t i = 0; i < p->nsentences; i++) {
		buf_add(out, first ? STR("") : STR("\\n\\n"));
		buf_add(out, p->sentences[i]);
		first = false;
	}
	buf_add_char(out, '"');
}

/* What is not of the prompt, and so of no interest when it is only counted. */
static void print_parameters(struct plan *p)
{
	struct content *c = p->p.c;
	struct buf *out = p->p.out;

	buf_add(out, STR(",\"max_tokens\":"));
	buf_add_number(out, max_tokens(p), 10);
	if (c->stream)
		buf_add(out, STR(",\"stream\":true"));
	print_sampling(p);
	warn_of_others(c);
	print_stops(p);
}

static bool print_body(struct plan *p)
{
	struct content *c = p->p.c;
	struct buf *out = p->p.out;
	bool count = p->p.t->count;

	buf_add(out, STR("{\"model\":"));
	json_add_string(out, p->p.t->model);
	if (!count)
		print_parameters(p);
	print_thinking(p);
	print_output_config(p);
	if (!count && c->user.n > 0) {
		buf_add(out, STR(",\"metadata\":{\"user_id\":"));
		json_add_quoted(out, c->user);
		buf_add_char(out, '}');
	}
	if (!count)
		print_service_tier(p);
	print_tools(p);
	print_tool_choice(p);
	print_system(p);
	if (!anthropic_print_messages(&p->p))
		return false;
	buf_add_char(out, '}');
	return !out->overflow ||
	       err_set(p->p.e, ERR_TOO_LARGE, "the request is too long when it is translated");
}

bool anthropic_print_content(
	struct wire_request *ret, struct content *c, const struct target *t, struct err *e)
{
	struct plan p = { .p = { .out = &ret->body, .c = c, .t = t, .e = e, .arena = c->arena } };

	if (ret->body.max == 0)
		buf_init(&ret->body, SIZE_MAX);
	ret->path = t->count ? STR("/v1/messages/count_tokens") : STR("/v1/messages");
	if (!t->caps.mid_system)
		content_fold_system(c);
	content_declare_tools(c);
	drop_blanks(&c->system);
	plan_tools(&p);
	plan_thinking(&p);
	plan_forced(&p);
	plan_format(&p);
	p.p.prefill = t->caps.prefill && !p.thinks;
	return print_body(&p);
}
