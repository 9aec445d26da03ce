/* SPDX-License-Identifier: MIT */
/* Who is to answer an exchange, and why. The first that has a say decides: the provider that everything is forced to, the name that the client
 * uses, the user's script and rules, the classes of `route.use`, the profile; else it goes as asked. */
#ifndef CORE_ROUTER_H
#define CORE_ROUTER_H

#include "core/exchange.h"

/* Fills plan and decision. False, with x->err set, when nobody can be asked. */
bool router_decide(struct exchange *x) MUSTCHECK;

/* Whether it matters to it what a turn is. */
bool router_looks(const struct config *c) MUSTCHECK;

#endif
