// A model's name as the server takes it: "bard", "bard@best", "bard@500".

import type { Model } from "../../lib/types";

export interface ModelName {
  id: string;
  checkpoint: string; // "" for the latest, "best", or a step
}

export function parseModelName(name: string): ModelName {
  const at = name.lastIndexOf("@");
  return at <= 0
    ? { id: name, checkpoint: "" }
    : { id: name.slice(0, at), checkpoint: name.slice(at + 1) };
}

export const modelName = ({ id, checkpoint }: ModelName): string =>
  checkpoint === "" ? id : `${id}@${checkpoint}`;

/** The step that a name means now; undefined where the server has no such thing. */
export function stepOfName(models: Model[], name: string): number | undefined {
  const { id, checkpoint } = parseModelName(name);
  const model = models.find((one) => one.id === id);
  if (!model) return undefined;
  if (checkpoint === "") return model.step;
  if (checkpoint === "best") return model.best_step ?? undefined;
  const step = Number(checkpoint);
  return model.steps.includes(step) ? step : undefined;
}

export const modelOfName = (models: Model[], name: string): Model | undefined =>
  models.find((one) => one.id === parseModelName(name).id);

/** Whether the weights are in memory; undefined where the server has no such model. */
export function isLoadedName(models: Model[], name: string): boolean | undefined {
  const model = modelOfName(models, name);
  const step = stepOfName(models, name);
  if (!model || step === undefined) return undefined;
  return model.loaded_steps?.includes(step) ?? (step === model.step && model.is_loaded);
}

/** The checkpoints to choose from: the latest, the best, then each, the newest first. */
export function checkpointOptions(model: Model): { value: string; label: string }[] {
  const mark = (step: number | null) =>
    step !== null && model.loaded_steps?.includes(step) ? " · loaded" : "";
  const options = [{ value: "", label: `latest: ${model.step}${mark(model.step)}` }];
  if (model.best_step !== null)
    options.push({ value: "best", label: `best: ${model.best_step}${mark(model.best_step)}` });
  for (const step of [...model.steps].reverse())
    options.push({ value: String(step), label: `step ${step}${mark(step)}` });
  return options;
}

/** The one to begin with: the address's, else the one used last if it is still there, else the newest. */
export function chooseModel(models: Model[], address: string | null, stored: string): string {
  if (address) return address;
  if (stored && stepOfName(models, stored) !== undefined) return stored;
  return [...models].sort((a, b) => b.created - a.created)[0]?.id ?? "";
}
