/* SPDX-License-Identifier: MIT */
/* What HTTP messages say about themselves: look-ups over heads, and the single lines that libcurl hands
 * over. Whole requests are parsed in http1. */
#include "wire/http.h"

#include <arpa/inet.h>
#include <string.h>

static const struct str method_names[HTTP_METHODS] = {
	[HTTP_GET] = STR_INIT("GET"),
	[HTTP_HEAD] = STR_INIT("HEAD"),
	[HTTP_POST] = STR_INIT("POST"),
	[HTTP_PUT] = STR_INIT("PUT"),
	[HTTP_PATCH] = STR_INIT("PATCH"),
	[HTTP_DELETE] = STR_INIT("DELETE"),
	[HTTP_OPTIONS] = STR_INIT("OPTIONS"),
};

static const struct str hop_by_hop[] = {
	STR_INIT("Connection"),
	STR_INIT("Keep-Alive"),
	STR_INIT("Proxy-Connection"),
	STR_INIT("Proxy-Authenticate"),
	STR_INIT("Proxy-Authorization"),
	STR_INIT("TE"),
	STR_INIT("Trailer"),
	STR_INIT("Transfer-Encoding"),
	STR_INIT("Upgrade"),
};

static const struct reason {
	unsigned status;
	struct str text;
} reasons[] = {
	{ 100, STR_INIT("Continue") },
	{ 101, STR_INIT("Switching Protocols") },
	{ 102, STR_INIT("Processing") },
	{ 103, STR_INIT("Early Hints") },
	{ 200, STR_INIT("OK") },
	{ 201, STR_INIT("Created") },
	{ 202, STR_INIT("Accepted") },
	{ 203, STR_INIT("Non-Authoritative Information") },
	{ 204, STR_INIT("No Content") },
	{ 205, STR_INIT("Reset Content") },
	{ 206, STR_INIT("Partial Content") },
	{ 207, STR_INIT("Multi-Status") },
	{ 208, STR_INIT("Already Reported") },
	{ 226, STR_INIT("IM Used") },
	{ 300, STR_INIT("Multiple Choices") },
	{ 301, STR_INIT("Moved Permanently") },
	{ 302, STR_INIT("Found") },
	{ 303, STR_INIT("See Other") },
	{ 304, STR_INIT("Not Modified") },
	{ 305, STR_INIT("Use Proxy") },
	{ 307, STR_INIT("Temporary Redirect") },
	{ 308, STR_INIT("Permanent Redirect") },
	{ 400, STR_INIT("Bad Request") },
	{ 401, STR_INIT("Unauthorized") },
	{ 402, STR_INIT("Payment Required") },
	{ 403, STR_INIT("Forbidden") },
	{ 404, STR_INIT("Not Found") },
	{ 405, STR_INIT("Method Not Allowed") },
	{ 406, STR_INIT("Not Acceptable") },
	{ 407, STR_INIT("Proxy Authentication Required") },
	{ 408, STR_INIT("Request Timeout") },
	{ 409, STR_INIT("Conflict") },
	{ 410, STR_INIT("Gone") },
	{ 411, STR_INIT("Length Required") },
	{ 412, STR_INIT("Precondition Failed") },
	{ 413, STR_INIT("Content Too Large") },
	{ 414, STR_INIT("URI Too Long") },
	{ 415, STR_INIT("Unsupported Media Type") },
	{ 416, STR_INIT("Range Not Satisfiable") },
	{ 417, STR_INIT("Expectation Failed") },
	{ 421, STR_INIT("Misdirected Request") },
	{ 422, STR_INIT("Unprocessable Content") },
	{ 423, STR_INIT("Locked") },
	{ 424, STR_INIT("Failed Dependency") },
	{ 425, STR_INIT("Too Early") },
	{ 426, STR_INIT("Upgrade Required") },
	{ 428, STR_INIT("Precondition Required") },
	{ 429, STR_INIT("Too Many Requests") },
	{ 431, STR_INIT("Request Header Fields Too Large") },
	{ 451, STR_INIT("Unavailable For Legal Reasons") },
	{ 500, STR_INIT("Internal Server Error") },
	{ 501, STR_INIT("Not Implemented") },
	{ 502, STR_INIT("Bad Gateway") },
	{ 503, STR_INIT("Service Unavailable") },
	{ 504, STR_INIT("Gateway Timeout") },
	{ 505, STR_INIT("HTTP Version Not Supported") },
	{ 506, STR_INIT("Variant Also Negotiates") },
	{ 507, STR_INIT("Insufficient Storage") },
	{ 508, STR_INIT("Loop Detected") },
	{ 511, STR_INIT("Network Authentication Required") },
};

struct str http_method_name(enum http_method m)
{
	assert(m < HTTP_METHODS);
	return method_names[m];
}

/* The length decides nearly always, without a call. */
static bool same_name(struct str a, struct str b)
{
	return a.n == b.n && str_eq_nocase(a, b);
}

struct str http_get(const struct http_head *head, struct str name)
{
	for (size_t i = 0; i < head->n; i++)
		if (same_name(head->h[i].name, name))
			return head->h[i].value;
	return (struct str){ NULL, 0 };
}

static bool list_has(struct str list, struct str token)
{
	struct str part;

	while (str_split(&list, ',', &part))
		if (str_eq_nocase(str_trim(part), token))
			return true;
	return false;
}

bool http_has_token(const struct http_head *head, struct str name, struct str token)
{
	for (size_t i = 0; i < head->n; i++)
		if (same_name(head->h[i].name, name) && list_has(head->h[i].value, token))
			return true;
	return false;
}

bool http_hop_by_hop(const struct http_head *head, struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(hop_by_hop); i++)
		if (same_name(hop_by_hop[i], name))
			return true;
	return http_has_token(head, STR("Connection"), name);
}

struct http_head *http_head_dup(struct arena *a, const struct http_head *head)
{
	struct http_head *copy = arena_alloc(a, sizeof(*copy));

	*copy = *head;
	copy->target = arena_dup(a, head->target);
	copy->path = (struct str){ copy->target.p, head->path.n };
	copy->query = str_from_offset(copy->target, head->target.n - head->query.n);
	copy->reason = arena_dup(a, head->reason);
	copy->h = arena_alloc(a, head->n * sizeof(copy->h[0]));
	for (size_t i = 0; i < head->n; i++) {
		copy->h[i].name = arena_dup(a, head->h[i].name);
		copy->h[i].value = arena_dup(a, head->h[i].value);
	}
	return copy;
}

struct str http_reason(unsigned status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return STR("");
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 9110 section 5.6.2. */
static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) &&
			(s.p[i] == '\0' || strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

bool http_header_line(struct str line, struct http_header *ret)
{
	size_t colon = str_find_char(line, ':');
	struct str name = { line.p, colon };

	if (colon == line.n || !is_token(name))
		return false;
	*ret = (struct http_header){ name, str_trim(str_from_offset(line, colon + 1)) };
	return true;
}

/* Digits and dots behind "HTTP/". */
static bool is_version(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return s.n > 0;
}

bool http_status_line(struct str line, unsigned *ret_status, struct str *ret_reason)
{
	struct str protocol, number, rest = str_trim(line);
	uint64_t status;

	if (!str_split(&rest, ' ', &protocol) || !str_split(&rest, ' ', &number) ||
		!str_starts(protocol, STR("HTTP/")) || !is_version(str_from_offset(protocol, 5)))
		return false;
	if (number.n != 3 || !str_to_u64(number, &status) || status < 100)
		return false;
	*ret_status = (unsigned)status;
	*ret_reason = rest.p != NULL ? rest : STR("");
	return true;
}

/* Up to where s is made of letters, digits and the characters of `more` (RFC 3986 section 3.2.2: names and
 * IPv4; of the sub-delimiters none, since no host has them and a comma may hide a second one). */
static size_t host_span(struct str s, bool (*letter)(char), const char *more)
{
	size_t i = 0;

	while (i < s.n && (letter(s.p[i]) || (s.p[i] != '\0' && strchr(more, s.p[i]) != NULL)))
		i++;
	return i;
}

/* What follows the host: nothing, or a colon and digits, of which there may be none. */
static bool parse_port(struct str s, unsigned *ret)
{
	uint64_t port = 0;

	if (s.n > 0 && s.p[0] != ':')
		return false;
	if (s.n > 1 && (!str_to_u64(str_from_offset(s, 1), &port) || port > 65535))
		return false;
	*ret = (unsigned)port;
	return true;
}

bool http_split_host(struct str value, struct str *ret_host, unsigned *ret_port)
{
	if (value.n == 0)
		return false;
	bool ipv6 = value.p[0] == '[';
	struct str rest = str_from_offset(value, ipv6 ? 1 : 0);
	struct str host = { rest.p,
		ipv6 ? host_span(rest, is_hex, ":.") : host_span(rest, is_alnum, "-._~%") };

	rest = str_from_offset(rest, host.n);
	if (ipv6) {
		if (rest.n == 0 || rest.p[0] != ']' || str_find_char(host, ':') == host.n)
			return false;
		rest = str_from_offset(rest, 1);
	}
	if (host.n == 0 || !parse_port(rest, ret_port))
		return false;
	*ret_host = host;
	return true;
}

bool http_is_loopback(struct str host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (str_eq_nocase(host, STR("localhost")))
		return true;
	if (host.n >= sizeof(text) || memchr(host.p, '\0', host.n) != NULL)
		return false;
	str_put(text, sizeof(text), host);
	if (inet_pton(AF_INET, text, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static int hex_digit(char c)
{
	char low = (char)(c | 0x20);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

struct str http_unescape(struct str s, struct arena *a)
{
	size_t n = 0;

	if (str_find_char(s, '%') == s.n)
		return s;
	char *p = arena_alloc(a, s.n);
	for (size_t i = 0; i < s.n; i++) {
		bool room = s.p[i] == '%' && s.n - i > 2;
		int high = room ? hex_digit(s.p[i + 1]) : -1;
		int low = room ? hex_digit(s.p[i + 2]) : -1;
		bool escape = high >= 0 && low >= 0;
		p[n++] = escape ? (char)(high * 16 + low) : s.p[i];
		i += escape ? 2 : 0;
	}
	return (struct str){ p, n };
}
