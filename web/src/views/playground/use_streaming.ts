import { useEffect, useRef, useState } from "react";

/** Says once that an answer has come, to those who do not see it. */
export function useAnnouncement(isBusy: boolean): string {
  const wasBusy = useRef(isBusy);
  const [text, setText] = useState("");
  useEffect(() => {
    if (wasBusy.current && !isBusy) setText("Answer complete");
    if (!wasBusy.current && isBusy) setText("");
    wasBusy.current = isBusy;
  }, [isBusy]);
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
