/* SPDX-License-Identifier: MIT */
/* The headers of four image formats: PNG (RFC 2083), GIF89a, JPEG (ITU T.81), WebP (RFC 9649). */
#include "sim/image.h"

#include "sim/base64.h"

#include <string.h>

enum { HEAD_BYTES = 64 * 1024 };

static int64_t big(const unsigned char *p, unsigned n)
{
	int64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static int64_t little(const unsigned char *p, unsigned n)
{
	int64_t v = 0;

	for (unsigned i = n; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

/* Segments up to the one that begins a frame. */
static bool jpeg_size(const unsigned char *p, size_t n, int64_t *w, int64_t *h)
{
	size_t at = 2;

	while (at + 9 <= n && p[at] == 0xff) {
		unsigned char m = p[at + 1];
		if (m >= 0xc0 && m <= 0xcf && m != 0xc4 && m != 0xc8 && m != 0xcc) {
			*h = big(p + at + 5, 2);
			*w = big(p + at + 7, 2);
			return true;
		}
		at += 2 + (size_t)big(p + at + 2, 2);
	}
	return false;
}

static bool webp_size(const unsigned char *p, int64_t *w, int64_t *h)
{
	if (memcmp(p + 12, "VP8X", 4) == 0) {
		*w = little(p + 24, 3) + 1;
		*h = little(p + 27, 3) + 1;
	} else if (memcmp(p + 12, "VP8L", 4) == 0) {
		int64_t bits = little(p + 21, 4);
		*w = (bits & 0x3fff) + 1;
		*h = (bits >> 14 & 0x3fff) + 1;
	} else if (memcmp(p + 12, "VP8 ", 4) == 0) {
		*w = little(p + 26, 2) & 0x3fff;
		*h = little(p + 28, 2) & 0x3fff;
	} else {
		return false;
	}
	return true;
}

static bool head_size(const unsigned char *p, size_t n, int64_t *w, int64_t *h)
{
	if (n >= 24 && memcmp(p, "\x89PNG\r\n\x1a\n", 8) == 0) {
		*w = big(p + 16, 4);
		*h = big(p + 20, 4);
	} else if (n >= 10 && memcmp(p, "GIF8", 4) == 0) {
		*w = little(p + 6, 2);
		*h = little(p + 8, 2);
	} else if (n >= 30 && memcmp(p, "RIFF", 4) == 0 && memcmp(p + 8, "WEBP", 4) == 0) {
		return webp_size(p, w, h);
	} else if (n >= 4 && p[0] == 0xff && p[1] == 0xd8) {
		return jpeg_size(p, n, w, h);
	} else {
		return false;
	}
	return true;
}

bool image_size(struct str base64, int64_t *ret_width, int64_t *ret_height)
{
	struct buf head;
	bool ok;

	buf_init(&head, HEAD_BYTES + 4);
	ok = base64_read(&head, base64, HEAD_BYTES) &&
	     head_size((const unsigned char *)head.p, head.n, ret_width, ret_height);
	buf_release(&head);
	return ok && *ret_width > 0 && *ret_height > 0 && *ret_width < 1 << 20 &&
	       *ret_height < 1 << 20;
}
