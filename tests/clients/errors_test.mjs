// The package `openai`: what goes wrong becomes the package's own errors.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';

import OpenAI from 'openai';

import { Server } from './server.mjs';

const folder = await mkdtemp(path.join(tmpdir(), 'alpha-keys-'));
const keys = path.join(folder, 'keys.txt');
await writeFile(keys, '# who may\nann first-key-0001\nsecond-key-0002\n');
const server = await Server.start();
const locked = await Server.start('--api-key-file', keys, '--strict');
const narrow = await Server.start('--max-sessions', '1', '--queue', '1', '--backend', 'cpu_ref');
after(async () => {
  await Promise.all([server.stop(), locked.stop(), narrow.stop()]);
  await rm(folder, { recursive: true });
});
const openai = server.openai();

const simple = { model: 'letters', prompt: 'Once', max_tokens: 2 };
/** Minutes of work for the reference backend. */
const endless = { model: 'long', prompt: 'Once', max_tokens: 4000, ignore_eos: true };

function isError(kind, expected) {
  return (error) => {
    assert.ok(error instanceof kind, `${error.constructor.name}: ${error.message}`);
    for (const [name, value] of Object.entries(expected)) assert.equal(error[name], value, name);
    assert.match(error.requestID, /^req-/);
    return true;
  };
}

test('a field out of range is BadRequestError with its name', async () => {
  const expected = { status: 400, param: 'temperature', type: 'invalid_request_error' };
  await assert.rejects(
    openai.completions.create({ ...simple, temperature: 3 }),
    isError(OpenAI.BadRequestError, expected),
  );
  await assert.rejects(
    openai.completions.create({ ...simple, temperature: 3, stream: true }),
    isError(OpenAI.BadRequestError, expected),
  );
});

test('a model that is not there is NotFoundError on every route', async () => {
  const expected = isError(OpenAI.NotFoundError, {
    status: 404,
    code: 'model_not_found',
    param: 'model',
  });
  const messages = [{ role: 'user', content: 'Hello' }];
  await assert.rejects(openai.completions.create({ ...simple, model: 'nobody' }), expected);
  await assert.rejects(
    openai.completions.create({ ...simple, model: 'nobody', stream: true }),
    expected,
  );
  await assert.rejects(openai.chat.completions.create({ model: 'nobody', messages }), expected);
  await assert.rejects(openai.chat.completions.create({ model: 'letters@3', messages }), expected);
  await assert.rejects(openai.embeddings.create({ model: 'nobody', input: 'a' }), expected);
});

test('no model is BadRequestError', async () => {
  await assert.rejects(
    openai.completions.create({ prompt: 'Once' }),
    isError(OpenAI.BadRequestError, { status: 400, param: 'model' }),
  );
});

test('a route that is not there is NotFoundError', async () => {
  await assert.rejects(openai.get('/nowhere'), isError(OpenAI.NotFoundError, { status: 404 }));
  await assert.rejects(
    openai.images.generate({ prompt: 'a fox' }),
    isError(OpenAI.NotFoundError, { status: 404 }),
  );
  await assert.rejects(
    openai.responses.create({ input: 'Hello' }),
    isError(OpenAI.NotFoundError, { status: 404 }),
  );
  await assert.rejects(openai.get('/completions'), isError(OpenAI.APIError, { status: 405 }));
});

test('no key or a wrong one is AuthenticationError, a right one is let in', async () => {
  for (const apiKey of ['wrong-key-0000', 'ann', 'first-key-000', 'first-key-0001x']) {
    await assert.rejects(
      locked.openai({ apiKey }).completions.create(simple),
      isError(OpenAI.AuthenticationError, { status: 401, code: 'invalid_api_key' }),
    );
    await assert.rejects(
      locked.openai({ apiKey }).models.list(),
      isError(OpenAI.AuthenticationError, { status: 401, code: 'invalid_api_key' }),
    );
  }
  const nothing = await fetch(`${locked.url}/v1/models`);
  assert.equal(nothing.status, 401);
  assert.equal(nothing.headers.get('www-authenticate'), 'Bearer');
  for (const apiKey of ['first-key-0001', 'second-key-0002']) {
    assert.equal((await locked.openai({ apiKey }).completions.create(simple)).choices.length, 1);
  }
});

test('an unknown field is told of in a header, and refused by a strict server', async () => {
  const { data, response } = await openai.completions
    .create({ ...simple, temprature: 1 })
    .withResponse();
  assert.equal(data.choices.length, 1);
  assert.match(response.headers.get('warning'), /temprature/);
  await assert.rejects(
    locked.openai({ apiKey: 'first-key-0001' }).completions.create({ ...simple, temprature: 1 }),
    isError(OpenAI.BadRequestError, { code: 'unknown_field', param: 'temprature' }),
  );
});

test('a full queue is RateLimitError with Retry-After, and a retry gets in', async () => {
  const client = narrow.openai();
  const controller = new AbortController();
  const busy = [];
  const occupy = () => {
    const answer = client.completions.create(endless, { signal: controller.signal });
    busy.push(assert.rejects(answer, OpenAI.APIUserAbortError));
  };
  occupy();
  await narrow.until('alpha_requests_running', {}, 1, 5000);
  occupy();
  await narrow.until('alpha_requests_waiting', {}, 1, 5000);

  for (const stream of [false, true]) {
    await assert.rejects(client.completions.create({ ...endless, stream }), (error) => {
      assert.ok(isError(OpenAI.RateLimitError, { status: 429, type: 'rate_limit_error' })(error));
      assert.match(error.headers.get('retry-after'), /^[1-9]\d*$/);
      return true;
    });
  }
  const later = narrow.openai({ maxRetries: 3 }).completions.create({ ...endless, max_tokens: 1 });
  await narrow.until('alpha_http_requests_total', { status: '429' }, 3, 5000);
  controller.abort();
  await Promise.all(busy);
  assert.equal((await later).usage.completion_tokens, 1);
});

test('every answer has the id of its request', async () => {
  const ids = new Set();
  for (const answer of [
    await openai.models.retrieve('letters'),
    await openai.completions.create(simple),
    await openai.chat.completions.create({
      model: 'chatty',
      messages: [{ role: 'user', content: 'Hello' }],
    }),
    await openai.embeddings.create({ model: 'letters', input: 'Once' }),
  ]) {
    assert.match(answer._request_id, /^req-/);
    ids.add(answer._request_id);
  }
  const { request_id } = await openai.completions
    .create({ ...simple, stream: true })
    .withResponse();
  assert.match(request_id, /^req-/);
  assert.equal(ids.size, 4);
});

test('a body that is no JSON object is a 400 in the shape of errors', async () => {
  for (const path of ['/v1/completions', '/v1/chat/completions', '/v1/embeddings']) {
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '"a"',
      '{"model": NaN}',
      '{"model": "letters",}',
      '\u0000',
      '{"a": "\ud800"}',
    ]) {
      const answer = await server.post(path, body);
      assert.equal(answer.status, 400, `${path} ${body}`);
      const { error } = await answer.json();
      assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type']);
    }
  }
});
