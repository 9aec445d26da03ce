/* SPDX-License-Identifier: MIT */
/* By the beginnings that services give their keys. Sources: the services' own pages on secret scanning. */
#include "base/redact.h"

#include <string.h>

enum { SECRET_MIN = 8 };

struct pattern {
	const char *begins;
	size_t least; /* bytes of a token behind it, or it is only a word */
};

static const struct pattern patterns[] = {
	{ "sk-", 16 },
	{ "AIza", 30 },
	{ "ghp_", 30 },
	{ "gho_", 30 },
	{ "ghu_", 30 },
	{ "ghs_", 30 },
	{ "github_pat_", 30 },
	{ "glpat-", 16 },
	{ "xoxb-", 16 },
	{ "xoxp-", 16 },
	{ "xoxa-", 16 },
	{ "AKIA", 16 },
	{ "ASIA", 16 },
	{ "eyJ", 40 }, /* a token of JSON */
	{ "gsk_", 20 },
	{ "xai-", 20 },
	{ "hf_", 20 },
	{ "npm_", 30 },
	{ "pypi-", 30 },
	{ "rk_live_", 16 },
	{ "sk_live_", 16 },
};

static bool in_token(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	       c == '-' || c == '.';
}

static size_t token_end(struct str s, size_t at)
{
	while (at < s.n && in_token(s.p[at]))
		at++;
	return at;
}

/* A private key in PEM, to the end of its last line, or of the text. */
static size_t pem_end(struct str s)
{
	static const char tail[] = "PRIVATE KEY-----";
	size_t head, end;

	if (!str_starts(s, STR("-----BEGIN ")))
		return 0;
	head = str_find(s, STR(tail));
	if (head > 40) /* not of this line */
		return 0;
	head += strlen(tail);
	end = str_find(str_from_offset(s, head), STR(tail));
	return head + end + (head + end < s.n ? strlen(tail) : 0);
}

/* How many bytes of a secret stand at the beginning; 0: none does. */
static size_t secret_at(struct str s, bool word_begins, const struct str *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (secrets[i].n >= SECRET_MIN && str_starts(s, secrets[i]))
			return secrets[i].n;
	if (s.p[0] == '-')
		return pem_end(s);
	for (size_t i = 0; word_begins && i < ARRAY_LEN(patterns); i++) {
		struct str begins = str_from(patterns[i].begins);
		if (!str_starts(s, begins))
			continue;
		size_t end = token_end(s, begins.n);
		if (end >= begins.n + patterns[i].least)
			return end;
	}
	return 0;
}

void redact(struct buf *out, struct str text, const struct str *secrets, size_t n)
{
	size_t plain = 0;

	for (size_t i = 0; i < text.n;) {
		bool begins = i == 0 || !in_token(text.p[i - 1]) ||
			      (i > 1 && text.p[i - 2] == '\\'); /* behind \n and its like */
		size_t length = secret_at(str_from_offset(text, i), begins, secrets, n);
		if (length == 0) {
			i++;
			continue;
		}
		buf_add(out, (struct str){ text.p + plain, i - plain });
		buf_add(out, STR("[redacted]"));
		plain = i += length;
	}
	buf_add(out, str_from_offset(text, plain));
}
