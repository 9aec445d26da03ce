/* SPDX-License-Identifier: MIT */
/* Finds features: one anchored match where each sentence begins, one search for phrases, one look-up a word, and counts. */
#include "text/features.h"

#include "base/buf.h"
#include "text/patterns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
	BUCKETS = 2048,
	KEY_BYTES = 4,
	ACTS_MAX = 8, /* sentences whose beginning is looked at */
	MATCH_LIMIT = 100000,
	SCRATCH_BYTES = 1024,
	FILES_MAX = 4,
	LETTERS = 64, /* what letter_of() tells apart, rounded up */
	LETTERS_USED = 60,
};

/* A word, or with `prefix` the beginning of words. */
struct entry {
	struct str text;
	uint32_t means;
	uint16_t next; /* in the same bucket; 0: none */
	bool prefix;
};

struct patterns {
	pcre2_code *acts, *phrases;
	pcre2_match_context *limits;
	bool jit;
	/* With which three characters phrases begin; by the first two, a bit for each third (letter_of()). */
	uint64_t begins[LETTERS * LETTERS];
	uint16_t bucket[BUCKETS];
	struct entry *entry; /* from 1 on */
	size_t n, cap;
};

#define X(name, text) STR_INIT(text),
static const struct str names[] = { FEATURES_OF_ACTS(X) FEATURES_OF_WORDS(X) FEATURES_OF_SHAPE(X) };
#undef X

struct str feature_name(enum prompt_feature f)
{
	return names[f];
}

/* ---- compiling ---- */

/* Adds "(?:text)(*MARK:feature)", with spaces for tildes. */
static void add_row(struct buf *b, const struct phrase *row, bool first)
{
	buf_addf(b, "%s(?:", first ? "" : "|");
	for (const char *c = row->text; *c != '\0'; c++)
		buf_add_char(b, *c == '~' ? ' ' : *c);
	buf_addf(b, ")(*MARK:%d)", (int)row->feature);
}

/* The patterns are part of the program: one that does not compile is a defect. */
static pcre2_code *compile(struct buf *b, uint32_t options)
{
	int code;
	size_t at;
	pcre2_code *re;

	assert(!b->overflow);
	re = pcre2_compile((PCRE2_SPTR)b->p, b->n,
		PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_DOTALL | options, &code, &at,
		NULL);
	assert(re != NULL);
	buf_release(b);
	return re;
}

static pcre2_code *compile_acts(void)
{
	struct buf b;
	bool first = true;

	buf_init(&b, 1 << 20);
	buf_addf(&b, "(?:%s(?:", patterns_polite);
	for (size_t i = 0; i < patterns_nacts; i++) {
		if (patterns_of_acts[i].feature == FEATURE_GREETING)
			continue;
		add_row(&b, &patterns_of_acts[i], first);
		first = false;
	}
	/* What is polite in front of something is all there is to a greeting. */
	buf_addf(&b, ")|");
	add_row(&b, &patterns_of_acts[0], true);
	buf_addf(&b, ")");
	return compile(&b, PCRE2_ANCHORED);
}

static pcre2_code *compile_phrases(void)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_addf(&b, "(?:");
	for (size_t i = 0; i < patterns_nphrases; i++)
		add_row(&b, &patterns_of_phrases[i], i == 0);
	buf_addf(&b, ")\\b");
	return compile(&b, PCRE2_ANCHORED);
}

/* The folded character at the beginning of s as a small number: 0 for a digit, 1 for what is no letter; *ret_n: its bytes. */
static unsigned letter_of(struct str s, size_t *ret_n)
{
	unsigned char c = s.n > 0 ? (unsigned char)s.p[0] : 0,
		      d = s.n > 1 ? (unsigned char)s.p[1] : 0;

	*ret_n = 1;
	if (c >= '0' && c <= '9')
		return 0;
	if (c >= 'a' && c <= 'z')
		return 2 + c - 'a';
	if ((c == 0xD0 && d >= 0xB0) || (c == 0xD1 && d >= 0x80 && d < 0x90)) {
		*ret_n = 2;
		return 28 + (c == 0xD0 ? d - 0xB0u : 16 + d - 0x80u);
	}
	return 1;
}

/* The other way round. */
static size_t put_letter(char *to, unsigned letter)
{
	if (letter < 28) {
		to[0] = (char)(letter == 0 ? '1' : letter == 1 ? ' ' : 'a' + letter - 2);
		return 1;
	}
	to[0] = (char)(letter < 44 ? 0xD0 : 0xD1);
	to[1] = (char)(letter < 44 ? 0xB0 + letter - 28 : 0x80 + letter - 44);
	return 2;
}

/* Whether a phrase may go on behind that beginning, or be all of it. */
static bool is_beginning(const struct patterns *p, pcre2_match_data *match, struct str text)
{
	int got = pcre2_match(p->phrases, (PCRE2_SPTR)text.p, text.n, 0,
		PCRE2_NO_UTF_CHECK | PCRE2_PARTIAL_HARD, match, NULL);

	return got >= 0 || got == PCRE2_ERROR_PARTIAL;
}

/* Asks the compiled phrases themselves how they may begin, so that most words need not be tried. */
static void find_beginnings(struct patterns *p)
{
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);
	char text[6];

	assert(match != NULL);
	for (unsigned i = 0; i < LETTERS * LETTERS; i++) {
		size_t n = put_letter(text, i / LETTERS);
		n += put_letter(text + n, i % LETTERS);
		if (i / LETTERS >= LETTERS_USED || i % LETTERS >= LETTERS_USED ||
			!is_beginning(p, match, (struct str){ text, n }))
			continue;
		for (unsigned k = 0; k < LETTERS_USED; k++) {
			size_t m = put_letter(text + n, k);
			if (is_beginning(p, match, (struct str){ text, n + m }))
				p->begins[i] |= UINT64_C(1) << k;
		}
	}
	pcre2_match_data_free(match);
}

static unsigned bucket_of(struct str word)
{
	uint32_t key = 0;

	memcpy(&key, word.p, word.n < KEY_BYTES ? word.n : KEY_BYTES);
	return (key * 2654435761u) >> 21;
}

static void add_entry(struct patterns *p, struct str text, uint32_t means)
{
	bool prefix = text.p[text.n - 1] == '*';
	unsigned bucket;

	text.n -= prefix;
	assert(!prefix || text.n >= KEY_BYTES);
	if (p->n + 1 >= p->cap) {
		p->cap = p->cap > 0 ? p->cap * 2 : 1024;
		p->entry = must_realloc(p->entry, p->cap * sizeof(*p->entry));
	}
	bucket = bucket_of(text);
	p->entry[++p->n] = (struct entry){ text, means, p->bucket[bucket], prefix };
	p->bucket[bucket] = (uint16_t)p->n;
}

static void add_words(struct patterns *p, const struct phrase *row)
{
	struct str rest = str_from(row->text), word;

	while (str_split(&rest, ' ', &word))
		if (word.n > 0)
			add_entry(p, word, UINT32_C(1) << (row->feature - FEATURE_SMALL));
}

struct patterns *patterns_new(void)
{
	struct patterns *p = must_alloc(sizeof(*p));

	_Static_assert(FEATURE_MEANINGS <= 32, "meanings are bits");
	assert(patterns_of_acts[0].feature == FEATURE_GREETING);
	p->acts = compile_acts();
	p->phrases = compile_phrases();
	/* Where memory may not be executed they run without: slower, the same result. */
	p->jit = pcre2_jit_compile(p->acts, PCRE2_JIT_COMPLETE) == 0 &&
		 pcre2_jit_compile(p->phrases, PCRE2_JIT_COMPLETE | PCRE2_JIT_PARTIAL_HARD) == 0;
	find_beginnings(p);
	p->limits = pcre2_match_context_create(NULL);
	assert(p->limits != NULL);
	pcre2_set_match_limit(p->limits, MATCH_LIMIT);
	for (size_t i = 0; i < patterns_nwords; i++)
		add_words(p, &patterns_of_words[i]);
	return p;
}

void patterns_free(struct patterns *p)
{
	if (p == NULL)
		return;
	pcre2_code_free(p->acts);
	pcre2_code_free(p->phrases);
	pcre2_match_context_free(p->limits);
	free(p->entry);
	free(p);
}

/* ---- matching ---- */

/* What the library keeps during a match lies on the stack; the heap serves what does not fit. */
struct scratch {
	size_t used;
	max_align_t mem[SCRATCH_BYTES / sizeof(max_align_t)];
};

static void *scratch_alloc(size_t size, void *ctx)
{
	struct scratch *s = ctx;
	size_t n = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t);

	if (n > ARRAY_LEN(s->mem) - s->used)
		return must_alloc(size);
	s->used += n;
	return s->mem + s->used - n;
}

static void scratch_free(void *mem, void *ctx)
{
	struct scratch *s = ctx;

	if ((uintptr_t)mem < (uintptr_t)s->mem ||
		(uintptr_t)mem >= (uintptr_t)(s->mem + ARRAY_LEN(s->mem)))
		free(mem);
}

struct finder {
	const struct patterns *p;
	struct fold *f;
	pcre2_match_data *match;
	float *value;
	unsigned count[PROMPT_FEATURES];
};

/* The feature whose pattern matches at or after `at`, which is moved behind it; -1 without one. */
static int match(struct finder *d, const pcre2_code *re, size_t *at)
{
	PCRE2_SPTR text = (PCRE2_SPTR)d->f->text;
	int n = d->p->jit ? pcre2_jit_match(re, text, d->f->n, *at, 0, d->match, d->p->limits)
			  : pcre2_match(re, text, d->f->n, *at, PCRE2_NO_UTF_CHECK, d->match,
				    d->p->limits);

	if (n < 0)
		return -1;
	PCRE2_SPTR mark = pcre2_get_mark(d->match);
	*at = pcre2_get_ovector_pointer(d->match)[1];
	uint64_t feature;
	if (mark == NULL || !str_to_u64(str_from((const char *)mark), &feature))
		return -1;
	return (int)feature;
}

/* What the first sentence does counts more than what the others do. */
static void find_acts(struct finder *d)
{
	unsigned seen = 0;

	for (size_t i = 0; i < d->f->nwords && seen < ACTS_MAX; i++) {
		if (!d->f->word[i].begins)
			continue;
		size_t at = d->f->word[i].at;
		int found = match(d, d->p->acts, &at);
		if (found >= 0 && d->value[found] < 1.5f)
			d->value[found] += seen == 0 ? 1.0f : 0.5f;
		seen++;
	}
}

/* Whether a phrase may begin there. */
static bool may_begin(const struct patterns *p, struct str rest)
{
	size_t n, m;
	unsigned first = letter_of(rest, &n);
	unsigned second = letter_of(str_from_offset(rest, n), &m);
	unsigned third = letter_of(str_from_offset(rest, n + m), &m);

	return (p->begins[first * LETTERS + second] >> third & 1) != 0;
}

static void find_phrases(struct finder *d)
{
	size_t end = 0;
	struct str text = { d->f->text, d->f->n };

	for (size_t i = 0; i < d->f->nwords; i++) {
		size_t at = d->f->word[i].at;
		if (at < end || !may_begin(d->p, str_from_offset(text, at)))
			continue;
		int found = match(d, d->p->phrases, &at);
		if (found < 0)
			continue;
		d->count[found]++;
		end = at;
	}
}

static uint32_t meaning_of(const struct patterns *p, struct str word)
{
	uint32_t means = 0;

	for (unsigned i = p->bucket[bucket_of(word)]; i != 0; i = p->entry[i].next) {
		const struct entry *e = &p->entry[i];
		if (e->prefix ? str_starts(word, e->text) : str_eq(word, e->text))
			means |= e->means;
	}
	return means;
}

/* Directly within quotes: what is quoted is to be written or found, and says nothing of what is to be done. */
static bool is_quoted(const struct fold *f, const struct fold_word *w)
{
	const char *from = f->text + w->at, *to = from + w->n;
	size_t left = f->n - w->at - w->n;

	return from[-1] == '"' || from[-1] == '\'' ||
	       (w->at > 1 && from[-2] == '\xC2' && from[-1] == '\xAB') ||
	       (left > 0 && (*to == '"' || *to == '\'')) ||
	       (left > 1 && to[0] == '\xC2' && to[1] == '\xBB');
}

/* Parts of names of files, of addresses and of identifiers say nothing of what is to be done. */
static bool is_part(const struct fold *f, const struct fold_word *w)
{
	size_t end = (size_t)w->at + w->n;

	return (strchr("./\\@", f->text[w->at - 1]) != NULL && w->at > 1 &&
		       f->text[w->at - 2] != ' ') ||
	       f->text[w->at - 1] == '/' || f->text[w->at - 1] == '.' ||
	       (end + 1 < f->n && strchr("./\\", f->text[end]) != NULL && f->text[end + 1] != ' ');
}

static void find_words(struct finder *d)
{
	for (size_t i = 0; i < d->f->nwords; i++) {
		struct fold_word *w = &d->f->word[i];
		bool named = is_part(d->f, w) || is_quoted(d->f, w);
		uint32_t means = named ? 0 : meaning_of(d->p, fold_word_str(d->f, i));
		w->means = means;
		for (; means != 0; means &= means - 1)
			d->count[FEATURE_SMALL + __builtin_ctz(means)]++;
	}
	for (int i = FEATURE_SMALL; i < FEATURE_BIAS; i++)
		d->value[i] = d->count[i] == 0   ? 0
			      : d->count[i] == 1 ? 1
			      : d->count[i] == 2 ? 1.5f
						 : 2;
}

/* ---- files ---- */

static bool is_extension(struct str s)
{
	static const struct str known[] = { STR_INIT("c"), STR_INIT("h"), STR_INIT("cc"),
		STR_INIT("cpp"), STR_INIT("hpp"), STR_INIT("cs"), STR_INIT("go"), STR_INIT("rs"),
		STR_INIT("py"), STR_INIT("rb"), STR_INIT("js"), STR_INIT("jsx"), STR_INIT("ts"),
		STR_INIT("tsx"), STR_INIT("vue"), STR_INIT("java"), STR_INIT("kt"),
		STR_INIT("swift"), STR_INIT("php"), STR_INIT("sql"), STR_INIT("sh"),
		STR_INIT("html"), STR_INIT("css"), STR_INIT("scss"), STR_INIT("json"),
		STR_INIT("yaml"), STR_INIT("yml"), STR_INIT("toml"), STR_INIT("md"),
		STR_INIT("txt"), STR_INIT("xml"), STR_INIT("lock"), STR_INIT("env"),
		STR_INIT("proto"), STR_INIT("tf"), STR_INIT("ipynb"), STR_INIT("csv"),
		STR_INIT("log"), STR_INIT("ini"), STR_INIT("cfg"), STR_INIT("conf"),
		STR_INIT("lua"), STR_INIT("ex"), STR_INIT("scala"), STR_INIT("dart"),
		STR_INIT("svelte"), STR_INIT("mjs") };

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(s, known[i]))
			return true;
	return false;
}

/* What stands between spaces, without the punctuation around it. */
static bool is_file(struct str s)
{
	size_t dot = s.n;

	while (s.n > 0 && strchr(".,:;!?)'\"]", s.p[s.n - 1]) != NULL)
		s.n--;
	while (s.n > 0 && strchr("('\"@[", s.p[0]) != NULL)
		s = str_from_offset(s, 1);
	for (size_t i = 1; i < s.n; i++)
		dot = s.p[i] == '.' ? i : dot;
	return dot < s.n && is_extension(str_from_offset(s, dot + 1));
}

static unsigned count_files(const struct fold *f)
{
	struct str rest = { f->text, f->n }, chunk;
	struct str seen[FILES_MAX];
	unsigned n = 0;

	while (n < FILES_MAX && str_split(&rest, ' ', &chunk)) {
		bool new = str_find_char(chunk, '.') < chunk.n &&is_file(chunk);
		for (unsigned i = 0; i < n && new; i++)
			new = !str_eq(seen[i], chunk);
		if (new)
			seen[n++] = chunk;
	}
	return n;
}

/* ---- shape ---- */

static float share(unsigned n, unsigned most, float scale)
{
	return (float)(n < most ? n : most) / scale;
}

static void find_size(const struct fold *f, float *v)
{
	v[FEATURE_BIAS] = 1;
	v[FEATURE_LENGTH] = log2f(1.0f + (float)f->nwords) / 4;
	v[FEATURE_TINY] = f->nwords <= 3;
	v[FEATURE_SHORT] = f->nwords <= 8;
	v[FEATURE_LONG] = f->nwords > 40;
	v[FEATURE_COMMAS] = share(f->commas, 6, 3);
	v[FEATURE_SENTENCES] = f->sentences > 1 ? share(f->sentences - 1, 6, 3) : 0;
	v[FEATURE_ITEMS] = share(f->items, 8, 4);
	v[FEATURE_QUESTION] = f->questions > 0;
	v[FEATURE_QUESTIONS] = f->questions > 1;
	v[FEATURE_FOREIGN] = f->foreign * 3 > f->letters;
}

static void find_pasted(const struct prompt_words *w, const struct fold *f, float *v)
{
	unsigned files = count_files(f);
	unsigned traces = w->trace_lines + w->log_lines + w->diff_lines;

	v[FEATURE_FILES] = files > 0;
	v[FEATURE_MORE_FILES] = files > 1;
	v[FEATURE_CODE] = w->code_blocks > 0;
	v[FEATURE_MUCH_CODE] = w->code_lines + traces >= 40;
	v[FEATURE_TRACE] = traces > 0;
}

/* What follows from two of the others. */
static void find_pairs(const struct fold *f, float *v)
{
	float act = 0, hard;
	bool asks = v[FEATURE_FACT] + v[FEATURE_HOW_TO] + v[FEATURE_EXPLAIN] > 0;
	bool makes = v[FEATURE_MAKE] + v[FEATURE_REPAIR] + v[FEATURE_CHANGE] > 0;
	bool thinks = v[FEATURE_DESIGN] + v[FEATURE_ANALYSE] + v[FEATURE_DECIDE] > 0;

	for (int i = 0; i < FEATURE_ACTS; i++)
		act += v[i];
	hard = v[FEATURE_DISTRIBUTED] + v[FEATURE_CONCURRENT] + v[FEATURE_SECURITY] +
	       v[FEATURE_THEORY] + v[FEATURE_SCALE] + v[FEATURE_TRADE_OFF] + v[FEATURE_WIDE] +
	       v[FEATURE_SCRATCH];
	hard = hard < 4 ? hard : 4;
	v[FEATURE_NO_ACT] = act == 0;
	v[FEATURE_HARD] = hard / 2;
	bool heavy = v[FEATURE_UNIT] + v[FEATURE_FEATURE] + v[FEATURE_SYSTEM] + v[FEATURE_TROUBLE] +
			     v[FEATURE_TECHNOLOGY] + v[FEATURE_TESTS] + hard >
		     0;
	v[FEATURE_BARE] = act == 0 && f->nwords <= 5 && !heavy && v[FEATURE_CODE] == 0;
	v[FEATURE_SMALL_EDIT] = !thinks && v[FEATURE_SMALL] > 0 && f->nwords <= 10 && !heavy;
	v[FEATURE_SHORT_QUESTION] = asks && f->nwords <= 14;
	v[FEATURE_SHORT_FACT] = v[FEATURE_FACT] > 0 && f->nwords <= 10;
	v[FEATURE_HARD_FACT] = asks && hard > 0;
	v[FEATURE_MAKE_SMALL] = makes && v[FEATURE_SMALL] > 0;
	v[FEATURE_MAKE_UNIT] = makes && v[FEATURE_UNIT] > 0;
	v[FEATURE_MAKE_SYSTEM] = makes && v[FEATURE_SYSTEM] > 0;
	v[FEATURE_MAKE_HARD] = makes ? hard / 2 : 0;
	v[FEATURE_DESIGN_HARD] = thinks ? (hard + v[FEATURE_SYSTEM]) / 2 : 0;
}

void features_find(const struct patterns *p, const struct prompt_words *w, struct fold *f,
	float value[PROMPT_FEATURES])
{
	struct scratch scratch = { 0 };
	struct finder d = { .p = p, .f = f, .value = value };
	pcre2_general_context *memory =
		pcre2_general_context_create(scratch_alloc, scratch_free, &scratch);

	memset(value, 0, sizeof(float) * PROMPT_FEATURES);
	d.match = memory != NULL ? pcre2_match_data_create(1, memory) : NULL;
	if (d.match != NULL) {
		find_acts(&d);
		find_phrases(&d);
	}
	find_words(&d);
	find_size(f, value);
	find_pasted(w, f, value);
	find_pairs(f, value);
	pcre2_match_data_free(d.match);
	pcre2_general_context_free(memory);
}
