import { useEffect, useRef, useState } from "react";
import { formatAge } from "../../lib/format";
import { Button } from "../../ui/controls";
import { CloseIcon, DownloadIcon } from "../../ui/icons";
import { Dialog } from "../../ui/layout";
import { listChats } from "./chat_storage";
import type { ChatStore } from "./chat_store";
import css from "./chat.module.css";

/** The chats that this browser keeps. */
export function ChatListButton({ store, current }: { store: ChatStore; current: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button
        data-testid="chat-list-open"
        onClick={() => {
          store.save();
          setOpen(true);
        }}
      >
        Chats
      </Button>
      {isOpen && (
        <Dialog title="Chats" onClose={() => setOpen(false)}>
          <ChatList store={store} current={current} onDone={() => setOpen(false)} />
          <Button isSmall data-testid="chat-export" onClick={() => exportChat(store)}>
            <DownloadIcon size={16} />
            Export the open chat as JSON
          </Button>
        </Dialog>
      )}
    </>
  );
}

function ChatList({
  store,
  current,
  onDone,
}: {
  store: ChatStore;
  current: string;
  onDone: () => void;
}) {
  const [chats, setChats] = useState(() => listChats(localStorage));
  const [now_ms] = useState(() => Date.now());
  const list = useRef<HTMLUListElement>(null);
  // The focus goes from a chat that is deleted to the one in its place.
  const [deleted, setDeleted] = useState<number>();
  useEffect(() => {
    if (deleted === undefined || !list.current) return;
    const rows = list.current.children;
    rows[Math.min(deleted, rows.length - 1)]?.querySelector("button")?.focus();
  }, [deleted, chats]);
  if (chats.length === 0)
    return <p className="muted">No chats yet. They are kept in this browser.</p>;
  return (
    <ul className={css.chats} ref={list} data-testid="chat-list">
      {chats.map(({ id, title, updated_ms }, i) => (
        <li key={id}>
          <button
            type="button"
            className={css.chat}
            aria-current={id === current ? "true" : undefined}
            onClick={() => {
              store.open(id);
              onDone();
            }}
          >
            <span>{title}</span>
            <span className="small muted">{formatAge(updated_ms, now_ms)}</span>
          </button>
          <Button
            look="quiet"
            isIcon
            isSmall
            label={`Delete the chat: ${title}`}
            onClick={() => {
              store.forget(id);
              setChats(listChats(localStorage));
              setDeleted(i);
            }}
          >
            <CloseIcon size={16} />
          </Button>
        </li>
      ))}
    </ul>
  );
}

/** Gives the chat to be kept as a file. */
export function exportChat(store: ChatStore): void {
  const chat = store.get();
  const blob = new Blob([JSON.stringify(chat, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `chat-${chat.id}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
