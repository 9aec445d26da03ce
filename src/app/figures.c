/* SPDX-License-Identifier: MIT */
/* Rounding for people, and widths by characters: a name may hold any of them. */
#include "app/figures.h"

#include "llm/price.h"

#include <stdio.h>

void figures_count(struct buf *b, int64_t n)
{
	static const struct {
		int64_t from;
		double unit;
		const char *name;
	} units[] = { { 999950000, 1e9, "G" }, { 999950, 1e6, "M" }, { 10000, 1e3, "K" } };

	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (n >= units[i].from) {
			buf_addf(b, "%.1f%s", (double)n / units[i].unit, units[i].name);
			return;
		}
	buf_addf(b, "%lld", (long long)n);
}

void figures_whole(struct buf *b, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu",
		(unsigned long long)(n < 0 ? -(uint64_t)n : (uint64_t)n));

	buf_add(b, str_from(n < 0 ? "-" : ""));
	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_add_char(b, ',');
		buf_add_char(b, digits[i]);
	}
}

void figures_cost(struct buf *b, int64_t nusd)
{
	cost_print(b, nusd);
}

void figures_time(struct buf *b, int64_t us)
{
	if (us < 0)
		buf_add_char(b, '-');
	else if (us < 1000000)
		buf_addf(b, "%lld ms", (long long)(us + 500) / 1000);
	else
		buf_addf(b, "%.1f s", (double)us / 1e6);
}

void figures_share(struct buf *b, int64_t part, int64_t whole)
{
	if (whole > 0)
		buf_addf(b, "%.1f %%", (double)part * 100 / (double)whole);
}

void figures_conversation(struct buf *b, struct str id, size_t session, size_t agent)
{
	struct str rest = id, part;

	for (size_t most = session; str_split(&rest, '/', &part); most = agent) {
		if (part.p > id.p)
			buf_add_char(b, '/');
		buf_add(b, part.n > most ? (struct str){ part.p, most } : part);
	}
}

int64_t figures_input(const struct ledger_tokens *t)
{
	return t->in + t->cache_read + t->cache_write_5m + t->cache_write_1h;
}

/* ---- columns ---- */

/* Continues a character that began before. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

static int width_of(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += !continues(s.p[i]);
	return n;
}

void figures_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		/* C1 controls are two bytes of UTF-8. */
		bool c1 = c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0;
		putchar(c < 0x20 || c == 0x7F || c1 ? '?' : c);
		i += c1;
	}
}

/* The first n characters, or the last. */
static struct str cut(struct str s, int n, bool tail)
{
	size_t at = 0;
	int skip = tail ? width_of(s) - n : n;

	for (; at < s.n && (skip > 0 || continues(s.p[at])); at++)
		if (!continues(s.p[at]) && skip-- == 0)
			break;
	return tail ? str_from_offset(s, at) : (struct str){ s.p, at };
}

static void pad(int n)
{
	for (; n > 0; n--)
		putchar(' ');
}

static void print_cut(struct str s, int width, bool tail)
{
	if (width_of(s) <= width) {
		figures_text(s);
		return;
	}
	if (tail)
		fputs("…", stdout);
	figures_text(cut(s, width - 1, tail));
	if (!tail)
		fputs("…", stdout);
}

void figures_left(struct buf *b, int width)
{
	print_cut(buf_str(b), width, false);
	pad(width - width_of(buf_str(b)));
	buf_clear(b);
}

void figures_left_tail(struct buf *b, int width)
{
	print_cut(buf_str(b), width, true);
	pad(width - width_of(buf_str(b)));
	buf_clear(b);
}

void figures_right(struct buf *b, int width)
{
	pad(width - width_of(buf_str(b)));
	print_cut(buf_str(b), width, false);
	buf_clear(b);
}
