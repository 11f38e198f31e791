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

/** Faults that axe-core calls serious or critical, a line each. `rules`: all, or these alone. */
async function accessibilityFaults(page, rules) {
  // The page's policy refuses a script element; what the browser is told to run it runs.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (runOnly) => window.axe.run(document, { resultTypes: ['violations'], runOnly }),
    rules,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, failureSummary }) => `${id}: ${target} ${failureSummary.replace(/\s+/g, ' ')}`,
      ),
    );
}

/** What is wrong with a page as it is, in both themes. */
async function faultsOf(page) {
  const width = `${page.viewportSize().width} px`;
  const found = [];
  // The themes differ in nothing but colours.
  for (const [theme, rules] of [['light'], ['dark', ['color-contrast']]]) {
    await page.emulateMedia({ colorScheme: theme });
    const faults = await accessibilityFaults(page, rules);
    const wide = await tooWide(page);
    found.push(...[...faults, wide].filter(Boolean).map((each) => `${theme}, ${width}: ${each}`));
  }
  return found;
}

/** A window that becomes narrow; in the long form one that was narrow from the beginning, too. */
async function check(site, { hash, open, stored, expected }) {
  const body = async (page) => {
    await open(page);
    const found = await faultsOf(page);
    if (page.viewportSize().width > 390) {
      await page.setViewportSize({ width: 390, height: 844 });
      found.push(...(await faultsOf(page)));
    }
    assert.deepEqual(found, []);
  };
  for (const width of process.env.ALPHA_LONG ? [1280, 390] : [1280]) {
    await site.visit(`/${hash}`, body, { width, stored, expected });
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
