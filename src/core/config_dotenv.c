/* SPDX-License-Identifier: MIT */
/* The lines of a .env file: [export] NAME=value, plain or in quotes, with # comments. Nothing is ever
 * expanded or run. Such files belong to other programs too, so what is not understood is passed over,
 * unless it begins like a setting. */
#include <string.h>

#include "core/config_load.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static void skip_blanks(struct str text, size_t *at)
{
	while (*at < text.n && is_blank(text.p[*at]))
		(*at)++;
}

static void skip_line(struct str text, size_t *at)
{
	*at += str_find_char(str_from_offset(text, *at), '\n');
	if (*at < text.n)
		(*at)++;
}

static struct str read_name(struct str text, size_t *at)
{
	size_t start = *at;

	while (*at < text.n && is_name_char(text.p[*at]))
		(*at)++;
	return (struct str){ text.p + start, *at - start };
}

/* Up to the end of the line or a # behind a blank. */
static struct str read_plain(struct str text, size_t *at)
{
	struct str rest = str_from_offset(text, *at);
	size_t n = str_find_char(rest, '\n');

	for (size_t i = 0; i < n; i++)
		if (rest.p[i] == '#' && (i == 0 || is_blank(rest.p[i - 1])))
			n = i;
	*at += n;
	return str_trim((struct str){ rest.p, n });
}

static char unescape(char c)
{
	return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* From the opening quote on; a value may go over several lines. False, and *at untouched, when the quote
 * is never closed. */
static bool read_quoted(struct str text, size_t *at, struct arena *a, struct str *ret)
{
	const char quote = text.p[*at];
	size_t i = *at + 1, n = 0, end = i;

	while (end < text.n && text.p[end] != quote)
		end += quote == '"' && text.p[end] == '\\' ? 2 : 1;
	if (end >= text.n)
		return false;
	char *value = arena_alloc(a, end - i + 1);
	for (; i < end; i++) {
		bool escaped = quote == '"' && text.p[i] == '\\';
		value[n++] = escaped ? unescape(text.p[++i]) : text.p[i];
	}
	*at = end + 1;
	*ret = (struct str){ value, n };
	return true;
}

static void read_value(struct str text, size_t *at, struct arena *a, struct config_dotenv *ret)
{
	skip_blanks(text, at);
	if (*at == text.n || (text.p[*at] != '"' && text.p[*at] != '\'')) {
		ret->value = read_plain(text, at);
	} else if (!read_quoted(text, at, a, &ret->value)) {
		ret->problem = "has a quote that is never closed";
	} else if (read_plain(text, at).n > 0) {
		ret->problem = "has something behind its closing quote";
	}
}

bool config_dotenv_next(struct str text, size_t *at, struct arena *a, struct config_dotenv *ret)
{
	for (; *at < text.n; skip_line(text, at)) {
		*ret = (struct config_dotenv){ .value = STR("") };
		skip_blanks(text, at);
		ret->pos = *at;
		ret->name = read_name(text, at);
		if (str_eq(ret->name, STR("export")) && *at < text.n && is_blank(text.p[*at])) {
			skip_blanks(text, at);
			ret->pos = *at;
			ret->name = read_name(text, at);
		}
		if (ret->name.n == 0)
			continue;
		skip_blanks(text, at);
		if (*at < text.n && text.p[*at] == '=') {
			(*at)++;
			read_value(text, at, a, ret);
			skip_line(text, at);
			return true;
		}
		if (str_starts(ret->name, STR("SLUICE_"))) {
			ret->problem = "must be written NAME=value";
			skip_line(text, at);
			return true;
		}
	}
	return false;
}
