import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { formatPercent, formatValue } from "../../lib/format";
import { Button } from "../../ui/controls";
import { CloseIcon } from "../../ui/icons";
import { kTopTokens } from "./generate";
import { popoverPlace, type Place } from "./popover_place";
import { textWith, visibleToken, type ShownToken } from "./shown_tokens";
import css from "./tokens.module.css";

/** A length of tokens.css, in px. */
const lengthOf = (name: string): number =>
  parseFloat(getComputedStyle(document.documentElement).getPropertyValue(name)) || 0;

/** What a token is, how likely it was, and what else could have stood there. */
export function TokenPopover({
  tokens,
  index,
  anchor,
  isPinned,
  takesFocus,
  onContinue,
  onClose,
  onPointerEnter,
  onPointerLeave,
}: {
  tokens: ShownToken[];
  index: number;
  anchor: HTMLElement;
  isPinned: boolean;
  takesFocus: boolean;
  onContinue?: (index: number, name: string) => void;
  onClose: (returnsFocus: boolean) => void;
  onPointerEnter: () => void;
  onPointerLeave: () => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place>();

  useLayoutEffect(() => {
    const put = () => {
      const at = anchor.getClientRects()[0];
      if (!box.current || !at) return;
      const { offsetWidth, offsetHeight, clientHeight, scrollHeight } = box.current;
      const height = scrollHeight + offsetHeight - clientHeight; // with its border, and all that scrolls
      setPlace(
        popoverPlace(at, offsetWidth, height, {
          top: lengthOf("--top-bar"),
          bottom: window.innerHeight - lengthOf("--bottom-bar"),
          right: document.documentElement.clientWidth,
        }),
      );
    };
    put();
    window.addEventListener("scroll", put, { capture: true, passive: true });
    window.addEventListener("resize", put);
    return () => {
      window.removeEventListener("scroll", put, { capture: true });
      window.removeEventListener("resize", put);
    };
  }, [anchor, index]);

  useEffect(() => {
    if (takesFocus) box.current?.querySelector<HTMLElement>("button")?.focus();
  }, [takesFocus, index]);

  useEffect(() => {
    const outside = (event: PointerEvent) => {
      const { target } = event;
      if (target instanceof Node && !box.current?.contains(target) && !anchor.contains(target))
        onClose(false);
    };
    const escape = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      const isInside = box.current?.contains(document.activeElement) ?? false;
      // What only hovers is in nobody's way: the key means more than it.
      if (isPinned || isInside) event.stopPropagation();
      onClose(isInside);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("keydown", escape, true);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("keydown", escape, true);
    };
  }, [anchor, isPinned, onClose]);

  const token = tokens[index];
  if (!token) return null;
  const { score } = token;
  const rank = score.top.findIndex(({ text }) => text === score.text) + 1;
  const rows = rank > 0 ? score.top : [...score.top, { text: score.text, logprob: score.logprob }];
  const others = Math.max(0, 1 - rows.reduce((sum, row) => sum + Math.exp(row.logprob), 0));
  const take = (name: string) => {
    onClose(false);
    onContinue?.(index, name);
  };
  return createPortal(
    <div
      ref={box}
      className={css.popover}
      style={place}
      role="dialog"
      aria-label={`Token ${visibleToken(score.text)}`}
      data-testid="token-popover"
      data-pinned={isPinned ? "" : undefined}
      onPointerEnter={onPointerEnter}
      onPointerLeave={onPointerLeave}
      onBlur={(event) => {
        const to = event.relatedTarget;
        if (to instanceof Node && !box.current?.contains(to)) onClose(false);
      }}
    >
      <div className={css.popoverHead}>
        <code>{visibleToken(score.text)}</code>
        {isPinned && (
          <Button look="quiet" isIcon isSmall label="Close" onClick={() => onClose(true)}>
            <CloseIcon size={14} />
          </Button>
        )}
      </div>
      <div className={css.popoverFacts}>
        <b>{formatPercent(Math.exp(score.logprob))}</b>
        {score.top.length > 0 && <span>{rankOf(rank)}</span>}
        <span>log-probability {formatValue(score.logprob)}</span>
      </div>
      {score.top.length > 0 && (
        <ul className={css.alternatives}>
          {rows.map((row) => (
            <Alternative
              key={row.text}
              name={row.text}
              probability={Math.exp(row.logprob)}
              isChosen={row.text === score.text}
              onTake={
                onContinue && textWith(tokens, index, row.text) !== undefined
                  ? () => take(row.text)
                  : undefined
              }
            />
          ))}
          {others > 0.0005 && <Alternative name={null} probability={others} isChosen={false} />}
        </ul>
      )}
      {onContinue && <p className={css.popoverNote}>Choose one to continue from here with it.</p>}
    </div>,
    document.body,
  );
}

/** The server tells of the likeliest, and of the one that stands there wherever it is. */
const rankOf = (place: number): string =>
  place > 0 && place <= kTopTokens ? `rank ${place}` : `rank beyond ${kTopTokens}`;

function Alternative({
  name,
  probability,
  isChosen,
  onTake,
}: {
  name: string | null; // null: all others together
  probability: number;
  isChosen: boolean;
  onTake?: () => void;
}) {
  const percent = formatPercent(probability);
  const content = (
    <>
      <span className={css.bar} style={{ width: `${Math.min(100, 100 * probability)}%` }} />
      <span className={css.name}>{name === null ? "all others" : visibleToken(name)}</span>{" "}
      <span className={css.percent}>{percent}</span>
    </>
  );
  return (
    <li data-chosen={isChosen ? "" : undefined} data-others={name === null ? "" : undefined}>
      {onTake && name !== null ? (
        <button
          type="button"
          data-testid="token-alternative"
          data-name={name}
          title={isChosen ? "Continue from here" : "Continue from here with this"}
          onClick={onTake}
        >
          <span className="visually-hidden">Continue from here with </span>
          {content}
        </button>
      ) : (
        <div>{content}</div>
      )}
    </li>
  );
}
