import assert from "node:assert/strict";
import fc from "fast-check";
import { Library } from "../../../lib/detect/methods/nearest/library.ts";
import { BINS, RunningQuantile } from "../../../lib/detect/methods/nearest/quantile.ts";
import { generator } from "../../../lib/detect/random.ts";
import { close } from "./support.ts";

interface Slot {
  readonly x: Float64Array;
  readonly born: number; // -Infinity: trained
  /** Follows on the slot before it. */
  readonly follows: boolean;
  readonly usable: boolean;
}

/** The library as a plain list of slots, searched window by window. */
class Brute {
  readonly slots: (Slot | undefined)[];
  readonly recent: Float64Array[] = []; // since the last restart, oldest first
  readonly fixed: number;
  head: number;
  t = 0;

  constructor(trained: readonly Slot[], capacity: number) {
    this.fixed = this.head = trained.length;
    this.slots = [...trained, ...Array.from({ length: capacity }, () => undefined)];
  }

  /** Smallest root-mean-square distance of the last w samples to w known rows in a row, with one more row of the same run before them. */
  search(w: number): number {
    if (this.recent.length < w) return -1;
    let best = Infinity;
    for (let end = w; end < this.slots.length; end++) {
      const window = this.slots.slice(end - w, end + 1);
      if (!window.every((s, i) => s && (i === 0 || s.follows)) || !window[w]!.usable) continue;
      if (end >= this.fixed && (end - w < this.fixed || window[w]!.born > this.t - w)) continue;
      if (end >= this.head && end - w < this.head) continue; // the oldest rows are being written over
      let d = 0;
      for (let i = 0; i < w; i++) this.recent.at(-1 - i)!.forEach((v, c) => (d += (v - window[w - i]!.x[c]!) ** 2));
      best = Math.min(best, Math.sqrt(d / (w * this.recent[0]!.length)));
    }
    return best === Infinity ? -1 : best;
  }

  push(x: Float64Array): void {
    this.t++;
    this.recent.push(x);
  }

  append(x: Float64Array, usable: boolean): void {
    if (this.head === this.slots.length) this.head = this.fixed;
    const before = this.head > this.fixed ? this.slots[this.head - 1] : undefined;
    this.slots[this.head++] = { x, born: this.t, follows: before?.born === this.t - 1 && this.recent.length > 1, usable };
  }
}

describe("nearest: window search", () => {
  it("finds what a search window by window finds: ring come round, refused rows, rows left out, gaps", () => {
    const windows = Int32Array.of(2, 3, 6);
    const setup = fc.record({
      seed: fc.integer({ min: 0, max: 9999 }),
      channels: fc.integer({ min: 1, max: 6 }),
      fixed: fc.integer({ min: 0, max: 25 }),
      capacity: fc.integer({ min: 0, max: 30 }),
      // 0 = learned, 1 = learned but no window may end there, 2 = not learned, 3 = a gap before it
      actions: fc.array(fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) }), {
        minLength: 20,
        maxLength: 120,
      }),
    });
    let [found, ringFull] = [0, 0];
    fc.assert(
      fc.property(setup, ({ seed, channels, fixed, capacity, actions }) => {
        const g = generator(seed);
        const sample = (): Float64Array => Float64Array.from({ length: channels }, () => Math.round(4 * g.normal()));
        const trained = Array.from({ length: fixed }, (_, j): Slot => ({ x: sample(), born: -Infinity, follows: j > 0 && g.uniform() > 0.1, usable: true }));
        const run = Int32Array.from({ length: fixed });
        trained.forEach((s, j) => (run[j] = s.follows ? run[j - 1]! + 1 : 1));
        const rows = Float64Array.from({ length: channels * fixed }, (_, i) => trained[i % fixed]!.x[Math.floor(i / fixed)]!);
        const library = new Library(channels, windows, rows, run, capacity);
        const brute = new Brute(trained, capacity);
        for (const action of actions) {
          const x = sample();
          if (action === 3) {
            library.restart();
            brute.recent.length = 0;
          }
          library.push(x);
          brute.push(x);
          windows.forEach((w, k) => {
            const d = brute.search(w);
            assert.ok(close(library.best[k]!, d, 1e-9), `window ${w} at sample ${brute.t}: ${library.best[k]} for ${d}`);
            if (d >= 0) found++;
          });
          if (action === 2) continue;
          library.append(x, action !== 1);
          if (capacity > 0) brute.append(x, action !== 1);
        }
        if (library.full) ringFull++;
      }),
      { numRuns: 150, seed: 11 },
    );
    assert.ok(found > 5000 && ringFull > 50, `${found} windows found, ${ringFull} rings came round`);
  });
});

describe("nearest: running quantile", () => {
  it("is the quantile to within a bin of 4.4 %", () => {
    const g = generator(3);
    const running = new RunningQuantile(0.75, new Float64Array(BINS));
    assert.equal(running.value(), 0);
    const values: number[] = [];
    for (let i = 0; i < 3000; i++) {
      const v = Math.exp(g.normal());
      values.push(v);
      running.add(v);
      if (i % 100 !== 99) continue;
      const exact = [...values].sort((a, b) => a - b)[Math.floor(0.75 * values.length)]!;
      assert.ok(Math.abs(Math.log(running.value() / exact)) < 0.06, `${running.value()} for ${exact}`);
    }
  });

  it("forgets old values over tens of thousands", () => {
    const running = new RunningQuantile(0.75, new Float64Array(BINS));
    for (let i = 0; i < 20_000; i++) running.add(1);
    for (let i = 0; i < 100_000; i++) running.add(8);
    assert.ok(running.value() > 7);
  });
});
