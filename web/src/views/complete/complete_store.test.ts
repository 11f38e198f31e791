import { describe, expect, it } from "vitest";
import type { Body, Options, Progress } from "../playground/generate";
import type { ShownToken } from "../playground/shown_tokens";
import { CompleteStore } from "./complete_store";
import { roomIn } from "./room";

const token = (text: string, ...others: string[]): ShownToken => ({
  shown: text,
  score: {
    text,
    logprob: -0.5,
    top: [text, ...others].map((one) => ({ text: one, logprob: -0.5 })),
  },
  begun: [],
});

function open() {
  const calls: { body: Body; options: Options; end: () => Promise<void> }[] = [];
  const generate = (_: string, body: Body, options: Options) =>
    new Promise<Progress>((resolve, reject) => {
      const end = async () => {
        resolve({} as Progress);
        await new Promise((next) => setTimeout(next));
      };
      options.signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      calls.push({ body, options, end });
    });
  const store = new CompleteStore(undefined, generate);
  const settings = { models: ["bard"], fields: { max_tokens: 5 } };
  const answer = async (i: number, ...texts: ShownToken[][]) => {
    calls[i]?.options.onProgress({
      texts: texts.map((tokens) => ({
        text: tokens.map(({ shown }) => shown).join(""),
        tokens,
        finishReason: "length",
      })),
      step: 1,
      usage: null,
      firstToken_ms: 1,
      tokensPerSecond: null,
    });
    await calls[i]?.end();
  };
  const texts = () => store.get().results.map((result) => result.texts.map(({ text }) => text));
  return { store, calls, settings, answer, texts };
}

describe("CompleteStore", () => {
  it("goes on from the prompt; accepted, that is the prompt, until it is undone", async () => {
    const { store, calls, settings, answer, texts } = open();
    store.setPrompt("Once ");
    store.complete(settings);
    expect(calls[0]?.body).toMatchObject({ model: "bard", prompt: "Once ", max_tokens: 5 });
    await answer(0, [token("upon")]);
    expect(store.get().results[0]?.state).toBe("done");
    store.accept(0, 0);
    expect(store.get()).toEqual({ prompt: "Once upon", results: [] });
    store.undo();
    expect(store.get().prompt).toBe("Once ");
    expect(texts()).toEqual([["upon"]]);
  });

  it("offers several texts of several models", async () => {
    const { store, settings, answer, texts } = open();
    store.setPrompt("a");
    store.complete({ ...settings, models: ["bard", "bard@1"] });
    await answer(1, [token("b1")], [token("b2")]);
    await answer(0, [token("a1")], [token("a2")]);
    expect(texts()).toEqual([
      ["a1", "a2"],
      ["b1", "b2"],
    ]);
    store.accept(1, 1);
    expect(store.get().prompt).toBe("ab2");
  });

  it("takes away what was written behind a prompt that is changed", async () => {
    const { store, settings, answer, texts } = open();
    store.setPrompt("a");
    store.complete(settings);
    await answer(0, [token("b")]);
    store.setPrompt("x");
    expect(texts()).toEqual([]);
    store.undo();
    expect([store.get().prompt, texts()]).toEqual(["a", [["b"]]]);
  });

  it("continues from another token, once, however many were asked for", async () => {
    const { store, calls, answer, texts } = open();
    store.setPrompt("p ");
    store.complete({ models: ["bard"], fields: { n: 2 } });
    await answer(0, [token("a")], [token("b"), token("c", "x")]);
    store.continueFrom(0, 1, 1, "x", { models: ["bard"], fields: { n: 2 } });
    expect(calls[1]?.body).toMatchObject({ prompt: "p bx" });
    expect(calls[1]?.body).not.toHaveProperty("n");
    await answer(1, [token("y")]);
    expect(texts()).toEqual([["bxy"]]);
  });

  it("scores the prompt, and continues from a token of it", async () => {
    const { store, calls, settings, answer } = open();
    store.setPrompt("ab");
    store.score(settings);
    expect(calls[0]?.body).toEqual({ model: "bard", prompt: "ab", max_tokens: 0, echo: true });
    await answer(0, [token("a"), token("b", "x")]);
    store.continueFrom(0, 0, 1, "x", settings);
    expect(store.get().prompt).toBe("ax");
    expect(calls[1]?.body).toMatchObject({ prompt: "ax", max_tokens: 5 });
  });

  it("shows nothing of what was asked before", async () => {
    const { store, calls, settings, answer, texts } = open();
    store.setPrompt("a");
    store.complete(settings);
    store.complete(settings);
    expect(calls[0]?.options.signal.aborted).toBe(true);
    await answer(0, [token("old")]);
    expect(texts()).toEqual([[]]);
    await answer(1, [token("new")]);
    expect(texts()).toEqual([["new"]]);
  });
});

it("finds the room that a refused request could have had", () => {
  expect(
    roomIn("26 tokens of prompt and 1000 of answer make 1026, and the model's context holds 256"),
  ).toBe(230);
  expect(
    roomIn("256 tokens of prompt and 1 of answer make 257, and the model's context holds 256"),
  ).toBeUndefined();
  expect(roomIn("the queue is full")).toBeUndefined();
});
