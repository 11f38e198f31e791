// Everything by keyboard alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from './browser.mjs';
import { chatSettings, lastAnswer, messages, textOf } from './chatting.mjs';
import { kSlow, openSite } from './site.mjs';

const site = openSite({ copies: ['chatty', 'letters', 'long'], flags: kSlow });

/** What has the focus, in words, and whether one can see that it has. */
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const hasRing = (one) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) > 0;
    };
    // The ring may be around what the element fills: a chart's is around its card.
    const rings = [];
    for (let one = element; one; one = one.parentElement) if (hasRing(one)) rings.push(one);
    const box = element.getBoundingClientRect();
    return {
      isPage: element === document.body,
      testid: element.dataset.testid,
      token: element.dataset.name,
      name:
        element.getAttribute('aria-label') ??
        element.labels?.[0]?.textContent ??
        element.textContent.trim(),
      isSeen:
        rings.length > 0 &&
        box.width > 0 &&
        box.height > 0 &&
        box.bottom > 0 &&
        box.top < innerHeight,
      what: `${element.tagName} ${element.outerHTML.slice(0, 160)}`,
    };
  });

/** Presses Tab until what has the focus is as asked; each stop on the way must be seen. */
async function tabTo(page, isIt, what) {
  for (let i = 0; i < 120; ++i) {
    await page.keyboard.press('Tab');
    let now = await focused(page);
    // What is reached may still be scrolled to.
    for (let tries = 0; !now.isPage && !now.isSeen && tries < 50; ++tries)
      now = await focused(page);
    assert.ok(now.isPage || now.isSeen, `the focus is not seen: ${now.what}`);
    if (isIt(now)) return now;
  }
  return assert.fail(`not reached by Tab: ${what}`);
}
const named = (name) => (now) => (name instanceof RegExp ? name.test(now.name) : now.name === name);
const tabToName = (page, name) => tabTo(page, named(name), name);

test('The first Tab leads past the navigation, and Enter to what the view holds', async () => {
  await site.visit('/#/models', async (page) => {
    await page.getByTestId('model-card').first().waitFor();
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).name, 'Skip to content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.equal((await focused(page)).testid, 'models-filter');
  });
});

test('Each view is reached, and its first stop is in the view', async () => {
  await site.visit('/', async (page) => {
    for (const view of ['Runs', 'Chat', 'Complete', 'Tokens', 'Models', 'System']) {
      await tabToName(page, view);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: view }).waitFor();
      const isInside = () => page.evaluate(() => document.activeElement.closest('main') !== null);
      if (view !== 'Runs') assert.ok(await isInside(), `${view}: the focus is not in the view`);
    }
  });
});

for (const [view, hash, open] of [
  ['Runs', '#/runs', 'tr[data-run]'],
  ['A run', '#/runs/chatty', '[data-testid=loss-chart][data-points]'],
  ['Chat', '#/chat', '[data-testid=chat-input]'],
  ['Complete', '#/complete', '[data-testid=complete-prompt]'],
  ['Tokens', '#/tokens', '[data-testid=token-text]'],
  ['Models', '#/models', '[data-testid=model-card]'],
  ['System', '#/system', '[data-testid=system-stats]'],
]) {
  test(`${view}: Tab goes through all of it and out again, and where one is can be seen`, async () => {
    await site.visit(`/${hash}`, async (page) => {
      await page.locator(open).first().waitFor();
      const end = await tabTo(page, ({ isPage }) => isPage, 'the end of the page');
      assert.ok(end);
    });
  });
}

test('A message is sent, another is stopped', async () => {
  await site.visit(
    '/#/chat?model=long',
    async (page) => {
      await page.getByTestId('chat-input').waitFor();
      await tabTo(page, ({ testid }) => testid === 'chat-input', 'the message');
      await page.keyboard.type('The cat');
      await page.keyboard.press('Enter');
      await until(async () => {
        const answer = messages(page, 'assistant').last();
        return (await answer.count()) > 0 && (await textOf(answer)).length > 20;
      }, 'the beginning of an answer');
      await page.keyboard.press('Escape');
      await lastAnswer(page, 'stopped');
      await page.keyboard.type('A dog');
      await page.keyboard.press('Enter');
      await until(async () => (await messages(page, 'user').count()) === 2, 'a second message');
      await tabToName(page, 'Stop');
      await page.keyboard.press('Enter');
      await lastAnswer(page, 'stopped');
      await site.server.until('alpha_requests_running', {}, 0, 2000);
    },
    { stored: chatSettings({ max_tokens: '' }) },
  );
});

test('What could have stood in the place of a token is opened, chosen and closed', async () => {
  await site.visit(
    '/#/chat?model=letters',
    async (page) => {
      await page.getByTestId('chat-input').fill('The cat');
      await page.keyboard.press('Enter');
      const answer = await lastAnswer(page);
      const before = await textOf(answer);
      await page.evaluate(() => document.activeElement.blur());
      await tabTo(page, ({ what }) => what.includes('data-token="0"'), 'the tokens');
      for (let i = 0; i < 3; ++i) await page.keyboard.press('ArrowRight');
      assert.match((await focused(page)).what, /data-token="3"/);
      await page.keyboard.press('Enter');
      const popover = page.getByTestId('token-popover');
      await popover.getByRole('button').first().waitFor();
      await page.keyboard.press('Escape');
      await popover.waitFor({ state: 'detached' });
      assert.match((await focused(page)).what, /data-token="3"/);

      await page.keyboard.press('Enter');
      const isOther = ({ token }) => token?.trim() && token !== before[3];
      const { token } = await tabTo(page, isOther, 'another token');
      await page.keyboard.press('Enter');
      await lastAnswer(page);
      assert.equal((await textOf(answer)).slice(0, 4), before.slice(0, 3) + token);
    },
    { stored: { ...chatSettings(), 'alpha.probabilities': 'true' } },
  );
});

test('A chart is zoomed, moved and shown whole again', async () => {
  await site.visit('/#/runs/chatty', async (page) => {
    const chart = page.locator('[data-testid=loss-chart][data-points]');
    await chart.waitFor();
    await tabTo(page, ({ testid }) => testid === 'loss-chart', 'the chart');
    const seen = () => chart.evaluate(({ dataset }) => [Number(dataset.from), Number(dataset.to)]);
    const whole = await seen();
    const after = async (key, isSo) => {
      await page.keyboard.press(key);
      await until(async () => isSo(...(await seen())), key);
      return seen();
    };
    const zoomed = await after('+', (from, to) => to - from < 0.8 * (whole[1] - whole[0]));
    await after('ArrowRight', (from) => from > zoomed[0]);
    await after('ArrowLeft', (from) => Math.abs(from - zoomed[0]) < 0.01 * (whole[1] - whole[0]));
    await after('0', (from, to) => from === whole[0] && to === whole[1]);
  });
});

test('The table of runs is sorted, and two runs are compared', async () => {
  await site.visit('/', async (page) => {
    await page.locator('tr[data-run]').first().waitFor();
    const order = () =>
      page.locator('tr[data-run]').evaluateAll((rows) => rows.map((row) => row.dataset.run));
    await tabToName(page, /^Name/);
    await page.keyboard.press('Enter');
    const sorted = ['chatty', 'letters', 'long'];
    assert.deepEqual(await order(), sorted);
    await page.keyboard.press('Enter');
    assert.deepEqual(await order(), sorted.reverse());
    for (const name of ['chatty', 'letters']) {
      await tabToName(page, `Select ${name} to compare`);
      await page.keyboard.press('Space');
    }
    await tabToName(page, 'Compare 2 runs');
    await page.keyboard.press('Enter');
    await page.locator('[data-points]').first().waitFor();
  });
});

test('A model is loaded', async () => {
  await site.server.post('/api/models/letters/unload', {});
  await site.visit('/#/models', async (page) => {
    await page.getByTestId('model-card').first().waitFor();
    await tabTo(page, ({ testid }) => testid === 'load-letters', 'the button that loads a model');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Unload letters', exact: true }).waitFor();
    assert.equal((await focused(page)).testid, 'unload-letters');
  });
});

test('Escape closes a dialog and leads back to what opened it', async () => {
  await site.visit('/#/chat?model=chatty', async (page) => {
    await page.getByTestId('chat-input').waitFor();
    for (const name of ['Code', 'Chats']) {
      await tabToName(page, name);
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor();
      assert.ok(await page.evaluate(() => document.activeElement.closest('dialog') !== null));
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal((await focused(page)).name, name);
    }
  });
});
