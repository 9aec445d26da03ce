/* SPDX-License-Identifier: MIT */
/* Requests from bytes: what is accepted and as what, what is refused and why, limits at their edges, and
 * that no way of cutting the input makes a difference. */
#include "unit/base/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit/wire/http1_oracle.h"

static const struct http1_limits limits = { .header_bytes = 16 * 1024, .headers = 100 };

#define GET     "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST    "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TEN(x)  x x x x x x x x x x

/* What comes before the error: h a head, e the end of a message. */
static const struct refusal {
	struct str bytes;
	const char *before;
	enum err_kind kind;
	const char *says;
} refusals[] = {
#define REFUSED(before, kind, says, bytes) \
	{ \
		STR_INIT(bytes), before, ERR_##kind, says \
	}
	/* the request line */
	REFUSED("", INVALID, "request line", "GET /\r\n\r\n"),
	REFUSED("", INVALID, "request line", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "request line", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "version", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "expected HTTP/", "GET / http/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "request line", "GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "version", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "request line", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "space after method", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "blank line", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "blank line", "\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "blank line", "\r\n\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "method", "\x7f"),
	REFUSED("", INVALID, "method", "\xc3\xa4 / HTTP/1.1\r\n"),
	REFUSED("", INVALID, "method", "\x16\x03\x01\x02\x00\x01\x00"),
	/* the method */
	REFUSED("", METHOD, "not known", "FOO / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", METHOD, "not known", "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", METHOD, "not known", "GETX / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", METHOD, "\"CONNECT\"", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
	REFUSED("", METHOD, "\"TRACE\"", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", METHOD, "\"PROPFIND\"", "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", METHOD, "\"DESCRIBE\"", "DESCRIBE / RTSP/1.0\r\n\r\n"),
	REFUSED("", METHOD, "\"PRI\"", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	/* the target */
	REFUSED("", INVALID, "begin with '/'", "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "begin with '/'", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "begin with '/'", "OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "begin with '/'", "OPTIONS *?x HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "fragment", "GET /a?b#c HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET /a?\x7f HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET /a\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "url", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n"),
	/* Host */
	REFUSED("", INVALID, "\"Host\" is missing", "GET / HTTP/1.1\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is missing", "GET / HTTP/1.1\r\nXHost: a\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" appears more than once", GET "Host: a\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" appears more than once", GET "hOST: b\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" appears more than once",
		"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is malformed", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is malformed", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is malformed", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is malformed", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is malformed", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\" is malformed", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n"),
	/* line ends and folding */
	REFUSED("", INVALID, "\"Host\": missing expected CR", "GET / HTTP/1.1\r\nHost: a\n\r\n"),
	REFUSED("", INVALID, "header field", GET "\n"),
	REFUSED("", INVALID, "\"X\": missing expected LF", GET "X: a\rb\r\n\r\n"),
	REFUSED("", INVALID, "expected LF", GET "\rX"),
	REFUSED("", INVALID, "\"X\": unexpected whitespace", GET "X: a\r\n b\r\n\r\n"),
	REFUSED("", INVALID, "\"X\": unexpected whitespace", GET "X: a\r\n\tb\r\n\r\n"),
	REFUSED("", INVALID, "\"X\": invalid header value", GET "X:\r\n b\r\n\r\n"),
	REFUSED("", INVALID, "\"Host\": unexpected whitespace", GET " X: a\r\n\r\n"),
	/* names and values */
	REFUSED("", INVALID, "header token", GET "X : a\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET "X\t: a\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET "X\x01: a\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET "X\0Y: a\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET "X\x80: a\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET "X(: a\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET "X\r\n\r\n"),
	REFUSED("", INVALID, "header token", GET ": a\r\n\r\n"),
	REFUSED("", INVALID, "\"X\": invalid header value", GET "X: a\0b\r\n\r\n"),
	REFUSED("", INVALID, "\"X\": invalid header value",
		GET "X: a\x01"
		    "b\r\n\r\n"),
	REFUSED("", INVALID, "\"X\": invalid header value",
		GET "X: a\x7f"
		    "b\r\n\r\n"),
	REFUSED("", INVALID, "\"X\": invalid header value",
		GET "X: a\x0b"
		    "b\r\n\r\n"),
	/* Content-Length */
	REFUSED("", INVALID, "duplicate Content-Length",
		POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
	REFUSED("", INVALID, "duplicate Content-Length",
		POST "Content-Length: 3\r\ncontent-length: 4\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: 3, 3\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: +3\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: -3\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: 0x3\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: 3 3\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: 3a\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: 3.0\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length:\r\n\r\nabc"),
	REFUSED("", INVALID, "Content-Length", POST "Content-Length: \r\n\r\nabc"),
	REFUSED("", INVALID, "header field", POST "Content-Length : 3\r\n\r\nabc"),
	REFUSED("", INVALID, "overflow", POST "Content-Length: 18446744073709551616\r\n\r\n"),
	/* Transfer-Encoding */
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "Transfer-Encoding",
		POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "Transfer-Encoding",
		POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "Transfer-Encoding",
		POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: identity\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "Transfer-Encoding",
		POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\" must be exactly",
		POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\"",
		POST "Transfer-Encoding: \x0b"
		     "chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "\"Transfer-Encoding\"",
		POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "header field", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "not allowed in HTTP/1.0",
		"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "Content-Length can't be present with Transfer-Encoding",
		POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
	REFUSED("", INVALID, "Transfer-Encoding can't be present with Content-Length",
		POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	/* Upgrade, Expect */
	REFUSED("", INVALID, "\"Upgrade\"", GET "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n"),
	REFUSED("", UPGRADE, "\"Upgrade\"", GET "Upgrade: websocket\r\n\r\n"),
	REFUSED("", INVALID, "\"Expect\"", POST "Expect: 200-ok\r\n\r\n"),
	REFUSED("", INVALID, "\"Expect\"", POST "Expect:\r\n\r\n"),
	/* chunks */
	REFUSED("h", INVALID, "CR after chunk size", CHUNKED "3\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "CR after chunk data", CHUNKED "3\r\nabc\n0\r\n\r\n"),
	REFUSED("h", INVALID, "after chunk data", CHUNKED "3\r\nabcd\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "after chunk data", CHUNKED "3\r\nabc\rX0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED "3\rabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED "3 \r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED " 3\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED "-3\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk size", CHUNKED ";x\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "overflow", CHUNKED "10000000000000000\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk extension", CHUNKED "3;\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk extension", CHUNKED "3; x\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk extension", CHUNKED "3;x\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "chunk extension", CHUNKED "3;x=\"\n\"\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "too long", CHUNKED "3;" TEN(TEN("abc")) "\r\nabc\r\n0\r\n\r\n"),
	REFUSED("h", INVALID, "too long", CHUNKED TEN(TEN("000")) "3\r\nabc\r\n0\r\n\r\n"),
	/* trailers */
	REFUSED("h", INVALID, "\"X\": missing expected CR", CHUNKED "0\r\nX: y\n\r\n"),
	REFUSED("h", INVALID, "header token", CHUNKED "0\r\nX : y\r\n\r\n"),
	REFUSED("h", INVALID, "header field", CHUNKED "0\r\n\n"),
	REFUSED("h", INVALID, "expected LF", CHUNKED "0\r\n\rX"),
	REFUSED("h", INVALID, "Content-Length", CHUNKED "0\r\nContent-Length: 5\r\n\r\n"),
	REFUSED("h", INVALID, "Transfer-Encoding",
		CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
	REFUSED("h", INVALID, "\"Host\" is not allowed", CHUNKED "0\r\nhost: b\r\n\r\n"),
	REFUSED("h", INVALID, "\"Authorization\" is not allowed",
		CHUNKED "0\r\nX: y\r\nAuthorization: Bearer b\r\n\r\n"),
	REFUSED("h", INVALID, "\"X-Api-Key\" is not allowed", CHUNKED "0\r\nx-api-key: b\r\n\r\n"),
	REFUSED("h", INVALID, "\"Connection\" is not allowed",
		CHUNKED "0\r\nConnection: close\r\n\r\n"),
	REFUSED("h", INVALID, "\"Upgrade\" is not allowed", CHUNKED "0\r\nUpgrade: x\r\n\r\n"),
	/* behind a message */
	REFUSED("he", INVALID, "after the last", GET "Connection: close\r\n\r\nGET / HTTP/1.1\r\n"),
	REFUSED("he", INVALID, "after the last", GET "Connection: x, Close\r\n\r\n\r\n"),
	REFUSED("he", INVALID, "after the last", "GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
	REFUSED("he", INVALID, "after the last",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
	REFUSED("he", INVALID, "blank line", GET "\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
	REFUSED("he", METHOD, "not known",
		POST "Content-Length: 3\r\n\r\nabcdGET / HTTP/1.1\r\n\r\n"),
	REFUSED("he", METHOD, "not known", GET "\r\n0\r\n\r\n"),
	REFUSED("he", INVALID, "url", GET "\r\nGET a:443 HTTP/1.1\r\n\r\n"),
};

/* Transcripts, as the oracle writes them. */
static const struct accepted {
	struct str bytes;
	const char *transcript;
} accepted[] = {
#define BODY(text, then) "body=" text "\n" then "\n"
#define LAST             BODY("", "more")
	{ STR_INIT(GET "\r\n"), "GET / HTTP/1.1 keep-alive\n  Host=a\n" BODY("", "end") LAST },
	{ STR_INIT("\r\n\r\n" GET "\r\n"),
		"GET / HTTP/1.1 keep-alive\n  Host=a\n" BODY("", "end") LAST },
	{ STR_INIT(GET "X:\r\nY:  b \t c\t \r\nZ:   \r\nX: \xff\r\n\r\n"),
		"GET / HTTP/1.1 keep-alive\n  Host=a\n  X=\n  Y=b \t c\n  Z=\n  X=\xff\n" BODY(
			"", "end") LAST },
	{ STR_INIT("HEAD /a?b?c=%20%zz HTTP/1.1\r\nhost: [::1]:80\r\nConnection: close\r\n\r\n"),
		"HEAD /a?b?c=%20%zz HTTP/1.1\n  host=[::1]:80\n  Connection=close\n" BODY("", "end")
			LAST },
	{ STR_INIT("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
		"OPTIONS * HTTP/1.1 keep-alive\n  Host=a\n" BODY("", "end") LAST },
	{ STR_INIT("OPTIONS /v1 HTTP/1.1\r\nHost: a\r\n\r\n"),
		"OPTIONS /v1 HTTP/1.1 keep-alive\n  Host=a\n" BODY("", "end") LAST },
	{ STR_INIT("PUT //a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
		"PUT //a HTTP/1.1 keep-alive length=0\n  Host=a\n  Content-Length=0\n" BODY(
			"", "end") LAST },
	{ STR_INIT("PATCH /{}|^\\\"<>` HTTP/1.1\r\nHost: a\r\n\r\n"),
		"PATCH /{}|^\\\"<>` HTTP/1.1 keep-alive\n  Host=a\n" BODY("", "end") LAST },
	{ STR_INIT(GET "Proxy-Connection: close\r\n\r\n" GET "\r\n"),
		"GET / HTTP/1.1 keep-alive\n  Host=a\n  Proxy-Connection=close\n" BODY(
			"", "end") "GET / HTTP/1.1 keep-alive\n  Host=a\n" BODY("", "end") LAST },
	{ STR_INIT("GET /a HTTP/1.0\r\n\r\n"), "GET /a HTTP/1.0\n" BODY("", "end") LAST },
	{ STR_INIT("POST /a HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc"),
		"POST /a HTTP/1.0 length=3\n  Content-Length=3\n  Expect=100-continue\n" BODY(
			"abc", "end") LAST },
	{ STR_INIT(POST "Content-Length: 003 \r\nExpect: 100-Continue\r\n\r\nabc"),
		"POST / HTTP/1.1 keep-alive expect length=3\n  Host=a\n  Content-Length=003\n"
		"  Expect=100-Continue\n" BODY("abc", "end") LAST },
	{ STR_INIT(POST "Content-Length: 18446744073709551615\r\n\r\nabc"),
		"POST / HTTP/1.1 keep-alive length=18446744073709551615\n  Host=a\n"
		"  Content-Length=18446744073709551615\n" BODY("abc", "more") },
	{ STR_INIT("DELETE /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabc"),
		"DELETE /a HTTP/1.1 keep-alive length=4\n  Host=a\n  Content-Length=4\n" BODY(
			"abc", "more") },
	{ STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked \r\n\r\n"
		   "1\r\na\r\n1;x\r\nb\r\n00B;x=y;z=\"q;\\\"\"\r\n\r\n\r\n0\r\n\r\n12\r\n"
		   "0;last\r\nX: y\r\nDate: today\r\nZ:\r\n\r\n"),
		"POST / HTTP/1.1 chunked keep-alive\n  Host=a\n  Transfer-Encoding=Chunked\n" BODY(
			"ab\r\n\r\n0\r\n\r\n12", "end") LAST },
	{ STR_INIT(CHUNKED "0\r\n"), "POST / HTTP/1.1 chunked keep-alive\n  Host=a\n"
				     "  Transfer-Encoding=chunked\n" LAST },
	{ STR_INIT(GET "\r\n" POST "Content-Length: 2\r\n\r\nok\r\n" CHUNKED
		       "1\r\nx\r\n0\r\n\r\nPUT"),
		"GET / HTTP/1.1 keep-alive\n  Host=a\n" BODY("",
			"end") "POST / HTTP/1.1 keep-alive length=2\n  Host=a\n  Content-Length=2\n" BODY("ok",
			"end") "POST / HTTP/1.1 chunked keep-alive\n  Host=a\n  Transfer-Encoding=chunked\n" BODY("x",
			"end") BODY("", "more of a head") },
};

static struct buf transcript(const struct http1_limits *l, struct str bytes, size_t every)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	http1_transcript(l, bytes, (struct cuts){ .every = every }, &out);
	buf_add_char(&out, '\0');
	return out;
}

/* The events that came before the error, as in the table. */
static void summarize(struct str t, char *ret, size_t size)
{
	struct str line;
	size_t n = 0;

	while (str_split(&t, '\n', &line) && !str_starts(line, STR("error ")) && n < size - 1) {
		if (str_find(line, STR(" HTTP/1.")) < line.n)
			ret[n++] = 'h';
		else if (str_eq(line, STR("end")))
			ret[n++] = 'e';
	}
	ret[n] = '\0';
}

/* The last line of a transcript is "error KIND TEXT". */
static void check_refusal(const struct refusal *r)
{
	struct buf t = transcript(&limits, r->bytes, 0);
	char want[32], before[8];
	const char *error = strstr(t.p, "\nerror ");

	summarize(buf_str(&t), before, sizeof(before));
	snprintf(want, sizeof(want), "\nerror %d ", (int)r->kind);
	if (error == NULL || strncmp(error, want, strlen(want)) != 0 ||
		strstr(error, r->says) == NULL || strcmp(before, r->before) != 0)
		fail_msg("\"%.*s\": want \"%s\", kind %d, \"%s\"; got\n%s", STR_ARG(r->bytes),
			r->before, (int)r->kind, r->says, t.p);
	buf_release(&t);
}

static void refuses(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		check_refusal(&refusals[i]);
}

static void accepts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++) {
		struct buf t = transcript(&limits, accepted[i].bytes, 0);
		assert_string_equal(t.p, accepted[i].transcript);
		buf_release(&t);
	}
}

static void check_all_cuts(const struct http1_limits *l, struct str bytes)
{
	struct buf whole;

	buf_init(&whole, SIZE_MAX);
	http1_transcript(l, bytes, (struct cuts){ 0 }, &whole);
	for (size_t at = 1; at < bytes.n; at++)
		http1_check_cuts(l, bytes, (struct cuts){ .at = at }, buf_str(&whole));
	for (size_t every = 1; every < 8; every++)
		http1_check_cuts(l, bytes, (struct cuts){ .every = every }, buf_str(&whole));
	for (uint64_t seed = 1; seed < 30; seed++)
		http1_check_cuts(l, bytes, (struct cuts){ .seed = seed * 0x9e3779b97f4a7c15 },
			buf_str(&whole));
	buf_release(&whole);
}

static void cuts_make_no_difference(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		check_all_cuts(&limits, refusals[i].bytes);
	for (size_t i = 0; i < ARRAY_LEN(accepted); i++)
		check_all_cuts(&limits, accepted[i].bytes);
}

static void cuts_make_no_difference_in_the_corpus(void **state)
{
	static const struct http1_limits small = { .header_bytes = 300, .headers = 4 };
	static char bytes[64 * 1024];
	char path[4096];
	unsigned files = 0;
	DIR *dir = opendir(TESTS_DIR "/fuzz/corpus/http1");

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		snprintf(path, sizeof(path), TESTS_DIR "/fuzz/corpus/http1/%s", d->d_name);
		FILE *f = d->d_name[0] != '.' ? fopen(path, "rb") : NULL;
		if (f == NULL)
			continue;
		size_t n = fread(bytes, 1, sizeof(bytes), f);
		fclose(f);
		check_all_cuts(&limits, (struct str){ bytes, n });
		check_all_cuts(&small, (struct str){ bytes, n });
		files++;
	}
	closedir(dir);
	assert_in_range(files, 10, 1000);
}

/* The last event that a transcript tells of. */
static const char *outcome(const struct http1_limits *l, struct str bytes)
{
	static char last[300];
	struct buf t = transcript(l, bytes, 7);

	t.p[t.n - 2] = '\0';
	snprintf(last, sizeof(last), "%s", strrchr(t.p, '\n') + 1);
	buf_release(&t);
	return last;
}

static void limits_bytes_of_a_head(void **state)
{
	static const struct str requests[] = { STR_INIT(GET "X: abcdef\r\n\r\n"),
		STR_INIT("\r\n\r\n" GET "X: \t  \t\r\n\r\n"),
		STR_INIT("GET /abcdef HTTP/1.0\r\n\r\n") };

	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		struct http1_limits l = { .header_bytes = requests[i].n, .headers = 2 };
		assert_string_equal(outcome(&l, requests[i]), "more");
		char want[100];
		snprintf(want, sizeof(want), "error %d headers have more than %zu bytes",
			(int)ERR_HEADERS, --l.header_bytes);
		assert_string_equal(outcome(&l, requests[i]), want);
	}
}

static void limits_blank_lines(void **state)
{
	struct http1_limits l = { .header_bytes = 20, .headers = 2 };
	char want[100];

	snprintf(want, sizeof(want), "error %d blank lines without end", (int)ERR_HEADERS);
	assert_string_equal(outcome(&l, STR(TEN("\r\n\r\n"))), want);
	l.header_bytes = 21;
	assert_string_equal(outcome(&l, STR(TEN("\r\n"))), "more");
}

static void limits_number_of_headers(void **state)
{
	struct http1_limits l = { .header_bytes = 4000, .headers = 41 };
	char want[100];

	assert_string_equal(
		outcome(&l, STR(GET TEN("A: b\r\nC:\r\nD: e\r\nF: g\r\n") "\r\n")), "more");
	snprintf(want, sizeof(want), "error %d more than 40 headers", (int)ERR_HEADERS);
	l.headers = 40;
	assert_string_equal(
		outcome(&l, STR(GET TEN("A: b\r\nC:\r\nD: e\r\nF: g\r\n") "\r\n")), want);
	/* The limit is per message. */
	l.headers = 1;
	assert_string_equal(outcome(&l, STR(GET "\r\n" GET "\r\n" GET "\r\n")), "more");
}

static void limits_trailers(void **state)
{
	static const char trailers[] = "A: b\r\nC: d\r\nE: f\r\n\r\n";
	struct http1_limits l = { .header_bytes = sizeof(CHUNKED) - 1, .headers = 3 };
	struct buf bytes;
	char want[100];

	buf_init(&bytes, SIZE_MAX);
	buf_addf(&bytes, CHUNKED "3\r\nabc\r\n0\r\n");
	for (size_t n = sizeof(trailers) - 1; n < l.header_bytes; n++)
		buf_add_char(&bytes, 'x');
	buf_addf(&bytes, "%s", trailers);
	assert_string_equal(outcome(&l, buf_str(&bytes)), "more");
	l.headers = 2;
	snprintf(want, sizeof(want), "error %d more than 2 headers", (int)ERR_HEADERS);
	assert_string_equal(outcome(&l, buf_str(&bytes)), want);
	/* The limit is per message. */
	l = limits;
	l.headers = 2;
	assert_string_equal(outcome(&l, STR(CHUNKED "0\r\nA: b\r\nC: d\r\n\r\n" CHUNKED
						    "0\r\nA: b\r\nC: d\r\n\r\n")),
		"more");
	l = (struct http1_limits){ .header_bytes = sizeof(CHUNKED) - 1, .headers = 3 };
	/* One byte more of trailers than a head may have. */
	l.headers = 3;
	bytes.n = 0;
	buf_addf(&bytes, CHUNKED "0\r\n");
	for (size_t n = sizeof(trailers) - 1; n < l.header_bytes + 1; n++)
		buf_add_char(&bytes, 'x');
	buf_addf(&bytes, "%s", trailers);
	snprintf(want, sizeof(want), "error %d headers have more than %zu bytes", (int)ERR_HEADERS,
		l.header_bytes);
	assert_string_equal(outcome(&l, buf_str(&bytes)), want);
	buf_release(&bytes);
}

static void refuses_trailers_that_matter(void **state)
{
	static const char *names[] = { "transfer-encoding", "Content-Length", "Content-Encoding",
		"Content-Type", "Content-Range", "Host", "Connection", "Keep-Alive",
		"Proxy-Connection", "TE", "Trailer", "Upgrade", "Expect", "Max-Forwards",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Origin",
		"Cookie", "Authorization", "Proxy-Authorization", "Proxy-Authenticate", "X-Api-Key",
		"X-Goog-Api-Key", "X-Sluice-Key" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct buf bytes;
		buf_init(&bytes, SIZE_MAX);
		buf_addf(&bytes, CHUNKED "0\r\nA: b\r\n%s: x\r\n\r\n", names[i]);
		if (strncmp(outcome(&limits, buf_str(&bytes)), "error 1 ", 8) != 0)
			fail_msg("%s", names[i]);
		/* The whole name decides. */
		bytes.n = 0;
		buf_addf(&bytes, CHUNKED "0\r\nA: b\r\n%sx: x\r\nx%s: x\r\n\r\n", names[i],
			names[i]);
		assert_string_equal(outcome(&limits, buf_str(&bytes)), "more");
		buf_release(&bytes);
	}
}

/* The size line and the line end before it may have 256 bytes together. */
static void limits_chunk_lines(void **state)
{
	for (size_t extension = 1; extension < 300; extension++) {
		struct buf bytes;
		buf_init(&bytes, SIZE_MAX);
		buf_addf(&bytes, CHUNKED "1\r\na\r\n1;");
		for (size_t n = 0; n < extension; n++)
			buf_add_char(&bytes, 'x');
		buf_addf(&bytes, "\r\nb\r\n0\r\n\r\n");
		bool good = strcmp(outcome(&limits, buf_str(&bytes)), "more") == 0;
		assert_int_equal(good, extension + sizeof("\r\n1;\r\n") - 1 <= 256);
		buf_release(&bytes);
	}
}

static enum http1_event next(struct http1 *h, struct str *in, struct str *body)
{
	struct err e;

	return http1_next(h, in, body, &e);
}

/* A body goes through as views of what was given, one for each piece. */
static void copies_no_body(void **state)
{
	enum { N = 1 << 20, PIECE = 10000 };
	struct http1 *h = http1_new(&limits);
	struct str in = STR(POST "Content-Length: 1048576\r\n\r\n"), body;
	char *bytes = must_alloc(N);

	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	for (size_t at = 0; at < N; at += PIECE) {
		in = (struct str){ bytes + at, N - at < PIECE ? N - at : PIECE };
		size_t n = in.n;
		assert_int_equal(next(h, &in, &body), HTTP1_BODY);
		assert_ptr_equal(body.p, bytes + at);
		assert_int_equal(body.n, n);
		assert_int_equal(in.n, 0);
		assert_int_equal(next(h, &in, &body), at + n < N ? HTTP1_MORE : HTTP1_END);
	}
	free(bytes);
	http1_free(h);
}

/* In one piece, together with the head and the next message. */
static void takes_a_whole_body_at_once(void **state)
{
	enum { N = 1 << 20 };
	struct http1 *h = http1_new(&limits);
	struct buf bytes;
	struct str body;

	buf_init(&bytes, SIZE_MAX);
	buf_addf(&bytes, POST "Content-Length: %d\r\n\r\n", N);
	size_t head = bytes.n;
	assert_true(buf_reserve(&bytes, N));
	memset(bytes.p + bytes.n, 'x', N);
	bytes.n += N;
	buf_addf(&bytes, GET "\r\n");
	struct str in = buf_str(&bytes);
	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_int_equal(next(h, &in, &body), HTTP1_BODY);
	assert_ptr_equal(body.p, bytes.p + head);
	assert_int_equal(body.n, N);
	assert_int_equal(next(h, &in, &body), HTTP1_END);
	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_int_equal(next(h, &in, &body), HTTP1_END);
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	buf_release(&bytes);
	http1_free(h);
}

/* Random chunk sizes, written in both cases and with leading zeros. */
static void joins_chunks(void **state)
{
	uint64_t seed = 42;

	for (unsigned round = 0; round < 200; round++) {
		struct buf bytes, want;
		buf_init(&bytes, SIZE_MAX);
		buf_init(&want, SIZE_MAX);
		buf_addf(&bytes, CHUNKED);
		buf_addf(&want, "POST / HTTP/1.1 chunked keep-alive\n  Host=a\n"
				"  Transfer-Encoding=chunked\nbody=");
		for (size_t chunks = random_below(&seed, 20); chunks > 0; chunks--) {
			size_t n = 1 + random_below(&seed, round % 10 == 0 ? 5000 : 30);
			buf_addf(&bytes, random_below(&seed, 2) ? "%zx%s\r\n" : "%05zX%s\r\n", n,
				random_below(&seed, 3) == 0 ? ";a=b" : "");
			for (size_t i = 0; i < n; i++) {
				char c = "\r\n0;a"[random_below(&seed, 5)];
				buf_add_char(&bytes, c);
				buf_add_char(&want, c);
			}
			buf_addf(&bytes, "\r\n");
		}
		buf_addf(&bytes, "0\r\n\r\n");
		buf_addf(&want, "\nend\nbody=\nmore\n");
		for (unsigned cut = 0; cut < 5; cut++)
			http1_check_cuts(&limits, buf_str(&bytes),
				(struct cuts){ .seed = cut > 0 ? random_next(&seed) : 0 },
				buf_str(&want));
		buf_release(&bytes);
		buf_release(&want);
	}
}

static void waits_between_messages(void **state)
{
	struct http1 *h = http1_new(&limits);
	struct str in = STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	size_t half = in.n / 2;
	struct str body;

	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_int_equal(next(h, &in, &body), HTTP1_END);
	assert_int_equal(in.n, half);
	assert_bytes(http1_head(h)->target, "/1");
	assert_false(http1_in_head(h));
	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_bytes(http1_head(h)->target, "/2");
	assert_int_equal(next(h, &in, &body), HTTP1_END);
	assert_int_equal(in.n, 0);
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	http1_free(h);
}

/* The text of each message lies in the same memory; that of the views is given back to what is needed for them. */
static void reuses_its_memory(void **state)
{
	struct http1 *h = http1_new(&limits);
	const char *bytes = NULL;

	for (unsigned i = 0; i < 1000; i++) {
		struct str in = STR(POST TEN(
			"A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n") "Content-Length: 3\r\n\r\n123");
		struct str body;
		assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
		const struct http_head *head = http1_head(h);
		assert_int_equal(head->n, 42);
		assert_true(i == 0 || head->target.p == bytes);
		bytes = head->target.p;
		assert_int_equal(next(h, &in, &body), HTTP1_BODY);
		assert_int_equal(next(h, &in, &body), HTTP1_END);
	}
	http1_free(h);
}

static void knows_when_a_head_is_incomplete(void **state)
{
	struct http1 *h = http1_new(&limits);
	struct str body, in = STR("");

	assert_false(http1_in_head(h));
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_false(http1_in_head(h));
	in = STR("\r\n");
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_false(http1_in_head(h));
	in = STR("G");
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_true(http1_in_head(h));
	in = STR("ET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r");
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_true(http1_in_head(h));
	in = STR("\n");
	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_false(http1_in_head(h));
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_false(http1_in_head(h));
	in = STR("xP");
	assert_int_equal(next(h, &in, &body), HTTP1_BODY);
	assert_int_equal(next(h, &in, &body), HTTP1_END);
	assert_false(http1_in_head(h));
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_true(http1_in_head(h));
	http1_free(h);
}

/* What a refusal is answered in depends on the path. */
static void tells_the_target_of_a_refused_request(void **state)
{
	static const struct http1_limits narrow = { .header_bytes = 40, .headers = 2 };
	static const struct {
		struct str bytes;
		const char *target;
	} rows[] = {
		{ STR_INIT("GET /v1/x?y HTTP/1.1\r\n\r\n"), "/v1/x?y" },
		{ STR_INIT("GET /v1/x HTTP/1.1\r\nA: \x01\r\n\r\n"), "/v1/x" },
		{ STR_INIT("GET /v1/x HTTP/3.1\r\n"), "/v1/x" },
		{ STR_INIT("GET /v1/x HTTP/1.1\r\nA: b\r\nC: d\r\nE: f\r\n"), "/v1/x" },
		{ STR_INIT("GET /34567890123456789012345678901234567890"),
			"/34567890123456789012345678901234567" },
		{ STR_INIT("GET /v1/\x01 HTTP/1.1\r\n"), "" },
		{ STR_INIT("NONE /v1/x HTTP/1.1\r\n"), "" },
		{ STR_INIT("\x16\x03"), "" },
		{ STR_INIT("\n"), "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct http1 *h = http1_new(&narrow);
		struct str in = rows[i].bytes, body;
		assert_int_equal(next(h, &in, &body), HTTP1_ERROR);
		assert_str(http1_target(h), str_from(rows[i].target));
		http1_free(h);
		check_all_cuts(&narrow, rows[i].bytes);
	}
}

static void stays_refused(void **state)
{
	struct http1 *h = http1_new(&limits);
	struct str body, in = STR("nonsense\r\n\r\n");
	struct err e = { 0 }, again = { 0 };

	assert_int_equal(http1_next(h, &in, &body, &e), HTTP1_ERROR);
	in = STR(GET "\r\n");
	assert_int_equal(http1_next(h, &in, &body, &again), HTTP1_ERROR);
	assert_int_equal(again.kind, e.kind);
	assert_string_equal(again.text, e.text);
	http1_free(h);
	http1_free(NULL);
}

/* After the last message nothing more is wrong than bytes. */
static void ends_with_the_last_message(void **state)
{
	struct http1 *h = http1_new(&limits);
	struct str body, in = STR(GET "Connection: close\r\n\r\n");

	assert_int_equal(next(h, &in, &body), HTTP1_HEAD);
	assert_int_equal(next(h, &in, &body), HTTP1_END);
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	assert_int_equal(next(h, &in, &body), HTTP1_MORE);
	in = STR("G");
	assert_int_equal(next(h, &in, &body), HTTP1_ERROR);
	http1_free(h);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(accepts),
		cmocka_unit_test(cuts_make_no_difference),
		cmocka_unit_test(cuts_make_no_difference_in_the_corpus),
		cmocka_unit_test(limits_bytes_of_a_head),
		cmocka_unit_test(limits_blank_lines),
		cmocka_unit_test(limits_number_of_headers),
		cmocka_unit_test(limits_trailers),
		cmocka_unit_test(refuses_trailers_that_matter),
		cmocka_unit_test(limits_chunk_lines),
		cmocka_unit_test(copies_no_body),
		cmocka_unit_test(takes_a_whole_body_at_once),
		cmocka_unit_test(joins_chunks),
		cmocka_unit_test(waits_between_messages),
		cmocka_unit_test(reuses_its_memory),
		cmocka_unit_test(knows_when_a_head_is_incomplete),
		cmocka_unit_test(tells_the_target_of_a_refused_request),
		cmocka_unit_test(stays_refused),
		cmocka_unit_test(ends_with_the_last_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
