/** Running quantile of positive numbers in O(1) per value and constant memory. */

/** Bins per octave: 4.4 % wide, interpolated within. They span 2^-14 .. 2^10; what lies outside counts in the outermost bin. */
const PER_OCTAVE = 16;
const LOWEST = -14;
export const BINS = 24 * PER_OCTAVE;
/** At this total all counts are halved: old values fade over tens of thousands of samples. */
const MEMORY = 20_000;

/** Quantile `q` of a histogram over log2-spaced bins; a cursor walks with the data. */
export class RunningQuantile {
  readonly counts: Float64Array;
  readonly #q: number;
  #total = 0;
  #cursor = 0;
  #below = 0;

  /** `counts` [BINS] is used in place. */
  constructor(q: number, counts: Float64Array) {
    this.#q = q;
    this.counts = counts;
    this.rewind();
  }

  /** Re-reads the counts after they were changed from outside. */
  rewind(): void {
    this.#total = 0;
    for (let i = 0; i < BINS; i++) this.#total += this.counts[i]!;
    this.#cursor = 0;
    this.#below = 0;
    this.#walk();
  }

  add(v: number): void {
    const i = v > 0 ? Math.min(BINS - 1, Math.max(0, Math.floor((Math.log2(v) - LOWEST) * PER_OCTAVE))) : 0;
    this.counts[i] = this.counts[i]! + 1;
    this.#total++;
    if (i < this.#cursor) this.#below++;
    if (this.#total >= MEMORY) {
      for (let b = 0; b < BINS; b++) this.counts[b] = this.counts[b]! / 2;
      this.rewind();
    } else this.#walk();
  }

  /** The quantile; 0 when nothing was added. */
  value(): number {
    const n = this.counts[this.#cursor]!;
    if (this.#total === 0 || (this.#cursor === 0 && n > 0)) return 0;
    const inside = n > 0 ? (this.#q * this.#total - this.#below) / n : 0;
    return 2 ** (LOWEST + (this.#cursor + inside) / PER_OCTAVE);
  }

  /** Moves the cursor to the bin that holds the quantile: below <= q total <= below + count. */
  #walk(): void {
    const rank = this.#q * this.#total;
    while (this.#cursor > 0 && this.#below > rank) this.#below -= this.counts[--this.#cursor]!;
    while (this.#cursor < BINS - 1 && this.#below + this.counts[this.#cursor]! < rank) this.#below += this.counts[this.#cursor++]!;
  }
}
