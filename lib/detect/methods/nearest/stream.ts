/** Scores a stream of samples against the learned patterns, and learns on while it runs. */
import type { Learning, Stream } from "../../types.ts";
import { scaled } from "./fit.ts";
import { Library } from "./library.ts";
import { type NearestParams, PATIENCE, QUANTILE } from "./params.ts";
import { BINS, RunningQuantile } from "./quantile.ts";

/**
 * score = exp(mean over w of ln(1 + d_w / (q_w + floor))) - 1, with d_w the root-mean-square distance of the last w samples to the nearest known
 * window and q_w the running quantile of d_w. About 1 where a window is as far from all known ones as the worst quarter of those seen so far.
 */
export class NearestStream implements Stream {
  readonly #p: NearestParams;
  readonly #library: Library;
  readonly #quantiles: RunningQuantile[];
  readonly #histograms: Float64Array;
  readonly #x: Float64Array;
  /** The last scaled samples, a ring of `longest` rows. */
  readonly #recent: Float64Array;
  readonly #longest: number;
  #score = 0;
  #widest = -1;
  #refused = 0;
  /** Rows kept aside while an alarm lasts. */
  #held: Held[] = [];

  constructor(p: NearestParams) {
    this.#p = p;
    this.#library = new Library(p.columns.length, p.windows, p.library, p.run, p.capacity);
    this.#histograms = p.histograms.slice();
    this.#quantiles = Array.from(p.windows, (_, k) => new RunningQuantile(QUANTILE, this.#histograms.subarray(k * BINS, (k + 1) * BINS)));
    this.#longest = p.windows[p.windows.length - 1]!;
    this.#x = new Float64Array(p.columns.length);
    this.#recent = new Float64Array((this.#longest + 1) * p.columns.length);
  }

  /** From the shortest window on: the mean is over the windows filled so far, over all of them after `window(p)` samples. */
  get ready(): boolean {
    return this.#library.since >= this.#p.windows[0]!;
  }

  push(x: Float64Array): number {
    const { columns, center, scale, windows, floor } = this.#p;
    for (let c = 0; c < columns.length; c++) this.#x[c] = scaled(x[columns[c]!]!, center[c]!, scale[c]!);
    const lib = this.#library;
    lib.push(this.#x);
    this.#recent.set(this.#x, (lib.t % (this.#longest + 1)) * columns.length);
    let sum = 0;
    let found = 0;
    let widest = -1;
    this.#widest = -1;
    for (let k = 0; k < windows.length; k++) {
      const d = lib.best[k]!;
      if (d < 0) continue;
      const ratio = d / (this.#quantiles[k]!.value() + floor);
      sum += Math.log1p(ratio);
      found++;
      if (ratio > widest) {
        widest = ratio;
        this.#widest = k;
      }
    }
    this.#score = found > 0 ? Math.expm1(sum / found) : 0;
    return this.#score;
  }

  learn(how: Learning): void {
    const lib = this.#library;
    if (this.#p.capacity === 0) return;
    this.#refused = how === "no" ? this.#refused + 1 : 0;
    const usable = how === "yes" || this.#refused > PATIENCE * this.#longest;
    if (how === "hold") {
      lib.append(this.#x, false);
      this.#hold();
      return;
    }
    // rows refused for longer than a window are of no use to later windows either
    if (usable || this.#refused <= this.#longest) lib.append(this.#x, usable);
    if (usable) for (let k = 0; k < this.#quantiles.length; k++) if (lib.best[k]! >= 0) this.#quantiles[k]!.add(lib.best[k]!);
  }

  /** Remembers the row just appended and its distances for `release`; of a longer stretch, the newest that the ring still holds. */
  #hold(): void {
    const lib = this.#library;
    this.#held.push({ slot: lib.head - 1, born: lib.t, best: lib.best.slice() });
    if (this.#held.length > this.#p.capacity) this.#held.shift();
  }

  forget(from: number, to: number): void {
    const lib = this.#library;
    for (let s = lib.fixed; s < lib.size; s++) if (lib.born[s]! >= lib.t - from && lib.born[s]! <= lib.t - to) lib.ends[s] = 0;
  }

  release(accept: boolean): void {
    const lib = this.#library;
    if (accept)
      for (const { slot, born, best } of this.#held) {
        if (lib.born[slot] === born) lib.ends[slot] = lib.run[slot]!;
        for (let k = 0; k < this.#quantiles.length; k++) if (best[k]! >= 0) this.#quantiles[k]!.add(best[k]!);
      }
    this.#held = [];
  }

  /** Parts of the squared distance to the nearest window of the length that stood out most. */
  shares(out: Float64Array): void {
    out.fill(0);
    const k = this.#widest;
    if (k < 0 || this.#score <= 0) return;
    const { columns, windows } = this.#p;
    const lib = this.#library;
    const end = lib.at[k]!;
    const n = this.#longest + 1;
    let total = 0;
    for (let c = 0; c < columns.length; c++) {
      let sum = 0;
      for (let i = 0; i < windows[k]!; i++) {
        const e = this.#recent[((((lib.t - i) % n) + n) % n) * columns.length + c]! - lib.y[c * lib.size + end - i]!;
        sum += e * e;
      }
      out[columns[c]!] = sum;
      total += sum;
    }
    for (let c = 0; c < columns.length; c++) out[columns[c]!] = total > 0 ? out[columns[c]!]! / total : 0;
  }

  expected(out: Float64Array): void {
    out.fill(NaN);
    const { columns, center, scale } = this.#p;
    if (this.#widest < 0) return;
    const lib = this.#library;
    const j = lib.at[this.#widest]!;
    for (let c = 0; c < columns.length; c++) out[columns[c]!] = center[c]! + scale[c]! * lib.y[c * lib.size + j]!;
  }

  reset(): void {
    this.#library.restart();
    this.#score = 0;
    this.#widest = -1;
  }

  save(): object {
    const lib = this.#library;
    const { channels, fixed, size, head, full, t, since } = lib;
    const used = (full ? size : head) - fixed;
    const y = new Float64Array(channels * used);
    for (let c = 0; c < channels; c++) y.set(lib.y.subarray(c * size + fixed, c * size + fixed + used), c * used);
    const part = <T extends Float64Array | Int32Array>(a: T): T => a.slice(fixed, fixed + used) as T;
    const state: NearestState = {
      y,
      run: part(lib.run),
      ends: part(lib.ends),
      born: part(lib.born),
      head,
      full,
      t,
      since,
      refused: this.#refused,
      held: [...this.#held],
      histograms: this.#histograms.slice(),
      recent: this.#recent.slice(),
    };
    return state;
  }

  load(state: object): void {
    const s = state as NearestState;
    const lib = this.#library;
    const { channels, fixed, size } = lib;
    const used = s.run.length;
    if (used > size - fixed || s.recent.length !== this.#recent.length || s.histograms.length !== this.#histograms.length || s.y.length !== channels * used)
      throw new Error("The saved state belongs to another model.");
    for (let c = 0; c < channels; c++) lib.y.set(s.y.subarray(c * used, (c + 1) * used), c * size + fixed);
    lib.run.set(s.run, fixed);
    lib.ends.set(s.ends, fixed);
    lib.born.set(s.born, fixed);
    lib.head = s.head;
    lib.full = s.full;
    this.#refused = s.refused;
    this.#held = [...s.held];
    this.#histograms.set(s.histograms);
    for (const q of this.#quantiles) q.rewind();
    this.#recent.set(s.recent);
    // the running sums follow from the last samples
    const n = this.#longest + 1;
    const known = Math.min(s.since, this.#longest);
    lib.t = s.t - known;
    lib.since = 0;
    lib.restart();
    for (let i = 0; i < known; i++) lib.push(this.#recent.subarray(((lib.t + 1) % n) * channels, ((lib.t + 1) % n) * channels + channels));
    lib.since = s.since;
  }
}

interface Held {
  readonly slot: number;
  readonly born: number;
  readonly best: Float64Array;
}

interface NearestState {
  readonly held: readonly Held[];
  readonly y: Float64Array;
  readonly run: Int32Array;
  readonly ends: Int32Array;
  readonly born: Float64Array;
  readonly head: number;
  readonly full: boolean;
  readonly t: number;
  readonly since: number;
  readonly refused: number;
  readonly histograms: Float64Array;
  readonly recent: Float64Array;
}
