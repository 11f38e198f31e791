import { useId, type ReactNode } from "react";
import css from "./complete.module.css";

/**
 * A prompt that grows with its text, and what a model goes on with right behind it. Below the field lies the same text,
 * unseen, which brings what follows to its place.
 */
export function PromptEditor({
  prompt,
  onPrompt,
  onComplete,
  children,
}: {
  prompt: string;
  onPrompt: (text: string) => void;
  onComplete: () => void;
  children?: ReactNode; // the completion
}) {
  const id = useId();
  return (
    <div className={css.editor}>
      <label htmlFor={id} className="visually-hidden">
        Prompt
      </label>
      <textarea
        id={id}
        className={css.field}
        value={prompt}
        placeholder="Begin a text…"
        data-testid="complete-prompt"
        data-keeps-focus=""
        onChange={(event) => onPrompt(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          onComplete();
        }}
      />
      <div className={css.sheet}>
        <span className={css.unseen} aria-hidden="true">
          {prompt}
        </span>
        {children}
        {/* An empty last line has its height, too. */}
        <span className={css.unseen} aria-hidden="true">
          {"\u200b"}
        </span>
      </div>
    </div>
  );
}
