import { useMemo } from "react";
import { useStored } from "../../lib/stored";
import { useIsZoomed, type ChartRange } from "../../ui/chart_range";
import { Button, Checkbox } from "../../ui/controls";
import { decayOf, sliderOf } from "./ema";
import css from "./run_page.module.css";

/** How all charts are drawn, remembered for all runs. */
export interface Drawing {
  decay: number; // of the smoothing
  isRobust: boolean; // outliers do not count for the y axis
}

const kDrawing: Drawing = { decay: 0.8, isRobust: false };

export function useDrawing(): [Drawing, (drawing: Drawing) => void] {
  const [stored, store] = useStored<Partial<Drawing>>("runs.drawing", kDrawing);
  const { decay, isRobust } = { ...kDrawing, ...stored };
  const isDecay = typeof decay === "number" && decay >= 0 && decay <= 0.999;
  const drawing = useMemo(
    () => ({ decay: isDecay ? decay : kDrawing.decay, isRobust: isRobust === true }),
    [decay, isDecay, isRobust],
  );
  return [drawing, store];
}

/** What holds for all charts of the view. */
export function ChartBar({
  range,
  drawing,
  onDrawing,
}: {
  range: ChartRange;
  drawing: Drawing;
  onDrawing: (drawing: Drawing) => void;
}) {
  const isZoomed = useIsZoomed(range);
  return (
    <div className={css.bar}>
      <label className={css.smoothing}>
        <span>Smoothing</span>
        <input
          type="range"
          min={0}
          max={1}
          step={0.01}
          value={sliderOf(drawing.decay)}
          aria-valuetext={String(drawing.decay)}
          onChange={(event) =>
            onDrawing({ ...drawing, decay: decayOf(Number(event.target.value)) })
          }
        />
        <output>{drawing.decay}</output>
      </label>
      <Checkbox
        label="Ignore outliers"
        checked={drawing.isRobust}
        onChange={(event) => onDrawing({ ...drawing, isRobust: event.target.checked })}
      />
      <span className={css.barHint}>
        Zoom by dragging, <kbd>Ctrl</kbd> + wheel, or the keys <kbd>+</kbd> <kbd>−</kbd>{" "}
        <kbd>←</kbd> <kbd>→</kbd> <kbd>0</kbd>
      </span>
      <Button isSmall disabled={!isZoomed} onClick={range.reset} data-testid="reset-zoom">
        Reset zoom
      </Button>
    </div>
  );
}

/** A chart's own choice of a logarithmic axis, remembered. */
export function useLog(name: string): [boolean, React.ReactNode] {
  const [isLog, setLog] = useStored(`runs.log.${name}`, false);
  const button = (
    <Button isSmall look="quiet" aria-pressed={isLog} onClick={() => setLog(!isLog)}>
      Log scale
    </Button>
  );
  return [isLog, button];
}
