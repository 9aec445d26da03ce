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
	struct outline outline;
};

#endif
