// The geometry of a small chart over time.

export interface TimedValue {
  time_ms: number;
  value: number | null; // null: a gap
}

/** The next of 1, 2, 5, 10, 20, … that is not below `value`; 1 at least. */
export function niceMost(value: number): number {
  if (!(value > 1)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 2, 5, 10]) {
    if (factor * size >= value * (1 - 1e-9)) return factor * size;
  }
  return 10 * size;
}

export interface Frame {
  from_ms: number;
  to_ms: number;
  most: number; // at the top; 0 is at the bottom
  width: number;
  height: number;
}

const kLongestStep_ms = 5000; // with more between two values the line is broken

/** The line through the values, broken at gaps; a value alone is a dot. `isArea`: closed down to 0. */
export function linePath(values: TimedValue[], frame: Frame, isArea = false): string {
  const { from_ms, to_ms, most, width, height } = frame;
  const x = (time_ms: number) => (((time_ms - from_ms) / (to_ms - from_ms)) * width).toFixed(1);
  const y = (value: number) => (height - Math.min(1, value / most) * height).toFixed(1);
  let path = "";
  let run: { time_ms: number; value: number }[] = [];
  const end = () => {
    const first = run[0];
    const last = run.at(-1);
    if (first && last) {
      const points = run.map(({ time_ms, value }) => `${x(time_ms)} ${y(value)}`);
      if (isArea) {
        path += `M${x(first.time_ms)} ${height}L${points.join("L")}L${x(last.time_ms)} ${height}Z`;
      } else {
        path += `M${points.join("L")}${run.length === 1 ? "h0.1" : ""}`;
      }
    }
    run = [];
  };
  let before_ms = -Infinity;
  for (const { time_ms, value } of values) {
    if (value === null || time_ms - before_ms > kLongestStep_ms) end();
    if (value !== null) run.push({ time_ms, value });
    before_ms = time_ms;
  }
  end();
  return path;
}
