import { useEffect, useRef, useState } from "react";

/** Says once how an answer has ended, to those who do not see it. `states` are those of the last answers. */
export function useAnnouncement(isBusy: boolean, states: (string | undefined)[]): string {
  const wasBusy = useRef(isBusy);
  const [text, setText] = useState("");
  const end = states.includes("error")
    ? "" // said by the problem itself
    : states.includes("stopped")
      ? "Answer stopped"
      : "Answer complete";
  useEffect(() => {
    if (wasBusy.current && !isBusy) setText(end);
    if (!wasBusy.current && isBusy) setText("");
    wasBusy.current = isBusy;
  }, [isBusy, end]);
  return text;
}

/** While `isOn`, Escape does `then`; but not where it closes something. */
export function useEscape(isOn: boolean, then: () => void): void {
  const latest = useRef(then);
  useEffect(() => {
    latest.current = then;
  });
  useEffect(() => {
    if (!isOn) return;
    const key = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest("dialog")) return;
      latest.current();
    };
    window.addEventListener("keydown", key);
    return () => window.removeEventListener("keydown", key);
  }, [isOn]);
}
