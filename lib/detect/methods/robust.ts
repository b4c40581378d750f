/**
 * Each signal on its own, robustly: how far from its median is it, now and as an exponentially weighted mean, in units of its MAD?
 * (Robust z: Iglewicz & Hoaglin 1993; EWMA chart: Roberts, Technometrics 1959.) Outliers in the learning rows hardly move it, and a signal
 * that leaves its range is named for sure; it does not see broken relations between signals.
 *
 *   z_a = (e_a - median_a) / (1.4826 MAD_a)                 [C] e_a: EWMA of rate a of x; rates 1 and 0.2
 *   score = (mean over signals and rates of z^4)^(1/4)      near the maximum when one signal is off
 */
import { quantile } from "../linalg.ts";
import { FitError, type Method, type Stream, type TrainingSet } from "../types.ts";
import { reach } from "./mahalanobis.ts";

export interface RobustParams {
  readonly rates: readonly number[];
  readonly median: Float64Array; // [C] of the raw signal
  readonly centre: readonly Float64Array[]; // per rate [C]: median of the EWMA, less `median` (raw units)
  readonly scale: readonly Float64Array[]; // per rate [C]: 1.4826 MAD of the EWMA (raw units)
}

const RATES = [1, 0.2] as const;
export const CLIP = 1e3; // MADs, of the raw signal: one wild reading must not outlive its EWMA window
const LEAST = 1e-9; // scale of an EWMA, of the raw signal's: z^4 stays finite
const MAD_TO_STD = 1.4826; // normal distribution

/** 1.4826 MAD; the standard deviation where more than half the values are equal; 1 % of the level where all are. Throws FitError where none is finite. */
function spread(values: Float64Array, median: number, level: number): number {
  const mad =
    MAD_TO_STD *
    quantile(
      values.map((v) => Math.abs(v - median)),
      0.5,
    );
  const least = 1e-12 + 4 * Number.EPSILON * Math.abs(level);
  if (mad > least && mad < Infinity) return mad;
  const std = Math.sqrt(values.reduce((s, v) => s + (v - median) ** 2, 0) / Math.max(1, values.length - 1));
  if (!(std < Infinity && mad < Infinity))
    throw new FitError("a signal's values are not finite or too far apart to have a spread", "某个信号的数值不是有限数，或相差过大，无法计算离散程度");
  return std > least ? std : 0.01 * Math.max(1, Math.abs(level));
}

class RobustStream implements Stream {
  readonly #p: RobustParams;
  readonly #n: number;
  readonly #sums: Float64Array[]; // per rate: sum_i (1 - a)^i (x - median)_{t-i}
  readonly #parts: Float64Array; // [C] sum over rates of z^4
  #seen = 0;

  constructor(p: RobustParams) {
    this.#p = p;
    this.#n = p.median.length;
    this.#sums = p.rates.map(() => new Float64Array(this.#n));
    this.#parts = new Float64Array(this.#n);
  }

  get ready(): boolean {
    return this.#seen >= 3 / Math.min(...this.#p.rates);
  }

  push(x: Float64Array): number {
    const { rates, median, centre, scale } = this.#p;
    const n = this.#n,
      parts = this.#parts.fill(0);
    this.#seen++;
    let total = 0;
    for (let k = 0; k < rates.length; k++) {
      const a = rates[k]!,
        s = this.#sums[k]!,
        m = centre[k]!,
        d = scale[k]!,
        widest = scale[0]!;
      const weight = a / (1 - (1 - a) ** this.#seen);
      for (let c = 0; c < n; c++) {
        const most = CLIP * widest[c]!;
        s[c] = (1 - a) * s[c]! + Math.max(-most, Math.min(most, x[c]! - median[c]!));
        const z2 = ((s[c]! * weight - m[c]!) / d[c]!) ** 2;
        parts[c]! += z2 * z2;
        total += z2 * z2;
      }
    }
    return this.ready ? Math.sqrt(Math.sqrt(total / (n * rates.length))) : 0;
  }

  shares(out: Float64Array): void {
    let sum = 0;
    if (this.ready) for (let c = 0; c < this.#n; c++) sum += this.#parts[c]!;
    for (let c = 0; c < this.#n; c++) out[c] = sum > 0 ? this.#parts[c]! / sum : 0;
  }

  expected(out: Float64Array): void {
    out.set(this.#p.median);
  }

  reset(): void {
    this.#seen = 0;
    this.#parts.fill(0);
    for (const s of this.#sums) s.fill(0);
  }

  save(): object {
    return { seen: this.#seen, parts: this.#parts.slice(), sums: this.#sums.map((s) => s.slice()) };
  }

  load(state: object): void {
    const s = state as { seen: number; parts: Float64Array; sums: Float64Array[] };
    this.#seen = s.seen;
    this.#parts.set(s.parts);
    s.sums.forEach((v, k) => this.#sums[k]?.set(v));
  }
}

export const robust: Method<RobustParams> = {
  name: "robust",
  fit({ x, starts }: TrainingSet) {
    const { rows, cols, data } = x;
    if (rows < 20) throw new FitError(`robust needs at least 20 complete samples, got ${rows}`, `robust 至少需要 20 个完整样本，实际为 ${rows}`);
    const begins = new Set(starts);
    const median = new Float64Array(cols);
    const centre = RATES.map(() => new Float64Array(cols));
    const scale = RATES.map(() => new Float64Array(cols));
    for (let c = 0; c < cols; c++) {
      const raw = Float64Array.from({ length: rows }, (_, r) => data[r * cols + c]!);
      const level = (median[c] = quantile(raw, 0.5));
      const widest =
        CLIP *
        spread(
          raw.map((v) => v - level),
          0,
          level,
        );
      RATES.forEach((a, k) => {
        const e: number[] = [];
        for (let r = 0, s = 0, seen = 0; r < rows; r++) {
          if (begins.has(r)) s = seen = 0;
          s = (1 - a) * s + Math.max(-widest, Math.min(widest, raw[r]! - level));
          const weight = a / (1 - (1 - a) ** ++seen);
          if (seen >= 2 / a - 1) e.push(s * weight);
        }
        if (e.length < 10) throw new FitError("robust needs longer contiguous runs of samples", "robust 需要更长的连续样本段");
        const values = Float64Array.from(e);
        centre[k]![c] = quantile(values, 0.5);
        scale[k]![c] = Math.max((LEAST * widest) / CLIP, spread(values, centre[k]![c]!, level));
      });
    }
    return { rates: RATES, median, centre, scale };
  },
  stream: (p) => new RobustStream(p),
  window: (p) => Math.max(...p.rates.map(reach)),
};
