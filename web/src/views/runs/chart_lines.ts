// Which charts there are of runs, and their lines.

import { formatBytes, formatPercent, formatValue } from "../../lib/format";
import type { ChartLine } from "../../ui/chart_types";
import { spacingIn, type CurveData, type Values } from "./curve_data";
import type { Range } from "../../ui/chart_zoom";
import { smooth } from "./ema";

export interface ChartDef {
  name: string; // of the column; the chart's test id is this with "-" and "-chart"
  title: string;
  format: (value: number) => string;
  isNoisy?: boolean; // smoothing helps
  isFromZero?: boolean;
  canBeLog?: boolean;
  times?: number; // what is drawn is so many times what is logged
}

/** Besides the loss and the parts of a step's time. */
export const kPlainCharts: ChartDef[] = [
  { name: "lr", title: "Learning rate", format: formatValue, isFromZero: true },
  {
    name: "grad_norm",
    title: "Gradient norm",
    format: formatValue,
    isNoisy: true,
    canBeLog: true,
    isFromZero: true,
  },
  {
    name: "tokens_per_sec",
    title: "Throughput, tokens/s",
    format: (value) => Math.round(value).toLocaleString("en-US"),
    isNoisy: true,
    isFromZero: true,
  },
  {
    name: "mfu",
    title: "MFU, %",
    format: (value) => formatPercent(value / 100),
    isNoisy: true,
    isFromZero: true,
    times: 100,
  },
  {
    name: "memory_mb",
    title: "Memory, MiB",
    format: (value) => formatBytes(value * 1024 * 1024),
    isFromZero: true,
  },
];

/** The parts of a step, as they follow each other. */
export const kTimeParts: { label: string; columns: string[] }[] = [
  { label: "Data", columns: ["timing_data_ms"] },
  { label: "Forward", columns: ["timing_fwd_ms"] },
  { label: "Backward", columns: ["timing_bwd_ms"] },
  { label: "Gradient norm", columns: ["timing_grad_norm_ms", "timing_grad_clip_ms"] },
  { label: "Optimizer", columns: ["timing_optim_ms"] },
  { label: "Wait", columns: ["timing_flush_ms"] },
];

/** All that the charts of one run show. */
export const kRunColumns: string[] = [
  "loss",
  "val_loss",
  "ms_per_iter",
  ...kPlainCharts.map(({ name }) => name),
  ...kTimeParts.flatMap(({ columns }) => columns),
];

export const testName = (column: string): string => `${column.replaceAll("_", "-")}-chart`;

const scaled = (values: Values, times: number): Values =>
  times === 1 ? values : values.map((value) => (value === null ? null : value * times));

/** A column with its band; smoothed, it is the ground of its average. None where the run has no such column. */
export function columnLines(
  data: CurveData,
  column: string,
  look: { label: string; color: string; decay: number; spacing: number; times?: number },
): ChartLine[] {
  const band = data.columns[column];
  if (!band) return [];
  const { label, color, decay, spacing, times = 1 } = look;
  const values = scaled(band.mean, times);
  const isBand = band.min !== band.mean;
  const isSmooth = decay > 0;
  const line: ChartLine = {
    id: column,
    label,
    color,
    values,
    low: isBand ? scaled(band.min, times) : undefined,
    high: isBand ? scaled(band.max, times) : undefined,
    look: isSmooth ? "faint" : "normal",
  };
  if (!isSmooth) return [line];
  const average = smooth(data.step, values, decay, spacing);
  return [line, { id: `${column}-smooth`, label: "Smoothed", color, values: average }];
}

/** Steps between points where the eye is: smoothing is of those. */
export const spacingOf = (data: CurveData, detail: Range | undefined): number =>
  spacingIn(data.step, detail ?? { from: -Infinity, to: Infinity });

/** The training loss and the validation loss, and above both what is smoothed. */
export function lossLines(data: CurveData, decay: number, spacing: number): ChartLine[] {
  const [train, ...smoothed] = columnLines(data, "loss", {
    label: "Train",
    color: "--series-1",
    decay,
    spacing,
  });
  const { val_loss } = data.columns;
  const validation: ChartLine | undefined = val_loss && {
    id: "val_loss",
    label: "Validation",
    color: "--series-2",
    values: val_loss.mean,
    isSparse: true,
  };
  return [train, validation, ...smoothed].filter((line) => line !== undefined);
}

/** The parts of a step's time on top of one another: the last part, drawn first, reaches the sum of all. */
export function timeLines(data: CurveData): ChartLine[] {
  const parts = kTimeParts
    .map(({ label, columns }, i) => ({
      label,
      color: `--series-${[5, 1, 2, 4, 3][i] ?? 8}`,
      values: sumOf(columns.map((name) => data.columns[name]?.mean)),
    }))
    .filter(({ values }) => values !== undefined) as {
    label: string;
    color: string;
    values: Values;
  }[];
  let below: Values | undefined;
  const lines = parts.map(({ label, color, values }): ChartLine => {
    const under = below;
    const top = under
      ? values.map((value, i) => (value === null ? null : value + (under[i] ?? 0)))
      : values;
    below = top;
    return { id: label, label, color, values: top, shown: values, look: "area" };
  });
  return lines.reverse();
}

/** Value by value; a column that is not there counts for nothing. Undefined where none is. */
function sumOf(columns: (Values | undefined)[]): Values | undefined {
  const there = columns.filter((column) => column !== undefined);
  const [first, ...others] = there;
  if (!first) return undefined;
  return first.map((value, i) =>
    others.reduce<number | null>((sum, other) => {
      const more = other[i] ?? null;
      return sum === null || more === null ? sum : sum + more;
    }, value),
  );
}
