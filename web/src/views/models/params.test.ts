import { describe as suite, expect, it } from "vitest";
import { countParameters, describe, parameterParts, shapeOf, type Shape } from "./params";

const shape = (config: Record<string, unknown>): Shape => {
  const made = shapeOf(config);
  if (!made) throw new Error("no shape");
  return made;
};
const count = (config: Record<string, unknown>) => countParameters(parameterParts(shape(config)));

// The configurations of runs, with what the server says they have.
const kSmall = { vocabSize: 65, blockSize: 128, nLayer: 3, nEmbd: 96, nHead: 4, ffnDim: 384 };
const kGpt2 = {
  vocabSize: 50257,
  blockSize: 1024,
  nLayer: 12,
  nEmbd: 768,
  nHead: 12,
  ffnDim: 3072,
  bias: true,
  tied: true,
  softCap: 0,
};

suite("parameters", () => {
  it("are as many as the server counts", () => {
    expect(count(kSmall)).toBe(357_888);
    expect(count({ vocabSize: 4000, blockSize: 256, nLayer: 6, nEmbd: 256, nHead: 8 })).toBe(
      6_838_784,
    );
    expect(count(kGpt2)).toBe(124_439_808);
  });

  it("have no head of their own where it is tied", () => {
    const head = (config: Record<string, unknown>) =>
      parameterParts(shape(config)).find(({ name }) => name === "Output head")?.n;
    expect(head(kSmall)).toBe(65 * 96);
    expect(head({ ...kSmall, tied: true })).toBe(0);
    expect(count(kSmall) - count({ ...kSmall, tied: true })).toBe(65 * 96);
  });

  it("have a third product with swiglu, and its own usual width", () => {
    const wide = count({ ...kSmall, ffnActivation: "swiglu" });
    expect(wide - count(kSmall)).toBe(3 * 96 * 384);
    expect(shape({ ...kSmall, ffnDim: 0, ffnActivation: "swiglu" }).ffnDim).toBe(256);
    expect(shape({ ...kSmall, nEmbd: 97, ffnDim: 0, ffnActivation: "swiglu" }).ffnDim).toBe(320);
    expect(shape({ ...kSmall, ffnDim: undefined }).ffnDim).toBe(384);
  });

  it("have biases in linear layers and norms where there are some", () => {
    const biases = 3 * (3 * 96 + 96 + 384 + 96);
    expect(count({ ...kSmall, bias: true }) - count(kSmall)).toBe(biases);
    expect(count(kSmall) - count({ ...kSmall, normBias: false })).toBe(7 * 96);
    expect(count({ ...kSmall, norm: "rms_norm" })).toBe(count({ ...kSmall, normBias: false }));
  });
});

suite("shapeOf", () => {
  it("takes the original's values for what the original did not write", () => {
    const old = shape({ vocabSize: 10, blockSize: 8, nLayer: 1, nEmbd: 4, nHead: 2 });
    expect(old).toMatchObject({
      ffnDim: 16,
      ffnActivation: "gelu",
      norm: "layer_norm",
      hasBias: false,
      hasNormBias: true,
      isTied: false,
      softCap: 30,
    });
  });

  it("is nothing where a size is missing", () => {
    expect(shapeOf(null)).toBeUndefined();
    expect(shapeOf({})).toBeUndefined();
    expect(shapeOf({ ...kSmall, nHead: undefined })).toBeUndefined();
    expect(shapeOf({ ...kSmall, vocabSize: "65" })).toBeUndefined();
    expect(shapeOf({ ...kSmall, nLayer: -1 })).toBeUndefined();
  });
});

it("describes a model in words", () => {
  expect(describe(shape(kGpt2))).toEqual([
    "12 layers × 12 heads × 768 wide",
    "context 1,024",
    "vocabulary 50,257",
    "GELU feed-forward 3072",
    "LayerNorm",
    "biases",
    "tied head",
  ]);
  expect(describe(shape({ ...kSmall, nLayer: 1, dropout: 0.1, ffnActivation: "new" }))).toEqual([
    "1 layer × 4 heads × 96 wide",
    "context 128",
    "vocabulary 65",
    "new feed-forward 384",
    "LayerNorm",
    "soft cap 30",
    "dropout 0.1",
  ]);
});
