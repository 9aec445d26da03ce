/* SPDX-License-Identifier: MIT */
/* The part of a reply that only its own provider understands and wants back unchanged: signatures and encrypted reasoning.
 * Clients of other dialects keep it for us in a slot that is opaque to them, as an envelope: "slsig1.", the provider's
 * code, ".", base64url without padding of a compact JSON object. What the object holds, by code:
 *
 *   ant  {"b":[thinking and redacted_thinking blocks, verbatim]}
 *   gem  {"p":[["fc",call id,thoughtSignature],…]}
 *   oai  {"id":reasoning item's id,"e":encrypted_content}
 *   or   {"d":[reasoning_details, fragments of one index merged]}
 *   ds, xa and others whose reasoning is plain text: {"m":model}, and "t":text where the slot is all that comes back */
#ifndef LLM_NATIVE_H
#define LLM_NATIVE_H

#include "base/arena.h"
#include "base/buf.h"

struct native {
	struct str code; /* "ant"; empty: there is nothing */
	struct str
		payload; /* the JSON object, raw and compact; may be empty where only the code is known: a native signature that
	                     * no other provider can use */
};

#define NATIVE_PREFIX "slsig1."

/* True for text that is an envelope, or pretends to be one. */
bool native_is_envelope(struct str escaped);
/* Opens one. False when it is none, or damaged. Payload in the arena. */
bool native_open(struct str escaped, struct arena *a, struct native *ret) MUSTCHECK;
/* Appends the envelope, without quotes. */
void native_seal(struct buf *out, const struct native *n);

#endif
