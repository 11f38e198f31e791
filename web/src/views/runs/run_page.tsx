import { ApiFailure } from "../../lib/api";
import { href } from "../../lib/route";
import { LinkButton } from "../../ui/controls";
import { Empty, PageHead, Problem, Progress } from "../../ui/layout";
import { ChartBar, useDrawing } from "./chart_bar";
import { kRunColumns } from "./chart_lines";
import { RunCharts } from "./run_charts";
import { RunDetails } from "./run_details";
import { RunHead } from "./run_head";
import { useFeeds } from "./use_feeds";
import { useRun } from "./use_runs";

const kOptions = { columns: kRunColumns };

export function RunPage({ id, query: address }: { id: string; query: URLSearchParams }) {
  const { states, range, reload } = useFeeds([id], kOptions, address);
  const state = states.get(id);
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
