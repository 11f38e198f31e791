import { describe, expect, it } from "vitest";
import { parseIds } from "./ids";

describe("parseIds", () => {
  it("takes lists as they are pasted", () => {
    expect(parseIds("[1, 2,\n3]")).toEqual({ ids: [1, 2, 3] });
    expect(parseIds("  7 8\t9 ")).toEqual({ ids: [7, 8, 9] });
    expect(parseIds("")).toEqual({ ids: [] });
    expect(parseIds("[]")).toEqual({ ids: [] });
  });

  it("says which word is none", () => {
    for (const word of ["-1", "1.5", "a", "0x10", "1e3", "12345678901"]) {
      const { ids, wrong } = parseIds(`1, ${word}, 2`);
      expect(ids).toEqual([]);
      expect(wrong).toContain(`“${word}”`);
    }
  });
});
