/* SPDX-License-Identifier: MIT */
/* `sluice top`: what the proxy is doing, as it happens. */
#include "app/cmd.h"
#include "app/top_feed.h"
#include "app/top_screen.h"
#include "app/top_view.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_top = {
	.name = "top",
	.args = "",
	.summary = "watch requests, costs and providers as they go",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "once", NULL, "print one picture as plain text, and end", NULL },
			{ NULL },
		},
	.details =
		"Streams with their rate and their cost so far, conversations with their cache hit rates, providers\n"
		"with what is left of their limits, and the latest requests. Press ? for the keys, q to quit.\n"
		"Exit status: 0, 1 when the proxy does not answer, 3 when none runs.\n",
	.flags = CMD_CONFIG,
};

enum {
	RETRY_MS = 1000,
	ONCE_MS = 3000,
	PAGE_ROWS = 10,
	PLAIN_ROWS = 40, /* of a picture that goes nowhere in particular */
	PLAIN_COLS = 100,
	SIDE_MAX = 1000,
};

struct top {
	struct top_feed feed;
	struct top_view view;
	struct top_screen screen;
	struct top_state state;
	struct err lost;  /* why there is no connection */
	int64_t retry_ms; /* when to connect again */
	bool quit;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- states ---- */

/* Takes over the state that has come. */
static bool take_state(struct top *t, struct err *e)
{
	struct top_state fresh;

	if (!top_state_read(&fresh, top_feed_state(&t->feed), e)) {
		top_state_release(&fresh);
		return false;
	}
	top_state_release(&t->state);
	t->state = fresh;
	return true;
}

static void lose(struct top *t, const struct err *e)
{
	static char text[400];

	snprintf(text, sizeof(text), "%.300s: trying again every second", e->text);
	t->view.notice = text;
	t->retry_ms = now_ms() + RETRY_MS;
}

static void connect_again(struct top *t)
{
	struct err e = { 0 };

	if (t->feed.fd >= 0 || now_ms() < t->retry_ms)
		return;
	if (!top_feed_connect(&t->feed, &e))
		lose(t, &e);
}

static void read_feed(struct top *t)
{
	struct err e = { 0 };
	enum top_feed_result r = top_feed_read(&t->feed, &e);

	if (r == TOP_FEED_LOST) {
		lose(t, &e);
	} else if (r == TOP_FEED_STATE) {
		t->view.notice = NULL;
		if (!t->view.paused && !take_state(t, &e))
			lose(t, &e);
	}
}

/* ---- one picture ---- */

static int side(const char *variable, unsigned short terminal, int otherwise)
{
	const char *text = getenv(variable);
	uint64_t n;

	if (text != NULL && str_to_u64(str_from(text), &n) && n > 0 && n <= SIDE_MAX)
		return (int)n;
	return terminal > 0 ? terminal : otherwise;
}

static void print_picture(struct top *t)
{
	struct winsize w = { 0 };
	struct top_canvas canvas;
	struct buf row;

	if (isatty(STDOUT_FILENO))
		(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	top_canvas_init(&canvas, side("LINES", w.ws_row, PLAIN_ROWS),
		side("COLUMNS", w.ws_col, PLAIN_COLS), top_screen_utf8());
	t->view.notice = " ";
	top_view_draw(&t->view, &t->state, &canvas);
	buf_init(&row, 1 << 16);
	for (int i = 0; i + 1 < canvas.rows; i++) {
		buf_clear(&row);
		top_canvas_row(&canvas, i, &row);
		printf("%.*s\n", STR_ARG(buf_str(&row)));
	}
	buf_release(&row);
	top_canvas_release(&canvas);
}

static int once(struct top *t)
{
	int64_t until = now_ms() + ONCE_MS, left;
	enum top_feed_result r = TOP_FEED_NOTHING;
	struct err e = { 0 };

	err_set(&e, ERR_TIMEOUT, "the proxy does not answer");
	while (r == TOP_FEED_NOTHING && (left = until - now_ms()) > 0) {
		struct pollfd p = { .fd = t->feed.fd, .events = POLLIN };
		if (poll(&p, 1, (int)left) > 0)
			r = top_feed_read(&t->feed, &e);
	}
	if (r != TOP_FEED_STATE || !take_state(t, &e))
		return cmd_fail("%s", e.text);
	print_picture(t);
	return CMD_OK;
}

/* ---- the screen ---- */

static void draw(struct top *t)
{
	struct top_canvas canvas;
	int rows, cols;

	top_screen_size(&t->screen, &rows, &cols);
	top_canvas_init(&canvas, rows, cols, t->screen.utf8);
	top_view_draw(&t->view, &t->state, &canvas);
	top_screen_show(&t->screen, &canvas);
	top_canvas_release(&canvas);
}

static void scroll_by(struct top_view *v, int rows)
{
	v->scroll[v->focus] += rows;
	if (v->scroll[v->focus] < 0)
		v->scroll[v->focus] = 0;
}

static void sort_previous(struct top_view *v)
{
	for (int i = 1; i < top_table_columns(v->focus); i++)
		top_view_sort_next(v);
}

static void press(struct top *t, enum top_key key, int number)
{
	struct top_view *v = &t->view;
	bool was_help = v->help;

	v->help = false;
	switch (key) {
	case TOP_KEY_QUIT:
		t->quit = true;
		break;
	case TOP_KEY_HELP:
		v->help = !was_help;
		break;
	case TOP_KEY_NEXT:
		v->focus = (v->focus + 1) % TOP_PANELS;
		break;
	case TOP_KEY_PREVIOUS:
		v->focus = (v->focus + TOP_PANELS - 1) % TOP_PANELS;
		break;
	case TOP_KEY_PANEL:
		v->focus = (enum top_panel)(number - 1);
		break;
	case TOP_KEY_SORT:
		top_view_sort_next(v);
		break;
	case TOP_KEY_SORT_BACK:
		sort_previous(v);
		break;
	case TOP_KEY_REVERSE:
		v->reverse[v->focus] = !v->reverse[v->focus];
		break;
	case TOP_KEY_UP:
		scroll_by(v, -1);
		break;
	case TOP_KEY_DOWN:
		scroll_by(v, 1);
		break;
	case TOP_KEY_PAGE_UP:
		scroll_by(v, -PAGE_ROWS);
		break;
	case TOP_KEY_PAGE_DOWN:
		scroll_by(v, PAGE_ROWS);
		break;
	case TOP_KEY_HOME:
		v->scroll[v->focus] = 0;
		break;
	case TOP_KEY_PAUSE:
		v->paused = !v->paused;
		break;
	default:
		break;
	}
}

/* Waits for a key, a state, a signal, or the time to connect again. */
static void wait_and_take(struct top *t)
{
	struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = t->feed.fd, .events = POLLIN } };
	const struct timespec retry = { .tv_sec = RETRY_MS / 1000 };
	enum top_key key;
	int number = 0;

	if (ppoll(p, ARRAY_LEN(p), t->feed.fd < 0 ? &retry : NULL, &t->screen.waiting) < 0 &&
		errno != EINTR)
		t->quit = true;
	while ((key = top_screen_key(&t->screen, &number)) != TOP_KEY_NONE)
		press(t, key, number);
	/* The terminal is gone. */
	if ((p[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		t->quit = true;
	if (p[1].fd >= 0 && p[1].revents != 0)
		read_feed(t);
	connect_again(t);
}

static int watch(struct top *t)
{
	struct err e;

	if (!top_screen_open(&t->screen, &e)) {
		cmd_note("%s", e.text);
		return CMD_USAGE;
	}
	while (!t->quit && top_screen_ended() == 0) {
		draw(t);
		wait_and_take(t);
	}
	top_screen_close(&t->screen);
	return CMD_OK;
}

/* ---- the command ---- */

static int run_with(const struct cmd *c, const struct paths *p, const char *key)
{
	struct top t = { 0 };
	struct err e = { 0 };
	int status;

	top_view_init(&t.view);
	top_feed_init(&t.feed, p, key);
	if (top_feed_connect(&t.feed, &e))
		status = cmd_option(c, "once") != NULL ? once(&t) : watch(&t);
	else if (cmd_fail("%s", e.text), e.kind == ERR_NOT_FOUND)
		status = CMD_NOT_RUNNING;
	else
		status = CMD_FAILED;
	top_state_release(&t.state);
	top_feed_release(&t.feed);
	return status;
}

static int run(const struct cmd *c)
{
	struct config *config = cmd_load_config(c, false);
	struct paths p;
	struct err e;
	int status = CMD_FAILED;

	if (config == NULL)
		return CMD_FAILED;
	if (paths_init(&p, &e))
		status = run_with(c, &p, config->auth_key.n > 0 ? config->auth_key.p : "");
	else
		status = cmd_fail("%s", e.text);
	paths_release(&p);
	config_unref(config);
	return status;
}
