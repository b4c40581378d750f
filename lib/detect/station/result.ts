/** From a judgement to what the message carries under `msg.anomaly`. */
import { SIGNAL_CODES, type ClockCode, type HealthReport, type SignalCode, type SignalSpec } from "../../signals/types.ts";
import type { Judgement, Severity } from "../judgement.ts";

export interface ModelInfo {
  readonly name: string;
  readonly version: number;
  /** First characters of the SHA-256 of the model file. */
  readonly hash: string;
  readonly method: string;
}

/**
 * `learning`: gathers samples. `training`: the model is being made. `warming`: the first samples after a start or a gap. `watching`: scores.
 * `waiting`: needs a command (train or promote). `refused`: the model on disk is for other signals.
 */
export type StationState = "learning" | "training" | "warming" | "watching" | "waiting" | "refused";

export interface HealthInfo {
  ok: boolean;
  /** Why there is no score. */
  cannotJudge?: string;
  /** Only the signals that are not ok. */
  signals?: Record<string, SignalCode>;
  /** Only when the sample's time is not ok. */
  clock?: ClockCode;
  /** What is not ok, in sentences. */
  reasons?: string[];
}

export interface Anomaly {
  /** 1 = limit, higher is more anomalous; null = cannot judge, or nothing learned yet. */
  score: number | null;
  /** The score at which an alarm starts now. */
  limit: number;
  alarm: boolean;
  /** While in alarm. */
  alarmId?: string;
  severity: Severity;
  /** Per signal; the sum is the score. */
  contributions: Record<string, number>;
  /** Per signal, in its unit; null = no opinion. */
  expected: Record<string, number | null>;
  health: HealthInfo;
  model: ModelInfo | null;
  state: StationState;
  /** 0..1 of the learning period, while learning. */
  progress?: number;
}

/** A new object for every message: what follows in the flow may keep or change it. `reasons` is only called when the health is not ok. */
export function anomaly(j: Judgement, names: readonly string[], model: ModelInfo | null, state: StationState, reasons: () => string[]): Anomaly {
  const judged = !Number.isNaN(j.score);
  const contributions: Record<string, number> = {};
  const expected: Record<string, number | null> = {};
  if (judged) {
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const e = j.expected[i]!;
      contributions[name] = j.contributions[i]!;
      expected[name] = e === e ? e : null; // NaN is the only value that is not itself
    }
  }
  const result: Anomaly = {
    score: judged ? j.score : null,
    limit: j.limit,
    alarm: j.alarm,
    severity: j.severity,
    contributions,
    expected,
    health: j.health.ok && judged ? { ok: true } : health(j.health, names, j.cannotJudge, reasons),
    model: model === null ? null : { name: model.name, version: model.version, hash: model.hash, method: model.method },
    state,
  };
  if (j.alarm) result.alarmId = j.alarmId;
  if (state === "learning") result.progress = j.progress;
  return result;
}

function health(report: HealthReport, names: readonly string[], cannotJudge: string, reasons: () => string[]): HealthInfo {
  const info: HealthInfo = { ok: report.ok };
  if (cannotJudge !== "") info.cannotJudge = cannotJudge;
  if (report.ok) return info;
  for (let i = 0; i < names.length; i++) {
    const code = report.codes[i]!;
    if (code !== 0) (info.signals ??= {})[names[i]!] = SIGNAL_CODES[code]!;
  }
  if (report.clock !== "ok") info.clock = report.clock;
  info.reasons = reasons();
  return info;
}

/** The first signal that is not ok, for the status line; "" when it is the clock. */
export function firstBad(report: HealthReport, signals: readonly SignalSpec[]): string {
  for (let i = 0; i < signals.length; i++) if (report.codes[i] !== 0) return signals[i]!.name;
  return "";
}

/** Index of the largest contribution. */
export function topSignal(contributions: Float64Array): number {
  let top = 0;
  for (let i = 1; i < contributions.length; i++) if (contributions[i]! > contributions[top]!) top = i;
  return top;
}

/** For what is not judged at all; `cannotJudge` says why. */
export function unjudged(state: StationState, cannotJudge: string, model: ModelInfo | null): Anomaly {
  return { score: null, limit: 1, alarm: false, severity: "normal", contributions: {}, expected: {}, health: { ok: true, cannotJudge }, model, state };
}

/** For a sample that is not judged because the model on disk is for other signals. */
export function refusal(model: ModelInfo | null): Anomaly {
  return unjudged("refused", "model", model);
}
