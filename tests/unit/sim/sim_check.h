/* SPDX-License-Identifier: MIT */
/* What the tests of the simulator share: an engine with the built-in prices, and bodies in a short notation. In it ' stands for ",
 * @N for a text of N one-letter words (N pieces of a tokenizer), %N for N text blocks of one word. */
#ifndef UNIT_SIM_SIM_CHECK_H
#define UNIT_SIM_SIM_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/engine.h"

struct site {
	struct arena *arena;
	struct prices prices;
	struct engine_options options;
	struct engine *engine;
};

struct question {
	const char *body;
	const char *key;     /* NULL: "k" */
	const char *version; /* NULL: 2023-06-01 */
	const char *beta, *script, *fault;
	const char *path; /* NULL: /v1/messages */
	int64_t at_ms;
};

static inline void site_open(struct site *s)
{
	struct err e = { 0 };
	size_t skipped;

	memset(s, 0, sizeof(*s));
	s->arena = arena_new();
	assert_true(prices_read(&s->prices, prices_builtin(), s->arena, &skipped, &e));
	s->options = (struct engine_options){
		.prices = &s->prices, .pace = { 0, 0, 400 }, .keep_bytes = 1 << 20
	};
	s->engine = engine_new(&s->options);
}

static inline void site_close(struct site *s)
{
	engine_free(s->engine);
	arena_free(s->arena);
}

static inline size_t digits(const char *p, unsigned *ret)
{
	size_t n = 0;

	for (*ret = 0; p[n] >= '0' && p[n] <= '9'; n++)
		*ret = *ret * 10 + (unsigned)(p[n] - '0');
	return n;
}

/* The notation above as JSON; the caller releases it. */
static inline struct buf expand(const char *p)
{
	struct buf b;
	unsigned n;

	buf_init(&b, SIZE_MAX);
	for (; *p != '\0'; p++) {
		if (*p == '@' && p[1] >= '0' && p[1] <= '9') {
			p += digits(p + 1, &n);
			for (unsigned i = 0; i < n; i++)
				buf_add(&b, i + 1 < n ? STR("w ") : STR("w"));
		} else if (*p == '%' && p[1] >= '0' && p[1] <= '9') {
			p += digits(p + 1, &n);
			for (unsigned i = 0; i < n; i++)
				buf_addf(&b, "%s{\"type\":\"text\",\"text\":\"w\"}",
					i > 0 ? "," : "");
		} else {
			buf_add_char(&b, *p == '\'' ? '"' : *p);
		}
	}
	return b;
}

static inline void add_head(struct http_head *h, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		h->h[h->n++] = (struct http_header){ str_from(name), str_from(value) };
}

static inline bool speaks_anthropic(struct str path)
{
	return path.n == 0 || str_starts(path, STR("/v1/m")) || str_starts(path, STR("/anthropic"));
}

/* Each dialect has a header of its own for the key. */
static inline void add_key(struct http_head *h, struct str path, const char *key)
{
	static char bearer[80];

	snprintf(bearer, sizeof(bearer), key[0] != '\0' ? "Bearer %s" : "%s", key);
	if (speaks_anthropic(path))
		add_head(h, "x-api-key", key);
	else if (str_starts(path, STR("/v1beta")))
		add_head(h, "x-goog-api-key", key);
	else
		add_head(h, "authorization", bearer);
}

/* Asks; the reply has not begun. */
static inline struct engine_reply *ask(struct site *s, const struct question *q)
{
	struct http_header headers[8];
	struct http_head head = { .method = HTTP_POST, .h = headers };
	struct buf body = expand(q->body != NULL ? q->body : "");

	head.target = str_from(q->path != NULL ? q->path : "/v1/messages");
	head.path = (struct str){ head.target.p, str_find_char(head.target, '?') };
	head.query = str_from_offset(
		head.target, head.path.n < head.target.n ? head.path.n + 1 : head.target.n);
	if (q->body == NULL)
		head.method = HTTP_GET;
	add_key(&head, str_from(q->path), q->key != NULL ? q->key : "k");
	if (speaks_anthropic(str_from(q->path)))
		add_head(
			&head, "anthropic-version", q->version != NULL ? q->version : "2023-06-01");
	add_head(&head, "anthropic-beta", q->beta);
	add_head(&head, "x-sim-script", q->script);
	add_head(&head, "x-sim-fault", q->fault);
	struct engine_reply *r = engine_answer(s->engine, &head, buf_str(&body), q->at_ms);
	buf_release(&body);
	return r;
}

/* All bytes of a reply, NUL-terminated; the caller releases them. */
static inline struct buf bytes_of(const struct engine_reply *r)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < r->frames.n; i++)
		buf_add(&b, r->frames.v[i].bytes);
	buf_add_char(&b, '\0');
	b.n--;
	return b;
}

/* Asks, begins and ends; the reply as JSON, which the caller frees. */
static inline yyjson_doc *tell(struct site *s, const struct question *q, unsigned *ret_status)
{
	struct engine_reply *r = ask(s, q);
	struct buf b = bytes_of(r);
	yyjson_doc *doc = yyjson_read(b.p, b.n, 0);

	*ret_status = r->status;
	if (doc == NULL && r->status == 200)
		fail_msg("no JSON: %s", b.p);
	engine_begun(s->engine, r, q->at_ms);
	engine_ended(s->engine, r, false);
	buf_release(&b);
	return doc;
}

static inline void queue(struct script *to, const char *notation)
{
	struct buf b = expand(notation);
	yyjson_doc *doc = yyjson_read(b.p, b.n, 0);

	assert_non_null(doc);
	assert_true(script_add(to, yyjson_doc_get_root(doc)));
	yyjson_doc_free(doc);
	buf_release(&b);
}

/* A number within a reply, by a path like "/usage/prompt_tokens"; -1: there is none. */
static inline int64_t number_at(yyjson_doc *doc, const char *path)
{
	yyjson_val *v = yyjson_doc_ptr_get(doc, path);

	return yyjson_is_int(v) ? yyjson_get_sint(v) : -1;
}

/* A text within a reply; "" when there is none. */
static inline const char *text_at(yyjson_doc *doc, const char *path)
{
	const char *s = yyjson_get_str(yyjson_doc_ptr_get(doc, path));

	return s != NULL ? s : "";
}

/* Asks and fails unless the status is that, and the message at /error/message has that in it. */
static inline void expect_refusal(
	struct site *s, const char *path, const char *body, unsigned status, const char *words)
{
	unsigned got;
	yyjson_doc *doc = tell(s, &(struct question){ .path = path, .body = body }, &got);
	const char *message = text_at(doc, "/error/message");

	if (got != status || strstr(message, words) == NULL)
		fail_msg("%s %s: %u %s (wanted %u %s)", path, body, got, message, status, words);
	yyjson_doc_free(doc);
}

static inline void expect_accepted(struct site *s, const char *path, const char *body)
{
	unsigned got;
	yyjson_doc *doc = tell(s, &(struct question){ .path = path, .body = body }, &got);

	if (got != 200)
		fail_msg("%s %s: %u %s", path, body, got, text_at(doc, "/error/message"));
	yyjson_doc_free(doc);
}

#endif
