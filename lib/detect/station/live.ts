/** The live stream, once the signals are known: reads samples, judges them. */
import type { Sentence } from "../../signals/sentences.ts";
import { SampleReader, type ReadReport } from "../../message/sample.ts";
import type { SignalSpec } from "../../signals/types.ts";
import { Detector } from "../detector.ts";
import type { Judgement } from "../judgement.ts";
import type { DetectorSettings } from "../settings.ts";
import type { ArrivalClock } from "./arrival.ts";

/** Excluded periods remembered so as not to repeat them. */
const EXCLUDED = 100;

export class Live {
  readonly signals: readonly SignalSpec[];
  readonly names: readonly string[];
  readonly detector: Detector;
  /** What was noticed with the last sample; usually empty. */
  notes: readonly Sentence[] = [];
  /** Time of the last sample, or of its arrival, ms. */
  time = NaN;
  /** 0..1 of the learning period. */
  progress = 0;
  /** Samples since the start. */
  seen = 0;
  #report: ReadReport | undefined;
  readonly #excluded = new Set<string>(); // periods that the detector knows
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

  /** Reads one payload, for `judge`. Throws a coded error when it is no sample; nothing has changed then. */
  read(payload: unknown, timestamp: unknown): void {
    this.#report = this.#reader.read(payload, timestamp, this.#row);
    this.notes = this.#report.notes;
  }

  /** Judges the payload that was read. */
  judge(): Judgement {
    const time = this.#report?.timeMs ?? NaN;
    return this.#judge(this.#row, Number.isNaN(time) ? this.#clock.next() : time, performance.now(), this.#report?.reasons);
  }

  /**
   * Judges one row of a dataset. `timeMs` NaN = it has none, and gets none: a made-up time would be learned as the pace of the plant, and the
   * samples that come later be taken for late.
   */
  row(row: Float64Array, timeMs: number): Judgement {
    return this.#judge(row, timeMs, NaN);
  }

  #judge(row: Float64Array, time: number, arrival: number, reasons?: Uint8Array): Judgement {
    this.time = Number.isNaN(time) ? this.#clock.next() : time;
    this.seen++;
    const judgement = this.detector.push(row, time, arrival, reasons);
    this.progress = judgement.progress;
    return judgement;
  }

  /** A period that must not be learned; false when the detector knows it already. */
  exclude(from: number, to: number): boolean {
    const period = `${from} ${to}`;
    if (this.#excluded.has(period)) return false;
    if (this.#excluded.size === EXCLUDED) this.#excluded.clear();
    this.#excluded.add(period);
    this.detector.exclude(from, to);
    return true;
  }

  /** Forgets what was learned. */
  reset(): void {
    this.detector.reset();
    this.#excluded.clear();
    this.progress = 0;
    this.seen = 0;
  }
}
