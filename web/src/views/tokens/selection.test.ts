import { describe, expect, it } from "vitest";
import { chosenModels, modelOptions, sameTokens } from "./selection";

describe("chosenModels", () => {
  const ids = ["a", "b", "c", "d"];

  it("follows the address, then what was stored, then takes the first", () => {
    expect(chosenModels(ids, ["b@100", "c"], ["d"])).toEqual(["b@100", "c"]);
    expect(chosenModels(ids, [], ["d"])).toEqual(["d"]);
    expect(chosenModels(ids, [], [])).toEqual(["a"]);
  });

  it("leaves out what the server does not have, twins and the fourth", () => {
    expect(chosenModels(ids, ["gone"], ["d", "gone", "d"])).toEqual(["d"]);
    expect(chosenModels(ids, ids, [])).toEqual(["a", "b", "c"]);
    expect(chosenModels([], ["a"], ["a"])).toEqual([]);
  });

  it("lives with what another version stored", () => {
    expect(chosenModels(ids, [], "b" as unknown as string[])).toEqual(["a"]);
    expect(chosenModels(ids, [], [7] as unknown as string[])).toEqual(["a"]);
  });
});

it("offers chosen checkpoints beside the models", () => {
  expect(modelOptions(["a", "b"], ["b", "a@100"])).toEqual(["a", "b", "a@100"]);
});

describe("sameTokens", () => {
  const answer = (model: string, ids: number[], text = "x", piece = "p") => ({
    model,
    text,
    isSpecial: true,
    tokens: ids.map((id) => ({ id, piece })),
  });

  it("names the first that cuts the text the same way", () => {
    expect(sameTokens([answer("a", [1, 2]), answer("b", [1, 2]), answer("c", [1, 2])])).toEqual({
      b: "a",
      c: "a",
    });
  });

  it("does not take equal ids of other pieces, texts or lengths for the same", () => {
    expect(sameTokens([answer("a", [1]), answer("b", [2])])).toEqual({});
    expect(sameTokens([answer("a", [1]), answer("b", [1, 1])])).toEqual({});
    expect(sameTokens([answer("a", [1]), answer("b", [1], "x", "q")])).toEqual({});
    expect(sameTokens([answer("a", [1]), answer("b", [1], "y")])).toEqual({});
    expect(sameTokens([answer("a", []), answer("b", [])])).toEqual({});
  });
});
