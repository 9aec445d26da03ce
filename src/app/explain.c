/* SPDX-License-Identifier: MIT */
/* Who asked what, what became of it, why, and what each part of it cost: paragraphs of lines with a word in front. */
#include "app/explain.h"

#include "app/causes.h"
#include "app/figures.h"
#include "base/arena.h"
#include "core/decision.h"

#include <stdio.h>
#include <time.h>

/* The names, from the front, of a line. */
static void begin_line(const char *word)
{
	printf("  %-15s", word);
}

static void print_line(const char *word, struct str text)
{
	if (text.n == 0)
		return;
	begin_line(word);
	figures_text(text);
	printf("\n");
}

static void print_buf(const char *word, struct buf *b)
{
	print_line(word, buf_str(b));
	buf_clear(b);
}

static void add_size(struct buf *b, int64_t bytes)
{
	if (bytes < 0)
		buf_add(b, STR("?"));
	else if (bytes < 10000)
		buf_addf(b, "%lld bytes", (long long)bytes);
	else if (bytes < 10000000)
		buf_addf(b, "%.1f KB", (double)bytes / 1e3);
	else
		buf_addf(b, "%.1f MB", (double)bytes / 1e6);
}

static void add_named(struct buf *b, const char *what, struct str name)
{
	if (name.n == 0)
		return;
	buf_addf(b, "%s%s", b->n > 0 ? ", " : "", what);
	buf_add(b, name);
}

/* ---- who and what ---- */

static void print_when(const struct ledger_exchange *x, struct buf *b)
{
	time_t at = (time_t)(x->begin_ms / 1000);
	char text[40] = "?";
	struct tm t;

	if (localtime_r(&at, &t) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &t);
	buf_addf(b, "%s.%03d", text, (int)(x->begin_ms % 1000));
	buf_add(b, STR(", took "));
	figures_time(b, x->duration_us);
	if (x->first_us >= 0) {
		buf_add(b, STR(", first byte after "));
		figures_time(b, x->first_us);
	}
	print_buf("when", b);
}

static void print_who(const struct ledger_exchange *x, struct buf *b)
{
	add_named(b, "", x->caller);
	add_named(b, "session ", x->session);
	print_buf("who", b);
	print_line("project", x->project);
	add_named(b, "", x->conversation);
	add_named(b, "works for ", x->parent);
	add_named(b, "turn: ", x->kind);
	print_buf("conversation", b);
}

static void print_request(const struct ledger_exchange *x, struct buf *b)
{
	add_named(b, "", x->model_asked);
	add_named(b, "", x->endpoint);
	buf_add(b, str_from(b->n > 0 ? ", " : ""));
	add_size(b, x->request_bytes);
	buf_add(b, str_from(x->streamed ? ", as a stream" : ""));
	print_buf("asked", b);
	if (x->decision.n == 0)
		print_line("plan", x->plan);
	add_named(b, "", x->model);
	if (x->provider.n > 0) {
		buf_add(b, STR(" by "));
		buf_add(b, x->provider);
	}
	buf_addf(b, "%sstatus %u, ", b->n > 0 ? ", " : "", x->status);
	add_size(b, x->reply_bytes);
	print_buf("answered", b);
	print_line("error", x->error);
}

/* ---- the decision ---- */

/* In columns of the terminal, of which a character of several bytes takes one. */
static int width_of(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* A sentence over as many lines as it takes. */
static void print_sentence(const char *word, struct str text)
{
	enum { WIDTH = 62 };
	struct str rest = text, next;
	int at = 0;

	if (text.n == 0)
		return;
	begin_line(word);
	while (str_split(&rest, ' ', &next)) {
		int width = width_of(next);
		if (at > 0 && at + 1 + width > WIDTH) {
			printf("\n");
			begin_line("");
			at = 0;
		}
		printf("%s", at > 0 ? " " : "");
		figures_text(next);
		at += width + (at > 0);
	}
	printf("\n");
}

static void print_needed(const struct decision *d, struct buf *b)
{
	add_named(b, "judged ", str_from(d->level));
	if (d->bar > 0)
		buf_addf(b, "%squality %d and better", b->n > 0 ? ", " : "", d->bar);
	if (d->turns > 0)
		buf_addf(b, "%s%lld %s expected", b->n > 0 ? ", " : "", (long long)d->turns,
			d->turns == 1 ? "turn" : "turns");
	print_sentence("needed", buf_str(b));
	buf_clear(b);
}

static void print_figure(struct buf *b, int64_t n, int width)
{
	enum { WHOLE_MAX = 9999999 }; /* of more there is no room */

	if (n < 0)
		buf_add_char(b, '?');
	else if (n <= WHOLE_MAX)
		figures_whole(b, n);
	else
		figures_count(b, n);
	figures_right(b, width);
}

static void print_amount(struct buf *b, int64_t nusd, int width)
{
	if (nusd < 0)
		buf_add_char(b, '?');
	else
		figures_cost(b, nusd);
	figures_right(b, width);
}

static void print_considered(const struct considered *c, struct buf *b)
{
	bool figures = c->read >= 0 || c->written >= 0 || c->input >= 0 || c->cost_nusd >= 0 ||
		       c->horizon_nusd >= 0;

	buf_add(b, c->provider);
	buf_addf(b, "%s", b->n > 0 && c->model.n > 0 ? "/" : "");
	buf_add(b, c->model);
	if (!figures && c->quality >= 0)
		buf_addf(b, ", quality %d", c->quality);
	add_named(b, "", str_from(c->verdict));
	printf("  ");
	figures_text(buf_str(b));
	printf("\n");
	buf_clear(b);
	if (!figures)
		return;
	print_figure(b, c->quality, 20);
	print_figure(b, c->read, 10);
	print_figure(b, c->written, 10);
	print_figure(b, c->input, 10);
	print_amount(b, c->cost_nusd, 14);
	print_amount(b, c->horizon_nusd, 15);
	printf("\n");
}

static void print_candidates(const struct decision *d, struct buf *b)
{
	enum { TURNS_MAX = 9999 }; /* a figure that fits */

	if (d->n == 0)
		return;
	printf("\n  %-11s%7s%10s%10s%10s%14s", "considered", "quality", "read", "written", "input",
		"this request");
	if (d->turns > 1 && d->turns <= TURNS_MAX)
		buf_addf(b, "over %lld turns", (long long)d->turns);
	else
		buf_add(b, STR("all turns"));
	figures_right(b, 15);
	printf("\n");
	for (unsigned i = 0; i < d->n; i++)
		print_considered(&d->v[i], b);
}

static void print_decision(const struct ledger_exchange *x, struct buf *b)
{
	struct arena *a;
	struct decision *d;

	if (x->decision.n == 0)
		return;
	a = arena_new_small();
	d = decision_unpack(x->decision, a);
	printf("\ndecision\n");
	print_sentence("why", x->plan);
	if (d != NULL) {
		add_named(b, "", str_from(d->by));
		add_named(b, "profile ", str_from(d->profile));
		print_buf("by", b);
		print_needed(d, b);
		print_candidates(d, b);
	}
	arena_free(a);
}

/* ---- the prompt cache ---- */

static void add_tokens(struct buf *b, int64_t read, int64_t written)
{
	if (read < 0)
		buf_add_char(b, '?');
	else
		figures_whole(b, read);
	buf_add(b, STR(" read, "));
	if (written < 0)
		buf_add_char(b, '?');
	else
		figures_whole(b, written);
	buf_add(b, STR(" written"));
}

static int64_t written_of(const struct ledger_tokens *t)
{
	return t->cache_write_5m < 0 && t->cache_write_1h < 0
		       ? -1
		       : known(t->cache_write_5m) + known(t->cache_write_1h);
}

static void print_loss(const struct ledger_prefix *p, struct buf *b)
{
	print_line("why", cause_words(p->cause).sentence);
	print_line("differs at", p->at);
	if (p->lost_tokens > 0 || p->lost_nusd > 0) {
		figures_whole(b, p->lost_tokens);
		buf_add(b, STR(" tokens paid anew, "));
		figures_cost(b, p->lost_nusd);
		buf_add(b, STR(" more than with a warm cache"));
		print_buf("lost", b);
	}
	if (p->alarm > 0) {
		buf_addf(b, "the hit rate of the conversation fell below %lld %%",
			(long long)p->alarm);
		print_buf("alarm", b);
	}
}

static void print_prefix(const struct ledger_exchange *x, struct buf *b)
{
	const struct ledger_prefix *p = &x->prefix;
	int64_t off = x->tokens.cache_read - p->read_predicted;

	if (p->read_predicted < 0 && p->cause.n == 0)
		return;
	printf("\nprompt cache\n");
	if (p->read_predicted >= 0) {
		add_tokens(b, p->read_predicted, p->write_predicted);
		print_buf("predicted", b);
	}
	if (x->tokens.cache_read < 0 && written_of(&x->tokens) < 0)
		buf_add(b, STR("unknown: the provider told no usage"));
	else
		add_tokens(b, x->tokens.cache_read, written_of(&x->tokens));
	if (p->read_predicted >= 0 && x->tokens.cache_read >= 0 && off != 0) {
		buf_add(b, STR(" ("));
		figures_whole(b, off < 0 ? -off : off);
		buf_addf(b, " %s read than predicted)", off < 0 ? "fewer" : "more");
	}
	print_buf("found", b);
	print_loss(p, b);
}

/* ---- cost ---- */

/* To the nano-dollar, so that the lines add up for whoever looks closely. */
static void add_exact(struct buf *b, int64_t nusd)
{
	if (nusd < 0) {
		buf_add(b, STR("unknown"));
		return;
	}
	buf_addf(b, "$%lld.%09lld", (long long)(nusd / 1000000000), (long long)(nusd % 1000000000));
}

/* The rate is what was paid: dollars per million tokens. */
static void print_part(const char *name, int64_t tokens, int64_t nusd)
{
	struct buf b;

	if (known(tokens) == 0 && known(nusd) == 0)
		return;
	buf_init(&b, 100);
	printf("  %-22s", name);
	figures_whole(&b, known(tokens));
	figures_right(&b, 13);
	if (tokens > 0 && nusd >= 0)
		buf_addf(&b, "× $%.4g per M", (double)nusd / (double)tokens / 1000);
	figures_right(&b, 19);
	add_exact(&b, nusd);
	figures_right(&b, 18);
	printf("\n");
	buf_release(&b);
}

static void print_cost(const struct ledger_exchange *x, struct buf *b)
{
	const struct ledger_tokens *t = &x->tokens;
	const struct ledger_cost *c = &x->cost;

	printf("\ncost\n");
	print_part("input", t->in, c->in);
	print_part("cache read", t->cache_read, c->cache_read);
	print_part("cache write, 5 min", t->cache_write_5m, c->cache_write_5m);
	print_part("cache write, 1 hour", t->cache_write_1h, c->cache_write_1h);
	print_part("output", t->out, c->out);
	printf("  %-22s", "total");
	buf_add(b, str_from(x->estimated ? "about" : ""));
	figures_right(b, 32);
	add_exact(b, c->total);
	figures_right(b, 18);
	printf("\n");
	if (t->reasoning > 0) {
		figures_whole(b, t->reasoning);
		buf_add(b, STR(" of the output tokens were reasoning"));
		print_buf("", b);
	}
	for (size_t i = 0; i < x->nsavings; i++) {
		add_named(b, "", x->savings[i].cause);
		buf_add(b, str_from(x->savings[i].nusd < 0 ? ": cost more by " : ": "));
		int64_t nusd = x->savings[i].nusd;
		figures_cost(b, nusd < 0 ? -nusd : nusd);
		print_buf("saved", b);
	}
}

/* ---- attempts ---- */

static void print_attempt(const struct ledger_attempt *a, size_t number, struct buf *b)
{
	char word[24];

	snprintf(word, sizeof(word), "%zu.", number);
	add_named(b, "", a->model);
	buf_add(b, STR(" by "));
	buf_add(b, a->provider);
	add_named(b, "key ", a->key);
	add_named(b, "", a->outcome);
	if (a->status > 0)
		buf_addf(b, ", status %u", a->status);
	print_buf(word, b);
	if (a->first_us >= 0) {
		buf_add(b, STR("first byte after "));
		figures_time(b, a->first_us);
		buf_add(b, STR(", "));
	}
	buf_add(b, STR("took "));
	figures_time(b, a->duration_us);
	if (a->tokens.out > 0 && a->duration_us > a->first_us && a->first_us >= 0)
		buf_addf(b, ", %.0f tokens a second",
			(double)a->tokens.out * 1e6 / (double)(a->duration_us - a->first_us));
	buf_add(b, STR(", "));
	if (a->cost.total < 0)
		buf_add(b, STR("cost unknown"));
	else
		figures_cost(b, a->cost.total);
	buf_add(b, str_from(a->estimated ? " (estimated)" : ""));
	print_buf("", b);
}

void explain_print(const struct ledger_exchange *x)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	printf("request ");
	figures_text(x->id);
	printf("\n");
	print_when(x, &b);
	print_who(x, &b);
	print_request(x, &b);
	print_decision(x, &b);
	print_prefix(x, &b);
	print_cost(x, &b);
	if (x->nattempts > 0)
		printf("\nattempts\n");
	for (size_t i = 0; i < x->nattempts; i++)
		print_attempt(&x->attempts[i], i + 1, &b);
	buf_release(&b);
}

void explain_body(const char *part, struct str body)
{
	struct str rest = body, line;

	printf("\n%s\n", part);
	if (body.n == 0) {
		printf("  (not kept: see record.bodies)\n");
		return;
	}
	while (str_split(&rest, '\n', &line)) {
		printf("  ");
		figures_text(line);
		printf("\n");
	}
}
