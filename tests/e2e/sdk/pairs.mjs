// SPDX-License-Identifier: MIT
// Every SDK in front of every kind of provider, which the simulator plays: each scenario is written once and run for all pairs, and
// where it makes a difference in one piece and as a stream. What a request cost must be the same for the client, the ledger and
// the bill.
import { check, eq, ok, until } from './harness.mjs';
import { CLIENTS } from './clients.mjs';
import { FAKE, PROVIDERS, billed, fresh, ledgered, open, received, rig, steer } from './rig.mjs';

const WAYS = [['whole', false], ['stream', true]];
const TEXT = 'grün 🙂 終, "quoted" \\ and\ta tab\n'.repeat(20);
const THOUGHT = { type: 'thinking', thinking: 'which x? 終' };
const ARGS = { a: 'ü1 "q"\n', n: 1.5, deep: { list: [1, { b: true }, 'ß'] } };
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const TOOLS = [
  { name: 'get_x', description: 'finds x', schema: { type: 'object', properties: {
    a: { type: 'string' }, n: { type: 'number' }, deep: { type: 'object', properties: { list: { type: 'array', items: {} } } } }, required: ['a'] } },
  { name: 'get_y', description: 'finds y', schema: { type: 'object', properties: {} } }];
const SCHEMA = { type: 'object', additionalProperties: false, required: ['city', 'size'], properties: {
  city: { type: 'string' }, size: { type: 'integer' } } };

/** One conversation of a client with a provider. */
class Talk {
  constructor(client, provider, stream) {
    Object.assign(this, { client, provider, stream, sdk: open(client) });
    this.c = { model: `to-${provider.name}`, said: [], limitName: this.relayed ? provider.limitName : undefined };
  }

  /** Whether provider and client speak the same API, so that nothing is translated. */
  get relayed() { return this.client.name === this.provider.dialect; }

  user(text, image) { this.c.said.push(this.client.user(text, image)); return this; }
  results(calls, text) { this.c.said.push(...this.client.results(calls.map((call) => ({ call, text: `${text} ${call.name}` })))); return this; }

  /** Asks, and keeps the answer, after the figures of all three were compared. */
  async ask(o = {}) {
    const r = await this.client.say(this.sdk, this.c, { stream: this.stream, ...o });
    this.c.said.push(...r.native);
    await this.compare(r.usage);
    return r;
  }

  /** Asks in vain; gives the error. */
  async fail(o = {}) {
    try { await this.client.say(this.sdk, this.c, { stream: this.stream, ...o }); } catch (e) { return e; }
    throw new Error('no error');
  }

  async compare(usage) {
    const rows = await billed(), [{ n, tokens: t, nano_usd: cost }] = rows;
    eq(rows.length, 1, 'requests to the provider');
    this.n = n;
    const input = t.input + t.cache_read + t.cache_write_5m + t.cache_write_1h;
    eq(usage.input, input, 'input tokens of client and bill');
    eq(usage.output, t.output, 'output tokens of client and bill');
    eq(usage.read, t.cache_read, 'cached tokens of client and bill');
    eq(usage.thinking ?? t.thinking, t.thinking, 'thinking tokens of client and bill');
    eq(usage.total ?? input + t.output, input + t.output, 'total of tokens');
    const row = await ledgered(rig.head.get('x-sluice-id'));
    for (const kind of ['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output'])
      eq(row.tokens[kind] ?? 0, t[kind], `tokens of ledger and bill: ${kind}`);
    eq(row.cost_nano_usd.total, cost.total, 'cost in ledger and bill');
    eq(`${row.provider}/${row.model}`, `${this.provider.name}/${this.provider.model}`, 'who answered');
    eq(`${rig.head.get('x-sluice-provider')}/${rig.head.get('x-sluice-model')}`, `${row.provider}/${row.model}`, 'who answered, by the head');
  }

  /** What the provider got the last time. */
  received() { return received(this.n); }
}

// ---- scenarios: what happens in one conversation

const scenarios = {
  async text(t) {
    await steer('script', [{ text: TEXT }, { text: 'again' }]);
    t.c.system = 'Speak in riddles: ü.';
    let pieces = 0;
    const r = await t.user('What is 終?').ask({ onEvent: () => { pieces++; } });
    eq(r.text, TEXT, 'text');
    if (t.stream) ok(pieces >= 2, `pieces ${pieces}`);
    eq(r.stop, 'end', 'stop');
    const body = await t.received();
    ok(body.includes('Speak in riddles: ü.') && body.includes('What is 終?'), 'system or text lost');
    eq((await t.user('and?').ask()).text, 'again', 'second text');
    ok((await t.received()).includes('grün 🙂'), 'the answer is lost from the history');
  },

  async tools(t) {
    const call = (name, input) => ({ type: 'tool_use', name, input });
    await steer('script', [
      { content: [THOUGHT, { type: 'text', text: 'Let me see.' }, call('get_x', ARGS), call('get_y', {}), call('get_x', { a: '2' })] },
      { content: [THOUGHT, call('get_y', {})] }, { content: [{ type: 'text', text: 'done' }] }, { text: 'again' }]);
    Object.assign(t.c, { system: 'Use tools.', tools: TOOLS, think: true });
    const first = await t.user('go').ask();
    eq(first.stop, 'calls', 'stop');
    eq(JSON.stringify(first.calls.map((c) => [c.name, c.args])), JSON.stringify([['get_x', ARGS], ['get_y', {}], ['get_x', { a: '2' }]]), 'calls');
    eq(new Set(first.calls.map((c) => c.id)).size, 3, 'different ids');
    if (t.provider.says) eq(first.thinking, THOUGHT.thinking, 'thinking');

    const second = await t.results(first.calls, 'ergebnis ü').ask(), body = await t.received();
    eq(second.calls.length, 1, 'calls of the second step');
    ok(body.match(/ergebnis ü get_[xy]/g)?.length === 3 && body.includes('Let me see.'), 'results or text lost');
    if (t.provider.proof) ok(t.provider.proof.test(body), 'thinking did not come back');
    else ok(!/reasoning_content|reasoning_details|slsig1/.test(body), 'thinking came back to who does not want it');

    eq((await t.results(second.calls, 'zweites').ask()).text, 'done', 'text');
    eq((await t.user('and?').ask()).text, 'again', 'text of the next turn');
  },

  async thinking(t) {
    await steer('script', [{ content: [{ ...THOUGHT, tokens: 50 }, { type: 'text', text: 'a' }] }, { content: [THOUGHT, { type: 'text', text: 'b' }] }, { text: 'c' }]);
    t.c.think = true;
    const first = await t.user('think').ask();
    eq(first.text, 'a', 'text');
    eq(first.thinking, t.provider.says ? THOUGHT.thinking : '', 'thinking');
    ok(first.usage.thinking === undefined || first.usage.thinking === 50, `thinking tokens ${first.usage.thinking}`);
    eq((await t.user('more').ask()).text, 'b', 'second text');
    eq((await t.user('more').ask()).text, 'c', 'third text');
  },

  async image(t) {
    t.user('What is this?', PNG);
    if (t.provider.blind && !(t.relayed && t.provider.dialect === 'anthropic')) {
      const e = await t.fail();
      ok(t.client.is(e, 400) && /image/i.test(e.message), `an image to a blind model: ${e.constructor.name} ${e.message}`);
      return;
    }
    await t.ask();
    ok((await t.received()).includes(PNG), 'the image is lost');
  },

  async schema(t) {
    t.c.schema = SCHEMA;
    if (t.provider.schema === false) await steer('script', { text: '{"city":"Köln","size":3}' });
    if (t.provider.name === 'deepseek' && t.relayed) {
      ok(t.client.is(await t.user('a city').fail(), 400), 'a schema to who has none, in its own dialect');
      return;
    }
    const answer = JSON.parse((await t.user('a city').ask()).text);
    ok(typeof answer.city === 'string' && Number.isInteger(answer.size), `not by the schema: ${JSON.stringify(answer)}`);
    ok((await t.received()).includes('additionalProperties'), 'the schema is lost');
  },

  /** The SDK's own loop calls the tools and keeps the history. */
  async loop(t) {
    if (!t.client.loop || t.provider.loop?.(t) === false) return;
    const call = (name, input) => ({ type: 'tool_use', name, input });
    await steer('script', [{ content: [THOUGHT, call('get_x', ARGS), call('get_y', {})] }, { content: [THOUGHT, call('get_x', { a: '2' })] }, { text: 'done' }]);
    /* Threads, which are kept by the provider, are not simulated. Where they cannot be had the SDK must find out and send everything. */
    Object.assign(t.c, { tools: TOOLS, think: true, thread: t.relayed ? false : undefined });
    const called = [];
    t.user('go');
    const text = await t.client.loop(t.sdk, t.c, t.stream, (name, args) => { called.push([name, args]); return `ergebnis ${called.length}`; });
    eq(JSON.stringify(called), JSON.stringify([['get_x', ARGS], ['get_y', {}], ['get_x', { a: '2' }]]), 'calls');
    eq(text, 'done', 'text');
    const rows = await billed(), body = await received(rows[2].n);
    eq(rows.length, 3, 'requests to the provider');
    ok(['ergebnis 1', 'ergebnis 2', 'ergebnis 3'].every((s) => body.includes(s)), 'results lost');
  },

  async limit(t) {
    await steer('script', { text: 'word '.repeat(300) });
    t.c.limit = 40;
    const r = await t.user('long').ask();
    eq(r.stop, 'limit', 'stop');
    eq(r.usage.output, 40, 'output tokens');
    ok(r.text.startsWith('word word'), 'text');
  },
};

// ---- scenarios in which something goes wrong, or that are for whole and stream at once

const single = {
  async cache(t) {
    t.c.system = 'rule '.repeat(6000);
    await t.user('one').ask();
    const r = await t.user('two').ask();
    if (t.provider.name !== 'anthropic') ok(r.usage.read > 5000, `read ${r.usage.read}`);
  },

  async errors(t) {
    t.user('x');
    for (const [status, fault] of [[429, { status: 429, headers: { 'retry-after': '7' } }], [401, { status: 401 }], [500, { status: 500 }],
      [t.relayed ? 529 : t.client.overloaded, { status: 529 }]])
      for (t.stream of [false, true]) {
        await steer('faults', fault);
        const e = await t.fail();
        ok(t.client.is(e, status) && e.message.includes('simulated failure'), `${status} became ${e.constructor.name} ${e.status} ${e.message}`);
        if (status === 429) eq(t.client.retryAfter(e) ?? '7', '7', 'retry-after');
      }
    eq((await billed()).length, 8, 'requests to the provider');
  },

  async context(t) {
    const e = await t.user('w '.repeat(1_060_000)).fail();
    ok(t.client.is(e, 400) && (t.relayed ? /too long|maximum|exceeds/.test(e.message) : t.client.isContext(e)), `${e.constructor.name} ${e.status} ${e.code} ${e.message.slice(0, 200)}`);
  },

  async broken(t) {
    t.user('x');
    t.stream = true;
    for (const fault of [{ cut_after: 2500 }, { reset_after: 2500 }, { garbage_after: 2500 }, { error: 'overloaded_error', error_after: 2500 }]) {
      await steer('script', { text: 'many words '.repeat(1000) });
      await steer('faults', fault);
      let n = 0;
      const e = await t.fail({ onEvent: () => { n++; } });
      ok(n > 0 && e instanceof Error, `${JSON.stringify(fault)}: ${n} events, ${e}`);
    }
  },

  async abort(t) {
    t.user('x');
    for (t.stream of [false, true]) {
      const stop = new AbortController();
      await steer('script', { text: 'many words '.repeat(1000) });
      await steer('faults', t.stream ? { stall_after: 2500 } : { delay_ms: 60000 });
      const failed = t.fail({ signal: stop.signal, onEvent: () => stop.abort() });
      if (!t.stream) {
        await until(async () => (await steer('bill')).requests.length === 1, 'the arrival of the request');
        stop.abort();
      }
      const e = await failed;
      ok(t.client.isAbort(e), `${e.constructor.name} ${e.message}`);
      await until(async () => (await steer('bill')).requests.at(-1).outcome === 'gone', 'the end of the request to the provider', 10000);
    }
  },

  async count(t) {
    t.user('How many tokens are these words? '.repeat(50));
    if (!t.client.count) return;
    const n = await t.client.count(t.sdk, t.c);
    eq((await billed()).length, 0, 'what is billed for counting');
    if (t.relayed) eq(n, (await t.ask()).usage.input, 'tokens counted and used');
    else ok(n > 300 && n < 600, `tokens ${n}`);
  },
};

const add = (name, provider, client, scenario, stream) => check(name, async () => {
  await fresh();
  await scenario(new Talk(client, provider, stream));
});

for (const client of CLIENTS)
  for (const provider of PROVIDERS) {
    const pair = `pair.${client.name}.${provider.name}`;
    for (const [name, scenario] of Object.entries(scenarios))
      for (const [way, stream] of WAYS) add(`${pair}.${name}.${way}`, provider, client, scenario, stream);
    for (const [name, scenario] of Object.entries(single)) add(`${pair}.${name}`, provider, client, scenario, false);
  }

for (const client of CLIENTS)
  check(`pair.${client.name}.models`, async () => {
    await fresh();
    const sdk = open(client), names = await client.models(sdk);
    for (const p of PROVIDERS) ok(names.includes(`to-${p.name}`), `${p.name} is not listed: ${names}`);
    eq(await client.model(sdk, 'to-gemini'), 'to-gemini', 'one model');
  });

check('pair.no_key_in_the_log', async () => eq(rig.proxy.said.includes(FAKE), false, 'a key in the log'));
