// SPDX-License-Identifier: MIT
// The overview: what was spent, saved and lost, by which models, and what happens now.
import { get } from './api.js';
import { chart, prepareCharts } from './charts.js';
import { h } from './dom.js';
import * as f from './format.js';
import { bar, causes, figures, heading, hitCell, panel, status, table, welcome } from './parts.js';
import { link } from './route.js';
import * as words from './words.js';

const NOW_ROWS = 9;
const MODELS_SHOWN = 12;
const DAY_MS = 86400000;
const DAYS_SHOWN = 8;

async function load(route, signal) {
  prepareCharts();
  try {
    const data = await get('overview', { period: route.period }, signal);
    if (data.totals.exchanges === 0 && route.period !== 'all') {
      data.ever = (await get('overview', { period: 'all' }, signal)).totals.exchanges;
    }
    return data;
  } catch (error) {
    if (error.status === 404) return { none: error.message };
    throw error;
  }
}

// ---- the chart

const partSeries = (steps, of) => [
  { name: 'Cache reads', colour: 'part-read', values: steps.map((s) => of(s, 'cache_read')) },
  {
    name: 'Cache writes',
    colour: 'part-write',
    values: steps.map((s) => of(s, 'cache_write_5m') + of(s, 'cache_write_1h')),
  },
  { name: 'Input', colour: 'part-input', values: steps.map((s) => of(s, 'input')) },
  { name: 'Output', colour: 'part-output', values: steps.map((s) => of(s, 'output')) },
];

const CHARTS = {
  spend: {
    name: 'Spend',
    type: 'bar',
    format: (v, axis) => (axis ? f.onAxis(f.money(v)) : f.money(v, 4)),
    series: (steps) => partSeries(steps, (s, part) => s?.cost_nusd?.[part] ?? 0),
    footer: (s) => (s ? `Spent  ${f.money(s.cost_nusd.total)}` : ''),
  },
  tokens: {
    name: 'Tokens',
    type: 'bar',
    format: (v, axis) => (axis ? f.onAxis(f.tokens(v)) : f.tokens(v)),
    series: (steps) => partSeries(steps, (s, part) => s?.tokens?.[part] ?? 0),
    footer: (s) => (s ? `All  ${f.tokens(f.promptTokens(s.tokens) + s.tokens.output)}` : ''),
  },
  hits: {
    name: 'Hit rate',
    type: 'line',
    max: 1,
    format: (v, axis) => (axis ? `${Math.round(v * 100)} %` : f.percent(v)),
    series: (steps) => [
      { name: 'Hit rate', colour: 'accent', values: steps.map((s) => (s ? f.hitRate(s.tokens) : null)) },
    ],
  },
  requests: {
    name: 'Requests',
    type: 'bar',
    format: (v) => f.count(v),
    series: (steps) => [
      { name: 'Answered', colour: 'part-write', values: steps.map((s) => (s ? s.exchanges - s.failed : 0)) },
      { name: 'Failed', colour: 'bad', values: steps.map((s) => s?.failed ?? 0) },
    ],
  },
};

/** Every step between the first and the last one, with null where nothing happened. */
function fill(data) {
  const { series, step_ms: step } = data;
  if (series.length === 0) return { at: [], steps: [] };
  const known = new Map(series.map((s) => [s.at_ms, s]));
  const first = series[0].at_ms;
  const whole = data.from_ms > 0 && (first - data.from_ms) / step < 400;
  const begin = whole ? first - Math.floor((first - data.from_ms) / step) * step : first;
  const end = Math.max(series.at(-1).at_ms, Math.min(data.to_ms, Date.now()) - step);
  const at = [],
    steps = [];
  let next = 0;
  // Steps that the clocks' change has moved are taken as they are.
  for (let t = begin; t <= end + step / 2 && at.length < 500; t += step) {
    while (next < series.length && series[next].at_ms < t - step / 2) next += 1;
    const here =
      known.get(t) ?? (next < series.length && Math.abs(series[next].at_ms - t) <= step / 2 ? series[next] : null);
    if (here) t = here.at_ms;
    at.push(t);
    steps.push(here);
  }
  return { at, steps };
}

/** Labels of the steps: hours where they are few, otherwise every n-th day at its first step. */
function axis(at, step) {
  const whole = (at.at(-1) ?? 0) - (at[0] ?? 0);
  if (step >= DAY_MS || whole < 2 * DAY_MS) return { labels: at.map((t) => f.stepLabel(t, step)) };
  const nth = Math.ceil(whole / DAY_MS / DAYS_SHOWN);
  let days = -1;
  const labels = at.map((t, i) => {
    if (i > 0 && new Date(t).getDate() === new Date(at[i - 1]).getDate()) return '';
    days += 1;
    return days % nth === 0 ? f.dayLabel(t) : '';
  });
  return { labels, thinned: true };
}

function chartTable(data, rows) {
  return table(
    'Spend over time',
    [
      { name: 'From', cell: (s) => f.stepTitle(s.at_ms, data.step_ms) },
      { name: 'Requests', number: true, cell: (s) => f.count(s.exchanges) },
      { name: 'Tokens', number: true, cell: (s) => f.tokens(f.promptTokens(s.tokens) + s.tokens.output) },
      { name: 'Hit rate', number: true, cell: (s) => f.percent(f.hitRate(s.tokens)) },
      { name: 'Spent', number: true, cell: (s) => f.money(s.cost_nusd.total) },
    ],
    rows,
    { keyOf: (s) => s.at_ms },
  );
}

function overTime(route, data) {
  const name = Object.hasOwn(CHARTS, route.query.show ?? '') ? route.query.show : 'spend';
  const kind = CHARTS[name];
  const { at, steps } = fill(data);
  const spec = {
    name: 'over-time',
    key: `${name} ${data.from_ms} ${data.step_ms} ${at.length} ${at[0]} ${JSON.stringify(data.series.map((s) => [s.at_ms, s.exchanges, s.cost_nusd.total, s.failed]))}`,
    label: `${kind.name} over time, ${f.count(data.totals.exchanges)} requests, ${f.money(data.totals.cost_nusd.total)} in all`,
    type: kind.type,
    max: kind.max,
    format: kind.format,
    ...axis(at, data.step_ms),
    titles: at.map((t) => f.stepTitle(t, data.step_ms)),
    series: kind.series(steps),
    footer: kind.footer && ((i) => kind.footer(steps[i])),
  };
  if (name === 'requests' && data.totals.failed === 0) spec.legend = [];
  const aside = h(
    'div',
    { class: 'segments', role: 'group', 'aria-label': 'Chart' },
    Object.entries(CHARTS).map(([k, c]) =>
      h(
        'a',
        {
          href: link('overview', '', { ...route.query, show: k === 'spend' ? '' : k }),
          'aria-current': k === name ? 'true' : null,
        },
        c.name,
      ),
    ),
  );
  return panel(
    'Over time',
    { aside, className: 'over-time' },
    chart(spec, () => chartTable(data, [...data.series].reverse().slice(0, 100))),
  );
}

// ---- what happens now

function openRow(x, now) {
  const rate = x.tokens_per_s > 0 ? `${Math.round(x.tokens_per_s)} tokens/s` : x.first_us === null ? 'waiting' : '';
  return h(
    'li',
    { class: 'open', 'data-key': x.id },
    h('a', { href: link('conversation', x.conversation ?? '') }, x.model || 'unknown model'),
    h('span', { class: 'amount' }, x.cost_nusd === null ? '' : f.money(x.cost_nusd, 4)),
    h(
      'span',
      { class: 'note' },
      [x.project || words.kindName(x.kind), rate, f.wait(Math.max(0, now - x.begin_ms))].filter(Boolean).join(' · '),
    ),
  );
}

function endedRow(x) {
  const bad = x.error || x.status >= 400;
  return h(
    'li',
    { class: bad ? 'failed' : '', 'data-key': x.id },
    h('a', { href: link('exchange', x.id) }, x.model || 'unknown model'),
    h('span', { class: 'amount' }, bad ? status('bad', x.status || 'failed') : f.money(x.cost_nusd, 4)),
    h(
      'span',
      { class: 'note' },
      [
        x.project || words.kindName(x.kind),
        words.isLoss(x.cause) ? words.lossName(x.cause).toLowerCase() : `${f.tokens(x.tokens?.output)} tokens`,
        f.time(x.at_ms, x.at_ms),
      ]
        .filter(Boolean)
        .join(' · '),
    ),
  );
}

function happening(live) {
  const state = live.state;
  const now = Date.now() + live.clockSkewMs;
  const open = state?.open ?? [];
  const shown = open.slice(0, NOW_ROWS);
  const ended = (state?.ended ?? []).filter((x) => !open.some((o) => o.id === x.id)).slice(0, NOW_ROWS - shown.length);
  const more = open.length - shown.length;
  const note =
    state === null
      ? ''
      : open.length === 0
        ? 'no open request'
        : open.length === 1
          ? '1 open request'
          : `${open.length} open requests`;
  return panel(
    'Now',
    { note, className: 'now' },
    shown.length + ended.length === 0
      ? h('p', { class: 'nothing' }, 'Requests appear here while they are being answered.')
      : h(
          'ul',
          { class: 'feed' },
          shown.map((x) => openRow(x, now)),
          ended.map(endedRow),
        ),
    more > 0 && h('p', { class: 'note' }, `and ${f.count(more)} more`),
  );
}

// ---- the rest

/** How far the predicted cache reads are off, added up without regard to sign. */
export function predicted(t) {
  const p = t.prediction;
  return p?.read > 0 ? `predicted within ${f.percent(p.off / p.read)}` : 'of the prompt';
}

function summary(t) {
  const rate = f.hitRate(t.tokens);
  const hints = [
    t.unpriced > 0 && `${f.count(t.unpriced)} without a price`,
    t.estimated > 0 && `${f.count(t.estimated)} estimated`,
  ]
    .filter(Boolean)
    .join(', ');
  return figures([
    { name: 'Spent', value: f.money(t.cost_nusd.total), note: hints, kind: 'main' },
    { name: 'Saved', value: f.money(t.saved_nusd), kind: t.saved_nusd > 0 ? 'good' : '', note: 'against no sluice' },
    { name: 'Lost', value: f.money(t.lost_nusd), note: 'to cache misses' },
    { name: 'Hit rate', value: f.percent(rate), note: predicted(t) },
    {
      name: 'Tokens',
      kind: 'extra',
      value: f.tokens(f.promptTokens(t.tokens) + t.tokens.output),
      note: `${f.tokens(t.tokens.output)} of it output`,
    },
    {
      name: 'Requests',
      value: f.count(t.exchanges),
      note: t.failed > 0 ? `${f.count(t.failed)} failed` : 'none failed',
    },
  ]);
}

function models(data) {
  const most = Math.max(...data.models.map((m) => m.cost_nusd.total), 1);
  const digits = f.moneyDigits(data.models.map((m) => m.cost_nusd.total));
  const rest = data.models.length - MODELS_SHOWN;
  return panel(
    'Models',
    { className: 'most', note: rest > 0 ? `the dearest ${MODELS_SHOWN} of ${f.count(data.models.length)}` : '' },
    table(
      'Models',
      [
        { name: 'Model', cell: (m) => m.model || 'unknown' },
        { name: 'Provider', className: 'spacious', cell: (m) => m.provider || '–' },
        { name: 'Requests', number: true, className: 'roomy', cell: (m) => f.count(m.exchanges) },
        {
          name: 'Tokens',
          number: true,
          className: 'roomy',
          cell: (m) => f.tokens(f.promptTokens(m.tokens) + m.tokens.output),
        },
        { name: 'Hit rate', number: true, cell: (m) => hitCell(f.hitRate(m.tokens)) },
        {
          name: 'Spent',
          number: true,
          cell: (m) =>
            h(
              'span',
              { class: 'hit' },
              m.unpriced === m.exchanges ? '$?' : f.money(m.cost_nusd.total, digits),
              bar(m.cost_nusd.total / most),
            ),
        },
      ],
      data.models.slice(0, MODELS_SHOWN),
      { keyOf: (m) => `${m.provider}/${m.model}`, empty: 'No model was asked.' },
    ),
  );
}

function kinds(data) {
  const digits = f.moneyDigits(data.kinds.map((k) => k.cost_nusd.total));
  return panel(
    'Kinds of turn',
    { className: 'least' },
    table(
      'Kinds of turn',
      [
        { name: 'Kind', cell: (k) => words.kindName(k.kind) },
        { name: 'Requests', number: true, cell: (k) => f.count(k.exchanges) },
        { name: 'Spent', number: true, cell: (k) => f.money(k.cost_nusd.total, digits) },
      ],
      data.kinds,
      { keyOf: (k) => k.kind, empty: 'None.' },
    ),
  );
}

function latency(data) {
  const rows = [
    ['To the first token', data.latency.first_us],
    ['To the end', data.latency.total_us],
  ];
  return panel(
    'Latency',
    { note: data.latency.count > 0 ? `of ${f.count(data.latency.count)} requests` : '' },
    table(
      'Latency',
      [
        { name: '', cell: (r) => r[0] },
        { name: 'Median', number: true, cell: (r) => f.duration(r[1]?.p50) },
        { name: '90 %', number: true, title: 'Nine in ten are as fast', cell: (r) => f.duration(r[1]?.p90) },
        {
          name: '99 %',
          number: true,
          title: 'Ninety-nine in a hundred are as fast',
          cell: (r) => f.duration(r[1]?.p99),
        },
      ],
      data.latency.count > 0 ? rows : [],
      { keyOf: (r) => r[0], empty: 'No reply has ended in this period.' },
    ),
  );
}

function byCause(data) {
  return [
    panel(
      'Saved, by cause',
      null,
      causes(
        data.saved.map((s) => ({
          key: s.cause,
          name: words.savingName(s.cause),
          nusd: s.nusd,
          detail: s.tokens ? `${f.tokens(s.tokens)} tokens` : '',
        })),
        '',
        'Nothing is switched on that saves: sluice relays and measures.',
      ),
    ),
    panel(
      'Lost, by cause',
      null,
      causes(
        data.lost
          .filter((l) => words.isLoss(l.cause))
          .map((l) => ({
            key: l.cause,
            name: words.lossName(l.cause),
            nusd: l.nusd,
            title: words.lossText(l.cause),
            detail: `${f.count(l.count)} × ${f.tokens(Math.round(l.tokens / Math.max(l.count, 1)))} tokens`,
          })),
        'warn',
        'No cached prefix was lost.',
      ),
    ),
  ];
}

function nothing(route, data, live) {
  if (data.none || !data.ever) return [h('div', { class: 'grid' }, welcome(data.none), happening(live))];
  return [
    h(
      'section',
      { class: 'welcome' },
      h('h2', null, 'Nothing in this period'),
      h('p', null, `The ledger has ${f.count(data.ever)} requests from other times.`),
      h('p', null, h('a', { href: link('overview', '', { period: 'all' }) }, 'Show all of them')),
    ),
  ];
}

function render(route, data, live) {
  const top = heading('Overview', { period: true, route });
  if (data.none || data.totals.exchanges === 0) return [top, nothing(route, data, live)];
  const [saved, lost] = byCause(data);
  return [
    top,
    summary(data.totals),
    h(
      'div',
      { class: 'grid' },
      overTime(route, data),
      happening(live),
      models(data),
      kinds(data),
      lost,
      h('div', { class: 'column' }, saved, latency(data)),
    ),
  ];
}

export default { title: () => 'Overview', load, render, live: true, refresh: true };
