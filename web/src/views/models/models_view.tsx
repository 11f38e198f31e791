import { useEffect, useMemo, useState } from "react";
import { getSystem, listModels } from "../../lib/api";
import { formatBytes, plural } from "../../lib/format";
import { listModelDetails } from "../../lib/model_details";
import { useQuery } from "../../lib/query";
import type { Model } from "../../lib/types";
import { TextField } from "../../ui/controls";
import { Card, Empty, PageHead, Problem, Progress } from "../../ui/layout";
import { Meter } from "../../ui/meter";
import { ModelCard } from "./model_card";
import { loadedSteps, matches, modelEntries } from "./model_list";
import type { SeenSystem } from "../system/rate";
import css from "./models.module.css";

const kPoll_ms = 5000;
const kPollWhileLoading_ms = 2000;

export function ModelsView() {
  const [isLoading, setLoading] = useState(false);
  const poll_ms = isLoading ? kPollWhileLoading_ms : kPoll_ms;
  const models = useQuery("models", listModels, poll_ms);
  const details = useQuery("details", listModelDetails, kPoll_ms);
  const system = useQuery("system", getSystem, poll_ms); // an older server has none: no total then
  const [filter, setFilter] = useState("");

  const isAnyLoading = models.data?.some((model) => model.is_loading) ?? false;
  useEffect(() => setLoading(isAnyLoading), [isAnyLoading]);

  const entries = useMemo(
    () => modelEntries(models.data ?? [], details.data),
    [models.data, details.data],
  );
  const shown = entries.filter((entry) => matches(entry, filter));
  const onDone = () => {
    models.reload();
    system.reload();
  };

  return (
    <>
      <PageHead title="Models">
        {entries.length > 1 && (
          <div className={css.filter}>
            <TextField
              label="Filter models"
              isLabelHidden
              type="search"
              placeholder="Filter"
              value={filter}
              onChange={(event) => setFilter(event.target.value)}
              data-testid="models-filter"
            />
          </div>
        )}
      </PageHead>
      <div className={css.view}>
        {models.error !== undefined && <Problem error={models.error} onRetry={models.reload} />}
        {models.isLoading && <Progress label="Loading the list of models" />}
        {models.data?.length === 0 && (
          <Empty
            title="No models yet"
            command={
              "alpha train --data book.txt --runDir runs/book\n" +
              "alpha import --from gpt2 --out runs/gpt2"
            }
          >
            <p>
              A run is a model as soon as it has a checkpoint. Train one, or import a GPT‑2 from
              Hugging Face; it is listed here within a second.
            </p>
          </Empty>
        )}
        {entries.length > 0 && <Memory models={models.data ?? []} system={system.data} />}
        {shown.map((entry) => (
          <ModelCard key={entry.model.id} entry={entry} onDone={onDone} />
        ))}
        {entries.length > 0 && shown.length === 0 && (
          <p className="muted" role="status">
            No model has “{filter}” in its name or description.
          </p>
        )}
      </div>
    </>
  );
}

/** What the loaded models take of what they may. */
function Memory({ models, system }: { models: Model[]; system: SeenSystem | undefined }) {
  const n = models.reduce((sum, model) => sum + loadedSteps(model).length, 0);
  const { models_bytes: used, max_models_bytes: most } = system?.memory ?? {};
  return (
    <Card data-testid="models-memory">
      <div className={css.memory}>
        <span>
          <b>{n === 0 ? "Nothing loaded" : `${plural(n, "checkpoint")} loaded`}</b>{" "}
          <span className="muted">
            A model is loaded when it is first asked for, and stays until the memory is needed.
          </span>
        </span>
        {used !== undefined && (
          <Meter
            label="Memory of models"
            parts={[{ name: "models", value: used, look: "used" }]}
            most={most}
            text={most ? `${formatBytes(used)} of ${formatBytes(most)}` : formatBytes(used)}
          />
        )}
      </div>
    </Card>
  );
}
