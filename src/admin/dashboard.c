/* SPDX-License-Identifier: MIT */
/* Serves the files of the dashboard, under rules that keep the browser from loading or sending anything elsewhere, and
 * from running anything that came with the data. */
#include "admin/dashboard.h"

#include "wire/encoding.h"

static const struct http_header page_headers[] = {
	{ STR_INIT("Content-Security-Policy"),
		STR_INIT(
			"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
			"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
			"require-trusted-types-for 'script'; trusted-types 'none'") },
	{ STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff") },
	{ STR_INIT("Referrer-Policy"), STR_INIT("no-referrer") },
	{ STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("same-origin") },
	/* Asked for anew each time, which costs a 304: a new version shows at once. */
	{ STR_INIT("Cache-Control"), STR_INIT("no-cache") },
	{ STR_INIT("Vary"), STR_INIT("Accept-Encoding") },
};

/* The file that a path names; /dashboard itself is index.html. NULL: there is none. */
static const struct page_file *find(struct str path)
{
	struct str name = str_from_offset(path, STR("/dashboard").n);

	name = name.n > 1 ? str_from_offset(name, 1) : STR("index.html");
	for (size_t i = 0; i < page_nfiles; i++)
		if (str_eq(page_files[i].name, name))
			return &page_files[i];
	return NULL;
}

static void not_found(struct local_reply *ret)
{
	ret->status = 404;
	buf_add(ret->body,
		STR("{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"the dashboard has no such page\"}}\n"));
}

static void put_header(struct local_reply *ret, struct str name, struct str value)
{
	ret->more[ret->nmore++] = (struct http_header){ name, value };
}

/* For clients that take nothing else: curl, as a rule. */
static bool unpack(struct str gzip, struct buf *out)
{
	struct encoding_decoder *d = encoding_decoder_new(ENCODING_GZIP);
	struct err e;
	bool ok = encoding_decode(d, gzip, out, &e) && encoding_decode_end(d, &e);

	encoding_decoder_free(d);
	return ok;
}

void admin_dashboard(struct exchange *x, struct local_reply *ret)
{
	const struct page_file *f = find(x->head->path);

	if (f == NULL) {
		not_found(ret);
		return;
	}
	ret->type = f->type;
	for (size_t i = 0; i < ARRAY_LEN(page_headers); i++)
		put_header(ret, page_headers[i].name, page_headers[i].value);
	put_header(ret, STR("ETag"), f->etag);
	if (http_has_token(x->head, STR("if-none-match"), f->etag)) {
		ret->status = 304;
	} else if (http_has_token(x->head, STR("accept-encoding"), STR("gzip"))) {
		put_header(ret, STR("Content-Encoding"), STR("gzip"));
		buf_add(ret->body, f->gzip);
	} else if (!unpack(f->gzip, ret->body)) {
		ret->status = 500;
	}
}
