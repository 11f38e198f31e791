import { memo, useEffect, useMemo, type ReactNode } from "react";
import { formatInteger, formatPercent, plural } from "../../lib/format";
import { CopyButton } from "../../ui/controls";
import { Badge, Card, Problem, Progress, Stats } from "../../ui/layout";
import { countCharacters, countLeftOut, examples } from "./coverage";
import { kMaxShown, TokenFlow } from "./token_flow";
import { useTokenized, type Tokenized } from "./use_tokenized";
import css from "./tokens.module.css";

export type TokenLook = "text" | "both" | "ids";

const kMaxExamples = 12;

/** One model's way to cut the text. Tells `onAnswer` of it, for comparison. */
export const TokenPanel = memo(function TokenPanel({
  model,
  note,
  text,
  isSpecial,
  look,
  sameAs,
  onAnswer,
}: {
  model: string;
  note: string; // what is known of its tokenizer
  text: string;
  isSpecial: boolean;
  look: TokenLook;
  sameAs: string | undefined; // a model before it that cuts the text into the same ids
  onAnswer: (model: string, answer: Tokenized | undefined) => void;
}) {
  const { answer, error, isBusy, retry } = useTokenized(model, text, isSpecial);
  useEffect(() => onAnswer(model, answer), [model, answer, onAnswer]);
  const isStale = answer !== undefined && (answer.text !== text || answer.isSpecial !== isSpecial);
  return (
    <Card
      isFlush
      data-testid="token-panel"
      data-model={model}
      data-busy={isBusy || isStale ? "" : undefined}
      aria-busy={isBusy || isStale}
      title={
        <span className={css.title}>
          <span>{model}</span>
          {note && <span className={css.note}>{note}</span>}
          {sameAs && <Badge>same tokens as {sameAs}</Badge>}
        </span>
      }
      actions={answer && answer.tokens.length > 0 && <CopyIds answer={answer} />}
    >
      <div className={css.panelBody}>
        {error !== undefined && <Problem error={error} onRetry={retry} />}
        {answer && <Answer answer={answer} look={look} />}
        {!answer && error === undefined && (
          <div className={css.loading}>
            <p className="muted">The model is being loaded.</p>
            <Progress label={`Loading ${model}`} />
          </div>
        )}
      </div>
    </Card>
  );
});

function CopyIds({ answer }: { answer: Tokenized }) {
  const ids = useMemo(() => `[${answer.tokens.map(({ id }) => id).join(", ")}]`, [answer]);
  return <CopyButton text={ids}>Copy ids</CopyButton>;
}

function Answer({ answer, look }: { answer: Tokenized; look: TokenLook }) {
  const { model, text, tokens, leftOut, maxModelLen } = answer;
  const characters = useMemo(() => countCharacters(text) - countLeftOut(leftOut), [text, leftOut]);
  const n = tokens.length;
  const share = maxModelLen > 0 ? n / maxModelLen : undefined;
  return (
    <>
      <div data-testid="token-counts">
        <Stats
          items={[
            { label: "Tokens", value: formatInteger(n) },
            { label: "Chars per token", value: n > 0 ? (characters / n).toFixed(2) : "–" },
            {
              label: "Of the context",
              value: share === undefined ? "–" : sharePercent(share),
              note: `of ${formatInteger(maxModelLen)}`,
            },
          ]}
        />
      </div>
      {share !== undefined && share > 1 && (
        <p className={css.warning}>
          The text is {plural(n - maxModelLen, "token")} longer than the model can read.
        </p>
      )}
      <LeftOut answer={answer} />
      {n === 0 ? (
        <p className={css.more}>{text === "" ? "No text, no tokens." : "No token."}</p>
      ) : look === "ids" ? (
        <IdList model={model} answer={answer} />
      ) : (
        <TokenFlow label={`Tokens of ${model}`} tokens={tokens} hasIds={look === "both"} />
      )}
    </>
  );
}

/** Of a context there may be more than all: 240%. */
const sharePercent = (share: number): string =>
  share > 1 ? `${Math.round(share * 100).toLocaleString("en-US")}%` : formatPercent(share);

function LeftOut({ answer }: { answer: Tokenized }): ReactNode {
  const parts = answer.leftOut;
  if (parts.length === 0) return null;
  const n = countLeftOut(parts);
  const some = examples(parts, kMaxExamples);
  return (
    <p className={css.warning} data-testid="token-left-out">
      {plural(n, "character")} {n === 1 ? "is" : "are"} not in this vocabulary and left out:{" "}
      {some.map((part, i) => (
        <span key={part}>
          {i > 0 && " "}
          <code>{part}</code>
        </span>
      ))}
      {examples(parts, kMaxExamples + 1).length > kMaxExamples && " …"}
    </p>
  );
}

function IdList({ model, answer }: { model: string; answer: Tokenized }) {
  const { tokens } = answer;
  const shown = useMemo(
    () =>
      tokens
        .slice(0, kMaxShown)
        .map(({ id }) => id)
        .join(" "),
    [tokens],
  );
  return (
    <div>
      {/* It scrolls, so it must be reachable. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={css.ids} role="region" aria-label={`Token ids of ${model}`} tabIndex={0}>
        {shown}
      </pre>
      {tokens.length > kMaxShown && (
        <p className={css.more} data-testid="token-more">
          and {formatInteger(tokens.length - kMaxShown)} more
        </p>
      )}
    </div>
  );
}
