/* SPDX-License-Identifier: MIT */
/* Writes replies of Gemini. A stream is a row of responses, each with the next part; the last has the reason of the end and the whole
 * usage. Lines end in CR LF, and nothing says that it is over. */
#include "sim/gemini.h"

#include "wire/json.h"

static struct str finish_reason(struct str stop)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "end_turn", "STOP" },
		{ "stop_sequence", "STOP" },
		{ "pause_turn", "STOP" },
		{ "tool_use", "STOP" },
		{ "max_tokens", "MAX_TOKENS" },
		{ "model_context_window_exceeded", "MAX_TOKENS" },
		{ "refusal", "SAFETY" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (str_eq(stop, str_from(rows[i].from)))
			return str_from(rows[i].to);
	return stop;
}

static bool is_signed(const struct printing *p)
{
	return (p->ask->model.family->flags & MODEL_SIGNED_CALLS) != 0;
}

/* The part at which the signature stands: the first call, or else the last text; p->m->n: nowhere. */
static size_t signed_part(const struct printing *p)
{
	size_t text = p->m->n;

	if (!is_signed(p))
		return p->m->n;
	for (size_t i = 0; i < p->m->n; i++) {
		if (p->m->parts[i].kind == PART_CALL)
			return i;
		if (p->m->parts[i].kind == PART_TEXT)
			text = i;
	}
	return text;
}

static bool is_shown(const struct part *part)
{
	return part->kind == PART_TEXT || part->kind == PART_CALL ||
	       (part->kind == PART_THINKING && part->text.n > 0);
}

/* A part that shows this much of its text; signature p == NULL: none. */
static void add_part(struct buf *b, const struct part *part, struct str text, struct str signature)
{
	if (part->kind == PART_CALL) {
		buf_add(b, STR("{\"functionCall\":{"));
		if (part->id.n > 0) {
			add_member(b, "\"id\":", part->id);
			buf_add_char(b, ',');
		}
		add_member(b, "\"name\":", part->name);
		buf_add(b, STR(",\"args\":"));
		if (part->custom) {
			add_member(b, "{\"input\":", part->text);
			buf_add_char(b, '}');
		} else {
			buf_add(b, part->text);
		}
		buf_add_char(b, '}');
	} else {
		add_member(b, "{\"text\":", text);
		if (part->kind == PART_THINKING)
			buf_add(b, STR(",\"thought\":true"));
	}
	if (signature.p != NULL)
		add_member(b, ",\"thoughtSignature\":", signature);
	buf_add_char(b, '}');
}

static void add_usage(struct buf *b, const struct printing *p, bool whole)
{
	const struct usage *u = &p->m->usage;
	int64_t in = u->in + u->cache_read + u->cache_write, said = u->out - u->reasoning;

	add_count(b, ",\"usageMetadata\":{\"promptTokenCount\":", in);
	if (whole && said > 0)
		add_count(b, ",\"candidatesTokenCount\":", said);
	if (u->cache_read > 0)
		add_count(b, ",\"cachedContentTokenCount\":", u->cache_read);
	if (whole && u->reasoning > 0)
		add_count(b, ",\"thoughtsTokenCount\":", u->reasoning);
	add_count(b, ",\"totalTokenCount\":", whole ? in + u->out : in);
	add_count(b, ",\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":", in);
	buf_add(b, STR("}]}"));
}

/* What follows the parts of a candidate. */
static void add_rest(struct buf *b, const struct printing *p, bool last)
{
	buf_add(b, STR("],\"role\":\"model\"}"));
	if (last)
		add_member(b, ",\"finishReason\":", finish_reason(p->m->stop_reason));
	buf_add(b, STR(",\"index\":0}]"));
	add_usage(b, p, last);
	add_member(b, ",\"modelVersion\":", p->m->model);
	add_member(b, ",\"responseId\":", p->m->id);
	buf_add_char(b, '}');
}

static const char head[] = "{\"candidates\":[{\"content\":{\"parts\":[";

void print_gemini_whole(const struct printing *p)
{
	struct str none = { NULL, 0 };
	size_t at = signed_part(p);
	const char *comma = "";
	struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_add(&b, p->ask->array ? STR("[") : STR(""));
	buf_add(&b, str_from(head));
	for (size_t i = 0; i < p->m->n; i++) {
		const struct part *part = &p->m->parts[i];
		if (!is_shown(part))
			continue;
		buf_add(&b, str_from(comma));
		add_part(&b, part, part->text, i == at ? p->m->seal : none);
		comma = ",";
	}
	add_rest(&b, p, true);
	buf_add(&b, p->ask->array ? STR("]") : STR(""));
	reply_add_whole(p, buf_str(&b));
	buf_release(&b);
}

/* ---- the stream ---- */

static void add_response(
	struct writer *w, const struct part *part, struct str text, struct str signature, bool last)
{
	buf_add(&w->b, STR("data: "));
	buf_add(&w->b, str_from(head));
	if (part != NULL)
		add_part(&w->b, part, text, signature);
	add_rest(&w->b, w->p, last);
	buf_add(&w->b, STR("\r\n\r\n"));
}

static void add_text(struct writer *w, const struct part *part)
{
	struct pieces it = pieces_of(w, part);
	struct str piece;

	while (pieces_next(&it, w, &piece)) {
		add_response(w, part, piece, (struct str){ NULL, 0 }, false);
		writer_pause(w);
	}
}

/* A call ends the stream if it is the last part; a text ends before an empty one, where its signature is. */
void print_gemini_stream(const struct printing *p)
{
	struct part empty = { .kind = PART_TEXT, .text = STR("") };
	struct str none = { NULL, 0 };
	size_t at = signed_part(p);
	bool ended = false;
	struct writer w;

	writer_open(&w, p);
	for (size_t i = 0; i < p->m->n; i++) {
		const struct part *part = &p->m->parts[i];
		if (!is_shown(part))
			continue;
		if (part->kind == PART_CALL) {
			ended = i + 1 == p->m->n;
			add_response(&w, part, none, i == at ? p->m->seal : none, ended);
		} else {
			add_text(&w, part);
		}
		writer_flush(&w);
	}
	if (!ended) {
		bool here = at < p->m->n && p->m->parts[at].kind == PART_TEXT;
		add_response(&w, here ? &empty : NULL, STR(""), here ? p->m->seal : none, true);
	}
	writer_close(&w);
}

/* ---- errors ---- */

static const char *status_word(unsigned status)
{
	static const struct {
		unsigned status;
		const char *word;
	} rows[] = {
		{ 400, "INVALID_ARGUMENT" },
		{ 401, "UNAUTHENTICATED" },
		{ 403, "PERMISSION_DENIED" },
		{ 404, "NOT_FOUND" },
		{ 409, "ABORTED" },
		{ 429, "RESOURCE_EXHAUSTED" },
		{ 500, "INTERNAL" },
		{ 503, "UNAVAILABLE" },
		{ 504, "DEADLINE_EXCEEDED" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].status == status)
			return rows[i].word;
	return "UNKNOWN";
}

static void add_details(struct buf *out, const struct refusal *why)
{
	if (str_eq(str_from(why->code), STR("FIELD"))) {
		add_member(out,
			",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":",
			str_from(why->param));
		add_member(out, ",\"description\":", str_from(why->text));
		buf_add(out, STR("}]}]"));
	} else if (why->code != NULL) {
		add_member(out,
			",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\"domain\":\"googleapis.com\","
			"\"reason\":",
			str_from(why->code));
		buf_add(out, STR("}]"));
	}
}

void print_gemini_error(struct buf *out, const struct refusal *why, struct str request_id)
{
	(void)request_id;
	buf_addf(out, "{\"error\":{\"code\":%u,\"message\":", why->status);
	json_add_string(out, str_from(why->text));
	buf_addf(out, ",\"status\":\"%s\"", status_word(why->status));
	add_details(out, why);
	buf_add(out, STR("}}"));
}

void print_gemini_break(struct buf *out, const struct breaking *b)
{
	add_member(out,
		"data: {\"error\":{\"code\":503,\"message\":\"simulated failure\",\"status\":",
		b->type);
	buf_add(out, STR("}}\r\n\r\n"));
}
