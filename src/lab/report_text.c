/* SPDX-License-Identifier: MIT */
/* An audit as tables that fit a terminal of 80 columns and use what is wider. */
#include "lab/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	WIDTH_MIN = 80,
	WIDTH_MAX = 140,
	WIDE = 100, /* from here on writes for an hour have a column of their own */
	SHOWN_ROWS = 8,
	SHOWN_DAYS = 14,
	SHOWN_LOSSES = 10,
};

struct page {
	const struct audit *a;
	const struct audit_view *v;
	struct buf *out;
	unsigned width;
};

/* ---- words and numbers ---- */

static void heading(struct page *p, const char *text, unsigned columns)
{
	int pad = columns > strlen(text) ? (int)(columns - strlen(text)) : 0;

	buf_addf(p->out, "%s%s%s%*s", p->v->colour ? "\033[1m" : "", text,
		p->v->colour ? "\033[0m" : "", pad, "");
}

static void dim(struct page *p, bool on)
{
	if (p->v->colour)
		buf_add(p->out, on ? STR("\033[2m") : STR("\033[0m"));
}

/* How many columns a text takes: its UTF-8 characters. */
static unsigned columns_of(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

/* Text from a file: what could move the cursor becomes a question mark. */
static void add_clean(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool control = c < 0x20 || c == 0x7F ||
			       (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0);
		buf_add_char(out, control ? '?' : (char)c);
	}
}

/* As much of a session's name as there is room for: it is known by its beginning. */
static struct str beginning(struct str name, unsigned columns)
{
	while (columns_of(name) > columns)
		name.n--;
	return name;
}

/* A name, its end when it is too long, and blanks up to `columns`. */
static void add_name(struct buf *out, struct str name, unsigned columns)
{
	unsigned have = columns_of(name);

	if (have > columns) {
		for (; have > columns - 2; have--) {
			name = str_from_offset(name, 1);
			while (name.n > 0 && ((unsigned char)*name.p & 0xC0) == 0x80)
				name = str_from_offset(name, 1);
		}
		buf_add(out, STR(".."));
		have += 2;
	}
	add_clean(out, name);
	buf_addf(out, "%*s", (int)(columns - have), "");
}

static void add_right(struct buf *out, struct str s, unsigned columns)
{
	buf_addf(out, "%*.*s", (int)columns, STR_ARG(s));
}

/* "1.2M" */
static void add_count(struct buf *out, int64_t n, unsigned columns)
{
	static const char units[] = "KMGT";
	double value = (double)n / 1000;
	size_t unit = 0;
	char text[32];

	for (; value >= 999.95 && unit + 2 < sizeof(units); unit++)
		value /= 1000;
	if (n < 10000)
		snprintf(text, sizeof(text), "%d", (int)n);
	else
		snprintf(text, sizeof(text), "%.1f%c", value, units[unit]);
	add_right(out, str_from(text), columns);
}

static void add_dollars(struct buf *out, int64_t nusd, bool partly, unsigned columns)
{
	struct buf b;

	buf_init(&b, 64);
	cost_print(&b, nusd);
	if (partly)
		buf_add_char(&b, '?');
	add_right(out, buf_str(&b), columns);
	buf_release(&b);
}

/* "97.1 %"; nothing without a whole. */
static void add_share(struct buf *out, int64_t part, int64_t whole, unsigned columns)
{
	char text[32] = "";

	if (whole > 0)
		snprintf(text, sizeof(text), "%.1f %%", (double)part * 100 / (double)whole);
	add_right(out, str_from(text), columns);
}

/* "2026-02-11 21:24", or only the day. */
static struct str moment(int64_t at_ms, bool day, char ret[32])
{
	time_t t = (time_t)(at_ms / 1000);
	struct tm tm;

	if (at_ms < 0 || localtime_r(&t, &tm) == NULL ||
		strftime(ret, 32, day ? "%Y-%m-%d" : "%Y-%m-%d %H:%M", &tm) == 0)
		return str_from(day ? "unknown" : "         unknown");
	return str_from(ret);
}

/* "42 s", "7 min", "3 h", "2 d" */
static void add_pause(struct buf *out, int64_t ms, unsigned columns)
{
	char text[32] = "";
	int64_t s = ms / 1000;

	if (ms >= 0 && s < 120)
		snprintf(text, sizeof(text), "%lld s", (long long)s);
	else if (ms >= 0 && s < 7200)
		snprintf(text, sizeof(text), "%lld min", (long long)(s / 60));
	else if (ms >= 0 && s < 172800)
		snprintf(text, sizeof(text), "%lld h", (long long)(s / 3600));
	else if (ms >= 0)
		snprintf(text, sizeof(text), "%lld d", (long long)(s / 86400));
	add_right(out, str_from(text), columns);
}

/* A point of a list, broken at blanks. */
static void add_point(struct page *p, const char *text)
{
	struct str rest = str_from(text), word;
	unsigned at = 3;

	dim(p, true);
	buf_add(p->out, STR("  -"));
	while (str_split(&rest, ' ', &word)) {
		unsigned n = columns_of(word);
		if (at + 1 + n > p->width) {
			buf_add(p->out, STR("\n   "));
			at = 3;
		}
		buf_add_char(p->out, ' ');
		buf_add(p->out, word);
		at += 1 + n;
	}
	dim(p, false);
	buf_add_char(p->out, '\n');
}

/* ---- what was spent ---- */

static void add_part(struct page *p, const char *name, int64_t tokens, int64_t nusd)
{
	bool partly = p->a->total.unpriced > 0;

	buf_addf(p->out, "  %-26s", name);
	add_count(p->out, tokens, 10);
	add_dollars(p->out, nusd, partly, 14);
	add_share(p->out, nusd, p->a->total.cost.total, 10);
	buf_add_char(p->out, '\n');
}

static void add_total(struct page *p)
{
	const struct amounts *t = &p->a->total;
	const struct audit_notes *n = &p->a->notes;
	char from[32], to[32];

	moment(p->a->from_ms, true, from);
	buf_addf(p->out, "%lld request%s in %zu session%s, %s to %s\n\n", (long long)t->requests,
		t->requests == 1 ? "" : "s", p->a->sessions.n, p->a->sessions.n == 1 ? "" : "s",
		p->a->from_ms < 0 ? "unknown" : from,
		p->a->to_ms < 0 ? "unknown" : moment(p->a->to_ms, true, to).p);
	heading(p, "Spent", 28);
	buf_addf(p->out, "%10s%14s%10s\n", "tokens", "cost", "share");
	add_part(p, "input, not cached", t->tokens.in, t->cost.in);
	add_part(p, "read from the cache", t->tokens.cache_read, t->cost.cache_read);
	add_part(p, "written for 5 minutes", t->tokens.cache_write - t->tokens.cache_write_1h,
		t->cost.cache_write_5m);
	add_part(p, "written for 1 hour", t->tokens.cache_write_1h, t->cost.cache_write_1h);
	add_part(p, n->automatic < (uint64_t)t->requests ? "output, at least" : "output",
		t->tokens.out, t->cost.out);
	add_part(p, "total", usage_input(&t->tokens) + t->tokens.out, t->cost.total);
	buf_addf(p->out, "  %-26s", "read of all input");
	add_share(p->out, t->tokens.cache_read, usage_input(&t->tokens), 10);
	buf_add_char(p->out, '\n');
}

/* ---- groups ---- */

/* The columns behind the name; the 1 h column stands on wide pages only. */
enum { REQUESTS = 6, COUNT = 7, WRITES = 8, HIT = 7, COST = 10 };
enum { NUMBERS = REQUESTS + 3 * COUNT + WRITES + HIT + COST };

static unsigned name_columns(const struct page *p)
{
	return p->width - NUMBERS - (p->width >= WIDE ? WRITES : 0);
}

static void add_head(struct page *p, const char *title)
{
	heading(p, title, name_columns(p));
	buf_addf(p->out, "%*s%*s%*s", REQUESTS, "calls", COUNT, "input", COUNT, "read");
	if (p->width >= WIDE)
		buf_addf(p->out, "%*s%*s", WRITES, "5 min", WRITES, "1 hour");
	else
		buf_addf(p->out, "%*s", WRITES, "written");
	buf_addf(p->out, "%*s%*s%*s\n", COUNT, "output", HIT, "hit", COST, "cost");
}

static void add_row(struct page *p, struct str name, const struct amounts *a)
{
	const struct usage *u = &a->tokens;
	int64_t hour = p->width >= WIDE ? u->cache_write_1h : 0;

	buf_add(p->out, STR("  "));
	add_name(p->out, name, name_columns(p) - 2);
	add_count(p->out, a->requests, REQUESTS);
	add_count(p->out, u->in, COUNT);
	add_count(p->out, u->cache_read, COUNT);
	add_count(p->out, u->cache_write - hour, WRITES);
	if (p->width >= WIDE)
		add_count(p->out, hour, WRITES);
	add_count(p->out, u->out, COUNT);
	add_share(p->out, u->cache_read, usage_input(u), HIT);
	add_dollars(p->out, a->cost.total, a->unpriced > 0, COST);
	buf_add_char(p->out, '\n');
}

/* At most `most` rows, those that come last for days and first for others; the rest as one. */
static void add_group(struct page *p, enum audit_by by, const char *title, size_t most)
{
	const struct tally *t = audit_tally(p->a, by);
	size_t n, *order = audit_order(t, by == BY_DAY, &n);
	size_t shown = n > most ? most - 1 : n, from = by == BY_DAY ? n - shown : 0;
	struct amounts rest = { 0 };
	char name[64];

	buf_add_char(p->out, '\n');
	add_head(p, title);
	for (size_t i = 0; i < n; i++)
		if (i < from || i >= from + shown)
			amounts_add(&rest, &t->rows[order[i]].sum);
	snprintf(name, sizeof(name), "%zu %s", n - shown, by == BY_DAY ? "earlier" : "others");
	if (from > 0)
		add_row(p, str_from(name), &rest);
	for (size_t i = from; i < from + shown; i++)
		add_row(p,
			by == BY_SESSION ? beginning(t->rows[order[i]].name, name_columns(p) - 2)
					 : t->rows[order[i]].name,
			&t->rows[order[i]].sum);
	if (from == 0 && shown < n)
		add_row(p, str_from(name), &rest);
	free(order);
}

/* ---- what was lost ---- */

static const char *const cause_titles[CAUSES] = {
	[CAUSE_TTL] = "idle longer than it lives",
	[CAUSE_COMPACTION] = "history compacted",
	[CAUSE_MODEL] = "model switched",
	[CAUSE_PREFIX] = "prefix changed",
};

static void add_cause(struct page *p, const char *name, const struct audit_cause *c)
{
	buf_addf(p->out, "  %-34s", name);
	add_count(p->out, c->times, 8);
	add_count(p->out, c->tokens, 12);
	add_dollars(p->out, c->nusd, c->unpriced > 0, 14);
	add_share(p->out, c->nusd, p->a->total.cost.total, 10);
	buf_add_char(p->out, '\n');
}

static struct audit_cause all_losses(const struct audit *a)
{
	struct audit_cause all = { 0 };

	for (size_t i = CAUSE_NONE + 1; i < CAUSES; i++) {
		all.times += a->causes[i].times;
		all.unpriced += a->causes[i].unpriced;
		tally_sum(&all.tokens, a->causes[i].tokens);
		tally_sum(&all.nusd, a->causes[i].nusd);
	}
	return all;
}

static void add_causes(struct page *p)
{
	struct audit_cause all = all_losses(p->a);

	buf_add_char(p->out, '\n');
	heading(p, "Lost from the cache", 36);
	buf_addf(p->out, "%8s%12s%14s%10s\n", "times", "tokens", "cost", "of bill");
	for (size_t i = CAUSE_NONE + 1; i < CAUSES; i++)
		if (p->a->causes[i].times > 0)
			add_cause(p, cause_titles[i], &p->a->causes[i]);
	add_cause(p, "total", &all);
	add_cause(p, "besides: every first request", &p->a->first);
}

/* At most 21 columns. */
static const char *why(const struct audit_loss *l)
{
	static const char *const changed[TRACES] = {
		[TRACE_ALL] = "changed, nothing left",
		[TRACE_START] = "changed at the start",
		[TRACE_SHRUNK] = "history taken back",
		[TRACE_PART] = "changed on the way",
	};

	switch (l->cause) {
	case CAUSE_TTL:
		if (l->ttl_ms == TTL_HOUR_MS)
			return "idle over 1 hour";
		return l->ttl_ms == TTL_MINUTES_MS ? "idle over 5 min" : "idle over 10 min";
	case CAUSE_COMPACTION:
		return "compacted";
	case CAUSE_MODEL:
		return "model switched";
	default:
		return l->updated ? "client updated" : changed[l->trace];
	}
}

/* The last folder of a project, and the beginning of a session's name. */
static void add_where(struct page *p, const struct audit_loss *l)
{
	struct str project = p->a->projects.rows[l->project].name;
	struct str session = p->a->sessions.rows[l->session].name;

	for (size_t i = project.n; i > 1; i--) {
		if (project.p[i - 1] == '/' && i < project.n) {
			project = str_from_offset(project, i);
			break;
		}
	}
	session.n = session.n < 8 ? session.n : 8;
	add_name(p->out, project, p->width - (p->width >= WIDE ? 76 : 71));
	buf_add_char(p->out, ' ');
	add_name(p->out, session, 8);
}

static void add_losses(struct page *p, size_t most)
{
	bool wide = p->width >= WIDE;

	if (p->a->nlosses == 0)
		return;
	buf_add_char(p->out, '\n');
	heading(p, "The dearest", wide ? 18 : 13);
	buf_addf(p->out, "%9s%8s%8s  %-22s%s\n", "cost", "tokens", "pause", "why", "where");
	for (size_t i = 0; i < p->a->nlosses && i < most; i++) {
		const struct audit_loss *l = &p->a->losses[i];
		char at[32];
		buf_add(p->out, STR("  "));
		buf_add(p->out, str_from_offset(moment(l->at_ms, false, at), wide ? 0 : 5));
		if (l->nusd >= 0)
			add_dollars(p->out, l->nusd, false, 9);
		else
			add_right(p->out, STR("?"), 9);
		add_count(p->out, l->tokens, 8);
		/* Between there was the request for the summary. */
		add_pause(p->out, l->cause == CAUSE_COMPACTION ? -1 : l->gap_ms, 8);
		buf_addf(p->out, "  %-21s ", why(l));
		add_where(p, l);
		buf_add_char(p->out, '\n');
	}
}

/* ---- what would have been ---- */

static void add_profiles(struct page *p)
{
	int64_t was = p->a->bill.nusd[PROFILE_OBSERVE];
	char difference[32];

	if (p->a->bill.requests == 0)
		return;
	buf_add_char(p->out, '\n');
	heading(p, "What would have been", 36);
	buf_addf(p->out, "%14s\n", "cost");
	for (size_t i = 0; i < PROFILES; i++) {
		int64_t more = p->a->bill.nusd[i] - was;
		snprintf(difference, sizeof(difference), "%+.1f %%",
			was > 0 ? (double)more * 100 / (double)was : 0.0);
		buf_addf(p->out, "  %-34s", profiles[i].title);
		add_dollars(p->out, p->a->bill.nusd[i], false, 14);
		add_right(p->out, more == 0 ? STR("the same") : str_from(difference), 12);
		buf_add_char(p->out, '\n');
	}
}

/* ---- remarks ---- */

static void remark(struct page *p, uint64_t n, const char *one, const char *many)
{
	char text[256];

	if (n == 0)
		return;
	snprintf(text, sizeof(text), "%llu %s", (unsigned long long)n, n == 1 ? one : many);
	add_point(p, text);
}

static void add_unknown_models(struct page *p)
{
	size_t n, *order = audit_order(&p->a->models, false, &n);
	bool any = false;
	struct buf text;

	buf_init(&text, 4096);
	for (size_t i = 0; i < n; i++) {
		const struct tally_row *r = &p->a->models.rows[order[i]];
		if (r->sum.unpriced == 0)
			continue;
		buf_add(&text,
			any ? STR(", ") : STR("?: no price is known, and nothing added, for "));
		add_clean(&text, r->name);
		any = true;
	}
	buf_add_char(&text, '\0');
	if (any && !text.overflow)
		add_point(p, text.p);
	buf_release(&text);
	free(order);
}

static void add_troubles(struct page *p)
{
	for (size_t i = 0; i < p->a->ntroubles && i < SHOWN_ROWS; i++) {
		const struct audit_trouble *t = &p->a->troubles[i];
		buf_add(p->out, STR("    "));
		add_name(p->out, str_from(t->path), p->width - 4 - 24);
		if (t->error != 0)
			buf_addf(p->out, " %s\n", strerrordesc_np(t->error));
		else if (t->foreign)
			buf_add(p->out, STR(" no transcript\n"));
		else if (t->damaged > 0)
			buf_addf(p->out, " %llu damaged\n", (unsigned long long)t->damaged);
		else if (t->too_long > 0)
			buf_addf(p->out, " %llu too long\n", (unsigned long long)t->too_long);
		else
			buf_add(p->out, STR(" last line unfinished\n"));
	}
	if (p->a->ntroubles > SHOWN_ROWS)
		buf_addf(p->out, "    and %zu more, see --json\n", p->a->ntroubles - SHOWN_ROWS);
}

static void add_remarks(struct page *p)
{
	const struct audit_notes *n = &p->a->notes;

	buf_add_char(p->out, '\n');
	heading(p, "Remarks", 0);
	buf_add_char(p->out, '\n');
	add_unknown_models(p);
	if (n->automatic < (uint64_t)p->a->total.requests)
		add_point(p,
			"output is a lower bound: Claude Code often records the count with which a reply began");
	add_point(p,
		"observe is sluice's only profile so far; others will be reckoned here once they exist");
	remark(p, n->copies, "request stands in two transcripts, and counts once",
		"requests stand in several transcripts, and count once");
	remark(p, n->late, "request could not be compared with earlier ones",
		"requests could not be compared with earlier ones: too many");
	remark(p, n->searches, "web search, not priced", "web searches, not priced");
	remark(p, n->fast, "request in fast mode, priced as any",
		"requests in fast mode, priced as any");
	remark(p, n->unreadable, "file or folder could not be read",
		"files or folders could not be read");
	remark(p, n->foreign, "file is no transcript", "files are no transcripts");
	remark(p, n->damaged, "damaged line", "damaged lines");
	remark(p, n->too_long, "line too long", "lines too long");
	remark(p, n->unfinished, "file ends in the middle of a line",
		"files end in the middle of a line");
	add_troubles(p);
}

static void add_assumptions(struct page *p)
{
	char text[512];

	for (size_t i = 0; i < PROFILES; i++) {
		snprintf(text, sizeof(text), "%s: %s", profiles[i].title, profiles[i].assumes);
		add_point(p, text);
	}
}

void audit_text(const struct audit *a, const struct audit_view *v, struct buf *out)
{
	static const char *const titles[BY_COUNT] = { "By day", "By project", "By model", "By kind",
		"By session" };
	unsigned width = v->width < WIDTH_MIN ? WIDTH_MIN : v->width;
	struct page p = { a, v, out, width < WIDTH_MAX ? width : WIDTH_MAX };

	add_total(&p);
	if (v->by != BY_ALL) {
		add_group(&p, v->by, titles[v->by], SIZE_MAX);
		add_remarks(&p);
		return;
	}
	add_group(&p, BY_MODEL, titles[BY_MODEL], SHOWN_ROWS);
	add_group(&p, BY_KIND, titles[BY_KIND], SHOWN_ROWS);
	add_group(&p, BY_PROJECT, titles[BY_PROJECT], SHOWN_ROWS);
	add_group(&p, BY_DAY, titles[BY_DAY], SHOWN_DAYS);
	add_causes(&p);
	add_losses(&p, SHOWN_LOSSES);
	add_profiles(&p);
	add_assumptions(&p);
	add_remarks(&p);
}
