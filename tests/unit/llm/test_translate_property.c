/* SPDX-License-Identifier: MIT */
/* Conversations and replies made up at random, the same in every run: what one dialect can say is understood again from its own words, and
 * keeps its texts, calls, ids and counts on the way through any two of them; a conversation that has grown is printed with the same bytes
 * as before up to where it has grown, which is what providers' prompt caches need. */
#include "unit/base/check.h"
#include "unit/llm/reply_shape.h"
#include "unit/llm/request_shape.h"

enum { CONVERSATIONS = 300, REPLIES = 300, TURNS_MAX = 12 };

static const struct {
	const struct dialect *dialect;
	const char *flavor, *model;
} sides[] = {
	{ &dialect_anthropic, "anthropic", "claude-sonnet-4-6" },
	{ &dialect_openai, "openai", "gpt-4.1" },
	{ &dialect_responses, "openai", "gpt-5.4" },
	{ &dialect_gemini, "gemini", "gemini-3.8-flash" },
	{ &dialect_gemini, "gemini", "gemini-2.5-pro" },
	{ &dialect_openai, "deepseek", "deepseek-v4-pro" },
	{ &dialect_openai, "openrouter", "anthropic/claude-sonnet-5" },
	{ &dialect_openai, "vllm", "qwen3" },
};
enum { DIALECTS = 4 }; /* of them the first are one each */

static void target_of(struct target *ret, size_t side)
{
	*ret = (struct target){ .flavor = flavor_by_name(str_from(sides[side].flavor)),
		.model = str_from(sides[side].model),
		.default_max_tokens = 32000 };
	caps_of_model(&ret->caps, ret->flavor, ret->model);
	ret->caps.vision = ret->caps.pdf = ret->caps.tools_in_chat = true;
}

/* ---- made up ---- */

/* Escaped; not empty, and without white space at its ends. */
static struct str make_text(struct arena *a, uint64_t *seed)
{
	static const char *const words[] = { "plain", "\\\"quoted\\\"", "back\\\\slash", "a\\nb",
		"\xC3\xA9\xC3\xA8", "\\u00e9", "\\ud83d\\ude00", "\xF0\x9F\x98\x80", "{}", "[1]",
		"\\t.", "</x>", "\\/" };
	struct buf b;
	struct str ret;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0, n = 1 + random_below(seed, 6); i < n; i++) {
		buf_add(&b, i > 0 ? STR(" ") : STR(""));
		buf_add(&b, str_from(words[random_below(seed, ARRAY_LEN(words))]));
	}
	ret = arena_dup(a, buf_str(&b));
	buf_release(&b);
	return ret;
}

static struct str make_arguments(struct arena *a, uint64_t *seed)
{
	static const char *const values[] = { "1.50", "1e400", "12345678901234567890", "null",
		"[true,{}]", "{\"b\":[]}", "\"\"" };
	struct str text = make_text(a, seed);

	if (random_below(seed, 5) == 0)
		return STR("{}");
	return arena_printf(a, "{\"a\":\"%.*s\",\"n\":%s}", STR_ARG(text),
		values[random_below(seed, ARRAY_LEN(values))]);
}

/* What a provider of that side would have said with its own reasoning. */
static void make_reasoning(struct content *c, struct turn *t, size_t side, uint64_t *seed)
{
	struct target target;
	struct part *p = parts_add(&t->parts, PART_REASONING, c->arena);

	target_of(&target, side);
	p->text = make_text(c->arena, seed);
	p->native.code = str_from(target.flavor->code);
	if (sides[side].dialect == &dialect_anthropic)
		p->native.payload = arena_printf(c->arena,
			"{\"b\":[{\"type\":\"thinking\",\"thinking\":\"%.*s\",\"signature\":\"S==\"}]}",
			STR_ARG(p->text));
	else if (sides[side].dialect == &dialect_responses)
		p->native.payload = STR("{\"id\":\"rs_1\",\"e\":\"ENC==\"}");
	else if (sides[side].dialect == &dialect_openai)
		p->native.payload = STR("{\"m\":\"deepseek-v4-pro\"}");
	else
		p->native.payload = STR("{\"p\":[]}");
}

/* A turn of the assistant, and the user's to it. `side`: whose reasoning is in it; SIZE_MAX: none. */
static void make_turns(struct content *c, size_t n, size_t side, uint64_t *seed)
{
	struct turn *said = content_add_turn(c, ROLE_ASSISTANT), *user;
	size_t calls = random_below(seed, 4);

	if (side != SIZE_MAX && random_below(seed, 2) == 0)
		make_reasoning(c, said, side, seed);
	if (calls == 0 || random_below(seed, 2) == 0)
		parts_add_text(&said->parts, make_text(c->arena, seed), c->arena);
	user = content_add_turn(c, ROLE_USER);
	for (size_t i = 0; i < calls; i++) {
		struct part *call = parts_add(&said->parts, PART_CALL, c->arena);
		struct part *result = parts_add(&user->parts, PART_RESULT, c->arena);
		struct parts inner = { NULL, NULL };
		call->id = result->id = arena_printf(c->arena, "call_%zu-%zu", n, i);
		call->name = result->name = random_below(seed, 2) ? STR("read_file") : STR("run");
		call->text = make_arguments(c->arena, seed);
		parts_add_text(&inner, make_text(c->arena, seed), c->arena);
		result->parts = inner.first;
	}
	if (calls == 0 || random_below(seed, 3) == 0)
		parts_add_text(&user->parts, make_text(c->arena, seed), c->arena);
}

static void make_tool(struct content *c, const char *name, uint64_t *seed)
{
	struct tool *t = content_add_tool(c, TOOL_FUNCTION);

	t->name = t->wire_name = str_from(name);
	t->description = make_text(c->arena, seed);
	t->schema = STR("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},"
			"\"n\":{\"type\":\"number\"}},\"required\":[\"a\"]}");
	t->strict = 0;
}

/* The same seed and fewer turns: the same conversation, earlier. */
static void make_content(
	struct content *c, struct arena *a, uint64_t seed, size_t turns, size_t side)
{
	content_init(c, a);
	seed = seed * 2654435761u + 1;
	c->stream = random_below(&seed, 2) == 0;
	c->has_max_tokens = true;
	c->max_tokens = 1000 + random_below(&seed, 3000);
	parts_add_text(&c->system, make_text(a, &seed), a);
	make_tool(c, "read_file", &seed);
	make_tool(c, "run", &seed);
	c->choice = CHOICE_AUTO;
	parts_add_text(&content_add_turn(c, ROLE_USER)->parts, make_text(a, &seed), a);
	for (size_t i = 0; i < turns; i++)
		make_turns(c, i, side, &seed);
	content_repair(c);
}

/* ---- requests ---- */

static struct str print(struct content *c, size_t side)
{
	struct wire_request w;
	struct target t;
	struct err e = { 0 };
	struct str ret;

	target_of(&t, side);
	buf_init(&w.body, SIZE_MAX);
	if (!sides[side].dialect->print_content(&w, c, &t, &e))
		fail_msg("%s: %s", sides[side].model, e.text);
	request_shape_check(sides[side].dialect, &t, buf_str(&w.body), c->arena);
	ret = arena_dup(c->arena, buf_str(&w.body));
	buf_release(&w.body);
	return ret;
}

static void read_back(struct content *c, struct arena *a, struct str body, size_t side, bool stream)
{
	struct chat chat = { .bare = true,
		.path = stream ? STR("/v1beta/models/some:streamGenerateContent")
			       : STR("/v1beta/models/some:generateContent") };
	struct err e = { 0 };

	content_init(c, a);
	if (!sides[side].dialect->parse_request(&chat, body, a, &e) ||
		!sides[side].dialect->read_content(c, &chat, &e))
		fail_msg("%s: %s: %.*s", sides[side].model, e.text, STR_ARG(body));
	content_repair(c);
}

/* Escapes resolved: dialects may write the same otherwise. */
static void tell(struct buf *out, const char *what, struct str escaped, struct arena *a)
{
	buf_addf(out, "%s ", what);
	buf_add(out, json_unescape(escaped, a));
	buf_add_char(out, '\n');
}

static void tell_part(struct buf *out, const struct part *p, struct arena *a)
{
	if (p->kind == PART_TEXT)
		tell(out, "text", p->text, a);
	if (p->kind != PART_CALL && p->kind != PART_RESULT)
		return;
	tell(out, p->kind == PART_CALL ? "call" : "result", p->id, a);
	tell(out, "of", p->name, a);
	if (p->kind == PART_CALL) {
		json_add_compact(out, p->text);
		buf_add_char(out, '\n');
	}
	for (const struct part *inner = p->parts; inner != NULL; inner = inner->next)
		tell_part(out, inner, a);
}

/* What matters of a conversation, as text. */
static struct str digest(const struct content *c, struct arena *a)
{
	struct buf out;
	struct str ret;

	buf_init(&out, SIZE_MAX);
	for (const struct part *p = c->system.first; p != NULL; p = p->next)
		tell(&out, "system", p->text, a);
	for (const struct tool *t = c->tools; t != NULL; t = t->next) {
		tell(&out, "tool", t->wire_name, a);
		tell(&out, "for", t->description, a);
		json_add_compact(&out, t->schema);
	}
	buf_addf(&out, "\nat most %llu, stream %d\n", (unsigned long long)c->max_tokens, c->stream);
	for (const struct turn *t = c->turns; t != NULL; t = t->next) {
		buf_addf(&out, "turn %d\n", t->role);
		for (const struct part *p = t->parts.first; p != NULL; p = p->next)
			tell_part(&out, p, a);
	}
	ret = arena_dup(a, buf_str(&out));
	buf_release(&out);
	return ret;
}

static void same(struct str got, struct str want, const char *what)
{
	if (!str_eq(got, want))
		fail_msg("%s:\ngot\n%.*s\nwant\n%.*s", what, STR_ARG(got), STR_ARG(want));
}

/* Through one dialect, and then through another. */
static void check_round(uint64_t seed, size_t one, size_t other)
{
	struct arena *a = arena_new();
	struct content made, first, second;

	make_content(&made, a, seed, seed % TURNS_MAX, SIZE_MAX);
	struct str want = digest(&made, a), body = print(&made, one);
	read_back(&first, a, body, one, made.stream);
	same(digest(&first, a), want, sides[one].model);
	same(print(&first, one), body, "printed again");
	read_back(&second, a, print(&first, other), other, made.stream);
	same(digest(&second, a), want, sides[other].model);
	arena_free(a);
}

static void requests_keep_what_matters(void **state)
{
	for (uint64_t seed = 1; seed <= CONVERSATIONS; seed++)
		for (size_t one = 0; one < DIALECTS; one++)
			check_round(seed, one, (one + seed) % DIALECTS);
}

static void requests_are_deterministic(void **state)
{
	for (uint64_t seed = 1; seed <= CONVERSATIONS; seed++)
		for (size_t side = 0; side < ARRAY_LEN(sides); side++) {
			struct arena *a = arena_new(), *b = arena_new();
			struct content one, two;
			make_content(&one, a, seed, seed % TURNS_MAX, side);
			make_content(&two, b, seed, seed % TURNS_MAX, side);
			struct str body = print(&one, side);
			same(print(&two, side), body, "made again");
			same(print(&one, side), body, "printed again");
			arena_free(a);
			arena_free(b);
		}
}

/* Only the brackets that close the last message and the list may differ. */
static void check_grown(uint64_t seed, size_t side, size_t turns, size_t more)
{
	struct arena *a = arena_new();
	struct content before, after;
	size_t n = 0;

	make_content(&before, a, seed, turns, side);
	make_content(&after, a, seed, turns + more, side);
	struct str old = print(&before, side), new = print(&after, side);
	while (n < old.n && n < new.n &&old.p[n] == new.p[n])
		n++;
	if (n + 4 < old.n)
		fail_msg("%s: %zu of %zu bytes:\n%.*s\n%.*s", sides[side].model, n, old.n,
			STR_ARG(old), STR_ARG(new));
	arena_free(a);
}

static void grown_conversations_share_their_prefix(void **state)
{
	for (uint64_t seed = 1; seed <= CONVERSATIONS; seed++)
		for (size_t side = 0; side < ARRAY_LEN(sides); side++)
			check_grown(seed, side, seed % TURNS_MAX, 1 + seed % 3);
}

/* ---- replies ---- */

struct reply_run {
	struct arena *a;
	struct trace made; /* what is put into the client's encoder */
	struct encoder encoder;
	struct buf out;
};

static void put(struct reply_run *r, struct event ev)
{
	if (ev.type != EV_START && ev.type != EV_USAGE)
		ev.usage = USAGE_UNKNOWN;
	trace_put(&r->made.sink, &ev);
}

static void put_pieces(struct reply_run *r, struct str escaped)
{
	/* In two, but not within an escape or a character. */
	size_t n = str_find_char(escaped, ' ');

	put(r, (struct event){ .type = EV_TEXT, .text = { escaped.p, n } });
	if (n < escaped.n)
		put(r, (struct event){ .type = EV_TEXT, .text = str_from_offset(escaped, n) });
}

static void put_part(struct reply_run *r, enum part_kind kind, size_t n, uint64_t *seed)
{
	struct event open = { .type = EV_OPEN, .part = kind };

	if (kind == PART_CALL) {
		open.id = arena_printf(r->a, "call_%zu", n);
		open.name = STR("read_file");
	}
	put(r, open);
	put_pieces(r, kind == PART_CALL ? json_escape(make_arguments(r->a, seed), r->a)
					: make_text(r->a, seed));
	put(r, (struct event){ .type = EV_CLOSE });
}

/* Reasoning, text, calls: the order that all dialects can tell. */
static void put_reply(struct reply_run *r, uint64_t seed)
{
	int64_t out = 10 + (int64_t)random_below(&seed, 500);
	struct usage u = { .in = 1 + (int64_t)random_below(&seed, 9999),
		.cache_read = (int64_t)random_below(&seed, 2) * 700,
		.cache_write = 0,
		.cache_write_1h = -1,
		.out = out,
		.reasoning = (int64_t)random_below(&seed, (size_t)out) };
	size_t calls = random_below(&seed, 4);

	put(r, (struct event){ .type = EV_START,
		       .id = STR("msg_abc"),
		       .model = STR("some"),
		       .usage = USAGE_UNKNOWN });
	if (random_below(&seed, 2))
		put_part(r, PART_REASONING, 0, &seed);
	if (calls == 0 || random_below(&seed, 2))
		put_part(r, PART_TEXT, 0, &seed);
	for (size_t i = 0; i < calls; i++)
		put_part(r, PART_CALL, i, &seed);
	put(r, (struct event){ .type = EV_USAGE, .usage = u });
	put(r, (struct event){ .type = EV_STOP,
		       .stop = calls > 0                     ? STOP_TOOL
			       : random_below(&seed, 2) == 0 ? STOP_END
							     : STOP_MAX });
}

static void encode(struct reply_run *r, size_t side, bool stream, uint64_t seed)
{
	struct content *c = arena_alloc(r->a, sizeof(*c));
	const struct encoder_wishes w = { .model = STR("asked"),
		.random = STR("0123456789abcdefghijklmn"),
		.created_s = 1700000000,
		.stream = stream,
		.max_bytes = 1 << 24,
		.content = c };

	content_init(c, r->a);
	c->wants_usage = true;
	buf_init(&r->out, SIZE_MAX);
	encoder_init(&r->encoder, sides[side].dialect, &w, r->a, &r->out);
	trace_init(&r->made, &r->encoder, r->a);
	put_reply(r, seed);
}

static void feed(struct decoder *d, struct str text, uint64_t seed)
{
	struct sse_scanner s = { 0 };
	size_t from = 0;

	for (size_t at = 0, used; at < text.n;) {
		size_t n = 1 + random_below(&seed, text.n - at < 80 ? text.n - at : 80);
		used = sse_scan(&s, (struct str){ text.p + at, n });
		at += used > 0 ? used : n;
		if (used == 0)
			continue;
		decoder_frame(d, (struct str){ text.p + from, at - from });
		from = at;
	}
	if (from < text.n)
		decoder_frame(d, str_from_offset(text, from));
	decoder_end(d);
}

/* What a client of one dialect is sent, as if a provider had said it to a client of another. */
static void check_reply(uint64_t seed, size_t one, size_t other, bool stream)
{
	struct reply_run first = { .a = arena_new() }, second = { .a = first.a };
	struct told got;
	struct decoder d;
	struct target t;

	encode(&first, one, stream, seed);
	told_init(&got, first.a);
	if (stream)
		judge_stream(&got, sides[one].dialect, buf_str(&first.out));
	else
		judge_whole(&got, sides[one].dialect, buf_str(&first.out));
	judge_same(&first.made.told, &got, sides[one].dialect, stream);
	target_of(&t, one);
	const struct encoder_wishes w = {
		.random = STR("0123456789abcdefghijklmn"), .stream = stream, .max_bytes = 1 << 24
	};
	buf_init(&second.out, SIZE_MAX);
	encoder_init(&second.encoder, sides[other].dialect, &w, second.a, &second.out);
	trace_init(&second.made, &second.encoder, second.a);
	decoder_init(&d, sides[one].dialect, &t, second.a, &second.made.sink);
	if (stream)
		feed(&d, buf_str(&first.out), seed + 1);
	else
		decoder_body(&d, buf_str(&first.out));
	same(buf_str(&second.made.told.names), buf_str(&first.made.told.names), sides[one].model);
	assert_int_equal(second.made.told.stop, first.made.told.stop);
	second.made.told.counted = true;
	judge_same(&first.made.told, &second.made.told, sides[one].dialect, stream);
	decoder_release(&d);
	told_release(&got);
	told_release(&first.made.told);
	told_release(&second.made.told);
	encoder_release(&first.encoder);
	encoder_release(&second.encoder);
	buf_release(&first.out);
	buf_release(&second.out);
	arena_free(first.a);
}

static void replies_keep_what_matters(void **state)
{
	for (uint64_t seed = 1; seed <= REPLIES; seed++)
		for (size_t one = 0; one < DIALECTS; one++)
			check_reply(seed, one, (one + 1 + seed % 3) % DIALECTS, seed % 2 == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_keep_what_matters),
		cmocka_unit_test(requests_are_deterministic),
		cmocka_unit_test(grown_conversations_share_their_prefix),
		cmocka_unit_test(replies_keep_what_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
