// Texts that a model goes on with.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from './browser.mjs';
import { kSlow, openSite } from './site.mjs';

const site = openSite({ flags: kSlow });
const visit = (model, body, sampling = {}) =>
  site.visit(`/#/complete?model=${model}`, body, {
    stored: { 'alpha.sampling.complete': JSON.stringify({ max_tokens: '30', ...sampling }) },
  });

const prompt = (page) => page.getByTestId('complete-prompt');
const isDone = (page) =>
  page.locator('[data-testid=complete-text][data-state=done]').first().waitFor();

async function complete(page, text) {
  await prompt(page).fill(text);
  await page.getByRole('button', { name: 'Complete', exact: true }).click();
}

/** For a selector. */
const quoted = (name) => name.replace(/["\\]/g, '\\$&');

test('A completion grows behind the prompt, and one can take it over and back', async () => {
  await visit(
    'long',
    async (page) => {
      await complete(page, 'The cat');
      const text = page.getByTestId('complete-text');
      const lengths = new Set();
      await until(async () => {
        const state = await text.getAttribute('data-state');
        lengths.add((await text.textContent()).length);
        return state === 'done';
      }, 'the completion');
      assert.ok(lengths.size > 3, `it was seen with lengths ${[...lengths]}`);
      const written = await text.textContent();
      assert.equal(written.length, 600);

      await page.getByRole('button', { name: 'Accept', exact: true }).click();
      assert.equal(await prompt(page).inputValue(), `The cat${written}`);
      await page.getByRole('button', { name: 'Undo' }).click();
      assert.equal(await prompt(page).inputValue(), 'The cat');
    },
    { max_tokens: '600' },
  );
});

test('The tokens of a prompt are scored as the server scores them', async () => {
  await visit('letters', async (page) => {
    await prompt(page).fill('The cat sat.');
    await page.getByTestId('complete-score').click();
    const card = page.locator('[data-testid=complete-score-card][data-state=done]');
    await card.waitFor();
    const answer = await site.server.post('/v1/completions', {
      model: 'letters',
      prompt: 'The cat sat.',
      max_tokens: 0,
      echo: true,
      logprobs: 0,
    });
    const known = (await answer.json()).choices[0].logprobs.token_logprobs.filter(Number.isFinite);
    const mean = known.reduce((sum, each) => sum + each, 0) / known.length;
    const told = (await card.innerText()).match(/perplexity ([\d.]+)/)[1];
    assert.ok(Math.abs(Number(told) / Math.exp(-mean) - 1) < 0.01, `${told}, ${Math.exp(-mean)}`);
    assert.equal(await card.getByTestId('complete-text').textContent(), 'The cat sat.');
  });
});

test('Of three completions one can be taken', async () => {
  await visit(
    'letters',
    async (page) => {
      await complete(page, 'The cat');
      const cards = page.locator('[data-testid=complete-card][data-state=done]');
      await until(async () => (await cards.count()) === 3, 'three cards');
      const texts = await cards.getByTestId('complete-text').allTextContents();
      assert.equal(new Set(texts).size, 3);
      await cards.nth(1).getByRole('button', { name: 'Take this' }).click();
      assert.equal(await prompt(page).inputValue(), `The cat${texts[1]}`);
    },
    { n: '3' },
  );
});

test('A text goes on from a token with another in its place', async () => {
  await visit('letters', async (page) => {
    await page.getByRole('checkbox', { name: 'Probabilities' }).check();
    await complete(page, 'The cat');
    await isDone(page);
    const text = page.getByTestId('complete-text');
    const before = await text.textContent();
    await text.locator('[data-token="4"]').click();
    const names = await page
      .getByTestId('token-alternative')
      .evaluateAll((all) => all.map((one) => one.dataset.name));
    const other = names.find((name) => name !== before[4] && /\S/.test(name));
    await page.locator(`[data-testid=token-alternative][data-name="${quoted(other)}"]`).click();
    await isDone(page);
    assert.equal((await text.textContent()).slice(0, 5), before.slice(0, 4) + other);
  });
});

test('What the server refuses is said in its own words, with a way on', async () => {
  await site.visit(
    '/#/complete?model=letters',
    async (page) => {
      await complete(page, 'The cat');
      const alert = page.getByRole('alert');
      await alert.waitFor();
      assert.match(await alert.innerText(), /context holds 256/);
      await page.getByTestId('complete-fit').click();
      await isDone(page);
      assert.equal((await page.getByTestId('complete-text').textContent()).length, 256 - 7);
    },
    {
      stored: { 'alpha.sampling.complete': JSON.stringify({ max_tokens: '1000' }) },
      expected: [/status of 400/],
    },
  );
});
