// What a token is made of: how the server writes it, how it is shown.

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

const kBytes = /^bytes:((?:\\x[0-9a-f]{2})+)$/;
const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

function isUtf8(bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/**
 * The bytes of a piece that is no UTF-8 by itself, which the server writes as "bytes:\xe2\x80"; undefined for text.
 * A text that only looks so is valid UTF-8 behind its escapes, and stays a text.
 */
export function rawBytes(piece: string): Uint8Array | undefined {
  const match = kBytes.exec(piece);
  if (!match?.[1]) return undefined;
  const bytes = Uint8Array.from(match[1].slice(2).split("\\x"), (hex) => parseInt(hex, 16));
  return isUtf8(bytes) ? undefined : bytes;
}

export const bytesOf = (piece: string): Uint8Array => rawBytes(piece) ?? encoder.encode(piece);

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
