import { describe, expect, it } from "vitest";
import { ApiFailure, isAbort } from "../../lib/api";
import { generate, scoresOf, sentenceOf, stepOf, streamBody, type Progress } from "./generate";

const head =
  '"id":"chatcmpl-1","object":"chat.completion.chunk","model":"bard","system_fingerprint":"alpha-step400-f32"';
const entry = (token: string) => `{"token":${JSON.stringify(token)},"logprob":-0.5,"bytes":[],"top_logprobs":[{"token":"x","logprob":-3,"bytes":[]},{"token":${JSON.stringify(token)},"logprob":-0.5,"bytes":[]}]}`; // prettier-ignore
const chunk = (content: string, token: string) => `data: {${head},"choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"logprobs":{"content":[${entry(token)}],"refusal":null},"finish_reason":null}],"usage":null}\n\n`; // prettier-ignore
const opening = `data: {${head},"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}\n\n`;
const end = `data: {${head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}],"usage":null}\n\n`;
const usage = `data: {${head},"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":2}}}\n\n`;
const done = "data: [DONE]\n\n";

/** A server that sends these pieces, and then ends, or breaks, the answer. */
function server(pieces: string[], last?: (controller: ReadableStreamDefaultController) => void) {
  return () => {
    const bytes = new TextEncoder();
    let i = 0;
    const body = new ReadableStream({
      pull(controller) {
        const piece = pieces[i++];
        if (piece !== undefined) controller.enqueue(bytes.encode(piece));
        else if (last) last(controller);
        else controller.close();
      },
    });
    return Promise.resolve(new Response(body));
  };
}

async function run(post: () => Promise<Response>, signal = new AbortController().signal) {
  const told: Progress[] = [];
  let time = 0;
  const options = {
    signal,
    post,
    now: () => (time += 100),
    schedule: (tell: () => void) => tell(),
    onProgress: (progress: Progress) => told.push(progress),
  };
  let error: unknown;
  try {
    await generate("/v1/chat/completions", { model: "bard" }, options);
  } catch (caught) {
    error = caught;
  }
  return { told, error, last: told.at(-1) };
}

describe("generate", () => {
  it("collects text, tokens, the end and the usage", async () => {
    const { last, error } = await run(
      server([opening, chunk("I", "I"), chunk(" a", " a"), chunk("m", "m"), end, usage, done]),
    );
    expect(error).toBeUndefined();
    expect(last?.texts[0]?.text).toBe("I am");
    expect(last?.texts[0]?.tokens.map(({ shown }) => shown)).toEqual(["I", " a", "m"]);
    expect(last?.texts[0]?.tokens[0]?.score.top[0]).toEqual({ text: "I", logprob: -0.5 });
    expect(last?.texts[0]?.finishReason).toBe("length");
    expect(last?.usage).toEqual({ promptTokens: 7, cachedTokens: 2, completionTokens: 3 });
    expect(last?.step).toBe(400);
    // One tick at the begin, one for each chunk: the first token comes with the second chunk.
    expect(last?.firstToken_ms).toBe(200);
    expect(last?.tokensPerSecond).toBeCloseTo(10);
  });

  it("takes chunks that come in halves", async () => {
    const whole = [opening, chunk("é", "é"), end, done].join("");
    const { last, error } = await run(server(whole.match(/[^]{1,7}/g) ?? []));
    expect(error).toBeUndefined();
    expect(last?.texts[0]?.text).toBe("é");
  });

  it("tells of progress as it comes", async () => {
    const { told } = await run(server([opening, chunk("a", "a"), chunk("b", "b"), end, done]));
    expect(told.map(({ texts }) => texts[0]?.text)).toContain("a");
    expect(told.at(-1)?.texts[0]?.text).toBe("ab");
  });

  it("keeps the text of a stream that ends without [DONE], and says so", async () => {
    const { last, error } = await run(server([opening, chunk("half", "half")]));
    expect(last?.texts[0]?.text).toBe("half");
    expect(error).toBeInstanceOf(ApiFailure);
    expect(sentenceOf(error)).toContain("broke off");
  });

  it("keeps the text of a connection that breaks", async () => {
    const { last, error } = await run(
      server([chunk("half", "half")], (controller) => controller.error(new TypeError("network"))),
    );
    expect(last?.texts[0]?.text).toBe("half");
    expect(sentenceOf(error)).toContain("broke off");
  });

  it("says the server's sentence of an error within the stream", async () => {
    const { last, error } = await run(
      server([
        chunk("a", "a"),
        'data: {"error":{"message":"out of memory","type":"server_error"}}\n\n',
      ]),
    );
    expect(last?.texts[0]?.text).toBe("a");
    expect(sentenceOf(error)).toBe("out of memory");
  });

  it("ends as stopped when it is stopped, with what came", async () => {
    const controller = new AbortController();
    const { last, error } = await run(
      server([chunk("a", "a")], (stream) => {
        controller.abort();
        stream.error(new DOMException("stopped", "AbortError"));
      }),
      controller.signal,
    );
    expect(isAbort(error)).toBe(true);
    expect(last?.texts[0]?.text).toBe("a");
  });

  it("passes a refusal on", async () => {
    const { error, last } = await run(() =>
      Promise.reject(new ApiFailure(429, "the queue is full", 3)),
    );
    expect(sentenceOf(error)).toBe("the queue is full. Try again in 3 s.");
    expect(last?.texts).toEqual([]);
  });
});

describe("scoresOf", () => {
  it("reads the completions' shape, likeliest first", () => {
    const [first, second] = scoresOf({
      tokens: ["O", " "],
      token_logprobs: [null, -8.7],
      top_logprobs: [null, { "\n": -3.6, ",": -1.5, " ": -8.7 }],
      text_offset: [0, 1],
    });
    expect(first?.logprob).toBeNaN();
    expect(second?.top.map(({ text }) => text)).toEqual([",", "\n", " "]);
  });
  it("finds nothing where there is nothing", () => {
    expect(scoresOf(null)).toEqual([]);
  });
});

it("finds the step in a fingerprint", () => {
  expect(stepOf("alpha-step1200-q4")).toBe(1200);
  expect(stepOf(undefined)).toBeNull();
});

it("asks each endpoint for probabilities in its own way", () => {
  expect(streamBody("/v1/completions", { n: 2 })).toMatchObject({
    n: 2,
    logprobs: 10,
    stream: true,
  });
  expect(streamBody("/v1/chat/completions", {})).toMatchObject({
    logprobs: true,
    top_logprobs: 10,
  });
});
