// SPDX-License-Identifier: MIT
// One conversation: what each request read from the cache, wrote to it, and cost.
import { get } from './api.js';
import { chart, prepareCharts } from './charts.js';
import { h } from './dom.js';
import * as f from './format.js';
import { figures, heading, hitCell, pager, panel, status, table, timeOf } from './parts.js';
import { link } from './route.js';
import { predicted } from './view_overview.js';
import * as words from './words.js';

const PAGE = 200;

function load(route, signal) {
  prepareCharts();
  return get('conversation', { id: route.id, limit: PAGE, after: route.query.after ?? '' }, signal);
}

export const costOf = (x) => x.cost_nusd ?? x.cost_nano_usd ?? {};
export const savedOf = (x) => x.saved_nusd ?? x.saved_nano_usd ?? 0;
export const beginOf = (x) => x.begin_ms ?? Date.parse(x.begin);
export const failed = (x) => Boolean(x.error) || !x.status || x.status >= 400;

/** What there is to say of an exchange besides its figures. */
export function remark(x) {
  if (failed(x)) return status('bad', x.status ? `Status ${x.status}` : 'No answer');
  if (words.isLoss(x.prefix?.cause))
    return h('span', { title: words.lossText(x.prefix.cause) }, status('warn', words.lossName(x.prefix.cause)));
  return h('span', { class: 'muted' }, '–');
}

function timeline(exchanges) {
  const list = exchanges.filter((x) => f.promptTokens(x.tokens) > 0).reverse();
  const part = (fn) => list.map((x) => fn(x.tokens));
  if (list.length === 0) return null;
  return panel(
    'Prompt, request by request',
    { note: 'cached prefix against what was paid anew' },
    chart({
      key: list.map((x) => x.id).join(),
      label: `Tokens of the prompts of ${f.count(list.length)} requests: read from the cache, written to it, and neither`,
      type: 'bar',
      format: (v, axis) => (axis ? f.onAxis(f.tokens(v)) : f.tokens(v)),
      labels: list.map((x) => f.time(beginOf(x)).replace(/:\d\d$/, '')),
      titles: list.map((x) => `${f.time(beginOf(x))}  ${x.model ?? ''}`),
      series: [
        { name: 'Cache reads', colour: 'part-read', values: part((t) => t.cache_read ?? 0) },
        { name: 'Cache writes', colour: 'part-write', values: part(f.writeTokens) },
        { name: 'Input', colour: 'part-input', values: part((t) => t.input ?? 0) },
      ],
      footer: (i) =>
        [
          words.isLoss(list[i].prefix?.cause) ? words.lossName(list[i].prefix.cause) : '',
          f.money(costOf(list[i]).total),
        ]
          .filter(Boolean)
          .join('  '),
      pick: (i) => {
        location.hash = link('exchange', list[i].id);
      },
    }),
  );
}

function exchanges(route, data) {
  const digits = f.moneyDigits(data.exchanges.map((x) => costOf(x).total));
  return panel(
    'Requests',
    { className: 'bare' },
    table(
      'Requests',
      [
        { name: 'Time', className: 'time', cell: (x) => timeOf(beginOf(x)) },
        { name: 'Model', className: 'roomy', cell: (x) => x.model || x.model_asked || '–' },
        { name: 'Kind', className: 'spacious', cell: (x) => words.kindName(x.kind) },
        { name: 'Prompt', number: true, className: 'roomy', cell: (x) => f.tokens(f.promptTokens(x.tokens)) },
        { name: 'Output', number: true, className: 'spacious', cell: (x) => f.tokens(x.tokens?.output) },
        { name: 'Hit rate', number: true, className: 'roomy', cell: (x) => hitCell(f.hitRate(x.tokens)) },
        { name: 'Remark', cell: remark },
        { name: 'Cost', number: true, cell: (x) => f.money(costOf(x).total, digits) },
      ],
      data.exchanges,
      {
        keyOf: (x) => x.id,
        href: (x) => link('exchange', x.id),
        empty: 'No request of this conversation is left in the ledger.',
      },
    ),
    pager(route, data.next, `${f.count(data.exchanges.length)} shown`),
  );
}

export function idsOf(pairs) {
  return h(
    'dl',
    { class: 'ids' },
    pairs.filter(([, v]) => v || v === 0).map(([k, v]) => [h('dt', null, k), h('dd', null, v)]),
  );
}

function render(route, data, live) {
  const open = (live.state?.open ?? []).filter((x) => x.conversation === data.id);
  const lead = [
    words.isAside(data.kind) && words.kindName(data.kind),
    data.models?.join(', '),
    `${f.time(data.first_ms)} to ${f.time(data.last_ms)}`,
  ]
    .filter(Boolean)
    .join(' · ');
  return [
    heading(data.project || f.shortId(data.session || data.id), {
      back: { href: '#/conversations', text: 'Conversations' },
      lead,
    }),
    figures([
      { name: 'Spent', value: f.money(data.cost_nusd?.total), kind: 'main' },
      { name: 'Saved', value: f.money(data.saved_nusd), kind: data.saved_nusd > 0 ? 'good' : '' },
      { name: 'Lost', value: f.money(data.lost_nusd), note: 'to cache misses' },
      { name: 'Hit rate', value: f.percent(f.hitRate(data.tokens)), note: predicted(data) },
      {
        name: 'Open',
        value: f.count(open.length),
        note: open.length > 0 ? `${f.tokens(open[0].tokens)} tokens so far` : '',
      },
    ]),
    h('div', { class: 'grid one' }, timeline(data.exchanges), exchanges(route, data)),
    idsOf([
      ['Conversation', data.id],
      ['Session', data.session],
      ['Caller', data.caller],
      ['Parent', data.parent && h('a', { href: link('conversation', data.parent) }, data.parent)],
    ]),
  ];
}

export default {
  title: (data) => data?.project || 'Conversation',
  load,
  render,
  live: true,
  refresh: true,
  nav: 'conversations',
};
