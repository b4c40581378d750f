/**
 * The anomaly detector, sample by sample: health, learning period, score, alarm episodes, change points, drift. Pure and
 * synchronous; fitting (slow) is somebody else's job: `takeJob` hands it out, `install` takes the result.
 */
import { fail } from "../errors.ts";
import { HealthMonitor, type HealthState } from "../signals/health.ts";
import type { HealthReason, HealthReport } from "../signals/types.ts";
import { SampleBuffer, type BufferState, type SampleChunk } from "./buffer.ts";
import { alarmSettings } from "./alarm.ts";
import type { DetectorEvent } from "./events.ts";
import { applyFeedback, type Feedback, type FeedbackKind, type FeedbackTarget } from "./feedback.ts";
import { HealthWatch } from "./health-watch.ts";
import { blank, severityOf, unscored, type Judgement } from "./judgement.ts";
import type { DetectorModel } from "./model.ts";
import { MIN_ROWS, type DetectorSettings, type FitJob } from "./settings.ts";
import { Watcher, type WarmState, type WatcherState } from "./watcher.ts";

export interface DetectorState {
  readonly format: 1;
  readonly names: readonly string[];
  readonly buffer: BufferState;
  readonly health: HealthState;
  readonly watcher: WatcherState | null;
  readonly fitted: number;
  readonly accepted: number;
  readonly learningSince: number;
  readonly excluded: readonly (readonly [number, number])[];
}

/** Continuous mode: fitted again when so many times the samples of the last fit have been accepted since. */
const REFIT_GROWTH = 0.25;
/** A fit that failed is tried again when so many times its samples have come since. */
const RETRY_GROWTH = 0.1;
/** Time a push may spend on replaying what came during a training run, ms; and the samples it replays in any case, so that it ends. */
const REPLAY_MS = 0.4;
const LEAST_REPLAY = 2;
/** Longest queue for the replay; what is older is a gap. */
const MAX_QUEUE = 20_000;
const MAX_EXCLUDED = 200;

interface Queued {
  readonly row: Float64Array;
  readonly judged: Uint8Array;
  readonly gap: boolean;
  /** In an alarm of the model before. */
  readonly alarmed: boolean;
}

export class Detector {
  /** What happened since it was last emptied; the caller empties it. */
  readonly events: DetectorEvent[] = [];
  private readonly settings: DetectorSettings;
  private readonly n: number;
  private readonly buffer: SampleBuffer;
  private monitor: HealthMonitor;
  private readonly healthWatch: HealthWatch;
  private readonly out: Judgement;
  private watcher: Watcher | undefined;
  /** A newly fitted model that still has to catch up with the samples that came during its training. */
  private successor: Watcher | undefined;
  private training = false;
  private queue: Queued[] = [];
  private readonly held: { readonly row: Float64Array; readonly judged: Uint8Array; readonly time: number }[] = [];
  /** Samples in the last fit, and accepted for learning since. */
  private fitted = 0;
  private accepted = 0;
  /** Samples in a fit that failed. */
  private failed = 0;
  /** Time of the first sample of the learning period (the buffer may have forgotten it), ms. */
  private learningSince = NaN;
  private lastTime = NaN;
  private excluded: (readonly [number, number])[] = [];

  constructor(settings: DetectorSettings) {
    this.settings = settings;
    this.n = settings.signals.length;
    this.buffer = new SampleBuffer(this.n);
    this.monitor = new HealthMonitor(settings);
    this.healthWatch = new HealthWatch(settings.signals);
    this.out = blank(this.n);
  }

  get model(): DetectorModel | undefined {
    return this.watcher?.model ?? this.successor?.model;
  }

  /** Limit in use over the limit of the model's calibration (moved by feedback). */
  get limitFactor(): number {
    return this.watcher?.limitFactor ?? 1;
  }

  /** Why signals of the last sample cannot be judged, in sentences; allocates, so only when its health is not ok. */
  healthReasons(): HealthReason[] {
    return this.monitor.reasons();
  }

  /** How long no sample has come, ms, when that is longer than usual; else 0. `arrival`: the monotonic clock given to `push`. */
  silentFor(arrival: number): number {
    return this.monitor.silentFor(arrival);
  }

  /**
   * Judges the sample `row` ([signals], NaN = not there) taken at `time` (ms since 1970). `arrival`: a monotonic clock when live, NaN in a
   * replay. `reasons`: the reader's, tell missing from not-a-number.
   */
  push(row: Float64Array, time: number, arrival = NaN, reasons?: Uint8Array): Judgement {
    const health = this.monitor.push(row, time, arrival, reasons);
    this.out.health = health;
    if (!Number.isNaN(time)) this.lastTime = time;
    this.healthWatch.push(health, time, this.events);
    this.catchUp();
    if (this.training || this.successor) this.enqueue(row, health);
    if (!this.watcher) {
      if (health.usable) this.keep(row, health.judged, time);
      unscored(this.out, this.successor ? "warming" : this.training ? "training" : "learning");
      this.out.progress = this.progress(time);
      return this.out;
    }
    const verdict = this.watcher.push(row, health, time, this.events);
    this.report(this.watcher, verdict);
    this.holdBack(row, health, time, verdict === "scored" && !this.watcher.alarm.on && this.watcher.score < 1);
    return this.out;
  }

  private report(watcher: Watcher, verdict: "scored" | "warming" | "health"): void {
    const { out } = this;
    out.progress = 1;
    out.limit = watcher.alarm.limit;
    out.alarm = watcher.alarm.on;
    out.alarmId = watcher.log.current?.id ?? "";
    out.phase = verdict === "warming" ? "warming" : "watching";
    out.cannotJudge = verdict === "scored" ? "" : verdict;
    out.score = watcher.score;
    out.contributions.fill(0);
    out.expected.fill(NaN);
    const { columns } = watcher.model;
    for (let c = 0; c < columns.length; c++) {
      out.contributions[columns[c]!] = watcher.contributions[c]!;
      out.expected[columns[c]!] = watcher.expected[c]!;
    }
    out.severity = severityOf(out.score, out.limit, out.alarm);
  }

  private keep(row: Float64Array, judged: Uint8Array, time: number): void {
    if (this.excluded.some(([from, to]) => time >= from && time <= to)) return;
    if (Number.isNaN(this.learningSince)) this.learningSince = time;
    this.buffer.add(row, judged, time);
    this.accepted++;
  }

  /** A sample may be learned once it has been followed by `window` samples without an alarm: a fault begins before its alarm does. */
  private holdBack(row: Float64Array, health: HealthReport, time: number, normal: boolean): void {
    if (this.watcher?.alarm.on) this.held.length = 0;
    if (!normal || !health.usable) return;
    this.held.push({ row: row.slice(), judged: health.judged.slice(), time });
    if (this.held.length <= (this.watcher?.model.window ?? 0)) return;
    const oldest = this.held.shift();
    if (oldest) this.keep(oldest.row, oldest.judged, oldest.time);
  }

  /** 0..1 of the learning period. */
  private progress(time: number): number {
    const { learnSamples, learnMs, mode } = this.settings;
    if (this.training || this.successor) return 1;
    if (mode === "command") return 0;
    if (learnSamples > 0) return Math.min(1, this.buffer.length / Math.min(learnSamples, this.buffer.capacity));
    return learnMs > 0 && this.learningSince <= time ? Math.min(1, (time - this.learningSince) / learnMs) : 0;
  }

  /** A training job when one is due: the learning period is over, or (continuous) as much again has been accepted. */
  takeJob(): FitJob | undefined {
    if (this.training || this.successor || this.settings.mode === "command") return undefined;
    const due = this.watcher
      ? this.settings.mode === "continuous" &&
        !this.adapts &&
        this.buffer.length >= Math.min(this.fitted, this.buffer.capacity) &&
        this.accepted >= Math.min(REFIT_GROWTH * this.fitted, this.buffer.capacity / 2) &&
        !this.watcher.alarm.on
      : this.buffer.length > 0 && this.progress(this.buffer.span[1]) >= 1 && this.accepted >= RETRY_GROWTH * this.failed;
    if (!due) return undefined;
    const job = this.buffered();
    const model = this.watcher?.model;
    // `auto` chooses at the end of the learning period: what an alarm means does not change behind the engineer's back
    return job.method === "auto" && model?.members[0] ? { ...job, method: model.members[0].method, kept: model.why } : job;
  }

  /** The pattern method learns by itself, sample by sample: a new fit would forget what it knows. */
  private get adapts(): boolean {
    return this.watcher?.model.members.every((m) => m.method === "nearest") ?? false;
  }

  /** The job from what is buffered; from now on samples queue up for the model that comes of it. */
  buffered(): FitJob {
    const rows = this.buffer.length;
    if (rows === 0) fail("MW_DATASET_TOO_SMALL", { got: 0, expected: MIN_ROWS });
    const { signals, periodMs, method, falseAlarmsPerWeek, confidence, seed } = this.settings;
    this.begin(rows);
    return { signals, periodMs, chunks: this.buffer.chunks(), exclude: [...this.excluded], method, falseAlarmsPerWeek, confidence, seed };
  }

  /** A training run (of whatever data) has begun. */
  begin(rows: number): void {
    this.training = true;
    this.queue = [];
    this.fitted = rows;
    this.accepted = 0;
  }

  /** The training run ended without a model. */
  abort(): void {
    this.failed = this.training ? this.fitted : this.failed;
    this.training = false;
    this.queue = [];
  }

  /** Watches with `model` from now on. `warm`: the streams' state at the end of the training data, where this data led up to now. */
  install(model: DetectorModel, warm?: WarmState): void {
    const names = this.settings.signals.map((s) => s.name);
    const theirs = model.signals.map((s) => s.name);
    if (names.length !== theirs.length || names.some((s, i) => s !== theirs[i]))
      fail("MW_MODEL_SIGNALS", { field: "model", expected: theirs.join(", "), got: names.join(", ") });
    this.training = false;
    this.failed = 0;
    this.fitted = model.trained.rows;
    const next = this.watcherFor(model);
    if (warm) next.warm(warm);
    else this.queue = [];
    this.monitor.install(model.health);
    this.successor = next;
    this.catchUp();
  }

  private watcherFor(model: DetectorModel): Watcher {
    const { clearAt, refractory, falseAlarmsPerWeek } = this.settings;
    return new Watcher(model, alarmSettings(model, clearAt, refractory, falseAlarmsPerWeek), this.settings.mode !== "command");
  }

  /** Moves the limit by what the engineer says of an alarm or a period. */
  feedback(kind: FeedbackKind, target: FeedbackTarget): Feedback {
    if (!this.watcher) fail("MW_COMMAND_STATE", { field: "feedback", got: "nothing has been learned yet" });
    const said = applyFeedback(this.watcher, kind, target);
    if (kind !== "falseAlarm") this.exclude(said.from, said.to === Infinity ? this.lastTime : said.to);
    return { ...said, to: said.to === Infinity ? this.lastTime : said.to };
  }

  /** A period (ms, inclusive) that must not be learned. */
  exclude(from: number, to: number): void {
    this.excluded.push([from, to]);
    if (this.excluded.length > MAX_EXCLUDED) this.excluded.shift();
  }

  /** What is kept for learning, oldest first; read-only. */
  chunks(): readonly SampleChunk[] {
    return this.buffer.chunks();
  }

  /** Forgets everything that was learned and learns anew. */
  reset(): void {
    this.buffer.clear();
    this.monitor = new HealthMonitor(this.settings);
    this.watcher = undefined;
    this.successor = undefined;
    this.abort();
    this.held.length = 0;
    this.failed = 0;
    this.fitted = 0;
    this.accepted = 0;
    this.learningSince = NaN;
    this.excluded = [];
    unscored(this.out, "learning");
    this.out.progress = 0;
  }

  /** Everything but the model itself, v8-serialisable. */
  save(): DetectorState {
    return {
      format: 1,
      names: this.settings.signals.map((s) => s.name),
      buffer: this.buffer.save(),
      health: this.monitor.save(),
      watcher: this.savedWatcher(),
      fitted: this.fitted,
      accepted: this.accepted,
      learningSince: this.learningSince,
      excluded: [...this.excluded],
    };
  }

  /** While a new model catches up, the streams of the old one are of no use to it; alarms and history are. */
  private savedWatcher(): WatcherState | null {
    const state = this.watcher?.save() ?? null;
    return state && this.successor ? { ...state, fused: null, change: null } : state;
  }

  /** Goes on from a saved state. `model`: the one to watch with; `same`: it is the one that the state was saved with, else the streams warm up anew. Throws MW_STATE_SIGNALS when it belongs to other signals. */
  load(state: DetectorState, model?: DetectorModel, same = true): void {
    const names = this.settings.signals.map((s) => s.name).join(", ");
    if (state.names.join(", ") !== names) fail("MW_STATE_SIGNALS", { expected: state.names.join(", "), got: names });
    if (model) {
      this.install(model);
      if (state.watcher) this.watcher?.load(same ? state.watcher : { ...state.watcher, fused: null, change: null });
    }
    this.buffer.load(state.buffer);
    this.monitor.load(state.health);
    this.fitted = state.fitted;
    this.accepted = state.accepted;
    this.learningSince = state.learningSince;
    this.excluded = [...state.excluded];
  }

  private enqueue(row: Float64Array, health: HealthReport): void {
    const full = this.queue.length >= MAX_QUEUE;
    if (full) this.queue = [];
    this.queue.push({ row: row.slice(), judged: health.judged.slice(), gap: health.gap || full, alarmed: this.watcher?.alarm.on ?? false });
  }

  /**
   * Lets a newly installed model catch up with the samples that came during its training, for about `budgetMs`; returns how many are left.
   * Every push does a part of it; whoever has time between samples may do more.
   */
  catchUp(budgetMs = REPLAY_MS): number {
    const next = this.successor;
    if (!next) return 0;
    const until = performance.now() + budgetMs;
    let done = 0;
    while (done < this.queue.length) {
      const q = this.queue[done++]!;
      next.replay(q.row, q.judged, q.gap, q.alarmed);
      if (done >= LEAST_REPLAY && performance.now() >= until) break;
    }
    this.queue.splice(0, done);
    if (this.queue.length > 0) return this.queue.length;
    if (this.watcher) next.adopt(this.watcher.save());
    this.watcher = next;
    this.successor = undefined;
    return 0;
  }
}
