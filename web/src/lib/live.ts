// What happens to runs, as it happens: one stream of /api/training/live for the whole page.

import { useEffect, useSyncExternalStore } from "react";
import { isAbort, messageOf, request } from "./api";
import { readEvents } from "./sse";
import type { Metric, Run, RunEventRow, Sample } from "./types";

export type LiveEvent =
  | { type: "snapshot"; runs: (Run & { metrics: Metric[] })[] }
  | { type: "run_start"; run: Run & { metrics: Metric[] } }
  | { type: "metrics"; runId: string; metrics: Metric[] }
  | { type: "samples"; runId: string; samples: Sample[] }
  | { type: "event"; runId: string; event: RunEventRow }
  | { type: "run_status"; runId: string; status: "stale" | "failed" }
  | { type: "run_complete"; runId: string; finalStep: number };

export type LiveState = "off" | "connecting" | "on" | "lost";

const kFirstWait_ms = 500;
const kLongestWait_ms = 10_000;

const watchers = new Set<(event: LiveEvent) => void>();
const stateListeners = new Set<() => void>();
let state: LiveState = "off";
let controller: AbortController | undefined;

function setState(next: LiveState): void {
  state = next;
  for (const listener of stateListeners) listener();
}

/** The event as the page has it. The server's names are those of docs/api.md. */
export function toLiveEvent(event: string, data: unknown): LiveEvent | undefined {
  switch (event) {
    case "snapshot":
      return { type: "snapshot", runs: data as (Run & { metrics: Metric[] })[] };
    case "run_start":
      return { type: "run_start", run: data as Run & { metrics: Metric[] } };
    case "metrics":
    case "samples":
    case "event":
    case "run_status":
    case "run_complete":
      return { type: event, ...(data as object) } as LiveEvent;
    default:
      return undefined; // of a newer server
  }
}

async function run(signal: AbortSignal): Promise<void> {
  let wait_ms = kFirstWait_ms;
  while (!signal.aborted) {
    try {
      setState("connecting");
      const response = await request("/api/training/live", { signal });
      setState("on");
      for await (const { event, data } of readEvents(response)) {
        wait_ms = kFirstWait_ms;
        const live = toLiveEvent(event, JSON.parse(data));
        if (live) for (const watcher of watchers) watcher(live);
      }
    } catch (error) {
      if (isAbort(error)) break;
      console.debug("live:", messageOf(error));
    }
    if (signal.aborted) break;
    setState("lost");
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    wait_ms = Math.min(2 * wait_ms, kLongestWait_ms);
  }
}

/** Calls `watcher` with each event from now on; after a reconnection a snapshot comes again. Returns what ends it. */
export function watchLive(watcher: (event: LiveEvent) => void): () => void {
  watchers.add(watcher);
  if (!controller) {
    controller = new AbortController();
    void run(controller.signal);
  }
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    controller?.abort();
    controller = undefined;
    setState("off");
  };
}

export function useLive(watcher: (event: LiveEvent) => void): void {
  useEffect(() => watchLive(watcher), [watcher]);
}

export const useLiveState = (): LiveState =>
  useSyncExternalStore(
    (listener) => {
      stateListeners.add(listener);
      return () => stateListeners.delete(listener);
    },
    () => state,
  );
