/**
 * `auto`: which method stays quiet on normal data that it has not seen, in time order. Every candidate learns on the past and is calibrated
 * there to the wanted false-alarm rate; then it runs over the next stretch. The one whose high scores stay furthest below its own limit is
 * taken: it keeps its promise, and by the same margin it can tell a fault. Nothing about faults is known, so nothing about them is assumed.
 *
 * The pattern method is judged by itself first: where windows of the normal data repeat so closely that they can be recognised, comparing
 * windows sees what no method on single samples can; where they do not (independent noise on many signals), it is blind.
 */
import type { Bilingual } from "../errors.ts";
import { calibrate, outOfFold, type Calibration, type CalibrationTarget } from "./calibrate.ts";
import { quantile } from "./linalg.ts";
import { METHODS } from "./methods.ts";
import { nearest } from "./methods/nearest.ts";
import type { Candidate } from "./model.ts";
import { FitError, type FitContext, type MethodName, type TrainingSet } from "./types.ts";

/** The past ends here, and the next tenth is the future. */
const CUTS = [0.5, 0.6, 0.7, 0.8, 0.9] as const;
const FUTURE = 0.1;
/** Samples the race looks at: the newest ones. A fit on all of them follows. */
const RACE_ROWS = 20_000;
/** Which methods `auto` compares. A robust z and a forest hardly react to anything, which looks like stability: they are chosen by hand only. */
const ENTRANTS: readonly MethodName[] = ["var", "mahalanobis", "pca"];
/**
 * Root-mean-square distance, in standard deviations, between windows of `PATTERN_WINDOW` samples and their nearest neighbours (0.75 quantile
 * over the learning period) below which windows count as repeating. Independent noise gives sqrt(2) = 1.41, strongly
 * autocorrelated noise (AR .95) 1.1; a rhythm that returns, well below 1.
 */
const REPEATS_BELOW = 0.8;
const PATTERN_WINDOW = 60;

const NONE: Bilingual = { en: "", zh: "" };

export interface RaceResult {
  readonly method: MethodName;
  readonly candidates: readonly Candidate[];
  readonly why: Bilingual;
}

/** Chooses a method for `train`. Throws FitError when none can be fitted and calibrated. */
export function race(train: TrainingSet, context: FitContext, target: CalibrationTarget, progress: (share: number) => void = () => undefined): RaceResult {
  const recent = newest(train, RACE_ROWS);
  const distance = repeatDistance(recent, context);
  const several = train.x.cols > 1;
  const pattern: Candidate = {
    method: "nearest",
    chosen: !several || distance < REPEATS_BELOW,
    margin: NaN,
    repeats: distance,
    reason: several
      ? {
          en: `windows differ by ${distance.toFixed(2)} standard deviations from their nearest neighbours (recognisable below ${REPEATS_BELOW})`,
          zh: `窗口与其最近邻相差 ${distance.toFixed(2)} 个标准差（低于 ${REPEATS_BELOW} 才可辨认）`,
        }
      : { en: "the only method for one signal", zh: "单个信号只适用此方法" },
  };
  if (pattern.chosen) return { method: "nearest", candidates: [pattern], why: { en: `nearest: ${pattern.reason.en}`, zh: `nearest：${pattern.reason.zh}` } };
  const ran = ENTRANTS.map((method, k): Candidate => {
    try {
      return {
        method,
        chosen: false,
        margin: stability(method, recent, context, target, (share) => progress((k + share) / ENTRANTS.length)),
        repeats: NaN,
        reason: NONE,
      };
    } catch (e) {
      if (e instanceof FitError) return { method, chosen: false, margin: NaN, repeats: NaN, reason: e.text };
      throw e;
    }
  });
  const valid = ran.filter((c) => !Number.isNaN(c.margin));
  // too little data for a race: the simplest method that can be fitted at all
  const best = valid.length > 0 ? valid.reduce((a, b) => (b.margin < a.margin ? b : a)).method : "mahalanobis";
  const percent = (margin: number): string => `${Math.round(100 * Math.exp(margin))} %`;
  const candidates = [...ran.map((c) => (c.method === best ? { ...c, chosen: true } : c)), pattern];
  const told = valid.map((c) => `${c.method} ${percent(c.margin)}`).join(", ");
  const why: Bilingual =
    valid.length > 0
      ? {
          en: `${best}: on later normal data that it had not seen, its high scores (95 %) stayed lowest below its own limit (${told} of the limit)`,
          zh: `${best}：在未见过的后续正常数据上，其高分位得分（95 %）相对自身限值最低（占限值：${told}）`,
        }
      : { en: `${best}: not enough data to compare methods`, zh: `${best}：数据不足，无法比较各方法` };
  return { method: best, candidates, why };
}

/** Mean over the cuts of ln(q95 of the next stretch / limit calibrated on the past); lower is quieter. NaN when no cut can be judged. */
function stability(method: MethodName, train: TrainingSet, context: FitContext, target: CalibrationTarget, progress: (share: number) => void): number {
  const { rows, cols, data } = train.x;
  const { fit, stream, window } = METHODS[method];
  let sum = 0;
  let cuts = 0;
  for (const [k, cut] of CUTS.entries()) {
    progress(k / CUTS.length);
    const from = Math.floor(cut * rows);
    const to = Math.floor((cut + FUTURE) * rows);
    const past = until(train, from);
    let limit: number;
    let p: object;
    try {
      const held = outOfFold(METHODS[method], past, context);
      limit = calibrate(held.scores, target, held.starts).limit;
      p = fit(past, context);
    } catch (e) {
      if (e instanceof FitError) continue; // too short a past
      throw e;
    }
    const live = stream(p);
    const begins = new Set(train.starts);
    const scores: number[] = [];
    for (let r = Math.max(0, from - window(p)); r < to; r++) {
      if (begins.has(r)) live.reset();
      const score = live.push(data.subarray(r * cols, (r + 1) * cols));
      if (r >= from && live.ready) scores.push(score);
    }
    if (scores.length === 0) continue;
    sum += Math.log(Math.max(1e-12, quantile(Float64Array.from(scores), 0.95)) / limit);
    cuts++;
  }
  return cuts > 0 ? sum / cuts : NaN;
}

/** The pattern method's own distance at about `PATTERN_WINDOW` samples; Infinity when it cannot be fitted. */
function repeatDistance(train: TrainingSet, context: FitContext): number {
  try {
    const p = nearest.fit(train, context);
    let at = 0;
    p.windows.forEach((w, k) => {
      if (Math.abs(w - PATTERN_WINDOW) < Math.abs(p.windows[at]! - PATTERN_WINDOW)) at = k;
    });
    return p.quantiles[at]!;
  } catch (e) {
    if (e instanceof FitError) return Infinity;
    throw e;
  }
}

function until(train: TrainingSet, to: number): TrainingSet {
  const { cols, data } = train.x;
  return { x: { rows: to, cols, data: data.subarray(0, to * cols) }, starts: train.starts.filter((s) => s < to) };
}

function newest(train: TrainingSet, rows: number): TrainingSet {
  const from = Math.max(0, train.x.rows - rows);
  if (from === 0) return train;
  const { cols, data } = train.x;
  return { x: { rows, cols, data: data.subarray(from * cols) }, starts: [0, ...train.starts.flatMap((s) => (s > from ? [s - from] : []))] };
}

/** Held-out scores to calibrate a method's limit with; see `prequential` for methods that learn while they run. */
export function heldOut(method: MethodName, train: TrainingSet, context: FitContext): { readonly scores: Float64Array; readonly starts: readonly number[] } {
  return method === "nearest" ? prequential(train, context) : outOfFold(METHODS[method], newest(train, RACE_ROWS), context);
}

/** Learns on the first half, then goes on as in operation: scores each sample before it may be learned (Dawid 1984). */
function prequential(train: TrainingSet, context: FitContext): { scores: Float64Array; starts: number[] } {
  const { rows, cols, data } = train.x;
  const half = Math.floor(rows / 2);
  const p = nearest.fit(until(train, half), context);
  const live = nearest.stream(p);
  const begins = new Set(train.starts);
  const scores: number[] = [];
  const starts: number[] = [0];
  for (let r = Math.max(0, half - nearest.window(p)); r < rows; r++) {
    if (begins.has(r)) {
      live.reset();
      if (r > half && scores.length > 0) starts.push(scores.length);
    }
    const score = live.push(data.subarray(r * cols, (r + 1) * cols));
    if (r < half) continue;
    if (live.ready) scores.push(score);
    live.learn?.("yes");
  }
  return { scores: Float64Array.from(scores), starts: [...new Set(starts)] };
}

export type { Calibration };
