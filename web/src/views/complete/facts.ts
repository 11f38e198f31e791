import { formatDuration, formatInteger, formatValue } from "../../lib/format";
import { perplexity } from "../playground/shown_tokens";
import type { Result } from "./complete_store";

/** What is known of one of the texts of a result, in a line. */
export function factsOf(result: Result, index = 0): string {
  const facts: string[] = [];
  const { usage, kind, state, texts } = result;
  const text = texts[index];
  if (result.step !== null) facts.push(`step ${result.step}`);
  if (kind === "score") {
    if (state === "done") facts.push(`perplexity ${formatValue(perplexity(text?.tokens ?? []))}`);
    if (usage) facts.push(`${formatInteger(usage.promptTokens)} tokens`);
    return facts.join(" · ");
  }
  const isOneOfMany = texts.length > 1;
  if (usage) {
    // The server counts what it wrote in all texts together.
    const n_written = isOneOfMany ? text?.tokens.length : usage.completionTokens;
    facts.push(`${formatInteger(usage.promptTokens)} + ${formatInteger(n_written)} tokens`);
  }
  if (result.tokensPerSecond !== null)
    facts.push(`${formatInteger(result.tokensPerSecond)} tokens/s${isOneOfMany ? " in all" : ""}`);
  if (result.firstToken_ms !== null)
    facts.push(`first after ${formatDuration(result.firstToken_ms / 1000)}`);
  if (state === "stopped") facts.push("stopped by you");
  if (state === "done")
    facts.push(text?.finishReason === "length" ? "stopped at max tokens" : "ended by itself");
  return facts.join(" · ");
}
