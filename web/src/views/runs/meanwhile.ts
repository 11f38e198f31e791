import type { LiveEvent } from "../../lib/live_stream";

/** Events that are told while the server is asked: its answer may be older than they are. */
export class Meanwhile {
  private events: LiveEvent[] | undefined; // undefined: nothing is asked

  take(event: LiveEvent): void {
    this.events?.push(event);
  }

  /** The answer, with what was told since it was asked for. */
  async ask<T>(ask: () => Promise<T>, apply: (answer: T, event: LiveEvent) => T): Promise<T> {
    const events: LiveEvent[] = [];
    this.events = events;
    try {
      const answer = await ask();
      return events.reduce(apply, answer);
    } finally {
      if (this.events === events) this.events = undefined;
    }
  }
}
