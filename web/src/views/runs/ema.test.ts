import { describe, expect, it } from "vitest";
import { decayOf, sliderOf, smooth } from "./ema";

const x = [1, 2, 3, 4];

describe("the moving average", () => {
  it("is the values themselves without smoothing", () => {
    expect(smooth(x, [3, null, 1, 2], 0, 1)).toEqual([3, null, 1, 2]);
  });

  it("begins with the first value, not near zero", () => {
    expect(smooth(x, [5, 5, 5, 5], 0.99, 1).every((v) => Math.abs((v ?? 0) - 5) < 1e-9)).toBe(true);
    // (1 - d) (d a + b) / (1 - d²) = (d a + b) / (1 + d)
    expect(smooth([1, 2], [4, 1], 0.5, 1)[1]).toBeCloseTo((0.5 * 4 + 1) / 1.5);
  });

  it("leaves holes as they are and goes on behind them", () => {
    const out = smooth(x, [4, null, undefined, 4], 0.9, 1);
    expect(out[1]).toBeNull();
    expect(out[2]).toBeUndefined();
    expect(out[3]).toBeCloseTo(4);
  });

  it("gives a point that is far from the one before the weight of the points between", () => {
    const dense = smooth([1, 2, 3], [0, 6, 6], 0.8, 1)[2] ?? 0;
    const sparse = smooth([1, 3], [0, 6], 0.8, 1)[1] ?? 0;
    expect(sparse).toBeCloseTo(dense, 0);
    expect(sparse).toBeGreaterThan(smooth([1, 2], [0, 6], 0.8, 1)[1] ?? 0);
  });
});

describe("the slider of smoothing", () => {
  it("goes from 0 to 0.999 and back", () => {
    expect(decayOf(0)).toBe(0);
    expect(decayOf(1)).toBe(0.999);
    for (const decay of [0, 0.5, 0.9, 0.99]) expect(decayOf(sliderOf(decay))).toBeCloseTo(decay, 3);
  });
});
