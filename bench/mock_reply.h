/* SPDX-License-Identifier: MIT */
/* What the mock provider says: complete HTTP replies and the pieces of streamed ones, as text. */
#ifndef BENCH_MOCK_REPLY_H
#define BENCH_MOCK_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	REPLY_MAX = 32768, /* room that each of these needs */
	PAD_MAX = 8192,    /* most padding of a delta event */
};

uint64_t now_ns(void);

/* Each writes to `out` and returns the length. `openai` chooses the API, else it is Anthropic's. */

/* Head and first events of a stream. */
size_t reply_start(char *out, bool openai);
/* One delta, with the time of now and with `pad` in its text. */
size_t reply_delta(char *out, bool openai, long event, const char *pad);
/* Last events and the end of the body; `tokens` is what the usage says. */
size_t reply_end(char *out, bool openai, long tokens);
/* A whole answer that is not streamed. */
size_t reply_answer(char *out, bool openai);
size_t reply_error(char *out, int status);
/* A 200 with this JSON. */
size_t reply_json(char *out, const char *json);

#endif
