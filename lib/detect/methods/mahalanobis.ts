/**
 * Multi-timescale Mahalanobis distance: does the joint state of the signals, smoothed over several time scales, lie where it lay in normal
 * operation? Hotelling's T2 of EWMAs (MEWMA: Lowry et al., Technometrics 1992), several rates at once, averaged.
 *
 *   z = clip((x - mean) / std)                            [C]
 *   e_a = sum_i w_i z_{t-i},  w_i ~ (1 - a)^i             [C] for each rate a (weights normalised to 1)
 *   d2_a = (e_a - m_a)' S_a^-1 (e_a - m_a)                m, S: mean and shrunk covariance of e on the learning rows
 *   score = exp(0.5 EWMA_s(log(mean_a d2_a / q_a)))       q_a: 0.9 quantile of d2_a on the learning rows
 *
 * `fitScales` and `ScaleStream` are everything after z; the VAR method runs them on its residuals and PCA with another S^-1.
 */
import { covariance, inverse, quadratic, quantile, shrink, standardise } from "../linalg.ts";
import { FitError, type Matrix, type Method, type Stream, type TrainingSet } from "../types.ts";

/** What was learned about the EWMAs of a vector series [C]. */
export interface Scales {
  readonly rates: readonly number[]; // EWMA rates, fastest first
  readonly centre: readonly Float64Array[]; // per rate m [C]
  readonly precision: readonly Float64Array[]; // per rate S^-1 [C, C]
  readonly scale: readonly number[]; // per rate q
  readonly smooth: number; // EWMA rate of the log score
}

export interface MahalanobisParams {
  readonly mean: Float64Array; // [C] raw units
  readonly std: Float64Array; // [C] raw units
  readonly scales: Scales;
}

export interface ScaleOptions {
  readonly rates: readonly number[];
  readonly smooth: number;
}

/** Found on SKAB (1 Hz) and TEP (3 min) alike; results change little from 0.1 to 0.3 in either rate. */
export const SCALE_DEFAULTS: ScaleOptions = { rates: [1, 0.2], smooth: 0.2 };
export const CLIP = 20; // standard deviations: clear enough for any fault, and one wild reading is forgotten within a dozen samples
const NEGLIGIBLE = 1e-9; // EWMA weights below this are left out of the window
export const FLOOR = 1e-6; // of the mean d2 / q, before the log

/** Rows after which an EWMA's remaining weight is negligible. */
export const reach = (rate: number): number => (rate >= 1 ? 1 : Math.ceil(Math.log(NEGLIGIBLE) / Math.log(1 - rate)));

/** Consecutive vectors that determine the score: two EWMAs in a row weigh age W by at most (1 + a W) (1 - a)^W, a the slower rate. */
export const scalesWindow = (s: Scales): number => {
  const slowest = Math.min(s.smooth, ...s.rates);
  return reach(slowest) + Math.ceil(4 / slowest);
};

/** z-scores of one sample, clipped; writes `out` [C]. */
export function standard(x: Float64Array, mean: Float64Array, std: Float64Array, out: Float64Array): void {
  for (let c = 0; c < out.length; c++) out[c] = Math.max(-CLIP, Math.min(CLIP, (x[c]! - mean[c]!) / std[c]!));
}

/** Makes the matrix A of the quadratic form e' A e from the covariance [n, n] of e over `rows` rows. May overwrite it. */
export type Metric = (covariance: Float64Array, n: number, rows: number) => Float64Array;

/** S^-1; the fewer the rows, the more of the correlations is dropped: 1 % at 7 rows per signal, 12 % at 3. */
const mahalanobisMetric: Metric = (s, n, rows) => inverse(shrink(s, n, Math.min(0.5, ((1.5 * n) / rows) ** 3), 1e-6), n);

/** Learns the scales of `z`: rows are vectors in time order, `starts` the first row of each contiguous run. */
export function fitScales(z: Matrix, starts: readonly number[], { rates, smooth }: ScaleOptions, metric: Metric = mahalanobisMetric): Scales {
  const n = z.cols;
  const e = new Float64Array(n),
    g = new Float64Array(n);
  const fitted = rates.map((a) => {
    const f = ewma(z, starts, a);
    if (f.rows < n + 2)
      throw new FitError(
        `only ${f.rows} of ${z.rows} samples are left in contiguous runs after warming up; ${n} signals need ${n + 2}`,
        `预热后连续段中只剩 ${f.rows}/${z.rows} 个样本，${n} 个信号需要 ${n + 2} 个`,
      );
    if (f.data.every((v) => v === 0)) throw new FitError("no signal varies", "没有任何信号在变化");
    const centre = standardise(f).mean;
    const s = covariance(f, centre);
    // a constant signal: the variance that white noise would keep. Otherwise 0.1 % more than measured, against collinear signals
    for (let i = 0, at = 0; i < n; i++, at += n + 1) s[at] = s[at]! < 1e-12 ? a / (2 - a) : s[at]! * 1.001;
    const precision = metric(s, n, f.rows);
    const d2 = Float64Array.from({ length: f.rows }, (_, r) => {
      for (let c = 0; c < n; c++) e[c] = f.data[r * n + c]! - centre[c]!;
      return quadratic(precision, n, e, g);
    });
    return { centre, precision, scale: Math.max(1e-9, quantile(d2, 0.9)) };
  });
  return { rates, smooth, centre: fitted.map((f) => f.centre), precision: fitted.map((f) => f.precision), scale: fitted.map((f) => f.scale) };
}

/** EWMA of rate `a`, restarted at each run; the first 2/a - 1 rows of a run are left out. */
function ewma(z: Matrix, starts: readonly number[], a: number): Matrix {
  const { rows, cols, data } = z;
  const begins = new Set(starts);
  const s = new Float64Array(cols);
  const out = new Float64Array(rows * cols);
  let kept = 0;
  for (let r = 0, seen = 0; r < rows; r++) {
    if (begins.has(r)) s.fill((seen = 0));
    const weight = a / (1 - (1 - a) ** ++seen);
    const keep = seen >= 2 / a - 1;
    for (let c = 0; c < cols; c++) {
      s[c] = (1 - a) * s[c]! + data[r * cols + c]!;
      if (keep) out[kept * cols + c] = s[c]! * weight;
    }
    if (keep) kept++;
  }
  return { rows: kept, cols, data: out.subarray(0, kept * cols) };
}

/** The running score of a series of vectors. */
export class ScaleStream {
  readonly #p: Scales;
  readonly #n: number;
  readonly #warm: number;
  readonly #sums: Float64Array[]; // per rate: sum_i (1 - a)^i z_{t-i}, not yet normalised
  readonly #e: Float64Array;
  readonly #g: Float64Array; // S^-1 (e - m)
  readonly #parts: Float64Array; // [C] contributions, smoothed like the score
  #log = 0;
  #seen = 0;

  constructor(p: Scales) {
    this.#p = p;
    const n = (this.#n = p.centre[0]?.length ?? 0);
    this.#warm = Math.ceil(3 / Math.min(p.smooth, ...p.rates));
    this.#e = new Float64Array(n);
    this.#g = new Float64Array(n);
    this.#parts = new Float64Array(n);
    this.#sums = p.rates.map(() => new Float64Array(n));
  }

  get ready(): boolean {
    return this.#seen >= this.#warm;
  }

  push(z: Float64Array): number {
    const { rates, precision, scale, smooth } = this.#p;
    const n = this.#n,
      e = this.#e,
      g = this.#g,
      parts = this.#parts;
    this.#seen++;
    for (let c = 0; c < n; c++) parts[c]! *= 1 - smooth;
    let mean = 0;
    for (let k = 0; k < rates.length; k++) {
      const a = rates[k]!,
        s = this.#sums[k]!;
      for (let c = 0; c < n; c++) s[c] = (1 - a) * s[c]! + z[c]!;
      this.#deviation(k);
      const q = scale[k]!;
      mean += quadratic(precision[k]!, n, e, g) / q;
      for (let c = 0; c < n; c++) parts[c]! += Math.max(0, e[c]! * g[c]!) / q; // d2 = sum_c e_c (S^-1 e)_c
    }
    this.#log = (1 - smooth) * this.#log + Math.log(Math.max(FLOOR, mean / rates.length));
    return this.ready ? Math.exp((0.5 * this.#log * smooth) / (1 - (1 - smooth) ** this.#seen)) : 0;
  }

  /** e = EWMA - m at rate number `k`. */
  #deviation(k: number): void {
    const a = this.#p.rates[k]!,
      s = this.#sums[k]!,
      m = this.#p.centre[k]!;
    const weight = a / (1 - (1 - a) ** this.#seen); // 1 / sum of the weights so far
    for (let c = 0; c < this.#n; c++) this.#e[c] = s[c]! * weight - m[c]!;
  }

  shares(out: Float64Array): void {
    let sum = 0;
    if (this.ready) for (let c = 0; c < this.#n; c++) sum += this.#parts[c]!;
    for (let c = 0; c < this.#n; c++) out[c] = sum > 0 ? this.#parts[c]! / sum : 0;
  }

  /** The conditional mean of each component given the others, at the fastest rate: EWMA_c - (S^-1 e)_c / (S^-1)_cc. */
  conditional(out: Float64Array): void {
    const n = this.#n,
      p = this.#p.precision[0]!,
      m = this.#p.centre[0]!;
    if (this.#seen === 0) return void out.fill(NaN);
    this.#deviation(0);
    quadratic(p, n, this.#e, this.#g);
    for (let c = 0; c < n; c++) out[c] = m[c]! + this.#e[c]! - this.#g[c]! / p[c * n + c]!;
  }

  reset(): void {
    this.#log = this.#seen = 0;
    this.#parts.fill(0);
    for (const s of this.#sums) s.fill(0);
  }

  save(): object {
    return { log: this.#log, seen: this.#seen, parts: this.#parts.slice(), sums: this.#sums.map((s) => s.slice()) };
  }

  load(state: object): void {
    const s = state as { log: number; seen: number; parts: Float64Array; sums: Float64Array[] };
    this.#log = s.log;
    this.#seen = s.seen;
    this.#parts.set(s.parts);
    s.sums.forEach((v, k) => this.#sums[k]?.set(v));
  }
}

class MahalanobisStream implements Stream {
  readonly #p: MahalanobisParams;
  readonly #z: Float64Array;
  readonly #scales: ScaleStream;

  constructor(p: MahalanobisParams) {
    this.#p = p;
    this.#z = new Float64Array(p.mean.length);
    this.#scales = new ScaleStream(p.scales);
  }

  get ready(): boolean {
    return this.#scales.ready;
  }

  push(x: Float64Array): number {
    standard(x, this.#p.mean, this.#p.std, this.#z);
    return this.#scales.push(this.#z);
  }

  shares(out: Float64Array): void {
    this.#scales.shares(out);
  }

  expected(out: Float64Array): void {
    this.#scales.conditional(out);
    for (let c = 0; c < out.length; c++) out[c] = this.#p.mean[c]! + this.#p.std[c]! * out[c]!;
  }

  reset(): void {
    this.#scales.reset();
  }

  save(): object {
    return this.#scales.save();
  }

  load(state: object): void {
    this.#scales.load(state);
  }
}

export function createMahalanobis(
  options: Partial<ScaleOptions> = {},
  name: "mahalanobis" | "pca" = "mahalanobis",
  metric: Metric = mahalanobisMetric,
): Method<MahalanobisParams> {
  return {
    name,
    fit({ x, starts }: TrainingSet) {
      const { rows, cols } = x;
      if (rows < 2 * cols + 10)
        throw new FitError(
          `${name} needs at least ${2 * cols + 10} complete samples for ${cols} signals, got ${rows}`,
          `${name} 对 ${cols} 个信号至少需要 ${2 * cols + 10} 个完整样本，实际为 ${rows}`,
        );
      const { mean, std } = standardise(x);
      const z = { rows, cols, data: new Float64Array(rows * cols) };
      for (let i = 0; i < rows * cols; i += cols) standard(x.data.subarray(i, i + cols), mean, std, z.data.subarray(i, i + cols));
      return { mean, std, scales: fitScales(z, starts, { ...SCALE_DEFAULTS, ...options }, metric) };
    },
    stream: (p) => new MahalanobisStream(p),
    window: (p) => scalesWindow(p.scales),
  };
}

export const mahalanobis = createMahalanobis();
