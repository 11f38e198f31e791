// Light, dark, or what the machine says. Charts are drawn, so they must be told of a change.

import { useSyncExternalStore } from "react";
import { readText, writeText } from "./stored";

export type Theme = "system" | "light" | "dark";

const kName = "theme";
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();
const tell = () => listeners.forEach((listener) => listener());
dark.addEventListener("change", tell);

export function storedTheme(): Theme {
  const theme = readText(kName);
  return theme === "light" || theme === "dark" ? theme : "system";
}

export function setTheme(theme: Theme): void {
  writeText(kName, theme);
  applyTheme();
  tell();
}

export function applyTheme(): void {
  const theme = storedTheme();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useTheme = (): Theme => useSyncExternalStore(subscribe, storedTheme);

/** What is seen now. */
export const useIsDark = (): boolean =>
  useSyncExternalStore(subscribe, () =>
    storedTheme() === "system" ? dark.matches : storedTheme() === "dark",
  );
