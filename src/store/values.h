/* SPDX-License-Identifier: MIT */
/* Values that wait to be written: of each name the newest. */
#ifndef STORE_VALUES_H
#define STORE_VALUES_H

#include "store/store.h"

struct values;

struct values *values_new(void) MUSTCHECK;
/* NULL is accepted. */
void values_free(struct values *v);
/* Forgets all, keeping some of the memory. */
void values_clear(struct values *v);
/* Copies a value in, in the place of one of the same name with the same version or an older one; a newer one stays. False, and
 * nothing changed, when more than max bytes would wait then. */
bool values_put(struct values *v, const struct store_value *value, size_t max) MUSTCHECK;
size_t values_count(const struct values *v);
/* Of names and values together. */
size_t values_bytes(const struct values *v);
/* All of them, in the order in which their names first came. */
const struct store_value *values_list(const struct values *v, size_t *ret_n);

#endif
