/* SPDX-License-Identifier: MIT */
/* Which ways of thinking a model takes, and what does not go together with them. */
#include "sim/check.h"

enum { BUDGET_MIN = 1024 };

static yyjson_val *thinking_of(const struct check *c)
{
	return tree_set(c->body, "thinking");
}

bool check_has_budget(const struct check *c)
{
	return tree_is(thinking_of(c), "type", "enabled");
}

bool check_thinks(const struct check *c)
{
	yyjson_val *t = thinking_of(c);

	if (t == NULL)
		return (c->model->family->flags & MODEL_THINKS) != 0;
	return !tree_is(t, "type", "disabled");
}

static bool check_budget(const struct check *c)
{
	yyjson_val *budget = yyjson_obj_get(thinking_of(c), "budget_tokens");
	int64_t n, most;

	if (c->model->vendor != VENDOR_ANTHROPIC)
		return true; /* taken, and of no effect */
	if (!tree_int(budget, &n))
		return refuse(c->why, 400, "thinking.enabled.budget_tokens: Field required");
	if (n < BUDGET_MIN)
		return refuse(c->why, 400,
			"thinking.enabled.budget_tokens: Input should be greater than or equal to %d",
			BUDGET_MIN);
	if (tree_int(yyjson_obj_get(c->body, "max_tokens"), &most) && n >= most)
		return refuse(c->why, 400,
			"`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at "
			"https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size");
	return true;
}

static bool check_off(const struct check *c)
{
	yyjson_val *config = tree_set(c->body, "output_config");
	unsigned flags = c->model->family->flags;

	if ((flags & MODEL_NO_OFF) != 0)
		return refuse(
			c->why, 400, "`thinking.type: disabled` is not supported on this model.");
	if ((flags & MODEL_OFF_TO_HIGH) != 0 &&
		(tree_is(config, "effort", "xhigh") || tree_is(config, "effort", "max")))
		return refuse(c->why, 400,
			"`thinking.type: disabled` is not supported on this model with an effort above `high`.");
	return true;
}

static bool not_supported(const struct check *c, const char *type)
{
	return refuse(c->why, 400, "`thinking.type: %s` is not supported on this model.", type);
}

static bool check_type(const struct check *c)
{
	yyjson_val *t = thinking_of(c);
	unsigned flags = c->model->family->flags;

	if (t == NULL)
		return true;
	if (tree_is(t, "type", "enabled"))
		return (flags & MODEL_BUDGET) != 0 ? check_budget(c) : not_supported(c, "enabled");
	if (tree_is(t, "type", "adaptive"))
		return (flags & MODEL_ADAPTIVE) != 0 || not_supported(c, "adaptive");
	if (tree_is(t, "type", "between_tools"))
		return (flags & MODEL_BETWEEN_TOOLS) != 0 || not_supported(c, "between_tools");
	if (tree_is(t, "type", "disabled"))
		return check_off(c);
	return refuse(c->why, 400,
		"thinking: Input tag '%.*s' found using 'type' does not match any of the expected tags: 'adaptive', "
		"'between_tools', 'disabled', 'enabled'",
		STR_ARG(tree_get(t, "type")));
}

static bool check_display(const struct check *c)
{
	yyjson_val *display = tree_set(thinking_of(c), "display");

	if (display == NULL || yyjson_equals_str(display, "summarized") ||
		yyjson_equals_str(display, "omitted") || yyjson_equals_str(display, "updates"))
		return true;
	return refuse(c->why, 400,
		"thinking.display: Input should be 'summarized', 'omitted' or 'updates'");
}

static bool check_forced(const struct check *c)
{
	yyjson_val *choice = tree_set(c->body, "tool_choice");
	enum forced_tools how = c->model->family->forced;

	if (!tree_is(choice, "type", "any") && !tree_is(choice, "type", "tool"))
		return true;
	if (how == FORCED_NO)
		return refuse(c->why, 400,
			"tool_choice: forced tool use is not supported on this model; use `auto` or `none`");
	if (check_has_budget(c) || (how == FORCED_NOT_THINKING && check_thinks(c)))
		return refuse(c->why, 400,
			"Thinking may not be enabled when tool_choice forces tool use.");
	return true;
}

bool check_thinking(const struct check *c)
{
	yyjson_val *t = thinking_of(c);

	if (t != NULL && !yyjson_is_obj(t))
		return refuse(c->why, 400, "thinking: Input should be a valid dictionary");
	return check_type(c) && check_display(c) && check_forced(c);
}
