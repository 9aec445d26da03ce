// SPDX-License-Identifier: MIT
// Alarms: conversations whose hit rate has fallen, with the cause.
import { get } from './api.js';
import { h } from './dom.js';
import * as f from './format.js';
import { heading, panel, status, table, timeOf } from './parts.js';
import { link } from './route.js';
import * as words from './words.js';

const MOST = 100;

async function load(route, signal) {
  try {
    return await get('alarms', { period: route.period, limit: MOST }, signal);
  } catch (error) {
    if (error.status === 404) return { alarms: [] };
    throw error;
  }
}

function list(alarms) {
  const digits = f.moneyDigits(alarms.map((a) => a.lost_nusd));
  return table(
    'Alarms',
    [
      { name: 'Time', className: 'time', cell: (a) => timeOf(a.at_ms) },
      { name: 'Hit rate', cell: (a) => status(a.alarm <= 40 ? 'bad' : 'warn', `below ${a.alarm} %`) },
      {
        name: 'Conversation',
        className: 'roomy',
        cell: (a) =>
          a.conversation
            ? h('a', { href: link('conversation', a.conversation) }, a.project || f.shortId(a.conversation))
            : a.project || '–',
      },
      { name: 'Model', className: 'spacious', cell: (a) => a.model || '–' },
      {
        name: 'Cause',
        className: 'spacious',
        cell: (a) =>
          h('span', { title: words.lossText(a.cause ?? '') }, words.isLoss(a.cause) ? words.lossName(a.cause) : '–'),
      },
      { name: 'Lost', number: true, cell: (a) => f.money(a.lost_nusd, digits) },
    ],
    alarms,
    { keyOf: (a) => `${a.id}/${a.alarm}`, href: (a) => link('exchange', a.id) },
  );
}

function render(route, data) {
  const { alarms } = data;
  return [
    heading('Alarms', { period: true, route, lead: 'Conversations whose cache hit rate fell below 80, 60 or 40 %.' }),
    alarms.length === 0
      ? h(
          'section',
          { class: 'welcome' },
          h('h2', null, 'All quiet'),
          h('p', null, 'In this period no conversation lost so much of its cache.'),
        )
      : panel(
          '',
          { className: 'bare' },
          list(alarms),
          alarms.length >= MOST && h('p', { class: 'note' }, `The latest ${MOST}.`),
        ),
  ];
}

export default { title: () => 'Alarms', load, render, refresh: true };
