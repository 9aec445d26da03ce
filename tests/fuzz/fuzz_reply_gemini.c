/* SPDX-License-Identifier: MIT */
/* Any bytes as a reply of a provider that speaks the dialect "gemini": see reply.h for what must hold. */
#include "fuzz/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_reply(&dialect_gemini, data, size);
}
