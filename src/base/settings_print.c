/* SPDX-License-Identifier: MIT */
/* Printing values of settings, comparing them, and the texts that describe a row to people and editors. */
#include "base/settings_records.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	MASK_MIN = 17,  /* a shorter secret shows nothing of itself */
	MASK_KEEPS = 4, /* characters at either end */
};

static const void *field(const struct setting *s, const void *obj)
{
	return (const char *)obj + s->offset;
}

struct setting_quote setting_quote(struct str s)
{
	struct setting_quote q;
	const size_t room = sizeof(q.s) - sizeof("...");
	size_t n = s.n <= room ? s.n : room;

	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		q.s[i] = (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F ? '?' : s.p[i];
	memcpy(q.s + n, n < s.n ? "..." : "", n < s.n ? sizeof("...") : 1);
	return q;
}

void setting_print_quoted(struct str s, struct buf *out)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			buf_addf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7F)
			buf_addf(out, "\\u%04x", c);
		else
			buf_add_char(out, s.p[i]);
	}
	buf_add_char(out, '"');
}

static bool is_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

/* A secret that is shown in part stays longer than MASK_MIN, so that masking it again changes nothing. */
void setting_print_masked(struct str secret, struct buf *out)
{
	/* A character of several bytes would be cut. */
	if (secret.n >= MASK_MIN && is_ascii(secret)) {
		buf_add(out, (struct str){ secret.p, MASK_KEEPS });
		buf_add(out, STR("*********"));
		buf_add(out, str_from_offset(secret, secret.n - MASK_KEEPS));
	} else if (secret.n > 0) {
		buf_add(out, STR("****"));
	}
}

/* Hides what stands before the @ of "http://me:secret@host". */
static void print_masked_url(struct str url, struct buf *out)
{
	size_t at = str_find(url, STR("://")), user = at < url.n ? at + 3 : 0, host = user;

	for (size_t i = user; i < url.n && url.p[i] != '/'; i++)
		if (url.p[i] == '@')
			host = i;
	buf_add(out, (struct str){ url.p, user });
	if (host > user)
		buf_add(out, STR("****"));
	buf_add(out, str_from_offset(url, host));
}

static void print_text(const struct setting *s, struct str text, struct buf *out)
{
	if (s->type == SETTING_SECRET)
		setting_print_masked(text, out);
	else if ((s->flags & SETTING_MASKED) != 0)
		print_masked_url(text, out);
	else
		buf_add(out, text);
}

static void print_map_value(const struct setting *s, struct str value, struct buf *out)
{
	if ((s->flags & SETTING_MASKED) != 0)
		setting_print_masked(value, out);
	else
		buf_add(out, value);
}

/* With the largest binary unit that leaves a whole number. */
static void print_bytes(size_t v, struct buf *out)
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB" };
	size_t unit = 0;

	while (v > 0 && v % 1024 == 0 && unit + 1 < ARRAY_LEN(units)) {
		v /= 1024;
		unit++;
	}
	buf_addf(out, "%zu%s", v, units[unit]);
}

static void print_seconds(uint64_t ms, struct buf *out)
{
	buf_addf(out, "%" PRIu64, ms / 1000);
	if (ms % 1000 == 0)
		return;
	buf_addf(out, ".%03u", (unsigned)(ms % 1000));
	while (out->n > 0 && !out->overflow && out->p[out->n - 1] == '0')
		out->n--;
}

void setting_print(const struct setting *s, const void *obj, struct buf *out)
{
	const void *at = field(s, obj);
	const struct str_list *list = at;
	const struct str_map *map = at;

	switch (s->type) {
	case SETTING_BOOL:
		buf_add(out, *(const bool *)at ? STR("true") : STR("false"));
		break;
	case SETTING_INT:
		buf_addf(out, "%" PRId64, *(const int64_t *)at);
		break;
	case SETTING_BYTES:
		print_bytes(*(const size_t *)at, out);
		break;
	case SETTING_SECONDS:
		print_seconds(*(const uint64_t *)at, out);
		break;
	case SETTING_STRING:
	case SETTING_SECRET:
	case SETTING_ENUM:
		print_text(s, *(const struct str *)at, out);
		break;
	case SETTING_STRINGS:
		for (size_t i = 0; i < list->n; i++)
			buf_addf(out, "%s%.*s", i > 0 ? "," : "", STR_ARG(list->v[i]));
		break;
	case SETTING_STRING_MAP:
		for (size_t i = 0; i < map->n; i++) {
			buf_addf(out, "%s%.*s=", i > 0 ? "," : "", STR_ARG(map->v[i].name));
			print_map_value(s, map->v[i].value, out);
		}
		break;
	case SETTING_RECORDS:
		records_print(s, at, out);
		break;
	}
}

static void print_list_json(const struct str_list *list, struct buf *out)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < list->n; i++) {
		buf_add(out, i > 0 ? STR(", ") : STR(""));
		setting_print_quoted(list->v[i], out);
	}
	buf_add_char(out, ']');
}

static void print_map_json(const struct setting *s, const struct str_map *map, struct buf *out)
{
	struct buf value;

	buf_init(&value, out->max);
	buf_add_char(out, '{');
	for (size_t i = 0; i < map->n; i++) {
		buf_clear(&value);
		print_map_value(s, map->v[i].value, &value);
		buf_add(out, i > 0 ? STR(", ") : STR(""));
		setting_print_quoted(map->v[i].name, out);
		buf_add(out, STR(": "));
		setting_print_quoted(buf_str(&value), out);
	}
	buf_add_char(out, '}');
	buf_release(&value);
}

void setting_print_json(const struct setting *s, const void *obj, struct buf *out)
{
	struct buf text;
	uint64_t number;

	if (s->type == SETTING_STRINGS) {
		print_list_json(field(s, obj), out);
		return;
	}
	if (s->type == SETTING_STRING_MAP) {
		print_map_json(s, field(s, obj), out);
		return;
	}
	if (s->type == SETTING_RECORDS) {
		records_print(s, field(s, obj), out);
		return;
	}
	buf_init(&text, out->max);
	setting_print(s, obj, &text);
	bool bare = s->type == SETTING_BOOL || s->type == SETTING_INT || s->type == SETTING_SECONDS;
	if (bare || (s->type == SETTING_BYTES && str_to_u64(buf_str(&text), &number)))
		buf_add(out, buf_str(&text));
	else
		setting_print_quoted(buf_str(&text), out);
	buf_release(&text);
}

static bool lists_equal(const struct str_list *a, const struct str_list *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		equal = str_eq(a->v[i], b->v[i]);
	return equal;
}

static bool maps_equal(const struct str_map *a, const struct str_map *b)
{
	bool equal = a->n == b->n;

	for (size_t i = 0; i < a->n && equal; i++)
		equal = str_eq(a->v[i].name, b->v[i].name) && str_eq(a->v[i].value, b->v[i].value);
	return equal;
}

bool setting_equal(const struct setting *s, const void *a, const void *b)
{
	const void *x = field(s, a), *y = field(s, b);

	switch (s->type) {
	case SETTING_BOOL:
		return *(const bool *)x == *(const bool *)y;
	case SETTING_INT:
		return *(const int64_t *)x == *(const int64_t *)y;
	case SETTING_BYTES:
		return *(const size_t *)x == *(const size_t *)y;
	case SETTING_SECONDS:
		return *(const uint64_t *)x == *(const uint64_t *)y;
	case SETTING_STRING:
	case SETTING_SECRET:
	case SETTING_ENUM:
		return str_eq(*(const struct str *)x, *(const struct str *)y);
	case SETTING_STRINGS:
		return lists_equal(x, y);
	case SETTING_STRING_MAP:
		return maps_equal(x, y);
	case SETTING_RECORDS:
		return records_equal(s, x, y);
	}
	return false;
}

bool setting_empty(const struct setting *s, const void *obj)
{
	const void *at = field(s, obj);

	switch (s->type) {
	case SETTING_STRING:
	case SETTING_SECRET:
	case SETTING_ENUM:
		return ((const struct str *)at)->n == 0;
	case SETTING_STRINGS:
		return ((const struct str_list *)at)->n == 0;
	case SETTING_STRING_MAP:
		return ((const struct str_map *)at)->n == 0;
	case SETTING_RECORDS:
		return ((const struct record_list *)at)->n == 0;
	default:
		return false;
	}
}
