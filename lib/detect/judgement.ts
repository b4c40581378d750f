/** What a detector says of one sample. */
import type { HealthReport } from "../signals/types.ts";

export type Phase = "learning" | "training" | "warming" | "watching";
export type Severity = "normal" | "warning" | "alarm" | "critical";

/** Result of one sample. ONE object per detector, overwritten by the next push. */
export interface Judgement {
  phase: Phase;
  /** 0..1 of the learning period. */
  progress: number;
  /** 1 = limit. NaN: cannot judge, or nothing learned yet. */
  score: number;
  /** Where an alarm starts now: 1, or more for a while after an alarm. */
  limit: number;
  alarm: boolean;
  alarmId: string;
  severity: Severity;
  /** Per signal, in signal order; the sum is the score. */
  readonly contributions: Float64Array;
  /** Per signal, raw units; NaN = no opinion. */
  readonly expected: Float64Array;
  health: HealthReport;
  /** "" or why there is no score. */
  cannotJudge: "" | "learning" | "warming" | "health";
}

/** From the score, the present limit and whether an alarm is on. */
export function severityOf(score: number, limit: number, alarm: boolean): Severity {
  if (alarm) return score >= CRITICAL ? "critical" : "alarm";
  return score >= WARNING * limit ? "warning" : "normal";
}

const CRITICAL = 3;
const WARNING = 0.8;
const NO_HEALTH: HealthReport = { codes: new Uint8Array(0), judged: new Uint8Array(0), ok: true, usable: true, clock: "ok", gap: false, elapsedMs: NaN };

/** Before the first of `signals` signals' samples. */
export function blank(signals: number): Judgement {
  return {
    phase: "learning",
    progress: 0,
    score: NaN,
    limit: 1,
    alarm: false,
    alarmId: "",
    severity: "normal",
    contributions: new Float64Array(signals),
    expected: new Float64Array(signals).fill(NaN),
    health: NO_HEALTH,
    cannotJudge: "learning",
  };
}

/** No score: nothing learned yet, or the model is not warm. */
export function unscored(out: Judgement, phase: Phase): void {
  out.phase = phase;
  out.cannotJudge = phase === "warming" ? "warming" : "learning";
  out.score = NaN;
  out.limit = 1;
  out.alarm = false;
  out.alarmId = "";
  out.severity = "normal";
  out.contributions.fill(0);
  out.expected.fill(NaN);
}
