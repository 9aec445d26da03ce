/* SPDX-License-Identifier: MIT */
/* Nearly all bodies hold no envelope at all, which one search tells. What is done depends on each message alone: a prefix stays one. */
#include "llm/strip.h"

#include "llm/native.h"
#include "wire/json_text.h"

#include <string.h>

static const struct str empty_thinking =
	STR_INIT("{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}");

static bool is_type(struct str block, struct str quoted)
{
	return str_eq(json_get(block, STR("type")), quoted);
}

static bool is_foreign(struct str block)
{
	return is_type(block, STR("\"thinking\"")) &&
	       native_is_envelope(json_inner(json_get(block, STR("signature"))));
}

/* What is in a message's content. */
struct blocks {
	bool foreign, thinking, call;
};

static bool look(struct str content, struct blocks *ret)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	*ret = (struct blocks){ .foreign = false };
	if (content.n == 0 || content.p[0] != '[' || !json_iter_init_array(&it, content, &e))
		return false;
	while (json_next(&it, &m, &e)) {
		bool foreign = is_foreign(m.value);
		ret->foreign |= foreign;
		ret->thinking |= !foreign && is_type(m.value, STR("\"thinking\""));
		ret->call |= is_type(m.value, STR("\"tool_use\""));
	}
	return e.kind == ERR_NONE;
}

/* The content of one message, if there is something to do in it. */
static bool strip_content(struct str content, bool wanted, struct buf *out)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	struct blocks has;

	if (!look(content, &has) || !json_iter_init_array(&it, content, &e))
		return false;
	bool add = wanted && has.call && !has.thinking;
	if (!add && !has.foreign)
		return false;
	buf_add_char(out, '[');
	size_t start = out->n;
	if (add)
		buf_add(out, empty_thinking);
	while (json_next(&it, &m, &e)) {
		if (is_foreign(m.value))
			continue;
		buf_add(out, out->n > start ? STR(",") : STR(""));
		buf_add(out, m.value);
	}
	if (out->n == start)
		buf_add(out, STR("{\"type\":\"text\",\"text\":\"(no content)\"}"));
	buf_add_char(out, ']');
	return true;
}

/* Copies the body up to each such content, and goes on behind it. */
static bool strip_messages(struct str body, struct str messages, bool wanted, struct buf *out)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	const char *from = body.p;
	struct buf stripped;

	if (!json_iter_init_array(&it, messages, &e))
		return false;
	buf_init(&stripped, SIZE_MAX);
	while (json_next(&it, &m, &e)) {
		struct str content = json_get(m.value, STR("content"));
		buf_clear(&stripped);
		if (content.p == NULL || !strip_content(content, wanted, &stripped))
			continue;
		buf_add(out, (struct str){ from, (size_t)(content.p - from) });
		buf_add(out, buf_str(&stripped));
		from = content.p + content.n;
	}
	buf_release(&stripped);
	if (from == body.p)
		return false;
	buf_add(out, (struct str){ from, body.n - (size_t)(from - body.p) });
	return true;
}

bool strip_envelopes(struct str body, bool wanted, struct buf *out)
{
	struct str messages;

	if (body.n == 0 ||
		(!wanted && memmem(body.p, body.n, NATIVE_PREFIX, strlen(NATIVE_PREFIX)) == NULL))
		return false;
	messages = json_get(body, STR("messages"));
	return messages.p != NULL && strip_messages(body, messages, wanted, out);
}
