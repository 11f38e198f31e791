// What a token is made of: how the server writes it, how it is shown.

import { rawBytes } from "../../lib/token_name";
import type { Piece } from "../../lib/types";

/** A token as it is shown: visible parts in order, and whether a line ends after it. */
export interface ShownToken {
  id: number;
  parts: ShownPart[];
  endsLine: boolean;
  isRaw: boolean; // bytes that are no text by themselves
}

/** Plain text, or the mark of what could not be seen. */
export interface ShownPart {
  text: string;
  isMark: boolean;
}

/** "e2 80". */
export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

const codePoint = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** What stands for a character that cannot be seen; undefined for one that can. */
function markOf(character: string): string | undefined {
  switch (character) {
    case " ":
      return "·";
    case "\n":
      return "↵";
    case "\t":
      return "⇥";
    case "\r":
      return "␍";
    default:
      // Other spaces, controls, and what turns the direction of writing around.
      return /[\p{Z}\p{C}]/u.test(character) ? codePoint(character) : undefined;
  }
}

/** Where a piece is nothing but printable ASCII, it is its own only part. */
const kPlain = /^[!-~]+$/;

export function shownParts(piece: string): ShownPart[] {
  if (kPlain.test(piece) && !piece.startsWith("bytes:")) return [{ text: piece, isMark: false }];
  const raw = rawBytes(piece);
  if (raw) return [{ text: hex(raw), isMark: true }];
  const parts: ShownPart[] = [];
  for (const character of piece) {
    const mark = markOf(character);
    const last = parts.at(-1);
    const text = mark ?? character;
    if (last?.isMark === (mark !== undefined)) last.text += text;
    else parts.push({ text, isMark: mark !== undefined });
  }
  // An accent by itself would sit on the token before it.
  const first = parts[0];
  if (first && /^\p{M}/u.test(first.text)) first.text = `◌${first.text}`;
  return parts;
}

export const shownToken = ({ id, piece }: Piece): ShownToken => ({
  id,
  parts: shownParts(piece),
  endsLine: piece.endsWith("\n"),
  isRaw: rawBytes(piece) !== undefined,
});

/** A piece within a sentence: “ the”, or its bytes. */
export function quoted(piece: string): string {
  const raw = rawBytes(piece);
  if (raw) return raw.length === 1 ? "one byte of a character" : "a part of a character";
  return `“${piece.replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r")}”`;
}
