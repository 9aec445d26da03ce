/* SPDX-License-Identifier: MIT */
/* Any bytes as a stream of events: see unit/wire/sse_oracle.h for what must hold. */
/* The fuzzer is to explore what is judged, not the judge. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif
#include "unit/wire/sse_oracle.h"
#ifdef __clang__
#pragma clang attribute pop
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str stream = { (const char *)data, size };
	uint64_t seed = random_seed(stream);
	struct frames whole;

	check_stream(&whole, stream);
	if (size <= 256)
		check_bytewise(&whole, stream);
	for (unsigned i = 0; i < 4; i++) {
		size_t b = random_below(&seed, size + 1), a = random_below(&seed, b + 1);
		check_split(&whole, stream, a, b);
	}
	free(whole.end);
	return 0;
}
