import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiFailure, type CurvesQuery } from "../../lib/api";
import type { LiveEvent } from "../../lib/live";
import type { Curves, Metric, Run } from "../../lib/types";
import { CurveFeed } from "./curve_feed";

/** A server whose run has the steps 1 to n. */
class Server {
  asked: CurvesQuery[] = [];
  held: (() => void)[] | undefined; // answers wait here
  isDown = false;
  value = (step: number) => 1 / step;
  constructor(public n: number) {}

  ask = async (_id: string, query: CurvesQuery, signal?: AbortSignal): Promise<Curves> => {
    this.asked.push(query);
    if (this.isDown) throw new ApiFailure(503, "down");
    const from = Math.max(1, query.from ?? 1);
    const to = Math.min(this.n, query.to ?? this.n);
    const { n } = this;
    if (this.held) await new Promise<void>((resolve) => this.held?.push(resolve));
    if (signal?.aborted) throw new DOMException("", "AbortError");
    const per = Math.max(1, Math.ceil((to - from + 1) / (query.points ?? 1000)));
    const step: number[] = [];
    for (let s = from + per - 1; s < to; s += per) step.push(s);
    if (n > 0) step.push(to);
    return {
      run_id: "a",
      n_rows: n,
      first_step: n > 0 ? 1 : null,
      last_step: n > 0 ? n : null,
      from,
      to,
      rows_per_bucket: per,
      step,
      columns: { loss: { mean: step.map(this.value) } },
    };
  };
}

const metrics = (...steps: number[]): LiveEvent => ({
  type: "metrics",
  runId: "a",
  metrics: steps.map((step) => ({ run_id: "a", step, loss: 1 / step }) as Metric),
});
const feedOf = (server: Server, points = 100) =>
  new CurveFeed("a", { columns: ["loss"], points, ask: server.ask });
const settle = () => vi.advanceTimersByTimeAsync(0);
const last = (feed: CurveFeed) => feed.getState().data?.step.at(-1);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a feed of curves", () => {
  it("grows with what is logged, without asking again", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.take(metrics(51, 52));
    expect(last(feed)).toBe(52);
    expect(server.asked).toHaveLength(1);
  });

  it("keeps rows that come before the first answer, each once", async () => {
    const server = new Server(50);
    server.held = [];
    const feed = feedOf(server);
    feed.start();
    feed.take(metrics(50, 51));
    server.held.forEach((go) => go());
    await settle();
    expect(feed.getState().data?.step.slice(-3)).toEqual([49, 50, 51]);
  });

  it("keeps rows that come while it asks again", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    server.held = [];
    feed.reload();
    feed.take(metrics(51));
    server.held.forEach((go) => go());
    await settle();
    expect(last(feed)).toBe(51);
  });

  it("asks anew when the run starts again, and shows the shorter one", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.take(metrics(51));
    server.n = 20;
    feed.take({ type: "run_start", run: { id: "a" } as Run & { metrics: Metric[] } });
    await settle();
    expect(last(feed)).toBe(20);
  });

  it("keeps rows that come while it asks for a run that started again earlier", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.take(metrics(51, 52));
    server.n = 20;
    server.held = [];
    feed.take({ type: "run_start", run: { id: "a" } as Run & { metrics: Metric[] } });
    feed.take(metrics(21));
    feed.take(metrics(22));
    server.held.forEach((go) => go());
    await settle();
    expect(feed.getState().data?.step.slice(-3)).toEqual([20, 21, 22]);
  });

  it("asks anew after a broken stream, not after its first snapshot", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.take({ type: "snapshot", runs: [], isAgain: false });
    expect(server.asked).toHaveLength(1);
    feed.take({ type: "snapshot", runs: [], isAgain: true });
    expect(server.asked).toHaveLength(2);
  });

  it("asks anew when the stream is there after a first answer that failed", async () => {
    const server = new Server(50);
    server.isDown = true;
    const feed = feedOf(server);
    feed.start();
    await settle();
    expect(feed.getState().error).toBeInstanceOf(ApiFailure);
    server.isDown = false;
    feed.take({ type: "snapshot", runs: [], isAgain: false });
    await settle();
    expect(feed.getState().error).toBeUndefined();
    expect(last(feed)).toBe(50);
  });

  it("keeps what it has when it cannot ask anew, and tries again", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    server.n = 60;
    server.isDown = true;
    feed.reload();
    await settle();
    expect(last(feed)).toBe(50);
    expect(feed.getState().error).toBeUndefined();
    server.isDown = false;
    await vi.advanceTimersByTimeAsync(6000);
    expect(last(feed)).toBe(60);
  });

  it("asks anew when many rows came, and not more often than every few seconds", async () => {
    const server = new Server(50);
    const feed = feedOf(server);
    feed.start();
    await settle();
    for (let i = 0; i < 20; ++i)
      feed.take(metrics(...Array.from({ length: 100 }, (_, j) => 51 + 100 * i + j)));
    server.n = 2050;
    expect(server.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5000);
    expect(server.asked).toHaveLength(2);
    expect(last(feed)).toBe(2050);
    expect(feed.getState().data?.step.length).toBeLessThan(150);
  });
});

describe("a feed that is zoomed", () => {
  it("asks for finer points once the zoom rests, and shows the coarse ones until then", async () => {
    const server = new Server(100_000);
    const feed = feedOf(server);
    feed.start();
    await settle();
    for (let i = 0; i < 30; ++i) {
      feed.show({ from: 1000 + i, to: 3000 - i });
      await vi.advanceTimersByTimeAsync(16);
    }
    expect(server.asked).toHaveLength(1);
    expect(feed.getState().data?.step).toHaveLength(100);
    await vi.advanceTimersByTimeAsync(200);
    expect(server.asked).toHaveLength(2);
    const seen = feed.getState().data?.step.filter((s) => s >= 1029 && s <= 2971) ?? [];
    expect(seen.length).toBeGreaterThan(60);
  });

  it("does not ask for what it has: within the margin, or where every row is there", async () => {
    const server = new Server(100_000);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.show({ from: 1000, to: 1100 });
    await vi.advanceTimersByTimeAsync(200);
    feed.show({ from: 1020, to: 1120 });
    await vi.advanceTimersByTimeAsync(200);
    feed.show({ from: 1050, to: 1054 });
    await vi.advanceTimersByTimeAsync(200);
    expect(server.asked).toHaveLength(3); // the second view is within; the third wants every row
    const small = feedOf(new Server(80));
    small.start();
    await settle();
    small.show({ from: 1, to: 5 });
    await vi.advanceTimersByTimeAsync(200);
    expect(small.getState().detail).toBeUndefined();
  });

  it("from the beginning asks once for the whole and once for what is seen", async () => {
    const server = new Server(100_000);
    const feed = feedOf(server);
    feed.start();
    feed.show({ from: 1000, to: 1040 });
    feed.subscribe(() => feed.getState().detail ?? feed.show({ from: 1000, to: 1040 }));
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.asked).toHaveLength(2);
    expect(feed.getState().detail).toEqual({ from: 980, to: 1060 });
  });

  it("has the coarse points alone again when all is seen", async () => {
    const feed = feedOf(new Server(100_000));
    feed.start();
    await settle();
    feed.show({ from: 1000, to: 1100 });
    await vi.advanceTimersByTimeAsync(200);
    expect(feed.getState().data?.rows_per_bucket).toBe(2);
    feed.show(undefined);
    expect(feed.getState().detail).toBeUndefined();
    expect(feed.getState().data?.step).toHaveLength(100);
    expect(feed.getState().data?.rows_per_bucket).toBe(1000);
  });

  it("asks for what is seen anew when the run is written anew", async () => {
    const server = new Server(100_000);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.show({ from: 90_000, to: 90_100 });
    await vi.advanceTimersByTimeAsync(200);
    server.n = 90_050;
    server.value = () => 7;
    feed.take({ type: "run_start", run: { id: "a" } as Run & { metrics: Metric[] } });
    await settle();
    expect(last(feed)).toBe(90_050);
    expect(feed.getState().detail).toEqual({ from: 89_950, to: 90_050 });
    expect(new Set(feed.getState().data?.columns.loss?.mean)).toEqual(new Set([7]));
  });

  it("asks anew for all when a row comes that replaces some of a bucket", async () => {
    const server = new Server(100_000);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.show({ from: 90_000, to: 90_100 });
    await vi.advanceTimersByTimeAsync(200);
    server.n = 90_050;
    server.value = () => 7;
    feed.take(metrics(90_050));
    await vi.advanceTimersByTimeAsync(6000);
    expect(new Set(feed.getState().data?.columns.loss?.mean)).toEqual(new Set([7]));
  });

  it("does not ask for what is beyond its run", async () => {
    const server = new Server(1000);
    const feed = feedOf(server);
    feed.start();
    await settle();
    feed.show({ from: 2000, to: 3000 });
    await vi.advanceTimersByTimeAsync(200);
    expect(server.asked).toHaveLength(1);
  });

  it("drops an answer that a later zoom made useless", async () => {
    const server = new Server(100_000);
    const feed = feedOf(server);
    feed.start();
    await settle();
    server.held = [];
    feed.show({ from: 1000, to: 2000 });
    await vi.advanceTimersByTimeAsync(200);
    feed.show({ from: 50_000, to: 51_000 });
    await vi.advanceTimersByTimeAsync(200);
    server.held.forEach((go) => go());
    await settle();
    expect(feed.getState().detail).toEqual({ from: 49_500, to: 51_500 });
    expect(feed.getState().isRefining).toBe(false);
  });
});
