// SPDX-License-Identifier: MIT
// What the proxy's terms mean, in plain words. A term that is not here is shown as it came.

// The names are those of llm/loss.h.
const LOSSES = {
  provider_switched: ['Provider switched', 'Another provider answered, and each has a cache of its own.'],
  model_switched: ['Model switched', 'Another model answered, and each model has a cache of its own.'],
  ttl: [
    'Cache expired',
    'The pause since the last request was longer than the cache lives: five minutes, or an hour where that was paid for.',
  ],
  tools_order: [
    'Tools reordered',
    'The same tools came in another order. Tools stand first in the prompt, so everything behind them was paid anew.',
  ],
  tools_added: [
    'Tool added',
    'A tool was added. Tools stand first in the prompt, so everything behind them was paid anew.',
  ],
  tools_removed: [
    'Tool removed',
    'A tool is gone. Tools stand first in the prompt, so everything behind them was paid anew.',
  ],
  tools_changed: [
    'Tool changed',
    'A tool is described differently. Tools stand first in the prompt, so everything behind them was paid anew.',
  ],
  system_changed: [
    'System prompt changed',
    'The system prompt is not that of the request before: everything from there on was paid anew.',
  ],
  tool_choice: [
    'Tool choice changed',
    'Which tools may be called differs from the request before; that drops the cached messages.',
  ],
  thinking: [
    'Thinking changed',
    'Kind, budget or effort of thinking differs from the request before; that drops the cached messages.',
  ],
  image: [
    'First or last image',
    'The first image came, or the last one went: whether a prompt has images is part of what is cached.',
  ],
  compaction: [
    'Conversation compacted',
    'The client replaced the history by a summary. What was cached of the old one is of no more use.',
  ],
  history_edited: ['History edited', 'An earlier message is not what it was: everything from there on was paid anew.'],
  below_minimum: ['Too short to cache', 'The prompt has fewer tokens than the smallest prefix that this model caches.'],
  no_breakpoint: ['No cache mark', 'No cache_control stands where the cached prefix could be found from.'],
  lookback: [
    'Cache mark too far on',
    'More blocks lie between the cached prefix and the next cache mark than the provider looks back over (20).',
  ],
  unexplained: [
    'Not explained',
    'The prefix was the same and still warm as far as can be seen; the provider did not find it.',
  ],
};
const SAVINGS = {
  model: 'Cheaper model',
  cache: 'Better caching',
  breakpoints: 'Better caching',
  shaping: 'Shorter prompts',
  overhead: 'Own calls',
};
// The names are those of llm/turn.h.
const KINDS = {
  prompt: 'Prompt',
  first: 'First prompt',
  correction: 'Correction',
  planning: 'Planning',
  tool_loop: 'Tool loop',
  edit: 'Edit',
  recovery: 'Recovery',
  continuation: 'Continuation',
  subagent: 'Subagent',
  compaction: 'Compaction',
  title: 'Title',
  web_search: 'Web search',
  recap: 'Recap',
  background: 'Background',
  count_tokens: 'Token count',
  models: 'Model list',
};
const OUTCOMES = {
  ok: 'Answered',
  cut: 'Broken off by the provider',
  cancelled: 'Client left',
  timeout: 'Timed out',
  connect: 'Could not connect',
  tls: 'TLS failed',
  dns: 'Name not found',
  refused: 'Refused',
  rate_limit: 'Rate limited',
  overloaded: 'Overloaded',
};

// Who has decided where a request goes.
const DECIDERS = {
  'as asked': 'The client',
  profile: 'The profile',
  rule: 'A rule',
  script: 'The script',
  use: 'What turns of this kind use',
  name: 'The name that was asked for',
  tag: 'A tag in the prompt',
  forced: 'The provider is fixed',
  failover: 'Failover',
};

/** snake_case as a sentence's beginning. */
function plain(term) {
  const text = String(term).replace(/[_-]+/g, ' ').trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const own = (table, name) => (Object.hasOwn(table, name) ? table[name] : undefined);
const lossOf = (cause) => own(LOSSES, cause);

/** Of a first request nothing can be lost. */
export const isLoss = (cause) => Boolean(cause) && cause !== 'first';
export const lossName = (cause) => lossOf(cause)?.[0] ?? plain(cause);
export const lossText = (cause) => lossOf(cause)?.[1] ?? '';
export const savingName = (cause) => own(SAVINGS, cause) ?? plain(cause);
export const kindName = (kind) => (kind ? (own(KINDS, kind) ?? plain(kind)) : '–');

const MAIN = ['prompt', 'first', 'correction', 'planning', 'tool_loop', 'edit', 'recovery', 'continuation'];
/** Turns that stand beside their conversation. */
export const isAside = (kind) => Boolean(kind) && !MAIN.includes(kind);
export const deciderName = (by) => own(DECIDERS, by) ?? plain(by);
export const verdictName = (verdict) => plain(verdict ?? '');
export const outcomeName = (outcome) => own(OUTCOMES, outcome) ?? plain(outcome ?? 'running');
export const healthName = (health) =>
  ({ ok: 'Working', failing: 'Failing', unknown: 'Not asked yet' })[health] ?? plain(health ?? 'unknown');

/** A kind of error, or a status, as it is counted. */
export const errorName = (kind) => (/^\d+$/.test(kind) ? `Status ${kind}` : plain(kind));
