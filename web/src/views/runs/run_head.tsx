import { useNow } from "../../lib/clock";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatAge,
  formatInteger,
  formatLoss,
  formatPercent,
  formatValue,
} from "../../lib/format";
import { useLiveState } from "../../lib/live";
import { href } from "../../lib/route";
import type { Run } from "../../lib/types";
import { LinkButton } from "../../ui/controls";
import { Badge, PageHead, Progress, StatusBadge, Stats, type StatItem } from "../../ui/layout";
import { compareHref } from "./compare_ids";
import { indexOfLeast, lastValue, recentMean, type CurveData } from "./curve_data";
import { progressOf } from "./run_rows";
import css from "./run_page.module.css";

/** What the run is, and how far. */
export function RunHead({
  id,
  run,
  data,
}: {
  id: string;
  run: Run | undefined;
  data: CurveData | undefined;
}) {
  const now_ms = useNow();
  const live = useLiveState();
  const progress = run && progressOf(run);
  return (
    <>
      <nav aria-label="Where this is" className={css.crumbs}>
        <a href={href(["runs"])}>Runs</a>
      </nav>
      <PageHead title={id}>
        <div className={css.actions}>
          <LinkButton href={compareHref([id])}>Compare</LinkButton>
          {run && run.checkpoint_count > 0 && (
            <LinkButton look="primary" href={href(["chat"], { model: id })}>
              Chat
            </LinkButton>
          )}
        </div>
      </PageHead>
      {run && (
        <>
          <div className={css.state}>
            <StatusBadge status={run.status} />
            <span className="number">
              step <b data-testid="run-step">{formatInteger(run.latest_step)}</b>
              {run.total_iters > 0 && ` of ${formatInteger(run.total_iters)}`}
            </span>
            {run.status === "active" && <Eta run={run} data={data} />}
            {run.status !== "active" && (
              <span className="muted">last written {formatAge(run.updated_at, now_ms)}</span>
            )}
            {live === "lost" && (
              <span role="status">
                <Badge tone="warn">not live, connecting again</Badge>
              </span>
            )}
          </div>
          {progress !== undefined && (
            <div className={css.progress}>
              <Progress label="Progress of the run" value={progress} />
            </div>
          )}
          {run.problem && (
            <p className={css.problem} role="note">
              {run.problem}
            </p>
          )}
          <div className={css.stats}>
            <Stats items={statsOf(run, data)} />
          </div>
        </>
      )}
    </>
  );
}

function Eta({ run, data }: { run: Run; data: CurveData | undefined }) {
  const ms = recentMean(data?.columns.ms_per_iter?.mean, 20) ?? run.ms_per_iter;
  const left = run.total_iters - run.latest_step;
  if (!ms || left <= 0) return null;
  return <span className="muted">about {formatDuration((left * ms) / 1000)} left</span>;
}

/** Where the least validation loss is; of a bucket of steps its last is known. */
function bestNote({ step, columns: { val_loss }, n_buckets }: CurveData): string | undefined {
  const at = indexOfLeast(val_loss?.min);
  if (at === undefined) return undefined;
  return `${at < n_buckets ? "by" : "at"} ${formatInteger(step[at])}`;
}

function statsOf(run: Run, data: CurveData | undefined): StatItem[] {
  const last = (column: string) => lastValue(data?.columns[column]?.mean);
  const speed = run.tokens_per_sec ?? last("tokens_per_sec");
  const ms = run.ms_per_iter ?? last("ms_per_iter");
  // A step's tokens from its speed and time: batch, context and accumulation are in both.
  const perStep = speed && ms ? Math.round((speed * ms) / 1000) : undefined;
  const memory = last("memory_mb");
  const items: (StatItem | undefined)[] = [
    { label: "Loss", value: formatLoss(run.last_loss) },
    { label: "Validation", value: formatLoss(run.last_val_loss) },
    {
      label: "Best validation",
      value: formatLoss(run.best_val_loss),
      note: data && bestNote(data),
    },
    { label: "Speed", value: formatCount(speed), note: speed ? "tokens/s" : undefined },
    { label: "Time of a step", value: formatValue(ms), note: ms ? "ms" : undefined },
    { label: "MFU", value: formatPercent(last("mfu")) },
    memory === undefined
      ? undefined
      : { label: "Memory", value: formatBytes(memory * 1024 * 1024) },
    { label: "Parameters", value: formatCount(run.estimated_params) },
    perStep === undefined
      ? undefined
      : {
          label: "Tokens seen",
          value: formatCount(perStep * run.latest_step),
          note: `${formatCount(perStep)}/step`,
        },
  ];
  return items.filter((item) => item !== undefined);
}
