import { useCallback, useEffect, useState } from "react";
import { listEvents } from "../../lib/api";
import { formatInteger } from "../../lib/format";
import { useLive, type LiveEvent } from "../../lib/live";
import { useQuery } from "../../lib/query";
import type { RunEventRow } from "../../lib/types";
import { Badge, Card, Empty, Problem, Progress, Scroll, type Tone } from "../../ui/layout";
import { useReconnected } from "./use_reconnected";
import css from "./details.module.css";

const kMost = 500;
const kTones: Record<RunEventRow["level"], Tone> = {
  debug: "neutral",
  info: "neutral",
  warn: "warn",
  error: "bad",
};

const nameOf = (event: RunEventRow) =>
  `${event.created_at} ${event.step} ${event.kind} ${event.message}`;

/** All of both, each once, the newest first. */
function merge(old: RunEventRow[], more: RunEventRow[]): RunEventRow[] {
  const all = new Map([...old, ...more].map((event) => [nameOf(event), event]));
  return [...all.values()]
    .sort((a, b) => b.created_at - a.created_at || b.step - a.step)
    .slice(0, kMost);
}

/** What happened to the run. */
export function EventList({ id }: { id: string }) {
  const query = useQuery(`events ${id}`, (signal) => listEvents(id, kMost, signal));
  const [events, setEvents] = useState<RunEventRow[]>();
  useEffect(() => {
    if (query.data) setEvents(merge([], query.data));
  }, [query.data]);
  const { reload } = query;
  useReconnected(reload);
  useLive(
    useCallback(
      (event: LiveEvent) => {
        if (event.type === "event" && event.runId === id)
          setEvents((old) => merge(old ?? [], [event.event]));
        if (event.type === "run_start" && event.run.id === id) reload();
      },
      [id, reload],
    ),
  );

  if (query.error !== undefined && !events)
    return <Problem error={query.error} onRetry={query.reload} />;
  if (!events) return <Progress label="Loading the events" />;
  if (events.length === 0)
    return (
      <Card>
        <Empty title="Nothing happened yet">
          <p>Checkpoints, spikes of the loss and other turns of a run are told here.</p>
        </Empty>
      </Card>
    );
  return (
    <Card isFlush>
      <Scroll label="Events">
        <table data-testid="events">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col" className="number">
                Step
              </th>
              <th scope="col">Level</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr key={nameOf(event)}>
                <td className={css.age}>
                  {event.created_at > 0 ? new Date(event.created_at).toLocaleString() : "–"}
                </td>
                <td className="number">{formatInteger(event.step)}</td>
                <td>
                  <Badge tone={kTones[event.level] ?? "neutral"}>{event.level}</Badge>
                </td>
                <td className={css.message}>
                  <span className={css.kind}>{event.kind.replaceAll("_", " ")}</span>{" "}
                  {event.message}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
