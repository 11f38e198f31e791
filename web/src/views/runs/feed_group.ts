// The curves of the runs that a view shows, over one range of steps.

import type { LiveEvent } from "../../lib/live_stream";
import type { ChartRange } from "../../ui/chart_range";
import { stepRange } from "./curve_data";
import { CurveFeed, type FeedOptions, type FeedState } from "./curve_feed";

export class FeedGroup {
  private feeds = new Map<string, { feed: CurveFeed; end: () => void }>();
  private states: ReadonlyMap<string, FeedState> = new Map();
  private listeners = new Set<() => void>();

  constructor(
    private readonly options: FeedOptions,
    private readonly range: ChartRange,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  /** By run; the same map until one changes. */
  readonly getStates = (): ReadonlyMap<string, FeedState> => this.states;

  /** Follows these runs and no others. One that was there before is not asked for again. */
  follow(ids: readonly string[]): void {
    for (const [id, { end }] of this.feeds) {
      if (ids.includes(id)) continue;
      end();
      this.feeds.delete(id);
    }
    for (const id of ids) if (!this.feeds.has(id)) this.feeds.set(id, this.started(id));
    this.update();
  }

  take(event: LiveEvent): void {
    for (const { feed } of this.feeds.values()) feed.take(event);
  }

  /** The page is seen again after so long. */
  comeBack(away_ms: number): void {
    for (const { feed } of this.feeds.values()) feed.comeBack(away_ms);
  }

  readonly reload = (): void => {
    for (const { feed } of this.feeds.values()) feed.reload();
  };

  private started(id: string): { feed: CurveFeed; end: () => void } {
    const feed = new CurveFeed(id, this.options);
    const show = () => feed.show(this.range.zoomed());
    show();
    const ends = [this.range.subscribe(show), feed.subscribe(() => this.update()), feed.start()];
    return { feed, end: () => ends.forEach((end) => end()) };
  }

  private update(): void {
    this.states = new Map([...this.feeds].map(([id, { feed }]) => [id, feed.getState()]));
    const ranges = [...this.states.values()].flatMap(({ whole }) =>
      whole && whole.step.length > 0 ? [stepRange(whole)] : [],
    );
    if (ranges.length > 0)
      this.range.setFull({
        from: Math.min(...ranges.map(({ from }) => from)),
        to: Math.max(...ranges.map(({ to }) => to)),
      });
    for (const listener of this.listeners) listener();
  }
}
