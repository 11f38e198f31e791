// A server that wants a key.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { openSite } from './site.mjs';
import { lastAnswer, say, chatSettings } from './chatting.mjs';

const folder = await mkdtemp(path.join(tmpdir(), 'alpha-keys-'));
await writeFile(path.join(folder, 'keys.txt'), 'alice sesame-open-0123456789\n', { mode: 0o600 });
after(() => rm(folder, { recursive: true }));

const site = openSite({ flags: ['--api-key-file', path.join(folder, 'keys.txt')] });
const expected = [/status of 401/];

test('The page asks for the key, says when it is wrong, and works with the right one', async () => {
  await site.visit(
    '/#/chat?model=chatty',
    async (page) => {
      const enter = async (key) => {
        const dialog = page.getByRole('dialog', { name: 'API key' });
        await dialog.getByLabel('Key').fill(key);
        await dialog.getByRole('button', { name: 'Use this key' }).click();
      };
      await page.getByText('This server wants a key.').waitFor();
      await enter('open sesame');
      await page.getByText('The server does not know this key.').waitFor();
      await enter('sesame-open-0123456789');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await say(page, 'The cat');
      await lastAnswer(page);
      for (const view of ['Runs', 'Models', 'System']) {
        await page.getByRole('link', { name: view, exact: true }).click();
        await page.getByRole('heading', { level: 1, name: view }).waitFor();
      }
      assert.equal(await page.getByRole('dialog').count(), 0);
      assert.equal(await page.getByRole('alert').count(), 0);
    },
    { expected, stored: chatSettings() },
  );
});

test('With a key a checkpoint is still downloaded', async () => {
  await site.visit(
    '/#/runs/chatty?tab=checkpoints',
    async (page) => {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Download checkpoint 50' }).click(),
      ]);
      assert.equal(download.suggestedFilename(), 'chatty-step50.tar');
    },
    { stored: { 'alpha.key': 'sesame-open-0123456789' } },
  );
});
