/** The time of samples that bring none: when they arrived, never twice the same, so that a burst is not taken for a repeated sample. */

/** A step back of more than this is the clock being set, which health reports; less is made good. */
const STEP = 1000; // ms
const TICK = 1 / 1024; // ms

export class ArrivalClock {
  readonly #now: () => number;
  #last = -Infinity;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** ms since 1970. */
  next(): number {
    const now = this.#now();
    this.#last = now > this.#last || now < this.#last - STEP ? now : this.#last + TICK;
    return this.#last;
  }
}
