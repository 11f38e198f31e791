import { describe, expect, it } from "vitest";
import type { Model } from "../../lib/types";
import {
  checkpointOptions,
  chooseModel,
  isLoadedName,
  modelName,
  parseModelName,
  stepOfName,
} from "./model_name";

const model = (id: string, more: Partial<Model> = {}): Model => ({
  id,
  created: 1,
  step: 400,
  steps: [100, 300, 400],
  best_step: 300,
  n_params: 1,
  max_model_len: 128,
  is_loaded: false,
  is_loading: false,
  loaded_steps: [300],
  size_bytes: 1,
  loaded_bytes: null,
  ...more,
});

describe("names of models", () => {
  it("are taken apart and put together", () => {
    for (const name of ["bard", "bard@best", "bard@400", "@odd"])
      expect(modelName(parseModelName(name))).toBe(name);
    expect(parseModelName("a@b@7")).toEqual({ id: "a@b", checkpoint: "7" });
  });
  it("mean a step, if there is such a thing", () => {
    const models = [model("bard"), model("new", { best_step: null })];
    expect(stepOfName(models, "bard")).toBe(400);
    expect(stepOfName(models, "bard@best")).toBe(300);
    expect(stepOfName(models, "bard@100")).toBe(100);
    expect(stepOfName(models, "bard@200")).toBeUndefined();
    expect(stepOfName(models, "new@best")).toBeUndefined();
    expect(stepOfName(models, "gone")).toBeUndefined();
  });
  it("are loaded or not", () => {
    expect(isLoadedName([model("bard")], "bard@best")).toBe(true);
    expect(isLoadedName([model("bard")], "bard")).toBe(false);
    expect(isLoadedName([], "bard")).toBeUndefined();
  });
});

it("offers the latest, the best, and each step, the newest first", () => {
  expect(checkpointOptions(model("bard")).map(({ value }) => value)).toEqual([
    "",
    "best",
    "400",
    "300",
    "100",
  ]);
  expect(checkpointOptions(model("bard"))[1]?.label).toBe("best: 300 · loaded");
});

it("begins with the address, then the last one, then the newest", () => {
  const models = [model("old", { created: 1 }), model("new", { created: 2 })];
  expect(chooseModel(models, "other", "old")).toBe("other");
  expect(chooseModel(models, null, "old@best")).toBe("old@best");
  expect(chooseModel(models, null, "gone")).toBe("new");
  expect(chooseModel([], null, "")).toBe("");
});
