// SPDX-License-Identifier: MIT
// Pieces that several views show: headings, figures, tables, bars, pages of a list, empty states.
import { h, icon } from './dom.js';
import * as f from './format.js';
import { PERIODS, link } from './route.js';

export function heading(title, { back, period, route, lead, aside } = {}) {
  return h(
    'div',
    { class: 'heading' },
    h(
      'div',
      { class: 'heading-text' },
      back && h('a', { class: 'back', href: back.href }, icon('back'), back.text),
      h('h1', { tabindex: '-1', id: 'title' }, title),
      lead && h('p', { class: 'lead' }, lead),
    ),
    period && periodPicker(route),
    aside,
  );
}

function periodPicker(route) {
  return h(
    'div',
    { class: 'segments', role: 'group', 'aria-label': 'Period' },
    PERIODS.map(([name, text]) =>
      h(
        'a',
        {
          href: link(route.view, route.id, { ...route.query, period: name, after: '' }),
          'aria-current': name === route.period ? 'true' : null,
          'data-period': name,
        },
        text,
      ),
    ),
  );
}

/** A figure with its name: { name, value, note, kind }. */
function figure({ name, value, note, kind, title }) {
  return h(
    'div',
    { class: `figure ${kind ?? ''}` },
    h('dt', null, name),
    h('dd', { 'data-tick': true, title }, value),
    h('dd', { class: 'note' }, note ?? '\u00a0'),
  );
}

export const figures = (list) => h('dl', { class: 'figures' }, list.filter(Boolean).map(figure));

export function panel(title, props, ...content) {
  const { aside, note, key, className } = props ?? {};
  return h(
    'section',
    { class: `panel ${className ?? ''}`, 'data-key': key, 'aria-label': title || null },
    title && h('div', { class: 'panel-head' }, h('h2', null, title), note && h('p', { class: 'note' }, note), aside),
    content,
  );
}

/** A table: columns are { name, cell(row), number, className, title }; the first column's cell is the row's heading. */
export function table(caption, columns, rows, { keyOf, href, className, empty } = {}) {
  const kind = (c) => [c.number ? 'number' : '', c.className ?? ''].join(' ').trim() || null;
  if (rows.length === 0 && empty) return h('p', { class: 'nothing' }, empty);
  return h(
    'div',
    {
      class: 'table-scroll',
      tabindex: className?.includes('wide') ? '0' : null,
      role: className?.includes('wide') ? 'region' : null,
      'aria-label': className?.includes('wide') ? caption : null,
    },
    h(
      'table',
      { class: className },
      h('caption', { class: 'unseen' }, caption),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          columns.map((c) => h('th', { scope: 'col', class: kind(c), title: c.title }, c.name)),
        ),
      ),
      h(
        'tbody',
        null,
        rows.map((row, i) => tableRow(row, columns, kind, { key: keyOf?.(row, i), href: href?.(row) })),
      ),
    ),
  );
}

function tableRow(row, columns, kind, { key, href }) {
  const go = href && {
    click(event) {
      if (!event.target.closest('a, button') && !String(getSelection())) location.hash = href;
    },
  };
  return h(
    'tr',
    { 'data-key': key, class: href ? 'opens' : null, on: go || {} },
    columns.map((c, i) =>
      h(
        i === 0 ? 'th' : 'td',
        { scope: i === 0 ? 'row' : null, class: kind(c) },
        i === 0 && href ? h('a', { href }, c.cell(row)) : c.cell(row),
      ),
    ),
  );
}

/** A thin bar; share is 0 to 1. Its figure stands next to it, so it is hidden from screen readers. */
export const bar = (share, kind = '') =>
  h('span', {
    class: `bar ${kind}`,
    'aria-hidden': 'true',
    vars: { '--share': String(Math.max(0, Math.min(1, share || 0))) },
  });

/** Amounts by cause as a list with bars: rows are { name, detail, nusd, title }. */
export function causes(rows, kind, empty) {
  if (rows.length === 0) return h('p', { class: 'nothing' }, empty);
  const most = Math.max(...rows.map((r) => Math.abs(r.nusd)), 1);
  return h(
    'ul',
    { class: 'causes' },
    rows.map((r) =>
      h(
        'li',
        { 'data-key': r.key, title: r.title || null },
        h('span', { class: 'cause' }, r.name, ' ', h('span', { class: 'note' }, r.detail)),
        h('span', { class: 'amount', 'data-tick': true }, f.money(r.nusd)),
        bar(Math.abs(r.nusd) / most, r.nusd < 0 ? 'bad' : kind),
      ),
    ),
  );
}

export const timeOf = (ms) => h('time', { datetime: new Date(ms).toISOString(), title: f.fullTime(ms) }, f.time(ms));

/** A hit rate with a bar as long. */
export function hitCell(rate) {
  if (rate === null || rate === undefined) return h('span', { class: 'muted' }, '–');
  return h('span', { class: 'hit' }, f.percent(rate), bar(rate, rate < 0.6 ? 'warn' : ''));
}

/** A word with a dot: kind is ok, warn, bad or idle. */
export const status = (kind, text) =>
  h('span', { class: `status ${kind}` }, h('span', { class: 'dot', 'aria-hidden': 'true' }), text);

/** Older and newest of a list that comes in pages. */
export function pager(route, next, shown) {
  if (!next && !route.query.after) return null;
  const to = (after) => link(route.view, route.id, { ...route.query, after });
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages' },
    route.query.after ? h('a', { href: to('') }, icon('back'), 'Newest') : h('span'),
    h('span', { class: 'note' }, shown),
    next ? h('a', { href: to(next), rel: 'next' }, 'Older', icon('next')) : h('span', { class: 'note' }, 'That is all'),
  );
}

function copyable(text) {
  return h(
    'span',
    { class: 'command' },
    h('code', null, text),
    navigator.clipboard &&
      h(
        'button',
        {
          type: 'button',
          class: 'quiet',
          'aria-label': `Copy ${text}`,
          on: {
            async click(event) {
              const button = event.currentTarget;
              await navigator.clipboard.writeText(text);
              button.textContent = 'Copied';
              setTimeout(() => {
                button.textContent = 'Copy';
              }, 1500);
            },
          },
        },
        'Copy',
      ),
  );
}

/** What a newcomer sees where there is nothing yet. */
export function welcome(why) {
  return h(
    'section',
    { class: 'welcome', 'aria-label': 'First steps' },
    h('h2', null, 'Nothing has come through yet'),
    h(
      'p',
      null,
      'Once a client talks to its model through this proxy, this page shows what it costs, what the prompt cache does, and why. It fills by itself.',
    ),
    h(
      'ol',
      null,
      h('li', null, h('p', null, 'Start Claude Code through sluice:'), copyable('sluice run claude')),
      h(
        'li',
        null,
        h('p', null, 'Or give any client of the Anthropic API this address:'),
        copyable(`ANTHROPIC_BASE_URL=${location.origin}`),
      ),
      h('li', null, h('p', null, 'Ask it something. The request appears here within a second.')),
    ),
    why && h('p', { class: 'note' }, why),
  );
}

export const problem = (error) =>
  h(
    'section',
    { class: 'notice', role: 'alert' },
    h('h2', null, 'This could not be read'),
    h('p', null, error.message),
    h(
      'button',
      { type: 'button', class: 'primary', on: { click: () => window.dispatchEvent(new Event('hashchange')) } },
      'Try again',
    ),
  );
