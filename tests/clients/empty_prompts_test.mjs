// Prompts that are empty or become no token, on every route that takes one: refused before any
// header of a stream is sent.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());

/** No character of these is in the text that the model `letters` has learned from. */
const kUnknown = '§¤¥🙂漢字';

async function isRefused(answer, what) {
  assert.equal(answer.status, 400, what);
  assert.equal(answer.headers.get('content-type'), 'application/json', what);
  const { error } = await answer.json();
  const message = typeof error === 'string' ? error : error.message;
  assert.ok(message.length > 0, what);
  return error;
}

async function areRefused(path, bodies, param) {
  for (const body of bodies) {
    for (const stream of [undefined, false, true]) {
      const what = `${path} ${JSON.stringify({ ...body, stream })}`;
      const error = await isRefused(await server.post(path, { ...body, stream }), what);
      if (param)
        assert.ok(String(error.param).startsWith(param), `${what}: ${JSON.stringify(error)}`);
    }
  }
}

const kEmpty = [undefined, null, '', [], [''], [[]], ['Once', ''], [[1], []]];
const kUnknowns = [kUnknown, [kUnknown], ['Once', kUnknown]];

test('/v1/completions refuses them', async () => {
  await areRefused(
    '/v1/completions',
    kEmpty.map((prompt) => ({ model: 'chatty', prompt })),
    'prompt',
  );
  await areRefused(
    '/v1/completions',
    [...kEmpty, ...kUnknowns].map((prompt) => ({ model: 'letters', prompt })),
    'prompt',
  );
  await areRefused(
    '/v1/completions',
    kEmpty.map((prompt) => ({ model: 'letters', prompt, echo: true, max_tokens: 0 })),
    'prompt',
  );
});

test('/v1/embeddings refuses them', async () => {
  await areRefused(
    '/v1/embeddings',
    kEmpty.map((input) => ({ model: 'chatty', input })),
    'input',
  );
  await areRefused(
    '/v1/embeddings',
    [...kEmpty, ...kUnknowns].map((input) => ({ model: 'letters', input })),
    'input',
  );
});

const kEmptyChats = [
  undefined,
  null,
  '',
  [],
  {},
  [{}],
  [null],
  [''],
  [{ role: 'user' }],
  [{ role: 'user', content: null }],
  [{ role: 'user', content: '' }],
  [{ role: 'user', content: [] }],
  [{ role: 'user', content: [{ type: 'text', text: '' }] }],
  [
    { role: 'system', content: '' },
    { role: 'user', content: '' },
  ],
];
const kUnknownChats = [
  [{ role: 'user', content: kUnknown }],
  [{ role: 'user', content: [{ type: 'text', text: kUnknown }] }],
  [
    { role: 'system', content: kUnknown },
    { role: 'user', content: '' },
  ],
];

test('/v1/chat/completions refuses them', async () => {
  for (const path of ['/v1/chat/completions', '/chat/completions']) {
    await areRefused(
      path,
      kEmptyChats.map((messages) => ({ model: 'chatty', messages })),
      'messages',
    );
    await areRefused(
      path,
      [...kEmptyChats, ...kUnknownChats].map((messages) => ({ model: 'letters', messages })),
      'messages',
    );
  }
});

test('/api/chat refuses them', async () => {
  await areRefused(
    '/api/chat',
    kEmptyChats.map((messages) => ({ model: 'chatty', messages })),
  );
  await areRefused(
    '/api/chat',
    [...kEmptyChats, ...kUnknownChats].map((messages) => ({ model: 'letters', messages })),
  );
  await areRefused('/api/chat', [{}, { model: 'letters' }]);
});

test('/api/generate refuses them, by GET and by POST', async () => {
  await areRefused(
    '/api/generate',
    [undefined, null, '', [], [''], {}, kUnknown].map((prompt) => ({ model: 'letters', prompt })),
  );
  await areRefused(
    '/api/generate',
    [undefined, null, '', [], ['']].map((prompt) => ({ model: 'chatty', prompt })),
  );
  for (const query of [
    '',
    '?prompt',
    '?prompt=',
    '?model=chatty',
    '?model=chatty&prompt=',
    `?model=letters&prompt=${encodeURIComponent(kUnknown)}`,
  ]) {
    await isRefused(await fetch(`${server.url}/api/generate${query}`), query);
    await isRefused(await server.post(`/api/generate${query}`, ''), `POST ${query}`);
  }
});

test('/api/inference refuses them', async () => {
  for (const query of [
    '',
    '?query',
    '?query=',
    '?query=&steps=5',
    '?model=chatty&query=',
    '?model=letters&steps=5&query=' + encodeURIComponent(kUnknown),
  ]) {
    await isRefused(await fetch(`${server.url}/api/inference${query}`), query);
  }
});

test('the routes answer where the prompt says something', async () => {
  for (const query of ['generate?prompt=Once', 'inference?query=Once&steps=3']) {
    const answer = await fetch(`${server.url}/api/${query}&model=letters`);
    assert.equal(answer.status, 200);
    assert.ok((await answer.text()).length > 0);
  }
  const messages = [{ role: 'user', content: 'Once' }];
  const answer = await server.post('/api/chat', { model: 'chatty', messages, maxTokens: 4 });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^text\/plain/);
  await answer.text();
});
