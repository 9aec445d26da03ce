// SPDX-License-Identifier: MIT
// Starts what the page is tested against, watches every page for what must not happen, and runs the checks one by one.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';

export const here = path.dirname(fileURLToPath(import.meta.url));
export const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-page-'));
export const VIEWS = ['overview', 'conversations', 'models', 'alarms', 'settings'];
export const LIMIT_MS = 60000; // the machine may be slow and busy: nothing is judged by how soon it comes
export const notes = []; // figures to be told, not judged
// For looking at what fails now and then: THROTTLE=20 slows every page down, REPEAT=60 runs each check so often, TIMES=1
// tells how long each one took.
const THROTTLE = Number(process.env.THROTTLE ?? 1);
const REPEAT = Number(process.env.REPEAT ?? 1);
const children = [];
let browser = null;

process.on('exit', () => {
  for (const c of children) c.kill('SIGKILL');
  fs.rmSync(home, { recursive: true, force: true });
});

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
export const ok = (c, m) => {
  if (!c) throw new Error(m);
};
export const eq = (a, b, m) =>
  ok(Object.is(a, b), `${m}: got ${JSON.stringify(a)?.slice(0, 300)}, want ${JSON.stringify(b)?.slice(0, 300)}`);

/** Waits until `ready()` is true. */
export async function until(ready, what, ms = LIMIT_MS) {
  const end = Date.now() + ms;
  while (!(await ready())) {
    ok(Date.now() < end, `${what} did not happen within ${ms} ms`);
    await sleep(20);
  }
}

/** A process; `said` is what it has written. */
export function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.said = '';
  for (const s of [child.stdout, child.stderr])
    s.on('data', (d) => {
      child.said += d;
    });
  child.ended = new Promise((r) =>
    child.on('close', (code, signal) => {
      child.gone = true;
      r(code ?? signal);
    }),
  );
  child.on('error', (e) => {
    child.said += e;
    child.gone = true;
  });
  children.push(child);
  return child;
}

export async function addressOf(child, what) {
  await until(() => /http:\/\/\S+/.test(child.said) || child.gone, `the start of ${what}`);
  ok(!child.gone, `${what} does not start: ${child.said}`);
  return /http:\/\/[^\s,]+/.exec(child.said)[0];
}

export const freePort = () =>
  new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });

// ---- pages

/** What a page did that no page may do. */
function watch(page, origin) {
  const wrong = [];
  page.on('pageerror', (e) => wrong.push(`error: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') wrong.push(`console: ${m.text()}`);
  });
  page.on('dialog', (d) => {
    wrong.push(`dialog: ${d.message()}`);
    d.dismiss();
  });
  page.on('request', (r) => {
    if (!r.url().startsWith(`${origin}/`) && !r.url().startsWith('data:')) wrong.push(`request to ${r.url()}`);
  });
  return wrong;
}

/** Processor time of a page's main thread from now on: what a time is made of when other programs run, too. */
async function measure(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  page.busyMs = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return Math.round(metrics.find((m) => m.name === 'TaskDuration').value * 1000);
  };
}

/** Makes a page as slow as it is on a machine that much slower. */
async function throttle(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE });
}

/** A page in a context of its own. `expected` are the console's words for what a check brings about. */
export async function open(origin, hash, { expected = null, measured = false, ...options } = {}) {
  browser ??= await launch();
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = watch(page, origin);
  page.setDefaultTimeout(LIMIT_MS);
  if (measured) await measure(page);
  if (THROTTLE > 1) await throttle(page);
  await page.goto(`${origin}/dashboard${hash}`);
  page.end = async () => {
    await context.close();
    const left = wrong.filter((w) => !expected?.test(w));
    eq(left.length, 0, `the page complained: ${left.join(' | ')}`);
  };
  return page;
}

/** Waits until a view of that title is there with its data. */
export const shown = (page, title) => page.locator('h1', { hasText: title }).waitFor();

/** Waits until what the address names is there with its data; until then the view before it may still be shown. Focus
 * has been set by then, too. */
export const settled = (page, start = '') =>
  until(
    () =>
      page.evaluate(
        (s) => location.hash.startsWith(s) && document.getElementById('main').dataset.shown === location.hash,
        start,
      ),
    `the view ${start}`,
  );

/** Waits until it is painted, charts and all. */
export async function painted(page) {
  await settled(page);
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.chart')].every((c) => c.drawnSpec && c.drawnSpec.key === c.spec.key),
  );
  await frames(page);
}

/** Two frames: what an event brings about without asking the proxy has happened by then. */
export const frames = (page) =>
  page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(null)))));

export const go = (page, hash) =>
  page.evaluate((h) => {
    location.hash = h;
  }, hash);

// ---- checks

const checks = [];
export const check = (name, fn) => checks.push([name, fn]);

/** Runs one check; tells why it failed. */
async function passes(name, fn) {
  const begin = Date.now();
  try {
    await fn();
    return true;
  } catch (e) {
    console.log(`FAILED ${name}: ${e.message}`);
    for (const context of browser?.contexts() ?? []) await context.close();
    return false;
  } finally {
    if (process.env.TIMES) console.log(`${String(Date.now() - begin).padStart(6)} ms  ${name}`);
  }
}

/** Runs the checks whose name matches; returns how many passed and failed. */
export async function runChecks(only) {
  let passed = 0,
    failed = 0;
  for (const [name, fn] of checks.filter(([name]) => !only || only.test(name))) {
    for (let i = 0; i < REPEAT; i += 1) {
      if (await passes(name, fn)) passed += 1;
      else failed += 1;
    }
  }
  await browser?.close();
  return [passed, failed];
}
