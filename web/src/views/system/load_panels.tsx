import { formatBytes, formatInteger } from "../../lib/format";
import { href } from "../../lib/route";
import { Card, Scroll } from "../../ui/layout";
import { Meter } from "../../ui/meter";
import type { SeenSystem } from "./rate";
import css from "./system.module.css";

/** What the loaded models do, and how full their caches are. */
export function LoadedModels({ system }: { system: SeenSystem }) {
  const models = system.models ?? [];
  if (models.length === 0) {
    return (
      <Card title="Loaded models" data-testid="system-models">
        <p className="muted">
          Nothing is loaded. A model is loaded when it is first asked for:{" "}
          <a href={href(["chat"])}>chat</a> with one, or load one at{" "}
          <a href={href(["models"])}>Models</a>.
        </p>
      </Card>
    );
  }
  return (
    <Card title="Loaded models" isFlush data-testid="system-models">
      <Scroll label="Loaded models">
        <table className={css.models}>
          <thead>
            <tr>
              <th>Model</th>
              <th className="number">Running</th>
              <th className="number">Waiting</th>
              <th>KV cache</th>
              <th className="number">Preempted</th>
              <th className="number">Prompt tokens</th>
              <th className="number">Generated</th>
              <th className="number">Size</th>
            </tr>
          </thead>
          <tbody>
            {models.map((model, i) => {
              const used = model.kv_blocks_used ?? 0;
              const cached = model.kv_blocks_cached ?? 0;
              const all = used + cached + (model.kv_blocks_free ?? 0);
              return (
                <tr key={`${model.id ?? ""} ${i}`}>
                  <th scope="row" className={css.model}>
                    {model.id}
                  </th>
                  <td className="number">{formatInteger(model.running)}</td>
                  <td className="number">{formatInteger(model.waiting)}</td>
                  <td className={css.kv}>
                    <Meter
                      label={`KV cache of ${model.id ?? "a model"}`}
                      isLabelHidden
                      parts={[
                        { name: `${formatInteger(used)} used`, value: used, look: "used" },
                        { name: `${formatInteger(cached)} cached`, value: cached, look: "cached" },
                      ]}
                      most={all}
                      text={`${formatInteger(used)} used, ${formatInteger(cached)} cached of ${formatInteger(all)}`}
                    />
                  </td>
                  <td className="number">{formatInteger(model.preemptions)}</td>
                  <td className="number">{formatInteger(model.prompt_total)}</td>
                  <td className="number">{formatInteger(model.generated_total)}</td>
                  <td className="number">{formatBytes(model.size_bytes)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

export function Memory({ system }: { system: SeenSystem }) {
  const { resident_bytes, models_bytes, max_models_bytes } = system.memory ?? {};
  const host = system.host?.memory_bytes;
  return (
    <Card title="Memory" data-testid="system-memory">
      <div className={css.meters}>
        <Meter
          label="Models"
          parts={[{ name: "models", value: models_bytes ?? 0, look: "used" }]}
          most={max_models_bytes}
          text={
            max_models_bytes
              ? `${formatBytes(models_bytes)} of ${formatBytes(max_models_bytes)}`
              : formatBytes(models_bytes)
          }
        />
        <Meter
          label="Process"
          parts={[{ name: "resident", value: resident_bytes ?? 0, look: "used" }]}
          most={host}
          text={
            host
              ? `${formatBytes(resident_bytes)} of ${formatBytes(host)}`
              : formatBytes(resident_bytes)
          }
        />
      </div>
      <p className={css.note}>
        A process may have what the machine has. Models stay until the memory is needed; one that
        answers is never taken away.
      </p>
    </Card>
  );
}

/** What the server is and runs on. */
export function About({ system }: { system: SeenSystem }) {
  const { host } = system;
  const started = system.started_at;
  const rows: [string, string | undefined][] = [
    ["Version", system.version],
    ["Backend", system.backend],
    ["Threads", system.n_threads === undefined ? undefined : formatInteger(system.n_threads)],
    ["Started", started ? new Date(started).toLocaleString() : undefined],
    ["Processor", host?.cpu],
    ["Cores", host?.n_cpus === undefined ? undefined : formatInteger(host.n_cpus)],
    ["Memory", host?.memory_bytes ? formatBytes(host.memory_bytes) : undefined],
    ["System", host?.os],
    ["Folders", system.folders?.join(", ")],
  ];
  return (
    <Card title="Server" isFlush data-testid="system-about">
      <Facts rows={rows} />
    </Card>
  );
}

export function Versions({
  versions,
}: {
  versions: Record<string, string | undefined> | undefined;
}) {
  const rows = Object.entries(versions ?? {});
  return (
    <Card title="Versions" isFlush data-testid="system-versions">
      {rows.length > 0 ? (
        <Facts rows={rows} />
      ) : (
        <p className={css.none}>This server does not tell what it is made with.</p>
      )}
    </Card>
  );
}

const Facts = ({ rows }: { rows: [string, string | undefined][] }) => (
  <table className={css.facts}>
    <tbody>
      {rows.map(([name, value]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          <td>{value || "–"}</td>
        </tr>
      ))}
    </tbody>
  </table>
);
