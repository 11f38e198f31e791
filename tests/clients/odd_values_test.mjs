// Every documented field of a request with values that are odd for it. The fields are those of the
// types of the package `openai`, so that an update of the package tells of fields to come.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, test } from 'node:test';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());

const types = path.join(
  path.dirname(createRequire(import.meta.url).resolve('openai')),
  'resources',
);

/** The fields of an interface in one of the package's type files. */
async function fieldsOf(file, name) {
  const text = await readFile(path.join(types, file), 'utf8');
  const begin = text.search(new RegExp(`^(export )?interface ${name} \\{`, 'm'));
  assert.ok(begin >= 0, `${name} is not in ${file}`);
  const body = text.slice(begin, text.indexOf('\n}', begin));
  return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map((match) => match[1]);
}

const kLong = 'long '.repeat(20_000);
/** As JSON, since some of them are numbers that JavaScript would write otherwise. */
const kOddValues = [
  'null',
  'true',
  'false',
  '-1',
  '0',
  '1',
  '2',
  '0.5',
  '-0.0',
  '1e308',
  '-1e308',
  '1e999',
  '9007199254740992',
  '18446744073709551615',
  '18446744073709551616',
  'NaN',
  '"NaN"',
  '""',
  '"x"',
  '"\\u0000"',
  '"🙂"',
  JSON.stringify(kLong),
  '[]',
  '{}',
  '[null]',
  '[[]]',
  '[[[[[1]]]]]',
  '["x", 1]',
  '[-1]',
  '[1e308]',
  '{"x": 1}',
  '{"1": 1}',
  '{"1": "x"}',
  '{"type": "x"}',
  '{"type": null}',
  '{"type": [1]}',
  `${'['.repeat(200)}${']'.repeat(200)}`,
];

const routes = [
  {
    path: '/v1/completions',
    fields: await fieldsOf('completions.d.ts', 'CompletionCreateParamsBase'),
    base: { model: 'letters', prompt: 'Once', max_tokens: 2 },
  },
  {
    path: '/v1/chat/completions',
    fields: await fieldsOf('chat/completions/completions.d.ts', 'ChatCompletionCreateParamsBase'),
    base: { model: 'chatty', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 2 },
  },
  {
    path: '/v1/embeddings',
    fields: await fieldsOf('embeddings.d.ts', 'EmbeddingCreateParams'),
    base: { model: 'letters', input: 'Once' },
  },
];

/** Places within fields, and what stands around them. */
const kWithin = {
  '/v1/completions': {
    prompt: ['[@]', '["Once", @]', '[1, @]', '[[1], @]'],
    stop: ['[@]'],
    logit_bias: ['{"1": @}'],
    stream_options: ['{"include_usage": @}', '{"include_obfuscation": @}'],
    response_format: ['{"type": @}'],
  },
  '/v1/chat/completions': {
    messages: [
      '[@]',
      '[{"role": @, "content": "a"}]',
      '[{"role": "user", "content": @}]',
      '[{"role": "user", "content": [@]}]',
      '[{"role": "user", "content": [{"type": "text", "text": @}]}]',
      '[{"role": "user", "content": [{"type": @, "text": "a"}]}]',
      '[{"role": "user", "content": "a", "name": @}]',
      '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "a", "tool_calls": @}]',
      '[{"role": "user", "content": "a"}, {"role": "assistant", "content": "a", "refusal": @}]',
    ],
    response_format: [
      '{"type": "json_schema", "json_schema": @}',
      '{"type": "json_schema", "json_schema": {"name": @, "schema": {}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": @}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "strict": @, "schema": {}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": @}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"properties": @}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "string", "maxLength": @}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "string", "pattern": @}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "number", "minimum": @}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"enum": @}}}',
      '{"type": "json_schema", "json_schema": {"name": "a", "schema": {"$ref": @}}}',
    ],
    tools: ['[@]'],
    metadata: ['{"a": @}'],
  },
  '/v1/embeddings': { input: ['[@]', '["Once", @]', '[1, @]', '[[1], @]'] },
};

/** The body of a request with one field written as it is given. */
function bodyWith(base, field, json) {
  const { [field]: _, ...others } = base;
  // Streams are what stream_options is for.
  if (field === 'stream_options') others.stream = true;
  return `{${JSON.stringify(field)}: ${json}, ${JSON.stringify(others).slice(1)}`;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with the answer to one odd value; nothing, if all is well. */
async function complaint(route, field, json) {
  const body = bodyWith(route.base, field, json);
  let answer;
  let text;
  try {
    answer = await server.post(route.path, body, { signal: AbortSignal.timeout(5000) });
    text = await answer.text();
  } catch (error) {
    return `no answer: ${error}`;
  }
  const { status } = answer;
  const warning = answer.headers.get('warning');
  // What an odd value has within, such as stream_options.type, is rightly unknown.
  const unknown = warning?.match(/unknown fields: ([^"]*)/)?.[1].split(', ') ?? [];
  if (unknown.some((name) => !name.includes('.'))) return `${status} with the warning ${warning}`;
  if (status === 200) {
    const isStream = answer.headers.get('content-type') === 'text/event-stream';
    if (isStream)
      return text.endsWith('data: [DONE]\n\n')
        ? null
        : `a stream without an end: ${text.slice(-200)}`;
    return isJson(text) ? null : 'no JSON';
  }
  if (status !== 400 && status !== 404) return `status ${status}: ${text.slice(0, 200)}`;
  if (answer.headers.get('content-type') !== 'application/json' || !isJson(text))
    return `${status} without JSON`;
  const { error } = JSON.parse(text);
  if (typeof error?.message !== 'string' || error.type !== 'invalid_request_error')
    return `not the shape: ${text}`;
  if (!('code' in error) || !('param' in error)) return `not the shape: ${text}`;
  if (error.message.length > 1000) return `a message of ${error.message.length} characters`;
  // What is no JSON for this parser is of no field.
  if (error.param === null && /no JSON|nested deeper/.test(error.message)) return null;
  if (!String(error.param).match(new RegExp(`^${field}\\b`))) {
    return `the field is not named but '${error.param}': ${error.message}`;
  }
  return null;
}

/** The first complaints about many requests, eight of them at a time. */
async function complaints(route, cases) {
  const found = [];
  const waiting = [...cases];
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [field, json] = next;
      const said = await complaint(route, field, json);
      if (said !== null) found.push(`${field}: ${json.slice(0, 100)}: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return found.sort().slice(0, 20);
}

/** The server that answers now is the one that answered before. */
async function isSameServer(check) {
  const [pid, before] = [server.process.pid, await server.metric('alpha_uptime_seconds')];
  await check();
  assert.ok((await server.metric('alpha_uptime_seconds')) > before);
  assert.equal(server.process.exitCode, null);
  assert.equal(server.process.pid, pid);
}

for (const route of routes) {
  test(`the types of the package tell of the fields of ${route.path}`, () => {
    assert.ok(route.fields.includes('model') && route.fields.length >= 5, route.fields.join(' '));
  });

  test(`no field of ${route.path} is unknown, and odd values are accepted or refused by name`, () =>
    isSameServer(async () => {
      const cases = route.fields.flatMap((field) => kOddValues.map((json) => [field, json]));
      assert.deepEqual(await complaints(route, cases), []);
    }));

  test(`odd values within fields of ${route.path} are accepted or refused by name`, () =>
    isSameServer(async () => {
      const cases = Object.entries(kWithin[route.path]).flatMap(([field, places]) =>
        places.flatMap((place) =>
          kOddValues.map((json) => [field, place.replace('@', () => json)]),
        ),
      );
      assert.deepEqual(await complaints(route, cases), []);
    }));

  test(`all fields of ${route.path} with the same odd value never fail the server`, () =>
    isSameServer(async () => {
      for (const json of kOddValues) {
        const pairs = route.fields
          .filter((field) => field !== 'model')
          .map((field) => `"${field}": ${json}`);
        const answer = await server.post(
          route.path,
          `{"model": "${route.base.model}", ${pairs.join(', ')}}`,
        );
        assert.ok(
          [200, 400, 413].includes(answer.status),
          `${json.slice(0, 60)}: ${answer.status}`,
        );
        await answer.text();
      }
    }));
}
