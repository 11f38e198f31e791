const kTooMany =
  /^(\d+) tokens of prompt and \d+ of answer make \d+, and the model's context holds (\d+)/;

/** How many tokens a refused request could have had; undefined where that is not why, or there is no room at all. */
export function roomIn(sentence: string): number | undefined {
  const [, prompt, context] = kTooMany.exec(sentence) ?? [];
  const room = Number(context) - Number(prompt);
  return room > 0 ? room : undefined;
}
