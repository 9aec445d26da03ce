/* SPDX-License-Identifier: MIT */
/* Why something failed, in terms a client can be told. The kinds are the error classes that all API
 * dialects share; llm/errors maps them to HTTP statuses and to each dialect's error types. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/str.h"

enum err_kind {
	ERR_NONE,
	ERR_INVALID,         /* the request is malformed or not allowed as it is */
	ERR_AUTH,            /* no key, or a wrong one */
	ERR_PERMISSION,      /* known, but not allowed */
	ERR_NOT_FOUND,       /* no such path, or no provider that serves it */
	ERR_METHOD,          /* that path does not know this method */
	ERR_REQUEST_TIMEOUT, /* the client sent too slowly */
	ERR_TOO_LARGE,       /* body over its limit */
	ERR_MEDIA_TYPE,      /* content encoding that cannot be decoded */
	ERR_HEADERS,         /* header block over its limit */
	ERR_UPGRADE,         /* WebSocket asked for, which is not spoken here */
	ERR_RATE,            /* too many */
	ERR_OVERLOADED,      /* no capacity here or at the provider */
	ERR_TIMEOUT,         /* the provider took too long */
	ERR_UPSTREAM,        /* the provider could not be reached, or broke off */
	ERR_CONTEXT,         /* the prompt is longer than the model's window */
	ERR_BILLING,         /* no money left with the provider */
	ERR_CONFLICT,        /* the provider says that another request is in the way */
	ERR_API,             /* the provider has failed, by its own account */
	ERR_CLIENT_GONE,     /* nobody is left to be told */
	ERR_INTERNAL,        /* a defect in sluice itself */
	ERR_KINDS,
};

struct err {
	enum err_kind kind;
	char text[232]; /* lower case, no full stop, subject quoted; NUL-terminated */
	/* What a provider has said, where it is longer; NUL-terminated, owned by whoever set it; NULL: text is all. */
	const char *said;
	/* What OpenAI's dialects say besides: the member that is refused and why, "unsupported_value"; constants, NULL: by the kind. */
	const char *param, *code;
};

/* All that there is to say. */
static inline const char *err_message(const struct err *e)
{
	return e->said != NULL ? e->said : e->text;
}

/* Sets kind and text (cut when too long, never inside a UTF-8 character), and clears the rest. Returns false, so that
 * `return err_set(e, …);` ends a function that failed. */
bool err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);

#endif
