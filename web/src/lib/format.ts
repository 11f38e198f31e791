// How numbers are shown. What is not there is a dash.

export const kNone = "–";

type Maybe = number | null | undefined;

const isNumber = (value: Maybe): value is number =>
  typeof value === "number" && Number.isFinite(value);

/** 1234567 → "1,234,567". */
export function formatInteger(value: Maybe): string {
  return isNumber(value) ? Math.round(value).toLocaleString("en-US") : kNone;
}

/** A count in three digits: 950, "12.3k", "124M", "1.56B". */
export function formatCount(value: Maybe): string {
  if (!isNumber(value)) return kNone;
  if (Math.abs(value) < 999.5) return trim(value, 3);
  for (const [unit, size] of [
    ["k", 1e3],
    ["M", 1e6],
    ["B", 1e9],
  ] as const) {
    // 999,950 is "1M" rather than "1000k".
    if (Math.abs(value) < 999.5 * size) return trim(value / size, 3) + unit;
  }
  return trim(value / 1e12, 3) + "T";
}

/** `digits` significant digits, no zeros at the end, never an exponent for what people read as a number. */
function trim(value: number, digits: number): string {
  if (value === 0) return "0";
  const rounded = Number(value.toPrecision(digits));
  return Math.abs(rounded) >= 10 ** digits ? Math.round(value).toString() : rounded.toString();
}

/** A value of a curve: 4 significant digits, and an exponent for what is small or large. */
export function formatValue(value: Maybe): string {
  if (!isNumber(value)) return kNone;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(2).replace("e+", "e");
  return Number(value.toPrecision(4)).toString();
}

/** A loss: four digits after the point, and an exponent for one that has blown up. */
export function formatLoss(value: Maybe): string {
  return isNumber(value) && Math.abs(value) < 1e6 ? value.toFixed(4) : formatValue(value);
}

/** A part of one: 0.4213 → "42.1%". */
export function formatPercent(value: Maybe): string {
  if (!isNumber(value)) return kNone;
  const percent = value * 100;
  if (percent !== 0 && Math.abs(percent) < 0.1) return "<0.1%";
  return `${percent >= 99.95 ? "100" : percent.toFixed(1)}%`;
}

/** Bytes, with 1024 to the next unit: "1.5 GiB". */
export function formatBytes(value: Maybe): string {
  if (!isNumber(value)) return kNone;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1024;
    ++unit;
  }
  return `${trim(scaled, 3)} ${units[unit] ?? ""}`;
}

/** A length of time: "350 ms", "12.3 s", "4 min 5 s", "3 h 20 min", "2 d 4 h". */
export function formatDuration(seconds: Maybe): string {
  if (!isNumber(seconds)) return kNone;
  if (seconds < 0.9995) return `${trim(seconds * 1e3, 3)} ms`;
  if (seconds < 59.95) return `${trim(seconds, 3)} s`;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(" ");
}

/** How long ago a time (ms since 1970) was: "just now", "5 min ago", "3 d ago". */
export function formatAge(time_ms: Maybe, now_ms: number): string {
  if (!isNumber(time_ms) || time_ms <= 0) return kNone;
  const seconds = Math.max(0, (now_ms - time_ms) / 1000);
  if (seconds < 10) return "just now";
  for (const [unit, size] of [
    ["s", 60],
    ["min", 60],
    ["h", 24],
  ] as const) {
    const scale = unit === "s" ? 1 : unit === "min" ? 60 : 3600;
    if (seconds / scale < size) return `${Math.floor(seconds / scale)} ${unit} ago`;
  }
  return `${Math.floor(seconds / 86400)} d ago`;
}

/** "1 run", "2 runs". */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${formatInteger(n)} ${n === 1 ? one : many}`;
}
