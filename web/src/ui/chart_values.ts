// What a chart says in words: the values at a place, and some of all of them.

import type { Range } from "./chart_zoom";
import type { ChartLine, ChartValues } from "./chart_types";

/**
 * The index of the value that a line has nearest to index `at`; null where there is none within `reach` of x.
 * A gap is an answer, but for lines with a value now and then.
 */
export function nearestIndex(
  x: readonly number[],
  values: ChartValues,
  at: number,
  isSparse: boolean,
  reach: number,
): number | null {
  const isThere = (i: number) => values[i] !== undefined && !(isSparse && values[i] === null);
  if (isThere(at)) return at;
  const here = x[at] ?? 0;
  let best: number | null = null;
  let distance = reach;
  for (const step of [-1, 1]) {
    for (let i = at + step; i >= 0 && i < x.length; i += step) {
      const far = Math.abs((x[i] ?? 0) - here);
      if (far > distance) break;
      if (!isThere(i)) continue;
      best = i;
      distance = far;
      break;
    }
  }
  return best;
}

/**
 * Where a line's value for index `at` is, with `span` of x seen. One with a value now and then has one between any two,
 * and for a while beside its ends.
 */
export function indexAt(
  x: readonly number[],
  line: ChartLine,
  at: number,
  span: number,
): number | null {
  if (!line.isSparse) return nearestIndex(x, line.values, at, false, span / 50);
  const isNumber = (value: unknown) => typeof value === "number";
  const isWithin =
    line.values.slice(0, at + 1).some(isNumber) && line.values.slice(at).some(isNumber);
  return nearestIndex(x, line.values, at, true, isWithin ? Infinity : span / 8);
}

/** The ends of all but the most extreme hundredths, at either end. Undefined for few values. */
export function bulkOf(values: number[]): [number, number] | undefined {
  if (values.length < 20) return undefined;
  const sorted = Float64Array.from(values).sort();
  const at = (part: number) => sorted[Math.round(part * (sorted.length - 1))] ?? 0;
  return [at(0.01), at(0.99)];
}

/** "1.3012 (1.1…1.5)", with the least and the greatest of a bucket where it has several rows. */
export function valueText(
  line: ChartLine,
  index: number | null,
  format: (value: number) => string,
): string {
  if (index === null) return "–";
  const value = (line.shown ?? line.values)[index];
  if (value === null || value === undefined) return "–";
  const low = line.low?.[index];
  const high = line.high?.[index];
  if (low === null || low === undefined || high === null || high === undefined || low === high)
    return format(value);
  return `${format(value)} (${format(low)}…${format(high)})`;
}

/**
 * At most `n` places of x within `range`, evenly spread, the first and the last with them; a place that `isRich` is
 * taken for one near by.
 */
export function spread(
  x: readonly number[],
  range: Range,
  n: number,
  isRich: (at: number) => boolean = () => true,
): number[] {
  const within: number[] = [];
  x.forEach((value, i) => {
    if (value >= range.from && value <= range.to) within.push(i);
  });
  if (within.length <= n) return within;
  const last = within.length - 1;
  const reach = Math.floor((last / (n - 1) - 1) / 2); // so far, places of neighbours do not meet
  return Array.from({ length: n }, (_, k) => {
    const middle = Math.round((k * last) / (n - 1));
    for (let away = 0; away <= reach && k > 0 && k < n - 1; ++away)
      for (const place of [within[middle - away], within[middle + away]])
        if (place !== undefined && isRich(place)) return place;
    return within[middle] ?? 0;
  });
}
