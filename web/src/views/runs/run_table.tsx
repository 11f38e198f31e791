import { memo } from "react";
import { useNow } from "../../lib/clock";
import { formatAge, formatCount, formatInteger, formatLoss, kNone } from "../../lib/format";
import { href } from "../../lib/route";
import type { Run } from "../../lib/types";
import { classes } from "../../ui/controls";
import { Progress, Scroll, StatusBadge } from "../../ui/layout";
import { LossSparkline } from "./loss_sparkline";
import { nextSorting, progressOf, type Sorting, type SortKey } from "./run_rows";
import css from "./runs.module.css";

export const kSortNames: Record<SortKey, string> = {
  id: "Name",
  status: "Status",
  progress: "Progress",
  loss: "Loss",
  val: "Validation",
  speed: "Tokens/s",
  params: "Parameters",
  updated: "Updated",
};

const kNumbers: ReadonlySet<SortKey> = new Set(["loss", "val", "speed", "params"]);

export function RunTable({
  runs,
  sorting,
  onSort,
  chosen,
  onChoose,
}: {
  runs: Run[];
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
  chosen: ReadonlySet<string>;
  onChoose: (id: string, isChosen: boolean) => void;
}) {
  const now_ms = useNow();
  const head = (key: SortKey) => {
    const isSorted = sorting.key === key;
    return (
      <th
        scope="col"
        className={kNumbers.has(key) ? "number" : undefined}
        aria-sort={isSorted ? (sorting.isDescending ? "descending" : "ascending") : undefined}
      >
        <button
          type="button"
          className={css.sort}
          onClick={() => onSort(nextSorting(sorting, key))}
        >
          {kSortNames[key]}
          <span aria-hidden="true">{isSorted ? (sorting.isDescending ? "↓" : "↑") : ""}</span>
        </button>
      </th>
    );
  };
  return (
    <div className={css.list}>
      <Scroll label="Runs">
        <table className={css.runs}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">Compare</span>
              </th>
              {head("id")}
              {head("status")}
              {head("progress")}
              {head("loss")}
              <th scope="col">
                <span className="visually-hidden">Curve of the loss</span>
              </th>
              {head("val")}
              {head("speed")}
              {head("params")}
              {head("updated")}
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <RunRow
                key={run.id}
                run={run}
                age={formatAge(run.updated_at, now_ms)}
                isChosen={chosen.has(run.id)}
                onChoose={onChoose}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

const RunRow = memo(function RunRow({
  run,
  age,
  isChosen,
  onChoose,
}: {
  run: Run;
  age: string;
  isChosen: boolean;
  onChoose: (id: string, isChosen: boolean) => void;
}) {
  const progress = progressOf(run);
  return (
    <tr
      data-run={run.id}
      data-status={run.status}
      data-step={run.latest_step}
      className={isChosen ? css.isChosen : undefined}
    >
      <td className={css.choose}>
        <label className={css.hit}>
          <span className="visually-hidden">Select {run.id} to compare</span>
          <input
            type="checkbox"
            checked={isChosen}
            onChange={(event) => onChoose(run.id, event.target.checked)}
          />
        </label>
      </td>
      <th scope="row" className={css.name}>
        <a href={href(["runs", run.id])}>{run.id}</a>
        {run.domain && run.domain !== "unknown" && <span className={css.domain}>{run.domain}</span>}
        {run.problem && <div className={css.problem}>{run.problem}</div>}
      </th>
      <td className={css.status}>
        <StatusBadge status={run.status} />
      </td>
      <td className={css.progress}>
        <div className={css.steps}>
          <span>{formatInteger(run.latest_step)}</span>
          {run.total_iters > 0 && (
            <span className="muted"> / {formatInteger(run.total_iters)}</span>
          )}
        </div>
        {progress !== undefined && <Progress label={`${run.id}: progress`} value={progress} />}
      </td>
      <td className={classes("number", css.loss)}>
        <Label>Loss</Label>
        {formatLoss(run.last_loss)}
      </td>
      <td className={css.sparkCell}>
        <LossSparkline run={run} />
      </td>
      <td className={classes("number", css.val)}>
        <Label>Validation</Label>
        {formatLoss(run.last_val_loss)}
        {run.best_val_loss !== null && run.best_val_loss !== run.last_val_loss && (
          <div className={css.best}>best {formatLoss(run.best_val_loss)}</div>
        )}
      </td>
      <td className={classes("number", css.speed)}>
        <Label>Tokens/s</Label>
        {formatCount(run.tokens_per_sec)}
      </td>
      <td className={classes("number", css.params)}>
        <Label>Parameters</Label>
        {run.estimated_params ? formatCount(run.estimated_params) : kNone}
      </td>
      <td className={css.updated}>
        <time
          dateTime={new Date(run.updated_at).toISOString()}
          title={new Date(run.updated_at).toLocaleString()}
        >
          {age}
        </time>
      </td>
    </tr>
  );
});

/** The column's name where the head of the table is not seen. */
const Label = ({ children }: { children: string }) => (
  <span className={css.narrowLabel} aria-hidden="true">
    {children}
  </span>
);
