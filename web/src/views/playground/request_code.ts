// A request as code to be taken elsewhere: curl, Python and JavaScript with OpenAI's packages.

import type { Body, Endpoint } from "./generate";

export interface CodeRequest {
  origin: string; // "http://127.0.0.1:8080"
  endpoint: Endpoint;
  body: Body;
  wantsKey: boolean; // a variable stands for the key: the key itself is never written
}

/** For a POSIX shell: in single quotes nothing but the quote itself means anything. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function asCurl({ origin, endpoint, body, wantsKey }: CodeRequest): string {
  const lines = [`curl ${shellQuote(origin + endpoint)}`, `-H 'Content-Type: application/json'`];
  if (wantsKey) lines.push(`-H "Authorization: Bearer $ALPHA_API_KEY"`);
  lines.push(`-d ${shellQuote(JSON.stringify(body, null, 2))}`);
  return lines.join(" \\\n  ");
}

/** Fields that OpenAI's packages know; the rest goes beside them. */
const kKnown = new Set([
  "model",
  "messages",
  "prompt",
  "max_tokens",
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "logit_bias",
  "n",
  "seed",
  "stop",
  "logprobs",
  "top_logprobs",
  "echo",
  "stream",
  "stream_options",
]);

const isKnown = (endpoint: Endpoint, name: string) =>
  kKnown.has(name) || (name === "response_format" && endpoint === "/v1/chat/completions");

/** A value in Python. JSON's texts are Python's, but for the names of nothing, yes and no. */
export function pythonValue(value: unknown, indent = ""): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") return pythonText(value);
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  const [open, close, parts] = Array.isArray(value)
    ? ["[", "]", value.map((one) => pythonValue(one, inner))]
    : [
        "{",
        "}",
        Object.entries(value).map(([k, v]) => `${pythonText(k)}: ${pythonValue(v, inner)}`),
      ];
  if (parts.length === 0) return open + close;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

/** JSON's escapes mean the same in Python; half a surrogate pair does not, and cannot be sent either. */
const pythonText = (text: string): string =>
  JSON.stringify(text.replace(/\p{Surrogate}/gu, "\ufffd"));

export function asPython({ origin, endpoint, body, wantsKey }: CodeRequest): string {
  const isChat = endpoint === "/v1/chat/completions";
  const known: string[] = [];
  const extra: Body = {};
  for (const [name, value] of Object.entries(body)) {
    if (isKnown(endpoint, name)) known.push(`    ${name}=${pythonValue(value, "    ")},\n`);
    else extra[name] = value;
  }
  if (Object.keys(extra).length > 0) known.push(`    extra_body=${pythonValue(extra, "    ")},\n`);
  return [
    ...(wantsKey ? ["import os", ""] : []),
    "from openai import OpenAI",
    "",
    "client = OpenAI(",
    `    base_url=${pythonText(`${origin}/v1`)},`,
    `    api_key=${wantsKey ? 'os.environ["ALPHA_API_KEY"]' : '"none"'},`,
    ")",
    `answer = client.${isChat ? "chat.completions" : "completions"}.create(`,
    `${known.join("")})`,
    `print(answer.choices[0].${isChat ? "message.content" : "text"})`,
    "",
  ].join("\n");
}

export function asJavaScript({ origin, endpoint, body, wantsKey }: CodeRequest): string {
  const isChat = endpoint === "/v1/chat/completions";
  const text = (value: string) => JSON.stringify(value);
  return [
    'import OpenAI from "openai";',
    "",
    "const client = new OpenAI({",
    `  baseURL: ${text(`${origin}/v1`)},`,
    `  apiKey: ${wantsKey ? "process.env.ALPHA_API_KEY" : '"none"'},`,
    "});",
    `const answer = await client.${isChat ? "chat.completions" : "completions"}.create(${javaScriptValue(body)});`,
    `console.log(answer.choices[0].${isChat ? "message.content" : "text"});`,
    "",
  ].join("\n");
}

/** JSON, with names bare where they may be. */
function javaScriptValue(value: unknown, indent = ""): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  const name = (key: string) => (/^[A-Za-z_]\w*$/.test(key) ? key : JSON.stringify(key));
  const [open, close, parts] = Array.isArray(value)
    ? ["[", "]", value.map((one) => javaScriptValue(one, inner))]
    : ["{", "}", Object.entries(value).map(([k, v]) => `${name(k)}: ${javaScriptValue(v, inner)}`)];
  if (parts.length === 0) return open + close;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}
