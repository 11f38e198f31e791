import { describe, expect, it } from "vitest";
import type { Curves, Metric } from "../../lib/types";
import {
  appendRows,
  fromCurves,
  indexOfLeast,
  joinCurves,
  lastStep,
  recentMean,
  spacingIn,
  stepRange,
  valueAt,
  withDetail,
} from "./curve_data";

const curves = (step: number[], loss: (number | null)[], rows_per_bucket = 1): Curves => ({
  run_id: "a",
  n_rows: step.length * rows_per_bucket,
  first_step: step.length > 0 ? 1 : null,
  last_step: step[step.length - 1] ?? null,
  from: null,
  to: null,
  rows_per_bucket,
  step,
  columns: {
    loss:
      rows_per_bucket === 1
        ? { mean: loss }
        : {
            mean: loss,
            min: loss.map((v) => v && v - 1),
            max: loss.map((v) => v && v + 1),
          },
  },
});
const row = (step: number, loss: number | null, more: object = {}): Metric =>
  ({ run_id: "a", step, loss, ...more }) as Metric;

describe("rows that come", () => {
  it("go behind the last step, and into the band as themselves", () => {
    const { data, isStale } = appendRows(fromCurves(curves([10, 20], [5, 4], 10)), [row(21, 3)]);
    expect(data.step).toEqual([10, 20, 21]);
    expect(data.columns.loss).toEqual({ mean: [5, 4, 3], min: [4, 3, 3], max: [6, 5, 3] });
    expect(data).toMatchObject({ n_rows: 21, n_buckets: 2, n_appended: 1 });
    expect(isStale).toBe(false);
  });

  it("with an earlier step replace all from there on", () => {
    const first = appendRows(fromCurves(curves([1, 2, 3], [5, 4, 3])), [row(4, 2)]).data;
    const { data, isStale } = appendRows(first, [row(3, 9), row(4, 8)]);
    expect(data.step).toEqual([1, 2, 3, 4]);
    expect(data.columns.loss?.mean).toEqual([5, 4, 9, 8]);
    expect(data).toMatchObject({ n_rows: 4, n_appended: 2 });
    expect(isStale).toBe(false);
  });

  it("replace one another in the same lot", () => {
    const base = fromCurves(curves([1, 2], [5, 4]));
    const { data } = appendRows(base, [row(3, 1), row(4, 1), row(3, 2), row(2, 7), row(5, 6)]);
    expect(data.step).toEqual([1, 2, 5]);
    expect(data.columns.loss?.mean).toEqual([5, 7, 6]);
  });

  it("within a bucket of several rows are for the server to tell", () => {
    const base = fromCurves(curves([10, 20], [5, 4], 10));
    const { data, isStale } = appendRows(base, [row(15, 1), row(21, 3)]);
    expect(isStale).toBe(true);
    expect(data.step).toEqual([10, 20, 21]);
  });

  it("bring columns, and leave gaps where they have no number", () => {
    const { data } = appendRows(fromCurves(curves([1], [5])), [
      row(2, null, { val_loss: 4, note: "x" }),
      row(3, 4, { val_loss: null }),
    ]);
    expect(data.columns.loss?.mean).toEqual([5, null, 4]);
    expect(data.columns.val_loss?.mean).toEqual([null, 4, null]);
    expect(data.columns).not.toHaveProperty("note");
  });

  it("begin a run that had none", () => {
    const { data } = appendRows(fromCurves({ ...curves([], []), columns: {} }), [row(5, 1)]);
    expect(stepRange(data)).toEqual({ from: 5, to: 5 });
    expect(data.columns.loss?.mean).toEqual([1]);
  });
});

describe("a run that begins again", () => {
  it("begins where its rows do", () => {
    const first = fromCurves({ ...curves([5, 6, 7], [3, 2, 1]), first_step: 5 });
    const { data } = appendRows(first, [row(1, 9), row(2, 8)]);
    expect(stepRange(data)).toEqual({ from: 1, to: 2 });
  });
});

describe("values of a column", () => {
  it("have a least one, the earliest of equals", () => {
    expect(indexOfLeast([null, 3, 1, 2, 1])).toBe(2);
    expect(indexOfLeast([null])).toBeUndefined();
    expect(indexOfLeast(undefined)).toBeUndefined();
  });

  it("have a mean of the last few that are there", () => {
    expect(recentMean([100, 2, null, 4], 2)).toBe(3);
    expect(recentMean([null], 2)).toBeUndefined();
  });
});

describe("finer points", () => {
  const coarse = fromCurves(curves([10, 20, 30, 40], [4, 3, 2, 1], 10));

  it("take the place of coarse ones within their range", () => {
    const fine = fromCurves(curves([15, 16, 17, 18], [7, null, 8, 9]));
    const data = withDetail(coarse, fine, { from: 15, to: 25 });
    expect(data.step).toEqual([10, 15, 16, 17, 18, 30, 40]);
    expect(data.columns.loss?.mean).toEqual([4, 7, null, 8, 9, 2, 1]);
    expect(data.columns.loss?.max).toEqual([5, 7, null, 8, 9, 3, 2]);
    expect(lastStep(data)).toBe(40);
  });

  it("leave all as it was where there are none", () => {
    expect(withDetail(coarse, fromCurves(curves([], [])), { from: 1, to: 40 })).toBe(coarse);
  });

  it("stay ascending where the range of an answer ends in the middle of a bucket", () => {
    const fine = fromCurves(curves([12, 24], [1, 1], 2));
    const { step } = withDetail(coarse, fine, { from: 11, to: 22 });
    expect(step).toEqual([10, 12, 24, 30, 40]);
  });
});

describe("curves of several runs", () => {
  it("are joined over all steps: what one has not is no gap, what it has as a gap stays one", () => {
    const { step, values } = joinCurves([
      { step: [1, 2, 3], values: [[5, null, 3]] },
      { step: [2, 10], values: [[7, 8]] },
    ]);
    expect(step).toEqual([1, 2, 3, 10]);
    expect(values).toEqual([[[5, null, 3, undefined]], [[undefined, 7, undefined, 8]]]);
  });
});

describe("the value at a step", () => {
  it("is known where the bucket has one", () => {
    expect(valueAt(curves([10, 20], [5, 4]), "loss", 20)).toBe(4);
    expect(valueAt(curves([10, 20], [5, 4]), "loss", 15)).toBeUndefined();
    expect(valueAt(curves([10, 20], [5, 4], 10), "loss", 15)).toBeUndefined();
    expect(valueAt(curves([10], [5]), "val_loss", 10)).toBeUndefined();
    expect(valueAt(curves([10], [5]), "loss", 11)).toBeUndefined();
  });
});

describe("the distance of points", () => {
  it("is that of the range", () => {
    expect(spacingIn([100, 200, 201, 202, 300], { from: 200, to: 202 })).toBe(1);
    expect(spacingIn([100, 200], { from: -Infinity, to: Infinity })).toBe(100);
    expect(spacingIn([5], { from: 0, to: 9 })).toBe(1);
  });
});
