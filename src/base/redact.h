/* SPDX-License-Identifier: MIT */
/* Takes secrets out of text that is to be kept: those that are given, and what looks like a key or a token of a well-known service. */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/buf.h"

/* Appends text with each secret replaced by "[redacted]". Given secrets of fewer than 8 bytes are not looked for. */
void redact(struct buf *out, struct str text, const struct str *secrets, size_t n);

#endif
