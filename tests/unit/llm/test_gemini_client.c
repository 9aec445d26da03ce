/* SPDX-License-Identifier: MIT */
/* What is read of requests of Gemini's clients, and what they are answered. */
#include "unit/base/check.h"

#include "llm/gemini.h"

#include <stdlib.h>

static const char path[] = "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse";

struct fixture {
	struct arena *a;
	struct chat chat;
	struct content c;
	struct err e;
	struct buf text;
};

static bool read_body(struct fixture *f, const char *body)
{
	*f = (struct fixture){ .a = arena_new(), .chat = { .path = STR(path) } };
	buf_init(&f->text, SIZE_MAX);
	content_init(&f->c, f->a);
	return dialect_gemini.parse_request(&f->chat, str_from(body), f->a, &f->e) &&
	       dialect_gemini.read_content(&f->c, &f->chat, &f->e);
}

static void done(struct fixture *f)
{
	buf_release(&f->text);
	arena_free(f->a);
}

static void add(struct fixture *f, struct str s)
{
	buf_add(&f->text, s);
}

static void tell_native(struct fixture *f, const struct native *n)
{
	if (n->code.n == 0)
		return;
	add(f, STR(" "));
	add(f, n->code);
	add(f, n->payload);
}

static void tell_part(struct fixture *f, const struct part *p)
{
	static const char *const kinds[] = { [PART_TEXT] = "text",
		[PART_IMAGE] = "image",
		[PART_DOCUMENT] = "document",
		[PART_AUDIO] = "audio",
		[PART_CALL] = "call",
		[PART_RESULT] = "result",
		[PART_REASONING] = "thought" };

	buf_addf(&f->text, "%s%s(", kinds[p->kind], p->is_error ? " error" : "");
	if (p->kind == PART_CALL || p->kind == PART_RESULT)
		buf_addf(&f->text, "%.*s %.*s", STR_ARG(p->id), STR_ARG(p->name));
	if (p->media_type.n > 0)
		buf_addf(&f->text, "%.*s %.*s", STR_ARG(p->media_type), STR_ARG(p->data));
	if (p->kind == PART_CALL)
		add(f, STR(" "));
	add(f, p->text);
	tell_native(f, &p->native);
	for (const struct part *q = p->parts; q != NULL; q = q->next) {
		add(f, STR(" "));
		tell_part(f, q);
	}
	add(f, STR(")"));
}

/* "user: text(hi) | model: …" */
static struct str tell(struct fixture *f)
{
	buf_clear(&f->text);
	for (const struct turn *t = f->c.turns; t != NULL; t = t->next) {
		add(f, f->text.n > 0 ? STR(" | ") : STR(""));
		add(f, t->role == ROLE_ASSISTANT ? STR("model:") : STR("user:"));
		for (const struct part *p = t->parts.first; p != NULL; p = p->next) {
			add(f, STR(" "));
			tell_part(f, p);
		}
	}
	return buf_str(&f->text);
}

/* ---- contents ---- */

struct pair {
	const char *body, *want;
};

static void check_contents(const struct pair *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fixture f;
		struct buf body;
		buf_init(&body, SIZE_MAX);
		buf_addf(&body, "{\"contents\":%s}", rows[i].body);
		buf_add_char(&body, '\0');
		if (!read_body(&f, body.p))
			fail_msg("%s: %s", rows[i].body, f.e.text);
		assert_str(tell(&f), str_from(rows[i].want));
		done(&f);
		buf_release(&body);
	}
}

static void contents(void **state)
{
	static const struct pair rows[] = {
		{ "[]", "" },
		{ "[{\"parts\":[{\"text\":\"h\\ni\"}]}]", "user: text(h\\ni)" },
		{ "{\"role\":\"user\",\"parts\":{\"text\":\"a\"}}", "user: text(a)" },
		/* Of the user each part is one; of the model pieces of a stream are joined. */
		{ "[{\"role\":\"user\",\"parts\":[{\"text\":\"a\"},{\"text\":\"b\"}]}]",
			"user: text(a) text(b)" },
		{ "[{\"role\":\"model\",\"parts\":[{\"text\":\"a\"}]},"
		  "{\"role\":\"model\",\"parts\":[{\"text\":\" \"},{\"text\":\"b\"}]},"
		  "{\"role\":\"model\",\"parts\":[{\"text\":\"\"}]}]",
			"model: text(a b)" },
		{ "[{\"role\":\"model\",\"parts\":[{\"text\":\"a\",\"thought\":true},"
		  "{\"thought\":true,\"text\":\"b\"},{\"text\":\"c\"}]}]",
			"model: thought(ab) text(c)" },
		{ "[{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"QQ==\"}},"
		  "{\"inline_data\":{\"mime_type\":\"application/pdf\",\"data\":\"Qg==\"}},"
		  "{\"inlineData\":{\"mimeType\":\"audio/wav\",\"data\":\"Qw==\"}}]}]",
			"user: image(image/png QQ==) document(application/pdf Qg==) "
			"audio(audio/wav Qw==)" },
		{ "[{\"role\":\"model\",\"parts\":[{\"executableCode\":{\"language\":\"PYTHON\","
		  "\"code\":\"1+1\"}},{\"codeExecutionResult\":{\"outcome\":\"OUTCOME_OK\","
		  "\"output\":\"2\"}}]}]",
			"model: text(1+1) text(2)" },
		{ "[{\"parts\":null},{\"role\":\"model\"}]", "user: | model:" },
	};

	check_contents(rows, ARRAY_LEN(rows));
}

#define CALL(members)   "{\"functionCall\":{" members "}}"
#define RESULT(members) "{\"functionResponse\":{" members "}}"
#define MODEL(parts)    "{\"role\":\"model\",\"parts\":[" parts "]}"
#define USER(parts)     "{\"role\":\"user\",\"parts\":[" parts "]}"

static void calls(void **state)
{
	static const struct pair rows[] = {
		{ "[" MODEL(CALL("\"id\":\"x\",\"name\":\"f\",\"args\":{\"a\":1}")) "," USER(RESULT(
			  "\"id\":\"x\",\"name\":\"f\",\"response\":{\"output\":\"ok\"}")) "]",
			"model: call(x f {\"a\":1}) | user: result(x f text(ok))" },
		/* No ids: by name, in order. */
		{ "[" MODEL(CALL("\"name\":\"f\"") "," CALL("\"name\":\"g\",\"args\":{}") "," CALL("\"name\":\"f\",\"args\":null")) "," USER(
			  RESULT("\"name\":\"f\",\"response\":{\"output\":\"1\"}") "," RESULT(
				  "\"name\":\"f\",\"response\":{\"output\":\"2\"}") "," RESULT("\"name\":\"g\",\"response\":{\"output\":\"3\"}")) "]",
			"model: call(call_g_0 f {}) call(call_g_1 g {}) call(call_g_2 f {}) | user: "
			"result(call_g_0 f text(1)) result(call_g_2 f text(2)) "
			"result(call_g_1 g text(3))" },
		/* Only the response has one, as of a program that runs the calls. */
		{ "[" MODEL(CALL("\"name\":\"f\"")) "," USER(RESULT(
			  "\"id\":\"f-17\",\"name\":\"f\",\"response\":{\"output\":\"1\"}")) "]",
			"model: call(call_g_0 f {}) | user: result(call_g_0 f text(1))" },
		/* Only the call has one. */
		{ "[" MODEL(CALL("\"id\":\"a\",\"name\":\"f\"") "," CALL("\"id\":\"b\",\"name\":\"f\"")) "," USER(
			  RESULT("\"name\":\"f\",\"response\":{\"output\":\"1\"}") "," RESULT(
				  "\"name\":\"f\",\"response\":{\"output\":\"2\"}")) "]",
			"model: call(a f {}) call(b f {}) | user: result(a f text(1)) "
			"result(b f text(2))" },
		/* With ids the order does not matter. */
		{ "[" MODEL(CALL("\"id\":\"a\",\"name\":\"f\"") "," CALL("\"id\":\"b\",\"name\":\"f\"")) "," USER(
			  RESULT("\"id\":\"b\",\"name\":\"f\",\"response\":{}") "," RESULT(
				  "\"id\":\"a\",\"name\":\"f\",\"response\":{\"error\":\"no\"}")) "]",
			"model: call(a f {}) call(b f {}) | user: result(b f text({})) "
			"result error(a f text(no))" },
		/* Those of an earlier step are answered or lost. */
		{ "[" MODEL(CALL("\"name\":\"f\"")) "," USER("{\"text\":\"x\"}") "," MODEL(
			  CALL("\"name\":\"f\"")) "," USER(RESULT("\"name\":\"f\",\"response\":"
								  "{\"output\":\"1\"}")) "]",
			"model: call(call_g_0 f {}) | user: text(x) | model: call(call_g_1 f {}) | "
			"user: result(call_g_1 f text(1))" },
		{ "[" USER(RESULT("\"name\":\"f\",\"response\":{\"output\":\"1\"}")) "]",
			"user: result(call_unasked_0 f text(1))" },
		/* What a result is. */
		{ "[" MODEL(CALL("\"id\":\"a\",\"name\":\"f\"")) "," USER(RESULT(
			  "\"id\":\"a\",\"name\":\"f\",\"response\":{ \"output\" : { \"n\" : "
			  "[1, \"x\"] } }")) "]",
			"model: call(a f {}) | user: result(a f text({\\\"n\\\":[1,\\\"x\\\"]}))" },
		{ "[" MODEL(CALL("\"id\":\"a\",\"name\":\"f\"")) "," USER(RESULT(
			  "\"id\":\"a\",\"name\":\"f\",\"response\":{\"output\":\"x\",\"n\":1},"
			  "\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":"
			  "\"QQ==\"}}]")) "]",
			"model: call(a f {}) | user: result(a f "
			"text({\\\"output\\\":\\\"x\\\",\\\"n\\\":1}) image(image/png QQ==))" },
		{ "[{\"role\":\"model\",\"parts\":[{\"function_call\":{\"name\":\"f\"}}]},"
		  "{\"role\":\"function\",\"parts\":[{\"function_response\":{\"name\":\"f\","
		  "\"response\":{\"output\":\"1\"}}}]}]",
			"model: call(call_g_0 f {}) | user: result(call_g_0 f text(1))" },
	};

	check_contents(rows, ARRAY_LEN(rows));
}

/* {"b":[1]} of "ant", {"m":"x","t":"hm"} of "ds". */
#define ANT        "slsig1.ant.eyJiIjpbMV19"
#define DS         "slsig1.ds.eyJtIjoieCIsInQiOiJobSJ9"
#define SIGNED(s)  "{\"functionCall\":{\"id\":\"a\",\"name\":\"f\"},\"thoughtSignature\":\"" s "\"}"
#define THOUGHT(s) "{\"text\":\"" s "\",\"thought\":true}"

static void signatures(void **state)
{
	static const struct pair rows[] = {
		/* Gemini's own is the call's; the bypass is none. */
		{ "[" MODEL(SIGNED("c2ln")) "]", "model: call(a f {} gem\"c2ln\")" },
		{ "[" MODEL(SIGNED("skip_thought_signature_validator")) "]",
			"model: call(a f {})" },
		/* An envelope belongs to the thought, wherever that has gone. */
		{ "[" MODEL(THOUGHT("T") "," SIGNED(ANT)) "]",
			"model: thought(T ant{\"b\":[1]}) call(a f {})" },
		{ "[" MODEL(THOUGHT("T") ",{\"text\":\"x\"}," SIGNED(ANT)) "]",
			"model: thought(T ant{\"b\":[1]}) text(x) call(a f {})" },
		{ "[" MODEL("{\"text\":\"x\"}," SIGNED(ANT)) "]",
			"model: thought( ant{\"b\":[1]}) text(x) call(a f {})" },
		{ "[" MODEL(SIGNED(DS)) "]",
			"model: thought(hm ds{\"m\":\"x\",\"t\":\"hm\"}) call(a f {})" },
		/* Each to its own thought. */
		{ "[" MODEL(THOUGHT("T") ",{\"text\":\"\",\"thought\":true,\"thoughtSignature\":"
					 "\"" DS "\"}," THOUGHT("U") "," SIGNED(ANT)) "]",
			"model: thought(T ds{\"m\":\"x\",\"t\":\"hm\"}) thought(U ant{\"b\":[1]}) "
			"call(a f {})" },
		{ "[" MODEL("{\"text\":\"x\"},{\"text\":\"\",\"thought\":true,"
			    "\"thought_signature\":\"" DS "\"}," SIGNED(ANT)) "]",
			"model: thought(hm ds{\"m\":\"x\",\"t\":\"hm\"}) thought( ant{\"b\":[1]}) "
			"text(x) call(a f {})" },
		/* The next step has its own. */
		{ "[" MODEL(SIGNED(ANT) ",{\"functionCall\":{\"id\":\"b\",\"name\":\"f\"},"
					"\"thoughtSignature\":\"" ANT "\"}") "]",
			"model: thought( ant{\"b\":[1]}) call(a f {}) thought( ant{\"b\":[1]}) "
			"call(b f {})" },
		/* Damaged. */
		{ "[" MODEL(THOUGHT("T") "," SIGNED("slsig1.ant.!!")) "]",
			"model: thought(T) call(a f {})" },
		{ "[" MODEL("{\"text\":\"x\",\"thoughtSignature\":\"c2ln\"}") "]",
			"model: text(x)" },
	};

	check_contents(rows, ARRAY_LEN(rows));
}

static void refusals(void **state)
{
	static const struct pair rows[] = {
		{ "{\"contents\":[{\"parts\":[{\"text\":\"a\"},{\"fileData\":{\"fileUri\":\"u\"}}]}]}",
			"'contents[0].parts[1].fileData' cannot be fetched for this provider" },
		{ "{\"contents\":[{},{\"parts\":[{\"inlineData\":{\"mimeType\":\"video/mp4\"}}]}]}",
			"'contents[1].parts[0].inlineData.mimeType' is no type that this provider "
			"takes" },
		{ "{\"cachedContent\":\"cachedContents/1\"}",
			"'cachedContent' is kept by another provider than the one that is to answer" },
		{ "{\"contents\":[{\"parts\":[{\"toolCall\":{}}]}]}",
			"'contents[0].parts[0].toolCall' belongs to a tool of another provider" },
		{ "{\"contents\":[{\"parts\":[{\"text\":\"\"},{\"hologram\":{}}]}]}",
			"'contents[0].parts[1]' is of no kind that this route can translate" },
		{ "{\"generationConfig\":{\"candidateCount\":2}}",
			"'generationConfig.candidateCount' above 1 is not supported by this "
			"provider" },
		{ "{\"generationConfig\":{\"response_modalities\":[\"TEXT\",\"IMAGE\"]}}",
			"'generationConfig.responseModalities' other than TEXT are not supported "
			"by this provider" },
		{ "{\"contents\":[7]}", "'contents[0]' is no object" },
		{ "{\"contents\":7}", "'contents' is no array" },
		{ "{\"tools\":\"x\"}", "'tools' is no array" },
		{ "{\"systemInstruction\":{\"parts\":[{\"inlineData\":{}}]}}",
			"'systemInstruction' holds something else than text" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		assert_false(read_body(&f, rows[i].body));
		assert_int_equal(f.e.kind, ERR_INVALID);
		assert_string_equal(f.e.text, rows[i].want);
		done(&f);
	}
}

static void check_words(const struct words *w, const char *want)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < w->n; i++)
		buf_addf(&b, "%s%.*s", i > 0 ? "," : "", STR_ARG(w->v[i]));
	assert_str(buf_str(&b), str_from(want));
	buf_release(&b);
}

static void parameters(void **state)
{
	struct fixture f;

	assert_true(read_body(&f,
		"{\"system_instruction\":{\"parts\":[{\"text\":\"S\"},{\"text\":\"T\"}]},"
		"\"safetySettings\":[{}],\"labels\":{\"a\":\"b\"},\"serviceTier\":\"flex\","
		"\"generation_config\":{\"max_output_tokens\":77,\"temperature\":0.50,\"topP\":0.9,"
		"\"topK\":4,\"stopSequences\":[\"a\",\"b\"],\"seed\":3,\"presencePenalty\":1,"
		"\"frequencyPenalty\":2,\"candidateCount\":1,\"responseLogprobs\":false,"
		"\"responseMimeType\":\"application/json\",\"responseSchema\":{\"type\":\"STRING\"},"
		"\"mediaResolution\":\"MEDIA_RESOLUTION_LOW\",\"speechConfig\":null,"
		"\"thinkingConfig\":{\"includeThoughts\":true,\"thinkingBudget\":8192}}}"));
	assert_true(f.c.stream);
	assert_bytes(f.chat.model, "gemini-3-pro");
	assert_bytes(f.c.system.first->text, "S");
	assert_bytes(f.c.system.last->text, "T");
	assert_true(f.c.has_max_tokens && f.c.max_tokens == 77);
	assert_bytes(f.c.temperature, "0.50");
	assert_bytes(f.c.top_p, "0.9");
	assert_bytes(f.c.top_k, "4");
	assert_bytes(f.c.seed, "3");
	assert_bytes(f.c.presence_penalty, "1");
	assert_bytes(f.c.frequency_penalty, "2");
	assert_absent(f.c.logprobs);
	assert_bytes(f.c.service_tier, "flex");
	check_words(&f.c.stops, "a,b");
	assert_int_equal(f.c.format.kind, FORMAT_SCHEMA);
	assert_bytes(f.c.format.schema, "{\"type\":\"string\"}");
	assert_int_equal(f.c.reasoning.mode, REASONING_BUDGET);
	assert_int_equal(f.c.reasoning.budget_tokens, 8192);
	assert_int_equal(f.c.reasoning.show, SHOW_SUMMARY);
	/* An open object is none that a strict schema may have. */
	assert_int_equal(f.c.format.strict, 0);
	assert_int_equal(f.c.warnings.n, 3);
	assert_bytes(f.c.warnings.v[0], "field_dropped:safetySettings");
	assert_bytes(f.c.warnings.v[1], "field_dropped:labels");
	assert_bytes(f.c.warnings.v[2], "field_dropped:mediaResolution");
	done(&f);
}

static void thinking(void **state)
{
	static const struct {
		const char *config;
		enum reasoning_mode mode;
		enum effort effort;
		enum reasoning_show show;
	} rows[] = {
		{ "{}", REASONING_UNSET, EFFORT_UNSET, SHOW_NOTHING },
		{ "{\"includeThoughts\":true}", REASONING_ADAPTIVE, EFFORT_UNSET, SHOW_SUMMARY },
		{ "{\"thinkingBudget\":0}", REASONING_OFF, EFFORT_UNSET, SHOW_NOTHING },
		{ "{\"thinking_budget\":-1}", REASONING_ADAPTIVE, EFFORT_UNSET, SHOW_NOTHING },
		{ "{\"thinkingLevel\":\"LOW\"}", REASONING_ADAPTIVE, EFFORT_LOW, SHOW_NOTHING },
		{ "{\"thinkingLevel\":\"minimal\",\"includeThoughts\":true}", REASONING_ADAPTIVE,
			EFFORT_MINIMAL, SHOW_SUMMARY },
		{ "7", REASONING_UNSET, EFFORT_UNSET, SHOW_UNSET },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct buf b;
		buf_init(&b, SIZE_MAX);
		buf_addf(&b, "{\"generationConfig\":{\"thinkingConfig\":%s}}", rows[i].config);
		buf_add_char(&b, '\0');
		assert_true(read_body(&f, b.p));
		assert_int_equal(f.c.reasoning.mode, rows[i].mode);
		assert_int_equal(f.c.reasoning.effort, rows[i].effort);
		assert_int_equal(f.c.reasoning.show, rows[i].show);
		done(&f);
		buf_release(&b);
	}
}

static void tools(void **state)
{
	struct fixture f;
	const struct tool *t;

	assert_true(read_body(&f,
		"{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\",\"description\":\"d\","
		"\"parameters\":{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"INTEGER\"}}}},"
		"{\"name\":\"g\",\"parameters_json_schema\":{\"type\":\"object\"}},{\"name\":\"h\"}]},"
		"{\"googleSearch\":{}},{\"codeExecution\":{}}],\"toolConfig\":"
		"{\"functionCallingConfig\":{\"mode\":\"ANY\",\"allowedFunctionNames\":[\"f\",\"g\"]}}}"));
	t = f.c.tools;
	assert_bytes(t->wire_name, "f");
	assert_bytes(t->description, "d");
	assert_bytes(
		t->schema, "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}");
	t = t->next;
	assert_bytes(t->schema, "{\"type\":\"object\"}");
	t = t->next;
	assert_bytes(t->name, "h");
	assert_bytes(t->schema, "{\"type\":\"object\",\"properties\":{}}");
	t = t->next;
	assert_int_equal(t->kind, TOOL_SERVER);
	assert_bytes(t->type, "web_search");
	assert_bytes(t->next->type, "codeExecution");
	assert_null(t->next->next);
	assert_int_equal(f.c.choice, CHOICE_ANY_AMONG);
	check_words(&f.c.choice_names, "f,g");
	done(&f);
}

static void choices(void **state)
{
	static const struct {
		const char *config;
		enum tool_choice want;
	} rows[] = {
		{ "{}", CHOICE_UNSET },
		{ "{\"mode\":\"AUTO\"}", CHOICE_AUTO },
		{ "{\"mode\":\"VALIDATED\"}", CHOICE_AUTO },
		{ "{\"mode\":\"NONE\"}", CHOICE_NONE },
		{ "{\"mode\":\"ANY\"}", CHOICE_ANY },
		{ "{\"mode\":\"ANY\",\"allowed_function_names\":[\"f\"]}", CHOICE_NAMED },
		{ "{\"mode\":\"AUTO\",\"allowedFunctionNames\":[\"f\"]}", CHOICE_AUTO_AMONG },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct fixture f;
		struct buf b;
		buf_init(&b, SIZE_MAX);
		buf_addf(&b, "{\"tool_config\":{\"function_calling_config\":%s}}", rows[i].config);
		buf_add_char(&b, '\0');
		assert_true(read_body(&f, b.p));
		assert_int_equal(f.c.choice, rows[i].want);
		done(&f);
		buf_release(&b);
	}
}

/* countTokens may wrap the request, or bring its contents only. */
static void counting(void **state)
{
	struct fixture f;
	struct buf b;
	uint64_t n;

	assert_true(read_body(&f, "{\"generateContentRequest\":{\"model\":\"models/m\","
				  "\"contents\":[{\"parts\":[{\"text\":\"a\"}]}]}}"));
	assert_str(tell(&f), STR("user: text(a)"));
	done(&f);
	buf_init(&b, SIZE_MAX);
	dialect_gemini.print_count(&b, 42);
	assert_bytes(buf_str(&b), "{\"totalTokens\":42}");
	assert_true(dialect_gemini.parse_count(buf_str(&b), &n) && n == 42);
	assert_false(dialect_gemini.parse_count(STR("{\"totalTokens\":-1}"), &n));
	assert_false(dialect_gemini.parse_count(STR("<html>"), &n));
	buf_release(&b);
}

/* ---- replies ---- */

static const struct event reply[] = {
	{ .type = EV_START,
		.id = STR_INIT("msg_7"),
		.model = STR_INIT("claude"),
		.usage = { 10, 4, 2, -1, 1, -1 } },
	{ .type = EV_OPEN, .part = PART_REASONING },
	{ .type = EV_TEXT, .text = STR_INIT("hm") },
	{ .type = EV_SIGN, .native = { STR_INIT("ant"), STR_INIT("{\"b\":[1]}") } },
	{ .type = EV_CLOSE },
	{ .type = EV_OPEN, .part = PART_TEXT },
	{ .type = EV_TEXT, .text = STR_INIT("a\\n") },
	{ .type = EV_TEXT, .text = STR_INIT("b") },
	{ .type = EV_CLOSE },
	{ .type = EV_OPEN, .part = PART_CALL, .id = STR_INIT("toolu_1"), .name = STR_INIT("f") },
	{ .type = EV_TEXT, .text = STR_INIT("{\\\"a\\\":\\\"x\\\\ny\\\"") },
	{ .type = EV_TEXT, .text = STR_INIT(" }") },
	{ .type = EV_CLOSE },
	{ .type = EV_OPEN, .part = PART_CALL, .name = STR_INIT("g") },
	{ .type = EV_CLOSE },
	{ .type = EV_OPEN, .part = PART_CALL, .id = STR_INIT("bad id"), .name = STR_INIT("g") },
	{ .type = EV_TEXT, .text = STR_INIT("{\\\"a\\\"") },
	{ .type = EV_CLOSE },
	{ .type = EV_USAGE, .usage = { -1, -1, -1, -1, 30, 12 } },
	{ .type = EV_STOP, .stop = STOP_TOOL },
};

#define TAIL \
	"],\"role\":\"model\"},\"index\":0}],\"modelVersion\":\"gemini-3-pro\",\"responseId\":\"7\"}\r\n\r\n"
#define CHUNK(part) "data: {\"candidates\":[{\"content\":{\"parts\":[" part TAIL
#define CALL_F \
	"{\"functionCall\":{\"id\":\"toolu_1\",\"name\":\"f\",\"args\":{\"a\":\"x\\ny\"}}," \
	"\"thoughtSignature\":\"" ANT "\"}"
#define CALL_G "{\"functionCall\":{\"id\":\"call_7_1\",\"name\":\"g\",\"args\":{}}}"
#define CALL_BAD \
	"{\"functionCall\":{\"id\":\"call_x4b2d2ff66c98b2a1e6f08bdc\",\"name\":\"g\",\"args\":" \
	"{\"__raw_arguments\":\"{\\\"a\\\"\"}}}"
#define USAGE \
	"\"usageMetadata\":{\"promptTokenCount\":16,\"cachedContentTokenCount\":4," \
	"\"candidatesTokenCount\":18,\"thoughtsTokenCount\":12,\"totalTokenCount\":46}," \
	"\"modelVersion\":\"gemini-3-pro\",\"responseId\":\"7\"}"

static void encode(const struct event *v, size_t n, bool stream, struct buf *out)
{
	struct arena *a = arena_new();
	const struct encoder_wishes w = { .model = STR("gemini-3-pro"),
		.random = STR("0123456789abcdefghijklmn"),
		.id = STR("req"),
		.stream = stream,
		.max_bytes = 1 << 20 };
	struct encoder e;

	encoder_init(&e, &dialect_gemini, &w, a, out);
	for (size_t i = 0; i < n; i++) {
		/* What an event holds lives no longer than its call. */
		struct event ev = v[i];
		char *copy = must_alloc(ev.text.n + 1);
		memcpy(copy, ev.text.p != NULL ? ev.text.p : "", ev.text.n);
		ev.text.p = copy;
		encoder_put(&e, &ev);
		free(copy);
	}
	encoder_release(&e);
	arena_free(a);
}

static void streams(void **state)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	encode(reply, ARRAY_LEN(reply), true, &out);
	assert_bytes(buf_str(&out),
		CHUNK("{\"text\":\"hm\",\"thought\":true}") CHUNK("{\"text\":\"a\\n\"}") CHUNK(
			"{\"text\":\"b\"}") CHUNK(CALL_F) CHUNK(CALL_G)
			CHUNK(CALL_BAD) "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
					"\"finishReason\":\"STOP\",\"index\":0}]," USAGE
					"\r\n\r\n");
	buf_release(&out);
}

static void whole_replies(void **state)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	encode(reply, ARRAY_LEN(reply), false, &out);
	assert_bytes(buf_str(&out),
		"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":true},"
		"{\"text\":\"a\\nb\"}," CALL_F "," CALL_G "," CALL_BAD "],\"role\":\"model\"},"
		"\"finishReason\":\"STOP\",\"index\":0}]," USAGE);
	buf_release(&out);
}

/* Where nothing else takes it along, an empty thought does; each chunk has a part. */
static void signatures_without_calls(void **state)
{
	static const struct event events[] = {
		{ .type = EV_START, .id = STR_INIT("7"), .usage = { -1, -1, -1, -1, -1, -1 } },
		{ .type = EV_OPEN, .part = PART_REASONING },
		{ .type = EV_SIGN, .native = { STR_INIT("ant"), STR_INIT("{\"b\":[1]}") } },
		{ .type = EV_CLOSE },
		{ .type = EV_OPEN, .part = PART_REASONING },
		{ .type = EV_TEXT, .text = STR_INIT("hm") },
		{ .type = EV_SIGN, .native = { STR_INIT("ds"), STR_INIT("{\"m\":\"x\"}") } },
		{ .type = EV_CLOSE },
		{ .type = EV_STOP, .stop = STOP_MAX },
	};
	struct buf out;

	buf_init(&out, SIZE_MAX);
	encode(events, ARRAY_LEN(events), true, &out);
	assert_bytes(buf_str(&out),
		CHUNK("{\"text\":\"\",\"thought\":true,\"thoughtSignature\":\"" ANT "\"}") CHUNK(
			"{\"text\":\"hm\",\"thought\":true}") "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\",\"thought\":true,"
							      "\"thoughtSignature\":\"" DS
							      "\"}],\"role\":\"model\"},\"finishReason\":\"MAX_TOKENS\","
							      "\"index\":0}],\"usageMetadata\":{\"promptTokenCount\":0,\"candidatesTokenCount\":0,"
							      "\"totalTokenCount\":0},\"modelVersion\":\"gemini-3-pro\",\"responseId\":\"7\"}"
							      "\r\n\r\n");
	buf_clear(&out);
	encode(events, ARRAY_LEN(events), false, &out);
	assert_true(
		str_find(buf_str(&out), STR("\"parts\":[{\"text\":\"\",\"thought\":true,"
					    "\"thoughtSignature\":\"" ANT "\"},{\"text\":\"hm\","
					    "\"thought\":true},{\"text\":\"\",\"thought\":true,"
					    "\"thoughtSignature\":\"" DS "\"}]")) < out.n);
	buf_release(&out);
}

static void ends(void **state)
{
	static const struct {
		enum stop_reason stop;
		const char *detail, *want;
	} rows[] = {
		{ STOP_END, "", "\"finishReason\":\"STOP\"," },
		{ STOP_SEQUENCE, "X", "\"finishReason\":\"STOP\"," },
		{ STOP_CONTEXT, "", "\"finishReason\":\"MAX_TOKENS\"," },
		{ STOP_PAUSE, "", "\"finishReason\":\"STOP\"," },
		{ STOP_REFUSAL, "why\\n",
			"\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},\"finishReason\":\"SAFETY\","
			"\"finishMessage\":\"why\\n\"," },
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const struct event events[] = {
			{ .type = EV_START, .usage = USAGE_UNKNOWN },
			{ .type = EV_STOP,
				.stop = rows[i / 2].stop,
				.detail = str_from(rows[i / 2].detail) },
		};
		struct buf out;
		buf_init(&out, SIZE_MAX);
		encode(events, ARRAY_LEN(events), i % 2 == 0, &out);
		assert_true(str_find(buf_str(&out), str_from(rows[i / 2].want)) < out.n);
		/* Without an id of the provider's there is one all the same. */
		assert_true(str_find(buf_str(&out), STR("0123456789abcdefghijklmn")) < out.n);
		buf_release(&out);
	}
}

static void errors(void **state)
{
	static const struct event events[] = {
		{ .type = EV_START, .id = STR_INIT("7"), .usage = { -1, -1, -1, -1, -1, -1 } },
		{ .type = EV_OPEN, .part = PART_TEXT },
		{ .type = EV_TEXT, .text = STR_INIT("a") },
		{ .type = EV_ERROR, .error = ERR_RATE, .detail = STR_INIT("so \"slow\"\n") },
		{ .type = EV_STOP },
	};
	struct buf out;

	buf_init(&out, SIZE_MAX);
	encode(events, ARRAY_LEN(events), true, &out);
	assert_bytes(buf_str(&out),
		CHUNK("{\"text\":\"a\"}") "data: {\"error\":{\"code\":429,"
					  "\"message\":\"so \\\"slow\\\"\\n\",\"status\":"
					  "\"RESOURCE_EXHAUSTED\"}}\r\n\r\n");
	buf_release(&out);
}

/* Arguments that could not be kept must not look like others. */
static void too_long_replies(void **state)
{
	static const struct event events[] = {
		{ .type = EV_START, .id = STR_INIT("7"), .usage = { -1, -1, -1, -1, -1, -1 } },
		{ .type = EV_OPEN, .part = PART_CALL, .name = STR_INIT("f") },
		{ .type = EV_TEXT, .text = STR_INIT("{\\\"a\\\":1") },
		{ .type = EV_TEXT, .text = STR_INIT("}") },
		{ .type = EV_CLOSE },
	};
	struct arena *a = arena_new();
	const struct encoder_wishes w = { .model = STR("m"), .stream = true, .max_bytes = 160 };
	struct encoder e;
	struct buf out;

	buf_init(&out, SIZE_MAX);
	encoder_init(&e, &dialect_gemini, &w, a, &out);
	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (i == 3)
			e.reply.max_bytes = e.reply.bytes;
		encoder_put(&e, &events[i]);
	}
	assert_true(str_starts(buf_str(&out), STR("data: {\"error\":{\"code\":502,")));
	encoder_release(&e);
	arena_free(a);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents),
		cmocka_unit_test(calls),
		cmocka_unit_test(signatures),
		cmocka_unit_test(refusals),
		cmocka_unit_test(parameters),
		cmocka_unit_test(thinking),
		cmocka_unit_test(tools),
		cmocka_unit_test(choices),
		cmocka_unit_test(counting),
		cmocka_unit_test(streams),
		cmocka_unit_test(whole_replies),
		cmocka_unit_test(signatures_without_calls),
		cmocka_unit_test(ends),
		cmocka_unit_test(errors),
		cmocka_unit_test(too_long_replies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
