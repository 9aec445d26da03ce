/* SPDX-License-Identifier: MIT */
/* Requests pulled out of bytes. llhttp finds the parts and pauses at each event; here they become views,
 * everything but bodies is bounded, and what llhttp's strict mode still lets pass is refused.
 * A head is kept as it came, in one piece, and all its views point into that copy. */
#include "wire/http1.h"

#include <stdlib.h>
#include <string.h>

/* llhttp calls its methods as we call ours: its own are renamed here. */
#define HTTP_GET     LLHTTP_GET
#define HTTP_HEAD    LLHTTP_HEAD
#define HTTP_POST    LLHTTP_POST
#define HTTP_PUT     LLHTTP_PUT
#define HTTP_PATCH   LLHTTP_PATCH
#define HTTP_DELETE  LLHTTP_DELETE
#define HTTP_OPTIONS LLHTTP_OPTIONS
#include <llhttp.h>
#undef HTTP_GET
#undef HTTP_HEAD
#undef HTTP_POST
#undef HTTP_PUT
#undef HTTP_PATCH
#undef HTTP_DELETE
#undef HTTP_OPTIONS

/* From the end of a chunk's data to the end of the next size line, extensions included. */
enum { CHUNK_LINE_BYTES = 256 };

/* What the next bytes belong to. Each phase has a budget of bytes, http1.left. */
enum phase {
	PHASE_BLANK,      /* line ends before a request (RFC 9112 section 2.2) */
	PHASE_HEAD,       /* from the method to the blank line */
	PHASE_DATA,       /* bytes of the body */
	PHASE_CHUNK_LINE, /* a chunk's size, behind the line end of the chunk before it */
	PHASE_TRAILER,    /* behind the last chunk's size */
	PHASE_END,
	PHASE_FAILED,
};

/* Why llhttp stopped. */
enum signal {
	SIGNAL_NONE, /* it has seen all it was given */
	SIGNAL_HEAD,
	SIGNAL_CHUNK,
	SIGNAL_BODY,
	SIGNAL_END,
	SIGNAL_FAILED,
};

/* Offsets into http1.raw, which may move while it grows. */
struct span {
	size_t at, n;
};

struct field {
	struct span name, value;
};

struct http1 {
	llhttp_t parser;
	struct http1_limits limits;
	enum phase phase;
	enum signal signal; /* set by the callbacks, with what belongs to it: */
	struct str piece;   /* of the body */
	struct err err;     /* why the request is refused */
	size_t left;        /* bytes that the phase may still take */
	uint64_t chunk;     /* bytes that the chunk still has */
	bool after_cr;      /* in PHASE_BLANK */
	bool closed;        /* the last message allowed no other behind it */
	bool in_value;      /* the current field's name is complete */
	const char *slice;  /* what llhttp is working on; its first byte will be raw.p[raw.n] */
	struct buf raw;     /* the head as it came */
	struct span target;
	bool target_done; /* its end has been seen */
	struct field *fields;
	size_t room;        /* of fields and head.h; 0: no field of this head has come yet */
	struct buf trailer; /* the current trailer's name */
	unsigned trailers;
	struct http_head head;
};

/* Trailers that would change what has been decided already (RFC 9110 section 6.5.1). */
static const struct str forbidden_trailers[] = {
	STR_INIT("Transfer-Encoding"),
	STR_INIT("Content-Length"),
	STR_INIT("Content-Encoding"),
	STR_INIT("Content-Type"),
	STR_INIT("Content-Range"),
	STR_INIT("Host"),
	STR_INIT("Connection"),
	STR_INIT("Keep-Alive"),
	STR_INIT("Proxy-Connection"),
	STR_INIT("TE"),
	STR_INIT("Trailer"),
	STR_INIT("Upgrade"),
	STR_INIT("Expect"),
	STR_INIT("Max-Forwards"),
	STR_INIT("Forwarded"),
	STR_INIT("X-Forwarded-For"),
	STR_INIT("X-Forwarded-Host"),
	STR_INIT("X-Forwarded-Proto"),
	STR_INIT("Origin"),
	STR_INIT("Cookie"),
	STR_INIT("Authorization"),
	STR_INIT("Proxy-Authorization"),
	STR_INIT("Proxy-Authenticate"),
	STR_INIT("X-Api-Key"),
	STR_INIT("X-Goog-Api-Key"),
	STR_INIT("X-Sluice-Key"),
};

static const struct method {
	uint8_t theirs;
	enum http_method ours;
} methods[] = {
	{ LLHTTP_POST, HTTP_POST },
	{ LLHTTP_GET, HTTP_GET },
	{ LLHTTP_HEAD, HTTP_HEAD },
	{ LLHTTP_PUT, HTTP_PUT },
	{ LLHTTP_PATCH, HTTP_PATCH },
	{ LLHTTP_DELETE, HTTP_DELETE },
	{ LLHTTP_OPTIONS, HTTP_OPTIONS },
};

static void set_phase(struct http1 *h, enum phase phase, size_t budget)
{
	h->phase = phase;
	h->left = budget;
}

static int pause_for(struct http1 *h, enum signal signal)
{
	h->signal = signal;
	return HPE_PAUSED;
}

static int on_method_complete(llhttp_t *p)
{
	struct http1 *h = p->data;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (methods[i].theirs == p->method) {
			h->head.method = methods[i].ours;
			return HPE_OK;
		}
	err_set(&h->err, ERR_METHOD, "method \"%s\" is not supported",
		llhttp_method_name(p->method));
	return HPE_USER;
}

/* Pieces of one span follow each other in the input without a gap. */
static void extend(struct http1 *h, struct span *s, const char *at, size_t n)
{
	if (s->n == 0)
		s->at = h->raw.n + (size_t)(at - h->slice);
	s->n += n;
}

static int on_url(llhttp_t *p, const char *at, size_t n)
{
	struct http1 *h = p->data;

	extend(h, &h->target, at, n);
	return HPE_OK;
}

static int on_url_complete(llhttp_t *p)
{
	struct http1 *h = p->data;

	h->target_done = true;
	return HPE_OK;
}

static int too_many_headers(struct http1 *h)
{
	err_set(&h->err, ERR_HEADERS, "more than %u headers", h->limits.headers);
	return HPE_USER;
}

/* Room for the fields of a head, which is there only while one is being read: connections stay open for long. */
static void grow_fields(struct http1 *h)
{
	h->room = h->room != 0 ? 2 * h->room : 32;
	h->fields = must_realloc(h->fields, h->room * sizeof(h->fields[0]));
	h->head.h = must_realloc(h->head.h, h->room * sizeof(h->head.h[0]));
}

static int on_header_field(llhttp_t *p, const char *at, size_t n)
{
	struct http1 *h = p->data;

	if (h->phase == PHASE_TRAILER) {
		buf_add(&h->trailer, (struct str){ at, n });
		return HPE_OK;
	}
	if (h->room == 0) {
		grow_fields(h);
		h->fields[0] = (struct field){ 0 };
	}
	extend(h, &h->fields[h->head.n].name, at, n);
	return HPE_OK;
}

static int on_header_field_complete(llhttp_t *p)
{
	struct http1 *h = p->data;

	h->in_value = true;
	if (h->phase != PHASE_TRAILER)
		return h->head.n < h->limits.headers ? HPE_OK : too_many_headers(h);
	for (size_t i = 0; i < ARRAY_LEN(forbidden_trailers); i++)
		if (str_eq_nocase(buf_str(&h->trailer), forbidden_trailers[i])) {
			err_set(&h->err, ERR_INVALID, "header \"%s\" is not allowed in a trailer",
				forbidden_trailers[i].p);
			return HPE_USER;
		}
	return ++h->trailers <= h->limits.headers ? HPE_OK : too_many_headers(h);
}

static int on_header_value(llhttp_t *p, const char *at, size_t n)
{
	struct http1 *h = p->data;

	if (h->phase != PHASE_TRAILER)
		extend(h, &h->fields[h->head.n].value, at, n);
	return HPE_OK;
}

static int on_header_value_complete(llhttp_t *p)
{
	struct http1 *h = p->data;

	h->in_value = false;
	if (h->phase == PHASE_TRAILER) {
		buf_clear(&h->trailer);
		return HPE_OK;
	}
	if (++h->head.n == h->room)
		grow_fields(h);
	h->fields[h->head.n] = (struct field){ 0 };
	return HPE_OK;
}

static int on_headers_complete(llhttp_t *p)
{
	return pause_for(p->data, SIGNAL_HEAD);
}

static int on_chunk_header(llhttp_t *p)
{
	struct http1 *h = p->data;

	h->chunk = p->content_length;
	return pause_for(h, SIGNAL_CHUNK);
}

static int on_body(llhttp_t *p, const char *at, size_t n)
{
	struct http1 *h = p->data;

	h->piece = (struct str){ at, n };
	return n > 0 ? pause_for(h, SIGNAL_BODY) : HPE_OK;
}

static int on_message_complete(llhttp_t *p)
{
	return pause_for(p->data, SIGNAL_END);
}

static const llhttp_settings_t callbacks = {
	.on_method_complete = on_method_complete,
	.on_url = on_url,
	.on_url_complete = on_url_complete,
	.on_header_field = on_header_field,
	.on_header_field_complete = on_header_field_complete,
	.on_header_value = on_header_value,
	.on_header_value_complete = on_header_value_complete,
	.on_headers_complete = on_headers_complete,
	.on_chunk_header = on_chunk_header,
	.on_body = on_body,
	.on_message_complete = on_message_complete,
};

static void begin_message(struct http1 *h)
{
	llhttp_reset(&h->parser);
	set_phase(h, PHASE_BLANK, h->limits.header_bytes);
	h->in_value = h->target_done = false;
	h->trailers = 0;
	buf_clear(&h->raw);
	buf_clear(&h->trailer);
	h->target = (struct span){ 0 };
	h->head = (struct http_head){ .h = h->head.h };
}

struct http1 *http1_new(const struct http1_limits *limits)
{
	struct http1 *h = must_alloc(sizeof(*h));

	llhttp_init(&h->parser, HTTP_REQUEST, &callbacks);
	h->parser.data = h;
	h->limits = *limits;
	buf_init(&h->raw, limits->header_bytes);
	buf_init(&h->trailer, limits->header_bytes);
	begin_message(h);
	return h;
}

void http1_free(struct http1 *h)
{
	if (h == NULL)
		return;
	buf_release(&h->raw);
	buf_release(&h->trailer);
	free(h->fields);
	free(h->head.h);
	free(h);
}

static bool check_host(struct http1 *h, size_t nth, struct str value)
{
	struct str host;
	unsigned port;

	if (nth > 0)
		return err_set(&h->err, ERR_INVALID, "header \"Host\" appears more than once");
	if (!http_split_host(value, &host, &port))
		return err_set(&h->err, ERR_INVALID, "header \"Host\" is malformed");
	return true;
}

/* llhttp refuses a second one too, and one beside Transfer-Encoding. */
static bool check_length(struct http1 *h, size_t nth, struct str value)
{
	h->head.has_length = true;
	if (nth > 0 || !str_to_u64(value, &h->head.content_length))
		return err_set(&h->err, ERR_INVALID, "header \"Content-Length\" is malformed");
	return true;
}

static bool check_transfer_encoding(struct http1 *h, size_t nth, struct str value)
{
	h->head.chunked = true;
	if (h->head.minor == 0)
		return err_set(&h->err, ERR_INVALID,
			"header \"Transfer-Encoding\" is not allowed in HTTP/1.0");
	if (nth > 0 || !str_eq_nocase(value, STR("chunked")))
		return err_set(&h->err, ERR_INVALID,
			"header \"Transfer-Encoding\" must be exactly \"chunked\"");
	return true;
}

/* A client that would rather have a WebSocket is told so by the status: Codex goes on with plain requests
 * after a 426 only. */
static bool check_upgrade(struct http1 *h, size_t nth, struct str value)
{
	if (str_eq_nocase(value, STR("websocket")))
		return err_set(&h->err, ERR_UPGRADE, "header \"Upgrade\" is not supported");
	return err_set(&h->err, ERR_INVALID, "header \"Upgrade\" is not supported");
}

/* HTTP/1.0 clients cannot wait for a 100 (RFC 9110 section 10.1.1). */
static bool check_expect(struct http1 *h, size_t nth, struct str value)
{
	if (!str_eq_nocase(value, STR("100-continue")))
		return err_set(&h->err, ERR_INVALID, "header \"Expect\" must be \"100-continue\"");
	h->head.expect_continue = h->head.minor == 1;
	return true;
}

/* Headers that decide what the message is; nth says how many of that name came before. */
static const struct rule {
	struct str name;
	bool (*check)(struct http1 *h, size_t nth, struct str value);
} rules[] = {
	{ STR_INIT("Host"), check_host },
	{ STR_INIT("Content-Length"), check_length },
	{ STR_INIT("Transfer-Encoding"), check_transfer_encoding },
	{ STR_INIT("Upgrade"), check_upgrade },
	{ STR_INIT("Expect"), check_expect },
};
enum { RULE_HOST };

static bool check_headers(struct http1 *h)
{
	struct http_head *head = &h->head;
	size_t seen[ARRAY_LEN(rules)] = { 0 };

	for (size_t i = 0; i < head->n; i++)
		for (size_t r = 0; r < ARRAY_LEN(rules); r++)
			if (head->h[i].name.n == rules[r].name.n &&
				str_eq_nocase(head->h[i].name, rules[r].name) &&
				!rules[r].check(h, seen[r]++, head->h[i].value))
				return false;
	if (head->minor == 1 && seen[RULE_HOST] == 0)
		return err_set(&h->err, ERR_INVALID, "header \"Host\" is missing");
	head->keep_alive =
		head->minor == 1 && !http_has_token(head, STR("Connection"), STR("close"));
	return true;
}

/* llhttp has judged the parts; here the line must consist of nothing else (it lets pass several spaces,
 * HTTP/0.9, HTTP/2.0 and RTSP). */
static bool check_request_line(struct http1 *h)
{
	struct http_head *head = &h->head;
	struct str method = http_method_name(head->method);
	struct str version = str_from_offset(buf_str(&h->raw), h->target.at + h->target.n);

	head->minor = str_starts(version, STR(" HTTP/1.1\r\n"));
	if (h->target.at != method.n + 1 ||
		(head->minor == 0 && !str_starts(version, STR(" HTTP/1.0\r\n"))))
		return err_set(&h->err, ERR_INVALID,
			"request line is not a method, a target and HTTP/1.0 or HTTP/1.1");
	if (str_find_char(head->target, '#') != head->target.n)
		return err_set(&h->err, ERR_INVALID, "request target has a fragment");
	if (!str_starts(head->target, STR("/")) &&
		!(head->method == HTTP_OPTIONS && str_eq(head->target, STR("*"))))
		return err_set(&h->err, ERR_INVALID, "request target does not begin with '/'");
	return true;
}

static struct str view(const struct http1 *h, struct span s)
{
	return s.n > 0 ? (struct str){ h->raw.p + s.at, s.n } : STR("");
}

static void release_fields(struct http1 *h)
{
	free(h->fields);
	h->fields = NULL;
	h->room = 0;
	if (h->head.n > 0)
		h->head.h = must_realloc(h->head.h, h->head.n * sizeof(h->head.h[0]));
}

static bool finish_head(struct http1 *h)
{
	struct http_head *head = &h->head;

	head->target = view(h, h->target);
	size_t mark = str_find_char(head->target, '?');
	head->path = (struct str){ head->target.p, mark };
	head->query = str_from_offset(head->target, mark < head->target.n ? mark + 1 : mark);
	for (size_t i = 0; i < head->n; i++)
		head->h[i] = (struct http_header){ view(h, h->fields[i].name),
			str_trim(view(h, h->fields[i].value)) };
	release_fields(h);
	return check_request_line(h) && check_headers(h);
}

/* Line ends before a request count against its head. False when the input ends in them or is refused. */
static bool skip_blank_lines(struct http1 *h, struct str *in)
{
	for (; in->n > 0 && h->left > 0; *in = str_from_offset(*in, 1), h->left--) {
		bool cr = in->p[0] == '\r', lf = in->p[0] == '\n';
		if (lf != h->after_cr)
			return err_set(&h->err, ERR_INVALID, "blank line does not end with CR LF");
		if (!cr && !lf) {
			h->phase = PHASE_HEAD;
			return true;
		}
		h->after_cr = cr;
	}
	return h->left > 0 ? false : err_set(&h->err, ERR_HEADERS, "blank lines without end");
}

static void set_limit_error(struct http1 *h)
{
	if (h->phase == PHASE_CHUNK_LINE)
		err_set(&h->err, ERR_INVALID, "chunk extension is too long");
	else
		err_set(&h->err, ERR_HEADERS, "headers have more than %zu bytes",
			h->limits.header_bytes);
}

/* In words of llhttp, with the name of the header at fault once that is known. */
static void set_parser_error(struct http1 *h, enum llhttp_errno code, struct str rest)
{
	if (h->err.kind != ERR_NONE)
		return;
	/* Of a target that is wrong itself, how much is known depends on how the bytes came. */
	if (!h->target_done)
		h->target = (struct span){ 0 };
	if (code == HPE_INVALID_METHOD && rest.n > 0 && rest.p[0] > ' ' && rest.p[0] < 0x7f) {
		err_set(&h->err, ERR_METHOD, "method is not known");
		return;
	}
	/* Its sentences begin in upper case, but names of headers stay as they are. */
	const char *reason = llhttp_get_error_reason(&h->parser);
	bool is_name = strcspn(reason, "-") < strcspn(reason, " ");
	char first = is_name ? reason[0] : (char)(reason[0] | 0x20);
	if (h->in_value) {
		struct str name = h->phase == PHASE_TRAILER ? buf_str(&h->trailer)
							    : view(h, h->fields[h->head.n].name);
		err_set(&h->err, ERR_INVALID, "header \"%.*s\": %c%s",
			name.n < 64 ? (int)name.n : 64, name.p, first, reason + 1);
	} else {
		err_set(&h->err, ERR_INVALID, "malformed request: %c%s", first, reason + 1);
	}
}

/* Lets llhttp work on the input, as far as the phase's budget allows. */
static enum signal run(struct http1 *h, struct str *in)
{
	size_t n = in->n < h->left ? in->n : h->left;

	h->slice = in->n > 0 ? in->p : "";
	h->signal = SIGNAL_NONE;
	enum llhttp_errno code = llhttp_execute(&h->parser, h->slice, n);
	if (code != HPE_OK)
		n = (size_t)(llhttp_get_error_pos(&h->parser) - h->slice);
	if (h->phase == PHASE_HEAD)
		buf_add(&h->raw, (struct str){ h->slice, n });
	h->left -= n;
	if (n > 0)
		*in = str_from_offset(*in, n);
	if (code == HPE_PAUSED) {
		llhttp_resume(&h->parser);
		return h->signal;
	}
	if (code == HPE_OK && h->left > 0)
		return SIGNAL_NONE;
	if (code == HPE_OK)
		set_limit_error(h);
	else
		set_parser_error(h, code, *in);
	return SIGNAL_FAILED;
}

static enum http1_event fail(struct http1 *h, struct err *e)
{
	h->phase = PHASE_FAILED;
	*e = h->err;
	return HTTP1_ERROR;
}

static void begin_chunk(struct http1 *h)
{
	if (h->chunk > 0)
		set_phase(h, PHASE_DATA, SIZE_MAX);
	else
		set_phase(h, PHASE_TRAILER, h->limits.header_bytes);
}

static void begin_body(struct http1 *h)
{
	if (h->head.chunked)
		set_phase(h, PHASE_CHUNK_LINE, CHUNK_LINE_BYTES);
	else
		set_phase(h, PHASE_DATA, SIZE_MAX);
}

static void count_body(struct http1 *h, size_t n)
{
	h->left = SIZE_MAX;
	if (!h->head.chunked)
		return;
	h->chunk -= n;
	if (h->chunk == 0)
		set_phase(h, PHASE_CHUNK_LINE, CHUNK_LINE_BYTES);
}

/* Between messages: true when the first byte of a head is there. */
static bool begin_head(struct http1 *h, struct str *in)
{
	if (h->phase == PHASE_END) {
		h->closed = !h->head.keep_alive;
		begin_message(h);
	}
	if (h->closed && in->n > 0)
		return err_set(
			&h->err, ERR_INVALID, "bytes after the last request of the connection");
	return h->phase != PHASE_BLANK || skip_blank_lines(h, in);
}

enum http1_event http1_next(struct http1 *h, struct str *in, struct str *ret_body, struct err *e)
{
	if (h->phase == PHASE_FAILED)
		return fail(h, e);
	if (!begin_head(h, in))
		return h->err.kind != ERR_NONE ? fail(h, e) : HTTP1_MORE;
	for (;;) {
		switch (run(h, in)) {
		case SIGNAL_NONE:
			return HTTP1_MORE;
		case SIGNAL_HEAD:
			if (!finish_head(h))
				return fail(h, e);
			begin_body(h);
			return HTTP1_HEAD;
		case SIGNAL_CHUNK:
			begin_chunk(h);
			break;
		case SIGNAL_BODY:
			*ret_body = h->piece;
			count_body(h, h->piece.n);
			return HTTP1_BODY;
		case SIGNAL_END:
			h->phase = PHASE_END;
			return HTTP1_END;
		case SIGNAL_FAILED:
			return fail(h, e);
		}
	}
}

const struct http_head *http1_head(const struct http1 *h)
{
	return &h->head;
}

bool http1_in_head(const struct http1 *h)
{
	return h->phase == PHASE_HEAD;
}

struct str http1_target(const struct http1 *h)
{
	return view(h, h->target);
}
