// One `alpha serve` for the tests of a file, and what they ask of it without a client.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export class Serving {
  /** Serves the models of the suite with further flags, on a port that is free. */
  static start(...flags) {
    return this.startOn(process.env.ALPHA_RUNS, ...flags);
  }

  /** The same with the runs of a folder. */
  static async startOn(runs, ...flags) {
    const server = new this();
    const always = '--port 0 --access-log off --threads 1'.split(' ');
    server.process = spawn(process.env.ALPHA_BINARY, ['serve', runs, ...always, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.exited = new Promise((resolve) => {
      server.process.on('close', (code, signal) => resolve(code ?? signal));
    });
    const kill = () => server.process.kill('SIGKILL');
    process.on('exit', kill);
    server.exited.then(() => process.off('exit', kill));
    server.said = '';
    server.url = await new Promise((resolve, reject) => {
      server.process.on('error', reject);
      server.process.stderr.on('data', (text) => {
        server.said += text;
        const at = server.said.match(/ on (http:\S+) /);
        if (at) resolve(at[1]);
      });
      server.exited.then((code) =>
        reject(new Error(`alpha serve ends with ${code}: ${server.said}`)),
      );
    });
    return server;
  }

  /** It ends as it should, and has told of no defect of its own. */
  async stop() {
    this.process.kill('SIGTERM');
    const last = setTimeout(() => this.process.kill('SIGKILL'), 10_000);
    const code = await this.exited;
    clearTimeout(last);
    assert.equal(code, 0, this.said);
    assert.equal(this.said.trim().split('\n').length, 1, this.said);
  }

  post(path, body, options = {}) {
    return fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...options,
    });
  }

  /** The tokens of a text. */
  async tokens(model, prompt) {
    const answer = await this.post('/tokenize', { model, prompt });
    return (await answer.json()).tokens;
  }

  /** The sum of a metric over all labels that are as in `labels`. */
  async metric(name, labels = {}) {
    const lines = (await (await fetch(`${this.url}/metrics`)).text()).split('\n');
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return lines
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Waits until a metric is what it should be, at most so long. */
  async until(name, labels, expected, ms = 1000) {
    const end = Date.now() + ms;
    for (;;) {
      const value = await this.metric(name, labels);
      if (value === expected) return;
      assert.ok(Date.now() < end, `${name} is ${value} after ${ms} ms, expected ${expected}`);
      await sleep(5);
    }
  }
}
