// Arithmetic of what part of an axis is seen.

/** From one end to the other, both within. */
export interface Range {
  from: number;
  to: number;
}

/** The least that a zoom shows. */
export const kLeastSpan = 4;

export const spanOf = ({ from, to }: Range): number => to - from;

/** `range` moved and cut so that it lies within `full`, at least `least` wide where `full` is. */
export function clampRange(range: Range, full: Range, least = kLeastSpan): Range {
  const whole = spanOf(full);
  const span = Math.min(whole, Math.max(spanOf(range), Math.min(least, whole)));
  const middle = (range.from + range.to) / 2;
  const from = spanOf(range) < span ? middle - span / 2 : range.from;
  const start = Math.min(Math.max(from, full.from), full.to - span);
  return { from: start, to: start + span };
}

/** Makes the part that is seen `factor` times as wide; what is at `at` stays where it is. */
export function zoomAt(range: Range, full: Range, factor: number, at: number): Range {
  const least = Math.min(kLeastSpan, spanOf(full));
  const span = spanOf(range);
  const next = Math.min(spanOf(full), Math.max(least, span * factor));
  const part = span > 0 ? Math.min(1, Math.max(0, (at - range.from) / span)) : 0.5;
  const from = at - part * next;
  return clampRange({ from, to: from + next }, full, least);
}

/** Moves by a part of what is seen: 0.2 is a fifth to the right. */
export function panBy(range: Range, full: Range, part: number): Range {
  const by = spanOf(range) * part;
  return clampRange({ from: range.from + by, to: range.to + by }, full, 0);
}

export const covers = (outer: Range, inner: Range): boolean =>
  outer.from <= inner.from && outer.to >= inner.to;

/** Whether all, but for a thousandth, is seen. */
export const isWhole = (range: Range, full: Range): boolean =>
  spanOf(range) >= spanOf(full) * 0.999;

/** `range` and `part` of its width more on either side, as far as `full` goes; whole numbers. */
export function withMargin(range: Range, full: Range, part: number): Range {
  const by = spanOf(range) * part;
  return {
    from: Math.floor(Math.max(full.from, range.from - by)),
    to: Math.ceil(Math.min(full.to, range.to + by)),
  };
}
