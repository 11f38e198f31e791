import css from "./meter.module.css";

export interface MeterPart {
  name: string;
  value: number;
  look: "used" | "cached";
}

/**
 * How much of `most` is taken, in parts. `text` says the same in words and is shown beside. Without `most` (0 or
 * undefined) the bar stays empty: there is no limit to be near.
 */
export function Meter({
  label,
  parts,
  most,
  text,
  isLabelHidden,
}: {
  label: string;
  parts: MeterPart[];
  most: number | undefined;
  text: string;
  isLabelHidden?: boolean;
}) {
  const sum = parts.reduce((total, { value }) => total + value, 0);
  return (
    <div className={css.meter}>
      <div className={css.words}>
        {!isLabelHidden && <span>{label}</span>}
        <span>{text}</span>
      </div>
      <div
        className={css.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={most || 1}
        aria-valuenow={most ? Math.min(sum, most) : 0}
        aria-valuetext={text}
      >
        {parts.map(({ name, value, look }) => (
          <span
            key={name}
            title={name}
            data-look={look}
            style={{ width: most ? `${Math.min(100, (100 * value) / most)}%` : 0 }}
          />
        ))}
      </div>
    </div>
  );
}
