/* SPDX-License-Identifier: MIT */
/* Error values. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->said = e->param = e->code = NULL;
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(e->text)) {
		size_t end = sizeof(e->text) - 1;
		while (end > 0 && ((unsigned char)e->text[end - 1] & 0xC0) == 0x80)
			end--;
		/* What stands at end - 1 now begins a character that may have lost its tail. */
		if (end > 0 && (unsigned char)e->text[end - 1] >= 0xC0)
			end--;
		e->text[end] = '\0';
	}
	return false;
}
