import { describe, expect, it } from "vitest";
import { popoverPlace } from "./popover_place";

const free = { top: 52, bottom: 784, right: 390 };
const token = (top: number, left = 100) => ({ left, top, bottom: top + 20 });

describe("the place of a popover", () => {
  it("is below the token where there is room, else above it", () => {
    expect(popoverPlace(token(100), 290, 300, free)).toMatchObject({ left: 92, top: 126 });
    expect(popoverPlace(token(700), 290, 300, free)).toMatchObject({ left: 92, top: 394 });
  });

  it("never reaches into the bars of a phone, whatever its height", () => {
    for (let top = -100; top < 900; top += 7) {
      for (const height of [40, 300, 500, 716, 2000]) {
        const place = popoverPlace(token(top), 290, height, free);
        expect(place.top).toBeGreaterThanOrEqual(60);
        expect(place.top + Math.min(height, place.maxHeight)).toBeLessThanOrEqual(776);
      }
    }
  });

  it("does not cover the token where it fits beside it", () => {
    for (let top = 52; top < 760; top += 7) {
      const place = popoverPlace(token(top), 290, 330, free);
      expect(place.top >= top + 20 || place.top + 330 <= top).toBe(true);
    }
  });

  it("stays in the window at both sides", () => {
    expect(popoverPlace(token(100, -40), 290, 300, free).left).toBe(8);
    expect(popoverPlace(token(100, 380), 290, 300, free).left).toBe(92);
  });
});
