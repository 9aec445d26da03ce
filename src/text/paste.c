/* SPDX-License-Identifier: MIT */
/* A walk over lines that remembers what the line before was part of. */
#include "text/paste.h"

#include <string.h>

enum line { LINE_WORDS, LINE_FENCE, LINE_CODE, LINE_TRACE, LINE_LOG, LINE_DIFF };
enum { INDENTED_RUN = 3, LINE_LOOK = 256 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}

static bool starts_with_any(struct str s, const struct str *prefixes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_starts(s, prefixes[i]))
			return true;
	return false;
}

/* "#3 0x7f…" and "#3  main (" of debuggers. */
static bool is_frame(struct str s)
{
	size_t i = 1;

	while (i < s.n && is_digit(s.p[i]))
		i++;
	return s.n > 0 && s.p[0] == '#' && i > 1 &&
	       (str_starts(str_from_offset(s, i), STR("  ")) ||
		       str_starts(str_from_offset(s, i), STR(" 0x")));
}

static bool is_trace(struct str s)
{
	static const struct str prefixes[] = { STR_INIT("File \""),
		STR_INIT("Traceback (most recent"), STR_INIT("Caused by: "), STR_INIT("goroutine "),
		STR_INIT("panic: "), STR_INIT("thread '"), STR_INIT("Exception in thread"),
		STR_INIT("stack backtrace"), STR_INIT("Stack trace:") };

	/* "at f (x.js:1:2)" and "at com.acme.Main.run(Main.java:5)", not "at least". */
	if (str_starts(s, STR("at ")) && str_find_char(s, '(') < s.n && str_find_char(s, ':') < s.n)
		return true;
	return is_frame(s) || starts_with_any(s, prefixes, ARRAY_LEN(prefixes));
}

static bool is_diff_head(struct str s)
{
	static const struct str prefixes[] = { STR_INIT("diff --git "), STR_INIT("@@ -"),
		STR_INIT("+++ "), STR_INIT("--- a/"), STR_INIT("--- /dev/null"),
		STR_INIT("index 0000000..") };

	return starts_with_any(s, prefixes, ARRAY_LEN(prefixes));
}

/* "2026-03-02 …", "[12:30:59", "10:11:12.123". */
static bool is_stamped(struct str s)
{
	size_t i = s.n > 0 && s.p[0] == '[' ? 1 : 0, digits = 0;

	while (i < s.n && is_digit(s.p[i])) {
		i++;
		digits++;
	}
	if (i + 4 > s.n || (digits != 4 && digits != 2))
		return false;
	return (s.p[i] == '-' || s.p[i] == ':' || s.p[i] == '/') && is_digit(s.p[i + 1]) &&
	       is_digit(s.p[i + 2]) && (s.p[i + 3] == s.p[i] || digits == 4);
}

/* "src/main.c:12:5: error: …", "app.ts(3,1): …", "./x.go:7:2: …". */
static bool is_located(struct str s)
{
	size_t at = str_find_char(s, ':');
	size_t space = str_find_char(s, ' ');

	return at + 2 < s.n && at < space && str_find_char((struct str){ s.p, at }, '.') < at &&
	       is_digit(s.p[at + 1]);
}

/* "  12 |  code" and "   |   ^^^" of compilers. */
static bool is_quoted(struct str s)
{
	size_t i = 0;

	while (i < s.n && is_digit(s.p[i]))
		i++;
	while (i < s.n && s.p[i] == ' ')
		i++;
	return i < s.n && s.p[i] == '|' && (i + 1 == s.n || s.p[i + 1] == ' ');
}

static bool is_log(struct str s)
{
	static const struct str prefixes[] = { STR_INIT("ERROR "), STR_INIT("ERROR:"),
		STR_INIT("WARN "), STR_INIT("WARNING "), STR_INIT("INFO "), STR_INIT("INFO:"),
		STR_INIT("DEBUG "), STR_INIT("FATAL "), STR_INIT("TRACE "), STR_INIT("[ERROR"),
		STR_INIT("[WARN"), STR_INIT("[INFO"), STR_INIT("[DEBUG"), STR_INIT("npm ERR!"),
		STR_INIT("npm WARN"), STR_INIT("error[E"), STR_INIT("error TS"), STR_INIT("$ "),
		STR_INIT("--> "), STR_INIT("make: ***"), STR_INIT("make["), STR_INIT("FAIL "),
		STR_INIT("FAILED "), STR_INIT("PASS "), STR_INIT("E   "), STR_INIT("\xE2\x97\x8F "),
		STR_INIT("Expected: "), STR_INIT("Received: "), STR_INIT("Warning: "),
		STR_INIT("kernel: "), STR_INIT("^~"), STR_INIT("^^") };

	return is_stamped(s) || is_located(s) || is_quoted(s) ||
	       starts_with_any(s, prefixes, ARRAY_LEN(prefixes));
}

/* Words of lower-case letters with nothing but spaces around them: prose has many, code few. */
static unsigned count_words(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n;) {
		size_t from = i;
		while (i < s.n && is_letter(s.p[i]))
			i++;
		bool alone = (from == 0 || s.p[from - 1] == ' ') &&
			     (i == s.n || s.p[i] == ' ' || s.p[i] == ',');
		n += i > from + 1 && alone;
		i += i == from;
	}
	return n;
}

static unsigned count_symbols(struct str s)
{
	static const bool symbol[256] = { ['{'] = true,
		['}'] = true,
		['('] = true,
		[')'] = true,
		['['] = true,
		[']'] = true,
		[';'] = true,
		['='] = true,
		['<'] = true,
		['>'] = true,
		['&'] = true,
		['|'] = true,
		['*'] = true,
		['+'] = true,
		['$'] = true,
		['@'] = true,
		['\\'] = true,
		['"'] = true,
		['_'] = true };
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += symbol[(unsigned char)s.p[i]];
	return n;
}

/* A line of code that stands there without a fence. */
static bool is_code(struct str s)
{
	static const struct str prefixes[] = { STR_INIT("#include <"), STR_INIT("#include \""),
		STR_INIT("import {"), STR_INIT("from '"), STR_INIT("#!/"), STR_INIT("<?php"),
		STR_INIT("<!DOCTYPE"), STR_INIT("</"), STR_INIT("//"), STR_INIT("/*"),
		STR_INIT("*/"), STR_INIT("@Override"), STR_INIT("public class "),
		STR_INIT("private "), STR_INIT("const {"), STR_INIT("}") };

	if (s.n < 2)
		return s.n == 1 && strchr("{}();]", s.p[0]) != NULL;
	if (starts_with_any(s, prefixes, ARRAY_LEN(prefixes)))
		return true;
	char last = s.p[s.n - 1];
	unsigned symbols = count_symbols(s), words = count_words(s);
	if (strchr("{};", last) != NULL && symbols >= 2)
		return words <= 4 || symbols > words;
	return symbols >= 4 && symbols * 8 >= s.n && words <= 3 && last != '?' && last != '.';
}

static size_t indent_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'); i++)
		n += s.p[i] == '\t' ? 4 : 1;
	return n;
}

static bool is_list_item(struct str s)
{
	return s.n > 1 && (strchr("-*+", s.p[0]) != NULL || is_digit(s.p[0])) &&
	       (s.p[1] == ' ' || s.p[1] == '.' || s.p[1] == ')' || is_digit(s.p[1]));
}

struct walk {
	struct str rest;
	char *out;
	size_t n;
	struct prompt_words *counts;
	enum line before;
	char fence;      /* that is open; '\0': none */
	size_t indented; /* lines from here on that are known to be an indented block */
};

/* The next line, without its end; false behind the last. */
static bool next_line(struct str *rest, struct str *ret)
{
	return str_split(rest, '\n', ret);
}

static bool is_indented(struct str line)
{
	struct str s = str_trim(line);

	return s.n > 0 && indent_of(line) >= 4 && !is_list_item(s);
}

/* How many lines from this one on are an indented block; a few are none. */
static size_t indented_run(struct str line, struct str rest)
{
	size_t n = 0;

	while (is_indented(line)) {
		n++;
		if (!next_line(&rest, &line))
			break;
	}
	return n >= INDENTED_RUN ? n : 0;
}

/* As much of a line as is looked at. */
static struct str look_at(struct str line)
{
	struct str s = str_trim(line);

	s.n = s.n < LINE_LOOK ? s.n : LINE_LOOK;
	return s;
}

static enum line kind_of(struct walk *w, struct str line)
{
	struct str s = look_at(line), rest = w->rest, next = STR("");

	if (rest.p != NULL && next_line(&rest, &next))
		next = look_at(next);
	if (w->indented > 0) {
		w->indented--;
		return is_trace(s) ? LINE_TRACE : LINE_CODE;
	}
	if (s.n == 0)
		return LINE_WORDS;
	if (is_diff_head(s))
		return LINE_DIFF;
	if (w->before == LINE_DIFF && strchr("+- ", line.p[0]) != NULL)
		return LINE_DIFF;
	if (is_trace(s))
		return LINE_TRACE;
	/* The line of source below a frame. */
	if (w->before == LINE_TRACE && indent_of(line) >= 2)
		return LINE_TRACE;
	if (is_log(s))
		return LINE_LOG;
	w->indented = indented_run(line, w->rest);
	if (w->indented > 0) {
		w->indented--;
		return LINE_CODE;
	}
	/* A line of it alone may be a sentence with some code in it. */
	return is_code(s) && (w->before == LINE_CODE || is_code(next)) ? LINE_CODE : LINE_WORDS;
}

/* Whether the line is a fence or stands within one. */
static bool fenced(struct walk *w, struct str line)
{
	struct str s = str_trim(line);
	bool fence = str_starts(s, STR("```")) || str_starts(s, STR("~~~"));

	if (w->fence != '\0') {
		if (fence && s.p[0] == w->fence && (s.n == 3 || s.p[3] == w->fence))
			w->fence = '\0';
		else
			w->counts->code_lines++;
		return true;
	}
	/* "```x```" within a line is no fence. */
	if (!fence || str_find(str_from_offset(s, 3), STR("```")) < s.n - 3)
		return false;
	w->fence = s.p[0];
	w->counts->code_blocks++;
	return true;
}

static void keep(struct walk *w, struct str line)
{
	memmove(w->out + w->n, line.p, line.n);
	w->n += line.n;
	w->out[w->n++] = '\n';
}

size_t paste_strip(char *p, size_t n, struct prompt_words *counts)
{
	struct walk w = { .rest = { p, n }, .out = p, .counts = counts };
	struct str line;

	if (n == 0)
		return 0;
	while (next_line(&w.rest, &line)) {
		bool last = w.rest.p == NULL;
		enum line kind = fenced(&w, line) ? LINE_FENCE : kind_of(&w, line);
		counts->code_blocks += kind == LINE_CODE && w.before != LINE_CODE;
		counts->code_lines += kind == LINE_CODE;
		counts->trace_lines += kind == LINE_TRACE;
		counts->log_lines += kind == LINE_LOG;
		counts->diff_lines += kind == LINE_DIFF;
		w.before = kind;
		if (kind == LINE_WORDS)
			keep(&w, line);
		/* Behind the last line there is no room for its end. */
		if (last)
			break;
	}
	return w.n;
}
