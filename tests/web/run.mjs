// Makes the models that the page shows, as a user would, and runs the tests: those that measure one
// after the other on a machine that does nothing else, then the others, two at a time.

import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Serving } from '../clients/serving.mjs';
import { makeModels } from './models.mjs';

const kMeasure = ['first_view_test.mjs', 'million_test.mjs', 'live_test.mjs'];
const kLongest = ['views_test.mjs', 'keyboard_test.mjs', 'chat_test.mjs'];

const here = path.dirname(fileURLToPath(import.meta.url));
const alpha = path.resolve(process.argv[2]);
const isLong = process.argv.includes('--long');
const named = process.argv.slice(3).filter((word) => word !== '--long');
const folder = await mkdtemp(path.join(tmpdir(), 'alpha-web-'));
const children = new Set();
let isEnding = false;

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    isEnding = true;
    for (const child of children) child.kill(signal);
  });
}
const env = {
  ALPHA_BINARY: alpha,
  ALPHA_RUNS: path.join(folder, 'runs'),
  ALPHA_FIGURES: path.join(folder, 'figures.txt'),
  ...(isLong ? { ALPHA_LONG: '1' } : {}),
};

/** A test file in a process of its own; what it says comes in one piece. */
function runTest(name) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--test', path.join(here, name)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (said += text));
    child.on('error', reject);
    child.on('close', (code) => {
      children.delete(child);
      process.stdout.write(`# ${name}\n${said}`);
      resolve(code === 0);
    });
  });
}

async function runTests(names, atOnce) {
  const rest = [...names];
  const failed = [];
  const work = async () => {
    for (let name = rest.shift(); name && !isEnding; name = rest.shift()) {
      if (!(await runTest(name))) failed.push(name);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return failed;
}

async function hasPage() {
  Object.assign(process.env, env);
  const server = await Serving.start();
  const answer = await fetch(server.url);
  await server.stop();
  return answer.status === 200;
}

try {
  await mkdir(env.ALPHA_RUNS);
  await writeFile(env.ALPHA_FIGURES, '');
  if (await hasPage()) {
    await makeModels(alpha, folder, undefined, (child) => {
      children.add(child);
      child.on('close', () => children.delete(child));
    });
    const all = (await readdir(here)).filter((name) => name.endsWith('_test.mjs')).sort();
    const wanted = named.length > 0 ? named.map((name) => path.basename(name)) : all;
    const measuring = kMeasure.filter((name) => wanted.includes(name));
    // The longest first, so that none is left for the end.
    const long = kLongest.filter((name) => wanted.includes(name));
    const others = [...long, ...wanted.filter((name) => ![...kMeasure, ...long].includes(name))];
    const failed = [...(await runTests(measuring, 1)), ...(await runTests(others, 2))];
    process.stdout.write(`# figures\n${await readFile(env.ALPHA_FIGURES, 'utf8')}`);
    if (failed.length > 0) console.log(`# failed: ${failed.join(' ')}`);
    process.exitCode = failed.length > 0 || isEnding ? 1 : 0;
  } else {
    console.error('skipped: this build of alpha has no page (-DALPHA_WEB=OFF)');
    process.exitCode = 77;
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
