// The text that is being written in Complete: a prompt and what models go on with. It lives beside the views.

import { isAbort } from "../../lib/api";
import {
  generate,
  sentenceOf,
  type Body,
  type Progress,
  type Text,
  type Usage,
} from "../playground/generate";
import { randomSeed } from "../playground/sampling";
import { textWith, tokensOrText, tokensWith, type ShownToken } from "../playground/shown_tokens";

export type State = "streaming" | "done" | "stopped" | "error";

/** What one model wrote, n times, or thought of the prompt. */
export interface Result {
  model: string;
  kind: "completion" | "score";
  state: State;
  texts: Text[]; // of a score: the prompt itself
  error?: string;
  step: number | null;
  seed: number | null;
  usage: Usage | null;
  firstToken_ms: number | null;
  tokensPerSecond: number | null;
}

export interface Page {
  prompt: string;
  results: Result[]; // one of each model that was asked
}

export interface Settings {
  models: string[];
  fields: Body;
}

interface Start {
  text: string; // what the completion has already
  tokens: ShownToken[];
}

const kMostPast = 100;
const kPromptName = "alpha.complete-prompt";

export class CompleteStore {
  private listeners = new Set<() => void>();
  private page: Page;
  private past: Page[] = [];
  private controller: AbortController | undefined;

  constructor(
    private readonly storage?: Storage,
    private readonly generator: typeof generate = generate,
  ) {
    this.page = { prompt: storage?.getItem(kPromptName) ?? "", results: [] };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly get = (): Page => this.page;

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  private set(change: Partial<Page>): void {
    this.page = { ...this.page, ...change };
    try {
      if (change.prompt !== undefined) this.storage?.setItem(kPromptName, change.prompt);
    } catch {
      // A full or forbidden storage costs the memory alone.
    }
    for (const listener of this.listeners) listener();
  }

  private remember(): void {
    this.past = [...this.past.slice(-kMostPast), this.page];
  }

  /** What was written behind another prompt is taken away; `undo` brings it back. */
  setPrompt(prompt: string): void {
    if (prompt === this.page.prompt) return;
    if (this.page.results.length > 0) {
      this.stop();
      this.remember();
    }
    this.set({ prompt, results: [] });
  }

  undo(): void {
    this.stop();
    const page = this.past.at(-1);
    if (!page) return;
    this.past = this.past.slice(0, -1);
    this.set({
      ...page,
      // What was being written then is not any more.
      results: page.results.map((result) =>
        result.state === "streaming" ? { ...result, state: "stopped" } : result,
      ),
    });
  }

  complete(settings: Settings): void {
    if (this.page.results.length > 0) this.remember();
    this.ask("completion", settings);
  }

  score(settings: Settings): void {
    if (this.page.results.length > 0) this.remember();
    this.ask("score", settings);
  }

  /** A completion becomes a part of the prompt. */
  accept(result: number, text: number): void {
    const chosen = this.page.results[result]?.texts[text]?.text;
    if (chosen === undefined) return;
    this.stop();
    this.remember();
    this.set({ prompt: this.page.prompt + chosen, results: [] });
  }

  /** The text up to a token, with `name` in its place, and on from there. */
  continueFrom(
    result: number,
    text: number,
    token: number,
    name: string,
    settings: Settings,
  ): void {
    const from = this.page.results[result];
    const tokens = from?.texts[text]?.tokens ?? [];
    const start = textWith(tokens, token, name);
    if (!from || start === undefined) return;
    this.stop();
    this.remember();
    if (from.kind === "score") {
      this.set({ prompt: start, results: [] });
      return this.ask("completion", settings);
    }
    const one = { ...settings.fields };
    delete one.n;
    this.ask(
      "completion",
      { models: [from.model], fields: one },
      { text: start, tokens: tokensWith(tokens, token, name) },
    );
  }

  stop(): void {
    this.controller?.abort();
    this.controller = undefined;
  }

  private ask(
    kind: Result["kind"],
    { models, fields }: Settings,
    start: Start = { text: "", tokens: [] },
  ): void {
    this.stop();
    const controller = new AbortController();
    this.controller = controller;
    const seed = typeof fields.seed === "number" ? fields.seed : randomSeed();
    const { prompt } = this.page;
    const text = { ...start, tokens: tokensOrText(start.tokens, start.text), finishReason: null };
    const results = models.map((model): Result => ({
      model,
      kind,
      state: "streaming",
      texts: start.text === "" ? [] : [text],
      step: null,
      seed: kind === "score" ? null : seed,
      usage: null,
      firstToken_ms: null,
      tokensPerSecond: null,
    }));
    this.set({ results });
    const asked =
      kind === "score"
        ? { prompt, max_tokens: 0, echo: true }
        : { prompt: prompt + start.text, ...fields, seed };
    const done = models.map((_, i) => this.write(i, asked, text, controller.signal));
    void Promise.all(done).then(() => {
      if (this.controller === controller) this.controller = undefined;
    });
  }

  private async write(index: number, body: Body, start: Text, signal: AbortSignal): Promise<void> {
    // Of what was asked for before another question, nothing is shown any more.
    let mine = this.page.results[index];
    const show = (change: Partial<Result>) => {
      if (!mine || this.page.results[index] !== mine) return;
      const next = { ...mine, ...change };
      mine = next;
      this.set({ results: this.page.results.map((old, i) => (i === index ? next : old)) });
    };
    const tell = ({ texts, ...rest }: Progress) =>
      show({
        ...rest,
        texts:
          texts.length === 0 && start.text !== ""
            ? [start]
            : texts.map((text) => ({
                ...text,
                text: start.text + text.text,
                tokens: [...start.tokens, ...text.tokens],
              })),
      });
    try {
      await this.generator(
        "/v1/completions",
        { model: mine?.model, ...body },
        { signal, onProgress: tell },
      );
      show({ state: "done" });
    } catch (error) {
      if (isAbort(error)) show({ state: "stopped" });
      else show({ state: "error", error: sentenceOf(error) });
    }
  }
}

let store: CompleteStore | undefined;

/** The one of this page. */
export const completeStore = (): CompleteStore => (store ??= new CompleteStore(localStorage));
