/* SPDX-License-Identifier: MIT */
/* From the client's request to the provider's. */
#include "core/request.h"

#include "core/candidate.h"
#include "core/prefix.h"
#include "core/secrets.h"
#include "core/translation.h"
#include "llm/refit.h"

static bool is_auth(struct str name)
{
	return str_eq_nocase(name, STR("authorization")) || str_eq_nocase(name, STR("x-api-key")) ||
	       str_eq_nocase(name, STR("x-goog-api-key")) || str_eq_nocase(name, STR("api-key"));
}

/* Also as bearer. A client may show the proxy's own key in more headers than the one that let it in. */
static bool holds_our_key(const struct exchange *x, struct str value)
{
	return x->config->auth_key.n > 0 && str_ends(value, x->config->auth_key);
}

static bool is_set_by(const struct str_map *map, struct str name)
{
	for (size_t i = 0; i < map->n; i++)
		if (str_eq_nocase(map->v[i].name, name))
			return true;
	return false;
}

/* A client's key is for the provider that it means, and for no other. */
static bool is_home(const struct exchange *x, const struct candidate *c)
{
	return str_eq(c->provider->name, str_from(x->dialect->home));
}

/* Whether a header of the client's goes on to this candidate. */
static bool goes_on(
	const struct exchange *x, const struct candidate *c, const struct http_header *in)
{
	struct str name = in->name;

	if (http_hop_by_hop(x->head, name) || str_eq_nocase(name, STR("host")) ||
		str_eq_nocase(name, STR("content-length")) || str_eq_nocase(name, STR("expect")) ||
		str_starts_nocase(name, STR("x-sluice-")))
		return false;
	if (x->decoder != NULL && str_eq_nocase(name, STR("content-encoding")))
		return false;
	if (is_auth(name) &&
		(c->provider->api_key.n > 0 || !is_home(x, c) || holds_our_key(x, in->value)))
		return false;
	/* Cookies, and keys of gateways in names of their own. */
	if (secrets_names_one(name) && !is_home(x, c))
		return false;
	return !is_set_by(&c->provider->headers, name);
}

/* The headers of the configuration, and this key. Returns the new number. */
static size_t add_own_headers(struct exchange *x, const struct candidate *c, struct str secret,
	struct http_header *h, size_t n)
{
	const struct config_provider *p = c->provider;

	for (size_t i = 0; i < p->headers.n; i++)
		h[n++] = (struct http_header){ p->headers.v[i].name, p->headers.v[i].value };
	if (secret.n > 0 && !is_set_by(&p->headers, c->dialect->auth_header)) {
		struct str value = arena_printf(
			x->arena, "%.*s%.*s", STR_ARG(c->dialect->auth_prefix), STR_ARG(secret));
		h[n++] = (struct http_header){ c->dialect->auth_header, value };
	}
	return n;
}

static void build_headers(
	struct exchange *x, const struct candidate *c, struct upstream_request *ret)
{
	static const struct http_header identity = { STR_INIT("Accept-Encoding"),
		STR_INIT("identity") };
	const struct config_provider *p = c->provider;
	struct http_header *h = arena_alloc(x->arena, (x->head->n + p->headers.n + 2) * sizeof(*h));
	bool plain = exchange_is_read(x), told = false;
	size_t n = 0;

	for (size_t i = 0; i < x->head->n; i++) {
		const struct http_header *in = &x->head->h[i];
		if (!goes_on(x, c, in))
			continue;
		/* A reply that is read on its way must not be compressed. */
		if (plain && str_eq_nocase(in->name, STR("accept-encoding"))) {
			if (!told)
				h[n++] = (struct http_header){ in->name, identity.value };
			told = true;
			continue;
		}
		h[n++] = *in;
	}
	if (plain && !told && !is_set_by(&p->headers, identity.name))
		h[n++] = identity;
	ret->h = h;
	ret->n = add_own_headers(x, c, candidate_key(x, c), h, n);
}

static bool is_key_parameter(struct exchange *x, struct str parameter)
{
	struct str name = { parameter.p, str_find_char(parameter, '=') };

	name = http_unescape(name, x->arena);
	return str_eq(name, STR("key")) || str_eq(name, STR("access_token"));
}

/* What may stand in a header, as it comes from a query: no line ends there. */
static bool is_visible(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0;
}

/* Of a client of Google's APIs; empty: none. */
static struct str key_in_query(struct exchange *x)
{
	struct str target = x->head->target, part;
	size_t query = str_find_char(target, '?');
	struct str rest = str_from_offset(target, query + (query < target.n));

	if (x->dialect->family != API_GOOGLE)
		return (struct str){ 0 };
	while (str_split(&rest, '&', &part)) {
		size_t value = str_find_char(part, '=');
		if (value == part.n || !is_key_parameter(x, part))
			continue;
		part = http_unescape(str_from_offset(part, value + 1), x->arena);
		if (is_visible(part) && !holds_our_key(x, part))
			return part;
	}
	return (struct str){ 0 };
}

/* What the client shows to its own provider, that of its own API first; empty: nothing. */
static struct str client_key(struct exchange *x)
{
	const struct str bearer = STR("Bearer ");
	const struct str names[] = { x->dialect->auth_header, STR("authorization"),
		STR("x-api-key"), STR("x-goog-api-key") };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str value = http_get(x->head, names[i]);
		if (str_eq(names[i], STR("authorization"))) {
			if (!str_starts_nocase(value, bearer))
				continue;
			value = str_trim(str_from_offset(value, bearer.n));
		}
		if (value.n > 0 && !holds_our_key(x, value))
			return value;
	}
	return key_in_query(x);
}

/* The client's own headers speak of another API; its key is for its own provider all the same. */
static void make_headers(
	struct exchange *x, const struct candidate *c, struct upstream_request *ret)
{
	const struct http_header all[] = {
		{ STR("Content-Type"), STR("application/json") },
		{ STR("Accept"),
			x->chat.stream ? STR("text/event-stream") : STR("application/json") },
		{ STR("Accept-Encoding"), STR("identity") },
		{ STR("User-Agent"), STR("sluice/" SLUICE_VERSION) },
		{ STR("anthropic-version"), STR("2023-06-01") },
	};
	const size_t some = ARRAY_LEN(all) - (c->dialect->family != API_ANTHROPIC);
	const struct str_map *own = &c->provider->headers;
	struct http_header *h = arena_alloc(x->arena, (own->n + some + 1) * sizeof(*h));
	size_t n = 0;

	for (size_t i = 0; i < some; i++)
		if (!is_set_by(own, all[i].name))
			h[n++] = all[i];
	struct str secret = candidate_key(x, c);
	if (secret.n == 0 && is_home(x, c))
		secret = client_key(x);
	ret->h = h;
	ret->n = add_own_headers(x, c, secret, h, n);
}

static struct str splice_model(struct exchange *x, struct str model, struct buf *spliced)
{
	struct json_splice *s = arena_alloc(x->arena, (x->chat.nmodels + 1) * sizeof(*s));
	struct buf quoted;

	buf_init(&quoted, SIZE_MAX);
	json_add_string(&quoted, model);
	for (size_t i = 0; i < x->chat.nmodels; i++) {
		struct str old = x->chat.models[i];
		s[i] = (struct json_splice){ (size_t)(old.p - x->chat.body.p), old.n,
			buf_str(&quoted) };
	}
	buf_init(spliced, SIZE_MAX);
	if (!buf_reserve(spliced, x->chat.body.n + x->chat.nmodels * quoted.n))
		assert(!"unbounded buffers take anything");
	json_splice(spliced, x->chat.body, s, x->chat.nmodels);
	buf_release(&quoted);
	return buf_str(spliced);
}

/* What the configuration sets of a model's requests for replies: counting knows no such members. */
static void set_params(const struct exchange *x, const struct candidate *c, struct buf *made,
	struct upstream_request *ret)
{
	struct buf with;

	if (c->params.n == 0 || x->endpoint == ENDPOINT_COUNT)
		return;
	buf_init(&with, SIZE_MAX);
	candidate_set_params(&with, ret->body, c->params);
	buf_release(made);
	*made = with;
	ret->body = buf_str(made);
}

/* Whether there may be anything for thinking_fit() to do; what was not understood has to be searched. */
static bool holds_thinking(const struct exchange *x, const struct thinking_rules *r)
{
	const struct outline *o = &x->chat.outline;

	return !o->whole || r->wanted || o->facts.sealed || (r->rerouted && o->facts.thinking);
}

/* The body is now another one. */
static void take_body(struct buf *made, struct buf *from, struct upstream_request *ret)
{
	buf_release(made);
	*made = *from;
	ret->body = buf_str(made);
}

/* A conversation that was answered by other models for a while goes to another one, or comes back. True: some thinking was left out. */
static bool fit_thinking(struct exchange *x, const struct candidate *c, struct buf *made,
	struct upstream_request *ret)
{
	struct thinking_rules rules;
	struct buf fitted;
	size_t dropped = 0;

	candidate_thinking(&rules, x, c);
	if (!holds_thinking(x, &rules))
		return false;
	buf_init(&fitted, SIZE_MAX);
	if (thinking_fit(ret->body, &rules, &fitted, &dropped))
		take_body(made, &fitted, ret);
	if (dropped > 0)
		exchange_add_header(x, STR("x-sluice-warnings"), STR("thinking_stripped"));
	return dropped > 0;
}

/* How long the reply may be in a window that the prompt nearly fills; its size is an estimate. */
static void fit_window(struct exchange *x, const struct candidate *c, struct caps *caps)
{
	const struct price *row = prices_find(x->svc->prices, candidate_model(x, c));
	const struct foresight *f = x->prefix;
	int64_t prompt, room;

	if (row == NULL || row->context_tokens < 0 || f == NULL)
		return;
	prompt = f->forecast.in + f->forecast.read + f->forecast.write_5m + f->forecast.write_1h;
	room = row->context_tokens - prompt - prompt / 50;
	if (room > 0 && (caps->max_output == 0 || (uint64_t)room < caps->max_output))
		caps->max_output = (uint64_t)room;
}

/* Anthropic's own models differ in the parameters that they take. */
static void fit_members(struct exchange *x, const struct candidate *c, bool lacks_thinking,
	struct buf *made, struct upstream_request *ret)
{
	struct target target;
	const struct refit how = { .caps = &target.caps,
		.unasked = candidate_asked_thinks(x),
		.lacks_thinking = lacks_thinking };
	struct buf fitted;

	const struct outline_facts *f = &x->chat.outline.facts;
	bool unfounded = lacks_thinking && f->thinking_manual && f->answers_tools;
	if ((!candidate_rerouted(x, c) && !unfounded) || x->endpoint == ENDPOINT_COUNT)
		return;
	candidate_target(&target, x, c);
	fit_window(x, c, &target.caps);
	buf_init(&fitted, SIZE_MAX);
	if (refit_request(ret->body, &how, &fitted))
		take_body(made, &fitted, ret);
	else
		buf_release(&fitted);
}

static void build_body(struct exchange *x, const struct candidate *c, struct buf *spliced,
	struct upstream_request *ret)
{
	if (!exchange_is_read(x)) {
		ret->streamed =
			x->head->method != HTTP_HEAD &&
			(x->head->chunked || (x->head->has_length && x->head->content_length > 0));
		ret->streamed_length = x->head->has_length ? (int64_t)x->head->content_length : -1;
		return;
	}
	ret->body = buf_str(&x->body);
	if (c->model.n > 0 && x->chat.nmodels > 0)
		ret->body = splice_model(x, c->model, spliced);
	if (c->dialect->family == API_ANTHROPIC)
		fit_members(x, c, fit_thinking(x, c, spliced, ret), spliced, ret);
	set_params(x, c, spliced, ret);
}

/* The same request in another dialect. */
static bool translate(struct exchange *x, const struct candidate *c, struct buf *spliced,
	struct upstream_request *ret, struct str *ret_target)
{
	struct wire_request w = { 0 };
	bool ok = translation_print(x, c, &w);

	buf_release(spliced);
	*spliced = w.body;
	if (!ok)
		return false;
	ret->body = buf_str(spliced);
	set_params(x, c, spliced, ret);
	*ret_target = w.path;
	return true;
}

/* How much of the beginning of a path is a version: "/v1", "/v1beta"; 0: nothing. */
static size_t version_at(struct str path)
{
	size_t n = path.n > 1 ? 1 + str_find_char(str_from_offset(path, 1), '/') : 0;

	return n > 2 && path.p[0] == '/' && path.p[1] == 'v' && path.p[2] >= '1' && path.p[2] <= '9'
		       ? n
		       : 0;
}

/* A base that ends with the target's version does not have it twice. OpenAI's API has other versions in other places: there the
 * base's is in the place of the target's. */
static struct str join(
	struct exchange *x, enum api_family family, struct str base, struct str target)
{
	size_t last = base.n, version = version_at(target);

	while (last > 0 && base.p[--last] != '/')
		;
	struct str end = str_from_offset(base, last);
	if (version_at(end) > 0 &&
		(family == API_OPENAI || str_eq(end, (struct str){ target.p, version })))
		target = str_from_offset(target, version);
	return arena_printf(x->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(target));
}

/* A client's name for a model may hold anything. */
static struct str escape_path(struct exchange *x, struct str name)
{
	static const char hex[] = "0123456789ABCDEF";
	char *p = arena_alloc(x->arena, 3 * name.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i], low = c | 0x20;
		if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
			str_find_char(STR("-._~:@"), (char)c) < 6) {
			p[n++] = (char)c;
			continue;
		}
		p[n++] = '%';
		p[n++] = hex[c >> 4];
		p[n++] = hex[c & 15];
	}
	return (struct str){ p, n };
}

/* Gemini has the model in the path. */
static struct str with_model(struct exchange *x, struct str target, struct str model)
{
	size_t verb = x->head->path.n;

	while (verb > 0 && target.p[--verb] != ':')
		;
	return arena_printf(x->arena, "/v1beta/models/%.*s%.*s", STR_ARG(escape_path(x, model)),
		STR_ARG(str_from_offset(target, verb)));
}

/* Google's APIs take a client's key in the query too: it stays here when it would stay as a header. */
static struct str without_keys(struct exchange *x, const struct candidate *c, struct str target)
{
	size_t query = str_find_char(target, '?');
	struct str rest, part;
	struct buf out;

	if (query == target.n || c->dialect->family != API_GOOGLE ||
		(c->provider->api_key.n == 0 && is_home(x, c)))
		return target;
	rest = str_from_offset(target, query + 1);
	buf_init(&out, SIZE_MAX);
	while (str_split(&rest, '&', &part)) {
		if (is_key_parameter(x, part))
			continue;
		buf_add_char(&out, out.n == 0 ? '?' : '&');
		buf_add(&out, part);
	}
	target = arena_printf(x->arena, "%.*s%.*s", (int)query, target.p, STR_ARG(buf_str(&out)));
	buf_release(&out);
	return target;
}

/* "https://host:port/base" and the target. */
static void build_target(struct exchange *x, const struct candidate *c, struct str target,
	struct upstream_request *ret)
{
	const struct config_provider *p = c->provider;
	const struct proxy_env *env = &x->svc->proxy;
	struct str url = p->base_url, origin;
	size_t scheme = str_find(url, STR("://"));
	bool tls = str_starts_nocase(url, STR("https://"));

	scheme = scheme < url.n ? scheme + 3 : 0;
	origin = (struct str){ url.p, scheme + str_find_char(str_from_offset(url, scheme), '/') };
	ret->origin = arena_dup(x->arena, origin).p;
	ret->proxy = p->proxy.n > 0 ? p->proxy.p : tls ? env->https : env->http;
	ret->no_proxy = p->proxy.n > 0 ? "" : env->none;
	ret->target = join(x, c->dialect->family, str_from_offset(url, origin.n), target).p;
}

bool request_build(struct exchange *x, const struct candidate *c, struct buf *spliced,
	struct upstream_request *ret)
{
	const struct config_provider *p = c->provider;
	struct str target = x->head->target;

	*ret = (struct upstream_request){
		.method = x->head->method,
		.decode = exchange_is_read(x),
		.http2 = p->http2,
		.ca_file = p->ca_file.n > 0 ? p->ca_file.p : "",
		.connect_ms = p->connect_ms,
		.first_byte_ms = p->first_byte_ms,
		.idle_ms = p->idle_ms,
		.total_ms = p->total_ms,
	};
	if (exchange_is_translated(x, c)) {
		if (!translate(x, c, spliced, ret, &target))
			return false;
		make_headers(x, c, ret);
	} else {
		build_headers(x, c, ret);
		build_body(x, c, spliced, ret);
		if (exchange_is_read(x) && c->model.n > 0 && x->chat.nmodels == 0 &&
			c->dialect->family == API_GOOGLE)
			target = with_model(x, target, c->model);
		target = without_keys(x, c, target);
	}
	build_target(x, c, target, ret);
	return true;
}
