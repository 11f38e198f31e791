import { Card } from "../../ui/layout";
import { linePath, niceMost, type Frame, type TimedValue } from "./mini_chart_path";
import css from "./system.module.css";

export interface MiniSeries {
  name: string;
  values: TimedValue[];
}

const kWidth = 600;
const kHeight = 96;

/** Some curves of the last minutes, with what they are now in words. They begin with 0. */
export function MiniChart({
  title,
  series,
  to_ms,
  window_ms,
  most,
  format,
  name,
}: {
  title: string;
  series: MiniSeries[];
  to_ms: number;
  window_ms: number;
  most?: number; // at the top; else what the values need
  format: (value: number | null | undefined) => string;
  name: string; // the test's: data-testid
}) {
  const from_ms = to_ms - window_ms;
  const seen = series.flatMap(({ values }) =>
    values.filter(({ time_ms }) => time_ms >= from_ms).map(({ value }) => value ?? 0),
  );
  const top = most ?? niceMost(Math.max(0, ...seen));
  const frame: Frame = { from_ms, to_ms, most: top, width: kWidth, height: kHeight };
  const now = series.map((one) => ({ ...one, now: one.values.at(-1)?.value }));
  const words = now.map((one) => `${one.name} ${format(one.now)}`).join(", ");
  return (
    <Card title={title} className={css.chart} data-testid={name}>
      <div className={css.plot}>
        <svg
          viewBox={`0 0 ${kWidth} ${kHeight}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${title} in the last ${window_ms / 60_000} minutes; now ${words}`}
        >
          {[0, 0.5, 1].map((at) => (
            <line
              key={at}
              className={css.grid}
              x1={0}
              x2={kWidth}
              y1={at * kHeight}
              y2={at * kHeight}
            />
          ))}
          {series.map((one, i) => (
            <g key={one.name} data-colour={i}>
              {series.length === 1 && (
                <path className={css.area} d={linePath(one.values, frame, true)} />
              )}
              <path className={css.line} d={linePath(one.values, frame)} />
            </g>
          ))}
        </svg>
        <span className={css.top}>{format(top)}</span>
      </div>
      <div className={css.axis} aria-hidden="true">
        <span>{window_ms / 60_000} min ago</span>
        <span>now</span>
      </div>
      <dl className={css.legend}>
        {now.map((one, i) => (
          <div key={one.name}>
            <dt data-colour={i}>{one.name}</dt>
            <dd>{format(one.now)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
