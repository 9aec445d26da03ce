/* SPDX-License-Identifier: MIT */
/* A folder with invented transcripts, and an audit of it. */
#ifndef UNIT_LAB_LAB_CHECK_H
#define UNIT_LAB_LAB_CHECK_H

#include "unit/lab/lab_folder.h"

#include "lab/audit.h"

/* Audits the whole folder. audit_release() and free() afterwards. */
static inline struct audit *audit_root(const struct audit_options *options)
{
	struct audit_options o =
		options != NULL ? *options : (struct audit_options){ .until_ms = INT64_MAX };
	struct audit *a = must_alloc(sizeof(*a));
	struct transcripts t = { 0 };
	struct err e = { 0 };

	o.prices = &price_table;
	audit_init(a, &o);
	assert_true(transcripts_add(&t, root, &e));
	audit_run(a, &t);
	transcripts_release(&t);
	return a;
}

static inline void done(struct audit *a)
{
	audit_release(a);
	free(a);
}

#endif
