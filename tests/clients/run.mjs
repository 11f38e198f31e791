// Makes the models that the tests talk to, as a user would, and runs the tests.

import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const alpha = path.resolve(process.argv[2]);
const folder = await mkdtemp(path.join(tmpdir(), 'alpha-clients-'));
let child = null;

/** The exit code. What the program says is told when it fails, or at once. */
function run(program, args, { isTold = false, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    let said = '';
    child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', isTold ? 'inherit' : 'pipe', isTold ? 'inherit' : 'pipe'],
    });
    child.stdout?.on('data', (text) => (said += text));
    child.stderr?.on('data', (text) => (said += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 && !isTold) console.error(`${program} ${args.join(' ')}\n${said}`);
      resolve(code ?? 1);
    });
  });
}

async function train(name, flags) {
  const shared = `--data stories.txt --runDir runs/${name} --heads 2 --evalIters 1 --sampleInterval 0`;
  const code = await run(alpha, `train ${shared} --threads 1 --quiet ${flags}`.split(' '));
  if (code !== 0) throw new Error(`training ${name} has failed`);
}

async function makeModels() {
  const code = await run(alpha, 'data make stories --size 60KB --out stories.txt'.split(' '));
  if (code !== 0) throw new Error('making the text has failed');
  // Bytes and chats; three checkpoints.
  const small = '--layers 2 --dim 32 --batch 4 --steps 150 --lr 3e-3 --evalInterval 50';
  await train('chatty', `--tokenizer bpe-chat --vocabSize 300 --block 256 ${small}`);
  // The letters of the text and no others: one token is one character.
  const smaller = '--layers 1 --dim 32 --batch 8 --steps 200 --lr 3e-3 --evalInterval 200';
  await train('letters', `--tokenizer char --block 64 ${smaller}`);
  // Knows nothing, but writes for long enough to be left in the middle.
  const long = '--layers 2 --dim 64 --batch 1 --steps 2 --evalInterval 2';
  await train('long', `--tokenizer char --block 4096 ${long}`);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child?.kill(signal));

try {
  await makeModels();
  const all = (await readdir(here)).filter((name) => name.endsWith('_test.mjs')).sort();
  const files = process.argv.length > 3 ? process.argv.slice(3) : all;
  process.exitCode = await run(
    process.execPath,
    ['--test', ...files.map((name) => path.join(here, path.basename(name)))],
    { isTold: true, env: { ALPHA_BINARY: alpha, ALPHA_RUNS: path.join(folder, 'runs') } },
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
