/** Notices that no samples come any more: nothing else would, since all work is done when one comes. */
import type { Detector } from "../detector.ts";

const LOOK_EVERY = 5000; // ms

export class Silence {
  readonly #fell: (silentMs: number) => void;
  readonly #every: number;
  #detector: Detector | undefined;
  #timer: NodeJS.Timeout | undefined;
  #told = false;
  #closed = false;

  /** `fell` is called once when samples have stopped coming for longer than is usual. */
  constructor(fell: (silentMs: number) => void, lookEveryMs = LOOK_EVERY) {
    this.#fell = fell;
    this.#every = lookEveryMs;
  }

  /** A live sample came. */
  heard(detector: Detector): void {
    this.#detector = detector;
    this.#told = false;
    if (!this.#closed) this.#timer ??= setInterval(this.#look, this.#every).unref();
  }

  readonly #look = (): void => {
    const silentMs = this.#told ? 0 : (this.#detector?.silentFor(performance.now()) ?? 0);
    if (silentMs < this.#every) return;
    this.#told = true;
    this.#fell(silentMs);
  };

  /** What is still heard afterwards starts no timer. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
