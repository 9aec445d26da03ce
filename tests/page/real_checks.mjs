// SPDX-License-Identifier: MIT
// The page as the program serves it, with the simulator behind and a ledger of 100,000 rows. Times are told, not judged.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { addressOf, check, eq, freePort, go, home, notes, ok, open, painted, run, settled, until } from './harness.mjs';

const ROWS = 100000;
const KEY = 'key-for-the-tests';
const MODEL = 'claude-opus-5-5';
const EVIL = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>'];
const DENIED = /401 \(Unauthorized\)/;
let program = '',
  simulator = '',
  filler = '';
let turns = 0;
const at = {};

async function proxy(name, more = {}) {
  if (at[name]) return at[name];
  const folder = path.join(home, name);
  fs.mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'config.json');
  const listen = [`127.0.0.1:${await freePort()}`];
  fs.writeFileSync(
    config,
    JSON.stringify({
      listen,
      providers: { anthropic: { base_url: simulator } },
      store: { path: path.join(folder, 'ledger.db') },
      ...more,
    }),
    { mode: 0o600 },
  );
  const child = run(program, ['start', '--config', config], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' },
  });
  at[name] = await addressOf(child, 'the proxy');
  return at[name];
}

export async function startReal(sluice, sim, fill) {
  [program, filler] = [path.resolve(sluice), path.resolve(fill)];
  simulator = await addressOf(run(path.resolve(sim), ['--listen', '127.0.0.1:0', '--fast']), 'the simulator');
}

/** A proxy whose ledger has many rows. */
async function full() {
  const ledger = path.join(home, 'full', 'ledger.db');
  if (!at.full) {
    fs.mkdirSync(path.dirname(ledger), { recursive: true });
    const done = run(filler, [ledger, String(ROWS), String(Date.now() - 3000)]);
    eq(await done.ended, 0, `filling the ledger: ${done.said}`);
  }
  return proxy('full');
}

const ask = (origin, { model = MODEL, headers = {}, text = 'hello' } = {}) =>
  fetch(`${origin}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': 'any', 'anthropic-version': '2023-06-01', 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, max_tokens: 50, messages: [{ role: 'user', content: text }] }),
  }).then(async (r) => [r.status, await r.text()]);

/** Waits until so many requests are in the ledger, which follows the replies. */
const written = (origin, count) =>
  until(async () => {
    const r = await fetch(`${origin}/sluice/api/overview?period=all`);
    return r.ok && (await r.json()).totals.exchanges >= count;
  }, `writing ${count} rows`);

/** A reply as it came: fetch() would unpack it. */
function raw(url, headers = {}) {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers, agent: false }, (r) => {
        const pieces = [];
        r.on('data', (d) => pieces.push(d));
        r.on('end', () => resolve({ status: r.statusCode, headers: r.headers, body: Buffer.concat(pieces) }));
      })
      .on('error', reject);
  });
}

// ---- files

check('files.rules_for_the_browser', async () => {
  const origin = await proxy('plain');
  for (const name of ['', '/', '/main.js', '/style.css', '/chart.js']) {
    const { status, headers } = await raw(`${origin}/dashboard${name}`);
    eq(status, 200, name);
    const csp = headers['content-security-policy'] ?? '';
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      ok(csp.includes(rule), `${name} lacks ${rule}: ${csp}`);
    ok(!/unsafe|\*|https?:/.test(csp), `${name} allows too much: ${csp}`);
    eq(headers['x-content-type-options'], 'nosniff', name);
    eq(headers['referrer-policy'], 'no-referrer', name);
    eq(headers['cross-origin-resource-policy'], 'same-origin', name);
  }
});

check('files.packed_or_not', async () => {
  const origin = await proxy('plain');
  const plain = await raw(`${origin}/dashboard/chart.js`),
    packed = await raw(`${origin}/dashboard/chart.js`, { 'accept-encoding': 'br, gzip' });
  eq(plain.headers['content-encoding'], undefined, 'coding of what was not asked to be packed');
  eq(packed.headers['content-encoding'], 'gzip', 'coding');
  ok(packed.body.length < plain.body.length / 2, `${packed.body.length} of ${plain.body.length} bytes`);
  const { gunzipSync } = await import('node:zlib');
  ok(gunzipSync(packed.body).equals(plain.body), 'both are the same');
  const not = await raw(`${origin}/dashboard/chart.js`, { 'if-none-match': plain.headers.etag });
  eq(not.status, 304, 'what has not changed');
  eq(not.body.length, 0, 'body of a 304');
  eq((await raw(`${origin}/dashboard/chart.js`, { 'if-none-match': '"other"' })).status, 200, 'what has');
  eq((await raw(`${origin}/dashboard/none.js`)).status, 404, 'no such file');
  eq((await raw(`${origin}/dashboards`)).status === 200, false, 'another path');
  eq((await fetch(`${origin}/dashboard`, { method: 'POST' })).status, 405, 'POST');
});

check('files.all_that_are_named_are_there', async () => {
  const origin = await proxy('plain');
  const html = (await raw(`${origin}/dashboard`)).body.toString();
  const named = [...html.matchAll(/(?:href|src)="(\/dashboard\/[^"]+)"/g)].map((m) => m[1]);
  ok(named.length > 10, `${named.length} files are named`);
  for (const name of named) {
    const file = await raw(origin + name);
    eq(file.status, 200, name);
    for (const [, other] of file.body.toString().matchAll(/from '\.\/([\w.]+)'/g))
      eq((await raw(`${origin}/dashboard/${other}`)).status, 200, `${other}, which ${name} imports`);
  }
  ok(!/ style=| on\w+=|<script>/.test(html), 'inline code in the page');
});

check('files.other_hosts_are_refused', async () => {
  const origin = await proxy('plain');
  eq((await raw(`${origin}/dashboard`, { host: 'evil.example' })).status, 403, 'a rebound name');
  eq((await raw(`${origin}/sluice/api/overview`, { origin: 'https://evil.example' })).status, 403, 'another origin');
});

check('files.a_key_is_wanted_for_data_only', async () => {
  const origin = await proxy('keyed', { auth: { key: KEY } });
  eq((await raw(`${origin}/dashboard`)).status, 200, 'the page');
  for (const name of [
    'overview',
    'conversations',
    'alarms',
    'groups?by=model',
    'state',
    'live',
    'models',
    'settings',
  ]) {
    eq((await raw(`${origin}/sluice/api/${name}`)).status, 401, `${name} without the key`);
  }
  const page = await open(origin, '#/settings', { expected: DENIED });
  await page.locator('#key-input').fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByText('did not accept').waitFor();
  await page.locator('#key-input').fill(KEY);
  await page.keyboard.press('Enter');
  await page.locator('main tbody tr').first().waitFor();
  await page.locator('#connection[data-state=live]').waitFor();
  ok(!(await page.content()).includes(KEY), 'the key is on the page');
  await page.end();
});

// ---- from nothing to the first requests

check('first.steps_then_figures', async () => {
  const origin = await proxy(`first${(turns += 1)}`);
  const page = await open(origin, '#/overview', { expected: /404/ });
  await page.getByText('sluice run claude').waitFor();
  await page.locator('#connection[data-state=live]').waitFor();
  const begin = Date.now();
  eq((await ask(origin))[0], 200, 'a request through the proxy');
  await page.locator('.figure', { hasText: 'Requests' }).waitFor();
  notes.push(`the first request is on the page ${Date.now() - begin} ms after it was sent`);
  await page.locator('.feed a').first().click();
  await page.getByRole('heading', { name: 'Why this model' }).waitFor();
  ok((await page.locator('main').innerText()).includes(MODEL), 'the model is named');
  await page.locator('a.back').click();
  await page.getByRole('heading', { name: 'Requests' }).waitFor();
  await page.end();
});

check('first.markup_stays_text', async () => {
  const origin = await proxy('evil');
  for (const text of EVIL) {
    await ask(origin, { model: text, headers: { 'x-claude-code-session-id': text } });
    await ask(origin, { headers: { 'x-claude-code-session-id': text, 'x-sluice-project': text }, text });
  }
  await written(origin, 2 * EVIL.length);
  const page = await open(origin, '#/overview?period=all');
  let seen = '';
  const look = async (hash) => {
    await go(page, hash);
    await painted(page);
    eq(
      await page.evaluate(() => document.querySelectorAll('main script, main img, main [onerror]').length),
      0,
      `elements from data in ${hash}`,
    );
    eq(await page.locator('.notice[role=alert]').count(), 0, `problems in ${hash}`);
    seen += await page.locator('main').innerText();
  };
  for (const hash of [
    '#/overview?period=all',
    '#/conversations?period=all',
    '#/models?period=all',
    '#/alarms?period=all',
    '#/settings',
  ])
    await look(hash);
  await go(page, '#/conversations?period=all');
  await settled(page);
  const links = await page.locator('main tbody th a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  for (const hash of links) {
    await look(hash);
    const first = await page.locator('main .panel.bare tbody th a').first().getAttribute('href');
    await look(first);
  }
  for (const text of EVIL) ok(seen.includes(text), `${text} is not shown as it is`);
  await page.end();
});

// ---- many rows

check('many.every_view_loads', async () => {
  const origin = await full();
  const scout = await open(origin, '#/conversations?period=all');
  await settled(scout);
  const conversation = await scout.locator('main tbody th a').first().getAttribute('href');
  await go(scout, conversation);
  await settled(scout);
  const exchange = await scout.locator('main .panel.bare tbody th a').first().getAttribute('href');
  await scout.end();
  const hashes = [
    '#/overview?period=24h',
    '#/overview?period=30d',
    '#/overview?period=all',
    '#/conversations?period=24h',
    '#/conversations?period=all',
    '#/conversations?period=all&q=light',
    conversation,
    exchange,
    '#/models?period=all',
    '#/alarms?period=all',
    '#/settings',
  ];
  for (const hash of hashes) {
    const page = await open(origin, hash, { measured: true });
    await painted(page);
    const ms = await page.evaluate(() => Math.round(performance.now()));
    const busy = await page.busyMs();
    eq(await page.locator('.notice[role=alert]').count(), 0, `problems in ${hash}`);
    ok((await page.locator('main tbody tr').count()) <= 260, `${hash} shows too many rows at once`);
    notes.push(
      `${String(ms).padStart(5)} ms  ${hash.replace(/\/(c|x)[0-9a-f]{6,}.*/, '/…')}, ${ROWS} rows, from an empty cache to painted; ` +
        `${busy} ms of processor time in the page`,
    );
    await page.end();
  }
});

check('many.a_decision_is_shown', async () => {
  const origin = await full();
  const list = async (what) => (await fetch(`${origin}/sluice/api/${what}`)).json();
  const { conversations } = await list('conversations?period=all&limit=100');
  const { id } = conversations.find((c) => c.kind === 'subagent');
  const { exchanges } = await list(`conversation?id=${id}&limit=1`);
  eq(exchanges[0].decision, undefined, 'in a list');
  const page = await open(origin, `#/exchange/${exchanges[0].id}`);
  await page.getByRole('heading', { name: 'Considered' }).waitFor();
  const text = await page.locator('section.panel', { hasText: 'Considered' }).innerText();
  for (const part of ['claude-haiku-5-5', 'Chosen', 'Asked', '$0.0260', '$0.4150', 'Over 9 turns'])
    ok(text.includes(part), `${part} in ${text}`);
  await page.end();
});

check('many.totals_are_those_of_the_ledger', async () => {
  const origin = await full();
  const all = await (await fetch(`${origin}/sluice/api/overview?period=all`)).json();
  const page = await open(origin, '#/overview?period=all');
  const figure = page.locator('.figure', { hasText: 'Requests' }).locator('dd').first();
  await figure.waitFor();
  eq(await figure.textContent(), all.totals.exchanges.toLocaleString('en-US'), 'requests');
  ok(all.totals.exchanges >= ROWS, `${all.totals.exchanges} rows`);
  eq(
    all.series.reduce((sum, s) => sum + s.cost_nusd.total, 0),
    all.totals.cost_nusd.total,
    'the steps add up',
  );
  eq(
    all.models.reduce((sum, m) => sum + m.cost_nusd.total, 0),
    all.totals.cost_nusd.total,
    'the models add up',
  );
  await page.end();
});

check('many.live_figures_arrive', async () => {
  const origin = await full();
  for (const hash of ['#/overview?period=24h', '#/overview?period=all']) {
    const page = await open(origin, hash);
    const figure = page.locator('.figure', { hasText: 'Requests' }).locator('dd').first();
    await settled(page);
    await page.locator('#connection[data-state=live]').waitFor();
    const before = Number((await figure.textContent()).replace(/\D/g, ''));
    eq((await ask(origin))[0], 200, 'a request through the proxy');
    const begin = Date.now();
    await page.locator('.feed li').first().waitFor();
    const fed = Date.now() - begin;
    await until(async () => Number((await figure.textContent()).replace(/\D/g, '')) === before + 1, 'one more request');
    notes.push(
      `live in ${hash} with ${ROWS} rows: in the feed ${fed} ms, in the totals ${Date.now() - begin} ms after the reply`,
    );
    await page.end();
  }
});
