/* SPDX-License-Identifier: MIT */
/* The form in which a block counts: what the model sees of it, without cache marks, however the JSON was written. Two bodies
 * whose blocks have the same forms have the same prefix. */
#ifndef SIM_CANON_H
#define SIM_CANON_H

#include "base/buf.h"
#include "sim/tree.h"

/* Compact JSON with the order of members kept and numbers as JavaScript writes them, so that a round trip through any client
 * changes nothing. */
void canon_json(struct buf *out, yyjson_val *v);

/* One content block of a message or of the system prompt, without its cache_control. */
void canon_block(struct buf *out, yyjson_val *block);
/* A text that stands where a list of blocks could. */
void canon_text(struct buf *out, struct str text);
/* One definition of a tool. */
void canon_tool(struct buf *out, yyjson_val *tool);

#endif
