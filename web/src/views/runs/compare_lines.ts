// Curves of several runs in one chart.

import type { Range } from "../../ui/chart_zoom";
import type { ChartLine, ChartValues } from "../../ui/chart_types";
import { seriesColor } from "../../ui/chart_colors";
import { joinCurves, type CurveData, type Values } from "./curve_data";
import { spacingOf } from "./chart_lines";
import { smooth } from "./ema";

export interface ComparedRun {
  id: string;
  color: number; // of its lines
  data: CurveData | undefined;
  detail: Range | undefined;
}

/** A column of all the runs that have it, over the steps of any. A value now and then is no gap between. */
export function comparedLines(
  runs: readonly ComparedRun[],
  column: string,
  decay: number,
  { times = 1, isSparse = false }: { times?: number; isSparse?: boolean } = {},
): { x: number[]; lines: ChartLine[] } {
  const there = runs.filter((run) => run.data?.columns[column]) as (ComparedRun & {
    data: CurveData;
  })[];
  const tables = there.map(({ data, detail }) => {
    const raw = data.columns[column]?.mean ?? [];
    const values: Values =
      times === 1 ? raw : raw.map((value) => (value === null ? null : value * times));
    const columns: ChartValues[] = [values];
    if (decay > 0) columns.push(smooth(data.step, values, decay, spacingOf(data, detail)));
    return { step: data.step, values: columns };
  });
  const { step, values } = joinCurves(tables);
  const lines = there.flatMap(({ id, color }, i): ChartLine[] => {
    const [raw = [], average] = values[i] ?? [];
    const look = { label: id, color: seriesColor(color), isSparse };
    if (!average) return [{ id, ...look, values: raw }];
    const ground = { ...look, id: `${id} as logged`, look: "faint" as const, isUnlisted: true };
    return [
      { ...ground, values: raw },
      { id, ...look, values: average },
    ];
  });
  return { x: step, lines };
}
