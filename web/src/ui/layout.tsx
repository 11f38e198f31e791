import { useEffect, useRef, type ComponentProps, type ReactNode } from "react";
import { messageOf } from "../lib/api";
import type { RunStatus } from "../lib/types";
import { Button, classes } from "./controls";
import { CloseIcon } from "./icons";
import css from "./ui.module.css";

/** The title of a view, and what can be done there. It is the document's title too. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Alpha`;
  }, [title]);
  return (
    <div className={css.pageHead}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

export function Card({
  title,
  actions,
  children,
  className,
  isFlush,
  ...rest
}: Omit<ComponentProps<"section">, "title"> & {
  title?: ReactNode;
  actions?: ReactNode;
  isFlush?: boolean;
}) {
  return (
    <section className={classes(css.card, className)} {...rest}>
      {(title !== undefined || actions !== undefined) && (
        <div className={css.cardHead}>
          <h2>{title}</h2>
          {actions}
        </div>
      )}
      {isFlush ? children : <div className={css.cardBody}>{children}</div>}
    </section>
  );
}

/** A place for a wide table: it scrolls for itself, by keyboard too. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // A region that scrolls must be reachable.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

export type Tone = "neutral" | "good" | "warn" | "bad" | "accent";

export const Badge = ({ tone = "neutral", children }: { tone?: Tone; children: ReactNode }) => (
  <span className={css.badge} data-tone={tone}>
    {children}
  </span>
);

const kTones: Record<RunStatus, Tone> = {
  active: "accent",
  completed: "good",
  stale: "warn",
  failed: "bad",
};

export const StatusBadge = ({ status }: { status: RunStatus }) => (
  <Badge tone={kTones[status]}>{status}</Badge>
);

/** Nothing here yet: why, and what to do. `command` is to be typed into a terminal. */
export function Empty({
  title,
  children,
  command,
}: {
  title: string;
  children?: ReactNode;
  command?: string;
}) {
  return (
    <div className={css.empty}>
      <h2>{title}</h2>
      {children}
      {command && <pre>{command}</pre>}
    </div>
  );
}

/** What went wrong, said once to those who listen too. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className={css.problem} role="alert">
      <span>{messageOf(error)}</span>
      {onRetry && (
        <Button isSmall onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

/** `value` from 0 to 1, or undefined when nobody knows how long it takes. */
export function Progress({ label, value }: { label: string; value?: number }) {
  const percent =
    value === undefined ? undefined : Math.round(100 * Math.min(1, Math.max(0, value)));
  return (
    <div
      className={css.progress}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
      data-unknown={percent === undefined ? "" : undefined}
    >
      <div style={percent === undefined ? undefined : { width: `${percent}%` }} />
    </div>
  );
}

export interface StatItem {
  label: string;
  value: string;
  note?: string;
}

export function Stats({ items }: { items: StatItem[] }) {
  return (
    <dl className={css.stats}>
      {items.map(({ label, value, note }) => (
        <div key={label} className={css.stat}>
          <dt title={label}>{label}</dt>
          <dd title={note ? `${value} ${note}` : value}>
            {value}
            {note && <small>{note}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** A dialog over the page; Escape and the button close it. */
export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className={css.backdrop} aria-label={title} onClose={onClose}>
      <div className={css.dialogHead}>
        <h2>{title}</h2>
        <Button look="quiet" isIcon isSmall label="Close" onClick={() => dialog.current?.close()}>
          <CloseIcon />
        </Button>
      </div>
      <div className={css.dialogBody}>{children}</div>
    </dialog>
  );
}
