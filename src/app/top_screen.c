/* SPDX-License-Identifier: MIT */
/* Curses with wide characters. Signals that end the program only set a flag, so that the terminal is always given back;
 * those that curses itself handles (stop and continue) stay with it. */
#include "app/top_screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

enum { ESCAPE_MS = 25, RUN_MAX = 512 };

static volatile sig_atomic_t ended, resized;

static void on_end(int signum)
{
	ended = signum;
}

static void on_resize(int signum)
{
	(void)signum;
	resized = 1;
}

bool top_screen_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* ---- life ---- */

static void catch_signals(struct top_screen *s)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction end = { .sa_handler = on_end }, resize = { .sa_handler = on_resize };
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		sigaction(ends[i], &end, NULL);
		sigaddset(&held, ends[i]);
	}
	sigaction(SIGWINCH, &resize, NULL);
	sigaddset(&held, SIGWINCH);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &held, &s->waiting);
}

/* A terminal that cannot move its cursor shows no table. */
static bool is_usable(struct err *e)
{
	const char *term = getenv("TERM");
	int why;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID,
			"this needs a terminal; `sluice top --once` prints one picture anywhere");
	if (setupterm(NULL, STDOUT_FILENO, &why) != OK)
		return err_set(e, ERR_INVALID,
			"the terminal type TERM=%s is not known here; try TERM=xterm, or `sluice top --once`",
			term != NULL ? term : "");
	if (tigetstr("cup") == NULL || tigetstr("cup") == (char *)-1)
		return err_set(e, ERR_INVALID,
			"a terminal of type '%s' cannot show this; `sluice top --once` prints one picture",
			term != NULL ? term : "");
	return true;
}

/* 0: the terminal's own. */
static const short colors[TOP_STYLES] = { [TOP_GOOD] = COLOR_GREEN,
	[TOP_WARN] = COLOR_YELLOW,
	[TOP_BAD] = COLOR_RED,
	[TOP_MODEL] = COLOR_CYAN };

static void start_colors(void)
{
	const char *no = getenv("NO_COLOR");

	if ((no != NULL && *no != '\0') || !has_colors() || start_color() != OK)
		return;
	use_default_colors();
	for (int i = 0; i < TOP_STYLES; i++)
		if (colors[i] != 0)
			init_pair((short)i, colors[i], -1);
}

bool top_screen_open(struct top_screen *s, struct err *e)
{
	*s = (struct top_screen){ .utf8 = top_screen_utf8() };
	if (!is_usable(e))
		return false;
	del_curterm(cur_term); /* newterm() has one of its own */
	s->screen = newterm(NULL, stdout, stdin);
	if (s->screen == NULL)
		return err_set(e, ERR_INVALID, "the terminal cannot be used");
	set_escdelay(ESCAPE_MS);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	start_colors();
	catch_signals(s);
	return true;
}

void top_screen_close(struct top_screen *s)
{
	endwin();
	delscreen(s->screen);
	sigprocmask(SIG_SETMASK, &s->waiting, NULL);
}

int top_screen_ended(void)
{
	return ended;
}

/* ---- showing ---- */

bool top_screen_size(struct top_screen *s, int *ret_rows, int *ret_cols)
{
	struct winsize w;
	bool changed = resized != 0;

	(void)s;
	resized = 0;
	if (changed && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0)
		resizeterm(w.ws_row, w.ws_col);
	*ret_rows = LINES;
	*ret_cols = COLS;
	return changed;
}

static attr_t attributes(enum top_style style)
{
	static const attr_t a[TOP_STYLES] = { [TOP_DIM] = A_DIM,
		[TOP_BOLD] = A_BOLD,
		[TOP_HEAD] = A_UNDERLINE,
		[TOP_FOCUS] = A_REVERSE,
		[TOP_BAD] = A_BOLD };

	return a[style];
}

/* Characters of one style, side by side. */
static int show_run(const struct top_canvas *c, int row, int col)
{
	wchar_t text[RUN_MAX + 1];
	enum top_style style = top_canvas_at(c, row, col)->style;
	int n = 0, end = col;

	for (; end < c->cols && n < RUN_MAX && top_canvas_at(c, row, end)->style == style; end++)
		if (top_canvas_at(c, row, end)->c != 0)
			text[n++] = top_canvas_at(c, row, end)->c;
	text[n] = L'\0';
	attr_set(attributes(style), colors[style] != 0 ? (short)style : 0, NULL);
	mvaddnwstr(row, col, text, n);
	return end;
}

void top_screen_show(struct top_screen *s, const struct top_canvas *c)
{
	(void)s;
	erase();
	for (int row = 0; row < c->rows; row++)
		for (int col = 0; col < c->cols;)
			col = show_run(c, row, col);
	refresh();
}

/* ---- keys ---- */

enum top_key top_screen_key(struct top_screen *s, int *ret_number)
{
	static const struct {
		int code;
		enum top_key key;
	} keys[] = {
		{ 'q', TOP_KEY_QUIT },
		{ 'Q', TOP_KEY_QUIT },
		{ 3, TOP_KEY_QUIT },
		{ '\t', TOP_KEY_NEXT },
		{ KEY_RIGHT, TOP_KEY_NEXT },
		{ KEY_BTAB, TOP_KEY_PREVIOUS },
		{ KEY_LEFT, TOP_KEY_PREVIOUS },
		{ 's', TOP_KEY_SORT },
		{ 'S', TOP_KEY_SORT_BACK },
		{ 'r', TOP_KEY_REVERSE },
		{ KEY_UP, TOP_KEY_UP },
		{ 'k', TOP_KEY_UP },
		{ KEY_DOWN, TOP_KEY_DOWN },
		{ 'j', TOP_KEY_DOWN },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP },
		{ KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME },
		{ 'g', TOP_KEY_HOME },
		{ 'p', TOP_KEY_PAUSE },
		{ ' ', TOP_KEY_PAUSE },
		{ '?', TOP_KEY_HELP },
		{ 'h', TOP_KEY_HELP },
	};
	int code = getch();

	(void)s;
	if (code == ERR)
		return TOP_KEY_NONE;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	*ret_number = code - '0';
	return code >= '1' && code <= '4' ? TOP_KEY_PANEL : TOP_KEY_OTHER;
}
