// What stands around the views: the landmarks, the bars of a phone, and what needs the API key.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import { chatSettings, lastAnswer, say } from './chatting.mjs';
import { openSite } from './site.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = await mkdtemp(path.join(tmpdir(), 'alpha-frame-'));
const kKey = 'sesame-open-0123456789';
await writeFile(path.join(folder, 'keys.txt'), `alice ${kKey}\n`, { mode: 0o600 });
after(() => rm(folder, { recursive: true }));

const site = openSite({ copies: ['letters'] });
const locked = openSite({ flags: ['--api-key-file', path.join(folder, 'keys.txt')] });

for (const width of [1280, 390]) {
  test(`${width} px: all there is lies in a landmark, and the first Tab shows the way past the navigation`, async () => {
    await site.visit(
      '/#/system',
      async (page) => {
        await page.getByTestId('system-stats').waitFor();
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() =>
          window.axe.run(document, { runOnly: ['region', 'landmark-unique', 'skip-link'] }),
        );
        assert.deepEqual(
          violations.flatMap(({ nodes }) => nodes.map(({ html }) => html)),
          [],
        );
        await page.keyboard.press('Tab');
        const skip = page.getByRole('link', { name: 'Skip to content' });
        assert.ok(await skip.evaluate((link) => link === document.activeElement));
        const box = await skip.boundingBox();
        assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.width <= width, JSON.stringify(box));
        const isOnTop = await skip.evaluate((link) => {
          const { left, top, width, height } = link.getBoundingClientRect();
          return document.elementFromPoint(left + width / 2, top + height / 2) === link;
        });
        assert.ok(isOnTop, 'something lies over it');
      },
      { width },
    );
  });
}

test('On a phone what is told of a token stays between the bars', async () => {
  await site.visit(
    '/#/chat?model=letters',
    async (page) => {
      await say(page, 'The cat');
      const tokens = (await lastAnswer(page)).locator('[data-token]');
      const bottom = (await page.getByRole('navigation', { name: 'Views' }).boundingBox()).y;
      const count = await tokens.count();
      for (const i of [0, count >> 1, count - 1]) {
        await tokens.nth(i).click();
        const popover = page.getByTestId('token-popover');
        const box = await popover.boundingBox();
        assert.ok(box.y >= 52 && box.y + box.height <= bottom, `${i}: ${JSON.stringify(box)}`);
        await page.keyboard.press('Escape');
        await popover.waitFor({ state: 'detached' });
      }
    },
    { width: 390, stored: { ...chatSettings(), 'alpha.probabilities': 'true' } },
  );
});

test('Where a key is wanted the metrics are shown on the page', async () => {
  await locked.visit(
    '/#/system',
    async (page) => {
      await page.getByRole('button', { name: 'Metrics' }).click();
      const dialog = page.getByRole('dialog', { name: 'Metrics' });
      const text = dialog.getByRole('region', { name: 'Text of the metrics' });
      await text.waitFor();
      assert.match(await text.textContent(), /^alpha_uptime_seconds [\d.]+$/m);
      await dialog.getByRole('button', { name: 'Copy' }).click();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.equal(copied, await text.textContent());
    },
    { stored: { 'alpha.key': kKey } },
  );
});
