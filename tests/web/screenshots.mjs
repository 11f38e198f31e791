// Trains models that are worth looking at and takes pictures of every view. See `screenshots`.

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Serving } from '../clients/serving.mjs';
import { Browser, tooWide } from './browser.mjs';
import { writeLongRun } from './million.mjs';
import { run, startTraining } from './models.mjs';
import { emptyViews, fullViews } from './views.mjs';

const alpha = path.resolve(process.argv[2]);
const out = path.resolve(process.argv[3]);
const only = process.argv[4] === '--only' ? process.argv[5] : '';
const folder = await mkdtemp(path.join(tmpdir(), 'alpha-pictures-'));
const runs = path.join(folder, 'runs');
process.env.ALPHA_BINARY = alpha;

const kStories =
  '--data stories.txt --layers 3 --heads 4 --dim 96 --block 128 --batch 12 --lr 3e-3 ' +
  '--evalInterval 50 --sampleInterval 100 --evalIters 2 --quiet';

async function call(args) {
  const code = await run(alpha, args.split(' '), { cwd: folder });
  if (code !== 0) throw new Error(`alpha ${args} has failed`);
}

async function makeRuns() {
  await call('data make stories --size 1MB --out stories.txt');
  await call(
    `train --runDir runs/stories --tokenizer bpe-chat --vocabSize 512 --steps 400 ${kStories}`,
  );
  await call(`train --runDir runs/stories-char --tokenizer char --steps 300 ${kStories} --seed 7`);
  writeLongRun(path.join(runs, 'book-200k'), 200_000);
}

/** A window as high as the page: what stands still while one scrolls is where it belongs. */
async function seeAll(page) {
  const { width, height } = page.viewportSize();
  const whole = await page.evaluate(() => document.documentElement.scrollHeight);
  if (whole > height) await page.setViewportSize({ width, height: whole });
  // Charts that come into sight are drawn in the next frames.
  await page.evaluate(async () => {
    for (let i = 0; i < 5; ++i) await new Promise(requestAnimationFrame);
  });
}

async function picture(browser, server, view, theme, width) {
  const name = `${view.name}-${theme}-${width}.png`;
  if (!name.includes(only)) return;
  const body = async (page) => {
    await view.open(page);
    await page.evaluate(() => document.fonts.ready);
    const wide = await tooWide(page);
    if (wide) console.log(`${name}: ${wide}`);
    await seeAll(page);
    await page.screenshot({ path: path.join(out, name), animations: 'disabled' });
    console.log(path.join(out, name));
  };
  const { stored, expected } = view;
  try {
    await browser.visit(`${server.url}/${view.hash}`, body, { theme, width, stored, expected });
  } catch (error) {
    console.log(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

async function pictures(server, views) {
  const browser = await Browser.start();
  for (const view of views) {
    for (const theme of ['light', 'dark']) {
      for (const width of [1280, 390]) await picture(browser, server, view, theme, width);
    }
  }
  await browser.stop();
}

try {
  await mkdir(out, { recursive: true });
  await mkdir(path.join(folder, 'nothing'));
  await makeRuns();
  const empty = await Serving.startOn(path.join(folder, 'nothing'));
  await pictures(empty, emptyViews);
  await empty.stop();

  const server = await Serving.startOn(runs);
  const training = startTraining(
    `--runDir ${runs}/stories-now --tokenizer char --steps 100000 ${kStories} --threads 1`.replace(
      'stories.txt',
      `${folder}/stories.txt`,
    ),
  );
  const question = 'Once upon a time there was a little bird';
  await pictures(server, fullViews({ run: 'stories', other: 'stories-char', question }));
  training.child.kill('SIGTERM');
  await training.code;
  await server.stop();
} finally {
  await rm(folder, { recursive: true, force: true });
}
