/* SPDX-License-Identifier: MIT */
/* Short words for reading a JSON tree of a body. */
#ifndef SIM_TREE_H
#define SIM_TREE_H

#include "base/str.h"

#include <yyjson.h>

/* The string that a value is; p == NULL when it is none. */
static inline struct str tree_str(yyjson_val *v)
{
	return (struct str){ yyjson_get_str(v), yyjson_is_str(v) ? yyjson_get_len(v) : 0 };
}

/* The string member of an object; p == NULL when there is none. */
static inline struct str tree_get(yyjson_val *object, const char *key)
{
	return tree_str(yyjson_obj_get(object, key));
}

static inline bool tree_is(yyjson_val *object, const char *key, const char *value)
{
	return yyjson_equals_str(yyjson_obj_get(object, key), value);
}

/* A whole number; false when it is none, or out of range. */
static inline bool tree_int(yyjson_val *v, int64_t *ret)
{
	if (!yyjson_is_int(v) || (yyjson_is_uint(v) && yyjson_get_uint(v) > INT64_MAX))
		return false;
	*ret = yyjson_get_sint(v);
	return true;
}

/* A member that is there and not null; else NULL. */
static inline yyjson_val *tree_set(yyjson_val *object, const char *key)
{
	yyjson_val *v = yyjson_obj_get(object, key);

	return yyjson_is_null(v) ? NULL : v;
}

#endif
