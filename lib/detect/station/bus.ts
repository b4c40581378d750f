/** Nodes of one Node-RED that share a model hear of each other's new versions. */

export type ModelChange = "trained" | "promoted" | "rolled back";
type Listener = (change: ModelChange) => void;

export class ModelBus {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** Hears of changes to the model `key` made by others. Returns the function that stops it. */
  join(key: string, listener: Listener): () => void {
    const all = this.#listeners.get(key) ?? new Set();
    all.add(listener);
    this.#listeners.set(key, all);
    return () => {
      all.delete(listener);
      if (all.size === 0) this.#listeners.delete(key);
    };
  }

  /** Tells all but `self`. */
  tell(key: string, change: ModelChange, self: Listener): void {
    for (const listener of [...(this.#listeners.get(key) ?? [])]) if (listener !== self) listener(change);
  }

  get size(): number {
    return this.#listeners.size;
  }
}

/** The bus of this Node-RED process. */
export const modelBus = new ModelBus();
