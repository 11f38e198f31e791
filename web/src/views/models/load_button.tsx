import { useEffect, useState } from "react";
import { loadModel, unloadModel } from "../../lib/api";
import { Button } from "../../ui/controls";
import { Problem, Progress } from "../../ui/layout";
import css from "./models.module.css";

export interface ModelWork {
  kind: "load" | "unload";
  since: number; // of performance.now()
}

export interface ModelSwitch {
  work: ModelWork | undefined; // what is being done now
  failed: { kind: ModelWork["kind"]; error: unknown } | undefined;
  said: string; // what was done, for those who listen
  start: (kind: ModelWork["kind"]) => void;
}

/** Loads a model or a checkpoint of it, or lets go of it. `onDone` is told whatever the end. */
export function useModelSwitch(name: string, onDone: () => void): ModelSwitch {
  const [work, setWork] = useState<ModelWork>();
  const [failed, setFailed] = useState<ModelSwitch["failed"]>();
  const [said, setSaid] = useState("");
  const start = (kind: ModelWork["kind"]) => {
    const run = async () => {
      setWork({ kind, since: performance.now() });
      setFailed(undefined);
      setSaid("");
      try {
        await (kind === "load" ? loadModel(name) : unloadModel(name));
        setSaid(`${name} is ${kind === "load" ? "loaded" : "unloaded"}.`);
      } catch (error) {
        setFailed({ kind, error });
      }
      setWork(undefined);
      onDone();
    };
    void run();
  };
  return { work, failed, said, start };
}

export function LoadButton({
  name,
  isLoaded,
  isLoading,
  control,
  isSmall,
}: {
  name: string;
  isLoaded: boolean;
  isLoading: boolean; // by whoever asked for it
  control: ModelSwitch;
  isSmall?: boolean;
}) {
  const { work, start } = control;
  const kind = work?.kind ?? (isLoaded ? "unload" : "load");
  const isBusy = work !== undefined || isLoading;
  return (
    <Button
      isSmall={isSmall}
      className={css.switch}
      // Still reachable while it works: the focus stays where it was.
      aria-disabled={isBusy}
      data-testid={`${kind}-${name}`}
      onClick={() => {
        if (!isBusy) start(kind);
      }}
    >
      {work ? <Elapsed {...work} /> : isLoading ? "Loading…" : kind === "load" ? "Load" : "Unload"}
      <span className="visually-hidden">{name}</span>
    </Button>
  );
}

function Elapsed({ kind, since }: ModelWork) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(
      () => setSeconds(Math.floor((performance.now() - since) / 1000)),
      250,
    );
    return () => window.clearInterval(timer);
  }, [since]);
  return (
    <>
      <span className={css.spinner} aria-hidden="true" />
      {kind === "load" ? "Loading" : "Unloading"} {seconds} s
    </>
  );
}

/** How it goes, under the row or card of the button. */
export function SwitchProgress({
  name,
  isLoaded,
  isLoading,
  control: { work, failed, said, start },
}: {
  name: string;
  isLoaded: boolean;
  isLoading: boolean;
  control: ModelSwitch;
}) {
  const isWorking = isLoading || work?.kind === "load";
  // Nothing is left to try where it has come to be as it was wished.
  const canRetry = failed && isLoaded === (failed.kind === "unload");
  return (
    <>
      {isWorking && <Progress label={`Loading ${name}`} />}
      {failed && (
        <Problem error={failed.error} onRetry={canRetry ? () => start(failed.kind) : undefined} />
      )}
      <span role="status" className="visually-hidden">
        {said}
      </span>
    </>
  );
}
