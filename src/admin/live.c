/* SPDX-License-Identifier: MIT */
/* The endpoints that tell what the running proxy is doing and what it works with: state, models, settings. */
#include "admin/state.h"

#include "base/clock.h"
#include "core/live.h"
#include "wire/json.h"

void admin_state(struct exchange *x, struct local_reply *ret)
{
	live_refresh_today(x->svc->live);
	state_print(x->svc, ret->body);
	buf_add_char(ret->body, '\n');
}

/* ---- models ---- */

static void add_known(struct buf *b, const char *name, int64_t v)
{
	if (v < 0)
		buf_addf(b, ",\"%s\":null", name);
	else
		buf_addf(b, ",\"%s\":%lld", name, (long long)v);
}

static void add_text(struct buf *b, const char *name, struct str v)
{
	buf_addf(b, ",\"%s\":", name);
	json_add_string(b, v.p != NULL ? v : STR(""));
}

static void add_model(struct buf *b, const struct price *p)
{
	struct rates r = price_rates(p, 1, clock_wall_ms(), false);

	buf_add(b, STR("{\"model\":"));
	json_add_string(b, p->model);
	add_text(b, "provider", p->provider);
	add_known(b, "input", r.in);
	add_known(b, "cache_read", r.cache_read);
	add_known(b, "cache_write_5m", r.cache_write_5m);
	add_known(b, "cache_write_1h", r.cache_write_1h);
	add_known(b, "output", r.out);
	add_known(b, "context_tokens", p->context_tokens);
	add_known(b, "output_tokens", p->output_tokens);
	add_text(b, "as_of", p->as_of);
	add_text(b, "source", p->source);
	buf_add_char(b, '}');
}

void admin_models(struct exchange *x, struct local_reply *ret)
{
	const struct prices *t = x->svc->prices;

	buf_add(ret->body, STR("{\"models\":["));
	for (size_t i = 0; i < t->n; i++) {
		buf_add(ret->body, str_from(i > 0 ? ",\n" : ""));
		add_model(ret->body, &t->rows[i]);
	}
	buf_add(ret->body, STR("]}\n"));
}

/* ---- settings ---- */

static const char *const types[] = {
	[SETTING_BOOL] = "boolean",
	[SETTING_INT] = "integer",
	[SETTING_BYTES] = "bytes",
	[SETTING_SECONDS] = "seconds",
	[SETTING_STRING] = "string",
	[SETTING_SECRET] = "secret",
	[SETTING_ENUM] = "choice",
	[SETTING_STRINGS] = "list",
	[SETTING_STRING_MAP] = "map",
	[SETTING_RECORDS] = "records",
};

struct listing {
	struct buf *out;
	struct str prefix;
	bool any;
};

static void add_setting(struct listing *l, const struct setting *s, const void *obj,
	const void *defaults, const struct config_origin *origin)
{
	struct buf *b = l->out, where;

	buf_addf(b, "%s{\"path\":\"%.*s%s\"", l->any ? ",\n" : "", STR_ARG(l->prefix), s->path);
	buf_addf(b, ",\"type\":\"%s\",\"value\":", types[s->type]);
	setting_print_json(s, obj, b);
	buf_add(b, STR(",\"default\":"));
	setting_print_json(s, defaults, b);
	buf_add(b, STR(",\"origin\":"));
	if (origin != NULL) {
		buf_init(&where, SIZE_MAX);
		config_origin_print(origin, &where);
		json_add_string(b, buf_str(&where));
		buf_release(&where);
	} else {
		buf_add(b, STR("null"));
	}
	add_text(b, "help", str_from(s->text));
	buf_addf(b, ",\"secret\":%s}", s->type == SETTING_SECRET ? "true" : "false");
	l->any = true;
}

static void add_table(struct listing *l, const struct settings *t, const void *obj,
	const void *defaults, const struct config_origin *origins)
{
	for (size_t i = 0; i < t->n; i++)
		add_setting(l, &t->rows[i], obj, defaults, origins != NULL ? &origins[i] : NULL);
}

void admin_settings(struct exchange *x, struct local_reply *ret)
{
	const struct config *c = x->svc->config;
	const struct config_report *from = x->svc->origins;
	struct listing l = { .out = ret->body };
	struct config *plain = arena_alloc(x->arena, sizeof(*plain));
	struct config_provider *provider = arena_alloc(x->arena, sizeof(*provider));

	settings_reset(&config_settings, plain, x->arena);
	settings_reset(&config_provider_settings, provider, x->arena);
	buf_add(ret->body, STR("{\"settings\":["));
	add_table(&l, &config_settings, c, plain, from != NULL ? from->origins : NULL);
	for (size_t i = 0; i < c->nproviders; i++) {
		l.prefix = arena_printf(x->arena, "providers.%.*s.", STR_ARG(c->providers[i].name));
		add_table(&l, &config_provider_settings, &c->providers[i], provider,
			from != NULL ? from->providers[i].v : NULL);
	}
	buf_add(ret->body, STR("]}\n"));
}
