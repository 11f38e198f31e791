import { describe, expect, it } from "vitest";
import type { Sample } from "../../lib/types";
import { groupSamples, mergeSamples, restOf } from "./samples";

const sample = (step: number, idx: number, output = ""): Sample => ({
  run_id: "a",
  step,
  idx,
  prompt: "The ",
  output,
  created_at: 0,
});

describe("samples", () => {
  it("are grouped by step, the newest first, in their order within", () => {
    const groups = groupSamples([sample(100, 1), sample(200, 0), sample(100, 0)]);
    expect(groups.map(({ step, samples }) => [step, samples.map(({ idx }) => idx)])).toEqual([
      [200, [0]],
      [100, [0, 1]],
    ]);
  });

  it("told again replace the ones before", () => {
    const merged = mergeSamples([sample(100, 0, "old")], [sample(100, 0, "new"), sample(50, 0)]);
    expect(merged.map(({ output }) => output)).toEqual(["new", ""]);
  });

  it("show the prompt once", () => {
    expect(restOf(sample(1, 0, "The king"))).toBe("king");
    expect(restOf(sample(1, 0, "A king"))).toBe("A king");
  });
});
