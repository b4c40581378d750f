/** What a signal is, what was learned about its health, and how its health is reported. */
import type { Sentence } from "./sentences.ts";

export const SIGNAL_KINDS = ["auto", "analog", "discrete", "ignore"] as const;
/** `auto` is decided from the data that is learned; `ignore` is read but neither checked nor scored. */
export type SignalKind = (typeof SIGNAL_KINDS)[number];

/** One measured variable. `low` and `high` are the limits of what the sensor can truly read, in `unit`; null = none. */
export interface SignalSpec {
  readonly name: string;
  readonly unit: string;
  readonly low: number | null;
  readonly high: number | null;
  readonly kind: SignalKind;
}

/** The signals of one machine, in the order of array payloads. `periodMs` is the expected time between samples; 0 = learned. */
export interface SignalSet {
  readonly signals: readonly SignalSpec[];
  readonly periodMs: number;
}

/** Health of one signal in one sample; `HealthReport.codes` holds the index into this list. */
export const SIGNAL_CODES = ["ok", "missing", "nan", "low", "high", "stuck", "scale"] as const;
export type SignalCode = (typeof SIGNAL_CODES)[number];

/** Health of a sample's time. */
export const CLOCK_CODES = ["ok", "late", "clock-jump", "duplicate", "backwards"] as const;
export type ClockCode = (typeof CLOCK_CODES)[number];

/** What learning found out about one signal. Plain data: structured-cloneable and JSON. */
export interface LearnedSignal {
  /** How many finite values were seen. */
  readonly count: number;
  /** Smallest and largest learned value. */
  readonly min: number;
  readonly max: number;
  readonly median: number;
  /** Half the distance between the 16 % and 84 % quantiles (a robust standard deviation). */
  readonly spread: number;
  /** Mean of min(|x[t] - x[t-1]|, stepCap): the short-term spread, with rare jumps clipped. */
  readonly step: number;
  readonly stepCap: number;
  /** Share of the samples that differ from the one before. */
  readonly changes: number;
  /** Longest run of equal values. */
  readonly longestRun: number;
  /** More equal values than this in a row are called stuck; 0 = can't be judged (discrete, constant, or too little data). */
  readonly stuckAfter: number;
  /** Consecutive samples needed to suspect a changed unit or scale; 0 = can't be judged. */
  readonly scaleAfter: number;
}

/** What learning found out about the signals' health and the clock. Plain data. */
export interface LearnedHealth {
  /** Median time between samples, ms; 0 = the data had no clock. */
  readonly periodMs: number;
  /** A longer time between two samples is called late, ms; 0 = can't be judged. */
  readonly lateMs: number;
  /** The clock is coarser than the sampling: equal time stamps are normal. */
  readonly coarseClock: boolean;
  readonly signals: readonly LearnedSignal[];
}

/** Why a signal or a sample can't be judged, as a sentence in both languages. */
export type HealthReason = Sentence<Exclude<SignalCode, "ok"> | "unit" | Exclude<ClockCode, "ok">>;

/** Health of one sample. One object is reused for every sample: copy what must outlive the next `push`. */
export interface HealthReport {
  /** Per signal: index into SIGNAL_CODES. */
  readonly codes: Uint8Array;
  /** Per signal: 1 = may be scored. Always 0 for kind `ignore` and for every signal when the sample's time is bad. */
  readonly judged: Uint8Array;
  /** Every signal is ok and so is the clock. */
  readonly ok: boolean;
  /** At least one signal may be scored. */
  readonly usable: boolean;
  readonly clock: ClockCode;
  /** The sample does not follow the one before (late, or the clock was re-set): windows must start anew. */
  readonly gap: boolean;
  /** Milliseconds since the sample before (NaN = unknown). */
  readonly elapsedMs: number;
}
