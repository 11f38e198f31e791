import { useId, useState, type ReactNode } from "react";
import { Button, Checkbox, Choice, Field, TextArea, TextField, classes } from "../../ui/controls";
import ui from "../../ui/ui.module.css";
import { kNumbers, type NumberName, type Sampling, type Wrong } from "./sampling";
import css from "./playground.module.css";

/** All fields that say how a text is drawn. What is empty is the server's default. */
export function SamplingPanel({
  value,
  wrong,
  defaults,
  onChange,
  lastSeed,
  hasN,
  maxTokensHint,
  children,
}: {
  value: Sampling;
  wrong: Wrong;
  defaults: Sampling;
  onChange: (next: Sampling) => void;
  lastSeed: number | null; // of the last answer
  hasN?: boolean;
  maxTokensHint: string;
  children?: ReactNode; // what stands above
}) {
  const set = (change: Partial<Sampling>) => onChange({ ...value, ...change });
  const number = (name: NumberName, extra: { hint?: string; placeholder?: string } = {}) => (
    <NumberText
      name={name}
      value={value[name]}
      wrong={wrong[name]}
      {...extra}
      onChange={(text) => set({ [name]: text })}
    />
  );
  // Open from the beginning where there is something in it; later as one leaves it.
  const [beganWithMore] = useState(() => hasMore(value));
  const isChanged = JSON.stringify(value) !== JSON.stringify(defaults);
  return (
    <aside className={css.aside} aria-label="Settings">
      <div className={classes(css.settings, css.sampling)} data-testid="sampling">
        {children}
        <div className={css.samplingHead}>
          <h2>Sampling</h2>
          <Button
            isSmall
            look="quiet"
            disabled={!isChanged}
            data-testid="sampling-reset"
            onClick={() => onChange({ ...defaults })}
          >
            Reset
          </Button>
        </div>
        {number("max_tokens", { hint: maxTokensHint })}
        {number("temperature")}
        {number("top_p")}
        <div className={css.pair}>
          {number("top_k")}
          {number("min_p")}
        </div>
        <div className={css.seed}>
          {number("seed", {
            hint: lastSeed === null ? "empty: each its own" : `last: ${lastSeed}`,
            placeholder: "random",
          })}
          <Button
            disabled={lastSeed === null || value.seed === String(lastSeed)}
            label={
              lastSeed === null ? "Fix the seed of the last answer" : `Fix the seed ${lastSeed}`
            }
            data-testid="sampling-fix-seed"
            onClick={() => set({ seed: String(lastSeed) })}
          >
            Fix
          </Button>
        </div>
        {hasN && number("n")}
        <TextArea
          label="Stop texts"
          hint={"one a line; \\n is a line break"}
          wrong={wrong.stop}
          rows={2}
          value={value.stop}
          spellCheck={false}
          data-testid="sampling-stop"
          onChange={(event) => set({ stop: event.target.value })}
        />
        <div className={css.field}>
          <span className={ui.label} aria-hidden="true">
            Format
          </span>
          <Choice
            label="Format"
            options={[
              { value: "text", label: "Text" },
              { value: "json_object", label: "JSON" },
              { value: "json_schema", label: "Schema" },
            ]}
            value={value.format}
            onChange={(format) => set({ format })}
          />
        </div>
        {value.format === "json_schema" && (
          <TextArea
            label="JSON schema"
            wrong={wrong.schema}
            rows={6}
            className="mono"
            value={value.schema}
            spellCheck={false}
            placeholder='{"type": "object", "properties": {"name": {"type": "string"}}}'
            data-testid="sampling-schema"
            onChange={(event) => set({ schema: event.target.value })}
          />
        )}
        <details className={css.more} open={beganWithMore}>
          <summary>Penalties and biases</summary>
          <div className={css.moreBody}>
            {number("repetition_penalty")}
            <div className={css.pair}>
              {number("presence_penalty")}
              {number("frequency_penalty")}
            </div>
            <TextField
              label="Logit bias"
              hint="token id:bias, from -100 to 100: 13:-100, 50:5"
              wrong={wrong.logit_bias}
              value={value.logit_bias}
              spellCheck={false}
              autoComplete="off"
              data-testid="sampling-logit_bias"
              onChange={(event) => set({ logit_bias: event.target.value })}
            />
            <Checkbox
              label="Never end before max tokens"
              checked={value.ignore_eos}
              data-testid="sampling-ignore_eos"
              onChange={(event) => set({ ignore_eos: event.target.checked })}
            />
          </div>
        </details>
      </div>
    </aside>
  );
}

const hasMore = (value: Sampling): boolean =>
  value.repetition_penalty !== "" ||
  value.presence_penalty !== "" ||
  value.frequency_penalty !== "" ||
  value.logit_bias !== "" ||
  value.ignore_eos;

/** A number, or nothing for the default. With a slider where the range is one. */
function NumberText({
  name,
  value,
  wrong,
  hint,
  placeholder,
  onChange,
}: {
  name: NumberName;
  value: string;
  wrong?: string;
  hint?: string;
  placeholder?: string; // else what the server takes
  onChange: (text: string) => void;
}) {
  const rule = kNumbers[name];
  const slider = useId();
  const shown = value.trim() === "" || wrong ? (rule.initial ?? rule.min) : Number(value);
  return (
    <Field label={rule.label} wrong={wrong} hint={hint ?? (rule.hint || undefined)}>
      {(props) => (
        <div className={css.number}>
          {rule.step !== undefined && (
            <input
              type="range"
              id={slider}
              aria-label={`${rule.label}, slider`}
              min={rule.min}
              max={rule.max}
              step={rule.step}
              value={shown}
              onChange={(event) => onChange(event.target.value)}
            />
          )}
          <input
            type="text"
            inputMode="decimal"
            autoComplete="off"
            className={classes(ui.input, rule.step !== undefined && css.short)}
            placeholder={placeholder ?? rule.initial?.toString()}
            value={value}
            data-testid={`sampling-${name}`}
            onChange={(event) => onChange(event.target.value)}
            {...props}
          />
        </div>
      )}
    </Field>
  );
}
