import type { Bilingual } from "../errors.ts";
import type { SignalSpec } from "../signals/types.ts";
import type { SampleChunk } from "./buffer.ts";
import type { MethodName } from "./types.ts";

/** Fewest samples that a fit is tried with: held-out blocks of fewer say nothing about a limit. */
export const MIN_ROWS = 80;

export type MethodChoice = "auto" | MethodName;

/** What the engineer decides about a detector; nothing else is tuned per machine. */
export interface DetectorSettings {
  readonly signals: readonly SignalSpec[];
  /** Expected time between samples, ms; 0 = learned. */
  readonly periodMs: number;
  readonly method: MethodChoice;
  /** `watch`: learn first, then watch with what was learned. `continuous`: go on learning from what is not alarmed. `command`: learn only on command. */
  readonly mode: "watch" | "continuous" | "command";
  /** Length of the learning period: samples, or (with 0 samples) milliseconds. */
  readonly learnSamples: number;
  readonly learnMs: number;
  readonly falseAlarmsPerWeek: number;
  /** Confidence (0..1) that the false-alarm target holds. */
  readonly confidence: number;
  /** Share of its plateau below which an alarm clears, 0..1. */
  readonly clearAt: number;
  /** Samples after an alarm's start in which no new one starts; 0 = from the model's window. */
  readonly refractory: number;
  readonly seed: number;
}

/** Everything a fit needs; plain data. */
export interface FitJob {
  readonly signals: readonly SignalSpec[];
  readonly periodMs: number;
  readonly chunks: readonly SampleChunk[];
  /** Per sample, 1 = known to be anomalous: not learned. */
  readonly label?: Uint8Array;
  /** Periods (ms, inclusive) that are not learned. */
  readonly exclude: readonly (readonly [number, number])[];
  readonly method: MethodChoice;
  /** `method` is the one that `auto` chose earlier, for this reason. */
  readonly kept?: Bilingual;
  readonly falseAlarmsPerWeek: number;
  readonly confidence: number;
  readonly seed: number;
}
