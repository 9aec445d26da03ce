/* SPDX-License-Identifier: MIT */
/* What decoders and encoders have in common, with a dialect of one letter an event; and gathered replies. */
#include "unit/base/check.h"

#include "llm/dialect.h"

static struct buf out;
static struct sink sink;
static struct event last;
static char seen[64];

static void put(struct sink *self, const struct event *ev)
{
	static const char letters[] = { [EV_START] = 's',
		[EV_USAGE] = 'u',
		[EV_STOP] = '.',
		[EV_ERROR] = '!',
		[EV_OPEN] = 'o',
		[EV_BEGIN] = 't',
		[EV_CLOSE] = 'c' };
	size_t n = strlen(seen);

	assert_ptr_equal(self, &sink);
	seen[n] = letters[ev->type];
	seen[n + 1] = '\0';
	last = *ev;
}

static void decode_begin(struct decoder *d)
{
	d->state = &sink;
}

/* A frame is a run of letters. */
static void decode_frame(struct decoder *d, struct str frame)
{
	for (size_t i = 0; i < frame.n; i++) {
		char c = frame.p[i];
		struct event ev = { .type = c == 's'   ? EV_START
					    : c == 't' ? EV_BEGIN
						       : EV_STOP,
			.stop = STOP_END,
			.usage = USAGE_UNKNOWN };
		decoder_put(d, &ev);
	}
}

static const struct content *offered;

static void encode_begin(struct encoder *e)
{
	offered = e->wishes.content;
}

/* Prints from the first part on. */
static void encode_event(struct encoder *e, const struct event *ev)
{
	if (ev->type == EV_OPEN || ev->type == EV_STOP)
		buf_addf(e->out, "%s%.*s", e->begun ? "+" : "first ", STR_ARG(e->base));
	if (ev->type == EV_ERROR)
		buf_add(e->out, STR("!"));
}

static void encode_reply(struct encoder *e)
{
	for (const struct reply_part *p = e->reply.first; p != NULL; p = p->next)
		buf_add(e->out, buf_str(&p->text));
}

static const struct dialect dialect = {
	.name = "letters",
	.decode_begin = decode_begin,
	.decode_frame = decode_frame,
	.decode_body = decode_frame,
	.encode_begin = encode_begin,
	.encode_event = encode_event,
	.encode_reply = encode_reply,
	.ping = STR_INIT(": ping"),
};

static int set_up(void **state)
{
	*state = arena_new();
	buf_init(&out, 1 << 20);
	sink.put = put;
	seen[0] = '\0';
	return 0;
}

static int tear_down(void **state)
{
	arena_free(*state);
	buf_release(&out);
	return 0;
}

static void begin_decoder(struct decoder *d, void **state)
{
	struct target t = { .flavor = flavor_by_name(STR("xai")), .model = STR("m") };

	decoder_init(d, &dialect, &t, *state, &sink);
	assert_ptr_equal(d->state, &sink);
	assert_ptr_equal(d->flavor, t.flavor);
	assert_non_null(d->warnings);
}

static void a_stream_ends_once(void **state)
{
	struct decoder d;

	begin_decoder(&d, state);
	decoder_frame(&d, STR("stt"));
	decoder_frame(&d, STR("t.t."));
	assert_true(d.ended);
	decoder_frame(&d, STR("t"));
	decoder_body(&d, STR("t"));
	decoder_end(&d);
	assert_string_equal(seen, "sttt.");
	decoder_release(&d);
}

static void a_stream_without_an_end_is_an_error(void **state)
{
	struct decoder d;

	begin_decoder(&d, state);
	decoder_frame(&d, STR("st"));
	decoder_end(&d);
	assert_string_equal(seen, "st!");
	assert_int_equal(last.error, ERR_UPSTREAM);
	assert_bytes(last.text, "api_error");
	assert_bytes(last.detail, "upstream stream ended without a finish reason");
	assert_false(last.again);
	decoder_frame(&d, STR("."));
	decoder_fail(&d, ERR_API, STR("late"), false);
	assert_string_equal(seen, "st!");
	decoder_release(&d);
}

static void a_body_without_an_end_is_an_error(void **state)
{
	struct decoder d;

	begin_decoder(&d, state);
	decoder_body(&d, STR("s"));
	assert_string_equal(seen, "s!");
	decoder_release(&d);
	seen[0] = '\0';
	begin_decoder(&d, state);
	decoder_fail(&d, ERR_RATE, STR("slow"), true);
	assert_true(last.again);
	assert_int_equal(last.error, ERR_RATE);
	assert_bytes(last.text, "rate_limit_error");
	assert_int_equal(last.usage.in, -1);
	decoder_release(&d);
}

static struct encoder_wishes wishes(bool stream)
{
	return (struct encoder_wishes){ .model = STR("m"),
		.random = STR("RANDOM"),
		.id = STR("x"),
		.stream = stream,
		.max_bytes = 1000 };
}

static void feed(struct encoder *e, enum event_type type, const char *text)
{
	struct event ev = {
		.type = type, .part = PART_TEXT, .stop = STOP_END, .usage = USAGE_UNKNOWN
	};

	if (type == EV_START)
		ev.id = str_from(text);
	else
		ev.text = str_from(text);
	encoder_put(e, &ev);
}

static void a_stream_begins_with_its_first_part(void **state)
{
	struct encoder_wishes w = wishes(true);
	struct encoder e;
	char id[] = "msg_1";

	encoder_init(&e, &dialect, &w, *state, &out);
	encoder_ping(&e);
	feed(&e, EV_START, id);
	memset(id, '#', sizeof(id) - 1); /* its bytes do not last */
	assert_false(e.begun);
	encoder_ping(&e);
	assert_int_equal(out.n, 0);
	feed(&e, EV_OPEN, "");
	assert_true(e.begun);
	assert_bytes(buf_str(&out), "first 1");
	buf_clear(&out); /* it has been sent */
	encoder_ping(&e);
	assert_bytes(buf_str(&out), ": ping");
	feed(&e, EV_STOP, "");
	assert_bytes(buf_str(&out), ": ping+1");
	assert_true(e.ended);
	encoder_ping(&e);
	feed(&e, EV_OPEN, "");
	assert_bytes(buf_str(&out), ": ping+1");
	assert_null(e.reply.first);
	encoder_release(&e);
}

static void without_an_id_it_is_random(void **state)
{
	struct encoder_wishes w = wishes(true);
	struct encoder e;

	encoder_init(&e, &dialect, &w, *state, &out);
	feed(&e, EV_START, "...");
	feed(&e, EV_STOP, "");
	assert_bytes(buf_str(&out), "first RANDOM");
	encoder_release(&e);
	buf_clear(&out);
	encoder_init(&e, &dialect, &w, *state, &out);
	feed(&e, EV_STOP, "");
	assert_bytes(buf_str(&out), "first RANDOM");
	encoder_release(&e);
}

static void a_body_comes_at_the_end(void **state)
{
	struct encoder_wishes w = wishes(false);
	struct encoder e;

	encoder_init(&e, &dialect, &w, *state, &out);
	feed(&e, EV_START, "1");
	feed(&e, EV_OPEN, "");
	feed(&e, EV_TEXT, "a");
	feed(&e, EV_TEXT, "b");
	encoder_ping(&e);
	assert_int_equal(out.n, 0);
	feed(&e, EV_STOP, "");
	assert_bytes(buf_str(&out), "ab");
	assert_true(e.begun && e.ended);
	encoder_release(&e);
}

static void a_body_that_is_too_long_does_not_come(void **state)
{
	struct encoder_wishes w = wishes(false);
	struct encoder e;

	w.max_bytes = 300;
	encoder_init(&e, &dialect, &w, *state, &out);
	feed(&e, EV_OPEN, "");
	for (unsigned i = 0; i < 40; i++)
		feed(&e, EV_TEXT, "0123456789");
	feed(&e, EV_STOP, "");
	assert_int_equal(out.n, 0);
	assert_true(e.reply.overflow);
	assert_true(!e.begun && e.ended);
	encoder_release(&e);
}

static void tools_by_their_names(void **state)
{
	struct encoder_wishes w = wishes(true);
	struct content c;
	struct encoder e;

	content_init(&c, *state);
	struct tool *t = content_add_tool(&c, TOOL_FUNCTION);
	t->name = t->wire_name = STR("plain");
	t = content_add_tool(&c, TOOL_FUNCTION);
	t->name = STR("n");
	t->space = STR("s");
	t->wire_name = STR("s__n");
	t = content_add_tool(&c, TOOL_FREEFORM);
	t->name = t->wire_name = STR("patch");
	w.content = &c;
	encoder_init(&e, &dialect, &w, *state, &out);
	assert_ptr_equal(offered, &c);
	assert_null(e.wishes.content);
	assert_null(encoder_tool(&e, STR("plain")));
	assert_null(encoder_tool(&e, STR("n")));
	assert_bytes(encoder_tool(&e, STR("s__n"))->name, "n");
	assert_bytes(encoder_tool(&e, STR("s__n"))->space, "s");
	assert_false(encoder_tool(&e, STR("s__n"))->freeform);
	assert_true(encoder_tool(&e, STR("patch"))->freeform);
	encoder_release(&e);
}

static void replies_are_gathered(void **state)
{
	const struct event events[] = {
		{ .type = EV_START,
			.id = STR("r1"),
			.model = STR("m1"),
			.usage = { 7, -1, -1, -1, -1, -1 } },
		{ .type = EV_OPEN, .part = PART_REASONING },
		{ .type = EV_TEXT, .text = STR("think") },
		{ .type = EV_SIGN, .native = { STR("ds"), STR("{}") } },
		{ .type = EV_CLOSE },
		{ .type = EV_USAGE, .usage = { -1, 2, -1, -1, 5, -1 } },
		{ .type = EV_OPEN,
			.part = PART_CALL,
			.id = STR("c1"),
			.name = STR("t"),
			.freeform = true,
			.native = { STR("gem"), STR("\"s\"") } },
		{ .type = EV_CLOSE },
		{ .type = EV_ERROR, .text = STR("x") },
		{ .type = EV_STOP, .stop = STOP_SEQUENCE, .detail = STR("END") },
	};
	struct reply r;

	reply_init(&r, *state, 1000);
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		reply_add(&r, &events[i]);
	assert_bytes(r.id, "r1");
	assert_bytes(r.model, "m1");
	assert_int_equal(r.usage.in, 7);
	assert_int_equal(r.usage.cache_read, 2);
	assert_int_equal(r.usage.out, 5);
	assert_int_equal(r.usage.reasoning, -1);
	assert_int_equal(r.first->kind, PART_REASONING);
	assert_bytes(buf_str(&r.first->text), "think");
	assert_bytes(r.first->native.code, "ds");
	assert_ptr_equal(r.first->next, r.last);
	assert_bytes(r.last->id, "c1");
	assert_bytes(r.last->name, "t");
	assert_true(r.last->freeform);
	assert_bytes(r.last->native.payload, "\"s\"");
	assert_int_equal(r.calls, 1);
	assert_int_equal(r.stop, STOP_SEQUENCE);
	assert_bytes(r.detail, "END");
	assert_false(r.overflow);
	reply_release(&r);
}

/* Also of parts without any text. */
static void replies_have_a_bound(void **state)
{
	const struct event open = { .type = EV_OPEN, .part = PART_TEXT },
			   text = { .type = EV_TEXT, .text = STR("x") };
	struct reply r;
	size_t parts = 0;

	reply_init(&r, *state, 4096);
	reply_add(&r, &text); /* of no part */
	for (unsigned i = 0; i < 100000; i++)
		reply_add(&r, &open);
	assert_true(r.overflow);
	for (const struct reply_part *p = r.first; p != NULL; p = p->next)
		parts++;
	assert_true(parts > 0 && parts < 4096 / sizeof(struct reply_part) + 1);
	reply_add(&r, &text);
	assert_int_equal(r.last->text.n, 0);
	reply_release(&r);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_stream_ends_once),
		TEST(a_stream_without_an_end_is_an_error),
		TEST(a_body_without_an_end_is_an_error),
		TEST(a_stream_begins_with_its_first_part),
		TEST(without_an_id_it_is_random),
		TEST(a_body_comes_at_the_end),
		TEST(a_body_that_is_too_long_does_not_come),
		TEST(tools_by_their_names),
		TEST(replies_are_gathered),
		TEST(replies_have_a_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
