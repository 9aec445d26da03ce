/* SPDX-License-Identifier: MIT */
/* What is refused, with which status and in which words; and, beside each, what is just not refused. Rows have the body
 * without its braces; where no message is given the request is fine. */
#include "unit/sim/sim_check.h"

struct row {
	const char *body;
	unsigned status;
	const char *message; /* the beginning of it */
	const char *version, *beta;
};

#define OLD        "'model':'claude-haiku-4-5','max_tokens':2000,"
#define MID        "'model':'claude-opus-4-6','max_tokens':2000,"
#define LATE       "'model':'claude-opus-4-8','max_tokens':2000,"
#define SONNET     "'model':'claude-sonnet-5','max_tokens':2000,"
#define NEW        "'model':'claude-opus-5-5','max_tokens':2000,"
#define HI         "'messages':[{'role':'user','content':'w'}]"
#define USER(c)    "{'role':'user','content':" c "}"
#define BOT(c)     "{'role':'assistant','content':" c "}"
#define SYS(c)     "{'role':'system','content':" c "}"
#define TALK(m)    "'messages':[" m "]"
#define CALL(id)   "{'type':'tool_use','id':'" id "','name':'a','input':{}}"
#define RESULT(id) "{'type':'tool_result','tool_use_id':'" id "','content':'w'}"
#define W          "{'type':'text','text':'w'}"
#define MARK       "'cache_control':{'type':'ephemeral'}"
#define HOUR       "'cache_control':{'type':'ephemeral','ttl':'1h'}"
#define WM         "{'type':'text','text':'w'," MARK "}"
#define WH         "{'type':'text','text':'w'," HOUR "}"
#define TOOLS      "'tools':[{'name':'a','input_schema':{'type':'object'}}],"
#define NEWER      "2026-10-21"

static const struct row rows[] = {
	/* ---- shape ---- */
	{ MID HI, 200, NULL },
	{ "'max_tokens':1," HI, 400, "model: Field required" },
	{ "'model':7,'max_tokens':1," HI, 400, "model: Input should be a valid string" },
	{ "'model':'claude-opus-4-6'," HI, 400, "max_tokens: Field required" },
	{ "'model':'claude-opus-4-6','max_tokens':'1'," HI, 400,
		"max_tokens: Input should be a valid integer" },
	{ "'model':'claude-opus-4-6','max_tokens':-1," HI, 400,
		"max_tokens: Input should be greater than or equal to 0" },
	{ "'model':'claude-opus-4-6','max_tokens':128000," HI, 200, NULL },
	{ "'model':'claude-opus-4-6','max_tokens':128001," HI, 400,
		"max_tokens: 128001 > 128000, which is the maximum allowed number of output tokens for this model" },
	{ "'model':'claude-haiku-4-5','max_tokens':64001," HI, 400,
		"max_tokens: 64001 > 64000, which is the maximum" },
	{ "'model':'claude-opus-4-6','max_tokens':1", 400, "messages: Field required" },
	{ MID "'messages':{}", 400, "messages: Input should be a valid list" },
	{ MID "'messages':[]", 400, "messages: at least one message is required" },
	{ "'model':'claude-nobody-1','max_tokens':1," HI, 404, "model: claude-nobody-1" },
	{ "'model':'gpt-6','max_tokens':1," HI, 404, "model: gpt-6" },
	{ "'model':'anthropic/claude-opus-4-6','max_tokens':1," HI, 404,
		"model: anthropic/claude-opus-4-6" },
	{ "'model':'claude-opus-4-6[1m]','max_tokens':1," HI, 404, "model: claude-opus-4-6[1m]" },
	{ MID "'stream':1," HI, 400, "stream: Input should be a valid boolean" },
	/* ---- max_tokens 0 ---- */
	{ "'model':'claude-opus-4-6','max_tokens':0," HI, 200, NULL },
	{ "'model':'claude-opus-4-6','max_tokens':0,'stream':true," HI, 400,
		"max_tokens: 0 cannot be combined with stream" },
	{ "'model':'claude-opus-4-6','max_tokens':0,'tool_choice':{'type':'any'}," TOOLS HI, 400,
		"max_tokens: 0 cannot be combined with a forced tool_choice" },
	{ "'model':'claude-opus-4-6','max_tokens':0,'thinking':{'type':'enabled','budget_tokens':1024}," HI,
		400, "max_tokens: 0 cannot be combined with thinking.type: enabled" },
	{ "'model':'claude-opus-4-6','max_tokens':0,'output_config':{'format':{'type':'json_schema','schema':{}}}," HI,
		400, "max_tokens: 0 cannot be combined with output_config.format" },
	/* ---- roles and their order ---- */
	{ MID TALK(BOT("'w'")), 400, "messages: first message must use the \"user\" role" },
	{ MID TALK(USER("'w'") "," USER("'w'")), 200, NULL },
	{ OLD TALK(USER("'w'") "," BOT("'w'") "," BOT("'w'") "," USER("'w'")), 200, NULL },
	{ MID TALK("{'role':'tool','content':'w'}"), 400,
		"messages.0.role: Input should be 'user' or 'assistant'" },
	{ MID TALK("{'content':'w'}"), 400, "messages.0.role: Field required" },
	{ MID TALK(SYS("'w'")), 400, "messages.0.role: Input should be 'user' or 'assistant'" },
	{ MID TALK(USER("'w'") "," SYS("'w'")), 200, NULL },
	{ MID TALK(USER("'w'") "," SYS("'w'") "," BOT("'w'") "," USER("'w'")), 200, NULL },
	{ MID TALK(USER("'w'") "," SYS("'w'") "," USER("'w'")), 400,
		"messages.1: a system message must be last or be followed by an assistant message" },
	{ MID TALK(USER("'w'") "," BOT("'w'") "," SYS("'w'")), 400,
		"messages.2: a system message must follow a user message" },
	{ MID TALK(USER("'w'") "," SYS("[{'type':'image','source':{'type':'url','url':'x'}}]")),
		400, "messages.1.content.0: `image` blocks are not permitted in system messages" },
	{ OLD TALK(USER("'w'") "," SYS("'w'")), 400, "messages.1: role system is not supported" },
	/* ---- prefill ---- */
	{ OLD TALK(USER("'w'") "," BOT("'w'")), 200, NULL },
	{ OLD TALK(USER("'w'") "," BOT("''")), 200, NULL },
	{ OLD TALK(USER("'w'") "," BOT("'w '")), 400,
		"messages: final assistant content cannot end with trailing whitespace" },
	{ MID TALK(USER("'w'") "," BOT("'w'")), 400,
		"This model does not support assistant message prefill. The conversation must end with a user message." },
	{ NEW TALK(USER("'w'") "," BOT("'w'")), 400,
		"This model does not support assistant message prefill." },
	/* ---- empty content ---- */
	{ MID TALK(USER("''")), 400, "messages.0: all messages must have non-empty content" },
	{ MID TALK(USER("[]")), 400, "messages.0: all messages must have non-empty content" },
	{ MID TALK(USER("'w'") "," BOT("[]") "," USER("'w'")), 400,
		"messages.1: all messages must have non-empty content" },
	{ MID TALK(USER("[{'type':'text','text':''}]")), 400,
		"messages: text content blocks must be non-empty" },
	{ MID TALK(USER("[{'type':'text','text':' \\n'}]")), 400,
		"messages: text content blocks must contain non-whitespace text" },
	{ MID TALK(USER("' '")), 400,
		"messages: text content blocks must contain non-whitespace text" },
	{ MID "'system':[{'type':'text','text':''}]," HI, 400,
		"system: text content blocks must be non-empty" },
	{ MID "'system':''," HI, 200, NULL },
	{ MID TALK(USER("7")), 400, "messages.0.content: Input should be a valid list" },
	{ MID TALK("{'role':'user'}"), 400, "messages.0.content: Field required" },
	/* ---- blocks ---- */
	{ MID TALK(USER("[{'type':'tool_use','id':'t','name':'a','input':{}}]")), 400,
		"messages.0.content.0: `tool_use` blocks are not permitted in user messages" },
	{ MID TALK(USER("'w'") "," BOT("[" RESULT("t") "]") "," USER("'w'")), 400,
		"messages.1.content.0: `tool_result` blocks are not permitted in assistant messages" },
	{ MID TALK(USER("[{'type':'poem'}]")), 400,
		"messages.0.content.0: Input tag 'poem' found using 'type'" },
	{ MID TALK(USER("[{'text':'w'}]")), 400, "messages.0.content.0.type: Field required" },
	{ MID TALK(USER("'w'") "," BOT(
		  "[{'type':'tool_use','id':'t','name':'a','input':'x'}]") "," USER("'w'")),
		400, "messages.1.content.0.tool_use.input: Input should be a valid dictionary" },
	{ MID TALK(USER("'w'") "," BOT(
		  "[{'type':'tool_use','id':'t|1','name':'a','input':{}}]") "," USER("'w'")),
		400,
		"messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'" },
	{ MID TALK(USER(
		  "[{'type':'image','source':{'type':'base64','media_type':'image/tiff','data':'AAAA'}}]")),
		400,
		"messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or "
		"'image/webp'" },
	/* ---- pairs ---- */
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER("[" RESULT("t1") "]")), 200,
		NULL },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "," CALL("t2") "]") "," USER(
		  "[" RESULT("t2") "," RESULT("t1") "]")),
		200, NULL },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "," CALL("t2") "]") "," USER(
		  "[" RESULT("t1") "]") "," USER("[" RESULT("t2") "]")),
		200, NULL },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER("[" RESULT("t1") "," W "]")),
		200, NULL },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER("'w'")), 400,
		"messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1. Each `tool_use` block "
		"must have a corresponding `tool_result` block in the next message." },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "," CALL("t2") "]") "," USER(
		  "[" RESULT("t1") "]")),
		400,
		"messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t2." },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "," CALL("t2") "]") "," USER("'w'")), 400,
		"messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1, t2." },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER("[" W "," RESULT("t1") "]")),
		400,
		"messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1." },
	{ OLD TALK(USER("'w'") "," BOT("[" CALL("t1") "]")), 400,
		"messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t1." },
	{ MID TALK(USER("[" RESULT("t1") "]")), 400,
		"messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t1. Each `tool_result` block must "
		"have a corresponding `tool_use` block in the previous message." },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER(
		  "[" RESULT("t1") "," RESULT("t9") "]")),
		400,
		"messages.2.content.1: unexpected `tool_use_id` found in `tool_result` blocks: t9." },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER("[" RESULT("t1") "]") "," BOT(
		  "'w'") "," USER("[" RESULT("t1") "]")),
		400,
		"messages.4.content.0: unexpected `tool_use_id` found in `tool_result` blocks: t1." },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER(
		  "[" RESULT("t1") "," RESULT("t1") "]")),
		400,
		"messages.2.content.0: each tool_use must have a single result. Found multiple `tool_result` blocks with id: t1" },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "," CALL("t1") "]") "," USER(
		  "[" RESULT("t1") "]")),
		400, "messages: `tool_use` ids must be unique" },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER("[" RESULT("t1") "]") "," BOT(
		  "[" CALL("t1") "]") "," USER("[" RESULT("t1") "]")),
		400, "messages: `tool_use` ids must be unique" },
	/* ---- tools ---- */
	{ MID TOOLS HI, 200, NULL },
	{ MID "'tools':[{'name':'a','input_schema':{'type':'object'}},{'name':'a','input_schema':{'type':'object'}}]," HI,
		400, "tools: Tool names must be unique." },
	{ MID "'tools':[{'name':'a b','input_schema':{'type':'object'}}]," HI, 400,
		"tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'" },
	{ MID "'tools':[{'name':'a'}]," HI, 400, "tools.0.custom.input_schema: Field required" },
	{ MID "'tools':[{'name':'a','input_schema':{}}]," HI, 400,
		"tools.0.custom.input_schema.type: Field required" },
	{ MID "'tools':[{'name':'a','input_schema':{'type':'object','anyOf':[]}}]," HI, 400,
		"tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level" },
	{ MID "'tool_choice':{'type':'any'}," HI, 400,
		"tool_choice may only be specified while providing tools." },
	{ MID "'tool_choice':{'type':'tool','name':'b'}," TOOLS HI, 400,
		"Tool 'b' not found in provided tools" },
	{ MID "'tool_choice':{'type':'tool','name':'a'}," TOOLS HI, 200, NULL },
	/* ---- forced tools and thinking ---- */
	{ OLD "'tool_choice':{'type':'any'},'thinking':{'type':'enabled','budget_tokens':1024}," TOOLS
			HI,
		400, "Thinking may not be enabled when tool_choice forces tool use." },
	{ OLD "'tool_choice':{'type':'auto'},'thinking':{'type':'enabled','budget_tokens':1024}," TOOLS
			HI,
		200, NULL },
	{ MID "'tool_choice':{'type':'any'},'thinking':{'type':'adaptive'}," TOOLS HI, 200, NULL },
	{ LATE "'tool_choice':{'type':'any'},'thinking':{'type':'adaptive'}," TOOLS HI, 400,
		"Thinking may not be enabled when tool_choice forces tool use." },
	{ LATE "'tool_choice':{'type':'any'}," TOOLS HI, 200, NULL },
	{ SONNET "'tool_choice':{'type':'any'}," TOOLS HI, 200, NULL },
	{ NEW "'tool_choice':{'type':'any'}," TOOLS HI, 400,
		"tool_choice: forced tool use is not supported on this model" },
	{ NEW "'tool_choice':{'type':'tool','name':'a'}," TOOLS HI, 400,
		"tool_choice: forced tool use is not supported" },
	{ NEW "'tool_choice':{'type':'none'}," TOOLS HI, 200, NULL },
	/* ---- ways of thinking ---- */
	{ OLD "'thinking':{'type':'enabled','budget_tokens':1023}," HI, 400,
		"thinking.enabled.budget_tokens: Input should be greater than or equal to 1024" },
	{ OLD "'thinking':{'type':'enabled','budget_tokens':2000}," HI, 400,
		"`max_tokens` must be greater than `thinking.budget_tokens`." },
	{ OLD "'thinking':{'type':'enabled','budget_tokens':1999}," HI, 200, NULL },
	{ OLD "'thinking':{'type':'adaptive'}," HI, 400,
		"`thinking.type: adaptive` is not supported on this model." },
	{ LATE "'thinking':{'type':'enabled','budget_tokens':1024}," HI, 400,
		"`thinking.type: enabled` is not supported on this model." },
	{ NEW "'thinking':{'type':'disabled'}," HI, 400,
		"`thinking.type: disabled` is not supported on this model." },
	{ SONNET "'thinking':{'type':'disabled'}," HI, 200, NULL },
	{ NEW "'thinking':{'type':'between_tools'}," HI, 400,
		"`thinking.type: between_tools` is not supported" },
	{ "'model':'claude-sonnet-5-5','max_tokens':9,'thinking':{'type':'between_tools'}," HI, 200,
		NULL },
	{ "'model':'claude-sonnet-5-5','max_tokens':9,'thinking':{'type':'disabled'}," HI, 400,
		"`thinking.type: disabled` is not supported on this model." },
	{ "'model':'claude-opus-5','max_tokens':9,'output_config':{'effort':'xhigh'},'thinking':{'type':'disabled'}," HI,
		400,
		"`thinking.type: disabled` is not supported on this model with an effort above `high`." },
	{ "'model':'claude-opus-5','max_tokens':9,'output_config':{'effort':'high'},'thinking':{'type':'disabled'}," HI,
		200, NULL },
	{ MID "'thinking':{'type':'adaptive','display':'loud'}," HI, 400,
		"thinking.display: Input should be" },
	{ MID "'output_config':{'effort':'huge'}," HI, 400,
		"output_config.effort: Input should be 'low'" },
	/* ---- sampling ---- */
	{ MID "'temperature':0.5," HI, 200, NULL },
	{ MID "'temperature':1.5," HI, 400, "temperature: range: 0..1" },
	{ MID "'temperature':0.5,'thinking':{'type':'adaptive'}," HI, 400,
		"`temperature` may only be set to 1 when thinking is enabled." },
	{ MID "'temperature':1,'thinking':{'type':'adaptive'}," HI, 200, NULL },
	{ MID "'top_k':5,'thinking':{'type':'adaptive'}," HI, 400,
		"`top_k` must be unset when thinking is enabled." },
	{ LATE "'temperature':1," HI, 400, "`temperature` is deprecated for this model." },
	{ NEW "'top_p':0.9," HI, 400, "`top_p` is deprecated for this model." },
	{ SONNET "'temperature':0.7," HI, 400,
		"`temperature` may only have its default value for this model." },
	{ SONNET "'temperature':1," HI, 200, NULL },
	{ SONNET "'top_k':1," HI, 400, "`top_k` may only have its default value for this model." },
	{ MID "'temperature':null," HI, 200, NULL },
	/* ---- the newer version of the API ---- */
	{ MID HI, 200, NULL, NEWER },
	{ MID "'temperature':1," HI, 400, "temperature: Extra inputs are not permitted", NEWER },
	{ MID "'top_k':1," HI, 400, "top_k: Extra inputs are not permitted", NEWER },
	{ MID TALK(USER("[{'type':'text','text':'w','citations':[{'type':'char_location'}]}]")),
		400, "messages.0.content.0.citations: citations are not permitted", NEWER },
	{ MID TALK(USER("[{'type':'text','text':'w','citations':[{'type':'char_location'}]}]")),
		200, NULL },
	{ MID TALK(USER("[{'type':'text','text':'w','citations':[]}]")), 200, NULL, NEWER },
	{ MID TALK(USER(
		  "[{'type':'search_result','source':'s','title':'t','content':[{'type':'text','text':'w','citations':[1]}]}]")),
		400, "messages.0.content.0.citations: citations are not permitted", NEWER },
	{ OLD TALK(USER("'w'") "," BOT(
		  "[{'type':'document','source':{'type':'text','data':'w'}}]") "," USER("'w'")),
		400,
		"messages.1.content.0: `document` blocks are not permitted in assistant messages",
		NEWER },
	{ OLD TALK(USER("'w'") "," BOT(
		  "[{'type':'document','source':{'type':'text','data':'w'}}]") "," USER("'w'")),
		200, NULL },
	{ MID HI, 400, "anthropic-version: \"2031-01-01\" is not a valid version", "2031-01-01" },
	{ MID HI, 400, "anthropic-version: header is required", "" },
	/* ---- marks ---- */
	{ MID TALK(USER("[" WM "," WM "," WM "," WM "]")), 200, NULL },
	{ MID TALK(USER("[" WM "," WM "," WM "," WM "," WM "]")), 400,
		"A maximum of 4 blocks with cache_control may be provided. Found 5." },
	{ MID "'system':[" WM "," WM
	      "]," TALK(USER("[" WM "]") "," BOT("[" WM "]") "," USER("[" WM "]")),
		400, "A maximum of 4 blocks with cache_control may be provided. Found 5." },
	{ MID MARK "," TALK(USER("[" WM "," WM "," WM "," WM "]")), 200, NULL },
	{ MID MARK "," TALK(USER("[" WM "," WM "," WM "," WM "," W "]")), 400,
		"A maximum of 4 blocks with cache_control may be provided. Found 5." },
	{ MID MARK "," TALK(USER("[" W "," WH "]")), 400,
		"cache_control.ttl: differs from the ttl of the last block's own cache_control" },
	{ MID "'system':[" WH "]," TALK(USER("[" WM "]")), 200, NULL },
	{ MID "'system':[" WM "]," TALK(USER("[" WH "]")), 400,
		"messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m'" },
	{ MID "'system':[" WM "," WH "]," HI, 400,
		"system.1.cache_control.ttl: a ttl='1h' cache_control block must not" },
	{ MID TALK(USER(
		  "[{'type':'text','text':'w','cache_control':{'type':'ephemeral','ttl':'2h'}}]")),
		400,
		"messages.0.content.0.cache_control.ephemeral.ttl: Input should be '5m' or '1h'" },
	{ MID TALK(USER("[{'type':'text','text':'w','cache_control':{'type':'eternal'}}]")), 400,
		"messages.0.content.0.cache_control: Input tag 'eternal' found" },
	{ MID TALK(USER("'w'") "," BOT(
		  "[{'type':'thinking','thinking':'','signature':''," MARK "}]") "," USER("'w'")),
		400,
		"messages.1.content.0.thinking.cache_control: Extra inputs are not permitted" },
	{ MID TALK(USER("'w'") "," BOT("[" CALL("t1") "]") "," USER(
		  "[{'type':'tool_result','tool_use_id':'t1','content':[" WM "," WM "," WM "," WM
		  "]," MARK "}]")),
		400, "A maximum of 4 blocks with cache_control may be provided. Found 5." },
	/* ---- thinking that was never issued ---- */
	{ MID TALK(USER("'w'") "," BOT(
		  "[{'type':'thinking','thinking':'w','signature':'c2ln'}," W "]") "," USER("'w'")),
		400, "messages.1.content.0: Invalid `signature` in `thinking` block" },
	{ MID TALK(USER("'w'") "," BOT(
		  "[{'type':'thinking','thinking':'w','signature':''}," W "]") "," USER("'w'")),
		400, "messages.1.content.0: Invalid `signature` in `thinking` block" },
	{ MID TALK(USER("'w'") "," BOT("[{'type':'thinking','thinking':'w'}," W "]") "," USER(
		  "'w'")),
		400, "messages.1.content.0.thinking.signature: Field required" },
	{ MID TALK(USER("'w'") "," BOT(
		  "[{'type':'redacted_thinking','data':'cmVk'}," W "]") "," USER("'w'")),
		400, "messages.1.content.0: Invalid `data` in `redacted_thinking` block" },
	/* ---- too long: 200,000 tokens; a text has 4 more than words, the end 5 ---- */
	{ "'model':'claude-haiku-4-5','max_tokens':1," TALK(USER("'@199991'")), 400,
		"input length and `max_tokens` exceed context limit: 200000 + 1 > 200000" },
	{ "'model':'claude-haiku-4-5','max_tokens':1," TALK(USER("'@199990'")), 200, NULL },
	{ "'model':'claude-haiku-4-5','max_tokens':1," TALK(USER("'@199992'")), 400,
		"prompt is too long: 200001 tokens > 200000 maximum" },
	{ "'model':'claude-haiku-4-5','max_tokens':64000," TALK(USER("'@150000'")), 400,
		"input length and `max_tokens` exceed context limit: 150009 + 64000 > 200000" },
	{ "'model':'claude-sonnet-4-5','max_tokens':1," TALK(USER("'@199992'")), 400,
		"prompt is too long: 200001 tokens" },
	{ "'model':'claude-sonnet-4-5','max_tokens':1," TALK(USER("'@199992'")), 200, NULL, NULL,
		"x,context-1m-2025-08-07" },
};

static void check_row(struct site *s, const struct row *r)
{
	struct buf b;
	unsigned status;

	buf_init(&b, SIZE_MAX);
	buf_addf(&b, "{%s}", r->body);
	buf_add_char(&b, '\0');
	yyjson_doc *doc = tell(s,
		&(struct question){ .body = b.p, .version = r->version, .beta = r->beta }, &status);
	yyjson_val *root = yyjson_doc_get_root(doc), *e = yyjson_obj_get(root, "error");
	struct str message = tree_get(e, "message");
	if (status != r->status ||
		(r->message != NULL && !str_starts(message, str_from(r->message))))
		fail_msg("%.300s\n  %u: %.*s", r->body, status, STR_ARG(message));
	if (status != 200) {
		assert_true(tree_is(root, "type", "error"));
		assert_true(str_starts(tree_get(root, "request_id"), STR("req_")));
		assert_true(tree_is(
			e, "type", status == 404 ? "not_found_error" : "invalid_request_error"));
	}
	yyjson_doc_free(doc);
	buf_release(&b);
}

static void test_rows(void **state)
{
	struct site s;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&s, &rows[i]);
	site_close(&s);
}

/* Bodies that are no JSON, or none that the API takes. */
static void test_no_json(void **state)
{
	static const char *const bodies[] = { "", "{", "[]", "7", "{\"model\":\"\\ud83d\"}" };
	struct site s;
	unsigned status;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		yyjson_doc *doc = tell(&s, &(struct question){ .body = bodies[i] }, &status);
		assert_int_equal(status, 400);
		assert_non_null(doc);
		yyjson_doc_free(doc);
	}
	site_close(&s);
}

static void test_keys(void **state)
{
	struct site s;
	unsigned status;
	const char *body = "{" MID HI "}";

	(void)state;
	site_open(&s);
	yyjson_doc_free(tell(&s, &(struct question){ .body = body, .key = "" }, &status));
	assert_int_equal(status, 401);
	s.options.key = STR("right");
	yyjson_doc *doc = tell(&s, &(struct question){ .body = body, .key = "wrong" }, &status);
	assert_int_equal(status, 401);
	yyjson_val *e = yyjson_obj_get(yyjson_doc_get_root(doc), "error");
	assert_true(tree_is(e, "type", "authentication_error"));
	yyjson_doc_free(doc);
	yyjson_doc_free(tell(&s, &(struct question){ .body = body, .key = "right" }, &status));
	assert_int_equal(status, 200);
	site_close(&s);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path, *body;
		unsigned status;
	} paths[] = {
		{ "/v1/messages", NULL, 405 },
		{ "/v1/nothing", NULL, 404 },
		{ "/v1/models", NULL, 200 },
		{ "/v1/models", "{}", 405 },
		{ "/v1/models/claude-opus-5-5", NULL, 200 },
		{ "/v1/models/claude-nobody", NULL, 404 },
		{ "/api/hello", NULL, 200 },
		{ "/v1/messages/count_tokens", "{'model':'claude-opus-4-6'," HI "}", 200 },
		{ "/v1/messages/count_tokens", "{'model':'claude-opus-4-6'}", 400 },
		{ "/v1/messages/batches", "{}", 404 },
	};
	struct site s;
	unsigned status;

	(void)state;
	site_open(&s);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		yyjson_doc_free(
			tell(&s, &(struct question){ .path = paths[i].path, .body = paths[i].body },
				&status));
		if (status != paths[i].status)
			fail_msg("%s: %u", paths[i].path, status);
	}
	site_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_json),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
