/* SPDX-License-Identifier: MIT */
/* Prints conversations for providers that speak Chat Completions. content_repair() has put them in order. */
#include "llm/openai.h"

#include "wire/json_text.h"

struct printer {
	struct buf *out;
	struct content *c;
	const struct target *t;
	struct err *e;
	bool any; /* a message has been printed */
};

static void begin_message(struct printer *p, const char *role)
{
	buf_add(p->out, p->any ? STR(",{\"role\":\"") : STR("{\"role\":\""));
	buf_add(p->out, str_from(role));
	buf_add(p->out, STR("\",\"content\":"));
	p->any = true;
}

/* ---- text and media ---- */

static bool is_text_only(const struct part *p)
{
	for (; p != NULL; p = p->next)
		if (p->kind != PART_TEXT && p->kind != PART_RESULT)
			return false;
	return true;
}

static bool has_mark(const struct printer *p, const struct part *part)
{
	for (; part != NULL && p->t->flavor->keeps_marks; part = part->next)
		if (part->mark.n > 0 && part->kind == PART_TEXT)
			return true;
	return false;
}

/* All texts, between quotes that are the caller's. Returns whether there was one. */
static bool add_texts(struct buf *out, const struct part *part, struct str between)
{
	bool any = false;

	for (; part != NULL; part = part->next) {
		if (part->kind != PART_TEXT)
			continue;
		if (any)
			buf_add(out, between);
		buf_add(out, part->text);
		any = true;
	}
	return any;
}

static void add_text_part(struct printer *p, struct str text, struct str mark)
{
	buf_add(p->out, STR("{\"type\":\"text\",\"text\":"));
	json_add_quoted(p->out, text);
	if (mark.n > 0 && p->t->flavor->keeps_marks) {
		buf_add(p->out, STR(",\"cache_control\":"));
		json_add_compact(p->out, mark);
	}
	buf_add_char(p->out, '}');
}

static void add_data_url(struct buf *out, const struct part *part)
{
	buf_add(out, STR("\"data:"));
	buf_add(out, part->media_type);
	buf_add(out, STR(";base64,"));
	buf_add(out, part->data);
	buf_add_char(out, '"');
}

static void add_image(struct buf *out, const struct part *part)
{
	buf_add(out, STR("{\"type\":\"image_url\",\"image_url\":{\"url\":"));
	if (part->url.n > 0)
		json_add_quoted(out, part->url);
	else
		add_data_url(out, part);
	buf_add(out, STR("}}"));
}

static bool add_document(struct printer *p, const struct part *part)
{
	if (!p->t->flavor->pdf)
		return err_set(p->e, ERR_INVALID,
			"'messages' hold a PDF document, which is not supported on this route");
	if (part->data.n == 0)
		return err_set(p->e, ERR_INVALID,
			"'messages' hold a document by its URL, which is not supported on this route");
	buf_add(p->out, STR("{\"type\":\"file\",\"file\":{\"filename\":"));
	json_add_quoted(p->out, part->name.n > 0 ? part->name : STR("document.pdf"));
	buf_add(p->out, STR(",\"file_data\":"));
	add_data_url(p->out, part);
	buf_add(p->out, STR("}}"));
	return true;
}

static bool add_part(struct printer *p, const struct part *part)
{
	switch (part->kind) {
	case PART_TEXT:
		add_text_part(p, part->text, part->mark);
		return true;
	case PART_IMAGE:
		add_image(p->out, part);
		return true;
	case PART_DOCUMENT:
		return add_document(p, part);
	case PART_AUDIO:
		return err_set(p->e, ERR_INVALID,
			"'messages' hold audio, which is not supported on this route");
	case PART_CALL:
	case PART_RESULT:
	case PART_REASONING:
		break;
	}
	return true;
}

/* ---- instructions ---- */

/* Claude Code's billing line is another one each time, and would spoil the provider's cache. */
static bool is_billing(const struct part *part)
{
	return str_starts(part->text, STR("x-anthropic-billing-header:"));
}

static void print_system_parts(struct printer *p, struct str extra)
{
	bool any = false;

	for (const struct part *x = p->c->system.first; x != NULL; x = x->next) {
		if (is_billing(x))
			continue;
		buf_add_char(p->out, any ? ',' : '[');
		add_text_part(p, x->text, x->mark);
		any = true;
	}
	if (extra.n > 0) {
		buf_add_char(p->out, any ? ',' : '[');
		add_text_part(p, extra, STR(""));
	}
	buf_add_char(p->out, ']');
}

static void print_system_text(struct printer *p, struct str extra)
{
	bool any = false;

	buf_add_char(p->out, '"');
	for (const struct part *x = p->c->system.first; x != NULL; x = x->next) {
		if (is_billing(x))
			continue;
		buf_add(p->out, any ? STR("\\n\\n") : STR(""));
		buf_add(p->out, x->text);
		any = true;
	}
	buf_add(p->out, any && extra.n > 0 ? STR("\\n\\n") : STR(""));
	buf_add(p->out, extra);
	buf_add_char(p->out, '"');
}

static void print_system(struct printer *p, struct str extra)
{
	bool any = extra.n > 0;

	for (const struct part *x = p->c->system.first; x != NULL; x = x->next)
		any = any || !is_billing(x);
	if (!any)
		return;
	begin_message(p, "system");
	if (has_mark(p, p->c->system.first))
		print_system_parts(p, extra);
	else
		print_system_text(p, extra);
	buf_add_char(p->out, '}');
}

static void print_middle(struct printer *p, const struct turn *t)
{
	begin_message(p, "system");
	buf_add_char(p->out, '"');
	add_texts(p->out, t->parts.first, STR("\\n\\n"));
	buf_add(p->out, STR("\"}"));
}

/* ---- the user ---- */

/* Results are text; what is not goes into a message of the user behind them. */
static void print_result(struct printer *p, const struct part *result)
{
	bool moved = !is_text_only(result->parts);

	begin_message(p, "tool");
	buf_add_char(p->out, '"');
	if (result->is_error)
		buf_add(p->out, STR("[tool_error] "));
	bool any = add_texts(p->out, result->parts, STR("\\n\\n"));
	if (moved) {
		buf_add(p->out, any ? STR("\\n\\n") : STR(""));
		buf_add(p->out, STR("[see the content in the next user message]"));
		warn(&p->c->warnings, "tool_result_image_moved");
	}
	buf_add(p->out, STR("\",\"tool_call_id\":"));
	json_add_quoted(p->out, openai_call_id(result->id, p->t->flavor, p->c->arena));
	buf_add_char(p->out, '}');
}

static bool add_moved(struct printer *p, const struct part *result, bool *any)
{
	for (const struct part *x = result->parts; x != NULL; x = x->next) {
		if (x->kind == PART_TEXT)
			continue;
		buf_add_char(p->out, *any ? ',' : '[');
		*any = true;
		if (!add_part(p, x))
			return false;
	}
	return true;
}

static bool print_parts(struct printer *p, const struct turn *t)
{
	bool any = false;

	begin_message(p, "user");
	for (const struct part *x = t->parts.first; x != NULL; x = x->next)
		if (x->kind == PART_RESULT && !add_moved(p, x, &any))
			return false;
	for (const struct part *x = t->parts.first; x != NULL; x = x->next) {
		if (x->kind == PART_RESULT)
			continue;
		buf_add_char(p->out, any ? ',' : '[');
		any = true;
		if (!add_part(p, x))
			return false;
	}
	buf_add(p->out, STR("]}"));
	return true;
}

static bool print_user(struct printer *p, const struct turn *t)
{
	bool rest = false, moved = false;

	for (const struct part *x = t->parts.first; x != NULL; x = x->next) {
		if (x->kind == PART_RESULT) {
			print_result(p, x);
			moved = moved || !is_text_only(x->parts);
		} else {
			rest = true;
		}
	}
	if (moved || !is_text_only(t->parts.first) || has_mark(p, t->parts.first))
		return print_parts(p, t);
	if (!rest)
		return true;
	begin_message(p, "user");
	buf_add_char(p->out, '"');
	add_texts(p->out, t->parts.first, STR("\\n\\n"));
	buf_add(p->out, STR("\"}"));
	return true;
}

/* ---- the assistant ---- */

static void add_call(struct printer *p, const struct part *call)
{
	buf_add(p->out, STR("{\"id\":"));
	json_add_quoted(p->out, openai_call_id(call->id, p->t->flavor, p->c->arena));
	buf_add(p->out, STR(",\"type\":\"function\",\"function\":{\"name\":"));
	json_add_quoted(p->out, call->name);
	buf_add(p->out, STR(",\"arguments\":\""));
	if (call->freeform) {
		buf_add(p->out, STR("{\\\"input\\\":"));
		struct buf text;
		buf_init(&text, p->out->max);
		json_add_quoted(&text, call->text);
		/* Twice in quotes: once as the text, once as the arguments. */
		json_add_compact_escaped(p->out, buf_str(&text));
		buf_release(&text);
		buf_add_char(p->out, '}');
	} else {
		json_add_compact_escaped(p->out, call->text);
	}
	buf_add(p->out, STR("\"}}"));
}

static void print_calls(struct printer *p, const struct turn *t)
{
	bool any = false;

	for (const struct part *x = t->parts.first; x != NULL; x = x->next) {
		if (x->kind != PART_CALL)
			continue;
		buf_add(p->out, any ? STR(",") : STR(",\"tool_calls\":["));
		add_call(p, x);
		any = true;
	}
	if (any)
		buf_add_char(p->out, ']');
}

static bool has(const struct turn *t, enum part_kind kind)
{
	for (const struct part *x = t->parts.first; x != NULL; x = x->next)
		if (x->kind == kind)
			return true;
	return false;
}

static bool is_own(const struct printer *p, const struct part *x)
{
	return str_eq(x->native.code, openai_text_code(p->t->flavor));
}

/* DeepSeek wants it with every turn that makes calls, if only empty. It takes anybody's. */
static void print_reasoning_text(struct printer *p, const struct turn *t)
{
	bool any = has(t, PART_CALL), begun = false;

	for (const struct part *x = t->parts.first; x != NULL; x = x->next) {
		if (x->kind != PART_REASONING)
			continue;
		any = any || x->text.n > 0;
		if (x->text.n == 0 && !is_own(p, x))
			warn(&p->c->warnings, p->c->reasoning_lost);
	}
	if (!any)
		return;
	buf_add(p->out, STR(",\"reasoning_content\":\""));
	for (const struct part *x = t->parts.first; x != NULL; x = x->next) {
		if (x->kind != PART_REASONING || x->text.n == 0)
			continue;
		buf_add(p->out, begun ? STR("\\n\\n") : STR(""));
		buf_add(p->out, x->text);
		begun = true;
	}
	buf_add_char(p->out, '"');
}

/* The items of an array, without the brackets. */
static struct str items_of(struct str array)
{
	if (array.n < 2 || array.p[0] != '[')
		return STR("");
	return str_trim((struct str){ array.p + 1, array.n - 2 });
}

/* All details of the turn in one list, as they were. */
static void print_reasoning_details(struct printer *p, const struct turn *t)
{
	bool any = false;

	for (const struct part *x = t->parts.first; x != NULL; x = x->next) {
		if (x->kind != PART_REASONING)
			continue;
		if (!is_own(p, x)) {
			warn(&p->c->warnings, p->c->reasoning_lost);
			continue;
		}
		struct str items = items_of(json_get(x->native.payload, STR("d")));
		if (items.n == 0)
			continue;
		buf_add(p->out, any ? STR(",") : STR(",\"reasoning_details\":["));
		json_add_compact(p->out, items);
		any = true;
	}
	if (any)
		buf_add_char(p->out, ']');
}

/* The provider's own, if it does not want it back, is no loss. */
static void drop_reasoning(struct printer *p, const struct turn *t)
{
	for (const struct part *x = t->parts.first; x != NULL; x = x->next)
		if (x->kind == PART_REASONING && !is_own(p, x))
			warn(&p->c->warnings, p->c->reasoning_lost);
}

static void print_reasoning(struct printer *p, const struct turn *t)
{
	switch (p->t->flavor->echo) {
	case ECHO_NOTHING:
		drop_reasoning(p, t);
		break;
	case ECHO_TEXT:
		print_reasoning_text(p, t);
		break;
	case ECHO_DETAILS:
		print_reasoning_details(p, t);
		break;
	}
}

/* Texts are pieces of one: providers split sentences for their citations. Media that a model has made are not sent back. */
static void print_assistant(struct printer *p, const struct turn *t)
{
	begin_message(p, "assistant");
	if (has(t, PART_TEXT) || !has(t, PART_CALL)) {
		buf_add_char(p->out, '"');
		add_texts(p->out, t->parts.first, STR(""));
		buf_add_char(p->out, '"');
	} else {
		buf_add(p->out, STR("null"));
	}
	print_reasoning(p, t);
	print_calls(p, t);
	buf_add_char(p->out, '}');
}

bool openai_print_messages(
	struct buf *out, struct content *c, const struct target *t, struct str extra, struct err *e)
{
	struct printer p = { .out = out, .c = c, .t = t, .e = e };
	bool ok = true;

	buf_add_char(out, '[');
	print_system(&p, extra);
	for (const struct turn *turn = c->turns; turn != NULL && ok; turn = turn->next) {
		if (turn->role == ROLE_ASSISTANT)
			print_assistant(&p, turn);
		else if (turn->role == ROLE_SYSTEM)
			print_middle(&p, turn);
		else
			ok = print_user(&p, turn);
	}
	buf_add_char(out, ']');
	return ok;
}
