/** A curve in the size of a word. `label` says what it shows. Gaps are left out. */
export function Sparkline({
  values,
  label,
  width = 96,
  height = 24,
}: {
  values: (number | null)[];
  label: string;
  width?: number;
  height?: number;
}) {
  const path = sparklinePath(values, width, height);
  if (!path) return null;
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={label}
    >
      <path
        d={path}
        fill="none"
        stroke="var(--series-1)"
        strokeWidth="1.5"
        strokeLinejoin="round"
        strokeLinecap="round"
      />
    </svg>
  );
}

/** The path through the values; empty for fewer than two. */
export function sparklinePath(values: (number | null)[], width: number, height: number): string {
  const finite = values.filter(
    (value): value is number => value !== null && Number.isFinite(value),
  );
  if (finite.length < 2) return "";
  const low = Math.min(...finite);
  const span = Math.max(...finite) - low || 1;
  const pad = 2;
  let path = "";
  let isPen = false;
  values.forEach((value, i) => {
    if (value === null || !Number.isFinite(value)) {
      isPen = false;
      return;
    }
    const x = pad + (i / (values.length - 1)) * (width - 2 * pad);
    const y = height - pad - ((value - low) / span) * (height - 2 * pad);
    path += `${isPen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isPen = true;
  });
  return path;
}
