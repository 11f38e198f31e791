// What happens to runs, as it happens: one stream for the whole page.

import { useEffect, useSyncExternalStore } from "react";
import { request } from "./api";
import { LiveStream, type LiveEvent, type LiveState } from "./live_stream";

export type { LiveEvent } from "./live_stream";

const stream = new LiveStream((signal) => request("/api/training/live", { signal }));

/** Calls `watcher` with each event while the component is there. */
export function useLive(watcher: (event: LiveEvent) => void): void {
  useEffect(() => stream.watch(watcher), [watcher]);
}

export const useLiveState = (): LiveState =>
  useSyncExternalStore(stream.subscribe, stream.getState);
