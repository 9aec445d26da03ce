/* SPDX-License-Identifier: MIT */
/* The tests of wire/json once more, without the widest registers. */
#define JSON_NARROW

#include "wire/json.c"

#include "unit/wire/test_json.c"
