/** The live stream, once the signals are known: reads samples, judges them. */
import type { Sentence } from "../../signals/sentences.ts";
import { SampleReader } from "../../message/sample.ts";
import type { SignalSpec } from "../../signals/types.ts";
import { Detector, type Judgement } from "../detector.ts";
import type { DetectorSettings } from "../settings.ts";
import type { ArrivalClock } from "./arrival.ts";

export class Live {
  readonly signals: readonly SignalSpec[];
  readonly names: readonly string[];
  readonly detector: Detector;
  /** What was noticed with the last sample; usually empty. */
  notes: readonly Sentence[] = [];
  /** Time of the last sample, ms. */
  time = NaN;
  /** 0..1 of the learning period. */
  progress = 0;
  /** Samples since the start. */
  seen = 0;
  readonly #reader: SampleReader;
  readonly #row: Float64Array;
  readonly #clock: ArrivalClock;

  constructor(settings: DetectorSettings, clock: ArrivalClock, field: string) {
    this.signals = settings.signals;
    this.names = settings.signals.map((s) => s.name);
    this.detector = new Detector(settings);
    this.#reader = new SampleReader(settings.signals, field);
    this.#row = new Float64Array(settings.signals.length);
    this.#clock = clock;
  }

  /** Judges one payload. Throws a coded error when it is no sample. */
  sample(payload: unknown, timestamp: unknown): Judgement {
    const report = this.#reader.read(payload, timestamp, this.#row);
    this.notes = report.notes;
    return this.#judge(this.#row, report.timeMs, performance.now(), report.reasons);
  }

  /** Judges one row of a dataset; `timeMs` NaN = it has none. */
  row(row: Float64Array, timeMs: number): Judgement {
    return this.#judge(row, timeMs, NaN);
  }

  #judge(row: Float64Array, timeMs: number, arrival: number, reasons?: Uint8Array): Judgement {
    this.time = Number.isNaN(timeMs) ? this.#clock.next() : timeMs;
    this.seen++;
    const judgement = this.detector.push(row, this.time, arrival, reasons);
    this.progress = judgement.progress;
    return judgement;
  }

  /** Forgets what was learned. */
  reset(): void {
    this.detector.reset();
    this.progress = 0;
    this.seen = 0;
  }
}
