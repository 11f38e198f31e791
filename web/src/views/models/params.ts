// Where a model's parameters are, by its configuration. The shapes are those of alpha/model/parameters.cpp.

import type { Config } from "../../lib/types";

export interface ParameterPart {
  name: string;
  n: number;
}

export interface Shape {
  vocabSize: number;
  blockSize: number;
  nLayer: number;
  nEmbd: number;
  nHead: number;
  ffnDim: number;
  ffnActivation: string;
  norm: string;
  hasBias: boolean; // in linear layers
  hasNormBias: boolean; // in layer norms
  isTied: boolean; // the output head is the token embedding
  softCap: number; // of attention scores; 0: none
  dropout: number;
}

/** The sizes out of a modelConfig, with what the original did not write; undefined where one is missing. */
export function shapeOf(config: Config | null | undefined): Shape | undefined {
  if (!config) return undefined;
  const size = (name: string): number | undefined => {
    const value = config[name];
    return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
  };
  const number = (name: string, otherwise: number): number => {
    const value = config[name];
    return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  };
  const word = (name: string, otherwise: string): string => {
    const value = config[name];
    return typeof value === "string" ? value : otherwise;
  };
  const is = (name: string, otherwise: boolean): boolean => {
    const value = config[name];
    return typeof value === "boolean" ? value : otherwise;
  };
  const [vocabSize, blockSize, nLayer, nEmbd, nHead] = [
    size("vocabSize"),
    size("blockSize"),
    size("nLayer"),
    size("nEmbd"),
    size("nHead"),
  ];
  if (!vocabSize || !blockSize || !nLayer || !nEmbd || !nHead) return undefined;
  const ffnActivation = word("ffnActivation", "gelu");
  const usual = ffnActivation === "swiglu" ? Math.floor((8 * nEmbd + 191) / 192) * 64 : 4 * nEmbd;
  return {
    vocabSize,
    blockSize,
    nLayer,
    nEmbd,
    nHead,
    ffnDim: size("ffnDim") ?? usual,
    ffnActivation,
    norm: word("norm", "layer_norm"),
    hasBias: is("bias", false),
    hasNormBias: is("normBias", true),
    isTied: is("tied", false),
    softCap: number("softCap", 30),
    dropout: number("dropout", 0),
  };
}

/** The parts in the order a token goes through them. A head that is tied has none of its own. */
export function parameterParts(shape: Shape): ParameterPart[] {
  const { vocabSize, blockSize, nLayer, nEmbd, ffnDim, hasBias } = shape;
  const linear = (outputs: number, inputs: number) => outputs * inputs + (hasBias ? outputs : 0);
  const norm = shape.norm === "layer_norm" && shape.hasNormBias ? 2 * nEmbd : nEmbd;
  const attention = linear(3 * nEmbd, nEmbd) + linear(nEmbd, nEmbd);
  const up = shape.ffnActivation === "swiglu" ? 2 : 1;
  const feedForward = up * linear(ffnDim, nEmbd) + linear(nEmbd, ffnDim);
  return [
    { name: "Token embedding", n: vocabSize * nEmbd },
    { name: "Position embedding", n: blockSize * nEmbd },
    { name: "Attention", n: nLayer * attention },
    { name: "Feed-forward", n: nLayer * feedForward },
    { name: "Norms", n: (2 * nLayer + 1) * norm },
    { name: "Output head", n: shape.isTied ? 0 : vocabSize * nEmbd },
  ];
}

export const countParameters = (parts: ParameterPart[]): number =>
  parts.reduce((sum, { n }) => sum + n, 0);

const kActivations: Record<string, string> = {
  gelu: "GELU",
  relu: "ReLU",
  silu: "SiLU",
  swiglu: "SwiGLU",
};
const kNorms: Record<string, string> = { layer_norm: "LayerNorm", rms_norm: "RMSNorm" };

/** "3 layers × 4 heads × 96 wide", "context 128", …: what kind of model it is. */
export function describe(shape: Shape): string[] {
  const many = (n: number, one: string) => `${n} ${one}${n === 1 ? "" : "s"}`;
  return [
    `${many(shape.nLayer, "layer")} × ${many(shape.nHead, "head")} × ${shape.nEmbd} wide`,
    `context ${shape.blockSize.toLocaleString("en-US")}`,
    `vocabulary ${shape.vocabSize.toLocaleString("en-US")}`,
    `${kActivations[shape.ffnActivation] ?? shape.ffnActivation} feed-forward ${shape.ffnDim}`,
    kNorms[shape.norm] ?? shape.norm,
    ...(shape.hasBias ? ["biases"] : []),
    ...(shape.isTied ? ["tied head"] : []),
    ...(shape.softCap > 0 ? [`soft cap ${shape.softCap}`] : []),
    ...(shape.dropout > 0 ? [`dropout ${shape.dropout}`] : []),
  ];
}
