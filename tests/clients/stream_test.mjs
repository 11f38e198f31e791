// The package `openai`: streams, and leaving in the middle of them.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());
const openai = server.openai();

const completion = {
  model: 'letters',
  prompt: 'Once upon',
  max_tokens: 30,
  temperature: 1,
  seed: 11,
};
const chat = {
  model: 'chatty',
  messages: [{ role: 'user', content: 'Tell me of a fox.' }],
  max_completion_tokens: 40,
  temperature: 1,
  seed: 11,
};
/** Takes half a second and more. */
const endless = { model: 'long', prompt: 'Once', max_tokens: 4000, ignore_eos: true };

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

/** The texts of the choices, and why each ended. */
function joined(chunks, piece) {
  const texts = [];
  const reasons = [];
  for (const choice of chunks.flatMap((chunk) => chunk.choices)) {
    texts[choice.index] = (texts[choice.index] ?? '') + (piece(choice) ?? '');
    if (choice.finish_reason !== null) reasons[choice.index] = choice.finish_reason;
  }
  return { texts, reasons };
}

test('a streamed completion is what comes whole', async () => {
  for (const more of [{}, { n: 3 }, { echo: true }, { prompt: ['Once', 'The'], n: 2 }]) {
    const whole = await openai.completions.create({ ...completion, ...more });
    const chunks = await collect(
      await openai.completions.create({ ...completion, ...more, stream: true }),
    );
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.ok(
      chunks.every((chunk) => chunk.object === 'text_completion' && chunk.model === 'letters'),
    );
    assert.ok(chunks.length > 10);
    const { texts, reasons } = joined(chunks, (choice) => choice.text);
    assert.deepEqual(
      texts,
      whole.choices.map((choice) => choice.text),
    );
    assert.deepEqual(
      reasons,
      whole.choices.map((choice) => choice.finish_reason),
    );
  }
});

test('a streamed chat is what comes whole, and begins with the role', async () => {
  for (const more of [{}, { n: 3 }]) {
    const whole = await openai.chat.completions.create({ ...chat, ...more });
    const chunks = await collect(
      await openai.chat.completions.create({ ...chat, ...more, stream: true }),
    );
    assert.ok(chunks.every((chunk) => chunk.object === 'chat.completion.chunk'));
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    const { texts, reasons } = joined(chunks, (choice) => choice.delta.content);
    assert.deepEqual(
      texts,
      whole.choices.map((choice) => choice.message.content),
    );
    assert.deepEqual(
      reasons,
      whole.choices.map((choice) => choice.finish_reason),
    );
  }
});

test('bytes of one character that are tokens of their own never come apart', async () => {
  const fields = { ...chat, temperature: 2, max_completion_tokens: 150 };
  const whole = await openai.chat.completions.create(fields);
  const { texts } = joined(
    await collect(await openai.chat.completions.create({ ...fields, stream: true })),
    (choice) => choice.delta.content,
  );
  assert.equal(texts[0], whole.choices[0].message.content);
});

test('include_usage adds a last chunk with the usage and no choices', async () => {
  for (const [resource, fields] of [
    [openai.completions, completion],
    [openai.chat.completions, chat],
  ]) {
    const { usage } = await resource.create(fields);
    const chunks = await collect(
      await resource.create({ ...fields, stream: true, stream_options: { include_usage: true } }),
    );
    const last = chunks.pop();
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.prompt_tokens, usage.prompt_tokens);
    assert.equal(last.usage.completion_tokens, usage.completion_tokens);
    assert.ok(chunks.every((chunk) => chunk.usage === null && chunk.choices.length === 1));
    const without = await collect(await resource.create({ ...fields, stream: true }));
    assert.ok(without.every((chunk) => chunk.usage === undefined));
  }
});

test('logprobs are streamed too', async () => {
  const whole = await openai.completions.create({ ...completion, logprobs: 2 });
  const chunks = await collect(
    await openai.completions.create({ ...completion, logprobs: 2, stream: true }),
  );
  const lists = chunks.map((chunk) => chunk.choices[0].logprobs).filter((one) => one !== null);
  for (const name of ['tokens', 'token_logprobs', 'text_offset']) {
    assert.deepEqual(
      lists.flatMap((one) => one[name]),
      whole.choices[0].logprobs[name],
    );
  }
  const fields = { ...chat, logprobs: true, top_logprobs: 2 };
  const answer = await openai.chat.completions.create(fields);
  const pieces = await collect(await openai.chat.completions.create({ ...fields, stream: true }));
  assert.deepEqual(
    pieces.flatMap((chunk) => chunk.choices[0].logprobs?.content ?? []).map((token) => token.token),
    answer.choices[0].logprobs.content.map((token) => token.token),
  );
});

test('the stream helper of the package puts the answer together', async () => {
  const whole = await openai.chat.completions.create(chat);
  const stream = openai.chat.completions.stream({
    ...chat,
    stream_options: { include_usage: true },
  });
  let shown = '';
  stream.on('content', (piece) => (shown += piece));
  const answer = await stream.finalChatCompletion();
  assert.equal(shown, whole.choices[0].message.content);
  assert.equal(answer.choices[0].message.content, shown);
  assert.equal(answer.choices[0].finish_reason, whole.choices[0].finish_reason);
  assert.equal((await stream.totalUsage()).completion_tokens, whole.usage.completion_tokens);
});

test('the stream helper gives the value of a schema', async () => {
  const Answer = z.object({ even: z.boolean(), size: z.enum(['small', 'large']) });
  const stream = openai.chat.completions.stream({
    ...chat,
    max_completion_tokens: 100,
    response_format: zodResponseFormat(Answer, 'answer'),
  });
  const { parsed } = (await stream.finalChatCompletion()).choices[0].message;
  assert.deepEqual(Answer.parse(parsed), parsed);
});

test('a stream that is aborted in the middle stops the model', async () => {
  const before = await server.metric('alpha_requests_finished_total', {
    finish_reason: 'cancelled',
  });
  const controller = new AbortController();
  const stream = await openai.completions.create(
    { ...endless, stream: true },
    { signal: controller.signal },
  );
  let n_chunks = 0;
  for await (const chunk of stream) {
    assert.ok(chunk.choices.length <= 1);
    if (++n_chunks === 3) {
      assert.equal(await server.metric('alpha_requests_running'), 1);
      controller.abort();
    }
  }
  await server.until('alpha_requests_running', {}, 0);
  await server.until('alpha_requests_finished_total', { finish_reason: 'cancelled' }, before + 1);
  assert.ok(n_chunks < 4000);
});

test('a chat whose reader walks away stops the model', async () => {
  const before = await server.metric('alpha_requests_finished_total', {
    finish_reason: 'cancelled',
  });
  const stream = await openai.chat.completions.create({
    model: 'long',
    messages: [{ role: 'user', content: 'Once' }],
    ignore_eos: true,
    stream: true,
  });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  await server.until('alpha_requests_running', {}, 0);
  await server.until('alpha_requests_finished_total', { finish_reason: 'cancelled' }, before + 1);
});

test('an answer that nobody waits for any more stops the model', async () => {
  const before = await server.metric('alpha_requests_finished_total', {
    finish_reason: 'cancelled',
  });
  const controller = new AbortController();
  const answer = openai.completions.create(endless, { signal: controller.signal });
  const refused = assert.rejects(answer, OpenAI.APIUserAbortError);
  await server.until('alpha_requests_running', {}, 1);
  controller.abort();
  await refused;
  await server.until('alpha_requests_running', {}, 0);
  await assert.rejects(
    openai.completions.create(endless, { timeout: 50 }),
    OpenAI.APIConnectionTimeoutError,
  );
  await server.until('alpha_requests_finished_total', { finish_reason: 'cancelled' }, before + 2);
  await server.until('alpha_requests_running', {}, 0);
});

test('after all that left, the blocks of the cache are free', async () => {
  await server.until('alpha_kv_blocks', { state: 'used' }, 0);
});
