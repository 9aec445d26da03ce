/* SPDX-License-Identifier: MIT */
/* Any bytes as JSON: see unit/wire/json_oracle.h for what must hold. */
/* The fuzzer is to explore what is judged, not the judge. */
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("coverage"))), apply_to = function)
#endif
#include "unit/wire/json_oracle.h"
#ifdef __clang__
#pragma clang attribute pop
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	uint64_t seed = random_seed(text);

	if (!json_check(text))
		return 0;
	/* An object cut short is refused, wherever the cut is. */
	while (text.p[text.n - 1] != '}')
		text.n--;
	for (unsigned i = 0; i < 8; i++)
		CHECK(!walk_accepts((struct str){ text.p, random_below(&seed, text.n) }));
	return 0;
}
