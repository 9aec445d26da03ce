/* SPDX-License-Identifier: MIT */
/* What must hold for any bytes given to http1, in any pieces: a run is written down as text, so that two
 * runs can be compared, and every message that is accepted is read a second time by a simple reader. */
#ifndef UNIT_WIRE_HTTP1_ORACLE_H
#define UNIT_WIRE_HTTP1_ORACLE_H

#include "unit/wire/check.h"
#include "wire/http1.h"

/* Where the input is cut. */
struct cuts {
	size_t at;     /* once, there… */
	size_t every;  /* …or after so many bytes… */
	uint64_t seed; /* …or anywhere. All zero: nowhere */
};

static inline size_t cuts_next(struct cuts *c, size_t from, size_t n)
{
	size_t to = n;

	if (c->at != 0 && from < c->at)
		to = c->at;
	else if (c->every != 0)
		to = from + c->every;
	else if (c->seed != 0)
		to = from + 1 + random_below(&c->seed, random_below(&c->seed, 4) == 0 ? 100 : 6);
	return to < n ? to : n;
}

/* The plain reader: one accepted message from the front of *rest, or as much of it as there is. It knows
 * what is allowed and nothing of speed. */
struct plain {
	struct str rest;
	struct buf body;
};

static inline struct str plain_line(struct plain *p)
{
	size_t n = str_find(p->rest, STR("\r\n"));
	struct str line = { p->rest.p, n };

	CHECK(n < p->rest.n);
	CHECK(str_find_char(line, '\n') == n && str_find_char(line, '\r') == n);
	p->rest = str_from_offset(p->rest, n + 2);
	return line;
}

static inline void plain_blank_lines(struct plain *p)
{
	while (str_starts(p->rest, STR("\r\n")))
		p->rest = str_from_offset(p->rest, 2);
}

static inline void plain_head(struct plain *p, const struct http_head *head)
{
	char version[] = "HTTP/1.x";
	struct str part, line;

	plain_blank_lines(p);
	line = plain_line(p);
	CHECK(str_split(&line, ' ', &part) && str_eq(part, http_method_name(head->method)));
	CHECK(str_split(&line, ' ', &part) && str_eq(part, head->target));
	version[7] = (char)('0' + head->minor);
	CHECK(str_eq(line, str_from(version)));
	for (size_t i = 0; i < head->n; i++) {
		line = plain_line(p);
		CHECK(str_split(&line, ':', &part) && str_eq(part, head->h[i].name));
		CHECK(str_eq(str_trim(line), head->h[i].value));
	}
	CHECK(plain_line(p).n == 0);
}

static inline void plain_take(struct plain *p, uint64_t n)
{
	size_t have = n < p->rest.n ? (size_t)n : p->rest.n;

	buf_add(&p->body, (struct str){ p->rest.p, have });
	p->rest = str_from_offset(p->rest, have);
}

static inline void plain_body(struct plain *p, const struct http_head *head)
{
	if (head->has_length)
		plain_take(p, head->content_length);
	while (head->chunked) {
		char size[32] = { 0 }, *end;
		struct str line = plain_line(p);
		for (size_t i = 0; i < line.n && line.p[i] != ';' && line.p[i] == '0';)
			line = str_from_offset(line, 1);
		memcpy(size, line.p, line.n < 31 ? line.n : 31);
		unsigned long long n = strtoull(size, &end, 16);
		CHECK(*end == '\0' || *end == ';');
		if (n == 0)
			break;
		plain_take(p, n);
		CHECK(plain_line(p).n == 0);
	}
	while (head->chunked && plain_line(p).n > 0)
		;
}

static inline void check_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		CHECK((unsigned char)s.p[i] >= ' ' ? s.p[i] != 0x7f : s.p[i] == '\t');
}

static inline void check_head(const struct http_head *head, const struct http1_limits *limits)
{
	size_t hosts = 0, lengths = 0, codings = 0, bytes = 0;

	for (size_t i = 0; i < head->n; i++) {
		struct str name = head->h[i].name, value = head->h[i].value;
		CHECK(name.n > 0 && name.p != NULL && value.p != NULL);
		check_text(name);
		check_text(value);
		CHECK(str_find_char(name, ':') == name.n && str_find_char(name, ' ') == name.n);
		CHECK(str_eq(str_trim(value), value));
		hosts += str_eq_nocase(name, STR("Host"));
		lengths += str_eq_nocase(name, STR("Content-Length"));
		codings += str_eq_nocase(name, STR("Transfer-Encoding"));
		CHECK(!str_eq_nocase(name, STR("Upgrade")));
		bytes += name.n + value.n + 3;
	}
	CHECK(hosts <= 1 && (head->minor == 0 || hosts == 1));
	CHECK(lengths == head->has_length && codings == head->chunked && lengths + codings <= 1);
	CHECK(head->minor == 1 || (!head->chunked && !head->keep_alive && !head->expect_continue));
	CHECK(head->n <= limits->headers && bytes + head->target.n <= limits->header_bytes);
	CHECK(head->method < HTTP_METHODS && head->status == 0 && head->reason.n == 0);
	check_text(head->target);
	CHECK(str_find_char(head->target, ' ') == head->target.n);
	CHECK(str_starts(head->target, STR("/")) || str_eq(head->target, STR("*")));
	CHECK(head->path.p == head->target.p && head->path.n == str_find_char(head->target, '?'));
	CHECK(head->query.p + head->query.n == head->target.p + head->target.n);
	CHECK(head->query.n == head->target.n - head->path.n - (head->path.n < head->target.n));
}

static inline void print_head(struct buf *out, const struct http_head *head)
{
	buf_add(out, http_method_name(head->method));
	buf_add_char(out, ' ');
	buf_add(out, head->target);
	buf_add(out, head->minor == 1 ? STR(" HTTP/1.1") : STR(" HTTP/1.0"));
	buf_add(out, head->chunked ? STR(" chunked") : STR(""));
	buf_add(out, head->keep_alive ? STR(" keep-alive") : STR(""));
	buf_add(out, head->expect_continue ? STR(" expect") : STR(""));
	if (head->has_length)
		buf_addf(out, " length=%llu", (unsigned long long)head->content_length);
	for (size_t i = 0; i < head->n; i++) {
		buf_add(out, STR("\n  "));
		buf_add(out, head->h[i].name);
		buf_add_char(out, '=');
		buf_add(out, head->h[i].value);
	}
	buf_add_char(out, '\n');
}

struct run {
	struct http1 *h;
	const struct http1_limits *limits;
	struct buf *out;
	struct buf head; /* as it was when it came: its views must not change until the next one */
	struct buf body;
	struct plain plain;
	bool judged; /* by the plain reader; once is enough for each input */
	bool failed;
};

static inline void run_head(struct run *r, const struct http_head *head)
{
	CHECK(!http1_in_head(r->h));
	if (r->judged) {
		check_head(head, r->limits);
		plain_head(&r->plain, head);
	}
	buf_clear(&r->head);
	print_head(&r->head, head);
	buf_add(r->out, buf_str(&r->head));
}

static inline void run_end(struct run *r, const struct http_head *head)
{
	struct buf again;

	buf_init(&again, SIZE_MAX);
	print_head(&again, head);
	CHECK(str_eq(buf_str(&again), buf_str(&r->head)));
	buf_release(&again);
	if (r->judged) {
		plain_body(&r->plain, head);
		CHECK(str_eq(buf_str(&r->plain.body), buf_str(&r->body)));
		buf_clear(&r->plain.body);
	}
}

static inline void run_print_body(struct run *r)
{
	buf_add(r->out, STR("body="));
	buf_add(r->out, buf_str(&r->body));
	buf_add_char(r->out, '\n');
	buf_clear(&r->body);
}

static inline void run_event(
	struct run *r, enum http1_event event, struct str body, const struct err *e)
{
	const struct http_head *head = http1_head(r->h);

	switch (event) {
	case HTTP1_MORE:
		break;
	case HTTP1_HEAD:
		run_head(r, head);
		break;
	case HTTP1_BODY:
		CHECK(body.n > 0 && (head->has_length || head->chunked));
		buf_add(&r->body, body);
		break;
	case HTTP1_END:
		run_end(r, head);
		run_print_body(r);
		buf_add(r->out, STR("end\n"));
		break;
	case HTTP1_ERROR:
		CHECK(e->kind != ERR_NONE && e->text[0] != '\0');
		run_print_body(r);
		buf_addf(r->out, "target=%.*s\n", STR_ARG(http1_target(r->h)));
		buf_addf(r->out, "error %d %s\n", (int)e->kind, e->text);
		break;
	}
}

/* Gives one piece, in a block of its own that is gone afterwards. */
static inline void run_piece(struct run *r, struct str piece)
{
	char *copy = exact_copy(piece);
	struct str in = { copy, piece.n }, body = { NULL, 0 };
	enum http1_event event;
	struct err e = { 0 };

	do {
		event = http1_next(r->h, &in, &body, &e);
		if (event == HTTP1_BODY)
			CHECK(body.p >= copy && body.p + body.n == in.p);
		run_event(r, event, body, &e);
	} while (event != HTTP1_MORE && event != HTTP1_ERROR);
	CHECK(in.p + in.n == copy + piece.n);
	CHECK(event == HTTP1_ERROR || in.n == 0);
	r->failed = event == HTTP1_ERROR;
	free(copy);
}

/* Appends to out what happens when the bytes arrive in pieces. */
static inline void http1_transcript(
	const struct http1_limits *limits, struct str bytes, struct cuts cuts, struct buf *out)
{
	struct run r = { .h = http1_new(limits), .limits = limits, .out = out };

	r.judged = cuts.at == 0 && cuts.every == 0 && cuts.seed == 0;
	r.plain.rest = bytes;
	buf_init(&r.head, SIZE_MAX);
	buf_init(&r.plain.body, SIZE_MAX);
	buf_init(&r.body, SIZE_MAX);
	for (size_t at = 0, to; at < bytes.n && !r.failed; at = to) {
		to = cuts_next(&cuts, at, bytes.n);
		run_piece(&r, (struct str){ bytes.p + at, to - at });
	}
	if (!r.failed) {
		run_print_body(&r);
		buf_addf(out, "more%s\n", http1_in_head(r.h) ? " of a head" : "");
	}
	buf_release(&r.plain.body);
	buf_release(&r.body);
	buf_release(&r.head);
	http1_free(r.h);
}

/* The same run as before, cut otherwise. */
static inline void http1_check_cuts(
	const struct http1_limits *limits, struct str bytes, struct cuts cuts, struct str want)
{
	struct buf got;

	buf_init(&got, SIZE_MAX);
	http1_transcript(limits, bytes, cuts, &got);
	if (!str_eq(buf_str(&got), want))
		fprintf(stderr, "whole:\n%.*s\ncut (at %zu, every %zu):\n%.*s\n", STR_ARG(want),
			cuts.at, cuts.every, STR_ARG(buf_str(&got)));
	CHECK(str_eq(buf_str(&got), want));
	buf_release(&got);
}

#endif
