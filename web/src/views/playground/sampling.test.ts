import { describe, expect, it } from "vitest";
import {
  asSampling,
  countChanged,
  kDefaults,
  parseLogitBias,
  parseStops,
  toFields,
  wrongIn,
} from "./sampling";

describe("toFields", () => {
  it("sends nothing of the defaults", () => {
    expect(toFields(kDefaults)).toEqual({});
    expect(toFields({ ...kDefaults, temperature: "1", top_k: "0" })).toEqual({});
  });
  it("sends what differs, as numbers", () => {
    const sampling = {
      ...kDefaults,
      temperature: "0",
      top_p: " .9",
      max_tokens: "20",
      seed: "7",
      n: "3",
    };
    expect(toFields(sampling)).toEqual({ temperature: 0, top_p: 0.9, max_tokens: 20, seed: 7 });
    expect(toFields(sampling, { withN: true }).n).toBe(3);
  });
  it("sends formats, biases, stops and the flag", () => {
    expect(
      toFields({
        ...kDefaults,
        stop: "END\n\\n\\n",
        logit_bias: "13:-100, 50:5.5",
        ignore_eos: true,
        format: "json_schema",
        schema: '{"type":"object"}',
      }),
    ).toEqual({
      stop: ["END", "\n\n"],
      logit_bias: { 13: -100, 50: 5.5 },
      ignore_eos: true,
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", schema: { type: "object" } },
      },
    });
    expect(toFields({ ...kDefaults, format: "json_object" })).toEqual({
      response_format: { type: "json_object" },
    });
  });
});

describe("wrongIn", () => {
  it("finds nothing wrong with the defaults", () => expect(wrongIn(kDefaults)).toEqual({}));
  it.each([
    ["temperature", "2.1"],
    ["temperature", "warm"],
    ["top_p", "0"],
    ["top_k", "1.5"],
    ["max_tokens", "0"],
    ["n", "5"],
    ["presence_penalty", "-3"],
    ["repetition_penalty", "0"],
    ["seed", "9007199254740993"],
    ["logit_bias", "13"],
    ["stop", "a\n".repeat(17)],
  ] as const)("tells of %s = %s, and does not send it", (name, value) => {
    const sampling = { ...kDefaults, [name]: value };
    expect(Object.keys(wrongIn(sampling))).toEqual([name]);
    expect(toFields(sampling, { withN: true })).not.toHaveProperty(name === "stop" ? "stop" : name);
  });
  it("wants a schema that is an object", () => {
    for (const schema of ["", "[1]", "{", "null"]) {
      expect(wrongIn({ ...kDefaults, format: "json_schema", schema }).schema).toBeTruthy();
      expect(wrongIn({ ...kDefaults, format: "text", schema }).schema).toBeUndefined();
    }
  });
});

it("reads biases, and says what is none", () => {
  expect(parseLogitBias("")).toEqual({});
  expect(parseLogitBias("1:2 3:-4\n5:.5")).toEqual({ 1: 2, 3: -4, 5: 0.5 });
  for (const text of ["1:101", "1", "a:1", "1:2, 01:3", "1:"])
    expect(parseLogitBias(text)).toBeTypeOf("string");
});

it("makes escapes of stop texts real", () => {
  expect(parseStops("\\nUser:\n\\\\n\n\n#")).toEqual(["\nUser:", "\\n", "#"]);
});

it("takes what an earlier page stored, and nothing else", () => {
  const stored = { temperature: "0.5", ignore_eos: "yes", gone: 1 };
  const sampling = asSampling(stored, kDefaults);
  expect(sampling).toEqual({ ...kDefaults, temperature: "0.5" });
  expect(countChanged(sampling, kDefaults)).toBe(1);
  expect(asSampling(null, kDefaults)).toEqual(kDefaults);
});
