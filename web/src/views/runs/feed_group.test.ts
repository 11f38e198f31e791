import { describe, expect, it, vi } from "vitest";
import type { Curves } from "../../lib/types";
import { ChartRange } from "../../ui/chart_range";
import { FeedGroup } from "./feed_group";

const kSteps: Record<string, number[]> = { a: [5, 6, 7], b: [1, 2], c: [] };

function groupOf() {
  const asked: string[] = [];
  const range = new ChartRange();
  const ask = (id: string): Promise<Curves> => {
    asked.push(id);
    const step = kSteps[id] ?? [];
    return Promise.resolve({
      run_id: id,
      n_rows: step.length,
      first_step: step[0] ?? null,
      last_step: step.at(-1) ?? null,
      from: null,
      to: null,
      rows_per_bucket: 1,
      step,
      columns: { loss: { mean: step } },
    });
  };
  return { asked, range, group: new FeedGroup({ columns: ["loss"], ask }, range) };
}
const settle = () => new Promise((resolve) => setTimeout(resolve));

describe("curves of several runs", () => {
  it("share the range of all that have steps", async () => {
    const { group, range } = groupOf();
    group.follow(["a", "b", "c"]);
    await settle();
    expect(range.full).toEqual({ from: 1, to: 7 });
    group.follow(["a", "c"]);
    expect(range.full).toEqual({ from: 5, to: 7 });
    group.follow([]);
  });

  it("are asked for once, whoever else comes and goes", async () => {
    const { group, asked } = groupOf();
    group.follow(["a", "b"]);
    await settle();
    group.follow(["b", "c"]);
    await settle();
    expect(asked).toEqual(["a", "b", "c"]);
    expect([...group.getStates().keys()]).toEqual(["b", "c"]);
    expect(group.getStates().get("b")?.data?.step).toEqual([1, 2]);
    group.follow([]);
  });

  it("tell of changes, and of none once they are left", async () => {
    const { group } = groupOf();
    const listener = vi.fn();
    group.follow(["a"]);
    group.follow([]);
    group.subscribe(listener);
    await settle();
    expect(listener).not.toHaveBeenCalled();
    group.follow(["a"]);
    await settle();
    const metrics = [{ run_id: "a", step: 8, loss: 1 } as never];
    listener.mockClear();
    group.take({ type: "metrics", runId: "a", metrics });
    expect(listener).toHaveBeenCalledTimes(1);
    expect(group.getStates().get("a")?.data?.step).toEqual([5, 6, 7, 8]);
    group.follow([]);
  });
});
