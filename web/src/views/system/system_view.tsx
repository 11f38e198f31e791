import { ApiFailure, getSystem, messageOf } from "../../lib/api";
import { formatCount, formatDuration, formatInteger, formatPercent } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { Badge, PageHead, Problem, Progress, Stats } from "../../ui/layout";
import { About, LoadedModels, Memory, Versions } from "./load_panels";
import { MetricsLink } from "./metrics_link";
import { MiniChart } from "./mini_chart";
import { kWindow_ms, type History, type Reading, type SeenSystem } from "./rate";
import { useHistory } from "./use_history";
import css from "./system.module.css";

const kPoll_ms = 1000;

export function SystemView() {
  const { data, error, isLoading, reload } = useQuery("system", getSystem, kPoll_ms);
  const system: SeenSystem | undefined = data;
  const history = useHistory(system, error);
  const isLost = error !== undefined;
  return (
    <>
      <PageHead title="System">
        <span role="status" data-testid="system-state">
          {isLost ? (
            <Badge tone="bad">{isAway(error) ? "no answer" : "refused"}</Badge>
          ) : system?.is_draining ? (
            <Badge tone="warn">shutting down</Badge>
          ) : system ? (
            <Badge tone="good">up</Badge>
          ) : null}
        </span>
        <span className={css.links}>
          <MetricsLink />
          <a href="/health">Health</a>
        </span>
      </PageHead>
      <div className={css.view}>
        {isLoading && <Progress label="Asking the server how it is" />}
        {isLost && <Problem error={lostSentence(error, data !== undefined)} onRetry={reload} />}
        {system?.is_draining && !isLost && (
          <p className={css.draining} role="alert">
            The server is shutting down: what runs may finish, new work is refused.
          </p>
        )}
        {system && (
          <div className={css.view} data-lost={isLost ? "" : undefined} data-testid="system">
            <Numbers system={system} history={history} />
            <Charts history={history} />
            <LoadedModels system={system} />
            <div className={css.columns}>
              <Memory system={system} />
              <About system={system} />
              <Versions versions={system.versions} />
            </div>
          </div>
        )}
      </div>
    </>
  );
}

const isAway = (error: unknown): boolean =>
  error instanceof ApiFailure && (error.status === 0 || error.status >= 500);

/** Said once however often it fails, so without anything that changes. */
function lostSentence(error: unknown, hasOld: boolean): Error {
  const sentence = messageOf(error);
  return new Error(
    `${sentence} ${isAway(error) ? "It is asked again each second." : ""}${
      hasOld ? " What is shown below is its last answer." : ""
    }`.trim(),
  );
}

const formatRate = (value: number | null | undefined): string =>
  value === 0 ? "0" : formatCount(value);

function Numbers({ system, history }: { system: SeenSystem; history: History }) {
  const now = history.readings.at(-1);
  const requests = system.requests ?? {};
  const of = (most: number | undefined) => (most ? `of ${formatInteger(most)}` : undefined);
  return (
    <div className={css.numbers} data-testid="system-stats">
      <Stats
        items={[
          {
            label: "Running",
            value: formatInteger(requests.running),
            note: of(requests.max_sessions),
          },
          {
            label: "Waiting",
            value: formatInteger(requests.waiting),
            note: of(requests.max_waiting),
          },
          { label: "Generated", value: formatRate(now?.generatedPerSec), note: "tok/s" },
          { label: "Prompt", value: formatRate(now?.promptPerSec), note: "tok/s" },
          { label: "Requests finished", value: formatInteger(requests.finished_total) },
          { label: "Tokens generated", value: formatCount(system.tokens?.generated_total) },
          { label: "Connections", value: formatInteger(system.connections) },
          { label: "Up for", value: formatUptime(system.uptime_seconds) },
        ]}
      />
    </div>
  );
}

/** In whole seconds: it is shown anew each second. */
const formatUptime = (seconds: number | undefined): string =>
  formatDuration(seconds === undefined ? undefined : Math.max(1, Math.floor(seconds)));

function Charts({ history: { readings } }: { history: History }) {
  const to_ms = readings.at(-1)?.time_ms ?? 0;
  const values = (of: (reading: Reading) => number | null) =>
    readings.map((reading) => ({ time_ms: reading.time_ms, value: of(reading) }));
  const shared = { to_ms, window_ms: kWindow_ms };
  return (
    <div className={css.charts}>
      <MiniChart
        {...shared}
        name="chart-tokens"
        title="Tokens per second"
        format={formatRate}
        series={[
          { name: "generated", values: values((one) => one.generatedPerSec) },
          { name: "prompt", values: values((one) => one.promptPerSec) },
        ]}
      />
      <MiniChart
        {...shared}
        name="chart-requests"
        title="Requests"
        format={formatInteger}
        series={[
          { name: "running", values: values((one) => one.running) },
          { name: "waiting", values: values((one) => one.waiting) },
        ]}
      />
      <MiniChart
        {...shared}
        name="chart-kv"
        title="KV cache in use"
        most={1}
        format={formatPercent}
        series={[{ name: "used", values: values((one) => one.kvUsed) }]}
      />
    </div>
  );
}
