/* SPDX-License-Identifier: MIT */
/* An intrusive doubly linked ring: the link lives inside the thing that is listed. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/base.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

/* True for an initialised head without members, and for a member that is in no list. */
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* Puts an unlisted member at the tail. */
static inline void list_push(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* Takes the first member out; NULL when there is none. */
static inline struct list *list_shift(struct list *head)
{
	if (list_empty(head))
		return NULL;
	struct list *l = head->next;
	list_remove(l);
	return l;
}

/* The current member may be removed while walking. */
#define list_each(it, head) \
	for (struct list *it = (head)->next, *it##_next = it->next; it != (head); \
		it = it##_next, it##_next = it->next)

#endif
