/* SPDX-License-Identifier: MIT */
/* A table of settings, and everything that follows from it. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum setting_type { BOOL, INT, BYTES, SECONDS, STRING, SECRET, ENUM, STRINGS, STRING_MAP };

struct str_list {
	struct str *v;
	size_t n;
};
struct str_pair {
	struct str name, value;
};
struct str_map {
	struct str_pair *v;
	size_t n;
};

#define SETTING_C_TYPE_BOOL       bool
#define SETTING_C_TYPE_INT        int64_t
#define SETTING_C_TYPE_BYTES      size_t
#define SETTING_C_TYPE_SECONDS    uint64_t   /* milliseconds */
#define SETTING_C_TYPE_STRING     struct str /* NUL-terminated as well */
#define SETTING_C_TYPE_SECRET     struct str
#define SETTING_C_TYPE_ENUM       struct str
#define SETTING_C_TYPE_STRINGS    struct str_list
#define SETTING_C_TYPE_STRING_MAP struct str_map

#endif
