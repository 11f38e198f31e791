// Server-sent events out of a fetch's body. EventSource cannot send an API key, nor POST.
// Format: https://html.spec.whatwg.org/multipage/server-sent-events.html

export interface ServerEvent {
  event: string; // "message" where the stream names none
  data: string;
}

/** Cuts a stream of text, in whatever pieces it comes, into events. */
export class EventParser {
  private rest = "";
  private scanned = 0; // of rest: there is no line end before
  private event = "";
  private data: string[] = [];

  feed(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += text;
    let begin = 0;
    for (;;) {
      const end = this.lineEnd(begin);
      if (end < 0) break;
      const line = this.rest.slice(begin, end);
      begin = end + (this.rest.startsWith("\r\n", end) ? 2 : 1);
      this.scanned = begin;
      const done = this.take(line);
      if (done) events.push(done);
    }
    this.rest = this.rest.slice(begin);
    this.scanned = Math.max(0, this.rest.length - 1);
    return events;
  }

  /** Where the next line ends; -1 when it may go on. A "\r" at the very end may be half of "\r\n". */
  private lineEnd(begin: number): number {
    for (let i = Math.max(begin, this.scanned); i < this.rest.length; ++i) {
      const c = this.rest[i];
      if (c === "\n") return i;
      if (c === "\r") return i + 1 < this.rest.length ? i : -1;
    }
    return -1;
  }

  private take(line: string): ServerEvent | undefined {
    if (line === "") {
      const done =
        this.data.length > 0
          ? { event: this.event || "message", data: this.data.join("\n") }
          : undefined;
      this.event = "";
      this.data = [];
      return done;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return undefined; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "event") this.event = value;
    if (name === "data") this.data.push(value);
    return undefined;
  }
}

/**
 * The events of an answer, as they come. Ends with the stream; throws when it breaks off, or when nothing at all came
 * for `longestSilence_ms`.
 */
export async function* readEvents(
  response: Response,
  longestSilence_ms?: number,
): AsyncGenerator<ServerEvent> {
  if (!response.body) return;
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read(), longestSilence_ms);
      if (done) return;
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function inTime<T>(task: Promise<T>, most_ms: number | undefined): Promise<T> {
  if (most_ms === undefined) return task;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("The server fell silent.")), most_ms);
  });
  try {
    return await Promise.race([task, silence]);
  } finally {
    clearTimeout(timer);
  }
}
