/* SPDX-License-Identifier: MIT */
/* Any bytes as a connection's input: see unit/wire/http1_oracle.h for what must hold. Small limits, so that
 * they are met. */
#include "unit/wire/http1_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct http1_limits limits = { .header_bytes = 1024, .headers = 12 };
	struct str bytes = { (const char *)data, size }, few = { bytes.p, size < 64 ? size : 64 };
	struct buf whole;

	buf_init(&whole, SIZE_MAX);
	http1_transcript(&limits, bytes, (struct cuts){ 0 }, &whole);
	http1_check_cuts(&limits, bytes, (struct cuts){ .every = 1 + size / 256 }, buf_str(&whole));
	http1_check_cuts(
		&limits, bytes, (struct cuts){ .seed = random_seed(few) }, buf_str(&whole));
	buf_release(&whole);
	return 0;
}
