import {
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type ReactNode,
} from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { formatInteger, formatValue } from "../lib/format";
import { useIsDark } from "../lib/theme";
import { listenForZoom, zoomByKey } from "./chart_input";
import { dataOf, optionsOf, structureOf } from "./chart_options";
import type { ChartRange } from "./chart_range";
import type { ChartLine, ChartMark } from "./chart_types";
import { indexAt, spread, valueText } from "./chart_values";
import { Button } from "./controls";
import { TableIcon } from "./icons";
import { Card, Scroll } from "./layout";
import css from "./chart.module.css";

export interface ChartProps {
  title: string;
  name: string; // the test's: data-testid
  x: number[]; // ascending; steps
  lines: ChartLine[];
  range: ChartRange; // what is seen; shared with the other charts
  group: string; // charts of one group share the cursor
  isLog?: boolean;
  isFromZero?: boolean; // the y axis begins with 0
  isRobust?: boolean; // the y axis leaves out what few values are far from the others
  height?: number;
  format?: (value: number) => string;
  marks?: ChartMark[];
  actions?: ReactNode;
  empty?: string; // said where there are no steps
}

const kNoMarks: ChartMark[] = [];

/** Whether any of the lines has a value above `least`. */
const hasNumber = (lines: readonly ChartLine[], least: number): boolean =>
  lines.some((line) => line.values.some((value) => typeof value === "number" && value > least));

/** Curves over steps: zoomed by dragging, wheel, fingers and keys; with their values in words. */
export function Chart(props: ChartProps) {
  const { title, name, x, lines, isLog = false, actions, height = 220 } = props;
  const format = props.format ?? formatValue;
  const [isTable, setTable] = useState(false);
  const id = useId();
  const hasValues = hasNumber(lines, -Infinity);
  const isDrawn = hasValues && (!isLog || hasNumber(lines, 0));

  return (
    <Card
      className={css.chart}
      title={<span id={id}>{title}</span>}
      isFlush
      actions={
        <>
          {actions}
          <Button
            isSmall
            isIcon
            look="quiet"
            label={`${title}: values as a table`}
            aria-pressed={isTable}
            onClick={() => setTable(!isTable)}
          >
            <TableIcon size={16} />
          </Button>
        </>
      }
    >
      {isTable ? (
        <ValueTable {...props} format={format} />
      ) : isDrawn ? (
        <Plot {...props} format={format} isLog={isLog} height={height} />
      ) : (
        <div className={css.nothing} style={{ height }} data-testid={name} data-points={x.length}>
          {wordsForNothing(x.length > 0, hasValues, props.empty)}
        </div>
      )}
    </Card>
  );
}

function wordsForNothing(hasSteps: boolean, hasValues: boolean, empty = "No values yet"): string {
  if (hasValues) return "No value above 0 to show on a log scale";
  return hasSteps ? "No value is a finite number" : empty;
}

function Plot({
  title,
  name,
  x,
  lines,
  range,
  group,
  isLog,
  isFromZero = false,
  isRobust = false,
  height,
  format,
  marks = kNoMarks,
}: ChartProps & { format: (value: number) => string; isLog: boolean; height: number }) {
  const isDark = useIsDark();
  const root = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const step = useRef<HTMLSpanElement>(null);
  const texts = useRef<HTMLUListElement>(null);
  const now = useRef({ x, lines, marks, format });
  const draw = useRef<() => void>(undefined);
  const structure = structureOf(lines);

  /** Without a cursor: the last values that are seen. */
  const write = useCallback((chart: uPlot) => {
    const { x, lines, format } = now.current;
    const left = chart.cursor.left ?? -1;
    const isHovered = left >= 0;
    const { min = 0, max = 0 } = chart.scales.x ?? {};
    const last = Math.min(x.length - 1, chart.valToIdx(max));
    const at = isHovered ? chart.posToIdx(left) : last;
    if (step.current) step.current.textContent = `step ${formatInteger(x[at])}`;
    lines.forEach((line, i) => {
      const text = texts.current?.children[i]?.lastElementChild;
      const index = isHovered ? indexAt(x, line, at, max - min) : lastIndex(line, last);
      if (text) text.textContent = valueText(line, index, format);
    });
  }, []);

  useEffect(() => {
    now.current = { x, lines, marks, format };
    draw.current?.();
  }, [x, lines, marks, format]);

  // A chart for these lines, in these colours.
  useEffect(() => {
    const element = place.current;
    const box = root.current;
    if (!element || !box) return;
    let isSeen = true;
    let isDirty = true;
    let frame = 0;
    const chart = new uPlot(
      optionsOf({
        width: Math.max(200, element.clientWidth),
        height,
        isLog,
        isFromZero,
        isRobust,
        group,
        lines: () => now.current.lines,
        marks: () => now.current.marks,
        onSelect: (from, to) => range.set({ from, to }),
        onReset: range.reset,
        onCursor: write,
      }),
      undefined,
      element,
    );
    let drawn: ChartLine[] | undefined;
    const paint = () => {
      frame = 0;
      if (!isSeen) {
        isDirty = true;
        return;
      }
      isDirty = false;
      const { x, lines } = now.current;
      const { from, to } = range.current;
      chart.batch(() => {
        if (drawn !== lines) chart.setData(dataOf(x, lines, isLog), false);
        chart.setScale("x", { min: from, max: to > from ? to : from + 1 });
      });
      drawn = lines;
      write(chart);
      box.dataset.points = String(x.length);
      box.dataset.lastStep = String(x[x.length - 1] ?? "");
      box.dataset.from = String(from);
      box.dataset.to = String(to);
    };
    // Never more than once a frame, and only where somebody can see it.
    const schedule = () => {
      if (frame === 0) frame = requestAnimationFrame(paint);
    };
    draw.current = schedule;
    paint();

    const unsubscribe = range.subscribe(schedule);
    const unlisten = listenForZoom(chart, range, () => document.activeElement === box);
    const sizes = new ResizeObserver(() => {
      const width = Math.max(200, element.clientWidth);
      if (width !== chart.width) chart.setSize({ width, height });
    });
    sizes.observe(element);
    const sight = new IntersectionObserver(
      ([entry]) => {
        isSeen = entry?.isIntersecting ?? true;
        if (isSeen && isDirty) schedule();
      },
      { rootMargin: "200px" },
    );
    sight.observe(box);
    return () => {
      cancelAnimationFrame(frame);
      draw.current = undefined;
      unsubscribe();
      unlisten();
      sizes.disconnect();
      sight.disconnect();
      chart.destroy();
    };
  }, [structure, isLog, isFromZero, isRobust, isDark, height, group, range, write]);

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (zoomByKey(range, event.key)) event.preventDefault();
  };

  return (
    // A drawing that keys move: there is no element for that.
    /* eslint-disable jsx-a11y/no-noninteractive-tabindex, jsx-a11y/no-noninteractive-element-interactions */
    <div
      ref={root}
      className={css.plot}
      role="application"
      aria-roledescription="chart"
      aria-label={`${title}. Left and right move, plus and minus zoom, 0 shows all.`}
      tabIndex={0}
      data-testid={name}
      onKeyDown={keys}
      onPointerDown={(event) => {
        if (event.pointerType === "mouse") event.currentTarget.focus({ preventScroll: true });
      }}
    >
      <div className={css.words}>
        <ul ref={texts} className={css.legend}>
          {lines.map((line) => (
            <li key={line.id} hidden={line.isUnlisted}>
              <i data-look={line.look} style={{ color: `var(${line.color})` }} />
              <span className={css.label} title={line.label}>
                {line.label}
              </span>
              <b />
            </li>
          ))}
        </ul>
        <span ref={step} className={css.step} />
      </div>
      <div ref={place} className={css.canvas} style={{ height }} />
    </div>
  );
}

/** The last index up to `from` at which the line has a value. */
function lastIndex({ values }: ChartLine, from: number): number | null {
  for (let i = from; i >= 0; --i) if (typeof values[i] === "number") return i;
  return null;
}

/** Some of the values that are seen, for those who would rather read. */
function ValueTable({
  title,
  x,
  lines,
  range,
  format,
}: ChartProps & { format: (value: number) => string }) {
  const view = useSyncExternalStore(range.subscribe, () => range.current);
  const listed = lines.filter((line) => !line.isUnlisted);
  const sparse = listed.filter((line) => line.isSparse);
  const isRich = (at: number) => sparse.every(({ values }) => typeof values[at] === "number");
  const places = spread(x, view, 20, isRich);
  return (
    <div className={css.values}>
      <Scroll label={`${title}: values`}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col" className="number">
                Step
              </th>
              {listed.map((line) => (
                <th key={line.id} scope="col" className="number">
                  {line.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {places.map((at) => (
              <tr key={at}>
                <th scope="row" className="number">
                  {formatInteger(x[at])}
                </th>
                {listed.map((line) => (
                  <td key={line.id} className="number">
                    {valueText(line, at, format)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}
