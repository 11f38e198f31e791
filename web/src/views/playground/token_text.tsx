import { memo, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { formatPercent } from "../../lib/format";
import { rawBytes } from "../../lib/token_name";
import { classes } from "../../ui/controls";
import {
  kStepNames,
  paragraphsOf,
  stepOfLogprob,
  visibleToken,
  type ShownToken,
} from "./shown_tokens";
import { TokenPopover } from "./token_popover";
import css from "./tokens.module.css";

const kHoverOpen_ms = 180;
const kHoverClose_ms = 250;

interface Open {
  index: number;
  anchor: HTMLElement;
  isPinned: boolean; // stays when the pointer leaves
  takesFocus: boolean;
}

/**
 * A text as its tokens. With `hasProbabilities` each has a ground that says how likely it was, and the tokens are
 * reached by keyboard: one tab stop, arrows from one to the next, Enter for what could have stood there.
 */
export function TokenText({
  tokens,
  text,
  hasProbabilities,
  label,
  onContinue,
}: {
  tokens: ShownToken[];
  text: string; // all of it; what has no token yet comes behind
  hasProbabilities: boolean;
  label: string; // of the group of tokens
  onContinue?: (index: number, name: string) => void; // the text up to a token, with that one in its place
}) {
  const root = useRef<HTMLSpanElement>(null);
  const timer = useRef<number | undefined>(undefined);
  const opener = useRef<HTMLElement>(null); // the token that the popover is of
  const isReturning = useRef(false);
  const point = useRef({ x: NaN, y: NaN }); // where the pointer was seen last
  const [open, setOpen] = useState<Open>();
  const close = useCallback((returnsFocus: boolean) => {
    window.clearTimeout(timer.current);
    setOpen(undefined);
    if (!returnsFocus || !opener.current) return;
    isReturning.current = true; // a focus that opens nothing
    opener.current.focus({ preventScroll: true });
    isReturning.current = false;
  }, []);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  const paragraphs = useMemo(() => paragraphsOf(tokens), [tokens]);
  const rest = useMemo(
    () => text.slice(tokens.reduce((sum, { shown }) => sum + shown.length, 0)),
    [tokens, text],
  );

  const tokenAt = (target: EventTarget): [HTMLElement, number] | undefined => {
    const span = target instanceof Element ? target.closest<HTMLElement>("[data-token]") : null;
    if (!span || !root.current?.contains(span)) return undefined;
    const index = Number(span.dataset.token);
    return Number.isFinite(tokens[index]?.score.logprob) ? [span, index] : undefined;
  };
  const show = (target: EventTarget, how: Pick<Open, "isPinned" | "takesFocus">) => {
    const found = tokenAt(target);
    window.clearTimeout(timer.current);
    if (!found) return;
    opener.current = found[0];
    setOpen({ anchor: found[0], index: found[1], ...how });
  };
  const leave = () => {
    window.clearTimeout(timer.current);
    if (open && !open.isPinned)
      timer.current = window.setTimeout(() => setOpen(undefined), kHoverClose_ms);
  };

  const keyDown = (event: React.KeyboardEvent) => {
    const found = tokenAt(event.target);
    if (!found || !root.current) return;
    const spans = [...root.current.querySelectorAll<HTMLElement>("[role=button]")];
    const at = spans.indexOf(found[0]);
    const to = nextSpan(spans, at, event.key);
    if (to) {
      event.preventDefault();
      to.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      show(event.target, { isPinned: true, takesFocus: true });
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      close(false);
    }
  };
  const focus = (event: React.FocusEvent) => {
    const found = tokenAt(event.target);
    if (!found || !root.current) return;
    // The tab stop goes along. React knows nothing of it, so that a step costs no drawing.
    for (const old of root.current.querySelectorAll<HTMLElement>("[tabindex='0']"))
      old.tabIndex = -1;
    found[0].tabIndex = 0;
    if (!isReturning.current && found[0].matches(":focus-visible"))
      show(event.target, { isPinned: false, takesFocus: false });
  };

  return (
    <>
      <span
        ref={root}
        className={classes(css.text, hasProbabilities && css.coloured)}
        role={hasProbabilities ? "group" : undefined}
        aria-label={hasProbabilities ? label : undefined}
        onKeyDown={hasProbabilities ? keyDown : undefined}
        onFocus={hasProbabilities ? focus : undefined}
        onBlur={leave}
        onClick={(event) => {
          const isSelecting = window.getSelection()?.isCollapsed === false;
          if (hasProbabilities && !isSelecting)
            show(event.target, { isPinned: true, takesFocus: false });
        }}
        onPointerOver={(event) => {
          if (event.pointerType !== "mouse" || event.buttons !== 0 || open?.isPinned) return;
          const { target, screenX: x, screenY: y } = event;
          window.clearTimeout(timer.current);
          // Text that moves under a pointer at rest is not pointed at.
          const isAtRest = point.current.x === x && point.current.y === y;
          point.current = { x, y };
          if (isAtRest || !tokenAt(target)) return;
          timer.current = window.setTimeout(
            () => show(target, { isPinned: false, takesFocus: false }),
            hasProbabilities || open ? kHoverOpen_ms : 3 * kHoverOpen_ms,
          );
        }}
        onPointerLeave={leave}
      >
        {paragraphs.map((paragraph, i) => (
          <Paragraph
            key={i}
            {...paragraph}
            isLast={i === paragraphs.length - 1}
            hasProbabilities={hasProbabilities}
          />
        ))}
        {rest}
      </span>
      {open && tokens[open.index] && (
        <TokenPopover
          tokens={tokens}
          index={open.index}
          anchor={open.anchor}
          isPinned={open.isPinned}
          takesFocus={open.takesFocus}
          onContinue={onContinue}
          onClose={close}
          onPointerEnter={() => window.clearTimeout(timer.current)}
          onPointerLeave={leave}
        />
      )}
    </>
  );
}

interface ParagraphProps {
  tokens: ShownToken[];
  base: number; // index of the first token
  isLast: boolean;
  hasProbabilities: boolean;
}

/** Tokens that are drawn anew together. All but the last stand in a block of their own, so that a text that grows is laid out at its end alone. */
const Paragraph = memo(
  function Paragraph({ tokens, base, isLast, hasProbabilities }: ParagraphProps) {
    const content = tokens.map((token, i) => (
      <Token key={i} token={token} index={base + i} hasProbabilities={hasProbabilities} />
    ));
    return <span className={isLast ? undefined : css.paragraph}>{content}</span>;
  },
  (a, b) =>
    a.hasProbabilities === b.hasProbabilities &&
    a.isLast === b.isLast &&
    a.base === b.base &&
    a.tokens.length === b.tokens.length &&
    a.tokens.every((token, i) => token === b.tokens[i]),
);

function Token({
  token: { shown, score },
  index,
  hasProbabilities,
}: {
  token: ShownToken;
  index: number;
  hasProbabilities: boolean;
}) {
  const step = stepOfLogprob(score.logprob);
  if (!hasProbabilities || step === undefined) return <span data-token={index}>{shown}</span>;
  return (
    <span
      data-token={index}
      data-step={step}
      data-mark={markOf(shown, score.text)}
      role="button"
      tabIndex={index === 0 ? 0 : -1}
      aria-label={`${spoken(score.text)}, ${formatPercent(Math.exp(score.logprob))}`}
    >
      {shown}
    </span>
  );
}

/** What is seen of a token that has nothing to be seen. */
function markOf(shown: string, name: string): string | undefined {
  if (shown === "" || /^[\r\n\t]+$/.test(shown)) return visibleToken(name);
  return undefined;
}

/** A token to be read aloud: white space has names. */
function spoken(name: string): string {
  if (rawBytes(name)) return `bytes ${visibleToken(name)}`;
  const names: Record<string, string> = { " ": "space", "\n": "line break", "\t": "tab" };
  return /^\s+$/.test(name) ? [...name].map((c) => names[c] ?? "space").join(" ") : name.trim();
}

/** Where a key leads from span `at`; up and down go by lines as they are seen. */
function nextSpan(spans: HTMLElement[], at: number, key: string): HTMLElement | undefined {
  switch (key) {
    case "ArrowRight":
      return spans[at + 1];
    case "ArrowLeft":
      return spans[at - 1];
    case "Home":
      return spans[0];
    case "End":
      return spans.at(-1);
    case "ArrowDown":
    case "ArrowUp": {
      const step = key === "ArrowDown" ? 1 : -1;
      const from = spans[at]?.getBoundingClientRect();
      if (!from) return undefined;
      let best: HTMLElement | undefined;
      let line: number | undefined;
      for (let i = at + step; spans[i]; i += step) {
        const rect = spans[i]?.getBoundingClientRect();
        if (!rect || Math.abs(rect.top - from.top) < 4) continue;
        line ??= rect.top;
        if (Math.abs(rect.top - line) >= 4) break;
        best = spans[i];
        if (step > 0 ? rect.left >= from.left : rect.left <= from.left) break;
      }
      return best;
    }
    default:
      return undefined;
  }
}

/** What the grounds mean. */
export const TokenLegend = () => (
  <span
    className={css.legend}
    role="img"
    aria-label="The stronger the ground, the less likely the token"
  >
    <span aria-hidden="true">unlikely</span>
    {kStepNames.map((name, step) => (
      <span
        key={name}
        aria-hidden="true"
        data-step={step}
        title={step === 0 ? name : `from ${name}`}
      >
        {name}
      </span>
    ))}
    <span aria-hidden="true">likely</span>
  </span>
);
