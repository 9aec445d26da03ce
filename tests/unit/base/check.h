/* SPDX-License-Identifier: MIT */
/* What cmocka needs to be included, and checks on views of bytes. */
#ifndef UNIT_BASE_CHECK_H
#define UNIT_BASE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static inline void check_bytes(struct str got, struct str want, const char *file, int line)
{
	if (str_eq(got, want))
		return;
	print_error("got  %zu bytes \"%.*s\"\nwant %zu bytes \"%.*s\"\n", got.n, (int)got.n,
		got.n > 0 ? got.p : "", want.n, (int)want.n, want.n > 0 ? want.p : "");
	_fail(file, line);
}

#define assert_str(got, want) check_bytes(got, want, __FILE__, __LINE__)
/* Compares with a literal, which may hold NUL bytes. */
#define assert_bytes(got, lit) check_bytes(got, STR(lit), __FILE__, __LINE__)
/* Absent, which is more than empty. */
#define assert_absent(s) assert_null((s).p)

#endif
