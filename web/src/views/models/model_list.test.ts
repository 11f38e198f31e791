import { describe, expect, it } from "vitest";
import type { ModelDetails } from "../../lib/model_details";
import type { Model } from "../../lib/types";
import { loadedSteps, matches, modelEntries } from "./model_list";

const model = (changes: Partial<Model> = {}): Model => ({
  id: "bard",
  created: 0,
  step: 400,
  steps: [200, 400],
  best_step: 200,
  n_params: 357_888,
  max_model_len: 128,
  is_loaded: false,
  is_loading: false,
  loaded_steps: [],
  size_bytes: 1,
  loaded_bytes: null,
  ...changes,
});

const details: ModelDetails = {
  id: "bard",
  step: 400,
  lastLoss: null,
  modelConfig: { vocabSize: 65, blockSize: 128, nLayer: 3, nEmbd: 96, nHead: 4, ffnDim: 384 },
  trainConfig: { tokenizer: "char" },
  domain: null,
};

describe("modelEntries", () => {
  it("joins what is known of a model by its id", () => {
    const [entry] = modelEntries([model()], [{ ...details, id: "other" }, details]);
    expect(entry?.tokenizer).toBe("char, 65 tokens");
    expect(entry?.kind[0]).toBe("3 layers × 4 heads × 96 wide");
    expect(entry?.parts).toHaveLength(6);
  });

  it("shows no parts that do not add up", () => {
    expect(modelEntries([model({ n_params: 1 })], [details])[0]?.parts).toEqual([]);
  });

  it("lives without details", () => {
    for (const known of [undefined, [], [{ ...details, modelConfig: null, trainConfig: null }]]) {
      const [entry] = modelEntries([model()], known);
      expect(entry).toMatchObject({ kind: [], tokenizer: "", parts: [] });
    }
  });
});

describe("loadedSteps", () => {
  it("believes the server", () => {
    expect(loadedSteps(model({ loaded_steps: [200], is_loaded: true }))).toEqual([200]);
  });

  it("takes the latest with a server that does not tell", () => {
    const old = { ...model({ is_loaded: true }), loaded_steps: undefined } as unknown as Model;
    expect(loadedSteps(old)).toEqual([400]);
    expect(loadedSteps({ ...old, is_loaded: false })).toEqual([]);
  });
});

it("finds a model by words of its name and description", () => {
  const [entry] = modelEntries([model()], [details]);
  if (!entry) throw new Error("no entry");
  for (const filter of ["", "BARD", "char gelu", "  3 layers "]) {
    expect(matches(entry, filter)).toBe(true);
  }
  expect(matches(entry, "bard bpe")).toBe(false);
});
