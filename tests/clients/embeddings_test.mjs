// The package `openai`: embeddings.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());
const openai = server.openai();

const kWidth = 32;
const embed = (fields) =>
  openai.embeddings.create({ model: 'chatty', input: 'a small fox', ...fields });
const values = async (fields) => (await embed(fields)).data.map((one) => one.embedding);

test('the way of the package, base64, gives the same numbers as lists of numbers', async () => {
  const [packed] = await values({});
  const [listed] = await values({ encoding_format: 'float' });
  assert.equal(listed.length, kWidth);
  assert.deepEqual([...packed].map(Math.fround), listed.map(Math.fround));
  assert.ok(listed.some((value) => value !== 0));
  assert.ok(listed.every(Number.isFinite));
});

test('base64 as asked for is the bytes of 32-bit floats', async () => {
  const [text] = await values({ encoding_format: 'base64' });
  assert.equal(typeof text, 'string');
  const bytes = Buffer.from(text, 'base64');
  assert.equal(bytes.length, 4 * kWidth);
  const [listed] = await values({ encoding_format: 'float' });
  assert.deepEqual(
    listed.map((_, i) => bytes.readFloatLE(4 * i)),
    listed.map(Math.fround),
  );
});

test('an answer has its shape', async () => {
  const answer = await embed({});
  assert.equal(answer.object, 'list');
  assert.equal(answer.model, 'chatty');
  assert.equal(answer.data[0].object, 'embedding');
  const n_tokens = (await server.tokens('chatty', 'a small fox')).length;
  assert.deepEqual(answer.usage, { prompt_tokens: n_tokens, total_tokens: n_tokens });
});

test('a list of texts has one embedding each, in its order and as alone', async () => {
  const input = ['a small fox', 'the sea', 'Once upon a time there was a bird.'];
  const answer = await embed({ input });
  assert.deepEqual(
    answer.data.map((one) => one.index),
    [0, 1, 2],
  );
  for (const [i, text] of input.entries()) {
    const [alone] = await values({ input: text });
    for (const [j, value] of alone.entries())
      assert.ok(Math.abs(value - answer.data[i].embedding[j]) < 1e-5);
  }
});

test('token ids are embedded as the text that they are', async () => {
  const tokens = await server.tokens('chatty', 'a small fox');
  const other = await server.tokens('chatty', 'the sea');
  const expected = await values({ input: ['a small fox', 'the sea'] });
  const near = (a, b) => a.forEach((value, i) => assert.ok(Math.abs(value - b[i]) < 1e-5));
  near((await values({ input: tokens }))[0], expected[0]);
  const both = await values({ input: [tokens, other] });
  near(both[0], expected[0]);
  near(both[1], expected[1]);
});

test('dimensions is the width of the model or refused', async () => {
  assert.equal((await values({ dimensions: kWidth }))[0].length, kWidth);
  await assert.rejects(
    embed({ dimensions: 16 }),
    (error) => error.status === 400 && error.param === 'dimensions',
  );
});

test('an input that is too long is refused with both numbers', async () => {
  await assert.rejects(embed({ model: 'letters', input: 'a'.repeat(65) }), (error) => {
    assert.equal(error.code, 'context_length_exceeded');
    assert.equal(error.param, 'input');
    assert.match(error.message, /65.*64/);
    return true;
  });
  assert.equal((await values({ model: 'letters', input: 'a'.repeat(64) }))[0].length, kWidth);
});
