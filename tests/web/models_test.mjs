// Tokens, models and the state of the server.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { until } from './browser.mjs';
import { kSlow, openSite } from './site.mjs';

const site = openSite({ flags: kSlow });

const model = async (name) =>
  (await (await fetch(`${site.server.url}/v1/models`)).json()).data.find(({ id }) => id === name);

test('A text is cut into the tokens that the server cuts it into', async () => {
  const text = 'The cat — née “Alice” — sat.';
  await site.visit('/#/tokens?model=chatty', async (page) => {
    await page.getByTestId('token-text').fill(text);
    await page.getByRole('radio', { name: 'With ids' }).click();
    const ids = await site.server.tokens('chatty', text);
    const options = page.getByTestId('token-flow').getByRole('option');
    await until(async () => (await options.count()) === ids.length, `${ids.length} tokens`);
    await page.getByRole('radio', { name: 'Ids', exact: true }).click();
    const shown = await page.getByRole('region', { name: 'Token ids of chatty' }).innerText();
    assert.deepEqual(shown.match(/\d+/g).map(Number), ids);
    assert.match(
      await page.getByTestId('token-counts').innerText(),
      new RegExp(`\\b${ids.length}\\b`),
    );
  });
});

test('Two tokenizers are compared', async () => {
  await site.visit('/#/tokens?model=chatty', async (page) => {
    await page.getByTestId('token-text').fill('Once upon a time');
    await page.getByTestId('token-add').click();
    await page.getByTestId('token-model-2').selectOption('letters');
    const compared = page.getByTestId('token-compare');
    const count = (name) => compared.locator(`dt[title="${name}"] + dd`).innerText();
    for (const name of ['chatty', 'letters']) {
      const expected = (await site.server.tokens(name, 'Once upon a time')).length;
      await until(
        async () => (await count(name)).startsWith(String(expected)),
        `${expected} of ${name}`,
      );
    }
  });
});

test('Buttons load a model and one of its checkpoints and let go of them', async () => {
  await site.visit('/#/models', async (page) => {
    const card = page.locator('[data-testid=model-card][data-model=chatty]');
    if ((await model('chatty')).is_loaded) {
      await card.getByRole('button', { name: 'Unload chatty' }).click();
    }
    await card.getByRole('button', { name: 'Load chatty' }).click();
    await card.getByText('loaded', { exact: true }).first().waitFor();
    assert.equal((await model('chatty')).is_loaded, true);
    await card.getByRole('button', { name: 'Unload chatty' }).click();
    await card.getByText('not loaded', { exact: true }).first().waitFor();
    assert.equal((await model('chatty')).is_loaded, false);

    await card.getByRole('button', { name: '3 checkpoints' }).click();
    await card.getByRole('button', { name: 'Load chatty@100' }).click();
    await card.getByRole('button', { name: 'Unload chatty@100' }).waitFor();
    assert.deepEqual((await model('chatty')).loaded_steps, [100]);
    await card.getByRole('button', { name: 'Unload chatty@100' }).click();
    await card.getByRole('button', { name: 'Load chatty@100' }).waitFor();
  });
});

test('The numbers of the system move with its work', async () => {
  await site.visit('/#/system', async (page) => {
    const stats = page.getByTestId('system-stats');
    const stat = (label) =>
      stats.evaluate(
        (element, name) =>
          [...element.querySelectorAll('dt')].find((dt) => dt.textContent === name)
            ?.nextElementSibling.textContent,
        label,
      );
    const number = async (label) => parseFloat((await stat(label)).replaceAll(',', ''));
    await stats.waitFor();
    const before = await number('Requests finished');
    assert.equal(await number('Running'), 0);
    const request = new AbortController();
    const answer = site.server.post(
      '/v1/completions',
      { model: 'long', prompt: 'The', max_tokens: 4000, n: 8, ignore_eos: true, stream: true },
      { signal: request.signal },
    );
    try {
      await until(async () => (await number('Running')) === 8, 'eight texts that are written');
      await until(async () => (await number('Generated')) > 0, 'tokens per second');
      await page.getByTestId('system-models').getByText('long').waitFor();
    } finally {
      request.abort();
    }
    await answer.then((response) => response.text()).catch(() => undefined);
    await until(async () => (await number('Running')) === 0, 'nothing that is written');
    await until(async () => (await number('Requests finished')) > before, 'a request that is over');
  });
});
