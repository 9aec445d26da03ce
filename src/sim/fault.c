/* SPDX-License-Identifier: MIT */
/* A table of the members that a description may have, and what is done to the frames. */
#include "sim/fault.h"

#include "sim/canon.h"

#include <string.h>

const struct fault fault_none = { .stall_after = -1,
	.cut_after = -1,
	.reset_after = -1,
	.garbage_after = -1,
	.error_after = -1 };

static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
	{ "delay_ms", offsetof(struct fault, delay_ms) },
	{ "slow_bytes", offsetof(struct fault, slow_bytes) },
	{ "slow_ms", offsetof(struct fault, slow_ms) },
	{ "stall_after", offsetof(struct fault, stall_after) },
	{ "stall_ms", offsetof(struct fault, stall_ms) },
	{ "cut_after", offsetof(struct fault, cut_after) },
	{ "reset_after", offsetof(struct fault, reset_after) },
	{ "garbage_after", offsetof(struct fault, garbage_after) },
	{ "error_after", offsetof(struct fault, error_after) },
};

static bool take_number(struct fault *f, const char *name, yyjson_val *v, struct refusal *why)
{
	int64_t n;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (strcmp(name, numbers[i].name) != 0)
			continue;
		if (!tree_int(v, &n) || n < 0)
			return refuse(why, 400, "'%s' is not a whole number from 0 on", name);
		memcpy((char *)f + numbers[i].offset, &n, sizeof(n));
		return true;
	}
	return refuse(why, 400, "unknown member '%s' of a fault", name);
}

static bool take_headers(struct fault *f, yyjson_val *v, struct arena *a, struct refusal *why)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(v);

	if (!yyjson_is_obj(v))
		return refuse(why, 400, "'headers' is not an object");
	f->h = arena_alloc(a, (yyjson_obj_size(v) + 1) * sizeof(*f->h));
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;) {
		struct str value = tree_str(yyjson_obj_iter_get_val(key));
		if (value.p == NULL || str_find_char(value, '\n') < value.n ||
			str_find_char(value, '\r') < value.n)
			return refuse(why, 400, "a header's value is not a line of text");
		f->h[f->n++] =
			(struct http_header){ arena_dup(a, tree_str(key)), arena_dup(a, value) };
	}
	return true;
}

static bool take(
	struct fault *f, const char *name, yyjson_val *v, struct arena *a, struct refusal *why)
{
	struct buf b;
	int64_t n;

	if (strcmp(name, "id") == 0 || strcmp(name, "times") == 0)
		return true;
	if (strcmp(name, "headers") == 0)
		return take_headers(f, v, a, why);
	if (strcmp(name, "error") == 0) {
		f->error = arena_dup(a, tree_str(v));
		return true;
	}
	if (strcmp(name, "unstreamed") == 0) {
		f->unstreamed = yyjson_is_true(v);
		return true;
	}
	if (strcmp(name, "status") == 0) {
		if (!tree_int(v, &n) || n < 200 || n > 599)
			return refuse(why, 400, "'status' is not a status from 200 to 599");
		f->status = (unsigned)n;
		return true;
	}
	if (strcmp(name, "body") != 0)
		return take_number(f, name, v, why);
	buf_init(&b, SIZE_MAX);
	if (yyjson_is_str(v))
		buf_add(&b, tree_str(v));
	else
		canon_json(&b, v);
	f->body = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return true;
}

bool fault_read(struct fault *ret, yyjson_val *v, struct arena *a, struct refusal *why)
{
	yyjson_obj_iter it = yyjson_obj_iter_with(v);

	*ret = fault_none;
	if (!yyjson_is_obj(v))
		return refuse(why, 400, "a fault is not an object");
	for (yyjson_val *key; (key = yyjson_obj_iter_next(&it)) != NULL;)
		if (!take(ret, yyjson_get_str(key), yyjson_obj_iter_get_val(key), a, why))
			return false;
	if (ret->error.n > 0 && ret->error_after < 0)
		ret->error_after = 0;
	return true;
}

/* ---- on frames ---- */

/* Makes a frame end after so many bytes of the body; returns the index of what follows. */
static size_t split(struct frames *f, int64_t after)
{
	size_t left = (size_t)after;

	for (size_t i = 0; i < f->n; i++) {
		struct frame *v = &f->v[i];
		if (left == 0)
			return i;
		if (left < v->bytes.n) {
			struct frame rest = { v->at_ms, str_from_offset(v->bytes, left) };
			v->bytes.n = left;
			reply_add_frame(f, 0, STR(""));
			memmove(&f->v[i + 2], &f->v[i + 1], (f->n - i - 2) * sizeof(*f->v));
			f->v[i + 1] = rest;
			return i + 1;
		}
		left -= v->bytes.n;
	}
	return f->n;
}

/* Nothing comes behind so many bytes but this. */
static void replace_rest(struct frames *f, int64_t after, struct str by)
{
	size_t n = split(f, after);
	int64_t at_ms = n > 0 ? f->v[n - 1].at_ms : 0;

	f->n = n;
	reply_add_frame(f, at_ms, by);
}

/* The end of the first event that is complete after so many bytes, and how many events are before it. */
static int64_t event_end(const struct frames *f, int64_t after, size_t *ret_events)
{
	int64_t at = 0;
	char last = '\n';

	*ret_events = 0;
	for (size_t i = 0; after > 0 && i < f->n; i++)
		for (size_t k = 0; k < f->v[i].bytes.n; k++) {
			char c = f->v[i].bytes.p[k];
			at++;
			*ret_events += c == '\n' && last == '\n';
			if (at >= after && c == '\n' && last == '\n')
				return at;
			if (c != '\r')
				last = c;
		}
	return after;
}

/* Ends the stream with an error. */
static void break_off(const struct fault *fault, struct frames *f, const struct fault_voice *voice)
{
	struct breaking b = { .type = fault->error, .id = voice->id };
	int64_t at = event_end(f, fault->error_after, &b.events);
	struct buf text;

	buf_init(&text, SIZE_MAX);
	voice->print_break(&text, &b);
	replace_rest(f, at, buf_str(&text));
	buf_release(&text);
}

static void slow_down(struct frames *f, int64_t bytes, int64_t apart_ms)
{
	struct frames slow = { .arena = f->arena };
	int64_t at_ms = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct str rest = f->v[i].bytes;
		if (at_ms < f->v[i].at_ms)
			at_ms = f->v[i].at_ms;
		for (; rest.n > 0; at_ms += apart_ms) {
			size_t n = rest.n < (size_t)bytes ? rest.n : (size_t)bytes;
			reply_add_frame(&slow, at_ms, (struct str){ rest.p, n });
			rest = str_from_offset(rest, n);
		}
	}
	*f = slow;
}

static enum reply_end stall(const struct fault *fault, struct frames *f)
{
	size_t from = split(f, fault->stall_after);

	if (fault->stall_ms == 0) {
		f->n = from;
		return END_NEVER;
	}
	for (size_t i = from; i < f->n; i++)
		f->v[i].at_ms += fault->stall_ms;
	return END_WHOLE;
}

enum reply_end fault_apply(const struct fault *fault, struct frames *f,
	const struct fault_voice *voice, bool *ret_headless)
{
	static const char garbage[] = "\x00\xff\xfe{\"}]event\x01: \x80\n\n\x7f data: [[[\r\n\r\n";

	for (size_t i = 0; i < f->n; i++)
		f->v[i].at_ms += fault->delay_ms;
	if (fault->slow_bytes > 0)
		slow_down(f, fault->slow_bytes, fault->slow_ms > 0 ? fault->slow_ms : 1);
	if (fault->garbage_after >= 0)
		replace_rest(f, fault->garbage_after, (struct str){ garbage, sizeof(garbage) - 1 });
	if (fault->error_after >= 0)
		break_off(fault, f, voice);
	if (fault->cut_after >= 0 || fault->reset_after >= 0) {
		bool reset = fault->reset_after >= 0;
		int64_t after = reset ? fault->reset_after : fault->cut_after;
		int64_t at_ms = f->n > 0 ? f->v[0].at_ms : 0;
		f->n = split(f, after);
		*ret_headless = after == 0;
		if (f->n == 0)
			reply_add_frame(f, at_ms, STR(""));
		return reset ? END_RESET : END_CUT;
	}
	return fault->stall_after >= 0 ? stall(fault, f) : END_WHOLE;
}
