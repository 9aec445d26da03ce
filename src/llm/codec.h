/* SPDX-License-Identifier: MIT */
/* Replies on their way from one dialect to another: a decoder makes neutral events of a provider's bytes, an encoder makes a client's
 * bytes of them. Their state is each dialect's own and lives in the arena; nothing may be allocated from the arena for each
 * event of a stream, which can be long: use scratch. */
#ifndef LLM_CODEC_H
#define LLM_CODEC_H

#include "llm/reply.h"
#include "llm/target.h"

struct dialect;

struct decoder {
	const struct dialect *dialect; /* the provider's */
	const struct flavor *flavor;
	struct str model; /* that was asked for, as the provider knows it */
	struct arena *arena;
	const char *
		call_prefix; /* of the client's ids of calls where the provider has none and its signatures refer to them; NULL: "toolu_" */
	struct buf scratch;  /* a decoder clears it when it begins with an event */
	struct sink *to;
	struct warnings *warnings; /* of the reply; those after its head only reach the log */
	bool ended;                /* EV_STOP or EV_ERROR is out: nothing follows */
	bool open, signable;       /* a part is; it is reasoning that has not been signed */
	void *state;
};

/* Fills d, with warnings of its own, and lets the dialect set up its state. */
void decoder_init(struct decoder *d, const struct dialect *from, const struct target *t,
	struct arena *a, struct sink *to);
void decoder_release(struct decoder *d);
/* A whole frame of an event stream; a whole JSON body; the end of the stream, which is an error when the reply has not come to its end.
 * What is no reply at all (broken JSON, HTML, an error in place of a reply) becomes EV_ERROR. After the end: ignored. */
void decoder_frame(struct decoder *d, struct str frame);
void decoder_body(struct decoder *d, struct str body);
void decoder_end(struct decoder *d);

/* For decoders: passes on an event, unless the end is out already. */
void decoder_put(struct decoder *d, const struct event *ev);
/* EV_ERROR. */
void decoder_fail(struct decoder *d, enum err_kind kind, struct str message, bool again);

/* What is known of the request when the reply is printed. Views must outlive the encoder. */
struct encoder_wishes {
	struct str model;  /* as the client asked for it; not escaped */
	struct str random; /* 24 characters of base62, for a reply whose provider names none */
	struct str id;     /* of the exchange: request_id in errors */
	int64_t created_s; /* Unix time */
	bool stream;       /* else one JSON body */
	size_t max_bytes;  /* of a reply that is gathered */
	const struct content *
		content; /* read by encoder_init() only, which keeps what it needs of it (tools, wishes) */
};

struct encoder {
	const struct dialect *dialect; /* the client's */
	struct arena *arena;
	struct encoder_wishes wishes;
	struct str base;    /* id_base() of the reply's id, or random; set with EV_START */
	struct usage usage; /* so far */
	struct reply reply; /* gathered when not streaming, or when the dialect says `gathers` */
	struct buf *out;    /* where bytes for the client are appended */
	struct warnings *warnings;
	bool begun, ended; /* something of the reply has been in `out`; its end has */
	struct native_tool *
		tools; /* how the client calls them, for those that the provider knows by another name */
	void *state;
};

/* A tool whose calls are not printed as they come. */
struct native_tool {
	struct native_tool *next;
	struct str wire_name, name, space; /* escaped */
	bool freeform;
};

void encoder_init(struct encoder *e, const struct dialect *to, const struct encoder_wishes *w,
	struct arena *a, struct buf *out);
void encoder_release(struct encoder *e);
/* Appends to e->out what the client is to be sent now. Nothing before the first event that carries content or ends the reply, so that
 * an error that comes earlier can still be an HTTP error, which is the caller's to send: EV_ERROR comes here only once e->begun. A reply that was to be one body
 * and is longer than max_bytes is not printed: e->ended without e->begun, and e->reply.overflow. */
void encoder_put(struct encoder *e, const struct event *ev);
/* What keeps a silent stream alive; nothing before it has begun. */
void encoder_ping(struct encoder *e);
/* NULL: the client knows it by that name. */
const struct native_tool *encoder_tool(const struct encoder *e, struct str wire_name);

#endif
