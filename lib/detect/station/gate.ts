/** Holds messages back, in order, while the node starts or learns from a dataset; then lets them pass in slices. */
import { fail } from "../../errors.ts";
import { Slices } from "../../message/slices.ts";

/** Messages that may wait at once. */
const MOST = 10_000;

export class Gate {
  #work: Promise<unknown> | undefined;
  readonly #waiting: (() => void)[] = [];
  #flushing = false;
  readonly #idle: (() => void)[] = [];

  /** Messages have to wait: for the work, or behind those that wait already. */
  get closed(): boolean {
    return this.#work !== undefined || this.#flushing;
  }

  /** Closed until `work` is over, however it ends. */
  closeFor(work: Promise<unknown>): void {
    this.#work = work;
    const open = (): void => {
      if (this.#work !== work) return;
      this.#work = undefined;
      if (!this.#flushing) void this.#flush();
    };
    work.then(open, open);
  }

  /** Runs `next` when the gate is open and those that came before have passed. Throws MW_OVERLOAD when too many wait. */
  async pass<T>(next: () => T | Promise<T>): Promise<T> {
    if (!this.closed) return next();
    if (this.#waiting.length >= MOST) fail("MW_OVERLOAD", { got: MOST });
    return new Promise<T>((resolve) => {
      this.#waiting.push(() => {
        resolve((async () => await next())()); // runs at once; what it throws rejects
      });
    });
  }

  /** Over when nothing waits any more, however many messages do now. */
  drained(): Promise<void> {
    return this.closed ? new Promise((resolve) => void this.#idle.push(resolve)) : Promise.resolve();
  }

  /** What passes may close the gate again: the rest then waits for that too. */
  async #flush(): Promise<void> {
    this.#flushing = true;
    const slices = new Slices();
    while (this.#work === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      next();
      if (slices.due()) await slices.pause();
    }
    this.#flushing = false;
    if (this.#work === undefined) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
