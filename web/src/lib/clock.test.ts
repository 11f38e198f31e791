import { afterEach, describe, expect, it } from "vitest";
import { noteServerDate, serverNow } from "./clock";

const date = "Thu, 26 Nov 2026 03:30:43 GMT";
const told_ms = Date.parse(date);
afterEach(() => noteServerDate(date, told_ms));

describe("the server's time", () => {
  it("is this machine's where both agree, to the second", () => {
    noteServerDate(date, told_ms + 1500);
    expect(serverNow(told_ms)).toBe(told_ms);
  });

  it("goes on from what the server said where the clocks differ", () => {
    noteServerDate(date, told_ms - 3_600_000);
    expect(serverNow(told_ms - 3_600_000 + 10_000)).toBe(told_ms + 10_500);
    noteServerDate(date, told_ms + 60_000);
    expect(serverNow(told_ms + 60_000)).toBe(told_ms + 500);
  });

  it("stays known where an answer has no date", () => {
    noteServerDate(date, told_ms - 60_000);
    noteServerDate(null, told_ms);
    expect(serverNow(told_ms - 60_000)).toBe(told_ms + 500);
  });
});
