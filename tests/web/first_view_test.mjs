// What the page costs, and what it may do.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { figure, measured, median } from './browser.mjs';
import { openSite } from './site.mjs';

const kMost_bytes = 400_000;
const kMostFirstView_ms = 500;
const site = openSite();

/** Files that the page names, as they come over the wire. */
async function files() {
  const fetchFile = async (name) => {
    const answer = await fetch(site.server.url + name, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(answer.status, 200, name);
    return { name, headers: answer.headers, text: await answer.text() };
  };
  const page = await fetchFile('/');
  const names = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]);
  return [page, ...(await Promise.all(names.map(fetchFile)))];
}

test('The page may load what comes from its own server, and nothing else', async () => {
  const { headers, text } = (await files())[0];
  const policy = Object.fromEntries(
    headers
      .get('content-security-policy')
      .split(';')
      .map((part) => part.trim().split(/ (.*)/))
      .map(([name, value]) => [name, value]),
  );
  assert.equal(policy['default-src'], "'none'");
  assert.equal(policy['script-src'], "'self'");
  assert.equal(policy['style-src'], "'self'");
  assert.equal(policy['connect-src'], "'self'");
  assert.equal(policy['frame-ancestors'], "'none'");
  assert.equal(policy['base-uri'], "'none'");
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.match(headers.get('content-type'), /^text\/html/);
  assert.doesNotMatch(text, /<script(?![^>]* src=)|<style|\/\/[a-z]/);
});

test('The page is less than 400 kB as it comes over the wire', async () => {
  const all = await files();
  assert.ok(all.length >= 3, all.map(({ name }) => name).join(' '));
  let sum = 0;
  for (const { name, headers } of all) {
    assert.equal(headers.get('content-encoding'), 'gzip', name);
    sum += Number(headers.get('content-length'));
  }
  figure('page, gzip', `${(sum / 1000).toFixed(0)} kB in ${all.length} files`);
  assert.ok(sum > 0 && sum < kMost_bytes, `${sum} bytes`);
});

test('Files whose names say what is in them are kept, and the page is asked for anew', async () => {
  for (const { name, headers } of await files()) {
    const kept = headers.get('cache-control') ?? '';
    if (name.startsWith('/assets/')) assert.match(kept, /immutable/, name);
    else assert.doesNotMatch(kept, /immutable|max-age=[1-9]/, name);
  }
});

test('The first view is there in less than half a second', async () => {
  const ms = await measured(kMostFirstView_ms, async () => {
    const times = [];
    for (let i = 0; i < 5; ++i) {
      await site.visit(
        '/',
        async (page) => {
          await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
          const seen_at = await page.waitForFunction(() => window.seen_at);
          times.push(await seen_at.jsonValue());
        },
        { onLoad: noteFirstView, isFirst: true },
      );
    }
    return median(times);
  });
  figure('first view, median of 5', `${ms.toFixed(0)} ms`);
});

/** Notes when the view's title is first to be seen. Runs before the page does. */
function noteFirstView() {
  new MutationObserver((_, observer) => {
    if (!document.querySelector('h1')) return;
    observer.disconnect();
    const painted = () => {
      const first = performance.getEntriesByName('first-contentful-paint')[0];
      if (first) window.seen_at = performance.now();
      else requestAnimationFrame(painted);
    };
    requestAnimationFrame(painted);
  }).observe(document, { childList: true, subtree: true });
}
