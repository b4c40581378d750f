/** Health of each signal and of the clock, sample by sample: O(1) per signal, allocates nothing while all is well. */
import { READ_MISSING, READ_UNIT } from "../message/value.ts";
import { ClockWatch, type ClockState } from "./clock.ts";
import { ScaleWatch, type ScaleState } from "./scale.ts";
import { say } from "./sentences.ts";
import { SIGNAL_CODES, type HealthReason, type HealthReport, type LearnedHealth, type SignalSet, type SignalSpec } from "./types.ts";
import { duration, withUnit } from "./units.ts";

const OK = 0;
const MISSING = SIGNAL_CODES.indexOf("missing");
const NAN = SIGNAL_CODES.indexOf("nan");
const LOW = SIGNAL_CODES.indexOf("low");
const HIGH = SIGNAL_CODES.indexOf("high");
const STUCK = SIGNAL_CODES.indexOf("stuck");
const SCALE = SIGNAL_CODES.indexOf("scale");

/** Structured-cloneable; belongs to one list of signals and what was learned about them. */
export interface HealthState {
  readonly names: readonly string[];
  readonly last: Float64Array;
  readonly run: Uint32Array;
  readonly clock: ClockState;
  readonly scales: readonly (ScaleState | null)[];
}

export class HealthMonitor {
  readonly #signals: readonly SignalSpec[];
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #ignored: Uint8Array;
  readonly #seen: Float64Array; // the last sample's values
  readonly #otherUnit: Uint8Array; // 1 = the last sample's value came in another unit
  readonly #last: Float64Array; // last finite value per signal
  readonly #run: Uint32Array; // how often it came in a row
  readonly #stuckAfter: Float64Array;
  readonly #scales: (ScaleWatch | null)[];
  readonly #clock: ClockWatch;
  readonly #report: { codes: Uint8Array; judged: Uint8Array } & { -readonly [K in keyof HealthReport]: HealthReport[K] };
  #learned: LearnedHealth | undefined;

  /** Without `learned` only what needs no learning is judged: missing, not a number, limits, equal and backward times. */
  constructor(set: SignalSet, learned?: LearnedHealth) {
    const n = set.signals.length;
    this.#signals = set.signals;
    this.#low = Float64Array.from(set.signals, (s) => s.low ?? -Infinity);
    this.#high = Float64Array.from(set.signals, (s) => s.high ?? Infinity);
    this.#ignored = Uint8Array.from(set.signals, (s) => (s.kind === "ignore" ? 1 : 0));
    this.#seen = new Float64Array(n);
    this.#otherUnit = new Uint8Array(n);
    this.#last = new Float64Array(n).fill(NaN);
    this.#run = new Uint32Array(n);
    this.#stuckAfter = new Float64Array(n).fill(Infinity);
    this.#scales = set.signals.map(() => null);
    this.#clock = new ClockWatch(set.periodMs);
    this.#report = { codes: new Uint8Array(n), judged: new Uint8Array(n), ok: true, usable: true, clock: "ok", gap: false, elapsedMs: NaN };
    if (learned) this.install(learned);
  }

  /** Takes what was learned; suspicions start anew. */
  install(learned: LearnedHealth): void {
    this.#learned = learned;
    this.#clock.install(learned);
    learned.signals.forEach((signal, c) => {
      this.#stuckAfter[c] = signal.stuckAfter > 0 ? signal.stuckAfter : Infinity;
      this.#scales[c] = signal.scaleAfter > 0 ? new ScaleWatch(this.#signals[c]!, signal) : null;
    });
  }

  /**
   * Judges one sample. `row`: one value per signal, NaN = none. `timeMs`: the data's own time, NaN = none. `arrivalMs`: a monotonic clock
   * (performance.now()) when live, NaN in replays. `reasons`: of the ReadReport, tells missing from not-a-number and another unit. The report is reused.
   */
  push(row: Float64Array, timeMs = NaN, arrivalMs = NaN, reasons?: Uint8Array): HealthReport {
    const report = this.#report;
    const clock = this.#clock;
    clock.push(timeMs, arrivalMs);
    report.clock = clock.code;
    report.gap = clock.gap;
    report.elapsedMs = clock.elapsedMs;
    const follows = clock.code !== "duplicate" && clock.code !== "backwards"; // others repeat or precede what was counted already
    const scored = clock.code === "ok" ? 1 : 0;
    let bad = 1 - scored;
    let usable = 0;
    for (let c = 0; c < row.length; c++) {
      const value = row[c]!;
      let code = OK;
      this.#seen[c] = value;
      if (this.#ignored[c] === 1) {
        report.judged[c] = 0;
        report.codes[c] = OK;
        continue;
      }
      if (value - value !== 0) {
        code = reasons === undefined ? (Number.isNaN(value) ? MISSING : NAN) : reasons[c] === READ_MISSING ? MISSING : NAN;
        this.#otherUnit[c] = reasons?.[c] === READ_UNIT ? 1 : 0;
        this.#scales[c]?.gap();
      } else {
        if (value < this.#low[c]!) code = LOW;
        else if (value > this.#high[c]!) code = HIGH;
        if (follows) {
          const run = value === this.#last[c] ? this.#run[c]! + 1 : 1;
          this.#run[c] = run;
          this.#last[c] = value;
          if (run > this.#stuckAfter[c]! && code === OK) code = STUCK;
          const scale = this.#scales[c];
          if (scale) {
            if (clock.gap) scale.gap();
            if (scale.push(value)) code = SCALE;
          }
        }
      }
      report.codes[c] = code;
      report.judged[c] = code === OK ? scored : 0;
      bad |= code;
      usable |= report.judged[c]!;
    }
    report.ok = bad === 0;
    report.usable = usable === 1;
    return report;
  }

  /** Why the last sample, or signals of it, can't be judged. Allocates: call it only when the report is not ok. */
  reasons(): HealthReason[] {
    const reasons: HealthReason[] = [];
    const { clock, codes, elapsedMs } = this.#report;
    if (clock === "duplicate") reasons.push(say("duplicate", undefined));
    else if (clock === "late")
      reasons.push(say("late", undefined, { elapsed: duration(elapsedMs), expected: duration(this.#learned?.periodMs || this.#clock.lateMs / 3) }));
    else if (clock !== "ok") reasons.push(say(clock, undefined, { elapsed: duration(clock === "backwards" ? -elapsedMs : elapsedMs) }));
    for (let c = 0; c < codes.length; c++) if (codes[c] !== OK) reasons.push(this.#reason(c));
    return reasons;
  }

  #reason(c: number): HealthReason {
    const { name, unit } = this.#signals[c]!;
    const code = SIGNAL_CODES[this.#report.codes[c]!]!;
    const seen = withUnit(this.#seen[c]!, unit);
    switch (code) {
      case "low":
        return say(code, name, { seen, limit: withUnit(this.#low[c]!, unit) });
      case "high":
        return say(code, name, { seen, limit: withUnit(this.#high[c]!, unit) });
      case "stuck":
        return say(code, name, { seen, count: String(this.#run[c]), limit: String(this.#learned?.signals[c]?.longestRun ?? 0) });
      case "scale": {
        const { median = NaN } = this.#learned?.signals[c] ?? {};
        return say(code, name, { seen, expected: withUnit(median, unit), change: this.#scales[c]?.change ?? "" });
      }
      case "ok":
      case "missing":
      case "nan":
        if (code === "nan" && this.#otherUnit[c] === 1) return say("unit", name, { expected: unit });
        return say(code === "nan" ? "nan" : "missing", name);
      default:
        return code satisfies never;
    }
  }

  /** ms without any sample when that is longer than is usual, else 0; `arrivalMs` is the clock given to `push`. For a timer. */
  silentFor(arrivalMs: number): number {
    return this.#clock.silentFor(arrivalMs);
  }

  /** The state after the last sample; cheap. */
  save(): HealthState {
    return {
      names: this.#signals.map((s) => s.name),
      last: this.#last.slice(),
      run: this.#run.slice(),
      clock: this.#clock.save(),
      scales: this.#scales.map((s) => s?.save() ?? null),
    };
  }

  /** Goes on from a state; false (and nothing changed) when it belongs to other signals. Install what was learned first. */
  load(state: HealthState): boolean {
    const own = state.names.length === this.#signals.length && this.#signals.every((s, c) => s.name === state.names[c]);
    if (!own) return false;
    this.#last.set(state.last);
    this.#run.set(state.run);
    this.#clock.load(state.clock);
    this.#scales.forEach((scale, c) => {
      const saved = state.scales[c];
      if (scale && saved) scale.load(saved);
    });
    return true;
  }
}
