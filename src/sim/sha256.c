/* SPDX-License-Identifier: MIT */
/* SHA-256 by the letter of FIPS 180-4, one block at a time. */
#include "sim/sha256.h"

#include <string.h>

static const uint32_t k[64] = {
	0x428a2f98,
	0x71374491,
	0xb5c0fbcf,
	0xe9b5dba5,
	0x3956c25b,
	0x59f111f1,
	0x923f82a4,
	0xab1c5ed5,
	0xd807aa98,
	0x12835b01,
	0x243185be,
	0x550c7dc3,
	0x72be5d74,
	0x80deb1fe,
	0x9bdc06a7,
	0xc19bf174,
	0xe49b69c1,
	0xefbe4786,
	0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f,
	0x4a7484aa,
	0x5cb0a9dc,
	0x76f988da,
	0x983e5152,
	0xa831c66d,
	0xb00327c8,
	0xbf597fc7,
	0xc6e00bf3,
	0xd5a79147,
	0x06ca6351,
	0x14292967,
	0x27b70a85,
	0x2e1b2138,
	0x4d2c6dfc,
	0x53380d13,
	0x650a7354,
	0x766a0abb,
	0x81c2c92e,
	0x92722c85,
	0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70,
	0xc76c51a3,
	0xd192e819,
	0xd6990624,
	0xf40e3585,
	0x106aa070,
	0x19a4c116,
	0x1e376c08,
	0x2748774c,
	0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a,
	0x5b9cca4f,
	0x682e6ff3,
	0x748f82ee,
	0x78a5636f,
	0x84c87814,
	0x8cc70208,
	0x90befffa,
	0xa4506ceb,
	0xbef9a3f7,
	0xc67178f2,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return (x >> n) | (x << (32 - n));
}

static void schedule(uint32_t w[64], const unsigned char *p)
{
	for (unsigned i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
		       (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
	for (unsigned i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + (rotr(a, 7) ^ rotr(a, 18) ^ (a >> 3)) + w[i - 7] +
		       (rotr(b, 17) ^ rotr(b, 19) ^ (b >> 10));
	}
}

/* Step t, with the eight working variables turned by t places instead of moved. */
static inline void step(uint32_t v[8], unsigned t, uint32_t kw)
{
	uint32_t a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
	uint32_t e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7];
	uint32_t s1 = rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25);
	uint32_t t1 = v[(7 - t) & 7] + s1 + ((e & f) ^ (~e & g)) + kw;
	uint32_t s0 = rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22);

	v[(3 - t) & 7] += t1;
	v[(7 - t) & 7] = t1 + s0 + ((a & b) ^ (a & c) ^ (b & c));
}

static void compress(uint32_t h[8], const unsigned char *p)
{
	uint32_t w[64], v[8];

	schedule(w, p);
	memcpy(v, h, sizeof(v));
	for (unsigned i = 0; i < 64; i += 8) {
		step(v, 0, k[i] + w[i]);
		step(v, 1, k[i + 1] + w[i + 1]);
		step(v, 2, k[i + 2] + w[i + 2]);
		step(v, 3, k[i + 3] + w[i + 3]);
		step(v, 4, k[i + 4] + w[i + 4]);
		step(v, 5, k[i + 5] + w[i + 5]);
		step(v, 6, k[i + 6] + w[i + 6]);
		step(v, 7, k[i + 7] + w[i + 7]);
	}
	for (unsigned i = 0; i < 8; i++)
		h[i] += v[i];
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t start[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };

	memcpy(s->h, start, sizeof(start));
	s->bytes = 0;
}

void sha256_add(struct sha256 *s, struct str bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	size_t left = bytes.n, have = s->bytes % 64;

	s->bytes += left;
	if (have > 0) {
		size_t n = left < 64 - have ? left : 64 - have;
		if (n > 0)
			memcpy(s->block + have, p, n);
		if (have + n < 64)
			return;
		compress(s->h, s->block);
		p += n;
		left -= n;
	}
	for (; left >= 64; p += 64, left -= 64)
		compress(s->h, p);
	if (left > 0)
		memcpy(s->block, p, left);
}

void sha256_add_part(struct sha256 *s, struct str part)
{
	uint64_t n = part.n;

	sha256_add(s, (struct str){ (const char *)&n, sizeof(n) });
	sha256_add(s, part);
}

struct digest sha256_digest(const struct sha256 *s)
{
	static const char pad[64] = { (char)0x80 };
	struct sha256 end = *s;
	struct digest d;
	char length[8];
	size_t have = s->bytes % 64;

	for (unsigned i = 0; i < 8; i++)
		length[i] = (char)(s->bytes * 8 >> (56 - 8 * i));
	sha256_add(&end, (struct str){ pad, (have < 56 ? 56 : 120) - have });
	sha256_add(&end, (struct str){ length, sizeof(length) });
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		d.b[i] = (unsigned char)(end.h[i / 4] >> (24 - 8 * (i % 4)));
	return d;
}

struct digest sha256_of(struct str bytes)
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, bytes);
	return sha256_digest(&s);
}

static void add_padded_key(struct sha256 *s, const struct digest *key, unsigned char with)
{
	unsigned char block[64];

	memset(block, with, sizeof(block));
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		block[i] ^= key->b[i];
	sha256_init(s);
	sha256_add(s, (struct str){ (const char *)block, sizeof(block) });
}

struct digest hmac_sha256(struct str key, struct str message)
{
	struct digest short_key = { { 0 } }, inner;
	struct sha256 s;

	if (key.n > sizeof(short_key.b))
		short_key = sha256_of(key);
	else if (key.n > 0)
		memcpy(short_key.b, key.p, key.n);
	add_padded_key(&s, &short_key, 0x36);
	sha256_add(&s, message);
	inner = sha256_digest(&s);
	add_padded_key(&s, &short_key, 0x5c);
	sha256_add(&s, (struct str){ (const char *)inner.b, sizeof(inner.b) });
	return sha256_digest(&s);
}

void digest_print(struct buf *out, const struct digest *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(out, "%02x", d->b[i]);
}
