import { useCallback, useEffect, useRef, useState } from "react";
import {
  apiKey,
  downloadPath,
  getCurves,
  isAbort,
  listCheckpoints,
  messageOf,
} from "../../lib/api";
import { useNow } from "../../lib/clock";
import { formatAge, formatBytes, formatInteger, formatLoss, formatPercent } from "../../lib/format";
import { useLive, type LiveEvent } from "../../lib/live";
import { useQuery } from "../../lib/query";
import { href } from "../../lib/route";
import type { Checkpoint, Run } from "../../lib/types";
import { Button, LinkButton } from "../../ui/controls";
import { DownloadIcon } from "../../ui/icons";
import { Badge, Card, Empty, Problem, Progress, Scroll } from "../../ui/layout";
import { valueAt } from "./curve_data";
import { saveFile } from "./download";
import { useReconnected } from "./use_reconnected";
import css from "./details.module.css";

const kListedLater_ms = 1500;

export function CheckpointList({ id, run }: { id: string; run: Run | undefined }) {
  const query = useQuery(`checkpoints ${id}`, (signal) => listCheckpoints(id, signal), 30_000);
  const losses = useQuery(`val_loss ${id} ${run?.latest_checkpoint_step ?? 0}`, (signal) =>
    getCurves(id, { points: 5000, columns: ["val_loss"] }, signal),
  );
  const { reload } = query;
  const again = useRef<number>(undefined);
  useEffect(() => () => window.clearTimeout(again.current), []);
  useReconnected(reload);
  useLive(
    useCallback(
      (event: LiveEvent) => {
        const isSaved =
          event.type === "event" && event.runId === id && event.event.kind.startsWith("checkpoint");
        const isEdge =
          (event.type === "run_start" && event.run.id === id) ||
          (event.type === "run_complete" && event.runId === id);
        if (!isSaved && !isEdge) return;
        reload();
        // A checkpoint may be told of before it is listed.
        window.clearTimeout(again.current);
        again.current = window.setTimeout(reload, kListedLater_ms);
      },
      [id, reload],
    ),
  );
  const now_ms = useNow();

  if (query.error !== undefined && !query.data)
    return <Problem error={query.error} onRetry={query.reload} />;
  if (!query.data) return <Progress label="Loading the checkpoints" />;
  if (query.data.length === 0)
    return (
      <Card>
        <Empty
          title="No checkpoints yet"
          command="alpha train --data book.txt --checkpointInterval 500"
        >
          <p>Training saves one now and then, and at its end. They can be talked to at once.</p>
        </Empty>
      </Card>
    );
  return (
    <Card isFlush>
      <Scroll label="Checkpoints">
        <table className={css.checkpoints} data-testid="checkpoints">
          <thead>
            <tr>
              <th scope="col">Step</th>
              <th scope="col" className="number">
                Validation
              </th>
              <th scope="col" className="number">
                Size
              </th>
              <th scope="col">Saved</th>
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {query.data.map((checkpoint, i) => (
              <CheckpointRow
                key={checkpoint.step}
                id={id}
                checkpoint={checkpoint}
                loss={losses.data && valueAt(losses.data, "val_loss", checkpoint.step)}
                isBest={run?.best_step === checkpoint.step}
                isLatest={i === 0}
                age={formatAge(checkpoint.created_at, now_ms)}
              />
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

function CheckpointRow({
  id,
  checkpoint: { step, file_size },
  loss,
  isBest,
  isLatest,
  age,
}: {
  id: string;
  checkpoint: Checkpoint;
  loss: number | undefined;
  isBest: boolean;
  isLatest: boolean;
  age: string;
}) {
  const model = `${id}@${step}`;
  return (
    <tr data-checkpoint={step}>
      <th scope="row" className={css.step}>
        {formatInteger(step)} {isBest && <Badge tone="good">best</Badge>}{" "}
        {isLatest && <Badge>latest</Badge>}
      </th>
      <td className="number">{formatLoss(loss)}</td>
      <td className="number">{formatBytes(file_size)}</td>
      <td className={css.age}>{age}</td>
      <td className={css.act}>
        <div className={css.actions}>
          <LinkButton isSmall look="quiet" href={href(["chat"], { model })}>
            Chat
          </LinkButton>
          <LinkButton isSmall look="quiet" href={href(["complete"], { model })}>
            Complete
          </LinkButton>
          <Download id={id} step={step} size_bytes={file_size} />
        </div>
      </td>
    </tr>
  );
}

function Download({ id, step, size_bytes }: { id: string; step: number; size_bytes: number }) {
  const [part, setPart] = useState<number>();
  const [error, setError] = useState<unknown>();
  const call = useRef<AbortController>(undefined);
  useEffect(() => () => call.current?.abort(), []);
  const path = downloadPath(id, step);
  const name = `${id}-step${step}.tar`;
  const label = `Download checkpoint ${step}`;

  if (!apiKey())
    return (
      <LinkButton isSmall isIcon look="quiet" label={label} href={path} download={name}>
        <DownloadIcon size={16} />
      </LinkButton>
    );
  const fetchIt = async () => {
    const controller = new AbortController();
    call.current = controller;
    setError(undefined);
    setPart(0);
    try {
      await saveFile(
        path,
        name,
        (received, total) => setPart(Math.min(1, received / (total ?? size_bytes))),
        controller.signal,
      );
    } catch (failure) {
      if (!isAbort(failure)) setError(failure);
    }
    setPart(undefined);
  };
  if (part !== undefined)
    return (
      <span className={css.download}>
        <span className="number small">{formatPercent(part)}</span>
        <Progress label={label} value={part} />
        <Button isSmall look="quiet" onClick={() => call.current?.abort()}>
          Stop
        </Button>
      </span>
    );
  return (
    <>
      <Button isSmall isIcon look="quiet" label={label} onClick={() => void fetchIt()}>
        <DownloadIcon size={16} />
      </Button>
      {error !== undefined && (
        <span className={css.wrong} role="alert">
          {messageOf(error)}
        </span>
      )}
    </>
  );
}
