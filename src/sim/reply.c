/* SPDX-License-Identifier: MIT */
/* Writes messages. The grammar of the stream: message_start, ping, then each block with its start, its deltas and its stop, then
 * message_delta with the final usage, message_stop. */
#include "sim/reply.h"

#include "wire/json.h"

#include <string.h>

struct writer {
	struct frames *to;
	const struct pace *pace;
	struct buf b;
	int64_t at_us;
};

void reply_add_frame(struct frames *f, int64_t at_ms, struct str bytes)
{
	if (f->n == f->cap) {
		size_t cap = f->cap > 0 ? 2 * f->cap : 16;
		struct frame *more = arena_alloc(f->arena, cap * sizeof(*more));
		if (f->n > 0)
			memcpy(more, f->v, f->n * sizeof(*more));
		f->v = more;
		f->cap = cap;
	}
	f->v[f->n++] = (struct frame){ at_ms, arena_dup(f->arena, bytes) };
}

static void add_string(struct buf *b, const char *before, struct str s)
{
	buf_add(b, str_from(before));
	if (s.p != NULL)
		json_add_string(b, s);
	else
		buf_add(b, STR("null"));
}

static void add_number(struct buf *b, const char *before, int64_t n)
{
	buf_addf(b, "%s%lld", before, (long long)n);
}

static void add_details(struct buf *b, const struct usage *u)
{
	add_number(b, ",\"output_tokens_details\":{\"thinking_tokens\":", u->reasoning);
	buf_add(b, STR("}"));
}

static void add_usage(struct buf *b, const struct usage *u)
{
	add_number(b, "{\"input_tokens\":", u->in);
	add_number(b, ",\"cache_creation_input_tokens\":", u->cache_write);
	add_number(b, ",\"cache_read_input_tokens\":", u->cache_read);
	add_number(b, ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":",
		u->cache_write - u->cache_write_1h);
	add_number(b, ",\"ephemeral_1h_input_tokens\":", u->cache_write_1h);
	add_number(b, "},\"output_tokens\":", u->out);
	add_details(b, u);
	buf_add(b,
		STR(",\"server_tool_use\":null,\"service_tier\":\"standard\",\"inference_geo\":null}"));
}

static void add_final_usage(struct buf *b, const struct usage *u)
{
	add_number(b, "{\"input_tokens\":", u->in);
	add_number(b, ",\"cache_creation_input_tokens\":", u->cache_write);
	add_number(b, ",\"cache_read_input_tokens\":", u->cache_read);
	add_number(b, ",\"output_tokens\":", u->out);
	add_details(b, u);
	buf_add(b, STR(",\"server_tool_use\":null}"));
}

void reply_print_part(struct buf *out, const struct part *p)
{
	switch (p->kind) {
	case PART_TEXT:
		add_string(out, "{\"type\":\"text\",\"text\":", p->text);
		break;
	case PART_CALL:
		add_string(out, "{\"type\":\"tool_use\",\"id\":", p->id);
		add_string(out, ",\"name\":", p->name);
		buf_add(out, STR(",\"input\":"));
		buf_add(out, p->text);
		break;
	case PART_THINKING:
		add_string(out, "{\"type\":\"thinking\",\"thinking\":", p->text);
		add_string(out, ",\"signature\":", p->signature);
		break;
	case PART_REDACTED:
		add_string(out, "{\"type\":\"redacted_thinking\",\"data\":", p->text);
		break;
	}
	buf_add_char(out, '}');
}

static void add_transformations(struct buf *b, const struct dropped *d)
{
	if (d == NULL)
		return;
	buf_add(b, STR(",\"input_transformations\":["));
	for (const char *comma = ""; d != NULL; d = d->next, comma = ",")
		buf_addf(b,
			"%s{\"type\":\"thinking_dropped\",\"path\":\"messages.%zu.content.%zu\",\"reason\":\"%s\"}",
			comma, d->message, d->content,
			d->other_model ? "model_binding_mismatch" : "prefix_binding_mismatch");
	buf_add_char(b, ']');
}

/* The message as far as it is known: content and the reason of its stop may still be missing. */
static void add_message(struct buf *b, const struct message *m)
{
	add_string(b, "{\"id\":", m->id);
	add_string(b, ",\"type\":\"message\",\"role\":\"assistant\",\"model\":", m->model);
	buf_add(b, STR(",\"content\":["));
	for (size_t i = 0; i < m->n; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		reply_print_part(b, &m->parts[i]);
	}
	add_string(b, "],\"stop_reason\":", m->stop_reason);
	add_string(b, ",\"stop_sequence\":", m->stop_sequence);
	buf_add(b, STR(",\"stop_details\":null,\"container\":null,\"usage\":"));
	add_usage(b, &m->usage);
	add_transformations(b, m->dropped);
	buf_add_char(b, '}');
}

void reply_print_whole(struct frames *f, const struct message *m, const struct pace *pace)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	add_message(&b, m);
	reply_add_frame(f, pace->first_ms + m->usage.out * pace->per_token_us / 1000, buf_str(&b));
	buf_release(&b);
}

/* ---- the stream ---- */

/* Begins an event; end_event() puts the closing brace behind its data. */
static struct buf *event(struct writer *w, const char *type)
{
	buf_addf(&w->b, "event: %s\ndata: {\"type\":\"%s\"", type, type);
	return &w->b;
}

static void end_event(struct writer *w)
{
	buf_add(&w->b, STR("}\n\n"));
}

/* All events so far leave together. */
static void flush(struct writer *w)
{
	reply_add_frame(w->to, w->at_us / 1000, buf_str(&w->b));
	buf_clear(&w->b);
}

/* Where the piece that begins at `at` ends: never inside a character. */
static size_t piece_end(struct str s, size_t at, size_t n)
{
	size_t end = at + n < s.n ? at + n : s.n;

	while (end < s.n && ((unsigned char)s.p[end] & 0xc0) == 0x80)
		end++;
	return end;
}

static void add_deltas(struct writer *w, size_t index, const char *head, const struct part *p)
{
	int64_t start_us = w->at_us;
	size_t end;

	for (size_t at = 0; at < p->text.n; at = end) {
		end = piece_end(p->text, at, w->pace->piece_bytes);
		struct buf *b = event(w, "content_block_delta");
		buf_addf(b, ",\"index\":%zu,\"delta\":{%s", index, head);
		json_add_string(b, (struct str){ p->text.p + at, end - at });
		buf_add_char(b, '}');
		end_event(w);
		w->at_us = start_us +
			   p->tokens * w->pace->per_token_us * (int64_t)end / (int64_t)p->text.n;
		if (w->pace->per_token_us > 0)
			flush(w);
	}
}

static void add_part(struct writer *w, size_t index, const struct part *p)
{
	struct buf *b = event(w, "content_block_start");
	struct part empty = *p;

	empty.text = p->kind == PART_CALL       ? STR("{}")
		     : p->kind == PART_REDACTED ? p->text
						: STR("");
	empty.signature = STR("");
	buf_addf(b, ",\"index\":%zu,\"content_block\":", index);
	reply_print_part(b, &empty);
	end_event(w);
	if (p->kind == PART_TEXT)
		add_deltas(w, index, "\"type\":\"text_delta\",\"text\":", p);
	else if (p->kind == PART_CALL)
		add_deltas(w, index, "\"type\":\"input_json_delta\",\"partial_json\":", p);
	else if (p->kind == PART_THINKING)
		add_deltas(w, index, "\"type\":\"thinking_delta\",\"thinking\":", p);
	if (p->kind == PART_THINKING) {
		b = event(w, "content_block_delta");
		buf_addf(b, ",\"index\":%zu,\"delta\":{\"type\":\"signature_delta\",\"signature\":",
			index);
		json_add_string(b, p->signature);
		buf_add_char(b, '}');
		end_event(w);
	}
	b = event(w, "content_block_stop");
	buf_addf(b, ",\"index\":%zu", index);
	end_event(w);
	flush(w);
}

void reply_print_stream(struct frames *f, const struct message *m, const struct pace *pace)
{
	struct writer w = { .to = f, .pace = pace, .at_us = pace->first_ms * 1000 };
	struct message start = *m;
	struct buf *b;

	buf_init(&w.b, SIZE_MAX);
	start.n = 0;
	start.stop_reason = start.stop_sequence = (struct str){ NULL, 0 };
	start.usage.out = m->usage.out > 0;
	start.usage.reasoning = 0;
	b = event(&w, "message_start");
	buf_add(b, STR(",\"message\":"));
	add_message(b, &start);
	end_event(&w);
	event(&w, "ping");
	end_event(&w);
	flush(&w);
	for (size_t i = 0; i < m->n; i++)
		add_part(&w, i, &m->parts[i]);
	b = event(&w, "message_delta");
	add_string(b, ",\"delta\":{\"stop_reason\":", m->stop_reason);
	add_string(b, ",\"stop_sequence\":", m->stop_sequence);
	buf_add(b, STR("},\"usage\":"));
	add_final_usage(b, &m->usage);
	end_event(&w);
	event(&w, "message_stop");
	end_event(&w);
	flush(&w);
	buf_release(&w.b);
}
