/* SPDX-License-Identifier: MIT */
/* What the top level of a request tells, in the words that several dialects share. */
#include "llm/chat.h"

#include "llm/tag.h"
#include "wire/json_text.h"

enum { MODELS_MAX = 16 };

bool chat_add_model(struct chat *c, struct str value, struct arena *a, struct err *e)
{
	if (c->models == NULL)
		c->models = arena_alloc(a, MODELS_MAX * sizeof(*c->models));
	if (c->nmodels == MODELS_MAX)
		return err_set(e, ERR_INVALID, "'model' is given more than %d times", MODELS_MAX);
	c->models[c->nmodels++] = value;
	c->model = json_string(value, a);
	return true;
}

void chat_look_for_tag(struct chat *c, struct str key, struct str value)
{
	if (tag_place_of(key) != TAG_NOWHERE)
		c->tagged |= tag_may_be_in(value, (size_t)2 * TAG_NEAR_BYTES);
}

bool chat_walk(struct chat *ret, chat_member_fn *member, struct arena *a, struct err *e)
{
	struct json_iter it;
	struct json_member m;

	sketch_begin(&ret->sketch, ret->bare ? NULL : a);
	if (!json_iter_init(&it, ret->body, e))
		return false;
	while (json_next_key(&it, &m.key, e)) {
		size_t from = it.at;
		bool list = !ret->bare && sketch_wants(m.key);
		if (!list && !json_take(&it, &m.value, e))
			return false;
		if (list && !sketch_part(&ret->sketch, &it, m.key, e))
			return false;
		m.value = (struct str){ it.text.p + from, it.at - from };
		if (!list)
			sketch_member(&ret->sketch, m.key, m.value);
		if (!list && member != NULL && !member(ret, &m, a, e))
			return false;
		chat_look_for_tag(ret, m.key, m.value);
	}
	return e->kind == ERR_NONE;
}

static bool note_openai(struct chat *c, const struct json_member *m, struct arena *a, struct err *e)
{
	if (json_key_is(m->key, STR("model")) && !chat_add_model(c, m->value, a, e))
		return false;
	if (json_key_is(m->key, STR("stream")))
		c->stream = json_is_true(m->value);
	if (json_key_is(m->key, STR("prompt_cache_key")) && json_is_string(m->value))
		c->session = json_string(m->value, a);
	return true;
}

bool chat_parse_openai(struct chat *ret, struct str body, struct arena *a, struct err *e)
{
	ret->body = body;
	ret->session = STR("");
	return chat_walk(ret, note_openai, a, e);
}
