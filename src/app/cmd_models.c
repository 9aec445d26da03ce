/* SPDX-License-Identifier: MIT */
/* `sluice models`: the price table, and a newer one in its place. */
#include "app/cmd.h"
#include "app/data.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int run(const struct cmd *c);

const struct command cmd_models = {
	.name = "models",
	.args = "[NAME|update FILE]",
	.summary = "models and their prices",
	.run = run,
	.options =
		(const struct cmd_option[]){
			{ "sources", NULL, "also where each price comes from, and of when", NULL },
			{ NULL },
		},
	.details =
		"  NAME         models whose names hold it\n"
		"  update FILE  prices from FILE over those built in: a table like data/prices.json, or LiteLLM's\n"
		"               model_prices_and_context_window.json\n"
		"\n"
		"Dollars per million tokens, now, of a small request: input, read from and written to the cache (for\n"
		"five minutes, for an hour), output. A `+` marks models whose large requests cost more.\n",
	.flags = CMD_CONFIG,
	.args_max = 2,
};

enum { TABLE_MAX = 64 << 20 };

static void print_rate(int64_t pico)
{
	if (pico < 0)
		printf("%10s", "-");
	else
		printf("%10.4g", (double)pico / 1e6);
}

static void print_model(const struct price *p, bool sources)
{
	struct rates r = price_rates(p, 1, clock_wall_ms(), false);

	printf("%-36.*s%c", STR_ARG(p->model), p->ntiers > 0 ? '+' : ' ');
	print_rate(r.in);
	print_rate(r.cache_read);
	print_rate(r.cache_write_5m);
	print_rate(r.cache_write_1h);
	print_rate(r.out);
	if (sources)
		printf("  %.*s, %.*s, %.*s", STR_ARG(p->confidence), STR_ARG(p->as_of),
			STR_ARG(p->source));
	printf("\n");
}

static int list(const struct cmd *c, const struct prices *t)
{
	struct str wanted = str_from(c->nargs > 0 ? c->args[0] : "");
	bool sources = cmd_option(c, "sources") != NULL;
	size_t n = 0;

	printf("%-37s%10s%10s%10s%10s%10s\n", "", "input", "read", "write 5m", "write 1h",
		"output");
	for (size_t i = 0; i < t->n; i++) {
		if (wanted.n > 0 && str_find(t->rows[i].model, wanted) == t->rows[i].model.n)
			continue;
		print_model(&t->rows[i], sources);
		n++;
	}
	return n > 0 ? CMD_OK : cmd_fail("no model's name holds \"%s\"", wanted.p);
}

/* All or nothing: a reader sees the old table or the new one. */
static bool write_table(struct str path, struct str text, struct err *e)
{
	char temporary[4096], reason[128];

	snprintf(temporary, sizeof(temporary), "%s.new", path.p);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && write(fd, text.p, text.n) == (ssize_t)text.n && fsync(fd) == 0;
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (ok && rename(temporary, path.p) == 0)
		return true;
	why = ok ? errno : why;
	unlink(temporary);
	return err_set(e, ERR_INTERNAL, "cannot write '%s': %s", path.p,
		strerror_r(why, reason, sizeof(reason)));
}

static int update(const struct config *config, const char *file)
{
	struct arena *a = arena_new();
	struct str path = data_prices(config, a);
	struct prices t = { 0 };
	struct err e = { 0 };
	struct buf text;
	size_t skipped = 0;

	bool ok = data_read_file(file, TABLE_MAX, &text, &e) &&
		  prices_read(&t, buf_str(&text), a, &skipped, &e);
	if (ok && path.n == 0)
		ok = err_set(
			&e, ERR_INTERNAL, "no home folder: set HOME, XDG_DATA_HOME or prices.file");
	ok = ok && data_make_folder_of(path, &e) && write_table(path, buf_str(&text), &e);
	if (ok)
		printf("%zu models, %zu rows without prices left out; kept in %s\n"
		       "A running proxy takes it up with `sluice reload`.\n",
			t.n, skipped, path.p);
	buf_release(&text);
	arena_free(a);
	return ok ? CMD_OK : cmd_fail("%s", e.text);
}

static int run(const struct cmd *c)
{
	bool updating = c->nargs > 0 && strcmp(c->args[0], "update") == 0;
	struct price_book book = { 0 };
	struct err e;

	if (updating ? c->nargs != 2 : c->nargs > 1) {
		cmd_note("models: write `sluice models [NAME]` or `sluice models update FILE`");
		return CMD_USAGE;
	}
	struct config *config = cmd_load_config(c, false);
	if (config == NULL)
		return CMD_FAILED;
	int status;
	if (updating)
		status = update(config, c->args[1]);
	else if (price_book_load(&book, config, &e))
		status = list(c, &book.prices);
	else
		status = cmd_fail("%s", e.text);
	price_book_release(&book);
	config_unref(config);
	return status;
}
