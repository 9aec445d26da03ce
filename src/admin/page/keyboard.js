// SPDX-License-Identifier: MIT
// Shortcuts. Everything that they do can be reached by Tab and Enter too.
import { h } from './dom.js';

const VIEWS = { o: 'overview', c: 'conversations', m: 'models', a: 'alarms', s: 'settings' };
const KEYS = [
  ['g then o, c, m, a, s', 'Overview, conversations, models, alarms, settings'],
  ['1 to 6', 'Period'],
  ['/', 'Search'],
  ['j, k', 'Next, previous row'],
  ['u', 'Up: from a request to its conversation'],
  ['t', 'Light, dark, or as the system is'],
  ['?', 'This list'],
  ['Esc', 'Close, or leave the search'],
];
const SEQUENCE_MS = 1200;
let leader = -SEQUENCE_MS;

function row(step) {
  const links = [...document.querySelectorAll('main tbody th a')].filter((a) => a.offsetParent !== null);
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? 0 : Math.max(0, Math.min(links.length - 1, at + step))]?.focus();
}

export function showHelp() {
  const dialog = document.getElementById('help-dialog');
  if (dialog.open) return;
  document.getElementById('help-keys').replaceChildren(
    ...KEYS.flatMap(([keys, what]) => [
      h(
        'dt',
        null,
        keys.split(/( then |, | to )/).map((k, i) => (i % 2 ? k : h('kbd', null, k))),
      ),
      h('dd', null, what),
    ]),
  );
  dialog.showModal();
}

function onKey(event, nextTheme) {
  const { key } = event;
  const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
  if (key === 'Escape' && typing) typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.timeStamp - leader < SEQUENCE_MS && Object.hasOwn(VIEWS, key)) {
    leader = -SEQUENCE_MS;
    location.hash = `#/${VIEWS[key]}`;
  } else if (key === 'g') {
    leader = event.timeStamp; // when it was pressed, however busy the page has been since
    return;
  } else if (key === '?') {
    showHelp();
  } else if (key === '/') {
    document.getElementById('search')?.focus();
  } else if (key === 't') {
    nextTheme();
  } else if (key === 'j' || key === 'k') {
    row(key === 'j' ? 1 : -1);
  } else if (key === 'u') {
    document.querySelector('a.back')?.click();
  } else if (/^[1-6]$/.test(key)) {
    document.querySelectorAll('[data-period]')[Number(key) - 1]?.click();
  } else {
    return;
  }
  event.preventDefault();
}

export function startKeyboard(nextTheme) {
  document.addEventListener('keydown', (event) => onKey(event, nextTheme));
}
