/* SPDX-License-Identifier: MIT */
/* Layout: version, tokens, model (8 bytes of its digest), prefix (16 bytes), seal (16 bytes). The key is no secret: what is
 * sealed here is worth nothing, and signatures must survive a restart. */
#include "sim/signature.h"

#include "sim/base64.h"

#include <string.h>

enum { VERSION = 0x12, MODEL_BYTES = 8, PREFIX_BYTES = 16, SEAL_BYTES = 16 };
enum { AT_TOKENS = 1, AT_MODEL = 5, AT_PREFIX = 13, AT_SEAL = 29, SIGNATURE_BYTES = 45 };

static void seal(struct str claims, struct str text, char ret[SEAL_BYTES])
{
	struct buf b;
	struct digest d;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, claims);
	buf_add(&b, text);
	d = hash_hmac(STR("sluice-sim thinking"), buf_str(&b));
	memcpy(ret, d.b, SEAL_BYTES);
	buf_release(&b);
}

void signature_issue(struct buf *out, const struct claims *c, struct str text)
{
	char raw[SIGNATURE_BYTES] = { VERSION };
	struct digest model = hash_of(c->model);
	uint32_t tokens = (uint32_t)c->tokens;

	memcpy(raw + AT_TOKENS, &tokens, sizeof(tokens));
	memcpy(raw + AT_MODEL, model.b, MODEL_BYTES);
	memcpy(raw + AT_PREFIX, c->prefix.b, PREFIX_BYTES);
	seal((struct str){ raw, AT_SEAL }, text, raw + AT_SEAL);
	base64_print(out, (struct str){ raw, sizeof(raw) });
}

static bool unpack(struct str signature, char ret[SIGNATURE_BYTES])
{
	struct buf b;
	bool ok;

	buf_init(&b, 4 * SIGNATURE_BYTES);
	ok = base64_read(&b, signature, SIZE_MAX) && b.n == SIGNATURE_BYTES && b.p[0] == VERSION;
	if (ok)
		memcpy(ret, b.p, SIGNATURE_BYTES);
	buf_release(&b);
	return ok;
}

enum signature_verdict signature_verify(
	struct str signature, struct str text, const struct claims *expected, int64_t *ret_tokens)
{
	char raw[SIGNATURE_BYTES], want[SEAL_BYTES];
	struct digest model = hash_of(expected->model);
	uint32_t tokens;

	if (!unpack(signature, raw))
		return SIGNATURE_INVALID;
	seal((struct str){ raw, AT_SEAL }, text, want);
	if (memcmp(want, raw + AT_SEAL, SEAL_BYTES) != 0)
		return SIGNATURE_INVALID;
	memcpy(&tokens, raw + AT_TOKENS, sizeof(tokens));
	*ret_tokens = tokens;
	if (memcmp(raw + AT_MODEL, model.b, MODEL_BYTES) != 0)
		return SIGNATURE_OTHER_MODEL;
	if (memcmp(raw + AT_PREFIX, expected->prefix.b, PREFIX_BYTES) != 0)
		return SIGNATURE_OTHER_PREFIX;
	return SIGNATURE_GOOD;
}
