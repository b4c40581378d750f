/** The node's state on disk: read at the start, saved now and then, saved or removed at the end. */
import type { Keeper, Keepsake } from "./keeper.ts";
import { restored } from "./saved.ts";
import { Saver } from "./saver.ts";

export class Memory {
  readonly #keeper: Keeper;
  readonly #saver: Saver;
  readonly #failed: (error: unknown) => void;

  /** `snapshot` gives what is to be saved; undefined = nothing yet. `failed` hears of a state that cannot be read or written. */
  constructor(keeper: Keeper, everyMs: number, snapshot: () => Keepsake | undefined, failed: (error: unknown) => void) {
    this.#keeper = keeper;
    this.#failed = failed;
    const save = async (): Promise<void> => {
      const now = snapshot();
      if (now) await keeper.save(now);
    };
    this.#saver = new Saver({ intervalMs: everyMs, save, failed });
  }

  async load(): Promise<ReturnType<typeof restored> | undefined> {
    try {
      const kept = await this.#keeper.load();
      return kept && restored(kept.value, kept.chunks);
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Something changed. */
  touch(): void {
    this.#saver.touch();
  }

  /** `removed`: nothing is to be left. */
  async close(removed: boolean): Promise<void> {
    if (!removed) return this.#saver.close();
    await this.#saver.drop();
    await this.#keeper.remove();
  }
}
