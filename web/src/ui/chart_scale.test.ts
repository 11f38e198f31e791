import { describe, expect, it } from "vitest";
import { linearEnds, logEnds } from "./chart_scale";
import { linearTicks } from "./chart_ticks";

describe("the y axis", () => {
  it("has a little room, and begins with 0 where it is to", () => {
    expect(linearEnds(1, 2, false)).toEqual([0.94, 2.06]);
    expect(linearEnds(1, 2, true)).toEqual([0, 2.12]);
    expect(linearEnds(-1, 1, true)).toEqual([-1.12, 1.12]);
    expect(linearEnds(-2, -1, true)).toEqual([-2.12, 0]);
  });

  it("has room around a value that stays, also one that differs by a rounding", () => {
    expect(linearEnds(4, 4, false)).toEqual([3.8, 4.2]);
    expect(linearEnds(0, 0, true)).toEqual([0, 1]);
    expect(linearEnds(0, 0, false)).toEqual([-1, 1]);
    const [low, high] = linearEnds(0.1, 0.1 + 1.4e-17, false);
    expect(high - low).toBeGreaterThan(0.009);
    expect(linearEnds(-3, -3, false)).toEqual([-3.15, -2.85]);
  });

  it("is from 0 to 1 where there is nothing, or what no axis holds", () => {
    expect(linearEnds(null, null, false)).toEqual([0, 1]);
    expect(linearEnds(-1e308, 1e308, false)).toEqual([0, 1]);
    expect(logEnds(null, null)).toEqual([0.1, 1]);
    expect(logEnds(0, 5)).toEqual([0.1, 1]);
  });

  it("has room by factors on a logarithmic scale", () => {
    const [low, high] = logEnds(1, 10);
    expect(low * high).toBeCloseTo(10);
    expect(low).toBeCloseTo(10 ** -0.06);
    expect(logEnds(5, 5)).toEqual([5 / 1.2, 6]);
  });

  it("has few marks, however near its ends are", () => {
    expect(linearTicks(0.1, 0.1 + 1.4e-17, 5).length).toBeLessThan(20);
    expect(linearTicks(1e6, 1e6 + 1e-10, 5).length).toBeLessThan(20);
    expect(linearTicks(-1e308, 1e308, 5).length).toBeLessThan(20);
  });
});
