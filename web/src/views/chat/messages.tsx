import type { Model } from "../../lib/types";
import { modelOfName } from "../playground/model_name";
import { waitingFor } from "../playground/use_playground";
import { versionsOf, type Conversation, type Message } from "./conversation";
import { MessageView, type Actions } from "./message";
import css from "./chat.module.css";

/** A chat, or two beside each other: a question that both were asked stands above both answers. */
export function Messages({
  columns,
  paths,
  models,
  names,
  isBlocked,
  hasProbabilities,
  actions,
}: {
  columns: Conversation[];
  paths: Message[][];
  models: Model[];
  names: string[];
  isBlocked: boolean;
  hasProbabilities: boolean;
  actions: Actions;
}) {
  const view = (column: number, row: number) => {
    const conversation = columns[column];
    const path = paths[column];
    const message = path?.[row];
    if (!conversation || !path || !message) return null;
    const { index, ids } = versionsOf(conversation, message.id);
    return (
      <MessageView
        key={message.parent} // its versions are drawn in one place: the focus stays
        message={message}
        column={column}
        version={index}
        n_versions={ids.length}
        previous={ids[index - 1]}
        next={ids[index + 1]}
        note={newerNote(path, row)}
        room={modelOfName(models, message.answer?.model ?? "")?.max_model_len}
        waitsFor={
          message.state === "streaming"
            ? waitingFor(models, message.answer?.model ?? names[column] ?? "")
            : undefined
        }
        isBlocked={isBlocked || path.some(({ state }) => state === "streaming")}
        hasProbabilities={hasProbabilities}
        actions={actions}
      />
    );
  };
  const n_rows = Math.max(...paths.map((path) => path.length));
  const rows = Array.from({ length: n_rows }, (_, row) => row);
  if (columns.length === 1) {
    return <div className={css.messages}>{rows.map((row) => view(0, row))}</div>;
  }
  return (
    <div className={css.messages} data-compared="">
      {rows.map((row) => {
        const [first, second] = [paths[0]?.[row], paths[1]?.[row]];
        const isShared = first?.role === "user" && first.id === second?.id;
        return (
          <div key={row} className={css.row} data-shared={isShared ? "" : undefined}>
            <div data-column="0">{view(0, row)}</div>
            {!isShared && <div data-column="1">{view(1, row)}</div>}
          </div>
        );
      })}
    </div>
  );
}

/** Said where the same name means a newer checkpoint than at the answer before. */
function newerNote(path: Message[], row: number): string | undefined {
  const answer = path[row]?.answer;
  if (!answer || answer.step === null) return undefined;
  const before = path
    .slice(0, row)
    .reverse()
    .find((message) => message.answer && message.answer.step !== null)?.answer;
  if (!before || before.step === answer.step) return undefined;
  return before.model === answer.model ? `now step ${answer.step}` : undefined;
}
