import { useId, useState } from "react";
import { formatBytes, formatCount, formatInteger, kNone, plural } from "../../lib/format";
import { href } from "../../lib/route";
import { Button, LinkButton } from "../../ui/controls";
import { Badge, Card, Stats } from "../../ui/layout";
import { Breakdown } from "./breakdown";
import { Checkpoints } from "./checkpoints";
import { LoadButton, SwitchProgress, useModelSwitch } from "./load_button";
import { loadedSteps, type ModelEntry } from "./model_list";
import css from "./models.module.css";

export function ModelCard({
  entry: { model, kind, tokenizer, parts },
  onDone,
}: {
  entry: ModelEntry;
  onDone: () => void;
}) {
  const [isOpen, setOpen] = useState(false);
  const control = useModelSwitch(model.id, onDone);
  const isLoading = model.is_loading || control.work?.kind === "load";
  const words = [...kind, ...(tokenizer ? [`tokenizer ${tokenizer.split(",", 1)[0]}`] : [])];
  const others = loadedSteps(model).filter((step) => step !== model.step);
  const listId = useId();
  return (
    <Card
      isFlush
      data-testid="model-card"
      data-model={model.id}
      title={
        <span className={css.title}>
          <span className={css.name}>{model.id}</span>
          {isLoading ? (
            <Badge tone="accent">loading</Badge>
          ) : model.is_loaded ? (
            <Badge tone="good">loaded</Badge>
          ) : (
            <Badge>not loaded</Badge>
          )}
          {others.length > 0 && (
            <Badge tone="good">
              {others.length === 1
                ? `step ${others[0]} loaded`
                : `${others.length} other steps loaded`}
            </Badge>
          )}
        </span>
      }
      actions={
        <span className={css.actions}>
          <LinkButton
            isSmall
            look="quiet"
            href={href(["chat"], { model: model.id })}
            aria-label={`Chat with ${model.id}`}
          >
            Chat
          </LinkButton>
          <LinkButton
            isSmall
            look="quiet"
            href={href(["complete"], { model: model.id })}
            aria-label={`Complete with ${model.id}`}
          >
            Complete
          </LinkButton>
          <LinkButton
            isSmall
            look="quiet"
            href={href(["tokens"], { model: model.id })}
            aria-label={`Tokens of ${model.id}`}
          >
            Tokens
          </LinkButton>
          <LinkButton
            isSmall
            look="quiet"
            href={href(["runs", model.id])}
            aria-label={`Run ${model.id}`}
          >
            Run
          </LinkButton>
          <LoadButton
            name={model.id}
            isLoaded={model.is_loaded}
            isLoading={model.is_loading}
            control={control}
            isSmall
          />
        </span>
      }
    >
      <div className={css.body}>
        <SwitchProgress
          name={model.id}
          isLoaded={model.is_loaded}
          isLoading={model.is_loading}
          control={control}
        />
        {words.length > 0 && <p className={css.kind}>{words.join(" · ")}</p>}
        <Stats
          items={[
            {
              label: "Parameters",
              value: model.n_params > 0 ? formatCount(model.n_params) : kNone,
            },
            { label: "Latest step", value: formatInteger(model.step) },
            { label: "Best step", value: formatInteger(model.best_step) },
            { label: "Checkpoint", value: formatBytes(model.size_bytes) },
            { label: "In memory", value: formatBytes(model.loaded_bytes) },
          ]}
        />
        {parts.length > 0 && <Breakdown parts={parts} />}
      </div>
      <div className={css.foot}>
        <Button
          isSmall
          look="quiet"
          aria-expanded={isOpen}
          aria-controls={isOpen ? listId : undefined}
          onClick={() => setOpen(!isOpen)}
          data-testid={`steps-of-${model.id}`}
        >
          <span className={css.arrow} data-open={isOpen ? "" : undefined} aria-hidden="true" />
          {plural(model.steps.length, "checkpoint")}
        </Button>
      </div>
      {isOpen && (
        <div id={listId}>
          <Checkpoints model={model} onDone={onDone} />
        </div>
      )}
    </Card>
  );
}
