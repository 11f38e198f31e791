// What a tokenizer left out of a text. Character and word tokenizers skip what is not in their vocabulary.

import { rawBytes } from "../../lib/token_name";

/** The skipped parts in order, spaces between words not counted. A tokenizer of bytes skips nothing. */
export function leftOut(text: string, pieces: string[]): string[] {
  if (pieces.join("") === text) return [];
  if (pieces.some((piece) => rawBytes(piece) !== undefined)) return [];
  const parts: string[] = [];
  const add = (part: string) => {
    const trimmed = part.trim();
    if (trimmed) parts.push(trimmed);
  };
  let at = 0;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return []; // not one of those that only skip
    add(text.slice(at, found));
    at = found + piece.length;
  }
  add(text.slice(at));
  return parts;
}

/** The different ones in the order they come, at most `most`. */
export function examples(parts: string[], most: number): string[] {
  const seen = new Set<string>();
  for (const part of parts) {
    if (seen.size >= most) break;
    seen.add(part.length > 24 ? `${[...part].slice(0, 24).join("")}…` : part);
  }
  return [...seen];
}

/** Unicode characters, however many units each takes. */
export function countCharacters(text: string): number {
  let n = text.length;
  for (let i = 0; i + 1 < text.length; ++i) {
    const unit = text.charCodeAt(i);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = text.charCodeAt(i + 1);
    if (next >= 0xdc00 && next <= 0xdfff) {
      --n;
      ++i;
    }
  }
  return n;
}

export const countBytes = (text: string): number => new TextEncoder().encode(text).length;

/** Characters of all the parts that were left out. */
export const countLeftOut = (parts: string[]): number =>
  parts.reduce((sum, part) => sum + countCharacters(part), 0);
