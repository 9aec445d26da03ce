/* SPDX-License-Identifier: MIT */
/* A client, the program and a provider in one room. */
#include "fake/world.h"

#include "core/breaker.h"
#include "core/keyring.h"
#include "core/live.h"
#include "core/metrics.h"
#include "core/prefix.h"
#include "core/provider_health.h"
#include "core/sessions.h"
#include "core/siblings.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int no_file(void *ctx, const char *path, struct config_file *ret)
{
	(void)ctx, (void)path, (void)ret;
	return 2; /* ENOENT */
}

static struct config *load(const char *const *sets)
{
	struct config_report report = { 0 };
	struct config_input in = { .sets = sets, .read = no_file };
	struct buf b;

	while (sets != NULL && sets[in.nsets] != NULL)
		in.nsets++;
	struct config *c = config_load(&in, &report);
	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < report.n; i++)
		config_problem_print(&report.problems[i], &b);
	if (c == NULL)
		fprintf(stderr, "%.*s", STR_ARG(buf_str(&b)));
	assert(c != NULL);
	buf_release(&b);
	config_report_release(&report);
	return c;
}

void world_init(struct world *w, const char *const *sets)
{
	setenv("TZ", "UTC", 1);
	tzset();
	*w = (struct world){ .loop = loop_new() };
	w->svc.config = load(sets);
	w->log.writer = log_writer_new(w->loop, 2, 1 << 20);
	buf_init(&w->log.line, SIZE_MAX);
	access_log_configure(&w->log, w->svc.config);
	w->svc.loop = w->loop;
	w->svc.server = w->server = server_new(w->loop, &exchange_events, &w->svc);
	w->svc.upstream = w->upstream = upstream_new(w->loop);
	w->svc.log = &w->log;
	w->arena = arena_new();
	assert(prices_read(
		&w->prices, prices_builtin(), w->arena, &(size_t){ 0 }, &(struct err){ 0 }));
	w->svc.prices = &w->prices;
	w->svc.sessions = sessions_new();
	w->svc.prefixes = prefixes_new(&w->svc);
	w->svc.siblings = siblings_new();
	w->svc.live = live_new(&w->svc);
	w->svc.metrics = metrics_new();
	w->svc.health = health_new();
	w->svc.breakers = breakers_new();
	w->svc.keyring = keyring_new();
	w->svc.proxy = (struct proxy_env){ "", "", "" };
	w->svc.started_wall_ms = FAKE_START_WALL_MS;
	buf_init(&w->svc.spare_body, SIZE_MAX);
}

void world_reload(struct world *w, const char *const *sets)
{
	struct config *old = w->svc.config;

	w->svc.config = load(sets);
	config_unref(old);
	access_log_configure(&w->log, w->svc.config);
}

void world_release(struct world *w)
{
	fake_loop_settle(w->loop);
	assert(w->svc.open == 0);
	assert(fake_upstream_open(w->upstream) == 0);
	assert(w->svc.config->refs == 1);
	server_free(w->server);
	upstream_free(w->upstream);
	log_writer_free(w->log.writer);
	prefixes_free(w->svc.prefixes);
	siblings_free(w->svc.siblings);
	loop_free(w->loop);
	live_free(w->svc.live);
	metrics_free(w->svc.metrics);
	health_free(w->svc.health);
	breakers_free(w->svc.breakers);
	keyring_free(w->svc.keyring);
	config_unref(w->svc.config);
	sessions_free(w->svc.sessions);
	arena_free(w->arena);
	buf_release(&w->svc.spare_body);
	buf_release(&w->log.line);
}

void world_forget(struct world *w)
{
	fake_loop_settle(w->loop);
	fake_server_forget(w->server);
	fake_upstream_forget(w->upstream);
	fake_log_clear(w->log.writer);
}

struct conn *world_post_with(
	struct world *w, const char *target, const char *headers, struct str body)
{
	struct buf head;

	buf_init(&head, SIZE_MAX);
	buf_addf(&head, "POST %s\nHost: localhost\n%sContent-Length: %zu", target, headers, body.n);
	buf_add_char(&head, '\0');
	struct conn *c = fake_conn_begin(w->server, head.p);
	buf_release(&head);
	if (c->end == FAKE_OPEN && body.n > 0) {
		fake_conn_body(c, body);
		if (c->end == FAKE_OPEN)
			fake_conn_end(c);
	}
	fake_loop_settle(w->loop);
	return c;
}

struct conn *world_post(struct world *w, const char *target, struct str body)
{
	return world_post_with(w, target, "Content-Type: application/json\n", body);
}

struct transfer *world_transfer(const struct world *w)
{
	return fake_upstream_last(w->upstream);
}

void world_answer(struct world *w, const char *head, struct str body)
{
	struct transfer *t = world_transfer(w);

	fake_transfer_take(t, SIZE_MAX);
	fake_transfer_head(t, head);
	if (body.n > 0)
		fake_transfer_body(t, body);
	fake_transfer_done(t, UPSTREAM_OK, "");
	fake_loop_settle(w->loop);
}

struct str world_log(const struct world *w)
{
	return fake_log_text(w->log.writer);
}
