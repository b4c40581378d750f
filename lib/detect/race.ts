/**
 * `auto`: every candidate is fitted on part of the normal data and run on the part it has not seen, in time order. All get a limit
 * for the same false-alarm rate there; the one, or the fusion, that then sees most of the faults injected into that unseen data is
 * taken, the simplest among equals.
 */
import { calibrate, type CalibrationTarget } from "./calibrate.ts";
import { QUIET } from "./fused.ts";
import { inject, plan, type Injection } from "./inject.ts";
import { quantile, standardise } from "./linalg.ts";
import { METHODS } from "./methods.ts";
import type { Candidate } from "./model.ts";
import { FitError, type FitContext, type Matrix, type MethodName, type TrainingSet } from "./types.ts";

const FOLDS = 5;
/** Injections per fold, and samples of a segment: the first half normal, the second with the fault. */
const INJECTIONS = 10;
const SEGMENT = 120;
/** A fusion or a less simple candidate must see this much more (share of faulty samples) to be preferred. */
const TIE = 0.02;

/** Simplest first: the order in which ties are decided. */
const SIMPLICITY: readonly MethodName[] = ["robust", "pca", "mahalanobis", "var", "nearest", "forest"];

/** One candidate's held-out scores; row-aligned over the training set, NaN where it was not warm. */
interface Entry {
  readonly method: MethodName;
  /** ln(raw / scale), per training row. */
  readonly normal: Float64Array;
  readonly scale: number;
  /** The same per injection, over its faulty samples. */
  readonly faulty: readonly Float64Array[];
}

export interface RaceResult {
  readonly methods: readonly MethodName[];
  readonly scales: readonly number[];
  /** Fused held-out scores in time order, and where their runs begin. */
  readonly scores: Float64Array;
  readonly starts: readonly number[];
  readonly candidates: readonly Candidate[];
  readonly why: string;
}

export function race(train: TrainingSet, methods: readonly MethodName[], context: FitContext, target: CalibrationTarget): RaceResult {
  const entries: Entry[] = [];
  const refused: Candidate[] = [];
  for (const method of methods) {
    try {
      entries.push(runHeldOut(method, train, context));
    } catch (e) {
      if (!(e instanceof FitError)) throw e;
      refused.push({ method, chosen: false, weight: 0, falseAlarmShare: NaN, spread: NaN, sensitivity: NaN, reason: e.message });
    }
  }
  if (entries.length === 0) throw new FitError(refused.map((r) => `${r.method}: ${r.reason}`).join("; "));
  entries.sort((a, b) => SIMPLICITY.indexOf(a.method) - SIMPLICITY.indexOf(b.method));
  const trials = subsets(entries).flatMap((set) => {
    try {
      return [{ set, ...trial(set, target) }];
    } catch (e) {
      if (e instanceof FitError) return [];
      throw e;
    }
  });
  if (trials.length === 0) throw new FitError("not enough held-out samples to calibrate a limit");
  // simplest first; a later one must be better by TIE per added member
  let best = trials[0]!;
  for (const t of trials) if (t.sensitivity > best.sensitivity + TIE * Math.max(1, t.set.length - best.set.length)) best = t;
  const single = (e: Entry): (typeof trials)[number] | undefined => trials.find((t) => t.set.length === 1 && t.set[0] === e);
  const candidates = entries.map((e): Candidate => {
    const chosen = best.set.includes(e);
    const alone = single(e);
    const sensitivity = alone?.sensitivity ?? NaN;
    const y = e.normal.filter((v) => !Number.isNaN(v));
    return {
      method: e.method,
      chosen,
      weight: chosen ? 1 / best.set.length : 0,
      falseAlarmShare: alone?.exceeded ?? NaN,
      spread: quantile(y, 0.999) - quantile(y, 0.5),
      sensitivity,
      reason: chosen ? "" : alone === undefined ? "no limit could be calibrated" : "sees fewer of the injected faults at the same false-alarm rate",
    };
  });
  return {
    methods: best.set.map((e) => e.method),
    scales: best.set.map((e) => e.scale),
    scores: best.scores,
    starts: best.starts,
    candidates: [...candidates, ...refused],
    why: explain(best.set.map((e) => e.method), best.sensitivity, candidates),
  };
}

function explain(chosen: readonly MethodName[], sensitivity: number, candidates: readonly Candidate[]): string {
  const percent = (v: number): string => `${Math.round(100 * v)} %`;
  const others = candidates.filter((c) => !c.chosen && !Number.isNaN(c.sensitivity)).map((c) => `${c.method} ${percent(c.sensitivity)}`);
  const what = chosen.length > 1 ? `${chosen.join(" + ")} fused` : (chosen[0] ?? "");
  return `${what}: at the limit for the wanted false-alarm rate it saw ${percent(sensitivity)} of the faults injected into held-out normal data${others.length > 0 ? ` (${others.join(", ")})` : ""}`;
}

function subsets(entries: readonly Entry[]): Entry[][] {
  const all = Array.from({ length: (1 << entries.length) - 1 }, (_, i) => entries.filter((_e, k) => ((i + 1) >> k) & 1));
  return all.filter((s) => s.length <= 3).sort((a, b) => a.length - b.length);
}

/** Fuses a set of candidates, calibrates the fused score, and counts what it sees of the injected faults. */
function trial(set: readonly Entry[], target: CalibrationTarget): { scores: Float64Array; starts: number[]; sensitivity: number; exceeded: number } {
  const rows = set[0]!.normal.length;
  const scores: number[] = [];
  const starts: number[] = [];
  let inRun = false;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (const e of set) sum += e.normal[r]!;
    if (r % Math.ceil(rows / FOLDS) === 0) inRun = false;
    if (Number.isNaN(sum)) {
      inRun = false;
      continue;
    }
    if (!inRun) starts.push(scores.length);
    inRun = true;
    scores.push(Math.exp(sum / set.length));
  }
  const all = Float64Array.from(scores);
  const { limit } = calibrate(all, target, starts);
  let seen = 0;
  const faults = set[0]!.faulty.length;
  for (let i = 0; i < faults; i++) {
    const length = set[0]!.faulty[i]!.length;
    let flagged = 0;
    for (let t = 0; t < length; t++) {
      let sum = 0;
      for (const e of set) sum += e.faulty[i]![t]!;
      if (Math.exp(sum / set.length) > limit) flagged++;
    }
    seen += flagged / Math.max(1, length);
  }
  return { scores: all, starts, sensitivity: faults > 0 ? seen / faults : 0, exceeded: all.filter((s) => s > limit).length / Math.max(1, all.length) };
}

function runHeldOut(method: MethodName, train: TrainingSet, context: FitContext): Entry {
  const { rows, cols, data } = train.x;
  const raw = new Float64Array(rows).fill(NaN);
  const faulty: Float64Array[] = [];
  const { std } = standardise(train.x);
  const injections = plan(cols, FOLDS * INJECTIONS);
  for (let k = 0; k < FOLDS; k++) {
    const from = Math.floor((k * rows) / FOLDS);
    const to = Math.floor(((k + 1) * rows) / FOLDS);
    const params = METHODS[method].fit(without(train, from, to), context);
    const window = METHODS[method].window(params);
    const begins = new Set(train.starts);
    const stream = METHODS[method].stream(params);
    for (let r = Math.max(0, from - window); r < to; r++) {
      if (begins.has(r)) stream.reset();
      const score = stream.push(data.subarray(r * cols, (r + 1) * cols));
      if (r >= from && stream.ready) raw[r] = score;
      stream.learn(false);
    }
    for (let i = 0; i < INJECTIONS; i++) {
      const injection = injections[k * INJECTIONS + i]!;
      faulty.push(runFault(method, params, window, train.x, { from, to, i, injection, std: std[injection.column]!, seed: context.seed + k * INJECTIONS + i }));
    }
  }
  const scale = Math.max(1e-12, quantile(raw.filter((v) => !Number.isNaN(v)), 0.9));
  const log = (v: number): number => Math.log(Math.max(QUIET, v / scale));
  return { method, scale, normal: raw.map(log), faulty: faulty.map((f) => f.map(log)) };
}

interface FaultRun {
  readonly from: number;
  readonly to: number;
  readonly i: number;
  readonly injection: Injection;
  readonly std: number;
  readonly seed: number;
}

/** Raw scores over the faulty half of a segment of the held-out rows from..to. */
function runFault(method: MethodName, params: object, window: number, x: Matrix, run: FaultRun): Float64Array {
  const { cols, data } = x;
  const { from, to, injection } = run;
  const length = Math.min(SEGMENT, to - from);
  const start = from + Math.floor(((to - from - length) * run.i) / Math.max(1, INJECTIONS - 1));
  const warm = Math.min(start, Math.max(0, window - length));
  const segment = data.slice((start - warm) * cols, (start + length) * cols);
  const half = warm + Math.floor(length / 2);
  const donor = Float64Array.from({ length: to - from }, (_, r) => data[(from + r) * cols + injection.column]!);
  inject(segment, cols, half, injection, run.std, donor, run.seed);
  const stream = METHODS[method].stream(params);
  const out = new Float64Array(warm + length - half);
  for (let r = 0; r < warm + length; r++) {
    const score = stream.push(segment.subarray(r * cols, (r + 1) * cols));
    if (r >= half) out[r - half] = score;
    stream.learn(false);
  }
  return out;
}

/** The training set without the rows from..to. */
function without(train: TrainingSet, from: number, to: number): TrainingSet {
  const { rows, cols, data } = train.x;
  const cut = to - from;
  const rest = new Float64Array((rows - cut) * cols);
  rest.set(data.subarray(0, from * cols));
  rest.set(data.subarray(to * cols), from * cols);
  const starts = new Set([0, ...train.starts.flatMap((s) => (s < from ? [s] : s >= to ? [s - cut] : []))]);
  if (from < rows - cut) starts.add(from);
  return { x: { rows: rows - cut, cols, data: rest }, starts: [...starts].sort((a, b) => a - b) };
}
