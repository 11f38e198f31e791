import { Button, CopyButton } from "../../ui/controls";
import { Card, Problem, Progress } from "../../ui/layout";
import { TokenText } from "../playground/token_text";
import type { Result } from "./complete_store";
import { factsOf } from "./facts";
import css from "./complete.module.css";

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
        {!isDone && shown === undefined ? waitsFor : factsOf(result, text)}
      </p>
    </Card>
  );
}
