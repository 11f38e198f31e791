// The package `openai`: models and completions.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import OpenAI from 'openai';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());
const openai = server.openai();

const complete = (fields) =>
  openai.completions.create({
    model: 'letters',
    prompt: 'Once upon',
    max_tokens: 20,
    temperature: 0,
    ...fields,
  });
const text = async (fields) => (await complete(fields)).choices[0].text;

test('every run is a model of the list', async () => {
  const ids = [];
  for await (const model of openai.models.list()) {
    assert.equal(model.object, 'model');
    assert.equal(model.owned_by, 'alpha');
    assert.ok(Math.abs(Date.now() / 1000 - model.created) < 3600);
    ids.push(model.id);
  }
  assert.deepEqual(ids.sort(), ['chatty', 'letters', 'long']);
});

test('a model is found by its name, with a step and with best', async () => {
  assert.equal((await openai.models.retrieve('chatty')).step, 150);
  assert.equal((await openai.models.retrieve('chatty@100')).step, 100);
  assert.equal((await openai.models.retrieve('chatty@100')).id, 'chatty@100');
  const best = await openai.models.retrieve('chatty@best');
  assert.equal(best.step, best.best_step);
});

test('a model that is not there is NotFoundError', async () => {
  for (const name of ['nobody', 'chatty@7', 'chatty@', 'chatty@worst', '../chatty', 'a/b']) {
    await assert.rejects(openai.models.retrieve(name), OpenAI.NotFoundError, name);
  }
});

test('checkpoints of one run write different texts', async () => {
  const prompt = 'There was a';
  const texts = await Promise.all(
    ['chatty@50', 'chatty@100', 'chatty@150', 'chatty'].map((model) =>
      text({ model, prompt, max_tokens: 60 }),
    ),
  );
  assert.equal(texts[2], texts[3]);
  assert.equal(new Set(texts).size, 3);
});

test('a text is completed', async () => {
  const answer = await complete({});
  assert.match(answer.id, /^cmpl-\w+$/);
  assert.equal(answer.object, 'text_completion');
  assert.equal(answer.model, 'letters');
  assert.ok(Number.isInteger(answer.created));
  assert.equal(answer.choices.length, 1);
  const [choice] = answer.choices;
  assert.equal(choice.index, 0);
  assert.equal([...choice.text].length, 20);
  assert.equal(choice.finish_reason, 'length');
  assert.equal(choice.logprobs, null);
  const { prompt_tokens, completion_tokens, total_tokens } = answer.usage;
  assert.deepEqual(
    { prompt_tokens, completion_tokens, total_tokens },
    { prompt_tokens: 9, completion_tokens: 20, total_tokens: 29 },
  );
});

test('without max_tokens 16 tokens are written', async () => {
  assert.equal((await complete({ max_tokens: undefined })).usage.completion_tokens, 16);
});

test('a list of texts has one choice each, in its order and as alone', async () => {
  const prompts = ['Once upon', 'The fox', 'A bird'];
  const answer = await complete({ prompt: prompts });
  assert.deepEqual(
    answer.choices.map((choice) => choice.index),
    [0, 1, 2],
  );
  for (const [i, prompt] of prompts.entries())
    assert.equal(answer.choices[i].text, await text({ prompt }));
  assert.equal(answer.usage.prompt_tokens, prompts.join('').length);
});

test('token ids are completed as the text that they are', async () => {
  for (const model of ['letters', 'chatty']) {
    const [first, second] = [
      await server.tokens(model, 'Once upon'),
      await server.tokens(model, 'The fox'),
    ];
    const expected = [
      await text({ model, prompt: 'Once upon' }),
      await text({ model, prompt: 'The fox' }),
    ];
    assert.equal(await text({ model, prompt: first }), expected[0]);
    const both = await complete({ model, prompt: [first, second] });
    assert.deepEqual(
      both.choices.map((choice) => choice.text),
      expected,
    );
  }
});

test('echo puts the prompt before the text', async () => {
  const alone = await text({});
  assert.equal(await text({ echo: true }), 'Once upon' + alone);
  assert.equal(
    await text({ echo: true, prompt: await server.tokens('letters', 'Once upon') }),
    'Once upon' + alone,
  );
});

test('max_tokens 0 writes nothing, and with echo the prompt alone', async () => {
  const nothing = await complete({ max_tokens: 0 });
  assert.equal(nothing.choices[0].text, '');
  assert.equal(nothing.choices[0].finish_reason, 'length');
  assert.equal(nothing.usage.completion_tokens, 0);
  assert.equal(await text({ max_tokens: 0, echo: true }), 'Once upon');
});

test('logprobs has the lists of the legacy shape', async () => {
  const [choice] = (await complete({ logprobs: 3 })).choices;
  const { tokens, token_logprobs, top_logprobs, text_offset } = choice.logprobs;
  assert.equal(tokens.join(''), choice.text);
  assert.deepEqual(
    text_offset,
    tokens.map((_, i) => 9 + i),
  );
  for (const [i, token] of tokens.entries()) {
    const likely = Object.entries(top_logprobs[i]).sort((a, b) => b[1] - a[1]);
    assert.equal(likely.length, 3);
    assert.deepEqual(likely[0], [token, token_logprobs[i]]);
    assert.ok(token_logprobs[i] <= 0);
  }
});

test('logprobs 0 tells of the tokens written alone', async () => {
  const { logprobs } = (await complete({ logprobs: 0 })).choices[0];
  assert.equal(logprobs.token_logprobs.length, 20);
  logprobs.top_logprobs.forEach((top, i) => {
    assert.deepEqual(top, { [logprobs.tokens[i]]: logprobs.token_logprobs[i] });
  });
});

test('echo with logprobs and max_tokens 0 scores a text', async () => {
  const [choice] = (await complete({ prompt: 'The fox', echo: true, logprobs: 1, max_tokens: 0 }))
    .choices;
  const { tokens, token_logprobs, text_offset } = choice.logprobs;
  assert.equal(choice.text, 'The fox');
  assert.deepEqual(tokens, [...'The fox']);
  assert.deepEqual(text_offset, [0, 1, 2, 3, 4, 5, 6]);
  assert.equal(token_logprobs[0], null);
  assert.ok(token_logprobs.slice(1).every((value) => value <= 0));
});

test('a text is scored as it was written', async () => {
  const [written] = (await complete({ logprobs: 0 })).choices;
  const again = await complete({
    prompt: 'Once upon' + written.text,
    echo: true,
    logprobs: 0,
    max_tokens: 0,
  });
  const scored = again.choices[0].logprobs.token_logprobs.slice(9);
  for (const [i, value] of written.logprobs.token_logprobs.entries()) {
    assert.ok(Math.abs(value - scored[i]) < 1e-3, `${i}: ${value} and ${scored[i]}`);
  }
});

test('text_offset counts characters where tokens are bytes', async () => {
  const prompt = 'Größe 🙂 ';
  const [choice] = (
    await complete({ model: 'chatty', prompt, echo: true, logprobs: 0, max_tokens: 8 })
  ).choices;
  const { tokens, text_offset } = choice.logprobs;
  const characters = [...choice.text];
  for (const [i, token] of tokens.entries()) {
    if (token.startsWith('bytes:')) continue;
    assert.equal(
      characters.slice(text_offset[i], text_offset[i] + [...token].length).join(''),
      token,
    );
  }
});

test('n writes so many texts of each prompt', async () => {
  const answer = await complete({
    prompt: ['Once', 'The'],
    n: 3,
    temperature: 1.5,
    seed: 1,
    echo: true,
  });
  assert.deepEqual(
    answer.choices.map((choice) => choice.index),
    [0, 1, 2, 3, 4, 5],
  );
  assert.ok(answer.choices.slice(0, 3).every((choice) => choice.text.startsWith('Once')));
  assert.ok(answer.choices.slice(3).every((choice) => choice.text.startsWith('The')));
  assert.equal(new Set(answer.choices.map((choice) => choice.text)).size, 6);
  assert.equal(answer.usage.prompt_tokens, 7);
  assert.equal(answer.usage.completion_tokens, 120);
});

test('stop ends the text before what it names, given as a text or in a list', async () => {
  const whole = await text({});
  const stop = whole.slice(8, 11);
  const expected = whole.slice(0, whole.indexOf(stop));
  for (const given of [stop, [stop], ['never', stop]]) {
    const [choice] = (await complete({ stop: given })).choices;
    assert.equal(choice.text, expected);
    assert.equal(choice.finish_reason, 'stop');
  }
  assert.equal(await text({ stop: null }), whole);
});

test('a seed gives the same text each time, another seed another', async () => {
  const fields = { temperature: 1, max_tokens: 40 };
  const first = await text({ ...fields, seed: 7 });
  assert.equal(await text({ ...fields, seed: 7 }), first);
  assert.notEqual(await text({ ...fields, seed: 8 }), first);
  assert.notEqual(await text({ ...fields, seed: -7 }), first);
  assert.notEqual(await text(fields), await text(fields));
});

test('logit_bias forces a token and forbids one', async () => {
  const [a] = await server.tokens('letters', 'a');
  assert.equal(await text({ logit_bias: { [a]: 100 } }), 'a'.repeat(20));
  const without = await text({
    logit_bias: { [a]: -100 },
    temperature: 2,
    seed: 1,
    max_tokens: 50,
  });
  assert.ok(!without.includes('a'));
});

test('penalties change what is written', async () => {
  const whole = await text({ max_tokens: 50 });
  assert.notEqual(await text({ max_tokens: 50, frequency_penalty: 2 }), whole);
  assert.notEqual(await text({ max_tokens: 50, presence_penalty: 2 }), whole);
});

test('fields that others have go through the package: top_k, min_p', async () => {
  const greedy = await text({});
  assert.equal(await text({ temperature: 2, top_k: 1 }), greedy);
  assert.equal(await text({ temperature: 2, min_p: 1 }), greedy);
  assert.equal(await text({ temperature: 2, top_p: 1e-9 }), greedy);
});

test('best_of is refused where it would have to rank, suffix always', async () => {
  for (const [field, value] of [
    ['best_of', 3],
    ['suffix', ' the end'],
  ]) {
    await assert.rejects(complete({ [field]: value }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, field);
      return true;
    });
  }
  assert.equal((await complete({ best_of: 1 })).choices.length, 1);
  assert.equal((await complete({ best_of: 2, n: 2 })).choices.length, 2);
});

test('a prompt that is too long is refused with both numbers, and never cut', async () => {
  const isTooLong =
    (param, ...numbers) =>
    (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, 'context_length_exceeded');
      assert.equal(error.param, param);
      for (const number of numbers) assert.match(error.message, new RegExp(`\\b${number}\\b`));
      return true;
    };
  await assert.rejects(complete({ prompt: 'a'.repeat(70) }), isTooLong('prompt', 70, 64));
  await assert.rejects(complete({ prompt: 'a'.repeat(50) }), isTooLong('max_tokens', 50, 20, 64));
  assert.equal((await complete({ prompt: 'a'.repeat(44) })).usage.total_tokens, 64);
});
