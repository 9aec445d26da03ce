// SPDX-License-Identifier: MIT
// The Anthropic SDK against the provider simulator itself, without a proxy: what it answers must be what the SDK expects.
import { spawn } from 'node:child_process';
import path from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { check, eq, ok, raw, until } from './harness.mjs';

const program = path.join(path.dirname(path.resolve(process.argv[2])), 'sluice-sim');
let sim = null, url = '';

/** Starts the simulator with the first check that needs it. */
async function start() {
  if (sim) return;
  sim = spawn(program, ['--fast', '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => sim.kill('SIGKILL'));
  let said = '';
  sim.stdout.on('data', (d) => { said += d; });
  await until(() => /http:\/\/\S+/.test(said), 'the start of the simulator');
  url = /http:\/\/\S+/.exec(said)[0];
}

async function steer(what, value) {
  const r = await raw(value === undefined ? 'GET' : 'POST', `${url}/sim/${what}`, { body: value && JSON.stringify(value) });
  eq(r.status, 200, `/sim/${what}`);
  return JSON.parse(r.body);
}

const MODEL = 'claude-opus-5-5';
const TOOLS = [{ name: 'get_x', description: 'd', input_schema: { type: 'object', properties: { a: { type: 'string' } } } }];
const client = (o = {}) => new Anthropic({ baseURL: url, apiKey: 'sk-ant-fake', maxRetries: 0, timeout: 60000, ...o });
const ask = (o = {}) => ({ model: MODEL, max_tokens: 500, messages: [{ role: 'user', content: 'hello' }], ...o });
const fails = async (promise) => { try { await promise; } catch (e) { return e; } return null; };

const simCheck = (name, fn) => check(`sim.${name}`, async () => { await start(); await steer('reset', {}); await fn(); });

simCheck('message', async () => {
  const r = await client().messages.create(ask());
  ok(r.content.at(-1).text.includes('"hello"'), 'text');
  eq(r.stop_reason, 'end_turn', 'stop_reason');
  ok(r.usage.input_tokens > 0 && r.usage.output_tokens > 0, 'usage');
  ok(r._request_id.startsWith('req_'), 'request id');
});

simCheck('stream', async () => {
  await steer('script', { text: 'grün 🙂 終'.repeat(200) });
  const s = client().messages.stream(ask({ max_tokens: 5000 }));
  let n = 0;
  s.on('text', () => n++);
  eq(await s.finalText(), 'grün 🙂 終'.repeat(200), 'text');
  ok(n >= 2, `deltas ${n}`);
  const [row] = (await steer('bill')).requests;
  eq(row.tokens.output, (await s.finalMessage()).usage.output_tokens, 'output tokens of bill and reply');
});

simCheck('tool_loop_with_thinking', async () => {
  const think = { type: 'thinking', thinking: 'which x?' };
  await steer('script', [
    { content: [think, { type: 'tool_use', name: 'get_x', input: { a: 'ü1', n: 1.0 } }, { type: 'tool_use', name: 'get_x', input: {} }] },
    { content: [think, { type: 'text', text: 'done' }] }, { text: 'again' }]);
  const c = client(), q = ask({ tools: TOOLS, cache_control: { type: 'ephemeral' } });
  const first = await c.messages.stream(q).finalMessage();
  eq(first.stop_reason, 'tool_use', 'stop_reason');
  const calls = first.content.filter((b) => b.type === 'tool_use');
  eq(calls.length, 2, 'calls');
  eq(calls[0].input.a, 'ü1', 'input');
  q.messages.push({ role: 'assistant', content: first.content });
  q.messages.push({ role: 'user', content: calls.map((b) => ({ type: 'tool_result', tool_use_id: b.id, content: 'r' })) });
  const second = await c.messages.create(q);
  eq(second.content.at(-1).text, 'done', 'text');
  q.messages.push({ role: 'assistant', content: second.content }, { role: 'user', content: 'and?' });
  eq((await c.messages.create(q)).content[0].text, 'again', 'text');

  q.messages[0].content = 'hello!';
  const e = await fails(c.messages.create(q));
  eq(e?.status, 400, 'status with another prefix');
  ok(/signature/.test(e.message), e.message);
});

simCheck('prompt_cache', async () => {
  const q = ask({ system: [{ type: 'text', text: 'w '.repeat(3000), cache_control: { type: 'ephemeral' } }] });
  const a = await client().messages.create(q), b = await client().messages.create(q);
  eq(a.usage.cache_creation_input_tokens, a.usage.cache_creation.ephemeral_5m_input_tokens, 'five minutes');
  ok(a.usage.cache_creation_input_tokens > 3000, 'written');
  eq(b.usage.cache_read_input_tokens, a.usage.cache_creation_input_tokens, 'read');
  await steer('clock', { advance_ms: 301000 });
  eq((await client().messages.create(q)).usage.cache_read_input_tokens, 0, 'read after five minutes');
});

simCheck('count_tokens_and_models', async () => {
  const { max_tokens, ...q } = ask();
  const n = (await client().messages.countTokens(q)).input_tokens;
  eq((await client().messages.create(ask())).usage.input_tokens, n, 'count and usage');
  const names = [];
  for await (const m of client().models.list({ limit: 5 })) names.push(m.id);
  ok(names.length > 20 && new Set(names).size === names.length && names.includes(MODEL), `models ${names}`);
  eq((await client().models.retrieve(MODEL)).id, MODEL, 'one model');
});

simCheck('errors', async () => {
  eq((await fails(client().messages.create(ask({ model: 'claude-nobody' }))))?.constructor.name, 'NotFoundError', 'unknown model');
  eq((await fails(client().messages.create(ask({ messages: [] }))))?.constructor.name, 'BadRequestError', 'no messages');
  eq((await fails(client().messages.create(ask({ temperature: 1 }))))?.constructor.name, 'BadRequestError', 'temperature');
  await steer('faults', { status: 529 });
  const e = await fails(client().messages.create(ask()));
  eq(e?.status, 529, 'overload');
  eq(e.error.error.type, 'overloaded_error', 'type');
});

simCheck('retries', async () => {
  await steer('faults', [{ status: 529, headers: { 'retry-after-ms': '1' } }, { reset_after: 0 }]);
  const r = await client({ maxRetries: 2 }).messages.create(ask());
  eq(r.type, 'message', 'type');
  eq((await steer('requests')).requests.length, 3, 'requests');
});

simCheck('broken_streams', async () => {
  for (const fault of [{ cut_after: 700 }, { reset_after: 700 }, { error: 'overloaded_error', error_after: 700 }]) {
    await steer('faults', fault);
    ok(await fails(client().messages.stream(ask()).finalMessage()), `no error after ${JSON.stringify(fault)}`);
  }
  await steer('faults', { slow_bytes: 200, slow_ms: 1, delay_ms: 20 });
  eq((await client().messages.stream(ask()).finalMessage()).stop_reason, 'end_turn', 'slow');
});
