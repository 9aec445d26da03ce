/* SPDX-License-Identifier: MIT */
/* Any bytes as a request of a client that speaks the dialect "responses": see request.h for what must hold. */
#include "fuzz/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_request(&dialect_responses, data, size);
}
