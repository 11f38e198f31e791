import { describe, expect, it } from "vitest";
import {
  add,
  choose,
  kEmpty,
  merge,
  pathOf,
  pathTo,
  remove,
  revive,
  titleOf,
  toRequest,
  update,
  versionsOf,
  type Conversation,
  type Message,
} from "./conversation";

const message = (id: string, parent: string, role: Message["role"] = "user"): Message => ({
  id,
  parent,
  role,
  text: `text of ${id}`,
  state: "done",
});

/** "q a q2": each behind the one before. */
function chain(...ids: string[]): Conversation {
  return ids.reduce(
    (conversation, id, i) =>
      add(conversation, message(id, ids[i - 1] ?? "", i % 2 === 0 ? "user" : "assistant")),
    kEmpty,
  );
}
const seen = (conversation: Conversation) => pathOf(conversation).map(({ id }) => id);

describe("a conversation", () => {
  it("shows what was added last", () => {
    const conversation = chain("q", "a", "q2", "a2");
    expect(seen(conversation)).toEqual(["q", "a", "q2", "a2"]);
    expect(pathTo(conversation, "a").map(({ id }) => id)).toEqual(["q", "a"]);
  });

  it("keeps the versions of a message, and what follows each", () => {
    let conversation = chain("q", "a", "q2", "a2");
    conversation = add(conversation, message("q2b", "a"));
    expect(seen(conversation)).toEqual(["q", "a", "q2b"]);
    expect(versionsOf(conversation, "q2b")).toEqual({ index: 1, ids: ["q2", "q2b"] });
    expect(seen(choose(conversation, "q2"))).toEqual(["q", "a", "q2", "a2"]);
  });

  it("has versions of the first message, too", () => {
    const conversation = add(chain("q", "a"), message("p", ""));
    expect(seen(conversation)).toEqual(["p"]);
    expect(versionsOf(conversation, "q")).toEqual({ index: 0, ids: ["q", "p"] });
  });

  it("takes a message away with all behind it, and shows its neighbour", () => {
    let conversation = add(chain("q", "a", "q2"), message("b", "q", "assistant"));
    conversation = remove(choose(conversation, "a"), "a");
    expect(seen(conversation)).toEqual(["q", "b"]);
    expect(Object.keys(conversation.messages).sort()).toEqual(["b", "q"]);
    expect(seen(remove(conversation, "q"))).toEqual([]);
    expect(remove(conversation, "q")).toEqual(kEmpty);
  });

  it("stays at what is seen when another version is taken away", () => {
    const conversation = add(chain("q", "a"), message("b", "q", "assistant"));
    expect(seen(remove(conversation, "a"))).toEqual(["q", "b"]);
  });

  it("does not bring back what is gone", () => {
    const conversation = remove(chain("q", "a"), "a");
    expect(update(conversation, "a", { text: "late" })).toBe(conversation);
  });

  it("does not change what was there before", () => {
    const before = chain("q", "a");
    const copy = structuredClone(before);
    add(before, message("b", "q"));
    choose(before, "a");
    remove(before, "q");
    update(before, "a", { text: "x" });
    expect(before).toEqual(copy);
  });
});

describe("merge", () => {
  it("makes versions of the other's answers, and keeps what is seen", () => {
    const first = chain("q", "a");
    const second = chain("q", "b");
    const merged = merge(first, second);
    expect(seen(merged)).toEqual(["q", "a"]);
    expect(versionsOf(merged, "b")).toEqual({ index: 1, ids: ["a", "b"] });
  });

  it("keeps a question that both were asked behind different answers twice", () => {
    const merged = merge(chain("q", "a", "q2", "a2"), chain("q", "b", "q2", "b2"));
    expect(seen(merged)).toEqual(["q", "a", "q2", "a2"]);
    const other = seen(choose(merged, "b"));
    expect(other).toEqual(["q", "b", "q2+", "b2"]);
    for (const [i, id] of other.entries())
      expect(merged.messages[id]?.parent).toBe(other[i - 1] ?? "");
  });

  it("adds nothing of a copy", () => {
    const conversation = chain("q", "a", "q2");
    expect(merge(conversation, conversation)).toEqual(conversation);
  });
});

describe("what the server is sent", () => {
  it("begins with the system prompt, where there is one", () => {
    const path = pathOf(chain("q", "a"));
    expect(toRequest(" ", path).map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(toRequest("Be brief.", path)[0]).toEqual({ role: "system", content: "Be brief." });
  });
  it("has no empty answers", () => {
    const conversation = update(chain("q", "a"), "a", { text: "" });
    expect(toRequest("", pathOf(conversation))).toEqual([{ role: "user", content: "text of q" }]);
  });
});

describe("what was stored", () => {
  it("is taken back; what was being written has been stopped", () => {
    const stored = update(chain("q", "a"), "a", { state: "streaming" });
    const revived = revive(JSON.parse(JSON.stringify(stored)));
    expect(revived?.messages.a?.state).toBe("stopped");
    expect(revived && seen(revived)).toEqual(["q", "a"]);
  });
  it.each([null, 1, {}, { messages: { a: {} }, children: {}, chosen: {} }])(
    "is refused: %j",
    (stored) => {
      expect(revive(stored)).toBeUndefined();
    },
  );
});

it("is called by its first question, in one line", () => {
  expect(titleOf(kEmpty)).toBe("New chat");
  const conversation = update(chain("q"), "q", { text: `  a\nb ${"c".repeat(80)}` });
  expect(titleOf(conversation)).toMatch(/^a b c+…$/);
  expect(titleOf(conversation)).toHaveLength(60);
});
