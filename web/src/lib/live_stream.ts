// The stream of /api/training/live, read for as long as somebody watches, and opened again when it breaks.

import { ApiFailure, messageOf } from "./api";
import { readEvents } from "./sse";
import type { Metric, Run, RunEventRow, Sample } from "./types";

type LiveRun = Run & { metrics: Metric[] }; // with its last rows

export type LiveEvent =
  | { type: "snapshot"; runs: LiveRun[]; isAgain: boolean } // isAgain: what came before it was missed
  | { type: "run_start"; run: LiveRun }
  | { type: "metrics"; runId: string; metrics: Metric[] }
  | { type: "samples"; runId: string; samples: Sample[] }
  | { type: "event"; runId: string; event: RunEventRow }
  | { type: "run_status"; runId: string; status: "stale" | "failed" }
  | { type: "run_complete"; runId: string; finalStep: number };

export type LiveState = "off" | "connecting" | "on" | "lost";

const kFirstWait_ms = 500;
const kLongestWait_ms = 10_000;
const kRefusedWait_ms = 60_000; // a key that is wrong now is wrong in a second
const kSteady_ms = 10_000; // a stream that lasted so long was well
const kLongestSilence_ms = 45_000; // the server says something every 15 s

/** The event as the page has it; undefined for one of a newer server. Names are those of docs/api.md. */
function toLiveEvent(event: string, data: unknown, isAgain: boolean): LiveEvent | undefined {
  switch (event) {
    case "snapshot":
      return { type: event, runs: data as LiveRun[], isAgain };
    case "run_start":
      return { type: event, run: data as LiveRun };
    case "metrics":
    case "samples":
    case "event":
    case "run_status":
    case "run_complete":
      return { type: event, ...(data as object) } as LiveEvent;
    default:
      return undefined;
  }
}

export class LiveStream {
  private watchers = new Set<(event: LiveEvent) => void>();
  private listeners = new Set<() => void>();
  private state: LiveState = "off";
  private controller?: AbortController;

  constructor(private readonly connect: (signal: AbortSignal) => Promise<Response>) {}

  /** Calls `watcher` with each event from now on; after a break a snapshot comes again. Returns what ends it. */
  watch(watcher: (event: LiveEvent) => void): () => void {
    this.watchers.add(watcher);
    if (!this.controller) {
      this.controller = new AbortController();
      void this.run(this.controller.signal);
    }
    return () => {
      this.watchers.delete(watcher);
      if (this.watchers.size > 0) return;
      this.controller?.abort();
      this.controller = undefined;
      this.setState("off");
    };
  }

  readonly getState = (): LiveState => this.state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private setState(next: LiveState): void {
    if (next === this.state) return;
    this.state = next;
    for (const listener of this.listeners) listener();
  }

  private async run(signal: AbortSignal): Promise<void> {
    let wait_ms = kFirstWait_ms;
    let hadSnapshot = false;
    this.setState("connecting");
    for (;;) {
      const began_ms = Date.now();
      let least_ms = 0;
      try {
        const response = await this.connect(signal);
        for await (const { event, data } of readEvents(response, kLongestSilence_ms)) {
          if (signal.aborted) return;
          // Not before: a server about to end opens streams and closes them.
          this.setState("on");
          const live = toLiveEvent(event, JSON.parse(data), hadSnapshot);
          hadSnapshot ||= live?.type === "snapshot";
          if (live) for (const watcher of this.watchers) watcher(live);
        }
      } catch (error) {
        if (!signal.aborted) console.debug("live:", messageOf(error));
        least_ms = leastWaitOf(error);
      }
      if (signal.aborted) return;
      this.setState("lost");
      if (Date.now() - began_ms >= kSteady_ms) wait_ms = kFirstWait_ms;
      // Not all pages at the same moment when a server is there again.
      const part = 0.75 + 0.5 * Math.random();
      await pause(Math.max(least_ms, wait_ms * part), signal);
      if (signal.aborted) return;
      wait_ms = Math.min(2 * wait_ms, kLongestWait_ms);
    }
  }
}

function leastWaitOf(error: unknown): number {
  if (!(error instanceof ApiFailure)) return 0;
  if (error.status === 401 || error.status === 403) return kRefusedWait_ms;
  return 1000 * (error.retryAfterSeconds ?? 0);
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
