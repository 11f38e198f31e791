import { useState } from "react";
import { apiKey, request } from "../../lib/api";
import { useQuery } from "../../lib/query";
import { CopyButton } from "../../ui/controls";
import { Dialog, Problem, Progress } from "../../ui/layout";
import css from "./system.module.css";

const askMetrics = async (signal: AbortSignal) => (await request("/metrics", { signal })).text();

/** The counters for Prometheus. No link carries an API key: with one, they are asked for and shown here. */
export function MetricsLink() {
  const [isOpen, setOpen] = useState(false);
  if (apiKey() === "") return <a href="/metrics">Metrics</a>;
  return (
    <>
      <button type="button" className={css.linkButton} onClick={() => setOpen(true)}>
        Metrics
      </button>
      {isOpen && (
        <Dialog title="Metrics" onClose={() => setOpen(false)}>
          <MetricsText />
        </Dialog>
      )}
    </>
  );
}

function MetricsText() {
  const { data, error, isLoading, reload } = useQuery("metrics text", askMetrics);
  return (
    <>
      {isLoading && <Progress label="Asking for the metrics" />}
      {error !== undefined && <Problem error={error} onRetry={reload} />}
      {data !== undefined && (
        <>
          <div className={css.metricsHead}>
            <span className="small muted">as at /metrics, for Prometheus</span>
            <CopyButton text={data}>Copy</CopyButton>
          </div>
          {/* It scrolls, so it must be reachable. */}
          {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className={css.metrics} tabIndex={0} role="region" aria-label="Text of the metrics">
            {data}
          </pre>
        </>
      )}
    </>
  );
}
