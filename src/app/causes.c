/* SPDX-License-Identifier: MIT */
/* The words for why a prompt cache was not read. */
#include "app/causes.h"

static const struct {
	struct str cause, name, sentence;
} all[] = {
	{ STR_INIT("first"), STR_INIT("first request"),
		STR_INIT("this is the first request of its conversation: it had nothing to lose") },
	{ STR_INIT("tools_order"), STR_INIT("tools reordered"),
		STR_INIT("the same tools came in another order than before") },
	{ STR_INIT("tools_added"), STR_INIT("tool added"),
		STR_INIT("a tool was added to those of the request before") },
	{ STR_INIT("tools_removed"), STR_INIT("tool removed"),
		STR_INIT("a tool of the request before is missing") },
	{ STR_INIT("tools_changed"), STR_INIT("tool changed"),
		STR_INIT("the description or the schema of a tool has changed") },
	{ STR_INIT("system_changed"), STR_INIT("system changed"),
		STR_INIT("the system prompt has changed") },
	{ STR_INIT("model_switched"), STR_INIT("model switched"),
		STR_INIT("another model was asked, and each has a cache of its own") },
	{ STR_INIT("provider_switched"), STR_INIT("provider switched"),
		STR_INIT("another provider was asked, which has not seen the conversation") },
	{ STR_INIT("image"), STR_INIT("image added"),
		STR_INIT("an image came in or went, which changes the messages before it too") },
	{ STR_INIT("thinking"), STR_INIT("thinking changed"),
		STR_INIT("thinking was switched on or off, or its budget changed") },
	{ STR_INIT("tool_choice"), STR_INIT("tool choice changed"),
		STR_INIT("tool_choice has changed, which the cached messages depend on") },
	{ STR_INIT("history_edited"), STR_INIT("history edited"),
		STR_INIT("a message that was sent before has changed") },
	{ STR_INIT("ttl"), STR_INIT("expired"),
		STR_INIT("the pause was longer than the cache lasts") },
	{ STR_INIT("compaction"), STR_INIT("compaction"),
		STR_INIT("the client has replaced the history by a summary") },
	{ STR_INIT("below_minimum"), STR_INIT("too short"),
		STR_INIT("the prompt is shorter than the least that this model caches") },
	{ STR_INIT("lookback"), STR_INIT("out of look-back"),
		STR_INIT(
			"more blocks came since the last breakpoint than the provider looks back") },
	{ STR_INIT("no_breakpoint"), STR_INIT("no breakpoint"),
		STR_INIT("the request has no cache_control where the cached prefix ends") },
	{ STR_INIT("unexplained"), STR_INIT("unexplained"),
		STR_INIT("the prefix is as it was, yet the provider did not read it") },
};

struct cause_words cause_words(struct str cause)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (str_eq(cause, all[i].cause))
			return (struct cause_words){ all[i].name, all[i].sentence };
	return (struct cause_words){ cause, cause };
}
