// SPDX-License-Identifier: MIT
// What no SDK shows: fields and bodies that must arrive untouched, and the odd ways of speaking HTTP.
import { KEY, MODEL_A, MODEL_O, at, check, eq, ok, raw, rules, turns } from './harness.mjs';

const A = { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, 'anthropic-version': '2023-06-01' };
const ask = (o = {}) => ({ model: MODEL_A, max_tokens: 64, messages: [{ role: 'user', content: 'hi [[say:raw-ok]]' }], ...o });
const post = (o, headers = {}) =>
  raw('POST', `${at.proxy}/v1/messages?beta=true`, { headers: { ...A, ...headers }, body: typeof o === 'string' ? o : JSON.stringify(o) });

function frames(text) {
  return text.split(/\r?\n\r?\n/).filter(Boolean).map((frame) => {
    const e = /^event: ?(.*)$/m.exec(frame)?.[1], d = /^data: ?(.*)$/m.exec(frame)?.[1];
    try { return { e, j: JSON.parse(d) }; } catch { return { e, j: null }; }
  });
}

// ---- untouched

check('native.request_body_unchanged', async () => {
  const o = ask({
    system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral', ttl: '1h' } }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi [[say:raw-ok]]' }] }, { role: 'system', content: 'mid', output_config: { effort: 'low' } }],
    thinking: { type: 'adaptive', display: 'updates' }, context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    safeguards: [{ type: 'dangerous_tool_use', classifier_context: { v: 1 } }], output_config: { effort: 'high' }, metadata: { user_id: '{"session_id":"x"}' },
    tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 8 }, { name: 'D', description: 'd', input_schema: { type: 'object' }, defer_loading: true }],
    x_unknown_field: [1, 2.5, null],
  });
  eq((await post(o, { 'anthropic-beta': 'foo-2026-01-01,bar-2026-02-02' })).status, 200, 'status');
  const [u] = await turns();
  eq(u.raw ?? JSON.stringify(u.body), JSON.stringify(o), 'body');
  eq(u.headers['anthropic-beta'], 'foo-2026-01-01,bar-2026-02-02', 'anthropic-beta');
  eq(u.url, '/v1/messages?beta=true', 'target');
});

check('native.thinking_signature', async () => {
  const blocks = [{ type: 'thinking', thinking: 't', signature: 'c2ln' }, { type: 'redacted_thinking', data: 'cmVk' }, { type: 'tool_use', id: 'toolu_1', name: 'D', input: {} }];
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'tool_reference', tool_name: 'D' }] };
  const o = ask({ messages: [{ role: 'user', content: 'x' }, { role: 'assistant', content: blocks }, { role: 'user', content: [result] }], tools: [{ name: 'D', input_schema: { type: 'object' } }] });
  await post(o);
  eq(JSON.stringify((await turns())[0].body.messages), JSON.stringify(o.messages), 'messages');
});

check('native.response_fields_unchanged', async () => {
  const results = [{ type: 'dangerous_tool_use', status: { type: 'available', tool_uses: { toolu_1: { type: 'evaluated', outcome: 'not_flagged' } } } }];
  await rules({ do: { delta_extra: { safeguard_results: results, stop_details: { type: 'x' } }, thinking: 'signed', headers: { 'anthropic-ratelimit-requests-remaining': '7', 'request-id': 'req_fixed' } } });
  const r = await post(ask({ stream: true })), f = frames(r.body);
  eq(JSON.stringify(f.find((x) => x.e === 'message_delta')?.j.delta.safeguard_results), JSON.stringify(results), 'safeguard_results');
  ok(f.some((x) => x.j?.delta?.type === 'signature_delta'), 'signature_delta lost');
  ok(f.every((x) => x.e === x.j?.type), 'event: lines lost or wrong');
  eq(f.at(-1).e, 'message_stop', 'last event');
  eq(r.headers['anthropic-ratelimit-requests-remaining'], '7', 'rate-limit header');
  eq(r.headers['request-id'], 'req_fixed', 'request-id');
});

check('native.error_bodies_verbatim', async () => {
  for (const [kind, status, type] of [['invalid', 400, 'invalid_request_error'], ['auth', 401, 'authentication_error'], ['permission', 403, 'permission_error'], ['not_found', 404, 'not_found_error']]) {
    await rules({ do: { error: kind, message: 'exact text `x` 123' } });
    const r = await post(ask()), { error } = JSON.parse(r.body);
    eq(r.status, status, `status for ${kind}`);
    eq(error.type, type, 'type');
    eq(error.message, 'exact text `x` 123', 'message');
  }
});

check('native.gemini', async () => {
  const o = { contents: [{ role: 'user', parts: [{ text: 'x [[say:gemini-ok]]' }] }], generationConfig: { thinkingConfig: { includeThoughts: true } } };
  const r = await raw('POST', `${at.proxy}/v1beta/models/gemini-3:streamGenerateContent?alt=sse`, { headers: { 'content-type': 'application/json', 'x-goog-api-key': 'AIza-fake' }, body: JSON.stringify(o) });
  eq(r.status, 200, 'status');
  ok(r.complete && frames(r.body).length === 2, r.body.slice(0, 200));
});

// ---- the wire

check('raw.probes', async () => {
  for (const [method, target] of [['HEAD', '/'], ['HEAD', '/api/hello'], ['GET', '/v1/models?limit=1000'], ['GET', '/health'], ['GET', '/ready?x=1']]) {
    eq((await raw(method, at.proxy + target, { headers: { authorization: `Bearer ${KEY}`, 'anthropic-version': '2023-06-01' } })).status, 200, `${method} ${target}`);
  }
});

check('raw.cut_is_visible', async () => {
  const text = 'x [[say:never-all-of-it]]', messages = [{ role: 'user', content: text }];
  for (const [target, o] of [['/v1/messages', ask({ stream: true })], ['/v1/chat/completions', { model: MODEL_O, stream: true, messages }], ['/v1/responses', { model: MODEL_O, stream: true, input: text }]]) {
    await rules({ do: { cut_after: 3, cut: 'reset' } });
    const r = await raw('POST', at.proxy + target, { headers: A, body: JSON.stringify(o) });
    ok(!r.complete || r.status >= 500 || /"error"|response\.failed/.test(r.body), `${target}: a cut stream ended cleanly`);
    ok(!/message_stop|\[DONE\]|response\.completed/.test(r.body), `${target}: a cut stream was completed`);
  }
});

check('raw.x_api_key', async () => {
  const headers = { 'content-type': 'application/json', 'x-api-key': KEY, 'anthropic-version': '2023-06-01' };
  eq((await raw('POST', `${at.proxy}/v1/messages`, { headers, body: JSON.stringify(ask()) })).status, 200, 'status');
  eq((await turns())[0].headers['x-api-key'], KEY, 'x-api-key');
});

check('raw.new_api_version', async () => {
  eq((await post(ask(), { 'anthropic-version': '2026-10-21' })).status, 200, 'status');
  eq((await turns())[0].headers['anthropic-version'], '2026-10-21', 'anthropic-version');
});

check('raw.identity_when_not_accepted', async () => {
  await rules({ do: { gzip: 'auto' } });
  const r = await post(ask({ stream: true }));
  ok(!r.headers['content-encoding'], 'encoded though not accepted');
  ok(r.body.includes('message_stop'), 'no stream');
});

check('raw.chunked_request_body', async () => {
  eq((await post(ask(), { 'transfer-encoding': 'chunked' })).status, 200, 'status');
  eq(JSON.stringify((await turns())[0].body), JSON.stringify(ask()), 'body');
});

check('raw.expect_100', async () => {
  const body = JSON.stringify(ask());
  eq((await post(body, { expect: '100-continue', 'content-length': Buffer.byteLength(body) })).status, 200, 'status');
});

check('raw.bad_json_is_400', async () => {
  const r = await post('{"model":');
  eq(r.status, 400, 'status');
  ok(/json|invalid/i.test(r.body), r.body.slice(0, 100));
  eq((await turns()).length, 0, 'requests upstream');
});

check('raw.count_tokens_beta', async () => {
  const r = await raw('POST', `${at.proxy}/v1/messages/count_tokens?beta=true`, { headers: A, body: JSON.stringify({ model: MODEL_A, messages: [{ role: 'user', content: 'foo' }], tools: [] }) });
  eq(r.status, 200, 'status');
  ok(JSON.parse(r.body).input_tokens > 0, r.body);
});

check('raw.sse_event_names', async () => {
  const r = await post(ask({ stream: true })), f = frames(r.body);
  ok(/^text\/event-stream/.test(r.headers['content-type']), `content-type ${r.headers['content-type']}`);
  ok(f.length > 4 && f.every((x) => x.e && x.e === x.j?.type), 'every event needs an event: line equal to data.type');
});

check('raw.every_kind_of_stream_exact', async () => {
  for (const how of [{ chunk_bytes: 1 }, { chunk_bytes: 7, crlf: true }, { no_event_lines: true }, { ping_first: 2, ping_every: 1 }, { extra_event: { type: 'new_kind', x: 1 } }, { content_type: 'text/plain' }]) {
    await rules({ do: { ...how, thinking: 'signed' } });
    const through = await post(ask({ stream: true }));
    const direct = await raw('POST', `${at.mock}/v1/messages`, { headers: A, body: JSON.stringify(ask({ stream: true })) });
    const known = (s) => s.replace(/msg_\w+/g, 'msg_').replace(/"input_tokens":\d+/g, '"input_tokens":0');
    eq(known(through.body), known(direct.body), `stream with ${JSON.stringify(how)}`);
    eq(through.headers['content-type'], direct.headers['content-type'], 'content-type');
  }
});
