#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The dashboard in a real browser: run.mjs SLUICE SLUICE_SIM FILL_LEDGER [REGEX]. Runs the checks (whose name matches),
// tells what was measured, and prints as its last line "N passed, N failed". Needs `npm ci` in this folder.
import { notes, runChecks } from './harness.mjs';
import './format_checks.mjs';
import { startFake } from './fake_checks.mjs';
import { startReal } from './real_checks.mjs';

const [sluice, sim, fill, only] = process.argv.slice(2);
if (!fill) {
  console.error('usage: run.mjs SLUICE SLUICE_SIM FILL_LEDGER [REGEX]');
  process.exit(2);
}

await startFake();
await startReal(sluice, sim, fill);
const [passed, failed] = await runChecks(only && new RegExp(only));
for (const note of notes) console.log(note);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed || passed === 0 ? 1 : 0);
