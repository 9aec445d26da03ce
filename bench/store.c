/* SPDX-License-Identifier: MIT */
/* Measures the ledger: rows a second, what handing over a row costs, how long questions take over many rows, and what a
 * kill loses. Usage: bench_store FOLDER [rows [decided]] | bench_store FOLDER kill [times]. FOLDER is made, and kept; `decided` is how
 * many per cent of the rows have a decision with them. */
#include "store/store.h"
#include "base/clock.h"
#include "store/writer.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512, FLUSH_MS = 100, QUEUE_ROWS = 1 << 20 };

/* From then on, so many a second. */
static const int64_t BEGIN_MS = 1767225600000;
enum { PER_S = 1 };

/* As routing leaves it: three candidates. */
static const char decision[] =
	"{\"by\":\"profile\",\"profile\":\"saver\",\"kind\":\"tool_loop\",\"level\":\"medium\",\"bar\":80,\"turns\":12,"
	"\"candidates\":[[\"anthropic\",\"claude-opus-4-6\",\"asked\",95,50000,2000,10,40030000,1234567890],"
	"[\"anthropic\",\"claude-sonnet-4-5\",\"chosen\",88,0,52000,10,195030000,412345678],"
	"[\"deepseek\",\"deepseek-chat\",\"quality below the bar\",71,0,0,52010,14562800,61234567]]}";
static unsigned decided; /* per cent of the rows */

struct row {
	struct ledger_exchange x;
	struct ledger_attempt attempt;
	struct ledger_saving saving;
	char id[40], session[40], conversation[40], project[40];
};

static void make_attempt(struct row *r, const char *model, int64_t begin_ms)
{
	r->attempt = (struct ledger_attempt){
		.provider = STR("anthropic"),
		.model = str_from(model),
		.key = STR("default"),
		.outcome = STR("ok"),
		.status = 200,
		.tokens = { 10, 50000, 2000, 0, 500, -1 },
		.cost = { 30000, 15000000, 7500000, 0, 7500000, 30030000 },
		.begin_ms = begin_ms,
		.first_us = 800000,
		.duration_us = 9000000,
	};
}

static void make_row(struct row *r, uint64_t i)
{
	static const char *const models[] = { "claude-opus-4-6", "claude-sonnet-4-5",
		"claude-haiku-4-5", "deepseek-chat" };
	static const char *const kinds[] = { "tool_result", "tool_result", "tool_result", "user",
		"subagent", "title" };
	static const char *const causes[] = { "ttl", "history_edited", "compaction",
		"tools_changed" };
	bool lost = i % 50 == 7;
	int64_t begin_ms = BEGIN_MS + (int64_t)i * 1000 / PER_S;

	snprintf(r->id, sizeof(r->id), "x%011llx%08x", (unsigned long long)begin_ms,
		(unsigned)i * 2654435761u);
	snprintf(r->session, sizeof(r->session), "5f6a1c9e-%08x-4b7d-9f43", (unsigned)(i / 500));
	snprintf(r->conversation, sizeof(r->conversation), "%08xc0ffee%02x",
		(unsigned)(i / 500) * 2654435761u, (unsigned)(i % 3));
	snprintf(r->project, sizeof(r->project), "project-%u", (unsigned)(i / 500 % 12));
	r->saving = (struct ledger_saving){ STR("model"), 0, 1000000 };
	make_attempt(r, models[i % 4], begin_ms);
	r->x = (struct ledger_exchange){
		.id = str_from(r->id),
		.session = str_from(r->session),
		.conversation = str_from(r->conversation),
		.project = str_from(r->project),
		.caller = STR("local"),
		.dialect = STR("anthropic"),
		.endpoint = STR("/v1/messages"),
		.kind = str_from(kinds[i % ARRAY_LEN(kinds)]),
		.model_asked = r->attempt.model,
		.model = r->attempt.model,
		.provider = r->attempt.provider,
		.plan = STR("as asked"),
		.decision = str_from(i % 100 < decided ? decision : ""),
		.status = 200,
		.streamed = true,
		.tokens = r->attempt.tokens,
		.cost = r->attempt.cost,
		.prefix = { .read_predicted = 50000,
			.write_predicted = 2000,
			.cause = str_from(lost ? causes[i / 50 % 4] : ""),
			.at = str_from(lost ? "messages[3].content[0]" : ""),
			.lost_tokens = lost ? 40000 : 0,
			.lost_nusd = lost ? 150000000 : 0,
			.alarm = i % 500 == 7 ? 80 : 0 },
		.saved = i % 10 == 0 ? 1000000 : 0,
		.savings = &r->saving,
		.nsavings = i % 10 == 0,
		.request_bytes = 200000,
		.reply_bytes = 8000,
		.begin_ms = begin_ms,
		.first_us = 800000,
		.duration_us = 9000000,
		.attempts = &r->attempt,
		.nattempts = 1,
	};
}

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, e->text);
	exit(1);
}

/* What the calling thread has used of the processor: other programs do not count. */
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double seconds_since(uint64_t ns)
{
	return (double)(clock_mono_ns() - ns) / 1e9;
}

static struct store *open_store(const char *path, enum store_access access)
{
	struct err e;
	struct store *s = store_sqlite.open(path, access, &e);

	if (s == NULL)
		die("open", &e);
	return s;
}

static void fill(const char *path, uint64_t rows)
{
	static struct row r[BATCH];
	static struct ledger_exchange x[BATCH];
	struct store *s = open_store(path, STORE_WRITE);
	struct err e;
	uint64_t busy = 0, cpu = 0;

	for (uint64_t i = 0; i < rows; i += BATCH) {
		for (size_t k = 0; k < BATCH; k++) {
			make_row(&r[k], i + k);
			x[k] = r[k].x;
		}
		uint64_t begin = clock_mono_ns(), begin_cpu = cpu_ns();
		if (!s->driver->append(s, x, BATCH, &e))
			die("append", &e);
		busy += clock_mono_ns() - begin;
		cpu += cpu_ns() - begin_cpu;
	}
	uint64_t begin = clock_mono_ns();
	s->driver->close(s);
	busy += clock_mono_ns() - begin;
	printf("%-48s %10.0f rows/s\n", "append, 512 in a batch, an attempt each",
		(double)rows / ((double)busy / 1e9));
	printf("%-48s %10.0f rows/s\n", "the same, by processor time",
		(double)rows / ((double)cpu / 1e9));
}

static void hand_over(const char *path)
{
	enum { ROWS = 100000 };
	struct writer *w =
		writer_new(&(struct writer_options){ &store_sqlite, path, FLUSH_MS, QUEUE_ROWS });
	struct row r;
	uint64_t busy = 0;

	for (uint64_t i = 0; i < ROWS; i++) {
		make_row(&r, i);
		uint64_t begin = cpu_ns();
		if (!writer_submit(w, &r.x))
			abort();
		busy += cpu_ns() - begin;
	}
	printf("%-48s %10.0f ns\n", "writer_submit, processor time, at full speed",
		(double)busy / ROWS);
	busy = 0;
	for (uint64_t i = ROWS; i < ROWS + 5000; i++) {
		make_row(&r, i);
		uint64_t begin = cpu_ns();
		if (!writer_submit(w, &r.x))
			abort();
		busy += cpu_ns() - begin;
		usleep(100);
	}
	printf("%-48s %10.0f ns\n", "writer_submit, processor time, 6,000 a second",
		(double)busy / 5000);
	uint64_t begin = clock_mono_ns();
	size_t lost = writer_free(w, 60000);
	printf("%-48s %10.3f s, %zu lost\n", "writer_free", seconds_since(begin), lost);
}

static bool count_row(void *ctx, const struct query_row *row)
{
	(void)row;
	++*(uint64_t *)ctx;
	return true;
}

static void ask(struct store *s, const char *name, const struct query_params *p)
{
	for (int times = 0; times < 2; times++) {
		uint64_t n = 0, begin = clock_mono_ns();
		struct err e;
		if (!s->driver->query(s, p, count_row, &n, &e))
			die(name, &e);
		if (times > 0)
			printf("%-48s %10.3f ms, %llu rows\n", name, seconds_since(begin) * 1e3,
				(unsigned long long)n);
	}
}

/* What the dashboard asks. */
static void ask_views(struct store *s, uint64_t rows)
{
	static const char *const names[GROUPS] = { "model", "provider", "kind", "project", "caller",
		"conversation", "session" };
	int64_t end_ms = BEGIN_MS + (int64_t)rows * 1000 / PER_S;
	struct row middle;
	char name[64];

	make_row(&middle, rows / 2);
	for (enum group by = 0; by < GROUPS; by++) {
		struct query_params p = { QUERY_GROUPS, 0, INT64_MAX, STR(""), 1000, by };
		snprintf(name, sizeof(name), "by %s, all", names[by]);
		ask(s, name, &p);
		p.from_ms = end_ms - 86400000;
		snprintf(name, sizeof(name), "by %s, 24 hours", names[by]);
		ask(s, name, &p);
	}
	ask(s, "series of all", &(struct query_params){ QUERY_SERIES, 0, INT64_MAX });
	ask(s, "lost by cause, all",
		&(struct query_params){ QUERY_CAUSES, 0, INT64_MAX, STR("lost") });
	ask(s, "latency of 20,000",
		&(struct query_params){ QUERY_LATENCY, 0, INT64_MAX, STR(""), 20000 });
	ask(s, "conversations, all",
		&(struct query_params){ QUERY_CONVERSATIONS, 0, INT64_MAX, STR(""), 51 });
	ask(s, "conversations, 24 hours",
		&(struct query_params){
			QUERY_CONVERSATIONS, end_ms - 86400000, INT64_MAX, STR(""), 51 });
	ask(s, "conversations with a word",
		&(struct query_params){ QUERY_CONVERSATIONS, 0, INT64_MAX, STR("ject-7"), 51 });
	ask(s, "conversation",
		&(struct query_params){ QUERY_CONVERSATION, 0, 0, middle.x.conversation });
	ask(s, "its newest 200",
		&(struct query_params){
			QUERY_HISTORY, 0, INT64_MAX, STR(""), 200, 0, middle.x.conversation });
	ask(s, "alarms, 100", &(struct query_params){ QUERY_ALARMS, 0, INT64_MAX, STR(""), 100 });
}

static void ask_all(const char *path, uint64_t rows)
{
	uint64_t begin = clock_mono_ns();
	struct store *s = open_store(path, STORE_READ);
	struct row middle;

	printf("%-48s %10.3f ms\n", "open to read", seconds_since(begin) * 1e3);
	make_row(&middle, rows / 2);
	ask(s, "totals of all", &(struct query_params){ QUERY_TOTALS, 0, INT64_MAX });
	ask(s, "totals of a day",
		&(struct query_params){ QUERY_TOTALS, BEGIN_MS, BEGIN_MS + 86400000 });
	ask(s, "models of all", &(struct query_params){ QUERY_MODELS, 0, INT64_MAX });
	ask_views(s, rows);
	ask(s, "session of 500",
		&(struct query_params){ QUERY_SESSION, 0, 0, str_from(middle.session) });
	ask(s, "one exchange", &(struct query_params){ QUERY_EXCHANGE, 0, 0, str_from(middle.id) });
	ask(s, "newest 100", &(struct query_params){ QUERY_HISTORY, 0, INT64_MAX, STR(""), 100 });
	ask(s, "100 behind the middle",
		&(struct query_params){ QUERY_HISTORY, 0, INT64_MAX, str_from(middle.id), 100 });
	ask(s, "history of all",
		&(struct query_params){ QUERY_HISTORY, 0, INT64_MAX, STR(""), SIZE_MAX });
	s->driver->close(s);
}

static void show_size(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		printf("%-48s %10.1f MB\n", "file", (double)st.st_size / 1e6);
}

/* ---- what a kill loses ---- */

/* Written by the child; rows are numbered from 0. */
struct progress {
	uint64_t submitted;
	uint64_t at_ns[1 << 20];
};

static void submit_for_ever(const char *path, struct progress *p, uint64_t first)
{
	struct writer *w =
		writer_new(&(struct writer_options){ &store_sqlite, path, FLUSH_MS, QUEUE_ROWS });
	struct row r;

	for (uint64_t i = 0; i < ARRAY_LEN(p->at_ns); i++) {
		make_row(&r, first + i);
		p->at_ns[i] = clock_mono_ns();
		if (!writer_submit(w, &r.x))
			_exit(1);
		__atomic_store_n(&p->submitted, i + 1, __ATOMIC_RELEASE);
		usleep(150);
	}
	for (;;)
		pause();
}

static uint64_t count_all(const char *path)
{
	struct store *s = open_store(path, STORE_WRITE);
	struct ledger_totals t = { .exchanges = 0 };
	struct err e;
	uint64_t n = 0;

	if (!s->driver->query(s,
		    &(struct query_params){ QUERY_HISTORY, 0, INT64_MAX, STR(""), SIZE_MAX },
		    count_row, &n, &e))
		die("history", &e);
	(void)t;
	s->driver->close(s);
	return n;
}

static void kill_loop(const char *path, unsigned times)
{
	struct progress *p =
		mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t have = 0, next = 0, young = 0, lost = 0;

	for (unsigned i = 0; i < times; i++) {
		p->submitted = 0;
		pid_t child = fork();
		if (child == 0)
			submit_for_ever(path, p, next);
		usleep(150000 + (unsigned)random() % 250000);
		uint64_t killed_ns = clock_mono_ns();
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		uint64_t submitted = __atomic_load_n(&p->submitted, __ATOMIC_ACQUIRE);
		uint64_t now = count_all(path), old = 0;
		while (old < submitted && p->at_ns[old] + FLUSH_MS * 1000000ull < killed_ns)
			old++;
		if (now - have < old)
			lost += old - (now - have);
		else
			young += submitted - (now - have);
		have = now;
		next += submitted + 1;
	}
	printf("%u kills, %llu rows kept, older than %d ms and lost: %llu, younger and lost: %llu\n",
		times, (unsigned long long)have, (int)FLUSH_MS, (unsigned long long)lost,
		(unsigned long long)young);
}

int main(int argc, char **argv)
{
	char path[4096], other[4096];
	bool kills = argc > 2 && strcmp(argv[2], "kill") == 0;

	if (argc < 2) {
		fprintf(stderr,
			"usage: bench_store FOLDER [ROWS [DECIDED]] | FOLDER kill [TIMES]\n");
		return 2;
	}
	mkdir(argv[1], 0700);
	snprintf(path, sizeof(path), "%s/%s.db", argv[1], kills ? "killed" : "ledger");
	snprintf(other, sizeof(other), "%s/writer.db", argv[1]);
	if (kills) {
		kill_loop(path, argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 50);
		return 0;
	}
	uint64_t rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
	decided = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	fill(path, rows);
	show_size(path);
	ask_all(path, rows);
	hand_over(other);
	return 0;
}
