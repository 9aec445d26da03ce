/* SPDX-License-Identifier: MIT */
/* The proxy: puts the parts together, and sees to signals, reload, draining and the end. */
#include "app/serve.h"

#include "admin/admin.h"
#include "app/data.h"
#include "app/listen.h"
#include "base/clock.h"
#include "core/access_log.h"
#include "core/breaker.h"
#include "core/keyring.h"
#include "core/learned.h"
#include "core/ledger.h"
#include "core/live.h"
#include "core/metrics.h"
#include "core/prefix.h"
#include "core/provider_health.h"
#include "core/sessions.h"
#include "core/siblings.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DRAIN_CHECK_MS = 20, LOCK_CHECK_MS = 500, RELOAD_DELAY_MS = 100 };

enum { TRIM_KEPT_BYTES = 4 << 20, TIDY_KEPT_BYTES = 512 << 10 };

struct serving {
	const struct serve_options *options;
	struct services svc;
	struct access_log log;
	struct timer *drain, *lock, *reload;
	uint64_t drain_until_ms;
	int lock_fd;
	char *config_path; /* the file that is watched; NULL: none */
	struct buf urls;   /* one a line */
	struct price_book prices;
	struct arena *arena;         /* as long as the proxy */
	struct config_report report; /* of the configuration in force */
};

/* ---- configuration ---- */

static size_t clamp_int(int64_t v)
{
	return v > 0 ? (size_t)v : 0;
}

static void apply_config(struct serving *s)
{
	const struct config *c = s->svc.config;
	const struct server_limits limits = {
		.head = { .header_bytes = c->limits_header_bytes,
			.headers = (unsigned)clamp_int(c->limits_headers) },
		.body_bytes = c->limits_body_bytes,
		.connections = clamp_int(c->limits_connections),
		.queue_bytes = c->limits_queue_bytes,
		.pipeline_bytes = c->limits_pipeline_bytes,
		.body_rate = c->limits_body_rate,
		.body_grace_ms = c->limits_body_grace_ms,
		.header_ms = c->limits_header_ms,
		.idle_ms = c->limits_idle_ms,
		.write_stall_ms = c->limits_write_stall_ms,
		.linger_ms = c->limits_linger_ms,
		.discard_bytes = c->limits_discard_bytes,
	};
	const struct upstream_limits upstream = {
		.connections = clamp_int(c->limits_pool_connections),
		.header_bytes = c->limits_reply_header_bytes,
		.headers = (unsigned)clamp_int(c->limits_headers),
		.send_bytes = c->limits_queue_bytes,
	};

	server_set_limits(s->svc.server, &limits);
	upstream_set_limits(s->svc.upstream, &upstream);
	access_log_configure(&s->log, c);
}

static void print_problems(const struct config_report *r, struct access_log *log)
{
	struct buf b;

	for (size_t i = 0; i < r->n; i++) {
		buf_init(&b, SIZE_MAX);
		config_problem_print(&r->problems[i], &b);
		struct str line = str_trim(buf_str(&b));
		if (log != NULL)
			log_message(log,
				r->problems[i].severity == CONFIG_ERROR ? LOG_ERROR : LOG_WARN,
				"%.*s", STR_ARG(line));
		else
			fprintf(stderr, "%.*s\n", STR_ARG(line));
		buf_release(&b);
	}
}

/* Opens the log; -1, after saying so, when that fails. */
static int open_log(const struct config *c)
{
	if (c->log_file.n == 0)
		return STDERR_FILENO;
	int fd = open(c->log_file.p, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		fprintf(stderr, "sluice: cannot open log file '%s': %s\n", c->log_file.p,
			strerror(errno));
	return fd;
}

/* The log's writer has a descriptor of its own. */
static void close_log(int fd)
{
	if (fd != STDERR_FILENO)
		close(fd);
}

static void reopen_log(struct serving *s)
{
	int fd = open_log(s->svc.config);

	if (fd < 0)
		return;
	log_writer_set_fd(s->log.writer, fd);
	close_log(fd);
}

static bool same_list(const struct str_list *a, const struct str_list *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = str_eq(a->v[i], b->v[i]);
	return same;
}

static void reload_prices(struct serving *s, const struct config *c)
{
	struct price_book fresh;
	struct err e;

	if (price_book_load(&fresh, c, &e)) {
		price_book_release(&s->prices);
		s->prices = fresh;
		return;
	}
	log_message(&s->log, LOG_ERROR, "%s: the prices in force stay", e.text);
	price_book_release(&fresh);
}

/* Whoever writes a file anew truncates it first, and an empty one would be a valid configuration. */
static bool config_is_empty(const struct serving *s)
{
	struct stat st;

	return s->config_path != NULL && stat(s->config_path, &st) == 0 && st.st_size == 0;
}

/* Why a configuration without mistakes cannot be taken over by a running proxy; NULL: it can. */
static const char *refusal(const struct serving *s, const struct config *fresh)
{
	if (config_is_empty(s))
		return "the configuration file is empty";
	/* The sockets stay as they are, and may be open to others: they were opened so because there was a key. */
	if (s->svc.config->auth_key.n > 0 && fresh->auth_key.n == 0)
		return "'auth.key' is gone, which takes a restart";
	return NULL;
}

static void reload(void *ctx)
{
	struct serving *s = ctx;
	struct config_report report = { 0 };
	struct config *fresh = config_load(s->options->input, &report);

	print_problems(&report, &s->log);
	const char *why = fresh == NULL ? "it has errors" : refusal(s, fresh);
	if (why != NULL) {
		log_message(&s->log, LOG_ERROR,
			"the configuration was not reloaded (%s): the one in force stays", why);
		config_unref(fresh);
		config_report_release(&report);
		s->svc.reloads_refused++;
		return;
	}
	if (!same_list(&fresh->listen, &s->svc.config->listen))
		log_message(&s->log, LOG_WARN, "'listen' has changed: that takes a restart");
	reload_prices(s, fresh);
	config_unref(s->svc.config);
	s->svc.config = fresh;
	config_report_release(&s->report);
	s->report = report;
	apply_config(s);
	s->svc.reloads++;
	log_message(&s->log, LOG_INFO, "configuration reloaded");
}

static void on_hangup(void *ctx)
{
	struct serving *s = ctx;

	reload(s);
	reopen_log(s);
}

/* Whether somebody may still be writing the configuration file: a half-written one can be a valid one. */
static bool config_is_settling(const struct serving *s)
{
	struct stat st;

	if (s->config_path == NULL || stat(s->config_path, &st) != 0)
		return false;
	int64_t age = clock_wall_ms() -
		      ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
	return age >= 0 && age < RELOAD_DELAY_MS;
}

static void on_settled(void *ctx)
{
	struct serving *s = ctx;

	if (config_is_settling(s))
		timer_at(s->reload, loop_now_ms(s->svc.loop) + RELOAD_DELAY_MS);
	else
		reload(s);
}

/* Editors write a file in several steps: wait until they are through. */
static void on_config_change(void *ctx)
{
	struct serving *s = ctx;

	timer_at(s->reload, loop_now_ms(s->svc.loop) + RELOAD_DELAY_MS);
}

/* ---- the end ---- */

static void check_drained(void *ctx)
{
	struct serving *s = ctx;
	uint64_t now = loop_now_ms(s->svc.loop);

	/* Connections remain a moment after the last exchange: replies are still being sent. */
	if (server_connections(s->svc.server) == 0 || now >= s->drain_until_ms) {
		loop_stop(s->svc.loop);
		return;
	}
	timer_at(s->drain, now + DRAIN_CHECK_MS);
}

static void start_drain(struct serving *s)
{
	s->svc.draining = true;
	s->drain_until_ms = loop_now_ms(s->svc.loop) + s->svc.config->limits_drain_ms;
	if (s->svc.open > 0)
		log_message(&s->log, LOG_INFO, "ending: open requests (%zu) may finish within %g s",
			s->svc.open, (double)s->svc.config->limits_drain_ms / 1e3);
	live_end_watches(s->svc.live);
	server_drain(s->svc.server);
	check_drained(s);
}

static void on_terminate(void *ctx)
{
	struct serving *s = ctx;

	if (s->svc.draining)
		loop_stop(s->svc.loop);
	else
		start_drain(s);
}

/* A proxy that was started by `sluice run` ends with the last run: each holds a shared lock. */
static void check_lock(void *ctx)
{
	struct serving *s = ctx;

	if (!s->svc.draining && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		start_drain(s);
	timer_at(s->lock, loop_now_ms(s->svc.loop) + LOCK_CHECK_MS);
}

/* ---- start ---- */

static void raise_descriptor_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* NO_PROXY never needs to name the loopback: nobody reaches that through a proxy. */
static struct proxy_env read_proxy_env(void)
{
	static char none[4096];
	const char *names[][2] = { { "http_proxy", "HTTP_PROXY" }, { "https_proxy", "HTTPS_PROXY" },
		{ "no_proxy", "NO_PROXY" } };
	const char *v[3];

	for (unsigned i = 0; i < 3; i++) {
		v[i] = getenv(names[i][0]);
		if (v[i] == NULL || v[i][0] == '\0')
			v[i] = getenv(names[i][1]);
		if (v[i] == NULL)
			v[i] = "";
	}
	snprintf(none, sizeof(none), "localhost,127.0.0.1,::1%s%s", v[2][0] != '\0' ? "," : "",
		v[2]);
	return (struct proxy_env){ v[0], v[1], strcmp(v[2], "*") == 0 ? "*" : none };
}

static bool write_state(const struct serving *s)
{
	struct str rest = buf_str(&s->urls), url;
	const char *path = s->options->state_path;
	bool first = true;

	if (path == NULL)
		return true;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL) {
		fprintf(stderr, "sluice: cannot write '%s': %s\n", path, strerror(errno));
		return false;
	}
	fprintf(f, "{\"pid\":%d,\"version\":\"%s\",\"urls\":[", (int)getpid(), SLUICE_VERSION);
	while (str_split(&rest, '\n', &url) && url.n > 0) {
		fprintf(f, "%s\"%.*s\"", first ? "" : ",", STR_ARG(url));
		first = false;
	}
	fprintf(f, "]}\n");
	return fclose(f) == 0;
}

static void say_listening(struct serving *s)
{
	struct str rest = buf_str(&s->urls), url;

	while (str_split(&rest, '\n', &url) && url.n > 0)
		log_message(&s->log, LOG_INFO, "sluice %s listening on %.*s", SLUICE_VERSION,
			STR_ARG(url));
	if (s->options->ready_fd >= 0) {
		if (write(s->options->ready_fd, "R", 1) != 1)
			log_message(&s->log, LOG_WARN, "nobody waited for the start");
		close(s->options->ready_fd);
	}
}

static bool watch_lock(struct serving *s)
{
	if (s->options->lock_path == NULL)
		return true;
	s->lock_fd = open(s->options->lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0) {
		fprintf(stderr, "sluice: cannot open '%s': %s\n", s->options->lock_path,
			strerror(errno));
		return false;
	}
	s->lock = timer_new(s->svc.loop, check_lock, s);
	timer_at(s->lock, loop_now_ms(s->svc.loop) + LOCK_CHECK_MS);
	return true;
}

static void watch_config(struct serving *s, const struct config_report *report)
{
	for (size_t i = 0; i < report->nsources; i++) {
		const struct config_source *src = &report->sources[i];
		if (src->layer != CONFIG_USER && src->layer != CONFIG_FLAG)
			continue;
		s->config_path = must_strdup(src->file.p);
		if (!loop_watch_file(s->svc.loop, s->config_path, on_config_change, s))
			log_message(&s->log, LOG_DEBUG,
				"'%s' cannot be watched: reload with SIGHUP", s->config_path);
		return;
	}
}

/* Requests are served before the ledger is open, and without one. */
static void start_ledger(struct serving *s)
{
	struct str path = data_ledger(s->svc.config, s->arena);
	struct err e;

	if (!s->svc.config->store_enabled)
		return;
	if (path.n == 0)
		log_message(&s->log, LOG_ERROR,
			"there is no home folder and no store.path: nothing is recorded");
	else if (!data_make_folder_of(path, &e))
		log_message(&s->log, LOG_ERROR, "%s: nothing is recorded", e.text);
	else
		s->svc.ledger = ledger_new(&s->svc, &store_sqlite, path.p);
}

/* Whatever can be kept there, and read from it. */
static void start_store(struct serving *s)
{
	start_ledger(s);
	s->svc.learned = learned_new(&s->svc);
}

/* Whole pages between what stays; the heap keeps what it has at its end. */
static void give_back_memory(void *ctx)
{
	struct serving *s = ctx;

	s->svc.untidy_bytes = 0;
#ifdef __GLIBC__
	malloc_trim(TIDY_KEPT_BYTES);
#endif
}

static bool start(struct serving *s, int log_fd)
{
	struct loop *l = s->svc.loop;
	struct err e;

	if (!price_book_load(&s->prices, s->svc.config, &e)) {
		fprintf(stderr, "sluice: %s\n", e.text);
		return false;
	}
	s->svc.prices = &s->prices.prices;
	s->log.writer = log_writer_new(l, log_fd, s->svc.config->log_queue_bytes);
	s->svc.server = server_new(l, &exchange_events, &s->svc);
	s->svc.upstream = upstream_new(l);
	s->drain = timer_new(l, check_drained, s);
	s->svc.tidy = timer_new(l, give_back_memory, s);
	s->reload = timer_new(l, on_settled, s);
	apply_config(s);
	/* Before anybody can see the proxy: a signal would end it. */
	loop_on_signal(l, SIGTERM, on_terminate, s);
	loop_on_signal(l, SIGINT, on_terminate, s);
	loop_on_signal(l, SIGHUP, on_hangup, s);
	if (!listen_all(s->svc.server, s->svc.config, &s->urls, &e)) {
		fprintf(stderr, "sluice: %s\n", e.text);
		return false;
	}
	if (!write_state(s) || !watch_lock(s))
		return false;
	watch_config(s, &s->report);
	start_store(s);
	live_refresh_today(s->svc.live);
	say_listening(s);
	return true;
}

static void finish(struct serving *s)
{
	sigset_t ending;

	/* It ends already: another signal must not cut the last lines of the log off. */
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGHUP);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	s->svc.ending = true;
	server_free(s->svc.server);
	upstream_free(s->svc.upstream);
	prefixes_free(s->svc.prefixes);
	siblings_free(s->svc.siblings);
	learned_free(s->svc.learned);
	ledger_free(s->svc.ledger);
	sessions_free(s->svc.sessions);
	price_book_release(&s->prices);
	timer_free(s->drain);
	timer_free(s->svc.tidy);
	timer_free(s->lock);
	timer_free(s->reload);
	log_writer_free(s->log.writer);
	loop_free(s->svc.loop);
	live_free(s->svc.live);
	metrics_free(s->svc.metrics);
	health_free(s->svc.health);
	breakers_free(s->svc.breakers);
	keyring_free(s->svc.keyring);
	config_unref(s->svc.config);
	arena_free(s->arena);
	buf_release(&s->svc.spare_body);
	buf_release(&s->log.line);
	buf_release(&s->urls);
	free(s->config_path);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
}

/* Request bodies come and go: given back to the kernel each time, every page of the next one would fault. */
static void keep_some_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, TRIM_KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
#endif
}

int serve(const struct serve_options *o)
{
	struct serving s = { .options = o, .lock_fd = -1 };
	int log_fd = -1;
	bool ok = false;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error of that file */
	raise_descriptor_limit();
	keep_some_memory();
	s.svc.config = config_load(o->input, &s.report);
	print_problems(&s.report, NULL);
	if (s.svc.config != NULL)
		log_fd = open_log(s.svc.config);
	if (log_fd >= 0) {
		s.svc.loop = loop_new();
		s.arena = arena_new();
		s.svc.sessions = sessions_new();
		s.svc.prefixes = prefixes_new(&s.svc);
		s.svc.siblings = siblings_new();
		s.svc.live = live_new(&s.svc);
		s.svc.metrics = metrics_new();
		s.svc.health = health_new();
		s.svc.breakers = breakers_new();
		s.svc.keyring = keyring_new();
		s.svc.origins = &s.report;
		s.svc.log = &s.log;
		s.svc.locals = admin_endpoints;
		s.svc.nlocals = admin_nendpoints;
		s.svc.proxy = read_proxy_env();
		s.svc.started_wall_ms = clock_wall_ms();
		buf_init(&s.svc.spare_body, SIZE_MAX);
		buf_init(&s.log.line, SIZE_MAX);
		buf_init(&s.urls, SIZE_MAX);
		if (getrandom(&s.svc.id_seed, sizeof(s.svc.id_seed), 0) < 0)
			s.svc.id_seed = (uint32_t)getpid();
		ok = start(&s, log_fd);
		close_log(log_fd);
		if (ok)
			loop_run(s.svc.loop);
		if (ok && o->state_path != NULL)
			unlink(o->state_path);
		finish(&s);
	} else {
		config_unref(s.svc.config);
	}
	config_report_release(&s.report);
	return ok ? 0 : 1;
}
