/* SPDX-License-Identifier: MIT */
/* Three bytes in four characters. */
#include "sim/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_print(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)s.p[i] << 16;
		v |= i + 1 < s.n ? (uint32_t)(unsigned char)s.p[i + 1] << 8 : 0;
		v |= i + 2 < s.n ? (unsigned char)s.p[i + 2] : 0;
		buf_add_char(out, alphabet[v >> 18]);
		buf_add_char(out, alphabet[v >> 12 & 63]);
		buf_add_char(out, i + 1 < s.n ? alphabet[v >> 6 & 63] : '=');
		buf_add_char(out, i + 2 < s.n ? alphabet[v & 63] : '=');
	}
}

bool base64_read(struct buf *out, struct str text, size_t most)
{
	size_t n = text.n, before = out->n;
	uint32_t v = 0;

	if (n % 4 != 0)
		return false;
	while (n > 0 && text.n - n < 2 && text.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n && out->n - before < most; i++) {
		const char *at = text.p[i] != '\0' ? strchr(alphabet, text.p[i]) : NULL;
		if (at == NULL)
			return false;
		v = v << 6 | (uint32_t)(at - alphabet);
		if (i % 4 != 0)
			buf_add_char(out, (char)(v >> (6 - 2 * (i % 4))));
	}
	return true;
}
