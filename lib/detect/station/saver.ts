/** Saves at most once in so many milliseconds, and only what changed; a failure is told once until a save works again. */

export interface SaverSettings {
  readonly intervalMs: number;
  readonly save: () => Promise<void>;
  readonly failed: (error: unknown) => void;
}

export class Saver {
  readonly #settings: SaverSettings;
  #timer: NodeJS.Timeout | undefined;
  #dirty = false;
  #saving: Promise<void> | undefined;
  #told = false;
  #closed = false;

  constructor(settings: SaverSettings) {
    this.#settings = settings;
  }

  /** Something changed: it is saved within the interval. Costs nothing while a save is already due. */
  touch(): void {
    this.#dirty = true;
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = setTimeout(this.#due, this.#settings.intervalMs);
    this.#timer.unref();
  }

  /** Saves now what has changed. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#saving;
    if (this.#dirty) await this.#save();
  }

  /** Saves a last time and stops. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  /** Stops without saving. */
  async drop(): Promise<void> {
    this.#closed = true;
    this.#dirty = false;
    clearTimeout(this.#timer);
    await this.#saving;
  }

  readonly #due = (): void => {
    this.#timer = undefined;
    if (this.#saving)
      this.touch(); // a slow disk: later
    else void this.#save();
  };

  #save(): Promise<void> {
    this.#dirty = false;
    this.#saving = this.#attempt();
    return this.#saving;
  }

  async #attempt(): Promise<void> {
    try {
      await this.#settings.save();
      this.#told = false;
    } catch (error) {
      if (!this.#told) this.#settings.failed(error);
      this.#told = true;
      if (!this.#closed) this.touch();
    } finally {
      this.#saving = undefined;
    }
  }
}
