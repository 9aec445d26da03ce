/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4), HMAC with it (RFC 2104), and chains of digests: by libcrypto. And a fast hash that nobody who wants
 * to deceive must be held off with (XXH3): by libxxhash. */
#ifndef WIRE_HASH_H
#define WIRE_HASH_H

#include "base/buf.h"

enum { DIGEST_BYTES = 32 };

struct digest {
	unsigned char b[DIGEST_BYTES];
};

struct digest hash_of(struct str bytes);
struct digest hash_hmac(struct str key, struct str message);
/* Makes *chain the digest of what it was and of one more part; a chain begins with zeros. */
void hash_chain(struct digest *chain, struct str part);
/* Appends the first n bytes of it, in hexadecimal. */
void digest_print(struct buf *out, const struct digest *d, size_t n);
/* 64 bits of some bytes; another seed gives other bits. */
uint64_t hash_fast(struct str bytes, uint64_t seed);
/* The hash of what `chain` was and of one more part. */
uint64_t hash_fast_chain(uint64_t chain, uint64_t part);

#endif
