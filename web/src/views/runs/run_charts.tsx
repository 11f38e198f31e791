import { memo, useMemo } from "react";
import { formatLoss, formatValue } from "../../lib/format";
import type { Run } from "../../lib/types";
import { Chart } from "../../ui/chart";
import type { ChartRange } from "../../ui/chart_range";
import type { ChartMark } from "../../ui/chart_types";
import {
  columnLines,
  kPlainCharts,
  lossLines,
  spacingOf,
  testName,
  timeLines,
  type ChartDef,
} from "./chart_lines";
import { useLog, type Drawing } from "./chart_bar";
import { indexOfLeast, type CurveData } from "./curve_data";
import type { FeedState } from "./curve_feed";
import css from "./run_page.module.css";

interface Parts {
  data: CurveData;
  spacing: number;
  range: ChartRange;
  drawing: Drawing;
  group: string;
}

/** All the charts of one run. */
export function RunCharts({
  run,
  state,
  range,
  drawing,
}: {
  run: Run | undefined;
  state: FeedState;
  range: ChartRange;
  drawing: Drawing;
}) {
  const { data, detail } = state;
  if (!data) return null;
  const parts = { data, spacing: spacingOf(data, detail), range, drawing, group: "run" };
  return (
    <div className={css.charts}>
      <LossChart {...parts} isWaiting={run?.status === "active"} />
      {kPlainCharts
        .filter(({ name }) => data.columns[name])
        .map((def) => (
          <PlainChart key={def.name} def={def} {...parts} />
        ))}
      {data.columns.timing_fwd_ms && <TimeChart {...parts} />}
    </div>
  );
}

const LossChart = memo(function LossChart({
  data,
  spacing,
  range,
  drawing,
  group,
  isWaiting,
}: Parts & { isWaiting: boolean }) {
  const [isLog, logButton] = useLog("loss");
  const lines = useMemo(
    () => lossLines(data, drawing.decay, spacing),
    [data, drawing.decay, spacing],
  );
  const marks = useMemo(() => bestMark(data), [data]);
  return (
    <div className={css.wide}>
      <Chart
        title="Loss"
        name="loss-chart"
        x={data.step}
        {...{ lines, range, group, isLog, marks }}
        height={300}
        isRobust={drawing.isRobust}
        format={formatLoss}
        actions={logButton}
        empty={isWaiting ? "Waiting for the first step" : "No steps were logged"}
      />
    </div>
  );
});

/** A ring around the least validation loss. */
function bestMark({ step, columns: { val_loss } }: CurveData): ChartMark[] {
  const at = indexOfLeast(val_loss?.min);
  const [x, y] = [step[at ?? -1], val_loss?.min[at ?? -1]];
  return typeof x === "number" && typeof y === "number" ? [{ x, y, color: "--series-2" }] : [];
}

const PlainChart = memo(function PlainChart({
  def,
  data,
  spacing,
  range,
  drawing,
  group,
}: Parts & { def: ChartDef }) {
  const [isLog, logButton] = useLog(def.name);
  const ownDecay = def.isNoisy ? drawing.decay : 0;
  const lines = useMemo(
    () =>
      columnLines(data, def.name, {
        label: data.rows_per_bucket > 1 ? "Mean" : "Value",
        color: "--series-1",
        decay: ownDecay,
        spacing,
        times: def.times,
      }),
    [data, def, ownDecay, spacing],
  );
  return (
    <Chart
      title={def.title}
      name={testName(def.name)}
      x={data.step}
      {...{ lines, range, group }}
      isLog={def.canBeLog && isLog}
      isFromZero={def.isFromZero}
      isRobust={drawing.isRobust}
      format={def.format}
      actions={def.canBeLog && logButton}
    />
  );
});

const TimeChart = memo(function TimeChart({ data, range, group }: Parts) {
  const lines = useMemo(() => timeLines(data), [data]);
  return (
    <Chart
      title="Time of a step, ms"
      name="step-time-chart"
      x={data.step}
      {...{ lines, range, group }}
      isFromZero
      format={(value) => `${formatValue(value)} ms`}
    />
  );
});
