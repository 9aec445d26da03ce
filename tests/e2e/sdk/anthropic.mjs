// SPDX-License-Identifier: MIT
// The Anthropic SDK through the proxy: messages, streams, tools, counting, models, errors, retries, aborts.
import Anthropic from '@anthropic-ai/sdk';
import { KEY, MODEL_A, at, check, eq, ok, rules, seen, turns, until } from './harness.mjs';

const client = (o = {}) => new Anthropic({ baseURL: at.proxy, apiKey: KEY, maxRetries: 0, timeout: 60000, ...o });
const ask = (text, o = {}) => ({ model: MODEL_A, max_tokens: 256, messages: [{ role: 'user', content: text }], ...o });
const TOOL = [{ name: 'get_x', description: 'd', input_schema: { type: 'object', properties: { a: { type: 'string' } } } }];
const fails = async (promise) => { try { await promise; } catch (e) { return e; } return null; };

check('sdk.message', async () => {
  const r = await client().messages.create(ask('x [[say:sdk-ok]]'));
  eq(r.content[0].text, 'sdk-ok', 'text');
  eq(r.stop_reason, 'end_turn', 'stop_reason');
  ok(r.usage.input_tokens > 0, 'usage');
});

check('sdk.request_id', async () => {
  await rules({ do: { headers: { 'request-id': 'req_fixed_1' } } });
  eq((await client().messages.create(ask('x')))._request_id, 'req_fixed_1', 'request id');
});

check('sdk.headers_reach_upstream', async () => {
  await client({ defaultHeaders: { 'anthropic-beta': 'some-beta-2031-01-01' } }).messages.create(ask('x'));
  const [t] = await turns();
  eq(t.headers['anthropic-beta'], 'some-beta-2031-01-01', 'anthropic-beta');
  ok(t.headers['anthropic-version'] && t.headers['x-stainless-lang'], 'anthropic-version or x-stainless-lang lost');
  ok([t.headers.authorization, t.headers['x-api-key']].some((v) => v?.includes(KEY)), 'the client key was not forwarded');
  ok(t.headers['user-agent'].startsWith('Anthropic/JS'), 'user-agent');
});

check('sdk.stream', async () => {
  const s = client().messages.stream(ask('x [[say:sdk-stream-ok]]'));
  let n = 0;
  s.on('text', () => n++);
  eq(await s.finalText(), 'sdk-stream-ok', 'text');
  ok(n >= 2, `deltas ${n}`);
});

check('sdk.stream_events', async () => {
  const types = [];
  for await (const e of await client().messages.create(ask('x [[say:events]]', { stream: true }))) types.push(e.type);
  eq(types[0], 'message_start', 'first event');
  eq(types.at(-1), 'message_stop', 'last event');
});

check('sdk.stream_split_utf8', async () => {
  await rules({ do: { chunk_bytes: 1 } });
  eq(await client().messages.stream(ask('x [[say:grün-🙂-終]]')).finalText(), 'grün-🙂-終', 'text');
});

check('sdk.stream_crlf', async () => {
  await rules({ do: { crlf: true } });
  eq(await client().messages.stream(ask('x [[say:crlf-ok]]')).finalText(), 'crlf-ok', 'text');
});

check('sdk.stream_gzip', async () => {
  await rules({ do: { gzip: true } });
  eq(await client().messages.stream(ask('x [[say:gzip-ok]]')).finalText(), 'gzip-ok', 'text');
});

check('sdk.thinking', async () => {
  await rules({ do: { thinking: 'signed' } });
  const m = await client().messages.stream(ask('x [[say:t]]')).finalMessage();
  eq(m.content[0].signature, 'bW9jay1zaWduYXR1cmU=', 'signature');
});

check('sdk.tools', async () => {
  const c = client(), q = ask('x [[tool:get_x {"a":"ü1"}]][[say:tool-done]]', { tools: TOOL });
  const r = await c.messages.create(q), u = r.content.find((b) => b.type === 'tool_use');
  eq(u.input.a, 'ü1', 'input');
  eq(r.stop_reason, 'tool_use', 'stop_reason');
  const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: u.id, content: 'res' }] };
  const r2 = await c.messages.create({ ...q, messages: [...q.messages, { role: 'assistant', content: r.content }, result] });
  eq(r2.content[0].text, 'tool-done', 'text');
});

check('sdk.tools_stream', async () => {
  const m = await client().messages.stream(ask('x [[tool:get_x {"a":"1"}]]', { tools: TOOL })).finalMessage();
  eq(m.content.find((b) => b.type === 'tool_use').input.a, '1', 'input');
});

check('sdk.count_tokens', async () => {
  const r = await client().messages.countTokens({ model: MODEL_A, messages: [{ role: 'user', content: 'x' }] });
  ok(r.input_tokens > 0, 'input_tokens');
  ok((await seen())[0].url.startsWith('/v1/messages/count_tokens'), 'path');
});

check('sdk.models', async () => {
  ok((await client().models.list()).data.length > 0, 'no models');
  eq((await client().models.retrieve('claude-mock-1')).id, 'claude-mock-1', 'one model');
});

check('sdk.beta_query', async () => {
  await client().beta.messages.create({ ...ask('x [[say:beta]]'), betas: ['b-2031-01-01'] });
  const [t] = await turns();
  ok(t.headers['anthropic-beta'].includes('b-2031-01-01'), 'anthropic-beta');
});

check('sdk.not_buffered', async () => {
  await rules({ do: { stall_after: 2, stall_ms: 0 } });
  const s = client().messages.stream(ask('x [[say:never whole]]')), got = [];
  s.on('streamEvent', (e) => got.push(e.type));
  s.on('error', () => {});
  s.on('abort', () => {});
  s.done().catch(() => {});
  await until(() => got.length === 2, 'the arrival of two events of a stalled stream');
  s.abort();
});

check('sdk.error_types', async () => {
  const kinds = [['invalid', 400, Anthropic.BadRequestError], ['auth', 401, Anthropic.AuthenticationError],
    ['permission', 403, Anthropic.PermissionDeniedError], ['not_found', 404, Anthropic.NotFoundError],
    ['rate_limit', 429, Anthropic.RateLimitError], ['overloaded', 529, Anthropic.APIError], ['api_error', 500, Anthropic.InternalServerError]];
  for (const [kind, status, type] of kinds) {
    await rules({ do: { error: kind, message: `exact text of ${kind}` } });
    const e = await fails(client().messages.create(ask('x')));
    eq(e?.status, status, kind);
    ok(e instanceof type, `${kind}: ${e?.constructor.name}`);
    eq(e.error?.error?.message, `exact text of ${kind}`, 'message');
  }
});

check('sdk.error_on_stream', async () => {
  await rules({ do: { error: 'overloaded' } });
  eq((await fails(client().messages.stream(ask('x')).finalText()))?.status, 529, 'status');
});

check('sdk.error_event', async () => {
  await rules({ do: { error_after: 3, error: 'overloaded' } });
  const e = await fails(client().messages.stream(ask('x [[say:never]]')).finalText());
  ok(/overloaded/i.test(`${e?.message}`), `the error event did not arrive: ${e?.message}`);
});

check('sdk.retries', async () => {
  await rules({ times: 2, do: { error: 'api_error' } });
  eq((await client({ maxRetries: 2 }).messages.create(ask('x [[say:retry-ok]]'))).content[0].text, 'retry-ok', 'text');
  eq((await turns()).length, 3, 'requests upstream: the client retries, the proxy does not');
});

check('sdk.retry_after_kept', async () => {
  await rules({ times: 1, do: { error: 'rate_limit', retry_after: 1 } });
  const t = Date.now();
  eq((await client({ maxRetries: 2 }).messages.create(ask('x [[say:ra-ok]]'))).content[0].text, 'ra-ok', 'text');
  ok(Date.now() - t > 900, `waited ${Date.now() - t} ms only`);
});

check('sdk.no_retry_kept', async () => {
  await rules({ do: { error: 'api_error', should_retry: false } });
  await fails(client({ maxRetries: 2 }).messages.create(ask('x')));
  eq((await turns()).length, 1, 'requests upstream');
});

check('sdk.connection_lost_before_reply', async () => {
  await rules({ times: 1, do: { drop: 'reset' } });
  eq((await client({ maxRetries: 1 }).messages.create(ask('x [[say:drop-ok]]'))).content[0].text, 'drop-ok', 'text');
  eq((await turns()).length, 2, 'requests upstream');
});

check('sdk.cut_is_an_error', async () => {
  await rules({ do: { cut_after: 4, cut: 'reset' } });
  ok(await fails(client().messages.stream(ask('x [[say:never]]')).finalText()), 'a cut stream was reported as complete');
});

check('sdk.abort_reaches_upstream', async () => {
  await rules({ do: { stall_after: 3, stall_ms: 0 } });
  const s = client().messages.stream(ask('x [[say:long text]]'));
  let events = 0;
  s.on('streamEvent', () => { events++; });
  s.on('error', () => {});
  s.on('abort', () => {});
  s.done().catch(() => {});
  await until(() => events >= 2, 'the beginning of the stream');
  s.abort();
  await until(async () => (await turns())[0]?.aborted_ms != null, 'the end of the upstream request');
});

check('sdk.abort_before_reply', async () => {
  await rules({ do: { hang: true } });
  const stop = new AbortController(), r = fails(client().messages.create(ask('x'), { signal: stop.signal }));
  await until(async () => (await turns()).length === 1, 'the arrival of the request');
  stop.abort();
  ok(await r, 'an aborted request succeeded');
  await until(async () => (await turns())[0]?.aborted_ms != null, 'the end of the upstream request');
});

check('sdk.big_body_5MB', async () => {
  const content = [{ type: 'text', text: 'ab€'.repeat(1_000_000) }, { type: 'text', text: '[[say:big-ok]]' }];
  eq((await client().messages.create(ask(content))).content[0].text, 'big-ok', 'text');
  ok((await turns())[0].bytes > 5_000_000, `upstream got ${(await turns())[0].bytes}`);
});

check('sdk.big_response', async () => {
  const text = 'é0123456789'.repeat(50000);
  await rules({ do: { text } });
  ok((await client().messages.stream(ask('x')).finalText()) === text, 'the text differs');
});

check('sdk.parallel_20', async () => {
  const c = client();
  await rules({ do: { event_delay_ms: 20 } });
  const r = await Promise.all(Array.from({ length: 20 }, (_, i) => c.messages.stream(ask(`x [[say:par-${i}]]`)).finalText()));
  r.forEach((text, i) => eq(text, `par-${i}`, `reply ${i}`));
});

check('sdk.keep_alive_sequence', async () => {
  const c = client();
  for (let i = 0; i < 15; i++) eq((await c.messages.create(ask(`x [[say:k${i}]]`))).content[0].text, `k${i}`, `reply ${i}`);
});

check('sdk.pings_and_stall', async () => {
  await rules({ do: { stall_after: 2, stall_ms: 1500, stall_ping_ms: 200 } });
  eq(await client().messages.stream(ask('x [[say:stall-ok]]')).finalText(), 'stall-ok', 'text');
});
