import { useState } from "react";
import {
  formatBytes,
  formatCount,
  formatInteger,
  formatLoss,
  formatPercent,
  formatValue,
} from "../../lib/format";
import type { Run } from "../../lib/types";
import { seriesColor } from "../../ui/chart_colors";
import { classes, Checkbox } from "../../ui/controls";
import { Card, Scroll, StatusBadge } from "../../ui/layout";
import { compareSettings, settingName } from "./config_rows";
import { lastValue, type CurveData } from "./curve_data";
import css from "./compare.module.css";

/** What each run has come to. The best of a column is in bold. */
export function FinalValues({
  ids,
  runs,
  data,
}: {
  ids: string[];
  runs: (Run | undefined)[];
  data: (CurveData | undefined)[];
}) {
  const last = (i: number, column: string) => lastValue(data[i]?.columns[column]?.mean);
  const memory = (i: number) => {
    const mib = last(i, "memory_mb");
    return mib === undefined ? undefined : mib * 1024 * 1024;
  };
  const columns: {
    title: string;
    value: (i: number) => number | null | undefined;
    format: (value: number | null | undefined) => string;
    best?: "least" | "greatest";
  }[] = [
    { title: "Step", value: (i) => runs[i]?.latest_step, format: formatInteger },
    {
      title: "Loss",
      value: (i) => runs[i]?.last_loss ?? last(i, "loss"),
      format: formatLoss,
      best: "least",
    },
    {
      title: "Validation",
      value: (i) => runs[i]?.last_val_loss ?? last(i, "val_loss"),
      format: formatLoss,
      best: "least",
    },
    {
      title: "Best validation",
      value: (i) => runs[i]?.best_val_loss,
      format: formatLoss,
      best: "least",
    },
    {
      title: "Tokens/s",
      value: (i) => runs[i]?.tokens_per_sec ?? last(i, "tokens_per_sec"),
      format: formatCount,
      best: "greatest",
    },
    {
      title: "ms/step",
      value: (i) => runs[i]?.ms_per_iter ?? last(i, "ms_per_iter"),
      format: formatValue,
    },
    { title: "MFU", value: (i) => last(i, "mfu"), format: formatPercent, best: "greatest" },
    { title: "Memory", value: memory, format: formatBytes },
    { title: "Parameters", value: (i) => runs[i]?.estimated_params, format: formatCount },
  ];
  return (
    <Card title="Last values" isFlush className={css.table}>
      <Scroll label="Last values">
        <table data-testid="final-values">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">Status</th>
              {columns.map(({ title }) => (
                <th key={title} scope="col" className="number">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ids.map((id, i) => (
              <tr key={id} data-run={id}>
                <th scope="row" className={css.run}>
                  <i style={{ background: `var(${seriesColor(i)})` }} />
                  {id}
                </th>
                <td>{runs[i] && <StatusBadge status={runs[i].status} />}</td>
                {columns.map(({ title, value, format, best }) => (
                  <td
                    key={title}
                    className={classes(
                      "number",
                      isBest(
                        ids.map((_, j) => value(j)),
                        i,
                        best,
                      ) && css.best,
                    )}
                  >
                    {format(value(i))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

function isBest(
  values: (number | null | undefined)[],
  i: number,
  best: "least" | "greatest" | undefined,
): boolean {
  const there = values.filter((value) => typeof value === "number");
  if (!best || there.length < 2) return false;
  return values[i] === (best === "least" ? Math.min(...there) : Math.max(...there));
}

/** In what the runs' settings differ; what they share on demand. */
export function SettingDifferences({ runs }: { runs: Run[] }) {
  const [isAll, setAll] = useState(false);
  const rows = compareSettings(runs);
  if (runs.length < 2 || rows.length === 0) return null;
  const different = rows.filter(({ isSame }) => !isSame);
  return (
    <Card
      title={isAll ? "Configuration" : "What differs in the configuration"}
      isFlush
      className={css.table}
      actions={
        <Checkbox
          label="Show what is the same"
          checked={isAll}
          onChange={(event) => setAll(event.target.checked)}
        />
      }
    >
      {different.length === 0 && !isAll ? (
        <p className={css.none}>All settings are the same.</p>
      ) : (
        <Scroll label="Configuration of the runs">
          <table data-testid="setting-differences">
            <thead>
              <tr>
                <th scope="col">Setting</th>
                {runs.map((run) => (
                  <th key={run.id} scope="col">
                    {run.id}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {(isAll ? rows : different).map(({ name, values, isSame }) => (
                <tr key={name} className={isSame ? css.same : undefined}>
                  <th scope="row" title={name}>
                    {settingName(name)}
                  </th>
                  {values.map((value, i) => (
                    <td key={runs[i]?.id}>{value}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
}
