/**
 * `auto`: which method stays quiet on normal data that it has not seen, in time order. Every candidate learns on the past and is calibrated
 * there to the wanted false-alarm rate; then it runs over the next stretch. The one whose high scores stay furthest below its own limit is
 * taken: it keeps its promise, and by the same margin it can tell a fault. Nothing about faults is known, so nothing about them is assumed.
 *
 * One signal has no relation to others that could break: there, stretches of it are compared with those known as normal (the pattern method). With
 * several signals that method is left to the engineer: it learns on while it runs, and in a smooth plant a lasting fault looks like any other stretch.
 */
import type { Bilingual } from "../errors.ts";
import { calibrate, outOfFold, type CalibrationTarget } from "./calibrate.ts";
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
/** In the order of `ENTRANTS`, a later one must be quieter by a fifth of its limit: differences below that are chance on some hundred samples. */
const CLEARLY = 0.2;

const NONE: Bilingual = { en: "", zh: "" };

export interface RaceResult {
  readonly method: MethodName;
  readonly candidates: readonly Candidate[];
  readonly why: Bilingual;
}

/** Chooses a method for `train`. Throws FitError when none can be fitted and calibrated. */
export function race(train: TrainingSet, context: FitContext, target: CalibrationTarget, progress: (share: number) => void = () => undefined): RaceResult {
  if (train.x.cols === 1) {
    const reason: Bilingual = { en: "the method for one signal", zh: "适用于单个信号的方法" };
    return {
      method: "nearest",
      candidates: [{ method: "nearest", chosen: true, margin: NaN, reason }],
      why: { en: `nearest: ${reason.en}`, zh: `nearest：${reason.zh}` },
    };
  }
  const recent = newest(train, RACE_ROWS);
  const ran = ENTRANTS.map((method, k): Candidate => {
    try {
      return {
        method,
        chosen: false,
        margin: stability(method, recent, context, target, (share) => progress((k + share) / ENTRANTS.length)),
        reason: NONE,
      };
    } catch (e) {
      if (e instanceof FitError) return { method, chosen: false, margin: NaN, reason: e.text };
      throw e;
    }
  });
  const valid = ran.filter((c) => !Number.isNaN(c.margin));
  // too little data for a race: the simplest method that can be fitted at all
  const best = valid.length > 0 ? valid.reduce((a, b) => (b.margin < a.margin - CLEARLY ? b : a)).method : "mahalanobis";
  const percent = (margin: number): string => `${Math.round(100 * Math.exp(margin))} %`;
  const candidates = ran.map((c) => (c.method === best ? { ...c, chosen: true } : c));
  const told = valid.map((c) => `${c.method} ${percent(c.margin)}`).join(", ");
  const why: Bilingual =
    valid.length > 0
      ? {
          en: `${best}: on later normal data that it had not seen, its high scores (95 %) stayed well below its own limit (${told} of the limit; another must be clearly lower to be preferred to var)`,
          zh: `${best}：在未见过的后续正常数据上，其高分位得分（95 %）明显低于自身限值（占限值：${told}；其他方法须明显更低才会优先于 var）`,
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
