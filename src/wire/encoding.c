/* SPDX-License-Identifier: MIT */
/* One loop around zlib, brotli and zstd: it hands each of them room for a bounded piece of output at a
 * time, so that a small input can never make more than the caller's ceiling. */
#include "wire/encoding.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	ROOM_MIN = 1024,
	ROOM_MAX = 64 * 1024,
	ZSTD_HEAD_MAX = 18, /* bytes of a frame before its first block (RFC 8878 section 3.1.1.1) */
	ZSTD_WINDOW_LOG = 23, /* 8 MiB, the most that RFC 9659 lets a sender use */
	ZLIB_WINDOW = 15,
	ZLIB_GZIP = 16, /* added to the window size: the gzip format */
};

enum progress { GOING, COMPLETE, DAMAGED };

struct encoding_decoder {
	const struct coding *coding;
	bool complete; /* the input may end here */
	bool opened;   /* one of these is in use */
	char head[2];  /* of a deflate stream, until its format is known */
	size_t head_n;
	z_stream z;
	BrotliDecoderState *br;
	ZSTD_DCtx *zstd;
	char magic[4]; /* of the frame that begins */
	size_t magic_n;
	size_t zstd_fed; /* bytes of the frame so far; 0: between frames */
};

/* Where a step may write, and how much it wrote. */
struct room {
	char *p;
	size_t n, used;
};

struct coding {
	const char *name, *alias;
	/* Decodes some of *in, which it shortens, into the room. */
	enum progress (*step)(struct encoding_decoder *d, struct str *in, struct room *room);
	void (*close)(struct encoding_decoder *d);
};

static struct str first(struct str s, size_t n)
{
	return (struct str){ s.p, s.n < n ? s.n : n };
}

static enum progress identity_step(struct encoding_decoder *d, struct str *in, struct room *room)
{
	struct str piece = first(*in, room->n);

	memcpy(room->p, piece.p, piece.n);
	room->used = piece.n;
	*in = str_from_offset(*in, piece.n);
	return COMPLETE;
}

static void identity_close(struct encoding_decoder *d)
{
}

static void zlib_open(struct encoding_decoder *d, int window)
{
	int rc = inflateInit2(&d->z, window);

	assert(rc == Z_OK);
	d->opened = true;
}

static enum progress zlib_step(struct encoding_decoder *d, struct str *in, struct room *room)
{
	struct str piece = first(*in, ROOM_MAX);

	d->z.next_in = (Bytef *)(uintptr_t)piece.p;
	d->z.avail_in = (uInt)piece.n;
	d->z.next_out = (Bytef *)room->p;
	d->z.avail_out = (uInt)room->n;
	int rc = inflate(&d->z, Z_NO_FLUSH);
	*in = str_from_offset(*in, piece.n - d->z.avail_in);
	room->used = room->n - d->z.avail_out;
	if (rc == Z_STREAM_END)
		return COMPLETE;
	return rc == Z_OK || rc == Z_BUF_ERROR ? GOING : DAMAGED;
}

/* A gzip file is any number of members in a row (RFC 1952 section 2.2). */
static enum progress gzip_step(struct encoding_decoder *d, struct str *in, struct room *room)
{
	if (!d->opened)
		zlib_open(d, ZLIB_WINDOW + ZLIB_GZIP);
	else if (d->complete)
		inflateReset(&d->z);
	return zlib_step(d, in, room);
}

/* Whether two bytes are a zlib header (RFC 1950 section 2.2): method 8, a window that exists, checksum. */
static bool is_zlib(const char head[2])
{
	unsigned cmf = (unsigned char)head[0], flg = (unsigned char)head[1];

	return (cmf & 0x0f) == Z_DEFLATED && cmf >> 4 <= 7 && (cmf << 8 | flg) % 31 == 0;
}

/* The name means the zlib format (RFC 9110 section 8.4.1.2), but many send the bare stream. */
static enum progress deflate_step(struct encoding_decoder *d, struct str *in, struct room *room)
{
	for (; d->head_n < sizeof(d->head) && in->n > 0; *in = str_from_offset(*in, 1))
		d->head[d->head_n++] = in->p[0];
	if (d->head_n < sizeof(d->head))
		return GOING;
	if (!d->opened) {
		struct str head = { d->head, sizeof(d->head) };
		zlib_open(d, is_zlib(d->head) ? ZLIB_WINDOW : -ZLIB_WINDOW);
		enum progress p = zlib_step(d, &head, room);
		/* Two bytes hold at most the whole of an empty stream, which leaves none of them over. */
		if (p != GOING || room->used > 0)
			return p;
	}
	return zlib_step(d, in, room);
}

static void zlib_close(struct encoding_decoder *d)
{
	inflateEnd(&d->z);
}

static enum progress br_step(struct encoding_decoder *d, struct str *in, struct room *room)
{
	if (!d->opened) {
		d->br = BrotliDecoderCreateInstance(NULL, NULL, NULL);
		assert(d->br != NULL);
		d->opened = true;
	}
	size_t left = room->n;
	const uint8_t *next_in = (const uint8_t *)in->p;
	uint8_t *next_out = (uint8_t *)room->p;
	BrotliDecoderResult rc =
		BrotliDecoderDecompressStream(d->br, &in->n, &next_in, &left, &next_out, NULL);
	in->p = (const char *)next_in;
	room->used = room->n - left;
	if (rc == BROTLI_DECODER_RESULT_SUCCESS)
		return COMPLETE;
	return rc != BROTLI_DECODER_RESULT_ERROR ? GOING : DAMAGED;
}

static void br_close(struct encoding_decoder *d)
{
	BrotliDecoderDestroyInstance(d->br);
}

/* Frames in a row are one stream (RFC 8878 section 3); the library goes on by itself. */
static enum progress zstd_feed(struct encoding_decoder *d, struct str *in, struct room *room)
{
	/* Bytes of a frame's head go in one by one: when the library gets more, it looks for a whole frame in them, and
	 * judges that otherwise. */
	bool in_head = d->zstd_fed >= sizeof(d->magic) && d->zstd_fed < ZSTD_HEAD_MAX;
	ZSTD_inBuffer from = { in->p, in_head && in->n > 0 ? 1 : in->n, 0 };
	ZSTD_outBuffer to = { room->p, room->n, 0 };
	size_t rc = ZSTD_decompressStream(d->zstd, &to, &from);

	*in = str_from_offset(*in, from.pos);
	room->used = to.pos;
	if (ZSTD_isError(rc))
		return DAMAGED;
	d->zstd_fed = rc != 0 ? d->zstd_fed + from.pos : 0;
	return rc == 0 ? COMPLETE : GOING;
}

/* Of a frame or of one to be skipped (RFC 8878 section 3.1); the library also knows formats from before. */
static bool is_zstd_magic(const char magic[4])
{
	return memcmp(magic, "\x28\xB5\x2F\xFD", 4) == 0 ||
	       ((magic[0] & 0xF0) == 0x50 && memcmp(magic + 1, "\x2A\x4D\x18", 3) == 0);
}

static enum progress zstd_step(struct encoding_decoder *d, struct str *in, struct room *room)
{
	if (!d->opened) {
		d->zstd = ZSTD_createDCtx();
		assert(d->zstd != NULL);
		ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
		d->opened = true;
	}
	if (d->zstd_fed > 0)
		return zstd_feed(d, in, room);
	for (; d->magic_n < sizeof(d->magic) && in->n > 0; *in = str_from_offset(*in, 1))
		d->magic[d->magic_n++] = in->p[0];
	if (d->magic_n < sizeof(d->magic))
		return GOING;
	struct str magic = { d->magic, sizeof(d->magic) };
	d->magic_n = 0;
	return is_zstd_magic(d->magic) ? zstd_feed(d, &magic, room) : DAMAGED;
}

static void zstd_close(struct encoding_decoder *d)
{
	ZSTD_freeDCtx(d->zstd);
}

static const struct coding codings[] = {
	[ENCODING_IDENTITY] = { "identity", "", identity_step, identity_close },
	[ENCODING_GZIP] = { "gzip", "x-gzip", gzip_step, zlib_close },
	[ENCODING_DEFLATE] = { "deflate", "deflate", deflate_step, zlib_close },
	[ENCODING_BR] = { "br", "br", br_step, br_close },
	[ENCODING_ZSTD] = { "zstd", "zstd", zstd_step, zstd_close },
};

bool encoding_parse(struct str value, enum encoding *ret, struct err *e)
{
	value = str_trim(value);
	for (size_t i = 0; i < ARRAY_LEN(codings); i++)
		if (str_eq_nocase(value, str_from(codings[i].name)) ||
			str_eq_nocase(value, str_from(codings[i].alias))) {
			*ret = (enum encoding)i;
			return true;
		}
	return err_set(e, ERR_MEDIA_TYPE, "content encoding \"%.*s\" is not supported",
		value.n < 64 ? (int)value.n : 64, value.p);
}

struct encoding_decoder *encoding_decoder_new(enum encoding kind)
{
	struct encoding_decoder *d = must_alloc(sizeof(*d));

	d->coding = &codings[kind];
	d->complete = kind == ENCODING_IDENTITY;
	return d;
}

void encoding_decoder_free(struct encoding_decoder *d)
{
	if (d == NULL)
		return;
	if (d->opened)
		d->coding->close(d);
	free(d);
}

/* Some room behind out; once that is full, one byte beside it shows whether there is more to come. */
static struct room make_room(struct buf *out, size_t hint, char *spare)
{
	size_t n = hint < ROOM_MIN ? ROOM_MIN : hint > ROOM_MAX ? ROOM_MAX : hint;

	if (n > out->max - out->n)
		n = out->max - out->n;
	if (n == 0 || !buf_reserve(out, n))
		return (struct room){ spare, 1, 0 };
	return (struct room){ out->p + out->n, n, 0 };
}

bool encoding_decode(struct encoding_decoder *d, struct str in, struct buf *out, struct err *e)
{
	char spare;
	bool full = false;

	while (in.n > 0 || (full && !d->complete)) {
		size_t before = in.n;
		struct room room = make_room(out, in.n * 4, &spare);
		enum progress p = d->coding->step(d, &in, &room);
		if (room.p == &spare && room.used > 0)
			return err_set(
				e, ERR_TOO_LARGE, "decoded body has more than %zu bytes", out->max);
		out->n += room.used;
		full = room.used == room.n;
		/* No step takes bytes behind the end. */
		if (p == DAMAGED || (in.n > 0 && in.n == before && room.used == 0))
			return err_set(e, ERR_INVALID, "body is not valid %s", d->coding->name);
		d->complete = p == COMPLETE;
	}
	return true;
}

bool encoding_decode_end(struct encoding_decoder *d, struct err *e)
{
	if (d->complete)
		return true;
	return err_set(e, ERR_INVALID, "body ends before its %s data does", d->coding->name);
}
