/* SPDX-License-Identifier: MIT */
/* Parts of a message one after the other: each is signed at the place where it will stand when it comes back. */
#include "sim/compose.h"

#include "sim/canon.h"
#include "sim/sample.h"
#include "sim/signature.h"
#include "sim/tokens.h"
#include "wire/json.h"

#include <string.h>

enum { PARTS_MAX = 256, ECHO_BYTES = 60 };

struct composer {
	const struct compose *c;
	struct message *m;
	struct digest spoken;
	struct refusal *why;
	struct buf scratch;
	int64_t thinking_tokens;
	bool omits;
};

static struct str keep(struct composer *co)
{
	struct str s = arena_dup(co->c->arena, buf_str(&co->scratch));

	buf_clear(&co->scratch);
	return s;
}

static int64_t tokens_in(const struct composer *co, enum token_kind kind, struct str text)
{
	return tokens_of(co->c->model->family->tokenizer, kind, token_pieces(text));
}

/* Whether thinking comes without its text. */
static bool omits_thinking(const struct compose *c)
{
	struct str display = tree_get(tree_set(c->body, "thinking"), "display");

	if (display.p == NULL)
		return (c->model->family->flags & MODEL_OMITS) != 0;
	return str_eq(display, STR("omitted"));
}

/* Adds a part; what it will look like in the next request becomes part of what was said. */
static void add_part(struct composer *co, struct part p)
{
	yyjson_doc *doc;

	if (co->m->n == PARTS_MAX)
		return;
	reply_print_part(&co->scratch, &p);
	doc = yyjson_read(co->scratch.p, co->scratch.n, 0);
	buf_clear(&co->scratch);
	if (doc == NULL)
		return;
	if (p.kind == PART_TEXT || p.kind == PART_CALL)
		p.tokens = reply_block_tokens(co->c->model, yyjson_doc_get_root(doc));
	canon_block(&co->scratch, yyjson_doc_get_root(doc));
	prompt_say(&co->spoken, buf_str(&co->scratch));
	buf_clear(&co->scratch);
	yyjson_doc_free(doc);
	co->m->parts[co->m->n++] = p;
}

static void add_text(struct composer *co, struct str text)
{
	if (text.n > 0)
		add_part(co, (struct part){ .kind = PART_TEXT, .text = text });
}

static void add_thinking(struct composer *co, struct str text, int64_t tokens, bool redacted)
{
	struct claims claims = {
		.model = co->c->model->canonical, .prefix = co->spoken, .tokens = tokens
	};
	struct part p = { .kind = redacted ? PART_REDACTED : PART_THINKING, .tokens = tokens };

	p.text = co->omits ? STR("") : text;
	signature_issue(&co->scratch, &claims, redacted ? STR("redacted") : p.text);
	if (redacted)
		p.text = keep(co);
	else
		p.signature = keep(co);
	co->thinking_tokens += tokens;
	add_part(co, p);
}

/* ---- as scripted ---- */

static bool add_call(struct composer *co, yyjson_val *b)
{
	struct part p = { .kind = PART_CALL, .id = tree_get(b, "id"), .name = tree_get(b, "name") };

	if (p.name.n == 0)
		return refuse(co->why, 500, "script: a tool_use has no name");
	if (p.id.n == 0)
		p.id = arena_printf(co->c->arena, "toolu_sim%015llu%zu",
			(unsigned long long)co->c->serial, co->m->n);
	if (yyjson_is_obj(yyjson_obj_get(b, "input"))) {
		canon_json(&co->scratch, yyjson_obj_get(b, "input"));
		p.text = keep(co);
	} else {
		p.text = STR("{}");
	}
	add_part(co, p);
	return true;
}

static bool add_scripted(struct composer *co, yyjson_val *b)
{
	int64_t tokens;

	if (tree_is(b, "type", "text")) {
		add_text(co, tree_get(b, "text"));
		return true;
	}
	if (tree_is(b, "type", "tool_use"))
		return add_call(co, b);
	bool redacted = tree_is(b, "type", "redacted_thinking");
	if (!redacted && !tree_is(b, "type", "thinking"))
		return refuse(co->why, 500, "script: unknown block type '%.*s'",
			STR_ARG(tree_get(b, "type")));
	struct str text = tree_get(b, "thinking");
	if (!tree_int(yyjson_obj_get(b, "tokens"), &tokens) || tokens < 0)
		tokens = tokens_in(co, TOKENS_THINKING, text);
	add_thinking(co, text.p != NULL ? text : STR(""), tokens, redacted);
	return true;
}

static bool add_script(struct composer *co)
{
	yyjson_val *content = yyjson_obj_get(co->c->script, "content");
	yyjson_arr_iter it = yyjson_arr_iter_with(content);

	add_text(co, tree_str(content));
	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;)
		if (!add_scripted(co, b))
			return false;
	add_text(co, tree_get(co->c->script, "text"));
	return true;
}

/* ---- on its own ---- */

/* The last text of the user. */
static struct str last_words(yyjson_val *body)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(yyjson_obj_get(body, "messages"));
	struct str found = { NULL, 0 };

	for (yyjson_val *m; (m = yyjson_arr_iter_next(&it)) != NULL;) {
		yyjson_val *content = yyjson_obj_get(m, "content");
		yyjson_arr_iter blocks = yyjson_arr_iter_with(content);
		if (!tree_is(m, "role", "user"))
			continue;
		if (yyjson_is_str(content))
			found = tree_str(content);
		for (yyjson_val *b; (b = yyjson_arr_iter_next(&blocks)) != NULL;)
			if (tree_is(b, "type", "text"))
				found = tree_get(b, "text");
	}
	return str_trim(found);
}

static void add_answer(struct composer *co)
{
	yyjson_val *format = tree_set(tree_set(co->c->body, "output_config"), "format");
	struct str words = last_words(co->c->body);
	size_t n = words.n < ECHO_BYTES ? words.n : ECHO_BYTES;

	if (format != NULL) {
		sample_print(&co->scratch, yyjson_obj_get(format, "schema"));
		add_text(co, keep(co));
		return;
	}
	while (n < words.n && n > 0 && ((unsigned char)words.p[n] & 0xc0) == 0x80)
		n--;
	buf_addf(&co->scratch,
		"This is a simulated %.*s: the request was checked, counted (%lld tokens of prompt) and billed, but no model "
		"has read it.",
		STR_ARG(co->c->model->name), (long long)co->c->prompt->tokens);
	if (n > 0)
		buf_addf(&co->scratch, " You wrote: \"%.*s%s\"", (int)n, words.p,
			n < words.n ? "…" : "");
	add_text(co, keep(co));
}

static bool thinks(const struct compose *c)
{
	yyjson_val *t = tree_set(c->body, "thinking");

	if (t == NULL)
		return (c->model->family->flags & MODEL_THINKS) != 0;
	return tree_is(t, "type", "adaptive") || tree_is(t, "type", "enabled");
}

static void add_default(struct composer *co)
{
	struct str thought = STR("The user has said something, and an answer is wanted.");

	if (thinks(co->c))
		add_thinking(co, thought, tokens_in(co, TOKENS_THINKING, thought), false);
	add_answer(co);
}

/* ---- where it stops ---- */

/* Cuts a part so that so many of its tokens remain; only texts can be cut, the others go. */
static void cut_part(struct composer *co, size_t i, int64_t left)
{
	struct part *p = &co->m->parts[i];
	size_t n = p->tokens > 0 ? (size_t)((int64_t)p->text.n * left / p->tokens) : 0;

	while (n > 0 && ((unsigned char)p->text.p[n] & 0xc0) == 0x80)
		n--;
	co->m->n = i;
	if (p->kind == PART_TEXT && n > 0) {
		p->text.n = n;
		p->tokens = left;
		co->m->n = i + 1;
	}
}

static bool stop_at_limit(struct composer *co, int64_t max_tokens)
{
	int64_t sum = 0;

	for (size_t i = 0; i < co->m->n; i++) {
		if (sum + co->m->parts[i].tokens > max_tokens) {
			cut_part(co, i, max_tokens - sum);
			co->m->usage.out = max_tokens;
			co->m->stop_reason = STR("max_tokens");
			return true;
		}
		sum += co->m->parts[i].tokens;
	}
	co->m->usage.out = sum;
	return false;
}

static void stop_at_sequence(struct composer *co)
{
	yyjson_val *list = tree_set(co->c->body, "stop_sequences");

	for (size_t i = 0; i < co->m->n; i++) {
		struct part *p = &co->m->parts[i];
		yyjson_arr_iter it = yyjson_arr_iter_with(list);
		size_t whole = p->text.n;
		if (p->kind != PART_TEXT)
			continue;
		for (yyjson_val *s; (s = yyjson_arr_iter_next(&it)) != NULL;) {
			size_t at = str_find(p->text, tree_str(s));
			if (at == p->text.n)
				continue;
			p->text.n = at;
			co->m->stop_sequence = tree_str(s);
		}
		if (p->text.n == whole)
			continue;
		co->m->stop_reason = STR("stop_sequence");
		co->m->n = p->text.n > 0 ? i + 1 : i;
		p->tokens = tokens_in(co, TOKENS_TEXT, p->text);
		return;
	}
}

static void note_stop(struct composer *co)
{
	struct str scripted = tree_get(co->c->script, "stop_reason");

	co->m->stop_reason = STR("end_turn");
	for (size_t i = 0; i < co->m->n; i++)
		if (co->m->parts[i].kind == PART_CALL)
			co->m->stop_reason = STR("tool_use");
	if (scripted.n == 0) {
		stop_at_sequence(co);
		return;
	}
	co->m->stop_reason = scripted;
	co->m->stop_sequence = tree_get(co->c->script, "stop_sequence");
}

/* A scripted count of output is taken as it is; otherwise max_tokens limits what is said. */
static void count_output(struct composer *co)
{
	struct usage *u = &co->m->usage;
	int64_t n;

	u->reasoning = co->thinking_tokens;
	if (tree_int(yyjson_obj_get(co->c->script, "output_tokens"), &n) && n >= 0)
		u->out = n;
	else if (tree_int(yyjson_obj_get(co->c->body, "max_tokens"), &n) && stop_at_limit(co, n) &&
		 u->reasoning > u->out)
		u->reasoning = u->out;
	if (tree_int(yyjson_obj_get(co->c->script, "thinking_tokens"), &n) && n >= 0)
		u->reasoning = n;
}

bool compose_message(struct message *ret, const struct compose *c, struct refusal *why)
{
	struct composer co = { .c = c, .m = ret, .spoken = c->prompt->spoken, .why = why };
	bool ok = true;

	*ret = (struct message){ .model = c->model->name, .dropped = c->prompt->dropped };
	ret->id = arena_printf(c->arena, "msg_sim%017llu", (unsigned long long)c->serial);
	ret->parts = arena_alloc(c->arena, PARTS_MAX * sizeof(*ret->parts));
	co.omits = omits_thinking(c);
	buf_init(&co.scratch, SIZE_MAX);
	if (c->script != NULL)
		ok = add_script(&co);
	else
		add_default(&co);
	note_stop(&co);
	count_output(&co);
	buf_release(&co.scratch);
	return ok;
}
