import { memo, useId, useMemo, useState, type KeyboardEvent, type MouseEvent } from "react";
import { formatInteger, plural } from "../../lib/format";
import type { Piece } from "../../lib/types";
import { bytesOf } from "../../lib/token_name";
import { hex, quoted, shownToken, type ShownToken } from "./pieces";
import css from "./tokens.module.css";

export const kMaxShown = 5000; // tokens; more would make the page slow
const kChunk = 250; // tokens drawn anew together
const kPage = 20; // tokens that PageUp and PageDown go over

/** The tokens of a text, each on its ground. One is looked at: by the mouse, or by arrow keys. */
export function TokenFlow({
  label,
  tokens,
  hasIds,
}: {
  label: string;
  tokens: Piece[];
  hasIds: boolean;
}) {
  const id = useId();
  const [chosen, setChosen] = useState(-1); // by keys or a click
  const [hovered, setHovered] = useState(-1);
  const shown = useMemo(() => tokens.slice(0, kMaxShown).map(shownToken), [tokens]);
  const chunks = useMemo(() => {
    const list: ShownToken[][] = [];
    for (let i = 0; i < shown.length; i += kChunk) list.push(shown.slice(i, i + kChunk));
    return list;
  }, [shown]);
  const at = hovered >= 0 && hovered < shown.length ? hovered : chosen;
  const seen = at < shown.length ? at : -1;
  const key = chosen < shown.length ? chosen : -1;

  const choose = (i: number) => {
    setHovered(-1);
    setChosen(i);
    document.getElementById(`${id}-${i}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = nextToken(event.key, key, shown.length);
    if (next === undefined) return;
    event.preventDefault();
    choose(next);
  };
  const onMouse = (event: MouseEvent) => {
    const token = (event.target as Element).closest<HTMLElement>("[data-token]");
    return token ? Number(token.dataset.token) : -1;
  };

  return (
    <div>
      <div
        className={css.flow}
        role="listbox"
        aria-label={label}
        aria-activedescendant={key >= 0 ? `${id}-${key}` : undefined}
        tabIndex={0}
        data-ids={hasIds ? "" : undefined}
        data-testid="token-flow"
        onKeyDown={onKeyDown}
        onFocus={() => {
          if (key < 0 && shown.length > 0) setChosen(0);
        }}
        onMouseOver={(event) => setHovered(onMouse(event))}
        onMouseLeave={() => setHovered(-1)}
        onClick={(event) => {
          const token = onMouse(event);
          if (token >= 0) setChosen(token);
        }}
      >
        {chunks.map((chunk, i) => (
          <Chunk
            key={i}
            id={id}
            begin={i * kChunk}
            tokens={chunk}
            hasIds={hasIds}
            seen={seen >= i * kChunk && seen < (i + 1) * kChunk ? seen : -1}
          />
        ))}
      </div>
      {tokens.length > shown.length && (
        <p className={css.more} data-testid="token-more">
          and {formatInteger(tokens.length - shown.length)} more
        </p>
      )}
      <TokenDetail piece={tokens[seen]} index={seen} n={tokens.length} />
    </div>
  );
}

const Chunk = memo(function Chunk({
  id,
  begin,
  tokens,
  hasIds,
  seen,
}: {
  id: string;
  begin: number;
  tokens: ShownToken[];
  hasIds: boolean;
  seen: number;
}) {
  return tokens.map((token, k) => {
    const i = begin + k;
    return [
      <span
        key={i}
        id={`${id}-${i}`}
        role="option"
        aria-selected={i === seen}
        className={css.token}
        data-token={i}
        data-colour={i % 5}
        data-raw={token.isRaw ? "" : undefined}
      >
        <span>
          {token.parts.map((part, n) =>
            part.isMark ? (
              <span key={n} className={css.mark}>
                {part.text}
              </span>
            ) : (
              part.text
            ),
          )}
        </span>
        {hasIds && <span className={css.id}>{token.id}</span>}
      </span>,
      token.endsLine ? <br key={`${i}-end`} /> : <wbr key={`${i}-end`} />,
    ];
  });
});

/** What there is to say of one token. */
function TokenDetail({ piece, index, n }: { piece: Piece | undefined; index: number; n: number }) {
  if (!piece) {
    return (
      <p className={css.detail} data-testid="token-detail">
        {n > 0 && "Point at a token, or go through them with the arrow keys."}
      </p>
    );
  }
  const bytes = bytesOf(piece.piece);
  return (
    <p className={css.detail} data-testid="token-detail">
      <span>
        {formatInteger(index + 1)} of {formatInteger(n)}
      </span>
      <span>
        id <b>{piece.id}</b>
      </span>
      <span className={css.quoted}>{quoted(piece.piece)}</span>
      <span>
        {plural(bytes.length, "byte")} <code>{hex(bytes.slice(0, 32))}</code>
        {bytes.length > 32 && " …"}
      </span>
    </p>
  );
}

/** Where a key leads from `at` among `n`; undefined for a key that leads nowhere. */
function nextToken(key: string, at: number, n: number): number | undefined {
  if (n === 0) return undefined;
  const to = (i: number) => Math.min(n - 1, Math.max(0, i));
  switch (key) {
    case "ArrowRight":
    case "ArrowDown":
      return to(at + 1);
    case "ArrowLeft":
    case "ArrowUp":
      return to(at - 1);
    case "PageDown":
      return to(at + kPage);
    case "PageUp":
      return to(at - kPage);
    case "Home":
      return 0;
    case "End":
      return n - 1;
    default:
      return undefined;
  }
}
