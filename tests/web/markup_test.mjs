// Text that would be markup, from wherever it comes: it is shown, letter by letter, and runs nothing.

import assert from 'node:assert/strict';
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { until } from './browser.mjs';
import { chatSettings, lastAnswer, messages, say, textOf } from './chatting.mjs';
import { kMarkup } from './models.mjs';
import { openSite } from './site.mjs';

const kMore =
  `${kMarkup.trim()}<svg onload="window.pwned=1"></svg><style>*{display:none}</style>` +
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe><b onclick="window.pwned=1">b</b>';
const kName = '<img src=x onerror=window.pwned=1>';
const kEvent = {
  level: 'warn',
  kind: '<b>kind</b>',
  message: kMore,
  created_at: 1_700_000_000_000,
};

const site = openSite({
  copies: ['markup'],
  prepare: async (runs) => {
    const folder = path.join(runs, kName);
    await cp(path.join(runs, 'markup'), folder, { recursive: true });
    const config = JSON.parse(await readFile(path.join(folder, 'config.json'), 'utf8'));
    config.trainConfig[kMore] = kMore;
    config.trainConfig.tokenizer = kMore;
    config.domain = '<script>window.pwned=1</script>';
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(config));
    const sample = { step: 160, idx: 2, prompt: kMore, output: kMore.repeat(2) };
    await appendFile(path.join(folder, 'samples.jsonl'), `${JSON.stringify(sample)}\n`);
    await appendFile(
      path.join(folder, 'events.jsonl'),
      `${JSON.stringify({ step: 160, ...kEvent })}\n`,
    );
  },
});

/** Everything that the page has is the page's: no element or handler came out of a text. */
async function nothingRan(page) {
  const found = await page.evaluate(() => ({
    pwned: window.pwned,
    elements: [...document.querySelectorAll('body script, body style, iframe, object, embed, b i')]
      .length,
    images: [...document.images].map((image) => image.getAttribute('src')),
    handlers: [...document.querySelectorAll('*')].filter((element) =>
      element.getAttributeNames().some((name) => name.startsWith('on')),
    ).length,
    links: [...document.links].filter((link) => !/^https?:/.test(link.href)).length,
  }));
  assert.deepEqual(found, {
    pwned: undefined,
    elements: 0,
    images: ['/favicon.svg'],
    handlers: 0,
    links: 0,
  });
}

const visit = (hash, body, options) =>
  site.visit(
    `/${hash}`,
    async (page) => {
      await body(page);
      await nothingRan(page);
    },
    options,
  );
const id = encodeURIComponent(kName);
const seen = (page, text) =>
  until(async () => (await page.locator('main').textContent()).includes(text), text);

test('A script that the page would run is found by these tests', async () => {
  await assert.rejects(
    site.visit('/', (page) =>
      page.evaluate(async () => {
        const script = document.createElement('script');
        script.textContent = 'window.pwned = 1';
        document.body.append(script);
        await new Promise((resolve) => setTimeout(resolve, 0));
      }),
    ),
    /Content Security Policy/,
  );
});

test('An answer that is markup is read and not run', async () => {
  await visit(
    '#/chat?model=markup',
    async (page) => {
      await say(page, kMarkup.slice(0, 31));
      const answer = await textOf(await lastAnswer(page));
      assert.match(answer, /<img src=x onerror=window\.pwned=2>/);
      await say(page, '<b>');
      await lastAnswer(page);
      assert.equal(await textOf(messages(page, 'user').first()), kMarkup.slice(0, 31));
      await page.getByRole('checkbox', { name: 'Probabilities' }).check();
      await messages(page, 'assistant').first().locator('[data-token="0"]').click();
      await page.getByTestId('token-popover').waitFor();
      await page.reload();
      await seen(page, answer);
    },
    { stored: chatSettings({ temperature: '0', max_tokens: '40' }) },
  );
});

test('A completion that is markup, learned by heart, is read and not run', async () => {
  const begin = '<script>window';
  await visit(
    '#/complete?model=markup',
    async (page) => {
      await page.getByTestId('complete-prompt').fill(begin);
      await page.getByTestId('complete-run').click();
      await page.locator('[data-testid=complete-text][data-state=done]').waitFor();
      const text = await page.getByTestId('complete-text').textContent();
      assert.match(
        begin + text,
        /<script>window\.pwned=1<\/script><img src=x onerror=window\.pwned=2>/,
      );
      await page.getByRole('button', { name: 'Code' }).click();
      await page.getByTestId('code').waitFor();
    },
    {
      stored: {
        'alpha.sampling.complete': JSON.stringify({ temperature: '0', max_tokens: '100' }),
      },
    },
  );
});

test('Names, prompts, samples, events and settings of a run are read and not run', async () => {
  await visit('#/runs', (page) => page.getByRole('link', { name: kName }).waitFor());
  await visit(`#/runs/${id}`, async (page) => {
    await page.getByRole('heading', { level: 1, name: kName }).waitFor();
    await seen(page, kMore);
    for (const [tab, text] of [
      ['Events', kMore],
      ['Configuration', kMore],
      ['Checkpoints', 'latest'],
    ]) {
      await page.getByRole('tab', { name: tab }).click();
      await seen(page, text);
    }
  });
  await visit(`#/runs/compare?ids=${id},markup`, (page) => seen(page, kName));
  await visit(`#/runs/${encodeURIComponent('<script>window.pwned=1</script>')}`, (page) => seen(page, 'no such run'), { expected: [/404/] }); // prettier-ignore
});

test('Names of models, and texts that are cut into tokens, are read and not run', async () => {
  await visit('#/models', (page) => seen(page, kName));
  await visit(`#/tokens?model=${id}`, async (page) => {
    await page.getByTestId('token-text').fill(kMore);
    await page.getByTestId('token-flow').getByRole('option').first().waitFor();
    await seen(page, kName);
  });
  await visit(`#/chat?model=${id}`, async (page) => {
    await page.getByRole('checkbox', { name: 'Compare' }).check();
    await seen(page, kName);
  });
});
