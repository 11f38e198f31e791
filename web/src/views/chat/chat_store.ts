// The chat that is open, and the answers that are being written. It lives beside the views: an answer goes on while
// one looks at something else.

import { isAbort } from "../../lib/api";
import {
  generate,
  sentenceOf,
  type Body,
  type Options,
  type Progress,
} from "../playground/generate";
import { randomSeed } from "../playground/sampling";
import { textWith, tokensOrText, tokensWith, type ShownToken } from "../playground/shown_tokens";
import {
  add,
  choose,
  kEmpty,
  merge,
  pathOf,
  pathTo,
  remove,
  stopped,
  toRequest,
  update,
  type AnswerInfo,
  type Conversation,
  type Message,
} from "./conversation";
import { idOfName, readChat, readCurrent, removeChat, writeChat, type Chat } from "./chat_storage";

/** How answers are to be written from now on. */
export interface Settings {
  models: string[]; // of each column
  fields: Body; // the sampling fields that are sent
}

/** What an answer begins with: nothing, or what is there already. */
interface Start {
  text: string;
  tokens: ShownToken[];
}

/** What is known of an answer before it has begun. */
const kUnknown: Omit<AnswerInfo, "model"> = {
  step: null,
  seed: null,
  tokens: [],
  finishReason: null,
  usage: null,
  firstToken_ms: null,
  tokensPerSecond: null,
};

const newId = (): string =>
  Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");

export const newChat = (): Chat => ({
  id: newId(),
  updated_ms: Date.now(),
  system: "",
  columns: [kEmpty],
});

export class ChatStore {
  private listeners = new Set<() => void>();
  private running = new Map<string, AbortController>(); // by column and message; what is not in it is not shown
  private saveTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private chat: Chat,
    private readonly storage?: Storage,
    private readonly generator: typeof generate = generate,
    private readonly options: Partial<Options> = {},
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): Chat => this.chat;

  private set(change: Partial<Chat>): void {
    this.chat = { ...this.chat, ...change };
    this.tell();
    if (!this.storage || this.saveTimer !== undefined) return;
    // What is being written is much, and changes with every frame.
    this.saveTimer = setTimeout(() => this.save(), this.isBusy ? 3000 : 500);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  /** Stores what has changed since it was stored last. */
  save(): void {
    if (!this.storage || this.saveTimer === undefined) return;
    clearTimeout(this.saveTimer);
    this.saveTimer = undefined;
    // Probabilities are much to write: once, at the end.
    writeChat(this.storage, this.chat, !this.isBusy);
  }

  /**
   * Another window has stored the chat of this id. It is shown here too; but where there is something here that the
   * other does not know of, this one goes on as a chat of its own.
   */
  hearOf(id: string): void {
    if (!this.storage || id !== this.chat.id) return;
    const chat = readChat(this.storage, id);
    if (!chat) return;
    if (
      this.saveTimer !== undefined ||
      this.isBusy ||
      chat.columns.length !== this.chat.columns.length
    )
      return this.set({ id: newId() });
    this.chat = chat;
    this.tell();
  }

  private change(column: number, next: (old: Conversation) => Conversation): void {
    const columns = this.chat.columns.map((old, i) => (i === column ? next(old) : old));
    this.set({ columns, updated_ms: Date.now() });
  }

  get isBusy(): boolean {
    return this.running.size > 0;
  }

  setSystem(system: string): void {
    this.set({ system });
  }

  startNew(): void {
    this.abandon();
    this.save();
    this.set(newChat());
  }

  open(id: string): void {
    if (!this.storage || id === this.chat.id) return;
    const chat = readChat(this.storage, id);
    if (!chat) return;
    this.abandon();
    this.save();
    this.set(chat);
  }

  forget(id: string): void {
    if (this.storage) removeChat(this.storage, id);
    if (id !== this.chat.id) return;
    this.abandon();
    this.set(newChat());
  }

  /** A second column begins as a copy of the first, and then goes its own way; in the end its answers are versions. */
  setCompared(isCompared: boolean): void {
    if (isCompared === this.chat.columns.length > 1) return;
    this.abandon();
    const [one = kEmpty, other] = this.chat.columns;
    this.set({ columns: other ? [merge(one, other)] : [one, one] });
  }

  /** A question, answered in every column. */
  send(text: string, settings: Settings): void {
    const id = newId();
    this.chat.columns.forEach((conversation, column) => {
      const parent = pathOf(conversation).at(-1)?.id ?? "";
      this.change(column, (old) => add(old, { id, parent, role: "user", text, state: "done" }));
      this.answer(column, id, settings);
    });
  }

  /** The columns of which a message is changed: a question is the same in all that have it, an answer its column's own. */
  private columnsOf(column: number, id: string): number[] {
    const { columns } = this.chat;
    if (columns[column]?.messages[id]?.role === "assistant") return [column];
    return [...columns.keys()].filter((i) => columns[i]?.messages[id]);
  }

  /** Another version of a message beside the old one. A question is answered again. */
  edit(column: number, id: string, text: string, settings: Settings): void {
    const copy = newId();
    for (const i of this.columnsOf(column, id)) {
      const own = this.chat.columns[i]?.messages[id];
      if (!own) continue;
      const version: Message = { ...own, id: copy, text, state: "done" };
      // Nothing that is known of the answer is so of what somebody wrote into it.
      if (own.answer)
        version.answer = { ...kUnknown, model: own.answer.model, step: own.answer.step };
      this.change(i, (old) => add(old, version));
      if (own.role === "user") this.answer(i, copy, settings);
    }
  }

  /** Another answer to what an answer answers; or to a question. */
  retry(column: number, id: string, settings: Settings): void {
    for (const i of this.columnsOf(column, id)) {
      const message = this.chat.columns[i]?.messages[id];
      if (message) this.answer(i, message.role === "user" ? id : message.parent, settings);
    }
  }

  /** Writes on behind an answer that ended. */
  continue(column: number, id: string, settings: Settings): void {
    const message = this.chat.columns[column]?.messages[id];
    if (message?.role !== "assistant" || message.state === "streaming") return;
    const start = { text: message.text, tokens: message.answer?.tokens ?? [] };
    void this.write(column, id, start, settings);
  }

  /** Another version: the answer up to a token, with `name` in its place, and on from there. */
  continueFrom(column: number, id: string, token: number, name: string, settings: Settings): void {
    const message = this.chat.columns[column]?.messages[id];
    const tokens = message?.answer?.tokens ?? [];
    const text = textWith(tokens, token, name);
    if (!message || text === undefined) return;
    this.answer(column, message.parent, settings, {
      text,
      tokens: tokensWith(tokens, token, name),
    });
  }

  choose(column: number, id: string): void {
    for (const i of this.columnsOf(column, id)) this.change(i, (old) => choose(old, id));
  }

  remove(column: number, id: string): void {
    for (const i of this.columnsOf(column, id)) this.change(i, (old) => remove(old, id));
    for (const [key, controller] of this.running) {
      const [at = "", message = ""] = key.split(" ");
      if (!this.chat.columns[Number(at)]?.messages[message]) controller.abort();
    }
  }

  /** Ends what is being written; the last of it may still come. */
  stop(): void {
    for (const controller of this.running.values()) controller.abort();
  }

  /** Ends what is being written at once: the messages are about to be elsewhere. */
  private abandon(): void {
    this.stop();
    this.running.clear();
    this.chat = { ...this.chat, columns: this.chat.columns.map(stopped) };
  }

  private answer(
    column: number,
    parent: string,
    settings: Settings,
    start: Start = { text: "", tokens: [] },
  ): void {
    const id = newId();
    const { text } = start;
    this.change(column, (old) => add(old, { id, parent, role: "assistant", text, state: "done" }));
    void this.write(column, id, start, settings);
  }

  private async write(
    column: number,
    id: string,
    start: Start,
    { models, fields }: Settings,
  ): Promise<void> {
    const before = tokensOrText(start.tokens, start.text);
    const model = models[column] ?? models[0] ?? "";
    const seed = typeof fields.seed === "number" ? fields.seed : randomSeed();
    const info: AnswerInfo = { ...kUnknown, model, seed, tokens: before };
    const controller = new AbortController();
    const key = `${column} ${id}`;
    const isShown = () => this.running.get(key) === controller;
    const show = (change: Partial<Message>) => {
      if (isShown()) this.change(column, (old) => update(old, id, change));
    };
    const tell = ({ texts, ...rest }: Progress) => {
      const [text] = texts;
      Object.assign(info, rest, {
        tokens: text ? [...before, ...text.tokens] : before,
        finishReason: text?.finishReason ?? null,
      });
      show({ text: start.text + (text?.text ?? ""), answer: { ...info } });
    };
    this.running.set(key, controller);
    show({ state: "streaming", answer: { ...info } });
    const conversation = this.chat.columns[column] ?? kEmpty;
    const messages = toRequest(this.chat.system, pathTo(conversation, id));
    try {
      await this.generator(
        "/v1/chat/completions",
        { model, messages, ...fields, seed },
        { ...this.options, signal: controller.signal, onProgress: tell },
      );
      show({ state: "done" });
    } catch (error) {
      if (isAbort(error)) show({ state: "stopped" });
      else show({ state: "error", answer: { ...info, error: sentenceOf(error) } });
    }
    if (!isShown()) return;
    this.running.delete(key);
    this.save();
  }
}

let store: ChatStore | undefined;

/** The one of this page. */
export function chatStore(): ChatStore {
  if (!store) {
    store = new ChatStore(readCurrent(localStorage) ?? newChat(), localStorage);
    window.addEventListener("pagehide", () => store?.save());
    window.addEventListener("storage", ({ key }) => store?.hearOf(idOfName(key ?? "")));
  }
  return store;
}
