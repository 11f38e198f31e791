// Conversations kept in this browser: each under a name of its own, so that two windows do not overwrite each other's.

import { revive, titleOf, withoutTokens, type Conversation } from "./conversation";

export interface Chat {
  id: string;
  updated_ms: number;
  system: string;
  columns: Conversation[]; // one, or two that are compared
}

export interface ChatTitle {
  id: string;
  title: string;
  updated_ms: number;
}

type Store = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const kPrefix = "alpha.chat.";
const kCurrent = "alpha.chat-current";
const kMostChats = 30;
const kMostTokens = 4000; // of a chat: each has some 500 characters, and browsers give a page about 5 million

/** NaN, of tokens without a probability, is null in JSON. */
function reviveNumbers({ messages }: Conversation): void {
  for (const { answer } of Object.values(messages)) {
    for (const { score } of answer?.tokens ?? []) score.logprob ??= NaN;
  }
}

export function readChat(store: Store, id: string): Chat | undefined {
  try {
    const stored = JSON.parse(store.getItem(kPrefix + id) ?? "null") as Partial<Chat> | null;
    const columns = stored?.columns?.map(revive);
    if (!columns || columns.length < 1 || columns.length > 2) return undefined;
    if (!columns.every((column) => column !== undefined)) return undefined;
    columns.forEach(reviveNumbers);
    return {
      id,
      updated_ms: Number(stored?.updated_ms) || 0,
      system: typeof stored?.system === "string" ? stored.system : "",
      columns,
    };
  } catch {
    return undefined;
  }
}

export function readCurrent(store: Store): Chat | undefined {
  const id = store.getItem(kCurrent);
  return id ? readChat(store, id) : undefined;
}

/** The chat that is stored under a name; "" where that is none. */
export const idOfName = (name: string): string =>
  name.startsWith(kPrefix) ? name.slice(kPrefix.length) : "";

/** Probabilities are kept where there is room, and only if they are to be. */
export function writeChat(store: Store, chat: Chat, hasTokens = true): void {
  try {
    store.setItem(kCurrent, chat.id);
    if (chat.columns.every(({ messages }) => Object.keys(messages).length === 0)) return;
    const isNew = store.getItem(kPrefix + chat.id) === null;
    for (const old of isNew ? listChats(store).slice(kMostChats - 1) : [])
      removeChat(store, old.id);
    if (hasTokens && countTokens(chat) <= kMostTokens && isWritten(store, chat)) return;
    const bare = withoutAnyTokens(chat);
    if (isWritten(store, bare)) return;
    // There is room yet where other chats have probabilities.
    for (const { id } of listChats(store)) {
      const other = id === chat.id ? undefined : readChat(store, id);
      if (other) isWritten(store, withoutAnyTokens(other));
    }
    isWritten(store, bare);
  } catch {
    // A forbidden storage costs the memory alone.
  }
}

/** Whether there was room for it. */
function isWritten(store: Store, chat: Chat): boolean {
  try {
    store.setItem(kPrefix + chat.id, JSON.stringify(chat));
    return true;
  } catch {
    return false;
  }
}

const withoutAnyTokens = (chat: Chat): Chat => ({
  ...chat,
  columns: chat.columns.map(withoutTokens),
});

const countTokens = ({ columns }: Chat): number =>
  columns
    .flatMap(({ messages }) => Object.values(messages))
    .reduce((sum, { answer }) => sum + (answer?.tokens.length ?? 0), 0);

export const removeChat = (store: Store, id: string): void => store.removeItem(kPrefix + id);

/** The chats that are kept, the last one first. */
export function listChats(store: Store): ChatTitle[] {
  const chats: ChatTitle[] = [];
  for (let i = 0; i < store.length; ++i) {
    const id = idOfName(store.key(i) ?? "");
    const chat = id ? readChat(store, id) : undefined;
    const first = chat?.columns[0];
    if (chat && first)
      chats.push({ id: chat.id, title: titleOf(first), updated_ms: chat.updated_ms });
  }
  return chats.sort((a, b) => b.updated_ms - a.updated_ms);
}
