/** Data and slow reference computations for the detector's tests. */
import { generator } from "../../../lib/detect/random.ts";
import type { SampleChunk } from "../../../lib/detect/buffer.ts";
import type { FitJob } from "../../../lib/detect/settings.ts";
import type { Matrix, Stream, TrainingSet } from "../../../lib/detect/types.ts";
import type { SignalSpec } from "../../../lib/signals/types.ts";

/** Rows [rows, cols] from a function of the row number and a source of normal numbers. */
export function rowsFrom(rows: number, cols: number, seed: number, row: (r: number, normal: () => number) => ArrayLike<number>): Matrix {
  const g = generator(seed);
  const data = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) data.set(Array.from(row(r, () => g.normal())), r * cols);
  return { rows, cols, data };
}

/** `cols` autocorrelated signals that share one slow cause, on levels 10, 20, 30 ... */
export function plant(rows: number, cols: number, seed: number): Matrix {
  let cause = 0;
  const own = new Float64Array(cols);
  return rowsFrom(rows, cols, seed, (_, normal) => {
    cause = 0.7 * cause + normal();
    return own.map((v, c) => (own[c] = 0.4 * v + normal())).map((v, c) => 10 * (c + 1) + (c % 2 ? -1 : 1) * cause + v);
  });
}

/** Signals that repeat the same course every `period` rows, with a little noise. */
export function cycle(rows: number, cols: number, period: number, seed: number): Matrix {
  return rowsFrom(rows, cols, seed, (r, normal) => Array.from({ length: cols }, (_, c) => Math.sin((2 * Math.PI * (r + 7 * c)) / period) + 0.05 * normal()));
}

export const whole = (x: Matrix, starts: readonly number[] = [0]): TrainingSet => ({ x, starts });
export const row = (x: Matrix, r: number): Float64Array => x.data.subarray(r * x.cols, (r + 1) * x.cols);
export const column = (x: Matrix, c: number): Float64Array => Float64Array.from({ length: x.rows }, (_, r) => x.data[r * x.cols + c]!);

/** Scores of rows `from` to `to`. */
export const scoresOf = (stream: Stream, x: Matrix, from = 0, to = x.rows): number[] =>
  Array.from({ length: to - from }, (_, i) => stream.push(row(x, from + i)));

export const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
export const close = (a: number, b: number, tolerance = 1e-9): boolean => Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a), Math.abs(b));

/** A^-1 [n, n] by Gauss-Jordan elimination with row exchanges. */
export function invert(a: ArrayLike<number>, n: number): Float64Array {
  const m = Array.from({ length: n }, (_, i) => Array.from({ length: 2 * n }, (_, j) => (j < n ? a[i * n + j]! : j - n === i ? 1 : 0)));
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++) if (Math.abs(m[i]![k]!) > Math.abs(m[best]![k]!)) best = i;
    [m[k], m[best]] = [m[best]!, m[k]!];
    const pivot = m[k]![k]!;
    m[k] = m[k]!.map((v) => v / pivot);
    for (let i = 0; i < n; i++) {
      const f = m[i]![k]!;
      if (i !== k) m[i] = m[i]!.map((v, j) => v - f * m[k]![j]!);
    }
  }
  return Float64Array.from(m.flatMap((r) => r.slice(n)));
}

/** A B for A [n, k], B [k, m]. */
export const product = (a: ArrayLike<number>, b: ArrayLike<number>, n: number, k: number, m: number): Float64Array =>
  Float64Array.from({ length: n * m }, (_, at) => sum(Array.from({ length: k }, (_, i) => a[Math.floor(at / m) * k + i]! * b[i * m + (at % m)]!)));

export const transpose = (a: ArrayLike<number>, rows: number, cols: number): Float64Array =>
  Float64Array.from({ length: rows * cols }, (_, at) => a[(at % rows) * cols + Math.floor(at / rows)]!);

/** Largest |a - b|. */
export const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((m, v, i) => Math.max(m, Math.abs(v - b[i]!)), 0);

export const spec = (name: string, kind: SignalSpec["kind"] = "auto"): SignalSpec => ({ name, unit: "", low: null, high: null, kind });

/** A training job over `x`, one sample per second from 1,000,000 ms on, in chunks of `chunk` rows. */
export function jobOf(x: Matrix, more: Partial<FitJob> = {}, times = Float64Array.from({ length: x.rows }, (_, r) => 1e6 + 1000 * r), chunk = 300): FitJob {
  const chunks: SampleChunk[] = [];
  for (let r = 0; r < x.rows; r += chunk)
    chunks.push({ rows: x.data.slice(r * x.cols, Math.min(x.rows, r + chunk) * x.cols), times: times.slice(r, r + chunk) });
  return {
    signals: Array.from({ length: x.cols }, (_, c) => spec(`s${c}`)),
    periodMs: 0,
    chunks,
    exclude: [],
    method: "mahalanobis",
    falseAlarmsPerWeek: 1,
    confidence: 0.9,
    seed: 1,
    ...more,
  };
}
