// Choices that outlive the page, kept in this browser. A full or forbidden storage costs the memory alone.

import { useCallback, useState } from "react";

const fullName = (name: string): string => `alpha.${name}`;

/** What is remembered under `name`, or null. */
export function readText(name: string): string | null {
  try {
    return localStorage.getItem(fullName(name));
  } catch {
    return null;
  }
}

/** Remembers a text; undefined forgets. */
export function writeText(name: string, text: string | undefined): void {
  try {
    if (text === undefined) localStorage.removeItem(fullName(name));
    else localStorage.setItem(fullName(name), text);
  } catch {
    // Said above.
  }
}

function read<T>(name: string, initial: T): T {
  const text = readText(name);
  try {
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
      writeText(name, JSON.stringify(next));
    },
    [name],
  );
  return [value, store];
}
