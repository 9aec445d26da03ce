/* SPDX-License-Identifier: MIT */
/* Tokens as section 3.1 of the Lua 5.4 Reference Manual has them. */
#include "core/script_tokens.h"

#include <ctype.h>

static const char *const keywords[] = { "and", "break", "do", "else", "elseif", "end", "false",
	"for", "function", "goto", "if", "in", "local", "nil", "not", "or", "repeat", "return",
	"then", "true", "until", "while" };

static bool is_letter(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_letter_or_digit(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The length of a long bracket's opening, "[[" or "[==["; 0: there is none. */
static size_t long_opening(struct str s)
{
	size_t n = 1;

	if (s.n < 2 || s.p[0] != '[')
		return 0;
	while (n < s.n && s.p[n] == '=')
		n++;
	return n < s.n && s.p[n] == '[' ? n + 1 : 0;
}

/* Behind the closing bracket that fits the opening, or the end. */
static size_t long_length(struct str s, size_t opening)
{
	for (size_t i = opening; i + opening <= s.n; i++) {
		size_t n = 1;
		if (s.p[i] != ']')
			continue;
		while (n + 1 < opening && s.p[i + n] == '=')
			n++;
		if (n + 1 == opening && s.p[i + n] == ']')
			return i + opening;
	}
	return s.n;
}

static size_t string_length(struct str s)
{
	size_t n = 1;

	while (n < s.n && s.p[n] != s.p[0] && s.p[n] != '\n' && s.p[n] != '\r') {
		/* \z passes over white space, line feeds among it. */
		if (s.p[n] == '\\' && n + 1 < s.n && s.p[n + 1] == 'z') {
			n += 2;
			while (n < s.n && isspace((unsigned char)s.p[n]))
				n++;
			continue;
		}
		bool pair = s.p[n] == '\\' && n + 2 < s.n &&
			    (s.p[n + 1] == '\r' || s.p[n + 1] == '\n') &&
			    (s.p[n + 2] == '\r' || s.p[n + 2] == '\n') && s.p[n + 1] != s.p[n + 2];
		n += s.p[n] != '\\' ? 1 : pair ? 3 : 2;
	}
	if (n >= s.n)
		return s.n;
	return s.p[n] == s.p[0] ? n + 1 : n;
}

static size_t number_length(struct str s)
{
	const bool hexadecimal = s.n > 1 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X');
	size_t n = 1;

	while (n < s.n) {
		const char e = (char)tolower((unsigned char)s.p[n - 1]);
		const bool exponent = e == (hexadecimal ? 'p' : 'e');
		if (!is_letter_or_digit(s.p[n]) && s.p[n] != '.' &&
			!(exponent && (s.p[n] == '+' || s.p[n] == '-')))
			break;
		n++;
	}
	return n;
}

static size_t sign_length(struct str s)
{
	static const char *const signs[] = { "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<",
		">>" };

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (str_starts(s, str_from(signs[i])))
			return str_from(signs[i]).n;
	return 1;
}

/* Behind white space and comments. */
static size_t skip(struct str text, size_t at)
{
	while (at < text.n) {
		const struct str s = str_from_offset(text, at);
		if (isspace((unsigned char)s.p[0])) {
			at++;
		} else if (str_starts(s, STR("--"))) {
			const struct str comment = str_from_offset(s, 2);
			size_t opening = long_opening(comment), n = 0;
			while (opening == 0 && n < comment.n && comment.p[n] != '\n' &&
				comment.p[n] != '\r')
				n++;
			at += 2 + (opening > 0 ? long_length(comment, opening) : n);
		} else {
			break;
		}
	}
	return at;
}

bool script_token_next(struct str text, size_t *at, struct script_token *ret)
{
	*at = skip(text, *at);
	const struct str s = str_from_offset(text, *at);
	if (s.n == 0)
		return false;
	const char c = s.p[0];
	const bool number = isdigit((unsigned char)c) ||
			    (c == '.' && s.n > 1 && isdigit((unsigned char)s.p[1]));
	size_t n = 1;
	*ret = (struct script_token){ .kind = SCRIPT_SIGN, .at = *at };
	if (is_letter(c)) {
		while (n < s.n && is_letter_or_digit(s.p[n]))
			n++;
		ret->kind = SCRIPT_NAME;
		for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
			if (str_eq((struct str){ s.p, n }, str_from(keywords[i])))
				ret->kind = SCRIPT_KEYWORD;
	} else if (number) {
		ret->kind = SCRIPT_NUMBER;
		n = number_length(s);
	} else if (c == '"' || c == '\'') {
		ret->kind = SCRIPT_STRING;
		n = string_length(s);
	} else if (long_opening(s) > 0) {
		ret->kind = SCRIPT_STRING;
		n = long_length(s, long_opening(s));
	} else {
		n = sign_length(s);
	}
	ret->text = (struct str){ s.p, n };
	*at += n;
	return true;
}
