/* SPDX-License-Identifier: MIT */
/* What was received: method, target, headers, size and digest of every request, and the bodies of the latest. */
#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include "sim/bill.h"
#include "wire/http.h"

struct journal;

/* keep_bytes: of bodies, all together; the oldest are forgotten first. */
struct journal *journal_new(size_t keep_bytes) MUSTCHECK;
void journal_free(struct journal *j);
/* Notes a request as it came; its number is n, one more than that of the one before. Keys are shortened to their last four
 * characters. */
void journal_add(struct journal *j, uint64_t n, int64_t at_ms, const struct http_head *head,
	struct str body);
/* What became of it: the status, the model that was asked for, the name of the scripted reply. */
void journal_set_answer(
	struct journal *j, uint64_t n, unsigned status, struct str model, struct str script);
/* Appends the list, from request `since` on, as JSON, with what each one cost. */
void journal_print(struct buf *out, const struct journal *j, struct bill *bill, uint64_t since);
/* A body; p == NULL when it is not there any more. */
struct str journal_body(const struct journal *j, uint64_t n);

#endif
