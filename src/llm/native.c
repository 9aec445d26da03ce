/* SPDX-License-Identifier: MIT */
/* Envelopes: what is in them has been in a client's hands, so that nothing about it is taken for granted but that it is a
 * JSON object. Base64url: RFC 4648 section 5. */
#include "llm/native.h"

#include "wire/json_text.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { CODE_MAX = 16 };

bool native_is_envelope(struct str escaped)
{
	return str_starts(escaped, STR(NATIVE_PREFIX));
}

/* The value of a digit; -1 for none. */
static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static bool decode(struct str text, struct arena *a, struct str *ret)
{
	unsigned char *p = arena_alloc(a, text.n / 4 * 3 + 2);
	uint32_t bits = 0;
	size_t n = 0;

	if (text.n % 4 == 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int d = digit(text.p[i]);
		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 != 0)
			p[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	*ret = (struct str){ (const char *)p, n };
	return true;
}

static void encode(struct buf *out, struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	uint32_t bits = 0;
	unsigned have = 0;

	if (!buf_reserve(out, bytes.n / 3 * 4 + 4))
		return;
	for (size_t i = 0; i < bytes.n; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 6; have -= 6)
			out->p[out->n++] = alphabet[bits >> (have - 6) & 63];
	}
	if (have > 0)
		out->p[out->n++] = alphabet[bits << (6 - have) & 63];
}

static bool is_code(struct str code)
{
	for (size_t i = 0; i < code.n; i++)
		if (!(code.p[i] >= 'a' && code.p[i] <= 'z') &&
			!(code.p[i] >= '0' && code.p[i] <= '9'))
			return false;
	return code.n > 0 && code.n <= CODE_MAX;
}

bool native_open(struct str escaped, struct arena *a, struct native *ret)
{
	struct str rest, code, payload;

	if (!native_is_envelope(escaped))
		return false;
	rest = str_from_offset(escaped, sizeof(NATIVE_PREFIX) - 1);
	if (!str_split(&rest, '.', &code) || rest.p == NULL || !is_code(code))
		return false;
	if (!decode(rest, a, &payload) || !json_is_object(payload))
		return false;
	*ret = (struct native){ code, payload };
	return true;
}

void native_seal(struct buf *out, const struct native *n)
{
	buf_add(out, STR(NATIVE_PREFIX));
	buf_add(out, n->code);
	buf_add_char(out, '.');
	encode(out, n->payload);
}
