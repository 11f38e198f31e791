import { formatInteger } from "../../lib/format";
import { Card } from "../../ui/layout";
import { countLeftOut } from "./coverage";
import type { Tokenized } from "./use_tokenized";
import css from "./tokens.module.css";

/** How many tokens each model needs, beside each other. */
export function Compare({ answers }: { answers: Tokenized[] }) {
  const most = Math.max(1, ...answers.map(({ tokens }) => tokens.length));
  // Who leaves something out needs fewer for that alone.
  const whole = answers.filter(({ leftOut }) => leftOut.length === 0);
  const least = Math.min(...whole.map(({ tokens }) => tokens.length));
  return (
    <Card title="Tokens needed" data-testid="token-compare">
      <dl className={css.bars}>
        {answers.map(({ model, tokens, leftOut }, i) => (
          <div key={model} className={css.barRow}>
            <dt title={model}>{model}</dt>
            <dd>
              <span className={css.barTrack} aria-hidden="true">
                <span
                  className={css.bar}
                  data-colour={i}
                  style={{ width: `${(100 * tokens.length) / most}%` }}
                />
              </span>
              <span className={css.barValue}>
                {formatInteger(tokens.length)}{" "}
                <small>
                  {leftOut.length > 0
                    ? `${formatInteger(countLeftOut(leftOut))} characters left out`
                    : tokens.length > least && least > 0
                      ? `${(tokens.length / least).toFixed(2)} times as many`
                      : ""}
                </small>
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
