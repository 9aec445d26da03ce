/* SPDX-License-Identifier: MIT */
/* What `sluice top` draws: text from outside cleaned and measured, tables of any size, sorted as was asked. */
#include "unit/base/check.h"

#include "app/cmd.h"
#include "app/top_view.h"

#include <locale.h>
#include <stdio.h>

/* app/cmd.c wants a table of commands. */
const struct command *const commands[] = { NULL };

#define STATE \
	"{\"at_ms\":1795264985123,\"started_ms\":1795264900000,\"version\":\"9.9\",\"connections\":3," \
	"\"ledger\":{\"state\":\"ok\",\"waiting\":0,\"lost\":0},\"open_count\":3,\"open\":[" \
	"{\"model\":\"claude-opus-5-5-20260901\",\"project\":\"/home/me/alpha\",\"kind\":\"main\",\"begin_ms\":1795264980000,\"first_us\":500000,\"tokens\":10,\"tokens_per_s\":2,\"cost_nusd\":30000000}," \
	"{\"model\":\"evil\\u001b[2J\\u0007\\u202emodel\",\"begin_ms\":1795264981000,\"first_us\":null,\"tokens\":0,\"tokens_per_s\":0,\"cost_nusd\":null}," \
	"{\"model\":\"\xE6\xA8\xA1\xE5\x9E\x8B\",\"project\":\"p\",\"begin_ms\":1795264982000,\"first_us\":1,\"tokens\":70000,\"tokens_per_s\":90,\"cost_nusd\":1500000000}]," \
	"\"ended\":[{\"at_ms\":1795264985000,\"model\":\"m\",\"status\":529,\"error\":\"overloaded_error\",\"tokens\":{\"input\":null},\"cost_nusd\":0}]," \
	"\"conversations\":[{\"id\":\"0123456789/abcdefgh\",\"model\":\"m\",\"last_ms\":1795264980000,\"exchanges\":4,\"hit_rate\":0.5,\"cost_nusd\":1,\"saved_nusd\":-2000000000,\"lost_nusd\":0}]," \
	"\"totals\":{\"exchanges\":5,\"failed\":1,\"cost_nusd\":2000000000,\"saved_nusd\":0,\"lost_nusd\":0,\"hit_rate\":0.9}," \
	"\"recent\":{\"cost_nusd\":1000000000,\"minutes\":5},\"today\":null," \
	"\"providers\":[{\"name\":\"anthropic\",\"health\":\"failing\",\"key\":\"client\",\"requests\":5,\"errors\":{\"429\":2,\"cut\":1},\"first_us_p50\":1200000," \
	"\"quota\":[{\"name\":\"5h\",\"limit\":100,\"remaining\":4,\"reset_ms\":1795268585123}]},{\"name\":\"unused\",\"key\":\"client\",\"requests\":0}]}"

static bool utf8;

static void picture(struct top_view *v, int rows, int cols, struct buf *ret)
{
	struct top_canvas c;
	struct top_state s;
	struct err e;

	assert_true(top_state_read(&s, STR(STATE), &e));
	top_canvas_init(&c, rows, cols, utf8);
	top_view_draw(v, &s, &c);
	buf_init(ret, SIZE_MAX);
	for (int i = 0; i < c.rows; i++) {
		top_canvas_row(&c, i, ret);
		buf_add_char(ret, '\n');
	}
	top_canvas_release(&c);
	top_state_release(&s);
}

static size_t at(const struct buf *text, const char *part)
{
	size_t n = str_find(buf_str(text), str_from(part));

	if (n == text->n)
		fail_msg("\"%s\" is missing in\n%.*s", part, STR_ARG(buf_str(text)));
	return n;
}

static void shows(void **state)
{
	struct top_view v;
	struct buf text;

	top_view_init(&v);
	picture(&v, 24, 80, &text);
	static const char *const parts[] = { "sluice 9.9", "requests 5 (1 failed)",
		"last 5 min $1.00", "open $1.53", "hit 90.0%", "STREAMS 3", "opus-5-5", "alpha",
		"$0.0300", "70.0K", "failing", "5h 4% for 1h00m", "529", "overloaded_error", "50%",
		"-$2.0000", "01234567/abcd ", "q quit" };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		at(&text, parts[i]);
	assert_int_equal(str_find(buf_str(&text), STR("unused")), text.n);
	buf_release(&text);
}

/* Nothing that a terminal would obey, whatever a model is called. */
static void cleaned(void **state)
{
	static const char to_the_left[] = { '\xE2', '\x80',
		'\xAE' }; /* what follows is shown from right to left */
	struct top_view v;
	struct buf text;

	top_view_init(&v);
	picture(&v, 24, 200, &text);
	for (size_t i = 0; i < text.n; i++)
		assert_true((unsigned char)text.p[i] >= 0x20 || text.p[i] == '\n');
	at(&text, utf8 ? "evil?[2J?model" : "evil?[2J??model");
	assert_int_equal(str_find(buf_str(&text), (struct str){ to_the_left, 3 }), text.n);
	buf_release(&text);
}

static void sorted(void **state)
{
	struct top_view v;
	struct buf text;

	top_view_init(&v);
	picture(&v, 24, 80, &text);
	assert_true(at(&text, "$1.5000") < at(&text, "$0.0300"));
	buf_release(&text);
	v.reverse[TOP_STREAMS] = true;
	picture(&v, 24, 80, &text);
	assert_true(at(&text, "$1.5000") > at(&text, "$0.0300"));
	buf_release(&text);
	v.sort[TOP_STREAMS] = 3; /* age: the longest first */
	v.reverse[TOP_STREAMS] = false;
	picture(&v, 24, 80, &text);
	assert_true(at(&text, "opus-5-5") < at(&text, "evil"));
	buf_release(&text);
	for (int i = 0; i < 40; i++) {
		v.focus = (enum top_panel)(i % TOP_PANELS);
		top_view_sort_next(&v);
		picture(&v, 24, 80, &text);
		buf_release(&text);
	}
}

/* No size and no scrolling makes it draw where nothing is; the sanitizers look on. */
static void any_size(void **state)
{
	struct top_view v;
	struct buf text;

	top_view_init(&v);
	for (int rows = 1; rows < 60; rows += 3)
		for (int cols = 1; cols < 230; cols += 7) {
			v.focus = (enum top_panel)(cols % TOP_PANELS);
			v.scroll[v.focus] = cols * 3 - 50;
			v.help = cols % 11 == 0;
			v.notice = rows % 5 == 0 ? "something is wrong" : NULL;
			picture(&v, rows, cols, &text);
			struct str rest = buf_str(&text), line;
			while (str_split(&rest, '\n', &line))
				assert_true(top_text_width(line, utf8) <= cols);
			buf_release(&text);
		}
}

static void cut(void **state)
{
	struct top_canvas c;
	struct buf row;

	top_canvas_init(&c, 1, 12, utf8);
	buf_init(&row, SIZE_MAX);
	assert_int_equal(
		top_canvas_put(&c, (struct top_span){ 0, 0, 4 }, TOP_PLAIN, STR("abcd")), 4);
	assert_int_equal(
		top_canvas_put(&c, (struct top_span){ 0, 5, 4 }, TOP_PLAIN, STR("abcdef")), 4);
	top_canvas_put_right(&c, (struct top_span){ 0, 9, 3 }, TOP_PLAIN, STR("x"));
	top_canvas_row(&c, 0, &row);
	assert_str(buf_str(&row), utf8 ? STR("abcd abc\xE2\x80\xA6  x") : STR("abcd abc~  x"));
	if (utf8) {
		/* A wide character is not cut in half. */
		assert_int_equal(top_text_width(STR("\xE6\xA8\xA1\xE5\x9E\x8B"), true), 4);
		top_canvas_release(&c);
		top_canvas_init(&c, 1, 3, true);
		buf_clear(&row);
		top_canvas_put(&c, (struct top_span){ 0, 0, 3 }, TOP_PLAIN,
			STR("\xE6\xA8\xA1\xE5\x9E\x8B"));
		top_canvas_row(&c, 0, &row);
		assert_bytes(buf_str(&row), "\xE6\xA8\xA1\xE2\x80\xA6");
	}
	assert_int_equal(top_text_width(STR("\xFF\xC3(\xED\xA0\x80"), utf8), 6);
	top_canvas_release(&c);
	buf_release(&row);
}

/* Of another version, or of another program. */
static void other_answers(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "null", "{}",
		"{\"at_ms\":\"x\",\"started_ms\":1}" };
	struct top_state s;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(top_state_read(&s, str_from(bad[i]), &e));
		top_state_release(&s);
	}
	assert_true(top_state_read(&s,
		STR("{\"at_ms\":1,\"started_ms\":0,\"open\":7,\"ended\":[3,null],\"providers\":[{\"quota\":[[]],\"requests\":1}]}"),
		&e));
	assert_int_equal(s.nended, 2);
	top_state_release(&s);
}

static int in_utf8(void **state)
{
	utf8 = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
	return utf8 ? 0 : -1;
}

static int in_ascii(void **state)
{
	setlocale(LC_CTYPE, "C");
	utf8 = false;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows),
		cmocka_unit_test(cleaned),
		cmocka_unit_test(sorted),
		cmocka_unit_test(any_size),
		cmocka_unit_test(cut),
		cmocka_unit_test(other_answers),
	};

	return cmocka_run_group_tests(tests, in_utf8, NULL) +
	       cmocka_run_group_tests(tests, in_ascii, NULL);
}
