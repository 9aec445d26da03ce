/* SPDX-License-Identifier: MIT */
/* Content codings of request bodies (RFC 9110 section 8.4.1, RFC 8878 for zstd): gzip, deflate, br, zstd,
 * decoded as they arrive, with the output bounded (decompression bombs). */
#ifndef WIRE_ENCODING_H
#define WIRE_ENCODING_H

#include "base/buf.h"
#include "base/err.h"

enum encoding { ENCODING_IDENTITY, ENCODING_GZIP, ENCODING_DEFLATE, ENCODING_BR, ENCODING_ZSTD };

/* The coding a Content-Encoding value names ("", "identity", "gzip", "x-gzip", …, without case).
 * False (ERR_MEDIA_TYPE) for an unknown one and for more than one. */
bool encoding_parse(struct str value, enum encoding *ret, struct err *e) MUSTCHECK;

struct encoding_decoder;
/* NULL is never returned; ENCODING_IDENTITY copies. */
struct encoding_decoder *encoding_decoder_new(enum encoding kind) MUSTCHECK;
void encoding_decoder_free(struct encoding_decoder *d);

/* Appends what `in` decodes to. False: ERR_INVALID for damaged data or bytes after its end,
 * ERR_TOO_LARGE when out's ceiling is reached (nothing is allocated beyond it; one window of the
 * coding at most, 8 MiB for zstd). "deflate" accepts zlib and raw streams, as clients send both. */
bool encoding_decode(
	struct encoding_decoder *d, struct str in, struct buf *out, struct err *e) MUSTCHECK;

/* To be called at the end of the body: false (ERR_INVALID) when the coded stream is not complete. */
bool encoding_decode_end(struct encoding_decoder *d, struct err *e) MUSTCHECK;

#endif
