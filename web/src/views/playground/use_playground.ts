// What Chat and Complete have in common: models in the address, sampling and what is shown, remembered.

import { useEffect, useMemo } from "react";
import { replaceRoute, href, type Route } from "../../lib/route";
import { useStored } from "../../lib/stored";
import type { Model } from "../../lib/types";
import { chooseModel, modelOfName, parseModelName, isLoadedName } from "./model_name";
import { useModels } from "./model_picker";
import { asSampling, kDefaults, toFields, wrongIn, type Sampling } from "./sampling";

const kNoModels: Model[] = [];

export function usePlayground(
  view: "chat" | "complete",
  route: Route,
  initial: Partial<Sampling> = {},
) {
  const query = useModels();
  const models = query.data ?? kNoModels;
  const address = route.query.get("model");
  const [last, setLast] = useStored("model", ""); // on any view
  const first = chooseModel(models, address, last);
  // Once chosen it stays, though another becomes the newest.
  useEffect(() => {
    if (first && first !== last) setLast(first);
  }, [first, last, setLast]);
  const [storedSecond, storeSecond] = useStored("second-model", "");
  // An address that names no model, as in the list of views, means what was there before.
  const [before, setBefore] = useStored<string | null>(`with.${view}`, null);
  const second = route.query.get("with") ?? (address === null ? before : null);
  const isCompared = second !== null;

  const go = (model: string, other: string | null) => {
    setBefore(other);
    replaceRoute(href([view], other === null ? { model } : { model, with: other }));
  };

  const defaults = useMemo(
    () => ({ ...kDefaults, ...initial }),
    // What a view begins with does not change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [view],
  );
  const [stored, setSampling] = useStored<unknown>(`sampling.${view}`, defaults);
  const sampling = useMemo(() => asSampling(stored, defaults), [stored, defaults]);
  const wrong = useMemo(() => wrongIn(sampling), [sampling]);
  const fields = useMemo(
    () => toFields(sampling, { withN: view === "complete" }),
    [sampling, view],
  );
  const [hasProbabilities, setProbabilities] = useStored("probabilities", false);
  // Where there is no room beside, settings that were left open would stand before everything.
  const isWide = window.innerWidth > 1000;
  const [isSettingsOpen, setSettingsOpen] = useStored(
    isWide ? "settings-open" : "settings-open-narrow",
    isWide,
  );

  return {
    query,
    models,
    names: second === null ? [first] : [first, second],
    setName: (index: number, name: string) => {
      if (index === 0) return go(name, second);
      storeSecond(name);
      go(first, name);
    },
    isCompared,
    setCompared: (next: boolean) =>
      go(first, next ? chooseSecond(models, first, storedSecond) : null),
    sampling,
    setSampling: setSampling as (next: Sampling) => void,
    defaults,
    wrong,
    isWrong: Object.keys(wrong).length > 0,
    fields,
    hasProbabilities,
    setProbabilities,
    isSettingsOpen,
    setSettingsOpen,
  };
}

export type Playground = ReturnType<typeof usePlayground>;

/** Something to compare with: what was chosen before, another checkpoint, another model. */
function chooseSecond(models: Model[], first: string, stored: string): string {
  if (stored && stored !== first && modelOfName(models, stored)) return stored;
  const { id, checkpoint } = parseModelName(first);
  const model = modelOfName(models, first);
  const steps = model?.steps.filter((step) => step !== model.step) ?? [];
  if (checkpoint !== "") return id;
  const before = steps.at(-1);
  if (before !== undefined) return `${id}@${before}`;
  return models.find((one) => one.id !== id)?.id ?? first;
}

/** What an answer waits for before its first token. */
export function waitingFor(models: Model[], name: string): string {
  return isLoadedName(models, name) === false ? `Loading ${name}…` : `Waiting for ${name}…`;
}
