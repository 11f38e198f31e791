// Zooming by wheel, fingers and keys. Dragging with a mouse is uPlot's.

import type uPlot from "uplot";
import type { ChartRange } from "./chart_range";
import { panBy, spanOf, zoomAt } from "./chart_zoom";

/** What a key does to what is seen. Returns whether it is one of ours. */
export function zoomByKey(range: ChartRange, key: string): boolean {
  const { current, full } = range;
  const middle = (current.from + current.to) / 2;
  switch (key) {
    case "ArrowLeft":
      range.set(panBy(current, full, -0.15));
      return true;
    case "ArrowRight":
      range.set(panBy(current, full, 0.15));
      return true;
    case "+":
    case "=":
      range.set(zoomAt(current, full, 0.7, middle));
      return true;
    case "-":
    case "_":
      range.set(zoomAt(current, full, 1 / 0.7, middle));
      return true;
    case "0":
    case "Escape":
      if (key === "Escape" && !range.zoomed()) return false;
      range.reset();
      return true;
    default:
      return false;
  }
}

/**
 * Ctrl or ⌘ and the wheel, or a pinch on a touchpad, zoom at the pointer; without a key the wheel scrolls the page,
 * unless the chart has the focus (`isOurs`). Sideways, and with two fingers, it moves. Returns what ends it.
 */
export function listenForZoom(chart: uPlot, range: ChartRange, isOurs: () => boolean): () => void {
  const { over } = chart;
  const valueAt = (clientX: number) =>
    chart.posToVal(clientX - over.getBoundingClientRect().left, "x");

  const wheel = (event: WheelEvent) => {
    const isZoom = event.ctrlKey || event.metaKey || isOurs();
    const pixels = event.deltaMode === 1 ? 16 : 1;
    const aside = (event.deltaX || (event.shiftKey ? event.deltaY : 0)) * pixels;
    if (Math.abs(aside) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      if (!range.zoomed()) return;
      event.preventDefault();
      range.set(panBy(range.current, range.full, aside / over.clientWidth));
      return;
    }
    if (!isZoom) return;
    event.preventDefault();
    // A pinch comes in small steps, a notch of a wheel in one of about 100.
    const turn = Math.max(-100, Math.min(100, event.deltaY * pixels)) * (event.ctrlKey ? 4 : 1);
    const factor = Math.exp(Math.max(-240, Math.min(240, turn)) * 0.0022);
    range.set(zoomAt(range.current, range.full, factor, valueAt(event.clientX)));
  };

  // Two fingers: what is beneath each stays beneath it.
  const fingers = new Map<number, number>();
  let held: { from: number; to: number } | undefined; // the values beneath them
  const down = (event: PointerEvent) => {
    if (event.pointerType !== "touch") return;
    fingers.set(event.pointerId, event.clientX);
    held = undefined;
    if (fingers.size !== 2) return;
    const [a = 0, b = 0] = [...fingers.values()].sort((x, y) => x - y);
    held = { from: valueAt(a), to: valueAt(b) };
  };
  const move = (event: PointerEvent) => {
    if (!fingers.has(event.pointerId)) return;
    fingers.set(event.pointerId, event.clientX);
    const box = over.getBoundingClientRect();
    if (fingers.size === 1) {
      chart.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
      return;
    }
    if (!held || fingers.size !== 2) return;
    const [a = 0, b = 0] = [...fingers.values()].sort((x, y) => x - y);
    if (b - a < 12) return;
    const perPixel = spanOf(held) / (b - a);
    const from = held.from - (a - box.left) * perPixel;
    range.set({ from, to: from + perPixel * box.width });
  };
  const up = (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    held = undefined;
  };

  over.addEventListener("wheel", wheel, { passive: false });
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", move);
  over.addEventListener("pointerup", up);
  over.addEventListener("pointercancel", up);
  return () => {
    over.removeEventListener("wheel", wheel);
    over.removeEventListener("pointerdown", down);
    over.removeEventListener("pointermove", move);
    over.removeEventListener("pointerup", up);
    over.removeEventListener("pointercancel", up);
  };
}
