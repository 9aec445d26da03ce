/* SPDX-License-Identifier: MIT */
/* Digests by libcrypto, the fast ones by libxxhash. None of these calls can fail but for want of memory. */
#include "wire/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#ifdef HAVE_XXH_DISPATCH /* takes the widest registers that the machine has */
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

/* The digest of two parts, one behind the other. */
static struct digest digest_of(struct str a, struct str b)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct digest ret;

	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, a.p, a.n) == 1 && EVP_DigestUpdate(ctx, b.p, b.n) == 1 &&
		  EVP_DigestFinal_ex(ctx, ret.b, NULL) == 1;
	assert(ok);
	EVP_MD_CTX_free(ctx);
	return ret;
}

struct digest hash_of(struct str bytes)
{
	return digest_of(bytes, STR(""));
}

struct digest hash_hmac(struct str key, struct str message)
{
	struct digest ret;
	unsigned n = 0;

	assert(key.n <= INT32_MAX);
	HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)message.p, message.n, ret.b,
		&n);
	assert(n == sizeof(ret.b));
	return ret;
}

void hash_chain(struct digest *chain, struct str part)
{
	*chain = digest_of((struct str){ (const char *)chain->b, sizeof(chain->b) }, part);
}

void digest_print(struct buf *out, const struct digest *d, size_t n)
{
	assert(n <= sizeof(d->b));
	for (size_t i = 0; i < n; i++) {
		buf_add_char(out, "0123456789abcdef"[d->b[i] >> 4]);
		buf_add_char(out, "0123456789abcdef"[d->b[i] & 15]);
	}
}

uint64_t hash_fast(struct str bytes, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes.p, bytes.n, seed);
}

uint64_t hash_fast_chain(uint64_t chain, uint64_t part)
{
	return XXH3_64bits_withSeed(&part, sizeof(part), chain);
}
