// A run of a million steps.

import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { Serving } from '../clients/serving.mjs';
import { figure, measured, median, quantile, until } from './browser.mjs';
import { spikeLoss, spikeStep, writeLongRun } from './million.mjs';
import { openSite } from './site.mjs';

const kSteps = 1_000_000;
const kMostOpen_ms = 1000;
const kMostFrame_ms = 50;
const site = openSite({
  copies: [],
  prepare: (runs) => writeLongRun(path.join(runs, 'million'), kSteps),
});

const row = (page) => page.locator('tr[data-run="million"]');
const chart = (page) => page.getByTestId('loss-chart');
const isDrawn = (page) => page.locator('[data-testid=loss-chart][data-points]').waitFor();
const curves = (page) =>
  page.waitForResponse((answer) => answer.url().includes('/curves?') && answer.ok());

/** Notes when the curve is first drawn. Runs before the page does. */
function noteCurve() {
  new MutationObserver((_, observer) => {
    if (!(Number(document.querySelector('[data-testid=loss-chart]')?.dataset.points) > 0)) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => (window.drawn_at = performance.now())));
  }).observe(document, { childList: true, subtree: true, attributeFilter: ['data-points'] });
}

/** Milliseconds from the navigation to the curve, in a browser that has nothing of the page yet. */
async function timeToOpen(server) {
  let drawn_ms;
  await site.browser.visit(
    `${server.url}/#/runs/million`,
    async (page) => {
      const drawn_at = await page.waitForFunction(() => window.drawn_at);
      drawn_ms = await drawn_at.jsonValue();
    },
    { onLoad: noteCurve, isFirst: true },
  );
  return drawn_ms;
}

const listed = (times) => times.map((ms) => `${ms.toFixed(0)} ms`).join(', ');

test('It opens in less than a second', async () => {
  const ms = await measured(kMostOpen_ms, async () => {
    const server = await Serving.startOn(site.runs);
    try {
      // The first to look waits for 450 MB to be read.
      figure(
        'a million steps open, the first time of a server',
        listed([await timeToOpen(server)]),
      );
      const times = [];
      for (let i = 0; i < 3; ++i) times.push(await timeToOpen(server));
      figure('a million steps open, later', listed(times));
      return median(times);
    } finally {
      await server.stop();
    }
  });
  assert.ok(ms > 0);
});

/** Moves the mouse over the chart of all steps until its values have `text`. */
async function hoverFor(page, text, at) {
  const box = await chart(page).locator('.u-over').boundingBox();
  const x = box.x + box.width * at;
  await until(async () => {
    for (let aside = -3; aside <= 3; ++aside) {
      await page.mouse.move(x + aside, box.y + box.height / 2);
      if ((await chart(page).innerText()).includes(text)) return true;
    }
    return false;
  }, `${text} under the mouse`);
}

test('One step among a million that is far above the others is seen in the whole', async () => {
  await site.visit('/#/runs/million', async (page) => {
    await isDrawn(page);
    const { from, to } = await chart(page).evaluate((element) => ({ ...element.dataset }));
    await hoverFor(page, String(spikeLoss), (spikeStep(kSteps) - from) / (to - from));
  });
});

/** The times between frames while `body` runs. */
async function frames(page, body) {
  await page.evaluate(() => {
    window.frames_at = [];
    const note = (now) => {
      window.frames_at.push(now);
      window.frameCall = requestAnimationFrame(note);
    };
    window.frameCall = requestAnimationFrame(note);
  });
  await body();
  return page.evaluate(() => {
    cancelAnimationFrame(window.frameCall);
    return window.frames_at.slice(1).map((at, i) => at - window.frames_at[i]);
  });
}

test('To zoom by mouse and wheel stays smooth and brings finer points', async () => {
  await site.visit('/#/runs/million', async (page) => {
    const [whole] = await Promise.all([
      curves(page).then((answer) => answer.json()),
      isDrawn(page),
    ]);
    assert.ok(whole.rows_per_bucket >= 200, `${whole.rows_per_bucket} rows a point`);
    const box = await chart(page).locator('.u-over').boundingBox();
    const [left, middle] = [box.x + box.width * 0.55, box.y + box.height / 2];

    const finer = curves(page).then((answer) => answer.json());
    const ofDrag = await frames(page, async () => {
      await page.mouse.move(left, middle);
      await page.mouse.down();
      await page.mouse.move(left + box.width * 0.1, middle, { steps: 30 });
      await page.mouse.up();
    });
    const detail = await finer;
    assert.ok(detail.rows_per_bucket < whole.rows_per_bucket / 2, `${detail.rows_per_bucket} rows`);
    const seen = await chart(page).evaluate((element) => ({ ...element.dataset }));
    assert.ok(seen.to - seen.from < 0.12 * kSteps, JSON.stringify(seen));

    await page.keyboard.down('Control');
    const wheel = async () => {
      for (let i = 0; i < 60; ++i) await page.mouse.wheel(0, i < 30 ? -40 : 40);
    };
    const p95 = await measured(kMostFrame_ms, async () => {
      const all = [...ofDrag, ...(await frames(page, wheel))];
      assert.ok(all.length > 20, `${all.length} frames`);
      figure('frames of a zoom', `median ${median(all).toFixed(1)} ms, p95 ${quantile(all, 0.95).toFixed(1)} ms, ${all.length} frames`); // prettier-ignore
      return quantile(all, 0.95);
    });
    assert.ok(p95 > 0);
    await page.keyboard.up('Control');
  });
});

test('At the deepest zoom each step is a point of its own', async () => {
  const spike = spikeStep(kSteps);
  await site.visit('/', async (page) => {
    await row(page).waitFor();
    const answers = page.waitForResponse(async (answer) => {
      if (!answer.url().includes('/curves?') || !answer.url().includes('from=')) return false;
      return (await answer.json()).rows_per_bucket === 1;
    });
    const hash = `#/runs/million?from=${spike - 20}&to=${spike + 20}`;
    await page.evaluate((next) => (location.hash = next), hash);
    const detail = await (await answers).json();
    assert.ok(detail.from <= spike - 20 && detail.to >= spike + 20);
    await hoverFor(page, `step ${spike.toLocaleString('en-US')}`, 0.5);
    await hoverFor(page, String(spikeLoss), 0.5);
  });
});
