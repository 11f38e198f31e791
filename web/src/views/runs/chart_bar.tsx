import { useStored } from "../../lib/stored";
import { useIsZoomed, type ChartRange } from "../../ui/chart_range";
import { Button } from "../../ui/controls";
import { decayOf, sliderOf } from "./ema";
import css from "./run_page.module.css";

/** Smoothing, remembered for all runs. */
export function useDecay(): [number, (decay: number) => void] {
  const [decay, setDecay] = useStored("runs.smoothing", 0.8);
  const isDecay = typeof decay === "number" && decay >= 0 && decay <= 0.999;
  return [isDecay ? decay : 0, setDecay];
}

/** What holds for all charts of the view. */
export function ChartBar({
  range,
  decay,
  onDecay,
}: {
  range: ChartRange;
  decay: number;
  onDecay: (decay: number) => void;
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
          value={sliderOf(decay)}
          aria-valuetext={String(decay)}
          onChange={(event) => onDecay(decayOf(Number(event.target.value)))}
        />
        <output>{decay}</output>
      </label>
      <span className={css.barHint}>Drag across a chart to zoom, or Ctrl and the wheel</span>
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
