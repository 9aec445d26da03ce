/* SPDX-License-Identifier: MIT */
/* OpenAI Chat Completions: its table, what relaying needs to know of requests and replies, and its errors. Relayed bytes are
 * only looked at here, never rebuilt. */
#include "llm/openai.h"

#include "wire/json_text.h"
#include "wire/sse.h"

/* ---- usage ---- */

/* As vendors count: input with what was read from the cache and written to it. */
struct counts {
	int64_t prompt, completion, total, read, written, miss, reasoning;
};

/* OpenAI's and, where they differ, others' names: DeepSeek (hit, miss), Moonshot and xAI (without the details around it), gateways
 * that mix in Anthropic's. */
static void take_counts(struct counts *c, struct str object)
{
	static const struct {
		struct str name;
		size_t at;
	} rows[] = {
		{ STR_INIT("prompt_tokens"), offsetof(struct counts, prompt) },
		{ STR_INIT("completion_tokens"), offsetof(struct counts, completion) },
		{ STR_INIT("total_tokens"), offsetof(struct counts, total) },
		{ STR_INIT("cached_tokens"), offsetof(struct counts, read) },
		{ STR_INIT("cache_read_input_tokens"), offsetof(struct counts, read) },
		{ STR_INIT("prompt_cache_hit_tokens"), offsetof(struct counts, read) },
		{ STR_INIT("prompt_cache_miss_tokens"), offsetof(struct counts, miss) },
		{ STR_INIT("cache_write_tokens"), offsetof(struct counts, written) },
		{ STR_INIT("cache_creation_tokens"), offsetof(struct counts, written) },
		{ STR_INIT("cache_creation_input_tokens"), offsetof(struct counts, written) },
		{ STR_INIT("reasoning_tokens"), offsetof(struct counts, reasoning) },
	};
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, object, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (json_key_is(m.key, STR("prompt_tokens_details")) ||
			json_key_is(m.key, STR("completion_tokens_details"))) {
			if (m.value.p[0] == '{' && m.value.n < object.n)
				take_counts(c, m.value);
			continue;
		}
		int64_t n = usage_count(m.value);
		for (size_t i = 0; i < ARRAY_LEN(rows) && n >= 0; i++)
			if (json_key_is(m.key, rows[i].name))
				*(int64_t *)(void *)((char *)c + rows[i].at) = n;
	}
}

static int64_t at_most(int64_t n, int64_t limit)
{
	return limit >= 0 && n > limit ? limit : n;
}

struct usage openai_usage(struct str object)
{
	struct counts c = { -1, -1, -1, -1, -1, -1, -1 };
	struct usage u = USAGE_UNKNOWN;

	if (object.n == 0 || object.p[0] != '{')
		return u;
	take_counts(&c, object);
	if (c.prompt < 0 && c.miss >= 0)
		c.prompt = c.miss + known(c.read);
	u.cache_read = at_most(c.read, c.prompt);
	u.cache_write = at_most(c.written, c.prompt - known(u.cache_read));
	if (c.prompt >= 0)
		u.in = c.prompt - known(u.cache_read) - known(u.cache_write);
	u.out = c.completion;
	/* Some vendors count reasoning beside the completion. */
	if (c.reasoning > 0 && c.prompt >= 0 && c.completion >= 0 &&
		c.prompt + c.completion != c.total &&
		c.prompt + c.completion + c.reasoning == c.total)
		u.out += c.reasoning;
	u.reasoning = at_most(c.reasoning, u.out);
	return u;
}

/* ---- replies that are relayed ---- */

/* What one walk over a chunk, a completion or an error finds. */
struct seen {
	struct str model, usage, error;
	bool finished; /* a choice has its finish_reason */
	bool begins;   /* a delta with a role and nothing said */
};

static bool is_given(struct str value)
{
	return value.n > 0 && !json_is_null(value);
}

static bool begins_only(struct str delta)
{
	struct str content = json_get(delta, STR("content"));

	return json_get(delta, STR("role")).p != NULL &&
	       (!is_given(content) || str_eq(content, STR("\"\""))) &&
	       !is_given(json_get(delta, STR("tool_calls")));
}

static void see_choices(struct seen *s, struct str choices)
{
	struct json_iter items, it;
	struct json_member item, m;
	struct err e = { 0 };

	if (choices.p[0] != '[' || !json_iter_init_array(&items, choices, &e))
		return;
	while (json_next(&items, &item, &e)) {
		struct err bad = { 0 };
		if (item.value.p[0] != '{' || !json_iter_init(&it, item.value, &bad))
			continue;
		while (json_next(&it, &m, &bad)) {
			if (json_key_is(m.key, STR("finish_reason")))
				s->finished = s->finished || is_given(m.value);
			if (json_key_is(m.key, STR("delta")) && m.value.n < 256)
				s->begins = s->begins || begins_only(m.value);
		}
	}
}

static bool see(struct seen *s, struct str object)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	*s = (struct seen){ .finished = false };
	if (object.n == 0 || !json_iter_init(&it, object, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		if (json_key_is(m.key, STR("model")))
			s->model = m.value;
		else if (json_key_is(m.key, STR("usage")) && is_given(m.value))
			s->usage = m.value;
		else if (json_key_is(m.key, STR("x_groq")) && s->usage.n == 0)
			s->usage = json_get(m.value, STR("usage"));
		else if (json_key_is(m.key, STR("error")) && is_given(m.value))
			s->error = m.value;
		else if (json_key_is(m.key, STR("choices")))
			see_choices(s, m.value);
	}
	return e.kind == ERR_NONE;
}

static void tell_error(struct event *ret, struct str error, struct arena *a)
{
	struct str type = json_string(json_get(error, STR("type")), a);

	ret->type = EV_ERROR;
	ret->text = type.n > 0 ? type : json_string(json_get(error, STR("code")), a);
	ret->detail = json_is_string(error) ? json_string(error, a)
					    : json_string(json_get(error, STR("message")), a);
}

/* The model is told at the beginning and at the end only: what keeps it copies it. */
static void parse_event(struct str frame, struct buf *scratch, struct arena *a, struct event *ret)
{
	struct sse_frame f;
	struct seen s;

	*ret = (struct event){ .type = EV_RAW, .raw = frame, .usage = USAGE_UNKNOWN };
	sse_parse(frame, scratch, &f);
	if (str_eq(str_trim(f.data), STR("[DONE]"))) {
		ret->type = EV_STOP;
		return;
	}
	if (!see(&s, f.data))
		return;
	if (s.error.n > 0) {
		tell_error(ret, s.error, a);
	} else if (s.usage.n > 0) {
		ret->type = EV_USAGE;
		ret->usage = openai_usage(s.usage);
		ret->model = s.finished ? json_string(s.model, a) : STR("");
	} else if (s.finished || s.begins) {
		ret->type = s.finished ? EV_STOP : EV_START;
		ret->model = json_string(s.model, a);
	}
}

static void parse_reply(struct str body, struct arena *a, struct event *ret)
{
	struct seen s;

	*ret = (struct event){ .type = EV_STOP, .raw = body, .usage = USAGE_UNKNOWN };
	if (!see(&s, body))
		return;
	ret->model = json_string(s.model, a);
	ret->usage = openai_usage(s.usage);
	if (s.error.n > 0)
		tell_error(ret, s.error, a);
}

/* ---- errors ---- */

static void add_word(struct buf *out, const char *word)
{
	if (word != NULL)
		json_add_string(out, str_from(word));
	else
		buf_add(out, STR("null"));
}

void openai_add_error(struct buf *out, const struct err *e, const char *prompt_param)
{
	buf_add(out, STR("{\"error\":{\"message\":"));
	json_add_string(out, str_from(err_message(e)));
	buf_addf(out, ",\"type\":\"%s\",\"param\":", err_openai_type(e->kind));
	add_word(out, e->param == NULL && e->kind == ERR_CONTEXT ? prompt_param : e->param);
	buf_add(out, STR(",\"code\":"));
	add_word(out, e->code != NULL ? e->code : err_openai_code(e->kind));
	buf_add(out, STR("}}"));
}

static void print_error(struct buf *out, const struct err *e, struct str id)
{
	(void)id;
	openai_add_error(out, e, "messages");
}

static void print_error_event(struct buf *out, const struct err *e, struct str id)
{
	buf_add(out, STR("data: "));
	print_error(out, e, id);
	buf_add(out, STR("\n\n"));
}

const struct dialect dialect_openai = {
	.name = "openai",
	.home = "openai",
	.family = API_OPENAI,
	.auth_header = STR_INIT("authorization"),
	.auth_prefix = STR_INIT("Bearer "),
	.parse_request = chat_parse_openai,
	.read_content = openai_read,
	.print_content = openai_print,
	.parse_event = parse_event,
	.parse_reply = parse_reply,
	.decode_begin = openai_decode_begin,
	.decode_frame = openai_decode_frame,
	.decode_body = openai_decode_body,
	.decode_end = openai_decode_end,
	.encode_begin = openai_encode_begin,
	.encode_event = openai_encode_event,
	.encode_reply = openai_encode_reply,
	.print_error = print_error,
	.print_error_event = print_error_event,
	.ping = STR_INIT(": ping\n\n"),
};
