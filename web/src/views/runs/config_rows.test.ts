import { describe, expect, it } from "vitest";
import type { Run } from "../../lib/types";
import { compareSettings, flatSettings, settingName, settingText } from "./config_rows";

describe("settings", () => {
  it("have names and values that people read", () => {
    expect(settingName("gradAccumSteps")).toBe("grad accum steps");
    expect(settingName("beta2")).toBe("beta2");
    expect([null, true, false, "", "char", 0.1, [1, 2]].map(settingText)).toEqual([
      "–",
      "yes",
      "no",
      '""',
      "char",
      "0.1",
      "[1,2]",
    ]);
  });

  it("within others carry the outer name", () => {
    expect(flatSettings({ a: 1, b: { c: 2, d: [3] } })).toEqual([
      ["a", 1],
      ["b.c", 2],
      ["b.d", [3]],
    ]);
    expect(flatSettings(null)).toEqual([]);
  });

  it("that differ come first in a comparison", () => {
    const run = (model: object, train: object) =>
      ({ model_config: model, train_config: train }) as unknown as Run;
    const rows = compareSettings([
      run({ nLayer: 3, nEmbd: 96 }, { lr: 0.1 }),
      run({ nLayer: 3, nEmbd: 64 }, { seed: 1 }),
    ]);
    expect(rows.map(({ name, values }) => [name, ...values])).toEqual([
      ["nEmbd", "96", "64"],
      ["lr", "0.1", "–"],
      ["seed", "–", "1"],
      ["nLayer", "3", "3"],
    ]);
    expect(rows.map(({ isSame }) => isSame)).toEqual([false, false, false, true]);
  });
});
