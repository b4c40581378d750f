/** Runs one trained model on live samples: fills gaps, scores, keeps the alarm machine, finds change points and drift. */
import { SIGNAL_CODES, type HealthReport, type SignalSpec } from "../signals/types.ts";
import { AlarmLog, type AlarmLogState } from "./alarm-log.ts";
import { AlarmMachine, type AlarmSettings, type AlarmState, type Transition } from "./alarm.ts";
import { ChangeDetector, type ChangeState } from "./change.ts";
import { DriftMeter, type DriftState } from "./drift.ts";
import type { DetectorEvent, TopSignal } from "./events.ts";
import { FusedStream, type FusedState } from "./fused.ts";
import { Imputer } from "./impute.ts";
import type { DetectorModel } from "./model.ts";
import { ScoreHistory, type ScoreHistoryState } from "./score-history.ts";

/** Stream state at the end of the training data, so that watching goes on without warming up. */
export interface WarmState {
  readonly fused: FusedState;
  readonly change: ChangeState;
}

/** `fused` and `change` are null when they belong to another model than the one in use: the streams warm up anew. */
export interface WatcherState {
  readonly fused: FusedState | null;
  readonly change: ChangeState | null;
  readonly alarm: AlarmState;
  readonly log: AlarmLogState;
  readonly drift: DriftState;
  readonly limitFactor: number;
  readonly history: ScoreHistoryState;
}

/** Samples above this many times the limit are never learned by adaptive methods. */
const LEARN_BELOW = 3;
/** A sample is judged only while no more than this share of the columns, or one, cannot be: too much guessed is nothing known. */
const GUESSED_SHARE = 0.25;

const STUCK = SIGNAL_CODES.indexOf("stuck");
const SCALE = SIGNAL_CODES.indexOf("scale");
/** After more samples in a row that could not be judged, the windows start anew. */
const MAX_BLIND = 5;
/** A signal is another fault than the last alarm's when it contributes so many times as much. */
const OTHER_CAUSE = 2;

export type Verdict = "scored" | "warming" | "health";

export class Watcher {
  readonly model: DetectorModel;
  readonly alarm: AlarmMachine;
  readonly log: AlarmLog;
  /** Feedback since the model was fitted: the limit is the model's times this. */
  limitFactor = 1;
  /** Relative to the limit; valid when the last push returned "scored". */
  score = NaN;
  /** Per column; the sum is the score. */
  readonly contributions: Float64Array;
  readonly expected: Float64Array;
  private readonly signals: readonly SignalSpec[];
  private readonly fused: FusedStream;
  private readonly imputer: Imputer;
  private readonly change: ChangeDetector;
  private readonly drift: DriftMeter;
  private readonly x: Float64Array;
  private readonly history = new ScoreHistory();
  /** Whether the pattern method goes on learning; off, it stays as trained. */
  private readonly learning: boolean;

  constructor(model: DetectorModel, alarm: AlarmSettings, learning: boolean) {
    this.model = model;
    this.signals = model.signals;
    const n = model.columns.length;
    this.fused = new FusedStream(model.members, n, model.smoothing);
    this.imputer = new Imputer(model.impute);
    this.alarm = new AlarmMachine(alarm);
    this.log = new AlarmLog(n);
    this.change = new ChangeDetector(model.change);
    this.drift = new DriftMeter(model.trained.rows);
    this.learning = learning;
    this.x = new Float64Array(n);
    this.filled = new Uint8Array(n);
    this.broken = new Uint8Array(n);
    this.worst = { score: 0, expected: new Float64Array(n), seen: new Float64Array(n) };
    this.contributions = new Float64Array(n);
    this.expected = new Float64Array(n);
  }

  /** Advances by one sample without judging it: for what came while the model was being fitted. */
  replay(row: Float64Array, judged: Uint8Array, gap: boolean, alarmed: boolean): void {
    const score = this.advance(row, judged, gap);
    if (!Number.isNaN(score) && !alarmed) this.learn(score);
  }

  /** Judges one sample; events are appended to `events`. */
  push(row: Float64Array, health: HealthReport, time: number, events: DetectorEvent[]): Verdict {
    const score = this.advance(row, health.judged, health.gap || this.newlyBroken(health));
    this.score = score;
    if (Number.isNaN(score)) {
      this.contributions.fill(0);
      this.expected.fill(NaN);
      return this.blind ? "health" : "warming";
    }
    this.history.add(time, score);
    this.fused.contributions(this.contributions);
    this.settle(score);
    const limit = this.alarm.limit;
    const transition = this.alarm.push(score, this.cause());
    this.expect();
    if (transition !== "none" || this.alarm.on) this.episode(transition, score, limit, row, time, events);
    this.learn(score);
    if (transition === "end" || transition === "renew") this.fused.release(true);
    this.slowly(score, row, time, events);
    return "scored";
  }

  /** Nothing is learned while alarmed: what was not far out is held until the alarm is over, or has gone a refractory period without being confirmed. */
  private learn(score: number): void {
    if (!this.learning) return;
    const far = score >= LEARN_BELOW;
    if (this.alarm.on) {
      if (!far) this.fused.learn("hold");
    } else this.fused.learn(far ? "no" : "yes");
  }

  /** The period (ms, inclusive) was a fault: what was held, or was already learned of it, is given up. */
  forget(from: number, to: number): void {
    if (this.log.current && this.log.current.start <= to) this.fused.release(false);
    const ago = this.history.ago(from, to);
    if (ago) this.fused.forget(...ago);
  }

  private blind = false;
  private blindFor = 0;

  /** A sensor was just found stuck or in another unit: what it gave before is still in the windows, which start anew without it. */
  private newlyBroken({ codes }: HealthReport): boolean {
    let broken = false;
    const { columns } = this.model;
    for (let c = 0; c < columns.length; c++) {
      const code = codes[columns[c]!]!;
      const now = code === STUCK || code === SCALE ? 1 : 0;
      if (now === 1 && this.broken[c] === 0) broken = true;
      this.broken[c] = now;
    }
    return broken;
  }

  /** Score relative to the limit, or NaN. */
  private advance(row: Float64Array, judged: Uint8Array, gap: boolean): number {
    const { columns } = this.model;
    let usable = 0;
    for (let c = 0; c < columns.length; c++) {
      const i = columns[c]!;
      const ok = judged[i] === 1;
      this.x[c] = ok ? row[i]! : NaN;
      this.filled[c] = ok ? 0 : 1;
      if (ok) usable++;
    }
    const guessed = columns.length - usable;
    this.blind = usable === 0 || guessed > Math.max(1, GUESSED_SHARE * columns.length);
    if (gap || (!this.blind && this.blindFor > MAX_BLIND)) this.fused.reset(); // windows are not joined across a hole
    this.blindFor = this.blind ? this.blindFor + 1 : 0;
    if (this.blind) return NaN;
    this.imputed = this.imputer.fill(this.x) > 0;
    const raw = this.fused.push(this.x);
    return this.fused.ready ? raw / (this.model.limit * this.limitFactor) : NaN;
  }

  private imputed = false;
  private readonly filled: Uint8Array;
  private readonly broken: Uint8Array;
  /** Expected and seen values at the highest score of the open episode. */
  private readonly worst: { score: number; readonly expected: Float64Array; readonly seen: Float64Array };

  /** Scales the contributions from the fused score to the score; a value that was filled in is nobody's fault. */
  private settle(score: number): void {
    let total = 0;
    for (let i = 0; i < this.contributions.length; i++) if (this.filled[i] === 1) this.contributions[i] = 0;
    for (const v of this.contributions) total += v;
    const k = total > 0 ? score / total : 0;
    for (let i = 0; i < this.contributions.length; i++) this.contributions[i]! *= k;
  }

  /** The column that the score is about: the last alarm's while it still leads or nearly does, so that a tie does not flip. */
  private cause(): number {
    let top = 0;
    for (let i = 1; i < this.contributions.length; i++) if (this.contributions[i]! > this.contributions[top]!) top = i;
    const { cause } = this.alarm;
    return cause >= 0 && this.contributions[top]! < OTHER_CAUSE * (this.contributions[cause] ?? 0) ? cause : top;
  }

  /** What the other signals imply for each one: unlike a forecast it does not follow a fault that lasts. One signal: the method's own opinion. */
  private expect(): void {
    if (this.x.length > 1) this.imputer.expected(this.x, this.expected);
    else this.fused.expected(this.expected);
  }

  private episode(transition: Transition, score: number, limit: number, row: Float64Array, time: number, events: DetectorEvent[]): void {
    const { log } = this;
    if (transition === "start") this.worst.score = 0;
    if (score > this.worst.score) {
      this.worst.score = score;
      this.worst.expected.set(this.expected);
      this.worst.seen.set(this.x);
    }
    if (transition === "start") {
      const record = log.start(score, limit, time);
      events.push(log.event("alarm-start", record, score, time, this.top(row)));
      log.add(this.contributions, score, time);
      return;
    }
    const update = log.add(this.contributions, score, time);
    const open = log.current;
    if (transition === "end") {
      const closed = log.end(time);
      if (closed) events.push(log.event("alarm-end", closed, score, time, this.topAtWorst()));
    } else if (open && (update || transition === "renew"))
      events.push({ ...log.event("alarm-update", open, score, time, this.top(row)), renewed: transition === "renew" });
  }

  /** Change points and drift: what happens over many samples. */
  private slowly(score: number, row: Float64Array, time: number, events: DetectorEvent[]): void {
    const changed = this.imputed ? null : this.change.push(this.x);
    if (changed)
      events.push({
        type: "change-point",
        id: `C${Math.round(time).toString(36).toUpperCase()}`,
        at: time,
        signals: changed.map((c) => ({ ...this.name(c.column), before: c.before, after: c.after })),
      });
    if (this.alarm.on) return;
    const raised = (score * this.model.limit * this.limitFactor) / this.model.calibration.quantile90;
    const share = this.drift.push(raised > 1);
    if (share > 0) events.push({ type: "drift", at: time, share, top: this.top(row) });
  }

  private name(column: number): { signal: string; unit: string } {
    const s = this.signals[this.model.columns[column]!]!;
    return { signal: s.name, unit: s.unit };
  }

  top(row: Float64Array): TopSignal[] {
    return this.log.ranking(this.contributions).map(({ column, share }) => ({
      ...this.name(column),
      share,
      expected: finite(this.expected[column]),
      seen: finite(row[this.model.columns[column]!]),
    }));
  }

  /** The episode's signals with the values of its worst moment: at the end of an alarm the present ones say nothing. */
  private topAtWorst(): TopSignal[] {
    return this.log.ranking(this.contributions).map(({ column, share }) => ({
      ...this.name(column),
      share,
      expected: finite(this.worst.expected[column]),
      seen: finite(this.worst.seen[column]),
    }));
  }

  /** Highest score between two times (ms, inclusive); NaN when nothing of it is remembered. */
  highest(from: number, to: number): number {
    return this.history.highest(from, to);
  }

  /** Multiplies the limit by `factor`: scores, past ones too, are relative to the new limit. */
  moveLimit(factor: number): void {
    this.limitFactor *= factor;
    this.history.rescale(factor);
    this.alarm.rescale(factor);
    this.log.rescale(factor);
  }

  warm(state: WarmState): void {
    this.fused.load(state.fused);
    this.change.load(state.change);
  }

  save(): WatcherState {
    return {
      fused: this.fused.save(),
      change: this.change.save(),
      alarm: this.alarm.save(),
      log: this.log.save(),
      drift: this.drift.save(),
      limitFactor: this.limitFactor,
      history: this.history.save(),
    };
  }

  load(state: WatcherState): void {
    if (state.fused && state.change) this.warm({ fused: state.fused, change: state.change });
    this.adopt(state);
  }

  /**
   * Takes over alarms (an open one too) and history from the model before. What feedback did to the limit stays too: alarmed samples are not
   * learned, so that a new model knows no better.
   */
  adopt(state: Omit<WatcherState, "fused" | "change">): void {
    this.alarm.load(state.alarm);
    this.log.load(state.log);
    this.drift.load(state.drift);
    this.limitFactor = state.limitFactor;
    this.history.load(state.history);
  }
}

const finite = (v: number | undefined): number | null => (v !== undefined && Number.isFinite(v) ? v : null);
