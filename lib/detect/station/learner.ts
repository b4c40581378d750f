/** What a node has learned and goes on learning: the live detector, its model, training runs, and its state on disk. */
import { fail, MillwrightError, toMillwrightError, type Bilingual } from "../../errors.ts";
import type { Dataset } from "../../message/dataset.ts";
import type { SignalSpec } from "../../signals/types.ts";
import type { Judgement } from "../judgement.ts";
import type { Feedback } from "../feedback.ts";
import { MIN_ROWS, type FitJob } from "../settings.ts";
import type { TrainResult } from "../trainer.ts";
import type { ArrivalClock } from "./arrival.ts";
import type { ModelChange } from "./bus.ts";
import type { FeedbackOrder } from "./commands.ts";
import { ModelDesk, type DeskTools, type Loaded } from "./desk.ts";
import type { LearnedEvent } from "./events.ts";
import { jobFrom } from "./job.ts";
import type { Keeper, Keepsake } from "./keeper.ts";
import { Live } from "./live.ts";
import type { StationState } from "./result.ts";
import { Memory } from "./memory.ts";
import { keepsake, type restored, type Saved } from "./saved.ts";
import { Teller } from "./teller.ts";
import type { Outlets, StationSettings } from "./types.ts";

export interface LearnerTools extends DeskTools {
  readonly keeper: Keeper;
  readonly now: () => number;
  /** ms between saves of the streaming state. */
  readonly saveEveryMs: number;
}

/** After a run that gave nothing better another one needs so many more samples; after one that failed, also half as many as there were. */
const RETRY_SAMPLES = 200;
const SUPERSEDED: Bilingual = { en: "another node has trained this model", zh: "另一个节点已训练了此模型" };
const CANCELLED: Bilingual = { en: "it was cancelled by command", zh: "已被命令取消" };

export class Learner {
  /** Undefined until the signals are known. */
  live: Live | undefined;
  /** The model in use. */
  loaded: Loaded | undefined;
  /** The active model is for other signals and its name may be another node's too: nothing is judged. */
  refused: MillwrightError | undefined;
  readonly desk: ModelDesk;
  readonly teller: Teller;
  readonly #settings: StationSettings;
  readonly #tools: LearnerTools;
  readonly #outlets: Outlets;
  /** The signals are free to change with the next message. */
  #free = false;
  readonly #clock: ArrivalClock;
  readonly #memory: Memory;
  readonly #closing = new AbortController();
  #hold: Saved["hold"] = null;
  #anew = false;
  #retryAt = 0; // samples seen
  #resets = 0;
  #serial: Promise<unknown> = Promise.resolve();
  #running: Promise<unknown> = Promise.resolve();

  constructor(settings: StationSettings, tools: LearnerTools, outlets: Outlets, clock: ArrivalClock) {
    this.#settings = settings;
    this.#tools = tools;
    this.#outlets = outlets;
    this.#clock = clock;
    this.teller = new Teller(outlets, tools.now);
    this.desk = new ModelDesk(settings.model, tools, {
      changed: (change) => void this.#inTurn(() => this.#follow(change)).catch(this.#report),
      progress: (run) => this.teller.training(run),
      notice: outlets.report,
    });
    this.#memory = new Memory(tools.keeper, tools.saveEveryMs, () => this.#snapshot(), this.#report);
  }

  get signals(): readonly SignalSpec[] | undefined {
    return (this.#free ? undefined : this.live?.signals) ?? this.#settings.signals?.signals;
  }

  /** Time between samples that the settings give, ms; 0 = learned. */
  get periodMs(): number {
    return this.#settings.signals?.periodMs ?? 0;
  }

  /** Version that waits to be promoted. */
  get candidate(): number | undefined {
    return typeof this.#hold === "number" ? this.#hold : undefined;
  }

  /** Reads what was learned before. Never fails: what cannot be used is reported, and learned anew. */
  async open(): Promise<void> {
    const kept = await this.#memory.load();
    const loaded = kept?.saved.anew === true ? undefined : await this.desk.load().catch(this.#report);
    const signals = this.#settings.signals?.signals ?? loaded?.model.signals ?? kept?.saved.signals;
    if (signals === undefined) return;
    let live = this.begin(signals);
    this.loaded = this.#accept(loaded, signals);
    if (kept) live = this.#resume(live, kept);
    if (this.loaded && live.detector.model === undefined) live.detector.install(this.loaded.model);
  }

  /** What the store holds, unless it is for other signals: then the node learns anew where the name is its own, and judges nothing where it is shared. */
  #accept(loaded: Loaded | undefined, signals: readonly SignalSpec[]): Loaded | undefined {
    const misfit = loaded && this.desk.misfit(loaded, signals);
    if (misfit === undefined) return loaded;
    this.#outlets.report(misfit);
    if (this.#settings.model.own) this.#anew = true;
    else this.refused = misfit;
    return undefined;
  }

  #resume(live: Live, { saved, state }: ReturnType<typeof restored>): Live {
    try {
      live.detector.load(state, this.loaded?.model, this.loaded?.sha256 === saved.sha256);
      this.#anew ||= saved.anew;
      this.#hold = saved.hold;
      this.teller.alarm = saved.alarm ?? undefined;
      return live;
    } catch (error) {
      this.#report(error);
      return this.begin(live.signals);
    }
  }

  /** The signals are known: from the settings, a model, or the first message. */
  begin(signals: readonly SignalSpec[]): Live {
    this.live = new Live({ ...this.#settings.detector, signals, periodMs: this.periodMs }, this.#clock, this.#settings.property.join("."));
    return this.live;
  }

  /** The live stream; begun with `signals` when there is none yet, or after a reset, where without a signal set the next message decides. */
  liveFor(signals: () => readonly SignalSpec[]): Live {
    if (this.live && !this.#free) return this.live;
    this.#free = false;
    return this.begin(this.#settings.signals?.signals ?? signals());
  }

  state(j: Judgement): StationState {
    if (j.phase !== "learning") return j.phase;
    return this.#hold !== null || this.#settings.detector.mode === "command" ? "waiting" : "learning";
  }

  /** After every sample of the live stream: alarms told, training when it is due, saving. */
  after(live: Live, j: Judgement): void {
    const { events } = live.detector;
    if (events.length > 0) this.teller.tell(events.splice(0), live.time);
    this.teller.check(j.alarmId, live.time);
    this.#memory.touch();
    if (this.#hold === null && this.desk.run === undefined && live.seen >= this.#retryAt) {
      const job = live.detector.takeJob();
      if (job) void this.#learnFrom(job, live);
    }
    if (j.phase === "learning" && this.#hold === null) this.teller.progress("learning", j.progress, 0);
  }

  async #learnFrom(job: FitJob, live: Live): Promise<void> {
    try {
      await this.#run(job, live, false);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const superseded = error instanceof MillwrightError && error.details["got"] === SUPERSEDED;
      if (!superseded) this.#report(error);
      this.#retryAt = live.seen + Math.max(RETRY_SAMPLES, live.seen / 2);
    }
  }

  #run(job: FitJob, live: Live | undefined, byCommand: boolean): Promise<LearnedEvent> {
    const run = this.#trainAndUse(job, live, byCommand);
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** `live`: the stream whose samples are learned; absent when the samples come from a dataset. */
  async #trainAndUse(job: FitJob, live: Live | undefined, byCommand: boolean): Promise<LearnedEvent> {
    const resets = this.#resets;
    try {
      const first = this.loaded === undefined || this.#anew;
      const learned = await this.desk.train(job, byCommand, first, this.#closing.signal, (result) =>
        this.#inTurn(() => this.#adopt(result, job.signals, live !== undefined && live === this.live, resets)),
      );
      void this.#inTurn(() => this.desk.prune([this.loaded?.info.version, this.candidate].filter((v) => v !== undefined)));
      return learned;
    } catch (error) {
      this.live?.detector.abort();
      throw error;
    }
  }

  /** Reads back from the store what was trained, so that what runs is what the file says. */
  async #adopt(result: TrainResult, signals: readonly SignalSpec[], warm: boolean, resets: number): Promise<LearnedEvent> {
    const loaded = await this.desk.fitting(result.version, this.signals);
    this.#closing.signal.throwIfAborted();
    if (resets !== this.#resets) return fail("MW_COMMAND_STATE", { field: "train", got: CANCELLED });
    if (result.promoted) this.#use(loaded, signals, warm ? result.warm : undefined);
    else {
      this.live?.detector.abort();
      this.#retryAt = (this.live?.seen ?? 0) + RETRY_SAMPLES;
      if (this.#settings.model.promote === "manual") this.#hold = result.version;
    }
    return this.teller.learned(loaded, "training", result.promoted, result.verdict);
  }

  #use(loaded: Loaded, signals: readonly SignalSpec[], warm?: TrainResult["warm"]): void {
    const live = this.live ?? this.begin(signals);
    live.detector.install(loaded.model, warm);
    this.loaded = loaded;
    this.refused = undefined;
    this.#hold = null;
    this.#anew = false;
    this.#memory.touch();
    this.#drain(live);
  }

  /** Lets a model catch up between messages: after a long dataset there may be thousands of samples waiting. */
  #drain(live: Live): void {
    if (this.#closing.signal.aborted || live !== this.live || live.detector.catchUp() === 0) return;
    setImmediate(() => {
      this.#drain(live);
    });
  }

  /** Another node made another version the active one. */
  async #follow(_change: ModelChange): Promise<void> {
    if (this.#anew || this.#closing.signal.aborted) return;
    const loaded = await this.desk.load();
    if (loaded === undefined || loaded.sha256 === this.loaded?.sha256) return;
    const signals = this.signals ?? loaded.model.signals;
    const misfit = this.desk.misfit(loaded, signals);
    if (misfit) {
      this.#outlets.report(misfit); // and goes on with what it has
      return;
    }
    if (this.desk.run?.byCommand === false) this.desk.cancel(SUPERSEDED);
    this.#use(loaded, signals);
    this.teller.learned(loaded, "other node", true, null);
  }

  /** Trains on the dataset, or on what is buffered. */
  async train(data: Dataset | undefined): Promise<LearnedEvent> {
    if (this.desk.run) fail("MW_TRAIN_BUSY", { field: this.desk.name });
    if (data === undefined) {
      if (this.live === undefined) return fail("MW_DATASET_TOO_SMALL", { got: 0, expected: MIN_ROWS });
      return this.#run(this.live.detector.buffered(), this.live, true);
    }
    this.live?.detector.begin(data.x.rows);
    return this.#run(jobFrom(data, this.#settings), undefined, true);
  }

  /** Uses a version: the one named, else the candidate, else the newest. */
  async promote(version: number | undefined): Promise<LearnedEvent> {
    return this.#inTurn(async () => {
      const wanted = await this.desk.fitting(version ?? this.candidate ?? (await this.desk.newest()), this.signals);
      await this.desk.promote(wanted.info.version);
      return this.#switch(wanted);
    });
  }

  async rollback(): Promise<LearnedEvent> {
    return this.#inTurn(async () => {
      const before = this.loaded?.info.version;
      const version = await this.desk.rollback();
      try {
        return this.#switch(await this.desk.fitting(version, this.signals));
      } catch (error) {
        if (before !== undefined) await this.desk.promote(before);
        throw error;
      }
    });
  }

  #switch(loaded: Loaded): LearnedEvent {
    this.#use(loaded, this.signals ?? loaded.model.signals);
    return this.teller.learned(loaded, "command", true, null);
  }

  /** Forgets what was learned from the stream and learns anew; the versions in the store stay. */
  reset(): void {
    this.desk.cancel(CANCELLED);
    this.live?.reset();
    this.loaded = undefined;
    this.refused = undefined;
    this.#anew = true;
    this.#free = true;
    this.#resets++;
    this.#hold = null;
    this.#retryAt = 0;
    this.teller.restart();
    this.#memory.touch();
  }

  /** True when a run was ended. Training starts again only by command (or after a reset). */
  cancel(): boolean {
    if (!this.desk.cancel(CANCELLED)) return false;
    if (this.loaded === undefined) this.#hold = "cancelled";
    return true;
  }

  feedback({ kind, target }: FeedbackOrder): Feedback {
    if (this.live === undefined) return fail("MW_COMMAND_STATE", { field: "feedback", got: { en: "nothing has been learned yet", zh: "尚未学习任何内容" } });
    const result = this.live.detector.feedback(kind, target);
    this.#memory.touch();
    this.#outlets.emit({ type: "feedback", at: this.#tools.now(), ...result });
    return result;
  }

  /** No sample is learned or judged until a command comes. */
  get idle(): boolean {
    return this.loaded === undefined && (this.#hold !== null || this.#settings.detector.mode === "command");
  }

  /** A period that must not be learned. Said again (with every message, as it may be) it costs nothing. */
  exclude(from: number, to: number): void {
    if (this.live?.exclude(from, to) === true) this.#memory.touch();
  }

  /** One change of the model at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#serial.then(work, work);
    this.#serial = turn.catch(() => undefined);
    return turn;
  }

  readonly #report = (error: unknown): undefined => {
    if (!this.#closing.signal.aborted) this.#outlets.report(toMillwrightError(error));
  };

  #snapshot(): Keepsake | undefined {
    if (!this.live) return undefined;
    const { signals, detector } = this.live;
    return keepsake(detector, { signals, sha256: this.loaded?.sha256 ?? "", anew: this.#anew, hold: this.#hold, alarm: this.teller.alarm ?? null });
  }

  /** `removed`: the node was deleted; its state goes, its models stay. */
  async close(removed: boolean): Promise<void> {
    this.#closing.abort();
    this.desk.close();
    await this.#running; // the training process has ended
    await this.#serial;
    await this.#memory.close(removed);
  }
}
