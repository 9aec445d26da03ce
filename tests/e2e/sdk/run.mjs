#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Real SDKs through the proxy: run.mjs PROGRAM [REGEX]. Starts the proxy and a mock provider, runs the checks
// (whose name matches), and prints as its last line "N passed, N failed". Needs `npm ci` in this folder.
import { check, eq, runChecks, start } from './harness.mjs';
import './anthropic.mjs';
import './openai.mjs';
import './pairs.mjs';
import './raw.mjs';
import './simulator.mjs';

const [program, only] = process.argv.slice(2);
if (!program) {
  console.error('usage: run.mjs PROGRAM [REGEX]');
  process.exit(2);
}

const { proxy, mock } = await start(program);

check('end.no_key_in_the_log', async () => eq(/sk-ant-fake|AIza-fake/.test(proxy.said), false, 'a key in the log'));
check('end.ends_on_sigterm', async () => {
  proxy.kill('SIGTERM');
  const dead = setTimeout(() => proxy.kill('SIGKILL'), 10000);
  eq(await proxy.ended, 0, 'exit status');
  clearTimeout(dead);
});

const [passed, failed] = await runChecks(only && new RegExp(only));
if (failed) console.log(proxy.said.split('\n').slice(-15).map((l) => `  log| ${l}`).join('\n'));
proxy.kill('SIGKILL');
mock.kill('SIGTERM');
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
