/** What a detector says besides the score: alarms, change points, drift, health. Times in ms since 1970, values in the signals' units. */
import type { SignalCode } from "../signals/types.ts";

export interface TopSignal {
  readonly signal: string;
  readonly unit: string;
  /** Part of the score, 0..1. */
  readonly share: number;
  /** What the model expected, and what came; null where there is none. */
  readonly expected: number | null;
  readonly seen: number | null;
}

export interface AlarmEvent {
  readonly type: "alarm-start" | "alarm-update" | "alarm-end";
  readonly id: string;
  readonly start: number;
  readonly at: number;
  readonly durationMs: number;
  readonly score: number;
  readonly peak: number;
  /** The score at which this alarm started (1, or more for a while after an earlier alarm). */
  readonly limit: number;
  /** An update that is told because the alarm is still on after a refractory period: worth telling a person again. */
  readonly renewed?: boolean;
  /** The signals that contribute most, most first: at the start the present sample's, later the episode's. */
  readonly top: readonly TopSignal[];
}

export interface ChangePointEvent {
  readonly type: "change-point";
  readonly id: string;
  readonly at: number;
  readonly signals: readonly { readonly signal: string; readonly unit: string; readonly before: number; readonly after: number }[];
}

export interface DriftEvent {
  readonly type: "drift";
  readonly at: number;
  /** Share of recent samples above the level that a tenth of the normal ones exceed. */
  readonly share: number;
  readonly top: readonly TopSignal[];
}

export interface HealthEvent {
  readonly type: "health";
  readonly at: number;
  readonly signal: string;
  readonly code: SignalCode;
  readonly was: SignalCode;
}

export type DetectorEvent = AlarmEvent | ChangePointEvent | DriftEvent | HealthEvent;
