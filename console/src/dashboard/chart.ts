/** Scales and points for a small chart. Pure. */

export interface Scale {
  /** The largest value drawn, at least 1. */
  top: number;
  /** Where grid lines are drawn, from 0 to `top`. */
  lines: number[];
}

/** A scale whose grid lines are round numbers, at most four steps. */
export function scale(values: readonly number[]): Scale {
  const most = Math.max(1, ...values);
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(
    1,
    [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough) ?? rough,
  );
  const count = Math.ceil(most / step);
  return { top: count * step, lines: Array.from({ length: count + 1 }, (_, index) => index * step) };
}

/** The points of a line through `values` in a box of the given size, in SVG syntax. */
export function line(values: readonly number[], top: number, width: number, height: number): string {
  const step = values.length > 1 ? width / values.length : 0;
  return values
    .map((value, index) => {
      const x = (index + 0.5) * (step || width);
      return `${x.toFixed(2)},${(height - (value / top) * height).toFixed(2)}`;
    })
    .join(' ');
}
