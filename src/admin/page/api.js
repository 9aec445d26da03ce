// SPDX-License-Identifier: MIT
// Asks the proxy. The only module that knows addresses and the key.

const BASE = '/sluice/api/';
const KEY = 'sluice-key';
let key = null;
let askForKey = null;

try {
  key = sessionStorage.getItem(KEY);
} catch {
  // storage is switched off: the key is kept as long as the page is open
}

/** Who asks people for the key: a function that gives a promise of it, told whether there was a wrong one. */
export function setKeyAsker(fn) {
  askForKey = fn;
}

function keep(value) {
  key = value;
  try {
    if (value) sessionStorage.setItem(KEY, value);
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
}

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function errorOf(response) {
  let said = '';
  try {
    said = (await response.json()).error.message;
  } catch {
    // no body that we know
  }
  return new ApiError(response.status, said || `The proxy answered with status ${response.status}.`);
}

let asking = null;

/** One dialog, however many requests want the key. */
function newKey(used) {
  if (key !== used) return Promise.resolve();
  asking ??= askForKey(used !== null).then((value) => {
    asking = null;
    keep(value);
  });
  return asking;
}

/** A response whose status is good; asks for the key as often as it takes. */
export async function request(path, params = {}, signal = undefined) {
  const url = new URL(BASE + path, location.origin);
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, value);
  }
  for (;;) {
    const used = key;
    const headers = used ? { 'x-sluice-key': used } : {};
    const response = await fetch(url, { headers, signal, cache: 'no-store', credentials: 'omit' });
    if (response.ok) return response;
    if (response.status !== 401) throw await errorOf(response);
    await newKey(used);
    signal?.throwIfAborted();
  }
}

export async function get(path, params, signal) {
  return (await request(path, params, signal)).json();
}
