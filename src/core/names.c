/* SPDX-License-Identifier: MIT */
/* Names are short: nothing is prepared for them. */
#include "core/names.h"

#include "core/candidate.h"
#include "core/provider.h"
#include "llm/quality.h"
#include "llm/tag.h"
#include "wire/json_text.h"

#include <string.h>

static const struct config_provider *home_of(const struct exchange *x)
{
	return config_provider(x->config, str_from(x->dialect->home));
}

/* ---- names that are ours ---- */

static const struct own {
	enum name_kind kind;
	struct str name; /* for Claude Code; others leave the first word out */
	struct str class;
} owns[] = {
	{ NAME_AUTO, STR_INIT("claude-sluice"), STR_INIT("default") },
	{ NAME_FAST, STR_INIT("claude-sluice-fast"), STR_INIT("fast") },
	{ NAME_BEST, STR_INIT("claude-sluice-best"), STR_INIT("best") },
};

enum { OWN_PREFIX = sizeof("claude-") - 1 };

static const struct own *find_own(enum name_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(owns); i++)
		if (owns[i].kind == kind)
			return &owns[i];
	assert(!"one of ours");
	return &owns[0];
}

struct str names_own(const struct exchange *x, enum name_kind kind)
{
	struct str name = find_own(kind)->name;

	return x->dialect->family == API_ANTHROPIC ? name : str_from_offset(name, OWN_PREFIX);
}

/* The models of its maker, from cheap to good; NULL: not known, or those of many. */
static const struct ladder *home_ladder(const struct config_provider *home)
{
	const char *maker = home != NULL ? candidate_flavor(home)->maker : NULL;

	return maker != NULL ? ladder_of(str_from(maker)) : NULL;
}

bool names_own_target(const struct exchange *x, enum name_kind kind, struct model_entry *ret)
{
	const struct str_map *use = &x->config->route_use;
	const struct config_provider *home = home_of(x);
	const struct ladder *l = home_ladder(home);
	const struct own *own = find_own(kind);
	struct err e = { 0 };

	for (size_t i = 0; i < use->n; i++)
		if (str_eq(use->v[i].name, own->class))
			return models_parse(use->v[i].value, ret, &e);
	if (l == NULL)
		return false;
	*ret = (struct model_entry){ .provider = home->name,
		.model = str_from(kind == NAME_FAST ? l->fast : l->best),
		.params = STR("") };
	return true;
}

/* A suffix in brackets speaks of the size of the context. */
static bool take_own(struct str name, enum name_kind *ret)
{
	name.n = str_find_char(name, '[');
	for (size_t i = 0; i < ARRAY_LEN(owns); i++)
		if (str_eq(name, owns[i].name) ||
			str_eq(name, str_from_offset(owns[i].name, OWN_PREFIX))) {
			*ret = owns[i].kind;
			return true;
		}
	return false;
}

/* ---- providers ---- */

static const struct config_provider *find_provider(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->nproviders; i++)
		if (str_eq_nocase(c->providers[i].name, name))
			return &c->providers[i];
	return NULL;
}

static bool has_key(const struct config_provider *p)
{
	enum provider_key k = provider_key(p);

	return k != PROVIDER_KEY_CLIENT && k != PROVIDER_KEY_MISSING;
}

/* Models of many makers have names like "maker/model". Such a provider is known by its manners, or by an address that is that of one. */
static bool serves_many(const struct config *c, const struct config_provider *p)
{
	for (size_t i = 0; i < c->nproviders; i++)
		if (candidate_flavor(&c->providers[i])->maker == NULL &&
			str_eq(c->providers[i].base_url, p->base_url))
			return true;
	return false;
}

/* The two parts of a name; false: it has not two. */
static bool split(struct str name, char at, struct str *ret_provider, struct str *ret_model)
{
	size_t n = str_find_char(name, at);

	if (n == name.n)
		return false;
	*ret_provider = str_trim((struct str){ name.p, n });
	*ret_model = str_trim(str_from_offset(name, n + 1));
	return ret_provider->n > 0 && ret_model->n > 0;
}

static bool take_provider(const struct exchange *x, struct str name, struct model_entry *ret)
{
	const struct config_provider *home = home_of(x), *p;
	struct str provider, model;

	if (split(name, ',', &provider, &model)) {
		p = find_provider(x->config, provider);
	} else if (split(name, '/', &provider, &model)) {
		p = find_provider(x->config, provider);
		if (p != NULL && ((p != home && !has_key(p)) ||
					 (home != NULL && serves_many(x->config, home))))
			p = NULL;
	} else {
		return false;
	}
	if (p == NULL)
		return false;
	*ret = (struct model_entry){ .provider = p->name, .model = model, .params = STR("") };
	return true;
}

void names_find(const struct exchange *x, struct str name, struct name *ret)
{
	const struct config *c = x->config;

	*ret = (struct name){ .kind = NAME_EXPLICIT, .why = "models" };
	if (models_find_exact(c, name, &ret->target))
		return;
	ret->why = "provider named";
	if (take_provider(x, name, &ret->target))
		return;
	ret->why = "sluice named";
	if (take_own(name, &ret->kind))
		return;
	ret->why = "models";
	if (models_find(c, name, &ret->target))
		return;
	*ret = (struct name){ .kind = NAME_PLAIN, .why = "as asked" };
}

/* ---- the tag ---- */

/* The provider that is known to make a model and lets us in, when the client's own is not known to have it. */
static const struct config_provider *find_maker(const struct exchange *x, struct str model)
{
	const struct price *row = prices_find(x->svc->prices, model);
	const struct config_provider *home = home_of(x), *found = NULL;

	for (size_t i = 0; row != NULL && i < x->config->nproviders; i++) {
		const struct config_provider *p = &x->config->providers[i];
		const char *maker = candidate_flavor(p)->maker;
		if (maker == NULL || !str_eq(row->provider, str_from(maker)))
			continue;
		if (p == home)
			return NULL;
		if (found == NULL && has_key(p))
			found = p;
	}
	return found;
}

/* What a name alone would not mean, it means here. False: *ret_unknown is a provider that there is not. */
static bool find_tagged(const struct exchange *x, struct name *ret, struct str *ret_unknown)
{
	const struct config_provider *home = home_of(x), *p;
	struct str provider, model;

	bool comma = split(x->tag, ',', ret_unknown, &model);
	if (comma && find_provider(x->config, *ret_unknown) == NULL &&
		!models_find_exact(x->config, x->tag, &ret->target))
		return false;
	names_find(x, x->tag, ret);
	if (ret->kind != NAME_PLAIN)
		return true;
	bool names_one = split(x->tag, '/', &provider, &model) &&
			 !(home != NULL && serves_many(x->config, home));
	p = names_one ? find_provider(x->config, provider) : find_maker(x, x->tag);
	*ret_unknown = provider;
	if (names_one && p == NULL)
		return false;
	if (p == NULL)
		p = home;
	ret->kind = NAME_EXPLICIT;
	ret->target = (struct model_entry){ .model = names_one ? model : x->tag,
		.provider = p != NULL ? p->name : str_from(x->dialect->home),
		.params = STR("") };
	return true;
}

static bool refuse(struct exchange *x, const char *what, struct str name, struct str provider)
{
	return err_set(&x->err, ERR_INVALID, "%s is '%.*s', but no provider '%.*s' is configured",
		what, STR_ARG(name), STR_ARG(provider));
}

/* By its letters. */
static bool may_be_provider(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i], low = (char)(c | 0x20);
		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') &&
			str_find_char(STR("-_"), c) == 2)
			return false;
	}
	return true;
}

/* What stands before a comma is meant to be a provider, not a part of what any of them calls a model. */
static bool find_name(struct exchange *x, const char *what, struct str name, struct name *ret)
{
	struct str provider, model;

	names_find(x, name, ret);
	if (ret->kind != NAME_PLAIN || !split(name, ',', &provider, &model) ||
		!may_be_provider(provider))
		return true;
	return refuse(x, what, name, provider);
}

bool names_asked(struct exchange *x, struct name *ret)
{
	struct str forced = x->config->override_model, unknown;

	if (forced.n > 0) {
		if (!find_name(x, "'override.model'", forced, ret))
			return false;
		if (ret->kind == NAME_PLAIN)
			*ret = (struct name){ .target.model = forced, .why = "override.model" };
		ret->fixed = ret->kind != NAME_AUTO;
		return true;
	}
	if (x->tag.n == 0)
		return find_name(x, "the model", x->chat.model, ret);
	if (!find_tagged(x, ret, &unknown))
		return refuse(x, "the prompt's <" TAG_WORD ">", x->tag, unknown);
	ret->why = "tag";
	return true;
}

/* ---- whose tags count ---- */

/* The line that Claude Code puts before its system prompt; what follows in the same text may be from anywhere. */
static bool is_billed_to_subagent(struct str body)
{
	struct str system = json_get(body, STR("system")), line;
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_is_string(system)) {
		if (!json_iter_init_array(&it, system, &e) || !json_next(&it, &m, &e))
			return false;
		system = json_get(m.value, STR("text"));
	}
	line = json_inner(system);
	line.n = str_find_char(line, '\\'); /* its end, or an escape that it does not have */
	return str_starts(line, STR("x-anthropic-billing-header:")) &&
	       str_find(line, STR("cc_is_subagent=true")) < line.n;
}

/* Says the client itself: what is said in texts may come from anywhere. */
static bool is_of_subagent(const struct exchange *x)
{
	static const struct str marks[] = {
		STR_INIT("x-claude-code-agent-id"),
		STR_INIT("x-claude-code-agent-type"),
		STR_INIT("x-openai-subagent"),
		STR_INIT("x-codex-parent-thread-id"),
		STR_INIT("x-parent-session-id"),
	};

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (http_get(x->head, marks[i]).n > 0)
			return true;
	return str_eq(http_get(x->head, STR("x-claude-code-request-class")), STR("subagent")) ||
	       str_eq(http_get(x->head, STR("x-claude-1p-request-class")),
		       STR("blocking-subagent")) ||
	       is_billed_to_subagent(buf_str(&x->body));
}

static bool leads_to(struct str value, struct str provider)
{
	struct model_entry e;
	struct err ignored = { 0 };

	return models_parse(value, &e, &ignored) && str_eq(e.provider, provider);
}

static bool map_leads_to(const struct str_map *map, struct str provider)
{
	for (size_t i = 0; i < map->n; i++)
		if (leads_to(map->v[i].value, provider))
			return true;
	return false;
}

static bool rule_leads_to(const struct record *rule, struct str provider)
{
	const struct record_part *use = &rule->parts[CONFIG_RULE_USE];

	for (size_t i = 0; i < use->n; i++)
		if (leads_to(use->v[i].text, provider))
			return true;
	return false;
}

/* Whether the user's own routing sends prompts to a provider. */
static bool is_routed_to(const struct config *c, struct str provider)
{
	if (map_leads_to(&c->models, provider) || map_leads_to(&c->route_use, provider))
		return true;
	for (size_t i = 0; i < c->route_fallbacks.n; i++)
		if (leads_to(c->route_fallbacks.v[i], provider))
			return true;
	for (size_t i = 0; i < c->route_rules.n; i++)
		if (rule_leads_to(&c->route_rules.v[i], provider))
			return true;
	return false;
}

/* Whether x->tag may be followed. Names of nobody are told where every tag is taken for one that the user has written. */
static bool may_follow(const struct exchange *x, bool all)
{
	struct str unknown;
	struct name n;

	if (x->tag.n == 0)
		return true;
	if (!find_tagged(x, &n, &unknown))
		return all;
	return n.kind != NAME_EXPLICIT || str_eq(n.target.provider, str_from(x->dialect->home)) ||
	       is_routed_to(x->config, n.target.provider);
}

/* Cuts lie in order. */
static void cut(struct buf *b, const struct tags *t)
{
	size_t to = 0, from = 0;

	for (size_t i = 0; i <= t->n; i++) {
		size_t until = i < t->n ? t->cuts[i].at : b->n;
		memmove(b->p + to, b->p + from, until - from);
		to += until - from;
		from = i < t->n ? until + t->cuts[i].n : until;
	}
	b->n = to;
}

bool names_take_tag(struct exchange *x)
{
	const struct str whose = x->config->route_tag;
	bool all = str_eq(whose, STR("all"));
	struct tags t;

	if (!all && (!str_eq(whose, STR("subagents")) || !is_of_subagent(x)))
		return false;
	if (!tags_find(&t, buf_str(&x->body)))
		return false;
	x->tag = arena_dup(x->arena, str_trim(json_unescape(t.name, x->arena)));
	if (!may_follow(x, all)) {
		x->tag = STR("");
		exchange_add_header(x, STR("x-sluice-warnings"), STR("tag_ignored"));
		return false;
	}
	cut(&x->body, &t);
	return true;
}
