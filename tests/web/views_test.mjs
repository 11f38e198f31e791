// Every view, with something in it and without, light and dark, wide and narrow.

import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';

import { tooWide } from './browser.mjs';
import { openSite } from './site.mjs';
import { emptyViews, fullViews } from './views.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const kLong = `a_run_whose_name_is_much_longer_than_names_of_runs_are_${'0123456789'.repeat(10)}`;
const kLongText = `Pneumono${'ultramicroscopicsilicovolcano'.repeat(4)}coniosis and a cat`;

const full = openSite({
  copies: ['letters'],
  prepare: (runs) => cp(path.join(runs, 'letters'), path.join(runs, kLong), { recursive: true }),
});
const empty = openSite({ copies: [] });

/** Faults that axe-core calls serious or critical, a line each. */
async function accessibilityFaults(page) {
  // The page's policy refuses a script element; what the browser is told to run it runs.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    window.axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id}: ${target} ${failureSummary.replace(/\s+/g, ' ')}`,
      ),
    );
}

async function check(site, { hash, open, stored, expected }) {
  for (const width of [1280, 390]) {
    await site.visit(
      `/${hash}`,
      async (page) => {
        await open(page);
        const found = [];
        for (const theme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme: theme });
          const where = `${theme}, ${width} px`;
          for (const fault of await accessibilityFaults(page)) found.push(`${where}: ${fault}`);
          const wide = await tooWide(page);
          if (wide) found.push(`${where}: ${wide}`);
        }
        assert.deepEqual(found, []);
      },
      { width, stored, expected },
    );
  }
}

// An answer without white space: a character is a token, and the first two are "\n" and " ".
const fields = { logit_bias: '0:-100, 1:-100' };
for (const view of fullViews({ run: kLong, other: 'letters', question: kLongText, fields })) {
  test(`${view.name}, full and with long words: nothing that axe-core calls serious, nothing beside the window`, () =>
    check(full, view));
}

for (const view of emptyViews) {
  test(`${view.name}: nothing that axe-core calls serious, nothing beside the window`, () =>
    check(empty, view));
}
