/**
 * An anomaly node without Node-RED: takes messages, judges them, learns, answers commands, keeps its state. Its collaborators (store,
 * trainer, state file, clock, outlets) are handed in.
 *
 * Order: messages leave in the order they came. Live samples are judged at once, also while a dataset in front of them is still being scored.
 */
import { fail, show, toMillwrightError } from "../errors.ts";
import { readDataset, type Dataset } from "../message/dataset.ts";
import { parsePeriods } from "../message/labels.ts";
import { payloadForm } from "../message/payload.ts";
import { getPath, setPath } from "../message/property.ts";
import { describe } from "../signals/sentences.ts";
import { signalsFromSample } from "../signals/set.ts";
import type { SignalSpec } from "../signals/types.ts";
import type { Judgement } from "./judgement.ts";
import type { DetectorSettings } from "./settings.ts";
import { ArrivalClock } from "./station/arrival.ts";
import { learnBatch, scoreBatch, unscored, type BatchAnomaly } from "./station/batch.ts";
import { parseCommand, type CommandName } from "./station/commands.ts";
import { Gate } from "./station/gate.ts";
import { Lane } from "./station/lane.ts";
import { Learner, type LearnerTools } from "./station/learner.ts";
import type { Live } from "./station/live.ts";
import { obey, type Order } from "./station/orders.ts";
import { anomaly, refusal } from "./station/result.ts";
import { Silence } from "./station/silence.ts";
import { Board } from "./station/status.ts";
import { summary } from "./station/summary.ts";
import type { Message, Outlets, Send, StationSettings } from "./station/types.ts";

export type { Message, Outlets, Send, StationSettings } from "./station/types.ts";

/** Commands that do not wait for what is being learned. */
const AT_ONCE: ReadonlySet<CommandName> = new Set(["cancel", "status"]);

export class Station {
  readonly learner: Learner;
  /** Payload of the last sample, for filling in a signal set. */
  lastSample: unknown;
  readonly #settings: StationSettings;
  readonly #outlets: Outlets;
  readonly #field: string;
  readonly #board: Board;
  readonly #gate = new Gate();
  readonly #lane = new Lane();
  readonly #closing = new AbortController();
  readonly #silence: Silence;

  constructor(settings: StationSettings, tools: LearnerTools, outlets: Outlets) {
    this.#settings = settings;
    this.#outlets = outlets;
    this.#field = settings.property.join(".");
    this.#board = new Board(outlets.status);
    this.learner = new Learner(settings, tools, outlets, new ArrivalClock(tools.now));
    this.#silence = new Silence((silentMs) => {
      this.#board.silent();
      outlets.emit({ type: "silent", at: tools.now(), silentMs });
    });
  }

  /** Starts with what was learned before; messages that come meanwhile wait. */
  open(): Promise<void> {
    this.#board.starting();
    const opening = this.learner.open().then(
      () => this.#showState(),
      (error: unknown) => this.#outlets.report(toMillwrightError(error)),
    );
    this.#gate.closeFor(opening);
    return opening;
  }

  /** Takes one message. Synchronous for a sample; throws (or rejects with) coded errors and leaves the message as it was then. */
  input(msg: Message, send: Send, signal: AbortSignal): void | Promise<void> {
    const word = msg["command"];
    const command = word === undefined || word === null || word === "" ? undefined : parseCommand(word);
    const waits = this.#gate.closed && !(command && AT_ONCE.has(command));
    return waits ? this.#gate.pass(() => this.#take(command, msg, send, signal)) : this.#take(command, msg, send, signal);
  }

  #take(command: CommandName | undefined, msg: Message, send: Send, signal: AbortSignal): void | Promise<void> {
    const payload = getPath(msg, this.#settings.property);
    if (command) return this.#command(command, msg, payload, send, signal);
    this.#lane.check();
    const signals = this.learner.signals?.length ?? 0;
    if (payloadForm(payload, signals, this.#field) !== "sample") return this.#rows(msg, payload as string | unknown[], send, signal);
    return this.#sample(msg, payload, send);
  }

  /** What can fail comes first: a message that is refused has changed nothing. */
  #sample(msg: Message, payload: unknown, send: Send): void | Promise<void> {
    const { learner } = this;
    if (learner.refused) return this.#leave(msg, refusal(null), send);
    const periods = parsePeriods(msg["exclude"]);
    const live = learner.liveFor(() => signalsFromSample(payload, this.#field).signals);
    live.read(payload, msg["timestamp"]);
    this.lastSample = payload;
    for (let i = 0; i < periods.length; i += 2) learner.exclude(periods[i]!, periods[i + 1]!);
    const j = live.judge();
    for (const note of live.notes) this.#outlets.note(note);
    const result = anomaly(j, live.names, learner.loaded?.info ?? null, learner.state(j), this.#reasons);
    const left = this.#leave(msg, result, send);
    this.#after(live, j);
    this.#silence.heard(live.detector);
    return left;
  }

  readonly #reasons = (): string[] => this.learner.live?.detector.healthReasons().map((r) => describe(r, this.#outlets.language)) ?? [];

  /** Sends the message with its result, behind those that are still being worked on. */
  #leave(msg: Message, result: object, send: Send): void | Promise<void> {
    const leave = (): void => {
      setPath(msg, this.#settings.output, result);
      send(msg);
    };
    if (this.#lane.busy) return this.#lane.pass(undefined, leave);
    leave();
  }

  #after(live: Live, j: Judgement): void {
    const { learner } = this;
    learner.after(live, j);
    const state = learner.state(j);
    if (state === "waiting") this.#board.waiting(learner.candidate);
    else if (state === "training" && learner.desk.run) this.#board.training(learner.desk.run);
    else this.#board.judged(j, live.signals, state);
  }

  #rows(msg: Message, payload: string | unknown[], send: Send, signal: AbortSignal): Promise<void> {
    const work = this.#batch(msg, payload, signal);
    if (!this.learner.loaded && !this.learner.refused) this.#gate.closeFor(work); // what is learned stays in order
    return this.#lane.pass(work, (result) => {
      setPath(msg, this.#settings.output, result);
      send(msg);
    });
  }

  async #batch(msg: Message, payload: string | unknown[], signal: AbortSignal): Promise<BatchAnomaly> {
    const { learner } = this;
    const data = await this.#read(msg, payload, signal);
    if (learner.refused) return unscored(data.x.rows, "refused");
    if (learner.loaded) {
      const limitFactor = learner.live?.detector.limitFactor ?? 1;
      return scoreBatch(data, learner.loaded, { detector: this.#detectorSettings(data.signals), limitFactor }, signal);
    }
    const live = this.learner.liveFor(() => data.signals);
    return learnBatch(data, live, (j) => this.#after(live, j), signal);
  }

  async #read(msg: Message, payload: string | unknown[], signal: AbortSignal): Promise<Dataset> {
    const { signals } = this.learner;
    const periodMs = this.learner.loaded?.model.periodMs ?? this.#settings.signals?.periodMs ?? 0;
    const data = await readDataset(msg, payload, { field: this.#field, periodMs, signal, ...(signals ? { signals } : {}) });
    for (const note of data.notes) this.#outlets.note(note);
    return data;
  }

  #detectorSettings(signals: readonly SignalSpec[]): DetectorSettings {
    return { ...this.#settings.detector, signals, periodMs: this.#settings.signals?.periodMs ?? 0 };
  }

  async #command(command: CommandName, msg: Message, payload: unknown, send: Send, signal: AbortSignal): Promise<void> {
    const { version, feedback } = msg;
    const answer = await this.#obey(command, { payload, version, feedback, dataset: () => this.#datasetOf(msg, payload, signal), signal });
    setPath(msg, this.#settings.output, answer);
    send(msg);
  }

  async #obey(command: CommandName, what: Omit<Order, "learner" | "settings">): Promise<object> {
    const answer = obey(command, { ...what, learner: this.learner, settings: this.#detectorSettings(this.learner.signals ?? []) });
    try {
      return await answer;
    } finally {
      this.#showState();
    }
  }

  /** A command that came without a message (from the editor). */
  order(command: CommandName, version: unknown): Promise<object> {
    return this.#obey(command, { payload: undefined, version, feedback: undefined, dataset: () => Promise.resolve(undefined), signal: this.#closing.signal });
  }

  /** For the editor: the state of the node and the versions of its model. */
  async overview(): Promise<object> {
    return { ...summary(this.learner), versions: await this.learner.desk.catalogue() };
  }

  /** A command may bring a dataset; anything else (a time stamp of an inject node, one sample, nothing) means: what is buffered. */
  async #datasetOf(msg: Message, payload: unknown, signal: AbortSignal): Promise<Dataset | undefined> {
    if (payload === undefined || payload === null || payload === "") return undefined;
    const form = payloadForm(payload, this.learner.signals?.length ?? 0, this.#field);
    if (form === "sample" && typeof payload === "string")
      return fail("MW_PAYLOAD_TYPE", {
        field: this.#field,
        expected: { en: "a dataset (rows or CSV text), or nothing for what is buffered", zh: "数据集（多行样本或 CSV 文本），或留空以使用缓存的数据" },
        got: show(payload),
      });
    return form === "sample" ? undefined : this.#read(msg, payload as string | unknown[], signal);
  }

  /** The status line between samples. */
  #showState(): void {
    const { learner } = this;
    if (learner.refused) this.#board.refused();
    else if (learner.desk.run && !learner.loaded) this.#board.training(learner.desk.run);
    else if (learner.idle) this.#board.waiting(learner.candidate);
    else this.#board.ready(learner.loaded !== undefined, learner.live?.progress ?? 0);
  }

  /** `removed`: the node was deleted from the flow. Leaves nothing running, whatever waits and whatever fails. */
  async close(removed: boolean): Promise<void> {
    this.#closing.abort();
    this.#silence.close();
    try {
      await this.#gate.drained(); // what came during the start is learned before the state is saved
    } finally {
      await this.learner.close(removed);
    }
  }
}
