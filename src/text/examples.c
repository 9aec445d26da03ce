/* SPDX-License-Identifier: MIT */
/* The reader of labelled examples. */
#include "text/examples.h"

extern const char example_table[];
extern const size_t example_table_n;

static const struct str names[DIFFICULTY_LEVELS] = { STR_INIT("simple"), STR_INIT("medium"),
	STR_INIT("complex") };

struct str examples_builtin(void)
{
	return (struct str){ example_table, example_table_n };
}

struct str difficulty_level_name(enum difficulty_level l)
{
	return names[l];
}

bool difficulty_level_by_name(struct str name, enum difficulty_level *ret)
{
	for (int i = 0; i < DIFFICULTY_LEVELS; i++) {
		if (str_eq(name, names[i])) {
			*ret = (enum difficulty_level)i;
			return true;
		}
	}
	return false;
}

static bool read_line(struct str s, unsigned line, struct example *ret, struct err *e)
{
	size_t tab = str_find_char(s, '\t');

	if (tab == s.n)
		return err_set(
			e, ERR_INVALID, "line %u: no tab between the level and the text", line);
	struct str name = str_trim((struct str){ s.p, tab });
	if (!difficulty_level_by_name(name, &ret->level))
		return err_set(e, ERR_INVALID,
			"line %u: \"%.*s\" is none of simple, medium, complex", line,
			(int)(name.n < 40 ? name.n : 40), name.p);
	ret->text = str_trim(str_from_offset(s, tab + 1));
	return ret->text.n > 0 || err_set(e, ERR_INVALID, "line %u: no text", line);
}

bool example_next(struct str *rest, unsigned *line, struct example *ret, struct err *e)
{
	struct str s;

	while (str_split(rest, '\n', &s)) {
		++*line;
		s = str_trim(s);
		if (s.n > 0 && s.p[0] != '#')
			return read_line(s, *line, ret, e);
	}
	e->kind = ERR_NONE;
	return false;
}
