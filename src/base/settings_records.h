/* SPDX-License-Identifier: MIT */
/* Rows whose value is a list of objects. Only base/settings*.c includes this. */
#ifndef BASE_SETTINGS_RECORDS_H
#define BASE_SETTINGS_RECORDS_H

#include "base/settings.h"

struct records_reading {
	const struct setting *row;
	struct arena *arena;
	size_t fault; /* where what is refused stands in the document; SIZE_MAX: the whole of it */
	struct err *err;
};

/* Reads a value into *ret, copied into the arena. On failure *ret is untouched, and r->err continues "\"path\" ". */
bool records_assign(struct records_reading *r, struct record_list *ret,
	const struct setting_value *v) MUSTCHECK;
/* As JSON, which is also how one types it in the environment. */
void records_print(const struct setting *s, const struct record_list *list, struct buf *out);
/* Where they stood does not count. */
bool records_equal(
	const struct setting *s, const struct record_list *a, const struct record_list *b);
/* "a list of objects (`when`, `use`)". */
void records_describe(const struct setting *s, struct buf *out);
void records_print_schema(const struct setting *s, struct buf *out);

/* "a number". */
const char *setting_kind_name(enum setting_value_kind kind);

#endif
