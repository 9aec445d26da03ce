/* SPDX-License-Identifier: MIT */
/* `sluice status`. */
#include "app/cmd.h"
#include "app/instance.h"
#include "app/probe.h"
#include "base/clock.h"
#include "base/settings.h"

#include <time.h>

static int run(const struct cmd *c);

const struct command cmd_status = {
	.name = "status",
	.args = "",
	.summary = "tell whether the proxy runs, and where",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "json", NULL, "as one JSON object" },
			{ NULL },
		},
	.details = "Exit status: 0 it runs, 1 it runs but does not answer, 3 it does not run.\n",
};

enum { PROBE_MS = 2000 };

struct status {
	struct instance instance;
	unsigned health; /* HTTP status of GET /health; 0: no answer */
	int64_t uptime_s;
};

static void look(const struct paths *p, struct status *ret)
{
	struct buf body;
	struct instance *i = &ret->instance;

	*ret = (struct status){ 0 };
	instance_find(p, i);
	if (i->state == INSTANCE_RUNNING) {
		buf_init(&body, 65536);
		ret->health = probe_get(i->client_url, "/health", PROBE_MS, &body);
		buf_release(&body);
	}
	if (i->since_ms > 0 && clock_wall_ms() > i->since_ms)
		ret->uptime_s = (clock_wall_ms() - i->since_ms) / 1000;
}

static int exit_status(const struct status *s)
{
	if (s->instance.state == INSTANCE_NONE)
		return CMD_NOT_RUNNING;
	return s->health == 200 ? CMD_OK : CMD_FAILED;
}

static void print_json(const struct status *s)
{
	const struct instance *i = &s->instance;
	struct buf out;
	char iso[25];

	buf_init(&out, 65536);
	buf_addf(&out, "{\"running\":%s", i->state == INSTANCE_NONE ? "false" : "true");
	if (i->state != INSTANCE_NONE) {
		clock_iso(i->since_ms, iso);
		buf_addf(&out, ",\"pid\":%d,\"since\":\"%.24s\",\"uptime_s\":%lld,\"version\":",
			(int)i->pid, iso, (long long)s->uptime_s);
		setting_print_quoted(str_from(i->version), &out);
		buf_add(&out, STR(",\"urls\":["));
		for (size_t k = 0; k < i->nurls; k++) {
			buf_add(&out, str_from(k ? "," : ""));
			setting_print_quoted(str_from(i->urls[k]), &out);
		}
		buf_addf(&out, "],\"health\":%u", s->health);
	}
	printf("%.*s}\n", STR_ARG(buf_str(&out)));
	buf_release(&out);
}

/* "3 d 4 h", "2 h 5 min", "7 min", "12 s". */
static void print_uptime(long long s)
{
	if (s >= 86400)
		printf("%lld d %lld h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		printf("%lld h %lld min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		printf("%lld min", s / 60);
	else
		printf("%lld s", s);
}

static void print_text(const struct status *s)
{
	const struct instance *i = &s->instance;
	char since[32];
	time_t seconds = (time_t)(i->since_ms / 1000);
	struct tm tm;

	if (i->state == INSTANCE_NONE) {
		puts("not running");
		return;
	}
	printf("running    pid %d, version %s, since ", (int)i->pid,
		*i->version ? i->version : "unknown");
	if (localtime_r(&seconds, &tm) && strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &tm))
		printf("%s (", since);
	print_uptime(s->uptime_s);
	puts(")");
	for (size_t k = 0; k < i->nurls; k++)
		printf("%-11s%s\n", k ? "" : "at", i->urls[k]);
	if (i->state == INSTANCE_STARTING)
		puts("health     starting, or ending");
	else if (s->health == 0)
		puts("health     does not answer");
	else if (s->health == 200)
		puts("health     ok");
	else
		printf("health     HTTP status %u\n", s->health);
}

static int run(const struct cmd *c)
{
	struct paths p;
	struct err e;
	struct status s;
	int status;

	if (paths_init(&p, &e)) {
		look(&p, &s);
		if (cmd_option(c, "json"))
			print_json(&s);
		else
			print_text(&s);
		status = exit_status(&s);
	} else {
		status = cmd_fail("%s", e.text);
	}
	paths_release(&p);
	return status;
}
