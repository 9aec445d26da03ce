/* SPDX-License-Identifier: MIT */
/* Roles and their order, and what a block of content may be where. */
#include "sim/check.h"

#include <string.h>

struct place {
	const struct check *check;
	const char *role;
	size_t message, content;
	bool nested; /* within a tool result */
	bool last;   /* the last message */
};

struct block_row {
	const char *type;
	const char *role; /* NULL: user and assistant */
	bool nested;      /* may stand in a tool result */
};

static const struct block_row block_rows[] = {
	{ "text", NULL, true },
	{ "image", "user", true },
	{ "document", "user", true },
	{ "search_result", "user", true },
	{ "tool_use", "assistant", false },
	{ "tool_result", "user", false },
	{ "tool_reference", "user", true },
	{ "browser_state", "user", true },
	{ "thinking", "assistant", false },
	{ "redacted_thinking", "assistant", false },
	{ "server_tool_use", "assistant", false },
	{ "web_search_tool_result", "assistant", false },
	{ "web_fetch_tool_result", "assistant", false },
	{ "code_execution_tool_result", "assistant", false },
	{ "bash_code_execution_tool_result", "assistant", false },
	{ "text_editor_code_execution_tool_result", "assistant", false },
	{ "tool_search_tool_result", "assistant", false },
	{ "container_upload", NULL, false },
	{ "mcp_tool_use", "assistant", false },
	{ "mcp_tool_result", "assistant", false },
	{ "mcp_tool_listing", "assistant", false },
	{ "compaction", "assistant", false },
	{ "fallback", "assistant", false },
	{ "advisor_tool_result", "assistant", false },
	{ "tool_addition", "system", false },
	{ "tool_removal", "system", false },
};

/* ---- blocks ---- */

static bool check_text(const struct place *p, struct str text, const char *where)
{
	if (text.p == NULL)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.text.text: Field required", p->message,
			p->content);
	if (text.n == 0)
		return refuse(
			p->check->why, 400, "%s: text content blocks must be non-empty", where);
	if (str_trim(text).n == 0)
		return refuse(p->check->why, 400,
			"%s: text content blocks must contain non-whitespace text", where);
	return true;
}

static bool is_id(struct str s)
{
	bool ok = s.n > 0;

	for (size_t i = 0; ok && i < s.n; i++)
		ok = ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') ||
		     (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_' || s.p[i] == '-';
	return ok;
}

static bool check_call(const struct place *p, yyjson_val *b)
{
	const char *missing = NULL;

	if (tree_get(b, "id").p == NULL)
		missing = "id";
	else if (tree_get(b, "name").p == NULL)
		missing = "name";
	else if (yyjson_obj_get(b, "input") == NULL)
		missing = "input";
	if (missing != NULL)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.tool_use.%s: Field required", p->message,
			p->content, missing);
	if (!is_id(tree_get(b, "id")))
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
			p->message, p->content);
	if (tree_get(b, "name").n == 0)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.tool_use.name: String should have at least 1 character",
			p->message, p->content);
	if (!yyjson_is_obj(yyjson_obj_get(b, "input")))
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.tool_use.input: Input should be a valid dictionary",
			p->message, p->content);
	return true;
}

static bool check_image(const struct place *p, yyjson_val *b)
{
	static const char *const types[] = { "image/jpeg", "image/png", "image/gif", "image/webp" };
	yyjson_val *source = yyjson_obj_get(b, "source");
	bool known = false;

	if (!yyjson_is_obj(source))
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.image.source: Field required", p->message,
			p->content);
	if (!tree_is(source, "type", "base64"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		known |= tree_is(source, "media_type", types[i]);
	if (!known)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.image.source.base64.media_type: Input should be 'image/jpeg', "
			"'image/png', 'image/gif' or 'image/webp'",
			p->message, p->content);
	if (tree_get(source, "data").n == 0)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.image.source.base64: image cannot be empty",
			p->message, p->content);
	return true;
}

static bool has_citations(yyjson_val *b)
{
	return yyjson_arr_size(yyjson_obj_get(b, "citations")) > 0;
}

/* The newer version of the API wants no citations in what the user says. */
static bool check_citations(const struct place *p, yyjson_val *b)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(b, "content"));
	bool found = tree_is(b, "type", "text") && has_citations(b);

	if (p->check->version != API_2026_10_21 || strcmp(p->role, "user") != 0)
		return true;
	if (tree_is(b, "type", "search_result"))
		for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
			found |= has_citations(v);
	if (found)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.citations: citations are not permitted in user messages",
			p->message, p->content);
	return true;
}

static bool check_block(const struct place *p, yyjson_val *b);

static bool check_result(const struct place *p, yyjson_val *b)
{
	yyjson_val *content = tree_set(b, "content");
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	struct place inside = *p;

	inside.nested = true;
	if (tree_get(b, "tool_use_id").p == NULL)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.tool_result.tool_use_id: Field required",
			p->message, p->content);
	if (content != NULL && !yyjson_is_arr(content) && !yyjson_is_str(content))
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.tool_result.content: Input should be a valid list",
			p->message, p->content);
	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		if (!check_block(&inside, v))
			return false;
	return true;
}

static bool check_members(const struct place *p, yyjson_val *b)
{
	if (tree_is(b, "type", "text"))
		return check_text(p, tree_get(b, "text"), "messages") && check_citations(p, b);
	if (tree_is(b, "type", "tool_use"))
		return check_call(p, b);
	if (tree_is(b, "type", "tool_result"))
		return check_result(p, b);
	if (tree_is(b, "type", "image"))
		return check_image(p, b);
	if (tree_is(b, "type", "search_result"))
		return check_citations(p, b);
	if (tree_is(b, "type", "thinking") && tree_get(b, "signature").p == NULL)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.thinking.signature: Field required", p->message,
			p->content);
	if (tree_is(b, "type", "thinking") && tree_get(b, "thinking").p == NULL)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu.thinking.thinking: Field required", p->message,
			p->content);
	return true;
}

static const struct block_row *row_of(yyjson_val *b)
{
	for (size_t i = 0; i < ARRAY_LEN(block_rows); i++)
		if (tree_is(b, "type", block_rows[i].type))
			return &block_rows[i];
	return NULL;
}

/* The older version of the API let assistants show documents. */
static bool may_stand(const struct place *p, const struct block_row *row)
{
	if (p->nested)
		return row->nested;
	if (strcmp(p->role, "system") == 0)
		return strcmp(row->type, "text") == 0 ||
		       (row->role != NULL && strcmp(row->role, "system") == 0);
	if (strcmp(row->type, "document") == 0 && p->check->version == API_2023_06_01)
		return true;
	return row->role == NULL || strcmp(row->role, p->role) == 0;
}

static bool check_block(const struct place *p, yyjson_val *b)
{
	const struct block_row *row = row_of(b);

	if (!yyjson_is_obj(b))
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu: Input should be a valid dictionary", p->message,
			p->content);
	if (yyjson_obj_get(b, "type") == NULL)
		return refuse(p->check->why, 400, "messages.%zu.content.%zu.type: Field required",
			p->message, p->content);
	if (row == NULL)
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu: Input tag '%.*s' found using 'type' does not match any of the expected "
			"tags",
			p->message, p->content, STR_ARG(tree_get(b, "type")));
	if (!may_stand(p, row))
		return refuse(p->check->why, 400,
			"messages.%zu.content.%zu: `%s` blocks are not permitted in %s", p->message,
			p->content, row->type,
			p->nested                           ? "`tool_result` content"
			: strcmp(p->role, "user") == 0      ? "user messages"
			: strcmp(p->role, "assistant") == 0 ? "assistant messages"
							    : "system messages");
	return check_members(p, b);
}

/* ---- messages ---- */

static bool check_content(struct place *p, yyjson_val *message)
{
	yyjson_val *content = yyjson_obj_get(message, "content");
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	bool may_be_empty = p->last && strcmp(p->role, "assistant") == 0;

	if (content == NULL)
		return refuse(
			p->check->why, 400, "messages.%zu.content: Field required", p->message);
	if (!yyjson_is_str(content) && !yyjson_is_arr(content))
		return refuse(p->check->why, 400,
			"messages.%zu.content: Input should be a valid list", p->message);
	if (yyjson_get_len(content) == 0 && !may_be_empty)
		return refuse(p->check->why, 400,
			"messages.%zu: all messages must have non-empty content except for the optional final assistant "
			"message",
			p->message);
	if (yyjson_is_str(content) && yyjson_get_len(content) > 0)
		return check_text(p, tree_str(content), "messages");
	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL; p->content++)
		if (!check_block(p, b))
			return false;
	return true;
}

static bool ends_with_server_tool(yyjson_val *message)
{
	yyjson_val *last = yyjson_arr_get_last(yyjson_obj_get(message, "content"));
	struct str type = tree_get(last, "type");

	return str_ends(type, STR("_tool_result")) || str_eq(type, STR("server_tool_use"));
}

/* Not first; behind a message of the user or one of the assistant that ends with a server's tool; in front of one of the
 * assistant or at the end. */
static bool check_mid_system(const struct check *c, size_t i, yyjson_val *before, yyjson_val *after)
{
	if ((c->model->family->flags & MODEL_MID_SYSTEM) == 0)
		return refuse(c->why, 400, "messages.%zu: role system is not supported", i);
	if (before == NULL || (!tree_is(before, "role", "user") && !ends_with_server_tool(before)))
		return refuse(c->why, 400,
			"messages.%zu: a system message must follow a user message", i);
	if (after != NULL && !tree_is(after, "role", "assistant"))
		return refuse(c->why, 400,
			"messages.%zu: a system message must be last or be followed by an assistant message",
			i);
	return true;
}

static bool check_role(const struct check *c, size_t i, yyjson_val *m, yyjson_val *before)
{
	yyjson_val *all = yyjson_obj_get(c->body, "messages");
	bool last = i + 1 == yyjson_arr_size(all);

	if (!yyjson_is_obj(m))
		return refuse(c->why, 400, "messages.%zu: Input should be a valid dictionary", i);
	if (yyjson_obj_get(m, "role") == NULL)
		return refuse(c->why, 400, "messages.%zu.role: Field required", i);
	if (tree_is(m, "role", "system") && i > 0)
		return check_mid_system(c, i, before, last ? NULL : yyjson_arr_get(all, i + 1));
	if (!tree_is(m, "role", "user") && !tree_is(m, "role", "assistant"))
		return refuse(
			c->why, 400, "messages.%zu.role: Input should be 'user' or 'assistant'", i);
	if (i == 0 && !tree_is(m, "role", "user"))
		return refuse(c->why, 400, "messages: first message must use the \"user\" role");
	return true;
}

/* What the assistant is to go on from. */
static bool check_prefill(const struct check *c, yyjson_val *last)
{
	yyjson_val *content = yyjson_obj_get(last, "content");
	struct str text = tree_str(content);

	if (!tree_is(last, "role", "assistant"))
		return true;
	if ((c->model->family->flags & MODEL_PREFILL) == 0)
		return refuse(c->why, 400,
			"This model does not support assistant message prefill. The conversation must end with a user message.");
	if (yyjson_is_arr(content))
		text = tree_get(yyjson_arr_get_last(content), "text");
	if (text.n > 0 && str_trim((struct str){ text.p + text.n - 1, 1 }).n == 0)
		return refuse(c->why, 400,
			"messages: final assistant content cannot end with trailing whitespace");
	return true;
}

static bool check_system(const struct check *c)
{
	yyjson_val *system = tree_set(c->body, "system");
	yyjson_arr_iter it = yyjson_arr_iter_with(system);
	size_t i = 0;

	if (system != NULL && !yyjson_is_str(system) && !yyjson_is_arr(system))
		return refuse(c->why, 400, "system: Input should be a valid list");
	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL; i++) {
		if (!tree_is(b, "type", "text"))
			return refuse(c->why, 400, "system.%zu.type: Input should be 'text'", i);
		if (str_trim(tree_get(b, "text")).n == 0)
			return refuse(c->why, 400, "system: text content blocks must be non-empty");
	}
	return true;
}

bool check_messages(const struct check *c)
{
	yyjson_val *all = yyjson_obj_get(c->body, "messages"), *before = NULL;
	yyjson_arr_iter it = yyjson_arr_iter_with(all);
	size_t i = 0;

	if (!check_system(c))
		return false;
	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL; i++, before = m) {
		struct place p = { .check = c, .message = i };
		if (!check_role(c, i, m, before))
			return false;
		p.role = yyjson_get_str(yyjson_obj_get(m, "role"));
		p.last = i + 1 == yyjson_arr_size(all);
		if (!check_content(&p, m))
			return false;
	}
	return check_prefill(c, before);
}
