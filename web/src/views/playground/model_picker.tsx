import { listModels } from "../../lib/api";
import { useQuery } from "../../lib/query";
import type { Model } from "../../lib/types";
import { Select } from "../../ui/controls";
import {
  checkpointOptions,
  isLoadedName,
  modelName,
  parseModelName,
  stepOfName,
} from "./model_name";
import css from "./playground.module.css";

const kPoll_ms = 2000;

/** The server's models, asked for again and again: a run that is being trained has newer checkpoints soon. */
export const useModels = () => useQuery<Model[]>("models", listModels, kPoll_ms);

/** A model and which of its checkpoints. */
export function ModelPicker({
  models,
  value,
  onChange,
  label = "Model",
  testId,
}: {
  models: Model[];
  value: string;
  onChange: (name: string) => void;
  label?: string;
  testId?: string;
}) {
  const { id, checkpoint } = parseModelName(value);
  const model = models.find((one) => one.id === id);
  const isThere = stepOfName(models, value) !== undefined;
  const names = models.map((one) => ({
    value: one.id,
    label: (one.loaded_steps?.length ?? 0) > 0 || one.is_loaded ? `${one.id} · loaded` : one.id,
  }));
  if (!model && id) names.unshift({ value: id, label: `${id} (not there)` });
  const checkpoints = model ? checkpointOptions(model) : [{ value: "", label: "latest" }];
  if (!checkpoints.some((option) => option.value === checkpoint))
    checkpoints.unshift({ value: checkpoint, label: `${checkpoint} (not there)` });
  return (
    <div className={css.picker} data-testid={testId}>
      <span
        className={css.loaded}
        data-loaded={isThere && isLoadedName(models, value) ? "" : undefined}
        title={isLoadedName(models, value) ? "Loaded" : "Not loaded: the first answer loads it"}
      />
      <Select
        label={label}
        isLabelHidden
        value={id}
        options={names}
        onChange={(next) => onChange(modelName({ id: next, checkpoint: "" }))}
        data-testid={testId && `${testId}-name`}
      />
      <Select
        label={`Checkpoint of ${label.toLowerCase()}`}
        isLabelHidden
        value={checkpoint}
        options={checkpoints}
        onChange={(next) => onChange(modelName({ id, checkpoint: next }))}
        data-testid={testId && `${testId}-checkpoint`}
      />
    </div>
  );
}
