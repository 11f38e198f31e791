import { describe, expect, it } from "vitest";
import { linearTicks, logTicks, niceStep, tickTexts } from "./chart_ticks";

describe("marks of an axis", () => {
  it("have round distances", () => {
    expect([0.7, 1, 1.2, 30, 51, 0.003].map(niceStep)).toEqual([1, 1, 2, 50, 100, 0.005]);
    expect(linearTicks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(1, 1000000, 5)).toEqual([200000, 400000, 600000, 800000, 1000000]);
    expect(linearTicks(3, 3, 5)).toEqual([3]);
  });

  it("are powers of ten on a logarithmic axis, with more between where there is room", () => {
    expect(logTicks(1, 100, 6)).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logTicks(1e-6, 1e6, 5)).toEqual([1e-6, 1e-3, 1, 1e3, 1e6]);
    expect(logTicks(2.1, 2.4, 3)).toEqual([2.1, 2.2, 2.3, 2.4]);
    expect(logTicks(0, 1, 3)).toEqual([]);
  });
});

describe("texts of marks", () => {
  it("tell neighbours apart", () => {
    expect(tickTexts([0, 250000, 500000, 1000000])).toEqual(["0", "250k", "500k", "1M"]);
    expect(tickTexts([1240000, 1250000])).toEqual(["1.24M", "1.25M"]);
    expect(tickTexts([500020, 500040])).toEqual(["500.02k", "500.04k"]);
    expect(tickTexts([500021, 500022])).toEqual(["500,021", "500,022"]);
    expect(tickTexts([1000020, 1000040])).toEqual(["1,000,020", "1,000,040"]);
    expect(tickTexts([0.01, 0.015, 0.02])).toEqual(["0.01", "0.015", "0.02"]);
    expect(tickTexts([1, 2, 5, 10])).toEqual(["1", "2", "5", "10"]);
  });

  it("have an exponent where the numbers are small or huge", () => {
    expect(tickTexts([0, 5e34, 1e35])).toEqual(["0", "5e34", "1e35"]);
    expect(tickTexts([0, 0.0002, 0.0004])).toEqual(["0", "2e-4", "4e-4"]);
    expect(tickTexts([0.00055, 0.0006])).toEqual(["5.5e-4", "6e-4"]);
  });
});
