import { describe, expect, it } from "vitest";
import { ApiFailure } from "../../lib/api";
import type { Body, Options, Progress } from "../playground/generate";
import { plainToken, type ShownToken } from "../playground/shown_tokens";
import { ChatStore, newChat } from "./chat_store";
import { listChats, readChat, readCurrent, writeChat } from "./chat_storage";
import { pathOf, toRequest } from "./conversation";

const token = (text: string, ...others: string[]): ShownToken => ({
  shown: text,
  score: {
    text,
    logprob: -0.5,
    top: [text, ...others].map((one) => ({ text: one, logprob: -0.5 })),
  },
  begun: [],
});

const progress = (tokens: ShownToken[], more: Partial<Progress> = {}): Progress => ({
  texts: [{ text: tokens.map(({ shown }) => shown).join(""), tokens, finishReason: "length" }],
  step: 400,
  usage: null,
  firstToken_ms: 1,
  tokensPerSecond: null,
  ...more,
});

/** A server whose answers the test gives, call by call. */
class FakeServer {
  calls: { body: Body; options: Options; end: (error?: unknown) => Promise<void> }[] = [];
  readonly generate = (_: string, body: Body, options: Options): Promise<Progress> =>
    new Promise((resolve, reject) => {
      const end = async (error?: unknown) => {
        if (error instanceof Error) reject(error);
        else resolve(progress([]));
        await new Promise((next) => setTimeout(next));
      };
      options.signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      this.calls.push({ body, options, end });
    });
  call(i: number) {
    const call = this.calls.at(i);
    if (!call) throw new Error(`call ${i} was not made`);
    return call;
  }
}

function open() {
  const server = new FakeServer();
  const store = new ChatStore(newChat(), undefined, server.generate);
  const settings = { models: ["bard", "bard@100"], fields: {} };
  const path = (column = 0) => pathOf(store.get().columns[column]!);
  const texts = (column = 0) => path(column).map(({ text }) => text);
  const answer = async (tokens: ShownToken[], i = -1) => {
    server.call(i).options.onProgress(progress(tokens));
    await server.call(i).end();
  };
  return { server, store, settings, path, texts, answer };
}

describe("ChatStore", () => {
  it("sends a question and shows the answer as it comes", async () => {
    const { server, store, settings, path, texts, answer } = open();
    store.setSystem("Be brief.");
    store.send("Hi", settings);
    expect(server.call(0).body).toMatchObject({
      model: "bard",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hi" },
      ],
    });
    expect(path().at(-1)?.state).toBe("streaming");
    server.call(0).options.onProgress(progress([token("He")]));
    expect(texts()).toEqual(["Hi", "He"]);
    await answer([token("He"), token("y")]);
    expect(texts()).toEqual(["Hi", "Hey"]);
    expect(path().at(-1)).toMatchObject({
      state: "done",
      answer: { step: 400, finishReason: "length" },
    });
    expect(store.isBusy).toBe(false);
  });

  it("draws a seed for each answer unless there is one", () => {
    const { server, store, settings } = open();
    store.send("Hi", settings);
    expect(server.call(0).body.seed).toBeTypeOf("number");
    store.retry(0, pathOf(store.get().columns[0]!).at(-1)!.id, {
      ...settings,
      fields: { seed: 7 },
    });
    expect(server.call(1).body.seed).toBe(7);
  });

  it("keeps what came when it is stopped", async () => {
    const { server, store, settings, path } = open();
    store.send("Hi", settings);
    server.call(0).options.onProgress(progress([token("half")]));
    store.stop();
    await new Promise((next) => setTimeout(next));
    expect(path().at(-1)).toMatchObject({ text: "half", state: "stopped" });
  });

  it("says why an answer failed", async () => {
    const { server, store, settings, path } = open();
    store.send("Hi", settings);
    await server.call(0).end(new ApiFailure(429, "the queue is full", 2));
    expect(path().at(-1)).toMatchObject({
      state: "error",
      answer: { error: "the queue is full. Try again in 2 s." },
    });
  });

  it("answers again beside the answer that is there", async () => {
    const { store, settings, path, texts, answer } = open();
    store.send("Hi", settings);
    await answer([token("one")]);
    const first = path().at(-1)?.id ?? "";
    store.retry(0, first, settings);
    await answer([token("two")]);
    expect(texts()).toEqual(["Hi", "two"]);
    store.choose(0, first);
    expect(texts()).toEqual(["Hi", "one"]);
  });

  it("asks an edited question again and keeps the old one", async () => {
    const { server, store, settings, path, texts, answer } = open();
    store.send("Hi", settings);
    await answer([token("one")]);
    const old = path()[0]?.id ?? "";
    store.edit(0, old, "Ho", settings);
    expect(server.call(1).body.messages).toEqual([{ role: "user", content: "Ho" }]);
    await answer([token("two")]);
    expect(texts()).toEqual(["Ho", "two"]);
    store.choose(0, old);
    expect(texts()).toEqual(["Hi", "one"]);
  });

  it("edits an answer without asking", async () => {
    const { server, store, settings, path, texts, answer } = open();
    store.send("Hi", settings);
    await answer([token("one")]);
    store.edit(0, path().at(-1)?.id ?? "", "mine", settings);
    expect(texts()).toEqual(["Hi", "mine"]);
    // How fast and how long the answer was is not true of the text in its place.
    expect(path().at(-1)?.answer).toMatchObject({ model: "bard", step: 400, firstToken_ms: null });
    expect(server.calls).toHaveLength(1);
    store.send("and?", settings);
    expect(server.call(1).body.messages).toMatchObject([
      {},
      { role: "assistant", content: "mine" },
      {},
    ]);
  });

  it("continues an answer in its place", async () => {
    const { server, store, settings, path, texts, answer } = open();
    store.send("Hi", settings);
    await answer([token("one")]);
    store.continue(0, path().at(-1)?.id ?? "", settings);
    expect(server.call(1).body.messages).toMatchObject([{}, { role: "assistant", content: "one" }]);
    await answer([token(" two")]);
    expect(texts()).toEqual(["Hi", "one two"]);
    expect(
      path()
        .at(-1)
        ?.answer?.tokens.map(({ shown }) => shown),
    ).toEqual(["one", " two"]);
  });

  it("continues from another token in a version of its own", async () => {
    const { server, store, settings, path, texts, answer } = open();
    store.send("Hi", settings);
    await answer([token("a"), token("b", "x"), token("c")]);
    const old = path().at(-1)?.id ?? "";
    store.continueFrom(0, old, 1, "x", settings);
    expect(server.call(1).body.messages).toMatchObject([{}, { role: "assistant", content: "ax" }]);
    await answer([token("y")]);
    expect(texts()).toEqual(["Hi", "axy"]);
    expect(
      path()
        .at(-1)
        ?.answer?.tokens.map(({ shown }) => shown),
    ).toEqual(["a", "x", "y"]);
    store.choose(0, old);
    expect(texts()).toEqual(["Hi", "abc"]);
  });

  it("asks two models side by side; each column goes on with its own answers", async () => {
    const { server, store, settings, texts, answer } = open();
    store.setCompared(true);
    store.send("Hi", settings);
    expect(server.calls.map(({ body }) => body.model)).toEqual(["bard", "bard@100"]);
    await answer([token("one")], 0);
    await answer([token("two")], 1);
    expect([texts(0), texts(1)]).toEqual([
      ["Hi", "one"],
      ["Hi", "two"],
    ]);
    store.send("and?", settings);
    const sent = server.calls.slice(2).map(({ body }) => body.messages);
    expect(sent).toMatchObject([
      [{}, { content: "one" }, {}],
      [{}, { content: "two" }, {}],
    ]);
    store.stop();
    await new Promise((next) => setTimeout(next));
    expect(store.isBusy).toBe(false);
    store.setCompared(false);
    expect(Object.values(store.get().columns[0]?.messages ?? {}).map(({ text }) => text)).toContain(
      "two",
    );
  });

  it("stops what is written when columns come or go, in each of them", async () => {
    for (const isCompared of [true, false]) {
      const { store, settings } = open();
      store.setCompared(!isCompared);
      store.send("Hi", settings);
      store.setCompared(isCompared);
      await new Promise((next) => setTimeout(next));
      const states = store.get().columns.flatMap(({ messages }) => Object.values(messages));
      expect(states.map(({ state }) => state)).not.toContain("streaming");
      expect(store.isBusy).toBe(false);
    }
  });

  it("changes a question in every column, and an answer in its own", async () => {
    const { server, store, settings, path, texts, answer } = open();
    store.setCompared(true);
    store.send("Hi", settings);
    await answer([token("one")], 0);
    await answer([token("two")], 1);
    const question = path()[0]?.id ?? "";
    store.retry(0, question, settings);
    expect(server.calls.slice(2).map(({ body }) => body.model)).toEqual(["bard", "bard@100"]);
    await answer([token("three")], 2);
    await answer([token("four")], 3);
    store.edit(0, question, "Ho", settings);
    store.stop();
    await new Promise((next) => setTimeout(next));
    expect([texts(0)[0], texts(1)[0]]).toEqual(["Ho", "Ho"]);
    store.choose(1, question);
    expect([texts(0), texts(1)]).toEqual([
      ["Hi", "three"],
      ["Hi", "four"],
    ]);
    store.remove(0, path(0)[1]?.id ?? "");
    expect([texts(0), texts(1)]).toEqual([
      ["Hi", "one"],
      ["Hi", "four"],
    ]);
    store.remove(0, question);
    expect([texts(0)[0], texts(1)[0]]).toEqual(["Ho", "Ho"]);
  });

  it("ends an answer that is deleted", async () => {
    const { server, store, settings, path } = open();
    store.send("Hi", settings);
    store.remove(0, path()[0]?.id ?? "");
    expect(server.call(0).options.signal.aborted).toBe(true);
    await new Promise((next) => setTimeout(next));
    expect(path()).toEqual([]);
    expect(store.isBusy).toBe(false);
  });

  it("keeps a late answer out of a new chat", async () => {
    const { server, store, settings, path } = open();
    store.send("Hi", settings);
    store.startNew();
    server.call(0).options.onProgress(progress([token("late")]));
    await new Promise((next) => setTimeout(next));
    expect(path()).toEqual([]);
  });
});

describe("the storage", () => {
  /** `room`: of one text, `roomOfAll`: of them together. */
  function memory(room = Infinity, roomOfAll = Infinity) {
    const map = new Map<string, string>();
    return {
      get length() {
        return map.size;
      },
      key: (i: number) => [...map.keys()][i] ?? null,
      getItem: (name: string) => map.get(name) ?? null,
      removeItem: (name: string) => void map.delete(name),
      setItem: (name: string, value: string) => {
        let all = value.length;
        for (const [other, text] of map) all += other === name ? 0 : text.length;
        if (value.length > room || all > roomOfAll)
          throw new DOMException("full", "QuotaExceededError");
        map.set(name, value);
      },
    };
  }
  async function chatWithAnswer() {
    const { store, settings, answer } = open();
    store.send("Hi", settings);
    await answer([plainToken("un"), token("known")]);
    return store.get();
  }

  it("gives back the chat that was open, tokens and all", async () => {
    const storage = memory();
    const chat = await chatWithAnswer();
    writeChat(storage, chat);
    expect(readCurrent(storage)).toEqual(chat);
    expect(listChats(storage)).toMatchObject([{ id: chat.id, title: "Hi" }]);
  });

  it("leaves probabilities out where there is no room", async () => {
    const chat = await chatWithAnswer();
    const storage = memory(JSON.stringify(chat).length - 1);
    writeChat(storage, chat);
    const [column] = readChat(storage, chat.id)?.columns ?? [];
    expect(column && toRequest("", pathOf(column)).at(-1)?.content).toBe("unknown");
    expect(column && pathOf(column).at(-1)?.answer?.tokens).toEqual([]);
  });

  it("makes room of the probabilities of other chats", async () => {
    const [old, chat] = [await chatWithAnswer(), await chatWithAnswer()];
    const storage = memory(Infinity, 1.6 * JSON.stringify(chat).length);
    writeChat(storage, old);
    writeChat(storage, chat);
    expect(listChats(storage).map(({ id }) => id)).toEqual(
      expect.arrayContaining([old.id, chat.id]),
    );
  });

  it("shows what another window has said, and parts where both have said something", async () => {
    const storage = memory() as Storage;
    const server = new FakeServer();
    const [here, there] = [await chatWithAnswer(), await chatWithAnswer()];
    const store = new ChatStore(here, storage, server.generate);
    writeChat(storage, { ...there, id: here.id });
    store.hearOf(here.id);
    expect(store.get()).toEqual({ ...there, id: here.id });

    store.send("Ho", { models: ["bard"], fields: {} });
    store.hearOf(here.id);
    expect(store.get().id).not.toBe(here.id);
    await server.call(0).end();
    expect(listChats(storage).map(({ id }) => id)).toContain(here.id);
    expect(readChat(storage, here.id)?.columns).toEqual(there.columns);
    expect(readChat(storage, store.get().id)?.columns).toEqual(store.get().columns);
  });

  it("leaves a chat as it is that is opened while another answers", async () => {
    const storage = memory() as Storage;
    const old = { ...(await chatWithAnswer()), updated_ms: 7 };
    writeChat(storage, old);
    const server = new FakeServer();
    const store = new ChatStore(newChat(), storage, server.generate);
    store.send("Ho", { models: ["bard"], fields: {} });
    server.call(0).options.onProgress(progress([token("half")]));
    const { id } = store.get();
    store.open(old.id);
    await new Promise((next) => setTimeout(next));
    expect(store.get()).toEqual(old);
    const left = readChat(storage, id)?.columns[0];
    expect(left && pathOf(left).at(-1)).toMatchObject({ text: "half", state: "stopped" });
  });

  it("takes no harm from what is no chat", async () => {
    const storage = memory();
    storage.setItem("alpha.chat.x", "{");
    storage.setItem("alpha.chat.y", '{"columns":[{}]}');
    storage.setItem("alpha.chat-current", "x");
    // An answer without tokens, as another page may have stored it.
    const text = JSON.stringify({ ...(await chatWithAnswer()), id: "z" });
    storage.setItem("alpha.chat.z", text.replace('"tokens":', '"pieces":'));
    expect(readCurrent(storage)).toBeUndefined();
    expect(listChats(storage)).toEqual([]);
  });

  it("keeps no empty chats", () => {
    const storage = memory();
    writeChat(storage, newChat());
    expect(listChats(storage)).toEqual([]);
  });
});
