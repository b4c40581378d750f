/** The vocabulary of `lib/detect`: what a method is, how it is fitted, and how it runs sample by sample. */
import type { Bilingual } from "../errors.ts";

/** Row-major matrix: `data[r * cols + c]`. In the detector rows are samples in time order and columns are signals. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** Normal samples to learn from: complete (no NaN), in time order. `starts` lists the rows at which a new contiguous run begins (always holds 0). */
export interface TrainingSet {
  readonly x: Matrix;
  readonly starts: readonly number[];
}

export const METHOD_NAMES = ["mahalanobis", "var", "nearest", "pca", "robust", "forest"] as const;
export type MethodName = (typeof METHOD_NAMES)[number];

/** What a fit may depend on besides the data. Everything random draws from `seed`. */
export interface FitContext {
  readonly seed: number;
}

/**
 * One anomaly method. `P` holds everything that was learned as plain numbers, strings, booleans, arrays and typed arrays
 * (structured-cloneable, so it crosses the process boundary and is written into the model file).
 */
export interface Method<P extends object> {
  readonly name: MethodName;
  /** Throws `FitError` when the data cannot support the method (too few rows, no variance, ...). */
  readonly fit: (train: TrainingSet, context: FitContext) => P;
  /** A fresh stream over the fitted parameters, with empty buffers. */
  readonly stream: (p: P) => Stream;
  /** How many consecutive samples, ending with the one scored, determine the score to within 1e-6 relative. */
  readonly window: (p: P) => number;
  /** For a bounded score: the highest that a clear fault of one signal reaches; a limit above it would never be exceeded. */
  readonly ceiling?: (p: P) => number;
}

export type Learning = "yes" | "hold" | "no";

/** Runs one fitted method sample by sample: O(1) in the length of the stream. */
export interface Stream {
  /** Raw score (>= 0, higher is more anomalous; not yet relative to a limit) of the sample `x` (one raw value per signal, complete). 0 until warmed up. */
  push(x: Float64Array): number;
  /** True once enough samples have been seen for the score to mean something. */
  readonly ready: boolean;
  /** Writes each signal's share (>= 0) of the last score into `out`; the shares sum to 1 (or are all 0 when the score is 0). */
  shares(out: Float64Array): void;
  /** What the method expected for each signal at the last sample, in raw units; NaN where it has no opinion. */
  expected(out: Float64Array): void;
  /**
   * Adaptive methods: whether the sample just pushed may be learned; `hold` keeps it aside until `release`. Others ignore it. A stream that
   * is never told to learn stays exactly as it was fitted.
   */
  learn?(how: Learning): void;
  /** What was pushed `from` to `to` samples ago (inclusive, 0 = the last one) was a fault: windows ending there are no longer known as normal. */
  forget?(from: number, to: number): void;
  /** What was held is learned (`accept`), or given up. */
  release?(accept: boolean): void;
  /** Forgets the buffers (after a gap in the data) but not what was learned. */
  reset(): void;
  /** Structured-cloneable state, and back, so that a restart goes on where it stopped. */
  save(): object;
  load(state: object): void;
}

/** The data cannot support what was asked of it; the reason is a plain sentence for the engineer, in both languages. */
export class FitError extends Error {
  override readonly name = "FitError";
  readonly text: Bilingual;

  constructor(en: string, zh: string) {
    super(en);
    this.text = { en, zh };
  }
}
