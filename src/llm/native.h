/* SPDX-License-Identifier: MIT */
/* The part of a reply that only its own provider understands and wants back unchanged: signatures and encrypted reasoning.
 * Clients of other dialects keep it for us in a slot that is opaque to them, as an envelope: "slsig1.", the provider's
 * code, ".", base64url without padding of a compact JSON object. What the object holds, by code:
 *
 *   ant  {"b":[thinking and redacted_thinking blocks, verbatim]}, or one signature of a model that the client had not asked for:
 *        {"m":model,"h":16 hexadecimal digits: the signature's hash in an outline,"s":signature, verbatim}, in this order
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

/* A signature that names the model which has issued it. */
struct native_signature {
	struct str model;
	uint64_t hash;    /* see outline_member_hash() */
	struct str value; /* as JSON has it, quotes included */
};
void native_seal_signature(struct buf *out, const struct native_signature *s);
/* The value that was sealed, in the arena. False when it is no such envelope, or damaged. */
bool native_open_signature(struct str escaped, struct arena *a, struct str *ret_value) MUSTCHECK;

/* Whose thinking a block is: 0 is the model's that the client asked for, all others stand for the model that an envelope names. */
enum native_origin {
	NATIVE_ASKED,
	NATIVE_FOREIGN, /* an envelope that names none */
	NATIVE_UNSIGNED,
	NATIVE_MODELS, /* the first of them */
};
struct native_issuer {
	uint32_t origin;
	uint64_t
		hash; /* of what was sealed, and its bytes with quotes; 0 where no model is named */
	uint32_t bytes;
};
/* 32 bits that stand for the canonical name of a model. */
uint32_t native_origin(struct str model);
/* Reads the beginning of an envelope, and nothing else of it; what it says is good for forecasts. False when it is none. */
bool native_issuer(struct str escaped, struct native_issuer *ret) MUSTCHECK;

#endif
