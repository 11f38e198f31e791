// Which models' tokenizers are compared.

import { parseModelName } from "../playground/model_name";
import type { Tokenized } from "./use_tokenized";

export const kMaxModels = 3;

/** What the address asks for, else what was chosen last, else the first model; each once and known to the server. */
export function chosenModels(ids: string[], asked: string[], stored: string[]): string[] {
  const known = (models: unknown): string[] =>
    Array.isArray(models)
      ? [...new Set(models as string[])]
          .filter((model) => typeof model === "string" && ids.includes(parseModelName(model).id))
          .slice(0, kMaxModels)
      : [];
  for (const models of [asked, stored, ids.slice(0, 1)]) {
    const some = known(models);
    if (some.length > 0) return some;
  }
  return [];
}

/** All that may be chosen: the models, and the checkpoints that are chosen already. */
export const modelOptions = (ids: string[], chosen: string[]): string[] => [
  ...ids,
  ...chosen.filter((model) => !ids.includes(model)),
];

/** For each model, the first one before it that cuts the same text into the same ids. */
export function sameTokens(
  answers: Pick<Tokenized, "model" | "text" | "isSpecial" | "tokens">[],
): Record<string, string> {
  const same: Record<string, string> = {};
  answers.forEach((answer, i) => {
    const first = answers
      .slice(0, i)
      .find(
        (one) =>
          one.text === answer.text &&
          one.isSpecial === answer.isSpecial &&
          one.tokens.length > 0 &&
          one.tokens.length === answer.tokens.length &&
          one.tokens.every(
            ({ id, piece }, k) => answer.tokens[k]?.id === id && answer.tokens[k]?.piece === piece,
          ),
      );
    if (first) same[answer.model] = first.model;
  });
  return same;
}
