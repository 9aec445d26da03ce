// SPDX-License-Identifier: MIT
// The four SDKs behind one face, so that a scenario is written once. A conversation is what the client would keep: what was said
// in the SDK's own objects, the model, system text, tools and wishes. `say` asks and gives { text, thinking, calls, stop, usage, native };
// what is native goes back into the conversation as it is, which is what programs do.
import Anthropic from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

const common = { maxRetries: 0, timeout: 60000 };
const words = (parts) => parts.map((p) => p ?? '').join('');
const dataUrl = (image) => `data:image/png;base64,${image}`;

// ---- Anthropic Messages

const anthropic = {
  name: 'anthropic',
  is: (e, status) => e.status === status && e instanceof (status >= 500 ? Anthropic.InternalServerError
    : { 400: Anthropic.BadRequestError, 401: Anthropic.AuthenticationError, 429: Anthropic.RateLimitError }[status]),
  overloaded: 529,
  isAbort: (e) => e instanceof Anthropic.APIUserAbortError,
  isContext: (e) => /^prompt is too long/.test(e.error?.error?.message) && e.error.error.type === 'invalid_request_error',
  retryAfter: (e) => e.headers.get('retry-after'),
  open: (url, key) => new Anthropic({ baseURL: url, apiKey: key, ...common }),

  user: (text, image) => ({ role: 'user', content: image
    ? [{ type: 'text', text }, { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }] : text }),
  results: (list) => [{ role: 'user', content: list.map(({ call, text }) => ({ type: 'tool_result', tool_use_id: call.id, content: text })) }],
  request: (c) => ({
    model: c.model, max_tokens: c.limit ?? 4000, messages: c.said,
    ...(c.system && { system: c.system }),
    ...(c.tools && { tools: c.tools.map((t) => ({ name: t.name, description: t.description, input_schema: t.schema })) }),
    ...(c.think && { thinking: { type: 'adaptive', display: 'summarized' } }),
    ...(c.schema && { output_config: { format: { type: 'json_schema', schema: c.schema } } }),
  }),

  async say(sdk, c, { stream, signal, onEvent }) {
    const q = this.request(c);
    if (!stream) return this.reply(await sdk.messages.create(q, { signal }));
    const s = sdk.messages.stream(q, { signal });
    s.on('streamEvent', (e) => { if (e.type === 'content_block_delta') onEvent?.(); });
    return this.reply(await s.finalMessage());
  },

  reply(m) {
    const of = (type) => m.content.filter((b) => b.type === type), u = m.usage;
    return {
      text: words(of('text').map((b) => b.text)), thinking: words(of('thinking').map((b) => b.thinking)),
      calls: of('tool_use').map((b) => ({ id: b.id, name: b.name, args: b.input })),
      stop: { end_turn: 'end', max_tokens: 'limit', tool_use: 'calls' }[m.stop_reason] ?? m.stop_reason,
      usage: {
        input: u.input_tokens + u.cache_read_input_tokens + u.cache_creation_input_tokens, output: u.output_tokens,
        read: u.cache_read_input_tokens, thinking: u.output_tokens_details?.thinking_tokens,
      },
      native: [{ role: 'assistant', content: m.content }],
    };
  },

  async models(sdk) {
    const names = [];
    for await (const m of sdk.models.list()) names.push(m.id);
    return names;
  },
  model: async (sdk, name) => (await sdk.models.retrieve(name)).id,
  async loop(sdk, c, stream, run) {
    const tools = c.tools.map((t) => ({ name: t.name, description: t.description, input_schema: t.schema, run: (args) => run(t.name, args) }));
    const runner = sdk.beta.messages.toolRunner({ ...this.request(c), tools, stream, ...(c.thread === false && { thread: false }) });
    if (!stream) return (await runner.runUntilDone()).content.at(-1).text;
    for await (const s of runner) await s.finalMessage();
    return (await runner.done()).content.at(-1).text;
  },
  async count(sdk, c) {
    const { max_tokens, ...q } = this.request(c);
    return (await sdk.messages.countTokens(q)).input_tokens;
  },
};

// ---- OpenAI, both APIs

const openai = {
  is: (e, status) => e.status === status && e instanceof (status >= 500 ? OpenAI.InternalServerError
    : { 400: OpenAI.BadRequestError, 401: OpenAI.AuthenticationError, 429: OpenAI.RateLimitError }[status]),
  overloaded: 503,
  isAbort: (e) => e instanceof OpenAI.APIUserAbortError,
  isContext: (e) => e.code === 'context_length_exceeded',
  retryAfter: (e) => e.headers.get('retry-after'),
  open: (url, key) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, ...common }),
  async models(sdk) {
    const names = [];
    for await (const m of sdk.models.list()) names.push(m.id);
    return names;
  },
  model: async (sdk, name) => (await sdk.models.retrieve(name)).id,
};

/** Puts together what the SDK's own helper does not know: reasoning in its two shapes, and what hangs on a call. */
function addReasoning(whole, delta) {
  if (delta.reasoning_content) whole.reasoning_content = (whole.reasoning_content ?? '') + delta.reasoning_content;
  for (const d of delta.reasoning_details ?? []) {
    const known = (whole.reasoning_details ??= []).find((w) => w.index === d.index && w.type === d.type);
    if (!known) whole.reasoning_details.push({ ...d });
    else for (const [k, v] of Object.entries(d)) if (v != null) known[k] = k === 'text' || k === 'summary' ? (known[k] ?? '') + v : v;
  }
  for (const t of delta.tool_calls ?? []) if (t.extra_content) (whole.extra ??= {})[t.index] = t.extra_content;
}

const chat = {
  ...openai,
  name: 'chat',
  user: (text, image) => ({ role: 'user', content: image
    ? [{ type: 'text', text }, { type: 'image_url', image_url: { url: dataUrl(image) } }] : text }),
  results: (list) => list.map(({ call, text }) => ({ role: 'tool', tool_call_id: call.id, content: text })),
  request: (c) => ({
    model: c.model, messages: [...(c.system ? [{ role: 'system', content: c.system }] : []), ...c.said],
    ...(c.limit && { [c.limitName ?? 'max_completion_tokens']: c.limit }),
    ...(c.tools && { tools: c.tools.map((t) => ({ type: 'function', function: { name: t.name, description: t.description, parameters: t.schema } })) }),
    ...(c.think && { reasoning_effort: 'high' }),
    ...(c.schema && { response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: c.schema } } }),
  }),

  async say(sdk, c, { stream, signal, onEvent }) {
    const q = this.request(c);
    if (!stream) return this.reply(await sdk.chat.completions.create(q, { signal }));
    const s = sdk.chat.completions.stream({ ...q, stream_options: { include_usage: true } }, { signal }), own = {};
    for await (const chunk of s) {
      if (chunk.choices[0]?.delta.content || chunk.choices[0]?.delta.reasoning_content) onEvent?.();
      for (const choice of chunk.choices) addReasoning(own, choice.delta);
    }
    const { extra, ...reasoning } = own, r = await s.finalChatCompletion(), m = r.choices[0].message;
    const tool_calls = m.tool_calls?.map(({ index, ...t }, i) => ({ ...t, ...(extra?.[i] && { extra_content: extra[i] }) }));
    return this.reply({ ...r, choices: [{ ...r.choices[0], message: { ...m, ...(tool_calls && { tool_calls }), ...reasoning } }] });
  },

  async loop(sdk, c, stream, run) {
    const tools = c.tools.map((t) => ({ type: 'function', function: {
      name: t.name, description: t.description, parameters: t.schema, parse: JSON.parse, function: (args) => run(t.name, args) } }));
    return sdk.chat.completions.runTools({ ...this.request(c), tools, stream }).finalContent();
  },

  reply(r) {
    const [{ message: m, finish_reason }] = r.choices, u = r.usage, { parsed, ...native } = m;
    return {
      text: m.content ?? '', thinking: m.reasoning_content ?? '',
      calls: (m.tool_calls ?? []).map((t) => ({ id: t.id, name: t.function.name, args: JSON.parse(t.function.arguments) })),
      stop: { stop: 'end', length: 'limit', tool_calls: 'calls' }[finish_reason] ?? finish_reason,
      usage: {
        input: u.prompt_tokens, output: u.completion_tokens, total: u.total_tokens,
        read: u.prompt_tokens_details?.cached_tokens ?? 0, thinking: u.completion_tokens_details?.reasoning_tokens,
      },
      native: [native],
    };
  },
};

const responses = {
  ...openai,
  name: 'responses',
  user: (text, image) => ({ role: 'user', content: image
    ? [{ type: 'input_text', text }, { type: 'input_image', detail: 'auto', image_url: dataUrl(image) }] : text }),
  results: (list) => list.map(({ call, text }) => ({ type: 'function_call_output', call_id: call.id, output: text })),
  request: (c) => ({
    model: c.model, input: c.said, store: false, include: ['reasoning.encrypted_content'],
    ...(c.system && { instructions: c.system }),
    ...(c.limit && { max_output_tokens: c.limit }),
    ...(c.tools && { tools: c.tools.map((t) => ({ type: 'function', strict: false, name: t.name, description: t.description, parameters: t.schema })) }),
    ...(c.think && { reasoning: { effort: 'high', summary: 'auto' } }),
    ...(c.schema && { text: { format: { type: 'json_schema', name: 'answer', strict: true, schema: c.schema } } }),
  }),

  async say(sdk, c, { stream, signal, onEvent }) {
    const q = this.request(c);
    if (!stream) return this.reply(await sdk.responses.create(q, { signal }));
    const s = sdk.responses.stream(q, { signal });
    for await (const e of s) if (/\.delta$/.test(e.type)) onEvent?.();
    return this.reply(await s.finalResponse());
  },

  reply(r) {
    if (r.status === 'failed') throw Object.assign(new Error(r.error.message), { code: r.error.code });
    const of = (type) => r.output.filter((i) => i.type === type), u = r.usage;
    const calls = of('function_call').map((i) => ({ id: i.call_id, name: i.name, args: JSON.parse(i.arguments) }));
    return {
      text: r.output_text, thinking: words(of('reasoning').flatMap((i) => i.summary.map((s) => s.text))), calls,
      stop: r.status === 'incomplete' ? (r.incomplete_details.reason === 'max_output_tokens' ? 'limit' : r.incomplete_details.reason)
        : calls.length ? 'calls' : 'end',
      usage: {
        input: u.input_tokens, output: u.output_tokens, total: u.total_tokens,
        read: u.input_tokens_details.cached_tokens, thinking: u.output_tokens_details.reasoning_tokens,
      },
      native: r.output.map(({ parsed_arguments, ...i }) => i.content ? { ...i, content: i.content.map(({ parsed, ...p }) => p) } : i),
    };
  },
};

// ---- Gemini

const gemini = {
  name: 'gemini',
  is: (e, status) => e instanceof ApiError && e.status === status,
  overloaded: 503,
  isAbort: (e) => e.name === 'AbortError' || /abort/i.test(e.message),
  isContext: (e) => /exceeds/.test(e.message) && /INVALID_ARGUMENT/.test(e.message),
  retryAfter: () => undefined, // the SDK keeps no headers of errors
  open: (url, key) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, timeout: 60000 } }),

  user: (text, image) => ({ role: 'user', parts: [{ text }, ...(image ? [{ inlineData: { mimeType: 'image/png', data: image } }] : [])] }),
  results: (list) => [{ role: 'user', parts: list.map(({ call, text }) => ({
    functionResponse: { ...(call.id && { id: call.id }), name: call.name, response: { output: text } } })) }],
  request: (c, abortSignal) => ({
    model: c.model, contents: c.said,
    config: {
      abortSignal, automaticFunctionCalling: { disable: true },
      ...(c.system && { systemInstruction: c.system }),
      ...(c.limit && { maxOutputTokens: c.limit }),
      ...(c.tools && { tools: [{ functionDeclarations: c.tools.map((t) => ({ name: t.name, description: t.description, parametersJsonSchema: t.schema })) }] }),
      ...(c.think && { thinkingConfig: { includeThoughts: true, thinkingLevel: 'HIGH' } }),
      ...(c.schema && { responseMimeType: 'application/json', responseJsonSchema: c.schema }),
    },
  }),

  async say(sdk, c, { stream, signal, onEvent }) {
    if (!stream) {
      const r = await sdk.models.generateContent(this.request(c, signal));
      return this.reply(r.candidates[0].content?.parts ?? [], r.candidates[0].finishReason, r.usageMetadata);
    }
    const parts = [];
    let finish, usage;
    for await (const r of await sdk.models.generateContentStream(this.request(c, signal))) {
      parts.push(...(r.candidates?.[0]?.content?.parts ?? []));
      finish = r.candidates?.[0]?.finishReason ?? finish;
      usage = r.usageMetadata ?? usage;
      onEvent?.();
    }
    return this.reply(parts, finish, usage);
  },

  async loop(sdk, c, stream, run) {
    const q = this.request(c), own = {
      tool: async () => q.config.tools[0],
      callTool: async (calls) => calls.map(({ id, name, args }) => ({ functionResponse: { id, name, response: { output: run(name, args) } } })),
    };
    const config = { ...q.config, tools: [own], automaticFunctionCalling: undefined }, asked = { ...q, config };
    if (!stream) return (await sdk.models.generateContent(asked)).text;
    let text = '';
    for await (const r of await sdk.models.generateContentStream(asked)) text += r.text ?? '';
    return text;
  },

  reply(parts, finish, u) {
    const calls = parts.filter((p) => p.functionCall).map(({ functionCall: f }) => ({ id: f.id, name: f.name, args: f.args ?? {} }));
    return {
      text: words(parts.filter((p) => !p.thought).map((p) => p.text)), thinking: words(parts.filter((p) => p.thought).map((p) => p.text)), calls,
      stop: { STOP: calls.length ? 'calls' : 'end', MAX_TOKENS: 'limit' }[finish] ?? finish,
      usage: {
        input: u.promptTokenCount, output: (u.candidatesTokenCount ?? 0) + (u.thoughtsTokenCount ?? 0), total: u.totalTokenCount,
        read: u.cachedContentTokenCount ?? 0, thinking: u.thoughtsTokenCount,
      },
      native: [{ role: 'model', parts }],
    };
  },

  async models(sdk) {
    const names = [];
    for await (const m of await sdk.models.list()) names.push(m.name.replace(/^models\//, ''));
    return names;
  },
  model: async (sdk, name) => (await sdk.models.get({ model: name })).name.replace(/^models\//, ''),
  count: async (sdk, c) => (await sdk.models.countTokens({ model: c.model, contents: c.said })).totalTokens,
};

export const CLIENTS = [anthropic, chat, responses, gemini];
