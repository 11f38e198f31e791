// The models of the view: rows of /v1/models with what else is known of each.

import { tokenizerText, type ModelDetails } from "../../lib/model_details";
import type { Model } from "../../lib/types";
import { countParameters, describe, parameterParts, shapeOf, type ParameterPart } from "./params";

export interface ModelEntry {
  model: Model;
  kind: string[]; // what it is, in words
  tokenizer: string; // "char, 65 tokens"
  parts: ParameterPart[]; // empty where they do not add up to what the server counts
}

export function modelEntries(models: Model[], details: ModelDetails[] | undefined): ModelEntry[] {
  const byId = new Map(details?.map((one) => [one.id, one]));
  return models.map((model) => {
    const known = byId.get(model.id);
    const shape = shapeOf(known?.modelConfig);
    const parts = shape ? parameterParts(shape) : [];
    return {
      model,
      kind: shape ? describe(shape) : [],
      tokenizer: tokenizerText(known),
      parts: countParameters(parts) === model.n_params ? parts : [],
    };
  });
}

/** The steps that are loaded; an older server tells of the latest alone. */
export const loadedSteps = (model: Model): number[] =>
  model.loaded_steps ?? (model.is_loaded ? [model.step] : []);

/** Whether each word of `filter` is in the name or the description. */
export function matches({ model, kind, tokenizer }: ModelEntry, filter: string): boolean {
  const text = [model.id, ...kind, tokenizer].join(" ").toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
