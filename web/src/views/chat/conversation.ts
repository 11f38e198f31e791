// A conversation as a tree: a message that is edited or answered again gets a sibling, and nothing is lost.

import type { FinishReason, Usage } from "../playground/generate";
import type { ShownToken } from "../playground/shown_tokens";

export type Role = "user" | "assistant";
export type MessageState = "streaming" | "done" | "stopped" | "error";

/** What is known of an answer beside its text. */
export interface AnswerInfo {
  model: string; // as asked for: "bard@best"
  step: number | null; // of the weights that wrote it
  seed: number | null;
  tokens: ShownToken[]; // may be fewer than the text has: what is remembered for long has none
  finishReason: FinishReason | null;
  error?: string;
  usage: Usage | null;
  firstToken_ms: number | null;
  tokensPerSecond: number | null;
}

export interface Message {
  id: string;
  parent: string; // "" for the first ones
  role: Role;
  text: string;
  state: MessageState;
  answer?: AnswerInfo; // of the assistant's
}

export interface Conversation {
  messages: Record<string, Message>;
  children: Record<string, string[]>; // by parent, in the order they came; "" has the first messages
  chosen: Record<string, string>; // by parent: the child that is seen
}

export const kEmpty: Conversation = { messages: {}, children: {}, chosen: {} };

export interface RequestMessage {
  role: "system" | Role;
  content: string;
}

/** The messages that are seen, from the first. */
export function pathOf(conversation: Conversation): Message[] {
  const path: Message[] = [];
  for (let parent = ""; ;) {
    const id = conversation.chosen[parent];
    const message = id === undefined ? undefined : conversation.messages[id];
    if (!message) return path;
    path.push(message);
    parent = message.id;
  }
}

/** The messages from the first to `id`, whether they are seen or not. */
export function pathTo(conversation: Conversation, id: string): Message[] {
  const path: Message[] = [];
  for (let message = conversation.messages[id]; message;) {
    path.unshift(message);
    message = conversation.messages[message.parent];
  }
  return path;
}

/** Adds a message behind its parent and makes it the one that is seen. */
export function add(conversation: Conversation, message: Message): Conversation {
  const siblings = conversation.children[message.parent] ?? [];
  return {
    messages: { ...conversation.messages, [message.id]: message },
    children: { ...conversation.children, [message.parent]: [...siblings, message.id] },
    chosen: { ...conversation.chosen, [message.parent]: message.id },
  };
}

/** Changes a message; one that is gone stays gone. */
export function update(
  conversation: Conversation,
  id: string,
  change: Partial<Omit<Message, "id" | "parent">>,
): Conversation {
  const message = conversation.messages[id];
  if (!message) return conversation;
  return {
    ...conversation,
    messages: { ...conversation.messages, [id]: { ...message, ...change } },
  };
}

/** The versions of a message: which it is, and all of them. */
export function versionsOf(
  conversation: Conversation,
  id: string,
): { index: number; ids: string[] } {
  const message = conversation.messages[id];
  const ids = message ? (conversation.children[message.parent] ?? []) : [];
  return { index: ids.indexOf(id), ids };
}

/** Makes a message the version that is seen, with what was seen behind it. */
export function choose(conversation: Conversation, id: string): Conversation {
  const message = conversation.messages[id];
  if (!message) return conversation;
  return { ...conversation, chosen: { ...conversation.chosen, [message.parent]: id } };
}

/** Takes a message away with all that follows it. Its neighbour is seen in its place. */
export function remove(conversation: Conversation, id: string): Conversation {
  const message = conversation.messages[id];
  if (!message) return conversation;
  const messages = { ...conversation.messages };
  const children = { ...conversation.children };
  const chosen = { ...conversation.chosen };
  const gone = [id];
  for (const one of gone) {
    gone.push(...(children[one] ?? []));
    delete messages[one];
    delete children[one];
    delete chosen[one];
  }
  const { index, ids } = versionsOf(conversation, id);
  const left = ids.filter((one) => one !== id);
  const next = left[Math.min(index, left.length - 1)];
  if (left.length > 0) children[message.parent] = left;
  else delete children[message.parent];
  if (chosen[message.parent] === id) {
    if (next === undefined) delete chosen[message.parent];
    else chosen[message.parent] = next;
  }
  return { messages, children, chosen };
}

/** Both in one: what only `other` has becomes further versions, and what is seen stays. */
export function merge(conversation: Conversation, other: Conversation): Conversation {
  let merged = conversation;
  const names = new Map([["", ""]]); // of other's messages in what is merged
  const parents = [""];
  for (const parent of parents) {
    for (const id of other.children[parent] ?? []) {
      const message = other.messages[id];
      if (!message) continue;
      const under = names.get(parent) ?? "";
      let name = id;
      if (merged.messages[id]?.parent !== under) {
        // The same question behind another answer is another message.
        while (merged.messages[name]) name += "+";
        const seen = merged.chosen[under];
        merged = add(merged, { ...message, id: name, parent: under });
        if (seen !== undefined) merged.chosen[under] = seen;
      }
      names.set(id, name);
      parents.push(id);
    }
  }
  return merged;
}

/** What the server is sent: the system prompt, if any, and the messages. Answers of nothing are left out. */
export function toRequest(system: string, path: Message[]): RequestMessage[] {
  const messages: RequestMessage[] = path
    .filter(({ role, text }) => role === "user" || text !== "")
    .map(({ role, text }) => ({ role, content: text }));
  return system.trim() === "" ? messages : [{ role: "system", content: system }, ...messages];
}

/** What the first question says, in one line. */
export function titleOf(conversation: Conversation): string {
  const first = pathOf(conversation)[0]?.text.trim().replace(/\s+/g, " ") ?? "";
  const characters = [...first];
  return characters.length > 60 ? `${characters.slice(0, 59).join("")}…` : first || "New chat";
}

/** The same with whatever is being written stopped. */
export function stopped(conversation: Conversation): Conversation {
  const messages = Object.fromEntries(
    Object.entries(conversation.messages).map(([id, message]) => [
      id,
      message.state === "streaming" ? { ...message, state: "stopped" as const } : message,
    ]),
  );
  return { ...conversation, messages };
}

/** What was stored, if it is a conversation: whatever was being written then has been stopped. */
export function revive(stored: unknown): Conversation | undefined {
  if (typeof stored !== "object" || stored === null) return undefined;
  const { messages, children, chosen } = stored as Partial<Conversation>;
  if (!messages || !children || !chosen) return undefined;
  for (const [id, message] of Object.entries(messages)) {
    if (typeof message?.text !== "string" || message.id !== id) return undefined;
    if (message.role !== "user" && message.role !== "assistant") return undefined;
    if (message.answer && !Array.isArray(message.answer.tokens)) return undefined;
    if (!children[message.parent]?.includes(id)) return undefined;
  }
  return stopped({ messages, children, chosen });
}

/** The same without the probabilities, which are most of the bytes. */
export function withoutTokens(conversation: Conversation): Conversation {
  const messages = Object.fromEntries(
    Object.entries(conversation.messages).map(([id, message]) => [
      id,
      message.answer ? { ...message, answer: { ...message.answer, tokens: [] } } : message,
    ]),
  );
  return { ...conversation, messages };
}
