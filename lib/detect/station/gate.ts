/** Holds messages back, in order, while the node starts or learns from a dataset. */
import { fail } from "../../errors.ts";

/** Messages that may wait at once. */
const MOST = 10_000;

export class Gate {
  #closed: Promise<void> | undefined;
  #waiting = 0;

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Closed until `work` is over, however it ends. */
  closeFor(work: Promise<unknown>): void {
    const open = (): void => {
      if (this.#closed === closed) this.#closed = undefined;
    };
    const closed = work.then(open, open);
    this.#closed = closed;
  }

  /** Runs `next` when the gate is open; waiting messages pass in the order they came. */
  async pass<T>(next: () => T | Promise<T>): Promise<T> {
    if (this.#waiting >= MOST) fail("MW_OVERLOAD", { got: MOST });
    this.#waiting++;
    await this.#closed;
    this.#waiting--;
    return next();
  }
}
