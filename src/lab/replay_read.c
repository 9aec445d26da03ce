/* SPDX-License-Identifier: MIT */
/* Pieces of one reply have the same message id. */
#include "lab/replay_read.h"

#include "lab/lines.h"
#include "lab/record.h"
#include "wire/json_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How many replies back a further piece of one is looked for. */
enum { PIECES_BACK = 64 };

struct folder {
	struct arena *arena;
	struct replay_notes *notes;
	struct replay_file *to;
	int64_t latest_ms; /* of what the user's side has added */
	bool known;        /* there is a line of Claude Code's */
};

void *replay_grow(struct arena *a, void *old, size_t n, size_t size)
{
	void *p;

	/* At 0, and at each power of two. */
	if ((n & (n - 1)) != 0)
		return old;
	p = arena_alloc(a, (n == 0 ? 1 : 2 * n) * size);
	if (n > 0)
		memcpy(p, old, n * size);
	return p;
}

static void begin_segment(struct folder *f)
{
	struct replay_file *to = f->to;

	to->segments = replay_grow(f->arena, to->segments, to->n, sizeof(*to->segments));
	to->segments[to->n++] = (struct replay_segment){ NULL, 0 };
}

static struct replay_segment *current(struct folder *f)
{
	return &f->to->segments[f->to->n - 1];
}

static struct replay_turn *add_turn(struct folder *f, bool reply, int64_t at_ms)
{
	struct replay_segment *s = current(f);

	s->v = replay_grow(f->arena, s->v, s->n, sizeof(*s->v));
	s->v[s->n] = (struct replay_turn){ .reply = reply, .at_ms = at_ms };
	return &s->v[s->n++];
}

static void add_block(struct folder *f, struct replay_turn *t, struct str block)
{
	struct replay_block b;

	if (!replay_clean(&b, block, f->arena))
		return;
	t->b = replay_grow(f->arena, t->b, t->n, sizeof(*t->b));
	t->b[t->n++] = b;
}

static void add_content(struct folder *f, struct replay_turn *t, struct str content)
{
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (json_is_string(content))
		add_block(f, t, content);
	else if (content.n > 0 && json_iter_init_array(&it, content, &e))
		while (json_next(&it, &m, &e))
			if (m.value.n > 0 && *m.value.p == '{')
				add_block(f, t, m.value);
}

static void take_user(struct folder *f, const struct record *r, struct str message)
{
	struct replay_segment *s = current(f);
	struct replay_turn *t;

	if (r->at_ms > f->latest_ms)
		f->latest_ms = r->at_ms;
	t = s->n > 0 && !s->v[s->n - 1].reply ? &s->v[s->n - 1] : add_turn(f, false, r->at_ms);
	add_content(f, t, json_get(message, STR("content")));
}

static struct replay_turn *find_reply(struct folder *f, struct str id)
{
	struct replay_segment *s = current(f);
	unsigned left = PIECES_BACK;

	for (size_t i = s->n; i > 0 && left > 0; i--) {
		if (!s->v[i - 1].reply)
			continue;
		if (str_eq(s->v[i - 1].id, id))
			return &s->v[i - 1];
		left--;
	}
	return NULL;
}

static void take_reply(struct folder *f, const struct record *r, struct str message)
{
	struct replay_turn *t = find_reply(f, r->message_id);

	if (t == NULL) {
		t = add_turn(f, true, r->at_ms);
		t->sent_ms = f->latest_ms > 0 && f->latest_ms < r->at_ms ? f->latest_ms : r->at_ms;
		t->id = arena_dup(f->arena, r->message_id);
		t->model = arena_dup(f->arena, r->model);
		t->usage = r->usage;
	}
	add_content(f, t, json_get(message, STR("content")));
	t->usage = r->usage;
}

static bool is_boundary(struct str line)
{
	return str_eq(json_get(line, STR("subtype")), STR("\"compact_boundary\""));
}

/* The summary that follows a boundary is a message like others. */
static void take_record(struct folder *f, const struct record *r, struct str line, bool agent)
{
	struct str type = json_get(line, STR("type"));
	bool user = str_eq(type, STR("\"user\""));

	f->known = true;
	if (is_boundary(line)) {
		begin_segment(f);
		return;
	}
	if (!user && r->type != RECORD_REPLY)
		return;
	if (r->sidechain && !agent) {
		f->notes->sidechains++;
		return;
	}
	if (user)
		take_user(f, r, json_get(line, STR("message")));
	else
		take_reply(f, r, json_get(line, STR("message")));
}

static bool matters(struct str line)
{
	return str_find(line, STR("\"user\"")) < line.n ||
	       str_find(line, STR("\"assistant\"")) < line.n ||
	       str_find(line, STR("compact_boundary")) < line.n;
}

static void take_line(struct folder *f, struct str line, bool agent)
{
	struct record r;
	struct err e = { 0 };

	if (str_trim(line).n == 0)
		return;
	f->notes->lines++;
	if (!json_is_object(line) || !record_read(&r, line, &e)) {
		f->notes->damaged++;
		return;
	}
	if (r.type == RECORD_FOREIGN || r.type == RECORD_META || r.type == RECORD_COUNT ||
		r.type == RECORD_CONTEXT || r.at_ms < 0 || !matters(line) ||
		json_get(line, STR("payload")).p != NULL)
		return;
	take_record(f, &r, line, agent);
}

static bool read_lines(struct folder *f, int fd, bool agent)
{
	struct lines l = { 0 };
	enum line_status how;
	struct str line;

	lines_begin(&l, fd, 0);
	while ((how = lines_next(&l, &line)) != LINE_END && how != LINE_ERROR) {
		if (how == LINE_TOO_LONG)
			f->notes->too_long++;
		else
			take_line(f, line, agent);
	}
	lines_release(&l);
	return how == LINE_END;
}

static bool is_agent(const char *path)
{
	const char *base = strrchr(path, '/');

	return str_starts(str_from(base != NULL ? base + 1 : path), STR("agent-"));
}

bool replay_read(struct replay_file *ret, const char *path, struct arena *a,
	struct replay_notes *notes, struct err *e)
{
	struct folder f = { .arena = a, .notes = notes, .to = ret };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char reason[128];

	*ret = (struct replay_file){ NULL, 0 };
	begin_segment(&f);
	if (fd < 0 || !read_lines(&f, fd, is_agent(path)))
		err_set(e, ERR_INVALID, "cannot read '%s': %s", path,
			strerror_r(errno, reason, sizeof(reason)));
	if (fd >= 0)
		close(fd);
	notes->foreign += e->kind == ERR_NONE && !f.known;
	return e->kind == ERR_NONE;
}
