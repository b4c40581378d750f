/**
 * Fills in the signals that cannot be judged with what the others imply: the conditional mean of a Gaussian,
 * E[x_m | x_o] = mu_m - P_mm^-1 P_mo (x_o - mu_o), P = C^-1  (Bishop 2006, eq. 2.75). The regression for a set of missing signals is solved
 * once and kept, so that a sensor which stays away costs O(n) per sample.
 */
import type { ImputeModel } from "./model.ts";
import { cholesky, choleskySolve } from "./linalg.ts";

interface Regression {
  readonly missing: readonly number[];
  readonly observed: readonly number[];
  /** [missing, observed] row-major. */
  readonly weights: Float64Array;
}

const MAX_KEPT = 16;

export class Imputer {
  private readonly model: ImputeModel;
  private readonly n: number;
  private readonly kept = new Map<string, Regression>();
  private last: Regression | undefined;

  constructor(model: ImputeModel) {
    this.model = model;
    this.n = model.mean.length;
  }

  /** What the other signals imply for each one, raw units: E[x_k | others] = x_k - (P (x - mu))_k / P_kk, P = C^-1. `x` is complete. */
  expected(x: Float64Array, out: Float64Array): void {
    const { mean, precision } = this.model;
    const { n } = this;
    for (let k = 0; k < n; k++) {
      let v = 0;
      for (let i = 0, row = k * n; i < n; i++) v += precision[row + i]! * (x[i]! - mean[i]!);
      out[k] = x[k]! - v / precision[k * n + k]!;
    }
  }

  /** Replaces the NaN entries of `x` ([n], raw units) in place; returns how many there were. With nothing observed, the means. */
  fill(x: Float64Array): number {
    let missing = 0;
    for (let i = 0; i < this.n; i++) if (Number.isNaN(x[i])) missing++;
    if (missing === 0) return 0;
    const r = this.matches(x, this.last) ? this.last : this.regression(x);
    const { mean } = this.model;
    const o = r.observed.length;
    for (let a = 0; a < r.missing.length; a++) {
      const m = r.missing[a]!;
      let v = mean[m]!;
      for (let b = 0; b < o; b++) {
        const k = r.observed[b]!;
        v += r.weights[a * o + b]! * (x[k]! - mean[k]!);
      }
      x[m] = v;
    }
    return missing;
  }

  private matches(x: Float64Array, r: Regression | undefined): r is Regression {
    if (r === undefined) return false;
    for (const m of r.missing) if (!Number.isNaN(x[m])) return false;
    for (const o of r.observed) if (Number.isNaN(x[o])) return false;
    return true;
  }

  private regression(x: Float64Array): Regression {
    const missing: number[] = [];
    const observed: number[] = [];
    for (let i = 0; i < this.n; i++) (Number.isNaN(x[i]) ? missing : observed).push(i);
    const key = missing.join();
    const known = this.kept.get(key);
    if (known) return (this.last = known);
    if (this.kept.size >= MAX_KEPT) this.kept.clear();
    const made = { missing, observed, weights: this.solve(missing, observed) };
    this.kept.set(key, made);
    return (this.last = made);
  }

  /** W [missing, observed] = -P_mm^-1 P_mo: cheap while little is missing. */
  private solve(missing: readonly number[], observed: readonly number[]): Float64Array {
    const { precision } = this.model;
    const o = observed.length;
    const m = missing.length;
    const p = new Float64Array(m * m);
    const w = new Float64Array(m * o);
    missing.forEach((i, a) => {
      missing.forEach((j, k) => (p[a * m + k] = precision[i * this.n + j]!));
      observed.forEach((j, k) => (w[a * o + k] = -precision[i * this.n + j]!));
    });
    const factor = cholesky(p, m);
    return factor === null ? new Float64Array(m * o) : choleskySolve(factor, m, w, o); // without a usable correlation: the mean
  }
}
