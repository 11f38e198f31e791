// Lists of token ids as people paste them.

/** "[1, 2 3]" → [1, 2, 3]; or a sentence that says what is no id. */
export function parseIds(text: string): { ids: number[]; wrong?: string } {
  const words = text.split(/[\s,;[\]()]+/).filter(Boolean);
  const ids: number[] = [];
  for (const word of words) {
    if (!/^\d{1,9}$/.test(word)) {
      return {
        ids: [],
        wrong: `“${word.slice(0, 20)}” is no token id. Whole numbers are wanted, with spaces or commas between.`,
      };
    }
    ids.push(Number(word));
  }
  return { ids };
}
