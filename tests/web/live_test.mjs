// Runs as they are trained, while somebody looks.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';

import { figure, measured, median, until } from './browser.mjs';
import { startTraining } from './models.mjs';
import { openSite } from './site.mjs';

const kMostLate_ms = 2000;
const site = openSite({ copies: [] });

/** The same small model under another name. It takes some seconds. */
const train = (name, flags) =>
  startTraining(
    `--data ${path.join(path.dirname(process.env.ALPHA_RUNS), 'stories.txt')} --runDir ${path.join(site.runs, name)} ` +
      '--tokenizer char --block 64 --layers 2 --heads 2 --dim 96 --batch 8 --threads 1 --quiet ' +
      `--evalIters 1 ${flags}`,
  );

const row = (page, name) => page.locator(`tr[data-run="${name}"]`);

test('A run that begins while nobody had one appears by itself, and its progress goes on', async () => {
  await site.visit('/', async (page) => {
    await page.getByRole('heading', { name: 'No runs yet' }).waitFor();
    const training = train('first', '--steps 120 --evalInterval 120 --sampleInterval 0');
    await row(page, 'first').waitFor();
    const steps = async () => Number(await row(page, 'first').getAttribute('data-step'));
    await until(async () => (await steps()) > 0, 'a step in the list');
    const before = await steps();
    await until(async () => (await steps()) > before, 'a further step in the list');
    await page.locator('tr[data-run="first"][data-status="completed"]').waitFor();
    assert.equal(await training.code, 0);
    assert.equal(await steps(), 120);
  });
});

/** When the file had how many lines, and when the chart had which step, both in ms since 1970. */
async function watchSteps(name, steps) {
  const file = path.join(site.runs, name, 'metrics.jsonl');
  const logged = new Map();
  let drawn;
  await site.visit('/', async (page) => {
    const training = train(name, `--steps ${steps} --evalInterval ${steps} --sampleInterval 0`);
    let isOver = false;
    training.code.then(() => (isOver = true));
    const reading = until(
      async () => {
        const text = await readFile(file, 'utf8').catch(() => '');
        const now = Date.now();
        for (let step = text.split('\n').length - 1; step > 0 && !logged.has(step); --step) {
          logged.set(step, now);
        }
        return isOver && logged.has(steps);
      },
      'all steps in the file',
      60_000,
    );
    await row(page, name).getByRole('link', { name }).click();
    await page.getByTestId('loss-chart').waitFor();
    await page.evaluate(() => {
      window.drawn = [];
      const note = () => {
        const step = Number(document.querySelector('[data-testid=loss-chart]')?.dataset.lastStep);
        if (step > 0) window.drawn.push({ step, at: performance.timeOrigin + performance.now() });
      };
      const observer = new MutationObserver(note);
      observer.observe(document.body, { subtree: true, attributeFilter: ['data-last-step'] });
      note();
    });
    await reading;
    await page.locator(`[data-testid=loss-chart][data-last-step="${steps}"]`).waitFor();
    drawn = await page.evaluate(() => window.drawn);
  });
  return { logged, drawn };
}

test('The curve has each step within two seconds of its line in metrics.jsonl', async () => {
  let round = 0;
  const worst = await measured(kMostLate_ms, async () => {
    const { logged, drawn } = await watchSteps(`growing-${++round}`, 300);
    const first = drawn[0].step;
    const late = [...logged]
      .filter(([step]) => step > first)
      .map(([step, at]) => Math.max(0, drawn.find((one) => one.step >= step).at - at));
    assert.ok(late.length > 100, `only ${late.length} steps were seen to come`);
    figure('a step in the curve after its line', `median ${median(late).toFixed(0)} ms, worst ${Math.max(...late).toFixed(0)} ms, ${late.length} steps`); // prettier-ignore
    return Math.max(...late);
  });
  assert.ok(worst >= 0);
});

test('Samples, checkpoints and the end of a run are seen as they come', async () => {
  const training = train('told', '--steps 240 --evalInterval 60 --sampleInterval 60');
  await until(async () => (await fetch(`${site.server.url}/api/runs/told`)).ok, 'the run');
  await site.visit('/#/runs/told', async (page) => {
    await page.getByText('active', { exact: true }).waitFor();
    await page.locator('[data-testid=sample-group][data-step="60"]').waitFor();
    await page.getByRole('tab', { name: 'Checkpoints' }).click();
    await page.locator('tr[data-checkpoint="120"]').waitFor();
    await page.locator('tr[data-checkpoint="240"]').waitFor();
    await page.getByText('completed', { exact: true }).waitFor();
    await page.getByRole('tab', { name: 'Samples' }).click();
    await page.locator('[data-testid=sample-group][data-step="240"]').waitFor();
    assert.equal(await page.getByTestId('sample-group').count(), 4);
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('run finished').waitFor();
  });
  assert.equal(await training.code, 0);
});
