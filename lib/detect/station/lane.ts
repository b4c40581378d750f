/** Keeps messages in order: while one is still being worked on, those behind it wait for their turn to leave. */
import { fail } from "../../errors.ts";
import { Slices } from "../../message/slices.ts";

/** Messages that may wait at once. */
const MOST = 10_000;

interface Turn {
  readonly work: Promise<{ value: unknown } | { error: unknown }> | undefined;
  readonly leave: (result: unknown) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Lane {
  readonly #turns: Turn[] = []; // the first one is at work
  #running = false;

  get busy(): boolean {
    return this.#running;
  }

  /** Throws MW_OVERLOAD when no more may wait: asked before a message is touched. */
  check(): void {
    if (this.#turns.length >= MOST) fail("MW_OVERLOAD", { got: MOST });
  }

  /** Runs `leave` (sends the message) when everything that entered before has left and `work` is done. Rejects with the failure of `work`. */
  async pass<T>(work: Promise<T> | undefined, leave: (result: T | undefined) => void): Promise<void> {
    const outcome = work && settled(work);
    try {
      this.check();
    } catch (error) {
      await outcome;
      throw error;
    }
    return new Promise((resolve, reject) => {
      this.#turns.push({ work: outcome, leave: leave as Turn["leave"], resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  /** In slices: what has piled up behind a long piece of work would otherwise leave in one go. */
  async #run(): Promise<void> {
    this.#running = true;
    const slices = new Slices();
    for (let turn = this.#turns[0]; turn; turn = this.#turns[0]) {
      const result = turn.work ? await turn.work : { value: undefined };
      try {
        if ("error" in result) throw result.error;
        turn.leave(result.value);
        turn.resolve();
      } catch (error) {
        turn.reject(error);
      }
      this.#turns.shift();
      if (slices.due()) await slices.pause();
    }
    this.#running = false;
  }
}

/** Waits for the outcome without an unhandled rejection, however long the turn takes. */
async function settled<T>(work: Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await work };
  } catch (error) {
    return { error };
  }
}
