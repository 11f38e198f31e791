type Values = readonly (number | null | undefined)[];

/**
 * The exponential moving average of a curve, without the pull of an empty start (as Adam corrects its moments).
 * `decay`, from 0 (no smoothing) to below 1, is that of two points `spacing` apart; others decay by their distance,
 * so that a curve looks the same however densely parts of it are sampled.
 * What is not there has no average, and does not end it.
 */
export function smooth(
  x: readonly number[],
  values: Values,
  decay: number,
  spacing: number,
): (number | null | undefined)[] {
  if (decay <= 0) return values.slice();
  let sum = 0;
  let weight = 0;
  let last = 0;
  return values.map((value, i) => {
    if (value === null || value === undefined) return value;
    const at = x[i] ?? 0;
    const distance = weight === 0 || spacing <= 0 ? 1 : Math.max(0, at - last) / spacing;
    const kept = decay ** distance;
    last = at;
    sum = kept * sum + (1 - kept) * value;
    weight = kept * weight + (1 - kept);
    return weight > 0 ? sum / weight : value;
  });
}

/** Where a slider of equal steps is for a decay, 0 to 1: the last tenth of decays has most of the slider. */
export const sliderOf = (decay: number): number => 1 - (1 - decay) ** (1 / 3);
/** The decay at a place of the slider: 0, and up to 0.999. */
export const decayOf = (place: number): number =>
  Math.min(0.999, Math.max(0, Number((1 - (1 - place) ** 3).toFixed(4))));
