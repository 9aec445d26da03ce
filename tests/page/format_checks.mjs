// SPDX-License-Identifier: MIT
// Figures for people, word for word.
import * as f from '../../src/admin/page/format.js';
import { lossName, savingName } from '../../src/admin/page/words.js';
import { link, parse } from '../../src/admin/page/route.js';
import { check, eq } from './harness.mjs';

const each = (name, fn, rows) =>
  check(`format.${name}`, () => {
    for (const [value, want] of rows) eq(fn(...[value].flat()), want, `${name} of ${JSON.stringify(value)}`);
  });

each(
  'money',
  f.money,
  [
    [30300000, '$0.0303'],
    [0, '$0.00'],
    [null, '$?'],
    [1500000000, '$1.50'],
    [12345678900000, '$12,345.68'],
    [45000, '$0.0000450'],
    [-30300000, '−$0.0303'],
    [1, '$0.00000000100'],
    [[30300000, 2], '$0.03'],
    [[1000000, 2], '<$0.01'],
    [[0, 2], '$0.00'],
  ].map(([v, want]) => [v, want === '$0.00000000100' ? '$0.000000001' : want]),
);
each('tokens', f.tokens, [
  [0, '0'],
  [812, '812'],
  [999, '999'],
  [1000, '1.00 K'],
  [12400, '12.4 K'],
  [999600, '1.00 M'],
  [99960, '100 K'],
  [1240000, '1.24 M'],
  [null, '–'],
]);
each('percent', f.percent, [
  [0.98, '98.0 %'],
  [1, '100 %'],
  [0.9999, '99.9 %'],
  [0, '0 %'],
  [null, '–'],
]);
each('duration', f.duration, [
  [840000, '840 ms'],
  [1234, '1.2 ms'],
  [3200000, '3.20 s'],
  [59940000, '59.9 s'],
  [72000000, '1 min 12 s'],
  [3725000000, '1 h 2 min'],
  [null, '–'],
]);
each('price', f.price, [
  [3000000, '$3.00'],
  [28000, '$0.028'],
  [null, '–'],
]);
each('onAxis', f.onAxis, [
  ['$5.00', '$5'],
  ['$0.5000', '$0.5'],
  ['50.0 K', '50 K'],
  ['1.24 M', '1.24 M'],
  ['100', '100'],
  ['$10', '$10'],
]);
each('hitRate', f.hitRate, [
  [{ input: 10, cache_read: 80, cache_write_5m: 5, cache_write_1h: 5, output: 7 }, 0.8],
  [{ input: 0, cache_read: 0 }, null],
  [null, null],
]);

check('format.terms', () => {
  eq(lossName('ttl'), 'Cache expired', 'a known cause');
  eq(lossName('some_new_cause'), 'Some new cause', 'an unknown cause');
  eq(lossName('__proto__'), 'Proto', 'a name of every object');
  eq(savingName('constructor'), 'Constructor', 'another one');
});

check('format.addresses', () => {
  const odd = 'a/b?c=d&e#f"<%';
  eq(parse(link('conversation', odd)).id, odd, 'an id');
  eq(parse(link('conversations', '', { q: odd })).query.q, odd, 'a search');
  eq(parse('#/exchange/%E0%A4%A').id, '%E0%A4%A', 'what is no address');
  eq(parse('').view, 'overview', 'nothing');
  eq(parse('#/overview?period=decade').period, '24h', 'an unknown period');
});
