import { useCallback, useState } from "react";
import { getRun, listRuns } from "../../lib/api";
import { serverNow } from "../../lib/clock";
import { useLive, type LiveEvent } from "../../lib/live";
import { useQuery, type Query } from "../../lib/query";
import type { Run } from "../../lib/types";
import { Meanwhile } from "./meanwhile";
import { applyLive } from "./run_rows";

const kPoll_ms = 10_000;

export interface LiveRuns {
  runs: Run[] | undefined; // until the first answer
  query: Query<Run[]>;
}

const change = (rows: Run[], event: LiveEvent): Run[] => applyLive(rows, event, serverNow());

/** Rows of runs, as they are asked for and as events change them. */
function useLiveRuns(key: string, ask: (signal: AbortSignal) => Promise<Run[]>): LiveRuns {
  const [runs, setRuns] = useState<Run[]>();
  const [meanwhile] = useState(() => new Meanwhile());
  const query = useQuery(
    key,
    async (signal) => {
      const rows = await meanwhile.ask(() => ask(signal), change);
      if (!signal.aborted) setRuns(rows);
      return rows;
    },
    kPoll_ms,
  );
  useLive(
    useCallback(
      (event: LiveEvent) => {
        meanwhile.take(event);
        setRuns((rows) => rows && change(rows, event));
      },
      [meanwhile],
    ),
  );
  return { runs, query };
}

/** All runs. */
export const useRuns = (): LiveRuns => useLiveRuns("runs", listRuns);

/** One of them. */
export function useRun(id: string): { run: Run | undefined; query: Query<Run[]> } {
  const { runs, query } = useLiveRuns(`run ${id}`, async (signal) => [await getRun(id, signal)]);
  return { run: runs?.find((run) => run.id === id), query };
}
