import { useCallback, useEffect, useState } from "react";
import { ApiFailure, getRun } from "../../lib/api";
import { useLive, type LiveEvent } from "../../lib/live";
import { href } from "../../lib/route";
import { useQuery, type Query } from "../../lib/query";
import type { Run } from "../../lib/types";
import { LinkButton } from "../../ui/controls";
import { Empty, PageHead, Problem, Progress } from "../../ui/layout";
import { ChartBar, useDrawing } from "./chart_bar";
import { kRunColumns } from "./chart_lines";
import { RunCharts } from "./run_charts";
import { RunDetails } from "./run_details";
import { RunHead } from "./run_head";
import { withEvent } from "./run_rows";
import { useFeeds } from "./use_feeds";

const kPoll_ms = 15_000;
const kOptions = { columns: kRunColumns };

/** The run's row, as it is asked for and as events change it. */
function useRun(id: string): { run: Run | undefined; query: Query<Run> } {
  const query = useQuery(`run ${id}`, (signal) => getRun(id, signal), kPoll_ms);
  const [run, setRun] = useState<Run>();
  useEffect(() => {
    if (query.data) setRun(query.data);
  }, [query.data]);
  useLive(
    useCallback(
      (event: LiveEvent) => setRun((row) => row && withEvent(row, event, Date.now())),
      [],
    ),
  );
  return { run, query };
}

export function RunPage({ id, query: address }: { id: string; query: URLSearchParams }) {
  const {
    states: [state],
    range,
    reload,
  } = useFeeds([id], kOptions, address);
  const { run, query } = useRun(id);
  const [drawing, setDrawing] = useDrawing();

  if (query.error instanceof ApiFailure && query.error.status === 404 && !run)
    return (
      <>
        <PageHead title={id} />
        <Empty title="There is no such run">
          <p>It may have been moved or deleted.</p>
          <LinkButton href={href(["runs"])}>See all runs</LinkButton>
        </Empty>
      </>
    );
  return (
    <>
      <RunHead id={id} run={run} data={state?.whole} />
      {query.error !== undefined && <Problem error={query.error} onRetry={query.reload} />}
      <ChartBar range={range} drawing={drawing} onDrawing={setDrawing} />
      {state?.error !== undefined && <Problem error={state.error} onRetry={reload} />}
      {state && !state.data && state.error === undefined && <Progress label="Loading the curves" />}
      {state && <RunCharts run={run} state={state} range={range} drawing={drawing} />}
      <RunDetails id={id} run={run} address={address} />
    </>
  );
}
