import { describe, expect, it } from "vitest";
import { bulkOf, indexAt, nearestIndex, spread, valueText } from "./chart_values";

const format = (value: number) => value.toFixed(1);

describe("the value of a line at a place", () => {
  const x = [10, 20, 30, 40, 50];

  it("is a gap where there is one, and the nearest where the line goes over it", () => {
    expect(nearestIndex(x, [1, null, 3, 4, 5], 1, false, 100)).toBe(1);
    expect(nearestIndex(x, [1, null, null, 4, 5], 2, true, 100)).toBe(3);
    expect(nearestIndex(x, [1, undefined, undefined, 4, 5], 1, false, 100)).toBe(0);
  });

  it("is nothing far from the line's ends", () => {
    expect(nearestIndex(x, [1, 2, undefined, undefined, undefined], 4, false, 15)).toBeNull();
    expect(nearestIndex(x, [1, 2, undefined, undefined, undefined], 2, false, 15)).toBe(1);
  });

  it("is there between two that are far apart, but not far behind the last", () => {
    const line = { id: "a", label: "a", color: "", isSparse: true };
    const steps = [0, 400, 500, 1000];
    expect(indexAt(steps, { ...line, values: [1, null, null, 2] }, 1, 1000)).toBe(0);
    expect(indexAt(steps, { ...line, values: [1, 2, undefined, undefined] }, 2, 1000)).toBe(1);
    expect(indexAt(steps, { ...line, values: [1, 2, undefined, undefined] }, 3, 1000)).toBeNull();
  });

  it("is said with the least and greatest of its bucket", () => {
    const line = { id: "a", label: "a", color: "", values: [2, 3, null] };
    expect(valueText(line, 0, format)).toBe("2.0");
    expect(valueText({ ...line, low: [1, 3], high: [4, 3] }, 0, format)).toBe("2.0 (1.0…4.0)");
    expect(valueText({ ...line, low: [1, 3], high: [4, 3] }, 1, format)).toBe("3.0");
    expect(valueText({ ...line, shown: [7] }, 0, format)).toBe("7.0");
    expect(valueText(line, 2, format)).toBe("–");
    expect(valueText(line, null, format)).toBe("–");
  });
});

describe("samples of a curve", () => {
  it("are all where they are few, or even ones with both ends", () => {
    const x = Array.from({ length: 101 }, (_, i) => i);
    expect(spread(x, { from: 10, to: 12 }, 20)).toEqual([10, 11, 12]);
    const some = spread(x, { from: 0, to: 100 }, 21);
    expect(some).toHaveLength(21);
    expect(some[0]).toBe(0);
    expect(some[1]).toBe(5);
    expect(some[20]).toBe(100);
  });

  it("are at places with more to tell, where some are near, each once and in order", () => {
    const x = Array.from({ length: 101 }, (_, i) => i);
    const some = spread(x, { from: 0, to: 100 }, 11, (at) => at % 7 === 0);
    expect(some).toEqual([0, 7, 21, 28, 42, 49, 63, 70, 77, 91, 100]);
    expect(spread(x, { from: 0, to: 100 }, 11, () => false)[1]).toBe(10);
  });
});

describe("the bulk of values", () => {
  it("is without the few that are far away", () => {
    const values = Array.from({ length: 201 }, (_, i) => i);
    values[7] = 1e9;
    expect(bulkOf(values)).toEqual([2, 199]);
    expect(bulkOf([1, 2, 1000])).toBeUndefined();
  });
});
