import { useCallback, useMemo, useState } from "react";
import type { ViewProps } from "../../app";
import { listModels } from "../../lib/api";
import { plural } from "../../lib/format";
import { listModelDetails, tokenizerText } from "../../lib/model_details";
import { useQuery } from "../../lib/query";
import { replaceRoute } from "../../lib/route";
import { useStored } from "../../lib/stored";
import { Button, Checkbox, Choice, Select, TextArea, type Option } from "../../ui/controls";
import { CloseIcon, PlusIcon } from "../../ui/icons";
import { Card, Empty, PageHead, Problem, Progress } from "../../ui/layout";
import { parseModelName } from "../playground/model_name";
import { Compare } from "./compare";
import { countBytes, countCharacters } from "./coverage";
import { IdsToText } from "./ids_to_text";
import { TokenPanel, type TokenLook } from "./token_panel";
import { chosenModels, kMaxModels, modelOptions, sameTokens } from "./selection";
import { useSettled, type Tokenized } from "./use_tokenized";
import css from "./tokens.module.css";

const kPoll_ms = 10_000;
const kWait_ms = 150;

const kSample = `To be, or not to be: that is the question.
\tUnbelievably, 3.14159 of 1,000 tokens…  two  spaces
Naïve café, Ωmega, 東京タワー, привет 🙂👩‍🚀
<|endoftext|>
`;

const kLooks: { value: TokenLook; label: string }[] = [
  { value: "text", label: "Tokens" },
  { value: "both", label: "With ids" },
  { value: "ids", label: "Ids" },
];

export function TokensView({ route }: ViewProps) {
  const models = useQuery("models", listModels, kPoll_ms);
  const details = useQuery("details", listModelDetails, kPoll_ms);
  return (
    <>
      <PageHead title="Tokens" />
      {models.error !== undefined && !models.data && (
        <Problem error={models.error} onRetry={models.reload} />
      )}
      {models.isLoading && <Progress label="Loading the list of models" />}
      {models.data?.length === 0 && (
        <Empty title="No tokenizers yet" command="alpha train --data book.txt --runDir runs/book">
          <p>
            Tokenizers belong to models, and there is none with a checkpoint. Train one, or make a
            small one within a minute with <code>alpha quickstart</code>.
          </p>
        </Empty>
      )}
      {models.data && models.data.length > 0 && (
        <Workbench
          ids={models.data.map(({ id }) => id)}
          asked={route.query.getAll("model")}
          noteOf={(id) =>
            tokenizerText(details.data?.find((one) => one.id === parseModelName(id).id))
          }
        />
      )}
    </>
  );
}

function Workbench({
  ids,
  asked,
  noteOf,
}: {
  ids: string[];
  asked: string[];
  noteOf: (model: string) => string;
}) {
  const [text, setText] = useStored("tokens.text", kSample);
  const [stored, setStored] = useStored<string[]>("tokens.models", []);
  const [look, setLook] = useStored<TokenLook>("tokens.look", "text");
  const [isSpecial, setSpecial] = useStored("tokens.special", true);
  const [answers, setAnswers] = useState<Record<string, Tokenized | undefined>>({});
  const settled = useSettled(text, kWait_ms);

  const chosen = chosenModels(ids, asked, stored);
  const choose = (next: string[]) => {
    setStored(next);
    const query = new URLSearchParams(next.map((model) => ["model", model]));
    replaceRoute(`#/tokens?${query.toString()}`);
  };
  const onAnswer = useCallback(
    (model: string, answer: Tokenized | undefined) =>
      setAnswers((old) => (old[model] === answer ? old : { ...old, [model]: answer })),
    [],
  );

  // By what they hang on rather than by `chosen`, which is new each time: they may be long.
  const chosenKey = JSON.stringify(chosen);
  const ready = useMemo(
    () =>
      (JSON.parse(chosenKey) as string[]).flatMap((model) => {
        const answer = answers[model];
        return answer ? [answer] : [];
      }),
    [chosenKey, answers],
  );
  const same = useMemo(() => sameTokens(ready), [ready]);
  const options: Option[] = modelOptions(ids, chosen).map((id) => {
    const note = noteOf(id);
    return { value: id, label: note ? `${id} (${note})` : id };
  });
  const size = useMemo(
    () =>
      `${plural(countCharacters(settled), "character")}, ${plural(countBytes(settled), "byte")} in UTF-8`,
    [settled],
  );
  const unused = ids.find((id) => !chosen.includes(id));

  return (
    <div className={css.view}>
      <Card>
        <div className={css.input}>
          <TextArea
            label="Text"
            rows={6}
            spellCheck={false}
            hint={size}
            value={text}
            onChange={(event) => setText(event.target.value)}
            data-testid="token-text"
          />
          <div className={css.pickers}>
            {chosen.map((model, i) => (
              <div key={i} className={css.picker}>
                <Select
                  label={chosen.length > 1 ? `Tokenizer ${i + 1} of` : "Tokenizer of"}
                  options={options.map((option) => ({
                    ...option,
                    isDisabled: option.value !== model && chosen.includes(option.value),
                  }))}
                  value={model}
                  onChange={(next) => choose(chosen.map((old, k) => (k === i ? next : old)))}
                  data-testid={`token-model-${i + 1}`}
                />
                {chosen.length > 1 && (
                  <Button
                    look="quiet"
                    isIcon
                    label={`Remove ${model}`}
                    onClick={() => choose(chosen.filter((_, k) => k !== i))}
                  >
                    <CloseIcon />
                  </Button>
                )}
              </div>
            ))}
            {chosen.length < kMaxModels && unused !== undefined && (
              <Button onClick={() => choose([...chosen, unused])} data-testid="token-add">
                <PlusIcon /> Compare
              </Button>
            )}
          </div>
          <div className={css.options}>
            <Choice label="What is shown" options={kLooks} value={look} onChange={setLook} />
            <Checkbox
              label="Special tokens recognised"
              checked={isSpecial}
              onChange={(event) => setSpecial(event.target.checked)}
              data-testid="token-special"
            />
            <Button
              look="quiet"
              isSmall
              disabled={text === kSample}
              onClick={() => setText(kSample)}
            >
              Sample text
            </Button>
          </div>
        </div>
      </Card>
      {ready.length > 1 && <Compare answers={ready} />}
      <div className={css.panels} data-n={chosen.length}>
        {chosen.map((model) => (
          <TokenPanel
            key={model}
            model={model}
            note={noteOf(model)}
            text={settled}
            isSpecial={isSpecial}
            look={look}
            sameAs={same[model]}
            onAnswer={onAnswer}
          />
        ))}
      </div>
      <IdsToText models={options} first={chosen[0] ?? ""} />
    </div>
  );
}
