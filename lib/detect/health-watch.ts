/** Tells when a signal's health changes, without repeating itself when a signal flutters. */
import { SIGNAL_CODES, type HealthReport, type SignalSpec } from "../signals/types.ts";
import type { DetectorEvent } from "./events.ts";

/** The same code of the same signal is told again only after so many samples. */
const QUIET = 30;

export class HealthWatch {
  private readonly signals: readonly SignalSpec[];
  private readonly codes: Uint8Array;
  private readonly told: Float64Array;
  private samples = 0;

  constructor(signals: readonly SignalSpec[]) {
    this.signals = signals;
    this.codes = new Uint8Array(signals.length);
    this.told = new Float64Array(signals.length * SIGNAL_CODES.length).fill(-Infinity);
  }

  push(report: HealthReport, time: number, events: DetectorEvent[]): void {
    this.samples++;
    for (let i = 0; i < this.codes.length; i++) {
      const code = report.codes[i]!;
      const was = this.codes[i]!;
      if (code === was) continue;
      const slot = i * SIGNAL_CODES.length + code;
      // "ok again" is told only where the trouble was told
      if (this.samples - this.told[slot]! >= QUIET || code === 0) {
        if (code !== 0) this.told[slot] = this.samples;
        events.push({ type: "health", at: time, signal: this.signals[i]!.name, code: SIGNAL_CODES[code]!, was: SIGNAL_CODES[was]! });
        this.codes[i] = code;
      }
    }
  }
}
