import { useEffect, useRef } from "react";
import { useLiveState } from "../../lib/live";

/** Calls `catchUp` when the live stream is there again: what came in between was not told. */
export function useReconnected(catchUp: () => void): void {
  const state = useLiveState();
  const wasLost = useRef(false);
  useEffect(() => {
    if (state === "lost") wasLost.current = true;
    if (state !== "on" || !wasLost.current) return;
    wasLost.current = false;
    catchUp();
  }, [state, catchUp]);
}
