import assert from "node:assert/strict";
import { quantile, standardise, symmetricEigen } from "../../../lib/detect/linalg.ts";
import { createMahalanobis, mahalanobis, reach } from "../../../lib/detect/methods/mahalanobis.ts";
import { pca } from "../../../lib/detect/methods/pca.ts";
import { robust } from "../../../lib/detect/methods/robust.ts";
import { createVar } from "../../../lib/detect/methods/var.ts";
import type { Matrix } from "../../../lib/detect/types.ts";
import { close, column, farthest, invert, plant, product, row, rowsFrom, scoresOf, sum, transpose, whole } from "./support.ts";

const N = 3;
const train = plant(400, N, 1);
const live = plant(120, N, 2);

const zOf = (x: Matrix, mean: Float64Array, std: Float64Array): number[][] =>
  Array.from({ length: x.rows }, (_, r) => Array.from(row(x, r), (v, c) => (v - mean[c]!) / std[c]!));
/** Covariance around the mean by the definition (divisor rows - 1). */
function covarianceOf(z: number[][]): { mean: number[]; s: number[] } {
  const n = z[0]!.length;
  const mean = Array.from({ length: n }, (_, c) => sum(z.map((v) => v[c]!)) / z.length);
  const s = Array.from(
    { length: n * n },
    (_, at) => sum(z.map((v) => (v[Math.floor(at / n)]! - mean[Math.floor(at / n)]!) * (v[at % n]! - mean[at % n]!))) / (z.length - 1),
  );
  return { mean, s };
}
const form = (a: ArrayLike<number>, e: number[]): number => sum(e.map((v, i) => v * sum(e.map((w, j) => a[i * e.length + j]! * w))));
/** Weighted mean of the values up to now, age i with (1 - a)^i. */
const weighted = (values: number[], a: number): number => {
  const w = values.map((_, i) => (1 - a) ** (values.length - 1 - i));
  return sum(values.map((v, i) => v * w[i]!)) / sum(w);
};

describe("mahalanobis", () => {
  it("is the distance by an explicitly inverted covariance when nothing is smoothed", () => {
    const plain = createMahalanobis({ rates: [1], smooth: 1 });
    const p = plain.fit(whole(train), { seed: 1 });
    const { mean, std } = standardise(train);
    const z = zOf(train, mean, std);
    const { mean: m, s } = covarianceOf(z);
    const keep = 1 - ((1.5 * N) / train.rows) ** 3; // of the correlations
    const inverse = invert(
      s.map((v, at) => (at % (N + 1) === 0 ? v * 1.001 + 1e-6 : v * keep)),
      N,
    );
    const d2 = (v: number[]): number =>
      form(
        inverse,
        v.map((e, c) => e - m[c]!),
      );
    const q = quantile(Float64Array.from(z, d2), 0.9);
    const stream = plain.stream(p);
    zOf(live, mean, std).forEach((v, r) => {
      const score = stream.push(row(live, r));
      if (r >= 2) assert.ok(close(score, Math.sqrt(d2(v) / q), 1e-8), `row ${r}`);
    });
  });

  it("averages the time scales and smooths the logarithm, as its formula says", () => {
    const p = mahalanobis.fit(whole(train), { seed: 1 });
    const { rates, centre, precision, scale, smooth } = p.scales;
    const z = zOf(live, p.mean, p.std);
    const logs = z.map((_, t) => {
      const past = z.slice(0, t + 1);
      const d2 = rates.map((a, k) => {
        const e = Array.from({ length: N }, (_, c) => {
          return weighted(
            past.map((v) => v[c]!),
            a,
          );
        });
        return (
          form(
            precision[k]!,
            e.map((v, c) => v - centre[k]![c]!),
          ) / scale[k]!
        );
      });
      return Math.log(sum(d2) / rates.length);
    });
    const scores = scoresOf(mahalanobis.stream(p), live);
    scores.slice(20).forEach((score, i) => assert.ok(close(score, Math.exp(0.5 * weighted(logs.slice(0, i + 21), smooth)), 1e-8)));
  });

  it("learns its scales run by run: an EWMA starts afresh at each", () => {
    const p = mahalanobis.fit(whole(train, [0, 150]), { seed: 1 });
    const z = zOf(train, p.mean, p.std);
    const a = p.scales.rates[1]!;
    const warm = 2 / a - 1;
    const smoothed = [z.slice(0, 150), z.slice(150)].flatMap((run) =>
      run.flatMap((_, t) =>
        t + 1 < warm
          ? []
          : [
              Array.from({ length: N }, (_, c) => {
                return weighted(
                  run.slice(0, t + 1).map((v) => v[c]!),
                  a,
                );
              }),
            ],
      ),
    );
    assert.ok(farthest(p.scales.centre[1]!, covarianceOf(smoothed).mean) < 1e-10);
  });

  it("expects the conditional mean of a signal given the others", () => {
    const p = mahalanobis.fit(whole(train), { seed: 1 });
    const stream = mahalanobis.stream(p);
    scoresOf(stream, live);
    const out = new Float64Array(N);
    stream.expected(out);
    // regression on the other two signals with the covariance that the fit used
    const s = invert(p.scales.precision[0]!, N);
    const z = zOf(live, p.mean, p.std).at(-1)!;
    const m = p.scales.centre[0]!;
    const other = invert([s[4]!, s[5]!, s[7]!, s[8]!], 2);
    const b = product([s[1]!, s[2]!], other, 1, 2, 2);
    const z0 = m[0]! + b[0]! * (z[1]! - m[1]!) + b[1]! * (z[2]! - m[2]!);
    assert.ok(close(out[0]!, p.mean[0]! + p.std[0]! * z0, 1e-8));
  });

  it("reaches back as far as a weight of 1e-9", () => {
    assert.equal(reach(1), 1);
    const w = reach(0.2);
    assert.ok(0.8 ** w <= 1e-9 && 0.8 ** (w - 1) > 1e-9);
  });
});

describe("var", () => {
  // x_t = A x_{t-1} + B x_{t-2} + noise, on levels 100 and -5
  const A = [0.5, 0.2, -0.3, 0.4];
  const B = [-0.2, 0, 0.1, 0.2];
  const simulated = (rows: number, seed: number): Matrix => {
    let one = [0, 0];
    let two = [0, 0];
    return rowsFrom(rows, 2, seed, (_, normal) => {
      const now = [0, 1].map((c) => sum([0, 1].map((i) => A[2 * c + i]! * one[i]! + B[2 * c + i]! * two[i]!)) + normal());
      two = one;
      one = now;
      return [100 + now[0]!, -5 + 3 * now[1]!];
    });
  };
  const level = [1, 3]; // units of the second signal are three times as fine

  it("recovers the coefficients of a simulated process", () => {
    const p = createVar({ order: 2 }).fit(whole(simulated(6000, 1)), { seed: 1 });
    assert.equal(p.order, 2);
    for (let c = 0; c < 2; c++) {
      for (let i = 0; i < 2; i++) {
        const units = (p.std[c]! / level[c]!) * (level[i]! / p.std[i]!);
        assert.ok(Math.abs(p.coefficients[c * 5 + i]! * units - A[2 * c + i]!) < 0.05, `A[${c}, ${i}]`);
        assert.ok(Math.abs(p.coefficients[c * 5 + 2 + i]! * units - B[2 * c + i]!) < 0.05, `B[${c}, ${i}]`);
      }
      assert.ok(Math.abs(p.coefficients[c * 5 + 4]!) < 0.03, "intercept");
    }
  });

  it("expects the one-step prediction", () => {
    const method = createVar({ order: 2 });
    const p = method.fit(whole(simulated(6000, 1)), { seed: 1 });
    const x = simulated(60, 2);
    const stream = method.stream(p);
    const out = new Float64Array(2);
    stream.expected(out);
    assert.ok(out.every(Number.isNaN));
    const at = (r: number, c: number): number => (x.data[2 * r + c]! - [100, -5][c]!) / level[c]!;
    for (let r = 0; r < x.rows; r++) {
      stream.push(row(x, r));
      stream.expected(out);
      if (r < 2) continue;
      for (let c = 0; c < 2; c++) {
        const told = [100, -5][c]! + level[c]! * sum([0, 1].map((i) => A[2 * c + i]! * at(r - 1, i) + B[2 * c + i]! * at(r - 2, i)));
        assert.ok(Math.abs(out[c]! - told) < 0.25 * level[c]!, `row ${r}`);
      }
    }
  });

  it("learns nothing across the begin of a run", () => {
    // every run is a geometric decay from 1: x_t = x_{t-1} / 2 holds within the runs only
    const x = rowsFrom(400, 1, 1, (r, normal) => [0.5 ** (r % 20) + 1e-5 * normal()]);
    const starts = Array.from({ length: 20 }, (_, k) => 20 * k);
    const method = createVar({ order: 1, ridge: 1e-9 });
    const slope = (begins: readonly number[]): number => method.fit(whole(x, begins), { seed: 1 }).coefficients[0]!;
    assert.ok(close(slope(starts), 0.5, 1e-3));
    assert.ok(Math.abs(slope([0]) - 0.5) > 0.02);
  });

  it("says so when every run is too short", () => {
    const x = rowsFrom(400, 1, 1, (_, normal) => [normal()]);
    const starts = Array.from({ length: 50 }, (_, k) => 8 * k);
    assert.throws(() => createVar({ order: 1 }).fit(whole(x, starts), { seed: 1 }), /only 0 of 350 samples are left in contiguous runs/);
  });

  it("takes fewer lags where the rows do not carry them", () => {
    assert.equal(createVar().fit(whole(plant(400, 3, 1)), { seed: 1 }).order, 5);
    assert.equal(createVar().fit(whole(plant(45, 3, 1)), { seed: 1 }).order, 3);
  });
});

describe("pca", () => {
  it("adds T2 / k and Q / theta of the leading components", () => {
    const x = plant(500, 4, 3);
    const p = pca.fit(whole(x), { seed: 1 });
    const { mean, std } = standardise(x);
    const z = zOf(x, mean, std);
    const { mean: m, s } = covarianceOf(z);
    const measured = s.map((v, at) => (at % 5 === 0 ? v * 1.001 : v));
    const { values, vectors } = symmetricEigen(Float64Array.from(measured), 4);
    const total = sum(values);
    const k = [1, 2, 3, 4].find((count) => sum(values.slice(0, count)) >= 0.9 * total)!;
    assert.ok(k > 1 && k < 4, "a case with both parts");
    const columns = transpose(vectors, 4, 4);
    const index = (v: number[]): number => {
      const e = v.map((d, c) => d - m[c]!);
      const t = Array.from({ length: k }, (_, c) => sum(e.map((d, i) => d * columns[c * 4 + i]!)));
      const rest = e.map((d, i) => d - sum(t.map((tc, c) => tc * columns[c * 4 + i]!)));
      return sum(t.map((tc, c) => tc ** 2 / values[c]!)) / k + sum(rest.map((d) => d ** 2)) / sum(values.slice(k));
    };
    for (const v of z.slice(0, 50))
      assert.ok(
        close(
          form(
            p.scales.precision[0]!,
            v.map((d, c) => d - m[c]!),
          ),
          index(v),
          1e-8,
        ),
      );
    assert.ok(close(p.scales.scale[0]!, quantile(Float64Array.from(z, index), 0.9), 1e-8));
  });
});

describe("robust", () => {
  it("is the fourth-power mean of the robust z of the signals and their EWMAs", () => {
    const p = robust.fit(whole(train), { seed: 1 });
    const mad = (v: number[]): { median: number; scale: number } => {
      const median = quantile(Float64Array.from(v), 0.5);
      return { median, scale: 1.4826 * quantile(Float64Array.from(v, (e) => Math.abs(e - median)), 0.5) }; // prettier-ignore
    };
    const smooth = (v: number[]): number[] => v.map((_, t) => weighted(v.slice(0, t + 1), 0.2));
    const learned = Array.from({ length: N }, (_, c) => {
      const v = [...column(train, c)];
      return [mad(v), mad(smooth(v).slice(8))];
    });
    const stream = robust.stream(p);
    const shares = new Float64Array(N);
    const now = Array.from({ length: N }, (_, c) => [[...column(live, c)], smooth([...column(live, c)])]);
    for (let t = 0; t < live.rows; t++) {
      const score = stream.push(row(live, t));
      stream.shares(shares);
      if (t < 14) continue;
      const fourth = now.flatMap((kinds, c) => kinds.map((v, k) => ((v[t]! - learned[c]![k]!.median) / learned[c]![k]!.scale) ** 4));
      assert.ok(close(score, (sum(fourth) / fourth.length) ** 0.25, 1e-8), `row ${t}`);
      shares.forEach((share, c) => assert.ok(close(share, sum(fourth.slice(2 * c, 2 * c + 2)) / sum(fourth), 1e-8)));
    }
  });

  it("hardly moves when a tenth of the learning rows is wild", () => {
    const dirty = { ...train, data: train.data.map((v, i) => (Math.floor(i / N) % 10 === 0 ? v + 1e4 : v)) };
    const [a, b] = [train, dirty].map((x) => robust.fit(whole(x), { seed: 1 }));
    for (let c = 0; c < N; c++) assert.ok(b!.scale[0]![c]! < 1.6 * a!.scale[0]![c]!);
  });
});
