/* SPDX-License-Identifier: MIT */
/* From a body to blocks. What a change of a parameter invalidates is decided here, by where the parameter enters the
 * chain: with the level whose cached prefix does not survive it. */
#include "sim/prompt.h"

#include "sim/canon.h"
#include "sim/feed.h"
#include "sim/image.h"
#include "sim/signature.h"
#include "sim/tokens.h"

#include <string.h>

enum { UNREADABLE_PIXELS = 1024, REMOTE_PIECES = 1500, PDF_BYTES_PER_PIECE = 32 };

struct render {
	const struct prompt_request *rq;
	struct prompt *to;
	struct arena *arena;
	struct refusal *why;
	struct digest chain;
	struct buf scratch;
	size_t cap;
	size_t turn_at; /* the message that began the current turn */
	bool keeps_old_thinking;
	struct feed *feed; /* NULL: the model caches by breakpoints */
	struct str text;   /* of the block that is added next; p == NULL: it is no plain text */
};

enum mark mark_of(yyjson_val *object)
{
	yyjson_val *c = tree_set(object, "cache_control");

	if (!yyjson_is_obj(c))
		return MARK_NONE;
	return tree_is(c, "ttl", "1h") ? MARK_1H : MARK_5M;
}

/* ---- tokens ---- */

static enum tokenizer tokenizer_of(const struct render *r)
{
	return r->rq->model->family->tokenizer;
}

static int64_t pieces_of_json(yyjson_val *v)
{
	struct buf b;
	int64_t n;

	buf_init(&b, SIZE_MAX);
	canon_json(&b, v);
	n = token_pieces(buf_str(&b));
	buf_release(&b);
	return n;
}

static int64_t image_tokens(enum tokenizer t, yyjson_val *block)
{
	yyjson_val *source = yyjson_obj_get(block, "source");
	int64_t w, h;

	if (!image_size(tree_get(source, "data"), &w, &h))
		w = h = UNREADABLE_PIXELS;
	return tokens_of_image(t, w, h);
}

static int64_t document_pieces(yyjson_val *block)
{
	yyjson_val *source = yyjson_obj_get(block, "source");
	int64_t n =
		token_pieces(tree_get(block, "title")) + token_pieces(tree_get(block, "context"));

	if (tree_is(block, "type", "search_result"))
		return n + pieces_of_json(yyjson_obj_get(block, "content"));
	if (tree_is(source, "type", "text"))
		return n + token_pieces(tree_get(source, "data"));
	if (tree_is(source, "type", "base64"))
		return n + (int64_t)(tree_get(source, "data").n / 4 * 3 / PDF_BYTES_PER_PIECE);
	if (tree_is(source, "type", "content"))
		return n + pieces_of_json(yyjson_obj_get(source, "content"));
	return n + REMOTE_PIECES;
}

/* The definition that a tool_reference brings in. */
static yyjson_val *find_tool(const struct render *r, struct str name)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(r->rq->body, "tools"));

	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;)
		if (str_eq(tree_get(t, "name"), name))
			return t;
	return NULL;
}

static int64_t tool_tokens(enum tokenizer t, yyjson_val *tool)
{
	int64_t n =
		token_pieces(tree_get(tool, "name")) + token_pieces(tree_get(tool, "description"));
	yyjson_val *schema = yyjson_obj_get(tool, "input_schema");

	return tokens_of(t, TOKENS_TOOL, n + (schema != NULL ? pieces_of_json(schema) : 0));
}

/* Of a block within a tool result; pieces of text are added to *pieces instead. */
static int64_t inner_tokens(const struct render *r, yyjson_val *block, int64_t *pieces)
{
	enum tokenizer t = tokenizer_of(r);

	if (tree_is(block, "type", "text")) {
		*pieces += token_pieces(tree_get(block, "text"));
		return 0;
	}
	if (tree_is(block, "type", "image"))
		return image_tokens(t, block);
	if (tree_is(block, "type", "tool_reference"))
		return tool_tokens(t, find_tool(r, tree_get(block, "tool_name")));
	if (tree_is(block, "type", "document") || tree_is(block, "type", "search_result"))
		return tokens_of(t, TOKENS_DOCUMENT, document_pieces(block));
	*pieces += pieces_of_json(block);
	return 0;
}

static int64_t result_tokens(const struct render *r, yyjson_val *block)
{
	yyjson_val *content = yyjson_obj_get(block, "content");
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	int64_t pieces = token_pieces(tree_str(content)), more = 0;

	for (yyjson_val *v; (v = yyjson_arr_iter_next(&it)) != NULL;)
		more += inner_tokens(r, v, &pieces);
	return tokens_of(tokenizer_of(r), TOKENS_RESULT, pieces) + more;
}

static int64_t call_tokens(enum tokenizer t, yyjson_val *block)
{
	return tokens_of(t, TOKENS_CALL,
		token_pieces(tree_get(block, "name")) +
			pieces_of_json(yyjson_obj_get(block, "input")));
}

static int64_t block_tokens(const struct render *r, yyjson_val *block, char role)
{
	enum tokenizer t = tokenizer_of(r);

	if (tree_is(block, "type", "text"))
		return tokens_of(t, role == 's' || role == 'm' ? TOKENS_SYSTEM : TOKENS_TEXT,
			token_pieces(tree_get(block, "text")));
	if (tree_is(block, "type", "tool_result"))
		return result_tokens(r, block);
	if (tree_is(block, "type", "tool_use"))
		return call_tokens(t, block);
	if (tree_is(block, "type", "image"))
		return image_tokens(t, block);
	if (tree_is(block, "type", "document") || tree_is(block, "type", "search_result"))
		return tokens_of(t, TOKENS_DOCUMENT, document_pieces(block));
	return tokens_of(t, TOKENS_TEXT, pieces_of_json(block));
}

int64_t reply_block_tokens(const struct model *m, yyjson_val *block)
{
	if (tree_is(block, "type", "tool_use"))
		return call_tokens(m->family->tokenizer, block);
	if (tree_is(block, "type", "text"))
		return tokens_of(
			m->family->tokenizer, TOKENS_TEXT, token_pieces(tree_get(block, "text")));
	return tokens_of(m->family->tokenizer, TOKENS_TEXT, pieces_of_json(block));
}

/* ---- the chain ---- */

static void say(struct digest *s, char role, const struct digest *block)
{
	hash_chain(s, (struct str){ &role, 1 });
	hash_chain(s, (struct str){ (const char *)block->b, sizeof(block->b) });
}

void prompt_say(struct digest *spoken, struct str canonical)
{
	struct digest d = hash_of(canonical);

	say(spoken, 'a', &d);
}

/* The same block for a cache that works by itself: texts token by token, everything else as a whole. */
static void feed_in(struct render *r, char role, int64_t tokens)
{
	bool system = role == 's' || role == 'm';

	if (r->text.p == NULL) {
		feed_opaque(r->feed, buf_str(&r->scratch), tokens);
		return;
	}
	feed_block(r->feed, role, system ? TOKENS_SYSTEM : TOKENS_TEXT);
	feed_text(r->feed, r->text);
	r->text = (struct str){ NULL, 0 };
}

/* Adds what scratch holds as a block. */
static struct block *add_block(struct render *r, char role, int64_t tokens)
{
	struct prompt *p = r->to;

	if (p->n == r->cap) {
		size_t cap = r->cap > 0 ? 2 * r->cap : 64;
		struct block *more = arena_alloc(r->arena, cap * sizeof(*more));
		if (p->n > 0)
			memcpy(more, p->blocks, p->n * sizeof(*more));
		p->blocks = more;
		r->cap = cap;
	}
	struct block *b = &p->blocks[p->n++];
	struct digest d = hash_of(buf_str(&r->scratch));
	if (r->feed != NULL)
		feed_in(r, role, tokens);
	say(&r->chain, role, &d);
	say(&p->spoken, role, &d);
	*b = (struct block){ .tokens = tokens, .chain = r->chain };
	if (r->feed == NULL)
		p->tokens += tokens;
	return b;
}

/* What a level's cached prefix depends on besides its blocks. */
static void enter_level(struct render *r, const char *name)
{
	hash_chain(&r->chain, str_from(name));
	hash_chain(&r->chain, buf_str(&r->scratch));
	buf_clear(&r->scratch);
}

/* ---- parameters ---- */

static void note(struct render *r, const char *name, yyjson_val *v, const char *otherwise)
{
	buf_addf(&r->scratch, "%s=", name);
	if (v != NULL)
		canon_json(&r->scratch, v);
	else
		buf_addf(&r->scratch, "\"%s\"", otherwise);
	buf_add_char(&r->scratch, ';');
}

static bool any_block(yyjson_val *content, bool (*is)(yyjson_val *block))
{
	yyjson_arr_iter it = yyjson_arr_iter_with(content);

	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_arr_iter inner = yyjson_arr_iter_with(yyjson_obj_get(b, "content"));
		if (is(b))
			return true;
		for (yyjson_val *v; (v = yyjson_arr_iter_next(&inner)) != NULL;)
			if (is(v))
				return true;
	}
	return false;
}

static bool any_message_block(const struct render *r, bool (*is)(yyjson_val *block))
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(r->rq->body, "messages"));

	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL;)
		if (any_block(yyjson_obj_get(m, "content"), is))
			return true;
	return false;
}

static bool is_image(yyjson_val *b)
{
	return tree_is(b, "type", "image");
}

static bool is_cited(yyjson_val *b)
{
	return yyjson_is_true(yyjson_obj_get(yyjson_obj_get(b, "citations"), "enabled"));
}

static void note_system_parameters(struct render *r)
{
	note(r, "speed", tree_set(r->rq->body, "speed"), "standard");
	buf_addf(&r->scratch, "citations=%d;", any_message_block(r, is_cited));
}

static void note_message_parameters(struct render *r)
{
	const struct model_family *f = r->rq->model->family;
	yyjson_val *body = r->rq->body, *choice = tree_set(body, "tool_choice");
	yyjson_val *thinking = tree_set(body, "thinking");
	yyjson_val *parallel = yyjson_obj_get(choice, "disable_parallel_tool_use");

	note(r, "choice", yyjson_obj_get(choice, "type"), "auto");
	note(r, "tool", yyjson_obj_get(choice, "name"), "");
	buf_addf(&r->scratch, "parallel=%d;", !yyjson_is_true(parallel));
	buf_addf(&r->scratch, "images=%d;", any_message_block(r, is_image));
	note(r, "thinking", yyjson_obj_get(thinking, "type"),
		(f->flags & MODEL_THINKS) != 0 ? "adaptive" : "disabled");
	note(r, "budget", yyjson_obj_get(thinking, "budget_tokens"), "");
	note(r, "effort", tree_set(tree_set(body, "output_config"), "effort"), f->effort);
}

/* ---- tools and system ---- */

static bool is_web_search(yyjson_val *tool)
{
	return str_starts(tree_get(tool, "type"), STR("web_search_"));
}

/* Tools that are to be found later are no part of the prefix; the web search stands with the system prompt. */
static void render_tools(struct render *r, bool web_search)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(r->rq->body, "tools"));

	for (yyjson_val *t; (t = yyjson_arr_iter_next(&it)) != NULL;) {
		if (yyjson_is_true(yyjson_obj_get(t, "defer_loading")) ||
			is_web_search(t) != web_search)
			continue;
		int64_t once = r->to->n == 0 ? tokens_of_tools(tokenizer_of(r)) : 0;
		canon_tool(&r->scratch, t);
		add_block(r, 't', tool_tokens(tokenizer_of(r), t) + once)->mark = mark_of(t);
		buf_clear(&r->scratch);
	}
}

static void render_text(struct render *r, struct str text, char role)
{
	if (text.n == 0)
		return;
	canon_text(&r->scratch, text);
	r->text = text;
	add_block(r, role,
		tokens_of(tokenizer_of(r), role == 'u' || role == 'a' ? TOKENS_TEXT : TOKENS_SYSTEM,
			token_pieces(text)));
	buf_clear(&r->scratch);
}

static struct str plain_text(yyjson_val *block)
{
	return tree_is(block, "type", "text") ? tree_get(block, "text") : (struct str){ NULL, 0 };
}

static void render_system(struct render *r)
{
	yyjson_val *system = yyjson_obj_get(r->rq->body, "system");
	yyjson_arr_iter it = yyjson_arr_iter_with(system);

	render_text(r, tree_str(system), 's');
	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;) {
		canon_block(&r->scratch, b);
		r->text = plain_text(b);
		add_block(r, 's', block_tokens(r, b, 's'))->mark = mark_of(b);
		buf_clear(&r->scratch);
	}
}

/* ---- messages ---- */

static bool is_thinking(yyjson_val *b)
{
	return tree_is(b, "type", "thinking") || tree_is(b, "type", "redacted_thinking");
}

static const char *mismatch_name(enum signature_verdict v)
{
	return v == SIGNATURE_OTHER_MODEL ? "model_binding_mismatch" : "prefix_binding_mismatch";
}

static bool refuse_thinking(
	struct render *r, yyjson_val *b, enum signature_verdict v, const size_t at[2])
{
	const char *what = tree_is(b, "type", "thinking")
				   ? "Invalid `signature` in `thinking` block"
				   : "Invalid `data` in `redacted_thinking` block";

	if (v == SIGNATURE_INVALID)
		return refuse(r->why, 400, "messages.%zu.content.%zu: %s", at[0], at[1], what);
	return refuse(r->why, 400, "messages.%zu.content.%zu: %s (%s): %s", at[0], at[1], what,
		mismatch_name(v),
		v == SIGNATURE_OTHER_MODEL ? "the block was created by another model"
					   : "the conversation before the block has changed");
}

static void note_dropped(struct render *r, const size_t at[2], bool other_model)
{
	struct dropped **end = &r->to->dropped;

	while (*end != NULL)
		end = &(*end)->next;
	*end = arena_alloc(r->arena, sizeof(**end));
	**end = (struct dropped){ at[0], at[1], other_model, NULL };
}

/* What becomes of a thinking block: DROPPED takes those right behind it along. */
enum fate { KEPT, LEFT_OUT, DROPPED, REFUSED };

static enum fate judge_thinking(
	struct render *r, yyjson_val *b, const size_t at[2], int64_t *ret_tokens)
{
	bool plain = tree_is(b, "type", "thinking");

	if (r->rq->model->vendor != VENDOR_ANTHROPIC) {
		/* What others call a signature is not verified. */
		*ret_tokens = tokens_of(tokenizer_of(r), TOKENS_THINKING,
			token_pieces(tree_get(b, plain ? "thinking" : "data")));
		return KEPT;
	}
	struct claims here = { .model = r->rq->model->canonical, .prefix = r->to->spoken };
	enum signature_verdict v = signature_verify(tree_get(b, plain ? "signature" : "data"),
		plain ? tree_get(b, "thinking") : STR("redacted"), &here, ret_tokens);

	if (v == SIGNATURE_GOOD ||
		(v != SIGNATURE_INVALID && (r->rq->model->family->flags & MODEL_BOUND) == 0))
		return r->keeps_old_thinking || at[0] >= r->turn_at ? KEPT : LEFT_OUT;
	if (v == SIGNATURE_INVALID || !r->rq->drop_mismatched) {
		refuse_thinking(r, b, v, at);
		return REFUSED;
	}
	note_dropped(r, at, v == SIGNATURE_OTHER_MODEL);
	return DROPPED;
}

/* The mark of a block, or of what is inside of it. */
static enum mark mark_within(yyjson_val *b)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(b, "content"));
	enum mark mark = mark_of(b);

	for (yyjson_val *v; mark == MARK_NONE && (v = yyjson_arr_iter_next(&it)) != NULL;)
		mark = mark_of(v);
	return mark;
}

static bool render_blocks(struct render *r, yyjson_val *content, char role, size_t message)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	size_t at[2] = { message, 0 };
	enum fate fate = KEPT;

	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL; at[1]++) {
		int64_t tokens = 0;
		if (!is_thinking(b)) {
			fate = KEPT;
			tokens = block_tokens(r, b, role);
		} else if (fate != DROPPED) {
			fate = judge_thinking(r, b, at, &tokens);
		}
		if (fate == REFUSED)
			return false;
		if (fate != KEPT)
			continue;
		canon_block(&r->scratch, b);
		r->text = plain_text(b);
		struct block *to = add_block(r, role, tokens);
		to->thinking = is_thinking(b);
		to->mark = mark_within(b);
		buf_clear(&r->scratch);
	}
	return true;
}

static bool render_messages(struct render *r)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(r->rq->body, "messages"));
	size_t i = 0;

	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL; i++) {
		yyjson_val *content = yyjson_obj_get(m, "content");
		char role = tree_is(m, "role", "user")        ? 'u'
			    : tree_is(m, "role", "assistant") ? 'a'
							      : 'm';
		render_text(r, tree_str(content), role);
		if (!render_blocks(r, content, role, i))
			return false;
	}
	return true;
}

/* The last message of the user that answers no tools: thinking before it is of earlier turns. */
static size_t find_turn(yyjson_val *messages)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(messages);
	size_t i = 0, found = 0;

	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL; i++) {
		yyjson_arr_iter blocks = yyjson_arr_iter_with(yyjson_obj_get(m, "content"));
		bool answers = false;
		for (yyjson_val *b; (b = yyjson_arr_iter_next(&blocks)) != NULL;)
			answers |= tree_is(b, "type", "tool_result");
		if (tree_is(m, "role", "user") && !answers)
			found = i;
	}
	return found;
}

/* Whether the request asks to keep all thinking (context_management, clear_thinking_20251015). */
static bool asks_to_keep_thinking(yyjson_val *body)
{
	yyjson_val *edits = yyjson_obj_get(tree_set(body, "context_management"), "edits");
	yyjson_arr_iter it = yyjson_arr_iter_with(edits);

	for (yyjson_val *e; (e = yyjson_arr_iter_next(&it)) != NULL;)
		if (tree_is(e, "type", "clear_thinking_20251015") && tree_is(e, "keep", "all"))
			return true;
	return false;
}

/* A mark at the top level of the body stands on the last block that can have one. */
static void place_automatic_mark(struct render *r)
{
	enum mark mark = mark_of(r->rq->body);

	for (size_t i = r->to->n; mark != MARK_NONE && i-- > 0;)
		if (!r->to->blocks[i].thinking) {
			r->to->blocks[i].mark = mark;
			return;
		}
}

/* All blocks, and what their chain depends on between them. */
static bool render(struct render *r)
{
	hash_chain(&r->chain, r->rq->workspace);
	hash_chain(&r->chain, r->rq->model->canonical);
	render_tools(r, false);
	note_system_parameters(r);
	enter_level(r, "system");
	render_tools(r, true);
	render_system(r);
	note_message_parameters(r);
	enter_level(r, "messages");
	return render_messages(r);
}

bool prompt_render(
	struct prompt *ret, const struct prompt_request *rq, struct arena *a, struct refusal *why)
{
	struct render r = { .rq = rq, .to = ret, .arena = a, .why = why };
	struct feed feed;
	bool ok;

	*ret = (struct prompt){ .tokens = 0 };
	if (rq->model->family->cache != NULL) {
		r.feed = &feed;
		feed_begin(&feed, ret, rq->model, a);
		feed_apart(&feed, rq->workspace);
	}
	r.keeps_old_thinking =
		(rq->model->family->flags & MODEL_STRIPS) == 0 || asks_to_keep_thinking(rq->body);
	r.turn_at = find_turn(yyjson_obj_get(rq->body, "messages"));
	buf_init(&r.scratch, SIZE_MAX);
	ok = render(&r);
	place_automatic_mark(&r);
	if (r.feed != NULL)
		feed_end(&feed);
	else
		ret->tokens += tokens_of_tail(rq->model->family->tokenizer);
	buf_release(&r.scratch);
	return ok;
}
