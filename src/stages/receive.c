/* SPDX-License-Identifier: MIT */
/* Waits for the request's body, on the paths that are interpreted, and undoes its content coding. Bodies on other
 * paths go to the provider as they come, of any size. */
#include "stages/stages.h"
#include "wire/encoding.h"

static void cancel_wait(struct exchange *x)
{
	x->body_wanted = false;
}

enum step stage_receive(struct exchange *x)
{
	enum encoding coding;

	if (!exchange_is_read(x) || conn_request_complete(x->conn))
		return STEP_NEXT;
	if (!encoding_parse(http_get(x->head, STR("content-encoding")), &coding, &x->err))
		return STEP_FAIL;
	x->body_wanted = true;
	x->cancel = cancel_wait;
	if (coding == ENCODING_IDENTITY) {
		conn_read_body(x->conn, &x->body);
	} else {
		x->decoder = encoding_decoder_new(coding);
		conn_stream_body(x->conn);
	}
	return STEP_WAIT;
}
