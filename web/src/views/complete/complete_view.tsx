import { useRef, useSyncExternalStore } from "react";
import type { ViewProps } from "../../app";
import { Button, classes } from "../../ui/controls";
import { RetryIcon, StopIcon } from "../../ui/icons";
import { Problem, Progress } from "../../ui/layout";
import { CodeButton } from "../playground/copy_code";
import { stepOfName } from "../playground/model_name";
import { NoModels } from "../playground/no_models";
import { PlaygroundHead } from "../playground/playground_head";
import { SamplingPanel } from "../playground/sampling_panel";
import { TokenText } from "../playground/token_text";
import { useKeptFocus } from "../playground/use_kept_focus";
import { useAnnouncement, useEscape } from "../playground/use_streaming";
import { usePlayground, waitingFor } from "../playground/use_playground";
import playgroundCss from "../playground/playground.module.css";
import { completeStore, type Settings } from "./complete_store";
import { PromptEditor } from "./prompt_editor";
import { factsOf } from "./facts";
import { ResultCard } from "./result_card";
import { roomIn } from "./room";
import css from "./complete.module.css";

const kInitial = { max_tokens: "64" };

export function CompleteView({ route }: ViewProps) {
  const playground = usePlayground("complete", route, kInitial);
  const store = completeStore();
  const { prompt, results } = useSyncExternalStore(store.subscribe, store.get);
  const { models, names, fields, isWrong, hasProbabilities } = playground;
  const isBusy = results.some(({ state }) => state === "streaming");
  const announcement = useAnnouncement(
    isBusy,
    results.map(({ state }) => state),
  );
  const area = useRef<HTMLDivElement>(null);
  useKeptFocus(area);
  useEscape(isBusy, () => store.stop());

  const settings: Settings = { models: names, fields };
  const missing = names.find((name) => stepOfName(models, name) === undefined);
  const canAsk = prompt !== "" && !isWrong && missing === undefined;
  const complete = () => canAsk && store.complete(settings);
  // One completion stands behind the prompt; of several, and of scores, each has a card.
  const [first] = results;
  const inPlace =
    results.length === 1 && first?.kind === "completion" && Number(fields.n ?? 1) === 1 && first.texts.length <= 1 // prettier-ignore
      ? first
      : undefined;
  const text = inPlace?.texts[0];
  const isKept = inPlace !== undefined && !isBusy && text !== undefined && text.text !== "";
  const accept = (goesOn: boolean) => {
    store.accept(0, 0);
    if (goesOn) store.complete(settings);
    area.current?.querySelector("textarea")?.focus();
  };

  return (
    <div className={playgroundCss.view}>
      <PlaygroundHead title="Complete" playground={playground}>
        <CodeButton
          endpoint="/v1/completions"
          body={() => ({ model: names[0], prompt: prompt || "Once upon a time", ...fields })}
        />
      </PlaygroundHead>
      <div
        className={playgroundCss.layout}
        data-settings={playground.isSettingsOpen ? "" : undefined}
      >
        <div className={css.area} ref={area}>
          {models.length === 0 ? (
            <NoModels query={playground.query} />
          ) : (
            <>
              <div className={css.buttons}>
                {isBusy ? (
                  <Button look="primary" data-testid="complete-stop" onClick={() => store.stop()}>
                    <StopIcon size={16} />
                    Stop
                  </Button>
                ) : (
                  <Button
                    look="primary"
                    disabled={!canAsk}
                    data-testid="complete-run"
                    onClick={complete}
                  >
                    Complete
                  </Button>
                )}
                <Button
                  disabled={!canAsk || isBusy || results.length === 0}
                  data-testid="complete-retry"
                  onClick={complete}
                >
                  <RetryIcon size={16} />
                  Retry
                </Button>
                <Button
                  disabled={!isKept}
                  data-testid="complete-accept"
                  onClick={() => accept(false)}
                >
                  Accept
                </Button>
                <Button
                  disabled={!isKept || !canAsk}
                  title="Accept and write on"
                  data-testid="complete-go-on"
                  onClick={() => accept(true)}
                >
                  Go on
                </Button>
                <Button
                  disabled={!store.canUndo}
                  data-testid="complete-undo"
                  onClick={() => store.undo()}
                >
                  Undo
                </Button>
                <Button
                  disabled={!canAsk || isBusy}
                  title="How likely each token of the prompt is"
                  data-testid="complete-score"
                  onClick={() => store.score(settings)}
                >
                  Score
                </Button>
              </div>
              <PromptEditor
                prompt={prompt}
                onPrompt={(next) => store.setPrompt(next)}
                onComplete={complete}
              >
                {inPlace && text && (
                  <span
                    className={classes(
                      css.completion,
                      inPlace.state === "streaming" && playgroundCss.writing,
                    )}
                    data-testid="complete-text"
                    data-state={inPlace.state}
                    data-coloured={hasProbabilities ? "" : undefined}
                  >
                    <TokenText
                      tokens={text.tokens}
                      text={text.text}
                      hasProbabilities={hasProbabilities}
                      label={`Tokens of ${inPlace.model}`}
                      onContinue={
                        isBusy || isWrong
                          ? undefined
                          : (token, name) => store.continueFrom(0, 0, token, name, settings)
                      }
                    />
                  </span>
                )}
              </PromptEditor>
              {inPlace?.state === "streaming" && inPlace.firstToken_ms === null && (
                <Progress label={waitingFor(models, inPlace.model)} />
              )}
              <p className={css.facts} data-testid={inPlace ? "complete-facts" : undefined}>
                {inPlace
                  ? inPlace.state === "streaming" && inPlace.firstToken_ms === null
                    ? waitingFor(models, inPlace.model)
                    : `${inPlace.model} · ${factsOf(inPlace)}`
                  : isWrong
                    ? "Something in the settings is wrong"
                    : missing !== undefined
                      ? `There is no model ${missing}: choose another`
                      : "Ctrl+Enter completes, Escape stops"}
              </p>
              {inPlace?.error !== undefined && (
                <Failure
                  error={inPlace.error}
                  onRetry={complete}
                  onFit={(n) => {
                    playground.setSampling({ ...playground.sampling, max_tokens: String(n) });
                    store.complete({ ...settings, fields: { ...fields, max_tokens: n } });
                  }}
                />
              )}
              {!inPlace && results.length > 0 && (
                <div className={css.cards} data-columns={results.length}>
                  {results.map((result, i) => (
                    <div key={i} className={css.column} data-column={i}>
                      {(result.texts.length > 0 ? result.texts : [undefined]).map((_, j) => (
                        <ResultCard
                          key={j}
                          result={result}
                          text={j}
                          waitsFor={waitingFor(models, result.model)}
                          hasProbabilities={hasProbabilities}
                          onContinue={
                            isWrong
                              ? undefined
                              : (token, name) => store.continueFrom(i, j, token, name, settings)
                          }
                          onAccept={() => store.accept(i, j)}
                          onRetry={complete}
                        />
                      ))}
                    </div>
                  ))}
                </div>
              )}
            </>
          )}
        </div>
        {playground.isSettingsOpen && (
          <SamplingPanel
            value={playground.sampling}
            wrong={playground.wrong}
            defaults={playground.defaults}
            onChange={playground.setSampling}
            lastSeed={first?.seed ?? null}
            hasN
            maxTokensHint="empty: 16"
          />
        )}
      </div>
      <div role="status" className="visually-hidden">
        {announcement}
      </div>
    </div>
  );
}

/** What the server refused; where the context is too small for all, what fits can be asked for. */
function Failure({
  error,
  onRetry,
  onFit,
}: {
  error: string;
  onRetry: () => void;
  onFit: (n: number) => void;
}) {
  const room = roomIn(error);
  return (
    <div className={css.failure}>
      <Problem error={error} onRetry={onRetry} />
      {room !== undefined && (
        <Button data-testid="complete-fit" onClick={() => onFit(room)}>
          Write what fits: {room} tokens
        </Button>
      )}
    </div>
  );
}
