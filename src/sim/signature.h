/* SPDX-License-Identifier: MIT */
/* Signatures of thinking: issued with a reply, verified when the block comes back. A signature tells which model thought, after
 * which prefix, and how many tokens that took, sealed together with the text that the client was shown. */
#ifndef SIM_SIGNATURE_H
#define SIM_SIGNATURE_H

#include "wire/hash.h"

struct claims {
	struct str model; /* canonical name; not set by signature_verify() */
	struct digest prefix;
	int64_t tokens;
};

/* Appends a signature in Base64. text is what the client is shown, "" when it is shown nothing. */
void signature_issue(struct buf *out, const struct claims *c, struct str text);

enum signature_verdict {
	SIGNATURE_GOOD,
	SIGNATURE_INVALID,
	SIGNATURE_OTHER_MODEL,
	SIGNATURE_OTHER_PREFIX
};

/* Judges one that came back; expected has the model and prefix at which the block stands. ret_tokens is set unless
 * invalid. */
enum signature_verdict signature_verify(
	struct str signature, struct str text, const struct claims *expected, int64_t *ret_tokens);

#endif
