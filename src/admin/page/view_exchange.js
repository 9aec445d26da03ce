// SPDX-License-Identifier: MIT
// One exchange: why this model, what the cache was expected to do and did, what each part cost, and where the time went.
import { get } from './api.js';
import { h } from './dom.js';
import * as f from './format.js';
import { bar, figures, heading, panel, status, table } from './parts.js';
import { link } from './route.js';
import { beginOf, costOf, failed, idsOf, savedOf } from './view_conversation.js';
import * as words from './words.js';

const load = (route, signal) => get('exchange', { id: route.id }, signal);

const PARTS = [
  ['input', 'Input, not cached'],
  ['cache_read', 'Read from the cache'],
  ['cache_write_5m', 'Written for 5 minutes'],
  ['cache_write_1h', 'Written for an hour'],
  ['output', 'Output'],
];

function costParts(x) {
  const cost = costOf(x);
  const rows = PARTS.map(([id, name]) => ({ id, name, tokens: x.tokens?.[id] ?? 0, nusd: cost[id] ?? null })).filter(
    (r) => r.tokens || r.nusd,
  );
  const digits = f.partDigits([...rows.map((r) => r.nusd), cost.total]);
  const all = {
    id: 'total',
    name: 'Together',
    tokens: f.promptTokens(x.tokens) + (x.tokens?.output ?? 0),
    nusd: cost.total ?? null,
  };
  return panel(
    'Cost',
    { note: x.estimated ? 'estimated: the reply broke off' : '' },
    table(
      'Cost',
      [
        { name: 'Part', cell: (r) => r.name },
        { name: 'Tokens', number: true, cell: (r) => f.count(r.tokens) },
        {
          name: 'Per million',
          number: true,
          className: 'roomy',
          cell: (r) =>
            r.id === 'total' || !r.tokens || r.nusd === null ? '' : f.price(Math.round((r.nusd * 1000) / r.tokens)),
        },
        { name: 'Cost', number: true, cell: (r) => f.money(r.nusd, digits) },
      ],
      rows.length > 0 ? [...rows, all] : [],
      { keyOf: (r) => r.id, className: 'sum', empty: 'Nothing was billed.' },
    ),
    x.tokens?.reasoning > 0 &&
      h('p', { class: 'note' }, `${f.count(x.tokens.reasoning)} of the output tokens are reasoning.`),
  );
}

/** Two bars of one scale: what was expected and what came. */
function against(name, predicted, actual, most) {
  const known = predicted !== null && predicted !== undefined;
  const off = known && actual > 0 ? (predicted - actual) / actual : null;
  return h(
    'div',
    { class: 'against' },
    h('h3', null, name),
    h('span', { class: 'label' }, 'predicted'),
    bar(known ? predicted / most : 0, 'quiet'),
    h('span', { class: 'amount' }, known ? f.count(predicted) : 'not predicted'),
    h('span', { class: 'label' }, 'as billed'),
    bar(actual / most),
    h('span', { class: 'amount' }, f.count(actual)),
    h(
      'p',
      { class: 'note' },
      off === null
        ? ''
        : Math.abs(off) < 0.0005
          ? 'as predicted'
          : `${f.percent(Math.abs(off))} ${off > 0 ? 'fewer' : 'more'} than predicted`,
    ),
  );
}

function prefix(x) {
  const p = x.prefix;
  if (!p) return null;
  const read = x.tokens?.cache_read ?? 0,
    write = f.writeTokens(x.tokens);
  const most = Math.max(read, write, p.read_predicted ?? 0, p.write_predicted ?? 0, 1);
  return panel(
    'Cache',
    null,
    against('Read', p.read_predicted, read, most),
    against('Written', p.write_predicted, write, most),
    words.isLoss(p.cause)
      ? h(
          'div',
          { class: 'finding' },
          h(
            'p',
            null,
            status('warn', words.lossName(p.cause)),
            p.lost_nusd > 0 && h('span', { class: 'amount' }, `${f.money(p.lost_nusd)} lost`),
          ),
          h('p', { class: 'note' }, words.lossText(p.cause)),
          p.at && h('p', { class: 'note' }, 'First block that differs: ', h('code', null, p.at)),
          p.lost_tokens > 0 && h('p', { class: 'note' }, `${f.count(p.lost_tokens)} tokens were paid anew.`),
          p.alarm > 0 &&
            h('p', { class: 'note' }, `With this the hit rate of the conversation fell below ${p.alarm} %.`),
        )
      : h(
          'p',
          { class: 'finding note' },
          p.cause === 'first'
            ? 'The first request of its conversation: it had nothing to lose.'
            : 'Nothing of the cached prefix was lost.',
        ),
  );
}

/** What the decision went by, as far as it is told. */
const reasons = (d) => [
  ['Decided by', d.by && words.deciderName(d.by)],
  ['Profile', d.profile],
  ['Difficulty', d.level],
  ['Quality needed', d.bar && `${d.bar} of 100`],
  ['Turns expected', d.turns && f.count(d.turns)],
];

function why(x) {
  const changed = x.model_asked && x.model && x.model_asked !== x.model;
  return panel(
    'Why this model',
    null,
    h('p', { class: 'plan' }, x.plan || 'The model that was asked for, at the provider that has it.'),
    idsOf([
      ['Asked for', x.model_asked || '–'],
      ['Answered', h('span', { class: changed ? 'strong' : null }, x.model || '–')],
      ['Provider', x.provider || '–'],
      ['Kind of turn', words.kindName(x.kind)],
      ...reasons(x.decision ?? {}),
    ]),
    (x.savings ?? []).length > 0 &&
      table(
        'Saved by this',
        [
          { name: 'Saved by', cell: (s) => words.savingName(s.cause) },
          { name: 'Tokens', number: true, cell: (s) => f.count(s.tokens) },
          { name: 'Saved', number: true, cell: (s) => f.money(s.nusd) },
        ],
        x.savings,
        { keyOf: (s) => s.cause },
      ),
  );
}

/** Who might have answered, and what each would have cost. */
function considered(x) {
  const { candidates = [], turns } = x.decision ?? {};
  if (candidates.length === 0) return null;
  const amount = (name) => {
    const digits = f.moneyDigits(candidates.map((c) => c[name]));
    return (c) => (f.isKnown(c[name]) ? f.money(c[name], digits) : '–');
  };
  return panel(
    'Considered',
    { className: 'span', note: 'as predicted before it was sent' },
    table(
      'Considered',
      [
        {
          name: 'Model',
          cell: (c) => [h('span', { class: 'first' }, c.model || '–'), ' ', h('span', { class: 'note' }, c.provider)],
        },
        {
          name: 'Verdict',
          className: 'verdict',
          cell: (c) =>
            c.verdict === 'chosen' ? status('ok', words.verdictName(c.verdict)) : words.verdictName(c.verdict),
        },
        { name: 'Quality', number: true, className: 'roomy', cell: (c) => f.count(c.quality) },
        { name: 'Read', number: true, className: 'spacious', cell: (c) => f.count(c.read) },
        { name: 'Written', number: true, className: 'spacious', cell: (c) => f.count(c.written) },
        { name: 'Input', number: true, className: 'spacious', cell: (c) => f.count(c.input) },
        { name: 'This request', number: true, className: 'roomy', cell: amount('cost_nusd') },
        { name: turns > 1 ? `Over ${f.count(turns)} turns` : 'All turns', number: true, cell: amount('horizon_nusd') },
      ],
      candidates,
      { keyOf: (c, i) => `c${i}`, className: 'considered' },
    ),
  );
}

/** Where the time went, the attempts below each other on one scale. */
function timing(x) {
  const begin = beginOf(x),
    whole = Math.max(x.duration_us ?? 0, 1);
  const rows = [
    { key: 'all', name: 'Request', from: 0, first: x.first_us, us: x.duration_us, kind: failed(x) ? 'bad' : '' },
    ...(x.attempts ?? []).map((a, i) => ({
      key: `a${i}`,
      name: `${a.provider ?? 'attempt'}${x.attempts.length > 1 ? ` ${i + 1}` : ''}`,
      from: Math.max(0, (Date.parse(a.begin) || begin) - begin) * 1000,
      first: a.first_us,
      us: a.duration_us,
      kind: a.outcome === 'ok' ? '' : 'bad',
    })),
  ];
  return panel(
    'Timing',
    { note: x.stream ? 'streamed' : 'in one piece' },
    h(
      'div',
      { class: 'timing' },
      rows.map((r) =>
        h(
          'div',
          { class: 'timing-row', 'data-key': r.key },
          h('span', { class: 'label' }, r.name),
          h('span', {
            class: `span-bar ${r.kind}`,
            'aria-hidden': 'true',
            vars: {
              '--from': String(Math.min(1, r.from / whole)),
              '--share': String(Math.min(1, (r.us ?? 0) / whole)),
              '--first': String((r.first ?? 0) / Math.max(r.us ?? 1, 1)),
            },
          }),
          h('span', { class: 'amount' }, f.duration(r.us)),
          h('span', { class: 'note' }, r.first ? `first token after ${f.duration(r.first)}` : ''),
        ),
      ),
    ),
  );
}

function attempts(x) {
  return panel(
    'Attempts',
    { className: 'span' },
    table(
      'Attempts',
      [
        { name: 'Provider', cell: (a) => a.provider || '–' },
        { name: 'Model', className: 'roomy', cell: (a) => a.model || '–' },
        { name: 'Key', className: 'spacious', cell: (a) => a.key || '–' },
        { name: 'Outcome', cell: (a) => status(a.outcome === 'ok' ? 'ok' : 'bad', words.outcomeName(a.outcome)) },
        { name: 'Status', number: true, className: 'roomy', cell: (a) => a.status || '–' },
        { name: 'First token', number: true, className: 'spacious', cell: (a) => f.duration(a.first_us) },
        { name: 'Duration', number: true, className: 'roomy', cell: (a) => f.duration(a.duration_us) },
        { name: 'Cost', number: true, cell: (a) => f.money(costOf(a).total) },
      ],
      x.attempts ?? [],
      { empty: 'No provider was asked.' },
    ),
  );
}

function render(route, x) {
  const back = x.conversation
    ? { href: link('conversation', x.conversation), text: x.project || 'Conversation' }
    : { href: '#/conversations', text: 'Conversations' };
  const outcome = failed(x) ? status('bad', x.status ? `Status ${x.status}` : 'No answer') : status('ok', 'Answered');
  const tokensPerS =
    x.tokens?.output > 0 && x.duration_us > (x.first_us ?? 0)
      ? x.tokens.output / ((x.duration_us - (x.first_us ?? 0)) / 1e6)
      : null;
  return [
    heading(x.model || x.model_asked || 'Request', { back, lead: [outcome, ' · ', f.fullTime(beginOf(x))] }),
    x.error && h('section', { class: 'notice', 'aria-label': 'Error' }, h('p', null, x.error)),
    figures([
      { name: 'Cost', value: f.money(costOf(x).total), kind: 'main', note: x.estimated ? 'estimated' : '' },
      { name: 'Saved', value: f.money(savedOf(x)), kind: savedOf(x) > 0 ? 'good' : '' },
      {
        name: 'Hit rate',
        value: f.percent(f.hitRate(x.tokens)),
        note: `of ${f.tokens(f.promptTokens(x.tokens))} tokens`,
      },
      { name: 'First token', value: f.duration(x.first_us) },
      {
        name: 'Duration',
        value: f.duration(x.duration_us),
        note: tokensPerS ? `${Math.round(tokensPerS)} tokens/s` : '',
      },
    ]),
    h('div', { class: 'grid two' }, costParts(x), prefix(x), why(x), timing(x), considered(x), attempts(x)),
    idsOf([
      ['Exchange', x.id],
      ['Conversation', x.conversation && h('a', { href: link('conversation', x.conversation) }, x.conversation)],
      ['Session', x.session],
      ['Parent', x.parent],
      ['Caller', x.caller],
      ['Endpoint', [x.dialect, x.endpoint].filter(Boolean).join(', ')],
      ['Request', f.bytes(x.request_bytes)],
      ['Reply', f.bytes(x.reply_bytes)],
    ]),
    h(
      'details',
      { class: 'raw' },
      h('summary', null, 'As JSON'),
      h('pre', { tabindex: '0' }, JSON.stringify(x, null, 2)),
    ),
  ];
}

export default { title: (x) => x?.model || 'Request', load, render, nav: 'conversations' };
