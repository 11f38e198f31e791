// A server and a browser for the tests of a file.

import { mkdtemp, cp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';

import { Serving } from '../clients/serving.mjs';
import { Browser } from './browser.mjs';

/** Flags of a server that writes slowly enough for people to stop it, whatever the machine. */
export const kSlow = ['--backend', 'cpu_ref'];

/**
 * Serves the runs of the suite, or with `copies` a folder of the file's own with copies of those
 * that are named and what `prepare` makes there before the server starts. To be called at the top
 * of a file; what is in the answer is there in the tests.
 */
export function openSite({ copies, prepare, flags = [] } = {}) {
  const site = {
    runs: process.env.ALPHA_RUNS,
    visit: (place, body, options) => site.browser.visit(site.server.url + place, body, options),
  };
  let folder;
  before(async () => {
    if (copies) {
      folder = await mkdtemp(path.join(tmpdir(), 'alpha-page-'));
      site.runs = path.join(folder, 'runs');
      await mkdir(site.runs);
      for (const name of copies) {
        const from = path.join(process.env.ALPHA_RUNS, name);
        await cp(from, path.join(site.runs, name), { recursive: true });
      }
      await prepare?.(site.runs);
    }
    site.server = await Serving.startOn(site.runs, ...flags);
    site.browser = await Browser.start();
  });
  after(async () => {
    await site.browser?.stop();
    try {
      await site.server?.stop();
    } finally {
      if (folder) await rm(folder, { recursive: true, force: true });
    }
  });
  return site;
}
