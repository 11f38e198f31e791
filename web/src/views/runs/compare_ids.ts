// The runs that are compared, as they stand in the address: "a,b", each encoded, so that a comma may be in a name.

import { href } from "../../lib/route";

export const kMostCompared = 8;

export function parseIds(text: string | null): string[] {
  const ids = (text ?? "")
    .split(",")
    .filter(Boolean)
    .map((part) => {
      try {
        return decodeURIComponent(part);
      } catch {
        return part;
      }
    });
  return [...new Set(ids)].slice(0, kMostCompared);
}

export const formatIds = (ids: readonly string[]): string => ids.map(encodeURIComponent).join(",");

/** "#/runs/compare?ids=a,b": commas stay readable. */
export const compareHref = (ids: readonly string[]): string =>
  `${href(["runs", "compare"])}?ids=${ids.map((id) => encodeURIComponent(encodeURIComponent(id))).join(",")}`;
