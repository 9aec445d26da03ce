// SPDX-License-Identifier: MIT
// Shows the view that the address names, and keeps it up to date.
import { setKeyAsker } from './api.js';
import { mountCharts } from './charts.js';
import { h, show } from './dom.js';
import { askForKey } from './key.js';
import { showHelp, startKeyboard } from './keyboard.js';
import { live, startLive } from './live.js';
import { problem } from './parts.js';
import { parse, rememberPeriod } from './route.js';
import alarms from './view_alarms.js';
import conversation from './view_conversation.js';
import conversations from './view_conversations.js';
import exchange from './view_exchange.js';
import models from './view_models.js';
import overview from './view_overview.js';
import settings from './view_settings.js';

const VIEWS = { overview, conversations, conversation, exchange, models, alarms, settings };
const main = document.getElementById('main');
const THEMES = ['system', 'light', 'dark'];
const CONNECTIONS = { connecting: 'Connecting', live: 'Live', lost: 'Connection lost, trying again', paused: 'Paused' };
// The ledger follows a reply by a tenth of a second.
const LEDGER_LAG_MS = 250;

let route = null; // of what is shown or asked for
let data = null;
let error = null;
let answered = ''; // the address that `data` or `error` belongs to
let arriving = null; // what to do once the answer to a new address is shown
let loading = null; // AbortController
let seenSeq = null;
let refreshAt = 0;
let loadMs = 0;
let followedAt = 0;
let byLink = false;
let wasLost = false;
const scrolls = new Map();

// ---- showing

function paint() {
  const view = VIEWS[route.view];
  if (error) show(main, problem(error));
  else if (data) show(main, view.render(route, data, live));
  else show(main, h('p', { class: 'nothing loading', role: 'status' }, 'Loading'));
  main.setAttribute('aria-busy', String(loading !== null));
  main.dataset.shown = data || error ? answered : '';
  void mountCharts();
}

function paintFrame() {
  const view = VIEWS[route.view];
  const title = data && !error ? view.title(data) : route.view;
  document.title = `${title.charAt(0).toUpperCase()}${title.slice(1)} · sluice`;
  for (const a of document.querySelectorAll('nav [data-view]')) {
    const here = a.dataset.view === (view.nav ?? route.view);
    if (here) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  }
}

function paintConnection() {
  const element = document.getElementById('connection');
  const failing = live.state?.ledger?.state === 'failing';
  element.dataset.state = failing && live.connection === 'live' ? 'warn' : live.connection;
  show(
    element.querySelector('.text'),
    failing && live.connection === 'live' ? 'The ledger cannot be written' : CONNECTIONS[live.connection],
  );
}

// ---- loading

async function load(signal) {
  const begin = performance.now();
  const fresh = await VIEWS[route.view].load(route, signal);
  loadMs = performance.now() - begin;
  return fresh;
}

/** Asks again for what is shown; an answer that comes after something else was asked for is dropped. */
async function refresh() {
  const mine = new AbortController();
  loading?.abort();
  loading = mine;
  try {
    const fresh = await load(mine.signal);
    if (loading !== mine) return;
    data = fresh;
    error = null;
  } catch (e) {
    if (loading !== mine) return;
    // What is shown stays while the proxy cannot be reached; the connection's line tells.
    if (!data || e.status) error = e;
  }
  loading = null;
  answered = route.hash;
  paint();
  paintFrame();
  arriving?.();
  arriving = null;
}

/** The address has changed: another view, or the same with other choices. */
async function navigate() {
  const next = parse(location.hash);
  if (!Object.hasOwn(VIEWS, next.view)) {
    location.replace('#/overview');
    return;
  }
  const from = route,
    focused = document.activeElement;
  const same = from && from.view === next.view && from.id === next.id;
  if (from) scrolls.set(from.hash, scrollY);
  route = next;
  arriving = from ? () => arrive(next, from, same, focused) : null;
  if (next.query.period) rememberPeriod(next.period);
  if (same) {
    await refresh();
    return;
  }
  data = null;
  error = null;
  // Data comes within a blink; only when it does not is the old view taken away.
  const patience = setTimeout(() => {
    if (route === next && !data && !error) paint();
  }, 150);
  await refresh();
  clearTimeout(patience);
}

function arrive(next, from, same, focused) {
  const back = !byLink;
  byLink = false;
  if (same && (from.query.after === next.query.after || focused?.matches('input'))) return;
  document.getElementById('title')?.focus({ preventScroll: true });
  scrollTo({ top: back ? (scrolls.get(next.hash) ?? 0) : 0, behavior: 'instant' });
}

// ---- keeping up to date

/** Asks again, when that makes sense. */
async function followUp() {
  refreshAt = 0;
  if (document.hidden || document.querySelector('dialog[open]')) return;
  if (loading) {
    refreshAt = setTimeout(followUp, LEDGER_LAG_MS);
    return;
  }
  await refresh();
  followedAt = performance.now();
}

/** Requests have ended: asks again soon, but spends no more than a fifth of the time on asking. */
function follow() {
  const seq = live.state?.ended?.[0]?.seq ?? 0;
  const news = seenSeq !== null && seq !== seenSeq;
  seenSeq = seq;
  if (!news || !VIEWS[route.view].refresh || route.query.after || refreshAt) return;
  refreshAt = setTimeout(followUp, Math.max(LEDGER_LAG_MS, followedAt + loadMs * 4 - performance.now()));
}

function onLive() {
  paintConnection();
  if (!route || document.hidden) return;
  if (live.connection === 'lost') wasLost = true;
  if (live.connection === 'live' && wasLost) {
    wasLost = false;
    void refresh();
  }
  follow();
  if (VIEWS[route.view].live && data && !error) paint();
}

/** Times of open requests go on between two messages. */
function everySecond() {
  if (document.hidden || !data || error || !VIEWS[route.view].live || !(live.state?.open?.length > 0)) return;
  paint();
}

// ---- colours

function theme() {
  return document.documentElement.dataset.theme ?? 'system';
}

function paintTheme() {
  const name = theme();
  document.getElementById('theme-name').textContent = name.charAt(0).toUpperCase() + name.slice(1);
  document.getElementById('theme').setAttribute('aria-label', `Colours: ${name}`);
  void mountCharts(true);
}

function nextTheme() {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem('sluice-theme', next);
  } catch {
    // storage is switched off: for this page only
  }
  paintTheme();
}

// ---- start

setKeyAsker(askForKey);
live.listeners.add(onLive);
window.addEventListener('hashchange', navigate);
window.addEventListener('reroute', () => {
  // choices that need no new data
  const next = parse(location.hash);
  if (next.view !== route.view || next.id !== route.id) return; // on the way elsewhere already
  if (answered === route.hash) answered = next.hash;
  route = next;
  if (data) paint();
});
document.addEventListener('click', (event) => {
  if (event.target.closest('a[href^="#/"], tr.opens')) byLink = true;
});
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && route && VIEWS[route.view].refresh) void refresh();
});
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
document.getElementById('theme').addEventListener('click', nextTheme);
document.getElementById('help').addEventListener('click', showHelp);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', paintTheme);
startKeyboard(nextTheme);
setInterval(everySecond, 1000);
paintTheme();
void navigate().then(startLive);
