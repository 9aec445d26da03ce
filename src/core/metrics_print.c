/* SPDX-License-Identifier: MIT */
/* The table of metrics, and what is made of it: the Prometheus text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4) and the reference. */
#include "core/metrics_private.h"

#include "base/clock.h"
#include "core/breaker.h"
#include "core/ledger.h"
#include "core/live.h"
#include "core/provider_health.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* clang-format off */
#define METRICS(X) \
	X(build_info, "gauge", "sluice_build_info", "version", \
		"The version that runs; always 1.") \
	X(requests, "counter", "sluice_requests_total", "endpoint,provider,status", \
		"Requests that have ended, by endpoint, provider (empty: none was asked) and class of the status that the client saw (none: it got no reply).") \
	X(tokens, "counter", "sluice_tokens_total", "kind,model", \
		"Tokens by kind and by the model that answered; reasoning is a part of output.") \
	X(cost, "counter", "sluice_cost_nanodollars_total", "kind,model", \
		"Nano-dollars spent, by kind of token and model.") \
	X(unpriced, "counter", "sluice_unpriced_requests_total", "model", \
		"Answers whose price is not known; they are in no cost.") \
	X(estimated, "counter", "sluice_estimated_requests_total", "model", \
		"Answers that broke off before their usage was told; it is estimated.") \
	X(saved, "gauge", "sluice_saved_nanodollars", "cause", \
		"Nano-dollars saved since the start against what was asked for, by cause; negative where it cost more.") \
	X(lost, "counter", "sluice_cache_lost_nanodollars_total", "cause", \
		"Nano-dollars paid over a warm prompt cache, by the cause of the loss.") \
	X(hit_ratio, "gauge", "sluice_cache_hit_ratio", "", \
		"Part of all input tokens since the start that was read from prompt caches.") \
	X(first_token, "histogram", "sluice_first_token_seconds", "provider", \
		"Time from a request to the first bytes of its streamed answer.") \
	X(duration, "histogram", "sluice_request_duration_seconds", "endpoint", \
		"Time from a request to the end of its reply.") \
	X(prediction, "histogram", "sluice_prefix_prediction_error_ratio", "", \
		"How far the predicted number of tokens read from the cache was off, as a part of those that were read.") \
	X(upstream_errors, "counter", "sluice_upstream_errors_total", "provider,class", \
		"Attempts that went wrong, by provider and class.") \
	X(healthy, "gauge", "sluice_provider_healthy", "provider", \
		"1 while a provider answers, 0 when its last three attempts failed, or all so far.") \
	X(breaker, "gauge", "sluice_breaker_open", "provider,model", \
		"1 while a model that has failed is passed by where somebody else can be asked; 0.5 while one request sees whether it is back.") \
	X(quota, "gauge", "sluice_provider_quota_remaining_ratio", "provider,quota", \
		"Part of a limit that is left, as the provider's last reply told it.") \
	X(open_requests, "gauge", "sluice_open_requests", "", \
		"Requests in work.") \
	X(open_streams, "gauge", "sluice_open_streams", "", \
		"Event streams from providers that are open.") \
	X(connections, "gauge", "sluice_connections", "", \
		"Open client connections.") \
	X(ledger_queue, "gauge", "sluice_ledger_queue_rows", "", \
		"Exchanges that wait to be written to the ledger.") \
	X(ledger_lag, "gauge", "sluice_ledger_lag_seconds", "", \
		"How long the oldest of them has waited, at most.") \
	X(ledger_written, "counter", "sluice_ledger_rows_written_total", "", \
		"Exchanges written to the ledger.") \
	X(ledger_lost, "counter", "sluice_ledger_rows_lost_total", "", \
		"Exchanges that the ledger has lost: its queue was full, or it refused them.") \
	X(ledger_failures, "counter", "sluice_ledger_failures_total", "", \
		"Tries to open or write the ledger that failed.") \
	X(reloads, "counter", "sluice_reloads_total", "result", \
		"Reloads of the configuration, taken over or refused.") \
	X(cpu, "counter", "process_cpu_seconds_total", "", \
		"Processor time used, user and system.") \
	X(start_time, "gauge", "process_start_time_seconds", "", \
		"When it was started, in seconds since 1970.") \
	X(memory, "gauge", "process_resident_memory_bytes", "", \
		"Resident memory.") \
	X(fds, "gauge", "process_open_fds", "", \
		"Open file descriptors.") \
	X(max_fds, "gauge", "process_max_fds", "", \
		"How many file descriptors may be open.")
/* clang-format on */

struct printer;
struct metric {
	const char *type, *name, *labels, *help;
	void (*print)(struct printer *p);
};

struct printer {
	const struct services *svc;
	const struct metrics *m;
	struct buf *out;
	const struct metric *at;
	struct writer_state ledger;
};

/* ---- samples ---- */

/* Length of the UTF-8 character at s.p[at]; 0: there is none (RFC 3629). */
static size_t character(struct str s, size_t at)
{
	unsigned char c = (unsigned char)s.p[at];
	size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;

	if (n == 0 || n > s.n - at)
		return 0;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s.p[at + i] & 0xC0) != 0x80)
			return 0;
	unsigned char next = n > 2 ? (unsigned char)s.p[at + 1] : 0xA0;
	bool beyond = (c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) ||
		      (c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F);
	return beyond ? 0 : n;
}

static void add_value(struct buf *out, struct str s)
{
	for (size_t at = 0, n; at<s.n; at += n> 0 ? n : 1) {
		n = character(s, at);
		if (n == 0)
			buf_add(out, STR("\xEF\xBF\xBD"));
		else if (s.p[at] == '\n')
			buf_add(out, STR("\\n"));
		else if (s.p[at] == '"' || s.p[at] == '\\')
			buf_addf(out, "\\%c", s.p[at]);
		else
			buf_add(out, (struct str){ s.p + at, n });
	}
}

/* The sample's name and labels; values are those of the table's labels, in their order. */
static void begin_sample(struct printer *p, const char *suffix, const struct str *values, double le)
{
	struct str rest = str_from(p->at->labels), name;
	char sep = '{';

	buf_addf(p->out, "%s%s", p->at->name, suffix);
	for (size_t i = 0; values != NULL && rest.n > 0; i++) {
		str_split(&rest, ',', &name);
		buf_addf(p->out, "%c%.*s=\"", sep, STR_ARG(name));
		add_value(p->out, values[i]);
		buf_add_char(p->out, '"');
		sep = ',';
	}
	if (le >= 0 && le < 1e300)
		buf_addf(p->out, "%cle=\"%g\"", sep, le);
	else if (le >= 0)
		buf_addf(p->out, "%cle=\"+Inf\"", sep);
	buf_add(p->out, str_from(sep == ',' || le >= 0 ? "} " : " "));
}

static void sample(struct printer *p, const struct str *values, int64_t v)
{
	begin_sample(p, "", values, -1);
	buf_addf(p->out, "%lld\n", (long long)v);
}

static void sample_real(struct printer *p, const struct str *values, double v)
{
	begin_sample(p, "", values, -1);
	buf_addf(p->out, "%.15g\n", v);
}

static void samples_of(struct printer *p, const struct str *values, const struct histogram *h,
	const double *bounds)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= METRIC_BUCKETS; i++) {
		sum += h->count[i];
		begin_sample(p, "_bucket", values, i < METRIC_BUCKETS ? bounds[i] : 1e301);
		buf_addf(p->out, "%llu\n", (unsigned long long)sum);
	}
	begin_sample(p, "_sum", values, -1);
	buf_addf(p->out, "%.15g\n", h->sum);
	begin_sample(p, "_count", values, -1);
	buf_addf(p->out, "%llu\n", (unsigned long long)sum);
}

static bool is_empty(const struct histogram *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i <= METRIC_BUCKETS; i++)
		sum += h->count[i];
	return sum == 0;
}

/* ---- requests ---- */

static void print_build_info(struct printer *p)
{
	sample(p, &STR(SLUICE_VERSION), 1);
}

static void print_requests(struct printer *p)
{
	static const char *const status[] = { "2xx", "3xx", "4xx", "5xx", "none" };

	for (size_t i = 0; i < p->m->nproviders; i++)
		for (int e = 0; e < METRIC_ENDPOINTS; e++)
			for (int s = 0; s < METRIC_STATUSES; s++) {
				const struct metric_provider *row = &p->m->providers[i];
				if (row->requests[e][s] == 0)
					continue;
				sample(p,
					(const struct str[]){
						str_from(endpoint_name((enum endpoint_kind)e)),
						str_from(row->name), str_from(status[s]) },
					(int64_t)row->requests[e][s]);
			}
}

static void print_tokens(struct printer *p)
{
	for (size_t i = 0; i < p->m->nmodels; i++)
		for (size_t k = 0; k < METRIC_TOKENS; k++)
			if (p->m->models[i].tokens[k] > 0)
				sample(p,
					(const struct str[]){ str_from(metric_tokens[k]),
						str_from(p->m->models[i].name) },
					p->m->models[i].tokens[k]);
}

static void print_cost(struct printer *p)
{
	for (size_t i = 0; i < p->m->nmodels; i++)
		for (size_t k = 0; k < METRIC_COSTS; k++)
			if (p->m->models[i].cost[k] > 0)
				sample(p,
					(const struct str[]){ str_from(metric_costs[k]),
						str_from(p->m->models[i].name) },
					p->m->models[i].cost[k]);
}

static void print_unpriced(struct printer *p)
{
	for (size_t i = 0; i < p->m->nmodels; i++)
		if (p->m->models[i].unpriced > 0)
			sample(p, (const struct str[]){ str_from(p->m->models[i].name) },
				(int64_t)p->m->models[i].unpriced);
}

static void print_estimated(struct printer *p)
{
	for (size_t i = 0; i < p->m->nmodels; i++)
		if (p->m->models[i].estimated > 0)
			sample(p, (const struct str[]){ str_from(p->m->models[i].name) },
				(int64_t)p->m->models[i].estimated);
}

static void print_causes(struct printer *p, const struct metric_cause *causes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str name = str_from(causes[i].name);
		sample(p, &name, causes[i].nano);
	}
}

static void print_saved(struct printer *p)
{
	print_causes(p, p->m->saved, p->m->nsaved);
}

static void print_lost(struct printer *p)
{
	print_causes(p, p->m->lost, p->m->nlost);
}

static void print_hit_ratio(struct printer *p)
{
	if (p->m->input_tokens > 0)
		sample_real(p, NULL, (double)p->m->read_tokens / (double)p->m->input_tokens);
}

static void print_first_token(struct printer *p)
{
	for (size_t i = 0; i < p->m->nproviders; i++) {
		struct str name = str_from(p->m->providers[i].name);
		if (!is_empty(&p->m->providers[i].first))
			samples_of(p, &name, &p->m->providers[i].first, metric_seconds);
	}
}

static void print_duration(struct printer *p)
{
	for (int e = 0; e < METRIC_ENDPOINTS; e++) {
		struct str name = str_from(endpoint_name((enum endpoint_kind)e));
		if (!is_empty(&p->m->total[e]))
			samples_of(p, &name, &p->m->total[e], metric_seconds);
	}
}

static void print_prediction(struct printer *p)
{
	samples_of(p, NULL, &p->m->prediction, metric_ratios);
}

/* ---- providers ---- */

static void print_upstream_errors(struct printer *p)
{
	const struct provider_health *h;

	for (size_t i = 0; (h = health_at(p->svc->health, i)) != NULL; i++)
		for (int e = 0; e < HEALTH_ERROR_CLASSES; e++)
			if (h->errors[e] > 0)
				sample(p,
					(const struct str[]){ str_from(h->name),
						str_from(health_error_names[e]) },
					(int64_t)h->errors[e]);
}

static void print_healthy(struct printer *p)
{
	const struct provider_health *h;

	for (size_t i = 0; (h = health_at(p->svc->health, i)) != NULL; i++) {
		struct str name = str_from(h->name);
		if (health_state(h) != HEALTH_UNKNOWN)
			sample(p, &name, health_state(h) == HEALTH_OK);
	}
}

/* A model may be passed by for some accounts only: the worst is told. */
static bool is_worst(const struct services *svc, const struct breaker *b, uint64_t now)
{
	const struct breaker *other;

	for (size_t i = 0; (other = breaker_at(svc->breakers, i)) != NULL; i++) {
		enum breaker_state mine = breaker_state_of(b, now),
				   its = breaker_state_of(other, now);
		bool worse = (its == BREAKER_OPEN && mine != BREAKER_OPEN) ||
			     (its != BREAKER_CLOSED && mine == BREAKER_CLOSED) ||
			     (its == mine && other < b);
		if (worse && strcmp(other->provider, b->provider) == 0 &&
			strcmp(other->model, b->model) == 0)
			return false;
	}
	return true;
}

static void print_breaker(struct printer *p)
{
	static const double values[] = {
		[BREAKER_CLOSED] = 0, [BREAKER_OPEN] = 1, [BREAKER_HALF_OPEN] = 0.5
	};
	const uint64_t now = loop_now_ms(p->svc->loop);
	const struct breaker *b;

	for (size_t i = 0; (b = breaker_at(p->svc->breakers, i)) != NULL; i++)
		if (is_worst(p->svc, b, now))
			sample_real(p,
				(const struct str[]){ str_from(b->provider), str_from(b->model) },
				values[breaker_state_of(b, now)]);
}

static void print_quota(struct printer *p)
{
	int64_t now = clock_wall_ms();
	const struct provider_health *h;

	for (size_t i = 0; (h = health_at(p->svc->health, i)) != NULL; i++)
		for (size_t k = 0; k < h->limits.n; k++) {
			int64_t left = rate_remaining(&h->limits.v[k], now);
			if (h->limits.v[k].limit > 0 && left >= 0)
				sample_real(p,
					(const struct str[]){
						str_from(h->name), str_from(h->limits.v[k].name) },
					(double)left / (double)h->limits.v[k].limit);
		}
}

/* ---- now ---- */

/* The request that asks is none of those in work. */
static void print_open_requests(struct printer *p)
{
	sample(p, NULL, p->svc->open > 0 ? (int64_t)p->svc->open - 1 : 0);
}

static void print_open_streams(struct printer *p)
{
	int64_t n = 0;

	list_each (it, &p->svc->live->open)
		n += container_of(it, struct exchange, live)->streamed;
	sample(p, NULL, n);
}

static void print_connections(struct printer *p)
{
	sample(p, NULL, (int64_t)server_connections(p->svc->server));
}

static void print_ledger_queue(struct printer *p)
{
	sample(p, NULL, (int64_t)p->ledger.waiting);
}

static void print_ledger_lag(struct printer *p)
{
	sample_real(p, NULL, (double)p->ledger.lag_ms / 1e3);
}

static void print_ledger_written(struct printer *p)
{
	sample(p, NULL, (int64_t)p->ledger.written);
}

static void print_ledger_lost(struct printer *p)
{
	sample(p, NULL, (int64_t)p->ledger.dropped);
}

static void print_ledger_failures(struct printer *p)
{
	sample(p, NULL, (int64_t)p->ledger.failures);
}

static void print_reloads(struct printer *p)
{
	sample(p, &STR("taken_over"), (int64_t)p->svc->reloads);
	sample(p, &STR("refused"), (int64_t)p->svc->reloads_refused);
}

/* ---- the process ---- */

static void print_cpu(struct printer *p)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) == 0)
		sample_real(p, NULL,
			(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
				(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
}

static void print_start_time(struct printer *p)
{
	sample_real(p, NULL, (double)p->svc->started_wall_ms / 1e3);
}

/* The second number of /proc/self/statm, in pages (proc(5)). */
static void print_memory(struct printer *p)
{
	FILE *f = fopen("/proc/self/statm", "re");
	char text[200] = "";
	struct str rest, size, resident;
	uint64_t pages;

	if (f == NULL)
		return;
	rest = str_from(fgets(text, sizeof(text), f));
	fclose(f);
	if (str_split(&rest, ' ', &size) && str_split(&rest, ' ', &resident) &&
		str_to_u64(resident, &pages))
		sample(p, NULL, (int64_t)pages * sysconf(_SC_PAGESIZE));
}

static void print_fds(struct printer *p)
{
	DIR *d = opendir("/proc/self/fd");
	int64_t n = -1; /* its own */

	if (d == NULL)
		return;
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	sample(p, NULL, n);
}

static void print_max_fds(struct printer *p)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0)
		sample(p, NULL, (int64_t)r.rlim_cur);
}

/* ---- all ---- */

#define METRIC_ROW(id, type, name, labels, help) { type, name, labels, help, print_##id },
static const struct metric metrics[] = { METRICS(METRIC_ROW) };
#undef METRIC_ROW

void metrics_print(const struct services *svc, struct buf *out)
{
	struct printer p = { .svc = svc, .m = svc->metrics, .out = out };

	if (svc->ledger != NULL)
		ledger_state(svc->ledger, &p.ledger);
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		p.at = &metrics[i];
		buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", p.at->name, p.at->help, p.at->name,
			p.at->type);
		p.at->print(&p);
	}
}

void metrics_reference(struct buf *out)
{
	buf_add(out,
		STR("# Metrics\n\n"
		    "`GET /metrics` answers in the Prometheus text format, version 0.0.4. It needs the proxy's key where there is one, as\n"
		    "`x-sluice-key`, `x-api-key` or `authorization: Bearer`. Counters begin with the process; a value that is not there was never\n"
		    "counted. Models are told apart by their names in the price table, up to `limits.metric_models`; further ones are `other`.\n"
		    "A dashboard for Grafana is in `packaging/grafana/sluice.json`.\n\n"
		    "    scrape_configs:\n"
		    "      - job_name: sluice\n"
		    "        authorization: { credentials: KEY }\n"
		    "        static_configs: [{ targets: [\"127.0.0.1:7780\"] }]\n\n"
		    "| metric | type | labels | meaning |\n|---|---|---|---|\n"));
	for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
		struct str rest = str_from(metrics[i].labels), label;
		buf_addf(out, "| `%s` | %s |", metrics[i].name, metrics[i].type);
		for (const char *sep = " "; rest.n > 0; sep = ", ") {
			str_split(&rest, ',', &label);
			buf_addf(out, "%s`%.*s`", sep, STR_ARG(label));
		}
		buf_addf(out, " | %s |\n", metrics[i].help);
	}
}
