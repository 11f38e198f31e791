import { describe, expect, it } from "vitest";
import type { Metric, Run } from "../../lib/types";
import { applyLive, filterRuns, nextSorting, progressOf, sortRuns, withMetrics } from "./run_rows";

const run = (id: string, fields: Partial<Run> = {}): Run =>
  ({
    id,
    domain: "",
    status: "completed",
    latest_step: 10,
    total_iters: 100,
    last_loss: null,
    best_val_loss: null,
    last_val_loss: null,
    tokens_per_sec: null,
    estimated_params: null,
    updated_at: 0,
    ...fields,
  }) as Run;
const ids = (runs: Run[]) => runs.map(({ id }) => id).join(" ");
const metric = (step: number, fields: Partial<Metric>): Metric =>
  ({ step, loss: null, val_loss: null, ...fields }) as Metric;

describe("the order of runs", () => {
  it("is that of the column, with rows without a value last either way", () => {
    const runs = [run("a", { last_loss: 2 }), run("b"), run("c", { last_loss: 1 })];
    expect(ids(sortRuns(runs, { key: "loss", isDescending: false }))).toBe("c a b");
    expect(ids(sortRuns(runs, { key: "loss", isDescending: true }))).toBe("a c b");
  });

  it("of names counts their numbers", () => {
    const runs = [run("run-10"), run("run-9"), run("Run-1")];
    expect(ids(sortRuns(runs, { key: "id", isDescending: false }))).toBe("Run-1 run-9 run-10");
  });

  it("among equals has the newest first, and what runs above what is done", () => {
    const runs = [
      run("old", { updated_at: 1 }),
      run("new", { updated_at: 2 }),
      run("now", { status: "active" }),
    ];
    expect(ids(sortRuns(runs, { key: "status", isDescending: false }))).toBe("now new old");
  });

  it("turns around at the second click", () => {
    const first = nextSorting({ key: "id", isDescending: false }, "speed");
    expect(first).toEqual({ key: "speed", isDescending: true });
    expect(nextSorting(first, "speed").isDescending).toBe(false);
  });
});

describe("the filter", () => {
  it("wants every word and the status", () => {
    const runs = [
      run("bard", { tokenizer: "char" }),
      run("bard-bpe", { tokenizer: "bpe-4k", status: "active" }),
    ];
    expect(ids(filterRuns(runs, "BARD char", ""))).toBe("bard");
    expect(ids(filterRuns(runs, "bard", "active"))).toBe("bard-bpe");
    expect(ids(filterRuns(runs, "", ""))).toBe("bard bard-bpe");
  });
});

describe("what is logged", () => {
  it("moves step and losses, and keeps the best", () => {
    const now = withMetrics(
      run("a", { best_val_loss: 2, last_loss: 5 }),
      [metric(11, { loss: 4 }), metric(12, { val_loss: 3 }), metric(13, { loss: null })],
      99,
    );
    expect(now).toMatchObject({
      latest_step: 13,
      last_loss: 4,
      last_val_loss: 3,
      best_val_loss: 2,
      status: "active",
      updated_at: 99,
    });
  });

  it("adds runs that start, without their metrics, and changes the one it is of", () => {
    const start = { ...run("new", { status: "active" }), metrics: [] };
    const [added, old] = applyLive([run("old")], { type: "run_start", run: start }, 1);
    expect(added).not.toHaveProperty("metrics");
    expect(added?.id).toBe("new");
    const same = applyLive([old as Run], { type: "run_status", runId: "new", status: "failed" }, 1);
    expect(same[0]).toBe(old);
    const done = applyLive([run("a")], { type: "run_complete", runId: "a", finalStep: 50 }, 1);
    expect(done[0]).toMatchObject({ status: "completed", latest_step: 50 });
  });
});

describe("progress", () => {
  it("is a part of all steps, or not known", () => {
    expect(progressOf(run("a", { latest_step: 25 }))).toBe(0.25);
    expect(progressOf(run("a", { total_iters: 0 }))).toBeUndefined();
    expect(progressOf(run("a", { latest_step: 120 }))).toBe(1);
  });
});
