/* SPDX-License-Identifier: MIT */
/* Envelopes: what is in them has been in a client's hands, so that nothing about it is taken for granted but that it is a
 * JSON object. Base64url: RFC 4648 section 5. */
#include "llm/native.h"

#include "wire/hash.h"
#include "wire/json_text.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { CODE_MAX = 16, MODEL_MAX = 128, HASH_DIGITS = 16 };

/* A signature's payload is put together of these, so that its beginning can be read alone. */
#define SIGNED      "ant"
#define HEAD_MODEL  "{\"m\":\""
#define HEAD_HASH   "\",\"h\":\""
#define HEAD_VALUE  "\",\"s\":"
#define HEAD_BYTES  (sizeof(HEAD_MODEL HEAD_HASH HEAD_VALUE) - 1 + MODEL_MAX + HASH_DIGITS)
#define HEAD_DIGITS ((HEAD_BYTES + 2) / 3 * 4)

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

/* `to` has room for text.n / 4 * 3 + 2 bytes. */
static bool decode(struct str text, unsigned char *to, struct str *ret)
{
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
			to[n++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
	}
	*ret = (struct str){ (const char *)to, n };
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

/* Code and base64url of an envelope. */
static bool take_apart(struct str escaped, struct str *ret_code, struct str *ret_digits)
{
	if (!native_is_envelope(escaped))
		return false;
	*ret_digits = str_from_offset(escaped, sizeof(NATIVE_PREFIX) - 1);
	return str_split(ret_digits, '.', ret_code) && ret_digits->p != NULL && is_code(*ret_code);
}

bool native_open(struct str escaped, struct arena *a, struct native *ret)
{
	struct str digits, code, payload;

	if (!take_apart(escaped, &code, &digits))
		return false;
	if (!decode(digits, arena_alloc(a, digits.n / 4 * 3 + 2), &payload) ||
		!json_is_object(payload))
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

/* ---- signatures ---- */

/* A name as it stands in an envelope: nothing in it needs an escape. */
static struct str plain_name(struct str model, char ret[MODEL_MAX])
{
	size_t n = model.n < MODEL_MAX ? model.n : MODEL_MAX;

	for (size_t i = 0; i < n; i++) {
		char c = model.p[i];
		ret[i] = c > ' ' && c <= '~' && c != '"' && c != '\\' ? c : '_';
	}
	return (struct str){ ret, n };
}

uint32_t native_origin(struct str model)
{
	char name[MODEL_MAX];
	uint32_t h = (uint32_t)hash_fast(plain_name(model, name), 0);

	return h >= NATIVE_MODELS ? h : h + NATIVE_MODELS;
}

void native_seal_signature(struct buf *out, const struct native_signature *s)
{
	char name[MODEL_MAX];
	struct str model = plain_name(s->model, name);
	struct buf payload;

	buf_init(&payload, SIZE_MAX);
	buf_addf(&payload, HEAD_MODEL "%.*s" HEAD_HASH "%016llx" HEAD_VALUE, STR_ARG(model),
		(unsigned long long)s->hash);
	buf_add(&payload, s->value);
	buf_add_char(&payload, '}');
	native_seal(out, &(struct native){ STR(SIGNED), buf_str(&payload) });
	buf_release(&payload);
}

struct head {
	struct str model;
	uint64_t hash;
	size_t n; /* bytes up to the value */
};

static bool take_word(struct str *rest, struct str word)
{
	if (!str_starts(*rest, word))
		return false;
	*rest = str_from_offset(*rest, word.n);
	return true;
}

static bool take_hash(struct str *rest, uint64_t *ret)
{
	if (rest->n < HASH_DIGITS)
		return false;
	*ret = 0;
	for (size_t i = 0; i < HASH_DIGITS; i++) {
		char c = rest->p[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		*ret = *ret << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*rest = str_from_offset(*rest, HASH_DIGITS);
	return true;
}

static bool read_head(struct str payload, struct head *ret)
{
	char name[MODEL_MAX];
	struct str rest = payload;

	if (!take_word(&rest, STR(HEAD_MODEL)))
		return false;
	ret->model = (struct str){ rest.p, str_find_char(rest, '"') };
	rest = str_from_offset(rest, ret->model.n);
	if (ret->model.n > MODEL_MAX || !str_eq(plain_name(ret->model, name), ret->model))
		return false;
	if (!take_word(&rest, STR(HEAD_HASH)) || !take_hash(&rest, &ret->hash) ||
		!take_word(&rest, STR(HEAD_VALUE)))
		return false;
	ret->n = payload.n - rest.n;
	return true;
}

bool native_issuer(struct str escaped, struct native_issuer *ret)
{
	unsigned char bytes[HEAD_DIGITS / 4 * 3 + 2];
	struct str code, digits, payload;
	struct head h;

	if (!native_is_envelope(escaped))
		return false;
	*ret = (struct native_issuer){ .origin = NATIVE_FOREIGN };
	if (!take_apart(escaped, &code, &digits) || !str_eq(code, STR(SIGNED)))
		return true;
	size_t all = digits.n / 4 * 3 + digits.n % 4 * 3 / 4;
	digits.n = digits.n < HEAD_DIGITS ? digits.n : HEAD_DIGITS;
	if (!decode(digits, bytes, &payload) || !read_head(payload, &h) || all <= h.n)
		return true;
	size_t value = all - h.n - 1;
	*ret = (struct native_issuer){ native_origin(h.model), h.hash,
		value < UINT32_MAX ? (uint32_t)value : UINT32_MAX };
	return true;
}

bool native_open_signature(struct str escaped, struct arena *a, struct str *ret_value)
{
	struct native n;
	struct head h;

	if (!native_open(escaped, a, &n) || !str_eq(n.code, STR(SIGNED)) ||
		!read_head(n.payload, &h))
		return false;
	*ret_value = json_get(n.payload, STR("s"));
	return json_is_string(*ret_value) && ret_value->p == n.payload.p + h.n &&
	       ret_value->n == n.payload.n - h.n - 1;
}
