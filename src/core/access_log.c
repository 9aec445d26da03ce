/* SPDX-License-Identifier: MIT */
/* Log lines, as text for people and as JSON for machines. */
#include "core/access_log.h"

#include "base/clock.h"
#include "core/prefix.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum { PROVIDER_TEXT_MAX = 300 };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void access_log_configure(struct access_log *log, const struct config *c)
{
	for (unsigned i = 0; i < ARRAY_LEN(level_names); i++)
		if (str_eq(c->log_level, str_from(level_names[i])))
			log->level = (enum log_level)i;
	log->json = str_eq(c->log_format, STR("json"));
}

/* ---- pieces ---- */

/* "12", "6.1K", "1.2M". */
static void add_count(struct buf *b, int64_t n)
{
	if (n < 0)
		buf_add(b, STR("?"));
	else if (n < 1000)
		buf_addf(b, "%lld", (long long)n);
	else if (n < 1000000)
		buf_addf(b, "%.1fK", (double)n / 1e3);
	else
		buf_addf(b, "%.1fM", (double)n / 1e6);
}

static void add_bytes(struct buf *b, uint64_t n)
{
	if (n < 1024)
		buf_addf(b, "%llu B", (unsigned long long)n);
	else if (n < 1024 * 1024)
		buf_addf(b, "%.1f KB", (double)n / 1024);
	else
		buf_addf(b, "%.1f MB", (double)n / (1024 * 1024));
}

static double seconds(const struct exchange *x, uint64_t at_ns)
{
	return at_ns > x->begin_ns ? (double)(at_ns - x->begin_ns) / 1e9 : 0;
}

/* All input tokens; -1 when the provider told none. */
static int64_t total_in(const struct usage *u)
{
	return u->in < 0 ? -1 : u->in + known(u->cache_read) + known(u->cache_write);
}

/* Bytes from outside that go into a line for people: control characters become '?'. */
static void add_clean(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(b, (unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ? '?' : s.p[i]);
}

/* What a provider tells can be long. */
static struct str bounded(struct str s)
{
	return (struct str){ s.p, s.n < PROVIDER_TEXT_MAX ? s.n : PROVIDER_TEXT_MAX };
}

static void begin_text(struct buf *b)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm = { 0 };

	localtime_r(&now, &tm);
	buf_addf(b, "%02d:%02d:%02d ", tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void begin_json(struct buf *b, enum log_level level)
{
	char time[25];

	clock_iso(clock_wall_ms(), time);
	buf_addf(b, "{\"time\":\"%s\",\"level\":\"%s\"", time, level_names[level]);
}

static void add_member(struct buf *b, const char *name, struct str value)
{
	if (value.n == 0)
		return;
	buf_addf(b, ",\"%s\":", name);
	json_add_string(b, value);
}

static void add_number(struct buf *b, const char *name, int64_t value)
{
	if (value >= 0)
		buf_addf(b, ",\"%s\":%lld", name, (long long)value);
}

static void finish(struct access_log *log)
{
	buf_add(&log->line, STR("\n"));
	log_writer_put(log->writer, buf_str(&log->line));
	buf_clear(&log->line);
}

/* ---- an exchange ---- */

static const struct candidate *chosen(const struct exchange *x)
{
	return x->plan.n > 0 ? &x->plan.c[x->plan.at < x->plan.n ? x->plan.at : x->plan.n - 1]
			     : NULL;
}

/* The model that answered, or else the one that was asked for. */
static struct str model_of(const struct exchange *x)
{
	const struct candidate *c = chosen(x);

	if (x->last != NULL && x->last->answered_by.n > 0)
		return x->last->answered_by;
	return c != NULL && c->model.n > 0 ? c->model : x->chat.model;
}

static void add_subject(struct buf *b, const struct exchange *x)
{
	const struct candidate *c = chosen(x);

	if (exchange_is_read(x) && model_of(x).n > 0) {
		add_clean(b, model_short_name(model_of(x)));
		if (x->endpoint == ENDPOINT_COUNT)
			buf_add(b, STR(" count_tokens"));
		return;
	}
	if (c != NULL) {
		add_clean(b, c->provider->name);
		buf_add(b, STR(" "));
	}
	buf_add(b, http_method_name(x->head->method));
	buf_add(b, STR(" "));
	add_clean(b, x->head->path);
}

static void add_tokens(struct buf *b, const struct exchange *x)
{
	if (total_in(&x->usage) < 0 && x->usage.out < 0) {
		add_bytes(b, x->reply_bytes);
		return;
	}
	add_count(b, total_in(&x->usage));
	buf_add(b, STR(" in"));
	if (x->usage.cache_read > 0) {
		buf_add(b, STR(" ("));
		add_count(b, x->usage.cache_read);
		buf_add(b, STR(" cached)"));
	}
	if (x->usage.out >= 0) {
		buf_add(b, STR(" / "));
		add_count(b, x->usage.out);
		buf_add(b, STR(" out"));
	}
}

/* Why the provider's cache was not read as it could have been, and what that cost. */
static void add_loss(struct buf *b, const struct exchange *x)
{
	const struct foresight *f = x->prefix;

	if (f == NULL)
		return;
	if (f->loss.tokens > 0) {
		buf_addf(b, " | cache lost (%s): ", loss_cause_name(f->loss.cause));
		cost_print(b, f->loss.nano);
	}
	if (f->alarm > 0)
		buf_addf(b, " | hit rate below %u %%", f->alarm);
}

static void add_cost(struct buf *b, const struct exchange *x)
{
	if (x->endpoint != ENDPOINT_MESSAGES || x->outcomes == NULL || x->cost.total == 0)
		return;
	buf_add(b, str_from(x->estimated ? " | about " : " | "));
	if (x->cost.total < 0)
		buf_add(b, STR("$?"));
	else
		cost_print(b, x->cost.total);
	if (x->saved_nano != 0) {
		buf_add(b, STR(" | saved "));
		cost_print(b, x->saved_nano);
	}
	add_loss(b, x);
	if (x->session.n > 0) {
		buf_add(b, STR(" | session "));
		cost_print(b, x->session_nano);
	}
}

static void add_outcome(struct buf *b, const struct exchange *x)
{
	if (x->status != 0 && x->status != 200)
		buf_addf(b, " | %u", x->status);
	/* A failure that was told as an error status is in x->err. */
	if (x->last != NULL && x->last->error.n > 0 && (x->err.kind == ERR_NONE || x->streamed)) {
		buf_add(b, str_from(x->streamed ? " | error event: " : " | "));
		add_clean(b, x->last->error);
		buf_add(b, str_from(x->last->error_text.n > 0 ? ": " : ""));
		add_clean(b, bounded(x->last->error_text));
	}
	if (x->err.kind != ERR_NONE) {
		buf_add(b, STR(" | "));
		add_clean(b, str_from(x->err.text));
	}
}

static void add_lost(struct buf *b, const struct exchange *x)
{
	if (x->warnings == NULL)
		return;
	buf_add(b, STR(" | lost"));
	for (size_t i = 0; i < x->warnings->n; i++) {
		buf_add_char(b, ' ');
		buf_add(b, x->warnings->v[i]);
	}
}

static void exchange_text(struct buf *b, const struct exchange *x, uint64_t now)
{
	begin_text(b);
	add_subject(b, x);
	buf_add(b, STR(" | "));
	add_tokens(b, x);
	buf_addf(b, " | %.1f s", seconds(x, now));
	if (x->streamed && x->last != NULL && x->last->first_ns != 0)
		buf_addf(b, ", first token %.1f s", seconds(x, x->last->first_ns));
	add_cost(b, x);
	add_lost(b, x);
	add_outcome(b, x);
}

/* What the last attempt adds. */
static void add_last(struct buf *b, const struct exchange *x)
{
	const struct outcome *o = x->last;

	if (o == NULL)
		return;
	if (o->head_ns != 0)
		buf_addf(b, ",\"head_ms\":%.3f", seconds(x, o->head_ns) * 1e3);
	if (o->first_ns != 0)
		buf_addf(b, ",\"first_token_ms\":%.3f", seconds(x, o->first_ns) * 1e3);
	add_member(b, "stream_error", o->error);
	add_member(b, "stream_error_text", bounded(o->error_text));
}

static void add_prefix(struct buf *b, const struct exchange *x)
{
	const struct foresight *f = x->prefix;

	add_member(b, "conversation", x->conversation);
	add_member(b, "project", x->project);
	add_member(b, "kind", str_from(x->kind != NULL ? x->kind : ""));
	if (f == NULL || !f->learned)
		return;
	if (!f->automatic)
		add_number(b, "cache_read_predicted", f->forecast.read);
	add_member(b, "cache_lost", str_from(loss_cause_name(f->loss.cause)));
	if (f->loss.tokens > 0)
		add_number(b, "lost_nano_usd", f->loss.nano);
	if (f->alarm > 0)
		add_number(b, "hit_rate_below", f->alarm);
}

/* What was lost on the way to another dialect and back. */
static void add_warnings(struct buf *b, const struct exchange *x)
{
	struct str list = arena_dup(x->arena, x->warnings->v[0]);

	for (size_t i = 1; i < x->warnings->n; i++)
		list = arena_printf(
			x->arena, "%.*s,%.*s", STR_ARG(list), STR_ARG(x->warnings->v[i]));
	add_member(b, "warnings", list);
}

static void exchange_json(
	struct buf *b, const struct exchange *x, enum log_level level, uint64_t now)
{
	const struct candidate *c = chosen(x);

	begin_json(b, level);
	add_member(b, "id", str_from(x->id));
	add_member(b, "method", http_method_name(x->head->method));
	add_member(b, "path", x->head->path);
	add_member(b, "endpoint", str_from(endpoint_name(x->endpoint)));
	add_member(b, "dialect", str_from(x->dialect->name));
	if (c != NULL)
		add_member(b, "provider", c->provider->name);
	add_member(b, "model", x->chat.model);
	add_member(b, "answered_by", x->last != NULL ? x->last->answered_by : STR(""));
	add_member(b, "session", x->session);
	add_number(b, "status", x->status);
	buf_addf(b, ",\"stream\":%s", x->streamed ? "true" : "false");
	add_number(b, "request_bytes", (int64_t)x->request_bytes);
	add_number(b, "reply_bytes", (int64_t)x->reply_bytes);
	add_number(b, "input_tokens", x->usage.in);
	add_number(b, "cache_read_tokens", x->usage.cache_read);
	add_number(b, "cache_write_tokens", x->usage.cache_write);
	add_number(b, "cache_write_1h_tokens", x->usage.cache_write_1h);
	add_number(b, "output_tokens", x->usage.out);
	if (x->outcomes != NULL) {
		add_number(b, "cost_nano_usd", x->cost.total);
		buf_addf(b, ",\"estimated\":%s", x->estimated ? "true" : "false");
	}
	if (x->saved_nano != 0)
		buf_addf(b, ",\"saved_nano_usd\":%lld", (long long)x->saved_nano);
	if (x->warnings != NULL)
		add_warnings(b, x);
	add_prefix(b, x);
	add_number(b, "attempts", x->attempts);
	buf_addf(b, ",\"ms\":%.3f", seconds(x, now) * 1e3);
	add_last(b, x);
	if (x->err.kind != ERR_NONE) {
		add_member(b, "error", str_from(err_anthropic_type(x->err.kind)));
		add_member(b, "error_text", str_from(x->err.text));
	}
	buf_add(b, STR("}"));
}

static enum log_level level_of(const struct exchange *x)
{
	if (x->endpoint == ENDPOINT_LOCAL && x->err.kind == ERR_NONE)
		return LOG_DEBUG;
	return x->err.kind == ERR_INTERNAL ? LOG_ERROR : LOG_INFO;
}

void access_log_exchange(struct access_log *log, const struct exchange *x)
{
	enum log_level level = level_of(x);

	if (level > log->level)
		return;
	if (log->json)
		exchange_json(&log->line, x, level, clock_mono_ns());
	else
		exchange_text(&log->line, x, clock_mono_ns());
	finish(log);
}

/* ---- other lines ---- */

void access_log_refused(struct access_log *log, const struct err *e, struct str path)
{
	if (log->level < LOG_INFO)
		return;
	if (log->json) {
		begin_json(&log->line, LOG_INFO);
		add_member(&log->line, "path", path);
		add_number(&log->line, "status", err_status(API_ANTHROPIC, e->kind));
		add_member(&log->line, "error", str_from(err_anthropic_type(e->kind)));
		add_member(&log->line, "error_text", str_from(e->text));
		buf_add(&log->line, STR("}"));
	} else {
		begin_text(&log->line);
		buf_addf(&log->line, "refused | %u | ", err_status(API_ANTHROPIC, e->kind));
		add_clean(&log->line, str_from(e->text));
	}
	finish(log);
}

void log_message(struct access_log *log, enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (log == NULL || level > log->level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (log->json) {
		begin_json(&log->line, level);
		add_member(&log->line, "message", str_from(text));
		buf_add(&log->line, STR("}"));
	} else {
		begin_text(&log->line);
		if (level <= LOG_WARN)
			buf_addf(&log->line, "%s: ", level_names[level]);
		add_clean(&log->line, str_from(text));
	}
	finish(log);
}
