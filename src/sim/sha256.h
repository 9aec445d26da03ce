/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104), for prefix chains, signatures and digests of bodies. A state is plain data: a
 * copy of it goes on from the same point. */
#ifndef SIM_SHA256_H
#define SIM_SHA256_H

#include "base/buf.h"

enum { SHA256_BYTES = 32 };

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;
	unsigned char block[64];
};

struct digest {
	unsigned char b[SHA256_BYTES];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct str bytes);
/* Adds the length first, so that neighbouring parts cannot be taken for each other. */
void sha256_add_part(struct sha256 *s, struct str part);
/* The digest of all added so far; the state may be added to afterwards. */
struct digest sha256_digest(const struct sha256 *s);
struct digest sha256_of(struct str bytes);
struct digest hmac_sha256(struct str key, struct str message);

/* Appends the first n bytes of it, in hexadecimal. */
void digest_print(struct buf *out, const struct digest *d, size_t n);

#endif
