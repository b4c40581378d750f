/** Small dense linear algebra for the detector's fits. Matrices are row-major `Float64Array`s; `n` is the order. */
import { FitError, type Matrix } from "./types.ts";

/**
 * Mean and standard deviation per column, safe for a huge offset (two passes around the first row).
 * A column without variance gets 1 % of its level (at least 0.01) as std, so that leaving the constant is visible.
 */
export function standardise(x: Matrix): { mean: Float64Array; std: Float64Array } {
  const { rows, cols, data } = x;
  const mean = new Float64Array(cols);
  const std = new Float64Array(cols);
  for (let c = 0; c < cols; c++) {
    const first = data[c] ?? 0; // sum differences from the first row, so that 1e9 + noise keeps its noise
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += data[r * cols + c]! - first;
    const m = first + sum / rows;
    let ss = 0;
    for (let r = 0; r < rows; r++) ss += (data[r * cols + c]! - m) ** 2;
    const s = Math.sqrt(ss / Math.max(1, rows - 1));
    mean[c] = m;
    if (!(s < Infinity))
      throw new FitError("a signal's values are not finite or too far apart to have a variance", "某个信号的数值不是有限数，或相差过大，无法计算方差");
    std[c] = s > 1e-12 + 4 * Number.EPSILON * Math.abs(m) ? s : 0.01 * Math.max(1, Math.abs(m));
  }
  return { mean, std };
}

/** Covariance [n, n] of the rows of `x` around `mean` (divisor rows - 1). */
export function covariance(x: Matrix, mean: Float64Array): Float64Array {
  const { rows, cols: n, data } = x;
  const s = new Float64Array(n * n);
  const d = new Float64Array(n);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < n; i++) d[i] = data[r * n + i]! - mean[i]!;
    for (let i = 0; i < n; i++) for (let j = 0, di = d[i]!; j <= i; j++) s[i * n + j]! += di * d[j]!;
  }
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) s[j * n + i] = s[i * n + j]! /= Math.max(1, rows - 1);
  return s;
}

/** S <- (1 - a) S + a diag(S) + ridge I: keeps the variances, weakens the correlations, so that S is well conditioned. In place. */
export function shrink(s: Float64Array, n: number, a: number, ridge: number): Float64Array {
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) s[i * n + j]! *= i === j ? 1 : 1 - a;
  for (let i = 0; i < n; i++) s[i * n + i]! += ridge;
  return s;
}

/** Lower triangular L with L L' = S, or null when S is not positive definite. */
export function cholesky(s: Float64Array, n: number): Float64Array | null {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let v = s[i * n + j]!;
      for (let k = 0; k < j; k++) v -= l[i * n + k]! * l[j * n + k]!;
      if (i === j) {
        if (!(v > 0) || v === Infinity) return null;
        l[i * n + i] = Math.sqrt(v);
      } else l[i * n + j] = v / l[j * n + j]!;
    }
  }
  return l;
}

/** Solves L L' X = B for B [n, m], in place in `b`. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array, m: number): Float64Array {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) for (let c = 0, v = l[i * n + k]!; c < m; c++) b[i * m + c]! -= v * b[k * m + c]!;
    for (let c = 0; c < m; c++) b[i * m + c]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) for (let c = 0, v = l[k * n + i]!; c < m; c++) b[i * m + c]! -= v * b[k * m + c]!;
    for (let c = 0; c < m; c++) b[i * m + c]! /= l[i * n + i]!;
  }
  return b;
}

/** L^-1 of a lower triangular L: W = L^-1 whitens, |W z|^2 = z' S^-1 z. */
export function triangularInverse(l: Float64Array, n: number): Float64Array {
  const w = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    w[j * n + j] = 1 / l[j * n + j]!;
    for (let i = j + 1; i < n; i++) {
      let v = 0;
      for (let k = j; k < i; k++) v -= l[i * n + k]! * w[k * n + j]!;
      w[i * n + j] = v / l[i * n + i]!;
    }
  }
  return w;
}

/** S^-1 [n, n], symmetric, through Cholesky; `ridge` I is added and raised tenfold until S is positive definite. */
export function inverse(s: Float64Array, n: number, ridge = 1e-9): Float64Array {
  let l = cholesky(s, n);
  for (let r = ridge; l === null && r < 1e6; r *= 10) l = cholesky(shrink(s.slice(), n, 0, r), n);
  if (l === null) throw new RangeError("the covariance is not finite");
  const w = triangularInverse(l, n);
  const p = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let v = 0;
      for (let k = i; k < n; k++) v += w[k * n + i]! * w[k * n + j]!;
      p[i * n + j] = p[j * n + i] = v;
    }
  }
  return p;
}

/** out = A z for A [n, n]; returns z' A z. The hot path of every quadratic form: allocates nothing. */
export function quadratic(a: Float64Array, n: number, z: Float64Array, out: Float64Array): number {
  let q = 0;
  for (let i = 0; i < n; i++) {
    let v = 0;
    for (let j = 0, row = i * n; j < n; j++) v += a[row + j]! * z[j]!;
    out[i] = v;
    q += v * z[i]!;
  }
  return q > 0 ? q : 0;
}

/** Eigenvalues (descending) and eigenvectors (columns of `vectors` [n, n]) of a symmetric S: cyclic Jacobi (Golub & Van Loan 8.5). */
export function symmetricEigen(s: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const a = s.slice();
  const v = new Float64Array(n * n);
  let total = 0;
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (const e of a) total += e * e;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) off += a[p * n + q]! ** 2;
    if (off <= 1e-24 * total) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!);
  const values = Float64Array.from(order, (i) => a[i * n + i]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let r = 0; r < n; r++) vectors[r * n + to] = v[r * n + from]!;
  });
  return { values, vectors };
}

/** One Jacobi rotation that zeroes a[p, q]. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1)); // tan of the smaller angle
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const x = a[k * n + p]!,
      y = a[k * n + q]!;
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (let k = 0; k < n; k++) {
    const x = a[p * n + k]!,
      y = a[q * n + k]!;
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const f = v[k * n + p]!,
      g = v[k * n + q]!;
    v[k * n + p] = c * f - s * g;
    v[k * n + q] = s * f + c * g;
  }
}

/** The q-quantile (0..1, linear between order statistics) of `values`. */
export function quantile(values: Float64Array, q: number): number {
  const v = values.slice().sort();
  const at = q * (v.length - 1);
  const lo = Math.floor(at);
  const a = v[lo] ?? NaN;
  return a + (at - lo) * ((v[lo + 1] ?? a) - a);
}
