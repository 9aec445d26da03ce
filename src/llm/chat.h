/* SPDX-License-Identifier: MIT */
/* The neutral request: what sluice understands of a client's body. Text is views over that body; what is not
 * understood stays in it and leaves with it. */
#ifndef LLM_CHAT_H
#define LLM_CHAT_H

#include "llm/outline.h"

struct chat {
	struct str path;  /* of the request: some dialects name the model in it */
	struct str body;  /* the client's bytes, never changed */
	struct str model; /* unescaped; empty when the client names none */
	bool stream;      /* an event stream is asked for */
	bool bare; /* set before the body is read: no outline is wanted, the top level will do */
	struct str session; /* that the client says this is part of; empty: it does not say */
	struct str *
		models; /* every top-level `model` value, as it stands in body (duplicates happen) */
	size_t nmodels;
	bool tagged; /* the prompt may name a model, see llm/tag.h */
	struct sketch sketch;
	struct outline outline;
};

/* Notes one of the top-level `model` values, as it stands in the body. More than one is rare, and can only be a mistake or an attack; each is
 * kept, for parsers differ in which one they believe. The last one counts. False (ERR_INVALID) when there are too many. */
bool chat_add_model(struct chat *c, struct str value, struct arena *a, struct err *e) MUSTCHECK;
/* Looks at the beginning of a top-level member for the tag, where no outline was made that did. */
void chat_look_for_tag(struct chat *c, struct str key, struct str value);
/* Walks over the top level of ret->body for dialects without an outline: looks for the tag, makes the sketch, and tells each member that is
 * no list of messages or tools. */
typedef bool chat_member_fn(
	struct chat *c, const struct json_member *m, struct arena *a, struct err *e);
bool chat_walk(struct chat *ret, chat_member_fn *member, struct arena *a, struct err *e) MUSTCHECK;
/* parse_request() of OpenAI's dialects. No outline is made: what it predicts are the caches of another API. The session is what the client
 * wants its prompts cached by; `user` is a person, who has many conversations. */
bool chat_parse_openai(struct chat *ret, struct str body, struct arena *a, struct err *e) MUSTCHECK;

#endif
