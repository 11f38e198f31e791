// What part of the x axis charts that belong together show. Outside of React: it changes with every turn of a wheel.

import { useSyncExternalStore } from "react";
import { clampRange, isWhole, type Range } from "./chart_zoom";

export class ChartRange {
  private listeners = new Set<() => void>();
  private whole: Range = { from: 0, to: 1 };
  private view: Range | undefined; // undefined: all

  /** `view` is what is to be seen at first, once the whole is known. */
  constructor(view?: Range) {
    this.view = view;
  }

  /** All that there is. */
  get full(): Range {
    return this.whole;
  }

  /** What is to be seen. */
  get current(): Range {
    return this.view ?? this.whole;
  }

  /** What is to be seen, or undefined when that is all. */
  readonly zoomed = (): Range | undefined => this.view;

  /** A view that ends with the whole goes on with it. */
  setFull(full: Range): void {
    if (full.from === this.whole.from && full.to === this.whole.to) return;
    const grown = full.to - this.whole.to;
    const isAtEnd = this.view !== undefined && this.view.to === this.whole.to;
    if (this.view && isAtEnd && grown > 0)
      this.view = { from: this.view.from + grown, to: this.view.to + grown };
    this.whole = full;
    this.tell();
  }

  set(range: Range): void {
    const view = clampRange(range, this.whole);
    const next = isWhole(view, this.whole) ? undefined : view;
    if (next?.from === this.view?.from && next?.to === this.view?.to) return;
    this.view = next;
    this.tell();
  }

  readonly reset = (): void => {
    if (!this.view) return;
    this.view = undefined;
    this.tell();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** Whether less than all is seen. */
export const useIsZoomed = (range: ChartRange): boolean =>
  useSyncExternalStore(range.subscribe, () => range.zoomed() !== undefined);
