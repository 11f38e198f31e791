import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiFailure } from "./api";
import { LiveStream, type LiveEvent } from "./live_stream";

const kSnapshot = "event: snapshot\ndata: []\n\n";

/** A server that answers each call as `answers` says, the last one again and again. */
class Server {
  calls_ms: number[] = [];
  constructor(private readonly answers: (() => Response)[]) {}
  connect = (): Promise<Response> => {
    const answer = this.answers[Math.min(this.calls_ms.length, this.answers.length - 1)];
    this.calls_ms.push(Date.now());
    return Promise.resolve().then(() => answer?.() ?? new Response());
  };
}

const ends = (text: string) => () => new Response(text);
const stays = (text: string) => () =>
  new Response(
    new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode(text)) }),
  );
const refuses = (status: number, retryAfter?: number) => (): Response => {
  throw new ApiFailure(status, "no", retryAfter);
};
const gaps = ({ calls_ms }: Server) => calls_ms.slice(1).map((at, i) => at - (calls_ms[i] ?? 0));

let end: (() => void) | undefined;
function watched(server: Server) {
  const stream = new LiveStream(server.connect);
  const events: LiveEvent[] = [];
  const states: string[] = [];
  stream.subscribe(() => states.push(stream.getState()));
  end = stream.watch((event) => events.push(event));
  return { stream, events, states };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  vi.spyOn(console, "debug").mockReturnValue();
});
afterEach(() => {
  end?.();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the live stream", () => {
  it("tells events, and none of a newer server", async () => {
    const { events, states } = watched(
      new Server([
        stays(
          `${kSnapshot}event: news\ndata: {}\n\nevent: run_complete\ndata: {"runId":"a","finalStep":9}\n\n`,
        ),
      ]),
    );
    await vi.advanceTimersByTimeAsync(10);
    expect(events).toEqual([
      { type: "snapshot", runs: [], isAgain: false },
      { type: "run_complete", runId: "a", finalStep: 9 },
    ]);
    expect(states).toEqual(["connecting", "on"]);
  });

  it("opens again when it broke, and says that the snapshot comes again", async () => {
    const { events, states } = watched(new Server([ends(kSnapshot), stays(kSnapshot)]));
    await vi.advanceTimersByTimeAsync(1000);
    expect(events.map((event) => event.type === "snapshot" && event.isAgain)).toEqual([
      false,
      true,
    ]);
    expect(states).toEqual(["connecting", "on", "lost", "on"]);
  });

  it("waits longer and longer for a server that ends each stream at once, whatever it says before", async () => {
    const server = new Server([ends(kSnapshot)]);
    watched(server);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gaps(server).slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 10_000]);
  });

  it("is not thought to be there again while the server only ends", async () => {
    const { states } = watched(new Server([ends("")]));
    await vi.advanceTimersByTimeAsync(5000);
    expect(states).toEqual(["connecting", "lost"]);
  });

  it("waits as long as the server says", async () => {
    const server = new Server([refuses(429, 30), stays(kSnapshot)]);
    watched(server);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gaps(server)).toEqual([30_000]);
  });

  it("does not try a wrong key again and again", async () => {
    const server = new Server([refuses(401)]);
    watched(server);
    await vi.advanceTimersByTimeAsync(130_000);
    expect(gaps(server)).toEqual([60_000, 60_000]);
  });

  it("opens again when nothing was heard for long, as behind a machine that slept", async () => {
    const server = new Server([stays(kSnapshot)]);
    const { stream } = watched(server);
    await vi.advanceTimersByTimeAsync(44_000);
    expect(stream.getState()).toBe("on");
    expect(server.calls_ms).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(server.calls_ms).toHaveLength(2);
  });

  it("does nothing once nobody watches", async () => {
    const server = new Server([refuses(503)]);
    const { stream } = watched(server);
    await vi.advanceTimersByTimeAsync(100);
    end?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.calls_ms).toHaveLength(1);
    expect(stream.getState()).toBe("off");
  });
});
