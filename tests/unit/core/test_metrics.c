/* SPDX-License-Identifier: MIT */
/* Metrics: each line by the rules of the text format, figures as they were counted, labels from outside kept in bounds, and
 * documents that name what there is. */
#include "unit/core/exchange_fake.h"

#include "core/metrics.h"

#include <stdio.h>
#include <stdlib.h>

static void scrape(struct world *w, struct buf *ret)
{
	buf_init(ret, SIZE_MAX);
	metrics_print(&w->svc, ret);
}

static bool has_line(const struct buf *text, const char *line)
{
	struct str rest = buf_str(text), each;

	while (str_split(&rest, '\n', &each))
		if (str_eq(each, str_from(line)))
			return true;
	print_error("missing: %s\n", line);
	return false;
}

static size_t lines_with(const struct buf *text, const char *part)
{
	struct str rest = buf_str(text), each;
	size_t n = 0;

	while (str_split(&rest, '\n', &each))
		n += str_find(each, str_from(part)) < each.n;
	return n;
}

/* ---- the format ---- */

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz_", s.p[i]) == NULL &&
			(i == 0 || strchr("0123456789", s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

/* Takes `name="value"` off the front. */
static bool take_label(struct str *s)
{
	size_t eq = str_find_char(*s, '=');

	if (!is_name((struct str){ s->p, eq }) || eq + 1 >= s->n || s->p[eq + 1] != '"')
		return false;
	for (size_t i = eq + 2; i < s->n; i++) {
		if (s->p[i] == '\\' && (i + 1 == s->n || strchr("\\\"n", s->p[i + 1]) == NULL))
			return false;
		if (s->p[i] == '\\') {
			i++;
		} else if (s->p[i] == '"') {
			*s = str_from_offset(*s, i + 1);
			return true;
		}
	}
	return false;
}

static bool is_sample(struct str line, struct str family)
{
	static const char *const suffixes[] = { "", "_bucket", "_sum", "_count" };
	char value[64], *end;
	size_t n = 0;

	while (n < line.n && line.p[n] != '{' && line.p[n] != ' ')
		n++;
	struct str name = { line.p, n }, rest = str_from_offset(line, n);
	bool known = false;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		known |= str_starts(name, family) &&
			 str_eq(str_from_offset(name, family.n), str_from(suffixes[i]));
	if (!known || !is_name(name))
		return false;
	if (rest.n > 0 && rest.p[0] == '{')
		do {
			rest = str_from_offset(rest, 1);
			if (!take_label(&rest) || rest.n == 0)
				return false;
		} while (rest.p[0] == ',');
	if (str_starts(rest, STR("} ")))
		rest = str_from_offset(rest, 1);
	if (rest.n < 2 || rest.n > sizeof(value) || rest.p[0] != ' ')
		return false;
	memcpy(value, rest.p + 1, rest.n - 1);
	value[rest.n - 1] = '\0';
	strtod(value, &end);
	return *end == '\0';
}

static void check_format(const struct buf *text)
{
	struct str rest = buf_str(text), line, family = STR("");
	char head[200];

	assert_true(str_ends(rest, STR("\n")));
	rest.n--;
	while (str_split(&rest, '\n', &line)) {
		if (str_starts(line, STR("# HELP "))) {
			line = str_from_offset(line, 7);
			struct str name = { line.p, str_find_char(line, ' ') };
			snprintf(head, sizeof(head), "# HELP %.*s ", STR_ARG(name));
			assert_int_equal(lines_with(text, head), 1); /* one block a family */
			family = name;
		} else if (str_starts(line, STR("# TYPE "))) {
			assert_true(str_starts(str_from_offset(line, 7), family));
		} else if (!is_sample(line, family)) {
			print_error("%.*s\n", STR_ARG(line));
			fail();
		}
	}
}

static void format(void **state)
{
	struct world w;
	struct buf text;

	world_init(&w, NULL);
	scrape(&w, &text);
	check_format(&text);
	buf_release(&text);
	world_release(&w);
}

/* ---- what is counted ---- */

static void figures(void **state)
{
	struct world w;
	struct buf text;

	world_init(&w, NULL);
	stream_open(&w);
	fake_transfer_body(world_transfer(&w), STR(START));
	fake_loop_advance(w.loop, 700);
	scrape(&w, &text);
	assert_true(has_line(&text, "sluice_open_streams 1"));
	buf_release(&text);
	fake_transfer_body(world_transfer(&w), STR(USAGE STOP));
	fake_transfer_done(world_transfer(&w), UPSTREAM_OK, "");
	fake_loop_settle(w.loop);
	world_post(&w, "/v1/messages", STR(BODY));
	world_answer(&w, "529 Overloaded", STR("{}"));
	scrape(&w, &text);
	check_format(&text);
	static const char *const lines[] = {
		"# TYPE sluice_requests_total counter",
		"sluice_requests_total{endpoint=\"messages\",provider=\"anthropic\",status=\"2xx\"} 1",
		"sluice_requests_total{endpoint=\"messages\",provider=\"anthropic\",status=\"5xx\"} 1",
		"sluice_tokens_total{kind=\"input\",model=\"claude-opus-5-5\"} 12",
		"sluice_tokens_total{kind=\"cache_read\",model=\"claude-opus-5-5\"} 3400",
		"sluice_tokens_total{kind=\"output\",model=\"claude-opus-5-5\"} 795",
		"sluice_upstream_errors_total{provider=\"anthropic\",class=\"529\"} 1",
		"sluice_request_duration_seconds_bucket{endpoint=\"messages\",le=\"0.5\"} 1",
		"sluice_request_duration_seconds_bucket{endpoint=\"messages\",le=\"1\"} 2",
		"sluice_request_duration_seconds_bucket{endpoint=\"messages\",le=\"+Inf\"} 2",
		"sluice_request_duration_seconds_sum{endpoint=\"messages\"} 0.7",
		"sluice_request_duration_seconds_count{endpoint=\"messages\"} 2",
		"sluice_first_token_seconds_count{provider=\"anthropic\"} 1",
		"sluice_provider_healthy{provider=\"anthropic\"} 1",
		"sluice_open_streams 0",
		"process_start_time_seconds 1795264985.123",
	};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_true(has_line(&text, lines[i]));
	assert_int_equal(lines_with(&text, "sluice_cost_nanodollars_total{"), 3);
	buf_release(&text);
	world_release(&w);
}

static void predictions(void **state)
{
	struct world w;
	struct buf text;

	world_init(&w, NULL);
	metrics_prediction(w.svc.metrics, 1000, 1000);
	metrics_prediction(w.svc.metrics, 1015, 1000);
	metrics_prediction(w.svc.metrics, 900, 1000);
	metrics_prediction(w.svc.metrics, 0, 0);
	metrics_prediction(w.svc.metrics, 5, 0); /* all of it was wrong */
	metrics_prediction(w.svc.metrics, -1, 1000);
	metrics_prediction(w.svc.metrics, 1000, -1);
	scrape(&w, &text);
	assert_true(has_line(&text, "sluice_prefix_prediction_error_ratio_bucket{le=\"0\"} 2"));
	assert_true(has_line(&text, "sluice_prefix_prediction_error_ratio_bucket{le=\"0.01\"} 2"));
	assert_true(has_line(&text, "sluice_prefix_prediction_error_ratio_bucket{le=\"0.02\"} 3"));
	assert_true(has_line(&text, "sluice_prefix_prediction_error_ratio_bucket{le=\"0.1\"} 4"));
	assert_true(has_line(&text, "sluice_prefix_prediction_error_ratio_count 5"));
	buf_release(&text);
	world_release(&w);
}

/* ---- labels from outside ---- */

static void answer_as(struct world *w, const char *json_model)
{
	struct buf reply;

	buf_init(&reply, SIZE_MAX);
	buf_addf(&reply, "{\"model\":\"%s\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}",
		json_model);
	world_post(w, "/v1/messages", STR(BODY));
	world_answer(w, JSON_HEAD, buf_str(&reply));
	world_forget(w);
	buf_release(&reply);
}

static void names_are_escaped(void **state)
{
	struct world w;
	struct buf text;

	world_init(&w, NULL);
	answer_as(&w, "a\\\"b\\\\c\\nd");
	answer_as(&w, "\xC3\xA9\xFF\xC3");
	scrape(&w, &text);
	check_format(&text);
	assert_true(
		has_line(&text, "sluice_tokens_total{kind=\"input\",model=\"a\\\"b\\\\c\\nd\"} 1"));
	assert_true(has_line(&text,
		"sluice_tokens_total{kind=\"input\",model=\"\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\"} 1"));
	buf_release(&text);
	world_release(&w);
}

static void names_are_bounded(void **state)
{
	static const char *const sets[] = { "limits.metric_models=5", NULL };
	struct world w;
	struct buf text;
	char name[200];

	world_init(&w, sets);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "made-up-%d", i);
		answer_as(&w, name);
	}
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	answer_as(&w, name);
	/* Dated names are the model itself. */
	answer_as(&w, "made-up-3");
	scrape(&w, &text);
	check_format(&text);
	assert_int_equal(lines_with(&text, "sluice_tokens_total{kind=\"input\""), 6);
	assert_true(has_line(&text, "sluice_tokens_total{kind=\"input\",model=\"made-up-3\"} 2"));
	assert_true(has_line(&text, "sluice_tokens_total{kind=\"input\",model=\"other\"} 46"));
	buf_release(&text);
	world_release(&w);
}

/* ---- documents ---- */

static void read_document(const char *name, struct buf *ret)
{
	char path[1000];

	snprintf(path, sizeof(path), "%s/../%s", TESTS_DIR, name);
	buf_init(ret, SIZE_MAX);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	assert_true(buf_reserve(ret, 1 << 20));
	ret->n = fread(ret->p, 1, 1 << 20, f);
	fclose(f);
}

static void reference_is_current(void **state)
{
	struct buf want, got;

	buf_init(&want, SIZE_MAX);
	metrics_reference(&want);
	read_document("docs/metrics.md", &got);
	if (!str_eq(buf_str(&got), buf_str(&want)))
		fail_msg("docs/metrics.md is stale: run `sluice config metrics > docs/metrics.md`");
	buf_release(&want);
	buf_release(&got);
}

/* A dashboard that asks for what is not there shows nothing, and nobody knows why. */
static void dashboard_names_what_there_is(void **state)
{
	struct buf reference, dashboard;
	char quoted[120];
	size_t n = 0;

	buf_init(&reference, SIZE_MAX);
	metrics_reference(&reference);
	read_document("packaging/grafana/sluice.json", &dashboard);
	struct str rest = buf_str(&dashboard);
	while (rest.n > 0) {
		static const struct str stem = STR_INIT("sluice_");
		rest = str_from_offset(rest, str_find(rest, stem));
		struct str name = { rest.p, 0 };
		while (name.n < rest.n && is_name((struct str){ name.p, name.n + 1 }))
			name.n++;
		if (name.n == 0)
			break;
		for (size_t i = 0; i < 3; i++) {
			static const struct str suffixes[] = { STR_INIT("_bucket"),
				STR_INIT("_sum"), STR_INIT("_count") };
			if (str_ends(name, suffixes[i]))
				name.n -= suffixes[i].n;
		}
		snprintf(quoted, sizeof(quoted), "| `%.*s` |", STR_ARG(name));
		if (str_find(buf_str(&reference), str_from(quoted)) == reference.n)
			fail_msg("packaging/grafana/sluice.json: no metric %.*s", STR_ARG(name));
		rest = str_from_offset(rest, name.n);
		n++;
	}
	assert_true(n > 10);
	buf_release(&reference);
	buf_release(&dashboard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format),
		cmocka_unit_test(figures),
		cmocka_unit_test(predictions),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(names_are_bounded),
		cmocka_unit_test(reference_is_current),
		cmocka_unit_test(dashboard_names_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
