/** Fits a detector: slow and pure. Runs in the training process, or in line where nobody waits (benches, tests). */
import { createHash } from "node:crypto";
import type { Bilingual } from "../errors.ts";
import { learnHealth } from "../signals/learn.ts";
import { alarmsPerWeek, calibrate, type Calibration as Calibrated, type CalibrationTarget } from "./calibrate.ts";
import { fitChange, ChangeDetector } from "./change.ts";
import { FusedStream } from "./fused.ts";
import { covariance, inverse, shrink, standardise, quantile } from "./linalg.ts";
import { METHODS } from "./methods.ts";
import type { DetectorModel, ImputeModel, Member } from "./model.ts";
import { join, prepare, usable, type Prepared } from "./prepare.ts";
import { heldOut, race, type RaceResult } from "./race.ts";
import type { FitJob } from "./settings.ts";
import type { MethodName, TrainingSet } from "./types.ts";
import type { WarmState } from "./watcher.ts";

export interface FitResult {
  readonly model: DetectorModel;
  readonly warm: WarmState;
}

export type Progress = (share: number, what: "prepare" | "race" | "calibrate" | "fit" | "warm") => void;

/** Sampling period where the data has no clock, ms. */
const DEFAULT_PERIOD_MS = 1000;
/**
 * The pattern method's score is in units of its own running quantile, which follows the data: below 0.9 of it nothing is out of the ordinary,
 * however quiet the learning period was, and above 1.2 a tail of fewer than ten independent peaks has nothing to say: from there the rising limit takes over.
 */
const PATTERN_LIMIT = { least: 0.9, most: 1.2, peaks: 10 } as const;
/** Blocks that the change detector sees before watching begins. */
const WARM_BLOCKS = 40;
/** Shrinkage of the covariance that fills in missing signals. */
const SHRINKAGE = 0.1;

/** Throws FitError when the data cannot support what was asked. */
export function fitDetector(job: FitJob, progress: Progress = () => undefined): FitResult {
  progress(0, "prepare");
  const recording = join(job);
  const health = learnHealth(usable(job, recording), recording.times, { signals: job.signals, periodMs: job.periodMs });
  const prepared = prepare(job, recording, health);
  const { train } = prepared;
  const periodMs = health.periodMs || job.periodMs || DEFAULT_PERIOD_MS;
  const target: CalibrationTarget = { perWeek: job.falseAlarmsPerWeek, periodMs, confidence: job.confidence };
  const context = { seed: job.seed };
  progress(0.05, "race");
  const won = job.method === "auto" ? race(train, context, target, (share) => progress(0.05 + 0.55 * share, "race")) : given(job.method, job.kept);
  progress(0.6, "calibrate");
  const held = heldOut(won.method, train, context);
  const scale = won.method === "nearest" ? 1 : Math.max(1e-12, quantile(held.scores, 0.9));
  const scores = held.scores.map((v) => v / scale);
  const calibration = calibrate(scores, target, held.starts);
  progress(0.8, "fit");
  const members: Member[] = [{ method: won.method, params: METHODS[won.method].fit(train, context), weight: 1, scale }];
  const model = describe(job, prepared, health, periodMs, members, won, scores, calibration);
  progress(0.95, "warm");
  return { model, warm: warmUp(model, train) };
}

const BY_HAND: Bilingual = { en: "chosen by hand", zh: "人工选择" };

function given(method: MethodName, kept: Bilingual | undefined): RaceResult {
  if (kept) return { method, candidates: [{ method, chosen: true, margin: NaN, reason: kept }], why: kept };
  return {
    method,
    candidates: [{ method, chosen: true, margin: NaN, reason: BY_HAND }],
    why: { en: `${method}: ${BY_HAND.en}`, zh: `${method}：${BY_HAND.zh}` },
  };
}

function describe(
  job: FitJob,
  prepared: Prepared,
  health: DetectorModel["health"],
  periodMs: number,
  members: readonly Member[],
  won: RaceResult,
  held: Float64Array,
  c: Calibrated,
): DetectorModel {
  const { train, kinds, columns, times } = prepared;
  const { data } = train.x;
  const highest = held.reduce((m, v) => Math.max(m, v), 0);
  const limit = settle(members[0]!, c, highest);
  return {
    format: 1,
    signals: job.signals,
    kinds,
    columns,
    periodMs,
    members,
    smoothing: 1,
    limit,
    calibration: {
      limit,
      targetPerWeek: job.falseAlarmsPerWeek,
      perWeek: limit === c.limit ? c.perWeek : Math.max(c.perWeek, alarmsPerWeek(c, limit, periodMs)),
      confidence: job.confidence,
      periodMs,
      excesses: c.peaks,
      samples: c.samples,
      quantile90: quantile(held, 0.9),
      threshold: c.tail.threshold,
      scale: c.tail.scale,
      shape: c.tail.shape,
      highest,
    },
    candidates: won.candidates,
    health,
    impute: fitImpute(train),
    change: fitChange(train),
    window: members.reduce((w, m) => Math.max(w, METHODS[m.method].window(m.params)), 1),
    trained: {
      rows: train.x.rows,
      from: times[0] ?? NaN,
      to: times.at(-1) ?? NaN,
      digest: createHash("sha256")
        .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
        .digest("hex"),
      seed: job.seed,
      created: Date.now(),
    },
    why: won.why,
  };
}

/** The calibrated limit, where the method can give such a score. */
function settle({ method, params, scale }: Member, c: Calibrated, highest: number): number {
  if (method === "nearest") return patternLimit(c);
  const ceiling = (METHODS[method].ceiling?.(params) ?? Infinity) / scale;
  // half way between the highest normal score and what a clear fault reaches
  return Math.min(c.limit, Math.max(highest, (highest + ceiling) / 2));
}

function patternLimit({ limit, peaks }: Calibrated): number {
  return Math.max(PATTERN_LIMIT.least, peaks < PATTERN_LIMIT.peaks ? Math.min(PATTERN_LIMIT.most, limit) : limit);
}

function fitImpute(train: TrainingSet): ImputeModel {
  const { mean } = standardise(train.x);
  return { mean, precision: inverse(shrink(covariance(train.x, mean), train.x.cols, SHRINKAGE, 1e-12), train.x.cols) };
}

/** Runs the fitted streams over the end of the training data. */
function warmUp(model: DetectorModel, train: TrainingSet): WarmState {
  const { rows, cols, data } = train.x;
  const fused = new FusedStream(model.members, cols, model.smoothing);
  const change = new ChangeDetector(model.change);
  const begins = new Set(train.starts);
  for (let r = Math.max(0, rows - Math.max(model.window, WARM_BLOCKS * model.change.block)); r < rows; r++) {
    if (begins.has(r)) fused.reset();
    const x = data.subarray(r * cols, (r + 1) * cols);
    fused.push(x);
    change.push(x);
  }
  return { fused: fused.save(), change: change.save() };
}
