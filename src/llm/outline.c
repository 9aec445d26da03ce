/* SPDX-License-Identifier: MIT */
/* One walk over the body, each byte read once. Hashes of members are added up, so that their order does not matter. */
#include "llm/outline.h"

#include "llm/native.h"
#include "llm/tag.h"
#include "llm/wording.h"
#include "wire/hash.h"
#include "wire/json_text.h"

#include <stdlib.h>
#include <string.h>

enum { SEED_TEXT = 1, LIST_MIN = 32 };

/* What is gathered of one block on the way through its members. */
struct draft {
	uint64_t hash;
	uint64_t bytes;
	struct str type, text, name;
	struct str value; /* the input of a call, the content of a result */
	uint32_t origin;
	uint8_t mark, images;
	bool deferred, cited, is_error, is_well, has_signature;
};

struct walk {
	struct outline *o;
	struct err *e;
	bool cited;
};

/* ---- pieces ---- */

static bool is_text(struct str value, const char *name)
{
	size_t n = strlen(name);

	return value.n == n + 2 && memcmp(value.p + 1, name, n) == 0;
}

static bool ends_with(struct str value, const char *name)
{
	size_t n = strlen(name);

	return value.n >= n + 2 && memcmp(value.p + value.n - 1 - n, name, n) == 0;
}

uint64_t outline_member_hash(struct str key, struct str value)
{
	return hash_fast(value, hash_fast(key, SEED_TEXT));
}

static void add_member(struct draft *d, struct str key, struct str value)
{
	d->hash += outline_member_hash(key, value);
}

static struct outline_block *add_block(struct outline_list *l)
{
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : LIST_MIN;
		l->v = must_realloc(l->v, l->cap * sizeof(*l->v));
	}
	return &l->v[l->n++];
}

/* More than any model can read: the rest would only cost time and memory. */
static bool is_full(const struct outline *o)
{
	return o->tools.n + o->searches.n + o->system.n + o->messages.n >= OUTLINE_BLOCKS_MAX;
}

static uint8_t mark_of(struct str control)
{
	if (control.n == 0 || control.p[0] != '{')
		return BREAK_NONE;
	return is_text(json_get(control, STR("ttl")), "1h") ? BREAK_1H : BREAK_5M;
}

static uint64_t hash_member(struct str object, const char *name)
{
	struct str v = json_get(object, str_from(name));

	return v.p != NULL ? hash_fast(v, SEED_TEXT) : 0;
}

/* ---- blocks ---- */

/* The items of a tool result's content: only images, which cost by their size and not by their bytes, are told apart. */
static bool take_item(struct walk *w, struct json_iter *it, struct draft *d)
{
	struct json_iter object;
	struct str key, value;
	bool image = false;
	size_t from = it->at;

	if (json_peek(it) != '{')
		return json_take(it, &value, w->e);
	if (!json_enter(it, &object, w->e))
		return false;
	while (json_next_key(&object, &key, w->e)) {
		if (!json_take(&object, &value, w->e))
			return false;
		if (json_key_is(key, STR("type")))
			image = is_text(value, "image");
		else if (json_key_is(key, STR("cache_control")) && d->mark == BREAK_NONE)
			d->mark = mark_of(value);
	}
	json_leave(it, &object);
	if (image)
		d->images += d->images < UINT8_MAX;
	else
		d->bytes += it->at - from;
	return w->e->kind == ERR_NONE;
}

static bool take_content(struct walk *w, struct json_iter *it, struct draft *d)
{
	struct json_iter items;
	struct str key;

	if (!json_enter(it, &items, w->e))
		return false;
	while (json_next_key(&items, &key, w->e))
		if (!take_item(w, &items, d))
			return false;
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

/* What the outline wants to know of a member; most keys are none of these. */
static void note_known(struct draft *d, struct str key, struct str value)
{
	if (json_key_is(key, STR("type")))
		d->type = value;
	else if (json_key_is(key, STR("text")))
		d->text = value;
	else if (json_key_is(key, STR("name")))
		d->name = value;
	else if (json_key_is(key, STR("is_error")))
		d->is_well = !(d->is_error = json_is_true(value));
	else if (json_key_is(key, STR("input")) || json_key_is(key, STR("content")))
		d->value = value;
	else if (json_key_is(key, STR("defer_loading")))
		d->deferred = json_is_true(value);
	else if (json_key_is(key, STR("citations")))
		d->cited = json_is_true(json_get(value, STR("enabled")));
}

/* An envelope counts as the signature in it, which is what the model will read. */
static bool note_signature(struct draft *d, struct str key, struct str value)
{
	struct native_issuer by;

	if (!json_key_is(key, STR("signature")) && !json_key_is(key, STR("data")))
		return false;
	d->has_signature |= value.n > 2;
	if (!native_issuer(json_inner(value), &by))
		return false;
	d->origin = by.origin;
	d->hash += by.hash;
	d->bytes += by.bytes;
	return by.origin != NATIVE_FOREIGN;
}

static void note_member(struct draft *d, struct str key, struct str value)
{
	if (note_signature(d, key, value))
		return;
	if (json_key_is(key, STR("cache_control"))) {
		d->mark = mark_of(value) != BREAK_NONE ? mark_of(value) : d->mark;
		return;
	}
	note_known(d, key, value);
	d->bytes += value.n;
	add_member(d, key, value);
}

/* One object that is a block: a tool, or an item of a content. */
static bool take_block(struct walk *w, struct json_iter *it, struct draft *d)
{
	struct json_iter object;
	struct str key, value;

	*d = (struct draft){ 0 };
	if (is_full(w->o) || json_peek(it) != '{' || !json_enter(it, &object, w->e))
		return false;
	while (json_next_key(&object, &key, w->e)) {
		if (json_peek(&object) == '[' && json_key_is(key, STR("content"))) {
			size_t from = object.at;
			if (!take_content(w, &object, d))
				return false;
			d->value = (struct str){ it->text.p + from, object.at - from };
			add_member(d, key, d->value);
		} else if (!json_take(&object, &value, w->e)) {
			return false;
		} else {
			note_member(d, key, value);
		}
	}
	json_leave(it, &object);
	w->cited |= d->cited;
	return w->e->kind == ERR_NONE;
}

static void plain_text(struct draft *d, struct str value)
{
	*d = (struct draft){ .type = STR("\"text\""), .text = value, .bytes = value.n };
	add_member(d, STR("type"), d->type);
	add_member(d, STR("text"), value);
}

static uint8_t kind_of(const struct draft *d, uint8_t role)
{
	if (is_text(d->type, "text"))
		return role == ROLE_USER        ? BLOCK_USER
		       : role == ROLE_ASSISTANT ? BLOCK_ASSISTANT
						: BLOCK_SYSTEM;
	if (ends_with(d->type, "tool_result"))
		return BLOCK_RESULT;
	if (ends_with(d->type, "tool_use"))
		return BLOCK_CALL;
	if (ends_with(d->type, "thinking"))
		return BLOCK_THINKING;
	return BLOCK_OTHER;
}

static uint32_t origin_of(const struct draft *d, uint8_t kind)
{
	if (kind != BLOCK_THINKING)
		return NATIVE_ASKED;
	return d->has_signature ? d->origin : NATIVE_UNSIGNED;
}

static struct outline_block *put(struct outline_list *l, const struct draft *d, uint8_t kind)
{
	struct outline_block *b = add_block(l);
	bool image = kind == BLOCK_OTHER && is_text(d->type, "image");

	*b = (struct outline_block){
		.hash = d->hash,
		.bytes = image                   ? 0
			 : d->bytes < UINT32_MAX ? (uint32_t)d->bytes
						 : UINT32_MAX,
		.origin = origin_of(d, kind),
		.kind = kind,
		.mark = d->mark,
		.images = image ? 1 : d->images,
	};
	return b;
}

static void note_tag(struct outline *o, struct str text)
{
	o->facts.tagged |= tag_may_be_in(text, TAG_NEAR_BYTES);
}

/* ---- tools and system ---- */

static bool take_tools(struct walk *w, struct json_iter *it)
{
	struct outline *o = w->o;
	struct json_iter items;
	struct draft d;
	struct str key;

	o->tools.n = o->searches.n = o->facts.tools = 0;
	if (json_peek(it) != '[' || !json_enter(it, &items, w->e))
		return false;
	sketch_begin_tools(o->sketch);
	while (json_next_key(&items, &key, w->e)) {
		if (!take_block(w, &items, &d))
			return false;
		bool search = str_starts(d.type, STR("\"web_search_"));
		sketch_add_tool(o->sketch, d.type, d.name);
		/* Tools that are to be found later are no part of the prefix; the web search stands with the system prompt. */
		if (!d.deferred) {
			struct outline_block *b =
				put(search ? &o->searches : &o->tools, &d, BLOCK_TOOL);
			b->item = (uint32_t)o->facts.tools;
		}
		o->facts.tools++;
	}
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

static bool take_system(struct walk *w, struct json_iter *it)
{
	struct outline *o = w->o;
	struct json_iter items;
	struct draft d;
	struct str key, value;
	uint32_t n = 0;

	o->system.n = 0;
	memset(o->sketch->openings, 0, sizeof(o->sketch->openings));
	if (json_peek(it) == '"') {
		if (!json_take(it, &value, w->e))
			return false;
		plain_text(&d, value);
		note_tag(o, value);
		o->facts.system_text = o->sketch->openings[0] = value;
		if (value.n > 2)
			put(&o->system, &d, BLOCK_SYSTEM);
		return true;
	}
	if (json_peek(it) != '[' || !json_enter(it, &items, w->e))
		return false;
	for (; json_next_key(&items, &key, w->e); n++) {
		if (!take_block(w, &items, &d))
			return false;
		put(&o->system, &d, BLOCK_SYSTEM)->item = n;
		if (n < ARRAY_LEN(o->sketch->openings))
			o->sketch->openings[n] = d.text;
		note_tag(o, d.text);
		if (d.text.n > o->facts.system_text.n)
			o->facts.system_text = d.text;
	}
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

/* ---- messages ---- */

/* What is known of a message once it has been read; its role may come behind its content. */
struct message {
	uint8_t role;
	size_t first, first_scrap; /* of its blocks; in the sketch */
	bool answers, errors, thinks, edits;
	struct str first_text;
};

/* What of a block the sketch of the turn has a place for. */
static void note_scrap(struct scraps *p, const struct draft *d, uint8_t kind)
{
	if (kind == BLOCK_CALL || kind == BLOCK_RESULT) {
		struct scrap *scrap =
			scraps_add(p, kind == BLOCK_CALL ? SCRAP_CALL : SCRAP_RESULT, d->value);
		scrap->name = d->name;
		scrap->failed = d->is_error;
		scrap->well = d->is_well;
	} else if (d->text.p != NULL) {
		scraps_add(p, SCRAP_TEXT, d->text);
	}
}

static void note_block(struct walk *w, struct message *m, const struct draft *d, uint8_t kind)
{
	note_scrap(w->o->sketch->scraps, d, kind);
	if (!w->o->facts.assistant)
		note_tag(w->o, d->text);
	m->answers |= kind == BLOCK_RESULT;
	m->errors |= kind == BLOCK_RESULT && d->is_error;
	m->thinks |= kind == BLOCK_THINKING;
	m->edits |= kind == BLOCK_CALL && wording_is_edit(d->name);
	if (m->first_text.p == NULL)
		m->first_text = d->text;
}

static bool take_blocks(struct walk *w, struct json_iter *it, struct message *m)
{
	struct json_iter items;
	struct draft d;
	struct str key, value;
	uint32_t n = 0;

	if (json_peek(it) == '"') {
		if (!json_take(it, &value, w->e))
			return false;
		plain_text(&d, value);
		note_block(w, m, &d, BLOCK_USER);
		if (value.n > 2)
			put(&w->o->messages, &d, BLOCK_USER);
		return true;
	}
	if (json_peek(it) != '[' || !json_enter(it, &items, w->e))
		return false;
	for (; json_next_key(&items, &key, w->e); n++) {
		if (!take_block(w, &items, &d))
			return false;
		struct outline_block *b = put(&w->o->messages, &d, kind_of(&d, ROLE_USER));
		b->item = n;
		w->o->parameters.images |= b->images > 0;
		w->o->facts.sealed |= b->origin != NATIVE_ASKED && b->origin != NATIVE_UNSIGNED;
		note_block(w, m, &d, b->kind);
	}
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

static uint8_t role_of(struct str value)
{
	return is_text(value, "user")        ? ROLE_USER
	       : is_text(value, "assistant") ? ROLE_ASSISTANT
	       : is_text(value, "system")    ? ROLE_SYSTEM
					     : ROLE_NONE;
}

/* What the next message may have to do with the thinking of those before it. */
static void note_thinking(struct outline_facts *f, const struct message *m)
{
	f->thinking |= m->thinks;
	if (m->role == ROLE_ASSISTANT) {
		f->edited |= m->edits;
		f->thinking_last = m->thinks;
		f->thinking_loop |= m->thinks;
	} else if (m->role == ROLE_USER && !m->answers) {
		f->thinking_last = f->thinking_loop = false;
	}
}

/* Gives a message's blocks what depends on its role. */
static void end_message(struct walk *w, const struct message *m, size_t at)
{
	static const uint8_t text_kinds[] = { BLOCK_USER, BLOCK_USER, BLOCK_ASSISTANT,
		BLOCK_SYSTEM };
	struct outline *o = w->o;

	for (size_t i = m->first; i < o->messages.n; i++) {
		struct outline_block *b = &o->messages.v[i];
		b->message = (uint32_t)at;
		b->role = m->role;
		b->hash += m->role;
		if (b->kind == BLOCK_USER)
			b->kind = text_kinds[m->role];
	}
	note_thinking(&o->facts, m);
	o->facts.assistant |= m->role == ROLE_ASSISTANT;
	if (m->role == ROLE_SYSTEM) {
		if (o->facts.system_message.p == NULL)
			o->facts.system_message = m->first_text;
		return;
	}
	o->facts.answers_tools = m->role == ROLE_USER && m->answers;
	o->facts.error_results = m->role == ROLE_USER && m->errors;
	if (m->role == ROLE_USER && !m->answers)
		o->turn_message = at;
}

static enum message_kind sketched_kind(const struct message *m)
{
	if (m->role == ROLE_USER)
		return m->answers ? MESSAGE_RESULTS : MESSAGE_USER;
	return m->role == ROLE_ASSISTANT ? MESSAGE_ASSISTANT : MESSAGE_SYSTEM;
}

static bool take_message(struct walk *w, struct json_iter *it, size_t at)
{
	struct message m = { .first = w->o->messages.n, .first_scrap = w->o->sketch->scraps->n };
	struct json_iter object;
	struct str key, value;

	if (is_full(w->o) || json_peek(it) != '{' || !json_enter(it, &object, w->e))
		return false;
	while (json_next_key(&object, &key, w->e)) {
		if (json_key_is(key, STR("content"))) {
			if (!take_blocks(w, &object, &m))
				return false;
		} else if (!json_take(&object, &value, w->e)) {
			return false;
		} else if (json_key_is(key, STR("role"))) {
			m.role = role_of(value);
		}
	}
	json_leave(it, &object);
	end_message(w, &m, at);
	sketch_end_message(w->o->sketch, sketched_kind(&m), m.first_scrap);
	return w->e->kind == ERR_NONE;
}

static bool take_messages(struct walk *w, struct json_iter *it)
{
	struct outline *o = w->o;
	struct json_iter items;
	struct str key;

	o->messages.n = 0;
	if (json_peek(it) != '[' || !json_enter(it, &items, w->e))
		return false;
	sketch_begin_messages(o->sketch);
	for (o->facts.messages = 0; json_next_key(&items, &key, w->e); o->facts.messages++)
		if (!take_message(w, &items, o->facts.messages))
			return false;
	json_leave(it, &items);
	return w->e->kind == ERR_NONE;
}

/* ---- parameters ---- */

static bool keeps_thinking(struct str management)
{
	struct str edits = json_get(management, STR("edits"));
	struct json_iter it;
	struct json_member m;
	struct err e = { 0 };

	if (edits.p == NULL || !json_iter_init_array(&it, edits, &e))
		return false;
	while (json_next(&it, &m, &e))
		if (is_text(json_get(m.value, STR("type")), "clear_thinking_20251015") &&
			is_text(json_get(m.value, STR("keep")), "all"))
			return true;
	return false;
}

static void note_choice(struct outline *o, struct str v)
{
	o->parameters.tool_choice = hash_member(v, "type") + 3 * hash_member(v, "name") +
				    5 * json_is_true(json_get(v, STR("disable_parallel_tool_use")));
	if (is_text(json_get(v, STR("type")), "auto")) /* the same as none at all */
		o->parameters.tool_choice -= hash_member(v, "type");
}

static void note_parameter(struct outline *o, struct str key, struct str v)
{
	if (json_key_is(key, STR("tool_choice"))) {
		note_choice(o, v);
	} else if (json_key_is(key, STR("thinking"))) {
		o->parameters.thinking +=
			hash_member(v, "type") + 3 * hash_member(v, "budget_tokens");
		o->facts.thinking_manual = is_text(json_get(v, STR("type")), "enabled");
	} else if (json_key_is(key, STR("output_config"))) {
		o->parameters.thinking += 5 * hash_member(v, "effort");
	} else if (json_key_is(key, STR("context_management"))) {
		o->keeps_thinking = keeps_thinking(v);
	} else if (json_key_is(key, STR("speed"))) {
		o->parameters.system += hash_fast(v, SEED_TEXT);
	} else if (json_key_is(key, STR("cache_control"))) {
		o->mark = mark_of(v);
	}
}

/* ---- the whole ---- */

typedef bool take_fn(struct walk *w, struct json_iter *it);

static take_fn *part_of(struct str key)
{
	return json_key_is(key, STR("messages")) ? take_messages
	       : json_key_is(key, STR("system")) ? take_system
	       : json_key_is(key, STR("tools"))  ? take_tools
						 : NULL;
}

void outline_begin(struct outline *o, struct sketch *s, bool wanted)
{
	*o = (struct outline){ .sketch = s, .whole = wanted };
}

bool outline_wants(struct str key)
{
	return part_of(key) != NULL || json_key_is(key, STR("tool_choice")) ||
	       json_key_is(key, STR("thinking")) || json_key_is(key, STR("output_config")) ||
	       json_key_is(key, STR("context_management")) || json_key_is(key, STR("speed")) ||
	       json_key_is(key, STR("cache_control"));
}

bool outline_part(struct outline *o, struct json_iter *it, struct str key, struct err *e)
{
	struct err inner = { 0 };
	struct walk w = { .o = o, .e = &inner };
	const struct json_iter before = *it;
	take_fn *take = part_of(key);
	struct str value;

	if (take != NULL && take(&w, it)) {
		o->parameters.system += w.cited;
		return true;
	}
	*it = before;
	o->whole &= take == NULL;
	if (!json_take(it, &value, e))
		return false;
	if (take == NULL)
		note_parameter(o, key, value);
	else
		note_tag(o, value);
	return true;
}

static void join(struct outline *o, struct outline_list *l, uint8_t level)
{
	for (size_t i = 0; i < l->n; i++) {
		o->blocks[o->n] = l->v[i];
		o->blocks[o->n++].level = level;
	}
}

void outline_drop(struct outline *o)
{
	struct outline_list *const lists[] = { &o->tools, &o->searches, &o->system, &o->messages };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		free(lists[i]->v);
		*lists[i] = (struct outline_list){ .n = 0 };
	}
}

void outline_end(struct outline *o, struct arena *a)
{
	size_t n = o->tools.n + o->searches.n + o->system.n + o->messages.n;

	o->blocks = arena_alloc(a, (n + 1) * sizeof(*o->blocks));
	join(o, &o->tools, LEVEL_TOOLS);
	o->level_at[LEVEL_SYSTEM] = o->n;
	join(o, &o->searches, LEVEL_SYSTEM);
	join(o, &o->system, LEVEL_SYSTEM);
	o->level_at[LEVEL_MESSAGES] = o->n;
	join(o, &o->messages, LEVEL_MESSAGES);
	o->level_at[LEVELS] = o->n;
	for (size_t i = n; o->mark != BREAK_NONE && i-- > 0;)
		if (o->blocks[i].kind != BLOCK_THINKING) {
			o->blocks[i].mark = o->mark;
			break;
		}
	o->sketch->images = o->parameters.images;
	o->sketch->system = o->facts.system_text;
	o->sketch = NULL;
	outline_drop(o);
}

/* ---- chains ---- */

uint64_t outline_enter_level(const struct level_parameters *p, unsigned level, uint64_t chain)
{
	chain = hash_fast_chain(chain, level);
	if (level == LEVEL_SYSTEM)
		return hash_fast_chain(chain, p->system);
	if (level == LEVEL_MESSAGES) {
		chain = hash_fast_chain(chain, p->tool_choice);
		chain = hash_fast_chain(chain, p->thinking);
		return hash_fast_chain(chain, p->images);
	}
	return chain;
}

uint64_t outline_add_block(uint64_t chain, uint64_t hash)
{
	chain = hash_fast_chain(chain, hash);
	return chain + (chain == 0);
}

/* Whether a provider gets to see it. */
static bool is_sent(const struct outline_block *b, const struct chain_rules *r)
{
	if (b->kind != BLOCK_THINKING)
		return true;
	if (r->drops_thinking)
		return false;
	if (b->origin == NATIVE_UNSIGNED && r->takes_unsigned)
		return true;
	if (b->origin == NATIVE_ASKED || b->origin == NATIVE_UNSIGNED)
		return !r->rerouted;
	return b->origin == r->origin;
}

/* Whether it is the last of a message of which nothing is sent. */
static bool leaves_nothing(const struct outline *o, size_t i, const struct chain_rules *r)
{
	uint32_t message = o->blocks[i++].message;

	if (i < o->n && o->blocks[i].message == message)
		return false;
	for (; i > o->level_at[LEVEL_MESSAGES] && o->blocks[i - 1].message == message; i--)
		if (is_sent(&o->blocks[i - 1], r))
			return false;
	return true;
}

static uint64_t hash_no_content(const struct outline_block *b)
{
	return outline_member_hash(STR("type"), STR("\"text\"")) +
	       outline_member_hash(STR("text"), STR(OUTLINE_NO_CONTENT)) + b->role;
}

void outline_chain(const struct outline *o, const struct chain_rules *r, uint64_t *ret)
{
	bool strips = r->strips_thinking && !o->keeps_thinking;
	uint64_t chain = r->seed;
	size_t i = 0;

	for (unsigned level = 0; level < LEVELS; level++) {
		chain = outline_enter_level(&o->parameters, level, chain);
		for (; i < o->level_at[level + 1]; i++) {
			const struct outline_block *b = &o->blocks[i];
			bool sent = is_sent(b, r);
			ret[i] = 0;
			if (sent && strips && b->kind == BLOCK_THINKING &&
				b->message < o->turn_message)
				continue;
			if (sent)
				ret[i] = chain = outline_add_block(chain, b->hash);
			else if (level == LEVEL_MESSAGES && leaves_nothing(o, i, r))
				ret[i] = chain = outline_add_block(chain, hash_no_content(b));
		}
	}
}

uint64_t outline_identity(const struct outline *o)
{
	uint64_t h = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct outline_block *b = &o->blocks[i];
		if (b->level == LEVEL_MESSAGES && b->message > 0)
			break;
		/* Claude Code's first block counts versions and requests. */
		if (b->level != LEVEL_SYSTEM || b->item > 0 || b->bytes > 200)
			h = hash_fast_chain(h, b->hash);
	}
	return h;
}

void outline_place(struct buf *out, const struct outline_block *b)
{
	if (b->level == LEVEL_MESSAGES)
		buf_addf(out, "messages[%u].content[%u]", (unsigned)b->message, (unsigned)b->item);
	else
		buf_addf(out, "%s[%u]", b->kind == BLOCK_TOOL ? "tools" : "system",
			(unsigned)b->item);
}
