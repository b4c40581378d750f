/** A node's models: the one in use, training runs, promotion, and what other nodes that share the model do with it. */
import { fail, MillwrightError, toMillwrightError, type Bilingual } from "../../errors.ts";
import type { DetectorModel } from "../model.ts";
import type { FitJob } from "../settings.ts";
import type { Trainer, TrainResult } from "../trainer.ts";
import type { ModelBus, ModelChange } from "./bus.ts";
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
  /** A damaged version was passed over. */
  readonly notice: (error: MillwrightError) => void;
}

export interface Loaded {
  readonly model: DetectorModel;
  readonly info: ModelInfo;
  readonly sha256: string;
}

/** What the card of a version says, in short. */
export type Card =
  | { readonly damaged: true }
  | {
      readonly damaged: false;
      readonly methods: readonly string[];
      readonly samples: number;
      /** Period of the training samples, ms since 1970; NaN without times. */
      readonly from: number;
      readonly to: number;
      readonly falseAlarmsPerWeek: number;
      readonly confidence: number;
      readonly why: string;
    };
export type CatalogueEntry = Card & { readonly version: number; readonly active: boolean; readonly created: number };

/** Versions in the catalogue at most. */
const SHOWN = 20;
const HASH_SHOWN = 12; // characters

export class ModelDesk {
  run: Run | undefined;
  readonly #settings: DeskSettings;
  readonly #tools: DeskTools;
  readonly #events: DeskEvents;
  readonly #key: string;
  readonly #leave: () => void;
  #cancel: AbortController | undefined;
  readonly #cards = new Map<string, Card>(); // by SHA-256
  #runs = 0;

  constructor(settings: DeskSettings, tools: DeskTools, events: DeskEvents) {
    this.#settings = settings;
    this.#tools = tools;
    this.#events = events;
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

  /** Trains in the queue. One run per node: MW_TRAIN_BUSY while another is going on. */
  async train(job: FitJob, byCommand: boolean, closing: AbortSignal): Promise<TrainResult> {
    if (this.run) fail("MW_TRAIN_BUSY", { field: this.name });
    const cancel = new AbortController();
    const run: Run = { id: ++this.#runs, byCommand, ahead: 0, share: 0, what: "" };
    this.run = run;
    this.#cancel = cancel;
    const told = (): void => {
      if (!cancel.signal.aborted) this.#events.progress(run);
    };
    try {
      const result = await this.#tools.trainer.train(
        { job, root: this.#settings.root, model: this.name, promotion: this.#settings.promote === "manual" ? "manual" : "better" },
        {
          progress: (share, what) => {
            run.share = share;
            run.what = what;
            told();
          },
          queued: (ahead) => {
            run.ahead = ahead;
            told();
          },
        },
        AbortSignal.any([cancel.signal, closing]),
      );
      if (result.promoted) this.#tell("trained");
      return result;
    } catch (error) {
      if (closing.aborted) throw closing.reason;
      throw toMillwrightError(error);
    } finally {
      this.run = undefined;
      this.#cancel = undefined;
    }
  }

  /** Ends the present run; false when there is none. */
  cancel(why: Bilingual): boolean {
    this.#cancel?.abort(new MillwrightError("MW_COMMAND_STATE", { field: "train", got: why }));
    return this.#cancel !== undefined;
  }

  versions(): Promise<readonly StoredVersion[]> {
    return this.#tools.shelf.versions(this.name);
  }

  /** The newest versions, newest first, with what their cards say. */
  async catalogue(): Promise<CatalogueEntry[]> {
    const versions = (await this.versions()).slice(-SHOWN).reverse();
    const entries: CatalogueEntry[] = [];
    for (const v of versions) entries.push({ version: v.version, active: v.active, created: v.created, ...(await this.#card(v)) });
    return entries;
  }

  async #card({ version, sha256 }: StoredVersion): Promise<Card> {
    const known = this.#cards.get(sha256);
    if (known) return known;
    try {
      const found = await this.#tools.shelf.read(this.name, version);
      if (!found) return { damaged: true };
      const { members, trained, calibration, why } = found.model;
      const card: Card = {
        damaged: false,
        methods: members.map((m) => m.method),
        samples: trained.rows,
        from: trained.from,
        to: trained.to,
        falseAlarmsPerWeek: calibration.perWeek,
        confidence: calibration.confidence,
        why,
      };
      this.#cards.set(sha256, card);
      return card;
    } catch (error) {
      if (error instanceof MillwrightError) return { damaged: true };
      throw error;
    }
  }

  /** Makes `version` (the newest when none is named) the active one. */
  async promote(version?: number): Promise<number> {
    const chosen = version ?? (await this.versions()).at(-1)?.version;
    if (chosen === undefined)
      fail("MW_COMMAND_STATE", { field: "promote", got: { en: `the model ${this.name} has no versions`, zh: `模型 ${this.name} 没有任何版本` } });
    await this.#tools.shelf.promote(this.name, chosen);
    this.#tell("promoted");
    return chosen;
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
