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
	struct str s = arena_dup(co->c->ask->arena, buf_str(&co->scratch));

	buf_clear(&co->scratch);
	return s;
}

static int64_t tokens_in(const struct composer *co, enum token_kind kind, struct str text)
{
	return tokens_of(co->c->ask->model.family->tokenizer, kind, token_pieces(text));
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
		p.tokens = reply_block_tokens(&co->c->ask->model, yyjson_doc_get_root(doc));
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
		.model = co->c->ask->model.canonical, .prefix = co->spoken, .tokens = tokens
	};
	struct part p = { .kind = redacted ? PART_REDACTED : PART_THINKING, .tokens = tokens };

	p.text = co->omits ? STR("") : text;
	/* Only Anthropic's signatures seal the text too. */
	signature_issue(&co->scratch, &claims,
		co->c->ask->model.vendor != VENDOR_ANTHROPIC ? STR("")
		: redacted                                   ? STR("redacted")
							     : p.text);
	if (redacted)
		p.text = keep(co);
	else
		p.signature = keep(co);
	co->thinking_tokens += tokens;
	add_part(co, p);
}

/* ---- as scripted ---- */

static struct str new_call_id(struct composer *co)
{
	const char *prefix = co->c->ask->wish.call_id;

	if (prefix == NULL)
		return STR("");
	return arena_printf(co->c->ask->arena, "%ssim%015llu%zu", prefix,
		(unsigned long long)co->c->serial, co->m->n);
}

static bool add_call(struct composer *co, yyjson_val *b)
{
	struct part p = { .kind = PART_CALL, .id = tree_get(b, "id"), .name = tree_get(b, "name") };

	if (p.name.n == 0)
		return refuse(co->why, 500, "script: a tool_use has no name");
	if (p.id.n == 0)
		p.id = new_call_id(co);
	if (yyjson_is_str(yyjson_obj_get(b, "input"))) {
		p.custom = true;
		p.text = tree_get(b, "input");
	} else if (yyjson_is_obj(yyjson_obj_get(b, "input"))) {
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

/* DeepSeek's models think before each call of a tool, and want it back: a script for any model need not say so. */
static void think_first(struct composer *co, yyjson_val *content)
{
	yyjson_arr_iter it = yyjson_arr_iter_with(content);
	bool calls = false;

	if (co->c->ask->model.vendor != VENDOR_DEEPSEEK || !co->c->ask->wish.thinks)
		return;
	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;) {
		if (tree_is(b, "type", "thinking"))
			return;
		calls = calls || tree_is(b, "type", "tool_use");
	}
	if (calls)
		add_thinking(co, STR("A tool will tell."), 5, false);
}

static bool add_script(struct composer *co)
{
	yyjson_val *content = yyjson_obj_get(co->c->script, "content");
	yyjson_arr_iter it = yyjson_arr_iter_with(content);

	think_first(co, content);
	add_text(co, tree_str(content));
	for (yyjson_val *b; (b = yyjson_arr_iter_next(&it)) != NULL;)
		if (!add_scripted(co, b))
			return false;
	add_text(co, tree_get(co->c->script, "text"));
	return true;
}

/* ---- on its own ---- */

static void add_answer(struct composer *co)
{
	const struct wish *wish = &co->c->ask->wish;
	struct str words = str_trim(wish->words);
	size_t n = words.n < ECHO_BYTES ? words.n : ECHO_BYTES;

	if (wish->schema != NULL || wish->json) {
		sample_print(&co->scratch, wish->schema);
		add_text(co, keep(co));
		return;
	}
	while (n < words.n && n > 0 && ((unsigned char)words.p[n] & 0xc0) == 0x80)
		n--;
	buf_addf(&co->scratch,
		"This is a simulated %.*s: the request was checked, counted (%lld tokens of prompt) and billed, but no model "
		"has read it.",
		STR_ARG(co->c->ask->model.name), (long long)co->c->ask->prompt.tokens);
	if (n > 0)
		buf_addf(&co->scratch, " You wrote: \"%.*s%s\"", (int)n, words.p,
			n < words.n ? "…" : "");
	add_text(co, keep(co));
}

/* A call of the tool that must be called, with values that fit. */
static void add_forced(struct composer *co)
{
	const struct wish *wish = &co->c->ask->wish;
	struct part p = { .kind = PART_CALL, .id = new_call_id(co), .name = wish->forced };

	sample_print(&co->scratch, wish->parameters);
	p.text = keep(co);
	add_part(co, p);
}

static void add_default(struct composer *co)
{
	struct str thought = STR("The user has said something, and an answer is wanted.");

	if (co->c->ask->wish.thinks)
		add_thinking(co, thought, tokens_in(co, TOKENS_THINKING, thought), false);
	if (co->c->ask->wish.forced.p != NULL)
		add_forced(co);
	else
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

	if (max_tokens < 0)
		max_tokens = co->c->ask->model.max_output;

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

static void cut_at(struct composer *co, struct part *p, struct str sequence)
{
	size_t at = sequence.n > 0 ? str_find(p->text, sequence) : p->text.n;

	if (at == p->text.n)
		return;
	p->text.n = at;
	co->m->stop_sequence = sequence;
}

static void stop_at_sequence(struct composer *co)
{
	yyjson_val *list = co->c->ask->wish.stop;

	for (size_t i = 0; i < co->m->n; i++) {
		struct part *p = &co->m->parts[i];
		yyjson_arr_iter it = yyjson_arr_iter_with(list);
		size_t whole = p->text.n;
		if (p->kind != PART_TEXT)
			continue;
		cut_at(co, p, tree_str(list));
		for (yyjson_val *s; (s = yyjson_arr_iter_next(&it)) != NULL;)
			cut_at(co, p, tree_str(s));
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
	else if (stop_at_limit(co, co->c->ask->wish.max_tokens) && u->reasoning > u->out)
		u->reasoning = u->out;
	if (tree_int(yyjson_obj_get(co->c->script, "thinking_tokens"), &n) && n >= 0)
		u->reasoning = n;
}

/* One seal for all that was thought: dialects that sign calls show it there. */
static void seal(struct composer *co)
{
	struct claims claims = { .model = co->c->ask->model.canonical,
		.tokens = co->thinking_tokens };

	signature_issue(&co->scratch, &claims, STR(""));
	co->m->seal = keep(co);
}

bool compose_message(struct message *ret, const struct compose *c, struct refusal *why)
{
	const struct ask *ask = c->ask;
	struct composer co = { .c = c, .m = ret, .spoken = ask->prompt.spoken, .why = why };
	bool ok = true;

	*ret = (struct message){ .model = ask->model.name, .dropped = ask->prompt.dropped };
	ret->id = arena_printf(ask->arena, "sim%017llu", (unsigned long long)c->serial);
	ret->parts = arena_alloc(ask->arena, PARTS_MAX * sizeof(*ret->parts));
	co.omits = !ask->wish.shows_thinking;
	buf_init(&co.scratch, SIZE_MAX);
	if (c->script != NULL)
		ok = add_script(&co);
	else
		add_default(&co);
	note_stop(&co);
	count_output(&co);
	seal(&co);
	buf_release(&co.scratch);
	return ok;
}
