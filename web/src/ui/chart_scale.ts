// What part of the y axis is seen for the values from `min` to `max`; null where there is none.

type Ends = [number, number];

/** Values nearer to one another than this part of them count as one: no marks fit between. */
const kLeastPart = 1e-9;

/** A little room above and below. */
export function linearEnds(min: number | null, max: number | null, isFromZero: boolean): Ends {
  if (min === null || max === null || !Number.isFinite(max - min)) return [0, 1];
  const low = isFromZero ? Math.min(0, min) : min;
  const high = isFromZero ? Math.max(0, max) : max;
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const isOne = high - low <= largest * kLeastPart;
  const room = isOne ? largest * 0.05 || 1 : (high - low) * 0.06;
  return [
    isFromZero && low === 0 ? 0 : low - room,
    isFromZero && high === 0 && low < 0 ? 0 : high + room,
  ];
}

/** As much room by the eye, on a logarithmic axis. */
export function logEnds(min: number | null, max: number | null): Ends {
  if (min === null || max === null || !(min > 0) || !Number.isFinite(max)) return [0.1, 1];
  const room = max > min * (1 + kLeastPart) ? (max / min) ** 0.06 : 1.2;
  return [min / room, max * room];
}
