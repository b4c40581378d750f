/** Fits a detector: slow and pure. Runs in the training process, or in line where nobody waits (benches, tests). */
import { createHash } from "node:crypto";
import { learnHealth } from "../signals/learn.ts";
import { calibrate, type CalibrationTarget } from "./calibrate.ts";
import { fitChange, ChangeDetector } from "./change.ts";
import { FusedStream } from "./fused.ts";
import { covariance, shrink, standardise, quantile } from "./linalg.ts";
import { METHODS } from "./methods.ts";
import type { DetectorModel, ImputeModel, Member } from "./model.ts";
import { join, prepare, type Prepared } from "./prepare.ts";
import { race, type RaceResult } from "./race.ts";
import type { FitJob, MethodChoice } from "./settings.ts";
import type { MethodName, TrainingSet } from "./types.ts";
import type { WarmState } from "./watcher.ts";

export interface FitResult {
  readonly model: DetectorModel;
  readonly warm: WarmState;
}

export type Progress = (share: number, what: "prepare" | "race" | "fit" | "warm") => void;

/** Sampling period where the data has no clock, ms. */
const DEFAULT_PERIOD_MS = 1000;
/** Shrinkage of the covariance that fills in missing signals. */
const SHRINKAGE = 0.1;

/** Which methods take part: one signal has no relations to others that PCA or a forest could learn. */
function entrants(choice: MethodChoice, columns: number): readonly MethodName[] {
  if (choice !== "auto") return [choice];
  return columns === 1 ? ["nearest"] : ["robust", "pca", "mahalanobis", "var", "nearest", "forest"];
}

/** Throws FitError when the data cannot support what was asked. */
export function fitDetector(job: FitJob, progress: Progress = () => undefined): FitResult {
  progress(0, "prepare");
  const recording = join(job);
  const health = learnHealth(recording.x, recording.times, { signals: job.signals, periodMs: job.periodMs });
  const prepared = prepare(job, recording, health);
  const { train, columns } = prepared;
  const periodMs = health.periodMs || job.periodMs || DEFAULT_PERIOD_MS;
  const target: CalibrationTarget = { perWeek: job.falseAlarmsPerWeek, periodMs, confidence: job.confidence };
  const context = { seed: job.seed };
  progress(0.05, "race");
  const won = race(train, entrants(job.method, columns.length), context, target);
  progress(0.8, "fit");
  const members = won.methods.map((method, i): Member => ({ method, params: METHODS[method].fit(train, context), weight: 1 / won.methods.length, scale: won.scales[i]! }));
  const calibration = calibrate(won.scores, target, won.starts);
  const model = describe(job, prepared, health, periodMs, members, won, calibration);
  progress(0.95, "warm");
  return { model, warm: warmUp(model, train) };
}

function describe(
  job: FitJob,
  prepared: Prepared,
  health: DetectorModel["health"],
  periodMs: number,
  members: readonly Member[],
  won: RaceResult,
  c: ReturnType<typeof calibrate>,
): DetectorModel {
  const { train, kinds, columns, times } = prepared;
  const { data } = train.x;
  return {
    format: 1,
    signals: job.signals,
    kinds,
    columns,
    periodMs,
    members,
    smoothing: 1,
    limit: c.limit,
    calibration: {
      limit: c.limit,
      targetPerWeek: job.falseAlarmsPerWeek,
      perWeek: c.perWeek,
      confidence: job.confidence,
      periodMs,
      excesses: c.peaks,
      samples: c.samples,
      quantile90: quantile(won.scores, 0.9),
      threshold: c.tail.threshold,
      scale: c.tail.scale,
      shape: c.tail.shape,
      highest: won.scores.reduce((m, v) => Math.max(m, v), 0),
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
      digest: createHash("sha256").update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest("hex"),
      seed: job.seed,
      created: Date.now(),
    },
    why: won.why,
  };
}

function fitImpute(train: TrainingSet): ImputeModel {
  const { mean } = standardise(train.x);
  return { mean, covariance: shrink(covariance(train.x, mean), train.x.cols, SHRINKAGE, 1e-12) };
}

/** Runs the fitted streams over the end of the training data. */
function warmUp(model: DetectorModel, train: TrainingSet): WarmState {
  const { rows, cols, data } = train.x;
  const fused = new FusedStream(model.members, cols, model.smoothing);
  const change = new ChangeDetector(model.change);
  const begins = new Set(train.starts);
  for (let r = Math.max(0, rows - Math.max(model.window, 10 * model.change.block)); r < rows; r++) {
    if (begins.has(r)) fused.reset();
    const x = data.subarray(r * cols, (r + 1) * cols);
    fused.push(x);
    fused.learn(false);
    change.push(x);
  }
  return { fused: fused.save(), change: change.save() };
}
