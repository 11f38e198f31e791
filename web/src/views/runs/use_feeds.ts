// Feeds of curves and the range that their charts share, for as long as a view is there.

import { useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { useLive, type LiveEvent } from "../../lib/live";
import { href, parseRoute, replaceRoute } from "../../lib/route";
import { ChartRange } from "../../ui/chart_range";
import type { Range } from "../../ui/chart_zoom";
import { stepRange } from "./curve_data";
import { CurveFeed, type FeedOptions, type FeedState } from "./curve_feed";

const kRestBeforeAddress_ms = 400;

/** `ids` and `columns` with new contents are new feeds. */
export function useFeeds(
  ids: string[],
  options: FeedOptions,
  query: URLSearchParams,
): { states: FeedState[]; range: ChartRange; reload: () => void } {
  const key = JSON.stringify([ids, options.columns, options.points]);
  const feeds = useMemo(
    () => ids.map((id) => new CurveFeed(id, options)),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key],
  );
  const [range] = useState(() => new ChartRange(rangeOf(query)));

  useEffect(() => {
    const grow = () => {
      const ranges = feeds
        .map((feed) => feed.getState().whole)
        .filter((whole) => whole && whole.step.length > 0)
        .map((whole) => stepRange(whole as NonNullable<typeof whole>));
      if (ranges.length === 0) return;
      range.setFull({
        from: Math.min(...ranges.map(({ from }) => from)),
        to: Math.max(...ranges.map(({ to }) => to)),
      });
    };
    const show = () => feeds.forEach((feed) => feed.show(range.zoomed()));
    show();
    const ends = [
      range.subscribe(show),
      ...feeds.map((feed) => feed.subscribe(grow)),
      ...feeds.map((feed) => feed.start()),
    ];
    return () => ends.forEach((end) => end());
  }, [feeds, range]);

  useLive(useCallback((event: LiveEvent) => feeds.forEach((feed) => feed.take(event)), [feeds]));
  useEffect(() => {
    let hidden_at = 0;
    const change = () => {
      if (document.visibilityState === "hidden") hidden_at = Date.now();
      else if (hidden_at > 0) feeds.forEach((feed) => feed.comeBack(Date.now() - hidden_at));
    };
    document.addEventListener("visibilitychange", change);
    return () => document.removeEventListener("visibilitychange", change);
  }, [feeds]);

  useRangeInAddress(range);
  const reload = useCallback(() => feeds.forEach((feed) => feed.reload()), [feeds]);
  return { states: useStates(feeds), range, reload };
}

/** The states of all; the same array until one changes. */
function useStates(feeds: CurveFeed[]): FeedState[] {
  const snapshot = useMemo(() => {
    let states: FeedState[] = [];
    return () => {
      const next = feeds.map((feed) => feed.getState());
      if (next.length !== states.length || next.some((state, i) => state !== states[i]))
        states = next;
      return states;
    };
  }, [feeds]);
  const subscribe = useCallback(
    (listener: () => void) => {
      const ends = feeds.map((feed) => feed.subscribe(listener));
      return () => ends.forEach((end) => end());
    },
    [feeds],
  );
  return useSyncExternalStore(subscribe, snapshot);
}

function rangeOf(query: URLSearchParams): Range | undefined {
  const from = Number(query.get("from") ?? NaN);
  const to = Number(query.get("to") ?? NaN);
  return Number.isFinite(from) && Number.isFinite(to) && to > from ? { from, to } : undefined;
}

/** What is seen can be sent to somebody else. */
function useRangeInAddress(range: ChartRange): void {
  useEffect(() => {
    let timer: number | undefined;
    const write = () => {
      const view = range.zoomed();
      setInAddress({
        from: view && String(Math.floor(view.from)),
        to: view && String(Math.ceil(view.to)),
      });
    };
    const unsubscribe = range.subscribe(() => {
      window.clearTimeout(timer);
      timer = window.setTimeout(write, kRestBeforeAddress_ms);
    });
    return () => {
      unsubscribe();
      window.clearTimeout(timer);
    };
  }, [range]);
}

/** Changes parts of the address's query; undefined takes one away. */
export function setInAddress(change: Record<string, string | undefined>): void {
  const { parts, query } = parseRoute(window.location.hash);
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) query.delete(name);
    else query.set(name, value);
  }
  const next = href(parts, Object.fromEntries(query));
  if (next !== window.location.hash) replaceRoute(next);
}
