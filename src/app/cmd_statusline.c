/* SPDX-License-Identifier: MIT */
/* `sluice statusline`: one line for Claude Code's status bar, from the JSON that it writes to our standard input
 * (https://code.claude.com/docs/en/statusline), the ledger and the running proxy. The bar shows whatever comes out: there is
 * never an error in it, and whatever cannot be had in time is left out. */
#include "app/cmd.h"
#include "app/data.h"
#include "app/instance.h"
#include "app/probe.h"
#include "app/statusline_install.h"
#include "app/top_state.h"
#include "app/top_view.h"
#include "base/clock.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <yyjson.h>

static int run(const struct cmd *c);

const struct command cmd_statusline = {
	.name = "statusline",
	.args = "[install|uninstall]",
	.summary = "a line with this session's true cost, for Claude Code's status bar",
	.run = run,
	.details =
		"  install    makes it the status line of Claude Code (settings.json in ~/.claude or CLAUDE_CONFIG_DIR)\n"
		"  uninstall  gives the former one back\n"
		"\n"
		"Without a word it reads Claude Code's JSON from standard input and prints one line: model, cost of the\n"
		"session as the ledger knows it, what sluice saved, cache hit rate, context used, and limits that are\n"
		"nearly used up. NO_COLOR is heeded.\n",
	.flags = CMD_CONFIG,
	.args_max = 1,
};

enum {
	LIMIT_US = 35000, /* to the end, whatever happens */
	PROBE_MS = 20,
	INPUT_MAX = 1 << 20,
	STATE_MAX = 16 << 20,
	LINE_MAX_BYTES = 1024,
	LOW_PERCENT = 20,
	PERCENT = 100,
};

/* ---- a line in time ---- */

/* What is printed when the time is up. */
static char fallback[LINE_MAX_BYTES];
static volatile sig_atomic_t fallback_n;

static void on_time_up(int signum)
{
	(void)signum;
	if (fallback_n > 0 && write(STDOUT_FILENO, fallback, (size_t)fallback_n) < 0)
		_exit(0);
	_exit(0);
}

static void start_clock(void)
{
	const struct itimerval limit = { .it_value = { .tv_usec = LIMIT_US } };

	signal(SIGALRM, on_time_up);
	signal(SIGPIPE, SIG_IGN);
	setitimer(ITIMER_REAL, &limit, NULL);
}

/* ---- what is known ---- */

struct knowledge {
	/* from the client */
	yyjson_doc *doc;
	struct str model, session;
	int context; /* per cent used; -1: not known */
	/* from the ledger */
	struct ledger_totals totals;
	bool recorded;
	/* from the proxy */
	struct top_state state;
};

static double number(yyjson_val *v, const char *name)
{
	yyjson_val *m = yyjson_obj_get(v, name);

	return yyjson_is_num(m) ? yyjson_get_num(m) : -1;
}

static struct str text(yyjson_val *v, const char *name)
{
	yyjson_val *m = yyjson_obj_get(v, name);

	return yyjson_is_str(m) ? (struct str){ yyjson_get_str(m), yyjson_get_len(m) } : STR("");
}

static int context_of(yyjson_val *window)
{
	yyjson_val *usage = yyjson_obj_get(window, "current_usage");
	double percent = number(window, "used_percentage");
	double size = number(window, "context_window_size"), in = number(usage, "input_tokens");
	double read = number(usage, "cache_read_input_tokens");
	double write_ = number(usage, "cache_creation_input_tokens");

	if (percent < 0 && size > 0 && in >= 0)
		percent = PERCENT * (in + (read > 0 ? read : 0) + (write_ > 0 ? write_ : 0)) / size;
	return percent >= 0 && percent <= 10 * PERCENT ? (int)(percent + 0.5) : -1;
}

static void read_input(struct knowledge *k)
{
	struct buf in;
	ssize_t n = 1;

	buf_init(&in, INPUT_MAX);
	while (n > 0 && buf_reserve(&in, 16384)) {
		n = read(STDIN_FILENO, in.p + in.n, 16384);
		in.n += n > 0 ? (size_t)n : 0;
	}
	k->doc = in.n > 0 ? yyjson_read(in.p, in.n, 0) : NULL;
	buf_release(&in);
	yyjson_val *root = yyjson_doc_get_root(k->doc), *model = yyjson_obj_get(root, "model");
	k->model = text(model, "display_name");
	if (k->model.n == 0)
		k->model = text(model, "id");
	k->session = text(root, "session_id");
	k->context = context_of(yyjson_obj_get(root, "context_window"));
}

static bool put_totals(void *ctx, const struct query_row *row)
{
	*(struct ledger_totals *)ctx = *row->totals;
	return true;
}

static void ask_ledger(struct knowledge *k, const struct config *config)
{
	const struct query_params p = {
		.what = QUERY_SESSION, .to_ms = INT64_MAX, .text = k->session
	};
	struct arena *a = arena_new();
	struct err e;
	struct str path = data_ledger(config, a);
	struct store *s =
		k->session.n > 0 && path.n > 0 ? store_sqlite.open(path.p, STORE_READ, &e) : NULL;

	if (s != NULL) {
		k->recorded = s->driver->query(s, &p, put_totals, &k->totals, &e) &&
			      k->totals.exchanges > 0;
		s->driver->close(s);
	}
	arena_free(a);
}

static void read_all(int fd, struct buf *ret)
{
	ssize_t n = 1;

	while (n > 0 && buf_reserve(ret, 65536)) {
		n = recv(fd, ret->p + ret->n, 65536, 0);
		ret->n += n > 0 ? (size_t)n : 0;
	}
}

static void ask_proxy(struct knowledge *k, const struct config *config)
{
	struct paths p;
	struct instance i = { 0 };
	struct buf reply;
	struct err e;

	if (paths_init(&p, &e))
		instance_find(&p, &i);
	paths_release(&p);
	if (i.state != INSTANCE_RUNNING)
		return;
	int fd = probe_open(i.client_url, "/sluice/api/state",
		config->auth_key.n > 0 ? config->auth_key.p : "", PROBE_MS);
	if (fd < 0)
		return;
	buf_init(&reply, STATE_MAX);
	read_all(fd, &reply);
	close(fd);
	size_t head = str_find(buf_str(&reply), STR("\r\n\r\n"));
	if (head < reply.n &&
		!top_state_read(&k->state, str_from_offset(buf_str(&reply), head + 4), &e))
		top_state_release(&k->state);
	buf_release(&reply);
}

/* ---- the line ---- */

struct line {
	struct buf out;
	bool color;
};

static void begin_part(struct line *l, const char *color)
{
	if (l->out.n > 0)
		buf_add(&l->out, str_from(l->color ? "\033[2m \302\267 \033[0m" : " \302\267 "));
	if (l->color)
		buf_addf(&l->out, "\033[%sm", color);
}

static void end_part(struct line *l)
{
	if (l->color)
		buf_add(&l->out, STR("\033[0m"));
}

/* Text from outside, without what a terminal would obey. */
static void add_clean(struct line *l, struct str s)
{
	for (size_t i = 0; i < s.n && i < 60; i++)
		if ((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f &&
			!((unsigned char)s.p[i] == 0xC2 && i + 1 < s.n &&
				(unsigned char)s.p[i + 1] < 0xA0))
			buf_add_char(&l->out, s.p[i]);
}

static void add_model(struct line *l, const struct knowledge *k)
{
	if (k->model.n == 0)
		return;
	begin_part(l, "36");
	add_clean(l, k->model);
	end_part(l);
}

/* Nano-dollars of the session's streams that go on. */
static int64_t open_cost(const struct knowledge *k)
{
	int64_t sum = 0;

	for (size_t i = 0; i < k->state.nopen; i++)
		if (str_eq(k->state.open[i].session, k->session) && k->state.open[i].cost > 0)
			sum += k->state.open[i].cost;
	return sum;
}

static void add_cost(struct line *l, const struct knowledge *k)
{
	int64_t cost = k->totals.cost.total + (k->session.n > 0 ? open_cost(k) : 0);
	int64_t saved = k->totals.saved;

	if (!k->recorded && cost == 0)
		return;
	begin_part(l, "1");
	cost_print(&l->out, cost);
	if (k->totals.unpriced > 0)
		buf_add(&l->out, STR("?"));
	end_part(l);
	if (saved == 0)
		return;
	begin_part(l, saved > 0 ? "32" : "31");
	buf_add(&l->out, saved > 0 ? STR("saved ") : STR("overhead "));
	cost_print(&l->out, saved > 0 ? saved : -saved);
	end_part(l);
}

static void add_hit_rate(struct line *l, const struct knowledge *k)
{
	const struct ledger_tokens *t = &k->totals.tokens;
	int64_t in = t->in + t->cache_read + t->cache_write_5m + t->cache_write_1h;

	if (!k->recorded || in <= 0)
		return;
	int percent = (int)(t->cache_read * PERCENT / in);
	begin_part(l, percent >= 80 ? "32" : percent >= 60 ? "33" : "31");
	buf_addf(&l->out, "cache %d%%", percent);
	end_part(l);
}

static void add_context(struct line *l, const struct knowledge *k)
{
	if (k->context < 0)
		return;
	begin_part(l, k->context >= 90 ? "31" : k->context >= 75 ? "33" : "0");
	buf_addf(&l->out, "context %d%%", k->context);
	end_part(l);
}

static void add_limit(struct line *l, struct str name, int left, int64_t reset_ms)
{
	int64_t now = clock_wall_ms();

	begin_part(l, left < LOW_PERCENT / 2 ? "31" : "33");
	add_clean(l, name);
	buf_addf(&l->out, " %d%% left", left);
	if (reset_ms > now) {
		buf_add(&l->out, STR(" for "));
		top_add_age(&l->out, reset_ms - now);
	}
	end_part(l);
}

/* Limits as the client knows them: for a proxy that has not seen a reply yet. */
static void add_client_limits(struct line *l, const struct knowledge *k)
{
	static const struct {
		const char *name, *shown;
	} windows[] = { { "five_hour", "5h" }, { "seven_day", "7d" } };
	yyjson_val *limits = yyjson_obj_get(yyjson_doc_get_root(k->doc), "rate_limits");

	for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
		yyjson_val *w = yyjson_obj_get(limits, windows[i].name);
		double used = number(w, "used_percentage"), reset = number(w, "resets_at");
		if (used >= PERCENT - LOW_PERCENT)
			add_limit(l, str_from(windows[i].shown),
				used < PERCENT ? (int)(PERCENT - used) : 0,
				reset > 0 && reset < 1e11 ? (int64_t)reset * 1000 : -1);
	}
}

static void add_limits(struct line *l, const struct knowledge *k)
{
	bool told = false;

	for (size_t i = 0; i < k->state.nproviders; i++) {
		const struct top_provider *p = &k->state.providers[i];
		if (str_eq(p->health, STR("failing"))) {
			begin_part(l, "31");
			add_clean(l, p->name);
			buf_add(&l->out, STR(" fails"));
			end_part(l);
		}
		for (size_t q = 0; q < p->nquotas; q++) {
			int left = top_quota_left(&p->quota[q]);
			told |= left >= 0;
			if (left >= 0 && left < LOW_PERCENT)
				add_limit(l, p->quota[q].name, left, p->quota[q].reset_ms);
		}
	}
	if (!told)
		add_client_limits(l, k);
}

static bool wants_color(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || *no == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

static void compose(const struct knowledge *k, struct buf *ret)
{
	struct line l = { .color = wants_color() };

	buf_init(&l.out, LINE_MAX_BYTES - 1);
	add_model(&l, k);
	add_cost(&l, k);
	add_hit_rate(&l, k);
	add_context(&l, k);
	add_limits(&l, k);
	*ret = l.out;
	ret->max++;
	ret->overflow = false;
	buf_add_char(ret, '\n');
}

static int print_line(const struct cmd *c)
{
	struct knowledge k = { .context = -1 };
	struct buf line;

	start_clock();
	read_input(&k);
	compose(&k, &line);
	memcpy(fallback, line.p, line.n);
	fallback_n = (int)line.n;
	buf_release(&line);
	struct config *config = cmd_load_config(c, false);
	if (config != NULL) {
		ask_ledger(&k, config);
		ask_proxy(&k, config);
	}
	compose(&k, &line);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	if (write(STDOUT_FILENO, line.p, line.n) < 0)
		cmd_note("nobody reads the status line");
	buf_release(&line);
	top_state_release(&k.state);
	yyjson_doc_free(k.doc);
	config_unref(config);
	return CMD_OK;
}

/* ---- install ---- */

/* The program's own name as a shell takes it. */
static bool own_command(struct buf *ret, struct err *e)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+";
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return err_set(e, ERR_INTERNAL, "this program does not know where it lies");
	path[n] = '\0';
	bool quote = strspn(path, plain) != (size_t)n;
	buf_add(ret, str_from(quote ? "'" : ""));
	for (ssize_t i = 0; i < n; i++)
		buf_add(ret, path[i] == '\'' ? STR("'\\''") : (struct str){ &path[i], 1 });
	buf_add(ret, str_from(quote ? "' statusline" : " statusline"));
	return true;
}

static bool settings_folder(struct buf *ret, struct err *e)
{
	const char *own = getenv("CLAUDE_CONFIG_DIR"), *home = paths_home();

	if (own != NULL && *own != '\0')
		buf_add(ret, str_from(own));
	else if (home != NULL)
		buf_addf(ret, "%s/.claude", home);
	else
		return err_set(e, ERR_INVALID, "no home folder is known");
	buf_add_char(ret, '\0');
	return true;
}

static int change_settings(bool install)
{
	static const char *const said[] = {
		[STATUSLINE_SET] = "Claude Code shows it from its next start on",
		[STATUSLINE_REPLACED] =
			"Claude Code shows it from its next start on; `sluice statusline uninstall` gives the former one back",
		[STATUSLINE_REMOVED] = "removed",
		[STATUSLINE_RESTORED] = "the former status line is back",
		[STATUSLINE_NOT_OURS] =
			"the status line there is not sluice's: nothing was changed",
		[STATUSLINE_NONE] = "there is no status line: nothing was changed",
	};
	enum statusline_change change = STATUSLINE_NONE;
	struct buf folder, command;
	struct err e = { 0 };

	buf_init(&folder, PATH_MAX);
	buf_init(&command, 2 * PATH_MAX);
	bool ok = settings_folder(&folder, &e) && own_command(&command, &e);
	if (ok)
		ok = install ? statusline_install(folder.p, buf_str(&command), &change, &e)
			     : statusline_uninstall(folder.p, &change, &e);
	if (ok)
		printf("%s/settings.json: %s\n", folder.p, said[change]);
	buf_release(&folder);
	buf_release(&command);
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}

static int run(const struct cmd *c)
{
	if (c->nargs == 0) {
		if (!isatty(STDIN_FILENO))
			return print_line(c);
		cmd_note(
			"statusline: Claude Code calls this; make it do so with `sluice statusline install`");
		return CMD_USAGE;
	}
	if (strcmp(c->args[0], "install") == 0 || strcmp(c->args[0], "uninstall") == 0)
		return change_settings(c->args[0][0] == 'i');
	cmd_note("statusline: \"%s\" is not install or uninstall", c->args[0]);
	return CMD_USAGE;
}
