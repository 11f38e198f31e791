import { describe, expect, it } from "vitest";
import { bytesOf, rawBytes } from "../../lib/token_name";
import { hex, quoted, shownParts, shownToken } from "./pieces";

const shown = (piece: string) =>
  shownParts(piece)
    .map(({ text, isMark }) => (isMark ? `[${text}]` : text))
    .join("");

describe("pieces", () => {
  it("reads bytes that are no text by themselves", () => {
    expect(rawBytes("bytes:\\xe2\\x80")).toEqual(Uint8Array.of(0xe2, 0x80));
    expect(hex(bytesOf("bytes:\\xf0"))).toBe("f0");
  });

  it("takes what only looks like bytes for the text it is", () => {
    expect(rawBytes("bytes:\\x41")).toBeUndefined();
    expect(rawBytes("bytes:")).toBeUndefined();
    expect(rawBytes("bytes:\\xZZ")).toBeUndefined();
    expect(rawBytes(" bytes:\\xe2")).toBeUndefined();
    expect(shown("bytes:\\x41")).toBe("bytes:\\x41");
  });

  it("has the bytes of a text in UTF-8", () => {
    expect(hex(bytesOf(" é😀"))).toBe("20 c3 a9 f0 9f 98 80");
    expect(hex(bytesOf(""))).toBe("");
  });

  it("marks what cannot be seen", () => {
    expect(shown(" the")).toBe("[·]the");
    expect(shown("  a b\n")).toBe("[··]a[·]b[↵]");
    expect(shown("\t\r\n")).toBe("[⇥␍↵]");
    expect(shown("a\u00a0b")).toBe("a[U+00A0]b");
    expect(shown("\u0000")).toBe("[U+0000]");
    expect(shown("\u202eabc")).toBe("[U+202E]abc");
    expect(shown("bytes:\\xe2\\x80")).toBe("[e2 80]");
  });

  it("leaves what can be seen as it is", () => {
    expect(shown("Ωé東😀")).toBe("Ωé東😀");
    expect(shown("<script>alert(1)</script>")).toBe("<script>alert(1)</script>");
  });

  it("gives an accent alone something to stand on", () => {
    expect(shown("\u0301")).toBe("◌\u0301");
    expect(shown("e\u0301")).toBe("e\u0301");
  });

  it("knows where a line ends", () => {
    expect(shownToken({ id: 1, piece: "a\n" }).endsLine).toBe(true);
    expect(shownToken({ id: 1, piece: "\na" }).endsLine).toBe(false);
  });

  it("tells bytes from a text", () => {
    expect(shownToken({ id: 1, piece: "bytes:\\xe2" }).isRaw).toBe(true);
    expect(shownToken({ id: 1, piece: "e2" }).isRaw).toBe(false);
  });

  it("quotes a piece within a sentence", () => {
    expect(quoted(" a\n")).toBe("“ a\\n”");
    expect(quoted("bytes:\\xe2")).toBe("one byte of a character");
    expect(quoted("bytes:\\xe2\\x80")).toBe("a part of a character");
  });
});
