import type { Config, Run } from "../../lib/types";
import { CopyButton } from "../../ui/controls";
import { Card, Empty } from "../../ui/layout";
import { flatSettings, settingName, settingText } from "./config_rows";
import css from "./details.module.css";

/** The settings that the run was resolved to. */
export function Configuration({ run }: { run: Run }) {
  const { model_config, train_config } = run;
  if (!model_config && !train_config)
    return (
      <Card>
        <Empty title="The configuration is not known">
          <p>The run&apos;s folder has no config.json.</p>
        </Empty>
      </Card>
    );
  const text = JSON.stringify({ modelConfig: model_config, trainConfig: train_config }, null, 2);
  const about: Config = {
    "configuration hash": run.config_hash,
    host: run.hostname,
    source: run.source,
    created: run.created_at > 0 ? new Date(run.created_at).toLocaleString() : null,
  };
  return (
    <>
      <div className={css.copy}>
        <CopyButton text={text}>Copy as JSON</CopyButton>
      </div>
      <div className={css.configs}>
        <Settings title="Model" config={model_config} />
        <Settings title="Training" config={train_config} />
        <Settings title="Run" config={about} />
      </div>
    </>
  );
}

function Settings({ title, config }: { title: string; config: Config | null }) {
  const rows = flatSettings(config);
  if (rows.length === 0) return null;
  return (
    <Card title={title} isFlush>
      <table className={css.settings}>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row" title={name}>
                {settingName(name)}
              </th>
              <td>{settingText(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
