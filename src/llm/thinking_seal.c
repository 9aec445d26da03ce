/* SPDX-License-Identifier: MIT */
/* The way down. Nearly all frames hold neither word that matters, and are not parsed. */
#include "llm/native.h"
#include "llm/thinking.h"
#include "wire/json_text.h"
#include "wire/sse.h"

#include <string.h>

struct sealing {
	struct str text; /* a frame, or a reply */
	struct str data; /* the JSON in it */
	struct str model;
	struct buf *out;
	size_t done; /* bytes of the text that are out, or replaced */
};

/* Where a value stands in the text: data of several lines was put together elsewhere. */
static size_t place_of(const struct sealing *s, struct str value)
{
	size_t at = (size_t)(value.p - s->data.p);

	return s->data.p == s->text.p ? at : sse_data_place(s->text, at);
}

/* Replaces one value by an envelope. What is no string, or empty, is no signature; nor is what goes over several lines. */
static void seal_value(struct sealing *s, struct str key, struct str value)
{
	struct native_signature n = { s->model, outline_member_hash(key, value), value };

	if (!json_is_string(value) || value.n <= 2)
		return;
	size_t at = place_of(s, value);
	if (at < s->done || at + value.n > s->text.n ||
		memcmp(s->text.p + at, value.p, value.n) != 0)
		return;
	buf_add(s->out, (struct str){ s->text.p + s->done, at - s->done });
	buf_add_char(s->out, '"');
	native_seal_signature(s->out, &n);
	buf_add_char(s->out, '"');
	s->done = at + value.n;
}

/* A block has one or the other. */
static void seal_block(struct sealing *s, struct str block)
{
	struct str signature;

	if (!str_ends(json_get(block, STR("type")), STR("thinking\"")))
		return;
	signature = json_get(block, STR("signature"));
	if (signature.n > 2)
		seal_value(s, STR("signature"), signature);
	else
		seal_value(s, STR("data"), json_get(block, STR("data")));
}

static void seal_message(struct sealing *s, struct str message)
{
	struct str content = json_get(message, STR("content"));
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (content.p == NULL || !json_iter_init_array(&it, content, &e))
		return;
	while (json_next(&it, &m, &e))
		seal_block(s, m.value);
}

static void seal_event(struct sealing *s)
{
	struct str delta = json_get(s->data, STR("delta"));

	if (str_eq(json_get(delta, STR("type")), STR("\"signature_delta\"")))
		seal_value(s, STR("signature"), json_get(delta, STR("signature")));
	seal_block(s, json_get(s->data, STR("content_block")));
	seal_message(s, json_get(s->data, STR("message")));
}

static bool may_hold(struct str text)
{
	return str_find(text, STR("signature")) < text.n ||
	       str_find(text, STR("redacted_thinking")) < text.n;
}

static bool finish(struct sealing *s)
{
	if (s->done == 0)
		return false;
	buf_add(s->out, str_from_offset(s->text, s->done));
	return true;
}

bool thinking_seal_frame(struct str frame, struct str model, struct buf *out)
{
	struct sealing s = { .text = frame, .model = model, .out = out };
	struct sse_frame parsed;
	struct buf joined;

	if (!may_hold(frame))
		return false;
	buf_init(&joined, SIZE_MAX);
	sse_parse(frame, &joined, &parsed);
	s.data = parsed.data;
	if (parsed.has_data)
		seal_event(&s);
	buf_release(&joined);
	return finish(&s);
}

bool thinking_seal_reply(struct str body, struct str model, struct buf *out)
{
	struct sealing s = { .text = body, .data = body, .model = model, .out = out };

	if (!may_hold(body))
		return false;
	seal_message(&s, body);
	return finish(&s);
}
