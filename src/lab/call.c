/* SPDX-License-Identifier: MIT */
/* Words for requests. */
#include "lab/call.h"

const char *call_kind_name(enum call_kind kind)
{
	static const char *const names[CALL_KINDS] = { "main", "subagent", "compaction",
		"background" };

	return names[kind];
}
