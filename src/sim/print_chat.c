/* SPDX-License-Identifier: MIT */
/* Writes replies of Chat Completions. The grammar of the stream: a chunk with the role, chunks with pieces of reasoning, text and
 * calls, a chunk with the reason of the end, one with the usage if that was asked for, [DONE]. */
#include "sim/chat.h"

#include "wire/json.h"

static struct str finish_reason(struct str stop)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "end_turn", "stop" },
		{ "stop_sequence", "stop" },
		{ "pause_turn", "stop" },
		{ "max_tokens", "length" },
		{ "model_context_window_exceeded", "length" },
		{ "tool_use", "tool_calls" },
		{ "refusal", "content_filter" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(stop, str_from(rows[i].from)))
			return str_from(rows[i].to);
	return stop;
}

static void add_usage(struct buf *b, const struct printing *p)
{
	const struct usage *u = &p->m->usage;
	int64_t in = u->in + u->cache_read + u->cache_write;

	add_count(b, "\"usage\":{\"prompt_tokens\":", in);
	add_count(b, ",\"completion_tokens\":", u->out);
	add_count(b, ",\"total_tokens\":", in + u->out);
	add_count(b, ",\"prompt_tokens_details\":{\"cached_tokens\":", u->cache_read);
	if (p->ask->prompt.writes)
		add_count(b, ",\"cache_write_tokens\":", u->cache_write);
	if (p->ask->model.vendor == VENDOR_OPENAI)
		buf_add(b, STR(",\"audio_tokens\":0"));
	add_count(b, "},\"completion_tokens_details\":{\"reasoning_tokens\":", u->reasoning);
	if (p->ask->model.vendor == VENDOR_OPENAI)
		buf_add(b,
			STR(",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0"));
	buf_add_char(b, '}');
	if (p->ask->model.vendor == VENDOR_DEEPSEEK) {
		add_count(b, ",\"prompt_cache_hit_tokens\":", u->cache_read);
		add_count(b, ",\"prompt_cache_miss_tokens\":", in - u->cache_read);
	}
	buf_add_char(b, '}');
}

/* What every object of a reply begins with. */
static void add_head(struct buf *b, const struct printing *p, const char *kind)
{
	buf_addf(b, "{\"id\":\"chatcmpl-%.*s\",\"object\":\"%s\",\"created\":%lld,\"model\":",
		STR_ARG(p->m->id), kind, (long long)(p->now_ms / 1000));
	json_add_string(b, p->m->model);
	if (p->ask->model.vendor == VENDOR_OPENAI)
		buf_add(b, STR(",\"service_tier\":\"default\""));
	buf_add(b, STR(",\"system_fingerprint\":\"fp_sim\",\"choices\":["));
}

/* A choice has ids of its own, but for the first. */
static void add_call_id(struct buf *b, const struct part *part, int64_t choice)
{
	add_member(b, "\"id\":", part->id);
	if (choice > 0) {
		b->n--;
		buf_addf(b, "_%lld\"", (long long)choice);
	}
}

static void add_call(struct buf *b, const struct part *part, struct str input, int64_t choice)
{
	add_call_id(b, part, choice);
	add_member(b,
		part->custom ? ",\"type\":\"custom\",\"custom\":{\"name\":"
			     : ",\"type\":\"function\",\"function\":{\"name\":",
		part->name);
	add_member(b, part->custom ? ",\"input\":" : ",\"arguments\":", input);
	buf_add_char(b, '}');
}

/* ---- whole ---- */

/* All parts of a kind as one text; p == NULL when there are none. Lives in the arena. */
static struct str joined(const struct printing *p, enum part_kind kind)
{
	struct str s = { NULL, 0 };
	struct buf b;
	bool any = false;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < p->m->n; i++)
		if (p->m->parts[i].kind == kind) {
			buf_add(&b, p->m->parts[i].text);
			any = true;
		}
	if (any)
		s = arena_dup(p->ask->arena, buf_str(&b));
	buf_release(&b);
	return s;
}

static void add_calls(struct buf *b, const struct printing *p, int64_t choice)
{
	size_t n = 0;

	for (size_t i = 0; i < p->m->n; i++) {
		const struct part *part = &p->m->parts[i];
		if (part->kind != PART_CALL)
			continue;
		buf_add(b, n++ == 0 ? STR(",\"tool_calls\":[{") : STR(",{"));
		if (p->ask->model.vendor == VENDOR_DEEPSEEK)
			buf_addf(b, "\"index\":%zu,", n - 1);
		add_call(b, part, part->text, choice);
		buf_add_char(b, '}');
	}
	if (n > 0)
		buf_add_char(b, ']');
}

static void add_choice(struct buf *b, const struct printing *p, int64_t choice)
{
	bool hides = p->ask->model.vendor == VENDOR_OPENAI;
	struct str thought = hides ? (struct str){ NULL, 0 } : joined(p, PART_THINKING);

	buf_addf(b, "%s{\"index\":%lld,\"message\":{\"role\":\"assistant\"", choice > 0 ? "," : "",
		(long long)choice);
	add_member(b, ",\"content\":", joined(p, PART_TEXT));
	if (thought.p != NULL)
		add_member(b, ",\"reasoning_content\":", thought);
	if (hides)
		buf_add(b, STR(",\"refusal\":null,\"annotations\":[]"));
	add_calls(b, p, choice);
	add_member(b, "},\"logprobs\":null,\"finish_reason\":", finish_reason(p->m->stop_reason));
	buf_add_char(b, '}');
}

void print_chat_whole(const struct printing *p)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	add_head(&b, p, "chat.completion");
	for (int64_t i = 0; i < p->ask->choices; i++)
		add_choice(&b, p, i);
	buf_add(&b, STR("],"));
	add_usage(&b, p);
	buf_add_char(&b, '}');
	reply_add_whole(p, buf_str(&b));
	buf_release(&b);
}

/* ---- the stream ---- */

/* Begins a chunk of one choice, up to its delta's members. */
static struct buf *begin_chunk(struct writer *w, int64_t choice)
{
	buf_add(&w->b, STR("data: "));
	add_head(&w->b, w->p, "chat.completion.chunk");
	buf_addf(&w->b, "{\"index\":%lld,\"delta\":{", (long long)choice);
	return &w->b;
}

static void end_chunk(struct writer *w, struct str finish)
{
	add_member(&w->b, "},\"logprobs\":null,\"finish_reason\":", finish);
	buf_add(&w->b, STR("}]"));
	if (w->p->ask->stream_usage)
		buf_add(&w->b, STR(",\"usage\":null"));
	buf_add(&w->b, STR("}\n\n"));
}

static const struct str none = { NULL, 0 };

static void add_texts(struct writer *w, const struct part *part, int64_t choice)
{
	const char *head = part->kind == PART_TEXT ? "\"content\":"
						   : "\"content\":null,\"reasoning_content\":";
	struct pieces it = pieces_of(w, part);
	struct str piece;

	while (pieces_next(&it, w, &piece)) {
		add_member(begin_chunk(w, choice), head, piece);
		end_chunk(w, none);
		writer_pause(w);
	}
}

static void add_call_chunks(struct writer *w, const struct part *part, size_t index, int64_t choice)
{
	struct pieces it = pieces_of(w, part);
	struct buf *b = begin_chunk(w, choice);
	struct str piece;

	buf_addf(b, "\"tool_calls\":[{\"index\":%zu,", index);
	add_call(b, part, STR(""), choice);
	buf_add(b, STR("}]"));
	end_chunk(w, none);
	while (pieces_next(&it, w, &piece)) {
		b = begin_chunk(w, choice);
		buf_addf(b, "\"tool_calls\":[{\"index\":%zu,", index);
		add_member(b,
			part->custom ? "\"custom\":{\"input\":" : "\"function\":{\"arguments\":",
			piece);
		buf_add(b, STR("}}]"));
		end_chunk(w, none);
		writer_pause(w);
	}
}

static void add_choice_chunks(struct writer *w, int64_t choice)
{
	bool hides = w->p->ask->model.vendor == VENDOR_OPENAI;
	size_t calls = 0;

	buf_add(begin_chunk(w, choice), STR("\"role\":\"assistant\",\"content\":\"\""));
	if (hides)
		buf_add(&w->b, STR(",\"refusal\":null"));
	end_chunk(w, none);
	writer_flush(w);
	for (size_t i = 0; i < w->p->m->n; i++) {
		const struct part *part = &w->p->m->parts[i];
		if (part->kind == PART_CALL)
			add_call_chunks(w, part, calls++, choice);
		else if (part->kind == PART_TEXT || (part->kind == PART_THINKING && !hides))
			add_texts(w, part, choice);
		writer_flush(w);
	}
	begin_chunk(w, choice);
	end_chunk(w, finish_reason(w->p->m->stop_reason));
}

void print_chat_stream(const struct printing *p)
{
	struct writer w;

	writer_open(&w, p);
	for (int64_t i = 0; i < p->ask->choices; i++)
		add_choice_chunks(&w, i);
	if (p->ask->stream_usage) {
		buf_add(&w.b, STR("data: "));
		add_head(&w.b, p, "chat.completion.chunk");
		buf_add(&w.b, STR("],"));
		add_usage(&w.b, p);
		buf_add(&w.b, STR("}\n\n"));
	}
	buf_add(&w.b, STR("data: [DONE]\n\n"));
	writer_close(&w);
}

void print_chat_break(struct buf *out, const struct breaking *b)
{
	add_member(out,
		"data: {\"error\":{\"message\":\"simulated failure\",\"param\":null,\"code\":null,\"type\":",
		b->type);
	buf_add(out, STR("}}\n\n"));
}
