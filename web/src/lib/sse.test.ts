import { describe, expect, it } from "vitest";
import { EventParser, readEvents, type ServerEvent } from "./sse";

const parseAll = (text: string): ServerEvent[] => new EventParser().feed(text);

describe("the parser of server-sent events", () => {
  it("reads events with and without a name", () => {
    expect(parseAll('data: {"a": 1}\n\nevent: metrics\ndata: x\n\n')).toEqual([
      { event: "message", data: '{"a": 1}' },
      { event: "metrics", data: "x" },
    ]);
  });

  it("gives the same events however the text is cut, with every kind of line end", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      const text =
        [
          "event: a",
          "data: one",
          "data: two",
          "",
          ": a comment",
          "data:three",
          "id: 7",
          "",
          "",
        ].join(end) + "x";
      const whole = parseAll(text);
      expect(whole).toEqual([
        { event: "a", data: "one\ntwo" },
        { event: "message", data: "three" },
      ]);
      for (let size = 1; size < 8; ++size) {
        const parser = new EventParser();
        const events: ServerEvent[] = [];
        for (let at = 0; at < text.length; at += size)
          events.push(...parser.feed(text.slice(at, at + size)));
        expect(events).toEqual(whole);
      }
    }
  });

  it("keeps white space but the one space behind the colon, and tells nothing of an event without data", () => {
    expect(parseAll("data:   a \n\nevent: empty\n\ndata\n\n")).toEqual([
      { event: "message", data: "  a " },
      { event: "message", data: "" },
    ]);
  });

  it("does not tell an event that is not complete", () => {
    const parser = new EventParser();
    expect(parser.feed("data: half")).toEqual([]);
    expect(parser.feed("\n")).toEqual([]);
    expect(parser.feed("\n")).toEqual([{ event: "message", data: "half" }]);
  });

  it("puts characters together that were cut in the middle of their bytes", async () => {
    const bytes = new TextEncoder().encode("data: é€😀\n\n");
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const events: ServerEvent[] = [];
    for await (const event of readEvents(new Response(body))) events.push(event);
    expect(events).toEqual([{ event: "message", data: "é€😀" }]);
  });
});
