import { formatCount, formatInteger, formatPercent } from "../../lib/format";
import { countParameters, type ParameterPart } from "./params";
import css from "./models.module.css";

/** Where the parameters are: a bar in parts, and the same in words. */
export function Breakdown({ parts }: { parts: ParameterPart[] }) {
  const total = countParameters(parts);
  const shown = parts.map((part, i) => ({ ...part, colour: i })).filter(({ n }) => n > 0);
  return (
    <div className={css.breakdown} data-testid="model-breakdown">
      <div className={css.bar} aria-hidden="true">
        {shown.map(({ name, n, colour }) => (
          <span
            key={name}
            data-colour={colour}
            style={{ flexGrow: n / total }}
            title={`${name}: ${formatInteger(n)}`}
          />
        ))}
      </div>
      <dl className={css.legend}>
        {shown.map(({ name, n, colour }) => (
          <div key={name} title={`${formatInteger(n)} parameters`}>
            <dt data-colour={colour}>{name}</dt>
            <dd>
              {formatCount(n)} <span className="muted">{formatPercent(n / total)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
