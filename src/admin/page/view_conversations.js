// SPDX-License-Identifier: MIT
// All conversations, latest first, with a search.
import { get } from './api.js';
import { h, icon } from './dom.js';
import * as f from './format.js';
import { heading, hitCell, pager, panel, table, timeOf, welcome } from './parts.js';
import { link, parse } from './route.js';
import * as words from './words.js';

const PAGE = 50;
const TYPING_MS = 250;
let typing = 0;

async function load(route, signal) {
  const { q = '', after = '' } = route.query;
  try {
    return await get('conversations', { period: route.period, limit: PAGE, after, q }, signal);
  } catch (error) {
    if (error.status === 404) return { conversations: [], next: null, none: error.message };
    throw error;
  }
}

/** Searching replaces the address, so that the back button leaves the search at once. */
function search(route) {
  const go = (value) => {
    if (parse(location.hash).view !== 'conversations') return; // who typed has gone elsewhere since
    history.replaceState(null, '', link('conversations', '', { ...route.query, q: value, after: '' }));
    window.dispatchEvent(new Event('hashchange'));
  };
  return h(
    'search',
    { class: 'search' },
    h(
      'form',
      {
        role: 'search',
        on: {
          submit: (event) => {
            event.preventDefault();
            clearTimeout(typing);
            go(event.currentTarget.elements.q.value.trim());
          },
        },
      },
      h(
        'span',
        { class: 'field' },
        icon('search'),
        h('input', {
          type: 'search',
          name: 'q',
          id: 'search',
          'aria-label': 'Search conversations',
          placeholder: 'Project, session or id',
          value: route.query.q ?? '',
          autocomplete: 'off',
          spellcheck: 'false',
          on: {
            input: (event) => {
              const value = event.currentTarget.value.trim();
              clearTimeout(typing);
              typing = setTimeout(() => go(value), TYPING_MS);
            },
          },
        }),
      ),
    ),
  );
}

const amount = (nusd, digits) => (nusd ? f.money(nusd, digits) : h('span', { class: 'muted' }, '–'));

const nameOf = (c) => c.project || f.shortId(c.session || c.id);

function render(route, data, live) {
  const open = new Set((live.state?.open ?? []).map((x) => x.conversation));
  const rows = data.conversations;
  const digits = f.moneyDigits(rows.map((c) => c.cost_nusd.total));
  const lossDigits = f.moneyDigits(rows.map((c) => c.lost_nusd));
  const asked = route.query.q || route.query.after;
  const list = table(
    'Conversations',
    [
      {
        name: 'Conversation',
        className: 'wide-cell',
        cell: (c) => [
          h('span', { class: 'first' }, nameOf(c)),
          c.project && h('span', { class: 'note roomy' }, (c.session || c.id).slice(0, 8)),
          words.isAside(c.kind) && h('span', { class: 'tag' }, words.kindName(c.kind)),
          open.has(c.id) &&
            h('span', { class: 'dot live', title: 'a request is open', role: 'img', 'aria-label': 'open' }),
        ],
      },
      {
        name: 'Models',
        className: 'spacious',
        cell: (c) =>
          h(
            'span',
            { class: 'models', title: c.models.join(', ') },
            c.models.length > 1 ? `${c.models[0]} + ${c.models.length - 1}` : (c.models[0] ?? '–'),
          ),
      },
      { name: 'Last', className: 'time', cell: (c) => timeOf(c.last_ms) },
      { name: 'Requests', number: true, className: 'roomy', cell: (c) => f.count(c.exchanges) },
      { name: 'Hit rate', number: true, className: 'roomy', cell: (c) => hitCell(f.hitRate(c.tokens)) },
      { name: 'Saved', number: true, className: 'spacious', cell: (c) => amount(c.saved_nusd, 4) },
      { name: 'Lost', number: true, className: 'spacious', cell: (c) => amount(c.lost_nusd, lossDigits) },
      {
        name: 'Spent',
        number: true,
        cell: (c) => f.money(c.unpriced === c.exchanges && c.exchanges > 0 ? null : c.cost_nusd.total, digits),
      },
    ],
    rows,
    { keyOf: (c) => c.id, href: (c) => link('conversation', c.id) },
  );
  return [
    heading('Conversations', { period: true, route }),
    rows.length === 0 && !asked && route.period === 'all'
      ? welcome(data.none)
      : [
          search(route),
          panel(
            '',
            { className: 'bare' },
            rows.length === 0
              ? h('p', { class: 'nothing' }, asked ? 'No conversation fits.' : 'No conversation in this period.')
              : list,
            pager(route, data.next, `${f.count(rows.length)} shown`),
          ),
        ],
  ];
}

export default { title: () => 'Conversations', load, render, live: true, refresh: true };
