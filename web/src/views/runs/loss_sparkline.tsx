import { useEffect, useRef, useState } from "react";
import { getCurves } from "../../lib/api";
import { formatLoss } from "../../lib/format";
import type { Run } from "../../lib/types";
import { Sparkline } from "../../ui/sparkline";
import css from "./runs.module.css";

type Values = (number | null)[];

const kMostAtOnce = 2; // of questions to the server
const cache = new Map<string, { step: number; values: Values }>();
const waiting: (() => void)[] = [];
let n_asked = 0;

async function inTurn<T>(task: () => Promise<T>): Promise<T> {
  if (n_asked >= kMostAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
  ++n_asked;
  try {
    return await task();
  } finally {
    --n_asked;
    waiting.shift()?.();
  }
}

/** Whether a curve that ends at `had` still looks like the run's: a run that goes on is asked for now and then. */
const isGoodEnough = (had: number, step: number): boolean =>
  had === step || (step > had && step - had < Math.max(10, 0.03 * step));

/** The run's loss, asked for when the row is seen. */
export function LossSparkline({ run }: { run: Run }) {
  const place = useRef<HTMLSpanElement>(null);
  const [isSeen, setSeen] = useState(false);
  const [values, setValues] = useState<Values | undefined>(() => cache.get(run.id)?.values);

  useEffect(() => {
    if (!place.current) return;
    const sight = new IntersectionObserver(
      ([entry]) => setSeen((seen) => seen || (entry?.isIntersecting ?? false)),
      { rootMargin: "100px" },
    );
    sight.observe(place.current);
    return () => sight.disconnect();
  }, []);

  const had = cache.get(run.id);
  const wants = isSeen && run.latest_step > 0 && !(had && isGoodEnough(had.step, run.latest_step));
  const step = run.latest_step;
  useEffect(() => {
    if (!wants) return;
    let isCurrent = true;
    const ask = async () => {
      const curves = await getCurves(run.id, { points: 60, columns: ["loss"] });
      const found = curves.columns.loss?.mean ?? [];
      cache.set(run.id, { step: Math.max(step, curves.last_step ?? 0), values: found });
      if (isCurrent) setValues(found);
    };
    // Without its curve the row still says all the numbers.
    inTurn(ask).catch(() => undefined);
    return () => {
      isCurrent = false;
    };
    // A step more does not make a question more: `wants` says when.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [wants, run.id]);

  return (
    <span ref={place} className={css.spark}>
      {values && <Sparkline values={values} label={`Loss, now ${formatLoss(run.last_loss)}`} />}
    </span>
  );
}
