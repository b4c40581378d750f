import assert from "node:assert/strict";
import fc from "fast-check";
import { alarmsPerWeek, calibrate, outOfFold, type CalibrationTarget } from "../../../lib/detect/calibrate.ts";
import { generator } from "../../../lib/detect/random.ts";
import { FitError, type Method, type Stream } from "../../../lib/detect/types.ts";
import { close, sum, whole } from "./support.ts";

const WEEK = 7 * 24 * 3600 * 1000;
const MINUTE = 60_000;
/** One alarm a week of one sample a minute: one sample in 10,080. */
const weekly: CalibrationTarget = { perWeek: 1, periodMs: MINUTE, confidence: 0.9 };
const ASKED = MINUTE / WEEK;

/** Upper tail of the standard normal for z > 2 (continued fraction, Abramowitz & Stegun 26.2.14). */
const normalTail = (z: number): number => {
  let f = z;
  for (let k = 60; k >= 1; k--) f = z + k / f;
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI) / f;
};

/** Scores by a law, and the law's exact probability of a score above a level. */
const LAWS = {
  exponential: { draw: (u: number) => -Math.log(1 - u), above: (s: number) => Math.exp(-s), exact: Math.log(1 / ASKED) },
  // |N(0, 1)| by its two-sided tail
  normal: { draw: (_: number, n: number) => Math.abs(n), above: (s: number) => 2 * normalTail(s), exact: 3.8925 },
  // a power law: P(S > s) = s^-5; its logarithm is exponential
  Pareto: { draw: (u: number) => (1 - u) ** -0.2, above: (s: number) => s ** -5, exact: ASKED ** -0.2 },
} as const;
type Law = (typeof LAWS)[keyof typeof LAWS];

const scoresBy = (law: Law, n: number, seed: number): Float64Array => {
  const g = generator(seed);
  return Float64Array.from({ length: n }, () => law.draw(g.uniform(), g.normal()));
};

describe("alarm limit: the promise", () => {
  for (const [name, law, most] of [
    ["exponential", LAWS.exponential, 3],
    ["normal", LAWS.normal, 2.5],
    ["Pareto", LAWS.Pareto, 2],
  ] as const)
    // prettier-ignore
    it(`keeps one alarm a week with about the asked confidence on an exact ${name} tail`, () => {
      const repeats = 80;
      const limits = Array.from({ length: repeats }, (_, k) => calibrate(scoresBy(law, 1000, 100 + k), weekly).limit);
      assert.ok(Math.abs(law.above(law.exact) / ASKED - 1) < 1e-3);
      const kept = limits.filter((l) => law.above(l) <= ASKED).length / repeats;
      assert.ok(kept >= 0.83, `kept in ${kept} of the cases`);
      // and is not bought with any limit: tails lighter than a power law cost a factor, since the prior does not count on them
      const middle = limits.sort((a, b) => a - b)[repeats / 2]! / law.exact;
      assert.ok(middle < most, `typical limit ${middle} times the exact one`);
    });

  it("is higher for more confidence and for fewer alarms", () => {
    const scores = scoresBy(LAWS.exponential, 1000, 5);
    const limit = (more: Partial<CalibrationTarget>): number => calibrate(scores, { ...weekly, ...more }).limit;
    assert.ok(limit({ confidence: 0.5 }) < limit({ confidence: 0.9 }) && limit({ confidence: 0.9 }) < limit({ confidence: 0.99 }));
    assert.ok(limit({ perWeek: 10 }) < limit({}) && limit({ perWeek: 100 }) < limit({ perWeek: 10 }));
    assert.equal(limit({ confidence: 0.5 }), calibrate(scores, weekly).median);
  });

  it("promises no more than the data can tell", () => {
    const few = calibrate(scoresBy(LAWS.exponential, 80, 2), weekly);
    // at most half the data's length for each independent peak
    assert.ok(close(few.perWeek, WEEK / MINUTE / (80 * 0.5 * few.peaks)));
    assert.ok(few.perWeek > 1);
    const asFar = calibrate(scoresBy(LAWS.exponential, 80, 2), { ...weekly, perWeek: few.perWeek });
    assert.equal(few.limit, asFar.limit);
    const plenty = calibrate(scoresBy(LAWS.exponential, 2000, 2), weekly);
    assert.ok(close(plenty.perWeek, 1));
    const further = calibrate(scoresBy(LAWS.exponential, 80, 2), { ...weekly, reach: 5 });
    assert.ok(further.limit > few.limit && further.perWeek < few.perWeek);
  });

  it("needs 60 scores", () => {
    assert.throws(
      () => calibrate(new Float64Array(59).fill(1), weekly),
      (e: unknown) => e instanceof FitError && /60.*59/.test(e.text.en) && /60.*59/.test(e.text.zh),
    );
    assert.ok(Number.isFinite(calibrate(scoresBy(LAWS.normal, 60, 1), weekly).limit));
  });
});

describe("alarm limit: the scores", () => {
  it("follows the unit of the score", () => {
    const scores = scoresBy(LAWS.exponential, 400, 3);
    const { limit } = calibrate(scores, weekly);
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (unit) => {
        const scaled = calibrate(
          scores.map((s) => s * unit),
          weekly,
        );
        assert.ok(Math.abs(scaled.limit / (limit * unit) - 1) < 1e-6);
      }),
      { numRuns: 10, seed: 1 },
    );
  });

  it("counts what belongs together as one peak, but not across runs", () => {
    const g = generator(4);
    // 40 bursts of five high scores among quiet ones
    const scores = Float64Array.from({ length: 2000 }, (_, t) => (t % 50 >= 20 && t % 50 < 25 ? 10 + g.uniform() : 1 + 0.1 * g.uniform()));
    const c = calibrate(scores, weekly);
    assert.equal(c.peaks, 40);
    assert.ok(c.tail.gap >= 1 && c.tail.gap < 46, `gap ${c.tail.gap}`);
    assert.ok(close(c.tail.rate, 40 / 2000));
    // a run that begins inside each burst cuts it into two peaks
    const starts = [0, ...Array.from({ length: 40 }, (_, k) => 50 * k + 22)];
    assert.equal(calibrate(scores, weekly, starts).peaks, 80);
  });

  it("does not take different levels of the held-out runs for a tail", () => {
    const scores = scoresBy(LAWS.exponential, 1000, 6);
    const starts = [0, 200, 400, 600, 800];
    const level = [1, 3, 0.5, 1, 2];
    const shifted = scores.map((s, i) => s * level[Math.floor(i / 200)]!);
    const [a, b] = [calibrate(scores, weekly, starts), calibrate(shifted, weekly, starts)];
    // the common level is the median of the runs' levels; the shape of the tail is the same
    assert.ok(Math.abs(Math.log(b.limit / b.tail.threshold) - Math.log(a.limit / a.tail.threshold)) < 1e-9);
    assert.ok(calibrate(shifted, weekly).limit > 1.2 * b.limit);
  });

  it("is a finite number at or above the threshold for any scores", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constantFrom(0, 1, 1e-300, 1e300), fc.double({ min: 0, max: 1e6, noNaN: true })), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 60, max: 200 }),
        fc.double({ min: 0.5, max: 0.99, noNaN: true }),
        (pool, n, confidence) => {
          const c = calibrate(
            Float64Array.from({ length: n }, (_, i) => pool[(i * 7) % pool.length]!),
            { ...weekly, confidence },
          );
          for (const v of [c.limit, c.median, c.perWeek, c.quantile, c.tail.shape, c.tail.scale, c.tail.rate]) assert.ok(!Number.isNaN(v));
          assert.ok(c.limit >= c.tail.threshold && c.perWeek >= 1 && c.tail.scale > 0);
        },
      ),
      { numRuns: 40, seed: 2 },
    );
  });

  it("tells the rate that another limit stands for", () => {
    const tail = { threshold: 2, shape: 0, scale: 0.5, rate: 0.02, gap: 1 };
    const peaks = (0.02 * WEEK) / MINUTE; // per week
    assert.ok(close(alarmsPerWeek({ tail }, 2, MINUTE), peaks));
    assert.ok(close(alarmsPerWeek({ tail }, 2 * Math.exp(1), MINUTE), peaks * Math.exp(-2)));
    assert.ok(close(alarmsPerWeek({ tail: { ...tail, shape: 0.5 } }, 2 * Math.exp(1), MINUTE), peaks * (1 + 1) ** -2));
    assert.equal(alarmsPerWeek({ tail: { ...tail, shape: -0.5 } }, 2 * Math.exp(1.01), MINUTE), 0); // beyond the end of the tail
    assert.ok(close(alarmsPerWeek({ tail }, 1, MINUTE), peaks));
  });
});

describe("held-out scores", () => {
  interface Seen {
    readonly rows: ReadonlySet<number>;
    readonly starts: readonly number[];
    readonly data: readonly number[];
  }
  const made: Seen[] = [];
  /** Scores 1 + the row's own number where the model has not seen the row, else -1; ready after three rows in a row. */
  class Spy implements Stream {
    readonly #p: Seen;
    #run = 0;
    constructor(p: Seen) {
      this.#p = p;
    }
    get ready(): boolean {
      return this.#run >= 3;
    }
    push(x: Float64Array): number {
      this.#run++;
      return this.#p.rows.has(x[0]!) ? -1 : 1 + x[0]!;
    }
    reset(): void {
      this.#run = 0;
    }
    shares(): void {}
    expected(): void {}
    save(): object {
      return {};
    }
    load(): void {}
  }
  const spy: Method<Seen> = {
    name: "robust",
    fit: ({ x, starts }) => {
      const p = { rows: new Set(x.data), starts, data: [...x.data] };
      made.push(p);
      return p;
    },
    stream: (p) => new Spy(p),
    window: () => 4,
  };
  const x = { rows: 103, cols: 1, data: Float64Array.from({ length: 103 }, (_, r) => r) };

  it("come from models that have not seen the sample, in time order, one run per block", () => {
    made.length = 0;
    const { scores, starts } = outOfFold(spy, whole(x), { seed: 1 });
    // the first block has nothing before it to warm up on: its first two rows are left out
    assert.deepEqual(
      [...scores],
      Array.from({ length: 101 }, (_, i) => i + 3),
    );
    assert.deepEqual(starts, [0, 18, 39, 59, 80]);
    assert.equal(made.length, 5);
    assert.equal(sum(made.map((p) => p.data.length)), 4 * 103);
  });

  it("the models are told of the seam and of the gaps in the data", () => {
    made.length = 0;
    const { scores } = outOfFold(spy, whole(x, [0, 10, 50]), { seed: 1 });
    assert.deepEqual(made[0]!.starts, [0, 30]); // rows 20 on; the gap at 50
    assert.deepEqual(made[2]!.starts, [0, 10, 41]); // without rows 41..60, of which 50 began a run
    assert.equal(made[2]!.data[41], 61);
    assert.deepEqual(made[4]!.starts, [0, 10, 50]);
    // after each gap the stream warms up again: two rows fewer each
    assert.deepEqual(
      [1, 2, 11, 12, 51, 52].map((s) => scores.includes(s)),
      [false, false, false, false, false, false],
    );
    assert.equal(scores.length, 103 - 6);
  });
});
