// SPDX-License-Identifier: MIT
// The provider simulator and a proxy in front of it whose name table reaches every kind of provider, for the checks of pairs. Started by
// the first check that needs them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { answers, eq, freePort, launch, ok, raw, until } from './harness.mjs';

export const FAKE = 'sk-fake-pairs';
const STRANGER = 'sk-fake-client';

/**
 * What stands behind the names. `says`: its thinking can be read; `proof`: how thinking comes back to it in a request;
 * `blind`: takes no images; `schema`: false, it knows none; `limitName`: how it calls the limit of output, where nothing
 * is translated; `loop`: whether the SDK's own loop of tools can be served.
 */
export const PROVIDERS = [
  { name: 'anthropic', dialect: 'anthropic', model: 'claude-opus-5-5', says: true, proof: /"type":"thinking","thinking":"which x/ },
  { name: 'deepseek-anthropic', dialect: 'anthropic', model: 'deepseek-v4-pro', door: '/anthropic', says: true, blind: true, schema: false,
    proof: /"type":"thinking","thinking":"which x/ },
  { name: 'chat', dialect: 'chat', flavor: 'openai', model: 'gpt-5.2', says: false, proof: null },
  { name: 'deepseek', dialect: 'chat', model: 'deepseek-v4-pro', says: true, blind: true, schema: false, limitName: 'max_tokens',
    proof: /"reasoning_content":"which x/, loop: (t) => !t.relayed /* it wants reasoning back, which OpenAI's SDK throws away */ },
  { name: 'responses', dialect: 'responses', flavor: 'openai', model: 'gpt-6-sol', says: true, proof: /"type":"reasoning".*"encrypted_content":"/ },
  { name: 'gemini', dialect: 'gemini', model: 'gemini-3.8-flash', says: true, proof: /"thoughtSignature":"(?!skip_)/,
    loop: (t) => !t.relayed || !t.stream /* the SDK sends a streamed turn in pieces, which the simulator does not take */ },
];

export const rig = { url: '', proxy: null, head: null };
let sim = '', starting = null, bills = 0;

const fetchAsIs = globalThis.fetch;

/** The SDKs have no common way to show the head of a reply: the proxy's last one is kept here. */
globalThis.fetch = async (...args) => {
  const r = await fetchAsIs(...args);
  if (r.headers.has('x-sluice-id')) rig.head = r.headers;
  return r;
};

async function bring() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-pairs-'));
  process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));
  const program = path.resolve(process.argv[2]), options = { cwd: home, env: { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8' } };
  const simulator = launch(path.join(path.dirname(program), 'sluice-sim'), ['--fast', '--listen', '127.0.0.1:0', '--key', FAKE], options);
  await until(() => /http:\/\/\S+/.test(simulator.said) || simulator.gone, 'the start of the simulator');
  sim = /http:\/\/\S+/.exec(simulator.said)?.[0];
  const port = await freePort(), config = path.join(home, 'config.json');
  const providers = Object.fromEntries(PROVIDERS.map((p) => [p.name, {
    base_url: sim + (p.door ?? ''), api_key: FAKE, ...(p.flavor && { dialect: p.dialect, flavor: p.flavor }) }]));
  const models = Object.fromEntries(PROVIDERS.map((p) => [`to-${p.name}`, `${p.name}/${p.model}`]));
  fs.writeFileSync(config, JSON.stringify({ listen: [`127.0.0.1:${port}`], providers, models, 'store.flush_s': 0.001 }), { mode: 0o600 });
  rig.proxy = launch(program, ['start', '--config', config], options);
  await until(() => rig.proxy.gone || answers(port), 'the start of the proxy');
  ok(!rig.proxy.gone, `the proxy does not start: ${rig.proxy.said}`);
  rig.url = `http://127.0.0.1:${port}`;
}

/** Starts both if need be; forgets scripts, faults, caches and the bill. */
export async function fresh() {
  await (starting ??= bring());
  await steer('reset', {});
  bills = 0;
}

export const open = (client) => client.open(rig.url, STRANGER);

/** Tells the simulator something, or asks. */
export async function steer(what, value) {
  const r = await raw(value === undefined ? 'GET' : 'POST', `${sim}/sim/${what}`, { body: value && JSON.stringify(value) });
  eq(r.status, 200, `/sim/${what}`);
  return JSON.parse(r.body);
}

/** The rows of the bill since the last look. */
export async function billed() {
  const { requests } = await steer(`bill?since=${bills + 1}`);
  bills = requests.at(-1)?.n ?? bills;
  return requests;
}

/** The body of the n-th request that the provider got. */
export const received = async (n) => (await raw('GET', `${sim}/sim/requests/${n}`)).body;

/** A row of the ledger, once it is there. */
export async function ledgered(id) {
  let rows = [];
  await until(async () => {
    const r = await raw('GET', `${rig.url}/history?id=${id}`);
    rows = r.status === 200 ? [JSON.parse(r.body)].flat() : [];
    return rows.length > 0;
  }, 'the row of the ledger', 10000);
  return rows[0];
}
