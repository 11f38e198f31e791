// Tokens and the text they make. The text comes whole, cut to what may be shown (a stop text, white space at its
// ends and special tokens are no part of it); tokens come as the model drew them, some of them parts of a character.

import { bytesOf, rawBytes, textOf } from "../../lib/token_name";
import type { TokenScore } from "../../lib/types";

/** A token and the part of the shown text that it is. */
export interface ShownToken {
  shown: string; // "" for what is not in the text: a special token, the first bytes of a character
  score: TokenScore; // text: the token's own, "bytes:\xe2\x80" where that is not UTF-8; logprob: NaN where there is none
  begun: number[]; // bytes of a character that the tokens before have begun
}

/** Tokens like "<|end_of_text|>" mark something and are no text. */
export const isSpecial = (name: string): boolean => /^<\|[^|<>]+\|>$/.test(name);

interface Waiting {
  text: string; // what this token adds once its characters are whole
  score: TokenScore;
  begun: number[];
}

/** Brings tokens and text, which come in pieces of their own, together. */
export class TokenAligner {
  readonly tokens: ShownToken[] = [];
  text = ""; // all of it
  private at = 0; // of text: what tokens have been given
  private waiting: Waiting[] = [];
  private begun: number[] = [];

  addText(text: string): void {
    this.text += text;
    this.settle(false);
  }

  addToken(score: TokenScore): void {
    const bytes = [...this.begun, ...bytesOf(score.text)];
    const whole = wholeCharacters(bytes);
    this.waiting.push({
      text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(
        Uint8Array.from(bytes.slice(0, whole)),
      ),
      score,
      begun: this.begun,
    });
    this.begun = bytes.slice(whole);
    this.settle(false);
  }

  /** No more comes: what waits for its text has none, or only a part. */
  finish(): void {
    this.settle(true);
  }

  /** The text, each character in one piece: tokens, and what has no token. */
  private settle(isLast: boolean): void {
    let done = 0;
    for (const token of this.waiting) {
      const shown = this.match(token, isLast, this.waiting[done + 1]);
      if (shown === undefined) break;
      this.at += shown.length;
      this.tokens.push({ shown, score: token.score, begun: token.begun });
      ++done;
    }
    if (done > 0) this.waiting.splice(0, done);
    // What no token accounts for still is text.
    const last = this.tokens.at(-1);
    if (isLast && last && this.at < this.text.length) {
      this.tokens[this.tokens.length - 1] = {
        ...last,
        shown: last.shown + this.text.slice(this.at),
      };
      this.at = this.text.length;
    }
  }

  /** What of the text this token is; undefined while that is still to come. */
  private match(token: Waiting, isLast: boolean, next: Waiting | undefined): string | undefined {
    const { text } = token;
    if (text === "") return "";
    const rest = this.text.slice(this.at, this.at + text.length + 64);
    if (rest.startsWith(text)) return text;
    // Tokenizers of words put spaces between; an answer that is trimmed has none at its ends.
    const space = /^\s*/.exec(rest)?.[0] ?? "";
    if (space && rest.startsWith(text, space.length)) return space + text;
    const bare = text.trimStart();
    if (bare !== text && this.at === 0) {
      if (bare === "" && (rest !== "" || isLast)) return "";
      if (bare !== "" && rest.startsWith(bare)) return bare;
    }
    if (isLast) return commonStart(text, rest);
    if (text.startsWith(rest) || (bare !== text && bare.startsWith(rest))) return undefined;
    if (isSpecial(token.score.text)) return "";
    // Neither this nor its beginning stands there: if the next one does, this one is not shown.
    return next === undefined
      ? undefined
      : rest.startsWith(next.text)
        ? ""
        : commonStart(text, rest);
  }
}

function commonStart(a: string, b: string): string {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) ++n;
  return a.slice(0, n);
}

/** How many of the bytes are whole characters: all but a beginning of one at the end. */
function wholeCharacters(bytes: number[]): number {
  for (let back = 1; back <= Math.min(3, bytes.length); ++back) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const wants = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return byte < 0xf8 && wants > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The text up to and with `name` in the place of token `index`; undefined where that is not whole characters. */
export function textWith(tokens: ShownToken[], index: number, name: string): string | undefined {
  const token = tokens[index];
  if (!token || isSpecial(name)) return undefined;
  const end = textOf([...token.begun, ...bytesOf(name)]);
  if (end === undefined) return undefined;
  const own = name === token.score.text && token.shown !== "" ? token.shown : end;
  return (
    tokens
      .slice(0, index)
      .map(({ shown }) => shown)
      .join("") + own
  );
}

/** The tokens of that text: those before, and the chosen one with what the model thought of it. */
export function tokensWith(tokens: ShownToken[], index: number, name: string): ShownToken[] {
  const token = tokens[index];
  if (!token) return tokens;
  if (name === token.score.text) return tokens.slice(0, index + 1);
  const { top } = token.score;
  const logprob = top.find(({ text }) => text === name)?.logprob ?? NaN;
  const shown = textOf([...token.begun, ...bytesOf(name)]) ?? "";
  return [
    ...tokens.slice(0, index),
    { shown, score: { text: name, logprob, top }, begun: token.begun },
  ];
}

/** A token with its white space to be seen: "·the", "↵", and bytes as "\xe2\x80". */
export function visibleToken(name: string): string {
  if (rawBytes(name)) return name.slice("bytes:".length);
  if (name === "") return "(nothing)";
  return name.replace(/\r/g, "␍").replace(/\n/g, "↵").replace(/\t/g, "⇥").replace(/ /g, "·");
}

/** exp of the mean negative log-probability; undefined where no token has one. */
export function perplexity(tokens: ShownToken[]): number | undefined {
  const known = tokens.map(({ score }) => score.logprob).filter(Number.isFinite);
  if (known.length === 0) return undefined;
  return Math.exp(-known.reduce((sum, value) => sum + value, 0) / known.length);
}

/** Text that no token is known of, as one. */
export const plainToken = (text: string): ShownToken => ({
  shown: text,
  score: { text, logprob: NaN, top: [] },
  begun: [],
});

/** The tokens, if they are all of the text; else the text as it is. */
export function tokensOrText(tokens: ShownToken[], text: string): ShownToken[] {
  if (tokens.map(({ shown }) => shown).join("") === text) return tokens;
  return text === "" ? [] : [plainToken(text)];
}

// How likely a token was, in steps that the eye tells apart. Each bound is the least of its step.
export const kSteps = [0, 0.01, 0.05, 0.2, 0.5, 0.9];
export const kStepNames = ["<1%", "1%", "5%", "20%", "50%", "90%"];

/** 0: nobody expected it, to 5: nothing else was likely; undefined where nothing is known. */
export function stepOfLogprob(logprob: number): number | undefined {
  if (!Number.isFinite(logprob)) return undefined;
  const probability = Math.exp(logprob);
  for (let step = kSteps.length - 1; step > 0; --step) {
    if (probability >= (kSteps[step] ?? 0)) return step;
  }
  return 0;
}

const kLeastParagraph = 60; // tokens

/** Tokens in groups that are not small, each but the last ending with a line break. */
export function paragraphsOf(tokens: ShownToken[]): { base: number; tokens: ShownToken[] }[] {
  const paragraphs: { base: number; tokens: ShownToken[] }[] = [];
  let base = 0;
  for (let i = 0; i < tokens.length; ++i) {
    const isEnd = i + 1 - base >= kLeastParagraph && tokens[i]?.shown.endsWith("\n");
    if (!isEnd && i + 1 < tokens.length) continue;
    paragraphs.push({ base, tokens: tokens.slice(base, i + 1) });
    base = i + 1;
  }
  return paragraphs;
}
