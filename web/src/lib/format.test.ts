import { describe, expect, it } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatLoss,
  formatPercent,
  formatValue,
  plural,
} from "./format";

describe("numbers as they are shown", () => {
  it("gives counts three digits and rounds over to the next unit", () => {
    expect(
      [0, 7, 950, 999, 999.7, 1000, 12345, 999_949, 124_439_808, 1.558e9, 3e12].map(formatCount),
    ).toEqual(["0", "7", "950", "999", "1k", "1k", "12.3k", "1M", "124M", "1.56B", "3T"]);
  });

  it("gives a loss four digits, and an exponent when it has blown up", () => {
    expect([2.25159, -0.5, 123456, 2.0002e34, -1e9].map(formatLoss)).toEqual([
      "2.2516",
      "-0.5000",
      "123456.0000",
      "2.00e34",
      "-1.00e9",
    ]);
  });

  it("shows a dash for what is not there or not finite", () => {
    for (const none of [null, undefined, NaN, Infinity]) {
      expect([
        formatCount(none),
        formatLoss(none),
        formatValue(none),
        formatBytes(none),
        formatDuration(none),
        formatPercent(none),
      ]).toEqual(Array(6).fill("–"));
    }
  });

  it("writes small and large values of curves with an exponent", () => {
    expect([0, 0.0006, 0.00312345, 1.234567, 12345.6, 2.5e7, -3.2].map(formatValue)).toEqual([
      "0",
      "6.00e-4",
      "0.003123",
      "1.235",
      "12350",
      "2.50e7",
      "-3.2",
    ]);
  });

  it("gives bytes binary units", () => {
    expect([0, 999, 1024, 1536, 1_048_576, 497_759_232, 2 ** 40].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "1 KiB",
      "1.5 KiB",
      "1 MiB",
      "475 MiB",
      "1 TiB",
    ]);
  });

  it("tells times in at most two units", () => {
    expect([0.0123, 0.35, 12.34, 59.97, 65, 3600, 12_000, 187_200].map(formatDuration)).toEqual([
      "12.3 ms",
      "350 ms",
      "12.3 s",
      "1 min",
      "1 min 5 s",
      "1 h",
      "3 h 20 min",
      "2 d 4 h",
    ]);
  });

  it("tells ages, and no age for a time that is not known", () => {
    const now = 1_700_000_000_000;
    expect([1e3, 30e3, 300e3, 7.3e6, 2e8].map((ago) => formatAge(now - ago, now))).toEqual([
      "just now",
      "30 s ago",
      "5 min ago",
      "2 h ago",
      "2 d ago",
    ]);
    expect(formatAge(0, now)).toBe("–");
  });

  it("never calls a small share nothing", () => {
    expect([0, 0.0001, 0.4213, 0.9999].map(formatPercent)).toEqual([
      "0.0%",
      "<0.1%",
      "42.1%",
      "100%",
    ]);
  });

  it("knows one from many", () => {
    expect([plural(1, "run"), plural(0, "run"), plural(2, "query", "queries")]).toEqual([
      "1 run",
      "0 runs",
      "2 queries",
    ]);
  });
});
