import { useCallback, useMemo, useState } from "react";
import { getSystem } from "../../lib/api";
import { plural } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { useStored } from "../../lib/stored";
import { Button, LinkButton, Select, TextField } from "../../ui/controls";
import { Empty, PageHead, Problem, Progress } from "../../ui/layout";
import { compareHref, kMostCompared } from "./compare_ids";
import { filterRuns, kDescendingFirst, sortRuns, type Sorting, type SortKey } from "./run_rows";
import { kSortNames, RunTable } from "./run_table";
import { useRuns } from "./use_runs";
import css from "./runs.module.css";

const kMostAnswered = 100; // by the server, the newest ones

const kStatuses = [
  { value: "", label: "Any status" },
  ...["active", "completed", "stale", "failed"].map((status) => ({ value: status, label: status })),
];

export function RunList() {
  const { runs, query } = useRuns();
  const [text, setText] = useState("");
  const [status, setStatus] = useState("");
  const [sorting, setSorting] = useStored<Sorting>("runs.sorting", {
    key: "updated",
    isDescending: true,
  });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());

  const shown = useMemo(
    () => sortRuns(filterRuns(runs ?? [], text, status), sorting),
    [runs, text, status, sorting],
  );
  const ids = (runs ?? []).map(({ id }) => id).filter((id) => chosen.has(id));
  const choose = useCallback((id: string, isChosen: boolean) => {
    setChosen((old) => {
      const next = new Set(old);
      if (isChosen) next.add(id);
      else next.delete(id);
      return next;
    });
  }, []);

  return (
    <>
      <PageHead title="Runs">
        {ids.length > 0 && (
          <div className={css.chosen}>
            <Button look="quiet" onClick={() => setChosen(new Set())}>
              Clear
            </Button>
            {ids.length > kMostCompared ? (
              <span className="muted">At most {kMostCompared} runs can be compared</span>
            ) : (
              <LinkButton look="primary" href={compareHref(ids)}>
                Compare {plural(ids.length, "run")}
              </LinkButton>
            )}
          </div>
        )}
      </PageHead>
      {query.error !== undefined && <Problem error={query.error} onRetry={query.reload} />}
      {!runs && query.isLoading && <Progress label="Loading the runs" />}
      {runs?.length === 0 && <NoRuns />}
      {runs && runs.length > 0 && (
        <>
          <div className={css.filters} role="search">
            <TextField
              label="Filter runs"
              isLabelHidden
              type="search"
              placeholder="Filter by name, tokenizer, optimizer…"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
            <Select
              label="Status"
              isLabelHidden
              options={kStatuses}
              value={status}
              onChange={setStatus}
            />
            <div className={css.narrowSort}>
              <Select
                label="Sort by"
                isLabelHidden
                options={Object.entries(kSortNames).map(([value, name]) => ({
                  value,
                  label: `Sort by ${name.toLowerCase()}`,
                }))}
                value={sorting.key}
                onChange={(key) =>
                  setSorting({
                    key: key as SortKey,
                    isDescending: kDescendingFirst[key as SortKey],
                  })
                }
              />
            </div>
          </div>
          <p className="visually-hidden" role="status">
            {plural(shown.length, "run")} shown
          </p>
          {shown.length > 0 ? (
            <RunTable
              runs={shown}
              sorting={sorting}
              onSort={setSorting}
              chosen={chosen}
              onChoose={choose}
            />
          ) : (
            <Empty title="No run matches">
              <Button
                onClick={() => {
                  setText("");
                  setStatus("");
                }}
              >
                Show all runs
              </Button>
            </Empty>
          )}
          {runs.length >= kMostAnswered && (
            <p className={css.most}>The newest {kMostAnswered} runs are listed.</p>
          )}
        </>
      )}
    </>
  );
}

/** How to have one. */
function NoRuns() {
  const { data } = useQuery("system", getSystem);
  const folders = data?.folders ?? [];
  return (
    <Empty title="No runs yet" command={`alpha train --data book.txt`}>
      <p>
        Train a model and its curves appear here within a second.
        {folders.length > 0 && (
          <>
            {" "}
            The server looks in{" "}
            {folders.map((folder, i) => (
              <span key={folder}>
                {i > 0 && ", "}
                <code>{folder}</code>
              </span>
            ))}
            .
          </>
        )}
      </p>
    </Empty>
  );
}
