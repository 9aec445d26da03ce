/* SPDX-License-Identifier: MIT */
/* What must hold for any bytes given to a decoder: the pieces they come in make no difference, and the
 * output never passes its ceiling. */
#ifndef UNIT_WIRE_ENCODING_ORACLE_H
#define UNIT_WIRE_ENCODING_ORACLE_H

#include "unit/wire/check.h"
#include "wire/encoding.h"

/* How a body arrives: in pieces of so many bytes, or of random sizes. All zero: in one. */
struct pieces {
	size_t every;
	uint64_t seed;
};

/* Decodes a whole body. The output is complete when true is returned. */
static inline bool decode_pieces(
	enum encoding kind, struct str coded, struct pieces by, struct buf *out, struct err *e)
{
	struct encoding_decoder *d = encoding_decoder_new(kind);
	bool good = true;

	for (size_t at = 0, n; at < coded.n && good; at += n) {
		n = by.seed != 0    ? 1 + random_below(&by.seed, 50)
		    : by.every != 0 ? by.every
				    : coded.n;
		if (n > coded.n - at)
			n = coded.n - at;
		char *copy = exact_copy((struct str){ coded.p + at, n });
		good = encoding_decode(d, (struct str){ copy, n }, out, e);
		free(copy);
		CHECK(out->n <= out->max && out->cap <= out->max);
	}
	good = good && encoding_decode_end(d, e);
	encoding_decoder_free(d);
	CHECK(good || ((e->kind == ERR_INVALID || e->kind == ERR_TOO_LARGE) && e->text[0] != '\0'));
	return good;
}

/* The same body in other pieces. */
static inline void encoding_check_pieces(enum encoding kind, struct str coded, struct pieces by,
	bool want_good, const struct buf *want)
{
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, want->max);
	bool good = decode_pieces(kind, coded, by, &out, &e);
	CHECK(good == want_good);
	CHECK(!good || str_eq(buf_str(&out), buf_str(want)));
	buf_release(&out);
}

#endif
