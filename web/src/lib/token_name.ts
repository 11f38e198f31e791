// Tokens as the server names them: their text, or "bytes:\xe2\x80" where that is not UTF-8 by itself.

const kBytes = /^bytes:((?:\\x[0-9a-f]{2})+)$/;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The text of bytes; undefined where they are not whole characters. */
export function textOf(bytes: Iterable<number>): string | undefined {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    return undefined;
  }
}

/**
 * The bytes of a token that is a part of a character, or of several; undefined for text. A text that only looks so is
 * valid UTF-8 behind its escapes, and stays a text.
 */
export function rawBytes(name: string): Uint8Array | undefined {
  const hex = kBytes.exec(name)?.[1];
  if (hex === undefined) return undefined;
  const bytes = Uint8Array.from(hex.slice(2).split("\\x"), (byte) => parseInt(byte, 16));
  return textOf(bytes) === undefined ? bytes : undefined;
}

export const bytesOf = (name: string): Uint8Array => rawBytes(name) ?? encoder.encode(name);
