// SPDX-License-Identifier: MIT
// Starts the mock provider and the proxy in front of it, keeps the list of checks and runs them one by one.
// A check fails by throwing; it also fails when a behaviour that it injected into the mock never met a request.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const KEY = 'sk-ant-fake-e2e';
export const MODEL_A = 'claude-opus-5-5', MODEL_O = 'gpt-mock-1';
export const at = { proxy: '', mock: '' };

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
export const ok = (c, m) => { if (!c) throw new Error(m); };
export const eq = (a, b, m) => ok(a === b, `${m}: got ${JSON.stringify(a)?.slice(0, 200)}, want ${JSON.stringify(b)?.slice(0, 200)}`);

/** Waits until `ready()` is true; the check's own words say what did not come. */
export async function until(ready, what, ms = 60000) {
  const end = Date.now() + ms;
  for (;;) {
    if (await ready()) return;
    ok(Date.now() < end, `${what} did not happen within ${ms} ms`);
    await sleep(10);
  }
}

/** One HTTP exchange with nothing but Node in between; `complete` tells whether the reply ended as it should. */
export function raw(method, url, { headers = {}, body, timeout = 60000, onData } = {}) {
  return new Promise((resolve, reject) => {
    const pieces = [];
    let reply = null;
    const result = (more) => resolve({
      status: reply.statusCode, headers: reply.headers, body: Buffer.concat(pieces).toString(), ...more });
    const request = http.request(url, { method, headers, agent: false }, (r) => {
      reply = r;
      r.on('data', (c) => { pieces.push(c); onData?.(c, request); });
      r.on('end', () => result({ complete: r.complete }));
      r.on('error', (error) => result({ complete: false, error }));
    });
    request.setTimeout(timeout, () => request.destroy(new Error(`timeout after ${timeout} ms`)));
    request.on('error', (error) => (reply ? result({ complete: false, error }) : reject(error)));
    if (body != null) request.write(body);
    request.end();
  });
}

// ---- the mock's admin interface

async function admin(method, what, value) {
  const r = await raw(method, `${at.mock}/__mock/${what}`, {
    headers: { 'content-type': 'application/json' }, body: value === undefined ? undefined : JSON.stringify(value) });
  return JSON.parse(r.body);
}

const TURN = '/(messages|chat/completions|responses)(\\?|$)';
let mark = 0;

/** How the mock behaves from now on; each rule is for model turns unless it says otherwise. */
export const rules = (...list) =>
  admin('POST', 'rules', list.map((r) => ({ ...r, match: { method: 'POST', path_re: TURN, ...(r.match || {}) } })));

/** What the mock received during this check; `turns` only model turns. */
export const seen = async () => (await admin('GET', `requests?since=${mark}`)).requests;
export const turns = async () => (await seen()).filter((r) => new RegExp(TURN).test(r.url));

// ---- processes

const children = [];
process.on('exit', () => children.forEach((c) => c.kill('SIGKILL')));

export function launch(command, args, options) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  child.said = '';
  for (const s of [child.stdout, child.stderr]) s.on('data', (d) => { child.said += d; });
  child.ended = new Promise((r) => child.on('close', (code, signal) => { child.gone = true; r(code ?? signal); }));
  child.on('error', (e) => { child.said += e; child.gone = true; });
  children.push(child);
  return child;
}

export const freePort = () => new Promise((resolve) => {
  const s = net.createServer().listen(0, '127.0.0.1', () => { const { port } = s.address(); s.close(() => resolve(port)); });
});

export const answers = (port) => new Promise((resolve) => {
  const s = net.connect(port, '127.0.0.1', () => { s.destroy(); resolve(true); });
  s.on('error', () => resolve(false));
});

/** Starts both; returns the proxy's process. */
export async function start(program) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-e2e-'));
  process.on('exit', () => fs.rmSync(home, { recursive: true, force: true }));
  const mock = launch(process.execPath, [path.join(here, '../mock-upstream.mjs'), '--quiet']);
  await until(() => /http:\/\/\S+/.test(mock.said) || mock.gone, 'the start of the mock');
  at.mock = /http:\/\/\S+/.exec(mock.said)?.[0];
  const port = await freePort();
  const providers = Object.fromEntries(['anthropic', 'openai', 'gemini'].map((n) => [n, { base_url: at.mock }]));
  const config = path.join(home, 'config.json');
  fs.writeFileSync(config, JSON.stringify({ listen: [`127.0.0.1:${port}`], providers }), { mode: 0o600 });
  const proxy = launch(path.resolve(program), ['start', '--config', config], {
    cwd: home, env: { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8' } });
  await until(() => proxy.gone || answers(port), 'the start of the proxy');
  ok(!proxy.gone, `the proxy does not start: ${proxy.said}`);
  at.proxy = `http://127.0.0.1:${port}`;
  return { proxy, mock };
}

// ---- checks

const checks = [];
export const check = (name, fn) => checks.push([name, fn]);

/** Runs the checks whose name matches; a line each, last line "N passed, N failed". Returns the number of failures. */
export async function runChecks(only) {
  let passed = 0, failed = 0;
  for (const [name, fn] of checks.filter(([n]) => !only || only.test(n))) {
    await admin('POST', 'rules', []);
    mark = (await admin('GET', 'health')).n;
    const started = Date.now();
    try {
      await fn();
      const idle = (await admin('GET', 'rules')).rules.find((r) => !r.hits);
      ok(!idle, `the injected behaviour never met a request: ${JSON.stringify(idle?.do)}`);
      passed++;
      console.log(`ok      ${name}  (${Date.now() - started} ms)`);
    } catch (e) {
      failed++;
      console.log(`FAILED  ${name}  (${Date.now() - started} ms): ${String(e?.message ?? e).replace(/\s+/g, ' ').slice(0, 400)}`);
    }
  }
  return [passed, failed];
}
