// SPDX-License-Identifier: MIT
// The settings in force, with what they mean and where they come from. Read-only; secrets come masked.
import { get } from './api.js';
import { h, icon } from './dom.js';
import { heading, panel, table } from './parts.js';
import { link } from './route.js';

const load = (route, signal) => get('settings', {}, signal);

function text(value) {
  if (value === null || value === undefined || value === '') return '–';
  if (Array.isArray(value)) return value.length > 0 ? value.map(text).join(', ') : '–';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

const changed = (s) => Boolean(s.origin) && s.origin !== 'default' && text(s.value) !== text(s.default);

function filter(route) {
  const go = (query) => {
    history.replaceState(null, '', link('settings', '', { ...route.query, ...query }));
    window.dispatchEvent(new CustomEvent('reroute'));
  };
  return h(
    'form',
    { class: 'search', role: 'search', on: { submit: (event) => event.preventDefault() } },
    h(
      'span',
      { class: 'field' },
      icon('search'),
      h('input', {
        type: 'search',
        id: 'search',
        'aria-label': 'Search settings',
        placeholder: 'Name or meaning',
        value: route.query.q ?? '',
        autocomplete: 'off',
        spellcheck: 'false',
        on: { input: (event) => go({ q: event.currentTarget.value }) },
      }),
    ),
    h(
      'label',
      { class: 'check' },
      h('input', {
        type: 'checkbox',
        checked: route.query.changed === '1',
        on: { change: (event) => go({ changed: event.currentTarget.checked ? '1' : '' }) },
      }),
      'Changed only',
    ),
  );
}

function group(name, rows) {
  return panel(
    name,
    { className: 'bare', key: name },
    table(
      name,
      [
        {
          name: 'Setting',
          className: 'wide-cell',
          cell: (s) => [h('code', null, s.path), h('span', { class: 'help' }, s.help)],
        },
        {
          name: 'Value',
          cell: (s) =>
            h(
              'span',
              { class: `value ${changed(s) ? 'strong' : ''}` },
              s.secret && s.value ? [text(s.value), ' ', h('span', { class: 'tag' }, 'secret')] : text(s.value),
            ),
        },
        { name: 'Default', className: 'spacious', cell: (s) => h('span', { class: 'value muted' }, text(s.default)) },
        {
          name: 'From',
          className: 'roomy',
          cell: (s) => h('span', { class: changed(s) ? null : 'muted' }, s.origin || 'default'),
        },
      ],
      rows,
      { keyOf: (s) => s.path },
    ),
  );
}

// Built-in providers that nobody has touched are many, and say nothing: they are shown to who looks for them.
const providerOf = (s) => (s.path.startsWith('providers.') ? s.path.split('.')[1] : '');
const touched = (s) => Boolean(s.origin) && s.origin !== 'default' && s.origin !== 'preset';

function render(route, data) {
  const q = (route.query.q ?? '').toLowerCase();
  const mine = new Set(data.settings.filter(touched).map(providerOf));
  const rows = data.settings.filter(
    (s) =>
      `${s.path} ${s.help ?? ''}`.toLowerCase().includes(q) &&
      (route.query.changed !== '1' || changed(s)) &&
      (q !== '' || providerOf(s) === '' || mine.has(providerOf(s))),
  );
  const others = new Set(data.settings.map(providerOf).filter((name) => name !== '' && !mine.has(name)));
  const groups = Map.groupBy
    ? Map.groupBy(rows, (s) => (s.path.includes('.') ? s.path.split('.')[0] : 'general'))
    : new Map([['settings', rows]]);
  return [
    heading('Settings', {
      lead: 'As the running proxy has them. They are changed in its configuration, and taken over by sluice reload.',
      aside: filter(route),
    }),
    rows.length === 0
      ? h('p', { class: 'nothing' }, 'No setting fits.')
      : h(
          'div',
          { class: 'grid one settings' },
          [...groups].map(([name, list]) => group(name, list)),
        ),
    q === '' && others.size > 0
      ? h('p', { class: 'muted' }, `Built in, as they are; search to see their settings: ${[...others].join(', ')}.`)
      : null,
  ];
}

export default { title: () => 'Settings', load, render };
