/* SPDX-License-Identifier: MIT */
/* The simple ways look at no cache: that is what is to be shown. */
#include "lab/replay_policy.h"

#include "core/candidate.h"
#include "core/prefix.h"
#include "llm/planner.h"
#include "wire/hash.h"

enum { HALF = 50, LONG_TOKENS = 60000 };

/* ---- reading ---- */

/* MODEL, or MODEL:NUMBER: a model's name may hold colons too. */
static struct str take_number(struct str rest, uint64_t *number)
{
	size_t colon = rest.n;

	while (colon > 0 && rest.p[colon - 1] != ':')
		colon--;
	if (colon > 0 && str_to_u64(str_from_offset(rest, colon), number))
		rest.n = colon - 1;
	return rest;
}

static bool read_hop(struct replay_policy *p, struct str rest, struct err *e)
{
	uint64_t percent = HALF;

	p->kind = POLICY_HOP;
	p->model = take_number(rest, &percent);
	p->percent = (unsigned)percent;
	if (p->model.n > 0 && percent <= 100)
		return true;
	return err_set(
		e, ERR_INVALID, "\"%.*s\" is not hop:MODEL or hop:MODEL:PERCENT", STR_ARG(p->name));
}

static bool read_turns(struct replay_policy *p, struct str rest, struct err *e)
{
	p->kind = POLICY_TURNS;
	p->tokens = LONG_TOKENS;
	p->model = take_number(rest, &p->tokens);
	return p->model.n > 0 ||
	       err_set(e, ERR_INVALID, "\"%.*s\" is not turns:MODEL or turns:MODEL:TOKENS",
		       STR_ARG(p->name));
}

/* A word that begins a setting: parameters of a model have no dot in front of their sign. */
static bool is_setting(struct str word)
{
	struct str path = { word.p, str_find_char(word, '=') };
	size_t dot = str_find_char(path, '.');

	return path.n < word.n && (dot < path.n || str_eq(path, STR("models"))) &&
	       str_find_char(path, '/') == path.n && !str_starts(path, STR("caps."));
}

static bool add_setting(struct replay_policy *p, struct arena *a, struct str text, struct err *e)
{
	if (p->nsettings == REPLAY_SETTINGS_MAX)
		return err_set(
			e, ERR_INVALID, "a policy has at most %d settings", REPLAY_SETTINGS_MAX);
	p->settings[p->nsettings++] = arena_dup(a, text).p;
	return true;
}

/* Words that are no settings of their own belong to the one before. */
static bool read_settings(struct replay_policy *p, struct str rest, struct arena *a, struct err *e)
{
	struct str word, begun = { NULL, 0 };

	while (str_split(&rest, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (!is_setting(word)) {
			if (begun.p == NULL)
				return err_set(e, ERR_INVALID,
					"\"%.*s\" is no setting (PATH=VALUE)", STR_ARG(word));
			begun.n = (size_t)(word.p + word.n - begun.p);
			continue;
		}
		if (begun.p != NULL && !add_setting(p, a, begun, e))
			return false;
		begun = word;
	}
	return begun.p == NULL || add_setting(p, a, begun, e);
}

static bool read_profile(
	struct replay_policy *p, struct str name, struct str rest, struct arena *a, struct err *e)
{
	bool known = false;

	if (str_eq(name, STR("never")))
		name = STR("observe");
	for (unsigned i = 0; i < ROUTE_PROFILES; i++)
		known |= str_eq(name, str_from(route_profiles[i]));
	if (!known)
		return err_set(e, ERR_INVALID,
			"\"%.*s\" is no policy: observe, balanced, saver, max, never, hop:MODEL or turns:MODEL",
			STR_ARG(name));
	p->kind = POLICY_PROFILE;
	return add_setting(p, a, arena_printf(a, "route.profile=%.*s", STR_ARG(name)), e) &&
	       read_settings(p, rest, a, e);
}

bool replay_policy_read(struct replay_policy *ret, struct str text, struct arena *a, struct err *e)
{
	struct str trimmed = arena_dup(a, str_trim(text));
	size_t end = str_find_char(trimmed, ' ');
	struct str name = { trimmed.p, end }, rest = str_from_offset(trimmed, end);

	*ret = (struct replay_policy){ .name = trimmed };
	ret->settings = arena_alloc(a, REPLAY_SETTINGS_MAX * sizeof(*ret->settings));
	if (str_starts(name, STR("hop:")))
		return read_hop(ret, str_from_offset(name, 4), e) && read_settings(ret, rest, a, e);
	if (str_starts(name, STR("turns:")))
		return read_turns(ret, str_from_offset(name, 6), e) &&
		       read_settings(ret, rest, a, e);
	return read_profile(ret, name, rest, a, e);
}

/* ---- choosing ---- */

/* Whether results of tools go back that did not fail, in a context that is not long: the work on a task that was planned. */
static bool is_work(
	const struct replay_policy *p, struct exchange *x, const struct candidate *asked)
{
	const struct outline_facts *f = &x->chat.outline.facts;
	const struct foresight *seen = prefix_look(x, asked);

	return f->answers_tools && !f->error_results &&
	       (seen == NULL ||
		       (uint64_t)(seen->forecast.in + seen->forecast.read +
				  seen->forecast.write_5m + seen->forecast.write_1h) <= p->tokens);
}

static bool is_elsewhere(const struct replay_policy *p, struct exchange *x,
	const struct candidate *asked, uint64_t number)
{
	if (p->kind == POLICY_TURNS)
		return is_work(p, x, asked);
	return hash_fast((struct str){ (const char *)&number, sizeof(number) }, 1) % 100 <
	       p->percent;
}

bool replay_policy_route(const struct replay_policy *p, struct exchange *x, uint64_t number)
{
	const struct config *config = x->config;
	size_t slash = str_find_char(p->model, '/');
	struct str home = str_from(x->dialect->home);
	struct candidate c = { .provider = config_provider(config, home), .dialect = x->dialect };

	x->plan.why = "as asked";
	if (c.provider != NULL && is_elsewhere(p, x, &c, number)) {
		x->plan.why = "replay";
		c.model = p->model;
		if (slash < p->model.n) {
			c.provider = config_provider(config, (struct str){ p->model.p, slash });
			c.model = str_from_offset(p->model, slash + 1);
		}
	}
	if (c.provider == NULL)
		return err_set(&x->err, ERR_NOT_FOUND, "no provider is configured for '%.*s'",
			STR_ARG(p->model));
	c.dialect = candidate_dialect(c.provider, x->dialect, c.model);
	return plan_add(x, &c);
}
