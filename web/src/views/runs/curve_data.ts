// The curves of a run as they are drawn: buckets from the server, and single rows that came since.

import type { Range } from "../../ui/chart_zoom";
import type { Curves, Metric } from "../../lib/types";

export type Values = (number | null)[];

/** A column. Where every point is one row, the three are one and the same array. */
export interface Band {
  mean: Values;
  min: Values;
  max: Values;
}

export interface CurveData {
  n_rows: number; // in the run's file
  first_step: number;
  step: number[]; // of each point: the last one of its bucket
  columns: Record<string, Band>;
  n_buckets: number; // so many of the first points may be several rows each
  rows_per_bucket: number; // where the finest are
  n_appended: number; // so many of the last points came after the server's answer
}

export const lastStep = (data: CurveData): number => data.step[data.step.length - 1] ?? 0;

/** From the first to the last step; of a run without any, 0 to 1. */
export const stepRange = (data: CurveData): Range =>
  data.step.length === 0 ? { from: 0, to: 1 } : { from: data.first_step, to: lastStep(data) };

export function fromCurves(curves: Curves): CurveData {
  const columns: Record<string, Band> = {};
  for (const [name, { mean, min, max }] of Object.entries(curves.columns))
    columns[name] = { mean, min: min ?? mean, max: max ?? mean };
  return {
    n_rows: curves.n_rows,
    first_step: curves.first_step ?? 0,
    step: curves.step,
    columns,
    n_buckets: curves.rows_per_bucket > 1 ? curves.step.length : 0,
    rows_per_bucket: Math.max(1, curves.rows_per_bucket),
    n_appended: 0,
  };
}

const finite = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;

/** `band` with `edit` done to each of its arrays, once where they are one. */
function mapBand(band: Band, edit: (values: Values) => Values): Band {
  const mean = edit(band.mean);
  return band.min === band.mean && band.max === band.mean
    ? { mean, min: mean, max: mean }
    : { mean, min: edit(band.min), max: edit(band.max) };
}

/**
 * The curves with rows that were logged since. A row whose step is there already replaces all from that step on, as
 * after a resume. `isStale` says that it lies within a bucket of several rows: the server must be asked.
 */
export function appendRows(
  data: CurveData,
  rows: readonly Metric[],
): { data: CurveData; isStale: boolean } {
  const step = data.step.slice();
  const added: Metric[] = [];
  let keep = step.length; // of the points that were
  let isStale = false;
  for (const row of rows) {
    const last = added[added.length - 1]?.step ?? step[keep - 1] ?? -Infinity;
    if (row.step > last) {
      added.push(row);
      continue;
    }
    const addedAt = added.findIndex((other) => other.step >= row.step);
    const at = firstAtLeast(step, row.step, keep);
    if (at < Math.min(keep, data.n_buckets)) {
      isStale = true;
      continue;
    }
    keep = at;
    if (addedAt >= 0) added.length = at < keep ? 0 : addedAt;
    else added.length = 0;
    added.push(row);
  }
  if (added.length === 0 && keep === step.length) return { data, isStale };

  step.length = keep;
  for (const row of added) step.push(row.step);
  const names = new Set(Object.keys(data.columns));
  for (const row of added)
    for (const [name, value] of Object.entries(row))
      if (name !== "step" && finite(value) !== null) names.add(name);
  const columns: Record<string, Band> = {};
  for (const name of names) {
    const empty = new Array<number | null>(keep).fill(null);
    const band = data.columns[name] ?? { mean: empty, min: empty, max: empty };
    const more = added.map((row) => finite(row[name]));
    columns[name] = mapBand(band, (values) => values.slice(0, keep).concat(more));
  }
  return {
    data: {
      ...data,
      n_rows: data.n_rows - (data.step.length - keep) + added.length,
      first_step: keep > 0 ? data.first_step : (step[0] ?? 0),
      step,
      columns,
      n_buckets: Math.min(data.n_buckets, keep),
      n_appended: Math.max(0, data.n_appended - (data.step.length - keep)) + added.length,
    },
    isStale,
  };
}

/** The first index whose step is `step` or more, of the first `end`; `end` where there is none. */
export function firstAtLeast(steps: readonly number[], step: number, end = steps.length): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((steps[middle] ?? Infinity) < step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `coarse`, and within `range` the finer points of `fine` instead. */
export function withDetail(coarse: CurveData, fine: CurveData, range: Range): CurveData {
  if (fine.step.length === 0) return coarse;
  const before = firstAtLeast(coarse.step, range.from);
  const after = firstAtLeast(coarse.step, Math.max(range.to, lastStep(fine)) + 0.5);
  const cut = (whole: Values | undefined, part: Values | undefined): Values => [
    ...(whole?.slice(0, before) ?? new Array<null>(before).fill(null)),
    ...(part ?? new Array<null>(fine.step.length).fill(null)),
    ...(whole?.slice(after) ?? new Array<null>(coarse.step.length - after).fill(null)),
  ];
  const columns: Record<string, Band> = {};
  for (const name of new Set([...Object.keys(coarse.columns), ...Object.keys(fine.columns)])) {
    const whole = coarse.columns[name];
    const part = fine.columns[name];
    columns[name] = {
      mean: cut(whole?.mean, part?.mean),
      min: cut(whole?.min, part?.min),
      max: cut(whole?.max, part?.max),
    };
  }
  const step = [...coarse.step.slice(0, before), ...fine.step, ...coarse.step.slice(after)];
  return {
    ...coarse,
    step,
    columns,
    n_buckets: step.length,
    rows_per_bucket: fine.rows_per_bucket,
  };
}

/** Steps between neighbouring points, on average, of those within `range`. */
export function spacingIn(steps: readonly number[], range: Range): number {
  const begin = firstAtLeast(steps, range.from);
  const end = firstAtLeast(steps, range.to + 0.5);
  if (end - begin < 2) return 1;
  return Math.max(1e-9, ((steps[end - 1] ?? 0) - (steps[begin] ?? 0)) / (end - 1 - begin));
}

/** Curves over one x: every step of any of them. Where one has no point there is undefined: its line goes on. */
export function joinCurves<T>(
  tables: readonly { step: readonly number[]; values: readonly (readonly T[])[] }[],
): { step: number[]; values: (T | undefined)[][][] } {
  const step = [...new Set(tables.flatMap((table) => table.step))].sort((a, b) => a - b);
  const place = new Map(step.map((s, i) => [s, i]));
  const values = tables.map((table) =>
    table.values.map((column) => {
      const out = new Array<T | undefined>(step.length).fill(undefined);
      table.step.forEach((s, i) => {
        out[place.get(s) ?? 0] = column[i];
      });
      return out;
    }),
  );
  return { step, values };
}

/** The last value that is there. */
export function lastValue(values: readonly (number | null | undefined)[] | undefined) {
  for (let i = (values?.length ?? 0) - 1; i >= 0; --i) {
    const value = values?.[i];
    if (value !== null && value !== undefined) return value;
  }
  return undefined;
}

/** The index of the least value; undefined where there is none. The earliest of equal ones. */
export function indexOfLeast(values: Values | undefined): number | undefined {
  let best: number | undefined;
  let least = Infinity;
  values?.forEach((value, i) => {
    if (value === null || value >= least) return;
    best = i;
    least = value;
  });
  return best;
}

/** The mean of the last `n` values that are there. */
export function recentMean(values: Values | undefined, n: number): number | undefined {
  const recent: number[] = [];
  for (let i = (values?.length ?? 0) - 1; i >= 0 && recent.length < n; --i) {
    const value = values?.[i];
    if (value !== null && value !== undefined) recent.push(value);
  }
  return recent.length > 0
    ? recent.reduce((sum, value) => sum + value, 0) / recent.length
    : undefined;
}

/** The value that a column has at a step, as far as the buckets tell it: alone, or the same in all of its bucket. */
export function valueAt(curves: Curves, column: string, step: number): number | undefined {
  const at = firstAtLeast(curves.step, step);
  const values = curves.columns[column];
  const mean = values?.mean[at];
  if (mean === null || mean === undefined) return undefined;
  if (curves.rows_per_bucket === 1) return curves.step[at] === step ? mean : undefined;
  return values?.min?.[at] === values?.max?.[at] ? mean : undefined;
}
