// SPDX-License-Identifier: MIT
// The OpenAI SDK through the proxy: Chat Completions and Responses, which are relayed.
import OpenAI from 'openai';
import { KEY, MODEL_O, at, check, eq, ok, rules, seen, turns, until } from './harness.mjs';

const client = (o = {}) => new OpenAI({ baseURL: `${at.proxy}/v1`, apiKey: KEY, maxRetries: 0, timeout: 60000, ...o });
const PARAMETERS = { type: 'object', properties: { a: { type: 'string' } } };
const CHAT_TOOLS = [{ type: 'function', function: { name: 'get_x', description: 'd', parameters: PARAMETERS } }];
const TOOLS = [{ type: 'function', name: 'get_x', description: 'd', strict: false, parameters: PARAMETERS }];
const chat = (text, o = {}) => ({ model: MODEL_O, messages: [{ role: 'user', content: text }], ...o });
const fails = async (promise) => { try { await promise; } catch (e) { return e; } return null; };

check('openai.chat', async () => {
  const r = await client().chat.completions.create(chat('x [[say:chat-ok]]'));
  eq(r.choices[0].message.content, 'chat-ok', 'text');
  ok(r.usage.total_tokens > 0, 'usage');
});

check('openai.chat_stream_usage', async () => {
  let text = '', usage = null, n = 0;
  const q = chat('x [[say:chat-stream-ok]]', { stream: true, stream_options: { include_usage: true } });
  for await (const k of await client().chat.completions.create(q)) {
    text += k.choices[0]?.delta?.content ?? '';
    usage = k.usage ?? usage;
    n++;
  }
  eq(text, 'chat-stream-ok', 'text');
  ok(usage?.total_tokens > 0, 'no usage chunk');
  ok(n >= 3, `chunks ${n}`);
});

check('openai.chat_no_usage_added', async () => {
  for await (const k of await client().chat.completions.create(chat('x', { stream: true }))) ok(!k.usage, 'a usage chunk nobody asked for');
  ok(!('stream_options' in (await turns())[0].body), 'stream_options was added');
});

check('openai.chat_tools', async () => {
  const c = client(), q = chat('x [[tool:get_x {"a":"1"}]][[say:t-ok]]', { tools: CHAT_TOOLS });
  const r = await c.chat.completions.create(q), call = r.choices[0].message.tool_calls[0];
  eq(JSON.parse(call.function.arguments).a, '1', 'arguments');
  eq(r.choices[0].finish_reason, 'tool_calls', 'finish_reason');
  const messages = [...q.messages, r.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'res' }];
  eq((await c.chat.completions.create({ ...q, messages })).choices[0].message.content, 't-ok', 'text');
});

check('openai.chat_tools_stream', async () => {
  let a = '';
  for await (const k of await client().chat.completions.create(chat('x [[tool:get_x {"a":"1"}]]', { tools: CHAT_TOOLS, stream: true }))) a += k.choices[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? '';
  eq(JSON.parse(a).a, '1', 'arguments');
});

check('openai.responses', async () =>
  eq((await client().responses.create({ model: MODEL_O, input: 'x [[say:resp-ok]]' })).output_text, 'resp-ok', 'text'));

check('openai.responses_stream', async () => {
  let text = '', last;
  for await (const e of await client().responses.create({ model: MODEL_O, stream: true, input: 'x [[say:resp-stream-ok]]' })) {
    if (e.type === 'response.output_text.delta') text += e.delta;
    last = e.type;
  }
  eq(text, 'resp-stream-ok', 'text');
  eq(last, 'response.completed', 'last event');
});

check('openai.responses_tools', async () => {
  const c = client(), input = [{ role: 'user', content: 'x [[tool:get_x {"a":"1"}]][[say:rt-ok]]' }];
  const r = await c.responses.create({ model: MODEL_O, input, tools: TOOLS }), f = r.output.find((o) => o.type === 'function_call');
  eq(JSON.parse(f.arguments).a, '1', 'arguments');
  const more = [...input, f, { type: 'function_call_output', call_id: f.call_id, output: 'res' }];
  eq((await c.responses.create({ model: MODEL_O, tools: TOOLS, input: more })).output_text, 'rt-ok', 'text');
});

check('openai.models', async () => {
  ok((await client().models.list()).data.length > 0, 'no models');
  eq((await seen())[0].headers.authorization, `Bearer ${KEY}`, 'authorization');
});

check('openai.error_types', async () => {
  for (const [kind, status] of [['invalid', 400], ['not_found', 404], ['rate_limit', 429], ['api_error', 500]]) {
    await rules({ do: { error: kind, message: `exact text of ${kind}` } });
    const e = await fails(client().chat.completions.create(chat('x')));
    eq(e?.status, status, kind);
    eq(e.error?.message, `exact text of ${kind}`, 'message');
  }
});

check('openai.retries', async () => {
  await rules({ times: 1, do: { error: 'rate_limit', retry_after: 1 } });
  eq((await client({ maxRetries: 1 }).chat.completions.create(chat('x [[say:again]]'))).choices[0].message.content, 'again', 'text');
  eq((await turns()).length, 2, 'requests upstream');
});

check('openai.abort_reaches_upstream', async () => {
  await rules({ do: { stall_after: 2, stall_ms: 0 } });
  const s = await client().chat.completions.create(chat('x [[say:long]]', { stream: true }));
  for await (const _ of s) break; // leaving the loop aborts the request
  await until(async () => (await turns())[0]?.aborted_ms != null, 'the end of the upstream request');
});
