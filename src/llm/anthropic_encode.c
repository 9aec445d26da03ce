/* SPDX-License-Identifier: MIT */
/* To a client of the Anthropic API: neutral events as its events, or a gathered reply as one message. Each event is printed as it comes; a
 * signature of another provider becomes an envelope, which the client sends back with its next request. */
#include "llm/anthropic.h"
#include "llm/ids.h"
#include "wire/json_text.h"

struct encoding {
	unsigned index; /* of the open block, or of the next */
	unsigned calls;
	enum part_kind kind; /* of the open block */
	bool freeform;
};

void anthropic_encode_begin(struct encoder *e)
{
	e->state = arena_alloc(e->arena, sizeof(struct encoding));
}

static void add_number(struct buf *out, const char *name, int64_t n)
{
	buf_addf(out, "\"%s\":", name);
	buf_add_number(out, (uint64_t)known(n), 10);
}

static void add_usage(struct buf *out, const struct usage *u)
{
	buf_add(out, STR("\"usage\":{"));
	add_number(out, "input_tokens", u->in);
	buf_add_char(out, ',');
	add_number(out, "cache_creation_input_tokens", u->cache_write);
	buf_add_char(out, ',');
	add_number(out, "cache_read_input_tokens", u->cache_read);
	buf_add_char(out, ',');
	add_number(out, "output_tokens", u->out);
	if (u->reasoning >= 0) {
		buf_add(out, STR(",\"output_tokens_details\":{"));
		add_number(out, "thinking_tokens", u->reasoning);
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
}

/* {"id","type","role","model","content": up to where the content begins. */
static void add_message_head(struct encoder *e)
{
	buf_addf(e->out,
		"{\"id\":\"msg_%.*s\",\"type\":\"message\",\"role\":\"assistant\",\"model\":",
		STR_ARG(e->base));
	json_add_string(e->out, e->wishes.model);
	buf_add(e->out, STR(",\"content\":["));
}

/* "stop_reason","stop_sequence". */
static void add_stop(struct buf *out, enum stop_reason stop, struct str detail)
{
	buf_addf(out, "\"stop_reason\":\"%s\",\"stop_sequence\":", anthropic_stop_name(stop));
	if (stop == STOP_SEQUENCE && detail.n > 0)
		json_add_quoted(out, detail);
	else
		buf_add(out, STR("null"));
}

static void add_stop_details(struct buf *out, enum stop_reason stop, struct str detail)
{
	if (stop != STOP_REFUSAL)
		return;
	buf_add(out, STR(",\"stop_details\":{\"type\":\"refusal\",\"category\":null,"
			 "\"explanation\":"));
	if (detail.n > 0)
		json_add_quoted(out, detail);
	else
		buf_add(out, STR("null"));
	buf_add_char(out, '}');
}

/* The client's id for a call: the n-th of the reply. */
static struct str call_id(struct encoder *e, struct str id, unsigned n)
{
	return id.n > 0 ? id_of_call(id, "toolu_", e->arena)
			: id_made_up("toolu_", e->base, n, e->arena);
}

static struct str call_name(const struct encoder *e, struct str wire_name)
{
	const struct native_tool *t = encoder_tool(e, wire_name);

	return t != NULL ? t->name : wire_name;
}

/* ---- a stream ---- */

static void begin_event(struct encoder *e, const char *type)
{
	buf_addf(e->out, "event: %s\ndata: {\"type\":\"%s\"", type, type);
}

static void end_event(struct encoder *e)
{
	buf_add(e->out, STR("}\n\n"));
}

static void begin_block_event(struct encoder *e, const char *type)
{
	const struct encoding *s = e->state;

	begin_event(e, type);
	buf_add(e->out, STR(",\"index\":"));
	buf_add_number(e->out, s->index, 10);
}

static void print_start(struct encoder *e)
{
	const struct usage none = { 0, 0, 0, -1, 0, -1 };

	begin_event(e, "message_start");
	buf_add(e->out, STR(",\"message\":"));
	add_message_head(e);
	buf_add(e->out, STR("],\"stop_reason\":null,\"stop_sequence\":null,"));
	add_usage(e->out, &none);
	buf_add_char(e->out, '}');
	end_event(e);
}

static void print_open(struct encoder *e, const struct event *ev)
{
	struct encoding *s = e->state;
	struct buf *out = e->out;

	s->kind = ev->part;
	s->freeform = ev->freeform;
	begin_block_event(e, "content_block_start");
	buf_add(out, STR(",\"content_block\":"));
	if (ev->part == PART_REASONING) {
		buf_add(out, STR("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"));
	} else if (ev->part == PART_CALL) {
		buf_add(out, STR("{\"type\":\"tool_use\",\"id\":"));
		json_add_quoted(out, call_id(e, ev->id, s->calls++));
		buf_add(out, STR(",\"name\":"));
		json_add_quoted(out, call_name(e, ev->name));
		buf_add(out, STR(",\"input\":{}}"));
	} else {
		buf_add(out, STR("{\"type\":\"text\",\"text\":\"\"}"));
	}
	end_event(e);
}

static void begin_delta(struct encoder *e, const char *type, const char *member)
{
	begin_block_event(e, "content_block_delta");
	buf_addf(e->out, ",\"delta\":{\"type\":\"%s\",\"%s\":", type, member);
}

static void end_delta(struct encoder *e)
{
	buf_add_char(e->out, '}');
	end_event(e);
}

/* Arguments in pieces: JSON in an escaped string, as it came. */
static void print_arguments(struct encoder *e, struct str escaped)
{
	begin_delta(e, "input_json_delta", "partial_json");
	json_add_quoted(e->out, escaped);
	end_delta(e);
}

/* Text for a tool that takes text is a member of its arguments here, and so escaped twice. */
static void print_freeform(struct encoder *e, struct str escaped)
{
	begin_delta(e, "input_json_delta", "partial_json");
	json_add_string(e->out, escaped);
	end_delta(e);
}

static void print_text(struct encoder *e, struct str escaped)
{
	const struct encoding *s = e->state;

	if (escaped.n == 0)
		return;
	if (s->kind == PART_CALL && s->freeform) {
		print_freeform(e, escaped);
	} else if (s->kind == PART_CALL) {
		print_arguments(e, escaped);
	} else {
		bool thinking = s->kind == PART_REASONING;
		begin_delta(e, thinking ? "thinking_delta" : "text_delta",
			thinking ? "thinking" : "text");
		json_add_quoted(e->out, escaped);
		end_delta(e);
	}
}

static void print_signature(struct encoder *e, const struct native *n)
{
	begin_delta(e, "signature_delta", "signature");
	buf_add_char(e->out, '"');
	native_seal(e->out, n);
	buf_add_char(e->out, '"');
	end_delta(e);
}

static void print_close(struct encoder *e)
{
	struct encoding *s = e->state;

	begin_block_event(e, "content_block_stop");
	end_event(e);
	s->index++;
}

static void print_stop(struct encoder *e, const struct event *ev)
{
	begin_event(e, "message_delta");
	buf_add(e->out, STR(",\"delta\":{"));
	add_stop(e->out, ev->stop, ev->detail);
	add_stop_details(e->out, ev->stop, ev->detail);
	buf_add(e->out, STR("},"));
	add_usage(e->out, &e->usage);
	end_event(e);
	begin_event(e, "message_stop");
	end_event(e);
}

static void print_error(struct encoder *e, const struct event *ev)
{
	begin_event(e, "error");
	buf_addf(e->out, ",\"error\":{\"type\":\"%s\",\"message\":", err_anthropic_type(ev->error));
	json_add_string(e->out, ev->detail);
	buf_add_char(e->out, '}');
	end_event(e);
}

void anthropic_encode_event(struct encoder *e, const struct event *ev)
{
	const struct encoding *s = e->state;

	if (!e->begun && (ev->type == EV_OPEN || ev->type == EV_STOP || ev->type == EV_BEGIN))
		print_start(e);
	switch (ev->type) {
	case EV_OPEN:
		print_open(e, ev);
		if (ev->freeform)
			print_arguments(e, STR("{\\\"input\\\":\\\""));
		break;
	case EV_TEXT:
		print_text(e, ev->text);
		break;
	case EV_SIGN:
		print_signature(e, &ev->native);
		break;
	case EV_CLOSE:
		if (s->kind == PART_CALL && s->freeform)
			print_arguments(e, STR("\\\"}"));
		print_close(e);
		break;
	case EV_STOP:
		print_stop(e, ev);
		break;
	case EV_ERROR:
		print_error(e, ev);
		break;
	case EV_RAW:
	case EV_START:
	case EV_BEGIN:
	case EV_USAGE:
		break;
	}
}

/* ---- a whole message ---- */

static void add_text_part(struct encoder *e, const struct reply_part *p)
{
	buf_add(e->out, STR("{\"type\":\"text\",\"text\":"));
	json_add_quoted(e->out, buf_str(&p->text));
	buf_add_char(e->out, '}');
}

static void add_reasoning(struct encoder *e, const struct reply_part *p)
{
	buf_add(e->out, STR("{\"type\":\"thinking\",\"thinking\":"));
	json_add_quoted(e->out, buf_str(&p->text));
	buf_add(e->out, STR(",\"signature\":\""));
	if (p->native.code.n > 0)
		native_seal(e->out, &p->native);
	buf_add(e->out, STR("\"}"));
}

/* Arguments that are no object go along as they are, in one. */
static void add_input(struct encoder *e, const struct reply_part *p)
{
	struct str escaped = buf_str(&p->text);
	struct str raw = str_trim(json_unescape(escaped, e->arena));

	if (p->freeform) {
		buf_add(e->out, STR("{\"input\":"));
		json_add_quoted(e->out, escaped);
		buf_add_char(e->out, '}');
	} else if (raw.n == 0) {
		buf_add(e->out, STR("{}"));
	} else if (json_is_object(raw)) {
		json_add_compact(e->out, raw);
	} else {
		buf_add(e->out, STR("{\"__raw_arguments\":"));
		json_add_quoted(e->out, escaped);
		buf_add_char(e->out, '}');
		warn(e->warnings, "tool_arguments_invalid");
	}
}

static void add_call(struct encoder *e, const struct reply_part *p)
{
	struct encoding *s = e->state;

	buf_add(e->out, STR("{\"type\":\"tool_use\",\"id\":"));
	json_add_quoted(e->out, call_id(e, p->id, s->calls++));
	buf_add(e->out, STR(",\"name\":"));
	json_add_quoted(e->out, call_name(e, p->name));
	buf_add(e->out, STR(",\"input\":"));
	add_input(e, p);
	buf_add_char(e->out, '}');
}

void anthropic_encode_reply(struct encoder *e)
{
	const struct reply *r = &e->reply;

	add_message_head(e);
	for (const struct reply_part *p = r->first; p != NULL; p = p->next) {
		buf_add(e->out, p != r->first ? STR(",") : STR(""));
		if (p->kind == PART_CALL)
			add_call(e, p);
		else if (p->kind == PART_REASONING)
			add_reasoning(e, p);
		else
			add_text_part(e, p);
	}
	buf_add(e->out, STR("],"));
	add_stop(e->out, r->stop, r->detail);
	buf_add_char(e->out, ',');
	add_usage(e->out, &e->usage);
	add_stop_details(e->out, r->stop, r->detail);
	buf_add_char(e->out, '}');
}
