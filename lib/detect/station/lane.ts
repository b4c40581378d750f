/** Keeps messages in order: while one is still being worked on, those behind it wait for their turn to leave. */
import { fail } from "../../errors.ts";

/** Messages that may wait at once. */
const MOST = 10_000;

export class Lane {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  get busy(): boolean {
    return this.#waiting > 0;
  }

  /** Runs `leave` (sends the message) when everything that entered before has left and `work` is done. Rejects with the failure of `work`. */
  async pass<T>(work: Promise<T> | undefined, leave: (result: T | undefined) => void): Promise<void> {
    if (this.#waiting >= MOST) {
      await work?.catch(() => {});
      fail("MW_OVERLOAD", { got: MOST });
    }
    this.#waiting++;
    const before = this.#tail;
    const turn = (async () => {
      const [, result] = await Promise.all([before, settled(work)]);
      try {
        if ("error" in result) throw result.error;
        leave(result.value);
      } finally {
        this.#waiting--;
      }
    })();
    this.#tail = turn.catch(() => {});
    await turn;
  }
}

/** Waits for the outcome without an unhandled rejection, however long the turn takes. */
async function settled<T>(work: Promise<T> | undefined): Promise<{ value: T | undefined } | { error: unknown }> {
  try {
    return { value: await work };
  } catch (error) {
    return { error };
  }
}
