/**
 * Residuals of a vector autoregression: does the next sample follow from the last ones as it did in normal operation?
 * (VAR: Luetkepohl, New Introduction to Multiple Time Series Analysis, 2005; MEWMA of residuals: Bisgaard & Kulahci, 2005.)
 *
 *   z = clip((x - mean) / std)                         [C]
 *   r_t = z_t - (b + sum_l B_l z_{t-l})                [C], l = 1..p, B by ridge regression
 *   score = multi-timescale Mahalanobis distance of r  (mahalanobis.ts)
 */
import { cholesky, choleskySolve, shrink, standardise } from "../linalg.ts";
import { FitError, type Matrix, type Method, type Stream, type TrainingSet } from "../types.ts";
import { fitScales, SCALE_DEFAULTS, type ScaleOptions, type Scales, scalesWindow, ScaleStream, standard } from "./mahalanobis.ts";

export interface VarParams {
  readonly mean: Float64Array; // [C] raw units
  readonly std: Float64Array; // [C] raw units
  readonly order: number; // p
  readonly coefficients: Float64Array; // [C, p C + 1]: newest lag first, intercept last
  readonly scales: Scales; // of the residuals
}

export interface VarOptions extends ScaleOptions {
  /** Lags; fewer when the learning rows do not carry them. */
  readonly order: number;
  /** Ridge penalty, in rows. */
  readonly ridge: number;
}

const DEFAULTS: VarOptions = { ...SCALE_DEFAULTS, order: 5, ridge: 1 };
const ROWS_PER_COEFFICIENT = 5; // learning rows wanted per coefficient of one signal

class VarStream implements Stream {
  readonly #p: VarParams;
  readonly #n: number;
  readonly #lags: Float64Array; // [2 p C] the last p z-vectors, newest first from #at; written twice so that a read never wraps
  readonly #z: Float64Array;
  readonly #r: Float64Array;
  readonly #prediction: Float64Array; // of z
  readonly #scales: ScaleStream;
  #at = 0;
  #seen = 0;

  constructor(p: VarParams) {
    this.#p = p;
    const n = (this.#n = p.mean.length);
    this.#lags = new Float64Array(2 * p.order * n);
    this.#z = new Float64Array(n);
    this.#r = new Float64Array(n);
    this.#prediction = new Float64Array(n).fill(NaN);
    this.#scales = new ScaleStream(p.scales);
  }

  get ready(): boolean {
    return this.#scales.ready;
  }

  push(x: Float64Array): number {
    const { mean, std, order, coefficients } = this.#p;
    const n = this.#n,
      width = order * n,
      z = this.#z,
      lags = this.#lags;
    standard(x, mean, std, z);
    let score = 0;
    if (this.#seen >= order) {
      for (let c = 0; c < n; c++) {
        const row = c * (width + 1);
        let v = coefficients[row + width]!;
        for (let i = 0, at = this.#at; i < width; i++) v += coefficients[row + i]! * lags[at + i]!;
        this.#prediction[c] = v;
        this.#r[c] = z[c]! - v;
      }
      score = this.#scales.push(this.#r);
    } else this.#seen++;
    this.#at = (this.#at === 0 ? width : this.#at) - n;
    for (let c = 0, at = this.#at; c < n; c++, at++) lags[at] = lags[at + width] = z[c]!;
    return score;
  }

  shares(out: Float64Array): void {
    this.#scales.shares(out);
  }

  /** The one-step-ahead prediction. */
  expected(out: Float64Array): void {
    for (let c = 0; c < this.#n; c++) out[c] = this.#p.mean[c]! + this.#p.std[c]! * this.#prediction[c]!;
  }

  reset(): void {
    this.#at = this.#seen = 0;
    this.#prediction.fill(NaN);
    this.#scales.reset();
  }

  save(): object {
    return { at: this.#at, seen: this.#seen, lags: this.#lags.slice(), prediction: this.#prediction.slice(), scales: this.#scales.save() };
  }

  load(state: object): void {
    const s = state as { at: number; seen: number; lags: Float64Array; prediction: Float64Array; scales: object };
    this.#at = s.at;
    this.#seen = s.seen;
    this.#lags.set(s.lags);
    this.#prediction.set(s.prediction);
    this.#scales.load(s.scales);
  }
}

/** Regressors [N, p C + 1] (newest lag first, then 1), their targets [N, C], and the rows at which a new run begins. */
function regression(z: Matrix, starts: readonly number[], order: number): { phi: Matrix; target: Matrix; begins: number[] } {
  const n = z.cols,
    width = order * n,
    d = width + 1;
  const phi = new Float64Array(z.rows * d),
    target = new Float64Array(z.rows * n);
  const begins: number[] = [];
  let rows = 0;
  starts.forEach((from, k) => {
    const to = starts[k + 1] ?? z.rows;
    if (to - from > order) begins.push(rows);
    for (let t = from + order; t < to; t++, rows++) {
      for (let l = 1; l <= order; l++) phi.set(z.data.subarray((t - l) * n, (t - l + 1) * n), rows * d + (l - 1) * n);
      phi[rows * d + width] = 1;
      target.set(z.data.subarray(t * n, (t + 1) * n), rows * n);
    }
  });
  return { phi: { rows, cols: d, data: phi }, target: { rows, cols: n, data: target }, begins };
}

/** B [d, n] of (Phi' Phi + ridge I) B = Phi' Z. */
function ridgeRegression(phi: Matrix, target: Matrix, ridge: number): Float64Array {
  const d = phi.cols,
    n = target.cols;
  const gram = new Float64Array(d * d),
    b = new Float64Array(d * n);
  for (let t = 0; t < phi.rows; t++) {
    const v = phi.data.subarray(t * d, t * d + d),
      y = target.data.subarray(t * n, t * n + n);
    for (let i = 0; i < d; i++) {
      const vi = v[i]!;
      for (let j = 0; j <= i; j++) gram[i * d + j]! += vi * v[j]!;
      for (let c = 0; c < n; c++) b[i * n + c]! += vi * y[c]!;
    }
  }
  const l = cholesky(shrink(gram, d, 0, ridge), d); // reads the lower triangle only
  if (l === null) throw new FitError("var: the learning samples are not finite", "var：学习样本不是有限数");
  return choleskySolve(l, d, b, n);
}

export function createVar(options: Partial<VarOptions> = {}): Method<VarParams> {
  const { order: most, ridge, rates, smooth } = { ...DEFAULTS, ...options };
  return {
    name: "var",
    fit({ x, starts }: TrainingSet) {
      const { rows, cols: n } = x;
      const order = Math.max(1, Math.min(most, Math.floor(rows / (ROWS_PER_COEFFICIENT * n))));
      const { mean, std } = standardise(x);
      const z = { rows, cols: n, data: new Float64Array(rows * n) };
      for (let i = 0; i < rows * n; i += n) standard(x.data.subarray(i, i + n), mean, std, z.data.subarray(i, i + n));
      const { phi, target, begins } = regression(z, starts, order);
      const d = phi.cols;
      if (phi.rows < 2 * d)
        throw new FitError(
          `var needs at least ${2 * d + order} samples in contiguous runs for ${n} signals and ${order} lags, got ${rows}`,
          `var 对 ${n} 个信号和 ${order} 阶滞后至少需要 ${2 * d + order} 个连续样本，实际为 ${rows}`,
        );
      const b = ridgeRegression(phi, target, ridge);
      const residual = target.data.slice();
      for (let t = 0; t < phi.rows; t++)
        for (let i = 0; i < d; i++) for (let c = 0, v = phi.data[t * d + i]!; c < n; c++) residual[t * n + c]! -= v * b[i * n + c]!;
      const coefficients = new Float64Array(n * d);
      for (let i = 0; i < d; i++) for (let c = 0; c < n; c++) coefficients[c * d + i] = b[i * n + c]!;
      return { mean, std, order, coefficients, scales: fitScales({ rows: phi.rows, cols: n, data: residual }, begins, { rates, smooth }) };
    },
    stream: (p) => new VarStream(p),
    window: (p) => p.order + scalesWindow(p.scales),
  };
}

export const varResiduals = createVar();
