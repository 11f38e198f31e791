// The fields of a request that say how a text is drawn: what people enter, what is wrong with it, what is sent.

import { whatIsWrong } from "../../ui/controls";
import type { Body } from "./generate";

/** As entered: texts, so that what is wrong can be shown as it stands. Empty: the server's default. */
export interface Sampling {
  max_tokens: string;
  temperature: string;
  top_p: string;
  top_k: string;
  min_p: string;
  repetition_penalty: string;
  presence_penalty: string;
  frequency_penalty: string;
  seed: string;
  n: string;
  stop: string; // one a line; \n, \t, \r and \\ are meant
  logit_bias: string; // "50256:-100, 13:5"
  ignore_eos: boolean;
  format: "text" | "json_object" | "json_schema";
  schema: string;
}

export const kDefaults: Sampling = {
  max_tokens: "",
  temperature: "",
  top_p: "",
  top_k: "",
  min_p: "",
  repetition_penalty: "",
  presence_penalty: "",
  frequency_penalty: "",
  seed: "",
  n: "",
  stop: "",
  logit_bias: "",
  ignore_eos: false,
  format: "text",
  schema: "",
};

export type NumberName =
  | "max_tokens"
  | "temperature"
  | "top_p"
  | "top_k"
  | "min_p"
  | "repetition_penalty"
  | "presence_penalty"
  | "frequency_penalty"
  | "seed"
  | "n";

export interface NumberRule {
  label: string;
  hint: string;
  min: number;
  max: number;
  isInteger?: boolean;
  initial?: number; // what the server takes where nothing is given
  step?: number; // of its slider
}

export const kNumbers: Record<NumberName, NumberRule> = {
  max_tokens: { label: "Max tokens", hint: "", min: 1, max: 2 ** 40, isInteger: true },
  temperature: { label: "Temperature", hint: "0 always takes the likeliest", min: 0, max: 2, initial: 1, step: 0.05 }, // prettier-ignore
  top_p: { label: "Top p", hint: "above 0 to 1", min: 0, max: 1, initial: 1, step: 0.01 },
  top_k: { label: "Top k", hint: "0: all", min: 0, max: 1e9, isInteger: true, initial: 0 },
  min_p: { label: "Min p", hint: "0: all", min: 0, max: 1, initial: 0 },
  repetition_penalty: { label: "Repetition penalty", hint: "1: none", min: 0.01, max: 100, initial: 1 }, // prettier-ignore
  presence_penalty: { label: "Presence penalty", hint: "-2 to 2", min: -2, max: 2, initial: 0 },
  frequency_penalty: { label: "Frequency penalty", hint: "-2 to 2", min: -2, max: 2, initial: 0 },
  seed: { label: "Seed", hint: "", min: 0, max: Number.MAX_SAFE_INTEGER, isInteger: true },
  n: { label: "Completions", hint: "1 to 4", min: 1, max: 4, isInteger: true, initial: 1 },
};

const kMaxStops = 16;

/** The stop texts, with \n and its like made real. */
export function parseStops(text: string): string[] {
  const real: Record<string, string> = { n: "\n", t: "\t", r: "\r", "\\": "\\" };
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/\\([ntr\\])/g, (_, c: string) => real[c] ?? c));
}

/** "50256:-100, 13:5" → {"50256": -100, "13": 5}; a sentence where it is not that. */
export function parseLogitBias(text: string): Record<string, number> | string {
  const biases: Record<string, number> = {};
  for (const pair of text.split(/[\s,;]+/).filter(Boolean)) {
    const [, id, bias] = /^(\d+):([-+]?(?:\d+\.?\d*|\.\d+))$/.exec(pair) ?? [];
    if (id === undefined || bias === undefined) return `"${pair}" is not id:bias, as 13:-100.`;
    if (Math.abs(Number(bias)) > 100) return `The bias of token ${id} must be from -100 to 100.`;
    const name = String(Number(id));
    if (name in biases) return `Token ${name} is there twice.`;
    biases[name] = Number(bias);
  }
  return biases;
}

function parseSchema(text: string): { schema: unknown } | string {
  if (text.trim() === "") return "A JSON schema is wanted.";
  try {
    const schema: unknown = JSON.parse(text);
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return { schema };
    return "A schema is an object: {…}.";
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export type Wrong = Partial<Record<keyof Sampling, string>>;

/** What cannot be sent, by field. */
export function wrongIn(sampling: Sampling): Wrong {
  const wrong: Wrong = {};
  for (const [name, rule] of Object.entries(kNumbers) as [NumberName, NumberRule][]) {
    const what = whatIsWrong(sampling[name], rule);
    if (what) wrong[name] = what;
  }
  if (sampling.top_p.trim() !== "" && Number(sampling.top_p) === 0)
    wrong.top_p = "Above 0, at most 1.";
  if (parseStops(sampling.stop).length > kMaxStops) wrong.stop = `At most ${kMaxStops} lines.`;
  const biases = parseLogitBias(sampling.logit_bias);
  if (typeof biases === "string") wrong.logit_bias = biases;
  if (sampling.format === "json_schema") {
    const schema = parseSchema(sampling.schema);
    if (typeof schema === "string") wrong.schema = schema;
  }
  return wrong;
}

/** The fields to be sent: what differs from the server's defaults. Fields that are wrong are left out. */
export function toFields(sampling: Sampling, { withN = false } = {}): Body {
  const fields: Body = {};
  const wrong = wrongIn(sampling);
  for (const [name, rule] of Object.entries(kNumbers) as [NumberName, NumberRule][]) {
    const text = sampling[name].trim();
    if (text === "" || wrong[name] || (name === "n" && !withN)) continue;
    if (Number(text) !== rule.initial) fields[name] = Number(text);
  }
  const stops = parseStops(sampling.stop);
  if (stops.length > 0 && !wrong.stop) fields.stop = stops;
  const biases = parseLogitBias(sampling.logit_bias);
  if (typeof biases !== "string" && Object.keys(biases).length > 0) fields.logit_bias = biases;
  if (sampling.ignore_eos) fields.ignore_eos = true;
  if (sampling.format === "json_object") fields.response_format = { type: "json_object" };
  const schema = sampling.format === "json_schema" ? parseSchema(sampling.schema) : "";
  if (typeof schema !== "string") {
    fields.response_format = {
      type: "json_schema",
      json_schema: { name: "answer", schema: schema.schema },
    };
  }
  return fields;
}

/** How many fields differ from the defaults. */
export const countChanged = (sampling: Sampling, defaults: Sampling): number =>
  (Object.keys(kDefaults) as (keyof Sampling)[]).filter(
    (name) => name !== "schema" && sampling[name] !== defaults[name],
  ).length;

/** What was stored by an earlier page, with what it lacks. */
export function asSampling(stored: unknown, defaults: Sampling): Sampling {
  const sampling = { ...defaults };
  if (typeof stored !== "object" || stored === null) return sampling;
  for (const [name, value] of Object.entries(stored)) {
    if (name in defaults && typeof value === typeof defaults[name as keyof Sampling])
      Object.assign(sampling, { [name]: value as unknown });
  }
  return sampling;
}

export const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31);
