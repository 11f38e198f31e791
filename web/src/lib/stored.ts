// Choices that outlive the page, kept in this browser.

import { useCallback, useState } from "react";

function read<T>(name: string, initial: T): T {
  try {
    const text = localStorage.getItem(`alpha.${name}`);
    return text === null ? initial : (JSON.parse(text) as T);
  } catch {
    return initial;
  }
}

/** As useState, remembered under `name`. What an earlier version of the page stored must still be of the type. */
export function useStored<T>(name: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState(() => read(name, initial));
  const store = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(`alpha.${name}`, JSON.stringify(next));
      } catch {
        // A full or forbidden storage costs the memory alone.
      }
    },
    [name],
  );
  return [value, store];
}
