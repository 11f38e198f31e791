import { useEffect, useLayoutEffect, useRef, type RefObject } from "react";

/**
 * Where what had the focus is gone or can no longer be pressed, those who use a keyboard go on in the text field of
 * `area`: not at the beginning of the page.
 */
export function useKeptFocus(area: RefObject<HTMLElement | null>): void {
  const last = useRef<HTMLElement>(null);
  useEffect(() => {
    const focus = ({ target }: FocusEvent) => {
      const isOurs = target instanceof HTMLElement && area.current?.contains(target);
      last.current = isOurs && target.matches(":focus-visible") ? target : null;
    };
    const press = () => (last.current = null);
    document.addEventListener("focusin", focus);
    document.addEventListener("pointerdown", press);
    return () => {
      document.removeEventListener("focusin", focus);
      document.removeEventListener("pointerdown", press);
    };
  }, [area]);
  // After each drawing of the view, whatever it was for.
  useLayoutEffect(() => {
    const lost = last.current;
    if (!lost || (lost.isConnected && !lost.matches(":disabled"))) return;
    const now = document.activeElement;
    const field = area.current?.querySelector<HTMLElement>("[data-keeps-focus]");
    if (now === document.body || now === lost) field?.focus({ preventScroll: true });
  });
}
