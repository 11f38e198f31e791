import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ViewProps } from "../../app";
import { formatInteger } from "../../lib/format";
import { Button, TextArea } from "../../ui/controls";
import { PlusIcon } from "../../ui/icons";
import { Empty } from "../../ui/layout";
import { CodeButton } from "../playground/copy_code";
import { modelOfName, stepOfName } from "../playground/model_name";
import { NoModels } from "../playground/no_models";
import { PlaygroundHead } from "../playground/playground_head";
import { SamplingPanel } from "../playground/sampling_panel";
import { useKeptFocus } from "../playground/use_kept_focus";
import { useAnnouncement, useEscape } from "../playground/use_streaming";
import { usePlayground } from "../playground/use_playground";
import playgroundCss from "../playground/playground.module.css";
import { ChatListButton } from "./chat_list";
import { chatStore, type Settings } from "./chat_store";
import { Composer, useDraft } from "./composer";
import { pathOf, toRequest, type Message } from "./conversation";
import type { Actions } from "./message";
import { Messages } from "./messages";
import { useFollow } from "./use_follow";
import css from "./chat.module.css";

export function ChatView({ route }: ViewProps) {
  const playground = usePlayground("chat", route);
  const store = chatStore();
  const chat = useSyncExternalStore(store.subscribe, store.get);
  const { models, names, fields, isCompared, isWrong } = playground;
  const paths = useMemo(() => chat.columns.map(pathOf), [chat.columns]);
  const isBusy = chat.columns.some(({ messages }) =>
    Object.values(messages).some(({ state }) => state === "streaming"),
  );
  const [draft, setDraft] = useDraft();
  const follow = useFollow(paths);
  const announcement = useAnnouncement(
    isBusy,
    paths.map((path) => path.at(-1)?.state),
  );
  const area = useRef<HTMLDivElement>(null);
  useKeptFocus(area);
  useEscape(isBusy, () => store.stop());
  useEffect(() => store.setCompared(isCompared), [store, isCompared, chat.id]);

  const settings = useRef<Settings>({ models: names, fields });
  useEffect(() => {
    settings.current = { models: names, fields };
  });
  const actions = useMemo<Actions>(
    () => ({
      edit: (column, id, text) => store.edit(column, id, text, settings.current),
      retry: (column, id) => store.retry(column, id, settings.current),
      continue: (column, id) => store.continue(column, id, settings.current),
      continueFrom: (column, id, token, name) =>
        store.continueFrom(column, id, token, name, settings.current),
      choose: (column, id) => store.choose(column, id),
      remove: (column, id) => store.remove(column, id),
    }),
    [store],
  );

  const missing = names.find((name) => stepOfName(models, name) === undefined);
  const blocked = isWrong
    ? "Something in the settings is wrong"
    : missing !== undefined
      ? `There is no model ${missing}: choose another`
      : undefined;
  const send = (text: string) => {
    follow.now();
    store.send(text, settings.current);
  };
  const requestNow = useCallback(() => {
    const path = paths[0] ?? [];
    const last: Message[] =
      draft.trim() !== "" || path.length === 0
        ? [{ id: "", parent: "", role: "user", text: draft.trim() === "" ? "Hello" : draft, state: "done" }] // prettier-ignore
        : [];
    // An answer that is there would be continued: what asked for it is what was sent.
    const before =
      last.length === 0 && path.at(-1)?.role === "assistant" ? path.slice(0, -1) : path;
    return { model: names[0], messages: toRequest(chat.system, [...before, ...last]), ...fields };
  }, [paths, draft, names, chat.system, fields]);

  const lastAnswer = (column: number) =>
    [...(paths[column] ?? [])].reverse().find(({ answer }) => answer?.usage)?.answer;
  const lastSeed =
    [...(paths[0] ?? [])].reverse().find(({ answer }) => answer?.seed != null)?.answer?.seed ??
    null;
  const roomOf = (column: number) => modelOfName(models, names[column] ?? "")?.max_model_len;
  const isEmpty = paths.every((path) => path.length === 0);

  return (
    <div className={playgroundCss.view}>
      <PlaygroundHead title="Chat" playground={playground}>
        <CodeButton endpoint="/v1/chat/completions" body={requestNow} />
        <ChatListButton store={store} current={chat.id} />
        <Button data-testid="chat-new" disabled={isEmpty} onClick={() => store.startNew()}>
          <PlusIcon size={16} />
          New chat
        </Button>
      </PlaygroundHead>
      <div
        className={playgroundCss.layout}
        data-settings={playground.isSettingsOpen ? "" : undefined}
      >
        <div className={css.chatArea} ref={area}>
          {models.length === 0 ? (
            <NoModels query={playground.query} />
          ) : (
            <>
              {isEmpty && missing !== undefined ? (
                <Empty title={`There is no model ${missing}`}>
                  <p>Choose one of those that are there.</p>
                </Empty>
              ) : isEmpty ? (
                <Empty title={`Write to ${names.join(" and ")}`}>
                  <p>
                    Whatever it was trained on, it goes on from what you write: a model that has
                    never seen a chat continues your text.
                  </p>
                </Empty>
              ) : (
                <Messages
                  columns={chat.columns}
                  paths={paths}
                  models={models}
                  names={names}
                  isBlocked={blocked !== undefined}
                  hasProbabilities={playground.hasProbabilities}
                  actions={actions}
                />
              )}
              {!follow.isFollowing && isBusy && (
                <Button className={css.jump} isSmall onClick={follow.now}>
                  To the newest
                </Button>
              )}
              <Composer
                isBusy={isBusy}
                blocked={blocked}
                draft={draft}
                onDraft={setDraft}
                onSend={send}
                onStop={() => store.stop()}
                status={chat.columns
                  .map((_, i) => contextText(lastAnswer(i)?.usage, roomOf(i)))
                  .filter(Boolean)
                  .join(" | ")}
              />
            </>
          )}
        </div>
        {playground.isSettingsOpen && (
          <SamplingPanel
            value={playground.sampling}
            wrong={playground.wrong}
            defaults={playground.defaults}
            onChange={playground.setSampling}
            lastSeed={lastSeed}
            maxTokensHint="empty: what the context holds"
          >
            <TextArea
              label="System prompt"
              hint="said before the chat"
              rows={3}
              value={chat.system}
              data-testid="chat-system"
              onChange={(event) => store.setSystem(event.target.value)}
            />
          </SamplingPanel>
        )}
      </div>
      <div role="status" className="visually-hidden">
        {announcement}
      </div>
    </div>
  );
}

/** How much of the model's context the chat has taken. */
function contextText(
  usage: { promptTokens: number; completionTokens: number } | null | undefined,
  room: number | null | undefined,
): string {
  if (!usage) return "";
  const used = formatInteger(usage.promptTokens + usage.completionTokens);
  return room ? `Context: ${used} of ${formatInteger(room)}` : `${used} tokens`;
}
