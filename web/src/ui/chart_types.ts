export type ChartValues = readonly (number | null | undefined)[];

/** A line over the chart's x. null is a gap; over undefined the line goes on. */
export interface ChartLine {
  id: string;
  label: string;
  color: string; // a custom property: "--series-1"
  values: ChartValues;
  low?: ChartValues; // with high: a band behind the line
  high?: ChartValues;
  shown?: ChartValues; // what the legend says where it is not what is drawn
  look?: "normal" | "faint" | "area"; // areas stand on the line that follows, or on 0
  isUnlisted?: boolean; // drawn, but not in the legend
  isSparse?: boolean; // a value now and then: its line goes over gaps
}

/** A place worth seeing: a ring around it. */
export interface ChartMark {
  x: number;
  y: number;
  color: string;
}
