/** The trained state of a detector: everything the streaming path and the ONNX graph need, as plain serialisable values. */
import type { Bilingual } from "../errors.ts";
import type { LearnedHealth, SignalSpec } from "../signals/types.ts";
import type { MethodName } from "./types.ts";

/** One method in the fused score: contributes `weight * ln(raw / scale)`. */
export interface Member {
  readonly method: MethodName;
  readonly params: object;
  /** > 0; the weights of a model sum to 1. */
  readonly weight: number;
  /** Raw score that counts as 1 before fusing: the 0.9 quantile on held-out normal data. */
  readonly scale: number;
}

/** How the limit came about (all scores are fused scores before division by the limit). */
export interface Calibration {
  readonly limit: number;
  readonly targetPerWeek: number;
  /** What the limit stands for: the target, or more where the data are too short to promise it. */
  readonly perWeek: number;
  readonly confidence: number;
  readonly periodMs: number;
  /** Independent excesses that the tail was fitted to, and held-out samples they came from. */
  readonly excesses: number;
  readonly samples: number;
  /** 0.9 quantile of the fused score on held-out normal data. */
  readonly quantile90: number;
  /** Generalised Pareto tail of the logarithm of the score above `threshold` (Coles 2001, ch. 4). */
  readonly threshold: number;
  readonly scale: number;
  readonly shape: number;
  /** Highest fused score on held-out normal data. */
  readonly highest: number;
}

/** What one candidate of `auto` did on held-out normal data; for the card. */
export interface Candidate {
  readonly method: MethodName;
  readonly chosen: boolean;
  /** Mean of ln(0.95 quantile of the scores of later unseen normal data / own limit); below 0 is quiet. NaN = not run. */
  readonly margin: number;
  /** Why it was, or could not be, chosen. */
  readonly reason: Bilingual;
}

/** Gaussian model of the analog signals, for filling in a signal that cannot be judged from those that can. */
export interface ImputeModel {
  readonly mean: Float64Array;
  /** [n, n] row-major inverse of the covariance with shrinkage. */
  readonly precision: Float64Array;
}

export interface ChangeModel {
  /** Per analog signal: mean and standard deviation of block means on normal data, raw units. */
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  /** Samples per block, and the limit for the two-sided cumulative sum, in deviations. */
  readonly block: number;
  readonly limit: number;
}

export interface DetectorModel {
  readonly format: 1;
  readonly signals: readonly SignalSpec[];
  /** Learned kind per signal, in signal order; the methods see the analog ones only. */
  readonly kinds: readonly ("analog" | "discrete" | "constant" | "ignore")[];
  /** Signal index of each column that the methods see. */
  readonly columns: readonly number[];
  readonly periodMs: number;
  readonly members: readonly Member[];
  /** Weight of the newest sample in the causal smoothing of the log score; 1 = none. */
  readonly smoothing: number;
  readonly limit: number;
  readonly calibration: Calibration;
  readonly candidates: readonly Candidate[];
  readonly health: LearnedHealth;
  readonly impute: ImputeModel;
  readonly change: ChangeModel;
  /** Raw samples that determine a score to 1e-6: the window of the ONNX graph. */
  readonly window: number;
  readonly trained: {
    readonly rows: number;
    readonly from: number;
    readonly to: number;
    /** SHA-256 of the training samples (float64, little-endian, row-major), hex. */
    readonly digest: string;
    readonly seed: number;
    readonly created: number;
  };
  /** One plain sentence on what was chosen and why. */
  readonly why: Bilingual;
}
