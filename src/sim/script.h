/* SPDX-License-Identifier: MIT */
/* Queues of things to come: replies that were scripted, faults that were asked for. Each has a name, "" for requests that name
 * none; requests take from the front. */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "base/list.h"
#include "sim/tree.h"

struct script {
	struct list items;
	size_t n;
};

void script_init(struct script *s);
void script_clear(struct script *s);

/* Adds copies of one object or of a list of them, each to the queue that its member `id` names, as many times as its
 * member `times` says. False, with nothing added, when something in the list is no object. */
bool script_add(struct script *s, yyjson_val *items) MUSTCHECK;

/* Takes the first of that name; NULL when there is none. The caller frees the document. */
yyjson_doc *script_take(struct script *s, struct str id) MUSTCHECK;

#endif
