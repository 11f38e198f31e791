// Where in the page one is: "#/runs/my%20run?columns=loss". The hash, so that the server need not know.

import { useSyncExternalStore } from "react";

export interface Route {
  parts: string[]; // decoded: ["runs", "my run"]
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter(Boolean).map(decode);
  return { parts: parts.length > 0 ? parts : ["runs"], query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** href(["runs", id]) → "#/runs/…" */
export function href(parts: string[], query: Record<string, string> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

export const navigate = (to: string): void => {
  window.location.hash = to;
};

/** Changes the address without a step in the history: for a zoom, a choice. */
export function replaceRoute(to: string): void {
  history.replaceState(null, "", to);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

const subscribe = (listener: () => void) => {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
};

export const useHash = (): string => useSyncExternalStore(subscribe, () => window.location.hash);
