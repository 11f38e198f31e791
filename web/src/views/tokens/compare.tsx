import { formatInteger } from "../../lib/format";
import { Card } from "../../ui/layout";
import css from "./tokens.module.css";

/** How many tokens each model needs, beside each other. */
export function Compare({ counts }: { counts: { model: string; n: number }[] }) {
  const most = Math.max(1, ...counts.map(({ n }) => n));
  const least = Math.min(...counts.map(({ n }) => n));
  return (
    <Card title="Tokens needed" data-testid="token-compare">
      <dl className={css.bars}>
        {counts.map(({ model, n }, i) => (
          <div key={model} className={css.barRow}>
            <dt title={model}>{model}</dt>
            <dd>
              <span className={css.barTrack} aria-hidden="true">
                <span
                  className={css.bar}
                  data-colour={i}
                  style={{ width: `${(100 * n) / most}%` }}
                />
              </span>
              <span className={css.barValue}>
                {formatInteger(n)}
                {counts.length > 1 && n > least && least > 0 && (
                  <small> {(n / least).toFixed(2)} ×</small>
                )}
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}
