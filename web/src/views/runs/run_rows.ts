// The table of runs apart from how it looks: its order, what is left out, and what the live stream changes.

import type { LiveEvent } from "../../lib/live";
import type { Metric, Run, RunStatus } from "../../lib/types";

export type SortKey =
  "id" | "status" | "progress" | "loss" | "val" | "speed" | "params" | "updated";

export interface Sorting {
  key: SortKey;
  isDescending: boolean;
}

/** The first click on a column: what people look for first is on top. */
export const kDescendingFirst: Record<SortKey, boolean> = {
  id: false,
  status: false,
  progress: true,
  loss: false,
  val: false,
  speed: true,
  params: true,
  updated: true,
};

export const nextSorting = (now: Sorting, key: SortKey): Sorting =>
  now.key === key
    ? { key, isDescending: !now.isDescending }
    : { key, isDescending: kDescendingFirst[key] };

/** From 0 to 1; undefined where nobody knows how many steps there will be. */
export const progressOf = (run: Run): number | undefined =>
  run.total_iters > 0 ? Math.min(1, run.latest_step / run.total_iters) : undefined;

const kStatusOrder: Record<RunStatus, number> = { active: 0, failed: 1, stale: 2, completed: 3 };

const kValues: Record<SortKey, (run: Run) => string | number | null | undefined> = {
  id: (run) => run.id,
  status: (run) => kStatusOrder[run.status],
  progress: progressOf,
  loss: (run) => run.last_loss,
  val: (run) => run.best_val_loss ?? run.last_val_loss,
  speed: (run) => run.tokens_per_sec,
  params: (run) => run.estimated_params,
  updated: (run) => run.updated_at,
};

const names = new Intl.Collator("en", { numeric: true });

/** In order; rows without a value are last either way, equal ones the newest first. */
export function sortRuns(runs: readonly Run[], { key, isDescending }: Sorting): Run[] {
  const value = kValues[key];
  return [...runs].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    const isMissing = (v: unknown) => v === null || v === undefined;
    if (isMissing(x) !== isMissing(y)) return isMissing(x) ? 1 : -1;
    let order = 0;
    if (typeof x === "number" && typeof y === "number") order = x - y;
    else if (typeof x === "string" && typeof y === "string") order = names.compare(x, y);
    if (isDescending) order = -order;
    return order || b.updated_at - a.updated_at || names.compare(a.id, b.id);
  });
}

/** Those of a status ("" for any) whose name, domain, or settings hold every word. */
export function filterRuns(runs: readonly Run[], text: string, status: string): Run[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => {
    if (status && run.status !== status) return false;
    const about = [run.id, run.domain, run.tokenizer, run.optimizer, run.backend, run.hostname]
      .join(" ")
      .toLowerCase();
    return words.every((word) => about.includes(word));
  });
}

/** The row after rows of metrics were logged. */
export function withMetrics(run: Run, metrics: readonly Metric[], now_ms: number): Run {
  let next: Run = { ...run, status: "active", updated_at: now_ms };
  for (const row of metrics) {
    next = {
      ...next,
      latest_step: row.step,
      last_loss: row.loss ?? next.last_loss,
      tokens_per_sec: row.tokens_per_sec ?? next.tokens_per_sec,
      ms_per_iter: row.ms_per_iter ?? next.ms_per_iter,
    };
    if (row.val_loss === null || row.val_loss === undefined) continue;
    next.last_val_loss = row.val_loss;
    if (next.best_val_loss === null || row.val_loss < next.best_val_loss)
      next.best_val_loss = row.val_loss;
  }
  return next;
}

/** The row after an event; the same object where the event is of another run. */
export function withEvent(run: Run, event: LiveEvent, now_ms: number): Run {
  switch (event.type) {
    case "run_start":
      return event.run.id === run.id ? bare(event.run) : run;
    case "snapshot": {
      const row = event.runs.find((other) => other.id === run.id);
      return row ? bare(row) : run;
    }
    case "metrics":
      return event.runId === run.id ? withMetrics(run, event.metrics, now_ms) : run;
    case "run_status":
      return event.runId === run.id ? { ...run, status: event.status } : run;
    case "run_complete":
      return event.runId === run.id
        ? { ...run, status: "completed", latest_step: event.finalStep, updated_at: now_ms }
        : run;
    default:
      return run;
  }
}

/** All rows after an event; a run that was not known is added. */
export function applyLive(runs: readonly Run[], event: LiveEvent, now_ms: number): Run[] {
  const started =
    event.type === "run_start" ? [event.run] : event.type === "snapshot" ? event.runs : [];
  const unknown = started.filter((row) => !runs.some((run) => run.id === row.id));
  return [...unknown.map(bare), ...runs.map((run) => withEvent(run, event, now_ms))];
}

/** Without the metrics that come with it. */
function bare(run: Run & { metrics?: Metric[] }): Run {
  const row = { ...run };
  delete row.metrics;
  return row;
}
