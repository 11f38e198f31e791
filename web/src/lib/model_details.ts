// What /api/models knows of a model beside its row of /v1/models: how it is made and was trained.

import { getJson } from "./api";
import type { Config } from "./types";

export interface ModelDetails {
  id: string;
  step: number;
  lastLoss: number | null; // of the validation text where there is one
  modelConfig: Config | null;
  trainConfig: Config | null;
  domain: string | null;
}

export const listModelDetails = (signal?: AbortSignal) =>
  getJson<ModelDetails[]>("/api/models", signal);

/** "char, 65 tokens", as far as it is known. */
export function tokenizerText(details: ModelDetails | undefined): string {
  const name = details?.trainConfig?.tokenizer;
  const size = details?.modelConfig?.vocabSize;
  return [
    typeof name === "string" && name ? name : undefined,
    typeof size === "number" ? `${size.toLocaleString("en-US")} tokens` : undefined,
  ]
    .filter(Boolean)
    .join(", ");
}
