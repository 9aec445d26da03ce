/* SPDX-License-Identifier: MIT */
/* `sluice audit`: what clients have spent according to the transcripts that they keep, before anything is installed. */
#include "app/cmd.h"
#include "app/data.h"
#include "app/paths.h"
#include "base/clock.h"
#include "lab/report.h"
#include "lab/when.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_audit = {
	.name = "audit",
	.args = "[DIR|FILE ...]",
	.summary = "what was spent and lost so far, from the transcripts of Claude Code and Codex",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "by", "GROUP", "one table whole: day, project, model, kind or session",
				NULL },
			{ "since", "DATE", "only requests of that day (2026-02-11) and later",
				NULL },
			{ "until", "DATE", "only requests of that day and earlier", NULL },
			{ "json", NULL, "as JSON; amounts in nano-dollars", NULL },
			{ NULL },
		},
	.details =
		"Without DIR it reads what is there of ~/.claude/projects and ~/.codex/sessions (CLAUDE_CONFIG_DIR\n"
		"and CODEX_HOME are heeded). Nothing is sent anywhere, and no text of a conversation is shown.\n"
		"A `?` behind a cost means that the prices of some requests are not known; they count as nothing.\n",
	.flags = CMD_CONFIG,
	.args_max = -1,
};

enum { OUTPUT_MAX = 1 << 30, BAR = 24, REDRAW_MS = 100 };

/* ---- progress ---- */

struct bar {
	uint64_t begun_ns, drawn_ns;
	bool drawn;
};

static void draw(const struct audit_progress *p, uint64_t elapsed_ns)
{
	double share = p->bytes > 0 ? (double)p->bytes_done / (double)p->bytes : 1;
	char cells[BAR + 1];

	share = share > 1 ? 1 : share;
	for (int i = 0; i < BAR; i++)
		cells[i] = i < (int)(share * BAR) ? '#' : '.';
	cells[BAR] = '\0';
	double left_s = share > 0 ? (double)elapsed_ns / 1e9 * (1 - share) / share : 0;
	fprintf(stderr, "\r[%s] %zu of %zu files, %.1f of %.1f MB, %.0f s left \033[K", cells,
		p->files_done, p->files, (double)p->bytes_done / 1e6, (double)p->bytes / 1e6,
		left_s);
}

static void on_progress(void *ctx, const struct audit_progress *p)
{
	struct bar *bar = ctx;
	uint64_t now = clock_mono_ns();

	/* What is done at once needs no bar. */
	if (now - bar->begun_ns < UINT64_C(3) * REDRAW_MS * 1000000 ||
		now - bar->drawn_ns < UINT64_C(1) * REDRAW_MS * 1000000)
		return;
	bar->drawn_ns = now;
	bar->drawn = true;
	draw(p, now - bar->begun_ns);
}

/* ---- where transcripts lie ---- */

/* Adds a folder below $VARIABLE, else below home/fallback, when it is there. */
static bool add_usual(struct transcripts *t, const char *variable, const char *fallback,
	const char *folder, struct buf *tried)
{
	const char *set = getenv(variable), *home = paths_home();
	struct err e = { 0 };
	struct buf path;
	bool ok = true;

	buf_init(&path, 4096);
	if (set != NULL && *set != '\0')
		buf_addf(&path, "%s/%s", set, folder);
	else if (home != NULL)
		buf_addf(&path, "%s/%s/%s", home, fallback, folder);
	buf_add_char(&path, '\0');
	if (path.n > 1 && !path.overflow) {
		buf_addf(tried, "%s'%s'", tried->n > 0 ? ", " : "", path.p);
		ok = transcripts_add(t, path.p, &e) || e.kind == ERR_NOT_FOUND;
	}
	buf_release(&path);
	if (!ok)
		cmd_note("%s", e.text);
	return ok;
}

static bool find(struct transcripts *t, const struct cmd *c)
{
	struct err e = { 0 };
	struct buf tried;

	for (int i = 0; i < c->nargs; i++) {
		if (!transcripts_add(t, c->args[i], &e)) {
			cmd_note("%s", e.text);
			return false;
		}
	}
	buf_init(&tried, 16384);
	bool ok = c->nargs > 0 ||
		  (add_usual(t, "CLAUDE_CONFIG_DIR", ".claude", "projects", &tried) &&
			  add_usual(t, "CODEX_HOME", ".codex", "sessions", &tried) &&
			  add_usual(t, "CODEX_HOME", ".codex", "archived_sessions", &tried));
	if (ok && t->n == 0 && c->nargs == 0)
		cmd_note("no transcripts in %.*s", STR_ARG(buf_str(&tried)));
	else if (ok && t->n == 0)
		cmd_note("no transcripts (*.jsonl) in '%s'", c->args[0]);
	buf_release(&tried);
	return ok && t->n > 0;
}

/* ---- the command ---- */

static bool read_dates(const struct cmd *c, struct audit_options *o)
{
	const char *since = cmd_option(c, "since"), *until = cmd_option(c, "until");
	int64_t other;

	o->until_ms = INT64_MAX;
	if (since != NULL && !when_day_span(str_from(since), &o->since_ms, &other)) {
		cmd_note("audit: \"%s\" is no date like 2026-02-11", since);
		return false;
	}
	if (until != NULL && !when_day_span(str_from(until), &other, &o->until_ms)) {
		cmd_note("audit: \"%s\" is no date like 2026-02-11", until);
		return false;
	}
	return true;
}

static void find_view(struct audit_view *v)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		v->width = size.ws_col;
	v->colour = (no == NULL || *no == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

static int print(const struct audit *a, const struct audit_view *v, bool json)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (json)
		audit_json(a, &out);
	else
		audit_text(a, v, &out);
	bool ok = !out.overflow && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
	buf_release(&out);
	return ok ? CMD_OK : cmd_fail("cannot write the report");
}

static int audit(const struct cmd *c, const struct audit_options *options, struct audit_view *v)
{
	struct transcripts t = { 0 };
	struct bar bar = { .begun_ns = clock_mono_ns() };
	struct audit_options o = *options;
	int status = CMD_FAILED;
	struct audit *a = must_alloc(sizeof(*a));

	if (isatty(STDERR_FILENO)) {
		o.progress = on_progress;
		o.ctx = &bar;
	}
	if (find(&t, c)) {
		audit_init(a, &o);
		audit_run(a, &t);
		if (bar.drawn)
			fputs("\r\033[K", stderr);
		bool json = cmd_option(c, "json") != NULL;
		bool dates = cmd_option(c, "since") != NULL || cmd_option(c, "until") != NULL;
		if (a->total.requests == 0 && dates && !json)
			status = cmd_fail("no requests of these days");
		else
			status = print(a, v, json);
		audit_release(a);
	}
	transcripts_release(&t);
	free(a);
	return status;
}

static int run(const struct cmd *c)
{
	struct audit_view view = { .by = BY_ALL };
	const char *by = cmd_option(c, "by");
	struct audit_options options = { 0 };
	struct price_book book = { 0 };
	struct err e;

	if (by != NULL && !audit_by_find(str_from(by), &view.by)) {
		cmd_note("audit: \"%s\" is not day, project, model, kind or session", by);
		return CMD_USAGE;
	}
	if (!read_dates(c, &options))
		return CMD_USAGE;
	struct config *config = cmd_load_config(c, false);
	if (config == NULL)
		return CMD_FAILED;
	find_view(&view);
	bool ok = price_book_load(&book, config, &e);
	options.prices = &book.prices;
	int status = ok ? audit(c, &options, &view) : cmd_fail("%s", e.text);
	price_book_release(&book);
	config_unref(config);
	return status;
}
