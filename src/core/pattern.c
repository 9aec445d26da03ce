/* SPDX-License-Identifier: MIT */
/* Backtracking, as the language wants it: an item that may repeat tries what follows it for each of its lengths. Positions are offsets
 * into subject and pattern. */
#include "core/pattern.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 200 };

const char *const pattern_too_slow = "the pattern takes too many steps";

static size_t match(struct pattern *m, size_t s, size_t p);

static size_t fail(struct pattern *m, const char *problem)
{
	if (m->problem == NULL)
		m->problem = problem;
	return PATTERN_NONE;
}

static bool step(struct pattern *m, uint64_t n)
{
	if (m->steps < n) {
		m->steps = 0;
		fail(m, pattern_too_slow);
	} else {
		m->steps -= n;
	}
	return m->problem == NULL;
}

static unsigned char at(struct str s, size_t i)
{
	return i < s.n ? (unsigned char)s.p[i] : 0;
}

/* ---- single characters ---- */

static bool in_class(unsigned char c, unsigned char class)
{
	bool in;

	switch (tolower(class)) {
	case 'a':
		in = isalpha(c);
		break;
	case 'c':
		in = iscntrl(c);
		break;
	case 'd':
		in = isdigit(c);
		break;
	case 'g':
		in = isgraph(c);
		break;
	case 'l':
		in = islower(c);
		break;
	case 'p':
		in = ispunct(c);
		break;
	case 's':
		in = isspace(c);
		break;
	case 'u':
		in = isupper(c);
		break;
	case 'w':
		in = isalnum(c);
		break;
	case 'x':
		in = isxdigit(c);
		break;
	default:
		return c == class;
	}
	return in != (isupper(class) != 0);
}

/* Behind the set that begins at p. */
static size_t set_end(struct pattern *m, size_t p)
{
	const struct str text = m->pattern;

	p += at(text, p + 1) == '^' ? 2 : 1;
	/* A bracket right at the beginning stands for itself. */
	do {
		if (p >= text.n)
			return fail(m, "malformed pattern (missing ']')");
		p += text.p[p] == '%' ? 2 : 1;
	} while (p >= text.n || text.p[p] != ']');
	return p + 1;
}

/* Behind the single character, class or set that begins at p. */
static size_t item_end(struct pattern *m, size_t p)
{
	if (m->pattern.p[p] == '[')
		return set_end(m, p);
	if (m->pattern.p[p] != '%')
		return p + 1;
	if (p + 1 >= m->pattern.n)
		return fail(m, "malformed pattern (ends with '%')");
	return p + 2;
}

/* The set from p to its closing bracket at end. */
static bool in_set(const struct pattern *m, unsigned char c, size_t p, size_t end)
{
	const struct str text = m->pattern;
	const bool without = at(text, p + 1) == '^';

	for (p += without ? 2 : 1; p < end; p++) {
		bool in;
		if (text.p[p] == '%') {
			in = in_class(c, at(text, ++p));
		} else if (at(text, p + 1) == '-' && p + 2 < end) {
			in = at(text, p) <= c && c <= at(text, p + 2);
			p += 2;
		} else {
			in = at(text, p) == c;
		}
		if (in)
			return !without;
	}
	return without;
}

/* Whether the item from p to end fits the character at s. */
static bool fits(struct pattern *m, size_t s, size_t p, size_t end)
{
	const unsigned char c = at(m->subject, s);

	if (s >= m->subject.n || !step(m, 1))
		return false;
	switch (m->pattern.p[p]) {
	case '.':
		return true;
	case '%':
		return in_class(c, at(m->pattern, p + 1));
	case '[':
		return step(m, end - p) && in_set(m, c, p, end - 1);
	default:
		return at(m->pattern, p) == c;
	}
}

/* ---- repetition ---- */

/* As many as there are, then fewer. */
static size_t match_most(struct pattern *m, size_t s, size_t p, size_t end)
{
	size_t n = 0;

	while (fits(m, s + n, p, end))
		n++;
	for (;; n--) {
		size_t found = m->problem == NULL ? match(m, s + n, end + 1) : PATTERN_NONE;
		if (found != PATTERN_NONE || n == 0 || m->problem != NULL)
			return found;
	}
}

/* As few as will do. */
static size_t match_least(struct pattern *m, size_t s, size_t p, size_t end)
{
	for (;; s++) {
		size_t found = match(m, s, end + 1);
		if (found != PATTERN_NONE || m->problem != NULL || !fits(m, s, p, end))
			return found;
	}
}

/* ---- captures and the special items ---- */

static size_t open_capture(struct pattern *m, size_t s, size_t p)
{
	const bool position = at(m->pattern, p + 1) == ')';

	if (m->ncaptures == PATTERN_CAPTURES_MAX)
		return fail(m, "too many captures");
	m->captures[m->ncaptures++] =
		(struct pattern_capture){ s, position ? PATTERN_POSITION : PATTERN_OPEN };
	size_t found = match(m, s, p + (position ? 2 : 1));
	if (found == PATTERN_NONE)
		m->ncaptures--;
	return found;
}

static size_t close_capture(struct pattern *m, size_t s, size_t p)
{
	unsigned i = m->ncaptures;

	while (i > 0 && m->captures[i - 1].n != PATTERN_OPEN)
		i--;
	if (i == 0)
		return fail(m, "invalid pattern capture");
	struct pattern_capture *c = &m->captures[i - 1];
	c->n = s - c->at;
	size_t found = match(m, s, p + 1);
	if (found == PATTERN_NONE)
		c->n = PATTERN_OPEN;
	return found;
}

/* Behind what a capture has found, found again at s. */
static size_t match_again(struct pattern *m, size_t s, unsigned char digit)
{
	const size_t i = (size_t)digit - '1';

	if (digit == '0' || i >= m->ncaptures || m->captures[i].n == PATTERN_OPEN)
		return fail(m, "invalid capture index");
	/* A position has no text, and is never there again. */
	const struct pattern_capture *c = &m->captures[i];
	if (c->n == PATTERN_POSITION || m->subject.n - s < c->n || !step(m, c->n / 8 + 1) ||
		memcmp(m->subject.p + c->at, m->subject.p + s, c->n) != 0)
		return PATTERN_NONE;
	return s + c->n;
}

/* %bxy: from an x to the y that balances it. */
static size_t match_balance(struct pattern *m, size_t s, size_t p)
{
	const unsigned char open = at(m->pattern, p + 2), close = at(m->pattern, p + 3);
	size_t depth = 1;

	if (p + 3 >= m->pattern.n)
		return fail(m, "malformed pattern (missing arguments to '%b')");
	if (s >= m->subject.n || at(m->subject, s) != open)
		return PATTERN_NONE;
	while (++s < m->subject.n && step(m, 1)) {
		unsigned char c = at(m->subject, s);
		if (c == close && --depth == 0)
			return s + 1;
		if (c == open && c != close)
			depth++;
	}
	return PATTERN_NONE;
}

/* %f[set]: where the characters begin to be of the set. *ret_p is behind the set. */
static bool at_frontier(struct pattern *m, size_t s, size_t p, size_t *ret_p)
{
	if (at(m->pattern, p + 2) != '[') {
		fail(m, "missing '[' after '%f' in pattern");
		return false;
	}
	size_t end = set_end(m, p + 2);
	*ret_p = end;
	if (end == PATTERN_NONE || !step(m, end - p))
		return false;
	const unsigned char before = s > 0 ? at(m->subject, s - 1) : 0;
	return !in_set(m, before, p + 2, end - 1) && in_set(m, at(m->subject, s), p + 2, end - 1);
}

/* ---- one item after the other ---- */

enum special { ORDINARY, GOES_ON, ENDS };

/* Items that are more than a character. GOES_ON: *s and *p are behind it; ENDS: *s is the answer. */
static enum special match_special(struct pattern *m, size_t *s, size_t *p)
{
	const unsigned char next = at(m->pattern, *p + 1);

	switch (m->pattern.p[*p]) {
	case '(':
		*s = open_capture(m, *s, *p);
		return ENDS;
	case ')':
		*s = close_capture(m, *s, *p);
		return ENDS;
	case '$':
		if (*p + 1 < m->pattern.n)
			return ORDINARY;
		*s = *s == m->subject.n ? *s : PATTERN_NONE;
		return ENDS;
	case '%':
		break;
	default:
		return ORDINARY;
	}
	if (next == 'b') {
		*s = match_balance(m, *s, *p);
		*p += 4;
	} else if (next == 'f') {
		*s = at_frontier(m, *s, *p, p) ? *s : PATTERN_NONE;
	} else if (isdigit(next)) {
		*s = match_again(m, *s, next);
		*p += 2;
	} else {
		return ORDINARY;
	}
	return *s == PATTERN_NONE ? ENDS : GOES_ON;
}

/* An item and the sign of repetition behind it. True: *s and *p are behind both; false: *s is the answer. */
static bool match_item(struct pattern *m, size_t *s, size_t *p)
{
	const size_t end = item_end(m, *p);

	if (end == PATTERN_NONE) {
		*s = PATTERN_NONE;
		return false;
	}
	switch (at(m->pattern, end)) {
	case '*':
		*s = match_most(m, *s, *p, end);
		return false;
	case '+':
		*s = fits(m, *s, *p, end) ? match_most(m, *s + 1, *p, end) : PATTERN_NONE;
		return false;
	case '-':
		*s = match_least(m, *s, *p, end);
		return false;
	case '?':
		if (fits(m, *s, *p, end)) {
			size_t found = match(m, *s + 1, end + 1);
			if (found != PATTERN_NONE) {
				*s = found;
				return false;
			}
		}
		*p = end + 1;
		return true;
	default:
		*s = fits(m, *s, *p, end) ? *s + 1 : PATTERN_NONE;
		*p = end;
		return *s != PATTERN_NONE;
	}
}

static size_t match(struct pattern *m, size_t s, size_t p)
{
	if (m->depth == DEPTH_MAX)
		return fail(m, "pattern too complex");
	m->depth++;
	while (p < m->pattern.n && s != PATTERN_NONE && step(m, 1)) {
		enum special special = match_special(m, &s, &p);
		if (special == ENDS || (special == ORDINARY && !match_item(m, &s, &p)))
			break;
	}
	m->depth--;
	return m->problem == NULL ? s : PATTERN_NONE;
}

size_t pattern_match(struct pattern *p, size_t from)
{
	p->ncaptures = 0;
	p->depth = 0;
	size_t end = match(p, from, 0);
	for (unsigned i = 0; end != PATTERN_NONE && i < p->ncaptures; i++)
		if (p->captures[i].n == PATTERN_OPEN)
			end = fail(p, "unfinished capture");
	return end;
}

/* The character that every match begins with; -1: there may be others. */
static int first_letter(struct str pattern)
{
	const unsigned char c = at(pattern, 0), sign = at(pattern, 1);

	if (pattern.n == 0 || c == 0 || strchr("^$*+?.([%-)", c) != NULL ||
		(sign != 0 && strchr("*?-", sign) != NULL))
		return -1;
	return c;
}

/* Where it stands next; behind the end when it does not. */
static size_t skip_to(struct pattern *m, size_t from, int letter)
{
	const struct str rest = str_from_offset(m->subject, from);
	const size_t n = str_find_char(rest, (char)letter);

	if (!step(m, n / 64 + 1))
		return m->subject.n + 1;
	return n < rest.n ? from + n : m->subject.n + 1;
}

bool pattern_find(struct pattern *p, size_t from, size_t *ret_start, size_t *ret_end)
{
	const struct str whole = p->pattern;
	const bool anchored = str_starts(whole, STR("^"));

	if (anchored)
		p->pattern = str_from_offset(whole, 1);
	*ret_end = PATTERN_NONE;
	const int first = anchored ? -1 : first_letter(p->pattern);
	for (; from <= p->subject.n && *ret_end == PATTERN_NONE && p->problem == NULL; from++) {
		if (first >= 0)
			from = skip_to(p, from, first);
		if (from > p->subject.n)
			break;
		*ret_start = from;
		*ret_end = pattern_match(p, from);
		if (anchored)
			break;
	}
	p->pattern = whole;
	return *ret_end != PATTERN_NONE;
}

bool pattern_is_plain(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (strchr("^$*+?.([%-", text.p[i]) != NULL)
			return false;
	return true;
}
