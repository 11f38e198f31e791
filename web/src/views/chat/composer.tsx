import { useStored } from "../../lib/stored";
import { Button, TextArea } from "../../ui/controls";
import { SendIcon, StopIcon } from "../../ui/icons";
import css from "./chat.module.css";

/** Where one writes. Enter sends, Shift+Enter breaks the line. */
export function Composer({
  isBusy,
  blocked,
  draft,
  onDraft,
  onSend,
  onStop,
  status,
}: {
  isBusy: boolean;
  blocked?: string; // why nothing can be sent
  draft: string;
  onDraft: (text: string) => void;
  onSend: (text: string) => void;
  onStop: () => void;
  status: string;
}) {
  const canSend = !isBusy && blocked === undefined && draft.trim() !== "";
  const send = () => {
    if (!canSend) return;
    onSend(draft);
    onDraft("");
  };
  return (
    <form
      className={css.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={css.composerRow}>
        <TextArea
          label="Message"
          isLabelHidden
          placeholder="Message"
          rows={Math.min(10, Math.max(1, draft.split("\n").length))}
          className={css.input}
          value={draft}
          data-testid="chat-input"
          data-keeps-focus=""
          onChange={(event) => onDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {isBusy ? (
          <Button look="primary" data-testid="chat-stop" onClick={onStop}>
            <StopIcon size={16} />
            Stop
          </Button>
        ) : (
          <Button type="submit" look="primary" disabled={!canSend} data-testid="chat-send">
            <SendIcon size={16} />
            Send
          </Button>
        )}
      </div>
      <div className={css.composerNote}>
        <span className={blocked ? css.blocked : undefined}>
          {blocked ?? (isBusy ? "Escape stops" : "Enter sends, Shift+Enter breaks the line")}
        </span>
        <span data-testid="chat-context">{status}</span>
      </div>
    </form>
  );
}

export const useDraft = () => useStored("chat-draft", "");
