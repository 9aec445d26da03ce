/* SPDX-License-Identifier: MIT */
/* Tells the kinds of turn of requests: reads one a line from stdin, {"dialect", "path", "headers": {…}, "body": "…"}, and prints for each a
 * line of what turn_read() says. Used by run.py. */
#include "llm/dialect.h"
#include "llm/turn.h"
#include "wire/json_text.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEADERS_MAX = 64 };

static void take_headers(struct http_head *head, struct str object, struct arena *a)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (!json_iter_init(&it, object, &e))
		return;
	while (head->n < HEADERS_MAX && json_next(&it, &m, &e))
		head->h[head->n++] = (struct http_header){ m.key, json_string(m.value, a) };
}

static void tell(struct str line, struct arena *a)
{
	struct http_header h[HEADERS_MAX];
	struct str target = json_string(json_get(line, STR("path")), a);
	struct http_head head = {
		.h = h, .target = target, .path = { target.p, str_find_char(target, '?') }
	};
	const struct dialect *d = dialect_by_name(json_string(json_get(line, STR("dialect")), a));
	struct chat c = { .path = head.path };
	struct err e = { 0 };
	struct turn_facts f;

	if (d == NULL)
		abort();
	take_headers(&head, json_get(line, STR("headers")), a);
	if (!d->parse_request(&c, json_string(json_get(line, STR("body")), a), a, &e)) {
		printf("%s\n", err_message(&e));
		return;
	}
	turn_read(&head, &c, &f);
	const struct trail *t = &f.trail;
	printf("%s messages=%zu assistants=%zu tools=%zu images=%d web_search=%d stream=%d thinks=%d effort=%.*s "
	       "max_tokens=%llu errors=%u misses=%u repeats=%u calls=%u edits=%u edited=%d open=%d prompt=%.*s\n",
		turn_kind_name(f.kind), f.messages, f.assistants, f.tools, f.images, f.web_search,
		f.stream, f.thinks, STR_ARG(f.effort), (unsigned long long)f.max_tokens, t->errors,
		t->misses, t->repeats, t->calls, t->edits, t->edited, t->open_loop,
		STR_ARG(t->prompt));
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while ((n = getline(&line, &room, stdin)) > 0) {
		struct arena *a = arena_new();
		tell(str_trim((struct str){ line, (size_t)n }), a);
		arena_free(a);
	}
	free(line);
	return 0;
}
