import { describe, expect, it } from "vitest";
import { clampRange, covers, isWhole, panBy, withMargin, zoomAt } from "./chart_zoom";

const full = { from: 1, to: 1001 };

describe("a zoom", () => {
  it("keeps in place what it zooms at", () => {
    const range = zoomAt(full, full, 0.5, 251);
    expect(range).toEqual({ from: 126, to: 626 });
    expect((251 - range.from) / (range.to - range.from)).toBeCloseTo(0.25);
  });

  it("stays within the whole, and shows all of it when zoomed out far", () => {
    expect(zoomAt({ from: 900, to: 1000 }, full, 4, 990)).toEqual({ from: 601, to: 1001 });
    expect(zoomAt({ from: 400, to: 500 }, full, 100, 450)).toEqual(full);
  });

  it("does not go below a few steps, nor above the whole where that is less", () => {
    const range = zoomAt(full, full, 1e-9, 500);
    expect(range.to - range.from).toBe(4);
    const tiny = { from: 1, to: 3 };
    expect(zoomAt(tiny, tiny, 0.5, 2)).toEqual(tiny);
  });
});

describe("a pan", () => {
  it("moves by a part of what is seen and stops at the ends without changing the width", () => {
    expect(panBy({ from: 101, to: 201 }, full, 0.2)).toEqual({ from: 121, to: 221 });
    expect(panBy({ from: 951, to: 1001 }, full, 0.2)).toEqual({ from: 951, to: 1001 });
    expect(panBy({ from: 5, to: 25 }, full, -0.5)).toEqual({ from: 1, to: 21 });
  });
});

describe("a range", () => {
  it("is moved into the whole and widened to the least", () => {
    expect(clampRange({ from: -50, to: 50 }, full)).toEqual({ from: 1, to: 101 });
    expect(clampRange({ from: 500, to: 500 }, full)).toEqual({ from: 498, to: 502 });
    expect(clampRange({ from: 0, to: 5000 }, full)).toEqual(full);
  });

  it("knows what it covers and when it is the whole", () => {
    expect(covers({ from: 1, to: 10 }, { from: 1, to: 9 })).toBe(true);
    expect(covers({ from: 2, to: 10 }, { from: 1, to: 9 })).toBe(false);
    expect(isWhole({ from: 1.4, to: 1001 }, full)).toBe(true);
    expect(isWhole({ from: 1, to: 900 }, full)).toBe(false);
  });

  it("has margins of whole steps that end with the whole", () => {
    expect(withMargin({ from: 100.5, to: 200.5 }, full, 0.5)).toEqual({ from: 50, to: 251 });
    expect(withMargin({ from: 1, to: 901 }, full, 0.5)).toEqual(full);
  });
});
