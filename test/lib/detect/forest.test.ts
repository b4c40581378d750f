import assert from "node:assert/strict";
import { forest, type ForestParams } from "../../../lib/detect/methods/forest.ts";
import { plant, row, scoresOf, sum, whole } from "./support.ts";

/**
 * One tree over [z0, z1, EWMA z0, EWMA z1], 16 learning samples, path lengths at the leaves:
 *   z0 < 2 ? (EWMA z1 < 1 ? 3 : 2) : 1
 */
const toy: ForestParams = {
  mean: Float64Array.of(0, 0),
  std: Float64Array.of(1, 1),
  roots: Int32Array.of(0),
  feature: Int16Array.of(0, 3, -1, -1, -1),
  cut: Float64Array.of(2, 1, 1, 3, 2),
  left: Int32Array.of(1, 3, 0, 0, 0),
  count: Int32Array.of(16, 14, 2, 12, 2),
  typical: 2,
};

describe("isolation forest", () => {
  const after = (x: readonly number[]): { score: number; shares: number[] } => {
    const stream = forest.stream(toy);
    for (let i = 0; i < 30; i++) stream.push(Float64Array.of(0, 0));
    let score = 0;
    for (let i = 0; i < 10; i++) score = stream.push(Float64Array.from(x));
    const shares = new Float64Array(2);
    stream.shares(shares);
    return { score, shares: [...shares] };
  };

  it("scores 2^(-path length / typical length) of the leaf that the sample falls into", () => {
    assert.equal(after([0, 0]).score, 2 ** (-3 / 2));
    assert.equal(after([2, 0]).score, 2 ** (-1 / 2));
    assert.equal(after([1.999, 3]).score, 2 ** (-2 / 2));
  });

  it("gives the share to the signal whose cut left few learning samples on this side", () => {
    assert.deepEqual(after([5, 0]).shares, [1, 0]); // 16 -> 2: 3 bits, 2 more than an even cut
    assert.deepEqual(after([0, 3]).shares, [0, 1]); // 16 -> 14 -> 2
    assert.deepEqual(after([0, 0]).shares, [0.5, 0.5]); // nothing rarer than an even cut
  });

  it("averages the path lengths over the trees", () => {
    const two = { ...toy, roots: Int32Array.of(0, 2) }; // the second tree is one leaf of length 1
    const stream = forest.stream(two);
    let score = 0;
    for (let i = 0; i < 20; i++) score = stream.push(Float64Array.of(0, 0));
    assert.equal(score, 2 ** (-(3 + 1) / 2 / 2));
  });

  it("knows the highest score that one signal can reach", () => {
    assert.ok(Math.abs(forest.ceiling!(toy) - 2 ** (-1 / 2)) < 1e-12);
  });

  describe("a fitted one", () => {
    const x = plant(500, 3, 4);
    const p = forest.fit(whole(x), { seed: 3 });

    it("has leaves of depth + c(n) and children that share their parent's samples", () => {
      const harmonic = (n: number): number => sum(Array.from({ length: n }, (_, i) => 1 / (i + 1)));
      const c = (n: number): number => (n <= 1 ? 0 : 2 * harmonic(n - 1) - (2 * (n - 1)) / n);
      assert.ok(Math.abs(p.typical - c(256)) < 0.01);
      let leaves = 0;
      const check = (k: number, depth: number): void => {
        assert.ok(depth <= 8); // log2 of 256 samples
        const n = p.count[k]!;
        if (p.feature[k]! < 0) {
          leaves++;
          // c(n) is an approximation by the logarithm, coarse for few samples
          assert.ok(Math.abs(p.cut[k]! - depth - c(n)) < (n < 10 ? 0.5 : 0.11), `${n} samples at depth ${depth}: ${p.cut[k]}`);
          return;
        }
        assert.equal(p.count[p.left[k]!]! + p.count[p.left[k]! + 1]!, n);
        check(p.left[k]!, depth + 1);
        check(p.left[k]! + 1, depth + 1);
      };
      assert.equal(p.roots.length, 100);
      for (const root of p.roots) {
        assert.equal(p.count[root], 256);
        check(root, 0);
      }
      assert.ok(leaves > 1000);
    });

    it("scores about 0.5 on what is normal and more outside, up to its ceiling", () => {
      const live = plant(300, 3, 5);
      const stream = forest.stream(p);
      const calm = scoresOf(stream, live).slice(20);
      assert.ok(Math.abs(sum(calm) / calm.length - 0.45) < 0.07);
      const far = row(live, 299).map((v, c) => (c === 1 ? v + 1000 : v));
      let score = 0;
      for (let i = 0; i < 40; i++) score = stream.push(far);
      assert.ok(score > 1.1 * (sum(calm) / calm.length) && score <= forest.ceiling!(p) + 0.02, `${score}, ceiling ${forest.ceiling!(p)}`);
    });
  });
});
