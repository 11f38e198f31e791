import { useMemo } from "react";
import { formatLoss, formatValue } from "../../lib/format";
import { href } from "../../lib/route";
import { Chart } from "../../ui/chart";
import { seriesColor } from "../../ui/chart_colors";
import type { ChartRange } from "../../ui/chart_range";
import { Button, Select } from "../../ui/controls";
import { CloseIcon } from "../../ui/icons";
import { Empty, PageHead, Problem, Progress } from "../../ui/layout";
import { ChartBar, useDrawing, useLog, type Drawing } from "./chart_bar";
import { kPlainCharts, testName, type ChartDef } from "./chart_lines";
import { kMostCompared, formatIds } from "./compare_ids";
import { comparedLines, type ComparedRun } from "./compare_lines";
import { FinalValues, SettingDifferences } from "./compare_tables";
import { setInAddress, useFeeds } from "./use_feeds";
import { useRuns } from "./use_runs";
import page from "./run_page.module.css";
import css from "./compare.module.css";

interface ComparedChart extends ChartDef {
  isSparse?: boolean;
  isWide?: boolean;
}

const kCharts: ComparedChart[] = [
  {
    name: "loss",
    title: "Loss",
    format: formatLoss,
    isNoisy: true,
    canBeLog: true,
    isWide: true,
  },
  {
    name: "val_loss",
    title: "Validation loss",
    format: formatLoss,
    isSparse: true,
    canBeLog: true,
  },
  ...kPlainCharts,
  {
    name: "ms_per_iter",
    title: "Time of a step, ms",
    format: (value) => `${formatValue(value)} ms`,
    isNoisy: true,
    isFromZero: true,
  },
];
const kOptions = { columns: kCharts.map(({ name }) => name), points: 600 };

export function ComparePage({ ids, query: address }: { ids: string[]; query: URLSearchParams }) {
  const { states, range, reload } = useFeeds(ids, kOptions, address);
  const { runs = [], query } = useRuns();
  const [drawing, setDrawing] = useDrawing();

  const compared = useMemo(
    () =>
      ids.map((id, color): ComparedRun => {
        const state = states.get(id);
        return { id, color, data: state?.data, detail: state?.detail };
      }),
    // The states are the same map until one of them changes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [formatIds(ids), states],
  );
  const rows = ids.map((id) => runs.find((run) => run.id === id));
  const others = runs.filter((run) => !ids.includes(run.id));
  const all = [...states.values()];
  const failed = all.find(({ error }) => error !== undefined);

  return (
    <>
      <nav aria-label="Where this is" className={page.crumbs}>
        <a href={href(["runs"])}>Runs</a>
      </nav>
      <PageHead title="Compare runs">
        {others.length > 0 && ids.length < kMostCompared && (
          <div className={css.add}>
            <Select
              label="Add a run"
              isLabelHidden
              value=""
              options={[
                { value: "", label: "Add a run…" },
                ...others.map(({ id }) => ({ value: id, label: id })),
              ]}
              onChange={(id) => id && setInAddress({ ids: formatIds([...ids, id]) })}
            />
          </div>
        )}
      </PageHead>
      <ul className={css.runs} aria-label="Compared runs">
        {ids.map((id, i) => (
          <li key={id} data-run={id}>
            <i style={{ background: `var(${seriesColor(i)})` }} />
            <a href={href(["runs", id])}>{id}</a>
            <Button
              isSmall
              isIcon
              look="quiet"
              label={`Leave out ${id}`}
              onClick={() => setInAddress({ ids: formatIds(ids.filter((other) => other !== id)) })}
            >
              <CloseIcon size={14} />
            </Button>
          </li>
        ))}
      </ul>
      {query.error !== undefined && <Problem error={query.error} onRetry={query.reload} />}
      {ids.length === 0 ? (
        <Empty title="No runs chosen">
          <p>
            Add one above, or mark them in the <a href={href(["runs"])}>table of runs</a>.
          </p>
        </Empty>
      ) : (
        <>
          {ids.length === 1 && <p className="muted">Add another run to compare this one with.</p>}
          <ChartBar range={range} drawing={drawing} onDrawing={setDrawing} />
          {failed && <Problem error={failed.error} onRetry={reload} />}
          {all.some(({ data, error }) => !data && error === undefined) && (
            <Progress label="Loading the curves" />
          )}
          <div className={page.charts}>
            {kCharts
              .filter(({ name }) => compared.some(({ data }) => data?.columns[name]))
              .map((def) => (
                <RunsChart
                  key={def.name}
                  def={def}
                  runs={compared}
                  range={range}
                  drawing={drawing}
                />
              ))}
          </div>
          <FinalValues ids={ids} runs={rows} data={compared.map(({ data }) => data)} />
          <SettingDifferences runs={rows.filter((run) => run !== undefined)} />
        </>
      )}
    </>
  );
}

function RunsChart({
  def,
  runs,
  range,
  drawing,
}: {
  def: ComparedChart;
  runs: ComparedRun[];
  range: ChartRange;
  drawing: Drawing;
}) {
  const [isLog, logButton] = useLog(def.name);
  const ownDecay = def.isNoisy ? drawing.decay : 0;
  const { x, lines } = useMemo(
    () => comparedLines(runs, def.name, ownDecay, def),
    [runs, def, ownDecay],
  );
  return (
    <div className={def.isWide ? page.wide : undefined}>
      <Chart
        title={def.title}
        name={testName(def.name)}
        {...{ x, lines, range }}
        group="compare"
        height={def.isWide ? 300 : 220}
        isLog={def.canBeLog && isLog}
        isFromZero={def.isFromZero}
        isRobust={drawing.isRobust}
        format={def.format}
        actions={def.canBeLog && logButton}
      />
    </div>
  );
}
