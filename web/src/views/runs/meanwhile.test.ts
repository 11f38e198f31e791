import { describe, expect, it } from "vitest";
import type { LiveEvent } from "../../lib/live_stream";
import { Meanwhile } from "./meanwhile";

const done = (finalStep: number): LiveEvent => ({ type: "run_complete", runId: "a", finalStep });
const note = (answer: string, event: LiveEvent) =>
  answer + (event.type === "run_complete" ? ` ${event.finalStep}` : "");

describe("what is told while the server is asked", () => {
  it("is newer than the answer, in its order; what was told before is not", async () => {
    const meanwhile = new Meanwhile();
    meanwhile.take(done(1));
    let answer: (text: string) => void = () => undefined;
    const asked = meanwhile.ask(() => new Promise<string>((resolve) => (answer = resolve)), note);
    meanwhile.take(done(2));
    meanwhile.take(done(3));
    answer("rows");
    expect(await asked).toBe("rows 2 3");
    expect(await meanwhile.ask(() => Promise.resolve("later"), note)).toBe("later");
  });

  it("is kept by a question that goes on when another fails", async () => {
    const meanwhile = new Meanwhile();
    const failing = meanwhile.ask(() => Promise.reject<string>(new Error("no")), note);
    let answer: (text: string) => void = () => undefined;
    const asked = meanwhile.ask(() => new Promise<string>((resolve) => (answer = resolve)), note);
    await expect(failing).rejects.toThrow("no");
    meanwhile.take(done(4));
    answer("rows");
    expect(await asked).toBe("rows 4");
  });
});
