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

  async newProfile() {
    const permissions = ['clipboard-read', 'clipboard-write'];
    const profile = await this.chromium.newContext({ permissions });
    profile.setDefaultTimeout(kPatience_ms);
    return profile;
  }

  /**
   * Opens `url` as somebody who was never here and calls `body` with the page. Afterwards there
   * must be no error in the console, no exception, nothing that the page's policy refused, and no
   * request to another host. Options: theme, width; `stored`: what this browser keeps of an earlier
   * visit; `expected`: what console errors may say; `isFirst`: in a browser that has nothing, not
   * even the page's files; `onLoad`, with it: runs in the page before its own code.
   */
  async visit(url, body, options = {}) {
    const { theme = 'light', width = 1280, stored = {}, expected = [], onLoad, isFirst } = options;
    const { origin } = new URL(url);
    // Another window costs three times what another visit in the same one does.
    if (!isFirst) this.profile ??= await this.newProfile();
    const profile = isFirst ? await this.newProfile() : this.profile;
    const page = profile.pages()[0] ?? (await profile.newPage());
    await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
    await page.emulateMedia({ colorScheme: theme });
    await forgetAll(page, origin, stored);
    if (onLoad) await page.addInitScript(onLoad);
    const watch = new Watch(profile, origin, expected);
    let isWell = false;
    try {
      await page.goto(url);
      await body(page);
      isWell = true;
    } catch (error) {
      await keepPicture(page);
      const { faults } = watch;
      if (faults.length > 0) error.message += `\nfaults of the page: ${faults.join('\n')}`;
      throw error;
    } finally {
      watch.end();
      if (isFirst) await profile.close();
      else
        await Promise.all(
          profile
            .pages()
            .slice(isWell ? 1 : 0)
            .map((each) => each.close()),
        );
    }
    assert.deepEqual(watch.faults, []);
  }
}

/** What pages do that they must not. */
class Watch {
  faults = [];

  constructor(profile, origin, expected) {
    this.profile = profile;
    this.listeners = {
      request: (request) => {
        const asked = request.url();
        if (!asked.startsWith(`${origin}/`) && !/^(data|blob):/.test(asked)) {
          this.faults.push(`a request to ${asked}`);
        }
      },
      console: (message) => {
        const text = `${message.text()} (${message.location().url})`;
        if (message.type() !== 'error' || expected.some((each) => each.test(text))) return;
        this.faults.push(`console: ${text}`);
      },
      weberror: (error) => this.faults.push(`exception: ${error.error().stack}`),
    };
    for (const [name, listener] of Object.entries(this.listeners)) profile.on(name, listener);
  }

  end() {
    for (const [name, listener] of Object.entries(this.listeners)) this.profile.off(name, listener);
  }
}

/**
 * Makes the browser keep `stored` and nothing else of a server, which is not asked for anything. The
 * window is then one of this server's: what a browser does to begin is not the page's time.
 */
async function forgetAll(page, origin, stored) {
  const place = `${origin}/nothing-here`;
  const body = '<!doctype html><link rel="icon" href="data:,">';
  await page.route(place, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(place);
  await page.evaluate((entries) => {
    localStorage.clear();
    for (const [name, value] of entries) localStorage.setItem(name, value);
  }, Object.entries(stored));
  await page.unroute(place);
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
