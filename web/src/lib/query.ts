// What a component asks the server for, and asks again.

import { useCallback, useEffect, useRef, useState } from "react";
import { isAbort } from "./api";

export interface Query<T> {
  data: T | undefined; // the last answer; stays while the next is asked for
  error: unknown; // of the last call; undefined after a success
  isLoading: boolean; // the first answer is still to come
  reload: () => void;
}

/**
 * Calls `fetcher` when `key` changes (an answer to an older key is dropped), on `reload`, and every `poll_ms`
 * after the last answer while the page is seen. A key of null asks for nothing.
 */
export function useQuery<T>(
  key: string | null,
  fetcher: (signal: AbortSignal) => Promise<T>,
  poll_ms?: number,
): Query<T> {
  const [state, setState] = useState<{ key: string | null; data?: T; error?: unknown }>({
    key: null,
  });
  const [round, setRound] = useState(0);
  const latest = useRef(fetcher);
  useEffect(() => {
    latest.current = fetcher;
  });

  useEffect(() => {
    if (key === null) return;
    const controller = new AbortController();
    let timer: number | undefined;
    const ask = async () => {
      try {
        const data = await latest.current(controller.signal);
        if (!controller.signal.aborted) setState({ key, data });
      } catch (error) {
        if (controller.signal.aborted || isAbort(error)) return;
        setState((old) => ({ key, data: old.key === key ? old.data : undefined, error }));
      }
      if (poll_ms !== undefined && !controller.signal.aborted)
        timer = window.setTimeout(wait, poll_ms);
    };
    // A page that nobody sees asks for nothing, and at once when it is seen again.
    const wait = () => {
      if (document.visibilityState === "visible") void ask();
      else document.addEventListener("visibilitychange", wait, { once: true });
    };
    void ask();
    return () => {
      controller.abort();
      window.clearTimeout(timer);
      document.removeEventListener("visibilitychange", wait);
    };
  }, [key, poll_ms, round]);

  const reload = useCallback(() => setRound((n) => n + 1), []);
  const isCurrent = state.key === key;
  return {
    data: isCurrent ? state.data : undefined,
    error: isCurrent ? state.error : undefined,
    isLoading:
      key !== null && (!isCurrent || (state.data === undefined && state.error === undefined)),
    reload,
  };
}
