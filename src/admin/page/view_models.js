// SPDX-License-Identifier: MIT
// Providers (health, quota, errors) and models (use and price).
import { get } from './api.js';
import { h, icon } from './dom.js';
import * as f from './format.js';
import { bar, heading, hitCell, panel, status, table, timeOf } from './parts.js';
import { link } from './route.js';
import * as words from './words.js';

const PAGE = 40;
const HEALTH = { ok: 'ok', failing: 'bad', unknown: 'idle' };

async function load(route, signal) {
  const used = get('groups', { by: 'model', period: route.period }, signal).catch((error) => {
    if (error.status === 404) return { groups: [] };
    throw error;
  });
  const [prices, groups, state] = await Promise.all([get('models', {}, signal), used, get('state', {}, signal)]);
  return { prices: prices.models, used: groups.groups, state };
}

function quotaRow(q, now) {
  const share = q.limit > 0 && q.remaining !== null ? q.remaining / q.limit : null;
  const reset = q.reset_ms > now ? `, anew in ${f.wait(q.reset_ms - now)}` : '';
  const amount = (n) => (n < 1e5 ? f.count(n) : f.tokens(n));
  const left = share === null ? amount(q.remaining) : `${amount(q.remaining)} of ${amount(q.limit)} left`;
  return h(
    'li',
    { 'data-key': q.name },
    h('span', { class: 'cause' }, words.errorName(q.name)),
    h('span', { class: 'amount' }, share === null ? '' : f.percent(share)),
    bar(share ?? 0, share !== null && share < 0.15 ? 'bad' : share !== null && share < 0.35 ? 'warn' : ''),
    h('span', { class: 'note' }, left + reset),
  );
}

function provider(p, now) {
  const errors = Object.entries(p.errors ?? {}).sort((a, b) => b[1] - a[1]);
  const failures = errors.reduce((sum, [, n]) => sum + n, 0);
  const facts = [p.dialect, { configured: 'key configured', client: "the client's key", none: 'no key' }[p.key]]
    .filter(Boolean)
    .join(' · ');
  return h(
    'section',
    { class: 'panel provider', 'data-key': p.name, 'aria-label': p.name },
    h(
      'div',
      { class: 'panel-head' },
      h('h2', null, p.name),
      status(HEALTH[p.health] ?? 'idle', words.healthName(p.health)),
    ),
    h('p', { class: 'note address' }, p.base_url),
    h('p', { class: 'note' }, facts),
    h(
      'dl',
      { class: 'facts' },
      h('div', null, h('dt', null, 'Requests'), h('dd', null, f.count(p.requests))),
      h('div', null, h('dt', null, 'Failed'), h('dd', null, f.count(failures))),
      h('div', null, h('dt', null, 'First token'), h('dd', null, f.duration(p.first_us_p50))),
    ),
    (p.quota ?? []).length > 0 &&
      h(
        'ul',
        { class: 'causes', 'aria-label': 'Quota' },
        p.quota.map((q) => quotaRow(q, now)),
      ),
    errors.length > 0 &&
      h(
        'ul',
        { class: 'errors', 'aria-label': 'Errors' },
        errors.map(([kind, n]) => h('li', null, words.errorName(kind), h('span', { class: 'amount' }, f.count(n)))),
      ),
    p.last_error &&
      h('p', { class: 'note last-error' }, p.last_error_ms ? [timeOf(p.last_error_ms), ': '] : '', p.last_error),
  );
}

function usedModels(route, data) {
  const digits = f.moneyDigits(data.used.map((m) => m.cost_nusd.total));
  return panel(
    'Used',
    { className: 'bare' },
    table(
      'Models that were used',
      [
        { name: 'Model', cell: (m) => m.name || m.model || 'unknown' },
        { name: 'Provider', className: 'spacious', cell: (m) => m.provider || '–' },
        { name: 'Requests', number: true, cell: (m) => f.count(m.exchanges) },
        { name: 'Failed', number: true, className: 'roomy', cell: (m) => (m.failed > 0 ? f.count(m.failed) : '–') },
        {
          name: 'Tokens',
          number: true,
          className: 'roomy',
          cell: (m) => f.tokens(f.promptTokens(m.tokens) + m.tokens.output),
        },
        { name: 'Hit rate', number: true, className: 'roomy', cell: (m) => hitCell(f.hitRate(m.tokens)) },
        {
          name: 'Spent',
          number: true,
          cell: (m) => f.money(m.unpriced === m.exchanges ? null : m.cost_nusd.total, digits),
        },
      ],
      data.used.slice(0, 100),
      { keyOf: (m) => `${m.provider}/${m.name}`, empty: 'No model was asked in this period.' },
    ),
  );
}

function prices(route, data) {
  const q = (route.query.q ?? '').toLowerCase();
  const rows = data.prices.filter((m) => `${m.model} ${m.provider ?? ''}`.toLowerCase().includes(q));
  const at = Math.max(0, Number.parseInt(route.query.from ?? '0', 10) || 0);
  const to = (from) => link('models', '', { ...route.query, from: from || '' });
  const find = h(
    'form',
    { class: 'search', role: 'search', on: { submit: (event) => event.preventDefault() } },
    h(
      'span',
      { class: 'field' },
      icon('search'),
      h('input', {
        type: 'search',
        id: 'search',
        'aria-label': 'Search prices',
        placeholder: 'Model or provider',
        value: route.query.q ?? '',
        autocomplete: 'off',
        spellcheck: 'false',
        on: {
          input: (event) => {
            history.replaceState(
              null,
              '',
              link('models', '', { ...route.query, q: event.currentTarget.value, from: '' }),
            );
            window.dispatchEvent(new CustomEvent('reroute'));
          },
        },
      }),
    ),
  );
  return panel(
    'Prices',
    { note: 'dollars a million tokens', aside: find, className: 'bare' },
    table(
      'Prices',
      [
        { name: 'Model', cell: (m) => m.model },
        { name: 'Provider', className: 'spacious', cell: (m) => m.provider || '–' },
        { name: 'Input', number: true, cell: (m) => f.price(m.input) },
        { name: 'Read', number: true, className: 'roomy', cell: (m) => f.price(m.cache_read) },
        { name: 'Write 5 m', number: true, className: 'roomy', cell: (m) => f.price(m.cache_write_5m) },
        { name: 'Write 1 h', number: true, className: 'roomy', cell: (m) => f.price(m.cache_write_1h) },
        { name: 'Output', number: true, cell: (m) => f.price(m.output) },
        { name: 'Context', number: true, className: 'spacious', cell: (m) => f.tokens(m.context_tokens) },
        { name: 'As of', className: 'spacious', cell: (m) => h('span', { title: m.source }, m.as_of ?? '–') },
      ],
      rows.slice(at, at + PAGE),
      { keyOf: (m) => `${m.provider}/${m.model}`, empty: 'No model fits.' },
    ),
    rows.length > PAGE &&
      h(
        'nav',
        { class: 'pager', 'aria-label': 'Pages' },
        at > 0 ? h('a', { href: to(Math.max(0, at - PAGE)) }, icon('back'), 'Before') : h('span'),
        h('span', { class: 'note' }, `${at + 1} to ${Math.min(at + PAGE, rows.length)} of ${f.count(rows.length)}`),
        at + PAGE < rows.length ? h('a', { href: to(at + PAGE) }, 'After', icon('next')) : h('span'),
      ),
  );
}

function render(route, data, live) {
  const state = live.state ?? data.state;
  const now = Date.now() + live.clockSkewMs;
  return [
    heading('Models and providers', { period: true, route }),
    state.providers.length > 0
      ? h(
          'div',
          { class: 'grid providers' },
          state.providers.map((p) => provider(p, now)),
        )
      : h('p', { class: 'nothing' }, 'No provider is configured.'),
    h('div', { class: 'grid one' }, usedModels(route, data), prices(route, data)),
  ];
}

export default { title: () => 'Models', load, render, live: true, refresh: true };
