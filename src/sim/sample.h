/* SPDX-License-Identifier: MIT */
/* A small value that fits a JSON schema, for clients that ask for structured output. */
#ifndef SIM_SAMPLE_H
#define SIM_SAMPLE_H

#include "base/buf.h"
#include "sim/tree.h"

/* Appends such a value. Understood: const, enum, anyOf, type, properties, items, minItems. */
void sample_print(struct buf *out, yyjson_val *schema);

#endif
