// The page's colours for canvases, which know nothing of custom properties.

/** The colour that `name` ("--text") stands for now. */
export function colorOf(name: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** A colour of colorOf, `alpha` of 1 as opaque. */
export function faded(color: string, alpha: number): string {
  const [r = "0", g = "0", b = "0"] = color.match(/[\d.]+/g) ?? [];
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

/** The name of the nth line's colour. */
export const seriesColor = (n: number): string => `--series-${(n % 8) + 1}`;
