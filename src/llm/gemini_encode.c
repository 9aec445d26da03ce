/* SPDX-License-Identifier: MIT */
/* Replies for clients of the API. Text goes out as it comes, calls when they are whole: e->reply has gathered their arguments by then. */
#include "llm/gemini.h"
#include "llm/ids.h"

#include <string.h>

struct gemini_encoder {
	const struct reply_part *unsent; /* its signature waits for the next call */
	enum part_kind open;
	unsigned calls;
};

/* ---- pieces ---- */

/* What its own provider wants back. Where that is no more than the text, the text goes along: some clients keep calls, but no thoughts. */
static void add_signature(struct buf *out, const struct reply_part *p)
{
	static const struct str whole[] = { STR_INIT("ant"), STR_INIT("oai"), STR_INIT("or"),
		STR_INIT("gem") };
	struct native n = p->native;
	struct buf payload;

	buf_init(&payload, SIZE_MAX);
	buf_add(out, STR("\"thoughtSignature\":\""));
	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (str_eq(n.code, whole[i])) {
			native_seal(out, &n);
			buf_add_char(out, '"');
			return;
		}
	if (n.payload.n > 2 && p->text.n > 0 && json_get(n.payload, STR("t")).p == NULL) {
		buf_add(&payload, (struct str){ n.payload.p, n.payload.n - 1 });
		buf_add(&payload, STR(",\"t\":"));
		json_add_quoted(&payload, buf_str(&p->text));
		buf_add_char(&payload, '}');
		n.payload = buf_str(&payload);
	}
	native_seal(out, &n);
	buf_add_char(out, '"');
	buf_release(&payload);
}

static bool has_signature(const struct reply_part *p)
{
	return p != NULL && p->native.code.n > 0 && p->native.payload.n > 0;
}

static void add_text(struct buf *out, struct str text, bool thought)
{
	buf_add(out, STR("{\"text\":"));
	json_add_quoted(out, text);
	buf_add(out, thought ? STR(",\"thought\":true}") : STR("}"));
}

/* Arguments are JSON in an escaped string; clients are to get an object in any case. */
static void add_args(struct buf *out, const struct reply_part *p, struct arena *a)
{
	struct str args = json_unescape(buf_str(&p->text), a);

	if (str_trim(args).n == 0) {
		buf_add(out, STR("{}"));
	} else if (json_is_object(args)) {
		json_add_compact(out, args);
	} else {
		buf_add(out, STR("{\"__raw_arguments\":"));
		json_add_quoted(out, buf_str(&p->text));
		buf_add_char(out, '}');
	}
}

static void add_call(struct encoder *e, const struct reply_part *p)
{
	struct gemini_encoder *s = e->state;
	const struct native_tool *t = encoder_tool(e, p->name);
	struct str id = p->id.n > 0 ? id_of_call(p->id, "call_", e->arena)
				    : id_made_up("call_", e->base, s->calls, e->arena);

	buf_add(e->out, STR("{\"functionCall\":{\"id\":"));
	json_add_quoted(e->out, id);
	buf_add(e->out, STR(",\"name\":"));
	json_add_quoted(e->out, t != NULL ? t->name : p->name);
	buf_add(e->out, STR(",\"args\":"));
	add_args(e->out, p, e->arena);
	buf_add_char(e->out, '}');
	if (s->unsent != NULL) {
		buf_add_char(e->out, ',');
		add_signature(e->out, s->unsent);
		s->unsent = NULL;
	}
	buf_add_char(e->out, '}');
	s->calls++;
}

/* An empty thought for a signature that no call has taken along. */
static void add_unsent(struct encoder *e)
{
	struct gemini_encoder *s = e->state;

	buf_add(e->out, STR("{\"text\":\"\",\"thought\":true,"));
	add_signature(e->out, s->unsent);
	buf_add_char(e->out, '}');
	s->unsent = NULL;
}

static const char *finish_name(enum stop_reason stop)
{
	switch (stop) {
	case STOP_MAX:
	case STOP_CONTEXT:
		return "MAX_TOKENS";
	case STOP_REFUSAL:
		return "SAFETY";
	case STOP_NONE:
	case STOP_END:
	case STOP_SEQUENCE:
	case STOP_TOOL:
	case STOP_PAUSE:
	case STOP_COMPACTION:
		return "STOP";
	}
	return "STOP";
}

static void add_finish(struct buf *out, enum stop_reason stop, struct str detail)
{
	buf_addf(out, ",\"finishReason\":\"%s\"", finish_name(stop));
	if (stop == STOP_REFUSAL && detail.n > 0) {
		buf_add(out, STR(",\"finishMessage\":"));
		json_add_quoted(out, detail);
	}
}

static void add_count(struct buf *out, const char *name, int64_t n)
{
	buf_addf(out, "\"%s\":%lld,", name, (long long)known(n));
}

/* Whole in this API: cached tokens are part of the prompt, thoughts are none of the candidates. */
static void add_usage(struct buf *out, const struct usage *u)
{
	const int64_t prompt = known(u->in) + known(u->cache_read) + known(u->cache_write);
	const int64_t total = prompt + known(u->out);
	const int64_t thoughts =
		known(u->reasoning) < known(u->out) ? known(u->reasoning) : known(u->out);

	buf_add(out, STR("\"usageMetadata\":{"));
	add_count(out, "promptTokenCount", prompt);
	if (u->cache_read > 0)
		add_count(out, "cachedContentTokenCount", u->cache_read);
	add_count(out, "candidatesTokenCount", known(u->out) - thoughts);
	if (u->reasoning >= 0)
		add_count(out, "thoughtsTokenCount", thoughts);
	buf_addf(out, "\"totalTokenCount\":%lld}", (long long)total);
}

/* Behind the candidate. */
static void add_names(struct encoder *e)
{
	buf_add(e->out, STR("\"modelVersion\":"));
	json_add_string(e->out, e->wishes.model);
	buf_add(e->out, STR(",\"responseId\":"));
	json_add_string(e->out, e->base);
	buf_add_char(e->out, '}');
}

/* ---- streams ---- */

static void begin_chunk(struct encoder *e)
{
	buf_add(e->out, STR("data: {\"candidates\":[{\"content\":{\"parts\":["));
}

static void end_chunk(struct encoder *e)
{
	buf_add(e->out, STR("],\"role\":\"model\"},\"index\":0}],"));
	add_names(e);
	buf_add(e->out, STR("\r\n\r\n"));
}

static void encode_text(struct encoder *e, struct str text)
{
	const struct gemini_encoder *s = e->state;

	if (s->open == PART_CALL || text.n == 0)
		return;
	begin_chunk(e);
	add_text(e->out, text, s->open == PART_REASONING);
	end_chunk(e);
}

/* What a thought before this one has left. */
static void encode_open(struct encoder *e, enum part_kind kind)
{
	struct gemini_encoder *s = e->state;

	s->open = kind;
	if (kind != PART_REASONING || s->unsent == NULL)
		return;
	begin_chunk(e);
	add_unsent(e);
	end_chunk(e);
}

static void encode_sign(struct encoder *e)
{
	struct gemini_encoder *s = e->state;

	if (s->open == PART_REASONING && !e->reply.overflow && has_signature(e->reply.last))
		s->unsent = e->reply.last;
}

static void encode_error(struct encoder *e, const struct event *ev)
{
	struct err err = { 0 };
	struct str said = arena_dup(e->arena, ev->detail);

	err_set(&err, ev->error, "%.*s", STR_ARG(said));
	err.said = said.p;
	buf_add(e->out, STR("data: "));
	e->dialect->print_error(e->out, &err, e->wishes.id);
	buf_add(e->out, STR("\r\n\r\n"));
	e->ended = true;
}

/* A call that could not be gathered must not look like one. */
static void encode_close(struct encoder *e)
{
	static const struct event too_long = { .type = EV_ERROR,
		.error = ERR_UPSTREAM,
		.detail = STR_INIT("upstream reply is too long") };
	const struct gemini_encoder *s = e->state;

	if (s->open != PART_CALL)
		return;
	if (e->reply.overflow || e->reply.last == NULL) {
		encode_error(e, &too_long);
		return;
	}
	begin_chunk(e);
	add_call(e, e->reply.last);
	end_chunk(e);
}

/* There is a part in each chunk: to the library of Google's own a reply with a chunk that has none is not valid, and not
 * kept in its history. */
static void encode_stop(struct encoder *e, const struct event *ev)
{
	struct gemini_encoder *s = e->state;

	begin_chunk(e);
	if (s->unsent != NULL)
		add_unsent(e);
	else
		add_text(e->out, STR(""), false);
	buf_add(e->out, STR("],\"role\":\"model\"}"));
	add_finish(e->out, ev->stop, ev->detail);
	buf_add(e->out, STR(",\"index\":0}],"));
	add_usage(e->out, &e->usage);
	buf_add_char(e->out, ',');
	add_names(e);
	buf_add(e->out, STR("\r\n\r\n"));
}

void gemini_encode_begin(struct encoder *e)
{
	e->state = arena_alloc(e->arena, sizeof(struct gemini_encoder));
}

void gemini_encode_event(struct encoder *e, const struct event *ev)
{
	switch (ev->type) {
	case EV_TEXT:
		encode_text(e, ev->text);
		break;
	case EV_SIGN:
		encode_sign(e);
		break;
	case EV_CLOSE:
		encode_close(e);
		break;
	case EV_STOP:
		encode_stop(e, ev);
		break;
	case EV_ERROR:
		encode_error(e, ev);
		break;
	case EV_OPEN:
		encode_open(e, ev->part);
		break;
	case EV_RAW:
	case EV_START:
	case EV_BEGIN:
	case EV_USAGE:
		break;
	}
}

/* ---- whole replies ---- */

static void add_part(struct encoder *e, const struct reply_part *p, bool *first)
{
	struct gemini_encoder *s = e->state;
	const bool thought = p->kind == PART_REASONING;

	if (thought && s->unsent != NULL) {
		buf_add(e->out, *first ? STR("") : STR(","));
		add_unsent(e);
		*first = false;
	}
	if (thought && has_signature(p))
		s->unsent = p;
	if (p->kind != PART_CALL && p->text.n == 0)
		return;
	buf_add(e->out, *first ? STR("") : STR(","));
	*first = false;
	if (p->kind == PART_CALL)
		add_call(e, p);
	else
		add_text(e->out, buf_str(&p->text), thought);
}

void gemini_encode_reply(struct encoder *e)
{
	struct gemini_encoder *s = e->state;
	bool first = true;

	buf_add(e->out, STR("{\"candidates\":[{\"content\":{\"parts\":["));
	for (const struct reply_part *p = e->reply.first; p != NULL; p = p->next)
		add_part(e, p, &first);
	if (s->unsent != NULL) {
		buf_add(e->out, first ? STR("") : STR(","));
		add_unsent(e);
		first = false;
	}
	if (first)
		add_text(e->out, STR(""), false);
	buf_add(e->out, STR("],\"role\":\"model\"}"));
	add_finish(e->out, e->reply.stop, e->reply.detail);
	buf_add(e->out, STR(",\"index\":0}],"));
	add_usage(e->out, &e->usage);
	buf_add_char(e->out, ',');
	add_names(e);
}
