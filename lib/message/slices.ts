/** Long work in slices, so that Node-RED's thread is free again every half millisecond. */
import { setImmediate as nextTurn } from "node:timers/promises";

const SLICE = 0.5; // ms

export class Slices {
  readonly #signal: AbortSignal | undefined;
  #until = performance.now() + SLICE;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True when it is time to `pause`. */
  due(): boolean {
    return performance.now() >= this.#until;
  }

  /** Lets the event loop turn. Throws the signal's reason once it is aborted. */
  async pause(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#until = performance.now() + SLICE;
  }
}
