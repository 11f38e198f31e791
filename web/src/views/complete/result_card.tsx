import { formatDuration, formatInteger, formatValue } from "../../lib/format";
import { Button, CopyButton } from "../../ui/controls";
import { Card, Problem, Progress } from "../../ui/layout";
import { perplexity } from "../playground/shown_tokens";
import { TokenText } from "../playground/token_text";
import type { Result } from "./complete_store";
import css from "./complete.module.css";

/** What is known of a result, in a line. */
export function factsOf(result: Result): string {
  const facts: string[] = [];
  const { usage, kind, state, texts } = result;
  if (result.step !== null) facts.push(`step ${result.step}`);
  if (kind === "score" && state === "done") {
    const known = texts[0]?.tokens ?? [];
    facts.push(`perplexity ${formatValue(perplexity(known))}`);
    if (usage) facts.push(`${formatInteger(usage.promptTokens)} tokens`);
  } else if (usage) {
    facts.push(
      `${formatInteger(usage.promptTokens)} + ${formatInteger(usage.completionTokens)} tokens`,
    );
  }
  if (kind === "completion") {
    if (result.tokensPerSecond !== null)
      facts.push(`${formatInteger(result.tokensPerSecond)} tokens/s`);
    if (result.firstToken_ms !== null)
      facts.push(`first after ${formatDuration(result.firstToken_ms / 1000)}`);
    if (state === "stopped") facts.push("stopped by you");
    else if (state === "done" && texts.length === 1)
      facts.push(texts[0]?.finishReason === "length" ? "stopped at max tokens" : "ended by itself");
  }
  return facts.join(" · ");
}

/** Something a model wrote, or thought of the prompt, as a card to choose. */
export function ResultCard({
  result,
  text,
  waitsFor,
  hasProbabilities,
  onContinue,
  onAccept,
  onRetry,
}: {
  result: Result;
  text: number;
  waitsFor: string;
  hasProbabilities: boolean;
  onContinue?: (token: number, name: string) => void;
  onAccept: () => void;
  onRetry: () => void;
}) {
  const shown = result.texts[text];
  const isScore = result.kind === "score";
  const n = result.texts.length;
  const isDone = result.state !== "streaming";
  return (
    <Card
      title={n > 1 ? `${result.model}, ${text + 1} of ${n}` : result.model}
      data-testid={isScore ? "complete-score-card" : "complete-card"}
      data-state={result.state}
      actions={
        !isScore &&
        shown !== undefined && (
          <>
            <CopyButton text={shown.text} label="Copy the text" />
            <Button isSmall disabled={!isDone} data-testid="complete-choose" onClick={onAccept}>
              Take this
            </Button>
          </>
        )
      }
    >
      {shown && (
        <div className={css.cardText} data-testid="complete-text">
          <TokenText
            tokens={shown.tokens}
            text={shown.text}
            hasProbabilities={hasProbabilities || isScore}
            label={isScore ? "Tokens of the prompt" : `Tokens of ${result.model}`}
            onContinue={isDone ? onContinue : undefined}
          />
        </div>
      )}
      {!isDone && shown === undefined && <Progress label={waitsFor} />}
      {result.error !== undefined && <Problem error={result.error} onRetry={onRetry} />}
      <p className={css.facts} data-testid="complete-facts">
        {!isDone && shown === undefined ? waitsFor : factsOf(result)}
      </p>
    </Card>
  );
}
