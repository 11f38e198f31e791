// The models that the tests and the pictures have, made as a user would make them.

import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The exit code. What the program says is told when it fails, unless somebody has ended it. */
export function run(program, args, { cwd, onStart } = {}) {
  return new Promise((resolve, reject) => {
    let said = '';
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    onStart?.(child);
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (said += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 && !child.killed) console.error(`${program} ${args.join(' ')}\n${said}`);
      resolve(code ?? 1);
    });
  });
}

/** What a browser must not take for more than text, short enough to be learned by heart. */
export const kMarkup =
  '<script>window.pwned=1</script><img src=x onerror=window.pwned=2>' +
  '<a href="javascript:window.pwned=3">link</a>&lt;b&gt;\n';

/** Trains the models into `folder`/runs, two at a time. */
export async function makeModels(alpha, folder, names = Object.keys(kModels), onStart = undefined) {
  const call = async (args) => {
    const code = await run(alpha, args, { cwd: folder, onStart });
    if (code !== 0) throw new Error(`alpha ${args[0]} has failed`);
  };
  await call('data make stories --size 60KB --out stories.txt'.split(' '));
  await writeFile(path.join(folder, 'markup.txt'), kMarkup.repeat(80));
  const rest = [...names];
  const work = async () => {
    for (let name = rest.shift(); name; name = rest.shift()) {
      const shared = `train --runDir runs/${name} --evalIters 1 --threads 1 --quiet`;
      await call(`${shared} ${kModels[name]}`.split(' '));
    }
  };
  await Promise.all([work(), work()]);
}

const kModels = {
  // Bytes and chats; three checkpoints.
  chatty:
    '--data stories.txt --tokenizer bpe-chat --vocabSize 300 --block 256 --layers 2 --heads 2 --dim 32 ' +
    '--batch 4 --steps 150 --lr 3e-3 --evalInterval 50 --sampleInterval 50',
  // The letters of the text and no others: one token is one character.
  letters:
    '--data stories.txt --tokenizer char --block 256 --layers 1 --heads 2 --dim 32 ' +
    '--batch 2 --steps 200 --lr 3e-3 --evalInterval 100 --sampleInterval 100',
  // Knows nothing, but writes for long enough to be left in the middle.
  long:
    '--data stories.txt --tokenizer char --block 4096 --layers 4 --heads 4 --dim 128 ' +
    '--batch 1 --steps 1 --evalInterval 1 --sampleInterval 0',
  // Knows one text by heart, which is markup.
  markup:
    '--data markup.txt --tokenizer char --block 128 --layers 2 --heads 2 --dim 64 ' +
    '--batch 4 --steps 240 --lr 5e-3 --evalInterval 120 --sampleInterval 120',
};

/** `alpha train` with these flags, at work; `code` is its exit code. It ends with the tests. */
export function startTraining(flags) {
  const training = {};
  training.code = run(process.env.ALPHA_BINARY, `train ${flags}`.split(' '), {
    onStart: (child) => (training.child = child),
  });
  process.on('exit', () => training.child.kill('SIGKILL'));
  return training;
}
