/** Exact nearest-window search over a library of rows, for several window lengths at once, in O(rows x channels) per sample. */

/**
 * Windows are compared along diagonals. With d_t[j] = ||x_t - y_j||^2 and P_t[j] = P_{t-1}[j-1] + d_t[j], the squared distance of the last
 * w samples to the library rows j-w+1 .. j is P_t[j] - P_{t-w}[j-w] (the recurrence of Zhu et al., "Matrix Profile II: STOMP", ICDM 2016,
 * for plain instead of z-normalised distances). A diagonal is at most as long as the library, so rounding does not build up.
 *
 * Slots [0, fixed) hold the trained rows, slots [fixed, size) a ring of rows learned while running.
 */
export class Library {
  readonly channels: number;
  readonly windows: Int32Array;
  readonly fixed: number;
  readonly size: number;
  /** Rows y, channel by channel: `y[c * size + j]`. */
  readonly y: Float64Array;
  /** Length of the contiguous run of rows up to and including a slot. */
  readonly run: Int32Array;
  /** The same where a window may end, else 0: a window of w may end at slot j if `ends[j] > w`. */
  readonly ends: Int32Array;
  /** Sample number at which a slot of the ring was learned. */
  readonly born: Float64Array;
  /** After `push`, per window length: smallest root-mean-square distance per channel and sample (-1: none), and the slot it ends at. */
  readonly best: Float64Array;
  readonly at: Int32Array;
  /** Samples seen, samples since the last `restart`, next slot of the ring, whether the ring has come round. */
  t = 0;
  since = 0;
  head: number;
  full = false;
  readonly #d: Float64Array;
  readonly #sums: Float64Array[];

  /** `rows` [channels * fixed] and `run` [fixed]: the trained rows and their run lengths; `capacity`: slots of the ring. */
  constructor(channels: number, windows: Int32Array, rows: Float64Array, run: Int32Array, capacity: number) {
    this.channels = channels;
    this.windows = windows;
    this.fixed = run.length;
    this.size = this.fixed + capacity;
    this.head = this.fixed;
    this.y = new Float64Array(channels * this.size);
    for (let c = 0; c < channels; c++) this.y.set(rows.subarray(c * this.fixed, (c + 1) * this.fixed), c * this.size);
    this.run = new Int32Array(this.size);
    this.run.set(run);
    this.ends = this.run.slice();
    this.born = new Float64Array(this.size);
    this.best = new Float64Array(windows.length);
    this.at = new Int32Array(windows.length);
    this.#d = new Float64Array(this.size);
    const longest = windows.reduce((a, b) => Math.max(a, b), 1);
    this.#sums = Array.from({ length: longest + 1 }, () => new Float64Array(this.size));
  }

  /** Compares the samples up to and including `x` [channels], scaled. `known` limits the search to the first `known` trained rows, w apart. */
  push(x: Float64Array, known = -1): void {
    this.t++;
    this.since++;
    const n = known >= 0 ? known : this.full ? this.size : this.head;
    const d = this.#d;
    d.fill(0, 0, n);
    let c = 0;
    for (; c + 4 <= this.channels; c += 4) addFourSquares(d, this.y, c * this.size, this.size, n, x, c);
    for (; c < this.channels; c++) addSquares(d, this.y, c * this.size, n, x[c]!);
    const now = this.#sumsAt(this.t);
    extend(now, this.#sumsAt(this.t - 1), d, this.run, n);
    for (let k = 0; k < this.windows.length; k++) this.#search(k, now, known);
  }

  /** Learns the row just pushed; `usable` says whether a window may end at it. */
  append(x: Float64Array, usable: boolean): void {
    if (this.size === this.fixed) return;
    if (this.head === this.size) {
      this.head = this.fixed;
      this.full = true;
    }
    const s = this.head++;
    for (let c = 0; c < this.channels; c++) this.y[c * this.size + s] = x[c]!;
    const joined = s > this.fixed && this.born[s - 1] === this.t - 1 && this.since > 1;
    this.run[s] = joined ? this.run[s - 1]! + 1 : 1;
    this.ends[s] = usable ? this.run[s] : 0;
    this.born[s] = this.t;
    // d(x, x) = 0: the diagonal through the row itself goes on unchanged
    this.#sumsAt(this.t)[s] = joined ? this.#sumsAt(this.t - 1)[s - 1]! : 0;
  }

  /** Starts new windows (after a gap). */
  restart(): void {
    this.since = 0;
    this.#sumsAt(this.t).fill(0);
  }

  #sumsAt(t: number): Float64Array {
    const n = this.#sums.length;
    return this.#sums[((t % n) + n) % n]!;
  }

  /** Searches the slots at which a whole window lies in the past: trained rows, and rows learned at least w samples ago. */
  #search(k: number, now: Float64Array, known: number): void {
    const w = this.windows[k]!;
    this.best[k] = -1;
    this.at[k] = -1;
    if (this.since < w) return;
    const before = this.#sumsAt(this.t - w);
    if (known >= 0) this.#range(k, now, before, w, known - w + 1);
    else {
      this.#range(k, now, before, w, this.fixed);
      let young = this.head;
      while (young > this.fixed && this.born[young - 1]! > this.t - w) young--;
      this.#range(k, now, before, this.fixed + w, young);
      if (this.full) {
        let old = this.size;
        if (young === this.fixed) while (old > this.head && this.born[old - 1]! > this.t - w) old--;
        this.#range(k, now, before, this.head + w, old);
      }
    }
    if (this.at[k] >= 0) this.best[k] = Math.sqrt(Math.max(0, this.best[k]) / (w * this.channels));
  }

  /** Smallest now[j] - before[j - w] over from <= j < to. */
  #range(k: number, now: Float64Array, before: Float64Array, from: number, to: number): void {
    const w = this.windows[k]!;
    const ends = this.ends;
    let at = this.at[k]!;
    let least = at < 0 ? Infinity : this.best[k]!;
    for (let j = from; j < to; j++) {
      if (ends[j]! <= w) continue;
      const v = now[j]! - before[j - w]!;
      if (v < least) {
        least = v;
        at = j;
      }
    }
    this.at[k] = at;
    this.best[k] = at < 0 ? -1 : least;
  }
}

/** d[j] += (x - y[from + j])^2 for j < n. */
function addSquares(d: Float64Array, y: Float64Array, from: number, n: number, x: number): void {
  for (let j = 0; j < n; j++) {
    const e = x - y[from + j]!;
    d[j] = d[j]! + e * e;
  }
}

/** The same for four channels in one pass, which halves the time. */
function addFourSquares(d: Float64Array, y: Float64Array, from: number, step: number, n: number, x: Float64Array, first: number): void {
  const x0 = x[first]!;
  const x1 = x[first + 1]!;
  const x2 = x[first + 2]!;
  const x3 = x[first + 3]!;
  for (let j = 0; j < n; j++) {
    const i = from + j;
    const e0 = x0 - y[i]!;
    const e1 = x1 - y[i + step]!;
    const e2 = x2 - y[i + 2 * step]!;
    const e3 = x3 - y[i + 3 * step]!;
    d[j] = d[j]! + (e0 * e0 + e1 * e1) + (e2 * e2 + e3 * e3);
  }
}

/** now[j] = d[j] + last[j - 1] where row j follows on row j - 1, else d[j]. */
function extend(now: Float64Array, last: Float64Array, d: Float64Array, run: Int32Array, n: number): void {
  if (n > 0) now[0] = d[0]!;
  for (let j = 1; j < n; j++) now[j] = d[j]! + (run[j]! > 1 ? last[j - 1]! : 0);
}
