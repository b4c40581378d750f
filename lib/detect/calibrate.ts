/**
 * The alarm limit from held-out normal scores: peaks over a high threshold, declustered (Ferro & Segers, JRSS B 2003), their tail in
 * log score a generalised Pareto distribution (Coles, An Introduction to Statistical Modeling of Extreme Values, 2001, ch. 4 and 5) with a
 * prior on its shape, evaluated on a grid: the limit is the level that holds the wanted rate with the wanted posterior probability.
 */
import { quantile } from "./linalg.ts";
import { FitError, type FitContext, type Method, type TrainingSet } from "./types.ts";

export interface CalibrationTarget {
  /** Alarm episodes per week that are acceptable on normal data. */
  readonly perWeek: number;
  /** Milliseconds between samples. */
  readonly periodMs: number;
  /** Probability (0.5..1) with which the limit keeps the target, as far as the scores at hand can tell. */
  readonly confidence: number;
  /** The interval between alarms is extrapolated to at most `reach` times the data's length for each independent peak in it (default 0.5). */
  readonly reach?: number;
}

export interface Calibration {
  /** Alarm above this score. */
  readonly limit: number;
  /** The limit at even odds: half of the plausible tails would call for a higher one. */
  readonly median: number;
  /** Share of single samples at or below the limit that is aimed at. */
  readonly quantile: number;
  readonly tail: {
    readonly threshold: number; // score
    readonly shape: number; // posterior mean, of log-score excesses
    readonly scale: number; // posterior mean, log-score units
    readonly rate: number; // peaks per sample
    /** Samples between exceedances that make them two episodes. */
    readonly gap: number;
  };
  /** Independent peaks that the tail rests on. */
  readonly peaks: number;
  /** Samples worth of independent information: peaks / share of samples above the threshold. */
  readonly effectiveSamples: number;
  readonly samples: number;
  /** Alarm episodes per week that the limit stands for: the target, or more where the data are too short to promise it. */
  readonly perWeek: number;
}

export const DEFAULT_TARGET = { perWeek: 1, confidence: 0.9, reach: 0.5 } as const;
const WEEK_MS = 7 * 24 * 3600 * 1000;
const FEWEST = 60; // scores
const SHAPE = { mean: 0, sd: 0.1 } as const; // a power law of the score, give or take
/** Of log(scale): mean excess over the 0.9 quantile / (0.9 quantile - median) is 0.37 for a normal and 0.62 for an exponential law. */
const SCALE = { share: 0.45, sd: 0.4 } as const;
const SHAPES = Array.from({ length: 15 }, (_, i) => -0.4 + 0.04 * i);

/** `scores` in time order; `starts` lists where contiguous runs begin (peaks are not joined across them). */
export function calibrate(scores: Float64Array, target: CalibrationTarget, starts: readonly number[] = [0]): Calibration {
  const n = scores.length;
  if (n < FEWEST)
    throw new FitError(`calibration needs at least ${FEWEST} scores of normal samples, got ${n}`, `校准至少需要 ${FEWEST} 个正常样本的得分，实际为 ${n}`);
  const y = levelled(
    scores.map((s) => Math.log(Math.max(s, 1e-12))),
    starts,
  );
  const share = Math.max(0.02, Math.min(0.1, 500 / n));
  const u = quantile(y, 1 - share);
  const gap = clusterGap(y, u);
  const excesses = clusterPeaks(y, u, gap, starts).map((p) => p - u);
  const k = excesses.length;
  const asked = (target.perWeek * target.periodMs) / WEEK_MS; // peaks per sample
  const wanted = Math.max(asked, 1 / (n * (target.reach ?? DEFAULT_TARGET.reach) * Math.max(2, k)));
  const ratio = Math.max(1, k / n / wanted);
  const posterior = tailPosterior(excesses, Math.max(1e-9, SCALE.share * (u - quantile(y, 0.5))));
  // per plausible tail the level that P(excess > level) = 1 / ratio reaches
  const levels = posterior.map(({ shape, scale, weight }) => ({
    weight,
    level: Math.abs(shape) < 1e-6 ? scale * Math.log(ratio) : (scale / shape) * (ratio ** shape - 1),
  }));
  levels.sort((a, b) => a.level - b.level);
  const at = (p: number): number => {
    let sum = 0;
    for (const { weight, level } of levels) if ((sum += weight) >= p) return level;
    return levels.at(-1)?.level ?? 0;
  };
  return {
    limit: Math.exp(u + at(target.confidence)),
    median: Math.exp(u + at(0.5)),
    quantile: 1 - (wanted * share * n) / Math.max(1, k),
    tail: {
      threshold: Math.exp(u),
      shape: posterior.reduce((s, p) => s + p.weight * p.shape, 0),
      scale: posterior.reduce((s, p) => s + p.weight * p.scale, 0),
      rate: k / n,
      gap,
    },
    peaks: k,
    effectiveSamples: k / share,
    samples: n,
    perWeek: (target.perWeek * wanted) / asked,
  };
}

/** Alarm episodes per week on normal data that another limit stands for, by the mean tail: rate (1 + shape e / scale)^(-1 / shape), e = ln(limit / threshold). */
export function alarmsPerWeek({ tail }: Pick<Calibration, "tail">, limit: number, periodMs: number): number {
  const e = Math.max(0, Math.log(limit / tail.threshold));
  const { shape, scale, rate } = tail;
  const above = Math.abs(shape) < 1e-6 ? Math.exp(-e / scale) : Math.max(0, 1 + (shape * e) / scale) ** (-1 / shape);
  return (rate * above * WEEK_MS) / periodMs;
}

/**
 * Moves each run of log scores to the median level of all runs. Held-out blocks differ in level when the signals drift or when a block lies
 * outside what the other blocks taught; the final model has learned every block, so their common level is what it will show.
 */
function levelled(y: Float64Array, starts: readonly number[]): Float64Array {
  const runs = starts.map((from, k) => y.subarray(from, starts[k + 1] ?? y.length)).filter((run) => run.length > 0);
  const levels = Float64Array.from(runs, (run) => quantile(run, 0.5));
  const common = quantile(levels, 0.5);
  runs.forEach((run, k) => run.forEach((v, i) => (run[i] = v - levels[k]! + common)));
  return y;
}

/** Intervals estimator of the extremal index (Ferro & Segers): the gap between exceedances that separates clusters. */
function clusterGap(y: Float64Array, u: number): number {
  const gaps: number[] = [];
  let last = -1;
  y.forEach((v, t) => {
    if (v <= u) return;
    if (last >= 0) gaps.push(t - last);
    last = t;
  });
  if (gaps.length < 2) return 1;
  let a = 0,
    b = 0;
  for (const g of gaps) {
    a += g - 1;
    b += (g - 1) * Math.max(0, g - 2);
  }
  const theta = b > 0 ? Math.min(1, (2 * a * a) / (gaps.length * b)) : 1;
  const clusters = Math.max(5, Math.floor(theta * gaps.length)); // never fewer than five, or there is no tail to fit
  gaps.sort((p, q) => q - p);
  return Math.max(1, gaps[Math.min(clusters, gaps.length - 1)] ?? 1);
}

/** The highest value of each cluster of exceedances. */
function clusterPeaks(y: Float64Array, u: number, gap: number, starts: readonly number[]): number[] {
  const begins = new Set(starts);
  const peaks: number[] = [];
  let last = -Infinity;
  y.forEach((v, t) => {
    if (begins.has(t)) last = -Infinity;
    if (v <= u) return;
    if (t - last > gap) peaks.push(v);
    else peaks[peaks.length - 1] = Math.max(peaks.at(-1) ?? v, v);
    last = t;
  });
  return peaks;
}

/** Posterior weights of (shape, scale) on a grid, given excesses > 0 and the scale that the bulk of the scores suggests. */
function tailPosterior(excesses: readonly number[], prior: number): { shape: number; scale: number; weight: number }[] {
  const grid = SHAPES.flatMap((shape) =>
    Array.from({ length: 60 }, (_, i) => {
      const deviation = (i - 29.5) / 10; // -3 .. 3 standard deviations
      const scale = prior * Math.exp(SCALE.sd * deviation);
      let log = -0.5 * (((shape - SHAPE.mean) / SHAPE.sd) ** 2 + deviation ** 2);
      for (const e of excesses) {
        const inside = 1 + (shape * e) / scale;
        if (inside <= 0) return { shape, scale, weight: -Infinity };
        log -= Math.log(scale) + (Math.abs(shape) < 1e-6 ? e / scale : (1 + 1 / shape) * Math.log(inside));
      }
      return { shape, scale, weight: log };
    }),
  );
  const top = grid.reduce((m, g) => Math.max(m, g.weight), -Infinity);
  const total = grid.reduce((s, g) => s + Math.exp(g.weight - top), 0);
  return grid.map((g) => ({ ...g, weight: Math.exp(g.weight - top) / total }));
}

/**
 * Scores of samples that the model has not seen: each of `folds` contiguous blocks is scored by a model fitted on the others, its buffers
 * warmed up on the rows before the block. Rows without a warm stream are left out. `starts` are the runs of the returned scores, one per block.
 */
export function outOfFold<P extends object>(method: Method<P>, train: TrainingSet, context: FitContext, folds = 5): { scores: Float64Array; starts: number[] } {
  const { rows, cols, data } = train.x;
  const scores: number[] = [];
  const starts: number[] = [];
  for (let k = 0; k < folds; k++) {
    const from = Math.floor((k * rows) / folds),
      to = Math.floor(((k + 1) * rows) / folds);
    const rest = new Float64Array((rows - (to - from)) * cols);
    rest.set(data.subarray(0, from * cols));
    rest.set(data.subarray(to * cols), from * cols);
    const runs = new Set(train.starts.filter((s) => s < from || s >= to).map((s) => (s < from ? s : s - (to - from))));
    runs.add(0);
    if (from < rest.length / cols) runs.add(from); // the seam
    const p = method.fit({ x: { rows: rest.length / cols, cols, data: rest }, starts: [...runs].sort((a, b) => a - b) }, context);
    const stream = method.stream(p);
    const begins = new Set(train.starts);
    starts.push(scores.length);
    for (let r = Math.max(0, from - method.window(p)); r < to; r++) {
      if (begins.has(r)) stream.reset();
      const score = stream.push(data.subarray(r * cols, (r + 1) * cols));
      if (r >= from && stream.ready) scores.push(score);
    }
  }
  return { scores: Float64Array.from(scores), starts };
}
