// The package `openai`: chat completions that are not streamed.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import OpenAI from 'openai';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());
const openai = server.openai();

const user = (content) => [{ role: 'user', content }];
const chat = (fields) =>
  openai.chat.completions.create({
    model: 'chatty',
    messages: user('Tell me of a fox.'),
    max_completion_tokens: 24,
    temperature: 0,
    ...fields,
  });
const content = async (fields) => (await chat(fields)).choices[0].message.content;

/** Fits into the context whatever the model writes. */
const person = {
  type: 'json_schema',
  json_schema: {
    name: 'person',
    strict: true,
    schema: {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 8 },
        age: { type: 'integer', minimum: 0, maximum: 120 },
        mood: { enum: ['glad', 'sad'] },
        tags: { type: 'array', items: { type: 'boolean' }, minItems: 1, maxItems: 3 },
      },
      required: ['name', 'age', 'mood', 'tags'],
      additionalProperties: false,
    },
  },
};

function checkPerson(value) {
  assert.deepEqual(Object.keys(value).sort(), ['age', 'mood', 'name', 'tags']);
  assert.ok([...value.name].length <= 8);
  assert.ok(Number.isInteger(value.age) && value.age >= 0 && value.age <= 120);
  assert.ok(['glad', 'sad'].includes(value.mood));
  assert.ok(value.tags.length >= 1 && value.tags.length <= 3);
  assert.ok(value.tags.every((tag) => typeof tag === 'boolean'));
}

test('a message is answered by the assistant', async () => {
  const answer = await chat({});
  assert.match(answer.id, /^chatcmpl-\w+$/);
  assert.equal(answer.object, 'chat.completion');
  assert.equal(answer.model, 'chatty');
  const [choice] = answer.choices;
  assert.equal(choice.message.role, 'assistant');
  assert.equal(typeof choice.message.content, 'string');
  assert.equal(choice.message.refusal, null);
  assert.ok(['stop', 'length'].includes(choice.finish_reason));
  assert.equal(choice.logprobs, null);
  assert.equal(
    answer.usage.total_tokens,
    answer.usage.prompt_tokens + answer.usage.completion_tokens,
  );
});

test('roles of every kind make the prompt', async () => {
  const alone = (await chat({})).usage.prompt_tokens;
  const system = await chat({
    messages: [{ role: 'system', content: 'Be brief.' }, ...user('Tell me of a fox.')],
  });
  const developer = await chat({
    messages: [{ role: 'developer', content: 'Be brief.' }, ...user('Tell me of a fox.')],
  });
  assert.ok(system.usage.prompt_tokens > alone);
  assert.equal(developer.usage.prompt_tokens, system.usage.prompt_tokens);
  assert.equal(developer.choices[0].message.content, system.choices[0].message.content);
  const longer = await chat({
    messages: [
      ...user('Hello'),
      { role: 'assistant', content: 'A fox.' },
      ...user('Tell me of a fox.'),
    ],
  });
  assert.ok(longer.usage.prompt_tokens > alone);
});

test('a role that is not known is refused with its place', async () => {
  for (const role of ['tool', 'robot', '', null, 7]) {
    await assert.rejects(
      chat({ messages: [...user('Hello'), { role, content: 'a' }] }),
      (error) => {
        assert.ok(error instanceof OpenAI.BadRequestError);
        assert.match(error.param, /^messages\[1\]/);
        return true;
      },
    );
  }
});

test('parts of text are as the text, parts of other kinds are refused', async () => {
  const parts = [
    { type: 'text', text: 'Tell me ' },
    { type: 'text', text: 'of a fox.' },
  ];
  assert.equal(await content({ messages: user(parts) }), await content({}));
  const image = [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }];
  await assert.rejects(chat({ messages: user(image) }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.match(error.param, /^messages\[0\]\.content/);
    return true;
  });
});

test('n writes so many answers', async () => {
  const answer = await chat({ n: 4, temperature: 1.5, seed: 3 });
  assert.deepEqual(
    answer.choices.map((choice) => choice.index),
    [0, 1, 2, 3],
  );
  assert.ok(new Set(answer.choices.map((choice) => choice.message.content)).size > 1);
});

test('a seed gives the same answer each time', async () => {
  const fields = { seed: 5, temperature: 1.2 };
  assert.equal(await content(fields), await content(fields));
});

test('logprobs tells of each token with its bytes, top_logprobs of the likely ones', async () => {
  const [choice] = (await chat({ logprobs: true, top_logprobs: 4, messages: user('Größe 🙂') }))
    .choices;
  assert.ok(choice.logprobs.content.length > 0);
  for (const token of choice.logprobs.content) {
    assert.ok(token.logprob <= 0);
    if (!token.token.startsWith('bytes:'))
      assert.equal(Buffer.from(token.bytes).toString(), token.token);
    assert.equal(token.top_logprobs.length, 4);
    assert.equal(token.top_logprobs[0].token, token.token);
    const likely = token.top_logprobs.map((one) => one.logprob);
    assert.deepEqual(
      likely,
      [...likely].sort((a, b) => b - a),
    );
  }
  const bytes = choice.logprobs.content.flatMap((token) => token.bytes);
  assert.ok(Buffer.from(bytes).toString().includes(choice.message.content));
});

test('logprobs without top_logprobs has no likely ones, and without logprobs there are none', async () => {
  const [choice] = (await chat({ logprobs: true })).choices;
  assert.ok(choice.logprobs.content.every((token) => token.top_logprobs.length === 0));
  assert.equal((await chat({ logprobs: false })).choices[0].logprobs, null);
  await assert.rejects(chat({ top_logprobs: 2 }), (error) => error.param === 'top_logprobs');
});

test('stop ends the answer', async () => {
  const whole = await content({});
  const stop = whole.slice(5, 8);
  const [choice] = (await chat({ stop: ['never', stop] })).choices;
  assert.equal(choice.message.content, whole.slice(0, whole.indexOf(stop)).trim());
  assert.equal(choice.finish_reason, 'stop');
});

test('logit_bias forces a token', async () => {
  const [x] = await server.tokens('chatty', 'x');
  assert.equal(await content({ logit_bias: { [x]: 100 }, max_completion_tokens: 6 }), 'xxxxxx');
});

test('max_completion_tokens and the older max_tokens bound the answer', async () => {
  const [x] = await server.tokens('chatty', 'x');
  const bias = { logit_bias: { [x]: 100 } };
  assert.equal((await chat({ ...bias, max_completion_tokens: 3 })).usage.completion_tokens, 3);
  assert.equal(
    (await chat({ ...bias, max_completion_tokens: null, max_tokens: 4 })).usage.completion_tokens,
    4,
  );
  assert.equal(
    (await chat({ ...bias, max_completion_tokens: 3, max_tokens: 4 })).usage.completion_tokens,
    3,
  );
  const { usage } = await chat({ ...bias, max_completion_tokens: undefined });
  assert.equal(usage.total_tokens, 256);
});

test('what the models cannot do is refused by name', async () => {
  const tool = {
    type: 'function',
    function: { name: 'look', parameters: { type: 'object', properties: {} } },
  };
  const refused = {
    tools: [tool],
    functions: [{ name: 'look' }],
    tool_choice: 'required',
    function_call: { name: 'look' },
    modalities: ['text', 'audio'],
    audio: { voice: 'alloy', format: 'wav' },
    prediction: { type: 'content', content: 'A fox' },
    reasoning_effort: 'high',
    verbosity: 'low',
    store: true,
    web_search_options: { search_context_size: 'low' },
    service_tier: 'flex',
  };
  for (const [field, value] of Object.entries(refused)) {
    await assert.rejects(chat({ [field]: value }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, field);
      assert.equal(error.param, field);
      return true;
    });
  }
});

test('what asks for nothing is accepted', async () => {
  const whole = await content({});
  const same = {
    tool_choice: 'none',
    parallel_tool_calls: false,
    modalities: ['text'],
    service_tier: 'auto',
    store: false,
    metadata: {},
    prompt_cache_key: 'a',
    safety_identifier: 'b',
    user: 'c',
    response_format: { type: 'text' },
  };
  assert.equal(await content(same), whole);
});

test('json_object writes JSON', async () => {
  let n_whole = 0;
  for (let seed = 1; seed <= 6; ++seed) {
    const answer = await chat({
      response_format: { type: 'json_object' },
      seed,
      temperature: 1,
      max_completion_tokens: 200,
    });
    const [choice] = answer.choices;
    assert.match(choice.message.content, /^\s*\{/);
    if (choice.finish_reason !== 'stop') continue;
    ++n_whole;
    assert.equal(typeof JSON.parse(choice.message.content), 'object');
  }
  assert.ok(n_whole > 0, 'each of the texts is cut off');
});

test('json_schema writes what fits the schema, whatever the seed', async () => {
  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6, 7, 8].map((seed) =>
      chat({ response_format: person, seed, temperature: 1.5, max_completion_tokens: 200 }),
    ),
  );
  for (const { choices } of answers) {
    assert.equal(choices[0].finish_reason, 'stop');
    checkPerson(JSON.parse(choices[0].message.content));
  }
});

test('the parse helper of the package gives the value', async () => {
  const answer = await openai.chat.completions.parse({
    model: 'chatty',
    messages: user('Who?'),
    response_format: person,
    max_completion_tokens: 200,
    seed: 4,
  });
  checkPerson(answer.choices[0].message.parsed);
});

test('a schema that is not in the subset is refused', async () => {
  for (const schema of [
    { type: 'nothing' },
    { $ref: 'https://example.org/a.json' },
    7,
    { not: { type: 'string' } },
  ]) {
    const response_format = { type: 'json_schema', json_schema: { name: 'a', schema } };
    await assert.rejects(chat({ response_format }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, JSON.stringify(schema));
      assert.match(error.param, /^response_format/);
      return true;
    });
  }
});

test('a vocabulary that cannot write JSON is told of, before any header of a stream', async () => {
  const fields = {
    model: 'letters',
    messages: user('Once'),
    max_completion_tokens: 20,
    response_format: person,
  };
  for (const stream of [false, true]) {
    await assert.rejects(chat({ ...fields, stream }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'response_format');
      return true;
    });
  }
});
