// A finished run of so many steps, as `alpha train` would leave it in a folder.

import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Where in `steps` the loss is 14.5 for one step, among losses below 10. */
export const spikeStep = (steps) => Math.floor((steps * 3) / 5);
export const spikeLoss = 14.5;

/** Even numbers from 0 to 1, the same each time. */
function drawer(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a row has behind its losses and learning rate. Few differ, since to write numbers takes long. */
function tails(n) {
  const draw = drawer(1);
  return Array.from({ length: n }, () => {
    const ms = 60 + 8 * draw();
    const fields = {
      gradNorm: 0.4 + draw(),
      elapsed_ms: ms,
      ms_per_iter: ms,
      tokens_per_sec: 16384000 / ms,
      mfu: 0.4 + 0.05 * draw(),
      memory_mb: 812.25,
      timing_data_ms: 0.1 * draw(),
      timing_fwd_ms: 0.3 * ms,
      timing_bwd_ms: 0.6 * ms,
      timing_grad_norm_ms: draw(),
      timing_grad_clip_ms: 0,
      timing_optim_ms: 0.07 * ms,
      timing_flush_ms: 0,
      clip_coef: 0.3 + 0.7 * draw(),
      clip_pct: 12.345678901234567,
    };
    return `${JSON.stringify(fields).slice(1)}\n`;
  });
}

export function writeLongRun(folder, steps) {
  mkdirSync(folder, { recursive: true });
  const config = {
    modelConfig: { vocabSize: 4096, blockSize: 256, nLayer: 6, nEmbd: 256, nHead: 8, dropout: 0 },
    trainConfig: {
      iters: steps,
      batchSize: 64,
      lr: 6e-4,
      seed: 42,
      backend: 'cpu',
      tokenizer: 'bpe-4k',
    },
    configHash: '0',
    runId: path.basename(folder),
    data: 'book.txt',
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));

  const tail = tails(4093);
  const draw = drawer(2);
  const spike = spikeStep(steps);
  const file = openSync(path.join(folder, 'metrics.jsonl'), 'w');
  let text = '';
  for (let step = 1; step <= steps; ++step) {
    const trend = 1.3 + 7 * Math.exp((-40 * step) / steps) + 1.2 * Math.exp((-4 * step) / steps);
    const loss = step === spike ? spikeLoss : trend + 0.3 * (draw() - 0.5);
    text += `{"step":${step},"loss":${loss},`;
    if (step % 500 === 0) text += `"valLoss":${trend + 0.05},"bits_per_byte":${trend / 2.1},`;
    text += `"lr":${3e-4 * (1 + Math.cos((Math.PI * step) / steps))},${tail[step % tail.length]}`;
    if (text.length > 1 << 22 || step === steps) {
      writeSync(file, text);
      text = '';
    }
  }
  closeSync(file);
}
