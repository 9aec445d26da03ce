/* SPDX-License-Identifier: MIT */
/* Google Gemini: generateContent and its relatives. Relayed bytes are only looked at here, never rebuilt. */
#include "llm/gemini.h"
#include "wire/sse.h"

/* camelCase is snake_case with each capital letter behind a '_' and small. */
bool gemini_key_matches(struct str key, struct str camel)
{
	size_t k = 0;

	if (json_key_is(key, camel))
		return true;
	if (key.n <= camel.n || key.p[0] != camel.p[0])
		return false;
	for (size_t i = 0; i < camel.n; i++, k++) {
		const bool capital = camel.p[i] >= 'A' && camel.p[i] <= 'Z';
		if (capital && (k >= key.n || key.p[k++] != '_'))
			return false;
		if (k >= key.n || key.p[k] != (capital ? (char)(camel.p[i] | 0x20) : camel.p[i]))
			return false;
	}
	return k == key.n;
}

/* ---- requests ---- */

/* "/v1beta/models/NAME:verb"; NAME may hold colons itself. */
static bool split_path(struct str path, struct str *ret_model, struct str *ret_verb)
{
	const struct str dir = STR("/models/");
	size_t at = str_find(path, dir), colon = 0;

	path.n = str_find_char(path, '?');
	if (at + dir.n > path.n)
		return false;
	path = str_from_offset(path, at + dir.n);
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == ':')
			colon = i;
	if (colon == 0)
		return false;
	*ret_model = (struct str){ path.p, colon };
	*ret_verb = str_from_offset(path, colon + 1);
	return true;
}

/* The model stands in the path only; a body is looked at to find out whether it is one. */
static bool parse_request(struct chat *ret, struct str body, struct arena *a, struct err *e)
{
	struct str verb;

	ret->body = body;
	ret->outline = (struct outline){ .whole = false };
	if (!split_path(ret->path, &ret->model, &verb))
		return err_set(e, ERR_INVALID, "the path names no model");
	ret->model = http_unescape(ret->model, a);
	ret->stream = str_eq(verb, STR("streamGenerateContent"));
	return chat_walk(ret, NULL, a, e);
}

/* ---- replies that are relayed ---- */

static void note_error(struct str error, struct arena *a, struct event *ret)
{
	ret->type = EV_ERROR;
	ret->text = json_string(json_get(error, STR("status")), a);
	ret->detail = json_string(json_get(error, STR("message")), a);
}

/* The model and the end are told by the last chunk; what comes before it is counted only. */
static void note_chunk(struct str object, struct arena *a, struct event *ret)
{
	struct gemini_chunk c;

	if (!gemini_read_chunk(&c, object))
		return;
	if (c.error.n > 0 && c.error.p[0] == '{') {
		note_error(c.error, a, ret);
		return;
	}
	if (c.usage.n > 0) {
		ret->usage = gemini_usage(c.usage);
		ret->type = EV_USAGE;
	}
	if (json_get(c.candidate, STR("finishReason")).n > 0 ||
		json_get(c.feedback, STR("blockReason")).n > 0) {
		ret->type = EV_STOP;
		ret->model = json_unescape(c.model, a);
	}
}

static void parse_event(struct str frame, struct buf *scratch, struct arena *a, struct event *ret)
{
	struct sse_frame f;

	*ret = (struct event){ .type = EV_RAW, .raw = frame, .usage = USAGE_UNKNOWN };
	sse_parse(frame, scratch, &f);
	if (f.has_data && f.data.n > 0)
		note_chunk(f.data, a, ret);
}

/* One chunk, or the array of them that a stream is without alt=sse. */
static void parse_reply(struct str body, struct arena *a, struct event *ret)
{
	struct str json = str_trim(body);
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	*ret = (struct event){ .type = EV_STOP, .raw = body, .usage = USAGE_UNKNOWN };
	if (json.n > 0 && json.p[0] == '[' && json_iter_init_array(&it, json, &e))
		while (json_next(&it, &m, &e))
			note_chunk(m.value, a, ret);
	else
		note_chunk(json, a, ret);
	if (ret->type != EV_ERROR)
		ret->type = EV_STOP;
}

/* ---- counting tokens ---- */

static bool parse_count(struct str body, uint64_t *ret)
{
	struct str total = json_get(body, STR("totalTokens"));

	return total.p != NULL && json_u64(total, ret);
}

static void print_count(struct buf *out, uint64_t tokens)
{
	buf_addf(out, "{\"totalTokens\":%llu}", (unsigned long long)tokens);
}

/* ---- errors ---- */

static void print_error(struct buf *out, const struct err *e, struct str id)
{
	(void)id;
	buf_addf(out, "{\"error\":{\"code\":%u,\"message\":", err_status(API_GOOGLE, e->kind));
	json_add_string(out, str_from(err_message(e)));
	buf_addf(out, ",\"status\":\"%s\"}}", err_gemini_status(e->kind));
}

static void print_error_event(struct buf *out, const struct err *e, struct str id)
{
	buf_add(out, STR("data: "));
	print_error(out, e, id);
	buf_add(out, STR("\r\n\r\n"));
}

const struct dialect dialect_gemini = {
	.name = "gemini",
	.home = "gemini",
	.family = API_GOOGLE,
	.auth_header = STR_INIT("x-goog-api-key"),
	.parse_request = parse_request,
	.read_content = gemini_read_content,
	.print_content = gemini_print_content,
	.parse_count = parse_count,
	.print_count = print_count,
	.parse_event = parse_event,
	.parse_reply = parse_reply,
	.decode_begin = gemini_decode_begin,
	.decode_frame = gemini_decode_frame,
	.decode_body = gemini_decode_body,
	.decode_end = gemini_decode_end,
	.gathers = true,
	.encode_begin = gemini_encode_begin,
	.encode_event = gemini_encode_event,
	.encode_reply = gemini_encode_reply,
	.print_error = print_error,
	.print_error_event = print_error_event,
	.ping = STR_INIT(": ping\r\n\r\n"),
};
