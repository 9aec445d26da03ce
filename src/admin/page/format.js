// SPDX-License-Identifier: MIT
// Figures for people: money from integer nano-dollars, tokens, shares, durations, local times. Unknown stays unknown.

const NUSD = 1e9;
const grouped = new Intl.NumberFormat('en-US');
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const clockShort = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });

export const isKnown = (v) => v !== null && v !== undefined;

/** Digits behind the point that tell an amount: two from a dollar on, four below, and three that count when it is tiny. */
function digitsOf(dollars) {
  const size = Math.abs(dollars);
  if (size >= 1 || size === 0) return 2;
  if (size >= 0.01) return 4;
  return Math.min(9, 2 - Math.floor(Math.log10(size)));
}

/** Money; `digits` fixes those behind the point, for columns that are to be compared. */
export function money(nusd, digits) {
  if (!isKnown(nusd)) return '$?';
  const dollars = nusd / NUSD,
    n = nusd === 0 ? 2 : (digits ?? digitsOf(dollars));
  if (digits && nusd > 0 && dollars < 0.5 / 10 ** digits) return `<$${(1 / 10 ** digits).toFixed(digits)}`;
  const text = Math.abs(dollars).toLocaleString('en-US', { minimumFractionDigits: n, maximumFractionDigits: n });
  return `${nusd < 0 ? '−' : ''}$${text}`;
}

/** Digits for a list of amounts that are to be compared: cents where there are tens of dollars, four digits below. */
export function moneyDigits(amounts) {
  return Math.max(0, ...amounts.map((v) => Math.abs(v ?? 0))) >= 10 * NUSD ? 2 : 4;
}

/** Digits that show parts of a sum so that they add up for those who check. */
export function partDigits(amounts) {
  return Math.min(6, Math.max(2, ...amounts.filter((v) => v).map((v) => digitsOf(v / NUSD) + 1)));
}

/** A price a million tokens from pico-dollars a token. */
export function price(pico) {
  if (!isKnown(pico)) return '–';
  const dollars = pico / 1e6;
  return `$${dollars.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 })}`;
}

export function count(n) {
  return isKnown(n) ? grouped.format(n) : '–';
}

/** 812, 12.4 K, 1.24 M. */
export function tokens(n) {
  if (!isKnown(n)) return '–';
  const size = Math.abs(n);
  for (const [unit, per] of [
    ['G', 1e9],
    ['M', 1e6],
    ['K', 1e3],
  ]) {
    if (size < per * 0.9995) continue;
    const v = n / per;
    return `${v.toFixed(Math.abs(v) < 9.995 ? 2 : Math.abs(v) < 99.95 ? 1 : 0)} ${unit}`;
  }
  return grouped.format(Math.round(n));
}

/** Money, tokens on an axis: no digits that say nothing. */
export const onAxis = (text) => text.replace(/(\.\d*?)0+(?=\D*$)/, '$1').replace(/\.(?=\D*$)/, '');

export function bytes(n) {
  if (!isKnown(n)) return '–';
  if (n < 1000) return `${n} B`;
  return `${tokens(n)}B`;
}

/** A share between 0 and 1. Never says 100 % of what is not all. */
export function percent(share) {
  if (!isKnown(share) || Number.isNaN(share)) return '–';
  const v = share * 100;
  if (v > 99.9 && v < 100) return '99.9 %';
  if (v >= 100 || v === 0) return `${v.toFixed(0)} %`;
  return `${v.toFixed(1)} %`;
}

export function duration(us) {
  if (!isKnown(us)) return '–';
  const ms = us / 1000;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59950) return `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`;
  const s = Math.round(ms / 1000);
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** How long something takes yet, in whole seconds. */
export const wait = (ms) => (ms < 60000 ? `${Math.ceil(ms / 1000)} s` : duration(ms * 1000));

const sameDay = (a, b) =>
  a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();

/** Local time: today only the clock, otherwise the day too. */
export function time(ms, now = Date.now()) {
  if (!isKnown(ms)) return '–';
  const t = new Date(ms),
    n = new Date(now);
  if (sameDay(t, n)) return clock.format(t);
  if (t.getFullYear() === n.getFullYear()) return `${day.format(t)}, ${clockShort.format(t)}`;
  return dayYear.format(t);
}

export function fullTime(ms) {
  return isKnown(ms) ? full.format(new Date(ms)) : '';
}

export const dayLabel = (ms) => day.format(new Date(ms));

/** What an axis says about a step of that length. */
export function stepLabel(ms, step) {
  const t = new Date(ms);
  if (step >= 20 * 3600e3) return day.format(t);
  const midnight = t.getHours() === 0 && t.getMinutes() === 0;
  return midnight ? day.format(t) : clockShort.format(t);
}

/** A step in words: the day, and the hours when it is shorter than a day. */
export function stepTitle(ms, step) {
  const t = new Date(ms);
  if (step >= 20 * 3600e3) return full.format(t).replace(/,? ?(at )?\d?\d:\d\d.*$/, '');
  return `${day.format(t)}, ${clockShort.format(t)} – ${clockShort.format(new Date(ms + step))}`;
}

const prompt = (t) =>
  t ? (t.input ?? 0) + (t.cache_read ?? 0) + (t.cache_write_5m ?? 0) + (t.cache_write_1h ?? 0) : 0;

/** All tokens of the prompt, however they were billed. */
export const promptTokens = prompt;
export const writeTokens = (t) => (t ? (t.cache_write_5m ?? 0) + (t.cache_write_1h ?? 0) : 0);

/** Which share of the prompt was read from the provider's cache; null without a prompt. */
export function hitRate(t) {
  const all = prompt(t);
  return all > 0 ? (t.cache_read ?? 0) / all : null;
}

/** A long id, as much as tells it from its neighbours. */
export function shortId(id) {
  if (!id) return '';
  return id.length <= 18 ? id : `${id.slice(0, 8)}…${id.slice(-6)}`;
}
