// A chart's lines as uPlot wants them.

import uPlot from "uplot";
import { colorOf, faded } from "./chart_colors";
import { linearEnds, logEnds } from "./chart_scale";
import { linearTicks, logTicks, tickTexts } from "./chart_ticks";
import type { ChartLine, ChartMark } from "./chart_types";
import { bulkOf, indexAt } from "./chart_values";

export interface ChartLook {
  width: number;
  height: number;
  isLog: boolean;
  isFromZero: boolean;
  isRobust: boolean;
  group: string; // charts of one group share the cursor
  lines: () => readonly ChartLine[]; // as they are now: their values change
  marks: () => readonly ChartMark[];
  onSelect: (from: number, to: number) => void;
  onReset: () => void;
  onCursor: (chart: uPlot) => void;
}

/** What must be the same for a chart to take new values. */
export const structureOf = (lines: readonly ChartLine[]): string =>
  JSON.stringify(lines.map((line) => [line.id, line.color, line.look, line.isSparse, !!line.low]));

const positive = (values: ChartLine["values"]) =>
  values.map((value) => (typeof value === "number" && value <= 0 ? null : value));

/** x, and for each line its band, if it has one, and its values. */
export function dataOf(
  x: readonly number[],
  lines: readonly ChartLine[],
  isLog: boolean,
): uPlot.AlignedData {
  const columns: ChartLine["values"][] = [];
  for (const { low, high, values } of lines) {
    if (low && high) columns.push(low, high);
    columns.push(values);
  }
  return [x, ...(isLog ? columns.map(positive) : columns)] as unknown as uPlot.AlignedData;
}

function seriesOf(line: ChartLine, index: number, all: readonly ChartLine[]) {
  const color = colorOf(line.color);
  const isArea = line.look === "area";
  const series: uPlot.Series[] = [];
  const edge: uPlot.Series = { width: 0, points: { show: false }, spanGaps: line.isSparse };
  if (line.low && line.high) series.push({ ...edge }, { ...edge });
  series.push({
    stroke: line.look === "faint" ? faded(color, 0.45) : color,
    width: line.look === "faint" || isArea ? 1 : 1.75,
    spanGaps: line.isSparse,
    fill: isArea && index === all.length - 1 ? faded(color, 0.55) : undefined,
    points: {
      show: line.isSparse ? showFewPoints : showLonePoints,
      size: 6,
      width: 1,
      fill: color,
      stroke: color,
    },
  });
  return { series, color };
}

/** The only value there is has no line: it is shown as a point. */
const showLonePoints: uPlot.Series.Points.Show = (chart) => chart.data[0].length === 1;

/** Where they do not run into one another. */
const showFewPoints: uPlot.Series.Points.Show = (chart, series, first, last) => {
  const values = chart.data[series] ?? [];
  let n = 0;
  for (let i = first; i <= last; ++i) if (typeof values[i] === "number") ++n;
  return n * 14 * uPlot.pxRatio < chart.bbox.width;
};

export function optionsOf(look: ChartLook): uPlot.Options {
  const lines = look.lines();
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const lineOf = new Map<number, number>(); // of series to line
  lines.forEach((line, i) => {
    const made = seriesOf(line, i, lines);
    const first = series.length;
    series.push(...made.series);
    const own = series.length - 1;
    lineOf.set(own, i);
    if (line.low) bands.push({ series: [first + 1, first], fill: faded(made.color, 0.16) });
    if (line.look === "area" && i + 1 < lines.length)
      bands.push({ series: [own, own + 1], fill: faded(made.color, 0.55) });
  });
  const inks = new Map<string, string>(); // asked for once: charts are drawn with every turn of a wheel
  const ink = (name: string) => inks.get(name) ?? inks.set(name, colorOf(name)).get(name) ?? "";
  const text = colorOf("--muted");
  const grid = { stroke: faded(colorOf("--border-strong"), 0.22), width: 1 };
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  // uPlot leaves out marks of logarithmic axes: ours are few enough.
  const filter = (_chart: uPlot, splits: number[]) => splits;
  const common = { stroke: text, font, grid: { ...grid, filter }, filter, ticks: { show: false } };
  const values = (_chart: uPlot, splits: number[]) => tickTexts(splits);

  return {
    width: look.width,
    height: look.height,
    padding: [8, 14, 0, 0],
    legend: { show: false },
    series,
    bands,
    scales: {
      x: { time: false, auto: false },
      y: { distr: look.isLog ? 3 : 1, range: rangeOf(look) },
    },
    axes: [
      {
        ...common,
        size: 26,
        gap: 6,
        splits: (_chart, _axis, min, max) =>
          linearTicks(min, max, Math.max(2, look.width / 110)).filter(Number.isInteger),
        values,
      },
      {
        ...common,
        size: 54, // the same for all, so that charts above one another have the same x
        gap: 6,
        splits: (_chart, _axis, min, max) =>
          (look.isLog ? logTicks : linearTicks)(min, max, Math.max(2, look.height / 45)),
        values,
      },
    ],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: 4 },
      sync: {
        key: look.group,
        scales: ["x", null],
        setSeries: false,
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
      },
      points: { size: 7 },
      dataIdx: (chart, at, closest) => {
        const line = lines[lineOf.get(at) ?? -1];
        if (!line) return closest;
        const current = look.lines()[lineOf.get(at) ?? -1];
        const { min = 0, max = 0 } = chart.scales.x ?? {};
        const x = chart.data[0] as number[];
        return indexAt(x, current ?? line, closest, max - min);
      },
      bind: {
        dblclick: () => () => {
          look.onReset();
          return null;
        },
      },
    },
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < 4) return;
          look.onSelect(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      setCursor: [look.onCursor],
      draw: [(chart) => drawMarks(chart, look.marks(), ink)],
    },
  };
}

function rangeOf({ isLog, isFromZero, isRobust, lines }: ChartLook): uPlot.Range.Function {
  return (chart, min, max) => {
    const bulk = isRobust ? bulkOf(seenValues(chart, lines(), isLog)) : undefined;
    const [low, high] = bulk ?? [min, max];
    return isLog ? logEnds(low, high) : linearEnds(low, high, isFromZero);
  };
}

/** The values of the lines, without their bands, in what is seen. */
function seenValues(chart: uPlot, lines: readonly ChartLine[], isLog: boolean): number[] {
  const x = chart.data[0] as number[];
  const { min = -Infinity, max = Infinity } = chart.scales.x ?? {};
  const seen: number[] = [];
  for (const { values } of lines)
    values.forEach((value, i) => {
      const at = x[i] ?? NaN;
      if (typeof value === "number" && at >= min && at <= max && !(isLog && value <= 0))
        seen.push(value);
    });
  return seen;
}

function drawMarks(chart: uPlot, marks: readonly ChartMark[], ink: (name: string) => string): void {
  const { ctx, bbox } = chart;
  for (const { x, y, color } of marks) {
    const left = chart.valToPos(x, "x", true);
    const top = chart.valToPos(y, "y", true);
    if (left < bbox.left || left > bbox.left + bbox.width) continue;
    ctx.save();
    ctx.strokeStyle = ink(color);
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.beginPath();
    ctx.arc(left, top, 6 * uPlot.pxRatio, 0, 2 * Math.PI);
    ctx.stroke();
    ctx.restore();
  }
}
