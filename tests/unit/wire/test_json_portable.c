/* SPDX-License-Identifier: MIT */
/* The tests of wire/json once more, on its portable build. */
#define JSON_PORTABLE

#include "wire/json.c"

#include "unit/wire/test_json.c"
