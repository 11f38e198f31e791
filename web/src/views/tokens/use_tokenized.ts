import { startTransition, useEffect, useState } from "react";
import { isAbort, tokenize } from "../../lib/api";
import type { Piece } from "../../lib/types";
import { leftOut } from "./coverage";

/** How a text is cut, and which text that was. */
export interface Tokenized {
  model: string;
  text: string;
  isSpecial: boolean;
  tokens: Piece[];
  leftOut: string[]; // what the tokenizer skipped of the text
  maxModelLen: number;
}

export interface TokenizedState {
  answer?: Tokenized; // the last one of this model; stays while the next is made
  error?: unknown;
  isBusy: boolean;
  retry: () => void;
}

/** `value` once it has stayed the same for `wait_ms`. */
export function useSettled<T>(value: T, wait_ms: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), wait_ms);
    return () => window.clearTimeout(timer);
  }, [value, wait_ms]);
  return settled;
}

/** Asks the server at each change; what is asked for no longer is dropped. */
export function useTokenized(model: string, text: string, isSpecial: boolean): TokenizedState {
  const [answer, setAnswer] = useState<Tokenized>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(true);
  const [round, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    const ask = async () => {
      setBusy(true);
      try {
        const { tokens, max_model_len } = await tokenize(model, text, controller.signal, isSpecial);
        if (controller.signal.aborted) return;
        const next = {
          model,
          text,
          isSpecial,
          tokens,
          leftOut: leftOut(
            text,
            tokens.map(({ piece }) => piece),
          ),
          maxModelLen: max_model_len,
        };
        // Thousands of tokens are drawn between the keys that are typed.
        startTransition(() => setAnswer(next));
        setError(undefined);
      } catch (problem) {
        if (controller.signal.aborted || isAbort(problem)) return;
        setAnswer(undefined);
        setError(problem);
      }
      setBusy(false);
    };
    void ask();
    return () => controller.abort();
  }, [model, text, isSpecial, round]);

  return {
    answer: answer?.model === model ? answer : undefined,
    error,
    isBusy,
    retry: () => setRound((n) => n + 1),
  };
}
