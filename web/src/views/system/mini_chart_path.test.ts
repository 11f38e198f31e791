import { describe, expect, it } from "vitest";
import { linePath, niceMost } from "./mini_chart_path";

describe("niceMost", () => {
  it("is the next round number", () => {
    const pairs: [number, number][] = [
      [0, 1],
      [0.4, 1],
      [1, 1],
      [1.2, 2],
      [3, 5],
      [5, 5],
      [7, 10],
      [10, 10],
      [64, 100],
      [1001, 2000],
      [Number.NaN, 1],
    ];
    for (const [value, most] of pairs) expect(niceMost(value)).toBe(most);
  });
});

describe("linePath", () => {
  const frame = { from_ms: 0, to_ms: 10_000, most: 10, width: 100, height: 20 };
  const at = (...values: [number, number | null][]) =>
    values.map(([time_ms, value]) => ({ time_ms, value }));

  it("goes through the values", () => {
    expect(linePath(at([0, 0], [1000, 5], [2000, 10]), frame)).toBe("M0.0 20.0L10.0 10.0L20.0 0.0");
  });

  it("stays within the frame", () => {
    expect(linePath(at([0, 99], [1000, 10]), frame)).toBe("M0.0 0.0L10.0 0.0");
  });

  it("breaks at gaps and long silences", () => {
    expect(linePath(at([0, 0], [1000, 0], [2000, null], [3000, 0], [4000, 0]), frame)).toBe(
      "M0.0 20.0L10.0 20.0M30.0 20.0L40.0 20.0",
    );
    expect(linePath(at([0, 0], [1000, 0], [9000, 0], [10_000, 0]), frame)).toBe(
      "M0.0 20.0L10.0 20.0M90.0 20.0L100.0 20.0",
    );
  });

  it("makes a dot of a value alone, and nothing of none", () => {
    expect(linePath(at([1000, 0]), frame)).toBe("M10.0 20.0h0.1");
    expect(linePath(at([0, null]), frame)).toBe("");
    expect(linePath([], frame)).toBe("");
  });

  it("closes an area at the bottom", () => {
    expect(linePath(at([0, 10], [1000, 10]), frame, true)).toBe(
      "M0.0 20L0.0 0.0L10.0 0.0L10.0 20Z",
    );
  });
});
