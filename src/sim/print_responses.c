/* SPDX-License-Identifier: MIT */
/* Writes replies of the Responses API. Each part of the message is an item of its own. The grammar of the stream: created,
 * in_progress, then each item with output_item.added, its deltas, and output_item.done, then completed or incomplete with
 * everything once more. */
#include "sim/responses.h"

#include "sim/canon.h"
#include "wire/json.h"

enum phase { OPEN, DONE };

struct stream {
	struct writer w;
	int64_t serial; /* of the next event */
};

/* ---- items ---- */

static const char *id_prefix(const struct part *p)
{
	if (p->kind == PART_TEXT)
		return "msg";
	if (p->kind == PART_CALL)
		return p->custom ? "ctc" : "fc";
	return "rs";
}

static void add_item_id(struct buf *b, const struct printing *p, size_t i)
{
	buf_addf(b, "\"%s_%.*s_%zu\"", id_prefix(&p->m->parts[i]), STR_ARG(p->m->id), i);
}

static void add_text_part(struct buf *b, struct str text)
{
	add_member(
		b, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":", text);
	buf_add_char(b, '}');
}

static void add_message_item(struct buf *b, const struct part *part, enum phase phase)
{
	buf_add(b, STR(",\"type\":\"message\",\"role\":\"assistant\",\"content\":["));
	if (phase == DONE)
		add_text_part(b, part->text);
	buf_add_char(b, ']');
}

static void add_call_item(struct buf *b, const struct part *part, enum phase phase)
{
	add_member(b,
		part->custom ? ",\"type\":\"custom_tool_call\",\"call_id\":"
			     : ",\"type\":\"function_call\",\"call_id\":",
		part->id);
	add_member(b, ",\"name\":", part->name);
	add_member(b, part->custom ? ",\"input\":" : ",\"arguments\":",
		phase == DONE ? part->text : STR(""));
}

static void add_reasoning_item(
	struct buf *b, const struct printing *p, const struct part *part, enum phase phase)
{
	bool redacted = part->kind == PART_REDACTED;

	buf_add(b, STR(",\"type\":\"reasoning\",\"summary\":["));
	if (phase == DONE && !redacted && part->text.n > 0) {
		add_member(b, "{\"type\":\"summary_text\",\"text\":", part->text);
		buf_add_char(b, '}');
	}
	buf_add_char(b, ']');
	if (phase == DONE && p->ask->encrypted)
		add_member(b, ",\"encrypted_content\":", redacted ? part->text : part->signature);
}

static bool is_cut(const struct printing *p, size_t i)
{
	return i + 1 == p->m->n && str_eq(p->m->stop_reason, STR("max_tokens"));
}

static void add_item(struct buf *b, const struct printing *p, size_t i, enum phase phase)
{
	const struct part *part = &p->m->parts[i];

	buf_add(b, STR("{\"id\":"));
	add_item_id(b, p, i);
	if (part->kind == PART_TEXT)
		add_message_item(b, part, phase);
	else if (part->kind == PART_CALL)
		add_call_item(b, part, phase);
	else
		add_reasoning_item(b, p, part, phase);
	if (part->kind == PART_TEXT || part->kind == PART_CALL)
		buf_addf(b, ",\"status\":\"%s\"",
			phase == OPEN  ? "in_progress"
			: is_cut(p, i) ? "incomplete"
				       : "completed");
	buf_add_char(b, '}');
}

/* ---- the response ---- */

/* NULL: it is complete. */
static const char *why_incomplete(struct str stop)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "max_tokens", "max_output_tokens" },
		{ "model_context_window_exceeded", "max_output_tokens" },
		{ "refusal", "content_filter" },
		{ "content_filter", "content_filter" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(stop, str_from(rows[i].from)))
			return rows[i].to;
	return NULL;
}

static void add_usage(struct buf *b, const struct printing *p)
{
	const struct usage *u = &p->m->usage;
	int64_t in = u->in + u->cache_read + u->cache_write;

	add_count(b, ",\"usage\":{\"input_tokens\":", in);
	add_count(b, ",\"input_tokens_details\":{\"cached_tokens\":", u->cache_read);
	if (p->ask->prompt.writes)
		add_count(b, ",\"cache_write_tokens\":", u->cache_write);
	add_count(b, "},\"output_tokens\":", u->out);
	add_count(b, ",\"output_tokens_details\":{\"reasoning_tokens\":", u->reasoning);
	add_count(b, "},\"total_tokens\":", in + u->out);
	buf_add_char(b, '}');
}

/* A member of the request as it came, or else what stands for it. */
static void add_echo(
	struct buf *b, const struct printing *p, const char *name, const char *otherwise)
{
	yyjson_val *v = tree_set(p->ask->body, name);

	buf_addf(b, ",\"%s\":", name);
	if (v != NULL)
		canon_json(b, v);
	else
		buf_add(b, str_from(otherwise));
}

static void add_echoes(struct buf *b, const struct printing *p)
{
	static const char *const rows[][2] = {
		{ "instructions", "null" },
		{ "max_output_tokens", "null" },
		{ "metadata", "{}" },
		{ "parallel_tool_calls", "true" },
		{ "previous_response_id", "null" },
		{ "prompt_cache_key", "null" },
		{ "reasoning", "{\"effort\":null,\"summary\":null}" },
		{ "store", "true" },
		{ "temperature", "1.0" },
		{ "text", "{\"format\":{\"type\":\"text\"}}" },
		{ "tool_choice", "\"auto\"" },
		{ "tools", "[]" },
		{ "top_p", "1.0" },
		{ "truncation", "\"disabled\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_echo(b, p, rows[i][0], rows[i][1]);
	buf_add(b, STR(",\"service_tier\":\"default\",\"user\":null,\"background\":false"));
}

static void add_response(struct buf *b, const struct printing *p, enum phase phase)
{
	const char *reason = phase == DONE ? why_incomplete(p->m->stop_reason) : NULL;

	buf_addf(b,
		"{\"id\":\"resp_%.*s\",\"object\":\"response\",\"created_at\":%lld,\"status\":\"%s\",\"error\":null",
		STR_ARG(p->m->id), (long long)(p->now_ms / 1000),
		phase == OPEN    ? "in_progress"
		: reason != NULL ? "incomplete"
				 : "completed");
	if (reason != NULL)
		buf_addf(b, ",\"incomplete_details\":{\"reason\":\"%s\"}", reason);
	else
		buf_add(b, STR(",\"incomplete_details\":null"));
	add_member(b, ",\"model\":", p->m->model);
	buf_add(b, STR(",\"output\":["));
	for (size_t i = 0; phase == DONE && i < p->m->n; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		add_item(b, p, i, DONE);
	}
	buf_add_char(b, ']');
	add_echoes(b, p);
	if (phase == DONE)
		add_usage(b, p);
	else
		buf_add(b, STR(",\"usage\":null"));
	buf_add_char(b, '}');
}

void print_responses_whole(const struct printing *p)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	add_response(&b, p, DONE);
	reply_add_whole(p, buf_str(&b));
	buf_release(&b);
}

/* ---- the stream ---- */

/* Begins an event; end() puts the closing brace behind its data. */
static struct buf *event(struct stream *s, const char *type)
{
	buf_addf(&s->w.b, "event: %s\ndata: {\"type\":\"%s\",\"sequence_number\":%lld", type, type,
		(long long)s->serial++);
	return &s->w.b;
}

static void end(struct stream *s)
{
	buf_add(&s->w.b, STR("}\n\n"));
}

static void add_response_event(struct stream *s, const char *type, enum phase phase)
{
	struct buf *b = event(s, type);

	buf_add(b, STR(",\"response\":"));
	add_response(b, s->w.p, phase);
	end(s);
}

static void add_item_event(struct stream *s, const char *type, size_t i, enum phase phase)
{
	struct buf *b = event(s, type);

	buf_addf(b, ",\"output_index\":%zu,\"item\":", i);
	add_item(b, s->w.p, i, phase);
	end(s);
}

/* An event about a place within an item; where: the place, as members with a comma in front. */
static struct buf *inner_event(struct stream *s, const char *type, size_t i, const char *where)
{
	struct buf *b = event(s, type);

	buf_addf(b, ",\"output_index\":%zu,\"item_id\":", i);
	add_item_id(b, s->w.p, i);
	buf_add(b, str_from(where));
	return b;
}

static void add_deltas(
	struct stream *s, size_t i, const char *type, const char *where, const char *behind)
{
	struct pieces it = pieces_of(&s->w, &s->w.p->m->parts[i]);
	struct str piece;

	while (pieces_next(&it, &s->w, &piece)) {
		struct buf *b = inner_event(s, type, i, where);
		add_member(b, ",\"delta\":", piece);
		buf_add(b, str_from(behind));
		end(s);
		writer_pause(&s->w);
	}
}

static void add_text(struct stream *s, size_t i)
{
	static const char where[] = ",\"content_index\":0", logprobs[] = ",\"logprobs\":[]";
	struct str text = s->w.p->m->parts[i].text;

	buf_add(inner_event(s, "response.content_part.added", i, where), STR(",\"part\":"));
	add_text_part(&s->w.b, STR(""));
	end(s);
	add_deltas(s, i, "response.output_text.delta", where, logprobs);
	add_member(inner_event(s, "response.output_text.done", i, where), ",\"text\":", text);
	buf_add(&s->w.b, str_from(logprobs));
	end(s);
	buf_add(inner_event(s, "response.content_part.done", i, where), STR(",\"part\":"));
	add_text_part(&s->w.b, text);
	end(s);
}

static void add_call(struct stream *s, size_t i)
{
	const struct part *part = &s->w.p->m->parts[i];
	struct buf *b;

	if (part->custom) {
		add_deltas(s, i, "response.custom_tool_call_input.delta", "", "");
		add_member(inner_event(s, "response.custom_tool_call_input.done", i, ""),
			",\"input\":", part->text);
	} else {
		add_deltas(s, i, "response.function_call_arguments.delta", "", "");
		b = inner_event(s, "response.function_call_arguments.done", i, "");
		add_member(b, ",\"name\":", part->name);
		add_member(b, ",\"arguments\":", part->text);
	}
	end(s);
}

static void add_summary(struct stream *s, size_t i)
{
	static const char where[] = ",\"summary_index\":0";
	const struct part *part = &s->w.p->m->parts[i];

	if (part->kind == PART_REDACTED || part->text.n == 0)
		return;
	add_member(inner_event(s, "response.reasoning_summary_part.added", i, where),
		",\"part\":{\"type\":\"summary_text\",\"text\":", STR(""));
	buf_add_char(&s->w.b, '}');
	end(s);
	add_deltas(s, i, "response.reasoning_summary_text.delta", where, "");
	add_member(inner_event(s, "response.reasoning_summary_text.done", i, where),
		",\"text\":", part->text);
	end(s);
	add_member(inner_event(s, "response.reasoning_summary_part.done", i, where),
		",\"part\":{\"type\":\"summary_text\",\"text\":", part->text);
	buf_add_char(&s->w.b, '}');
	end(s);
}

void print_responses_stream(const struct printing *p)
{
	struct stream s = { .serial = 0 };

	writer_open(&s.w, p);
	add_response_event(&s, "response.created", OPEN);
	add_response_event(&s, "response.in_progress", OPEN);
	writer_flush(&s.w);
	for (size_t i = 0; i < p->m->n; i++) {
		add_item_event(&s, "response.output_item.added", i, OPEN);
		if (p->m->parts[i].kind == PART_TEXT)
			add_text(&s, i);
		else if (p->m->parts[i].kind == PART_CALL)
			add_call(&s, i);
		else
			add_summary(&s, i);
		add_item_event(&s, "response.output_item.done", i, DONE);
		writer_flush(&s.w);
	}
	add_response_event(&s,
		why_incomplete(p->m->stop_reason) != NULL ? "response.incomplete"
							  : "response.completed",
		DONE);
	writer_close(&s.w);
}

void print_responses_break(struct buf *out, const struct breaking *b)
{
	if (str_eq(b->type, STR("error"))) {
		buf_addf(out,
			"event: error\ndata: {\"type\":\"error\",\"sequence_number\":%zu,\"code\":\"server_error\",\"message\":"
			"\"simulated failure\",\"param\":null}\n\n",
			b->events);
		return;
	}
	buf_addf(out,
		"event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":%zu,\"response\":{\"id\":"
		"\"resp_%.*s\",\"object\":\"response\",\"status\":\"failed\",\"output\":[],\"error\":{\"code\":",
		b->events, STR_ARG(b->id));
	json_add_string(out, b->type);
	buf_add(out, STR(",\"message\":\"simulated failure\"}}}\n\n"));
}
