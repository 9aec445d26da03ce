// SPDX-License-Identifier: MIT
// The page against a proxy that pretends: every view in every state, live figures, the key, the keyboard, looks.
import { check, eq, go, here, ok, open, run, addressOf, shown, sleep, until, VIEWS } from './harness.mjs';

let fake = '';
const TITLES = {
  overview: 'Overview',
  conversations: 'Conversations',
  models: 'Models and providers',
  alarms: 'Alarms',
  settings: 'Settings',
};
const LOST = /ERR_(INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE|CONNECTION_(RESET|CLOSED)|FAILED)/;
const DENIED = /401 \(Unauthorized\)/;

export async function startFake() {
  fake = await addressOf(run('python3', ['-B', `${here}/fake.py`]), 'the pretended proxy');
}

const steer = (order) => fetch(`${fake}/fake`, { method: 'POST', body: JSON.stringify(order) });

/** A check that begins with a scenario. */
function on(scenario, name, fn) {
  check(name, async () => {
    await steer({ scenario, key: null, cut: false, open: 0 });
    await fn();
  });
}

const numberOf = async (page, name) =>
  Number((await page.locator('.figure', { hasText: name }).locator('dd').first().textContent()).replace(/\D/g, ''));
const hashOf = (page) => page.evaluate(() => location.hash);
const rowLink = (page) => page.locator('main tbody th a').first();

/** Every address that there is, details included. */
async function addresses(page) {
  await shown(page, 'Conversations');
  const conversation = await rowLink(page).getAttribute('href');
  await go(page, conversation);
  await page.locator('a.back').waitFor();
  await page.locator('main tbody th a').first().waitFor();
  const exchange = await rowLink(page).getAttribute('href');
  return [
    ...VIEWS.map((v) => `#/${v}?period=30d`),
    '#/overview?period=all&show=tokens',
    '#/overview?show=hits',
    '#/overview?show=requests',
    conversation,
    exchange,
  ];
}

/** Waits until the view that the address names is there with its data. */
async function settled(page) {
  await until(() => page.evaluate(() => document.getElementById('main').dataset.shown === location.hash), 'the view');
}

// ---- views

for (const scenario of ['day', 'evil']) {
  on(scenario, `views.${scenario}_without_complaint`, async () => {
    await steer({ end: 5, open: 4 });
    const page = await open(fake, '#/conversations?period=30d');
    for (const hash of await addresses(page)) {
      await go(page, hash);
      await settled(page);
      await sleep(60);
      eq(await page.locator('h1').count(), 1, `headings of ${hash}`);
      eq(await page.locator('.notice[role=alert]').count(), 0, `problems in ${hash}`);
    }
    await page.end();
  });
}

on('empty', 'views.empty_tells_what_to_do', async () => {
  const page = await open(fake, '#/overview');
  await page.getByText('sluice run claude').waitFor();
  await go(page, '#/conversations?period=all');
  await page.getByText('sluice run claude').waitFor();
  for (const view of VIEWS) {
    await go(page, `#/${view}`);
    await shown(page, TITLES[view]);
  }
  await steer({ end: 1 });
  await go(page, '#/overview');
  await page.locator('.figure', { hasText: 'Requests' }).waitFor();
  await page.end();
});

on('day', 'views.an_empty_period_leads_to_others', async () => {
  const page = await open(fake, '#/overview?period=7d');
  await page.route('**/overview?period=today', async (route) => {
    const body = await (await route.fetch()).json();
    body.totals.exchanges = 0;
    await route.fulfill({ json: body });
  });
  await page.locator('[data-period=today]').click();
  await page.getByText('Show all of them').click();
  await page.locator('.figure', { hasText: 'Requests' }).waitFor();
  eq(await hashOf(page), '#/overview?period=all', 'address');
  await page.end();
});

on('day', 'views.errors_are_told_and_healed', async () => {
  const page = await open(fake, '#/exchange/none-such', { expected: /404/ });
  await page.locator('.notice[role=alert]').getByText('there is none of that id').waitFor();
  await go(page, '#/nonsense');
  await shown(page, 'Overview');
  await page.end();
});

on('day', 'views.cost_parts_add_up', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  const exchange = (await addresses(page)).at(-1);
  await go(page, exchange);
  const rows = page.locator('table.sum tbody tr');
  await rows.last().waitFor();
  const dollars = (await rows.locator('td:last-child').allTextContents()).map((t) =>
    Math.round(Number(t.replace(/[$,]/g, '')) * 1e6),
  );
  const sum = dollars.slice(0, -1).reduce((a, b) => a + b, 0);
  ok(Math.abs(sum - dollars.at(-1)) <= dollars.length, `parts give ${sum}, together is ${dollars.at(-1)}`);
  await page.end();
});

// ---- what came from outside

on('evil', 'outside.markup_stays_text', async () => {
  await steer({ end: 3, open: 3 });
  const page = await open(fake, '#/conversations?period=30d');
  let seen = '';
  for (const hash of await addresses(page)) {
    await go(page, hash);
    await settled(page);
    await sleep(100);
    const found = await page.evaluate(
      () => document.querySelectorAll('main script, main img, main iframe, main [onerror], main [onclick]').length,
    );
    eq(found, 0, `elements that came with the data in ${hash}`);
    const odd = await page.evaluate(() =>
      [...document.querySelectorAll('a[href]')]
        .filter((a) => !a.getAttribute('href').startsWith('#'))
        .map((a) => a.getAttribute('href')),
    );
    eq(odd.join(), '', `links that lead elsewhere in ${hash}`);
    seen += await page.locator('main').innerText();
  }
  for (const text of ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '__proto__'])
    ok(seen.includes(text), `${text} is not shown as it is`);
  await page.end();
});

on('day', 'outside.inline_code_is_refused', async () => {
  const page = await open(fake, '#/overview', { expected: /Content Security Policy|Trusted/ });
  await settled(page);
  const ran = await page.evaluate(async () => {
    const s = document.createElement('script');
    try {
      s.textContent = 'window.ran = true';
    } catch {
      /* refused already */
    }
    document.body.append(s);
    try {
      document.body.innerHTML += '<img src=x onerror="window.ran = true">';
    } catch {
      /* refused */
    }
    await new Promise((r) => setTimeout(r, 100));
    return window.ran === true;
  });
  eq(ran, false, 'inline code ran');
  await page.end();
});

// ---- live

on('day', 'live.figures_follow_without_jumping', async () => {
  const page = await open(fake, '#/overview?period=24h', { viewport: { width: 1000, height: 700 } });
  await settled(page);
  await until(() => page.locator('#connection[data-state=live]').count(), 'a connection');
  const before = await numberOf(page, 'Requests');
  await page.evaluate(() => {
    window.figure = document.querySelector('.figure');
    window.canvas = document.querySelector('canvas');
    scrollTo(0, 300);
  });
  await page.locator('summary').first().click();
  const top = await page.evaluate(() => scrollY);
  await steer({ end: 3, open: 2 });
  await until(async () => (await numberOf(page, 'Requests')) === before + 3, 'three more requests');
  await until(
    () =>
      page
        .locator('.feed .open')
        .count()
        .then((n) => n === 2),
    'two open requests',
  );
  eq(await page.evaluate(() => window.figure.isConnected && window.canvas.isConnected), true, 'figures were made anew');
  eq(await page.evaluate(() => scrollY), top, 'scroll position');
  eq(await page.evaluate(() => document.querySelector('details').open), true, 'the open table');
  await steer({ open: 0 });
  await until(
    () =>
      page
        .locator('.feed .open')
        .count()
        .then((n) => n === 0),
    'the end of both',
  );
  await page.end();
});

on('day', 'live.conversations_and_details_follow', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  await shown(page, 'Conversations');
  const requests = page.locator('main tbody tr').first().locator('td').nth(2);
  const before = Number(await requests.textContent());
  await page.locator('#connection[data-state=live]').waitFor();
  await steer({ end: 2 });
  await until(async () => Number(await requests.textContent()) === before + 2, 'two more requests');
  await rowLink(page).click();
  await page.locator('a.back').waitFor();
  const rows = page.locator('main .panel.bare tbody tr');
  await rows.first().waitFor();
  const shownRows = await rows.count();
  await steer({ end: 1 });
  await until(async () => (await rows.count()) === shownRows + 1, 'one more row');
  await page.end();
});

on('day', 'live.a_lost_connection_is_shown_and_heals', async () => {
  const page = await open(fake, '#/overview?period=24h', { expected: LOST });
  await settled(page);
  await page.locator('#connection[data-state=live]').waitFor();
  const before = await numberOf(page, 'Requests');
  await steer({ cut: true });
  await page.locator('#connection[data-state=lost]').waitFor();
  eq((await page.locator('.figure').count()) > 0, true, 'figures stay');
  await steer({ end: 2 });
  await steer({ cut: false });
  await page.locator('#connection[data-state=live]').waitFor({ timeout: 15000 });
  await until(async () => (await numberOf(page, 'Requests')) === before + 2, 'what was missed');
  await page.end();
});

// ---- the key

on('day', 'key.is_asked_for_until_it_is_right', async () => {
  await steer({ key: 'the right one' });
  const page = await open(fake, '#/conversations?period=30d', { expected: DENIED });
  const input = page.locator('#key-input');
  await input.waitFor();
  eq(await page.locator('main tbody tr').count(), 0, 'rows without the key');
  await input.fill('a wrong one');
  await input.press('Enter');
  await page.getByText('did not accept').waitFor();
  await page.keyboard.press('Escape');
  await sleep(50);
  eq(await page.locator('#key-dialog').evaluate((d) => d.open), true, 'the question stays');
  await input.fill('the right one');
  await input.press('Enter');
  await page.locator('main tbody tr').first().waitFor();
  await page.locator('#connection[data-state=live]').waitFor();
  await page.reload();
  await page.locator('main tbody tr').first().waitFor();
  eq(
    await page.evaluate(
      () => JSON.stringify({ ...localStorage }).includes('the right one') || document.cookie.includes('right'),
    ),
    false,
    'the key outlives the tab',
  );
  ok(!page.url().includes('right'), 'the key is in the address');
  await page.end();
});

// ---- keyboard

/** Goes through the page by Tab, once around; gives what was focused, and what of it could not be seen. */
async function tabThrough(page) {
  return page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(
      (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('dialog'),
    );
    all.forEach((e, i) => {
      e.dataset.reach = String(i);
    });
    document.activeElement?.blur?.();
    return all.length;
  });
}

on('day', 'keyboard.everything_can_be_reached', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  for (const hash of await addresses(page)) {
    await go(page, hash);
    await settled(page);
    await sleep(80);
    const count = await tabThrough(page);
    const reached = new Set();
    await page.evaluate(() => {
      document.body.tabIndex = -1;
      document.body.focus();
      document.body.removeAttribute('tabindex');
    });
    for (let i = 0; i < count + 12 && reached.size < count; i += 1) {
      await page.keyboard.press('Tab');
      const [at, outlined] = await page.evaluate(() => {
        const e = document.activeElement;
        const s = getComputedStyle(e);
        return [
          e.dataset.reach,
          e.classList.contains('skip') || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2),
        ];
      });
      if (at !== undefined) {
        reached.add(at);
        ok(
          outlined,
          `the focus cannot be seen on ${await page.evaluate(() => document.activeElement.outerHTML.slice(0, 120))} in ${hash}`,
        );
      }
    }
    eq(reached.size, count, `reached by Tab in ${hash}`);
  }
  await page.end();
});

on('day', 'keyboard.enter_opens_and_back_returns', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  await shown(page, 'Conversations');
  await page.locator('main tbody th a').nth(1).focus();
  await page.keyboard.press('Enter');
  await until(async () => (await hashOf(page)).startsWith('#/conversation/'), 'the conversation');
  await page.locator('main .panel.bare tbody th a').first().waitFor();
  const conversation = await hashOf(page);
  await page.locator('main .panel.bare tbody th a').first().focus();
  await page.keyboard.press('Enter');
  await until(async () => (await hashOf(page)).startsWith('#/exchange/'), 'the exchange');
  await page.getByRole('heading', { name: 'Why this model' }).waitFor();
  await page.keyboard.press('u');
  await until(async () => (await hashOf(page)) === conversation, 'up to the conversation');
  await page.goBack();
  await page.goBack();
  await until(async () => (await hashOf(page)) === conversation, 'back to the conversation');
  await page.goBack();
  await shown(page, 'Conversations');
  await page.end();
});

on('day', 'keyboard.shortcuts', async () => {
  const page = await open(fake, '#/overview');
  await settled(page);
  for (const [key, view] of [
    ['c', 'conversations'],
    ['m', 'models'],
    ['a', 'alarms'],
    ['s', 'settings'],
    ['o', 'overview'],
    ['c', 'conversations'],
  ]) {
    await page.keyboard.press('g');
    await page.keyboard.press(key);
    await shown(page, TITLES[view]);
  }
  await page.keyboard.press('?');
  await page.locator('#help-dialog[open]').waitFor();
  await page.keyboard.press('Escape');
  await until(
    () =>
      page
        .locator('#help-dialog[open]')
        .count()
        .then((n) => n === 0),
    'the end of the help',
  );
  await page.keyboard.press('4');
  await until(async () => (await hashOf(page)).includes('period=30d'), 'thirty days');
  await page.locator('main tbody tr').first().waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  eq(
    await page.evaluate(() => document.activeElement === document.querySelectorAll('main tbody th a')[1]),
    true,
    'the second row',
  );
  await page.keyboard.press('/');
  await page.keyboard.type('notes');
  await until(async () => (await hashOf(page)).includes('q=notes'), 'the search');
  await until(
    async () => (await page.locator('main tbody .first').allTextContents()).every((t) => t === 'notes'),
    'only what fits',
  );
  eq(await page.evaluate(() => document.activeElement.id), 'search', 'focus stays in the search');
  eq(await page.locator('#search').inputValue(), 'notes', 'what was typed');
  await page.end();
});

on('day', 'keyboard.skip_link', async () => {
  const page = await open(fake, '#/overview');
  await settled(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  eq(await page.evaluate(() => document.activeElement.id), 'main', 'focus');
  eq(await hashOf(page), '#/overview', 'address');
  await page.end();
});

// ---- addresses, pages

on('day', 'address.holds_what_is_shown', async () => {
  const page = await open(fake, '#/conversations?period=30d&q=tidemark');
  await shown(page, 'Conversations');
  await until(
    async () => (await page.locator('main tbody .first').allTextContents()).every((t) => t === 'tidemark'),
    'only what fits',
  );
  eq(await page.locator('[data-period="30d"]').getAttribute('aria-current'), 'true', 'period');
  await go(page, '#/overview');
  await shown(page, 'Overview');
  eq(await page.locator('[data-period="30d"]').getAttribute('aria-current'), 'true', 'the period goes along');
  await page.end();
});

on('day', 'address.pages_of_a_list', async () => {
  const page = await open(fake, '#/conversations?period=all');
  await shown(page, 'Conversations');
  const first = await rowLink(page).getAttribute('href');
  ok((await page.locator('main tbody tr').count()) <= 50, 'more than a page at once');
  await page.getByRole('link', { name: 'Older' }).click();
  await until(async () => (await rowLink(page).getAttribute('href')) !== first, 'the second page');
  await page.goBack();
  await until(async () => (await rowLink(page).getAttribute('href')) === first, 'the first page');
  await page.goForward();
  await page.getByRole('link', { name: 'Newest' }).click();
  await until(async () => (await rowLink(page).getAttribute('href')) === first, 'the newest');
  await page.end();
});

// ---- looks

const luminance = ([r, g, b]) =>
  [r, g, b]
    .map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const rgb = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
function contrast(a, b) {
  const [x, y] = [luminance(rgb(a)), luminance(rgb(b))].sort((p, q) => q - p);
  return (x + 0.05) / (y + 0.05);
}

on('day', 'looks.contrast_is_enough', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(fake, '#/overview', { colorScheme });
    const of = (name) =>
      page.evaluate((n) => getComputedStyle(document.documentElement).getPropertyValue(`--${n}`).trim(), name);
    for (const ground of ['bg', 'surface', 'raised']) {
      for (const ink of ['text', 'muted', 'accent', 'warn', 'bad']) {
        const c = contrast(await of(ink), await of(ground));
        ok(c >= 4.5, `${ink} on ${ground} in ${colorScheme}: ${c.toFixed(2)}`);
      }
    }
    ok(contrast(await of('on-accent'), await of('accent')) >= 4.5, `on-accent in ${colorScheme}`);
    ok(contrast(await of('accent'), await of('accent-soft')) >= 4.5, `accent on accent-soft in ${colorScheme}`);
    await page.end();
  }
});

on('day', 'looks.colours_can_be_chosen', async () => {
  const page = await open(fake, '#/overview', { colorScheme: 'dark' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await settled(page);
  const dark = await ground();
  await page.locator('#theme').click();
  const light = await ground();
  ok(light !== dark, 'light after dark');
  await page.reload();
  await settled(page);
  eq(await ground(), light, 'after a reload');
  await page.locator('#theme').click();
  await page.locator('#theme').click();
  eq(await ground(), dark, 'back to the system');
  await page.end();
});

on('day', 'looks.nothing_is_wider_than_the_screen', async () => {
  for (const width of [320, 390, 861, 1440]) {
    const page = await open(fake, '#/conversations?period=30d', { viewport: { width, height: 844 } });
    for (const hash of await addresses(page)) {
      await go(page, hash);
      await settled(page);
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      ok(over <= 0, `${hash} is ${over} pixels too wide at ${width}`);
    }
    await page.end();
  }
});

on('evil', 'looks.nor_when_texts_are_long', async () => {
  const page = await open(fake, '#/conversations?period=30d', { viewport: { width: 390, height: 844 } });
  for (const hash of await addresses(page)) {
    await go(page, hash);
    await settled(page);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    ok(over <= 0, `${hash} is ${over} pixels too wide`);
  }
  await page.end();
});

on('day', 'looks.nothing_moves_for_those_who_do_not_want_it', async () => {
  await steer({ open: 2 });
  const page = await open(fake, '#/overview', { reducedMotion: 'reduce' });
  await page.locator('.feed .open').first().waitFor();
  eq(await page.evaluate(() => document.getAnimations().length), 0, 'animations');
  await page.end();
});

on('day', 'looks.everything_has_a_name', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  for (const hash of await addresses(page)) {
    await go(page, hash);
    await settled(page);
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('a, button, input, canvas, table')]
        .filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length > 0))
        .map((e) => e.outerHTML.slice(0, 100)),
    );
    eq(nameless.join(), '', `nameless in ${hash}`);
    eq(
      await page.evaluate(() =>
        [...document.querySelectorAll('table')].every(
          (t) =>
            t.caption &&
            t.querySelector('thead th[scope=col]') &&
            (t.tBodies[0].rows.length === 0 || t.querySelector('tbody th[scope=row]')),
        ),
      ),
      true,
      `tables of ${hash}`,
    );
  }
  await page.end();
});
