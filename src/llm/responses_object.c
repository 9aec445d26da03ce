/* SPDX-License-Identifier: MIT */
/* The objects of the Responses API that a reply is told in: items, and the response itself. */
#include "llm/ids.h"
#include "llm/responses_encode.h"

/* ---- pieces ---- */

void responses_add_text(struct buf *out, struct str name, struct str escaped)
{
	buf_add(out, STR(",\""));
	buf_add(out, name);
	buf_add(out, STR("\":"));
	json_add_quoted(out, escaped);
}

static const char *prefix_of(const struct reply_part *p)
{
	switch (p->kind) {
	case PART_REASONING:
		return "rs_";
	case PART_CALL:
		return p->freeform ? "ctc_" : "fc_";
	default:
		return "msg_";
	}
}

void responses_add_item_id(struct encoder *e, const struct reply_part *p, unsigned index)
{
	buf_add_char(e->out, '"');
	buf_add(e->out, str_from(prefix_of(p)));
	buf_add(e->out, e->base);
	buf_add_char(e->out, '_');
	buf_add_number(e->out, index, 10);
	buf_add_char(e->out, '"');
}

/* ---- items ---- */

bool responses_is_custom(const struct encoder *e, const struct reply_part *p)
{
	const struct native_tool *t = encoder_tool(e, p->name);

	return p->freeform || (t != NULL && t->freeform);
}

/* Reasoning of providers that send no more than its text: the client may keep nothing but the envelope, so that the text is in it. */
static bool is_text_native(const struct native *n)
{
	static const struct str opaque[] = { STR_INIT("ant"), STR_INIT("gem"), STR_INIT("oai"),
		STR_INIT("or") };

	for (size_t i = 0; i < ARRAY_LEN(opaque); i++)
		if (str_eq(n->code, opaque[i]))
			return false;
	return true;
}

static bool has_envelope(const struct encoder *e, const struct reply_part *p)
{
	const struct encoding *s = e->state;

	return s->wants_signature && p->native.code.n > 0 && p->native.payload.n > 2;
}

static void add_envelope(struct encoder *e, const struct reply_part *p)
{
	struct native n = p->native;
	struct buf b;

	buf_init(&b, SIZE_MAX);
	if (is_text_native(&n)) {
		buf_add(&b, (struct str){ n.payload.p, n.payload.n - 1 });
		responses_add_text(&b, STR("t"), buf_str(&p->text));
		buf_add(&b, STR("}"));
		n.payload = buf_str(&b);
	}
	buf_add(e->out, STR(",\"encrypted_content\":\""));
	native_seal(e->out, &n);
	buf_add(e->out, STR("\""));
	buf_release(&b);
}

bool responses_is_item(const struct encoder *e, const struct reply_part *p)
{
	return p->kind == PART_CALL || p->text.n > 0 ||
	       (p->kind == PART_REASONING && has_envelope(e, p));
}

struct str responses_arguments_of(const struct reply_part *p)
{
	return p->text.n > 0 || p->freeform ? buf_str(&p->text) : STR("{}");
}

void responses_add_output_text(struct buf *out, struct str text)
{
	buf_add(out, STR("{\"type\":\"output_text\",\"text\":"));
	json_add_quoted(out, text);
	buf_add(out, STR(",\"annotations\":[],\"logprobs\":[]}"));
}

void responses_add_summary_text(struct buf *out, struct str text)
{
	buf_add(out, STR("{\"type\":\"summary_text\",\"text\":"));
	json_add_quoted(out, text);
	buf_add(out, STR("}"));
}

static void add_call(struct encoder *e, const struct reply_part *p, bool whole)
{
	const struct native_tool *t = encoder_tool(e, p->name);
	struct str text = whole ? responses_arguments_of(p) : STR("");

	responses_add_text(e->out, STR("call_id"), p->id);
	responses_add_text(e->out, STR("name"), t != NULL ? t->name : p->name);
	responses_add_text(e->out, p->freeform ? STR("input") : STR("arguments"), text);
	if (t != NULL && t->space.n > 0)
		responses_add_text(e->out, STR("namespace"), t->space);
}

static void add_reasoning(struct encoder *e, const struct reply_part *p, bool whole)
{
	buf_add(e->out, STR(",\"summary\":["));
	if (whole && p->text.n > 0)
		responses_add_summary_text(e->out, buf_str(&p->text));
	buf_add(e->out, STR("]"));
	if (whole && has_envelope(e, p))
		add_envelope(e, p);
}

void responses_add_item(struct encoder *e, const struct reply_part *p, unsigned index, bool whole)
{
	const char *type = p->kind == PART_REASONING ? "reasoning"
			   : p->kind != PART_CALL    ? "message"
			   : p->freeform             ? "custom_tool_call"
						     : "function_call";

	buf_add(e->out, STR("{\"id\":"));
	responses_add_item_id(e, p, index);
	buf_addf(e->out, ",\"type\":\"%s\"", type);
	if (p->kind != PART_REASONING)
		buf_addf(e->out, ",\"status\":\"%s\"", whole ? "completed" : "in_progress");
	if (p->kind == PART_CALL) {
		add_call(e, p, whole);
	} else if (p->kind == PART_REASONING) {
		add_reasoning(e, p, whole);
	} else {
		buf_add(e->out, STR(",\"role\":\"assistant\",\"content\":["));
		if (whole)
			responses_add_output_text(e->out, buf_str(&p->text));
		buf_add(e->out, STR("]"));
	}
	buf_add(e->out, STR("}"));
}

static void add_output(struct encoder *e)
{
	const struct encoding *s = e->state;
	unsigned index = 0;

	for (const struct reply_part *p = e->reply.first; p != NULL; p = p->next) {
		if (!responses_is_item(e, p) || (p == e->reply.last && s->part_open))
			continue;
		buf_add(e->out, index > 0 ? STR(",") : STR(""));
		responses_add_item(e, p, index++, true);
	}
}

void responses_settle_call(struct encoder *e, struct reply_part *p, unsigned call)
{
	p->id = p->id.n > 0 ? id_of_call(p->id, "call_", e->arena)
			    : id_made_up("call_", e->base, call, e->arena);
}

void responses_unwrap(struct encoder *e, struct reply_part *p)
{
	struct str json, text;

	if (p->freeform)
		return;
	p->freeform = true;
	json = json_unescape(buf_str(&p->text), e->arena);
	text = json_inner(json_get(json, STR("input")));
	if (text.p == NULL)
		return;
	/* Without an escape in it the text stands in the very buffer that is to take it. */
	text = arena_dup(e->arena, text);
	buf_clear(&p->text);
	buf_add(&p->text, text);
}

/* ---- the response ---- */

static const char *error_code(enum err_kind kind)
{
	switch (kind) {
	case ERR_RATE:
		return "rate_limit_exceeded";
	case ERR_CONTEXT:
		return "context_length_exceeded";
	case ERR_BILLING:
		return "insufficient_quota";
	case ERR_INVALID:
		return "invalid_prompt";
	default:
		return "server_error";
	}
}

static void add_error(struct buf *out, const struct err *err)
{
	buf_add(out, STR(",\"error\":"));
	if (err == NULL) {
		buf_add(out, STR("null"));
		return;
	}
	buf_addf(out, "{\"code\":\"%s\",\"message\":", error_code(err->kind));
	json_add_string(out, str_from(err_message(err)));
	buf_add(out, STR("}"));
}

static void add_usage(struct buf *out, const struct usage *u)
{
	long long read = (long long)known(u->cache_read),
		  written = (long long)known(u->cache_write);
	long long in = (long long)known(u->in) + read + written, made = (long long)known(u->out);

	if (u->in < 0 && u->out < 0) {
		buf_add(out, STR("null"));
		return;
	}
	buf_addf(out,
		"{\"input_tokens\":%lld,\"input_tokens_details\":{\"cached_tokens\":%lld,"
		"\"cache_write_tokens\":%lld},\"output_tokens\":%lld,\"output_tokens_details\":{"
		"\"reasoning_tokens\":%lld},\"total_tokens\":%lld}",
		in, read, written, made, (long long)known(u->reasoning), in + made);
}

static void add_echo(struct encoder *e, bool echo)
{
	const struct encoding *s = e->state;

	buf_add(e->out, STR(",\"reasoning\":{\"effort\":"));
	if (echo && s->effort != EFFORT_UNSET)
		buf_addf(e->out, "\"%s\"", effort_name(s->effort));
	else
		buf_add(e->out, STR("null"));
	buf_add(e->out, STR(",\"summary\":"));
	if (echo && s->summary.n > 0)
		json_add_quoted(e->out, s->summary);
	else
		buf_add(e->out, STR("null"));
	buf_add(e->out, STR("}"));
}

void responses_add_response(struct encoder *e, const struct standing *how)
{
	buf_add(e->out, STR("{\"id\":\"resp_"));
	buf_add(e->out, e->base);
	buf_addf(e->out, "\",\"object\":\"response\",\"created_at\":%lld,\"status\":\"%s\"",
		(long long)e->wishes.created_s, how->status);
	buf_add(e->out, STR(",\"background\":false"));
	add_error(e->out, how->error);
	buf_add(e->out, STR(",\"incomplete_details\":"));
	if (how->incomplete != NULL)
		buf_addf(e->out, "{\"reason\":\"%s\"}", how->incomplete);
	else
		buf_add(e->out, STR("null"));
	buf_add(e->out,
		STR(",\"instructions\":null,\"max_output_tokens\":null,\"metadata\":{},\"model\":"));
	json_add_string(e->out, e->wishes.model);
	buf_add(e->out, STR(",\"output\":["));
	if (how->output)
		add_output(e);
	buf_add(e->out, STR("],\"parallel_tool_calls\":true,\"previous_response_id\":null"));
	add_echo(e, how->echo);
	buf_add(e->out,
		STR(",\"store\":false,\"temperature\":null,\"text\":{\"format\":{\"type\":\"text\"}},"
		    "\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":null,\"truncation\":\"disabled\","
		    "\"usage\":"));
	if (how->usage)
		add_usage(e->out, &e->usage);
	else
		buf_add(e->out, STR("null"));
	buf_add(e->out, STR("}"));
}
