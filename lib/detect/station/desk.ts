/** A node's models: the one in use, training runs, promotion, and what other nodes that share the model do with it. */
import { fail, MillwrightError, toMillwrightError, type Bilingual } from "../../errors.ts";
import type { DetectorModel } from "../model.ts";
import type { FitJob } from "../settings.ts";
import type { Trainer, TrainRequest, TrainResult } from "../trainer.ts";
import type { SignalSpec } from "../../signals/types.ts";
import type { ModelBus, ModelChange } from "./bus.ts";
import { Catalogue, type CatalogueEntry } from "./catalogue.ts";
import type { ModelInfo } from "./result.ts";
import type { Shelf, StoredVersion } from "./shelf.ts";

/** A training run as the engineer sees it. */
export interface Run {
  readonly id: number;
  /** Asked for by a command; else it came from the learning period. */
  readonly byCommand: boolean;
  /** Runs of other nodes that come first; 0 = running. */
  ahead: number;
  share: number;
  what: string;
}

export interface DeskSettings {
  /** Folder of the model store, and the model's name in it. */
  readonly root: string;
  readonly name: string;
  readonly promote: "auto" | "manual";
}

export interface DeskTools {
  readonly shelf: Shelf;
  readonly trainer: Pick<Trainer, "train">;
  readonly bus: ModelBus;
}

export interface DeskEvents {
  /** The active version changed through another node. */
  readonly changed: (change: ModelChange) => void;
  readonly progress: (run: Run) => void;
  /** A damaged version was passed over, or an old one could not be removed. */
  readonly notice: (error: MillwrightError) => void;
}

export interface Loaded {
  readonly model: DetectorModel;
  readonly info: ModelInfo;
  readonly sha256: string;
}

const HASH_SHOWN = 12; // characters
/** Versions of a model that are kept. */
const KEPT = 20;

export class ModelDesk {
  run: Run | undefined;
  readonly #settings: DeskSettings;
  readonly #tools: DeskTools;
  readonly #events: DeskEvents;
  readonly #key: string;
  readonly #leave: () => void;
  #cancel: AbortController | undefined;
  readonly #catalogue: Catalogue;
  #runs = 0;

  constructor(settings: DeskSettings, tools: DeskTools, events: DeskEvents) {
    this.#settings = settings;
    this.#tools = tools;
    this.#events = events;
    this.#catalogue = new Catalogue(tools.shelf, settings.name);
    this.#key = `${settings.root}\n${settings.name}`;
    this.#leave = tools.bus.join(this.#key, events.changed);
  }

  get name(): string {
    return this.#settings.name;
  }

  /** A version of the model (the active one when none is named); undefined when there is none at all. */
  async load(version?: number): Promise<Loaded | undefined> {
    const found = await this.#tools.shelf.read(this.name, version);
    if (found === undefined) return undefined;
    for (const error of found.damaged) this.#events.notice(error);
    const { model, sha256 } = found;
    const chosen = model.members.map((m) => m.method).join(" + ");
    return { model, sha256, info: { name: this.name, version: found.version, hash: sha256.slice(0, HASH_SHOWN), method: chosen } };
  }

  /**
   * Trains in the queue, then `adopt`s the result: until that is done the run is going on. One run per node: MW_TRAIN_BUSY while another is going
   * on. `first`: nothing is in use that the new version would have to be better than.
   */
  async train<T>(job: FitJob, byCommand: boolean, first: boolean, closing: AbortSignal, adopt: (result: TrainResult) => Promise<T>): Promise<T> {
    if (this.run) fail("MW_TRAIN_BUSY", { field: this.name });
    const run: Run = { id: ++this.#runs, byCommand, ahead: 0, share: 0, what: "" };
    this.run = run;
    try {
      const promotion = this.#settings.promote === "manual" ? "manual" : first ? "always" : "better";
      return await adopt(await this.#trained({ job, root: this.#settings.root, model: this.name, promotion }, run, closing));
    } finally {
      this.run = undefined;
    }
  }

  async #trained(request: TrainRequest, run: Run, closing: AbortSignal): Promise<TrainResult> {
    const cancel = new AbortController();
    this.#cancel = cancel;
    const told = (): void => {
      if (!cancel.signal.aborted) this.#events.progress(run);
    };
    const progress = (share: number, what: string): void => {
      run.share = share;
      run.what = what;
      told();
    };
    const queued = (ahead: number): void => {
      run.ahead = ahead;
      told();
    };
    try {
      const result = await this.#tools.trainer.train(request, { progress, queued }, AbortSignal.any([cancel.signal, closing]));
      if (result.promoted) this.#tell("trained");
      return result;
    } catch (error) {
      if (closing.aborted) throw closing.reason;
      throw toMillwrightError(error);
    } finally {
      this.#cancel = undefined;
    }
  }

  /** Removes the oldest of too many versions; `pinned` stay. What cannot be removed is told and stays too. */
  async prune(pinned: readonly number[]): Promise<void> {
    await this.#tools.shelf.prune(this.name, KEPT, pinned).catch((error: unknown) => {
      this.#events.notice(toMillwrightError(error));
    });
  }

  /** Ends the present run; false when there is none. */
  cancel(why: Bilingual): boolean {
    this.#cancel?.abort(new MillwrightError("MW_COMMAND_STATE", { field: "train", got: why }));
    return this.#cancel !== undefined;
  }

  versions(): Promise<readonly StoredVersion[]> {
    return this.#tools.shelf.versions(this.name);
  }

  /** The newest versions with what their cards say. */
  catalogue(): Promise<CatalogueEntry[]> {
    return this.#catalogue.entries();
  }

  /** A version that fits `signals`; throws MW_MODEL_SIGNALS for one that does not. */
  async fitting(version: number, signals: readonly SignalSpec[] | undefined): Promise<Loaded> {
    const loaded = await this.load(version);
    if (loaded === undefined) return fail("MW_MODEL_NOT_FOUND", { field: this.name, got: version });
    const misfit = signals && this.misfit(loaded, signals);
    if (misfit) throw misfit;
    return loaded;
  }

  /** The model is for other signals than these: the error that says so. */
  misfit(loaded: Loaded, signals: readonly SignalSpec[]): MillwrightError | undefined {
    const [theirs = "", ours = ""] = [loaded.model.signals, signals].map((list) => list.map((s) => s.name).join(", "));
    return theirs === ours ? undefined : new MillwrightError("MW_MODEL_SIGNALS", { field: this.name, expected: theirs, got: ours });
  }

  /** The newest version. Throws MW_COMMAND_STATE when there is none. */
  async newest(): Promise<number> {
    const none = { en: `the model ${this.name} has no versions`, zh: `模型 ${this.name} 没有任何版本` };
    return (await this.versions()).at(-1)?.version ?? fail("MW_COMMAND_STATE", { field: "promote", got: none });
  }

  async promote(version: number): Promise<void> {
    await this.#tools.shelf.promote(this.name, version);
    this.#tell("promoted");
  }

  /** Makes the version that was active before the active one again. */
  async rollback(): Promise<number> {
    const version = await this.#tools.shelf.rollback(this.name);
    this.#tell("rolled back");
    return version;
  }

  #tell(change: ModelChange): void {
    this.#tools.bus.tell(this.#key, change, this.#events.changed);
  }

  close(): void {
    this.#leave();
  }
}
