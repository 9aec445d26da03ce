/* SPDX-License-Identifier: MIT */
/* Server-sent events (WHATWG HTML, "server-sent events"): where frames end in a byte stream, and
 * what a frame says. LF, CR and CRLF line ends, BOM, comments, several data lines. Relayed bytes
 * are never rebuilt from what is parsed here. */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/buf.h"

/* Finds frame ends in a stream that arrives in pieces. All zero at the start of a stream. */
struct sse_scanner {
	bool after_cr;   /* the last byte was a CR: an LF now belongs to it */
	bool line_empty; /* no byte yet on the current line… */
	bool started;    /* …of a frame that has at least one line or byte */
};

/* Looks at bytes not seen before. Returns how many of them reach up to and including the end of the
 * first frame that ends in them (its blank line), or 0 when none does; call again with the rest. A
 * CR that ends a blank line ends the frame at once; an LF right after it is taken as part of the
 * next frame's leading blank, so that a stream is never held back waiting for it. Blank lines
 * before a frame belong to it. Any split of a stream yields the same frame contents, and all bytes
 * belong to some frame. */
size_t sse_scan(struct sse_scanner *s, struct str bytes);

/* True between frames: at the start of the stream, or when only line ends followed the last
 * frame. */
bool sse_at_boundary(const struct sse_scanner *s);

struct sse_frame {
	struct str event; /* last "event:" value; empty without one */
	struct str data;  /* "data:" values joined with LF */
	bool has_data;
};

/* Parses one whole frame (also a last one without its blank line; a BOM at its start is skipped).
 * Views point into frame, or into scratch when data lines had to be joined; they live as long as
 * both. When scratch overflows, data is what fitted. */
void sse_parse(struct str frame, struct buf *scratch, struct sse_frame *ret);
/* Where in a frame that byte of its data stands; frame.n when there is no such byte, or it is an LF that joins two lines. */
size_t sse_data_place(struct str frame, size_t at);

#endif
