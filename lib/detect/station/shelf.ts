/** Detectors in the model store, by name and version. */
import { MillwrightError } from "../../errors.ts";
import { readDetector } from "../../models/detector.ts";
import type { ModelStore, StoredVersion } from "../../models/store.ts";
import type { DetectorModel } from "../model.ts";

export type { StoredVersion } from "../../models/store.ts";

export interface Shelved {
  readonly model: DetectorModel;
  readonly version: number;
  readonly sha256: string;
  /** One for each version that should have been used before this one but is damaged. */
  readonly damaged: readonly MillwrightError[];
}

/** What a node asks of the model store. */
export interface Shelf {
  /**
   * The version, or the active one when none is named (the last good one before it, when it is damaged); undefined when the model has no active
   * version.
   */
  read(name: string, version?: number): Promise<Shelved | undefined>;
  /** Oldest first. */
  versions(name: string): Promise<readonly StoredVersion[]>;
  promote(name: string, version: number): Promise<void>;
  /** Returns the version that is active now. */
  rollback(name: string): Promise<number>;
  /** Removes the oldest versions until `keep` are left; the active one, the one to roll back to and the `pinned` ones stay. */
  prune(name: string, keep: number, pinned: readonly number[]): Promise<void>;
}

export class DetectorShelf implements Shelf {
  readonly #store: ModelStore;

  constructor(store: ModelStore) {
    this.#store = store;
  }

  async read(name: string, version?: number): Promise<Shelved | undefined> {
    try {
      const { bytes, version: found, sha256, damaged } = await this.#store.read(name, version ?? "active");
      return { model: readDetector(bytes), version: found, sha256, damaged };
    } catch (error) {
      if (version === undefined && error instanceof MillwrightError && error.code === "MW_MODEL_NOT_FOUND") return undefined;
      throw error;
    }
  }

  versions(name: string): Promise<StoredVersion[]> {
    return this.#store.versions(name);
  }

  promote(name: string, version: number): Promise<void> {
    return this.#store.promote(name, version);
  }

  rollback(name: string): Promise<number> {
    return this.#store.rollback(name);
  }

  prune(name: string, keep: number, pinned: readonly number[]): Promise<void> {
    return this.#store.prune(name, keep, pinned);
  }
}
