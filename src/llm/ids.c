/* SPDX-License-Identifier: MIT */
/* Ids of replies and calls. */
#include "llm/ids.h"

#include "wire/hash.h"
#include "wire/json_text.h"

/* A reply's id stands in each event of a stream; nobody's is near that long. */
enum { BASE_MAX = 128, CALL_MAX = 64 };

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
	       c == '-';
}

static bool all_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_plain(s.p[i]))
			return false;
	return true;
}

struct str id_base(struct str id, struct arena *a)
{
	static const struct str prefixes[] = { STR_INIT("chatcmpl-"), STR_INIT("resp_"),
		STR_INIT("msg_"), STR_INIT("gen-") };
	size_t n = 0;
	char *p;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (str_starts(id, prefixes[i])) {
			id = str_from_offset(id, prefixes[i].n);
			break;
		}
	if (id.n <= BASE_MAX && all_plain(id))
		return id;
	p = arena_alloc(a, BASE_MAX);
	for (size_t i = 0; i < id.n && n < BASE_MAX; i++)
		if (is_plain(id.p[i]))
			p[n++] = id.p[i];
	return (struct str){ p, n };
}

struct str id_of_call(struct str escaped, const char *prefix, struct arena *a)
{
	struct digest d;
	struct buf out;
	struct str ret;

	if (escaped.n > 0 && escaped.n <= CALL_MAX && all_plain(escaped))
		return escaped;
	d = hash_of(json_unescape(escaped, a));
	buf_init(&out, CALL_MAX);
	buf_addf(&out, "%sx", prefix);
	digest_print(&out, &d, 12);
	ret = arena_dup(a, buf_str(&out));
	buf_release(&out);
	return ret;
}

struct str id_made_up(const char *prefix, struct str base, unsigned n, struct arena *a)
{
	return arena_printf(a, "%s%.*s_%u", prefix, STR_ARG(base), n);
}
