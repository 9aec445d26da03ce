#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Pictures of every view, to be looked at: shots.mjs ADDRESS FOLDER [REGEX]. In light and dark, wide and on a phone.
import fs from 'node:fs';
import path from 'node:path';
import { launch } from './browser.mjs';

const [origin, folder, only] = process.argv.slice(2);
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

async function firstOf(page, view) {
  await page.goto(`${origin}/dashboard#/${view}?period=30d`);
  await page.locator('main tbody th a').first().waitFor();
  return page.locator('main tbody th a').first().getAttribute('href');
}

fs.mkdirSync(folder, { recursive: true });
const browser = await launch();
const scout = await browser.newPage();
const conversation = await firstOf(scout, 'conversations');
await scout.goto(`${origin}/dashboard${conversation}`);
await scout.locator('main tbody th a').first().waitFor();
const exchange = await scout.locator('main tbody tr:has(.status) th a, main tbody th a').first().getAttribute('href');
const VIEWS = {
  overview: '#/overview?period=24h',
  week: '#/overview?period=7d',
  hits: '#/overview?period=7d&show=hits',
  conversations: '#/conversations?period=30d',
  conversation,
  exchange,
  models: '#/models?period=30d',
  alarms: '#/alarms?period=30d',
  settings: '#/settings',
};
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: size === 'phone' ? 2 : 1 });
    const page = await context.newPage();
    for (const [name, hash] of Object.entries(VIEWS)) {
      const file = `${name}-${size}-${colorScheme}`;
      if (only && !new RegExp(only).test(file)) continue;
      await page.goto(`${origin}/dashboard${hash}`);
      await page.locator('#title').waitFor();
      await page.waitForTimeout(700);
      await page.screenshot({ path: path.join(folder, `${file}.png`) });
      await page.screenshot({ path: path.join(folder, `${file}-full.png`), fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
