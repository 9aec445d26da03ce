/* SPDX-License-Identifier: MIT */
/* One conversation that several models answer in turn, with the proxy's hand in between: the simulator, which verifies each signature and what it
 * is bound to, takes every request. */
#include "unit/sim/sim_check.h"

#include "llm/thinking.h"
#include "unit/wire/check.h"

enum { TALKS = 12, TURNS = 7 };

static const char *const models[] = { "claude-opus-5-5", "claude-sonnet-4-6", "claude-sonnet-5-5",
	"claude-opus-4-6" };

struct moving {
	struct site site;
	struct buf messages; /* as the client has them, who asks for the first model always */
	unsigned calls;
	bool untouched; /* the client's body goes up as it is */
};

/* What the model at that place answers, with the rest of the conversation as it was. */
static bool ask_model(struct moving *t, const char *model, const char *script)
{
	const struct thinking_rules r = { .model = str_from(model),
		.rerouted = model != models[0] };
	struct buf body, fitted, reply, sealed;
	size_t dropped, n;
	unsigned status;

	buf_init(&body, SIZE_MAX);
	buf_init(&fitted, SIZE_MAX);
	buf_init(&reply, SIZE_MAX);
	buf_init(&sealed, SIZE_MAX);
	queue(&t->site.engine->script, script);
	buf_addf(&body,
		"{\"model\":\"%s\",\"max_tokens\":500,\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},"
		"\"system\":\"@9\",\"messages\":[",
		model);
	buf_add(&body, buf_str(&t->messages));
	buf_add(&body, STR("]}"));
	bool changed = thinking_fit(buf_str(&body), &r, &fitted, &dropped) && !t->untouched;
	struct buf *sent = changed ? &fitted : &body;
	buf_add_char(sent, '\0');
	yyjson_doc *doc = tell(&t->site, &(struct question){ .body = sent->p }, &status);
	if (status == 200) {
		char *json = yyjson_val_write(yyjson_doc_get_root(doc), 0, &n);
		buf_add(&reply, (struct str){ json, n });
		free(json);
		bool seals = r.rerouted && thinking_seal_reply(buf_str(&reply), r.model, &sealed);
		assert_int_equal(seals, r.rerouted);
		buf_add(&t->messages, STR(",{\"role\":\"assistant\",\"content\":"));
		buf_add(&t->messages, json_get(buf_str(seals ? &sealed : &reply), STR("content")));
		buf_add_char(&t->messages, '}');
	} else if (!t->untouched) {
		fail_msg("%s: %u %s\n%s", model, status, text_at(doc, "/error/message"), sent->p);
	}
	yyjson_doc_free(doc);
	buf_release(&body);
	buf_release(&fitted);
	buf_release(&reply);
	buf_release(&sealed);
	return status == 200;
}

/* A prompt, a call, its result, an answer. */
static bool take_turn(struct moving *t, const char *model)
{
	char script[300];

	buf_add(&t->messages, t->messages.n > 0 ? STR(",") : STR(""));
	buf_add(&t->messages, STR("{\"role\":\"user\",\"content\":\"w\"}"));
	snprintf(script, sizeof(script),
		"{'content':[{'type':'thinking','thinking':'@10'},{'type':'redacted_thinking','tokens':30},"
		"{'type':'tool_use','id':'t%u','name':'a','input':{}}]}",
		++t->calls);
	if (!ask_model(t, model, script))
		return false;
	buf_addf(&t->messages,
		",{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t%u\",\"content\":\"w\"}]}",
		t->calls);
	return ask_model(t, model,
		t->calls % 3 == 0
			? "{'content':[{'type':'thinking','thinking':'@4'}]}"
			: "{'content':[{'type':'thinking','thinking':'@4'},{'type':'text','text':'@3'}]}");
}

/* Whether all of it was taken. */
static bool converse(uint64_t seed, bool untouched)
{
	struct moving t = { .untouched = untouched };
	bool ok = true;

	site_open(&t.site);
	buf_init(&t.messages, SIZE_MAX);
	for (size_t i = 0; ok && i < TURNS; i++)
		ok = take_turn(&t, models[random_below(&seed, ARRAY_LEN(models))]);
	buf_release(&t.messages);
	site_close(&t.site);
	return ok;
}

static void every_request_is_taken(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= TALKS; i++)
		assert_true(converse(i * 7919, false));
}

/* The simulator does object when nobody takes care. */
static void untouched_is_refused(void **state)
{
	size_t taken = 0;

	(void)state;
	for (uint64_t i = 1; i <= TALKS; i++)
		taken += converse(i * 7919, true);
	assert_true(taken < TALKS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_taken),
		cmocka_unit_test(untouched_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
