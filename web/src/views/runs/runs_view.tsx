import type { Route } from "../../lib/route";
import { ComparePage } from "./compare_page";
import { parseIds } from "./compare_ids";
import { RunList } from "./run_list";
import { RunPage } from "./run_page";

/** #/runs, #/runs/ID and #/runs/compare?ids=A,B. */
export function RunsView({ route }: { route: Route }) {
  const id = route.parts[1];
  if (id === undefined) return <RunList />;
  if (id === "compare" && route.query.has("ids"))
    return <ComparePage ids={parseIds(route.query.get("ids"))} query={route.query} />;
  return <RunPage key={id} id={id} query={route.query} />;
}
