import { describe, expect, it } from "vitest";
import type { ShownToken } from "../playground/shown_tokens";
import type { Result } from "./complete_store";
import { factsOf } from "./facts";

const token = (text: string, logprob: number): ShownToken => ({
  shown: text,
  score: { text, logprob, top: [] },
  begun: [],
});

const result = (change: Partial<Result>): Result => ({
  model: "bard",
  kind: "completion",
  state: "done",
  texts: [],
  step: 400,
  seed: 1,
  usage: { promptTokens: 7, cachedTokens: 0, completionTokens: 3 },
  firstToken_ms: 20,
  tokensPerSecond: 1234.5,
  ...change,
});

describe("what is known of a completion", () => {
  it("is told of each of several texts by itself", () => {
    const both = result({
      texts: [
        { text: "ab", tokens: [token("a", -1), token("b", -1)], finishReason: "length" },
        { text: "c", tokens: [token("c", -1)], finishReason: "stop" },
      ],
    });
    const shared = "1,235 tokens/s in all · first after 20 ms";
    expect(factsOf(both, 0)).toBe(`step 400 · 7 + 2 tokens · ${shared} · stopped at max tokens`);
    expect(factsOf(both, 1)).toBe(`step 400 · 7 + 1 tokens · ${shared} · ended by itself`);
  });

  it("is the perplexity of a prompt: without its first token, of which nothing is known", () => {
    const tokens = [token("a", NaN), token("b", Math.log(0.5)), token("c", Math.log(0.125))];
    const score = result({ kind: "score", texts: [{ text: "abc", tokens, finishReason: null }] });
    expect(factsOf(score)).toBe("step 400 · perplexity 4 · 7 tokens");
  });
});
