import type { ReactNode } from "react";
import { Button, Checkbox } from "../../ui/controls";
import { SettingsIcon } from "../../ui/icons";
import { PageHead } from "../../ui/layout";
import { ModelPicker } from "./model_picker";
import { TokenLegend } from "./token_text";
import type { Playground } from "./use_playground";
import css from "./playground.module.css";

/** The title, the models and what is shown of their texts. */
export function PlaygroundHead({
  title,
  playground,
  children,
}: {
  title: string;
  playground: Playground;
  children?: ReactNode; // more buttons
}) {
  const { models, names, isCompared } = playground;
  const hasWrong = playground.isWrong && !playground.isSettingsOpen;
  return (
    <>
      <PageHead title={title}>
        {children}
        <Button
          aria-expanded={playground.isSettingsOpen}
          data-testid="settings-toggle"
          onClick={() => playground.setSettingsOpen(!playground.isSettingsOpen)}
        >
          <SettingsIcon />
          Settings{hasWrong ? ": something is wrong" : ""}
        </Button>
      </PageHead>
      <div className={css.bar} hidden={models.length === 0}>
        {names.map((name, i) => (
          <ModelPicker
            key={i}
            models={models}
            value={name}
            label={i === 0 ? "Model" : "Second model"}
            testId={i === 0 ? "model" : "second-model"}
            onChange={(next) => playground.setName(i, next)}
          />
        ))}
        <Checkbox
          label="Compare"
          checked={isCompared}
          data-testid="compare"
          onChange={(event) => playground.setCompared(event.target.checked)}
        />
        <Checkbox
          label="Probabilities"
          checked={playground.hasProbabilities}
          data-testid="probabilities"
          onChange={(event) => playground.setProbabilities(event.target.checked)}
        />
        {playground.hasProbabilities && <TokenLegend />}
      </div>
    </>
  );
}
