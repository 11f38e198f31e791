import { useId, type KeyboardEvent, type ReactNode } from "react";
import css from "./ui.module.css";

/** Parts of a view of which one is seen. Arrow keys go from one to the next. */
export function Tabs<T extends string>({
  label,
  tabs,
  value,
  onChange,
  actions,
  children,
}: {
  label: string;
  tabs: { value: T; label: string }[];
  value: T;
  onChange: (value: T) => void;
  actions?: ReactNode; // beside the tabs
  children: ReactNode; // of the chosen one
}) {
  const id = useId();
  const move = (event: KeyboardEvent<HTMLDivElement>) => {
    const at = tabs.findIndex((tab) => tab.value === value);
    const to = {
      ArrowRight: (at + 1) % tabs.length,
      ArrowLeft: (at - 1 + tabs.length) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    const next = to === undefined ? undefined : tabs[to];
    if (!next || to === undefined) return;
    event.preventDefault();
    onChange(next.value);
    (event.currentTarget.children[to] as HTMLElement | undefined)?.focus();
  };
  return (
    <section aria-label={label}>
      <div className={css.tabHead}>
        {/* The tabs within take the focus. */}
        {/* eslint-disable-next-line jsx-a11y/interactive-supports-focus */}
        <div role="tablist" aria-label={label} className={css.tabs} onKeyDown={move}>
          {tabs.map((tab) => (
            <button
              key={tab.value}
              id={`${id}-${tab.value}`}
              type="button"
              role="tab"
              aria-selected={tab.value === value}
              aria-controls={`${id}-panel`}
              tabIndex={tab.value === value ? 0 : -1}
              className={css.tab}
              onClick={() => onChange(tab.value)}
            >
              {tab.label}
            </button>
          ))}
        </div>
        {actions}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${value}`}>
        {children}
      </div>
    </section>
  );
}
