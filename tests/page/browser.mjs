// SPDX-License-Identifier: MIT
// The browser that drives the page: Debian's Chromium, without a window.
import fs from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

export function launch() {
  const executablePath = PLACES.find((p) => p && fs.existsSync(p));
  if (!executablePath) {
    console.error('no Chromium was found: install the package "chromium", or name one in CHROMIUM');
    console.log('0 passed, 1 failed');
    process.exit(1);
  }
  // Root has no sandbox; nothing but our own pages is opened, and there is no way out but to loopback addresses.
  const args = [
    '--disable-dev-shm-usage',
    '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    '--force-color-profile=srgb',
  ];
  return chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0, args });
}
