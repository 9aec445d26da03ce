/* SPDX-License-Identifier: MIT */
/* Neutral events as the chunks of a Chat Completions stream, and whole replies as one completion. */
#include "llm/openai.h"

#include "llm/ids.h"
#include "wire/json_text.h"

struct encoding {
	struct str head; /* of each chunk, up to its delta; empty until the first one */
	struct str tail; /* behind the delta of those that do not finish */
	bool wants_usage;
	bool claude;         /* the open reasoning is: it is shown in its own form too */
	enum part_kind part; /* that is open */
	bool freeform; /* the open call is one of a tool that takes text, by the client's account */
	bool unwrap;   /* … whose provider takes JSON: its arguments are gathered in `wrapped` */
	bool said;     /* something of the open call's arguments has gone out */
	unsigned calls;   /* begun so far */
	unsigned details; /* reasoning blocks so far, but for… */
	unsigned entries; /* … those of the open part */
	struct stash wrapped;
};

void openai_encode_begin(struct encoder *e)
{
	struct encoding *s = arena_alloc(e->arena, sizeof(*s));

	s->wants_usage = e->wishes.content != NULL && e->wishes.content->wants_usage;
	e->state = s;
}

/* ---- what streams and whole replies have in common ---- */

static const char *finish_name(enum stop_reason stop)
{
	switch (stop) {
	case STOP_MAX:
	case STOP_CONTEXT:
		return "length";
	case STOP_TOOL:
		return "tool_calls";
	case STOP_REFUSAL:
		return "content_filter";
	case STOP_NONE:
	case STOP_END:
	case STOP_SEQUENCE:
	case STOP_PAUSE:
	case STOP_COMPACTION:
		break;
	}
	return "stop";
}

/* {"id":…,"object":…,"created":…,"model":… */
static void add_head(struct encoder *e, struct buf *out, const char *object)
{
	buf_addf(out, "{\"id\":\"chatcmpl-%.*s\",\"object\":\"%s\",\"created\":%lld,\"model\":",
		STR_ARG(e->base), object, (long long)e->wishes.created_s);
	json_add_string(out, e->wishes.model);
}

static void add_count(struct buf *out, const char *before, int64_t n)
{
	buf_add(out, str_from(before));
	buf_add_number(out, (uint64_t)known(n), 10);
}

/* See openai.h for which details there are. */
static void add_usage(struct buf *out, const struct usage *u)
{
	int64_t prompt = known(u->in) + known(u->cache_read) + known(u->cache_write);
	bool full = u->cache_write >= 0;

	add_count(out, "{\"prompt_tokens\":", prompt);
	add_count(out, ",\"completion_tokens\":", u->out);
	add_count(out, ",\"total_tokens\":", prompt + known(u->out));
	if (full || u->cache_read >= 0) {
		add_count(out, ",\"prompt_tokens_details\":{\"cached_tokens\":", u->cache_read);
		if (full)
			add_count(out, ",\"cache_write_tokens\":", u->cache_write);
		buf_add_char(out, '}');
	}
	if (full || u->reasoning >= 0) {
		add_count(
			out, ",\"completion_tokens_details\":{\"reasoning_tokens\":", u->reasoning);
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
}

/* The members of a detail that all have, up to its index. */
static void end_detail(struct buf *out, const char *format, unsigned index)
{
	buf_addf(out, ",\"format\":\"%s\",\"index\":%u}", format, index);
}

static void add_quoted(struct buf *out, const char *before, struct str escaped)
{
	buf_add(out, str_from(before));
	json_add_quoted(out, escaped);
}

/* One of Claude's blocks. `texts`: with its text, which has not gone out before. */
static void add_block(struct buf *out, struct str block, bool text, unsigned index)
{
	struct str type = json_inner(json_get(block, STR("type")));

	if (json_key_is(type, STR("redacted_thinking"))) {
		add_quoted(out, "{\"type\":\"reasoning.encrypted\",\"data\":",
			json_inner(json_get(block, STR("data"))));
	} else {
		buf_add(out, STR("{\"type\":\"reasoning.text\""));
		if (text)
			add_quoted(out, ",\"text\":", json_inner(json_get(block, STR("thinking"))));
		add_quoted(out, ",\"signature\":", json_inner(json_get(block, STR("signature"))));
	}
	end_detail(out, OPENAI_CLAUDE_FORMAT, index);
}

/* What of a part of reasoning can be sent back: a walk over its entries. */
struct entries {
	const struct native *native;
	struct json_iter blocks;
	bool claude, item; /* what is left: blocks, or the one item of Responses */
};

static struct entries entries_of(const struct native *n)
{
	struct entries x = { .native = n };
	struct str blocks = json_get(n->payload, STR("b"));
	struct err bad = { 0 };

	x.item = str_eq(n->code, STR("oai")) && json_get(n->payload, STR("e")).n > 0;
	x.claude = str_eq(n->code, STR("ant")) && blocks.n > 0 && blocks.p[0] == '[' &&
		   json_iter_init_array(&x.blocks, blocks, &bad);
	return x;
}

/* Appends the next one, as add_block() does. False when there is none. */
static bool add_entry(
	struct entries *x, struct buf *out, const char *before, bool text, unsigned index)
{
	struct json_member m;
	struct err bad = { 0 };

	if (x->claude && json_next(&x->blocks, &m, &bad)) {
		buf_add(out, str_from(before));
		add_block(out, m.value, text, index);
		return true;
	}
	if (!x->item)
		return false;
	x->item = false;
	buf_add(out, str_from(before));
	add_quoted(out, "{\"type\":\"reasoning.encrypted\",\"data\":",
		json_inner(json_get(x->native->payload, STR("e"))));
	add_quoted(out, ",\"id\":", json_inner(json_get(x->native->payload, STR("id"))));
	end_detail(out, OPENAI_RESPONSES_FORMAT, index);
	return true;
}

/* "id":…,"type":…, up to the value of the arguments. */
static void add_call(
	struct encoder *e, struct str id, struct str wire_name, bool freeform, unsigned n)
{
	const struct native_tool *t = encoder_tool(e, wire_name);
	struct str name = t != NULL && t->name.n > 0 ? t->name : wire_name;

	if (id.n > 0)
		id = id_of_call(id, "call_", e->arena);
	else
		id = id_made_up("call_", e->base, n, e->arena);
	add_quoted(e->out, "\"id\":", id);
	add_quoted(e->out,
		freeform ? ",\"type\":\"custom\",\"custom\":{\"name\":"
			 : ",\"type\":\"function\",\"function\":{\"name\":",
		name);
	buf_add(e->out, freeform ? STR(",\"input\":\"") : STR(",\"arguments\":\""));
}

static void add_signature(struct encoder *e, const struct native *n)
{
	if (!str_eq(n->code, STR("gem")) || !json_is_string(n->payload))
		return;
	buf_add(e->out, STR(",\"extra_content\":{\"google\":{\"thought_signature\":"));
	json_add_quoted(e->out, json_inner(n->payload));
	buf_add(e->out, STR("}}"));
}

/* The text in the JSON object that a tool which takes text was wrapped into; what is none is taken as it is. */
static struct str unwrapped(struct encoder *e, struct str arguments)
{
	struct str object = json_unescape(arguments, e->arena);
	struct str input = json_inner(json_get(object, STR("input")));

	return input.p != NULL ? input : arguments;
}

/* ---- streams ---- */

static void make_head(struct encoder *e)
{
	struct encoding *s = e->state;
	struct buf b;

	buf_init(&b, SIZE_MAX / 2);
	add_head(e, &b, "chat.completion.chunk");
	buf_add(&b, STR(",\"choices\":[{\"index\":0,\"delta\":"));
	s->head = arena_printf(e->arena, "data: %.*s", STR_ARG(buf_str(&b)));
	buf_release(&b);
	s->tail = s->wants_usage
			  ? STR(",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n")
			  : STR(",\"logprobs\":null,\"finish_reason\":null}]}\n\n");
}

static void end_chunk(struct encoder *e)
{
	const struct encoding *s = e->state;

	buf_add(e->out, s->tail);
}

/* Everything begins with the role. */
static void begin_reply(struct encoder *e)
{
	struct encoding *s = e->state;

	if (s->head.n > 0)
		return;
	make_head(e);
	buf_add(e->out, s->head);
	buf_add(e->out, STR("{\"role\":\"assistant\",\"content\":\"\"}"));
	end_chunk(e);
}

static void begin_chunk(struct encoder *e)
{
	const struct encoding *s = e->state;

	begin_reply(e);
	buf_add(e->out, s->head);
}

static void put_open(struct encoder *e, const struct event *ev)
{
	struct encoding *s = e->state;
	const struct native_tool *t;

	s->part = ev->part;
	if (ev->part == PART_REASONING)
		s->claude = str_eq(ev->native.code, STR("ant"));
	begin_reply(e);
	if (ev->part != PART_CALL)
		return;
	t = encoder_tool(e, ev->name);
	s->freeform = ev->freeform || (t != NULL && t->freeform);
	s->unwrap = s->freeform && !ev->freeform;
	s->said = false;
	s->wrapped.n = 0;
	begin_chunk(e);
	buf_addf(e->out, "{\"tool_calls\":[{\"index\":%u,", s->calls);
	add_call(e, ev->id, ev->name, s->freeform, s->calls);
	buf_add(e->out, STR("\"}"));
	add_signature(e, &ev->native);
	buf_add(e->out, STR("}]}"));
	end_chunk(e);
	s->calls++;
}

static void put_arguments(struct encoder *e, struct str escaped)
{
	struct encoding *s = e->state;

	s->said = true;
	begin_chunk(e);
	buf_addf(e->out, "{\"tool_calls\":[{\"index\":%u,\"%s\":{\"%s\":", s->calls - 1,
		s->freeform ? "custom" : "function", s->freeform ? "input" : "arguments");
	json_add_quoted(e->out, escaped);
	buf_add(e->out, STR("}}]}"));
	end_chunk(e);
}

static void put_call_text(struct encoder *e, struct str text)
{
	struct encoding *s = e->state;

	if (!s->unwrap)
		put_arguments(e, text);
	else if (text.n <= e->wishes.max_bytes - s->wrapped.n)
		stash_add(&s->wrapped, text, e->arena);
}

static void put_text(struct encoder *e, const struct event *ev)
{
	struct encoding *s = e->state;

	if (ev->text.n == 0)
		return;
	if (s->part == PART_CALL) {
		put_call_text(e, ev->text);
		return;
	}
	begin_chunk(e);
	if (s->part == PART_REASONING) {
		add_quoted(e->out, "{\"reasoning_content\":", ev->text);
		if (s->claude) {
			add_quoted(e->out,
				",\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":",
				ev->text);
			end_detail(e->out, OPENAI_CLAUDE_FORMAT, s->details);
			buf_add_char(e->out, ']');
		}
	} else {
		add_quoted(e->out, "{\"content\":", ev->text);
	}
	buf_add_char(e->out, '}');
	end_chunk(e);
}

/* A chunk for each entry. */
static void put_signature(struct encoder *e, const struct event *ev)
{
	struct encoding *s = e->state;
	struct entries x = entries_of(&ev->native);

	begin_reply(e);
	for (;;) {
		size_t before = e->out->n;
		begin_chunk(e);
		if (!add_entry(&x, e->out, "{\"reasoning_details\":[", !s->claude,
			    s->details + s->entries)) {
			e->out->n = before;
			return;
		}
		buf_add(e->out, STR("]}"));
		end_chunk(e);
		s->entries++;
	}
}

static void put_close(struct encoder *e)
{
	struct encoding *s = e->state;

	if (s->part == PART_REASONING)
		s->details += s->entries > 0 ? s->entries : 1;
	s->entries = 0;
	if (s->part != PART_CALL)
		return;
	if (s->unwrap && s->wrapped.n > 0)
		put_arguments(e, unwrapped(e, stash_str(&s->wrapped)));
	else if (!s->said && !s->freeform)
		put_arguments(e, STR("{}"));
}

static void put_stop(struct encoder *e, const struct event *ev)
{
	struct encoding *s = e->state;

	if (ev->stop == STOP_REFUSAL && ev->detail.n > 0) {
		begin_chunk(e);
		add_quoted(e->out, "{\"refusal\":", ev->detail);
		buf_add_char(e->out, '}');
		end_chunk(e);
	}
	begin_chunk(e);
	buf_addf(e->out, "{},\"logprobs\":null,\"finish_reason\":\"%s\"}]%s}\n\n",
		finish_name(ev->stop), s->wants_usage ? ",\"usage\":null" : "");
	if (s->wants_usage) {
		buf_add(e->out, STR("data: "));
		add_head(e, e->out, "chat.completion.chunk");
		buf_add(e->out, STR(",\"choices\":[],\"usage\":"));
		add_usage(e->out, &e->usage);
		buf_add(e->out, STR("}\n\n"));
	}
	buf_add(e->out, STR("data: [DONE]\n\n"));
}

static void put_error(struct encoder *e, const struct event *ev)
{
	struct err err;

	err_set(&err, ev->error, "the provider has failed within its reply");
	if (ev->detail.n > 0)
		err.said = arena_dup(e->arena, ev->detail).p;
	buf_add(e->out, STR("data: "));
	openai_add_error(e->out, &err, "messages");
	buf_add(e->out, STR("\n\n"));
}

void openai_encode_event(struct encoder *e, const struct event *ev)
{
	switch (ev->type) {
	case EV_OPEN:
		put_open(e, ev);
		break;
	case EV_TEXT:
		put_text(e, ev);
		break;
	case EV_SIGN:
		put_signature(e, ev);
		break;
	case EV_CLOSE:
		put_close(e);
		break;
	case EV_STOP:
		put_stop(e, ev);
		break;
	case EV_ERROR:
		put_error(e, ev);
		break;
	case EV_RAW:
	case EV_BEGIN:
		begin_reply(e);
		break;
	case EV_START:
	case EV_USAGE:
		break;
	}
}

/* ---- whole replies ---- */

static const struct reply_part *next_of(const struct reply_part *p, enum part_kind kind)
{
	while (p != NULL && p->kind != kind)
		p = p->next;
	return p;
}

/* The texts of one kind as one string, between quotes that are the caller's. */
static void add_texts(struct encoder *e, enum part_kind kind)
{
	for (const struct reply_part *p = next_of(e->reply.first, kind); p != NULL;
		p = next_of(p->next, kind))
		json_add_inner(e->out, buf_str(&p->text));
}

static bool has_text(const struct encoder *e, enum part_kind kind)
{
	for (const struct reply_part *p = next_of(e->reply.first, kind); p != NULL;
		p = next_of(p->next, kind))
		if (p->text.n > 0)
			return true;
	return false;
}

static void add_reasoning(struct encoder *e)
{
	size_t before = e->out->n;
	unsigned n = 0;

	if (has_text(e, PART_REASONING)) {
		buf_add(e->out, STR(",\"reasoning_content\":\""));
		add_texts(e, PART_REASONING);
		buf_add_char(e->out, '"');
		before = e->out->n;
	}
	buf_add(e->out, STR(",\"reasoning_details\":["));
	for (const struct reply_part *p = next_of(e->reply.first, PART_REASONING); p != NULL;
		p = next_of(p->next, PART_REASONING)) {
		struct entries x = entries_of(&p->native);
		while (add_entry(&x, e->out, n > 0 ? "," : "", true, n))
			n++;
	}
	if (n > 0)
		buf_add_char(e->out, ']');
	else if (!e->out->overflow)
		e->out->n = before;
}

static void add_reply_call(struct encoder *e, const struct reply_part *p, unsigned n)
{
	const struct native_tool *t = encoder_tool(e, p->name);
	bool unwrap = !p->freeform && t != NULL && t->freeform;
	struct str text = buf_str(&p->text);

	buf_add(e->out, n == 0 ? STR(",\"tool_calls\":[{") : STR(",{"));
	add_call(e, p->id, p->name, p->freeform || unwrap, n);
	if (unwrap)
		text = unwrapped(e, text);
	else if (text.n == 0 && !p->freeform)
		text = STR("{}");
	json_add_inner(e->out, text);
	buf_add(e->out, STR("\"}"));
	add_signature(e, &p->native);
	buf_add_char(e->out, '}');
}

static void add_message(struct encoder *e)
{
	const struct reply *r = &e->reply;
	unsigned calls = 0;

	buf_add(e->out, STR("{\"role\":\"assistant\",\"content\":"));
	if (next_of(r->first, PART_TEXT) != NULL) {
		buf_add_char(e->out, '"');
		add_texts(e, PART_TEXT);
		buf_add_char(e->out, '"');
	} else {
		buf_add(e->out, STR("null"));
	}
	buf_add(e->out, STR(",\"refusal\":"));
	if (r->stop == STOP_REFUSAL && r->detail.n > 0)
		json_add_quoted(e->out, r->detail);
	else
		buf_add(e->out, STR("null"));
	add_reasoning(e);
	for (const struct reply_part *p = next_of(r->first, PART_CALL); p != NULL;
		p = next_of(p->next, PART_CALL))
		add_reply_call(e, p, calls++);
	buf_add(e->out, calls > 0 ? STR("]}") : STR("}"));
}

void openai_encode_reply(struct encoder *e)
{
	add_head(e, e->out, "chat.completion");
	buf_add(e->out, STR(",\"choices\":[{\"index\":0,\"message\":"));
	add_message(e);
	buf_addf(e->out, ",\"logprobs\":null,\"finish_reason\":\"%s\"}],\"usage\":",
		finish_name(e->reply.stop));
	add_usage(e->out, &e->usage);
	buf_add_char(e->out, '}');
}
