// SPDX-License-Identifier: MIT
// The event stream of the running proxy, by fetch(), since EventSource cannot send the key. Heals by itself; lets
// go of its connection while nobody looks, because a browser has only six for one server.
import { request } from './api.js';

const SILENCE_MS = 40000; // the proxy says something every 15 seconds
const HIDDEN_MS = 30000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

export const live = {
  state: null, // the latest
  clockSkewMs: 0, // the proxy's clock less ours
  connection: 'connecting', // or live, lost, paused
  listeners: new Set(),
};

let abort = null;
let failures = 0;
let retry = 0;
let silence = 0;
let hiding = 0;

function tell() {
  for (const fn of live.listeners) fn(live);
}

function set(connection) {
  if (live.connection === connection) return;
  live.connection = connection;
  tell();
}

function heard() {
  clearTimeout(silence);
  silence = setTimeout(() => abort?.abort(new Error('silence')), SILENCE_MS);
}

function take(event, data) {
  if (event !== 'state') return;
  live.state = JSON.parse(data);
  live.clockSkewMs = live.state.at_ms - Date.now();
  live.connection = 'live';
  failures = 0;
  tell();
}

/** Cuts the stream into events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
async function read(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '',
    event = '',
    data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    const lines = (rest + value).split(/\r\n|\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) take(event || 'message', data.join('\n'));
        event = '';
        data = [];
      } else if (line.startsWith('event:')) {
        event = line.slice(6).trim();
      } else if (line.startsWith('data:')) {
        data.push(line.slice(5).replace(/^ /, ''));
      }
    }
  }
}

async function run() {
  const mine = new AbortController();
  abort = mine;
  try {
    const response = await request('live', {}, mine.signal);
    heard();
    await read(response.body);
  } catch {
    // whatever it was: try again
  }
  if (abort !== mine) return;
  abort = null;
  clearTimeout(silence);
  if (document.hidden && live.connection === 'paused') return;
  set('lost');
  retry = setTimeout(run, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
}

function pause() {
  live.connection = 'paused';
  clearTimeout(retry);
  abort?.abort();
}

function onVisibility() {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = setTimeout(pause, HIDDEN_MS);
  } else if (live.connection === 'paused' || (live.connection === 'lost' && !abort)) {
    clearTimeout(retry);
    failures = 0;
    set('connecting');
    run();
  }
}

export function startLive() {
  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', onVisibility);
  run();
}
