// SPDX-License-Identifier: MIT
// The page against a proxy that pretends: every view in every state, live figures, the key, the keyboard, looks.
import {
  addressOf,
  check,
  eq,
  frames,
  go,
  here,
  ok,
  open,
  painted,
  run,
  settled,
  shown,
  until,
  VIEWS,
} from './harness.mjs';

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

/** A check that begins with a scenario; `slow` is how long each answer takes in ms. */
function on(scenario, name, fn, slow = 0) {
  check(name, async () => {
    await steer({ scenario, key: null, cut: false, open: 0, slow });
    await fn();
  });
}

const numberOf = async (page, name) =>
  Number((await page.locator('.figure', { hasText: name }).locator('dd').first().textContent()).replace(/\D/g, ''));
const hashOf = (page) => page.evaluate(() => location.hash);
const rowLink = (page) => page.locator('main tbody th a').first();

/** Every address that there is, details included. */
async function addresses(page) {
  await settled(page);
  const conversation = await rowLink(page).getAttribute('href');
  await go(page, conversation);
  await settled(page);
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

// ---- views

for (const scenario of ['day', 'evil']) {
  on(scenario, `views.${scenario}_without_complaint`, async () => {
    await steer({ end: 5, open: 4 });
    const page = await open(fake, '#/conversations?period=30d');
    for (const hash of await addresses(page)) {
      await go(page, hash);
      await painted(page);
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
    await settled(page);
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

on('day', 'views.what_was_considered', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  const exchange = (await addresses(page)).at(-1);
  const show = async (decision) => {
    await page.unroute('**/exchange?*');
    await page.route('**/exchange?*', async (route) => {
      const body = await (await route.fetch()).json();
      await route.fulfill({ json: { ...body, plan: 'the sentence that says why', decision } });
    });
    await go(page, '#/settings');
    await settled(page);
    await go(page, exchange);
    await page.getByText('the sentence that says why').first().waitFor();
    return page.locator('section.panel', { hasText: 'Considered' });
  };
  eq(await (await show(undefined)).count(), 0, 'as asked: tables of candidates');
  eq(await (await show({ by: 'profile' })).count(), 0, 'nothing was considered: tables of candidates');
  const candidates = [
    { provider: 'anthropic', model: 'opus', quality: 95, read: 50000, written: 0, input: 12, cost_nusd: 40000000,
      horizon_nusd: 1200000000, verdict: 'asked' },
    { provider: 'anthropic', model: 'haiku', quality: 0, verdict: 'chosen' },
  ];
  const panel = await show({ by: 'use', profile: 'saver', bar: 70, turns: 12, candidates });
  const cells = (row) => panel.locator(`tbody tr:nth-child(${row}) > *`).allInnerTexts();
  eq((await panel.locator('thead th').allInnerTexts()).at(-1), 'Over 12 turns', 'the last column');
  eq((await cells(1)).map((t) => t.replace(/\s+/g, ' ')).join('|'),
    'opus anthropic|Asked|95|50,000|0|12|$0.0400|$1.2000', 'the first row');
  eq((await cells(2)).slice(1).map((t) => t.trim()).join('|'), 'Chosen|0|–|–|–|–|–', 'the second row');
  const facts = await page.locator('section.panel', { hasText: 'Why this model' }).innerText();
  for (const fact of ['What turns of this kind use', 'saver', '70 of 100', '12']) ok(facts.includes(fact), fact);
  ok(!facts.includes('Difficulty'), 'what is not told is left out');
  await page.end();
});

// ---- what came from outside

on('evil', 'outside.markup_stays_text', async () => {
  await steer({ end: 3, open: 3 });
  const page = await open(fake, '#/conversations?period=30d');
  let seen = '';
  for (const hash of await addresses(page)) {
    await go(page, hash);
    await painted(page);
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
  await painted(page);
  await page.locator('#connection[data-state=live]').waitFor();
  const before = await numberOf(page, 'Requests');
  await page.evaluate(() => {
    window.figure = document.querySelector('.figure');
    window.canvas = document.querySelector('canvas');
    scrollTo(0, 300);
  });
  await page.locator('summary').first().click();
  await frames(page);
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
  await settled(page);
  const requests = page.locator('main tbody tr').first().locator('td').nth(2);
  const before = Number(await requests.textContent());
  await page.locator('#connection[data-state=live]').waitFor();
  await steer({ end: 2 });
  await until(async () => Number(await requests.textContent()) === before + 2, 'two more requests');
  await rowLink(page).click();
  await settled(page, '#/conversation/');
  const rows = page.locator('main .panel.bare tbody tr');
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
  await page.locator('#connection[data-state=live]').waitFor();
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
  await frames(page);
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

/** Prepares to go through the page by Tab: counts what there is, and notes what is focused from now on. */
const beginTabbing = (page) =>
  page.evaluate(() => {
    const all = [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')].filter(
      (e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('dialog'),
    );
    window.reached = new Set();
    window.unseen = [];
    window.onfocusin = ({ target }) => {
      const style = getComputedStyle(target);
      if (!all.includes(target)) return;
      window.reached.add(target);
      if (target.classList.contains('skip')) return;
      if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2)
        window.unseen.push(target.outerHTML.slice(0, 120));
    };
    document.addEventListener('focusin', window.onfocusin);
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
    return all.length;
  });

const endTabbing = (page) =>
  page.evaluate(() => {
    document.removeEventListener('focusin', window.onfocusin);
    return [window.reached.size, window.unseen.join()];
  });

on('day', 'keyboard.everything_can_be_reached', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  for (const hash of await addresses(page)) {
    await go(page, hash);
    await painted(page);
    const count = await beginTabbing(page);
    for (let i = 0; i < count + 12; i += 1) await page.keyboard.press('Tab');
    const [reached, unseen] = await endTabbing(page);
    eq(unseen, '', `what has the focus and does not look it in ${hash}`);
    eq(reached, count, `reached by Tab in ${hash}`);
  }
  await page.end();
});

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute('href') ?? document.activeElement.id);

// Answers that take a while leave the view before on screen, with rows that look much the same.
for (const slow of [0, 100, 500]) {
  on(
    'day',
    `keyboard.enter_opens_and_back_returns_${slow}`,
    async () => {
      const page = await open(fake, '#/conversations?period=30d');
      await settled(page);
      await page.locator('main tbody th a').nth(1).focus();
      await page.keyboard.press('Enter');
      await settled(page, '#/conversation/');
      eq(await focused(page), 'title', 'focus in the conversation');
      const conversation = await hashOf(page);
      await rowLink(page).focus();
      await page.keyboard.press('Enter');
      await settled(page, '#/exchange/');
      await page.getByRole('heading', { name: 'Why this model' }).waitFor();
      await page.keyboard.press('u');
      await settled(page, conversation);
      await page.goBack();
      await page.goBack();
      await settled(page, conversation);
      await page.goBack();
      await settled(page, '#/conversations');
      await page.end();
    },
    slow,
  );
}

on(
  'day',
  'keyboard.focus_arrives_with_the_answer',
  async () => {
    const page = await open(fake, '#/conversations?period=30d');
    await settled(page);
    await rowLink(page).focus();
    await page.keyboard.press('Enter');
    await page.locator('main .loading').waitFor();
    // The question is asked anew, as it is when the connection comes back.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await settled(page, '#/conversation/');
    eq(await focused(page), 'title', 'focus');
    await page.end();
  },
  1000,
);

on('day', 'keyboard.focus_stays_while_rows_move', async () => {
  const page = await open(fake, '#/conversations?period=30d');
  await settled(page);
  await page.locator('#connection[data-state=live]').waitFor();
  const at = (i) => page.locator('main tbody th a').nth(i).getAttribute('href');
  const [third, fifth] = [await at(2), await at(4)];
  const idOf = (href) => decodeURIComponent(href.replace(/.*\//, ''));
  await page.locator('main tbody th a').nth(2).focus();
  await steer({ end: 1, in: idOf(fifth) });
  await until(async () => (await at(0)) === fifth, 'another row at the top');
  eq(await focused(page), third, 'focus after another row has moved');
  await steer({ end: 1, in: idOf(third) });
  await until(async () => (await at(0)) === third, 'the row with the focus at the top');
  eq(await focused(page), third, 'focus after its row has moved');
  eq(await at(1), fifth, 'the row below');
  await page.keyboard.press('Enter');
  await settled(page, third);
  await page.end();
});

/** Presses keys one right after the other, which the time in the events tells, however slow the machine is. */
async function pressAtOnce(page, keys) {
  const session = await page.context().newCDPSession(page);
  const timestamp = Date.now() / 1000;
  for (const key of keys)
    for (const type of ['keyDown', 'keyUp'])
      await session.send('Input.dispatchKeyEvent', { type, key, text: type === 'keyDown' ? key : undefined, timestamp });
  await session.detach();
}

/** The projects of the conversations that are shown. */
const projects = async (page) => [...new Set(await page.locator('main tbody .first').allTextContents())].join();

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
    await pressAtOnce(page, ['g', key]);
    await settled(page, `#/${view}`);
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
  await settled(page);
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
  await settled(page);
  eq(await projects(page), 'notes', 'only what fits');
  eq(await page.evaluate(() => document.activeElement.id), 'search', 'focus stays in the search');
  eq(await page.locator('#search').inputValue(), 'notes', 'what was typed');
  await page.end();
});

on('day', 'keyboard.skip_link', async () => {
  const page = await open(fake, '#/overview');
  await settled(page);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await until(async () => (await focused(page)) === 'main', 'going to the content');
  eq(await hashOf(page), '#/overview', 'address');
  await page.end();
});

// ---- addresses, pages

on('day', 'address.holds_what_is_shown', async () => {
  const page = await open(fake, '#/conversations?period=30d&q=tidemark');
  await settled(page);
  eq(await projects(page), 'tidemark', 'only what fits');
  eq(await page.locator('[data-period="30d"]').getAttribute('aria-current'), 'true', 'period');
  await go(page, '#/overview');
  await settled(page);
  eq(await page.locator('[data-period="30d"]').getAttribute('aria-current'), 'true', 'the period goes along');
  await page.end();
});

on('day', 'address.pages_of_a_list', async () => {
  const page = await open(fake, '#/conversations?period=all');
  await settled(page);
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
      await painted(page);
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
    await painted(page);
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
    await painted(page);
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
