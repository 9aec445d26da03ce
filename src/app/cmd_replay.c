/* SPDX-License-Identifier: MIT */
/* `sluice replay`: what recorded sessions would have cost under other policies, by the proxy's own decisions and a simulated provider. */
#include "app/cmd.h"
#include "app/data.h"
#include "base/clock.h"
#include "lab/replay.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run(const struct cmd *c);

enum { OPTION_POLICY };

const struct command cmd_replay = {
	.name = "replay",
	.args = "DIR|FILE ...",
	.summary = "what recorded sessions would have cost with other ways to choose models",
	.run = run,
	.options =
		(const struct cmd_option[]){
			[OPTION_POLICY] = { "policy", "POLICY",
				"observe, balanced, saver, max, hop:MODEL, turns:MODEL; repeatable",
				NULL },
			{ "json", NULL, "as JSON; amounts in nano-dollars", NULL },
			{ NULL },
		},
	.details =
		"Transcripts of Claude Code are rebuilt into the requests that were sent, and go through the proxy's\n"
		"decisions to a simulated provider, in memory, under the recorded times. Nothing is sent anywhere.\n"
		"Without --policy: observe, balanced and saver. All compare with observe, what was asked for.\n"
		"\n"
		"A profile may bring settings along: --policy 'saver route.use.execute=anthropic/claude-haiku-4-5'.\n"
		"Simpler ways, for comparison: hop:MODEL[:PERCENT] sends a random part of the requests to another\n"
		"model (50 per cent), turns:MODEL[:TOKENS] sends results of tools there and leaves planning, failures\n"
		"and long contexts (60000 tokens) where they were, never is another word for observe.\n"
		"MODEL may be PROVIDER/MODEL; a provider needs a key, which here may be any word:\n"
		"--set providers.deepseek-anthropic.api_key=x.\n",
	.flags = CMD_CONFIG,
	.args_max = -1,
};

enum { OUTPUT_MAX = 1 << 28, REDRAW_MS = 100 };

/* One policy with what it was loaded from. */
struct loaded {
	struct replay_policy policy;
	struct price_book book;
};

struct replaying {
	const struct cmd *c;
	struct arena *arena;
	struct loaded loaded[REPLAY_POLICIES_MAX];
	struct replay_way ways[REPLAY_POLICIES_MAX];
	size_t n, base;
};

/* ---- policies ---- */

static bool add_policy(struct replaying *r, const char *text)
{
	struct err e = { 0 };

	if (r->n == REPLAY_POLICIES_MAX) {
		cmd_note("replay: at most %d policies", REPLAY_POLICIES_MAX);
		return false;
	}
	if (!replay_policy_read(&r->loaded[r->n].policy, str_from(text), r->arena, &e)) {
		cmd_note("replay: %s", e.text);
		return false;
	}
	r->n++;
	return true;
}

static bool is_as_asked(const char *policy)
{
	return strcmp(policy, "observe") == 0 || strcmp(policy, "never") == 0;
}

/* What was asked for is what the others compare with, and is always there. */
static bool add_base(struct replaying *r, bool *ret_given)
{
	const struct cmd *c = r->c;
	size_t place = 0;

	*ret_given = false;
	for (int i = 0; i < c->ngiven; i++) {
		if (c->given[i].row != OPTION_POLICY)
			continue;
		*ret_given = true;
		if (is_as_asked(c->given[i].value)) {
			r->base = place;
			return true;
		}
		place++;
	}
	return add_policy(r, "observe");
}

static bool add_policies(struct replaying *r)
{
	static const char *const usual[] = { "balanced", "saver" };
	const struct cmd *c = r->c;
	bool given;

	if (!add_base(r, &given))
		return false;
	for (int i = 0; i < c->ngiven; i++)
		if (c->given[i].row == OPTION_POLICY && !add_policy(r, c->given[i].value))
			return false;
	for (size_t i = 0; !given && i < ARRAY_LEN(usual); i++)
		if (!add_policy(r, usual[i]))
			return false;
	return true;
}

/* The command line's configuration with the policy's settings over it. */
static struct config *load_config(const struct replaying *r, const struct replay_policy *p)
{
	struct cmd c = *r->c;
	size_t n = c.input.nsets;
	const char **sets = must_alloc((n + p->nsettings + 1) * sizeof(*sets));

	for (size_t i = 0; i < n; i++)
		sets[i] = c.input.sets[i];
	for (size_t i = 0; i < p->nsettings; i++)
		sets[n + i] = p->settings[i];
	c.input.sets = sets;
	c.input.nsets = n + p->nsettings;
	struct config *ret = cmd_load_config(&c, false);
	free(sets);
	return ret;
}

static bool load_way(struct replaying *r, size_t i)
{
	struct loaded *l = &r->loaded[i];
	struct replay_way *w = &r->ways[i];
	struct err e = { 0 };

	w->policy = &l->policy;
	w->config = load_config(r, &l->policy);
	if (w->config == NULL)
		return false;
	if (!price_book_load(&l->book, w->config, &e)) {
		cmd_note("%s", e.text);
		return false;
	}
	w->prices = &l->book.prices;
	return true;
}

/* ---- the command ---- */

static void on_progress(void *ctx, uint64_t done, uint64_t all)
{
	uint64_t *drawn_ns = ctx, now = clock_mono_ns();

	if (now - *drawn_ns < UINT64_C(1000000) * REDRAW_MS)
		return;
	*drawn_ns = now;
	fprintf(stderr, "\r%.0f %% \033[K", all > 0 ? 100 * (double)done / (double)all : 100);
}

static bool find(struct transcripts *t, const struct cmd *c)
{
	struct err e = { 0 };

	for (int i = 0; i < c->nargs; i++)
		if (!transcripts_add(t, c->args[i], &e)) {
			cmd_note("%s", e.text);
			return false;
		}
	if (t->n == 0) {
		cmd_note("no transcripts (*.jsonl) in '%s'", c->args[0]);
		return false;
	}
	if (!replay_add_agents(t, &e))
		cmd_note("%s", e.text);
	return e.kind == ERR_NONE;
}

static int print(const struct replay *r, bool json)
{
	struct buf out;

	buf_init(&out, OUTPUT_MAX);
	if (json)
		replay_json(r, &out);
	else
		replay_text(r, &out);
	bool ok = !out.overflow && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
	buf_release(&out);
	return ok ? CMD_OK : cmd_fail("cannot write the report");
}

static int replay(struct replaying *what, const struct transcripts *t)
{
	uint64_t drawn_ns = clock_mono_ns();
	struct replay r = { .ways = what->ways, .nways = what->n, .base = what->base };
	struct err e = { 0 };
	int status;

	if (isatty(STDERR_FILENO)) {
		r.progress = on_progress;
		r.ctx = &drawn_ns;
	}
	bool ok = replay_run(&r, t, &e);
	if (r.progress != NULL)
		fputs("\r\033[K", stderr);
	if (!ok)
		status = cmd_fail("%s", e.text);
	else if (r.requests == 0)
		status = cmd_fail("no requests of Claude Code in these transcripts");
	else
		status = print(&r, cmd_option(what->c, "json") != NULL);
	replay_release(&r);
	return status;
}

static int load_and_replay(struct replaying *r)
{
	struct transcripts t = { 0 };
	int status = CMD_FAILED;
	bool ok = find(&t, r->c);

	for (size_t i = 0; ok && i < r->n; i++)
		ok = load_way(r, i);
	if (ok)
		status = replay(r, &t);
	for (size_t i = 0; i < r->n; i++) {
		config_unref(r->ways[i].config);
		price_book_release(&r->loaded[i].book);
	}
	transcripts_release(&t);
	return status;
}

static int run(const struct cmd *c)
{
	struct replaying *r;
	int status = CMD_USAGE;

	if (c->nargs == 0) {
		cmd_note("replay wants transcripts: a folder or files (see `sluice help replay`)");
		return CMD_USAGE;
	}
	r = must_alloc(sizeof(*r));
	r->c = c;
	r->arena = arena_new();
	if (add_policies(r))
		status = load_and_replay(r);
	arena_free(r->arena);
	free(r);
	return status;
}
