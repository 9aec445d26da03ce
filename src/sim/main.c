/* SPDX-License-Identifier: MIT */
/* sluice-sim: its command line, its prices, and its end. */
#include "sim/host.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: sluice-sim [OPTIONS]\n"
	"\n"
	"Simulated providers: speaks the Anthropic Messages API, OpenAI's Chat Completions and Responses\n"
	"and Google's Gemini API, counts tokens, keeps prompt caches and a bill, and costs nothing.\n"
	"See docs/simulator.md.\n"
	"\n"
	"  --listen HOST:PORT  where to listen (127.0.0.1:4010; port 0: any)\n"
	"  --fast              answer at once instead of at the pace of a model\n"
	"  --key KEY           accept only this key (default: any)\n"
	"  --prices FILE       a price table whose rows replace or join the built-in ones\n"
	"  --keep-mb N         megabytes of received bodies to keep (64)\n"
	"  --ready-fd N        write one byte to this descriptor and close it when ready\n"
	"  --version           print the version\n"
	"  --help              this text\n";

struct arguments {
	const char *listen, *prices;
	struct engine_options engine;
	int ready_fd;
	bool fast;
};

enum { FIRST_TOKEN_MS = 300, TOKEN_US = 8000, PIECE = 24, FAST_PIECE = 400, FILE_MAX = 64 << 20 };

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "sluice-sim: %s: %s\n", what, why);
	return 1;
}

/* ---- the command line ---- */

enum { OPT_LISTEN = 1, OPT_FAST, OPT_KEY, OPT_PRICES, OPT_KEEP, OPT_READY, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "fast", no_argument, NULL, OPT_FAST },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "prices", required_argument, NULL, OPT_PRICES },
	{ "keep-mb", required_argument, NULL, OPT_KEEP },
	{ "ready-fd", required_argument, NULL, OPT_READY },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool number(const char *text, uint64_t most, uint64_t *ret)
{
	return str_to_u64(str_from(text), ret) && *ret <= most;
}

/* False: the program ends, with *ret_status. */
static bool take_option(struct arguments *a, int option, int *ret_status)
{
	uint64_t n;

	switch (option) {
	case OPT_LISTEN:
		a->listen = optarg;
		return true;
	case OPT_FAST:
		a->fast = true;
		return true;
	case OPT_KEY:
		a->engine.key = str_from(optarg);
		return true;
	case OPT_PRICES:
		a->prices = optarg;
		return true;
	case OPT_KEEP:
		if (!number(optarg, 1 << 20, &n))
			break;
		a->engine.keep_bytes = (size_t)n << 20;
		return true;
	case OPT_READY:
		if (!number(optarg, INT32_MAX, &n))
			break;
		a->ready_fd = (int)n;
		return true;
	case OPT_VERSION:
		printf("sluice-sim %s\n", SLUICE_VERSION);
		*ret_status = 0;
		return false;
	case OPT_HELP:
		fputs(usage, stdout);
		*ret_status = 0;
		return false;
	}
	fputs("see sluice-sim --help\n", stderr);
	*ret_status = 2;
	return false;
}

static bool take_arguments(struct arguments *a, int argc, char **argv, int *ret_status)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(a, option, ret_status))
			return false;
	if (optind < argc) {
		fprintf(stderr, "sluice-sim: unexpected argument '%s'\n", argv[optind]);
		*ret_status = 2;
		return false;
	}
	a->engine.pace = a->fast ? (struct pace){ 0, 0, FAST_PIECE }
				 : (struct pace){ FIRST_TOKEN_MS, TOKEN_US, PIECE };
	return true;
}

/* ---- prices ---- */

static bool read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd < 0)
		return false;
	do {
		if (!buf_reserve(out, 64 * 1024)) {
			errno = EFBIG;
			n = -1;
			break;
		}
		n = read(fd, out->p + out->n, 64 * 1024);
		out->n += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	close(fd);
	return n == 0;
}

/* The built-in table, and what a file adds to it. */
static bool read_prices(const char *path, struct prices *ret, struct arena *a)
{
	struct buf text;
	struct err e = { 0 };
	size_t skipped;
	bool ok;

	*ret = (struct prices){ .n = 0 };
	if (!prices_read(ret, prices_builtin(), a, &skipped, &e)) {
		fail("built-in prices", e.text);
		return false;
	}
	if (path == NULL)
		return true;
	buf_init(&text, FILE_MAX);
	ok = read_file(path, &text);
	if (!ok)
		fail(path, strerror(errno));
	else if (!prices_read(ret, buf_str(&text), a, &skipped, &e)) {
		fail(path, e.text);
		ok = false;
	}
	buf_release(&text);
	return ok;
}

/* ---- running ---- */

static bool split_address(const char *address, char *host, size_t n, unsigned *ret_port)
{
	struct str h;

	if (!http_split_host(str_from(address), &h, ret_port) || h.n >= n)
		return false;
	if (str_eq(h, STR("localhost")))
		h = STR("127.0.0.1");
	snprintf(host, n, "%.*s", STR_ARG(h));
	return true;
}

static bool listen_on(struct host *h, const char *address)
{
	char host[128];
	unsigned port;
	struct err e;

	if (!split_address(address, host, sizeof(host), &port)) {
		fail(address, "is not HOST:PORT");
		return false;
	}
	if (!host_listen(h, host, port, &port, &e)) {
		fail(address, e.text);
		return false;
	}
	printf(strchr(host, ':') != NULL ? "sluice-sim listening on http://[%s]:%u\n"
					 : "sluice-sim listening on http://%s:%u\n",
		host, port);
	fflush(stdout);
	return true;
}

static void tell_ready(int fd)
{
	if (fd < 0)
		return;
	if (write(fd, "R", 1) != 1)
		fail("--ready-fd", strerror(errno));
	close(fd);
}

static void on_end(void *ctx)
{
	loop_stop(ctx);
}

static int run(const struct arguments *a)
{
	struct loop *l = loop_new();
	struct control c = { .engine = engine_new(&a->engine) };
	struct host *h = host_new(l, &c);
	bool ok = listen_on(h, a->listen);

	if (ok) {
		loop_on_signal(l, SIGTERM, on_end, l);
		loop_on_signal(l, SIGINT, on_end, l);
		tell_ready(a->ready_fd);
		loop_run(l);
	}
	host_free(h);
	loop_free(l);
	engine_free(c.engine);
	return ok ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct arguments a = { .listen = "127.0.0.1:4010", .ready_fd = -1 };
	struct arena *arena = arena_new();
	struct prices prices;
	int status = 1;

	a.engine.keep_bytes = (size_t)64 << 20;
	signal(SIGPIPE, SIG_IGN);
	if (take_arguments(&a, argc, argv, &status) && read_prices(a.prices, &prices, arena)) {
		a.engine.prices = &prices;
		status = run(&a);
	}
	arena_free(arena);
	return status;
}
