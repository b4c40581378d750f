import assert from "node:assert/strict";
import fc from "fast-check";
import * as la from "../../../lib/detect/linalg.ts";
import { FitError } from "../../../lib/detect/types.ts";
import { close, farthest, invert, product, row, rowsFrom, sum, transpose } from "./support.ts";

const identity = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
const square = (lowest: number): fc.Arbitrary<{ n: number; m: Float64Array }> =>
  fc
    .integer({ min: lowest, max: 6 })
    .chain((n) =>
      fc
        .array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: n * n, maxLength: n * n })
        .map((v) => ({ n, m: Float64Array.from(v, (e) => (Math.abs(e) < 1e-6 ? 0 : e)) })),
    );
/** M M' + I: symmetric, eigenvalues at least 1. */
const positive = square(1).map(({ n, m }) => ({ n, s: product(m, transpose(m, n, n), n, n, n).map((v, i) => v + identity(n)[i]!) }));
const symmetric = square(1).map(({ n, m }) => ({ n, s: m.map((v, i) => v + transpose(m, n, n)[i]!) }));

describe("linear algebra: moments", () => {
  it("gives the mean and the standard deviation (divisor n - 1)", () => {
    const { mean, std } = la.standardise({ rows: 4, cols: 2, data: Float64Array.of(1, 10, 2, 10, 3, 10, 6, 14) });
    assert.deepEqual([...mean], [3, 11]);
    assert.ok(close(std[0]!, Math.sqrt(14 / 3)) && close(std[1]!, 2));
  });

  it("keeps the noise on an offset of 1e9", () => {
    const noise = rowsFrom(500, 1, 3, (_, normal) => [1e-3 * normal()]);
    const shifted = { ...noise, data: noise.data.map((v) => v + 1e9) };
    // the values themselves are rounded to 1.2e-7
    assert.ok(Math.abs(la.standardise(shifted).std[0]! / la.standardise(noise).std[0]! - 1) < 1e-3);
  });

  it("keeps the mean on an offset at which a sum of the values would round it away", () => {
    const x = rowsFrom(4000, 1, 1, (r) => [2 ** 50 + (r % 4)]);
    assert.equal(la.standardise(x).mean[0]! - 2 ** 50, 1.5);
  });

  it("gives a constant 1 % of its level, at least 0.01", () => {
    const { std } = la.standardise({ rows: 3, cols: 3, data: Float64Array.of(0, 500, -0.2, 0, 500, -0.2, 0, 500, -0.2) });
    assert.deepEqual([...std], [0.01, 5, 0.01]);
  });

  it("refuses values that have no variance to speak of, in both languages", () => {
    for (const wild of [Infinity, NaN, 1e300])
      assert.throws(
        () => la.standardise({ rows: 2, cols: 1, data: Float64Array.of(0, wild) }),
        (e: unknown) => e instanceof FitError && /finite/.test(e.text.en) && /有限/.test(e.text.zh),
      );
  });

  it("gives the covariance by its definition", () => {
    const x = rowsFrom(40, 3, 1, (_, normal) => [normal(), normal() + 5, normal() * 3]);
    const { mean } = la.standardise(x);
    const s = la.covariance(x, mean);
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        const products = Array.from({ length: 40 }, (_, r) => (row(x, r)[i]! - mean[i]!) * (row(x, r)[j]! - mean[j]!));
        assert.ok(close(s[i * 3 + j]!, sum(products) / 39));
      }
  });

  it("shrinks the correlations only and adds the ridge to the diagonal", () => {
    assert.deepEqual([...la.shrink(Float64Array.of(4, 2, 2, 9), 2, 0.25, 1)], [5, 1.5, 1.5, 10]);
  });

  it("interpolates quantiles between order statistics and leaves the values as they are", () => {
    const v = Float64Array.of(30, 10, 20, 40);
    assert.deepEqual(
      [0, 0.5, 0.9, 1].map((q) => la.quantile(v, q)),
      [10, 25, 37, 40],
    );
    assert.deepEqual([...v], [30, 10, 20, 40]);
    assert.equal(la.quantile(Float64Array.of(7), 0.3), 7);
    assert.ok(Number.isNaN(la.quantile(new Float64Array(0), 0.5)));
  });
});

describe("linear algebra: positive definite matrices", () => {
  it("Cholesky: L L' = S with L lower triangular; L^-1 L = I", () => {
    fc.assert(
      fc.property(positive, ({ n, s }) => {
        const l = la.cholesky(s, n);
        assert.ok(l);
        l.forEach((v, at) => assert.ok(at % n <= Math.floor(at / n) || v === 0));
        assert.ok(farthest(product(l, transpose(l, n, n), n, n, n), s) < 1e-10 * n);
        assert.ok(farthest(product(la.triangularInverse(l, n), l, n, n, n), identity(n)) < 1e-10 * n);
      }),
    );
  });

  it("Cholesky refuses what is not positive definite or not finite", () => {
    for (const s of [
      [1, 2, 2, 1],
      [0, 0, 0, 0],
      [1, 0, 0, NaN],
      [Infinity, 0, 0, 1],
    ])
      assert.equal(la.cholesky(Float64Array.from(s), 2), null);
  });

  it("solves for several right-hand sides at once", () => {
    fc.assert(
      fc.property(positive, fc.integer({ min: 1, max: 4 }), ({ n, s }, m) => {
        const b = Float64Array.from({ length: n * m }, (_, i) => Math.cos(3 * i + 1));
        const x = la.choleskySolve(la.cholesky(s, n)!, n, b.slice(), m);
        assert.ok(farthest(product(s, x, n, n, m), b) < 1e-10 * n);
      }),
    );
  });

  it("inverts like Gauss and Jordan", () => {
    fc.assert(fc.property(positive, ({ n, s }) => assert.ok(farthest(la.inverse(s, n), invert(s, n)) < 1e-10)));
  });

  it("raises the ridge until a singular matrix can be inverted, and gives up on what is not finite", () => {
    const p = la.inverse(Float64Array.of(1, 1, 1, 1), 2);
    assert.ok(p.every(Number.isFinite) && p[0]! > 0);
    // (S + r I)^-1 e = e / (2 + r) for e = (1, 1)
    assert.ok(close(p[0]! + p[1]!, 0.5, 1e-5));
    assert.throws(() => la.inverse(Float64Array.of(1, NaN, NaN, 1), 2), RangeError);
  });

  it("gives a quadratic form and A z, never below 0", () => {
    const out = new Float64Array(2);
    assert.equal(la.quadratic(Float64Array.of(2, 1, 1, 3), 2, Float64Array.of(1, -2), out), 10);
    assert.deepEqual([...out], [0, -5]);
    assert.equal(la.quadratic(Float64Array.of(-1, 0, 0, -1), 2, Float64Array.of(1, 1), out), 0);
  });
});

describe("linear algebra: symmetric eigenvalues", () => {
  it("V L V' = S, V' V = I, values in descending order", () => {
    fc.assert(
      fc.property(symmetric, ({ n, s }) => {
        const { values, vectors: v } = la.symmetricEigen(s, n);
        const scaled = v.map((e, at) => e * values[at % n]!);
        assert.ok(farthest(product(scaled, transpose(v, n, n), n, n, n), s) < 1e-9);
        assert.ok(farthest(product(transpose(v, n, n), v, n, n, n), identity(n)) < 1e-10);
        for (let i = 1; i < n; i++) assert.ok(values[i]! <= values[i - 1]!);
      }),
    );
  });

  it("knows the textbook case, equal eigenvalues and zero", () => {
    const { values, vectors } = la.symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    assert.ok(close(values[0]!, 3) && close(values[1]!, 1) && close(Math.abs(vectors[0]!), Math.SQRT1_2));
    assert.deepEqual([...la.symmetricEigen(identity(3), 3).values], [1, 1, 1]);
    assert.deepEqual([...la.symmetricEigen(new Float64Array(4), 2).values], [0, 0]);
  });
});
