/**
 * Isolation forest (Liu, Ting & Zhou, ICDM 2008) on each signal's current value and its EWMA: how few random cuts separate this sample from
 * the normal ones?
 *
 *   f = [z, EWMA_0.2(z)]                              [2 C]
 *   score = 2^(-mean over trees of depth(f) / c(n))   in 0..1; c(n): mean depth of an unsuccessful search among n samples
 *
 * Shares: a cut that sends the sample to n' of n learning samples gives log2(n / n') bits; what exceeds the one bit of an even cut counts
 * for the cut's signal.
 */
import { standardise } from "../linalg.ts";
import { FitError, type FitContext, type Method, type Stream, type TrainingSet } from "../types.ts";
import { generator } from "../random.ts";
import { reach, standard } from "./mahalanobis.ts";

/** All trees in one table of nodes; node k of an inner kind has its children at left[k] and left[k] + 1. */
export interface ForestParams {
  readonly mean: Float64Array; // [C] raw units
  readonly std: Float64Array; // [C] raw units
  readonly roots: Int32Array; // [trees]
  readonly feature: Int16Array; // [nodes] 0..2C-1, -1 at a leaf
  readonly cut: Float64Array; // [nodes] left when f < cut; at a leaf the path length
  readonly left: Int32Array; // [nodes]
  readonly count: Int32Array; // [nodes] learning samples that reached the node
  readonly typical: number; // c(n)
}

const TREES = 100;
const SAMPLES = 256;
export const RATE = 0.2; // of the EWMA

/** Mean depth of an unsuccessful search in a binary tree of n samples. */
const meanDepth = (n: number): number => (n <= 1 ? 0 : n === 2 ? 1 : 2 * (Math.log(n - 1) + 0.5772156649) - (2 * (n - 1)) / n);

class ForestStream implements Stream {
  readonly #p: ForestParams;
  readonly #n: number;
  readonly #z: Float64Array;
  readonly #sum: Float64Array; // sum_i (1 - a)^i z_{t-i}
  readonly #f: Float64Array; // [2 C]
  #seen = 0;

  constructor(p: ForestParams) {
    this.#p = p;
    this.#n = p.mean.length;
    this.#z = new Float64Array(this.#n);
    this.#sum = new Float64Array(this.#n);
    this.#f = new Float64Array(2 * this.#n);
  }

  get ready(): boolean {
    return this.#seen >= 3 / RATE;
  }

  push(x: Float64Array): number {
    const { mean, std, roots, feature, cut, left, typical } = this.#p;
    const n = this.#n,
      z = this.#z,
      sum = this.#sum,
      f = this.#f;
    standard(x, mean, std, z);
    const weight = RATE / (1 - (1 - RATE) ** ++this.#seen);
    for (let c = 0; c < n; c++) {
      f[c] = z[c]!;
      sum[c] = (1 - RATE) * sum[c]! + z[c]!;
      f[n + c] = sum[c]! * weight;
    }
    if (!this.ready) return 0;
    let depth = 0;
    for (let t = 0; t < roots.length; t++) {
      let k = roots[t]!;
      for (let v = feature[k]!; v >= 0; v = feature[k]!) k = left[k]! + (f[v]! < cut[k]! ? 0 : 1);
      depth += cut[k]!;
    }
    return 2 ** (-depth / (roots.length * typical));
  }

  shares(out: Float64Array): void {
    const { roots, feature, cut, left, count } = this.#p;
    const n = this.#n,
      f = this.#f;
    out.fill(0);
    if (!this.ready) return;
    let sum = 0;
    for (let t = 0; t < roots.length; t++) {
      let k = roots[t]!;
      for (let v = feature[k]!; v >= 0; v = feature[k]!) {
        const next = left[k]! + (f[v]! < cut[k]! ? 0 : 1);
        const bits = Math.max(0, Math.log2(count[k]! / count[next]!) - 1);
        out[v % n]! += bits;
        sum += bits;
        k = next;
      }
    }
    for (let c = 0; c < n; c++) out[c] = sum > 0 ? out[c]! / sum : 1 / n;
  }

  /** The learning rows' mean: a forest has no finer opinion. */
  expected(out: Float64Array): void {
    out.set(this.#p.mean);
  }

  reset(): void {
    this.#seen = 0;
    this.#sum.fill(0);
    this.#f.fill(0);
  }

  save(): object {
    return { seen: this.#seen, sum: this.#sum.slice(), f: this.#f.slice() };
  }

  load(state: object): void {
    const s = state as { seen: number; sum: Float64Array; f: Float64Array };
    this.#seen = s.seen;
    this.#sum.set(s.sum);
    this.#f.set(s.f);
  }
}

/** [z, EWMA(z)] of every learning row with a warm EWMA. */
function features({ x, starts }: TrainingSet, mean: Float64Array, std: Float64Array): Float64Array[] {
  const n = x.cols;
  const begins = new Set(starts);
  const sum = new Float64Array(n);
  const out: Float64Array[] = [];
  for (let r = 0, seen = 0; r < x.rows; r++) {
    if (begins.has(r)) sum.fill((seen = 0));
    const f = new Float64Array(2 * n);
    standard(x.data.subarray(r * n, r * n + n), mean, std, f.subarray(0, n));
    const weight = RATE / (1 - (1 - RATE) ** ++seen);
    for (let c = 0; c < n; c++) f[n + c] = (sum[c] = (1 - RATE) * sum[c]! + f[c]!) * weight;
    if (seen >= 2 / RATE - 1) out.push(f);
  }
  return out;
}

/** Grows one tree into `nodes`; returns its root. */
function grow(rows: readonly Float64Array[], next: () => number, nodes: { feature: number[]; cut: number[]; left: number[]; count: number[] }): number {
  const limit = Math.ceil(Math.log2(Math.max(2, rows.length)));
  const add = (): number => {
    nodes.feature.push(-1);
    nodes.cut.push(0);
    nodes.left.push(0);
    return nodes.count.push(0) - 1;
  };
  const fill = (k: number, inside: readonly Float64Array[], depth: number): void => {
    nodes.count[k] = Math.max(1, inside.length);
    nodes.cut[k] = depth + meanDepth(inside.length);
    if (inside.length < 2 || depth >= limit) return;
    const width = inside[0]!.length;
    const first = Math.floor(next() * width);
    for (let i = 0; i < width; i++) {
      const v = (first + i) % width; // the next feature that still varies
      let lo = Infinity,
        hi = -Infinity;
      for (const f of inside) {
        lo = Math.min(lo, f[v]!);
        hi = Math.max(hi, f[v]!);
      }
      const cut = lo + next() * (hi - lo);
      if (!(cut > lo)) continue;
      const left = add();
      add();
      nodes.feature[k] = v;
      nodes.cut[k] = cut;
      nodes.left[k] = left;
      fill(
        left,
        inside.filter((f) => f[v]! < cut),
        depth + 1,
      );
      fill(
        left + 1,
        inside.filter((f) => f[v]! >= cut),
        depth + 1,
      );
      return;
    }
  };
  const root = add();
  fill(root, rows, 0);
  return root;
}

/** The highest score of a sample that leaves the learned range in one signal: each tree sends it to the outermost leaf of its side. */
function ceiling(p: ForestParams): number {
  const far = 1e3;
  const stream = new ForestStream(p);
  const { mean, std } = p;
  let highest = 0;
  for (let c = 0; c < mean.length; c++)
    for (const sign of [-far, far]) {
      stream.reset();
      const x = mean.map((m, i) => (i === c ? m + sign * std[i]! : m));
      for (let i = 0; i < reach(RATE); i++) highest = Math.max(highest, stream.push(x));
    }
  return highest;
}

export const forest: Method<ForestParams> = {
  name: "forest",
  fit(train: TrainingSet, { seed }: FitContext) {
    const { mean, std } = standardise(train.x);
    const all = features(train, mean, std);
    if (all.length < 32)
      throw new FitError(`forest needs at least 32 samples in contiguous runs, got ${all.length}`, `forest 至少需要 32 个连续样本，实际为 ${all.length}`);
    const random = generator(seed);
    const next = (): number => random.uniform();
    const nodes = { feature: [] as number[], cut: [] as number[], left: [] as number[], count: [] as number[] };
    const size = Math.min(SAMPLES, all.length);
    const roots = Int32Array.from({ length: TREES }, () => {
      for (let i = 0; i < size; i++) {
        const j = i + Math.floor(next() * (all.length - i)); // partial Fisher-Yates
        [all[i], all[j]] = [all[j]!, all[i]!];
      }
      return grow(all.slice(0, size), next, nodes);
    });
    return {
      mean,
      std,
      roots,
      feature: Int16Array.from(nodes.feature),
      cut: Float64Array.from(nodes.cut),
      left: Int32Array.from(nodes.left),
      count: Int32Array.from(nodes.count),
      typical: meanDepth(size),
    };
  },
  stream: (p) => new ForestStream(p),
  window: () => reach(RATE),
  ceiling,
};
