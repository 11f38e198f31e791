import { useEffect, useState } from "react";
import { addAnswer, addGap, kNoHistory, type History, type SeenSystem } from "./rate";

// It outlives the view: who comes back within two minutes sees what was seen before.
let kept: History = kNoHistory;

/** The readings of the last minutes, with one more at each answer, and a gap at each failure. */
export function useHistory(system: SeenSystem | undefined, error: unknown): History {
  const [history, setHistory] = useState(kept);
  useEffect(() => {
    if (error !== undefined) kept = addGap(kept, Date.now());
    else if (system) kept = addAnswer(kept, system, Date.now());
    setHistory(kept);
  }, [system, error]);
  return history;
}
