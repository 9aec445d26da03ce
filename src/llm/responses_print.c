/* SPDX-License-Identifier: MIT */
/* A request for a provider's Responses API. Nothing of it is kept there (`store`), so that what its reasoning needs comes along, and
 * what is said of a tool is said explicitly: an absent `strict` would mean true. */
#include "llm/ids.h"
#include "llm/openai.h"
#include "llm/responses.h"

enum { MIN_OUTPUT_TOKENS = 16 };

struct printer {
	struct buf *out;
	struct content *c;
	const struct target *t;
	struct err *e;
	bool items; /* something stands in `input` */
};

/* ---- pieces ---- */

/* More for the string that has just been ended: `sep`, then `escaped`. */
static void add_more(struct buf *out, struct str sep, struct str escaped)
{
	size_t at;
	char last;

	if (out->overflow)
		return;
	/* The last byte of what is there, at least the opening quote, gives way to the opening quote of what comes, and returns. */
	out->n--;
	buf_add(out, sep);
	at = out->n - 1;
	last = out->p[at];
	out->n = at;
	json_add_quoted(out, escaped);
	if (!out->overflow)
		out->p[at] = last;
}

static void add_member(struct buf *out, const char *name, struct str escaped)
{
	buf_addf(out, ",\"%s\":", name);
	json_add_quoted(out, escaped);
}

static void add_raw(struct buf *out, const char *name, struct str raw)
{
	buf_addf(out, ",\"%s\":", name);
	json_add_compact(out, raw);
}

/* ---- parameters ---- */

/* What models assume anyway: nothing is lost without it. */
static bool is_one(struct str raw)
{
	return str_eq(raw, STR("1")) || str_eq(raw, STR("1.0"));
}

static void add_sampling(struct printer *p)
{
	struct content *c = p->c;
	bool can = p->t->caps.sampling;

	if (c->temperature.n > 0 && can)
		add_raw(p->out, "temperature", c->temperature);
	else if (c->temperature.n > 0 && !is_one(c->temperature))
		warn(&c->warnings, "temperature_dropped");
	if (c->top_p.n > 0 && can)
		add_raw(p->out, "top_p", c->top_p);
	else if (c->top_p.n > 0 && !is_one(c->top_p))
		warn(&c->warnings, "top_p_dropped");
}

/* For what the API has no member. */
static void warn_of_rest(struct printer *p)
{
	struct content *c = p->c;
	const struct {
		struct str value;
		const char *code;
	} rows[] = {
		{ c->top_k, "top_k_dropped" },
		{ c->seed, "seed_dropped" },
		{ c->frequency_penalty, "frequency_penalty_dropped" },
		{ c->presence_penalty, "presence_penalty_dropped" },
		{ c->logit_bias, "logit_bias_dropped" },
		{ c->logprobs, "logprobs_dropped" },
		{ c->top_logprobs, "logprobs_dropped" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].value.n > 0 && !str_eq(rows[i].value, STR("0")))
			warn(&c->warnings, rows[i].code);
	if (c->stops.n > 0)
		warn(&c->warnings, "stop_dropped");
}

static bool is_off(const struct reasoning_wish *w)
{
	return w->mode == REASONING_OFF || w->mode == REASONING_BETWEEN_TOOLS ||
	       w->effort == EFFORT_NONE;
}

static enum effort effort_for(struct printer *p)
{
	const struct reasoning_wish *w = &p->c->reasoning;
	const struct caps *caps = &p->t->caps;
	enum effort e = w->effort;

	if (is_off(w)) {
		e = caps_effort(caps, EFFORT_NONE);
		if (e != EFFORT_NONE && (e != EFFORT_UNSET || caps->reasons))
			warn(&p->c->warnings, "thinking_not_disabled");
		return e;
	}
	if (e == EFFORT_UNSET && w->mode == REASONING_BUDGET)
		e = effort_of_budget(w->budget_tokens);
	return e != EFFORT_UNSET ? caps_effort(caps, e) : e;
}

static void add_reasoning(struct printer *p)
{
	enum effort e = effort_for(p);
	bool show = p->c->reasoning.show == SHOW_SUMMARY && e != EFFORT_NONE &&
		    (p->t->caps.reasons || p->t->caps.efforts != 0);

	if (e == EFFORT_UNSET && !show)
		return;
	buf_add(p->out, STR(",\"reasoning\":{"));
	if (e != EFFORT_UNSET)
		buf_addf(p->out, "\"effort\":\"%s\"%s", effort_name(e), show ? "," : "");
	if (show)
		buf_add(p->out, STR("\"summary\":\"auto\""));
	buf_add(p->out, STR("}"));
}

static void add_schema(struct printer *p)
{
	const struct format_wish *f = &p->c->format;

	buf_add(p->out, STR("{\"type\":\"json_schema\",\"name\":"));
	json_add_quoted(p->out, f->name.n > 0 ? f->name : STR("output"));
	add_raw(p->out, "schema", f->schema.n > 0 ? f->schema : STR("{}"));
	/* Clients that cannot say it mean it: their schemas are kept to. */
	if (f->strict >= 0 || f->name.n == 0)
		buf_addf(p->out, ",\"strict\":%s", f->strict != 0 ? "true" : "false");
	buf_add(p->out, STR("}"));
}

/* Older models know no verbosity. */
static void add_text(struct printer *p)
{
	enum reply_format kind = p->c->format.kind;
	bool verbosity = p->c->verbosity.n > 0 && p->t->caps.reasons;

	if (p->c->verbosity.n > 0 && !verbosity)
		warn(&p->c->warnings, "verbosity_dropped");
	if (kind == FORMAT_TEXT && !verbosity)
		return;
	buf_add(p->out, STR(",\"text\":{"));
	if (kind != FORMAT_TEXT)
		buf_add(p->out, STR("\"format\":"));
	if (kind == FORMAT_SCHEMA)
		add_schema(p);
	else if (kind == FORMAT_JSON)
		buf_add(p->out, STR("{\"type\":\"json_object\"}"));
	if (verbosity) {
		buf_add(p->out, kind != FORMAT_TEXT ? STR(",") : STR(""));
		buf_add(p->out, STR("\"verbosity\":"));
		json_add_quoted(p->out, p->c->verbosity);
	}
	buf_add(p->out, STR("}"));
}

/* "standard" is Gemini's word for it, "standard_only" Anthropic's. */
static void add_tier(struct printer *p)
{
	static const struct str known[] = { STR_INIT("auto"), STR_INIT("default"), STR_INIT("flex"),
		STR_INIT("scale"), STR_INIT("priority"), STR_INIT("fast"), STR_INIT("ultrafast") };
	struct str tier = p->c->service_tier;

	if (tier.n == 0)
		return;
	if (str_eq(tier, STR("standard_only")) || str_eq(tier, STR("standard")))
		tier = STR("default");
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (str_eq(tier, known[i])) {
			add_member(p->out, "service_tier", tier);
			return;
		}
	warn_field(&p->c->warnings, STR("service_tier"), p->c->arena);
}

static void add_max_tokens(struct printer *p)
{
	uint64_t n = p->c->max_tokens, most = p->t->caps.max_output;

	if (!p->c->has_max_tokens)
		return;
	if (most > 0 && n > most)
		n = most;
	if (n < MIN_OUTPUT_TOKENS) {
		warn(&p->c->warnings, "max_tokens_raised");
		n = MIN_OUTPUT_TOKENS;
	}
	buf_addf(p->out, ",\"max_output_tokens\":%llu", (unsigned long long)n);
}

/* A model that is known, and known not to reason, refuses to be asked for what it reasons. */
static bool is_plain(const struct caps *c)
{
	return !c->reasons && c->thinking == THINKING_NONE && c->efforts == 0 && c->max_output > 0;
}

/* Those that only matter when something is answered. */
static void add_answering(struct printer *p)
{
	if (p->c->stream)
		buf_add(p->out, STR(",\"stream\":true"));
	buf_add(p->out, STR(",\"store\":false"));
	if (!is_plain(&p->t->caps))
		buf_add(p->out, STR(",\"include\":[\"reasoning.encrypted_content\"]"));
	add_max_tokens(p);
	add_sampling(p);
	add_tier(p);
	if (p->c->cache_key.n > 0)
		add_member(p->out, "prompt_cache_key", p->c->cache_key);
}

/* ---- tools ---- */

static void add_tool(struct printer *p, const struct tool *t)
{
	buf_addf(p->out,
		"{\"type\":\"%s\",\"name\":", t->kind == TOOL_FREEFORM ? "custom" : "function");
	json_add_quoted(p->out, t->wire_name);
	if (t->description.n > 0)
		add_member(p->out, "description", t->description);
	if (t->kind == TOOL_FREEFORM && t->grammar.n > 0) {
		add_raw(p->out, "format", t->grammar);
	} else if (t->kind == TOOL_FUNCTION) {
		buf_add(p->out, STR(",\"parameters\":"));
		openai_add_parameters(
			p->out, t->schema.n > 0 ? t->schema : STR("{\"type\":\"object\"}"));
		buf_addf(p->out, ",\"strict\":%s", t->strict > 0 ? "true" : "false");
	}
	buf_add(p->out, STR("}"));
}

static void add_choice_name(struct printer *p, struct str name)
{
	const struct tool *t = content_tool(p->c, name);

	buf_addf(p->out, "{\"type\":\"%s\",\"name\":",
		t != NULL && t->kind == TOOL_FREEFORM ? "custom" : "function");
	json_add_quoted(p->out, name);
	buf_add(p->out, STR("}"));
}

static void add_choice(struct printer *p)
{
	const struct words *names = &p->c->choice_names;
	static const char *const plain[] = {
		[CHOICE_AUTO] = "auto", [CHOICE_ANY] = "required", [CHOICE_NONE] = "none"
	};

	if (p->c->choice == CHOICE_UNSET)
		return;
	buf_add(p->out, STR(",\"tool_choice\":"));
	if (p->c->choice <= CHOICE_NONE) {
		buf_addf(p->out, "\"%s\"", plain[p->c->choice]);
	} else if (p->c->choice == CHOICE_NAMED) {
		add_choice_name(p, names->n > 0 ? names->v[0] : STR(""));
	} else {
		buf_addf(p->out, "{\"type\":\"allowed_tools\",\"mode\":\"%s\",\"tools\":[",
			p->c->choice == CHOICE_ANY_AMONG ? "required" : "auto");
		for (size_t i = 0; i < names->n; i++) {
			buf_add(p->out, i > 0 ? STR(",") : STR(""));
			add_choice_name(p, names->v[i]);
		}
		buf_add(p->out, STR("]}"));
	}
}

static bool add_tools(struct printer *p)
{
	bool any = false;

	if (!openai_check_server_tools(p->c, p->e))
		return false;
	for (const struct tool *t = p->c->tools; t != NULL; t = t->next) {
		if (t->kind == TOOL_SERVER)
			continue;
		buf_add(p->out, any ? STR(",") : STR(",\"tools\":["));
		any = true;
		add_tool(p, t);
	}
	if (!any)
		return true;
	buf_add(p->out, STR("]"));
	add_choice(p);
	if (p->c->parallel_calls >= 0)
		buf_addf(p->out, ",\"parallel_tool_calls\":%s",
			p->c->parallel_calls > 0 ? "true" : "false");
	return true;
}

/* ---- input ---- */

static void open_item(struct printer *p, const char *type)
{
	buf_add(p->out, p->items ? STR(",") : STR(""));
	buf_addf(p->out, "{\"type\":\"%s\"", type);
	p->items = true;
}

static void add_data_url(struct buf *out, const struct part *part)
{
	buf_add(out, STR("\"\""));
	if (part->url.n > 0) {
		add_more(out, STR(""), part->url);
		return;
	}
	add_more(out, STR("data:"), part->media_type);
	add_more(out, STR(";base64,"), part->data);
}

static void add_file(struct buf *out, const struct part *part)
{
	buf_add(out, STR("{\"type\":\"input_file\""));
	if (part->url.n == 0 || part->name.n > 0)
		add_member(out, "filename", part->name.n > 0 ? part->name : STR("document.pdf"));
	buf_add(out, part->url.n > 0 ? STR(",\"file_url\":") : STR(",\"file_data\":"));
	add_data_url(out, part);
	buf_add(out, STR("}"));
}

/* One of a list of input_…, with `before` in front of a text. */
static bool add_piece(struct printer *p, const struct part *part, struct str before)
{
	struct buf *out = p->out;

	switch (part->kind) {
	case PART_TEXT:
		buf_add(out, STR("{\"type\":\"input_text\",\"text\":\"\""));
		add_more(out, before, part->text);
		buf_add(out, STR("}"));
		return true;
	case PART_IMAGE:
		buf_add(out, STR("{\"type\":\"input_image\",\"image_url\":"));
		add_data_url(out, part);
		buf_add(out, STR(",\"detail\":\"auto\"}"));
		return true;
	case PART_DOCUMENT:
		add_file(out, part);
		return true;
	default:
		return err_set(p->e, ERR_INVALID, "%s is not available on this route",
			part->kind == PART_AUDIO ? "audio" : "content of that kind");
	}
}

static bool is_text_only(const struct part *list)
{
	for (; list != NULL; list = list->next)
		if (list->kind != PART_TEXT)
			return false;
	return true;
}

static bool add_output(struct printer *p, const struct part *result)
{
	struct str before = result->is_error ? STR("[tool_error] ") : STR("");
	const struct part *part = result->parts;

	if (is_text_only(part)) {
		buf_add(p->out, STR("\"\""));
		add_more(p->out, before, part != NULL ? part->text : STR(""));
		for (part = part != NULL ? part->next : NULL; part != NULL; part = part->next)
			add_more(p->out, STR("\\n\\n"), part->text);
		return true;
	}
	buf_add(p->out, STR("["));
	if (before.n > 0 && part->kind != PART_TEXT)
		buf_add(p->out, STR("{\"type\":\"input_text\",\"text\":\"[tool_error]\"},"));
	for (; part != NULL; part = part->next) {
		if (!add_piece(p, part, before))
			return false;
		buf_add(p->out, part->next != NULL ? STR(",") : STR(""));
		before = STR("");
	}
	buf_add(p->out, STR("]"));
	return true;
}

static bool add_result(struct printer *p, const struct part *part)
{
	open_item(p, part->freeform ? "custom_tool_call_output" : "function_call_output");
	add_member(p->out, "call_id", id_of_call(part->id, "call_", p->c->arena));
	buf_add(p->out, STR(",\"output\":"));
	if (!add_output(p, part))
		return false;
	buf_add(p->out, STR("}"));
	return true;
}

/* Results are items of their own; what stands between them is a message. */
static bool add_user(struct printer *p, const struct turn *turn, const char *role)
{
	bool open = false;

	for (const struct part *part = turn->parts.first; part != NULL; part = part->next) {
		if (part->kind == PART_RESULT) {
			buf_add(p->out, open ? STR("]}") : STR(""));
			open = false;
			if (!add_result(p, part))
				return false;
			continue;
		}
		if (!open) {
			open_item(p, "message");
			buf_addf(p->out, ",\"role\":\"%s\",\"content\":[", role);
		} else {
			buf_add(p->out, STR(","));
		}
		open = true;
		if (!add_piece(p, part, STR("")))
			return false;
	}
	buf_add(p->out, open ? STR("]}") : STR(""));
	return true;
}

static void add_call(struct printer *p, const struct part *part)
{
	open_item(p, part->freeform ? "custom_tool_call" : "function_call");
	add_member(p->out, "call_id", id_of_call(part->id, "call_", p->c->arena));
	add_member(p->out, "name", part->name);
	if (part->freeform) {
		add_member(p->out, "input", part->text);
	} else {
		buf_add(p->out, STR(",\"arguments\":\""));
		json_add_compact_escaped(p->out, part->text);
		buf_add(p->out, STR("\""));
	}
	buf_add(p->out, STR("}"));
}

/* Whether anything but reasoning comes behind it: the API refuses reasoning that has led to nothing, as when a reply was cut off. */
static bool leads_on(const struct part *part)
{
	while (part != NULL && part->kind == PART_REASONING)
		part = part->next;
	return part != NULL;
}

/* Only what OpenAI itself has encrypted is of use to it. */
static void add_reasoning_item(struct printer *p, const struct part *part)
{
	struct str id = json_inner(json_get(part->native.payload, STR("id")));
	struct str opaque = json_inner(json_get(part->native.payload, STR("e")));

	if (!str_eq(part->native.code, STR("oai")) || opaque.n == 0 || !leads_on(part)) {
		warn(&p->c->warnings, p->c->reasoning_lost);
		return;
	}
	open_item(p, "reasoning");
	if (id.n > 0)
		add_member(p->out, "id", id);
	buf_add(p->out, STR(",\"summary\":["));
	if (part->text.n > 0) {
		buf_add(p->out, STR("{\"type\":\"summary_text\",\"text\":"));
		json_add_quoted(p->out, part->text);
		buf_add(p->out, STR("}"));
	}
	buf_add(p->out, STR("]"));
	add_member(p->out, "encrypted_content", opaque);
	buf_add(p->out, STR("}"));
}

/* The model's own images are no input, and their place is told. */
static void add_said(struct printer *p, const struct part *part)
{
	if (part->kind == PART_TEXT) {
		add_more(p->out, STR(""), part->text);
		return;
	}
	add_more(p->out, STR("[image omitted: "), part->media_type);
	add_more(p->out, STR("]"), STR(""));
	warn(&p->c->warnings, "image_omitted");
}

/* Neighbouring texts are one message: other APIs cut sentences in two. */
static void add_assistant(struct printer *p, const struct turn *turn)
{
	bool open = false;

	for (const struct part *part = turn->parts.first; part != NULL; part = part->next) {
		bool item = part->kind == PART_CALL || part->kind == PART_REASONING;
		if (open && item)
			buf_add(p->out, STR("}"));
		if (!open && !item) {
			open_item(p, "message");
			buf_add(p->out, STR(",\"role\":\"assistant\",\"content\":\"\""));
		}
		open = !item;
		if (part->kind == PART_CALL)
			add_call(p, part);
		else if (part->kind == PART_REASONING)
			add_reasoning_item(p, part);
		else
			add_said(p, part);
	}
	buf_add(p->out, open ? STR("}") : STR(""));
}

static bool add_turn(struct printer *p, const struct turn *turn)
{
	if (turn->role == ROLE_ASSISTANT)
		add_assistant(p, turn);
	return turn->role == ROLE_ASSISTANT ||
	       add_user(p, turn, turn->role == ROLE_SYSTEM ? "developer" : "user");
}

static bool add_input(struct printer *p)
{
	const struct turn *last = p->c->last_turn;

	buf_add(p->out, STR(",\"input\":["));
	for (const struct turn *t = p->c->turns; t != NULL; t = t->next)
		if (!add_turn(p, t))
			return false;
	buf_add(p->out, STR("]"));
	if (last != NULL && last->role == ROLE_ASSISTANT)
		warn(&p->c->warnings, "prefill_not_continued");
	return true;
}

static void add_instructions(struct printer *p)
{
	const struct part *part = p->c->system.first;

	if (part == NULL)
		return;
	add_member(p->out, "instructions", part->text);
	for (part = part->next; part != NULL; part = part->next)
		add_more(p->out, STR("\\n\\n"), part->text);
}

bool responses_print_content(
	struct wire_request *ret, struct content *c, const struct target *t, struct err *e)
{
	struct printer p = { .out = &ret->body, .c = c, .t = t, .e = e };

	ret->path = t->count ? STR("/v1/responses/input_tokens") : STR("/v1/responses");
	openai_fit_names(c);
	buf_add(p.out, STR("{\"model\":"));
	json_add_string(p.out, t->model);
	if (!t->count)
		add_answering(&p);
	add_reasoning(&p);
	add_text(&p);
	warn_of_rest(&p);
	if (!add_tools(&p))
		return false;
	add_instructions(&p);
	if (!add_input(&p))
		return false;
	buf_add(p.out, STR("}"));
	return true;
}
