#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// mock-upstream.mjs: a standalone, scriptable mock of LLM HTTP APIs (no dependencies, node >= 18).
//
//   node mock-upstream.mjs [--port N] [--host 127.0.0.1] [--record DIR] [--keep 2000] [--quiet]
//   prints one line "mock-upstream listening on http://127.0.0.1:PORT" when ready (port 0 = any).
//
// Dialects: Anthropic Messages (/v1/messages, /v1/messages/count_tokens, /v1/models),
//           OpenAI Chat (/v1/chat/completions, also /chat/completions), OpenAI Responses (/v1/responses),
//           OpenAI /v1/models, Gemini (/v1beta/models/M:generateContent, :streamGenerateContent, :countTokens).
//
// The reply is scripted by markers in the user's prompt, so it is stateless and passes through a proxy:
//   [[tool:NAME {json input}]]   the n-th such marker answers the n-th assistant turn as a tool call
//   [[say:TEXT]]                 the final text (default "mock-ok")
// A marker whose tool is not declared in the request is skipped ([[tool!:NAME ...]] is sent regardless).
//
// Admin (never counted as requests):
//   GET  /__mock/health                       {ok:true, n}
//   POST /__mock/reset                        forget requests and rules
//   POST /__mock/rules   {rules:[...]}|[...]  replace the rules      (GET shows them, with hit counts)
//   POST /__mock/rules/add  {...}             append one rule
//   GET  /__mock/requests?since=N&body=0      what was received (body=0 leaves bodies out)
//
// Rule: { id, match:{method,path,path_re,model_re,body_re,stream,has_tools,header:{name:re}}, skip:0, times:-1, do:{...} }
// do:
//   delay_ms            wait before any byte            hang:true          never answer
//   drop:"reset"|"fin"  close before any byte
//   status, headers, body      a canned reply           error:"rate_limit|overloaded|api_error|invalid|auth|permission|not_found|too_long|billing|timeout"
//   retry_after, retry_after_ms, should_retry           headers on an error reply
//   headers_delay_ms    after the headers               event_delay_ms     between events
//   stall_after:N, stall_ms:M   pause after N events (stall_ms 0 = for ever); stall_ping_ms sends pings meanwhile
//   cut_after:N, cut:"reset"|"fin"|"clean"   stop after N events (clean = chunked terminator, no final event)
//   error_after:N, error:"overloaded"        an in-stream error event after N events
//   ping_first:N, ping_every:N               ping events         extra_event:{...}  an unknown event, second in the stream
//   no_usage:true | usage:{...}              thinking:"signed"|"unsigned"|"empty_sig"|"redacted"
//   gzip:true|"auto" (auto = only if the request accepts it)   delta_extra:{...} (added to message_delta.delta)
//   chunk_bytes:N (split writes)  crlf:true   no_event_lines:true   content_type:"..."
//   force_json:true     JSON though stream was asked     force_sse:true  SSE though it was not
//   text, tools:[{name,input}], content:[blocks]         override the script
//   model, stop_reason, omit:[top-level fields]
import http from 'node:http';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import crypto from 'node:crypto';

const arg = (n, d) => { const i = process.argv.indexOf('--' + n); return i < 0 ? d : (process.argv[i + 1] ?? true); };
const PORT = +arg('port', 0), HOST = arg('host', '127.0.0.1'), REC = arg('record', ''), KEEP = +arg('keep', 2000);
const QUIET = process.argv.includes('--quiet');
if (REC) fs.mkdirSync(REC, { recursive: true });

let reqs = [], rules = [], seq = 0, connSeq = 0;
const t0 = Date.now();
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const rid = (p) => p + crypto.randomBytes(12).toString('hex');

// ---------- script markers
export function markers(text) {
  const out = { tools: [], say: null };
  let i = 0;
  for (;;) {
    const a = text.indexOf('[[', i);
    if (a < 0) break;
    const m = /^\[\[(tool!?|say):/.exec(text.slice(a, a + 10));
    if (!m) { i = a + 2; continue; }
    let p = a + m[0].length;
    if (m[1] === 'say') {
      const e = text.indexOf(']]', p);
      if (e < 0) break;
      out.say = text.slice(p, e); i = e + 2; continue;
    }
    const nm = /^([\w.:-]+)\s*/.exec(text.slice(p, p + 200));
    if (!nm) { i = p; continue; }
    p += nm[0].length;
    let input = {}, raw = null;
    if (text.startsWith('{\\"', p)) { // a client that shell-quoted the prompt (opencode)
      const e = text.indexOf('}]]', p);
      if (e > 0) { try { input = JSON.parse(text.slice(p, e + 1).replace(/\\"/g, '"')); out.tools.push({ name: nm[1], input, force: m[1] === 'tool!' }); i = e + 3; continue; } catch {} }
    }
    if (text[p] === '{') {
      let d = 0, q = false, k = p;
      for (; k < text.length; k++) {
        const c = text[k];
        if (q) { if (c === '\\') k++; else if (c === '"') q = false; }
        else if (c === '"') q = true;
        else if (c === '{') d++;
        else if (c === '}' && --d === 0) { k++; break; }
      }
      raw = text.slice(p, k);
      try { input = JSON.parse(raw); } catch { i = p; continue; }
      p = k;
    }
    out.tools.push({ name: nm[1], input, force: m[1] === 'tool!' });
    i = p;
  }
  return out;
}
const txt = (c) => typeof c === 'string' ? c : Array.isArray(c)
  ? c.filter((b) => b && (b.type === 'text' || b.type === 'input_text') && typeof b.text === 'string').map((b) => b.text).join('\n') : '';

// -> {tools:[{name,input}], text} for one turn, from a normalised history [{role, text, calls}]
function decide(hist, declared, doo) {
  if (doo.content) return { content: doo.content };
  if (doo.tools) return { tools: doo.tools, text: doo.text ?? '' };
  if (doo.text != null) return { tools: [], text: doo.text };
  let idx = -1, mk = null;
  for (let i = hist.length - 1; i >= 0; i--) {
    if (hist[i].role !== 'user' || !hist[i].text.includes('[[')) continue;
    const m = markers(hist[i].text);
    if (m.tools.length || m.say != null) { idx = i; mk = m; break; }
  }
  if (!mk) return { tools: [], text: 'mock-ok' };
  const list = mk.tools.filter((t) => t.force || !declared || declared.has(t.name));
  let n = 0;
  for (let i = idx + 1; i < hist.length; i++) if (hist[i].role === 'assistant' && hist[i].calls) n++;
  if (n < list.length) return { tools: [list[n]], text: '' };
  return { tools: [], text: mk.say ?? 'mock-ok' };
}

// ---------- errors, per dialect
const ERR = {
  rate_limit: [429, 'rate_limit_error', 'rate_limit_exceeded'], overloaded: [529, 'overloaded_error', 'server_error'],
  api_error: [500, 'api_error', 'server_error'], invalid: [400, 'invalid_request_error', 'invalid_request_error'],
  auth: [401, 'authentication_error', 'invalid_api_key'], permission: [403, 'permission_error', 'permission_denied'],
  not_found: [404, 'not_found_error', 'model_not_found'], too_long: [400, 'invalid_request_error', 'context_length_exceeded'],
  too_large: [413, 'request_too_large', 'request_too_large'], billing: [402, 'billing_error', 'insufficient_quota'],
  timeout: [504, 'timeout_error', 'timeout'],
};
function errBody(dialect, kind, doo, body) {
  const [st, at, ot] = ERR[kind] || ERR.api_error;
  const status = doo.status ?? st;
  let msg = doo.message ?? ({ rate_limit: 'This request would exceed the rate limit.', overloaded: 'Overloaded', not_found: `model: ${body?.model}`,
    too_long: 'prompt is too long: 210000 tokens > 200000 maximum' }[kind] || `mock ${kind}`);
  if (dialect === 'anthropic') return [status, { type: 'error', error: { type: at, message: msg }, request_id: rid('req_') }];
  if (dialect === 'gemini') return [status, { error: { code: status, message: msg, status: { 429: 'RESOURCE_EXHAUSTED', 404: 'NOT_FOUND', 400: 'INVALID_ARGUMENT', 503: 'UNAVAILABLE', 401: 'UNAUTHENTICATED' }[status] || 'INTERNAL' } }];
  return [status, { error: { message: msg, type: ot, param: null, code: ot } }];
}

// ---------- Anthropic
function anthropic(body, doo, count) {
  const declared = Array.isArray(body.tools) ? new Set(body.tools.map((t) => t.name)) : new Set();
  const hist = (body.messages || []).map((m) => ({
    role: m.role, text: txt(m.content),
    calls: m.role === 'assistant' && Array.isArray(m.content) && m.content.some((b) => b.type === 'tool_use'),
  }));
  const d = decide(hist, declared, doo);
  let content = d.content;
  if (!content) {
    content = [];
    if (doo.thinking === 'redacted') content.push({ type: 'redacted_thinking', data: 'bW9jay1yZWRhY3RlZA==' });
    else if (doo.thinking) content.push({ type: 'thinking', thinking: 'mock thinking', ...(doo.thinking === 'unsigned' ? {} : { signature: doo.thinking === 'empty_sig' ? '' : 'bW9jay1zaWduYXR1cmU=' }) });
    if (d.text) content.push({ type: 'text', text: d.text });
    for (const t of d.tools || []) content.push({ type: 'tool_use', id: rid('toolu_'), name: t.name, input: t.input });
  }
  const stop = doo.stop_reason ?? (content.some((b) => b.type === 'tool_use') ? 'tool_use' : 'end_turn');
  const inTok = Math.ceil(count / 4);
  const usage = doo.no_usage ? undefined : doo.usage ?? { input_tokens: inTok, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 12, service_tier: 'standard' };
  const msg = { id: rid('msg_'), type: 'message', role: 'assistant', model: doo.model ?? body.model, content, stop_reason: stop, stop_sequence: null, ...(usage ? { usage } : {}) };
  for (const k of doo.omit || []) delete msg[k];
  const ev = [];
  const { content: _c, ...head } = msg;
  ev.push(['message_start', { type: 'message_start', message: { ...head, content: [], stop_reason: null, ...(usage ? { usage: { ...usage, output_tokens: 1 } } : {}) } }]);
  if (doo.extra_event) ev.push([doo.extra_event.type || 'mock_extra', doo.extra_event]);
  content.forEach((b, i) => {
    const start = b.type === 'text' ? { type: 'text', text: '' } : b.type === 'thinking' ? { type: 'thinking', thinking: '', ...('signature' in b ? { signature: '' } : {}) }
      : b.type === 'tool_use' ? { ...b, input: {} } : b;
    ev.push(['content_block_start', { type: 'content_block_start', index: i, content_block: start }]);
    const dl = (delta) => ev.push(['content_block_delta', { type: 'content_block_delta', index: i, delta }]);
    if (b.type === 'text') { const h = Math.ceil(b.text.length / 2); dl({ type: 'text_delta', text: b.text.slice(0, h) }); if (b.text.length > h) dl({ type: 'text_delta', text: b.text.slice(h) }); }
    else if (b.type === 'thinking') { dl({ type: 'thinking_delta', thinking: b.thinking }); if (b.signature) dl({ type: 'signature_delta', signature: b.signature }); }
    else if (b.type === 'tool_use') { const s = JSON.stringify(b.input), h = Math.ceil(s.length / 2); dl({ type: 'input_json_delta', partial_json: s.slice(0, h) }); dl({ type: 'input_json_delta', partial_json: s.slice(h) }); }
    ev.push(['content_block_stop', { type: 'content_block_stop', index: i }]);
  });
  ev.push(['message_delta', { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null, ...(doo.delta_extra || {}) }, ...(usage ? { usage: { output_tokens: usage.output_tokens ?? 12 } } : {}) }]);
  ev.push(['message_stop', { type: 'message_stop' }]);
  return { json: msg, events: ev, ping: ['ping', { type: 'ping' }] };
}

// ---------- OpenAI chat
function chat(body, doo, count) {
  const declared = new Set((body.tools || []).map((t) => t.function?.name ?? t.custom?.name));
  const hist = (body.messages || []).map((m) => ({ role: m.role, text: txt(m.content), calls: !!m.tool_calls?.length }));
  const d = decide(hist, declared, doo);
  const tc = (d.tools || []).map((t) => ({ id: rid('call_'), type: 'function', function: { name: t.name, arguments: JSON.stringify(t.input) } }));
  const fin = doo.stop_reason ?? (tc.length ? 'tool_calls' : 'stop');
  const pt = Math.ceil(count / 4);
  const usage = doo.no_usage ? undefined : doo.usage ?? { prompt_tokens: pt, completion_tokens: 12, total_tokens: pt + 12, prompt_tokens_details: { cached_tokens: 0 } };
  const base = { id: rid('chatcmpl-'), created: Math.floor(Date.now() / 1000), model: doo.model ?? body.model };
  const json = { ...base, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: d.text || null, refusal: null, ...(tc.length ? { tool_calls: tc } : {}) }, logprobs: null, finish_reason: fin }], ...(usage ? { usage } : {}) };
  const inc = body.stream_options?.include_usage;
  const ck = (delta, fr = null) => [null, { ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, logprobs: null, finish_reason: fr }], ...(inc ? { usage: null } : {}) }];
  const ev = [ck({ role: 'assistant', content: '' })];
  if (doo.extra_event) ev.push([null, doo.extra_event]);
  if (d.text) { const h = Math.ceil(d.text.length / 2); ev.push(ck({ content: d.text.slice(0, h) })); if (d.text.length > h) ev.push(ck({ content: d.text.slice(h) })); }
  tc.forEach((t, i) => {
    const a = t.function.arguments, h = Math.ceil(a.length / 2);
    ev.push(ck({ tool_calls: [{ index: i, id: t.id, type: 'function', function: { name: t.function.name, arguments: '' } }] }));
    ev.push(ck({ tool_calls: [{ index: i, function: { arguments: a.slice(0, h) } }] }));
    ev.push(ck({ tool_calls: [{ index: i, function: { arguments: a.slice(h) } }] }));
  });
  ev.push(ck({}, fin));
  if (inc && usage) ev.push([null, { ...base, object: 'chat.completion.chunk', choices: [], usage }]);
  ev.push([null, '[DONE]']);
  return { json, events: ev, ping: [':', ' ping'] };
}

// ---------- OpenAI Responses
function responses(body, doo, count) {
  const kinds = new Map();
  const walk = (ts, ns) => { for (const t of ts || []) { if (t.type === 'namespace') walk(t.tools, t.name); else kinds.set(t.name ?? t.type, { type: t.type, ns }); } };
  walk(body.tools);
  for (const it of Array.isArray(body.input) ? body.input : []) if (it.type === 'additional_tools') walk(it.tools);
  const CALL = new Set(['function_call', 'custom_tool_call', 'local_shell_call']);
  const input = typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : body.input || [];
  const hist = input.map((m) => CALL.has(m.type) ? { role: 'assistant', text: '', calls: true } : { role: m.role || '', text: m.role ? txt(m.content) : '', calls: false });
  const d = decide(hist, new Set(kinds.keys()), doo);
  const out = [];
  if (d.text) out.push({ id: rid('msg_'), type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: d.text, annotations: [], logprobs: [] }] });
  for (const t of d.tools || []) {
    const k = kinds.get(t.name);
    if (k?.type === 'custom') out.push({ id: rid('ctc_'), type: 'custom_tool_call', status: 'completed', call_id: rid('call_'), name: t.name, input: typeof t.input?.input === 'string' ? t.input.input : JSON.stringify(t.input) });
    else out.push({ id: rid('fc_'), type: 'function_call', status: 'completed', call_id: rid('call_'), name: t.name, ...(k?.ns ? { namespace: k.ns } : {}), arguments: JSON.stringify(t.input) });
  }
  const it = Math.ceil(count / 4);
  const usage = doo.no_usage ? undefined : doo.usage ?? { input_tokens: it, input_tokens_details: { cached_tokens: 0 }, output_tokens: 12, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: it + 12 };
  const base = { id: rid('resp_'), object: 'response', created_at: Math.floor(Date.now() / 1000), model: doo.model ?? body.model, error: null, incomplete_details: null, instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: [], top_p: 1 };
  const json = { ...base, status: 'completed', output: out, ...(usage ? { usage } : {}) };
  let n = 0;
  const E = (type, o) => [type, { type, sequence_number: n++, ...o }];
  const ev = [E('response.created', { response: { ...base, status: 'in_progress', output: [] } }), E('response.in_progress', { response: { ...base, status: 'in_progress', output: [] } })];
  if (doo.extra_event) ev.push([doo.extra_event.type, doo.extra_event]);
  out.forEach((o, i) => {
    if (o.type === 'message') {
      const t = o.content[0].text, h = Math.ceil(t.length / 2), c = { item_id: o.id, output_index: i, content_index: 0 };
      ev.push(E('response.output_item.added', { output_index: i, item: { ...o, status: 'in_progress', content: [] } }));
      ev.push(E('response.content_part.added', { ...c, part: { type: 'output_text', text: '', annotations: [] } }));
      ev.push(E('response.output_text.delta', { ...c, delta: t.slice(0, h) }));
      if (t.length > h) ev.push(E('response.output_text.delta', { ...c, delta: t.slice(h) }));
      ev.push(E('response.output_text.done', { ...c, text: t }));
      ev.push(E('response.content_part.done', { ...c, part: o.content[0] }));
    } else {
      const cu = o.type === 'custom_tool_call', a = cu ? o.input : o.arguments, c = { item_id: o.id, output_index: i };
      const pre = cu ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
      ev.push(E('response.output_item.added', { output_index: i, item: { ...o, status: 'in_progress', [cu ? 'input' : 'arguments']: '' } }));
      ev.push(E(pre + '.delta', { ...c, delta: a }));
      ev.push(E(pre + '.done', { ...c, [cu ? 'input' : 'arguments']: a }));
    }
    ev.push(E('response.output_item.done', { output_index: i, item: o }));
  });
  ev.push(E('response.completed', { response: json }));
  return { json, events: ev, ping: [':', ' keepalive'] };
}

// ---------- Gemini
function gemini(body, doo, count, model) {
  const declared = new Set();
  for (const t of body.tools || []) for (const f of t.functionDeclarations || []) declared.add(f.name);
  const hist = (body.contents || []).map((c) => ({ role: c.role === 'model' ? 'assistant' : 'user', text: (c.parts || []).map((p) => p.text || '').join('\n'), calls: (c.parts || []).some((p) => p.functionCall) }));
  const d = decide(hist, declared, doo);
  const parts = [];
  if (d.text) parts.push({ text: d.text });
  for (const t of d.tools || []) parts.push({ functionCall: { name: t.name, args: t.input } });
  const pt = Math.ceil(count / 4);
  const base = { ...(doo.no_usage ? {} : { usageMetadata: { promptTokenCount: pt, candidatesTokenCount: 12, totalTokenCount: pt + 12 } }), modelVersion: model, responseId: rid('') };
  const json = { candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP', index: 0 }], ...base };
  const ev = [];
  if (d.text) { const h = Math.ceil(d.text.length / 2); ev.push([null, { candidates: [{ content: { parts: [{ text: d.text.slice(0, h) }], role: 'model' }, index: 0 }], ...base }]); ev.push([null, { candidates: [{ content: { parts: [{ text: d.text.slice(h) }], role: 'model' }, finishReason: 'STOP', index: 0 }], ...base }]); }
  else ev.push([null, json]);
  return { json, events: ev, ping: [':', ' ping'] };
}

// ---------- rules
function pick(r) {
  for (const rule of rules) {
    const m = rule.match || {};
    if (m.method && m.method !== r.method) continue;
    if (m.path && r.path !== m.path) continue;
    if (m.path_re && !new RegExp(m.path_re).test(r.url)) continue;
    if (m.model_re && !new RegExp(m.model_re).test(String(r.body?.model ?? ''))) continue;
    if (m.body_re && !new RegExp(m.body_re).test(r.raw)) continue;
    if (m.stream != null && !!r.body?.stream !== m.stream) continue;
    if (m.has_tools != null && (!!r.body?.tools?.length) !== m.has_tools) continue;
    if (m.header && !Object.entries(m.header).every(([k, v]) => new RegExp(v).test(r.headers[k.toLowerCase()] ?? ''))) continue;
    rule.seen = (rule.seen || 0) + 1;
    if (rule.seen <= (rule.skip || 0)) continue;
    if (rule.times != null && rule.times >= 0 && (rule.hits || 0) >= rule.times) continue;
    rule.hits = (rule.hits || 0) + 1;
    return rule;
  }
  return null;
}

// ---------- replying
async function write(res, s, doo) {
  const b = Buffer.from(s);
  if (!doo.chunk_bytes) { res.write(b); return; }
  for (let i = 0; i < b.length; i += doo.chunk_bytes) { res.write(b.subarray(i, i + doo.chunk_bytes)); await new Promise((r) => setImmediate(r)); }
}
function enc(e, doo) {
  const nl = doo.crlf ? '\r\n' : '\n';
  const [name, data] = e;
  if (name === ':') return ':' + data + nl + nl;
  return (name && !doo.no_event_lines ? `event: ${name}${nl}` : '') + `data: ${typeof data === 'string' ? data : JSON.stringify(data)}${nl}${nl}`;
}
async function sendJson(res, status, headers, obj, doo) {
  let b = Buffer.from(typeof obj === 'string' ? obj : JSON.stringify(obj));
  if (doo.gzip) { b = zlib.gzipSync(b); headers['content-encoding'] = 'gzip'; }
  res.writeHead(status, { 'content-type': doo.content_type || (typeof obj === 'string' && obj[0] === '<' ? 'text/html' : 'application/json'), 'content-length': b.length, ...headers });
  res.end(b);
}
async function sendSse(res, rep, headers, doo, dialect, body) {
  let sink = res, gz = null;
  if (doo.gzip) { headers['content-encoding'] = 'gzip'; gz = zlib.createGzip(); gz.pipe(res); sink = gz; }
  res.writeHead(doo.status ?? 200, { 'content-type': doo.content_type || 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache', ...headers });
  res.flushHeaders?.();
  if (doo.headers_delay_ms) await sleep(doo.headers_delay_ms);
  let n = 0, dead = false;
  res.on('close', () => { dead = true; });
  for (let i = 0; i < (doo.ping_first || 0); i++) await write(sink, enc(rep.ping, doo), doo);
  for (const e of rep.events) {
    if (dead) return;
    if (doo.cut_after === n) {
      if (gz) gz.flush();
      await sleep(50);
      if (doo.cut === 'clean') { sink.end(); return; }
      if (doo.cut === 'fin') { res.socket.end(); return; }
      res.socket.resetAndDestroy ? res.socket.resetAndDestroy() : res.socket.destroy(); return;
    }
    if (doo.error_after === n) {
      const [, eb] = errBody(dialect, doo.error || 'overloaded', doo, body);
      if (dialect === 'anthropic') { delete eb.request_id; await write(sink, enc(['error', eb], doo), doo); }
      else if (dialect === 'responses') await write(sink, enc(['response.failed', { type: 'response.failed', sequence_number: n, response: { id: rid('resp_'), object: 'response', status: 'failed', error: { code: eb.error.code, message: eb.error.message }, output: [] } }], doo), doo);
      else await write(sink, enc([null, eb], doo), doo);
      sink.end(); return;
    }
    if (doo.stall_after === n) {
      if (gz) gz.flush();
      const until = doo.stall_ms ? Date.now() + doo.stall_ms : Infinity;
      while (!dead && Date.now() < until) {
        await sleep(Math.min(doo.stall_ping_ms || 250, Math.max(1, until - Date.now())));
        if (doo.stall_ping_ms && !dead) { await write(sink, enc(rep.ping, doo), doo); if (gz) gz.flush(); }
      }
      if (dead) return;
    }
    await write(sink, enc(e, doo), doo);
    n++;
    if (doo.ping_every && n % doo.ping_every === 0) await write(sink, enc(rep.ping, doo), doo);
    if (doo.event_delay_ms) { if (gz) gz.flush(); await sleep(doo.event_delay_ms); }
  }
  sink.end();
}

const MODELS = ['claude-mock-1', 'gpt-mock-1'];
async function handle(r, req, res) {
  const rule = pick(r);
  let doo = rule?.do || {};
  r.rule = rule?.id ?? null;
  const p = r.path;
  const dialect = /\/messages(\/count_tokens)?$/.test(p) ? 'anthropic' : /\/chat\/completions$/.test(p) ? 'chat' : /\/responses(\/compact)?$/.test(p) ? 'responses' : /\/models\/[^/]+:\w+$/.test(p) ? 'gemini' : (r.headers['anthropic-version'] ? 'anthropic' : 'other');
  const headers = { 'request-id': rid('req_'), ...(doo.headers || {}) };
  if (doo.gzip === 'auto') doo = { ...doo, gzip: /\bgzip\b/.test(r.headers['accept-encoding'] || '') };
  if (doo.hang) return;
  if (doo.delay_ms) await sleep(doo.delay_ms);
  if (res.destroyed) return;
  if (doo.drop) { doo.drop === 'fin' ? req.socket.end() : (req.socket.resetAndDestroy ? req.socket.resetAndDestroy() : req.socket.destroy()); return; }
  if (doo.error && doo.error_after == null) {
    const [st, b] = errBody(dialect, doo.error, doo, r.body);
    if (doo.retry_after != null) headers['retry-after'] = String(doo.retry_after);
    if (doo.retry_after_ms != null) headers['retry-after-ms'] = String(doo.retry_after_ms);
    if (doo.should_retry != null) headers['x-should-retry'] = String(doo.should_retry);
    return sendJson(res, st, headers, doo.body ?? b, doo);
  }
  if (doo.body !== undefined) return sendJson(res, doo.status ?? 200, headers, doo.body, doo);
  if (r.method === 'HEAD') { res.writeHead(doo.status ?? 200, { 'content-type': 'application/json', ...headers }); return res.end(); }
  if (r.method === 'OPTIONS') { res.writeHead(204, headers); return res.end(); }
  if (r.method === 'GET' && /\/models$/.test(p)) return sendJson(res, 200, headers, { object: 'list', data: MODELS.map((id) => ({ id, type: 'model', object: 'model', display_name: id, created_at: '2026-01-01T00:00:00Z', created: 1, owned_by: 'mock' })), has_more: false, first_id: MODELS[0], last_id: MODELS.at(-1), models: [] }, doo);
  if (r.method === 'GET' && /\/models\/[^/]+$/.test(p)) return sendJson(res, 200, headers, { id: decodeURIComponent(p.split('/').pop()), type: 'model', object: 'model', display_name: 'mock', created_at: '2026-01-01T00:00:00Z', created: 1, owned_by: 'mock' }, doo);
  if (r.method !== 'POST') { const [st, b] = errBody(dialect, 'not_found', {}, r.body); return sendJson(res, st, headers, b, doo); }
  if (r.body == null) { const [st, b] = errBody(dialect, 'invalid', {}, r.body); return sendJson(res, st, headers, b, doo); }
  if (/\/messages\/count_tokens$/.test(p)) return sendJson(res, 200, headers, { input_tokens: Math.ceil(r.bytes / 4) }, doo);
  let rep, stream = !!r.body.stream;
  if (dialect === 'anthropic') rep = anthropic(r.body, doo, r.bytes);
  else if (dialect === 'chat') rep = chat(r.body, doo, r.bytes);
  else if (dialect === 'responses') rep = responses(r.body, doo, r.bytes);
  else if (dialect === 'gemini') {
    const m = /\/models\/([^/]+):(\w+)$/.exec(p);
    if (m[2] === 'countTokens') return sendJson(res, 200, headers, { totalTokens: Math.ceil(r.bytes / 4) }, doo);
    rep = gemini(r.body, doo, r.bytes, m[1]); stream = m[2] === 'streamGenerateContent';
  } else { const [st, b] = errBody(dialect, 'not_found', {}, r.body); return sendJson(res, st, headers, b, doo); }
  if (doo.force_json) stream = false;
  if (doo.force_sse) stream = true;
  return stream ? sendSse(res, rep, headers, doo, dialect, r.body) : sendJson(res, doo.status ?? 200, headers, rep.json, doo);
}

function admin(req, res, body) {
  const u = new URL(req.url, 'http://x');
  const J = (o, st = 200) => { const b = JSON.stringify(o); res.writeHead(st, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(b) }); res.end(b); };
  let o = null;
  try { o = body.length ? JSON.parse(body) : null; } catch { return J({ error: 'bad json' }, 400); }
  switch (u.pathname.slice('/__mock/'.length)) {
    case 'health': return J({ ok: true, n: seq });
    case 'reset': reqs = []; rules = []; return J({ ok: true });
    case 'rules': if (req.method === 'POST') { rules = Array.isArray(o) ? o : o?.rules || []; rules.forEach((r, i) => { r.id ??= 'r' + i; }); } return J({ rules });
    case 'rules/add': rules.push(o); return J({ rules });
    case 'requests': {
      const since = +(u.searchParams.get('since') || 0), nb = u.searchParams.get('body') === '0';
      return J({ requests: reqs.filter((r) => r.n > since).map(({ raw, ...r }) => nb ? { ...r, body: undefined } : r) });
    }
    default: return J({ error: 'no such admin path' }, 404);
  }
}

const decode = (b, e) => { try { return e === 'gzip' ? zlib.gunzipSync(b) : e === 'br' ? zlib.brotliDecompressSync(b) : e === 'deflate' ? zlib.inflateSync(b) : e === 'zstd' && zlib.zstdDecompressSync ? zlib.zstdDecompressSync(b) : b; } catch { return b; } };
const server = http.createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 120000 }, (req, res) => {
  const chunks = [];
  req.on('data', (c) => chunks.push(c));
  req.on('error', () => {});
  res.on('error', () => {});
  req.on('end', async () => {
    let buf = Buffer.concat(chunks);
    if (req.url.startsWith('/__mock/')) return admin(req, res, buf.toString());
    const wire = buf.length;
    if (req.headers['content-encoding']) buf = decode(buf, req.headers['content-encoding']);
    const raw = buf.toString();
    let body = null;
    try { body = raw ? JSON.parse(raw) : null; } catch { body = null; }
    req.socket._nth = (req.socket._nth || 0) + 1;
    const r = { n: ++seq, t: Date.now() - t0, conn: req.socket._id, nth: req.socket._nth, http: req.httpVersion, method: req.method, url: req.url, path: req.url.split('?')[0].replace(/\/{2,}/g, '/'), headers: req.headers, rawHeaders: req.rawHeaders, bytes: buf.length, wire, body, raw };
    reqs.push(r);
    if (reqs.length > KEEP) reqs.shift();
    const start = Date.now();
    res.on('finish', () => { r.done_ms = Date.now() - start; });
    res.on('close', () => { if (r.done_ms == null) r.aborted_ms = Date.now() - start; r.status = res.statusCode; save(); });
    const save = () => { if (REC) { const { raw, ...o } = r; fs.writeFileSync(path.join(REC, String(r.n).padStart(4, '0') + '.json'), JSON.stringify(o)); } };
    save();
    try { await handle(r, req, res); } catch (e) { if (!QUIET) console.error('mock error', e); try { res.destroy(); } catch {} }
    if (!QUIET) console.error(`#${r.n} c${r.conn}/${r.nth} ${r.method} ${r.url} ${r.bytes}B model=${r.body?.model ?? '-'} rule=${r.rule ?? '-'} -> ${res.statusCode}`);
  });
});
server.on('connection', (s) => { s._id = ++connSeq; s.setNoDelay(true); s.on('error', () => {}); });
server.on('upgrade', (req, sock) => {
  const r = { n: ++seq, t: Date.now() - t0, conn: req.socket._id, nth: 1, http: req.httpVersion, method: req.method, url: req.url, path: req.url.split('?')[0], headers: req.headers, rawHeaders: req.rawHeaders, bytes: 0, body: null, upgrade: req.headers.upgrade, status: 404 };
  reqs.push(r);
  if (REC) fs.writeFileSync(path.join(REC, String(r.n).padStart(4, '0') + '.json'), JSON.stringify(r));
  if (!QUIET) console.error(`#${r.n} UPGRADE ${req.url}`);
  sock.on('error', () => {});
  sock.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
});
server.listen(PORT, HOST, () => console.log(`mock-upstream listening on http://${HOST}:${server.address().port}`));
for (const s of ['SIGTERM', 'SIGINT']) process.on(s, () => process.exit(0));
