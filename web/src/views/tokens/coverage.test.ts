import { describe, expect, it } from "vitest";
import { countBytes, countCharacters, examples, leftOut } from "./coverage";

describe("leftOut", () => {
  it("finds nothing where the pieces are the text", () => {
    expect(leftOut("a b", ["a", " b"])).toEqual([]);
    expect(leftOut("", [])).toEqual([]);
  });

  it("finds the characters that a character tokenizer skips", () => {
    expect(leftOut("né—a😀", ["n", "a"])).toEqual(["é—", "😀"]);
    expect(leftOut("éa", ["a"])).toEqual(["é"]);
    expect(leftOut("東京", [])).toEqual(["東京"]);
  });

  it("does not count the spaces between words", () => {
    expect(leftOut("the  cat sat", ["the", "sat"])).toEqual(["cat"]);
    expect(leftOut("the  cat", ["the", "cat"])).toEqual([]);
  });

  it("trusts a tokenizer of bytes", () => {
    expect(leftOut("é", ["bytes:\\xc3", "bytes:\\xa9"])).toEqual([]);
  });

  it("says nothing of a tokenizer that writes otherwise", () => {
    expect(leftOut("ABC", ["a", "b", "c"])).toEqual([]);
  });

  it("is quick with a long text", () => {
    const text = "aé".repeat(200_000);
    const pieces = Array.from({ length: 200_000 }, () => "a");
    expect(leftOut(text, pieces)).toHaveLength(200_000);
  });
});

describe("examples", () => {
  it("has each once, and not too many", () => {
    expect(examples(["é", "ö", "é", "ü"], 2)).toEqual(["é", "ö"]);
    expect(examples(["é", "é"], 5)).toEqual(["é"]);
  });

  it("cuts long ones between characters", () => {
    expect(examples(["😀".repeat(40)], 1)).toEqual([`${"😀".repeat(24)}…`]);
  });
});

describe("counts", () => {
  it("counts characters rather than their units", () => {
    expect(countCharacters("aé😀")).toBe(3);
    expect(countCharacters("\ud83d")).toBe(1);
    expect(countCharacters("\ud83da")).toBe(2);
    expect(countCharacters("")).toBe(0);
  });

  it("counts bytes in UTF-8", () => {
    expect(countBytes("aé😀")).toBe(7);
  });
});
