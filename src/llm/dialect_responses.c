/* SPDX-License-Identifier: MIT */
/* OpenAI Responses. Relayed bytes are only looked at here, never rebuilt. */
#include "llm/failure.h"
#include "llm/openai.h"
#include "llm/responses.h"
#include "wire/sse.h"

/* ---- replies that are relayed ---- */

struct response {
	struct str model, status, usage, error;
};

static const struct responses_member response_rows[] = {
	{ STR_INIT("model"), offsetof(struct response, model) },
	{ STR_INIT("status"), offsetof(struct response, status) },
	{ STR_INIT("usage"), offsetof(struct response, usage) },
	{ STR_INIT("error"), offsetof(struct response, error) },
};

static void note_error(struct str error, struct arena *a, struct event *ret)
{
	struct failure f;

	failure_of_object(&f, 0, error, a);
	ret->type = EV_ERROR;
	ret->error = f.kind;
	ret->text = f.type;
	ret->detail = f.message;
}

static void note_response(struct str object, struct arena *a, struct event *ret)
{
	struct response r = { .model = { NULL, 0 } };

	if (!responses_members(object, response_rows, ARRAY_LEN(response_rows), &r))
		return;
	ret->model = json_string(r.model, a);
	ret->usage = responses_usage(r.usage);
	if (r.error.n > 0)
		note_error(r.error, a, ret);
}

struct frame {
	struct str type, response, error;
};

static const struct responses_member frame_rows[] = {
	{ STR_INIT("type"), offsetof(struct frame, type) },
	{ STR_INIT("response"), offsetof(struct frame, response) },
	{ STR_INIT("error"), offsetof(struct frame, error) },
};

static const struct frame_kind {
	struct str name;
	enum event_type type;
} kinds[] = {
	{ STR_INIT("response.created"), EV_START },
	{ STR_INIT("response.completed"), EV_STOP },
	{ STR_INIT("response.incomplete"), EV_STOP },
	{ STR_INIT("response.failed"), EV_ERROR },
	{ STR_INIT("error"), EV_ERROR },
};

static const struct frame_kind *find_kind(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (str_eq(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

/* The name on the first line tells most frames apart without parsing any JSON. */
static bool is_plain(struct str frame)
{
	struct str name;

	if (!str_starts(frame, STR("event: ")))
		return false;
	name = str_from_offset(frame, 7);
	name.n = str_find_char(name, '\n');
	return find_kind(str_trim(name)) == NULL;
}

static void parse_event(struct str frame, struct buf *scratch, struct arena *a, struct event *ret)
{
	const struct frame_kind *kind;
	struct frame m = { .type = { NULL, 0 } };
	struct sse_frame f;

	*ret = (struct event){ .type = EV_RAW, .raw = frame, .usage = USAGE_UNKNOWN };
	if (is_plain(frame))
		return;
	sse_parse(frame, scratch, &f);
	if (!responses_members(f.data, frame_rows, ARRAY_LEN(frame_rows), &m))
		return;
	kind = find_kind(json_inner(m.type));
	if (kind == NULL)
		return;
	note_response(m.response, a, ret);
	if (kind->type == EV_ERROR && ret->type != EV_ERROR)
		note_error(m.error.n > 0 && m.error.p[0] == '{' ? m.error : f.data, a, ret);
	ret->type = kind->type;
}

static void parse_reply(struct str body, struct arena *a, struct event *ret)
{
	*ret = (struct event){ .type = EV_STOP, .raw = body, .usage = USAGE_UNKNOWN };
	note_response(body, a, ret);
}

/* ---- counting, errors ---- */

static bool parse_count(struct str body, uint64_t *ret)
{
	struct str n = json_get(body, STR("input_tokens"));

	return n.p != NULL && json_u64(n, ret);
}

static void print_count(struct buf *out, uint64_t tokens)
{
	buf_addf(out, "{\"object\":\"response.input_tokens\",\"input_tokens\":%llu}",
		(unsigned long long)tokens);
}

static void print_error(struct buf *out, const struct err *e, struct str id)
{
	(void)id;
	openai_add_error(out, e, "input");
}

const struct dialect dialect_responses = {
	.name = "responses",
	.home = "openai",
	.family = API_OPENAI,
	.auth_header = STR_INIT("authorization"),
	.auth_prefix = STR_INIT("Bearer "),
	.parse_request = chat_parse_openai,
	.read_content = responses_read_content,
	.print_content = responses_print_content,
	.parse_count = parse_count,
	.print_count = print_count,
	.parse_event = parse_event,
	.parse_reply = parse_reply,
	.decode_begin = responses_decode_begin,
	.decode_frame = responses_decode_frame,
	.decode_body = responses_decode_body,
	.gathers = true,
	.encode_begin = responses_encode_begin,
	.encode_event = responses_encode_event,
	.encode_reply = responses_encode_reply,
	.encode_ping = responses_encode_ping,
	.print_error = print_error,
	.print_error_event = responses_add_failure,
	.ping = STR_INIT(": ping\n\n"),
};
