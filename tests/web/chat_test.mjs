// Chats with models, and what one can do to their answers.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { test } from 'node:test';

import { until } from './browser.mjs';
import { chatSettings, edit, lastAnswer, messages, say, textOf } from './chatting.mjs';
import { startTraining } from './models.mjs';
import { kSlow, openSite } from './site.mjs';

const site = openSite({ copies: ['chatty', 'long', 'letters'], flags: kSlow });
const visitChat = (model, body, sampling) =>
  site.visit(`/#/chat?model=${model}`, body, { stored: chatSettings(sampling) });

test('An answer is seen to grow while it is written', async () => {
  await visitChat(
    'long',
    async (page) => {
      await page.evaluate(() => {
        window.lengths = new Set();
        const note = () => {
          const all = document.querySelectorAll('[data-role=assistant] [data-testid=message-text]');
          if (all.length > 0) window.lengths.add(all[all.length - 1].textContent.length);
          requestAnimationFrame(note);
        };
        note();
      });
      await say(page, 'Once upon a time');
      const answer = await lastAnswer(page);
      const lengths = await page.evaluate(() => [...window.lengths]);
      assert.ok(lengths.length > 4, `it was drawn with lengths ${lengths}`);
      assert.equal((await textOf(answer)).length, 600);
    },
    { max_tokens: '600' },
  );
});

test('Stop ends the answer, here and on the server, and keeps what was written', async () => {
  const visit = (body) => visitChat('long', body, { max_tokens: '' });
  await visit(async (page) => {
    await say(page, 'Once upon a time');
    await until(async () => (await textOf(messages(page, 'assistant').last())).length > 20, 'text');
    assert.equal(await site.server.metric('alpha_requests_running'), 1);
    await page.getByRole('button', { name: 'Stop' }).click();
    const answer = await lastAnswer(page, 'stopped');
    await site.server.until('alpha_requests_running', {}, 0, 2000);
    assert.ok((await textOf(answer)).length > 20);
    await answer.getByText('stopped by you').waitFor();
  });
});

test('A question that is edited makes a branch, and one can go back and forth', async () => {
  await visitChat('chatty', async (page) => {
    await say(page, 'The cat');
    const first = await textOf(await lastAnswer(page));
    await edit(page, messages(page, 'user').first(), 'A dog and a bird');
    const second = await textOf(await lastAnswer(page));
    const question = messages(page, 'user').first();
    assert.equal(await textOf(question), 'A dog and a bird');
    assert.match(await question.getByTestId('message-versions').innerText(), /2\s*\/\s*2/);

    await question.getByRole('button', { name: 'Previous version' }).click();
    assert.equal(await textOf(question), 'The cat');
    assert.equal(await textOf(messages(page, 'assistant').first()), first);
    await question.getByRole('button', { name: 'Next version' }).click();
    assert.equal(await textOf(question), 'A dog and a bird');
    assert.equal(await textOf(messages(page, 'assistant').first()), second);
  });
});

test('To answer again makes a second version and keeps the first', async () => {
  await visitChat('chatty', async (page) => {
    await say(page, 'The cat');
    const answer = await lastAnswer(page);
    const first = await textOf(answer);
    await answer.getByRole('button', { name: 'Answer again' }).click();
    await lastAnswer(page);
    assert.match(await answer.getByTestId('message-versions').innerText(), /2\s*\/\s*2/);
    assert.notEqual(await textOf(answer), first);
    await answer.getByRole('button', { name: 'Previous version' }).click();
    assert.equal(await textOf(answer), first);
    assert.equal(await messages(page).count(), 2);
  });
});

test('A token tells what could have stood there, and the text goes on from there with another', async () => {
  await visitChat('letters', async (page) => {
    await page.getByRole('checkbox', { name: 'Probabilities' }).check();
    await say(page, 'The cat');
    const answer = await lastAnswer(page);
    const before = await textOf(answer);
    await answer.locator('[data-token="5"]').click();
    const popover = page.getByTestId('token-popover');
    await popover.getByText(/log-probability/).waitFor();
    const names = await popover
      .getByTestId('token-alternative')
      .evaluateAll((all) => all.map((one) => one.dataset.name));
    assert.ok(names.length >= 4, names.join());
    const other = names.find((name) => name !== before[5] && /\S/.test(name));
    const label = `Continue from here with ${other}`;
    await popover.getByRole('button', { name: label, exact: false }).first().click();
    await lastAnswer(page);
    assert.equal((await textOf(answer)).slice(0, 6), before.slice(0, 5) + other);
    assert.ok((await textOf(answer)).length > 6);
    assert.equal(await popover.count(), 0);
  });
});

test('Two models beside each other each answer the same question', async () => {
  await visitChat('chatty@50', async (page) => {
    await page.getByRole('checkbox', { name: 'Compare' }).check();
    await page.getByTestId('second-model-name').selectOption('letters');
    await say(page, 'The cat');
    const [left, right] = [0, 1].map((column) =>
      page.locator(`[data-column="${column}"] [data-testid=message][data-role=assistant]`),
    );
    for (const answer of [left, right]) {
      await until(async () => (await answer.getAttribute('data-state')) === 'done', 'both answers');
      assert.ok((await textOf(answer)).length > 0);
    }
    await left.getByText('step 50').waitFor();
    assert.equal(await messages(page, 'user').count(), 1);
    assert.notEqual(await textOf(left), await textOf(right));
  });
});

test('The request that is copied as curl runs in a shell', async () => {
  await visitChat('chatty', async (page) => {
    await page.getByTestId('chat-input').fill(`It's "$HOME" \\ and a 'dog'`);
    await page.getByRole('button', { name: 'Code' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'curl' }).click();
    await dialog.getByRole('button', { name: 'Copy' }).click();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(command, /^curl /);
    const { stdout } = await promisify(execFile)('sh', ['-c', `${command} -s`]);
    // As JSON, or as the events of a stream.
    assert.match(stdout, /"choices"/);
    assert.match(stdout, /"finish_reason":\s*"(stop|length)"/);
  });
});

test('A checkpoint that comes while one chats gives the next answer', async () => {
  // A run that was interrupted behind its first checkpoint.
  const folder = path.join(site.runs, 'goes-on');
  await cp(path.join(site.runs, 'chatty'), folder, { recursive: true });
  for (const step of [100, 150])
    await rm(path.join(folder, `checkpoint-${step}`), { recursive: true });
  const isServed = (step) =>
    until(async () => {
      const { data } = await (await fetch(`${site.server.url}/v1/models`)).json();
      return data.find(({ id }) => id === 'goes-on')?.step === step;
    }, `step ${step} is served`);
  await isServed(50);
  await visitChat('goes-on', async (page) => {
    await say(page, 'The cat');
    await (await lastAnswer(page)).getByText('step 50', { exact: true }).waitFor();
    assert.equal(await startTraining(`--resume ${folder} --threads 1 --quiet`).code, 0);
    await isServed(150);
    await say(page, 'A dog');
    await (await lastAnswer(page)).getByText('step 150', { exact: true }).waitFor();
    await messages(page, 'assistant').first().getByText('step 50', { exact: true }).waitFor();
    await page.getByText('now step 150', { exact: true }).waitFor();
  });
});

test('A conversation is still there when the page is loaded again', async () => {
  await visitChat('chatty', async (page) => {
    await say(page, 'The cat');
    const answer = await textOf(await lastAnswer(page));
    await edit(page, messages(page, 'user').first(), 'A dog');
    await lastAnswer(page);
    await page.reload();
    assert.equal(await textOf(messages(page, 'user').first()), 'A dog');
    await messages(page, 'user').first().getByRole('button', { name: 'Previous version' }).click();
    assert.equal(await textOf(messages(page, 'assistant').first()), answer);
  });
});
