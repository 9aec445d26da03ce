/* SPDX-License-Identifier: MIT */
/* One walk over the top level finds what matters; a second one prints it. */
#include "llm/refit.h"

#include "wire/json_text.h"

enum thinking_type { NO_THINKING, ENABLED, ADAPTIVE, DISABLED, BETWEEN_TOOLS, OTHER_THINKING };

/* What becomes of a member. */
enum fate { KEPT, DROPPED, REPLACED };

struct fitting {
	const struct refit *r;
	struct str thinking, output_config, management;
	uint64_t max_tokens, budget;
	enum thinking_type type;
	struct buf effort; /* what takes the place of output_config */
	bool changed;
};

static bool is_one_of(struct str key, const char *const *names)
{
	for (; *names != NULL; names++)
		if (json_key_is(key, str_from(*names)))
			return true;
	return false;
}

static bool is_text(struct str value, const char *text)
{
	return json_is_string(value) && json_key_is(json_inner(value), str_from(text));
}

static enum thinking_type type_of(struct str thinking)
{
	static const char *const names[] = { [ENABLED] = "enabled",
		[ADAPTIVE] = "adaptive",
		[DISABLED] = "disabled",
		[BETWEEN_TOOLS] = "between_tools" };
	struct str type;

	if (thinking.p == NULL)
		return NO_THINKING;
	type = json_get(thinking, STR("type"));
	for (unsigned i = ENABLED; i < ARRAY_LEN(names); i++)
		if (type.p != NULL && is_text(type, names[i]))
			return (enum thinking_type)i;
	return OTHER_THINKING;
}

/* ---- thinking ---- */

/* A budget must be less than the reply may have, also where that is cut. */
static bool takes_budget(const struct fitting *f)
{
	const struct caps *c = f->r->caps;
	uint64_t most = f->max_tokens;

	if (c->max_output > 0 && most > c->max_output)
		most = c->max_output;
	return c->thinking == THINKING_BUDGET && !f->r->lacks_thinking &&
	       (most == 0 || f->budget < most);
}

/* ret: what stands for it, when REPLACED. */
static enum fate fate_of_thinking(const struct fitting *f, const char **ret)
{
	const struct caps *c = f->r->caps;
	bool adaptive = c->thinking == THINKING_ADAPTIVE || c->thinking == THINKING_ALWAYS;

	switch (f->type) {
	case ENABLED:
		*ret = "{\"type\":\"adaptive\"}";
		return adaptive ? REPLACED : takes_budget(f) ? KEPT : DROPPED;
	case ADAPTIVE:
		return adaptive ? KEPT : DROPPED;
	case DISABLED:
		*ret = "{\"type\":\"between_tools\"}";
		return c->between_tools                 ? REPLACED
		       : c->thinking == THINKING_ALWAYS ? DROPPED
							: KEPT;
	case BETWEEN_TOOLS:
		*ret = "{\"type\":\"disabled\"}";
		return c->between_tools                   ? KEPT
		       : c->thinking == THINKING_ADAPTIVE ? REPLACED
							  : DROPPED;
	case NO_THINKING:
	case OTHER_THINKING:
	default:
		return KEPT;
	}
}

/* Whether no thinking is left that context_management could clear. */
static bool leaves_no_thinking(const struct fitting *f)
{
	const char *ignored;

	if (f->type == NO_THINKING)
		return f->r->caps->thinking <= THINKING_BUDGET;
	return fate_of_thinking(f, &ignored) == DROPPED && f->type != DISABLED;
}

/* ---- effort ---- */

/* The effort that the model takes, without quotes; empty: none. */
static struct str effort_for(const struct fitting *f, struct str value)
{
	enum effort e =
		value.n < 2 ? EFFORT_UNSET : effort_of((struct str){ value.p + 1, value.n - 2 });

	e = caps_effort(f->r->caps, e);
	return e == EFFORT_UNSET ? STR("") : str_from(effort_name(e));
}

/* output_config with that effort. */
static void print_config(struct fitting *f, struct str effort)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	const char *comma = "";

	buf_add_char(&f->effort, '{');
	if (json_iter_init(&it, f->output_config, &e))
		while (json_next(&it, &m, &e)) {
			bool is_effort = json_key_is(m.key, STR("effort"));
			if (is_effort && effort.n == 0)
				continue;
			buf_addf(&f->effort, "%s\"%.*s\":", comma, STR_ARG(m.key));
			if (is_effort)
				json_add_string(&f->effort, effort);
			else
				buf_add(&f->effort, m.value);
			comma = ",";
		}
	buf_add_char(&f->effort, '}');
}

static void plan_effort(struct fitting *f)
{
	struct str old = f->output_config.p != NULL ? json_get(f->output_config, STR("effort"))
						    : (struct str){ NULL, 0 };
	struct str effort;

	if (old.p == NULL)
		return;
	effort = effort_for(f, old);
	if (effort.n + 2 == old.n && str_eq((struct str){ old.p + 1, effort.n }, effort))
		return;
	print_config(f, effort);
}

/* ---- members ---- */

static bool is_one_by_one(struct str tool_choice)
{
	return str_eq(json_get(tool_choice, STR("disable_parallel_tool_use")), STR("true"));
}

static enum fate fate_of(const struct fitting *f, const struct json_member *m, const char **ret)
{
	static const char *const sampling[] = { "temperature", "top_p", "top_k", NULL };
	const struct caps *c = f->r->caps;
	struct str type;

	if (json_key_is(m->key, STR("thinking")))
		return fate_of_thinking(f, ret);
	if (!c->sampling && is_one_of(m->key, sampling))
		return DROPPED;
	if (!c->stop && json_key_is(m->key, STR("stop_sequences")))
		return DROPPED;
	if (json_key_is(m->key, STR("context_management")) &&
		str_find(m->value, STR("clear_thinking")) < m->value.n && leaves_no_thinking(f))
		return DROPPED;
	if (json_key_is(m->key, STR("output_config")) && f->effort.n > 0) {
		*ret = NULL; /* f->effort */
		return f->effort.n > 2 ? REPLACED : DROPPED;
	}
	if (!c->forced_tools && json_key_is(m->key, STR("tool_choice"))) {
		type = json_get(m->value, STR("type"));
		*ret = is_one_by_one(m->value)
			       ? "{\"type\":\"auto\",\"disable_parallel_tool_use\":true}"
			       : "{\"type\":\"auto\"}";
		return type.p != NULL && (is_text(type, "any") || is_text(type, "tool")) ? REPLACED
											 : KEPT;
	}
	return KEPT;
}

static bool is_too_long(const struct fitting *f, struct str key)
{
	return f->r->caps->max_output > 0 && f->max_tokens > f->r->caps->max_output &&
	       json_key_is(key, STR("max_tokens"));
}

static void print_member(struct fitting *f, const struct json_member *m, struct buf *out)
{
	const char *instead = NULL;
	enum fate fate = fate_of(f, m, &instead);
	bool cut = is_too_long(f, m->key);

	f->changed |= fate != KEPT || cut;
	if (fate == DROPPED)
		return;
	if (out->p[out->n - 1] != '{')
		buf_add_char(out, ',');
	buf_addf(out, "\"%.*s\":", STR_ARG(m->key));
	if (cut)
		buf_addf(out, "%llu", (unsigned long long)f->r->caps->max_output);
	else if (fate == KEPT)
		buf_add(out, m->value);
	else
		buf_add(out, instead != NULL ? str_from(instead) : buf_str(&f->effort));
}

static bool look(struct fitting *f, struct str body)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, body, &e))
		return false;
	while (json_next(&it, &m, &e))
		if (json_key_is(m.key, STR("thinking")))
			f->thinking = m.value;
		else if (json_key_is(m.key, STR("output_config")))
			f->output_config = m.value;
		else if (json_key_is(m.key, STR("max_tokens")) &&
			 !json_u64(m.value, &f->max_tokens))
			f->max_tokens = 0;
	f->type = type_of(f->thinking);
	if (f->type == ENABLED &&
		!json_u64(json_get(f->thinking, STR("budget_tokens")), &f->budget))
		f->budget = 0;
	plan_effort(f);
	return e.kind == ERR_NONE;
}

/* Some models think unless they are told not to: a client that asks one that does not has left no room for it. */
static void calm(struct fitting *f, struct buf *out)
{
	if (f->type != NO_THINKING || f->r->unasked || !f->r->caps->between_tools)
		return;
	buf_addf(out, "%s\"thinking\":{\"type\":\"between_tools\"}",
		out->p[out->n - 1] == '{' ? "" : ",");
	f->changed = true;
}

bool refit_request(struct str body, const struct refit *r, struct buf *out)
{
	struct fitting f = { .r = r };
	const size_t before = out->n;
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	buf_init(&f.effort, SIZE_MAX);
	if (look(&f, body) && json_iter_init(&it, body, &e)) {
		buf_add_char(out, '{');
		while (json_next(&it, &m, &e))
			print_member(&f, &m, out);
		calm(&f, out);
		buf_add_char(out, '}');
	}
	buf_release(&f.effort);
	if (!f.changed)
		out->n = before;
	return f.changed;
}
