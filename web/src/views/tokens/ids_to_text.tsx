import { useState } from "react";
import { detokenize } from "../../lib/api";
import { useQuery } from "../../lib/query";
import { useStored } from "../../lib/stored";
import { CopyButton, Select, TextArea, type Option } from "../../ui/controls";
import { Card, Problem } from "../../ui/layout";
import { parseIds } from "./ids";
import { useSettled } from "./use_tokenized";
import css from "./tokens.module.css";

const kWait_ms = 150;

/** The way back: ids that somebody pastes, as the text they stand for. */
export function IdsToText({ models, first }: { models: Option[]; first: string }) {
  const [text, setText] = useStored("tokens.ids", "");
  const [chosen, setChosen] = useState<string>();
  const model = chosen ?? first;
  const settled = useSettled(text, kWait_ms);
  const { ids, wrong } = parseIds(settled);
  const { data, error, reload } = useQuery(
    ids.length > 0 ? JSON.stringify([model, ids]) : null,
    (signal) => detokenize(model, ids, signal),
  );
  return (
    <Card
      title="Ids to text"
      actions={data && <CopyButton text={data.content}>Copy text</CopyButton>}
    >
      <div className={css.reverse}>
        <TextArea
          label="Token ids"
          hint="With spaces or commas between."
          wrong={wrong}
          rows={3}
          spellCheck={false}
          className="mono"
          placeholder="464, 3290 …"
          value={text}
          onChange={(event) => setText(event.target.value)}
          data-testid="ids-input"
        />
        <Select label="Tokenizer of" options={models} value={model} onChange={setChosen} />
      </div>
      {error !== undefined && <Problem error={error} onRetry={reload} />}
      {data && (
        // It scrolls, so it must be reachable.
        <pre
          className={css.text}
          role="region"
          aria-label="Text of the ids"
          // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          tabIndex={0}
          data-testid="ids-text"
        >
          {data.content}
        </pre>
      )}
    </Card>
  );
}
