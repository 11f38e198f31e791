import { useCallback, useEffect, useMemo, useState } from "react";
import { listSamples } from "../../lib/api";
import { formatInteger } from "../../lib/format";
import { useLive, type LiveEvent } from "../../lib/live";
import { useQuery } from "../../lib/query";
import type { Sample } from "../../lib/types";
import { Button } from "../../ui/controls";
import { Card, Empty, Problem, Progress } from "../../ui/layout";
import { groupSamples, mergeSamples, restOf } from "./samples";
import { useReconnected } from "./use_reconnected";
import css from "./details.module.css";

const kAsked = 200; // of the server
const kShown = 10; // steps at once

/** What the model wrote while it was trained, newest first. */
export function SampleList({ id }: { id: string }) {
  const query = useQuery(`samples ${id}`, (signal) => listSamples(id, kAsked, signal));
  const [samples, setSamples] = useState<Sample[]>();
  const [n_shown, setShown] = useState(kShown);
  useEffect(() => {
    if (query.data) setSamples(mergeSamples([], query.data));
  }, [query.data]);
  const { reload } = query;
  useReconnected(reload);
  useLive(
    useCallback(
      (event: LiveEvent) => {
        if (event.type === "samples" && event.runId === id)
          setSamples((old) => mergeSamples(old ?? [], event.samples));
        if (event.type === "run_start" && event.run.id === id) reload();
      },
      [id, reload],
    ),
  );
  const groups = useMemo(() => groupSamples(samples ?? []), [samples]);

  if (query.error !== undefined && !samples)
    return <Problem error={query.error} onRetry={query.reload} />;
  if (!samples) return <Progress label="Loading the samples" />;
  if (groups.length === 0)
    return (
      <Card>
        <Empty title="No samples yet" command="alpha train --data book.txt --sampleInterval 100">
          <p>While a model is trained it can write something now and then.</p>
        </Empty>
      </Card>
    );
  return (
    <div className={css.samples}>
      {groups.slice(0, n_shown).map(({ step, samples: ofStep }) => (
        <Card
          key={step}
          title={`Step ${formatInteger(step)}`}
          data-testid="sample-group"
          data-step={step}
        >
          {ofStep.map((sample) => (
            <pre key={sample.idx} className={css.sample} data-testid="sample">
              {sample.prompt && <span className={css.prompt}>{sample.prompt}</span>}
              {restOf(sample)}
            </pre>
          ))}
        </Card>
      ))}
      {groups.length > n_shown && (
        <div>
          <Button onClick={() => setShown(n_shown + 2 * kShown)}>
            Show earlier ones ({formatInteger(groups.length - n_shown)} more steps)
          </Button>
        </div>
      )}
    </div>
  );
}
