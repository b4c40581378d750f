/** Sorts the signals of a training set into analog, discrete and constant ones: only analog signals carry a shape worth comparing. */
import type { Matrix } from "./types.ts";

export type SignalKind = "analog" | "discrete" | "constant";

export interface SignalClass {
  readonly kind: SignalKind;
  /** All learning values are 0 or 1: a switch, a status bit or one column of a one-hot code. */
  readonly binary: boolean;
  /** Number of distinct learning values, counted up to `MAX_LEVELS + 1`. */
  readonly levels: number;
}

/** Distinct values are counted up to here; the count only informs, since plant tags with two or three set values still carry a shape. */
export const MAX_LEVELS = 16;

/**
 * Classifies every column of `x` [rows, cols]: one value only is constant, two values 0 and 1 discrete, all else analog.
 * Values within 1e-14 of the offset of each other count as one (rounding of a huge offset).
 */
export function classifySignals(x: Matrix): SignalClass[] {
  return Array.from({ length: x.cols }, (_, c) => classify(x, c));
}

function classify(x: Matrix, c: number): SignalClass {
  let low = Infinity;
  let high = -Infinity;
  let binary = x.rows > 0;
  const seen = new Set<number>();
  for (let r = 0; r < x.rows; r++) {
    const v = x.data[r * x.cols + c]!;
    if (v < low) low = v;
    if (v > high) high = v;
    if (v !== 0 && v !== 1) binary = false;
    if (seen.size <= MAX_LEVELS) seen.add(v);
  }
  const varies = high - low > 1e-14 * Math.max(Math.abs(low), Math.abs(high));
  return { kind: !varies ? "constant" : binary ? "discrete" : "analog", binary, levels: varies ? seen.size : Math.min(1, x.rows) };
}

/**
 * Columns a shape-comparing method should look at: analog signals, and constant ones that are no bits (their first change is news).
 * Where there are none, the discrete signals that vary; where there are none of these either, all.
 */
export function analogColumns(classes: readonly SignalClass[]): number[] {
  const where = (test: (s: SignalClass) => boolean): number[] => classes.flatMap((s, i) => (test(s) ? [i] : []));
  const analog = where((s) => s.kind === "analog" || (s.kind === "constant" && !s.binary));
  if (analog.length > 0) return analog;
  const discrete = where((s) => s.kind === "discrete");
  return discrete.length > 0 ? discrete : where(() => true);
}
