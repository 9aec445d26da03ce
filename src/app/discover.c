/* SPDX-License-Identifier: MIT */
/* One request after the other at each address, until one of them gives a list: the one of the provider's dialect, then the server's
 * own. A key is sent only where the configuration names one: who listens at a well-known port is not known. */
#include "app/discover.h"

#include "core/candidate.h"
#include "core/provider.h"
#include "io/upstream.h"
#include "wire/json.h"

enum { REPLY_MAX = 4 << 20, MODELS_MAX = 1000, HEADERS_MAX = 64, PATHS_MAX = 2 };

/* How servers give themselves away. Sources: their API documents. */
static const struct server_kind {
	const char *flavor;
	const char *own_path; /* of a list in its own words; NULL: it has none */
	const char *owner;    /* `owned_by` of its models; NULL: nothing of its own */
} kinds[] = {
	{ "ollama", "/api/tags", "library" },
	{ "lmstudio", "/api/v0/models", "organization_owner" },
	{ "vllm", NULL, "vllm" },
	{ "llamacpp", NULL, "llamacpp" },
	{ "litellm", NULL, NULL },
};

struct asking {
	struct loop *loop;
	struct upstream *upstream;
	struct arena *arena;
	uint64_t timeout_ms;
	size_t open; /* servers that have not had their say */
};

/* One server being asked. */
struct inquiry {
	struct asking *all;
	struct discovered *found;
	const char *origin;
	struct str prefix; /* path of the base URL */
	const char *paths[PATHS_MAX];
	size_t npaths, at;
	unsigned status;
	struct buf body;
};

/* ---- what it says ---- */

/* The arrays that lists of models stand in, and the member that names one. */
static const struct {
	const char *array, *name;
} lists[] = { { "data", "id" }, { "models", "name" }, { "models", "model" } };

static void note_owner(struct inquiry *q, struct str model)
{
	struct str owner = json_string(json_get(model, STR("owned_by")), q->all->arena);
	const struct flavor *own = candidate_flavor(q->found->provider);

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].owner != NULL && str_eq(owner, str_from(kinds[i].owner)) &&
			!str_eq(str_from(own->name), str_from(kinds[i].flavor)))
			q->found->flavor = kinds[i].flavor;
}

static void add_model(struct inquiry *q, struct str model, const char *name)
{
	struct discovered *d = q->found;
	struct str id = json_string(json_get(model, str_from(name)), q->all->arena);

	if (str_starts(id, STR("models/"))) /* of Gemini */
		id = str_from_offset(id, 7);
	if (id.n == 0 || d->n == MODELS_MAX)
		return;
	if (d->models == NULL)
		d->models = arena_alloc(q->all->arena, MODELS_MAX * sizeof(*d->models));
	d->models[d->n++] = arena_dup(q->all->arena, id);
	note_owner(q, model);
}

/* False: it is no list. An empty one is one. */
static bool read_list(struct inquiry *q, struct str array, const char *name)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (array.n == 0 || array.p[0] != '[' || !json_iter_init_array(&it, array, &e))
		return false;
	while (json_next(&it, &m, &e))
		add_model(q, m.value, name);
	return e.kind == ERR_NONE;
}

static bool read_reply(struct inquiry *q)
{
	struct str body = buf_str(&q->body);
	bool any = false;

	if (q->status != 200 || q->body.overflow)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(lists) && q->found->n == 0; i++)
		any |= read_list(q, json_get(body, str_from(lists[i].array)), lists[i].name);
	return any;
}

/* ---- asking ---- */

static void ask(struct inquiry *q);

static void on_head(void *ctx, const struct upstream_reply *r)
{
	((struct inquiry *)ctx)->status = r->status;
}

static void on_body(void *ctx, struct str bytes)
{
	buf_add(&((struct inquiry *)ctx)->body, bytes);
}

static void on_done(void *ctx, enum upstream_failure why, const char *text)
{
	struct inquiry *q = ctx;
	struct discovered *d = q->found;

	(void)text;
	if (why == UPSTREAM_OK && read_reply(q))
		d->state = DISCOVERED_SERVES;
	else if (q->status == 401 || q->status == 403)
		d->state = DISCOVERED_LOCKED;
	else if (q->status != 0 && d->state == DISCOVERED_SILENT)
		d->state = DISCOVERED_OTHER;
	buf_release(&q->body);
	if (d->state == DISCOVERED_OTHER && ++q->at < q->npaths)
		ask(q);
	else if (--q->all->open == 0)
		loop_stop(q->all->loop);
}

static size_t put_headers(const struct inquiry *q, struct http_header *ret)
{
	const struct config_provider *p = q->found->provider;
	const struct dialect *d = dialect_by_name(p->dialect);
	size_t n = 0;

	ret[n++] = (struct http_header){ STR("Accept"), STR("application/json") };
	ret[n++] = (struct http_header){ STR("User-Agent"), STR("sluice/" SLUICE_VERSION) };
	if (d == &dialect_anthropic)
		ret[n++] = (struct http_header){ STR("anthropic-version"), STR("2023-06-01") };
	if (p->api_key.n > 0)
		ret[n++] = (struct http_header){ d != NULL ? d->auth_header
							   : dialect_openai.auth_header,
			arena_printf(q->all->arena, "%.*s%.*s",
				STR_ARG(d != NULL ? d->auth_prefix : dialect_openai.auth_prefix),
				STR_ARG(p->api_key)) };
	for (size_t i = 0; i < p->headers.n && n < HEADERS_MAX; i++)
		ret[n++] = (struct http_header){ p->headers.v[i].name, p->headers.v[i].value };
	return n;
}

static void ask(struct inquiry *q)
{
	static const struct upstream_events events = {
		.head = on_head, .body = on_body, .done = on_done
	};
	const struct asking *all = q->all;
	struct http_header h[HEADERS_MAX];
	struct upstream_request rq = { .method = HTTP_GET,
		.origin = q->origin,
		.target = arena_printf(all->arena, "%.*s%s", STR_ARG(q->prefix), q->paths[q->at]).p,
		.h = h,
		.n = put_headers(q, h),
		.decode = true,
		.fresh = true,
		.proxy = "",
		.no_proxy = "*",
		.ca_file = q->found->provider->ca_file.n > 0 ? q->found->provider->ca_file.p : "",
		.connect_ms = all->timeout_ms,
		.first_byte_ms = all->timeout_ms,
		.idle_ms = all->timeout_ms,
		.total_ms = all->timeout_ms };

	q->status = 0;
	buf_init(&q->body, REPLY_MAX);
	(void)upstream_start(all->upstream, &rq, &events, q);
}

static void begin(struct asking *all, struct discovered *d)
{
	const struct config_provider *p = d->provider;
	struct inquiry *q = arena_alloc(all->arena, sizeof(*q));
	size_t scheme = str_find(p->base_url, STR("://")) + 3;
	size_t host = scheme + str_find_char(str_from_offset(p->base_url, scheme), '/');

	*q = (struct inquiry){ .all = all, .found = d };
	q->origin = arena_dup(all->arena, (struct str){ p->base_url.p, host }).p;
	q->prefix = str_from_offset(p->base_url, host);
	q->paths[q->npaths++] =
		dialect_by_name(p->dialect) == &dialect_gemini ? "/v1beta/models" : "/v1/models";
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].own_path != NULL &&
			str_eq(str_from(candidate_flavor(p)->name), str_from(kinds[i].flavor)))
			q->paths[q->npaths++] = kinds[i].own_path;
	ask(q);
}

struct discovery discover(const struct config *c, uint64_t timeout_ms, struct arena *a)
{
	struct discovery ret = { .v = arena_alloc(a, (c->nproviders + 1) * sizeof(*ret.v)) };
	struct asking all = { .loop = loop_new(), .arena = a, .timeout_ms = timeout_ms };
	const struct upstream_limits limits = {
		.connections = 1, .header_bytes = 64 << 10, .headers = 256, .send_bytes = 64 << 10
	};

	all.upstream = upstream_new(all.loop);
	upstream_set_limits(all.upstream, &limits);
	for (size_t i = 0; i < c->nproviders; i++)
		if (provider_is_local(&c->providers[i]))
			ret.v[ret.n++].provider = &c->providers[i];
	all.open = ret.n;
	for (size_t i = 0; i < ret.n; i++)
		begin(&all, &ret.v[i]);
	if (all.open > 0)
		loop_run(all.loop);
	upstream_free(all.upstream);
	loop_free(all.loop);
	return ret;
}
