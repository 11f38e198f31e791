import { useId, useState, type ComponentProps, type ReactNode } from "react";
import { CheckIcon, CopyIcon } from "./icons";
import css from "./ui.module.css";

export const classes = (...names: (string | false | null | undefined)[]): string =>
  names.filter(Boolean).join(" ");

interface Look {
  look?: "normal" | "primary" | "quiet" | "danger";
  isSmall?: boolean;
  isIcon?: boolean; // nothing but an icon within: give a label
  label?: string; // for those who do not see the icon, and on hover
}

const lookOf = ({ look = "normal", isSmall, isIcon }: Look): string =>
  classes(
    css.button,
    look === "primary" && css.primary,
    look === "quiet" && css.quiet,
    look === "danger" && css.danger,
    isSmall && css.small,
    isIcon && css.icon,
  );

export function Button({
  look,
  isSmall,
  isIcon,
  label,
  className,
  ...rest
}: ComponentProps<"button"> & Look) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={classes(lookOf({ look, isSmall, isIcon }), className)}
      {...rest}
    />
  );
}

/** A link that looks like a button. */
export function LinkButton({
  look,
  isSmall,
  isIcon,
  label,
  className,
  children,
  ...rest
}: ComponentProps<"a"> & Look) {
  return (
    <a
      aria-label={label}
      title={label}
      className={classes(lookOf({ look, isSmall, isIcon }), className)}
      {...rest}
    >
      {children}
    </a>
  );
}

/** Copies a text and says so. */
export function CopyButton({
  text,
  label = "Copy",
  isSmall = true,
  children,
}: {
  text: string;
  label?: string;
  isSmall?: boolean;
  children?: ReactNode;
}) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <Button
      isSmall={isSmall}
      look="quiet"
      isIcon={!children}
      label={children ? undefined : isCopied ? "Copied" : label}
      onClick={() => void copy()}
    >
      {isCopied ? <CheckIcon size={16} /> : <CopyIcon size={16} />}
      {children && <span>{isCopied ? "Copied" : children}</span>}
    </Button>
  );
}

/** Pages over plain HTTP from another machine have no clipboard but the old way. */
async function copyText(text: string): Promise<void> {
  try {
    if (window.isSecureContext) return await navigator.clipboard.writeText(text);
  } catch {
    // A browser that asks, and was told no, may still take the old way.
  }
  const area = document.createElement("textarea");
  area.value = text;
  // Nothing outside an open dialog can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  wrong?: string; // why what is entered cannot be taken
  isLabelHidden?: boolean;
}

/** A label, its control and what there is to say about it. */
export function Field({
  label,
  hint,
  wrong,
  isLabelHidden,
  children,
}: FieldProps & {
  children: (props: {
    id: string;
    "aria-describedby"?: string;
    "aria-invalid"?: true;
  }) => ReactNode;
}) {
  const id = useId();
  const note = wrong ?? hint;
  return (
    <div className={css.field}>
      <label htmlFor={id} className={isLabelHidden ? "visually-hidden" : css.label}>
        {label}
      </label>
      {children({
        id,
        "aria-describedby": note ? `${id}-note` : undefined,
        "aria-invalid": wrong ? true : undefined,
      })}
      {note && (
        <div id={`${id}-note`} className={wrong ? css.wrong : css.hint}>
          {note}
        </div>
      )}
    </div>
  );
}

export function TextField({
  label,
  hint,
  wrong,
  isLabelHidden,
  className,
  ...rest
}: FieldProps & ComponentProps<"input">) {
  return (
    <Field {...{ label, hint, wrong, isLabelHidden }}>
      {(props) => (
        <input type="text" className={classes(css.input, className)} {...rest} {...props} />
      )}
    </Field>
  );
}

export function TextArea({
  label,
  hint,
  wrong,
  isLabelHidden,
  className,
  ...rest
}: FieldProps & ComponentProps<"textarea">) {
  return (
    <Field {...{ label, hint, wrong, isLabelHidden }}>
      {(props) => <textarea className={classes(css.input, className)} {...rest} {...props} />}
    </Field>
  );
}

export interface Option {
  value: string;
  label: string;
  isDisabled?: boolean;
}

export function Select({
  label,
  hint,
  wrong,
  isLabelHidden,
  className,
  options,
  value,
  onChange,
  ...rest
}: FieldProps &
  Omit<ComponentProps<"select">, "onChange"> & {
    options: Option[];
    onChange: (value: string) => void;
  }) {
  return (
    <Field {...{ label, hint, wrong, isLabelHidden }}>
      {(props) => (
        <select
          className={classes(css.input, className)}
          value={value}
          onChange={(event) => onChange(event.target.value)}
          {...rest}
          {...props}
        >
          {options.map((option) => (
            <option key={option.value} value={option.value} disabled={option.isDisabled}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/**
 * A number, or nothing where `value` is undefined. What is no number, or out of range, is said and not passed on.
 */
export function NumberField({
  label,
  hint,
  isLabelHidden,
  value,
  onChange,
  min,
  max,
  isInteger,
  ...rest
}: Omit<FieldProps, "wrong"> &
  Omit<ComponentProps<"input">, "onChange" | "value" | "min" | "max"> & {
    value: number | undefined;
    onChange: (value: number | undefined) => void;
    min?: number;
    max?: number;
    isInteger?: boolean;
  }) {
  const [text, setText] = useState(value === undefined ? "" : String(value));
  const [passedOn, setPassedOn] = useState(value);
  if (value !== passedOn) {
    setPassedOn(value);
    setText(value === undefined ? "" : String(value));
  }
  const wrong = whatIsWrong(text, { min, max, isInteger });
  const change = (next: string) => {
    setText(next);
    if (whatIsWrong(next, { min, max, isInteger })) return;
    const number = next.trim() === "" ? undefined : Number(next);
    setPassedOn(number);
    onChange(number);
  };
  return (
    <Field {...{ label, hint, wrong, isLabelHidden }}>
      {(props) => (
        <input
          type="text"
          inputMode="decimal"
          autoComplete="off"
          className={css.input}
          value={text}
          onChange={(event) => change(event.target.value)}
          {...rest}
          {...props}
        />
      )}
    </Field>
  );
}

/** A sentence for what is no number in the range; undefined where all is well. An empty text is no number and well. */
export function whatIsWrong(
  text: string,
  {
    min = -Infinity,
    max = Infinity,
    isInteger,
  }: { min?: number; max?: number; isInteger?: boolean },
): string | undefined {
  if (text.trim() === "") return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) return "Not a number.";
  if (isInteger && !Number.isSafeInteger(number)) return "A whole number is wanted.";
  if (number < min || number > max) {
    if (max === Infinity) return `At least ${min}.`;
    return `From ${min} to ${max}.`;
  }
  return undefined;
}

export function Checkbox({ label, ...rest }: { label: string } & ComponentProps<"input">) {
  return (
    <label className={css.check}>
      <input type="checkbox" {...rest} />
      <span>{label}</span>
    </label>
  );
}

/** One of a few, side by side. Arrow keys go from one to the next. */
export function Choice<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
}) {
  const move = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const step =
      event.key === "ArrowRight" || event.key === "ArrowDown"
        ? 1
        : event.key === "ArrowLeft" || event.key === "ArrowUp"
          ? -1
          : 0;
    if (step === 0) return;
    event.preventDefault();
    const at =
      (options.findIndex((option) => option.value === value) + step + options.length) %
      options.length;
    const next = options[at];
    if (!next) return;
    onChange(next.value);
    (event.currentTarget.children[at] as HTMLElement | undefined)?.focus();
  };
  return (
    // The buttons within take the focus.
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus
    <div role="radiogroup" aria-label={label} className={css.tabs} onKeyDown={move}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          className={css.tab}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
