/* SPDX-License-Identifier: MIT */
/* From the client's request to the provider's. */
#include "core/request.h"

static bool is_auth(struct str name)
{
	return str_eq_nocase(name, STR("authorization")) || str_eq_nocase(name, STR("x-api-key")) ||
	       str_eq_nocase(name, STR("x-goog-api-key"));
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
	if (is_auth(name) && (c->provider->api_key.n > 0 || holds_our_key(x, in->value)))
		return false;
	return !is_set_by(&c->provider->headers, name);
}

static bool is_interpreted(const struct exchange *x)
{
	return x->endpoint == ENDPOINT_MESSAGES || x->endpoint == ENDPOINT_COUNT;
}

static void build_headers(
	struct exchange *x, const struct candidate *c, struct upstream_request *ret)
{
	static const struct http_header identity = { STR_INIT("Accept-Encoding"),
		STR_INIT("identity") };
	const struct config_provider *p = c->provider;
	struct http_header *h = arena_alloc(x->arena, (x->head->n + p->headers.n + 2) * sizeof(*h));
	bool plain = is_interpreted(x), told = false;
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
	for (size_t i = 0; i < p->headers.n; i++)
		h[n++] = (struct http_header){ p->headers.v[i].name, p->headers.v[i].value };
	if (p->api_key.n > 0 && !is_set_by(&p->headers, c->dialect->auth_header)) {
		struct str value = arena_printf(x->arena, "%.*s%.*s",
			STR_ARG(c->dialect->auth_prefix), STR_ARG(p->api_key));
		h[n++] = (struct http_header){ c->dialect->auth_header, value };
	}
	ret->h = h;
	ret->n = n;
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

static void build_body(struct exchange *x, const struct candidate *c, struct buf *spliced,
	struct upstream_request *ret)
{
	if (!is_interpreted(x)) {
		ret->streamed =
			x->head->method != HTTP_HEAD &&
			(x->head->chunked || (x->head->has_length && x->head->content_length > 0));
		ret->streamed_length = x->head->has_length ? (int64_t)x->head->content_length : -1;
		return;
	}
	ret->body = buf_str(&x->body);
	if (c->model.n > 0 && x->chat.nmodels > 0)
		ret->body = splice_model(x, c->model, spliced);
}

/* "https://host:port/base" and the client's target. */
static void build_target(
	struct exchange *x, const struct config_provider *p, struct upstream_request *ret)
{
	const struct proxy_env *env = &x->svc->proxy;
	struct str url = p->base_url, origin;
	size_t scheme = str_find(url, STR("://"));
	bool tls = str_starts_nocase(url, STR("https://"));

	scheme = scheme < url.n ? scheme + 3 : 0;
	origin = (struct str){ url.p, scheme + str_find_char(str_from_offset(url, scheme), '/') };
	struct str base = str_from_offset(url, origin.n);
	ret->origin = arena_dup(x->arena, origin).p;
	ret->proxy = p->proxy.n > 0 ? p->proxy.p : tls ? env->https : env->http;
	ret->no_proxy = p->proxy.n > 0 ? "" : env->none;
	ret->target = arena_printf(x->arena, "%.*s%.*s", STR_ARG(base), STR_ARG(x->head->target)).p;
}

void request_build(struct exchange *x, const struct candidate *c, struct buf *spliced,
	struct upstream_request *ret)
{
	const struct config_provider *p = c->provider;

	*ret = (struct upstream_request){
		.method = x->head->method,
		.decode = is_interpreted(x),
		.http2 = p->http2,
		.ca_file = p->ca_file.n > 0 ? p->ca_file.p : "",
		.connect_ms = p->connect_ms,
		.first_byte_ms = p->first_byte_ms,
		.idle_ms = p->idle_ms,
		.total_ms = p->total_ms,
	};
	build_target(x, p, ret);
	build_headers(x, c, ret);
	build_body(x, c, spliced, ret);
}
