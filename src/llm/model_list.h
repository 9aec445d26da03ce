/* SPDX-License-Identifier: MIT */
/* Which models there are, told in the words of each API. Sources: the reference of each for its list of models. */
#ifndef LLM_MODEL_LIST_H
#define LLM_MODEL_LIST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "llm/dialect.h"

struct listed_model {
	struct str id;
	struct str owner;                      /* the provider who serves it */
	int64_t context_tokens, output_tokens; /* the most that it takes and gives; -1: not known */
};

struct model_list {
	struct listed_model *v;
	size_t n;
};

/* The page that a query asks for ("limit=20&after_id=…", "pageSize=50&pageToken=…"), as that API prints it. False (ERR_INVALID) when
 * the query asks for what cannot be. */
bool model_list_print(struct buf *out, enum api_family family, const struct model_list *list,
	struct str query, struct err *e) MUSTCHECK;
/* One of them. */
void model_list_print_one(struct buf *out, enum api_family family, const struct listed_model *m);

/* The id that a path asks for ("/v1/models/ID", "/v1beta/models/ID"), its escapes resolved; empty: it asks for the list. */
struct str model_list_id(struct str path, struct arena *a);

#endif
