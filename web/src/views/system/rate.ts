// Rates out of totals that a server tells of each second, and what the charts of the last minutes show.

import type { System } from "../../lib/types";

/** A server of another version may tell less. */
export type Seen<T> = T extends (infer Item)[]
  ? Seen<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Seen<T[Key]> }
    : T;
export type SeenSystem = Seen<System>;

/** One moment. null: not known, a gap in the curve. */
export interface Reading {
  time_ms: number; // of this page's clock
  generatedPerSec: number | null;
  promptPerSec: number | null;
  running: number | null;
  waiting: number | null;
  kvUsed: number | null; // 0 to 1, of the blocks of all loaded models
}

/** The readings of the window, and the answer that the next one is compared with. */
export interface History {
  readings: Reading[];
  last: SeenSystem | undefined;
}

export const kNoHistory: History = { readings: [], last: undefined };
export const kWindow_ms = 120_000;
const kLongestStep_s = 10; // more lies between than the mean would tell of

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);

/**
 * What was added to a total per second of the server's clock. null where that cannot be said: at first, after the
 * server was started anew (its totals begin with 0 again), after a long time without an answer.
 */
export function rate(
  before: SeenSystem | undefined,
  now: SeenSystem,
  totalOf: (system: SeenSystem) => number | undefined,
): number | null {
  if (!before || before.started_at !== now.started_at) return null;
  const [from, to] = [totalOf(before), totalOf(now)];
  const [begin, end] = [before.uptime_seconds, now.uptime_seconds];
  if (!isNumber(from) || !isNumber(to) || !isNumber(begin) || !isNumber(end)) return null;
  const seconds = end - begin;
  if (seconds <= 0 || seconds > kLongestStep_s || to < from) return null;
  return (to - from) / seconds;
}

export interface KvBlocks {
  used: number;
  cached: number;
  free: number;
}

/** Blocks of all models; undefined where none is loaded, or the server does not tell. */
export function kvBlocks(system: SeenSystem): KvBlocks | undefined {
  const sum = { used: 0, cached: 0, free: 0 };
  for (const model of system.models ?? []) {
    sum.used += model.kv_blocks_used ?? 0;
    sum.cached += model.kv_blocks_cached ?? 0;
    sum.free += model.kv_blocks_free ?? 0;
  }
  return sum.used + sum.cached + sum.free > 0 ? sum : undefined;
}

const within = (readings: Reading[], time_ms: number) =>
  readings.filter((reading) => reading.time_ms > time_ms - kWindow_ms - 2000);

export function addAnswer(history: History, system: SeenSystem, time_ms: number): History {
  const blocks = kvBlocks(system);
  const reading: Reading = {
    time_ms,
    generatedPerSec: rate(history.last, system, (one) => one.tokens?.generated_total),
    promptPerSec: rate(history.last, system, (one) => one.tokens?.prompt_total),
    running: system.requests?.running ?? null,
    waiting: system.requests?.waiting ?? null,
    kvUsed: blocks ? blocks.used / (blocks.used + blocks.cached + blocks.free) : null,
  };
  return { readings: within([...history.readings, reading], time_ms), last: system };
}

/** The server did not answer: a gap. */
export function addGap(history: History, time_ms: number): History {
  const reading: Reading = {
    time_ms,
    generatedPerSec: null,
    promptPerSec: null,
    running: null,
    waiting: null,
    kvUsed: null,
  };
  return { readings: within([...history.readings, reading], time_ms), last: history.last };
}
