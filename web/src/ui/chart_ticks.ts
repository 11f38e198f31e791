// Where axes have their marks and what stands there.

/** 1, 2 or 5 times a power of ten, at least `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const times of [1, 2, 5, 10]) if (times * power >= least * (1 - 1e-9)) return times * power;
  return 10 * power;
}

/** About `n` round values from `min` to `max`; `min` alone where these are too near for numbers between them. */
export function linearTicks(min: number, max: number, n: number): number[] {
  if (!(max > min)) return [min];
  const step = niceStep((max - min) / Math.max(1, n));
  const first = Math.ceil(min / step - 1e-9);
  const last = Math.floor(max / step + 1e-9);
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) return [min];
  return Array.from({ length: last - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(12)),
  );
}

/** About `n` round values for a logarithmic axis: powers of ten, with 2 and 5 times them where there is room. */
export function logTicks(min: number, max: number, n: number): number[] {
  if (!(min > 0) || !(max > min)) return [];
  const decades = Math.log10(max / min);
  if (decades < 0.7) return linearTicks(min, max, n);
  const times = decades * 3 <= n * 1.5 ? [1, 2, 5] : [1];
  const every = times.length > 1 ? 1 : Math.max(1, Math.ceil(decades / n));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(min)); 10 ** power <= max; ++power) {
    if (power % every !== 0) continue;
    for (const factor of times) {
      const tick = Number((factor * 10 ** power).toPrecision(3));
      if (tick >= min * (1 - 1e-9) && tick <= max * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks.length > 1 ? ticks : linearTicks(min, max, n);
}

const kUnits: [number, string][] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "k"],
];

/** The least distance of two of them. */
function leastGap(ticks: number[]): number {
  let least = Infinity;
  for (let i = 1; i < ticks.length; ++i)
    least = Math.min(least, Math.abs((ticks[i] ?? 0) - (ticks[i - 1] ?? 0)));
  return least;
}

/** Texts with as many digits as tell the marks apart: "1.25M", "500,020", "0.015", "3e-4", "2e35". */
export function tickTexts(ticks: number[]): string[] {
  const largest = Math.max(...ticks.map(Math.abs));
  const gap = Number.isFinite(leastGap(ticks)) ? leastGap(ticks) : largest;
  if ((largest > 0 && largest < 1e-2) || largest >= 1e15)
    return ticks.map((tick) => (tick === 0 ? "0" : trimExponent(tick, gap)));
  return ticks.map((tick) => {
    if (tick === 0) return "0";
    for (const [size, unit] of kUnits) {
      // No more than two digits behind the point: beyond that whole numbers read better.
      if (Math.abs(tick) >= size && Math.abs(tick) < 1000 * size && gap >= size / 100)
        return `${Number((tick / size).toPrecision(12)).toString()}${unit}`;
    }
    const digits = Math.min(
      8,
      Math.max(0, -Math.floor(Math.log10(Math.min(gap, Math.abs(tick))) + 1e-9)),
    );
    return tick.toLocaleString("en-US", { maximumFractionDigits: digits });
  });
}

function trimExponent(tick: number, gap: number): string {
  const digits = Math.floor(Math.log10(Math.abs(tick))) - Math.floor(Math.log10(gap) + 1e-9);
  const [mantissa = "", exponent = ""] = tick
    .toExponential(Math.min(8, Math.max(0, digits)))
    .split("e");
  return `${mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa}e${exponent.replace("+", "")}`;
}
