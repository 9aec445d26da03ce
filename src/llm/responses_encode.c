/* SPDX-License-Identifier: MIT */
/* A neutral reply for a client of the Responses API. Its rules are strict (the SDK throws, Codex tries again): numbers without gaps,
 * items one after the other, each of them ended, and at the end all of it again. */
#include "llm/responses_encode.h"

/* ---- events ---- */

static void begin_event(struct encoder *e, const char *type)
{
	struct encoding *s = e->state;

	buf_add(e->out, STR("event: "));
	buf_add(e->out, str_from(type));
	buf_add(e->out, STR("\ndata: {\"type\":\""));
	buf_add(e->out, str_from(type));
	buf_add(e->out, STR("\",\"sequence_number\":"));
	buf_add_number(e->out, s->sequence++, 10);
}

static void end_event(struct encoder *e)
{
	buf_add(e->out, STR("}\n\n"));
}

/* An event about the item that is open. */
static void begin_item_event(struct encoder *e, const char *type)
{
	const struct encoding *s = e->state;

	begin_event(e, type);
	buf_add(e->out, STR(",\"item_id\":"));
	responses_add_item_id(e, e->reply.last, s->index);
	buf_add(e->out, STR(",\"output_index\":"));
	buf_add_number(e->out, s->index, 10);
}

static void add_lifecycle(struct encoder *e, const char *type, const struct standing *how)
{
	begin_event(e, type);
	buf_add(e->out, STR(",\"response\":"));
	responses_add_response(e, how);
	end_event(e);
}

static struct standing standing_of(enum stop_reason stop)
{
	struct standing how = { .status = "completed", .output = true, .usage = true };

	if (stop == STOP_MAX || stop == STOP_CONTEXT)
		how.incomplete = "max_output_tokens";
	else if (stop == STOP_REFUSAL)
		how.incomplete = "content_filter";
	if (how.incomplete != NULL)
		how.status = "incomplete";
	return how;
}

/* ---- the stream ---- */

static const struct standing in_progress = { .status = "in_progress" };

static void begin(struct encoder *e)
{
	struct encoding *s = e->state;

	if (s->begun)
		return;
	s->begun = true;
	add_lifecycle(e, "response.created", &in_progress);
	add_lifecycle(e, "response.in_progress", &in_progress);
}

static void add_item_event(struct encoder *e, const char *type, bool whole)
{
	const struct encoding *s = e->state;

	begin_event(e, type);
	buf_add(e->out, STR(",\"output_index\":"));
	buf_add_number(e->out, s->index, 10);
	buf_add(e->out, STR(",\"item\":"));
	responses_add_item(e, e->reply.last, s->index, whole);
	end_event(e);
}

/* Announces or ends the only piece of a message, or of a summary. */
static void add_piece_event(struct encoder *e, const char *type, struct str text)
{
	bool message = e->reply.last->kind == PART_TEXT;

	begin_item_event(e, type);
	buf_add(e->out, message ? STR(",\"content_index\":0,\"part\":")
				: STR(",\"summary_index\":0,\"part\":"));
	if (message)
		responses_add_output_text(e->out, text);
	else
		responses_add_summary_text(e->out, text);
	end_event(e);
}

/* A fragment of a text, or with `name` "text" all of it. */
static void add_text_event(struct encoder *e, const char *type, struct str name, struct str text)
{
	bool message = e->reply.last->kind == PART_TEXT;

	begin_item_event(e, type);
	buf_add(e->out, message ? STR(",\"content_index\":0") : STR(",\"summary_index\":0"));
	responses_add_text(e->out, name, text);
	if (message)
		buf_add(e->out, STR(",\"logprobs\":[]"));
	end_event(e);
}

static void add_delta(struct encoder *e, const char *type, struct str text)
{
	begin_item_event(e, type);
	responses_add_text(e->out, STR("delta"), text);
	end_event(e);
}

static void add_item_once(struct encoder *e)
{
	struct encoding *s = e->state;

	if (!s->added)
		add_item_event(e, "response.output_item.added", false);
	s->added = true;
}

static void add_item_with_text(struct encoder *e)
{
	struct encoding *s = e->state;

	if (s->added)
		return;
	add_item_once(e);
	add_piece_event(e,
		e->reply.last->kind == PART_TEXT ? "response.content_part.added"
						 : "response.reasoning_summary_part.added",
		STR(""));
}

static void on_open(struct encoder *e)
{
	struct encoding *s = e->state;
	struct reply_part *p = e->reply.last;

	s->part_open = true;
	s->added = false;
	if (p->kind != PART_CALL)
		return;
	responses_settle_call(e, p, e->reply.calls - 1);
	/* Its item is announced by what it will be; the text is not unwrapped yet. */
	s->wrapped = responses_is_custom(e, p) && !p->freeform;
	p->freeform = p->freeform || s->wrapped;
	add_item_once(e);
	p->freeform = p->freeform && !s->wrapped;
}

static void on_text(struct encoder *e, struct str text)
{
	const struct encoding *s = e->state;
	const struct reply_part *p = e->reply.last;

	if (text.n == 0)
		return;
	if (p->kind == PART_CALL && !s->wrapped) {
		add_delta(e,
			p->freeform ? "response.custom_tool_call_input.delta"
				    : "response.function_call_arguments.delta",
			text);
	} else if (p->kind != PART_CALL) { /* what is wrapped is told at its end */
		add_item_with_text(e);
		add_text_event(e,
			p->kind == PART_TEXT ? "response.output_text.delta"
					     : "response.reasoning_summary_text.delta",
			STR("delta"), text);
	}
}

static void end_call(struct encoder *e, struct reply_part *p)
{
	const struct encoding *s = e->state;

	if (p->freeform || s->wrapped) {
		responses_unwrap(e, p);
		if (s->wrapped && p->text.n > 0)
			add_delta(e, "response.custom_tool_call_input.delta", buf_str(&p->text));
		begin_item_event(e, "response.custom_tool_call_input.done");
		responses_add_text(e->out, STR("input"), buf_str(&p->text));
	} else {
		const struct native_tool *t = encoder_tool(e, p->name);
		if (p->text.n == 0)
			add_delta(e, "response.function_call_arguments.delta", STR("{}"));
		begin_item_event(e, "response.function_call_arguments.done");
		responses_add_text(e->out, STR("name"), t != NULL ? t->name : p->name);
		responses_add_text(e->out, STR("arguments"), responses_arguments_of(p));
	}
	end_event(e);
}

static void end_text(struct encoder *e, const struct reply_part *p)
{
	bool message = p->kind == PART_TEXT;

	add_text_event(e,
		message ? "response.output_text.done" : "response.reasoning_summary_text.done",
		STR("text"), buf_str(&p->text));
	add_piece_event(e,
		message ? "response.content_part.done" : "response.reasoning_summary_part.done",
		buf_str(&p->text));
}

static void on_close(struct encoder *e)
{
	struct encoding *s = e->state;
	struct reply_part *p = e->reply.last;

	s->part_open = false;
	if (!responses_is_item(e, p))
		return;
	add_item_once(e);
	if (p->kind == PART_CALL)
		end_call(e, p);
	else if (p->text.n > 0)
		end_text(e, p);
	add_item_event(e, "response.output_item.done", true);
	s->index++;
}

static void add_failed(struct encoder *e, const struct err *err)
{
	struct encoding *s = e->state;

	s->failed = true;
	add_lifecycle(e, "response.failed",
		&(struct standing){ .status = "failed", .error = err, .output = true });
}

static void on_error(struct encoder *e, const struct event *ev)
{
	struct err err = { 0 };
	struct str said = arena_dup(e->arena, ev->detail);

	err_set(&err, ev->error, "%s", "");
	err.said = said.p; /* arena_dup() ends it with a NUL */
	add_failed(e, &err);
}

/* Nobody can keep so long a reply, which its last event is to repeat. */
static bool is_too_long(struct encoder *e)
{
	struct err err = { 0 };

	if (!e->reply.overflow)
		return false;
	err_set(&err, ERR_UPSTREAM, "the reply is longer than 'limits.reply_bytes'");
	begin(e);
	((struct encoding *)e->state)->part_open = true;
	add_failed(e, &err);
	return true;
}

void responses_encode_event(struct encoder *e, const struct event *ev)
{
	struct encoding *s = e->state;
	struct standing how;

	if (s->failed || ev->type == EV_START || ev->type == EV_USAGE || is_too_long(e))
		return;
	begin(e);
	switch (ev->type) {
	case EV_OPEN:
		on_open(e);
		break;
	case EV_TEXT:
		on_text(e, ev->text);
		break;
	case EV_CLOSE:
		on_close(e);
		break;
	case EV_STOP:
		how = standing_of(ev->stop);
		add_lifecycle(e,
			how.incomplete != NULL ? "response.incomplete" : "response.completed",
			&how);
		break;
	case EV_ERROR:
		on_error(e, ev);
		break;
	case EV_RAW:
	case EV_START:
	case EV_BEGIN:
	case EV_USAGE:
	case EV_SIGN:
		break;
	}
}

/* ---- entries ---- */

void responses_encode_begin(struct encoder *e)
{
	const struct content *c = e->wishes.content;
	struct encoding *s = arena_alloc(e->arena, sizeof(*s));

	e->state = s;
	if (c == NULL)
		return;
	s->wants_signature = c->wants_signature;
	s->effort = c->reasoning.effort;
	s->summary = arena_dup(e->arena, c->reasoning.summary);
}

void responses_encode_reply(struct encoder *e)
{
	struct standing how = standing_of(e->reply.stop);
	unsigned calls = 0;

	how.echo = true;
	for (struct reply_part *p = e->reply.first; p != NULL; p = p->next) {
		if (p->kind != PART_CALL)
			continue;
		responses_settle_call(e, p, calls++);
		if (responses_is_custom(e, p))
			responses_unwrap(e, p);
	}
	responses_add_response(e, &how);
}

/* Comments do not reset the time that Codex waits for an event. */
void responses_encode_ping(struct encoder *e)
{
	const struct encoding *s = e->state;

	if (s->begun && !s->failed)
		add_lifecycle(e, "response.in_progress", &in_progress);
}

void responses_add_failure(struct buf *out, const struct err *err, struct str id)
{
	/* Of the numbers before it nothing is known but that they are lower. */
	struct encoding s = { .sequence = INT32_MAX };
	struct encoder e = { .dialect = &dialect_responses, .base = id, .out = out, .state = &s };

	add_failed(&e, err);
}
