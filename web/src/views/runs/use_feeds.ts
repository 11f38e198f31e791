// Feeds of curves and the range that their charts share, for as long as a view is there.

import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useLive, type LiveEvent } from "../../lib/live";
import { href, parseRoute, replaceRoute } from "../../lib/route";
import { ChartRange } from "../../ui/chart_range";
import type { Range } from "../../ui/chart_zoom";
import type { FeedOptions, FeedState } from "./curve_feed";
import { FeedGroup } from "./feed_group";

const kRestBeforeAddress_ms = 400;

/** The curves of `ids` by run. The options are those of the first call. */
export function useFeeds(
  ids: readonly string[],
  options: FeedOptions,
  query: URLSearchParams,
): { states: ReadonlyMap<string, FeedState>; range: ChartRange; reload: () => void } {
  const [range] = useState(() => new ChartRange(rangeOf(query)));
  const [group] = useState(() => new FeedGroup(options, range));

  const key = JSON.stringify(ids);
  useEffect(() => group.follow(JSON.parse(key) as string[]), [group, key]);
  useEffect(() => () => group.follow([]), [group]);
  useLive(useCallback((event: LiveEvent) => group.take(event), [group]));
  useEffect(() => {
    let hidden_at = 0;
    const change = () => {
      if (document.visibilityState === "hidden") hidden_at = Date.now();
      else if (hidden_at > 0) group.comeBack(Date.now() - hidden_at);
    };
    document.addEventListener("visibilitychange", change);
    return () => document.removeEventListener("visibilitychange", change);
  }, [group]);
  useRangeInAddress(range);
  const states = useSyncExternalStore(group.subscribe, group.getStates);
  return { states, range, reload: group.reload };
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
