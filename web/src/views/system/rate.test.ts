import { describe, expect, it } from "vitest";
import { addAnswer, addGap, kNoHistory, kvBlocks, kWindow_ms, rate, type SeenSystem } from "./rate";

const system = (uptime_seconds: number, generated: number, started_at = 1): SeenSystem => ({
  started_at,
  uptime_seconds,
  tokens: { generated_total: generated, prompt_total: 2 * generated },
  requests: { running: 1, waiting: 2 },
});
const generated = (one: SeenSystem) => one.tokens?.generated_total;

describe("rate", () => {
  it("is what was added per second of the server", () => {
    expect(rate(system(10, 100), system(12, 150), generated)).toBe(25);
    expect(rate(system(10, 100), system(11, 100), generated)).toBe(0);
  });

  it("is not known at first, nor after the server began anew", () => {
    expect(rate(undefined, system(1, 5), generated)).toBeNull();
    expect(rate(system(100, 1000, 1), system(101, 1500, 2), generated)).toBeNull();
    expect(rate(system(100, 1000), system(101, 3), generated)).toBeNull();
    expect(rate(system(100, 1000), system(2, 1001), generated)).toBeNull();
  });

  it("is not known over no time, nor over a long one", () => {
    expect(rate(system(10, 100), system(10, 150), generated)).toBeNull();
    expect(rate(system(10, 100), system(60, 150), generated)).toBeNull();
  });

  it("is not known where the server does not tell", () => {
    expect(rate({}, {}, generated)).toBeNull();
    expect(rate({ uptime_seconds: 1 }, system(2, 1), generated)).toBeNull();
  });
});

describe("kvBlocks", () => {
  it("sums the models", () => {
    const model = { kv_blocks_used: 1, kv_blocks_cached: 2, kv_blocks_free: 5 };
    expect(kvBlocks({ models: [model, model] })).toEqual({ used: 2, cached: 4, free: 10 });
  });

  it("is nothing without models", () => {
    expect(kvBlocks({})).toBeUndefined();
    expect(kvBlocks({ models: [] })).toBeUndefined();
    expect(kvBlocks({ models: [{ id: "a" }] })).toBeUndefined();
  });
});

describe("history", () => {
  it("has a reading for each answer, with rates from the second on", () => {
    let history = addAnswer(kNoHistory, system(1, 10), 1000);
    history = addAnswer(history, system(2, 30), 2000);
    expect(history.readings.map((one) => one.generatedPerSec)).toEqual([null, 20]);
    expect(history.readings.map((one) => one.promptPerSec)).toEqual([null, 40]);
    expect(history.readings[1]).toMatchObject({ time_ms: 2000, running: 1, waiting: 2 });
    expect(history.readings[1]?.kvUsed).toBeNull();
  });

  it("has a gap where the server was away, and goes on after it", () => {
    let history = addAnswer(kNoHistory, system(1, 10), 1000);
    history = addGap(history, 2000);
    history = addAnswer(history, system(3, 30), 3000);
    expect(history.readings.map((one) => one.running)).toEqual([1, null, 1]);
    expect(history.readings[2]?.generatedPerSec).toBe(10);
  });

  it("forgets what is out of the window", () => {
    let history = kNoHistory;
    for (let i = 0; i < 400; ++i) history = addAnswer(history, system(i, i), i * 1000);
    expect(history.readings.length).toBeLessThanOrEqual(kWindow_ms / 1000 + 3);
    expect(history.readings.at(-1)?.time_ms).toBe(399_000);
    expect(history.readings[0]?.time_ms).toBeLessThanOrEqual(399_000 - kWindow_ms);
  });
});
