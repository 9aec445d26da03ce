/* SPDX-License-Identifier: MIT */
/* Token counts as replies tell them. */
#include "llm/usage.h"

#include "wire/json.h"

int64_t usage_count(struct str value)
{
	uint64_t v;

	return json_u64(value, &v) && v <= USAGE_COUNT_MAX ? (int64_t)v : -1;
}
