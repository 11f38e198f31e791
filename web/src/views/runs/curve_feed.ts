// The curves of one run, kept up to date: the whole coarsely, what is zoomed at finely, and rows as they are logged.

import { ApiFailure, getCurves, isAbort, type CurvesQuery } from "../../lib/api";
import type { LiveEvent } from "../../lib/live";
import type { Curves, Metric } from "../../lib/types";
import { covers, spanOf, withMargin, type Range } from "../../ui/chart_zoom";
import {
  appendRows,
  fromCurves,
  lastStep,
  stepRange,
  withDetail,
  type CurveData,
} from "./curve_data";

export interface FeedState {
  data?: CurveData; // undefined until the first answer
  whole?: CurveData; // without what is zoomed at
  detail?: Range; // the steps that were asked for finely
  error?: unknown; // of the first answer
  isRefining: boolean; // finer points are asked for
}

export interface FeedOptions {
  columns: string[];
  points?: number; // of the whole, and of what is seen of a zoom
  ask?: (id: string, query: CurvesQuery, signal?: AbortSignal) => Promise<Curves>;
}

const kDefaultPoints = 1000;
const kRestBeforeDetail_ms = 120; // a wheel that turns asks once, when it has come to rest
const kMargin = 0.5; // of what is seen, on either side
const kMostAppended = 500;
const kLeastBetweenAnswers_ms = 5000;
const kLongAway_ms = 30_000;

export class CurveFeed {
  private state: FeedState = { isRefining: false };
  private listeners = new Set<() => void>();
  private isAsking = false; // for all
  private early: Metric[] = []; // came since it was asked
  private detail?: { data: CurveData; range: Range };
  private view?: Range;
  private wholeCall?: AbortController;
  private detailCall?: AbortController;
  private asking?: Range; // of the call for finer points
  private detailTimer?: ReturnType<typeof setTimeout>;
  private laterTimer?: ReturnType<typeof setTimeout>;
  private asked_at = -Infinity;

  constructor(
    readonly id: string,
    private readonly options: FeedOptions,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getState = (): FeedState => this.state;

  /** Asks for the curves. Returns what ends all that goes on. */
  start(): () => void {
    this.reload();
    return () => {
      this.wholeCall?.abort();
      this.detailCall?.abort();
      clearTimeout(this.detailTimer);
      clearTimeout(this.laterTimer);
      this.laterTimer = undefined;
    };
  }

  /** Asks for all anew; what is there stays until the answer. */
  reload(): void {
    clearTimeout(this.laterTimer);
    this.laterTimer = undefined;
    void this.askWhole();
  }

  /** What is seen; undefined: all. */
  show(view: Range | undefined): void {
    this.view = view;
    clearTimeout(this.detailTimer);
    if (!view && this.detail) {
      this.dropDetail();
      this.publish({});
    }
    if (!this.wantsDetail()) {
      this.detailCall?.abort();
      this.detailCall = undefined;
      if (this.state.isRefining) this.publish({ isRefining: false });
      return;
    }
    this.detailTimer = setTimeout(() => void this.askDetail(), kRestBeforeDetail_ms);
  }

  take(event: LiveEvent): void {
    if (event.type === "run_start" && event.run.id === this.id) this.restart();
    if (event.type === "metrics" && event.runId === this.id) this.append(event.metrics);
    if (event.type === "run_complete" && event.runId === this.id) {
      const { whole } = this.state;
      if (whole && lastStep(whole) < event.finalStep) this.reloadSoon();
    }
    if (event.type === "snapshot") this.takeSnapshot(event.runs, event.isAgain);
  }

  /** The page is seen again after so long. */
  comeBack(away_ms: number): void {
    if (away_ms > kLongAway_ms) this.reload();
  }

  /** What came since the answer was made; `isAgain`, more did that nobody told. */
  private takeSnapshot(runs: { id: string; metrics: Metric[] }[], isAgain: boolean): void {
    const { whole } = this.state;
    if (isAgain || (!whole && !this.isAsking)) return this.restart();
    const rows = runs.find((run) => run.id === this.id)?.metrics ?? [];
    if (!whole) this.early.push(...rows);
    else this.appendNewer(rows);
  }

  /** Asks for all anew: what was there may have been written anew too. */
  private restart(): void {
    this.dropDetail();
    this.reload();
  }

  private dropDetail(): void {
    this.detail = undefined;
    this.detailCall?.abort();
    this.detailCall = undefined;
  }

  /** Rows that were told beside the answer, and may be in it. */
  private appendNewer(rows: Metric[]): void {
    const { whole } = this.state;
    if (!whole) return;
    const last = whole.step.length > 0 ? lastStep(whole) : -Infinity;
    const newer = rows.filter((row) => row.step > last);
    const hasHole = newer.length > 0 && newer.length === rows.length && whole.step.length > 0;
    if (hasHole && rows.length >= 200) this.reloadSoon();
    this.append(newer);
  }

  private append(rows: Metric[]): void {
    const { whole } = this.state;
    if (this.isAsking) this.early.push(...rows);
    if (!whole) return;
    const { data, isStale } = appendRows(whole, rows);
    if (isStale) this.dropDetail();
    if (data !== whole) this.publish({ whole: data });
    if (isStale || data.n_appended > kMostAppended) this.reloadSoon();
  }

  private reloadSoon(): void {
    if (this.laterTimer !== undefined) return;
    const wait = Math.max(0, this.asked_at + kLeastBetweenAnswers_ms - Date.now());
    this.laterTimer = setTimeout(() => {
      this.laterTimer = undefined;
      this.reload();
    }, wait);
  }

  private ask(query: CurvesQuery, signal: AbortSignal): Promise<Curves> {
    const ask = this.options.ask ?? getCurves;
    return ask(this.id, { ...query, columns: this.options.columns }, signal);
  }

  private async askWhole(): Promise<void> {
    this.wholeCall?.abort();
    const call = new AbortController();
    this.wholeCall = call;
    this.asked_at = Date.now();
    this.early = [];
    this.isAsking = true;
    try {
      const curves = await this.ask({ points: this.options.points ?? kDefaultPoints }, call.signal);
      if (call.signal.aborted) return;
      this.isAsking = false;
      this.publish({ whole: fromCurves(curves), error: undefined });
      // Rows that came while the answer was made, where it is without them.
      this.appendNewer(this.early);
      this.early = [];
      if (this.wantsDetail()) void this.askDetail();
    } catch (error) {
      if (call.signal.aborted || isAbort(error)) return;
      this.isAsking = false;
      if (!this.state.whole) this.publish({ error });
      else if (!(error instanceof ApiFailure && error.status === 404)) this.reloadSoon();
    }
  }

  /** Whether what is seen has fewer points than it could. */
  private wantsDetail(): boolean {
    const { view } = this;
    const { whole } = this.state;
    if (!view || !whole || whole.n_buckets === 0) return false;
    if (view.from > lastStep(whole) || view.to < whole.first_step) return false; // of a longer run
    const { detail } = this;
    if (!detail || !covers(detail.range, this.wholeSteps(view))) return true;
    const isFine =
      detail.data.rows_per_bucket === 1 ||
      spanOf(detail.range) <= spanOf(view) * (1 + 2 * kMargin) * 1.6;
    return !isFine;
  }

  /** `view`, as far as the server's answer goes; whole steps. */
  private wholeSteps(view: Range): Range {
    const { whole } = this.state;
    if (!whole) return view;
    const answered = whole.step[whole.step.length - 1 - whole.n_appended] ?? whole.first_step;
    return {
      from: Math.min(answered, Math.max(whole.first_step, Math.ceil(view.from))),
      to: Math.min(answered, Math.floor(view.to)),
    };
  }

  private async askDetail(): Promise<void> {
    const { view } = this;
    const { whole } = this.state;
    if (!view || !whole || !this.wantsDetail()) return;
    const range = withMargin(view, stepRange(whole), kMargin);
    const isAsked = this.asking?.from === range.from && this.asking.to === range.to;
    if (isAsked && this.detailCall && !this.detailCall.signal.aborted) return;
    this.detailCall?.abort();
    const call = new AbortController();
    this.detailCall = call;
    this.asking = range;
    const points = (this.options.points ?? kDefaultPoints) * 1.5;
    this.publish({ isRefining: true });
    try {
      const curves = await this.ask(
        { points: Math.round(points), from: range.from, to: range.to },
        call.signal,
      );
      if (call.signal.aborted) return;
      this.detail = { data: fromCurves(curves), range };
      this.asking = undefined;
      this.publish({ isRefining: false });
    } catch (error) {
      // The coarse points stay. A later zoom asks again.
      if (call.signal.aborted || isAbort(error)) return;
      this.asking = undefined;
      this.publish({ isRefining: false });
    }
  }

  private publish(change: Partial<FeedState>): void {
    const next = { ...this.state, ...change };
    const { whole } = next;
    const detail = whole && whole.n_buckets > 0 ? this.detail : undefined;
    next.data = whole && detail ? withDetail(whole, detail.data, detail.range) : whole;
    next.detail = detail?.range;
    this.state = next;
    for (const listener of this.listeners) listener();
  }
}
