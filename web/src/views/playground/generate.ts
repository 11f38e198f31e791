// A text as the server writes it: a stream of /v1/chat/completions or /v1/completions.

import { ApiFailure, isAbort, messageOf, postForStream } from "../../lib/api";
import { readEvents } from "../../lib/sse";
import type { TokenScore } from "../../lib/types";
import { TokenAligner, type ShownToken } from "./shown_tokens";

export const kTopTokens = 10; // alternatives asked for beside each token

/** Tokens of less time come in so few pieces that their speed would be that of the network. */
const kLeastSeconds = 0.1;

export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export type FinishReason = "stop" | "length";

/** One text of an answer; n of them come at the same time. */
export interface Text {
  text: string;
  tokens: ShownToken[];
  finishReason: FinishReason | null; // null until its end
}

export interface Progress {
  texts: Text[];
  step: number | null; // of the weights that write
  usage: Usage | null; // known at the end
  firstToken_ms: number | null; // from the call to the first token
  tokensPerSecond: number | null;
}

export type Endpoint = "/v1/chat/completions" | "/v1/completions";
export type Body = Record<string, unknown>;

export interface Options {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void; // at most once a frame, and at the end
  now?: () => number; // ms
  post?: typeof postForStream;
  schedule?: (tell: () => void) => void; // when to tell of progress
}

interface Chunk {
  system_fingerprint?: string;
  choices?: {
    index: number;
    text?: string;
    delta?: { content?: string | null };
    logprobs?: unknown;
    finish_reason?: FinishReason | null;
  }[];
  usage?: {
    prompt_tokens: number;
    completion_tokens: number;
    prompt_tokens_details?: { cached_tokens?: number };
  } | null;
  error?: { message?: string } | string;
}

/** What the page adds to a request, to show what comes. */
export function streamBody(endpoint: Endpoint, body: Body): Body {
  const wanted =
    endpoint === "/v1/completions"
      ? { logprobs: kTopTokens }
      : { logprobs: true, top_logprobs: kTopTokens };
  return { ...body, ...wanted, stream: true, stream_options: { include_usage: true } };
}

interface ChatEntry {
  token: string;
  logprob: number;
  top_logprobs?: { token: string; logprob: number }[];
}
interface CompletionLogprobs {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[] | null;
}

const byLogprob = (a: { logprob: number }, b: { logprob: number }) => b.logprob - a.logprob;

/** The tokens of a chunk, in either endpoint's shape. */
export function scoresOf(logprobs: unknown): TokenScore[] {
  if (!logprobs || typeof logprobs !== "object") return [];
  if ("content" in logprobs) {
    return ((logprobs.content as ChatEntry[] | null) ?? []).map((entry) => ({
      text: entry.token,
      logprob: entry.logprob,
      top: (entry.top_logprobs ?? [])
        .map(({ token, logprob }) => ({ text: token, logprob }))
        .sort(byLogprob),
    }));
  }
  const { tokens, token_logprobs, top_logprobs } = logprobs as CompletionLogprobs;
  return tokens.map((text, i) => ({
    text,
    logprob: token_logprobs[i] ?? NaN,
    top: Object.entries(top_logprobs?.[i] ?? {})
      .map(([name, logprob]) => ({ text: name, logprob }))
      .sort(byLogprob),
  }));
}

/** "alpha-step400-f32" → 400. */
export function stepOf(fingerprint: string | undefined): number | null {
  const step = /-step(\d+)/.exec(fingerprint ?? "")?.[1];
  return step === undefined ? null : Number(step);
}

/** What went wrong, with when to come again where the server says so. */
export function sentenceOf(error: unknown): string {
  const seconds = error instanceof ApiFailure ? error.retryAfterSeconds : undefined;
  const text = messageOf(error);
  if (seconds === undefined) return text;
  return `${/[.!?]$/.test(text) ? text : `${text}.`} Try again in ${seconds} s.`;
}

const kBrokenOff = "The answer broke off: the connection ended before it was complete.";

/** Collects what the chunks of a stream say. */
class Collector {
  private aligners: TokenAligner[] = [];
  private reasons: (FinishReason | null)[] = [];
  private step: number | null = null;
  private usage: Usage | null = null;
  private first: number | undefined;
  private last = 0;
  private n = 0;

  constructor(private readonly begun: number) {}

  take(chunk: Chunk, now: number): void {
    if (chunk.error !== undefined) {
      const text = typeof chunk.error === "string" ? chunk.error : chunk.error.message;
      throw new ApiFailure(200, text ?? "The server has failed at this request.");
    }
    this.step = stepOf(chunk.system_fingerprint) ?? this.step;
    for (const choice of chunk.choices ?? []) {
      const aligner = (this.aligners[choice.index] ??= new TokenAligner());
      const text = choice.text ?? choice.delta?.content ?? "";
      if (text) aligner.addText(text);
      for (const score of scoresOf(choice.logprobs)) {
        aligner.addToken(score);
        this.first ??= now;
        this.last = now;
        ++this.n;
      }
      if (choice.finish_reason) {
        this.reasons[choice.index] = choice.finish_reason;
        aligner.finish();
      }
    }
    if (chunk.usage) {
      this.usage = {
        promptTokens: chunk.usage.prompt_tokens,
        cachedTokens: chunk.usage.prompt_tokens_details?.cached_tokens ?? 0,
        completionTokens: chunk.usage.completion_tokens,
      };
    }
  }

  finish(): void {
    for (const aligner of this.aligners) aligner?.finish();
  }

  progress(): Progress {
    const seconds = this.first === undefined ? 0 : (this.last - this.first) / 1000;
    return {
      texts: Array.from(this.aligners, (aligner, i) => ({
        text: aligner?.text ?? "",
        tokens: aligner?.tokens.slice() ?? [],
        finishReason: this.reasons[i] ?? null,
      })),
      step: this.step,
      usage: this.usage,
      firstToken_ms: this.first === undefined ? null : this.first - this.begun,
      tokensPerSecond: seconds >= kLeastSeconds ? (this.n - 1) / seconds : null,
    };
  }
}

const onNextFrame = (tell: () => void) => {
  // A page that nobody sees has no frames, and its text goes on.
  if (document.visibilityState === "visible") requestAnimationFrame(tell);
  else setTimeout(tell, 200);
};

/**
 * Asks and tells of progress until the end. What came is told also where it ends otherwise: throws ApiFailure with the
 * server's sentence, or a DOMException (isAbort) after `signal`.
 */
export async function generate(
  endpoint: Endpoint,
  body: Body,
  options: Options,
): Promise<Progress> {
  const { signal, onProgress } = options;
  const now = options.now ?? (() => performance.now());
  const post = options.post ?? postForStream;
  const schedule = options.schedule ?? onNextFrame;
  const collector = new Collector(now());
  let isDone = false;
  let isToldSoon = false;
  const tellSoon = () => {
    if (isToldSoon) return;
    isToldSoon = true;
    schedule(() => {
      isToldSoon = false;
      if (!isDone) onProgress(collector.progress());
    });
  };
  const tellLast = (): Progress => {
    isDone = true;
    collector.finish();
    const progress = collector.progress();
    onProgress(progress);
    return progress;
  };
  try {
    const response = await post(endpoint, streamBody(endpoint, body), signal);
    for await (const { data } of readEvents(response)) {
      if (data === "[DONE]") return tellLast();
      collector.take(JSON.parse(data) as Chunk, now());
      tellSoon();
    }
  } catch (error) {
    tellLast();
    if (isAbort(error) || signal.aborted) throw new DOMException("stopped", "AbortError");
    if (error instanceof ApiFailure) throw error;
    throw new ApiFailure(0, kBrokenOff);
  }
  tellLast();
  throw new ApiFailure(0, kBrokenOff);
}
