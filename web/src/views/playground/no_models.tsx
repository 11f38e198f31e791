import { href } from "../../lib/route";
import { Empty, Problem, Progress } from "../../ui/layout";
import type { Playground } from "./use_playground";

/** What stands in the place of a view while there is no model: why, and what to do. Nothing where there is one. */
export function NoModels({ query }: { query: Playground["query"] }) {
  if (query.isLoading) return <Progress label="Asking for the models" />;
  if (query.error !== undefined) return <Problem error={query.error} onRetry={query.reload} />;
  return (
    <Empty
      title="No model yet"
      command="alpha train --data text.txt --tokenizer char --preset nanogpt --runDir runs/first"
    >
      <p>
        A model is there once a training run has written its first checkpoint. Train one in a
        terminal; it appears here by itself. <a href={href(["runs"])}>See the runs</a>.
      </p>
    </Empty>
  );
}
