import assert from "node:assert/strict";
import fc from "fast-check";
import { SampleBuffer } from "../../../lib/detect/buffer.ts";
import { ChangeDetector, fitChange } from "../../../lib/detect/change.ts";
import { DriftMeter } from "../../../lib/detect/drift.ts";
import { HealthWatch } from "../../../lib/detect/health-watch.ts";
import { Imputer } from "../../../lib/detect/impute.ts";
import { inverse } from "../../../lib/detect/linalg.ts";
import { generator } from "../../../lib/detect/random.ts";
import type { DetectorEvent } from "../../../lib/detect/events.ts";
import { SIGNAL_CODES, type HealthReport } from "../../../lib/signals/types.ts";

const imputerOf = (mean: Float64Array, covariance: Float64Array): Imputer => new Imputer({ mean, precision: inverse(covariance, mean.length) });

describe("Imputer", () => {
  it("expects of each signal what the others imply, the signal itself left out", () => {
    const covariance = Float64Array.of(4, 1, 2, 1, 5, 0.5, 2, 0.5, 6);
    const imputer = imputerOf(Float64Array.of(1, 2, 3), covariance);
    const x = Float64Array.of(4, -7, 5);
    const out = new Float64Array(3);
    imputer.expected(x, out);
    for (let k = 0; k < 3; k++) {
      const left = x.slice();
      left[k] = NaN;
      imputer.fill(left);
      assert.ok(Math.abs(left[k]! - out[k]!) < 1e-9);
    }
  });

  // bivariate normal: E[x1 | x0] = mu1 + c01 / c00 (x0 - mu0)
  it("gives the conditional mean of a bivariate normal", () => {
    const imputer = imputerOf(Float64Array.of(10, 20), Float64Array.of(4, 3, 3, 9));
    const x = Float64Array.of(14, NaN);
    assert.equal(imputer.fill(x), 1);
    assert.ok(Math.abs(x[1]! - (20 + (3 / 4) * 4)) < 1e-12);
    const y = Float64Array.of(NaN, 26);
    imputer.fill(y);
    assert.ok(Math.abs(y[0]! - (10 + (3 / 9) * 6)) < 1e-12);
  });

  it("gives the means when nothing is observed, and leaves complete rows alone", () => {
    const imputer = imputerOf(Float64Array.of(1, 2), Float64Array.of(1, 0, 0, 1));
    const x = Float64Array.of(NaN, NaN);
    assert.equal(imputer.fill(x), 2);
    assert.deepEqual([...x], [1, 2]);
    const y = Float64Array.of(5, 6);
    assert.equal(imputer.fill(y), 0);
    assert.deepEqual([...y], [5, 6]);
  });

  it("keeps to the right regression when the missing signals change from sample to sample", () => {
    const covariance = Float64Array.of(4, 1, 2, 1, 5, 0.5, 2, 0.5, 6);
    const mean = Float64Array.of(0, 0, 0);
    const one = imputerOf(mean, covariance);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(6), fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 3, maxLength: 3 })), { maxLength: 20 }),
        (rows) => {
          for (const [mask, values] of rows) {
            const x = Float64Array.from(values, (v, i) => ((mask >> i) & 1 ? NaN : v));
            const fresh = x.slice();
            one.fill(x);
            imputerOf(mean, covariance).fill(fresh);
            assert.deepEqual([...x], [...fresh]);
            assert.ok(x.every(Number.isFinite));
          }
        },
      ),
    );
  });
});

describe("change points", () => {
  const noise = (rows: number, seed: number, level = 0): Float64Array => {
    const g = generator(seed);
    return Float64Array.from({ length: rows }, () => level + g.normal());
  };
  const model = fitChange({ x: { rows: 1200, cols: 1, data: noise(1200, 1) }, starts: [0] });

  it("sees a lasting shift once, with the level before and after", () => {
    const d = new ChangeDetector(model);
    const found: { before: number; after: number }[] = [];
    for (const v of noise(600, 2)) found.push(...(d.push(Float64Array.of(v)) ?? []));
    assert.equal(found.length, 0);
    for (const v of noise(600, 3, 3)) found.push(...(d.push(Float64Array.of(v)) ?? []));
    assert.equal(found.length, 1);
    assert.ok(Math.abs(found[0]!.before) < 1.5 && Math.abs(found[0]!.after - 3) < 1);
  });

  it("is silent on 100,000 samples of the same noise", () => {
    const d = new ChangeDetector(model);
    let found = 0;
    for (const v of noise(100_000, 4)) found += d.push(Float64Array.of(v))?.length ?? 0;
    assert.ok(found <= 1, `${found} change points on plain noise`);
  });

  it("is not fooled by one wild block", () => {
    const d = new ChangeDetector(model);
    let found = 0;
    for (const v of [...noise(300, 5), ...noise(model.block, 6, 50), ...noise(600, 7)]) found += d.push(Float64Array.of(v))?.length ?? 0;
    assert.equal(found, 0);
  });
});

describe("SampleBuffer", () => {
  const judged = (n: number): Uint8Array => new Uint8Array(n).fill(1);
  const flat = (b: SampleBuffer): number[] => b.chunks().flatMap((c) => [...c.rows]);

  it("keeps rows in order across blocks, NaN where a signal was not judged", () => {
    const b = new SampleBuffer(2);
    for (let r = 0; r < 1200; r++) b.add(Float64Array.of(r, -r), r === 700 ? Uint8Array.of(1, 0) : judged(2), r);
    assert.equal(b.length, 1200);
    assert.deepEqual(b.span, [0, 1199]);
    const all = flat(b);
    assert.equal(all[2 * 699 + 1], -699);
    assert.ok(Number.isNaN(all[2 * 700 + 1]));
    assert.equal(all[2 * 1199], 1199);
  });

  it("forgets the oldest beyond its capacity", () => {
    const b = new SampleBuffer(2000); // 4e6 / 2000 = 2,000 rows, in whole blocks
    for (let r = 0; r < 3000; r++) b.add(new Float64Array(2000).fill(r), judged(2000), r);
    assert.ok(b.length <= b.capacity + 512);
    assert.equal(b.span[1], 2999);
  });

  it("comes back from its saved state", () => {
    const b = new SampleBuffer(1);
    for (let r = 0; r < 1100; r++) b.add(Float64Array.of(r), judged(1), r);
    const c = new SampleBuffer(1);
    c.load(structuredClone(b.save()));
    c.add(Float64Array.of(1100), judged(1), 1100);
    assert.deepEqual(
      flat(c),
      Array.from({ length: 1101 }, (_, r) => r),
    );
  });
});

describe("DriftMeter", () => {
  it("tells a lasting rise once and arms again after it is over", () => {
    const d = new DriftMeter(500);
    const told = (raised: (i: number) => boolean, n: number): number => Array.from({ length: n }, (_, i) => d.push(raised(i))).filter((s) => s > 0).length;
    assert.equal(
      told((i) => i % 10 === 0, 5000),
      0,
    );
    assert.equal(
      told((i) => i % 2 === 0, 5000),
      1,
    );
    assert.equal(
      told((i) => i % 10 === 0, 5000),
      0,
    );
    assert.equal(
      told((i) => i % 2 === 0, 5000),
      1,
    );
  });
});

describe("HealthWatch", () => {
  it("tells each change, but a fluttering signal only once in a while", () => {
    const events: DetectorEvent[] = [];
    const watch = new HealthWatch([{ name: "p", unit: "", low: null, high: null, kind: "auto" }]);
    const codes = new Uint8Array(1);
    const report: HealthReport = { codes, judged: Uint8Array.of(1), ok: true, usable: true, clock: "ok", gap: false, elapsedMs: 1 };
    for (let i = 0; i < 20; i++) {
      codes[0] = i % 2 === 0 ? SIGNAL_CODES.indexOf("missing") : 0;
      watch.push(report, i, events);
    }
    assert.deepEqual(
      events.map((e) => (e.type === "health" ? e.code : "")),
      ["missing", "ok"],
    );
  });
});

describe("generator", () => {
  it("repeats itself and has the moments of a normal", () => {
    const a = generator(7);
    const b = generator(7);
    const x = Array.from({ length: 20_000 }, () => a.normal());
    assert.deepEqual(
      x.slice(0, 10),
      Array.from({ length: 10 }, () => b.normal()),
    );
    const mean = x.reduce((s, v) => s + v, 0) / x.length;
    const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / x.length;
    assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.04);
  });
});
