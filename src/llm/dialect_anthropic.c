/* SPDX-License-Identifier: MIT */
/* Anthropic Messages. Relayed bytes are only looked at here, never rebuilt. */
#include "llm/anthropic.h"
#include "wire/sse.h"

#include <string.h>

/* Claude Code puts a JSON object as text into the member for the user. */
static struct str session_of(struct str metadata, struct arena *a)
{
	struct str user = json_string(json_get(metadata, STR("user_id")), a);
	struct str session = json_string(json_get(user, STR("session_id")), a);

	return session.p != NULL ? session : STR("");
}

/* All members of the top level, in one walk. */
static bool walk_request(struct chat *ret, struct json_iter *it, struct arena *a, struct err *e)
{
	struct str key, value;

	while (json_next_key(it, &key, e)) {
		if (!ret->bare && outline_wants(key)) {
			size_t from = it->at;
			if (!outline_part(&ret->outline, it, key, e))
				return false;
			value = (struct str){ it->text.p + from, it->at - from };
			sketch_member(&ret->sketch, key, value);
			continue;
		}
		if (!json_take(it, &value, e))
			return false;
		if (json_key_is(key, STR("model")) && !chat_add_model(ret, value, a, e))
			return false;
		if (json_key_is(key, STR("stream")))
			ret->stream = json_is_true(value);
		if (json_key_is(key, STR("metadata")))
			ret->session = session_of(value, a);
		sketch_member(&ret->sketch, key, value);
		chat_look_for_tag(ret, key, value);
	}
	ret->tagged |= ret->outline.facts.tagged;
	return e->kind == ERR_NONE;
}

static bool parse_request(struct chat *ret, struct str body, struct arena *a, struct err *e)
{
	struct json_iter it;

	ret->body = body;
	sketch_begin(&ret->sketch, ret->bare ? NULL : a);
	outline_begin(&ret->outline, &ret->sketch, !ret->bare);
	if (!json_iter_init(&it, body, e) || !walk_request(ret, &it, a, e)) {
		outline_drop(&ret->outline);
		return false;
	}
	outline_end(&ret->outline, a);
	return true;
}

static void add(int64_t *to, int64_t more)
{
	if (more > 0)
		*to = *to > 0 ? (*to > USAGE_COUNT_MAX - more ? USAGE_COUNT_MAX : *to + more)
			      : more;
}

static struct usage parse_usage(struct str object);

/* The tokens of a compaction that the API did by itself are not in the totals. */
static void add_compactions(struct usage *u, struct str list)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init_array(&it, list, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (!str_eq(json_get(m.value, STR("type")), STR("\"compaction\"")))
			continue;
		struct usage more = parse_usage(m.value);
		add(&u->in, more.in);
		add(&u->cache_read, more.cache_read);
		add(&u->cache_write, more.cache_write);
		add(&u->cache_write_1h, more.cache_write_1h);
		add(&u->out, more.out);
	}
}

static struct usage parse_usage(struct str object)
{
	struct usage u = USAGE_UNKNOWN;
	struct str iterations = { NULL, 0 };
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (object.p == NULL || !json_iter_init(&it, object, &e))
		return u;
	while (json_next(&it, &m, &e)) {
		if (json_key_is(m.key, STR("input_tokens")))
			u.in = usage_count(m.value);
		else if (json_key_is(m.key, STR("cache_read_input_tokens")))
			u.cache_read = usage_count(m.value);
		else if (json_key_is(m.key, STR("cache_creation_input_tokens")))
			u.cache_write = usage_count(m.value);
		else if (json_key_is(m.key, STR("cache_creation")))
			u.cache_write_1h =
				usage_count(json_get(m.value, STR("ephemeral_1h_input_tokens")));
		else if (json_key_is(m.key, STR("output_tokens")))
			u.out = usage_count(m.value);
		else if (json_key_is(m.key, STR("output_tokens_details")))
			u.reasoning = usage_count(json_get(m.value, STR("thinking_tokens")));
		else if (json_key_is(m.key, STR("iterations")))
			iterations = m.value;
	}
	if (iterations.p != NULL)
		add_compactions(&u, iterations);
	return u;
}

/* A message, or an error in its place, in one walk: replies can be long. */
static void parse_message(struct str object, struct arena *a, struct event *ret)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (object.p == NULL || !json_iter_init(&it, object, &e))
		return;
	while (json_next(&it, &m, &e)) {
		if (json_key_is(m.key, STR("model"))) {
			ret->model = json_string(m.value, a);
		} else if (json_key_is(m.key, STR("usage"))) {
			ret->usage = parse_usage(m.value);
		} else if (json_key_is(m.key, STR("error"))) {
			ret->type = EV_ERROR;
			ret->text = json_string(json_get(m.value, STR("type")), a);
			ret->detail = json_string(json_get(m.value, STR("message")), a);
		}
	}
}

/* Deltas, by far the most frames, are told from the others by the first line without parsing any JSON. */
static void parse_event(struct str frame, struct buf *scratch, struct arena *a, struct event *ret)
{
	struct sse_frame f;

	*ret = (struct event){ .type = EV_RAW, .raw = frame, .usage = USAGE_UNKNOWN };
	if (str_starts(frame, STR("event: content_block_")))
		return;
	sse_parse(frame, scratch, &f);
	if (str_eq(f.event, STR("message_start"))) {
		ret->type = EV_START;
		parse_message(json_get(f.data, STR("message")), a, ret);
	} else if (str_eq(f.event, STR("message_delta"))) {
		ret->type = EV_USAGE;
		ret->usage = parse_usage(json_get(f.data, STR("usage")));
	} else if (str_eq(f.event, STR("message_stop"))) {
		ret->type = EV_STOP;
	} else if (str_eq(f.event, STR("error"))) {
		parse_message(f.data, a, ret);
	}
}

static void parse_reply(struct str body, struct arena *a, struct event *ret)
{
	*ret = (struct event){ .type = EV_STOP, .raw = body, .usage = USAGE_UNKNOWN };
	parse_message(body, a, ret);
}

static void print_error(struct buf *out, const struct err *e, struct str id)
{
	buf_addf(out, "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":",
		err_anthropic_type(e->kind));
	json_add_string(out, str_from(err_message(e)));
	/* By which the SDKs know that all messages are to be sent instead. */
	if (e->code != NULL && strcmp(e->code, "thread_unsupported_request") == 0)
		buf_addf(out, ",\"details\":{\"error_code\":\"%s\",\"unsupported\":[\"thread\"]}",
			e->code);
	buf_add(out, STR("},\"request_id\":"));
	json_add_string(out, id);
	buf_add(out, STR("}"));
}

static void print_error_event(struct buf *out, const struct err *e, struct str id)
{
	buf_add(out, STR("event: error\ndata: "));
	print_error(out, e, id);
	buf_add(out, STR("\n\n"));
}

struct usage anthropic_usage(struct str object)
{
	return parse_usage(object);
}

static bool parse_count(struct str body, uint64_t *ret)
{
	return json_u64(json_get(body, STR("input_tokens")), ret);
}

static void print_count(struct buf *out, uint64_t tokens)
{
	buf_add(out, STR("{\"input_tokens\":"));
	buf_add_number(out, tokens, 10);
	buf_add_char(out, '}');
}

const struct dialect dialect_anthropic = {
	.name = "anthropic",
	.home = "anthropic",
	.family = API_ANTHROPIC,
	.auth_header = STR_INIT("x-api-key"),
	.parse_request = parse_request,
	.read_content = anthropic_read_content,
	.print_content = anthropic_print_content,
	.parse_count = parse_count,
	.print_count = print_count,
	.parse_event = parse_event,
	.parse_reply = parse_reply,
	.decode_begin = anthropic_decode_begin,
	.decode_frame = anthropic_decode_frame,
	.decode_body = anthropic_decode_body,
	.decode_end = anthropic_decode_end,
	.encode_begin = anthropic_encode_begin,
	.encode_event = anthropic_encode_event,
	.encode_reply = anthropic_encode_reply,
	.print_error = print_error,
	.print_error_event = print_error_event,
	.ping = STR_INIT("event: ping\ndata: {\"type\": \"ping\"}\n\n"),
};
