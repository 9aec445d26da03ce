// SPDX-License-Identifier: MIT
// Addresses of views: #/conversations?period=7d&q=text, #/exchange/ID. Everything that a view shows is in its address,
// so that links, reloads and the back button work.

export const PERIODS = [
  ['today', 'Today'],
  ['24h', '24 h'],
  ['7d', '7 d'],
  ['30d', '30 d'],
  ['month', 'Month'],
  ['all', 'All'],
];
const PERIOD = 'sluice-period';

function remembered() {
  try {
    return sessionStorage.getItem(PERIOD);
  } catch {
    return null;
  }
}

/** The address as { view, id, query, period }. */
export function parse(hash) {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split('?');
  const [view, ...rest] = path.split('/');
  const query = Object.fromEntries(new URLSearchParams(search));
  let id = rest.join('/');
  try {
    id = decodeURIComponent(id);
  } catch {
    // not one of ours: taken as it is
  }
  const known = PERIODS.some(([name]) => name === query.period) || query.period === 'week';
  const period = known ? query.period : (remembered() ?? '24h');
  return { view: view || 'overview', id, query, period, hash };
}

export function rememberPeriod(period) {
  try {
    sessionStorage.setItem(PERIOD, period);
  } catch {
    // then it is in the address only
  }
}

export function link(view, id = '', query = {}) {
  const search = new URLSearchParams(
    Object.entries(query).filter(([, v]) => v !== '' && v !== null && v !== undefined),
  ).toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ''}${search ? `?${search}` : ''}`;
}
