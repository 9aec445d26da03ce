/* SPDX-License-Identifier: MIT */
/* The dashboard: the files of admin/page, as they were when the program was built. They hold no data, so they are served
 * without a key; what they show they ask for under /sluice/api/. */
#ifndef ADMIN_DASHBOARD_H
#define ADMIN_DASHBOARD_H

#include "core/exchange.h"

struct page_file {
	struct str name; /* "style.css" */
	struct str type; /* Content-Type */
	struct str etag; /* with its quotes */
	struct str gzip; /* the content, compressed */
};
extern const struct page_file page_files[];
extern const size_t page_nfiles;

/* GET /dashboard and everything below it. */
void admin_dashboard(struct exchange *x, struct local_reply *ret);

#endif
