/* SPDX-License-Identifier: MIT */
/* Lines from the tables of columns. */
#include "app/csv.h"

#include "store/row.h"

#include <stdio.h>
#include <string.h>

/* A spreadsheet takes what begins so for a formula, and a client may call a model as it likes. */
static bool is_formula(struct str s)
{
	return s.n > 0 && memchr("=+-@\t\r", s.p[0], 6) != NULL;
}

void csv_text(struct str s, bool first)
{
	bool quote = is_formula(s);

	if (!first)
		putchar(',');
	for (size_t i = 0; i < s.n; i++)
		quote = quote || s.p[i] == ',' || s.p[i] == '"' || s.p[i] == '\n' || s.p[i] == '\r';
	if (!quote) {
		fwrite(s.p, 1, s.n, stdout);
		return;
	}
	putchar('"');
	if (is_formula(s))
		putchar('\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			putchar('"');
		putchar(s.p[i]);
	}
	putchar('"');
}

void csv_number(int64_t n)
{
	printf(",%lld", (long long)n);
}

static void print_column(const struct column *c, const void *row, bool first)
{
	const void *v = (const char *)row + c->offset;

	switch (c->type) {
	case COLUMN_TEXT:
		csv_text(*(const struct str *)v, first);
		break;
	case COLUMN_COUNT:
		if (*(const int64_t *)v < 0)
			putchar(',');
		else
			csv_number(*(const int64_t *)v);
		break;
	case COLUMN_NUMBER:
		csv_number(*(const int64_t *)v);
		break;
	case COLUMN_STATUS:
		csv_number(*(const unsigned *)v);
		break;
	case COLUMN_FLAG:
		csv_number(*(const bool *)v);
		break;
	}
}

static void print_names(const struct columns *columns, bool first)
{
	for (size_t i = 0; i < columns->n; i++)
		csv_text(str_from(columns->v[i].name), first && i == 0);
	printf("\n");
}

void csv_totals_head(const char *name)
{
	printf("%s,provider", name);
	print_names(&totals_columns, false);
}

bool csv_totals(void *ctx, const struct query_row *row)
{
	(void)ctx;
	csv_text(row->totals->name, true);
	csv_text(row->totals->provider, false);
	for (size_t i = 0; i < totals_columns.n; i++)
		print_column(&totals_columns.v[i], row->totals, false);
	printf("\n");
	return !ferror(stdout);
}

static bool put_cause(void *ctx, const struct query_row *row)
{
	printf("%s", (const char *)ctx);
	csv_text(row->cause->cause, false);
	csv_number(row->cause->count);
	csv_number(row->cause->tokens);
	csv_number(row->cause->nusd);
	printf("\n");
	return !ferror(stdout);
}

bool csv_causes(struct store *s, const struct query_params *p, struct err *e)
{
	static const char *const which[] = { "lost", "saved" };
	struct query_params q = *p;

	q.what = QUERY_CAUSES;
	printf("what,cause,count,tokens,nusd\n");
	for (size_t i = 0; i < ARRAY_LEN(which); i++) {
		q.text = str_from(which[i]);
		if (!s->driver->query(s, &q, put_cause, (void *)(uintptr_t)which[i], e))
			return false;
	}
	return true;
}

void csv_exchange_head(void)
{
	print_names(&exchange_columns, true);
}

bool csv_exchange(void *ctx, const struct query_row *row)
{
	(void)ctx;
	for (size_t i = 0; i < exchange_columns.n; i++)
		print_column(&exchange_columns.v[i], row->exchange, i == 0);
	printf("\n");
	return !ferror(stdout);
}
