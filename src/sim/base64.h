/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648 section 4), for signatures and the heads of images. */
#ifndef SIM_BASE64_H
#define SIM_BASE64_H

#include "base/buf.h"

void base64_print(struct buf *out, struct str bytes);
/* Appends what the text stands for, at most `most` bytes of it. False on anything that is not Base64. */
bool base64_read(struct buf *out, struct str text, size_t most) MUSTCHECK;

#endif
