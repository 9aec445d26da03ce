/* SPDX-License-Identifier: MIT */
/* The names that a client may ask for, as far as they are known: those that are ours, as far as somebody answers to them, those of
 * the name table, and the known models of the provider that its requests go to when nothing else is said. A name is in it only if a
 * request for it would be sent to somebody. */
#ifndef CORE_CATALOG_H
#define CORE_CATALOG_H

#include "core/exchange.h"
#include "llm/model_list.h"

/* Whether the client is told of this catalog, by `list.models`; else the provider that it means is asked. */
bool catalog_is_told(const struct config *c);
/* All of it for the client of this exchange, in its arena: our names, the table's in their order, then the others in byte order. Names of
 * the table that are patterns are no names. */
struct model_list catalog_list(struct exchange *x);
/* One name, which a pattern of the table may fit. False: nobody is known to have it. */
bool catalog_find(struct exchange *x, struct str name, struct listed_model *ret) MUSTCHECK;

#endif
