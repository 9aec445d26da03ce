/* SPDX-License-Identifier: MIT */
/* Recorded blocks as the API takes them: text stays escaped as it was recorded, only members go. */
#include "lab/replay_read.h"

#include "wire/json_text.h"

#include <math.h>

#define CHARS_PER_TOKEN 2.7
/* What stands around a text and a call; a picture. */
enum { TEXT_TOKENS = 4, CALL_TOKENS = 40, IMAGE_TOKENS = 1500 };

struct members {
	struct str type, text, thinking, signature, id, name, input, tool_use_id, content, is_error,
		source, media_type, data;
};

static const struct {
	struct str name;
	size_t offset;
} table[] = {
#define MEMBER(member) \
	{ \
		STR_INIT(#member), offsetof(struct members, member) \
	}
	MEMBER(type),
	MEMBER(text),
	MEMBER(thinking),
	MEMBER(signature),
	MEMBER(id),
	MEMBER(name),
	MEMBER(input),
	MEMBER(tool_use_id),
	MEMBER(content),
	MEMBER(is_error),
	MEMBER(source),
	MEMBER(media_type),
	MEMBER(data),
};

static struct members members_of(struct str object)
{
	struct members ret = { { NULL, 0 } };
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, object, &e))
		return ret;
	while (json_next(&it, &m, &e))
		for (size_t i = 0; i < ARRAY_LEN(table); i++)
			if (str_eq(m.key, table[i].name))
				*(struct str *)(void *)((char *)&ret + table[i].offset) = m.value;
	return ret;
}

/* ---- sizes ---- */

static unsigned escaped_unit(struct str s, size_t at)
{
	unsigned ret = 0;

	if (at + 6 > s.n || s.p[at] != '\\' || s.p[at + 1] != 'u')
		return 0;
	for (size_t i = at + 2; i < at + 6; i++) {
		char c = s.p[i];
		unsigned v = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
			     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
						    : 0;
		ret = ret * 16 + v;
	}
	return ret;
}

size_t replay_chars(struct str escaped)
{
	const struct str s = escaped;
	size_t n = 0;

	for (size_t i = 0; i < s.n; n++) {
		if (s.p[i] != '\\') {
			for (i++; i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80; i++)
				;
			continue;
		}
		unsigned unit = escaped_unit(s, i), next = escaped_unit(s, i + 6);
		bool pair = (unit & 0xfc00) == 0xd800 && (next & 0xfc00) == 0xdc00;
		i += i + 1 < s.n && s.p[i + 1] == 'u' ? (pair ? 12 : 6) : 2;
	}
	return n;
}

int64_t replay_tokens(size_t chars)
{
	return (int64_t)ceil((double)chars / CHARS_PER_TOKEN);
}

static size_t plain_chars(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* ---- kinds ---- */

static bool says(struct str value, const char *word)
{
	return str_eq(json_inner(value), str_from(word));
}

static bool is_blank(struct str inner)
{
	for (size_t i = 0; i < inner.n; i++) {
		unsigned char c = (unsigned char)inner.p[i];
		if (c == '\\' && i + 1 < inner.n && str_find_char(STR("ntrf"), inner.p[i + 1]) < 4)
			i++;
		else if (c != ' ' && (c < '\t' || c > '\r'))
			return false;
	}
	return true;
}

static void add_text(struct buf *b, struct str inner)
{
	buf_add(b, STR("{\"type\":\"text\",\"text\":"));
	json_add_quoted(b, inner);
	buf_add_char(b, '}');
}

static bool is_base64(struct str s)
{
	size_t n = s.n;

	if (n == 0 || n % 4 != 0)
		return false;
	while (n > s.n - 2 && s.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		char c = s.p[i], low = (char)(c | 0x20);
		if ((low < 'a' || low > 'z') && (c < '0' || c > '9') && c != '+' && c != '/')
			return false;
	}
	return true;
}

/* An image whose bytes were recorded, or a text in its place. Returns its tokens. */
static int64_t add_image(struct buf *b, struct str source)
{
	static const char none[] = "[image left out]";
	struct members m = members_of(source);

	if (!says(m.type, "base64") || !is_base64(json_inner(m.data))) {
		add_text(b, str_from(none));
		return replay_tokens(sizeof(none) - 1) + TEXT_TOKENS;
	}
	buf_add(b, STR("{\"type\":\"image\",\"source\":{\"type\":\"base64\""));
	if (json_is_string(m.media_type)) {
		buf_add(b, STR(",\"media_type\":"));
		buf_add(b, m.media_type);
	}
	buf_add(b, STR(",\"data\":"));
	buf_add(b, m.data);
	buf_add(b, STR("}}"));
	return IMAGE_TOKENS;
}

static int64_t add_result_items(struct buf *b, struct str list)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };
	int64_t tokens = 0;
	size_t begin = b->n;

	if (!json_iter_init_array(&it, list, &e))
		return 0;
	while (json_next(&it, &m, &e)) {
		struct members item = members_of(m.value);
		struct str text = json_inner(item.text);
		bool is_text = says(item.type, "text");
		if (item.type.p == NULL || (is_text && is_blank(text)))
			continue;
		buf_add_char(b, b->n == begin ? '[' : ',');
		if (is_text) {
			add_text(b, text);
			tokens += replay_tokens(replay_chars(text)) + TEXT_TOKENS;
		} else {
			tokens += add_image(b, item.source);
		}
	}
	if (b->n > begin)
		buf_add_char(b, ']');
	return tokens;
}

static int64_t add_result_content(struct buf *b, struct str content)
{
	struct str inner = json_inner(content);
	size_t begin = b->n;
	int64_t tokens = 0;

	if (inner.p != NULL) {
		json_add_quoted(b, inner);
		return replay_tokens(replay_chars(inner));
	}
	if (content.n > 0 && *content.p == '[')
		tokens = add_result_items(b, content);
	if (b->n == begin)
		buf_add(b, STR("\"\""));
	return tokens;
}

static void clean_call(struct replay_block *ret, const struct members *m, struct buf *b)
{
	bool object = m->input.n > 0 && *m->input.p == '{' && json_is_object(m->input);
	size_t begin;

	ret->kind = REPLAY_CALL;
	ret->id = json_inner(m->id);
	ret->name = json_inner(m->name);
	buf_add(b, STR("{\"type\":\"tool_use\",\"id\":"));
	json_add_quoted(b, ret->id);
	buf_add(b, STR(",\"name\":"));
	json_add_quoted(b, ret->name);
	buf_add(b, STR(",\"input\":"));
	begin = b->n;
	json_add_compact(b, object ? m->input : STR("{}"));
	ret->tokens = CALL_TOKENS + replay_tokens(plain_chars(str_from_offset(buf_str(b), begin)));
	buf_add_char(b, '}');
}

static void clean_result(struct replay_block *ret, const struct members *m, struct buf *b)
{
	ret->kind = REPLAY_RESULT;
	ret->id = json_inner(m->tool_use_id);
	buf_add(b, STR("{\"type\":\"tool_result\",\"tool_use_id\":"));
	json_add_quoted(b, ret->id);
	buf_add(b, STR(",\"content\":"));
	ret->tokens = CALL_TOKENS + add_result_content(b, m->content);
	buf_add(b, json_is_true(m->is_error) ? STR(",\"is_error\":true}") : STR("}"));
}

static void clean_thinking(struct replay_block *ret, const struct members *m, struct buf *b)
{
	struct str text = json_inner(m->thinking);

	ret->kind = REPLAY_THINKING;
	ret->tokens = replay_tokens(replay_chars(text)) + TEXT_TOKENS;
	buf_add(b, STR("{\"type\":\"thinking\",\"thinking\":"));
	json_add_quoted(b, text);
	buf_add(b, STR(",\"signature\":"));
	json_add_quoted(b, json_inner(m->signature));
	buf_add_char(b, '}');
}

static bool clean_text(struct replay_block *ret, struct str inner, struct buf *b)
{
	if (inner.p == NULL || is_blank(inner))
		return false;
	ret->kind = REPLAY_TEXT;
	ret->tokens = replay_tokens(replay_chars(inner)) + TEXT_TOKENS;
	add_text(b, inner);
	return true;
}

static bool clean(struct replay_block *ret, struct str block, struct buf *b)
{
	struct members m = members_of(block);

	if (block.n > 0 && *block.p == '"')
		return clean_text(ret, json_inner(block), b);
	if (m.type.p == NULL)
		return false;
	if (says(m.type, "text"))
		return clean_text(ret, json_inner(m.text), b);
	if (says(m.type, "thinking"))
		clean_thinking(ret, &m, b);
	else if (says(m.type, "tool_use"))
		clean_call(ret, &m, b);
	else if (says(m.type, "tool_result"))
		clean_result(ret, &m, b);
	else
		ret->tokens = add_image(b, m.source);
	return true;
}

bool replay_clean(struct replay_block *ret, struct str block, struct arena *a)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	*ret = (struct replay_block){ .kind = REPLAY_OTHER };
	bool ok = clean(ret, block, &b);
	ret->json = arena_dup(a, buf_str(&b));
	ret->id = arena_dup(a, ret->id);
	ret->name = arena_dup(a, ret->name);
	buf_release(&b);
	return ok;
}
