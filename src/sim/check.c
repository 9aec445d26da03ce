/* SPDX-License-Identifier: MIT */
/* The order of the checks, the shape of a body, and its plain parameters. */
#include "sim/check.h"

#include <string.h>

enum { MESSAGES_MAX = 100000 };

bool check_shape(const struct check *c)
{
	yyjson_val *messages = yyjson_obj_get(c->body, "messages");
	yyjson_val *max_tokens = yyjson_obj_get(c->body, "max_tokens");
	struct str model = tree_get(c->body, "model");
	int64_t n;

	if (!yyjson_is_obj(c->body))
		return refuse(c->why, 400, "Input should be a valid dictionary");
	if (yyjson_obj_get(c->body, "model") == NULL)
		return refuse(c->why, 400, "model: Field required");
	if (model.p == NULL)
		return refuse(c->why, 400, "model: Input should be a valid string");
	if (model.n == 0)
		return refuse(c->why, 400, "model: String should have at least 1 character");
	if (!c->counting && max_tokens == NULL)
		return refuse(c->why, 400, "max_tokens: Field required");
	if (!c->counting && !tree_int(max_tokens, &n))
		return refuse(c->why, 400, "max_tokens: Input should be a valid integer");
	if (messages == NULL)
		return refuse(c->why, 400, "messages: Field required");
	if (!yyjson_is_arr(messages))
		return refuse(c->why, 400, "messages: Input should be a valid list");
	if (yyjson_arr_size(messages) == 0)
		return refuse(c->why, 400, "messages: at least one message is required");
	if (yyjson_arr_size(messages) > MESSAGES_MAX)
		return refuse(
			c->why, 400, "messages: at most %d messages are allowed", MESSAGES_MAX);
	return true;
}

bool check_request(const struct check *c)
{
	return check_parameters(c) && check_thinking(c) && check_tools(c) && check_messages(c) &&
	       check_pairs(c) && (c->model->vendor != VENDOR_ANTHROPIC || check_marks(c));
}

/* ---- max_tokens ---- */

/* A request for no output fills the cache: nothing in it may ask for output of a certain form. */
static bool check_fill(const struct check *c)
{
	yyjson_val *choice = tree_set(c->body, "tool_choice");
	const char *with = NULL;

	if (yyjson_is_true(yyjson_obj_get(c->body, "stream")))
		with = "stream";
	else if (check_has_budget(c))
		with = "thinking.type: enabled";
	else if (tree_set(tree_set(c->body, "output_config"), "format") != NULL)
		with = "output_config.format";
	else if (tree_is(choice, "type", "any") || tree_is(choice, "type", "tool"))
		with = "a forced tool_choice";
	if (with != NULL)
		return refuse(c->why, 400, "max_tokens: 0 cannot be combined with %s", with);
	return true;
}

static bool check_max_tokens(const struct check *c)
{
	int64_t n;

	if (c->counting || !tree_int(yyjson_obj_get(c->body, "max_tokens"), &n))
		return true;
	if (n < 0)
		return refuse(
			c->why, 400, "max_tokens: Input should be greater than or equal to 0");
	if (n > c->model->max_output)
		return refuse(c->why, 400,
			"max_tokens: %lld > %lld, which is the maximum allowed number of output tokens for this model",
			(long long)n, (long long)c->model->max_output);
	return n > 0 || check_fill(c);
}

/* ---- sampling ---- */

static bool is_default(const char *name, yyjson_val *v)
{
	return strcmp(name, "top_k") != 0 && yyjson_get_num(v) == 1.0;
}

static bool check_sampling_member(const struct check *c, const char *name)
{
	yyjson_val *v = tree_set(c->body, name);
	enum sampling how = c->model->family->sampling;

	if (v == NULL || how == SAMPLING_IGNORED)
		return true;
	if (c->version == API_2026_10_21)
		return refuse(c->why, 400, "%s: Extra inputs are not permitted", name);
	if (!yyjson_is_num(v))
		return refuse(c->why, 400, "%s: Input should be a valid number", name);
	if (how == SAMPLING_REFUSED)
		return refuse(c->why, 400, "`%s` is deprecated for this model.", name);
	if (how == SAMPLING_DEFAULTS && !is_default(name, v))
		return refuse(
			c->why, 400, "`%s` may only have its default value for this model.", name);
	if (strcmp(name, "top_k") != 0 && (yyjson_get_num(v) < 0 || yyjson_get_num(v) > 1))
		return refuse(c->why, 400, "%s: range: 0..1", name);
	return true;
}

static bool check_sampling_with_thinking(const struct check *c)
{
	yyjson_val *temperature = tree_set(c->body, "temperature");
	yyjson_val *top_p = tree_set(c->body, "top_p");

	if (!check_thinks(c) || c->model->family->sampling == SAMPLING_IGNORED)
		return true;
	if (temperature != NULL && yyjson_get_num(temperature) != 1.0)
		return refuse(c->why, 400,
			"`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation at "
			"https://docs.claude.com/en/docs/build-with-claude/extended-thinking");
	if (top_p != NULL && yyjson_get_num(top_p) < 0.95)
		return refuse(c->why, 400,
			"`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.");
	if (tree_set(c->body, "top_k") != NULL)
		return refuse(c->why, 400, "`top_k` must be unset when thinking is enabled.");
	return true;
}

/* ---- the rest ---- */

static bool one_of(struct str s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (str_eq(s, str_from(*list)))
			return true;
	return false;
}

static bool check_output_config(const struct check *c)
{
	static const char *const efforts[] = { "low", "medium", "high", "xhigh", "max", NULL };
	yyjson_val *config = tree_set(c->body, "output_config");
	yyjson_val *effort = tree_set(config, "effort"), *format = tree_set(config, "format");

	if (config != NULL && !yyjson_is_obj(config))
		return refuse(c->why, 400, "output_config: Input should be a valid dictionary");
	if (effort != NULL && !one_of(tree_str(effort), efforts))
		return refuse(c->why, 400,
			"output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'");
	if (format != NULL && !tree_is(format, "type", "json_schema"))
		return refuse(
			c->why, 400, "output_config.format.type: Input should be 'json_schema'");
	if (format != NULL && !yyjson_is_obj(yyjson_obj_get(format, "schema")))
		return refuse(c->why, 400, "output_config.format.schema: Field required");
	return true;
}

static bool check_stop_sequences(const struct check *c)
{
	yyjson_val *list = tree_set(c->body, "stop_sequences");
	yyjson_arr_iter it = yyjson_arr_iter_with(list);

	if (list != NULL && !yyjson_is_arr(list))
		return refuse(c->why, 400, "stop_sequences: Input should be a valid list");
	for (yyjson_val *s; (s = yyjson_arr_iter_next(&it)) != NULL;)
		if (str_trim(tree_str(s)).n == 0)
			return refuse(c->why, 400,
				"stop_sequences: each stop sequence must contain non-whitespace");
	return true;
}

bool check_parameters(const struct check *c)
{
	yyjson_val *stream = tree_set(c->body, "stream");

	if (stream != NULL && !yyjson_is_bool(stream))
		return refuse(c->why, 400, "stream: Input should be a valid boolean");
	return check_max_tokens(c) && check_sampling_member(c, "temperature") &&
	       check_sampling_member(c, "top_p") && check_sampling_member(c, "top_k") &&
	       check_sampling_with_thinking(c) && check_output_config(c) && check_stop_sequences(c);
}
