// Schemas that the packages make of zod's types, of both of its versions: what the model writes is
// what zod accepts.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject } from 'ai';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z as z3 } from 'zod/v3';
import { z as z4 } from 'zod/v4';

import { Server } from './server.mjs';

const server = await Server.start();
after(() => server.stop());
const openai = server.openai();
const alpha = createOpenAICompatible({
  name: 'alpha',
  baseURL: `${server.url}/v1`,
  supportsStructuredOutputs: true,
});

/** Types whose values have an end that is near. */
function typesOf(z) {
  const yes = z.object({ yes: z.boolean() });
  const list = z.object({ first: z.boolean(), rest: z.lazy(() => list).nullable() });
  return {
    boolean: z.boolean(),
    null: z.null(),
    literal: z.literal('fox'),
    enum: z.enum(['fox', 'bird']),
    'native enum': z.nativeEnum({ A: 'a', B: 'b' }),
    'integer with bounds': z.number().int().min(0).max(99),
    'integer with open bounds': z.number().int().gt(0).lt(10),
    'text with bounds': z.string().min(1).max(5),
    'list with bounds': z.array(z.boolean()).min(1).max(3),
    'list of a length': z.array(yes).length(2),
    'union of literals': z.union([z.literal(2), z.literal('four')]),
    'union of types': z.union([z.boolean(), z.object({ kind: z.literal('fox') })]),
    'discriminated union': z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('fox'), tame: z.boolean() }),
      z.object({ kind: z.literal('bird') }),
    ]),
    'nullable enum': z.enum(['fox', 'bird']).nullable(),
    'nullable text': z.string().max(5).nullable(),
    'nullable object': yes.nullable(),
    'type used twice': z.object({ one: yes, two: yes, three: yes.nullable() }),
    'type within itself': list,
    description: z.boolean().describe('whether it is so'),
    default: z.boolean().default(true),
  };
}

/** Types that the subset may lack; a server that takes them must keep them. */
function furtherTypesOf(z) {
  return {
    'nullable boolean': z.boolean().nullable(),
    'e-mail address': z.string().email(),
    uuid: z.string().uuid(),
    date: z.string().datetime(),
    pattern: z.string().regex(/^[a-c]{1,3}$/),
    'multiple of a number': z.number().int().multipleOf(5).min(0).max(20),
  };
}

const ask = (type, seed) =>
  openai.chat.completions.parse({
    model: 'chatty',
    messages: [{ role: 'user', content: 'Say it.' }],
    seed,
    max_completion_tokens: 220,
    response_format: zodResponseFormat(type, 'answer'),
  });

for (const [version, z] of [
  ['3', z3],
  ['4', z4],
]) {
  test(`values of the types of zod ${version} are what zod accepts`, async () => {
    for (const [name, inner] of Object.entries(typesOf(z))) {
      const type = z.object({ value: inner });
      for (const seed of [1, 2, 3]) {
        const { parsed } = (await ask(type, seed)).choices[0].message;
        assert.deepEqual(type.parse(parsed), parsed, name);
      }
    }
  });

  test(`further types of zod ${version} are kept or refused, never ignored`, async () => {
    for (const [name, inner] of Object.entries(furtherTypesOf(z))) {
      const type = z.object({ value: inner });
      try {
        const { parsed } = (await ask(type, 1)).choices[0].message;
        assert.deepEqual(type.parse(parsed), parsed, name);
      } catch (error) {
        assert.ok(error instanceof OpenAI.BadRequestError, `${name}: ${error}`);
        assert.match(error.param, /^response_format/);
      }
    }
  });

  test(`generateObject takes the types of zod ${version}`, async () => {
    const schema = z.object({
      kind: z.enum(['fox', 'bird']),
      age: z.number().int().min(0).max(20),
      friends: z.array(z.object({ tame: z.boolean() })).max(2),
    });
    const { object } = await generateObject({
      model: alpha('chatty'),
      prompt: 'Which?',
      schema,
      seed: 2,
      maxOutputTokens: 220,
      maxRetries: 0,
    });
    assert.deepEqual(schema.parse(object), object);
  });
}
