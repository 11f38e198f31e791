import { listCheckpoints } from "../../lib/api";
import { formatAge, formatBytes, formatInteger } from "../../lib/format";
import { useQuery } from "../../lib/query";
import { href } from "../../lib/route";
import type { Model } from "../../lib/types";
import { Badge, Scroll } from "../../ui/layout";
import { LoadButton, SwitchProgress, useModelSwitch } from "./load_button";
import { loadedSteps } from "./model_list";
import css from "./models.module.css";

/** The steps of a model, the latest first. */
export function Checkpoints({ model, onDone }: { model: Model; onDone: () => void }) {
  // Sizes and ages; a folder that is a checkpoint itself may have none.
  const files = useQuery(`checkpoints ${model.id} ${model.steps.join()}`, (signal) =>
    listCheckpoints(model.id, signal),
  );
  const loaded = loadedSteps(model);
  const now_ms = Date.now();
  return (
    <Scroll label={`Checkpoints of ${model.id}`}>
      <table className={css.steps}>
        <thead>
          <tr>
            <th className="number">Step</th>
            <th>State</th>
            <th className="number">Size</th>
            <th>Saved</th>
            <th>Open in</th>
            <th>
              <span className="visually-hidden">Load</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {[...model.steps].reverse().map((step) => {
            const file = files.data?.find((one) => one.step === step);
            return (
              <Step
                key={step}
                model={model}
                step={step}
                isLoaded={loaded.includes(step)}
                size={formatBytes(file?.file_size)}
                age={formatAge(file?.created_at, now_ms)}
                onDone={onDone}
              />
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function Step({
  model,
  step,
  isLoaded,
  size,
  age,
  onDone,
}: {
  model: Model;
  step: number;
  isLoaded: boolean;
  size: string;
  age: string;
  onDone: () => void;
}) {
  const name = `${model.id}@${step}`;
  const control = useModelSwitch(name, onDone);
  return (
    <>
      <tr data-testid={`step-${name}`}>
        <td className="number">{formatInteger(step)}</td>
        <td>
          <span className={css.badges}>
            {isLoaded ? <Badge tone="good">loaded</Badge> : <Badge>not loaded</Badge>}
            {step === model.step && <Badge tone="accent">latest</Badge>}
            {step === model.best_step && <Badge tone="accent">best</Badge>}
          </span>
        </td>
        <td className="number">{size}</td>
        <td>{age}</td>
        <td>
          <span className={css.links}>
            <a href={href(["chat"], { model: name })} aria-label={`Chat with ${name}`}>
              Chat
            </a>
            <a href={href(["complete"], { model: name })} aria-label={`Complete with ${name}`}>
              Complete
            </a>
            <a href={href(["tokens"], { model: name })} aria-label={`Tokens of ${name}`}>
              Tokens
            </a>
          </span>
        </td>
        <td className={css.stepSwitch}>
          <LoadButton name={name} isLoaded={isLoaded} isLoading={false} control={control} isSmall />
        </td>
      </tr>
      <tr className={css.stepProgress} hidden={!control.work && !control.failed}>
        <td colSpan={6}>
          <SwitchProgress name={name} isLoaded={isLoaded} isLoading={false} control={control} />
        </td>
      </tr>
    </>
  );
}
