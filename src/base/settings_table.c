/* SPDX-License-Identifier: MIT */
/* Finding rows of a table by name, right or misspelt, and describing a row to people and editors. */
#include "base/settings_records.h"

#include <stdio.h>
#include <string.h>

enum {
	WORD_MAX = 80, /* longer words are not compared */
	DISTANCE_MAX = 4,
	VALUE_BYTES = sizeof(struct str_map), /* room for a value of any type */
};

const struct setting *settings_find(const struct settings *t, struct str path)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(str_from(t->rows[i].path), path))
			return &t->rows[i];
	return NULL;
}

bool settings_is_group(const struct settings *t, struct str path)
{
	for (size_t i = 0; i < t->n; i++) {
		struct str row = str_from(t->rows[i].path);
		if (row.n > path.n && row.p[path.n] == '.' && str_starts(row, path))
			return true;
	}
	return false;
}

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static char env_char(char c)
{
	return c == '.' || c == '-' ? '_' : upper(c);
}

void setting_env_name(struct str prefix, struct str path, struct buf *out)
{
	buf_add(out, prefix);
	for (size_t i = 0; i < path.n; i++)
		buf_add_char(out, env_char(path.p[i]));
}

bool setting_env_is(struct str path, struct str name)
{
	bool is = path.n == name.n;

	for (size_t i = 0; i < path.n && is; i++)
		is = env_char(path.p[i]) == name.p[i];
	return is;
}

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many letters must be added, dropped, replaced or swapped with their neighbour (the restricted
 * Damerau-Levenshtein distance); case, and which of . - _ it is, do not count. Right up to most, and
 * more than that when it is more: so only the cells near the diagonal are looked at. */
static size_t edit_distance(struct str a, struct str b, size_t most)
{
	size_t rows[3][WORD_MAX + 2] = { 0 };
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	if (a.n > WORD_MAX || b.n > WORD_MAX || a.n > b.n + most || b.n > a.n + most)
		return WORD_MAX;
	for (size_t j = 0; j <= b.n + 1; j++)
		last[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t from = i > most ? i - most : 1;
		size_t to = min(b.n, i + most);
		size_t nearest = now[from - 1] = from == 1 ? i : WORD_MAX;
		now[to + 1] = WORD_MAX;
		for (size_t j = from; j <= to; j++) {
			char x = env_char(a.p[i - 1]), y = env_char(b.p[j - 1]);
			now[j] = min(min(last[j] + 1, now[j - 1] + 1), last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == env_char(b.p[j - 2]) &&
				y == env_char(a.p[i - 2]))
				now[j] = min(now[j], before[j - 2] + 1);
			nearest = min(nearest, now[j]);
		}
		/* A swap reaches back two rows, but costs one as well. */
		if (nearest > most + 1)
			return WORD_MAX;
		size_t *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b.n];
}

void setting_guess(struct setting_guess *g, struct str misspelt, struct str candidate)
{
	const size_t most = min(misspelt.n / 4 + 1, DISTANCE_MAX);
	size_t distance = edit_distance(misspelt, candidate, most);
	bool near = distance <= most && distance < candidate.n;

	/* "idle_s" where "limits.idle_s" is meant. */
	if (!near && misspelt.n > 0 && candidate.n > misspelt.n && str_ends(candidate, misspelt) &&
		candidate.p[candidate.n - misspelt.n - 1] == '.') {
		near = true;
		distance = DISTANCE_MAX;
	}
	if (near && (g->word.n == 0 || distance < g->distance))
		*g = (struct setting_guess){ candidate, distance };
}

/* The bounds of a BYTES row read better with units. */
static void describe_bound(const struct setting *s, double bound, struct buf *out)
{
	size_t bytes = (size_t)bound;
	struct setting whole = { .type = SETTING_BYTES };

	if (s->type == SETTING_BYTES)
		setting_print(&whole, &bytes, out);
	else
		buf_addf(out, "%.15g", bound);
}

static void describe_range(const struct setting *s, const char *noun, struct buf *out)
{
	buf_addf(out, "%s from ", noun);
	describe_bound(s, s->min, out);
	buf_add(out, STR(" to "));
	describe_bound(s, s->max, out);
}

static void describe_choices(const struct setting *s, struct buf *out)
{
	struct str rest = str_from(s->choices), choice;

	buf_add(out, STR("one of"));
	for (const char *sep = " "; str_split(&rest, '|', &choice); sep = ", ")
		buf_addf(out, "%s%.*s", sep, STR_ARG(choice));
}

void setting_describe(const struct setting *s, struct buf *out)
{
	switch (s->type) {
	case SETTING_BOOL:
		buf_add(out, STR("true or false"));
		break;
	case SETTING_INT:
		describe_range(s, "a whole number", out);
		break;
	case SETTING_BYTES:
		describe_range(s, "a number of bytes", out);
		break;
	case SETTING_SECONDS:
		describe_range(s, "a number of seconds", out);
		break;
	case SETTING_STRING:
	case SETTING_SECRET:
		buf_add(out, STR("a string"));
		break;
	case SETTING_ENUM:
		describe_choices(s, out);
		break;
	case SETTING_STRINGS:
		buf_add(out, STR("a list of strings"));
		break;
	case SETTING_STRING_MAP:
		buf_add(out, STR("an object of strings"));
		break;
	case SETTING_RECORDS:
		records_describe(s, out);
		break;
	}
}

/* Calls a printer with the row's default value in place of an object. */
static void print_default(const struct setting *s,
	void (*print)(const struct setting *, const void *, struct buf *), struct buf *out)
{
	struct arena *a = arena_new();
	struct setting row = *s;
	max_align_t value[VALUE_BYTES / sizeof(max_align_t) + 1] = { 0 };

	row.offset = 0;
	setting_reset(&row, value, a);
	print(&row, value, out);
	arena_free(a);
}

static void print_choices(const struct setting *s, struct buf *out)
{
	struct str rest = str_from(s->choices), choice;

	buf_add(out, STR("\"enum\": ["));
	for (const char *sep = ""; str_split(&rest, '|', &choice); sep = ", ") {
		buf_addf(out, "%s", sep);
		setting_print_quoted(choice, out);
	}
	buf_add_char(out, ']');
}

static void print_schema_type(const struct setting *s, struct buf *out)
{
	switch (s->type) {
	case SETTING_BOOL:
		buf_add(out, STR("\"type\": \"boolean\""));
		break;
	case SETTING_INT:
		buf_addf(out, "\"type\": \"integer\", \"minimum\": %.15g, \"maximum\": %.15g",
			s->min, s->max);
		break;
	case SETTING_BYTES:
		buf_addf(out,
			"\"type\": [\"integer\", \"string\"], \"minimum\": %.15g, "
			"\"maximum\": %.15g, \"pattern\": \"^[0-9.]+ *([KkMmGg]([Ii]?[Bb])?|[Bb])?$\"",
			s->min, s->max);
		break;
	case SETTING_SECONDS:
		buf_addf(out, "\"type\": \"number\", \"minimum\": %.15g, \"maximum\": %.15g",
			s->min, s->max);
		break;
	case SETTING_STRING:
	case SETTING_SECRET:
		buf_add(out, STR("\"type\": \"string\""));
		break;
	case SETTING_ENUM:
		print_choices(s, out);
		break;
	case SETTING_STRINGS:
		buf_add(out, STR("\"type\": [\"array\", \"string\"], \"items\": {\"type\": "
				 "\"string\"}"));
		break;
	case SETTING_STRING_MAP:
		buf_add(out, STR("\"type\": \"object\", \"additionalProperties\": {\"type\": "
				 "\"string\"}"));
		break;
	case SETTING_RECORDS:
		records_print_schema(s, out);
		break;
	}
}

void setting_print_schema(const struct setting *s, struct buf *out)
{
	buf_add(out, STR("{\"description\": "));
	setting_print_quoted(str_from(s->text), out);
	buf_add(out, STR(", "));
	print_schema_type(s, out);
	if (s->fallback[0] != '\0') {
		buf_add(out, STR(", \"default\": "));
		print_default(s, setting_print_json, out);
	}
	buf_add_char(out, '}');
}

void setting_print_reference(const struct setting *s, struct str prefix, struct buf *out)
{
	buf_addf(out, "| `%.*s%s`%s | ", STR_ARG(prefix), s->path,
		(s->flags & SETTING_TRUSTED) != 0 ? " *" : "");
	setting_describe(s, out);
	buf_add(out, STR(" | "));
	if (s->fallback[0] != '\0') {
		buf_add_char(out, '`');
		print_default(s, setting_print, out);
		buf_add_char(out, '`');
	}
	buf_addf(out, " | %s", s->text);
	for (size_t i = 0; i < s->nparts; i++)
		buf_addf(out, "; `%s`: %s", s->parts[i].name, s->parts[i].text);
	buf_add(out, STR(" |\n"));
}
