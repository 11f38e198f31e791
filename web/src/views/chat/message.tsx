import { memo, useEffect, useRef, useState } from "react";
import { formatDuration, formatInteger, plural } from "../../lib/format";
import { Button, classes, CopyButton, TextArea } from "../../ui/controls";
import { CloseIcon, EditIcon, NextIcon, PreviousIcon, RetryIcon } from "../../ui/icons";
import { Problem, Progress } from "../../ui/layout";
import { TokenText } from "../playground/token_text";
import playgroundCss from "../playground/playground.module.css";
import type { AnswerInfo, Message } from "./conversation";
import css from "./chat.module.css";

/** What can be done with the messages of a chat. */
export interface Actions {
  edit: (column: number, id: string, text: string) => void;
  retry: (column: number, id: string) => void;
  continue: (column: number, id: string) => void;
  continueFrom: (column: number, id: string, token: number, name: string) => void;
  choose: (column: number, id: string) => void;
  remove: (column: number, id: string) => void;
}

interface Props {
  message: Message;
  column: number;
  version: number; // which one of the versions, from 0
  n_versions: number;
  previous?: string; // the version before, and the next
  next?: string;
  note?: string; // said above
  room?: number | null; // tokens that the model's context holds
  waitsFor?: string; // what an answer that has not begun waits for
  isBlocked: boolean; // nothing can be asked for now
  hasProbabilities: boolean;
  actions: Actions;
}

/** A message, its versions, and what can be done with it. */
export const MessageView = memo(function MessageView(props: Props) {
  const { message, column, hasProbabilities, actions, note, waitsFor, isBlocked } = props;
  const { id, role, text, state, answer } = message;
  const [isEditing, setEditing] = useState(false);
  const article = useRef<HTMLElement>(null);
  const wasEditing = useRef(false);
  useEffect(() => {
    if (wasEditing.current && !isEditing)
      article.current?.querySelector<HTMLElement>("[data-testid=message-edit]")?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);
  const isStreaming = state === "streaming";
  const name = role === "user" ? "You" : (answer?.model ?? "Assistant");
  const foot = <Foot {...props} onEdit={() => setEditing(true)} />;
  return (
    <>
      {note && <p className={css.note}>{note}</p>}
      <article
        ref={article}
        className={css.message}
        data-testid="message"
        data-role={role}
        data-state={state}
        aria-label={name}
        aria-busy={isStreaming || undefined}
      >
        <div className={css.who}>
          <b>{name}</b>
          {role === "user" && !isEditing && foot}
          {answer && answer.step !== null && (
            <span data-testid="message-step">step {answer.step}</span>
          )}
        </div>
        {isEditing ? (
          <Editor
            key={id}
            text={text}
            role={role}
            isBlocked={isBlocked}
            onCancel={() => setEditing(false)}
            onSave={(next) => {
              setEditing(false);
              actions.edit(column, id, next);
            }}
          />
        ) : (
          <div
            className={classes(css.body, isStreaming && playgroundCss.writing)}
            data-testid="message-text"
            hidden={isStreaming && text === ""}
          >
            {answer ? (
              <TokenText
                tokens={answer.tokens}
                text={text}
                hasProbabilities={hasProbabilities}
                label={`Tokens of ${name}`}
                onContinue={
                  isStreaming || isBlocked
                    ? undefined
                    : (token, other) => actions.continueFrom(column, id, token, other)
                }
              />
            ) : (
              text
            )}
          </div>
        )}
        {isStreaming && answer?.firstToken_ms == null && (
          <div className={css.waiting} data-testid="message-waiting">
            <span>{waitsFor}</span>
            <Progress label={waitsFor ?? "Waiting"} />
          </div>
        )}
        {answer?.error && state === "error" && (
          <>
            <Problem
              error={answer.error}
              onRetry={isBlocked ? undefined : () => actions.retry(column, id)}
            />
            {answer.error.includes("context holds") && (
              <p className={css.advice}>
                Delete messages, begin a new chat, ask for fewer tokens, or take a model with a
                longer context.
              </p>
            )}
          </>
        )}
        {role === "assistant" && !isEditing && foot}
      </article>
    </>
  );
});

function Foot({
  message,
  column,
  version,
  n_versions,
  previous,
  next,
  room,
  isBlocked,
  actions,
  onEdit,
}: Props & { onEdit: () => void }) {
  const { id, role, state, answer, text } = message;
  const isStreaming = state === "streaming";
  const used = answer?.usage ? answer.usage.promptTokens + answer.usage.completionTokens : 0;
  const isFull = !!room && used >= room;
  const canContinue =
    role === "assistant" &&
    text !== "" &&
    !isFull &&
    (answer?.finishReason !== "stop" || state !== "done");
  return (
    <div className={css.foot}>
      {n_versions > 1 && (
        <span className={css.versions} data-testid="message-versions">
          <Button
            look="quiet"
            isIcon
            isSmall
            label="Previous version"
            data-testid="message-previous"
            disabled={previous === undefined}
            onClick={() => previous !== undefined && actions.choose(column, previous)}
          >
            <PreviousIcon size={16} />
          </Button>
          <span>
            {version + 1}/{n_versions}
          </span>
          <Button
            look="quiet"
            isIcon
            isSmall
            label="Next version"
            data-testid="message-next"
            disabled={next === undefined}
            onClick={() => next !== undefined && actions.choose(column, next)}
          >
            <NextIcon size={16} />
          </Button>
        </span>
      )}
      {!isStreaming && (
        <span className={css.actions}>
          {text !== "" && <CopyButton text={text} label="Copy the text" />}
          <Button
            look="quiet"
            isIcon
            isSmall
            label={role === "user" ? "Edit and ask again" : "Edit this answer"}
            data-testid="message-edit"
            onClick={onEdit}
          >
            <EditIcon size={16} />
          </Button>
          <Button
            look="quiet"
            isIcon
            isSmall
            label="Answer again"
            data-testid="message-retry"
            disabled={isBlocked}
            onClick={() => actions.retry(column, id)}
          >
            <RetryIcon size={16} />
          </Button>
          <Button
            look="quiet"
            isIcon
            isSmall
            label="Delete this and what follows"
            data-testid="message-delete"
            onClick={() => actions.remove(column, id)}
          >
            <CloseIcon size={16} />
          </Button>
          {canContinue && (
            <Button
              isSmall
              look="quiet"
              data-testid="message-continue"
              disabled={isBlocked}
              onClick={() => actions.continue(column, id)}
            >
              Continue
            </Button>
          )}
        </span>
      )}
      {answer && <Facts answer={answer} state={state} isFull={isFull} />}
    </div>
  );
}

/** Tokens, speed, and why it ended. */
function Facts({
  answer,
  state,
  isFull,
}: {
  answer: AnswerInfo;
  state: Message["state"];
  isFull: boolean;
}) {
  const facts: string[] = [];
  // Of an answer that was continued, the usage tells of the last part alone; of a text that somebody wrote nothing does.
  const isKnown = answer.tokens.every(({ score }) => Number.isFinite(score.logprob));
  const n_tokens = isKnown ? answer.tokens.length || answer.usage?.completionTokens : undefined;
  if (n_tokens && state !== "streaming") facts.push(plural(n_tokens, "token"));
  if (answer.tokensPerSecond !== null)
    facts.push(`${formatInteger(answer.tokensPerSecond)} tokens/s`);
  if (answer.firstToken_ms !== null)
    facts.push(`first after ${formatDuration(answer.firstToken_ms / 1000)}`);
  if (state === "stopped") facts.push("stopped by you");
  if (state === "done" && answer.finishReason === "length")
    facts.push(isFull ? "stopped: the context is full" : "stopped at max tokens");
  if (state === "done" && answer.finishReason === "stop") facts.push("ended by itself");
  return (
    <span className={css.facts} data-testid="message-facts">
      {facts.join(" · ")}
    </span>
  );
}

function Editor({
  text,
  role,
  isBlocked,
  onCancel,
  onSave,
}: {
  text: string;
  role: Message["role"];
  isBlocked: boolean;
  onCancel: () => void;
  onSave: (text: string) => void;
}) {
  const [draft, setDraft] = useState(text);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const area = form.current?.querySelector("textarea");
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
  }, []);
  const asks = role === "user";
  const canSave = draft.trim() !== "" && !(asks && isBlocked);
  return (
    <form
      ref={form}
      className={css.editor}
      onSubmit={(event) => {
        event.preventDefault();
        if (canSave) onSave(draft);
      }}
    >
      <TextArea
        label="Message"
        isLabelHidden
        rows={Math.min(12, Math.max(2, draft.split("\n").length + 1))}
        value={draft}
        data-testid="message-editor"
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            onCancel();
          } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            if (canSave) onSave(draft);
          }
        }}
      />
      <div className={css.editorButtons}>
        <Button isSmall type="submit" look="primary" disabled={!canSave} data-testid="message-save">
          {asks ? "Ask" : "Save"}
        </Button>
        <Button isSmall onClick={onCancel}>
          Cancel
        </Button>
        <span className="small muted">The version before is kept.</span>
      </div>
    </form>
  );
}
