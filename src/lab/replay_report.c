/* SPDX-License-Identifier: MIT */
/* Policies side by side. */
#include "base/clock.h"
#include "lab/replay.h"
#include "wire/json.h"

#include <string.h>

enum { NAME_WIDTH = 32 };

static int64_t input_of(const struct usage *u)
{
	return u->in + u->cache_read + u->cache_write;
}

/* ---- JSON ---- */

static void add_sum(struct buf *out, const struct replay_sum *s)
{
	const struct usage *u = &s->tokens;

	buf_addf(out,
		"\"requests\":%lld,\"unpriced\":%lld,\"nano_usd\":%lld,\"tokens\":{\"input\":%lld,\"cache_read\":%lld,"
		"\"cache_write_5m\":%lld,\"cache_write_1h\":%lld,\"output\":%lld}",
		(long long)s->requests, (long long)s->unpriced, (long long)s->nano,
		(long long)u->in, (long long)u->cache_read,
		(long long)(u->cache_write - u->cache_write_1h), (long long)u->cache_write_1h,
		(long long)u->out);
}

static void add_models(struct buf *out, const struct replay_bill *b)
{
	buf_add(out, STR("\"models\":["));
	for (size_t i = 0; i < b->nmodels; i++) {
		buf_add(out, i > 0 ? STR(",{\"model\":") : STR("{\"model\":"));
		json_add_string(out, str_from(b->models[i].name));
		buf_add_char(out, ',');
		add_sum(out, &b->models[i].sum);
		buf_add_char(out, '}');
	}
	buf_add_char(out, ']');
}

static void add_kinds(struct buf *out, const struct replay_bill *b)
{
	static const char *const names[] = { "main", "subagent", "compaction" };

	buf_add(out, STR("\"kinds\":{"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		buf_addf(out, "%s\"%s\":{", i > 0 ? "," : "", names[i]);
		add_sum(out, &b->kinds[i]);
		buf_add_char(out, '}');
	}
	buf_add_char(out, '}');
}

static void add_way(struct buf *out, const struct replay *r, const struct replay_way *w)
{
	const struct replay_bill *b = &w->bill;

	buf_add(out, STR("{\"policy\":"));
	json_add_string(out, w->policy->name);
	buf_add_char(out, ',');
	add_sum(out, &b->total);
	buf_addf(out,
		",\"changes\":%lld,\"failed\":%lld,\"differs\":%lld,\"retried\":%lld,\"predicted_cache_read\":%lld,",
		(long long)b->changes, (long long)b->failed, (long long)b->differs,
		(long long)b->retried, (long long)b->predicted_read);
	add_models(out, b);
	buf_add_char(out, ',');
	add_kinds(out, b);
	buf_add(out, STR(",\"sessions\":["));
	for (size_t i = 0; i < r->nsessions; i++)
		buf_addf(out, "%s%lld", i > 0 ? "," : "", (long long)w->sessions[i]);
	buf_add(out, STR("],\"errors\":["));
	for (size_t i = 0; i < b->nerrors; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		json_add_string(out, str_from(b->errors[i]));
	}
	buf_add(out, STR("]}"));
}

void replay_json(const struct replay *r, struct buf *out)
{
	const struct replay_notes *n = &r->notes;
	char from[25] = "", to[25] = "";

	if (r->from_ms >= 0) {
		clock_iso(r->from_ms, from);
		clock_iso(r->to_ms, to);
	}
	buf_addf(out,
		"{\"requests\":%lld,\"from\":\"%s\",\"to\":\"%s\",\"lines\":%llu,\"damaged\":%llu,\"too_long\":%llu,"
		"\"sidechains\":%llu,\"foreign\":%llu,\"base\":%zu,\"sessions\":[",
		(long long)r->requests, from, to, (unsigned long long)n->lines,
		(unsigned long long)n->damaged, (unsigned long long)n->too_long,
		(unsigned long long)n->sidechains, (unsigned long long)n->foreign, r->base);
	for (size_t i = 0; i < r->nsessions; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		json_add_string(out, str_from(r->names[i]));
	}
	buf_add(out, STR("],\"policies\":["));
	for (size_t i = 0; i < r->nways; i++) {
		buf_add(out, i > 0 ? STR(",\n") : STR("\n"));
		add_way(out, r, &r->ways[i]);
	}
	buf_add(out, STR("]}\n"));
}

/* ---- text ---- */

/* Adds a text and blanks up to a column; what is longer gets a line of its own. */
static void add_name(struct buf *out, const char *indent, struct str name, size_t width)
{
	buf_addf(out, "%s%.*s", indent, STR_ARG(name));
	size_t n = str_from(indent).n + name.n;

	if (n > width) {
		buf_add_char(out, '\n');
		n = 0;
	}
	for (; n < width; n++)
		buf_add_char(out, ' ');
}

static void add_dollars(struct buf *out, const struct replay_sum *s)
{
	struct buf b;

	buf_init(&b, 64);
	buf_addf(&b, "%s$%.4f", s->unpriced > 0 ? "?" : "", (double)s->nano / 1e9);
	buf_addf(out, "%12.*s", STR_ARG(buf_str(&b)));
	buf_release(&b);
}

static void add_share(struct buf *out, double part, double whole, int width)
{
	if (whole > 0)
		buf_addf(out, "%*.1f %%", width - 2, 100 * part / whole);
	else
		buf_addf(out, "%*s", width, "-");
}

static void add_line(struct buf *out, const struct replay *r, const struct replay_way *w)
{
	const struct replay_bill *b = &w->bill;
	const struct usage *u = &b->total.tokens;

	add_name(out, "", w->policy->name, NAME_WIDTH);
	add_dollars(out, &b->total);
	add_share(out, (double)b->total.nano, (double)r->ways[r->base].bill.total.nano, 11);
	add_share(out, (double)u->cache_read, (double)input_of(u), 12);
	buf_addf(out, "%9lld\n", (long long)b->changes);
}

static void add_models_text(struct buf *out, const struct replay_way *w)
{
	const struct replay_bill *b = &w->bill;

	buf_addf(out, "\n%.*s\n", STR_ARG(w->policy->name));
	for (size_t i = 0; i < b->nmodels; i++) {
		const struct replay_sum *s = &b->models[i].sum;
		add_name(out, "  ", str_from(b->models[i].name), NAME_WIDTH);
		add_dollars(out, s);
		add_share(out, (double)s->nano, (double)b->total.nano, 11);
		add_share(out, (double)s->tokens.cache_read, (double)input_of(&s->tokens), 12);
		buf_addf(out, "%9lld\n", (long long)s->requests);
	}
}

static void add_wrong(struct buf *out, const struct replay_way *w)
{
	const struct replay_bill *b = &w->bill;

	if (b->failed + b->differs + b->total.unpriced > 0)
		buf_addf(out, "\n%.*s\n", STR_ARG(w->policy->name));
	if (b->failed + b->differs > 0)
		buf_addf(out,
			"  %lld requests failed, %lld were answered otherwise: do not compare.\n",
			(long long)b->failed, (long long)b->differs);
	for (size_t i = 0; i < b->nerrors; i++)
		buf_addf(out, "  %.76s\n", b->errors[i]);
	if (b->total.unpriced > 0)
		buf_addf(out,
			"  The prices of %lld requests are not known; they count as nothing.\n",
			(long long)b->total.unpriced);
}

static void add_notes(struct buf *out, const struct replay_notes *n)
{
	unsigned long long unreadable = n->damaged + n->too_long;

	if (unreadable > 0)
		buf_addf(out, "\n%llu lines could not be read.\n", unreadable);
	if (n->sidechains > 0)
		buf_addf(out,
			"\n%llu lines of agents stand in the file of the main loop, as old versions wrote\n"
			"them: left out.\n",
			(unsigned long long)n->sidechains);
	if (n->foreign > 0)
		buf_addf(out, "\n%llu files are not Claude Code's: left out.\n",
			(unsigned long long)n->foreign);
}

void replay_text(const struct replay *r, struct buf *out)
{
	char from[25] = "", to[25] = "";

	if (r->from_ms >= 0) {
		clock_iso(r->from_ms, from);
		clock_iso(r->to_ms, to);
	}
	buf_addf(out, "%lld requests of %zu session%s, %.10s to %.10s\n\n", (long long)r->requests,
		r->nsessions, r->nsessions == 1 ? "" : "s", from, to);
	buf_addf(out, "%-*s%12s%11s%12s%9s\n", NAME_WIDTH, "policy", "bill", "of asked",
		"cache hits", "changes");
	for (size_t i = 0; i < r->nways; i++)
		add_line(out, r, &r->ways[i]);
	buf_addf(out, "\n%-*s%12s%11s%12s%9s\n", NAME_WIDTH, "models that answer", "bill",
		"of bill", "cache hits", "requests");
	for (size_t i = 0; i < r->nways; i++)
		add_models_text(out, &r->ways[i]);
	for (size_t i = 0; i < r->nways; i++)
		add_wrong(out, &r->ways[i]);
	add_notes(out, &r->notes);
	buf_add(out,
		STR("\nReplies are the recorded ones whatever model is asked: a cheaper model that\n"
		    "needs more turns costs more. Amounts compare with each other, not with an\n"
		    "invoice.\n"));
}
