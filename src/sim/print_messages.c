/* SPDX-License-Identifier: MIT */
/* Writes replies of the Messages API. The grammar of the stream: message_start, ping, then each block with its start, its deltas and
 * its stop, then message_delta with the final usage, message_stop. */
#include "sim/print_messages.h"

#include "wire/json.h"

static void add_details(struct buf *b, const struct usage *u)
{
	add_count(b, ",\"output_tokens_details\":{\"thinking_tokens\":", u->reasoning);
	buf_add(b, STR("}"));
}

static void add_usage(struct buf *b, const struct usage *u)
{
	add_count(b, "{\"input_tokens\":", u->in);
	add_count(b, ",\"cache_creation_input_tokens\":", u->cache_write);
	add_count(b, ",\"cache_read_input_tokens\":", u->cache_read);
	add_count(b, ",\"cache_creation\":{\"ephemeral_5m_input_tokens\":",
		u->cache_write - u->cache_write_1h);
	add_count(b, ",\"ephemeral_1h_input_tokens\":", u->cache_write_1h);
	add_count(b, "},\"output_tokens\":", u->out);
	add_details(b, u);
	buf_add(b,
		STR(",\"server_tool_use\":null,\"service_tier\":\"standard\",\"inference_geo\":null}"));
}

static void add_final_usage(struct buf *b, const struct usage *u)
{
	add_count(b, "{\"input_tokens\":", u->in);
	add_count(b, ",\"cache_creation_input_tokens\":", u->cache_write);
	add_count(b, ",\"cache_read_input_tokens\":", u->cache_read);
	add_count(b, ",\"output_tokens\":", u->out);
	add_details(b, u);
	buf_add(b, STR(",\"server_tool_use\":null}"));
}

void reply_print_part(struct buf *out, const struct part *p)
{
	switch (p->kind) {
	case PART_TEXT:
		add_member(out, "{\"type\":\"text\",\"text\":", p->text);
		break;
	case PART_CALL:
		add_member(out, "{\"type\":\"tool_use\",\"id\":", p->id);
		add_member(out, ",\"name\":", p->name);
		buf_add(out, STR(",\"input\":"));
		if (p->custom) {
			add_member(out, "{\"input\":", p->text);
			buf_add_char(out, '}');
		} else {
			buf_add(out, p->text);
		}
		break;
	case PART_THINKING:
		add_member(out, "{\"type\":\"thinking\",\"thinking\":", p->text);
		add_member(out, ",\"signature\":", p->signature);
		break;
	case PART_REDACTED:
		add_member(out, "{\"type\":\"redacted_thinking\",\"data\":", p->text);
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
	buf_addf(b, "{\"id\":\"msg_%.*s\"", STR_ARG(m->id));
	add_member(b, ",\"type\":\"message\",\"role\":\"assistant\",\"model\":", m->model);
	buf_add(b, STR(",\"content\":["));
	for (size_t i = 0; i < m->n; i++) {
		if (i > 0)
			buf_add_char(b, ',');
		reply_print_part(b, &m->parts[i]);
	}
	add_member(b, "],\"stop_reason\":", m->stop_reason);
	add_member(b, ",\"stop_sequence\":", m->stop_sequence);
	buf_add(b, STR(",\"stop_details\":null,\"container\":null,\"usage\":"));
	add_usage(b, &m->usage);
	add_transformations(b, m->dropped);
	buf_add_char(b, '}');
}

void print_messages_whole(const struct printing *p)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	add_message(&b, p->m);
	reply_add_whole(p, buf_str(&b));
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

static void add_deltas(struct writer *w, size_t index, const char *head, const struct part *p)
{
	struct part whole = *p;
	struct pieces it;
	struct str piece;
	struct buf input;

	buf_init(&input, SIZE_MAX);
	if (p->kind == PART_CALL && p->custom) {
		add_member(&input, "{\"input\":", p->text);
		buf_add_char(&input, '}');
		whole.text = buf_str(&input);
	}
	it = pieces_of(w, &whole);
	while (pieces_next(&it, w, &piece)) {
		struct buf *b = event(w, "content_block_delta");
		buf_addf(b, ",\"index\":%zu,\"delta\":{%s", index, head);
		json_add_string(b, piece);
		buf_add_char(b, '}');
		end_event(w);
		writer_pause(w);
	}
	buf_release(&input);
}

static void add_part(struct writer *w, size_t index, const struct part *p)
{
	struct buf *b = event(w, "content_block_start");
	struct part empty = *p;

	empty.text = p->kind == PART_CALL       ? STR("{}")
		     : p->kind == PART_REDACTED ? p->text
						: STR("");
	empty.custom = false;
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
	writer_flush(w);
}

void print_messages_stream(const struct printing *p)
{
	struct message start = *p->m;
	struct writer w;
	struct buf *b;

	writer_open(&w, p);
	start.n = 0;
	start.stop_reason = start.stop_sequence = (struct str){ NULL, 0 };
	start.usage.out = p->m->usage.out > 0;
	start.usage.reasoning = 0;
	b = event(&w, "message_start");
	buf_add(b, STR(",\"message\":"));
	add_message(b, &start);
	end_event(&w);
	event(&w, "ping");
	end_event(&w);
	writer_flush(&w);
	for (size_t i = 0; i < p->m->n; i++)
		add_part(&w, i, &p->m->parts[i]);
	b = event(&w, "message_delta");
	add_member(b, ",\"delta\":{\"stop_reason\":", p->m->stop_reason);
	add_member(b, ",\"stop_sequence\":", p->m->stop_sequence);
	buf_add(b, STR("},\"usage\":"));
	add_final_usage(b, &p->m->usage);
	end_event(&w);
	event(&w, "message_stop");
	end_event(&w);
	writer_close(&w);
}

void print_messages_break(struct buf *out, const struct breaking *b)
{
	buf_add(out, STR("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":"));
	json_add_string(out, b->type);
	buf_add(out, STR(",\"message\":\"simulated failure\"}}\n\n"));
}

void print_messages_count(struct buf *out, int64_t tokens)
{
	add_count(out, "{\"input_tokens\":", tokens);
	buf_add_char(out, '}');
}
