// A Chromium for the tests of a file. Whatever a page does that it must not fails the test.

import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { chromium } from 'playwright-core';

const kFlags =
  '--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync';

/** Longer than anything takes on a machine with other work. */
export const kPatience_ms = 15_000;

export class Browser {
  /** With a user's folder of its own, which is gone afterwards. */
  static async start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: process.env.ALPHA_CHROMIUM ?? '/usr/bin/chromium',
      headless: true,
      args: kFlags.split(' '),
    });
    return browser;
  }

  stop() {
    return this.chromium.close();
  }

  /**
   * Opens `url` as somebody who was never here and calls `body` with the page. Afterwards there
   * must be no error in the console, no exception, nothing that the page's policy refused, and no
   * request to another host. Options: theme, width; `stored`: what this browser keeps of an earlier
   * visit; `expected`: what console errors may say; `onLoad`: runs in the page before its own code.
   */
  async visit(url, body, options = {}) {
    const { theme = 'light', width = 1280, stored = {}, expected = [], onLoad } = options;
    const height = width < 600 ? 844 : 800;
    const { origin } = new URL(url);
    const localStorage = Object.entries(stored).map(([name, value]) => ({ name, value }));
    const context = await this.chromium.newContext({
      viewport: { width, height },
      colorScheme: theme,
      storageState: { cookies: [], origins: [{ origin, localStorage }] },
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(kPatience_ms);
    const faults = [];
    context.on('request', (request) => {
      const asked = request.url();
      if (!asked.startsWith(`${origin}/`) && !/^(data|blob):/.test(asked)) {
        faults.push(`a request to ${asked}`);
      }
    });
    context.on('console', (message) => {
      const text = `${message.text()} (${message.location().url})`;
      if (message.type() !== 'error' || expected.some((each) => each.test(text))) return;
      faults.push(`console: ${text}`);
    });
    context.on('weberror', (error) => faults.push(`exception: ${error.error().stack}`));
    try {
      if (onLoad) await context.addInitScript(onLoad);
      const page = await context.newPage();
      page.faults = faults;
      await page.goto(url);
      try {
        await body(page);
      } catch (error) {
        await keepPicture(page);
        if (faults.length > 0) error.message += `\nfaults of the page: ${faults.join('\n')}`;
        throw error;
      }
      assert.deepEqual(faults, []);
    } finally {
      await context.close();
    }
  }
}

/** Of a test that fails, where ALPHA_WEB_PICTURES says. */
async function keepPicture(page) {
  const folder = process.env.ALPHA_WEB_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  const name = `${path.basename(process.argv[1], '.mjs')}-${Date.now()}.png`;
  await page.screenshot({ path: path.join(folder, name), timeout: 5000 }).catch(() => undefined);
}

/** Asks until the answer is not false (null, undefined), and returns it. `what` is said in vain. */
export async function until(ask, what, ms = kPatience_ms) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== null && answer !== undefined) return answer;
    assert.ok(Date.now() < end, `not within ${ms} ms: ${what}`);
    await sleep(20);
  }
}

/** What makes the page wider than the window, in words; "" where nothing does. */
export const tooWide = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const by = document.documentElement.scrollWidth - width;
    if (by <= 0) return '';
    // Elements whose content stands out, the innermost last.
    const outside = [...document.body.querySelectorAll('*')].filter(
      (element) =>
        element.scrollWidth > element.clientWidth &&
        element.getBoundingClientRect().left + element.scrollWidth > width + 1 &&
        getComputedStyle(element).overflowX === 'visible' &&
        getComputedStyle(element).display !== 'inline',
    );
    const what = outside
      .slice(-3)
      .map((one) => `${one.tagName} ${one.dataset.testid ?? one.className}`);
    return `${by} px wider than the window: ${what.join(', ')}`;
  });

/** A figure for those who read the output of the suite. */
export function figure(name, value) {
  if (process.env.ALPHA_FIGURES) appendFileSync(process.env.ALPHA_FIGURES, `${name}: ${value}\n`);
}

export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** The least value that is not below `share` of all. */
export const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1];

/**
 * A time that must be less than `most`. Other work on the machine makes times longer and never
 * shorter, so the least of a few rounds counts, and the first that is short enough is enough.
 */
export async function measured(most, measure, rounds = 3) {
  const times = [];
  while (times.length < rounds) {
    times.push(await measure());
    if (times.at(-1) < most) return times.at(-1);
  }
  assert.fail(`${times.map((ms) => ms.toFixed(0)).join(', ')} ms, expected less than ${most} ms`);
}
